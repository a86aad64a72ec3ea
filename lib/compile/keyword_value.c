/* Keywords that judge a value by itself: types, numbers, sizes, texts. Owner: compile; the
 * loader and the tool. Sections are those of draft-bhutton-json-schema-validation-01. */
#include <stdlib.h>

#include "compile/internal.h"

static const char *const type_names[] = { "null", "boolean", "integer", "number", "string", "array", "object" };

/* ---- any type, 6.1 ---- */

static bool type_bit(struct compile_node *n, const struct tree_node *v, uint32_t *mask)
{
	for (size_t i = 0; v->kind == TREE_STRING && i < ARRAY_LEN(type_names); i++) {
		if (span_is(v->text, type_names[i])) {
			*mask |= 1u << i;
			return true;
		}
	}
	compile_fail(n, v, "schema-keyword", "type is one of null, boolean, integer, number, string, array, object");
	return false;
}

static bool is_nullable(const struct compile_node *n)
{
	const struct tree_node *v = keyword_sibling(n, "nullable");

	return v && v->kind == TREE_BOOL && v->truth;
}

void kw_type(struct compile_node *n, struct tree_node *v)
{
	uint32_t mask = is_nullable(n) ? SCHEMA_TYPE_NULL : 0;

	if (v->kind == TREE_SEQ) {
		if (v->count == 0)
			compile_fail(n, v, "schema-keyword", "type lists no type; name at least one");
		tree_each(it, v)
			if (!type_bit(n, it, &mask))
				return;
	} else if (!type_bit(n, v, &mask)) {
		return;
	}
	/* Up to draft-04 what is an integer is a matter of spelling: 1.0 is none. */
	compile_emit(n, v, SCHEMA_OP_TYPE, mask, 0, 0, n->dialect == DIALECT_DRAFT4 ? SCHEMA_SYNTAX_INTEGER : 0);
}

void kw_nullable(struct compile_node *n, struct tree_node *v)
{
	if (v->kind != TREE_BOOL)
		compile_fail(n, v, "schema-keyword", "nullable is true or false");
}

void kw_const(struct compile_node *n, struct tree_node *v)
{
	compile_emit(n, v, SCHEMA_OP_CONST, data_value(n->c, v), 0, 0, 0);
}

/* The texts of a list, each once, and its other values. */
static bool sort_values(struct compile_node *n, const struct tree_node *list, struct data_row *rows, size_t *nrows, uint32_t *values, size_t *nvalues)
{
	struct compile_map seen = { 0 };
	bool good = rows && values;

	tree_each(it, list) {
		if (!good)
			break;
		if (it->kind != TREE_STRING) {
			values[(*nvalues)++] = data_value(n->c, it);
		} else if (!map_find(&seen, NULL, 0, it->text)) {
			rows[(*nrows)++] = (struct data_row){ it->text, SCHEMA_NO_NODE, false };
			good = map_put(&seen, NULL, 0, it->text, rows);
		}
	}
	map_fini(&seen);
	return good;
}

void kw_enum(struct compile_node *n, struct tree_node *v)
{
	size_t nrows = 0, nvalues = 0;

	if (v->kind != TREE_SEQ || (v->count == 0 && n->dialect < DIALECT_DRAFT6)) {
		compile_fail(n, v, "schema-keyword", "enum is a list of at least one value");
		return;
	}
	if (v->count == 0)
		finding_warning(n->c->f, "enum-empty", tree_location(v), "enum lists no value, so that nothing is valid; write false for the schema if that is meant");
	struct data_row *rows = calloc(v->count + 1, sizeof *rows);
	uint32_t *values = calloc(v->count + 1, sizeof *values);
	if (sort_values(n, v, rows, &nrows, values, &nvalues)) {
		uint32_t table = data_table(n->c, rows, nrows);
		compile_emit(n, v, SCHEMA_OP_ENUM, table, data_list(n->c, values, nvalues, 1), 0, 0);
	} else {
		n->c->error = E_NOMEM;
	}
	free(rows);
	free(values);
}

/* ---- numbers, 6.2 ---- */

