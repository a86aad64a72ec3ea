/* The keywords, found by name and dialect; each has a row in keyword.def and a function in
 * the keyword_*.c files. Owner: compile; the loader and the tool. */
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

static bool is_near(struct span word, const char *name)
{
	size_t n = strlen(name), same = 0;

	if (word.n > n + 1 || n > word.n + 1)
		return false;
	while (same < n && same < word.n && (word.p[same] | 0x20) == ((uint8_t)name[same] | 0x20))
		same++;
	/* One letter more, less, or other; or only the case differs. */
	size_t rest_a = word.n - same, rest_b = n - same;
	for (int shift = 0; shift < 3; shift++) {
		size_t a = rest_a ? rest_a - (shift != 1) : 0, b = rest_b ? rest_b - (shift != 0) : 0;
		if (a == b && memcmp(word.p + word.n - a, name + n - b, a) == 0)
			return true;
	}
	return rest_a == 0 && rest_b == 0;
}

static void warn_unknown(struct compile_node *n, const struct tree_node *v)
{
	const char *near = NULL;

	if (v->key.n > 2 && memcmp(v->key.p, "x-", 2) == 0)
		return;
	for (size_t i = 0; i < ARRAY_LEN(keywords) && !near; i++)
		if (is_in(&keywords[i], &n->in->rules) && is_near(v->key, keywords[i].name))
			near = keywords[i].name;
	finding_warning(n->c->f, "keyword-unknown", tree_key_location(v), "%.*s is no keyword here and judges nothing; %s%s%s", (int)v->key.n,
	                (const char *)v->key.p, near ? "did you mean " : "remove it, or name it x-...", near ? near : "", near ? "?" : "");
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
