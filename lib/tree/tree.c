/* Walking a tree: members, items, pointers, places, and back to JSON. Owner: tree; runs
 * in the loader and the tool. */
#include "base/hash.h"
#include "tree/private.h"

struct tree_node *tree_get_span(const struct tree_node *map, struct span key)
{
	if (!map || map->kind != TREE_MAP)
		return NULL;
	if (!map->index) {
		tree_each(it, map) {
			if (span_eq(it->key, key))
				return it;
		}
		return NULL;
	}
	size_t i = hash64(key.p, key.n, map->file->set->seed) & map->index_mask;
	for (; map->index[i]; i = (i + 1) & map->index_mask) {
		if (span_eq(map->index[i]->key, key))
			return map->index[i];
	}
	return NULL;
}

struct tree_node *tree_get(const struct tree_node *map, const char *key)
{
	return tree_get_span(map, span_str(key));
}

struct tree_node *tree_item(const struct tree_node *seq, uint32_t index)
{
	if (!seq || seq->kind != TREE_SEQ || index >= seq->count)
		return NULL;
	if (seq->index)
		return seq->index[index];
	struct tree_node *it = seq->first;
	while (index--)
		it = it->next;
	return it;
}

/* RFC 6901 4: digits without a leading zero. */
static struct tree_node *item_named(const struct tree_node *seq, struct span name)
{
	uint32_t index = 0;

	if (name.n == 0 || name.n > 9 || (name.n > 1 && name.p[0] == '0'))
		return NULL;
	for (size_t i = 0; i < name.n; i++) {
		if (name.p[i] < '0' || name.p[i] > '9')
			return NULL;
		index = index * 10 + (uint32_t)(name.p[i] - '0');
	}
	return tree_item(seq, index);
}

struct tree_node *tree_child(const struct tree_node *node, struct span name)
{
	return node && node->kind == TREE_SEQ ? item_named(node, name) : tree_get_span(node, name);
}

bool tree_pointer_next(struct span *rest, struct buf *token)
{
	size_t i = 1;

	buf_clear(token);
	buf_add(token, "", 0);
	if (rest->n == 0 || rest->p[0] != '/')
		return false;
	for (; i < rest->n && rest->p[i] != '/'; i++) {
		bool escape = rest->p[i] == '~' && i + 1 < rest->n && (rest->p[i + 1] == '0' || rest->p[i + 1] == '1');
		buf_addch(token, !escape ? (char)rest->p[i] : rest->p[i + 1] == '0' ? '~' : '/');
		i += escape;
	}
	*rest = span_of(rest->p + i, rest->n - i);
	return true;
}

struct tree_node *tree_pointer(struct tree_node *from, const char *pointer)
{
	struct span rest = span_str(pointer);
	struct tree_node *n = from;
	struct buf token;

	buf_init(&token, 0);
	while (n && tree_pointer_next(&rest, &token))
		n = tree_child(n, span_of(token.p ? token.p : (const uint8_t *)"", token.n));
	if (rest.n || buf_error(&token))
		n = NULL;
	buf_fini(&token);
	return n;
}

/* ---- where a node is ---- */

static void add_step(struct buf *out, const struct tree_node *n)
{
	buf_addch(out, '/');
	if (n->parent->kind == TREE_SEQ) {
		buf_printf(out, "%u", n->place);
		return;
	}
	for (size_t i = 0; i < n->key.n; i++) {
		char c = (char)n->key.p[i];
		if (c == '~' || c == '/')
			buf_puts(out, c == '~' ? "~0" : "~1");
		else
			buf_addch(out, c);
	}
}

const char *tree_path(const struct tree_node *node)
{
	const struct tree_node *way[TREE_DEPTH_MAX + 1];
	size_t n = 0;
	struct buf out;

	buf_init(&out, 0);
	for (const struct tree_node *it = node; it->parent; it = it->parent)
		way[n++] = it;
	while (n > 0)
		add_step(&out, way[--n]);
	const char *path = buf_error(&out) ? NULL : arena_strndup(&node->file->set->arena, out.p, out.n);
	buf_fini(&out);
	return path ? path : "";
}

struct location tree_location(const struct tree_node *node)
{
	return (struct location){ node->file->path, node->line, node->column };
}

struct location tree_key_location(const struct tree_node *node)
{
	if (!node->key_line)
		return tree_location(node);
	return (struct location){ node->file->path, node->key_line, node->key_column };
}

void tree_locate(const struct tree_file *file, size_t offset, uint32_t *line, uint32_t *column)
{
	const uint8_t *p = (const uint8_t *)file->source;

	*line = *column = 1;
	for (size_t i = 0; i < offset && i < file->source_n; i++) {
		if (p[i] == '\n' || (p[i] == '\r' && p[i + 1] != '\n')) {
			++*line;
			*column = 1;
		} else {
			*column += (p[i] & 0xc0) != 0x80;
		}
	}
}

bool tree_is_string(const struct tree_node *node)
{
	return node && node->kind == TREE_STRING;
}

/* ---- JSON ---- */

static void add_string(struct buf *out, struct span s)
{
	buf_addch(out, '"');
	buf_json_escape(out, s);
	buf_addch(out, '"');
}

/* Recursion is bounded by the set's depth limit. */
static void add_children(const struct tree_node *node, struct buf *out)
{
	bool map = node->kind == TREE_MAP;

	buf_addch(out, map ? '{' : '[');
	tree_each(it, node) {
		if (it != node->first)
			buf_addch(out, ',');
		if (map) {
			add_string(out, it->key);
			buf_addch(out, ':');
		}
		tree_to_json(it, out);
	}
	buf_addch(out, map ? '}' : ']');
}

void tree_to_json(const struct tree_node *node, struct buf *out)
{
	switch (node->kind) {
	case TREE_NULL:
		buf_puts(out, "null");
		break;
	case TREE_BOOL:
		buf_puts(out, node->truth ? "true" : "false");
		break;
	case TREE_NUMBER:
		buf_add(out, node->text.p, node->text.n);
		break;
	case TREE_STRING:
		add_string(out, node->text);
		break;
	case TREE_SEQ:
	case TREE_MAP:
		add_children(node, out);
		break;
	}
}
