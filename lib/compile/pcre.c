/* The tree of an ECMA-262 pattern, written anew for PCRE2: characters by number, classes
 * spelled out, so that no letter means more than it did. Owner: compile; the loader and
 * the tool. */
#include "compile/internal.h"

static void put_tree(struct buf *out, const struct ecma *e, uint32_t at);

static bool is_surrogate(uint32_t c)
{
	return c >= 0xd800 && c <= 0xdfff;
}

static void put_character(struct buf *out, uint32_t c)
{
	if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'))
		buf_addch(out, (char)c);
	else
		buf_printf(out, "\\x{%x}", c);
}

/* Halves of surrogate pairs are no characters: a range may go over them, not begin or end there. */
static void put_range(struct buf *out, uint32_t low, uint32_t high)
{
	low = is_surrogate(low) ? 0xe000 : low;
	high = is_surrogate(high) ? 0xd7ff : high;
	if (low > high)
		return;
	put_character(out, low);
	if (low < high) {
		buf_addch(out, '-');
		put_character(out, high);
	}
}

static void put_set(struct buf *out, const struct ecma *e, const struct ecma_node *n)
{
	const struct ecma_item *items = ecma_items(e, n);
	size_t open = out->n;

	buf_puts(out, n->negated ? "[^" : "[");
	size_t inside = out->n;
	for (uint32_t i = 0; i < n->value; i++) {
		if (items[i].prefix)
			buf_printf(out, "\\%c{%s%.*s}", items[i].negated ? 'P' : 'p', items[i].prefix, (int)items[i].name.n, (const char *)items[i].name.p);
		else
			put_range(out, items[i].low, items[i].high);
	}
	if (out->n > inside) {
		buf_addch(out, ']');
		return;
	}
	out->n = open;                           /* nothing that can match is in it */
	buf_puts(out, n->negated ? "[\\x{0}-\\x{10ffff}]" : "(?:(*FAIL))");
}

static void put_choice(struct buf *out, const struct ecma *e, const struct ecma_node *n)
{
	ecma_each(it, e, n) {
		if (it != n->first)
			buf_addch(out, '|');
		put_tree(out, e, it);
	}
}

static void put_group(struct buf *out, const struct ecma *e, const struct ecma_node *n)
{
	if (n->kind == ECMA_LOOK)
		buf_printf(out, "(?%s%c", n->behind ? "<" : "", n->negated ? '!' : '=');
	else
		buf_puts(out, n->value ? "(" : "(?:");
	put_tree(out, e, n->first);
	buf_addch(out, ')');
}

static void put_repeat(struct buf *out, const struct ecma *e, const struct ecma_node *n)
{
	put_tree(out, e, n->first);
	if (n->max == ECMA_NO_MAX)
		buf_printf(out, "{%u,}", n->value);
	else
		buf_printf(out, "{%u,%u}", n->value, n->max);
	if (n->lazy)
		buf_addch(out, '?');
}

static void put_tree(struct buf *out, const struct ecma *e, uint32_t at)
{
	const struct ecma_node *n = ecma_node(e, at);

	switch ((enum ecma_kind)n->kind) {
	case ECMA_EMPTY:
		return;
	case ECMA_CHARACTER:
		if (is_surrogate(n->value))
			buf_puts(out, "(?:(*FAIL))");
		else
			put_character(out, n->value);
		return;
	case ECMA_SET:
		put_set(out, e, n);
		return;
	case ECMA_SEQUENCE:
		ecma_each(it, e, n)
			put_tree(out, e, it);
		return;
	case ECMA_CHOICE:
		put_choice(out, e, n);
		return;
	case ECMA_REPEAT:
		put_repeat(out, e, n);
		return;
	case ECMA_GROUP:
	case ECMA_LOOK:
		put_group(out, e, n);
		return;
	case ECMA_REFERENCE:
		buf_printf(out, "(?:\\g{%u})", n->value);
		return;
	case ECMA_START:
		buf_puts(out, "\\A");
		return;
	case ECMA_END:
		buf_puts(out, "\\z");
		return;
	case ECMA_BOUNDARY:
		buf_puts(out, n->negated ? "\\B" : "\\b");
		return;
	}
}

void pcre_write(const struct ecma *e, struct buf *out)
{
	put_tree(out, e, e->root);
}

/* ---- what PCRE2 would do in another way ---- */

/* What a group holds when a repeat above it begins another turn: ECMA-262 forgets it, PCRE2
 * keeps it. That shows unless every turn sets it anew. */
struct walk {
	const struct ecma *e;
	enum { UNSEEN, OPEN, SET, FORGOTTEN } group[256];
	bool differs;
};

static void walk_tree(struct walk *w, uint32_t at, bool repeated, bool optional);

static void walk_children(struct walk *w, const struct ecma_node *n, bool repeated, bool optional)
{
	ecma_each(it, w->e, n)
		walk_tree(w, it, repeated, optional);
}

static void walk_group(struct walk *w, const struct ecma_node *n, bool repeated, bool optional)
{
	uint8_t number = (uint8_t)n->value;

	w->group[number] = OPEN;
	walk_tree(w, n->first, repeated, optional);
	w->group[number] = repeated && optional ? FORGOTTEN : SET;
}

static void walk_tree(struct walk *w, uint32_t at, bool repeated, bool optional)
{
	const struct ecma_node *n = ecma_node(w->e, at);

	switch ((enum ecma_kind)n->kind) {
	case ECMA_GROUP:
		walk_group(w, n, repeated, optional);
		return;
	case ECMA_REPEAT:
		/* what is optional is so within one turn of the outermost repeat */
		walk_tree(w, n->first, repeated || n->max > 1, repeated && (optional || n->value == 0));
		return;
	case ECMA_CHOICE:
		walk_children(w, n, repeated, true);
		return;
	case ECMA_SEQUENCE:
	case ECMA_LOOK:
		walk_children(w, n, repeated, optional);
		return;
	case ECMA_REFERENCE:
		w->differs |= w->group[n->value & 255] == FORGOTTEN || (w->group[n->value & 255] != SET && repeated);
		return;
	default:
		return;
	}
}

bool pcre_agrees(const struct ecma *e)
{
	struct walk w = { .e = e };

	walk_tree(&w, e->root, false, false);
	return !w.differs;
}