static void emit_bound(struct compile_node *n, struct tree_node *v, enum schema_op op)
{
	int64_t small = 0;

	if (v->kind != TREE_NUMBER) {
		compile_fail(n, v, "schema-keyword", "%.*s is a number", (int)v->key.n, (const char *)v->key.p);
		return;
	}
	bool is_small = json_small_integer(v->text, &small);
	compile_emit(n, v, op, data_text(n->c, v->text), (uint32_t)v->text.n, small, is_small ? SCHEMA_SMALL : 0);
}

/* Draft-04, and OpenAPI 3.0 after it, have booleans, which sharpen the other keyword. */
static bool has_sharpeners(const struct compile_node *n)
{
	return n->dialect == DIALECT_DRAFT4 || n->dialect == DIALECT_OPENAPI30;
}

static bool is_sharpened(const struct compile_node *n, const char *keyword)
{
	const struct tree_node *v = has_sharpeners(n) ? keyword_sibling(n, keyword) : NULL;

	return v && v->kind == TREE_BOOL && v->truth;
}

void kw_minimum(struct compile_node *n, struct tree_node *v)
{
	emit_bound(n, v, is_sharpened(n, "exclusiveMinimum") ? SCHEMA_OP_ABOVE : SCHEMA_OP_MINIMUM);
}

void kw_maximum(struct compile_node *n, struct tree_node *v)
{
	emit_bound(n, v, is_sharpened(n, "exclusiveMaximum") ? SCHEMA_OP_BELOW : SCHEMA_OP_MAXIMUM);
}

static void exclusive(struct compile_node *n, struct tree_node *v, enum schema_op op)
{
	if (!has_sharpeners(n) && v->kind == TREE_BOOL)
		compile_fail(n, v, "schema-keyword", "%.*s is a number since draft-06; write the bound here, without %s", (int)v->key.n, (const char *)v->key.p, op == SCHEMA_OP_ABOVE ? "minimum" : "maximum");
	else if (!has_sharpeners(n))
		emit_bound(n, v, op);
	else if (v->kind != TREE_BOOL)
		compile_fail(n, v, "schema-keyword", "%.*s is true or false in %s, beside %s", (int)v->key.n, (const char *)v->key.p, dialect_name(n->dialect), op == SCHEMA_OP_ABOVE ? "minimum" : "maximum");
}

void kw_exclusive_minimum(struct compile_node *n, struct tree_node *v)
{
	exclusive(n, v, SCHEMA_OP_ABOVE);
}

void kw_exclusive_maximum(struct compile_node *n, struct tree_node *v)
{
	exclusive(n, v, SCHEMA_OP_BELOW);
}

/* The digits of a decimal as one number; false when there are too many. */
static bool mantissa(const struct json_decimal *d, int64_t *out)
{
	uint64_t m = 0;
	size_t left = d->digits;

	for (const uint8_t *p = d->p; left; p++) {
		if (*p == '.')
			continue;
		if (__builtin_mul_overflow(m, 10u, &m) || __builtin_add_overflow(m, *p - '0', &m) || m > INT64_MAX)
			return false;
		left--;
	}
	*out = (int64_t)m;
	return true;
}

void kw_multiple_of(struct compile_node *n, struct tree_node *v)
{
	struct json_decimal d = v->kind == TREE_NUMBER ? json_decimal(v->text) : (struct json_decimal){ 0 };
	int64_t m = 0;

	if (v->kind != TREE_NUMBER || d.digits == 0 || d.negative)
		compile_fail(n, v, "schema-keyword", "multipleOf is a number above 0");
	else if (!mantissa(&d, &m))
		compile_fail(n, v, "schema-keyword", "multipleOf has more than 18 digits, which is not judged; write fewer");
	else
		compile_emit(n, v, SCHEMA_OP_MULTIPLE, data_text(n->c, v->text), (uint32_t)v->text.n, m, 0);
}

/* ---- sizes, 6.3 to 6.5 ---- */

