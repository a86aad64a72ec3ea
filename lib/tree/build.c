/* The builder: nodes in document order, limits, duplicate names, indexes of large
 * containers. Fed by both readers. Owner: tree; runs in the loader and the tool. */
#include <stdarg.h>
#include <stdio.h>

#include "base/hash.h"
#include "tree/private.h"

static void report(struct builder *b, const char *code, uint32_t line, uint32_t column, const char *fmt, va_list ap)
{
	char text[1024];

	vsnprintf(text, sizeof text, fmt, ap);
	finding_error(b->findings, code, ((struct location){ b->file->path, line, column }), "%s", text);
	b->failed = true;
}

void build_error(struct builder *b, const char *code, uint32_t line, uint32_t column, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	report(b, code, line, column, fmt, ap);
	va_end(ap);
}

void build_stop(struct builder *b, const char *code, uint32_t line, uint32_t column, const char *fmt, ...)
{
	va_list ap;

	if (b->stopped)
		return;
	va_start(ap, fmt);
	report(b, code, line, column, fmt, ap);
	va_end(ap);
	b->stopped = true;
}

void build_no_memory(struct builder *b)
{
	build_stop(b, "out-of-memory", 0, 0,
	           "no memory is left to read this file; give the process more or the file less");
}

void build_key(struct builder *b, struct span key, uint32_t line, uint32_t column)
{
	b->has_key = true;
	b->key = key;
	b->key_line = line;
	b->key_column = column;
}

static struct tree_node *new_node(struct builder *b, uint32_t line, uint32_t column)
{
	struct tree_set *s = b->set;

	if (b->stopped)
		return NULL;
	if (s->nodes >= s->limits.nodes) {
		build_stop(b, "limit-nodes", line, column,
		           "the documents hold more than %zu values, expanded aliases included; split them or use "
		           "fewer aliases",
		           s->limits.nodes);
		return NULL;
	}
	struct tree_node *n = arena_alloc(&s->arena, sizeof *n);
	if (!n) {
		build_no_memory(b);
		return NULL;
	}
	s->nodes++;
	n->file = b->file;
	n->line = line;
	n->column = column;
	return n;
}

static void link_node(struct builder *b, struct tree_node *n)
{
	struct tree_node *parent = b->open;

	n->parent = parent;
	if (!parent) {
		b->root = n;
		return;
	}
	n->next = parent->first;
	parent->first = n;
	parent->count++;
	if (parent->kind == TREE_MAP) {
		n->key = b->key;
		n->key_line = b->key_line;
		n->key_column = b->key_column;
		b->has_key = false;
	}
}

static bool enter(struct builder *b, struct tree_node *n)
{
	if (b->depth >= b->set->limits.depth) {
		build_stop(b, "limit-depth", n->line, n->column, "values are nested more than %u deep; flatten them",
		           b->set->limits.depth);
		return false;
	}
	b->depth++;
	b->open = n;
	return true;
}

struct tree_node *build_add(struct builder *b, enum tree_kind kind, uint32_t line, uint32_t column)
{
	struct tree_node *n = new_node(b, line, column);

	if (!n)
		return NULL;
	n->kind = kind;
	link_node(b, n);
	if ((kind == TREE_MAP || kind == TREE_SEQ) && !enter(b, n))
		return NULL;
	return n;
}

static void turn_children(struct tree_node *n)
{
	struct tree_node *turned = NULL;
	uint32_t place = n->count;

	for (struct tree_node *it = n->first, *next; it; it = next) {
		next = it->next;
		it->next = turned;
		it->place = --place;
		turned = it;
	}
	n->first = turned;
}

static void check_twin(struct builder *b, const struct tree_node *first, const struct tree_node *second)
{
	if (!span_eq(first->key, second->key))
		return;
	build_error(b, "duplicate-key", second->key_line, second->key_column,
	            "\"%.*s\" is there already, at line %u; keep one of the two",
	            (int)(second->key.n > 200 ? 200 : second->key.n), (const char *)second->key.p, first->key_line);
}

static void check_few_keys(struct builder *b, const struct tree_node *map)
{
	for (const struct tree_node *second = map->first; second; second = second->next) {
		for (const struct tree_node *first = map->first; first != second; first = first->next)
			check_twin(b, first, second);
	}
}

static uint32_t index_size(uint32_t count)
{
	uint32_t size = 32;

	while (size < count * 2)
		size *= 2;
	return size;
}

/* A map's index is an open-addressed table, see tree_get_span; equal names meet in it. */
static void index_map(struct builder *b, struct tree_node *map)
{
	uint32_t mask = index_size(map->count) - 1;

	for (struct tree_node *it = map->first; it; it = it->next) {
		size_t i = hash64(it->key.p, it->key.n, b->set->seed) & mask;
		for (; map->index[i]; i = (i + 1) & mask)
			check_twin(b, map->index[i], it);
		map->index[i] = it;
	}
	map->index_mask = mask;
}

static void index_seq(struct tree_node *seq)
{
	size_t i = 0;

	for (struct tree_node *it = seq->first; it; it = it->next)
		seq->index[i++] = it;
}

static void finish(struct builder *b, struct tree_node *n)
{
	if (n->count <= TREE_INDEX_FROM) {
		if (n->kind == TREE_MAP)
			check_few_keys(b, n);
		return;
	}
	size_t size = n->kind == TREE_MAP ? index_size(n->count) : n->count;
	n->index = arena_array(&b->set->arena, size, sizeof *n->index);
	if (!n->index)
		build_no_memory(b);
	else if (n->kind == TREE_MAP)
		index_map(b, n);
	else
		index_seq(n);
}

void build_leave(struct builder *b)
{
	struct tree_node *n = b->open;

	if (b->stopped)
		return;
	turn_children(n);
	finish(b, n);
	b->open = n->parent;
	b->depth--;
}

/* Recursion is bounded by the depth limit that `enter` holds. */
static void copy_node(struct builder *b, const struct tree_node *from)
{
	struct tree_node *n = build_add(b, from->kind, from->line, from->column);

	if (!n)
		return;
	n->truth = from->truth;
	n->text = from->text;
	if (from->kind != TREE_MAP && from->kind != TREE_SEQ)
		return;
	for (const struct tree_node *it = from->first; it && !b->stopped; it = it->next) {
		if (from->kind == TREE_MAP)
			build_key(b, it->key, it->key_line, it->key_column);
		copy_node(b, it);
	}
	build_leave(b);
}

void build_alias(struct builder *b, const struct tree_node *anchored, uint32_t line, uint32_t column)
{
	for (const struct tree_node *up = b->open; up; up = up->parent) {
		if (up == anchored) {
			build_stop(b, "yaml-alias", line, column,
			           "the alias stands inside the value that it names; write the value out");
			return;
		}
	}
	copy_node(b, anchored);
}
