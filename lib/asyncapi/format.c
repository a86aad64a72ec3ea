/* Schema formats: which dialect a schemaFormat means, and what a schema admits at its
 * root. A format that we cannot judge is a warning and makes its message undecidable.
 * Owner: asyncapi; runs in the loader and the tool. */
#include <strings.h>

#include "asyncapi/model.h"

#define FOREIGN (-1)
#define TYPES_DEPTH 32u

static const struct {
	const char *type, *version;
	int dialect;
	const char *name;
} formats[] = {
#define FORMAT(type, version, dialect, name) { type, version, dialect, name },
#include "asyncapi/format.def"
#undef FORMAT
};

/* "application/vnd.aai.asyncapi+json; version=2.0.0" apart; case and blanks aside. */
struct media {
	char type[80], version[24];
};

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\t';
}

static size_t copy_lower(char *out, size_t cap, const uint8_t *p, const uint8_t *end)
{
	size_t n = 0;

	for (; p < end && n + 1 < cap; p++)
		if (!is_blank(*p) && *p != '"')
			out[n++] = *p >= 'A' && *p <= 'Z' ? (char)(*p + 32) : (char)*p;
	out[n] = 0;
	return n;
}

static struct media media_parse(struct span text)
{
	struct media m;
	char params[160];
	const uint8_t *end = text.p + text.n, *semicolon = text.n ? memchr(text.p, ';', text.n) : NULL;

	copy_lower(m.type, sizeof m.type, text.p, semicolon ? semicolon : end);
	copy_lower(params, sizeof params, semicolon ? semicolon : end, end);
	char *plus = strrchr(m.type, '+');
	if (plus && (strcmp(plus, "+json") == 0 || strcmp(plus, "+yaml") == 0))
		*plus = 0;
	const char *version = strstr(params, ";version=");
	m.version[0] = 0;
	if (version) {
		version += strlen(";version=");
		copy_lower(m.version, sizeof m.version, (const uint8_t *)version, (const uint8_t *)version + strcspn(version, ";"));
	}
	return m;
}

static void read_format(struct asyncapi_document *d, struct tree_node *format, struct model_schema *out)
{
	struct media m = media_parse(format->text);

	for (size_t i = 0; i < ARRAY_LEN(formats); i++) {
		if (strcmp(m.type, formats[i].type) != 0 || strncmp(m.version, formats[i].version, strlen(formats[i].version)) != 0)
			continue;
		if (formats[i].dialect == FOREIGN)
			out->foreign = formats[i].name;
		else
			out->dialect = (enum schema_dialect)formats[i].dialect;
		break;
	}
	if (*m.version == 0 && strcmp(m.type, "application/schema") == 0)
		asyncapi_find(d->a->f, FORMAT_VERSION, tree_location(format), "the schemaFormat names no version; write application/schema+json;version=draft-07");
	for (size_t i = 0; i < ARRAY_LEN(formats); i++)
		if (strcmp(m.type, formats[i].type) == 0)
			return;
	out->foreign = model_text(d->a, format->text);
}

enum schema_language schema_language(struct span format)
{
	struct media m = media_parse(format);

	if (strcmp(m.type, "application/vnd.aai.asyncapi") == 0 || (strcmp(m.type, "application/schema") == 0 && strcmp(m.version, "draft-07") == 0))
		return SCHEMA_PLAIN;
	return strcmp(m.type, "application/vnd.oai.openapi") == 0 && strcmp(m.version, "3.0.0") == 0 ? SCHEMA_OPENAPI : SCHEMA_OTHER;
}

static void warn_foreign(struct asyncapi_document *d, const struct tree_node *format, const struct model_schema *s)
{
	asyncapi_find(d->a->f, FORMAT_FOREIGN, tree_location(format),
		"schemas in %s cannot be judged yet: records of this message are undecidable; use an AsyncAPI or JSON Schema, or set the action of undecidable", s->foreign);
}

