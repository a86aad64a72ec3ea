/* JSON References (draft-pbryan-zyp-json-ref-03) between and within files: relative to
 * the file that holds them, percent-decoding before the pointer's own escapes (RFC 6901
 * 6), siblings of $ref ignored. Owner: tree; runs in the loader and the tool. */
#include "tree/private.h"

#define CHAIN_MAX 64                    /* references on the way to one value */
#define SHOWN 200                       /* bytes of a reference in a finding */

/* What one step works on. */
struct step {
	struct tree_node *at;
	struct findings *findings;
	struct location where;
	struct span ref;                /* as written */
};

#define SHOW(s) (int)((s)->ref.n < SHOWN ? (s)->ref.n : SHOWN), (const char *)(s)->ref.p

/* ---- the text of a reference ---- */

static int hex(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

char *tree_percent_decoded(struct arena *a, struct span s)
{
	char *out = arena_alloc(a, s.n + 1);
	size_t w = 0;

	for (size_t i = 0; out && i < s.n; i++) {
		uint8_t c = s.p[i];
		if (c == '%') {
			int high = i + 2 < s.n ? hex(s.p[i + 1]) : -1, low = i + 2 < s.n ? hex(s.p[i + 2]) : -1;
			if (high < 0 || low < 0)
				return NULL;
			c = (uint8_t)(high << 4 | low);
			i += 2;
		}
		if (c == 0)
			return NULL;
		out[w++] = (char)c;
	}
	return out;
}

static bool is_scheme_char(uint8_t c, bool first)
{
	uint8_t low = c | 0x20;

	return (low >= 'a' && low <= 'z') || (!first && ((c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.'));
}

/* With a scheme or an authority: nothing that a path could mean. */
static bool is_remote(struct span url)
{
	size_t i = 0;

	if (url.n >= 2 && url.p[0] == '/' && url.p[1] == '/')
		return true;
	while (i < url.n && is_scheme_char(url.p[i], i == 0))
		i++;
	return i > 0 && i < url.n && url.p[i] == ':';
}

static const struct tree_mapping *mapping_for(const struct tree_set *s, struct span url)
{
	for (const struct tree_mapping *m = s->mappings; m; m = m->next) {
		if (span_is(url, m->uri))
			return m;
	}
	return NULL;
}

bool tree_uri_is_mapped(const struct tree_set *s, const char *uri)
{
	return mapping_for(s, span_str(uri)) != NULL;
}

/* RFC 3986 5.2 for what documents write: a path beside or above base, or from its root. */
static struct span joined(struct arena *a, const char *base, struct span url)
{
	const char *authority = strstr(base, "://");
	const char *root = authority ? authority + 3 + strcspn(authority + 3, "/") : base;
	const char *end = strrchr(root, '/') ? strrchr(root, '/') + 1 : base + strlen(base);
	size_t n = url.n;
	const uint8_t *p = url.p;

	if (is_remote(url))
		return url;
	if (n && p[0] == '/')
		end = root;
	while (n >= 2 && p[0] == '.' && (p[1] == '/' || (n >= 3 && p[1] == '.' && p[2] == '/'))) {
		bool up = p[1] == '.';
		p += up ? 3 : 2;
		n -= up ? 3 : 2;
		if (up && end > root + 1) {
			end--;
			while (end > root + 1 && end[-1] != '/')
				end--;
		}
	}
	return span_str(arena_printf(a, "%.*s%.*s", (int)(end - base), base, (int)n, (const char *)p));
}

/* ---- the file ---- */

static struct tree_file *file_of(struct step *s, struct span url)
{
	struct tree_file *holder = s->at->file;
	struct tree_set *set = holder->set;

	if (url.n == 0)
		return holder;
	struct span full = holder->uri ? joined(&set->arena, holder->uri, url) : url;
	const struct tree_mapping *m = mapping_for(set, full);
	if (m)
		return tree_load_mapped(s->at, m);
	if (is_remote(full)) {
		finding_error(s->findings, "ref-remote", s->where,
		              "\"%.*s\" is not on this machine and is never fetched; keep a copy beside the document "
		              "and refer to that",
		              SHOW(s));
		return NULL;
	}
	const char *path = memchr(url.p, '?', url.n) ? NULL : tree_percent_decoded(&set->arena, url);
	if (!path) {
		finding_error(s->findings, "ref-syntax", s->where,
		              "\"%.*s\" names no file; a reference is PATH#/POINTER, with %%25 for %% and %%3F for ?",
		              SHOW(s));
		return NULL;
	}
	return tree_load_reference(s->at, path);
}

/* ---- the place in the file ---- */

static void list_names(struct buf *out, const struct tree_node *n)
{
	unsigned shown = 0;

	if (n->kind == TREE_SEQ) {
		buf_printf(out, "is a list of %u", n->count);
	} else if (n->kind != TREE_MAP || !n->count) {
		buf_puts(out, n->kind == TREE_MAP ? "is empty" : "has no members");
	} else {
		buf_puts(out, "has ");
		for (const struct tree_node *it = n->first; it && shown < 8; it = it->next, shown++)
			buf_printf(out, "%s\"%.*s\"", shown ? ", " : "", (int)(it->key.n < 60 ? it->key.n : 60),
			           (const char *)it->key.p);
		buf_puts(out, shown < n->count ? " and more" : "");
	}
	buf_addch(out, 0);
}

static void not_found(struct step *s, const struct tree_node *deepest, struct span name)
{
	const char *path = tree_path(deepest);
	struct buf names;

	buf_init(&names, 0);
	list_names(&names, deepest);
	finding_error(s->findings, "ref-not-found", s->where,
	              "\"%.*s\" leads nowhere: no \"%.*s\" in %s at %.200s, which %s", SHOW(s),
	              (int)(name.n < 60 ? name.n : 60), (const char *)name.p, deepest->file->path,
	              *path ? path : "its root", names.p && !buf_error(&names) ? (const char *)names.p : "differs");
	buf_fini(&names);
}

/* follow: a reference on the way is followed, as a channel in another file whose messages
 * are referred to through the root document. */
static struct tree_node *descend(struct step *s, struct tree_node *n, struct span rest, bool follow)
{
	struct buf token;

	buf_init(&token, 0);
	while (n && tree_pointer_next(&rest, &token)) {
		struct span name = span_of(token.p ? token.p : (const uint8_t *)"", token.n);
		struct tree_node *child = tree_child(n, name);
		if (!child && follow && tree_is_reference(n)) {
			n = tree_deref(n);
			child = n ? tree_child(n, name) : NULL;
		}
		if (n && !child)
			not_found(s, n, name);
		n = child;
	}
	if (buf_error(&token))
		n = NULL;
	buf_fini(&token);
	return n;
}

static struct tree_node *place_in(struct step *s, struct tree_node *root, struct span fragment, bool follow)
{
	const char *pointer = tree_percent_decoded(&s->at->file->set->arena, fragment);

	if (pointer && (!*pointer || *pointer == '/') && root)
		return descend(s, root, span_str(pointer), follow);
	finding_error(s->findings, "ref-syntax", s->where,
	              "\"%.*s\" is no reference: after # stands a JSON Pointer, as in #/components/schemas/NAME",
	              SHOW(s));
	return NULL;
}

static struct span fragment_of(struct span ref, struct span *url)
{
	const uint8_t *hash = ref.n ? memchr(ref.p, '#', ref.n) : NULL;

	*url = span_of(ref.p, hash ? (size_t)(hash - ref.p) : ref.n);
	return hash ? span_of(hash + 1, ref.n - url->n - 1) : SPAN_LIT("");
}

static struct tree_node *resolve_step(struct step *s)
{
	struct span url, fragment = fragment_of(s->ref, &url);

	if (s->ref.n == 0) {
		finding_error(s->findings, "ref-syntax", s->where,
		              "an empty reference; a reference is PATH#/POINTER or #/POINTER");
		return NULL;
	}
	struct tree_file *file = file_of(s, url);
	return file ? place_in(s, file->root, fragment, true) : NULL;
}

static void loops(struct step *s)
{
	finding_error(s->findings, "ref-loop", s->where,
	              "\"%.*s\" leads back to itself, or through more than %d references; point it at a value", SHOW(s),
	              CHAIN_MAX);
}

struct tree_node *tree_resolve(struct tree_node *at, struct span ref)
{
	struct tree_set *set = at->file->set;
	struct step s = { at, set->findings, tree_location(at), ref };

	if (set->resolving >= CHAIN_MAX) {
		loops(&s);
		return NULL;
	}
	set->resolving++;
	struct tree_node *n = resolve_step(&s);
	set->resolving--;
	return n;
}

struct tree_node *tree_resolve_below(struct tree_node *at, struct tree_node *root, struct span ref, bool follow)
{
	struct step s = { at, at->file->set->findings, tree_location(at), ref };
	struct span url, fragment = fragment_of(ref, &url);

	return place_in(&s, root, fragment, follow);
}

bool tree_is_reference(const struct tree_node *node)
{
	return tree_is_string(tree_get(node, "$ref"));
}

/* One step, taken once for each reference: one that is met again while it is being
 * resolved goes in a circle, and no net of references costs more than their number. */
static struct tree_node *step_from(struct tree_node *ref)
{
	if (ref->ref_state == REF_BUSY)
		loops(&(struct step){ ref, ref->file->set->findings, tree_location(ref), ref->text });
	if (ref->ref_state != REF_NEW)
		return ref->ref_state == REF_KNOWN ? ref->target : NULL;
	ref->ref_state = REF_BUSY;
	ref->target = tree_resolve(ref, ref->text);
	ref->ref_state = ref->target ? REF_KNOWN : REF_BROKEN;
	return ref->target;
}

struct tree_node *tree_deref(struct tree_node *node)
{
	struct tree_node *n = node;

	for (unsigned i = 0; n && tree_is_reference(n); i++) {
		struct tree_node *ref = tree_get(n, "$ref");
		if (i == CHAIN_MAX) {
			ref = tree_get(node, "$ref");
			loops(&(struct step){ ref, ref->file->set->findings, tree_location(ref), ref->text });
			return NULL;
		}
		n = step_from(ref);
	}
	return n;
}
