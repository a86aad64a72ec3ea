/* YAML to a tree, by libyaml's events: one document of the core schema, JSON-compatible.
 * libyaml's own composer is not used: it has no limits. Owner: tree; runs in the loader
 * and the tool. */
#include <yaml.h>

#include "base/hash.h"
#include "tree/private.h"

#define ANCHOR_BUCKETS 1024
#define TAG_PREFIX "tag:yaml.org,2002:"

struct anchor {
	struct anchor *next;
	const char *name;
	const struct tree_node *node;
};

struct reader {
	struct builder *b;
	yaml_parser_t parser;
	struct anchor *anchors[ANCHOR_BUCKETS];
	unsigned documents;
};

enum tag { TAG_NONE, TAG_STR, TAG_INT, TAG_FLOAT, TAG_BOOL, TAG_NULL, TAG_MAP, TAG_SEQ, TAG_OTHER };

/* ---- places ---- */

static uint32_t line_of(yaml_mark_t m)
{
	return (uint32_t)m.line + 1;
}

static uint32_t column_of(yaml_mark_t m)
{
	return (uint32_t)m.column + 1;
}

/* ---- syntax errors ---- */

static const struct {
	const char *problem, *hint;
} hints[] = {
	{ "mapping values are not allowed", "a text with \": \" in it needs quotes; else check the indentation" },
	{ "did not find expected key", "indent the members of one mapping alike, and end flow mappings with }" },
	{ "did not find expected '-' indicator", "indent the items of one sequence alike" },
	{ "did not find expected ',' or", "separate flow items with , and close the bracket" },
	{ "could not find expected ':'", "a member is written NAME: VALUE" },
	{ "cannot start any token", "quote the text; tabs cannot indent" },
	{ "tab character", "indent with spaces" },
	{ "found unexpected end of stream", "close the quote" },
	{ "undefined tag handle", "remove the tag" },
	{ "Unicode character",
	  "escapes name whole characters; write those beyond U+FFFF as \\UXXXXXXXX or as they are" },
	{ "control characters are not allowed", "write them as escapes in a \"...\" text" },
	{ "found unknown escape", "double the backslash, or use single quotes" },
};

static const char *hint_for(const char *problem)
{
	for (size_t i = 0; i < ARRAY_LEN(hints); i++) {
		if (strstr(problem, hints[i].problem))
			return hints[i].hint;
	}
	return "correct the YAML here";
}

static void syntax_error(struct reader *r)
{
	yaml_parser_t *p = &r->parser;
	uint32_t line = line_of(p->problem_mark), column = column_of(p->problem_mark);
	const char *problem = p->problem ? p->problem : "no YAML";

	if (p->error == YAML_MEMORY_ERROR) {
		build_no_memory(r->b);
		return;
	}
	if (p->error == YAML_READER_ERROR)
		tree_locate(r->b->file, p->problem_offset, &line, &column);
	if (p->context && p->context_mark.line + 1 < line)
		build_stop(r->b, "yaml-syntax", line, column, "%s, %s that starts at line %u; %s", problem, p->context,
		           line_of(p->context_mark), hint_for(problem));
	else
		build_stop(r->b, "yaml-syntax", line, column, "%s; %s", problem, hint_for(problem));
}

/* ---- anchors ---- */

static struct anchor **bucket(struct reader *r, const char *name)
{
	return &r->anchors[hash64(name, strlen(name), r->b->set->seed) % ANCHOR_BUCKETS];
}

/* A name that is used again means the newer value from there on. */
static void set_anchor(struct reader *r, const yaml_char_t *name, const struct tree_node *node)
{
	struct arena *arena = &r->b->set->arena;

	if (!name || !node)
		return;
	struct anchor **head = bucket(r, (const char *)name), *a = arena_alloc(arena, sizeof *a);
	if (a)
		*a = (struct anchor){ *head, arena_strdup(arena, (const char *)name), node };
	if (a && a->name)
		*head = a;
	else
		build_no_memory(r->b);
}

static const struct tree_node *find_anchor(struct reader *r, const char *name)
{
	for (struct anchor *a = *bucket(r, name); a; a = a->next) {
		if (strcmp(a->name, name) == 0)
			return a->node;
	}
	return NULL;
}

/* ---- tags ---- */

static enum tag tag_of(struct reader *r, const yaml_char_t *text, enum tag unspecific, yaml_mark_t at)
{
	static const char *const names[] = { "", "str", "int", "float", "bool", "null", "map", "seq" };
	const char *t = (const char *)text;

