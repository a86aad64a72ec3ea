/* Dialects by $schema: the public ones, and metaschemas of the user's that choose
 * vocabularies (2019-09 and 2020-12, core 8.1). Owner: compile; the loader and the tool. */
#include "compile/internal.h"
#include "compile/uri.h"

#define EVERY UINT32_MAX
#define BIT(v) (1u << VOCABULARY_##v)

static const char *const names[] = {
	[DIALECT_ASYNCAPI] = "AsyncAPI", [DIALECT_DRAFT4] = "draft-04", [DIALECT_DRAFT6] = "draft-06", [DIALECT_DRAFT7] = "draft-07",
	[DIALECT_2019_09] = "2019-09", [DIALECT_2020_12] = "2020-12", [DIALECT_OPENAPI30] = "OpenAPI 3.0",
};

/* What $schema says, after the scheme. That of OpenAPI 3.1 adds annotations only. */
static const struct {
	const char *uri;
	enum schema_dialect dialect;
} dialects[] = {
	{ "json-schema.org/draft-04/schema", DIALECT_DRAFT4 },
	{ "json-schema.org/draft-06/schema", DIALECT_DRAFT6 },
	{ "json-schema.org/draft-07/schema", DIALECT_DRAFT7 },
	{ "json-schema.org/draft/2019-09/schema", DIALECT_2019_09 },
	{ "json-schema.org/draft/2020-12/schema", DIALECT_2020_12 },
	{ "spec.openapis.org/oas/3.1/dialect/base", DIALECT_2020_12 },
};

static const struct {
	const char *uri;
	uint32_t bits;
	bool asserts_formats;            /* when the metaschema requires it, or names it at all */
} vocabularies[] = {
#define V9 "https://json-schema.org/draft/2019-09/vocab/"
#define V12 "https://json-schema.org/draft/2020-12/vocab/"
	{ V9 "core", BIT(CORE), false },
	{ V9 "applicator", BIT(APPLICATOR) | BIT(UNEVALUATED), false },
	{ V9 "validation", BIT(VALIDATION), false },
	{ V9 "meta-data", BIT(META_DATA), false },
	{ V9 "format", BIT(FORMAT), false },
	{ V9 "content", BIT(CONTENT), false },
	{ V12 "core", BIT(CORE), false },
	{ V12 "applicator", BIT(APPLICATOR), false },
	{ V12 "unevaluated", BIT(UNEVALUATED), false },
	{ V12 "validation", BIT(VALIDATION), false },
	{ V12 "meta-data", BIT(META_DATA), false },
	{ V12 "format-annotation", BIT(FORMAT), false },
	{ V12 "format-assertion", BIT(FORMAT), true },
	{ V12 "content", BIT(CONTENT), false },
};

static const struct {
	const char *uri, *text;
} metaschemas[] = {
#define META(uri, text) { uri, text },
#include "compile/meta.inc"
#undef META
};

bool dialect_ref_hides(enum schema_dialect d)
{
	return d != DIALECT_2019_09 && d != DIALECT_2020_12;
}

const char *dialect_name(enum schema_dialect d)
{
	return names[d];
}

struct compile_rules dialect_rules(enum schema_dialect d)
{
	return (struct compile_rules){ .dialect = d, .vocabularies = EVERY };
}

struct span dialect_metaschema(const char *uri)
{
	for (size_t i = 0; i < ARRAY_LEN(metaschemas); i++)
		if (strcmp(uri, metaschemas[i].uri) == 0)
			return span_str(metaschemas[i].text);
	return SPAN_NULL;
}

/* http and https alike: both are met. */
static bool is_public(struct span uri, enum schema_dialect *out)
{
	size_t scheme = uri.n > 8 && memcmp(uri.p, "https://", 8) == 0 ? 8 : uri.n > 7 && memcmp(uri.p, "http://", 7) == 0 ? 7 : 0;
	struct span rest = span_of(uri.p + scheme, uri.n - scheme);

	for (size_t i = 0; scheme && i < ARRAY_LEN(dialects); i++) {
		if (!span_is(rest, dialects[i].uri))
			continue;
		*out = dialects[i].dialect;
		return true;
	}
	return false;
}

static bool take_vocabulary(struct compile *c, const struct tree_node *v, const struct tree_node *schema, struct compile_rules *rules)
{
	for (size_t i = 0; i < ARRAY_LEN(vocabularies); i++) {
		if (!span_is(v->key, vocabularies[i].uri))
			continue;
		rules->vocabularies |= vocabularies[i].bits;
		/* 2019-09 7.2.1: required means asserted, which its own metaschema does not say. */
		rules->asserts_formats |= vocabularies[i].asserts_formats || (rules->dialect == DIALECT_2019_09 && vocabularies[i].bits == BIT(FORMAT) && v->truth);
		return true;
	}
	if (v->kind != TREE_BOOL || !v->truth)
		return true;
	compile_error(c, schema, "schema-dialect", "%.*s demands the vocabulary %.*s, which is not known; use a metaschema without it",
	              (int)schema->text.n, (const char *)schema->text.p, (int)v->key.n, (const char *)v->key.p);
	return false;
}

/* A metaschema of the user's: the dialect of its own $schema, with its vocabularies. */
static bool take_custom(struct compile *c, struct tree_node *schema, struct span uri, struct compile_rules *rules, unsigned depth)
{
	enum schema_dialect d = rules->dialect;
	struct tree_node *meta, *above, *listed;
	struct span url;

	if (depth == 0 || !(meta = tree_resolve(schema, uri)))
		return false;
	above = tree_get(meta, "$schema");
	if (tree_is_string(above)) {
		(void)uri_fragment(above->text, &url);
		if (is_public(url, &d))
			*rules = dialect_rules(d);
		else if (span_eq(url, uri) || !take_custom(c, schema, url, rules, depth - 1))
			return false;
	}
	rules->custom = true;
	listed = tree_get(meta, "$vocabulary");
	if (!listed || listed->kind != TREE_MAP || dialect_ref_hides(rules->dialect))
		return true;
	rules->vocabularies = BIT(CORE);
	tree_each(it, listed)
		if (!take_vocabulary(c, it, schema, rules))
			return false;
	return true;
}

bool dialect_take(struct compile *c, struct tree_node *schema, struct compile_rules *rules)
{
	struct span url;
	enum schema_dialect d;

	(void)uri_fragment(schema->text, &url);
	if (is_public(url, &d)) {
		*rules = dialect_rules(d);
		return true;
	}
	char *uri = arena_strndup(&c->arena, url.p, url.n);
	if (uri && tree_uri_is_mapped(schema->file->set, uri) && take_custom(c, schema, url, rules, 4))
		return true;
	compile_error(c, schema, "schema-dialect", "%.*s is no dialect that is known; name draft-04, -06, -07, 2019-09 or 2020-12 as their specifications do, or give its metaschema with --resource",
	              (int)schema->text.n, (const char *)schema->text.p);
	return false;
}