void schema_read(struct asyncapi_document *d, struct tree_node *node, struct tree_node *format, struct model_schema *out)
{
	*out = (struct model_schema){ .dialect = DIALECT_ASYNCAPI, .root = SCHEMA_ANY };
	node = node ? tree_deref(node) : NULL;
	if (d->version >= V30 && node && node->kind == TREE_MAP && tree_get(node, "schema")) {
		format = tree_get(node, "schemaFormat");
		if (!format)
			asyncapi_find(d->a->f, FORMAT_MISSING, tree_location(node), "a multi-format schema must have the field schemaFormat beside schema");
		struct tree_node *inner = tree_get(node, "schema");
		node = inner->kind == TREE_MAP ? tree_deref(inner) : inner;
	}
	out->node = node;
	if (!node || !tree_is_string(format)) {
		out->types = node ? schema_types(node) : 0;
		return;
	}
	read_format(d, format, out);
	if (out->foreign)
		warn_foreign(d, format, out);
	else
		out->types = schema_types(node);
}

/* ---- types at the root ---- */

static uint32_t type_word(const struct tree_node *word)
{
	static const struct {
		const char *word;
		uint32_t type;
	} words[] = {
		{ "string", CONTRACT_STRING }, { "number", CONTRACT_NUMBER }, { "integer", CONTRACT_NUMBER }, { "boolean", CONTRACT_BOOL },
		{ "null", CONTRACT_NULL }, { "object", CONTRACT_OBJECT }, { "array", CONTRACT_ARRAY },
	};

	for (size_t i = 0; tree_is_string(word) && i < ARRAY_LEN(words); i++)
		if (span_is(word->text, words[i].word))
			return words[i].type;
	return 0;
}

static uint32_t type_of_value(const struct tree_node *value)
{
	static const uint32_t types[] = {
		[TREE_NULL] = CONTRACT_NULL, [TREE_BOOL] = CONTRACT_BOOL, [TREE_NUMBER] = CONTRACT_NUMBER,
		[TREE_STRING] = CONTRACT_STRING, [TREE_SEQ] = CONTRACT_ARRAY, [TREE_MAP] = CONTRACT_OBJECT,
	};

	return types[value->kind];
}

static uint32_t types_within(struct tree_node *schema, unsigned depth);

/* One branch that names no type lets every type in: text comes first, so it is a string. */
static uint32_t types_of_any(struct tree_node *list, unsigned depth)
{
	uint32_t all = 0;

	tree_each(item, list) {
		uint32_t one = types_within(item, depth);
		all |= one ? one : CONTRACT_STRING;
	}
	return all;
}

static uint32_t narrowed(uint32_t a, uint32_t b)
{
	return a == 0 ? b : b == 0 || (a & b) == 0 ? a : a & b;
}

static uint32_t types_within(struct tree_node *schema, unsigned depth)
{
	uint32_t types = 0;

	if (depth == 0 || !schema || schema->kind != TREE_MAP || !(schema = tree_deref(schema)))
		return 0;
	struct tree_node *type = tree_get(schema, "type"), *constant = tree_get(schema, "const");
	if (type && type->kind == TREE_SEQ)
		tree_each(word, type)
			types |= type_word(word);
	else
		types = type_word(type);
	if (types && tree_get(schema, "nullable") && tree_get(schema, "nullable")->truth)
		types |= CONTRACT_NULL;
	if (constant)
		types = narrowed(types, type_of_value(constant));
	uint32_t values = 0;
	tree_each(value, tree_get(schema, "enum"))
		values |= type_of_value(value);
	types = narrowed(types, values);
	types = narrowed(types, types_of_any(tree_get(schema, "anyOf"), depth - 1));
	types = narrowed(types, types_of_any(tree_get(schema, "oneOf"), depth - 1));
	tree_each(item, tree_get(schema, "allOf"))
		types = narrowed(types, types_within(item, depth - 1));
	return types;
}

uint32_t schema_types(struct tree_node *schema)
{
	uint32_t types = types_within(schema, TYPES_DEPTH);

	return schema_is_binary(schema) ? types | CONTRACT_BINARY : types;
}

bool schema_is_binary(struct tree_node *schema)
{
	schema = schema && schema->kind == TREE_MAP ? tree_deref(schema) : NULL;
	struct tree_node *format = tree_get(schema, "format");

	return tree_is_string(format) && span_is(format->text, "binary");
}