	if (!t || !*t)
		return TAG_NONE;
	if (strcmp(t, "!") == 0)
		return unspecific;
	for (size_t i = TAG_STR; i < ARRAY_LEN(names); i++) {
		if (strncmp(t, TAG_PREFIX, sizeof TAG_PREFIX - 1) == 0 &&
		    strcmp(t + sizeof TAG_PREFIX - 1, names[i]) == 0)
			return (enum tag)i;
	}
	build_error(
	    r->b, "yaml-tag", line_of(at), column_of(at),
	    "tag %.100s has no meaning here; remove it (known are !!str !!int !!float !!bool !!null !!map !!seq)", t);
	return TAG_OTHER;
}

static void tag_unfit(struct reader *r, yaml_mark_t at)
{
	build_error(r->b, "yaml-tag", line_of(at), column_of(at), "the value does not fit its tag; change one of them");
}

static bool tag_fits(enum tag tag, enum tree_plain plain, struct span number)
{
	switch (tag) {
	case TAG_INT:
		return plain == PLAIN_NUMBER && !memchr(number.p, '.', number.n) && !memchr(number.p, 'e', number.n) &&
		       !memchr(number.p, 'E', number.n);
	case TAG_FLOAT:
		return plain == PLAIN_NUMBER;
	case TAG_BOOL:
		return plain == PLAIN_TRUE || plain == PLAIN_FALSE;
	case TAG_NULL:
		return plain == PLAIN_NULL;
	default:
		return tag == TAG_NONE || tag == TAG_OTHER;
	}
}

/* ---- events ---- */

static bool key_is_next(const struct reader *r)
{
	return r->b->open && r->b->open->kind == TREE_MAP && !r->b->has_key;
}

static struct span own_text(struct reader *r, const yaml_event_t *e)
{
	size_t n = e->data.scalar.length;
	char *p = arena_strndup(&r->b->set->arena, e->data.scalar.value, n);

	if (!p)
		build_no_memory(r->b);
	return span_of(p, n);
}

static void refuse_plain(struct reader *r, enum tree_plain plain, yaml_mark_t at)
{
	if (plain == PLAIN_NOMEM)
		build_no_memory(r->b);
	else if (plain == PLAIN_TOO_LONG)
		build_error(r->b, "limit-number", line_of(at), column_of(at),
		            "a number with too many digits; at most 1024 after 0x or 0o");
	else
		build_error(r->b, "not-finite", line_of(at), column_of(at),
		            "no JSON value stands for it; quote it, or write a number");
}

static const struct tree_node *add_string(struct reader *r, const yaml_event_t *e)
{
	struct span text = own_text(r, e);
	struct tree_node *n = build_add(r->b, TREE_STRING, line_of(e->start_mark), column_of(e->start_mark));

	if (n)
		n->text = text;
	return n;
}

static const struct tree_node *add_resolved(struct reader *r, const yaml_event_t *e, enum tag tag)
{
	static const enum tree_kind kinds[] = {
		[PLAIN_NULL] = TREE_NULL,     [PLAIN_TRUE] = TREE_BOOL,       [PLAIN_FALSE] = TREE_BOOL,
		[PLAIN_NUMBER] = TREE_NUMBER, [PLAIN_NOT_FINITE] = TREE_NULL, [PLAIN_TOO_LONG] = TREE_NULL,
		[PLAIN_NOMEM] = TREE_NULL,
	};
	struct span number = SPAN_NULL, text = span_of(e->data.scalar.value, e->data.scalar.length);

	enum tree_plain plain = tree_plain(&r->b->set->arena, text, &number);
	if (plain > PLAIN_NUMBER)
		refuse_plain(r, plain, e->start_mark);
	else if (!tag_fits(tag, plain, number))
		tag_unfit(r, e->start_mark);
	if (plain == PLAIN_STRING)
		return add_string(r, e);
	struct tree_node *n = build_add(r->b, kinds[plain], line_of(e->start_mark), column_of(e->start_mark));
	if (n) {
		n->truth = plain == PLAIN_TRUE;
		n->text = number;
	}
	return n;
}