bool keyword_size(struct compile_node *n, const struct tree_node *v, int64_t *out)
{
	struct json_decimal d;

	if (v->kind == TREE_NUMBER) {
		d = json_decimal(v->text);
		if (json_decimal_is_integer(&d) && !d.negative && json_decimal_to_i64(&d, out))
			return true;
		if (json_decimal_is_integer(&d) && !d.negative) {
			*out = INT64_MAX - 1;
			return true;
		}
	}
	compile_fail(n, v, "schema-keyword", "%.*s is a whole number, 0 or more", (int)v->key.n, (const char *)v->key.p);
	return false;
}

#define SIZE(name, op)                                                      \
	void kw_##name(struct compile_node *n, struct tree_node *v)  \
	{                                                                   \
		int64_t size;                                               \
		if (keyword_size(n, v, &size))                                 \
			compile_emit(n, v, SCHEMA_OP_##op, 0, 0, size, 0);  \
	}
SIZE(min_length, MIN_LENGTH)
SIZE(max_length, MAX_LENGTH)
SIZE(min_items, MIN_ITEMS)
SIZE(max_items, MAX_ITEMS)
SIZE(min_properties, MIN_PROPERTIES)
SIZE(max_properties, MAX_PROPERTIES)
#undef SIZE

/* ---- strings, 6.3 and 7 ---- */

void kw_pattern(struct compile_node *n, struct tree_node *v)
{
	uint32_t index;

	if (v->kind != TREE_STRING)
		compile_fail(n, v, "schema-keyword", "pattern is a regular expression in a string");
	else if (pattern_index(n, v, v->text, &index))
		compile_emit(n, v, SCHEMA_OP_PATTERN, index, compile_text(n->c, v->text), 0, 0);
}

/* By default up to draft-07; from 2019-09 on when a vocabulary or the user says so. */
static bool asserts_formats(const struct compile_node *n)
{
	if (n->c->options.formats_set)
		return n->c->options.formats;
	return n->in->rules.asserts_formats || dialect_ref_hides(n->dialect);
}

/* Host names are those of RFC 1034 before draft-07, which knows of RFC 5890. */
static enum schema_format format_of_draft(const struct compile_node *n, enum schema_format f)
{
	bool early = n->dialect == DIALECT_DRAFT4 || n->dialect == DIALECT_DRAFT6;

	return early && f == SCHEMA_FORMAT_HOSTNAME ? SCHEMA_FORMAT_LDH_HOSTNAME : f;
}

void kw_format(struct compile_node *n, struct tree_node *v)
{
	enum schema_format f = v->kind == TREE_STRING ? schema_format_find(v->text) : SCHEMA_FORMAT_COUNT;

	if (v->kind != TREE_STRING)
		compile_fail(n, v, "schema-keyword", "format is a name in a string");
	else if (!asserts_formats(n))
		return;
	else if (f == SCHEMA_FORMAT_COUNT)
		finding_warning(n->c->f, "format-unknown", tree_location(v), "format %.*s is not judged; add a pattern if it matters", (int)v->text.n, (const char *)v->text.p);
	else if (schema_format_is_asserted(f))
		compile_emit(n, v, SCHEMA_OP_FORMAT, format_of_draft(n, f), 0, 0, 0);
}

/* 8.3 and 8.4, when they are asserted: what we can decode. One instruction for both. */
void kw_content(struct compile_node *n, struct tree_node *v)
{
	const struct tree_node *coding = keyword_sibling(n, "contentEncoding"), *media = keyword_sibling(n, "contentMediaType");

	if (v->kind != TREE_STRING)
		compile_fail(n, v, "schema-keyword", "%.*s is a name in a string", (int)v->key.n, (const char *)v->key.p);
	if (v->kind != TREE_STRING || !n->c->options.content)
		return;
	bool base64 = tree_is_string(coding) && span_is(coding->text, "base64");
	/* JSON below an encoding that is not known cannot be seen. */
	bool json = tree_is_string(media) && span_is(media->text, "application/json") && (base64 || !coding);
	uint32_t mask = (base64 ? SCHEMA_CONTENT_BASE64 : 0u) | (json ? SCHEMA_CONTENT_JSON : 0u);
	if (mask && v == (json ? media : coding))
		compile_emit(n, v, SCHEMA_OP_CONTENT, mask, 0, 0, 0);
}
