/* Components that nothing leads to: a message that no channel has is none that records can
 * be. What servers, channels and operations refer to is followed, through other components
 * and files. Owner: asyncapi; runs in the loader and the tool. */
#include <stdlib.h>

#include "asyncapi/model.h"

struct component {
	struct tree_node *node;
	struct component *next;          /* of those to walk */
	bool message, used;
};

struct fragment {                        /* a file that is no document, walked as a whole */
	struct fragment *next;
	struct tree_file *file;
};

struct reach {
	struct asyncapi *a;
	struct component *list, *pending;
	size_t n;
	struct fragment *fragments;
};

/* 2.x names security schemes without a reference. */
static bool counts(const struct asyncapi_document *d, const struct tree_node *section)
{
	return section->kind == TREE_MAP && !(section->key.n > 2 && memcmp(section->key.p, "x-", 2) == 0) &&
	       (d->version >= V30 || !span_is(section->key, "securitySchemes"));
}

static size_t gather(struct asyncapi *a, struct component *out)
{
	size_t n = 0;

	for (const struct asyncapi_document *d = a->documents; d; d = d->next) {
		tree_each(section, tree_get(d->root, "components")) {
			if (!counts(d, section))
				continue;
			for (struct tree_node *item = section->first; item; item = item->next, n++)
				if (out)
					out[n] = (struct component){ .node = item, .message = span_is(section->key, "messages"), .used = !d->channels };
		}
	}
	return n;
}

static int by_node(const void *x, const void *y)
{
	const struct component *a = x, *b = y;

	return (uintptr_t)a->node < (uintptr_t)b->node ? -1 : (uintptr_t)a->node > (uintptr_t)b->node;
}

static struct component *component_around(struct reach *r, struct tree_node *node)
{
	struct component *found = NULL;

	for (; node && !found; node = node->parent)
		found = bsearch(&(struct component){ .node = node }, r->list, r->n, sizeof *r->list, by_node);
	return found;
}

static bool is_document(const struct asyncapi *a, const struct tree_file *file)
{
	for (const struct asyncapi_document *d = a->documents; d; d = d->next)
		if (d->file == file)
			return true;
	return false;
}

static void walk(struct reach *r, struct tree_node *top, const struct tree_node *without);

static void walk_fragment(struct reach *r, struct tree_file *file)
{
	for (const struct fragment *f = r->fragments; f; f = f->next)
		if (f->file == file)
			return;
	struct fragment *one = file->root ? model_alloc(r->a, sizeof *one) : NULL;
	if (!one)
		return;
	*one = (struct fragment){ r->fragments, file };
	r->fragments = one;
	walk(r, file->root, NULL);
}

/* References that no reader has followed, such as those of other schema formats, count too. */
static void follow(struct reach *r, struct tree_node *ref)
{
	struct tree_node *target = ref->ref_state == REF_KNOWN ? ref->target : NULL;

	if (!target && ref->text.n > 1 && ref->text.p[0] == '#')
		target = tree_pointer(ref->file->root, model_text(r->a, ref->text) + 1);
	struct component *c = target ? component_around(r, target) : NULL;
	if (c && !c->used) {
		c->used = true;
		c->next = r->pending;
		r->pending = c;
	} else if (target && !c && !is_document(r->a, target->file)) {
		walk_fragment(r, target->file);
	}
}

static void walk(struct reach *r, struct tree_node *top, const struct tree_node *without)
{
	struct tree_node *node = top;

	for (;;) {
		if (tree_is_string(node) && span_is(node->key, "$ref"))
			follow(r, node);
		if (node->first && node != without) {
			node = node->first;
			continue;
		}
		while (node != top && !node->next)
			node = node->parent;
		if (node == top)
			return;
		node = node->next;
	}
}

static void tell(struct asyncapi *a, const struct component *c)
{
	struct location at = tree_key_location(c->node);

	if (c->message)
		asyncapi_find(a->f, MESSAGE_UNUSED, at, "no channel has the message %.*s, so that no record can be it; add it to a channel", (int)c->node->key.n, c->node->key.p);
	else
		asyncapi_find(a->f, COMPONENT_UNUSED, at, "no server, channel or operation leads to %.*s; refer to it, or remove it", (int)c->node->key.n, c->node->key.p);
}

int asyncapi_check_unused(struct asyncapi *a)
{
	struct reach r = { .a = a, .n = gather(a, NULL) };

	r.list = r.n ? model_alloc(a, r.n * sizeof *r.list) : NULL;
	if (!r.list)
		return a->no_memory ? E_NOMEM : 0;
	(void)gather(a, r.list);
	qsort(r.list, r.n, sizeof *r.list, by_node);
	for (const struct asyncapi_document *d = a->documents; d; d = d->next)
		walk(&r, d->root, tree_get(d->root, "components"));
	while (r.pending) {
		struct component *c = r.pending;
		r.pending = c->next;
		walk(&r, c->node, NULL);
	}
	for (size_t i = 0; i < r.n && !a->no_memory; i++)
		if (!r.list[i].used)
			tell(a, &r.list[i]);
	return a->no_memory ? E_NOMEM : 0;
}