static void key_scalar(struct reader *r, const yaml_event_t *e)
{
	bool plain = e->data.scalar.plain_implicit;
	yaml_mark_t at = e->start_mark;
	enum tag tag = tag_of(r, e->data.scalar.tag, TAG_STR, at);

	if (plain && e->data.scalar.length == 0)
		build_error(r->b, "key-not-string", line_of(at), column_of(at),
		            "a member without a name; write the name, or \"\"");
	if (plain && tag == TAG_NONE && strcmp((const char *)e->data.scalar.value, "<<") == 0)
		build_error(
		    r->b, "merge-key", line_of(at), column_of(at),
		    "<< is no part of YAML 1.2 and is not merged; write the members out, or refer to them with $ref");
	struct span key = own_text(r, e);
	if (e->data.scalar.anchor) {
		struct tree_node *n = arena_alloc(&r->b->set->arena, sizeof *n);
		if (n)
			*n = (struct tree_node){ .kind = TREE_STRING,
				                 .text = key,
				                 .file = r->b->file,
				                 .line = line_of(at),
				                 .column = column_of(at) };
		set_anchor(r, e->data.scalar.anchor, n);
	}
	build_key(r->b, key, line_of(at), column_of(at));
}

static void on_scalar(struct reader *r, const yaml_event_t *e)
{
	if (key_is_next(r)) {
		key_scalar(r, e);
		return;
	}
	enum tag tag = tag_of(r, e->data.scalar.tag, TAG_STR, e->start_mark);
	const struct tree_node *n;
	if (tag == TAG_STR ||
	    ((tag == TAG_NONE || tag == TAG_OTHER) && e->data.scalar.style != YAML_PLAIN_SCALAR_STYLE)) {
		n = add_string(r, e);
	} else {
		n = add_resolved(r, e, tag);
	}
	set_anchor(r, e->data.scalar.anchor, n);
}

static void on_open(struct reader *r, enum tree_kind kind, yaml_mark_t at, const yaml_char_t *tag,
                    const yaml_char_t *anchor)
{
	enum tag own = kind == TREE_MAP ? TAG_MAP : TAG_SEQ;

	if (key_is_next(r)) {
		build_stop(r->b, "key-not-string", line_of(at), column_of(at),
		           "a collection as a member's name; names are texts");
		return;
	}
	enum tag got = tag_of(r, tag, own, at);
	if (got != TAG_NONE && got != TAG_OTHER && got != own)
		tag_unfit(r, at);
	set_anchor(r, anchor, build_add(r->b, kind, line_of(at), column_of(at)));
}

static void on_alias(struct reader *r, const yaml_event_t *e)
{
	const char *name = (const char *)e->data.alias.anchor;
	uint32_t line = line_of(e->start_mark), column = column_of(e->start_mark);
	const struct tree_node *n = find_anchor(r, name);

	if (!n)
		build_stop(r->b, "yaml-alias", line, column,
		           "no anchor &%.100s stands before this alias; define it, or quote the text", name);
	else if (!key_is_next(r))
		build_alias(r->b, n, line, column);
	else if (n->kind == TREE_STRING)
		build_key(r->b, n->text, line, column);
	else
		build_stop(r->b, "key-not-string", line, column, "a member's name must be a text; *%.100s is none",
		           name);
}

static void on_document(struct reader *r, const yaml_event_t *e)
{
	if (++r->documents > 1)
		build_stop(r->b, "yaml-documents", line_of(e->start_mark), column_of(e->start_mark),
		           "a second document in one file; keep one, or put each in a file of its own");
}

static void on_event(struct reader *r, const yaml_event_t *e)
{
	switch (e->type) {
	case YAML_DOCUMENT_START_EVENT:
		on_document(r, e);
		break;
	case YAML_SCALAR_EVENT:
		on_scalar(r, e);
		break;
	case YAML_ALIAS_EVENT:
		on_alias(r, e);
		break;
	case YAML_SEQUENCE_START_EVENT:
		on_open(r, TREE_SEQ, e->start_mark, e->data.sequence_start.tag, e->data.sequence_start.anchor);
		break;
	case YAML_MAPPING_START_EVENT:
		on_open(r, TREE_MAP, e->start_mark, e->data.mapping_start.tag, e->data.mapping_start.anchor);
		break;
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		build_leave(r->b);
		break;
	default:
		break;
	}
}

static void read_events(struct reader *r)
{
	bool more = true;

	while (more && !r->b->stopped) {
		yaml_event_t e;
		if (!yaml_parser_parse(&r->parser, &e)) {
			syntax_error(r);
			return;
		}
		more = e.type != YAML_STREAM_END_EVENT;
		on_event(r, &e);
		yaml_event_delete(&e);
	}
}

void tree_read_yaml(struct builder *b)
{
	struct reader r = { .b = b };

	if (!yaml_parser_initialize(&r.parser)) {
		build_no_memory(b);
		return;
	}
	yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&r.parser, (const unsigned char *)b->file->source, b->file->source_n);
	read_events(&r);
	yaml_parser_delete(&r.parser);
	if (!b->stopped && !b->root)
		(void)build_add(b, TREE_NULL, 1, 1);
}
