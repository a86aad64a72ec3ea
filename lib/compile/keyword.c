/* The keywords, found by name and dialect; each has a row in keyword.def and a function in
 * the keyword_*.c files. Owner: compile; the loader and the tool. */
#include <stdio.h>

#include "compile/internal.h"

#define A (1u << DIALECT_ASYNCAPI)
#define D4 (1u << DIALECT_DRAFT4)
#define D9 (1u << DIALECT_2019_09)
#define D12 (1u << DIALECT_2020_12)
#define O3 (1u << DIALECT_OPENAPI30)
#define FROM9 (D9 | D12)
#define FROM7 (1u << DIALECT_DRAFT7 | FROM9)
#define FROM6 (1u << DIALECT_DRAFT6 | FROM7)
#define JSON (D4 | FROM6)
#define TO9 (JSON & ~D12)
#define TO7 (JSON & ~FROM9)
#define ANY (A | JSON | O3)

static const struct keyword keywords[] = {
#define KEYWORD(name, dialects, vocabulary, shape, function) { name, dialects, VOCABULARY_##vocabulary, SHAPE_##shape, kw_##function },
#include "compile/keyword.def"
#undef KEYWORD
};

void kw_note(struct compile_node *n, struct tree_node *v)
{
	(void)n;
	(void)v;
}

static bool is_in(const struct keyword *k, const struct compile_rules *rules)
{
	return k->dialects & 1u << rules->dialect && rules->vocabularies & 1u << k->vocabulary;
}

const struct keyword *keyword_find(const struct compile_rules *rules, struct span name)
{
	for (size_t i = 0; i < ARRAY_LEN(keywords); i++)
		if (is_in(&keywords[i], rules) && span_is(name, keywords[i].name))
			return &keywords[i];
	return NULL;
}

struct tree_node *keyword_sibling(const struct compile_node *n, const char *name)
{
	struct tree_node *v = tree_get(n->schema, name);

	return v && keyword_find(&n->in->rules, v->key) ? v : NULL;
}

/* ---- what is no keyword ---- */

static bool same_letters(const uint8_t *a, const char *b, size_t n)
{
	return memcmp(a, b, n) == 0;
}

/* One letter more, less or other, two that changed places, or only the case. */
static bool is_near(struct span word, const char *name)
{
	const uint8_t *w = word.p;
	size_t n = strlen(name), same = 0;

	if (word.n < 3 || word.n > n + 1 || n > word.n + 1)
		return false;
	while (same < n && same < word.n && (w[same] | 0x20) == ((uint8_t)name[same] | 0x20))
		same++;
	size_t a = word.n - same, b = n - same;
	if (a == 0 || b == 0)
		return true;
	if (a == b && a > 1 && w[same] == (uint8_t)name[same + 1] && w[same + 1] == (uint8_t)name[same] && same_letters(w + same + 2, name + same + 2, a - 2))
		return true;
	size_t skip_word = a >= b, skip_name = b >= a;
	return same_letters(w + same + skip_word, name + same + skip_name, a - skip_word);
}

static const char *nearest(const struct compile_node *n, struct span word)
{
	for (size_t i = 0; i < ARRAY_LEN(keywords); i++)
		if (is_in(&keywords[i], &n->in->rules) && is_near(word, keywords[i].name))
			return keywords[i].name;
	return NULL;
}

/* What other dialects have, and how this one says it. */
static const struct {
	const char *name;
	uint32_t dialects;
	const char *instead;
} renamed[] = {
	{ "id", A | FROM6, "write $id" },
	{ "$id", D4, "write id" },
	{ "$defs", A | TO7, "write definitions" },
	{ "additionalItems", D12, "write items, with the list before it in prefixItems" },
	{ "prefixItems", A | TO9 | O3, "write the list as items" },
	{ "$recursiveRef", D12, "write $dynamicRef" },
	{ "$recursiveAnchor", D12, "write $dynamicAnchor" },
	{ "$dynamicRef", D9, "write $recursiveRef" },
	{ "$dynamicAnchor", D9, "write $recursiveAnchor" },
	{ "dependentRequired", A | TO7, "write dependencies" },
	{ "dependentSchemas", A | TO7, "write dependencies" },
	{ "nullable", A | JSON, "add null to type" },
	{ "const", D4 | O3, "write enum with one value" },
	{ "divisibleBy", ANY, "write multipleOf" },
	{ "extends", ANY, "write allOf" },
	{ "disallow", ANY, "write not" },
};

static const char *other_name(const struct compile_node *n, struct span word)
{
	for (size_t i = 0; i < ARRAY_LEN(renamed); i++)
		if (renamed[i].dialects & 1u << n->dialect && span_is(word, renamed[i].name))
			return renamed[i].instead;
	return NULL;
}

/* The first and the last dialect that has it; false: none. */
static bool dialects_of(struct span word, enum schema_dialect *first, enum schema_dialect *last)
{
	uint32_t all = 0;

	for (size_t i = 0; i < ARRAY_LEN(keywords); i++)
		all |= span_is(word, keywords[i].name) ? keywords[i].dialects : 0;
	/* AsyncAPI has what some draft has. */
	all = all & JSON ? all & JSON : all;
	if (all == 0)
		return false;
	*first = (enum schema_dialect)__builtin_ctz(all);
	*last = (enum schema_dialect)(31 - __builtin_clz(all));
	return true;
}

static void warn_unknown(struct compile_node *n, const struct tree_node *v)
{
	const char *near = nearest(n, v->key), *instead = other_name(n, v->key);
	int shown = v->key.n < 100 ? (int)v->key.n : 100;
	enum schema_dialect first, last;
	char advice[160];

	if (v->key.n > 2 && memcmp(v->key.p, "x-", 2) == 0)
		return;
	if (instead)
		snprintf(advice, sizeof advice, "%s", instead);
	else if (dialects_of(v->key, &first, &last) && first != last)
		snprintf(advice, sizeof advice, "%s to %s have it: name the dialect in $schema", dialect_name(first), dialect_name(last));
	else if (dialects_of(v->key, &first, &last))
		snprintf(advice, sizeof advice, "%s has it", dialect_name(first));
	else if (near)
		snprintf(advice, sizeof advice, "did you mean %s?", near);
	else
		snprintf(advice, sizeof advice, "remove it, or name it x-...");
	finding_warning(n->c->f, "keyword-unknown", tree_key_location(v), "%.*s is no keyword of %s and judges nothing; %s", shown, (const char *)v->key.p, dialect_name(n->dialect), advice);
}

void compile_keywords(struct compile_node *n)
{
	tree_each(it, n->schema) {
		const struct keyword *k = keyword_find(&n->in->rules, it->key);
		if (k)
			k->compile(n, it);
		else if (!n->in->rules.custom)
			warn_unknown(n, it);
	}
}
