/* ECMA-262 patterns, u-mode: one parser for all who need one. Its tree goes to the
 * builders of lib/compile; format `regex` asks for the verdict alone, without memory. */
#pragma once

#include "base/buf.h"

enum ecma_kind {
	ECMA_EMPTY,
	ECMA_CHARACTER,          /* value */
	ECMA_SET,                /* items [first, first + value), negated or not */
	ECMA_SEQUENCE,           /* children */
	ECMA_CHOICE,             /* children */
	ECMA_REPEAT,             /* child, value to max times, lazy or not */
	ECMA_GROUP,              /* child; value: its number, 0: it captures nothing */
	ECMA_LOOK,               /* child; ahead or behind, negated or not */
	ECMA_REFERENCE,          /* value: the number of a group */
	ECMA_START, ECMA_END,
	ECMA_BOUNDARY,           /* of a word, negated or not */
};

#define ECMA_NO_NODE 0u
#define ECMA_NO_MAX UINT32_MAX
#define ECMA_REPEAT_MAX 65535u           /* PCRE2's own */

struct ecma_node {
	uint8_t kind;
	bool negated, lazy, behind;
	uint32_t first;          /* child or item */
	uint32_t next;           /* sibling */
	uint32_t value, max;
};

/* A range of characters, or a Unicode property. */
struct ecma_item {
	uint32_t low, high;
	const char *prefix;      /* NULL: a range; else what PCRE2 puts before the name */
	struct span name;        /* as PCRE2 spells it; static, or inside the pattern */
	bool negated;
};

struct ecma {
	struct buf nodes;        /* struct ecma_node[]; the first stands for none */
	struct buf items;        /* struct ecma_item[] */
	uint32_t root;
	const char *what;        /* after a failure */
	size_t where;
	bool lenient;            /* a useless escape of punctuation was let pass */
};

/* 0, E_MALFORMED with the reason, or E_NOMEM. The pattern must outlive the tree. */
int ecma_parse(struct ecma *e, struct span pattern) MUST_CHECK;
void ecma_free(struct ecma *e);
/* Is it a pattern, to the letter? */
bool ecma_check(struct span pattern);

static inline const struct ecma_node *ecma_node(const struct ecma *e, uint32_t at)
{
	return (const struct ecma_node *)(const void *)e->nodes.p + at;
}

static inline const struct ecma_item *ecma_items(const struct ecma *e, const struct ecma_node *set)
{
	const struct ecma_item *items = (const void *)e->items.p;

	return items ? items + set->first : NULL;      /* no set of the pattern has any */
}

#define ecma_each(it, e, node) \
	for (uint32_t it = (node)->first; it != ECMA_NO_NODE; it = ecma_node(e, it)->next)
