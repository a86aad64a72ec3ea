/* What each keyword compiles to: a function a row of keyword.def. Owner: compile; the
 * loader and the tool. Sections are those of draft-handrews-json-schema-validation-01. */
#include <stdio.h>
#include <stdlib.h>

#include "compile/internal.h"

#define A (1u << DIALECT_ASYNCAPI)
#define D7 (1u << DIALECT_DRAFT7)
#define O3 (1u << DIALECT_OPENAPI30)

static const char *const type_names[] = { "null", "boolean", "integer", "number", "string", "array", "object" };

static struct span key_of(const struct tree_node *v)
{
	return v->key;
}

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
	const struct tree_node *v = n->dialect == DIALECT_OPENAPI30 ? tree_get(n->schema, "nullable") : NULL;

	return v && v->kind == TREE_BOOL && v->truth;
}

static void kw_type(struct compile_node *n, struct tree_node *v)
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
	compile_emit(n, v, SCHEMA_OP_TYPE, mask, 0, 0, 0);
}

static void kw_nullable(struct compile_node *n, struct tree_node *v)
{
	if (v->kind != TREE_BOOL)
		compile_fail(n, v, "schema-keyword", "nullable is true or false");
}

static void kw_const(struct compile_node *n, struct tree_node *v)
{
	compile_emit(n, v, SCHEMA_OP_CONST, data_value(n->c, v), 0, 0, 0);
}

static bool is_repeated(const struct tree_node *list, const struct tree_node *item)
{
	for (const struct tree_node *it = list->first; it != item; it = it->next)
		if (it->kind == TREE_STRING && span_eq(it->text, item->text))
			return true;
	return false;
}

static void kw_enum(struct compile_node *n, struct tree_node *v)
{
	size_t nrows = 0, nvalues = 0;

	if (v->kind != TREE_SEQ || v->count == 0) {
		compile_fail(n, v, "schema-keyword", "enum is a list of at least one value");
		return;
	}
	struct data_row *rows = calloc(v->count, sizeof *rows);
	uint32_t *values = calloc(v->count + 1, sizeof *values);
	tree_each(it, v) {
		if (!rows || !values)
			break;
		if (it->kind != TREE_STRING)
			values[nvalues++] = data_value(n->c, it);
		else if (!is_repeated(v, it))
			rows[nrows++] = (struct data_row){ it->text, SCHEMA_NO_NODE, false };
	}
	if (rows && values) {
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

/* OpenAPI 3.0 keeps draft-04's booleans, which sharpen the other keyword. */
static bool is_sharpened(const struct compile_node *n, const char *keyword)
{
	const struct tree_node *v = n->dialect == DIALECT_OPENAPI30 ? tree_get(n->schema, keyword) : NULL;

	return v && v->kind == TREE_BOOL && v->truth;
}

static void kw_minimum(struct compile_node *n, struct tree_node *v)
{
	emit_bound(n, v, is_sharpened(n, "exclusiveMinimum") ? SCHEMA_OP_ABOVE : SCHEMA_OP_MINIMUM);
}

static void kw_maximum(struct compile_node *n, struct tree_node *v)
{
	emit_bound(n, v, is_sharpened(n, "exclusiveMaximum") ? SCHEMA_OP_BELOW : SCHEMA_OP_MAXIMUM);
}

static void exclusive(struct compile_node *n, struct tree_node *v, enum schema_op op)
{
	if (n->dialect != DIALECT_OPENAPI30)
		emit_bound(n, v, op);
	else if (v->kind != TREE_BOOL)
		compile_fail(n, v, "schema-keyword", "%.*s is true or false in OpenAPI 3.0", (int)v->key.n, (const char *)v->key.p);
}

static void kw_exclusive_minimum(struct compile_node *n, struct tree_node *v)
{
	exclusive(n, v, SCHEMA_OP_ABOVE);
}

static void kw_exclusive_maximum(struct compile_node *n, struct tree_node *v)
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

static void kw_multiple_of(struct compile_node *n, struct tree_node *v)
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

static bool take_size(struct compile_node *n, const struct tree_node *v, int64_t *out)
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
	static void kw_##name(struct compile_node *n, struct tree_node *v)  \
	{                                                                   \
		int64_t size;                                               \
		if (take_size(n, v, &size))                                 \
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

static void kw_pattern(struct compile_node *n, struct tree_node *v)
{
	uint32_t index;

	if (v->kind != TREE_STRING)
		compile_fail(n, v, "schema-keyword", "pattern is a regular expression in a string");
	else if (pattern_index(n, v, v->text, &index))
		compile_emit(n, v, SCHEMA_OP_PATTERN, index, compile_text(n->c, v->text), 0, 0);
}

static void kw_format(struct compile_node *n, struct tree_node *v)
{
	enum schema_format f = v->kind == TREE_STRING ? schema_format_find(v->text) : SCHEMA_FORMAT_COUNT;

	if (v->kind != TREE_STRING)
		compile_fail(n, v, "schema-keyword", "format is a name in a string");
	else if (f == SCHEMA_FORMAT_COUNT)
		finding_warning(n->c->f, "format-unknown", tree_location(v), "format %.*s is not judged; add a pattern if it matters", (int)v->text.n, (const char *)v->text.p);
	else if (schema_format_is_asserted(f) && (n->c->options.formats || !n->c->options.formats_set))
		compile_emit(n, v, SCHEMA_OP_FORMAT, f, 0, 0, 0);
}

/* ---- subschemas ---- */

static void in_place_list(struct compile_node *n, struct tree_node *v, enum schema_op op)
{
	size_t i = 0;

	if (v->kind != TREE_SEQ || v->count == 0) {
		compile_fail(n, v, "schema-keyword", "%.*s is a list of at least one schema", (int)v->key.n, (const char *)v->key.p);
		return;
	}
	uint32_t *nodes = calloc(v->count, sizeof *nodes);
	tree_each(it, v)
		if (nodes)
			nodes[i++] = compile_child(n, it, true);
	if (nodes)
		compile_emit(n, v, op, data_list(n->c, nodes, i, 1), 0, 0, 0);
	else
		n->c->error = E_NOMEM;
	free(nodes);
}

static void kw_all_of(struct compile_node *n, struct tree_node *v)
{
	in_place_list(n, v, SCHEMA_OP_ALL);
}

static void kw_any_of(struct compile_node *n, struct tree_node *v)
{
	in_place_list(n, v, SCHEMA_OP_ANY);
}

static void kw_one_of(struct compile_node *n, struct tree_node *v)
{
	in_place_list(n, v, SCHEMA_OP_ONE);
}

static void kw_not(struct compile_node *n, struct tree_node *v)
{
	compile_emit(n, v, SCHEMA_OP_NOT, compile_child(n, v, true), 0, 0, 0);
}

static void kw_conditional(struct compile_node *n, struct tree_node *v)
{
	struct tree_node *cond = tree_get(n->schema, "if"), *then = tree_get(n->schema, "then"), *other = tree_get(n->schema, "else");

	(void)v;
	if (n->condition_done)
		return;
	n->condition_done = true;
	/* Without `if` the others mean nothing, but must be schemas all the same. */
	uint32_t ways[] = { then ? compile_child(n, then, true) : SCHEMA_NODE_ANY, other ? compile_child(n, other, true) : SCHEMA_NODE_ANY };
	if (cond)
		compile_emit(n, cond, SCHEMA_OP_IF, compile_child(n, cond, true), data_list(n->c, ways, 2, 1), 0, 0);
}

/* ---- arrays, 6.4 ---- */

static void kw_unique_items(struct compile_node *n, struct tree_node *v)
{
	if (v->kind != TREE_BOOL)
		compile_fail(n, v, "schema-keyword", "uniqueItems is true or false");
	else if (v->truth)
		compile_emit(n, v, SCHEMA_OP_UNIQUE, 0, 0, 0, 0);
}

static void kw_contains(struct compile_node *n, struct tree_node *v)
{
	int64_t range = (int64_t)((uint64_t)UINT32_MAX << 32 | 1);

	compile_emit(n, v, SCHEMA_OP_CONTAINS, compile_child(n, v, false), 0, range, 0);
}

static void kw_array(struct compile_node *n, struct tree_node *v)
{
	struct tree_node *items = tree_get(n->schema, "items"), *more = tree_get(n->schema, "additionalItems");
	uint32_t rest = SCHEMA_NO_NODE;
	size_t count = 0;

	(void)v;
	if (n->array_done)
		return;
	n->array_done = true;
	uint32_t *tuple = calloc(items ? items->count + 1 : 1, sizeof *tuple);
	if (!tuple) {
		n->c->error = E_NOMEM;
		return;
	}
	/* additionalItems means something beside a list of items only, 6.4.2. */
	uint32_t additional = more ? compile_child(n, more, false) : SCHEMA_NO_NODE;
	if (items && items->kind == TREE_SEQ) {
		tree_each(it, items)
			tuple[count++] = compile_child(n, it, false);
		rest = additional;
	} else if (items) {
		rest = compile_child(n, items, false);
	}
	if (items)
		compile_emit(n, items, SCHEMA_OP_ITEMS, data_list(n->c, tuple, count, 1), rest, 0, 0);
	free(tuple);
}

/* ---- objects, 6.5 ---- */

struct members {
	struct data_row *rows;
	size_t n, cap;
	uint32_t required;
};

static struct data_row *member(struct compile_node *n, struct members *m, struct span name)
{
	for (size_t i = 0; i < m->n; i++)
		if (span_eq(m->rows[i].name, name))
			return &m->rows[i];
	if (m->n == m->cap) {
		n->c->error = n->c->error ? n->c->error : E_LIMIT;
		return NULL;
	}
	m->rows[m->n] = (struct data_row){ name, SCHEMA_NO_NODE, false };
	return &m->rows[m->n++];
}

static void take_properties(struct compile_node *n, struct members *m, const struct tree_node *v)
{
	if (v && v->kind != TREE_MAP) {
		compile_fail(n, v, "schema-keyword", "properties is an object of schemas");
		return;
	}
	tree_each(it, v) {
		struct data_row *row = member(n, m, key_of(it));
		if (row)
			row->node = compile_child(n, it, false);
	}
}

static void take_required(struct compile_node *n, struct members *m, const struct tree_node *v)
{
	if (v && v->kind != TREE_SEQ) {
		compile_fail(n, v, "schema-keyword", "required is a list of property names%s", v->kind == TREE_BOOL ? "; put the name into the required of the object around it" : "");
		return;
	}
	tree_each(it, v) {
		if (it->kind != TREE_STRING) {
			compile_fail(n, it, "schema-keyword", "required is a list of property names, which are strings");
			return;
		}
		struct data_row *row = member(n, m, it->text);
		if (row && row->required)
			compile_fail(n, it, "schema-keyword", "required names %.*s twice; remove one", (int)it->text.n, (const char *)it->text.p);
		if (row && !row->required) {
			row->required = true;
			m->required++;
		}
	}
}

static uint32_t take_patterns(struct compile_node *n, const struct tree_node *v)
{
	size_t count = 0;

	if (v && v->kind != TREE_MAP) {
		compile_fail(n, v, "schema-keyword", "patternProperties is an object of schemas");
		return data_list(n->c, NULL, 0, 2);
	}
	uint32_t *pairs = calloc(v ? v->count * 2 + 1 : 1, sizeof *pairs);
	tree_each(it, v) {
		if (pairs && pattern_index(n, it, it->key, &pairs[count * 2]))
			pairs[count++ * 2 + 1] = compile_child(n, it, false);
	}
	uint32_t off = data_list(n->c, pairs, count, 2);
	free(pairs);
	return off;
}

static void emit_object(struct compile_node *n, struct members *m)
{
	const struct tree_node *properties = tree_get(n->schema, "properties"), *required = tree_get(n->schema, "required");
	struct tree_node *additional = tree_get(n->schema, "additionalProperties");
	struct schema_object o = { .additional = SCHEMA_NO_NODE };

	take_properties(n, m, properties);
	take_required(n, m, required);
	o.patterns = take_patterns(n, tree_get(n->schema, "patternProperties"));
	if (additional)
		o.additional = compile_child(n, additional, false);
	o.table = data_table(n->c, m->rows, m->n);
	o.required = m->required;
	o.where_required = compile_where(n, required ? required : n->schema);
	o.where_additional = compile_where(n, additional ? additional : n->schema);
	uint32_t off = image_append(n->c->b, IMAGE_SCHEMA_DATA, &o, sizeof o, 4);
	compile_emit(n, properties ? properties : n->schema, SCHEMA_OP_OBJECT, off, 0, 0, 0);
}

static void kw_object(struct compile_node *n, struct tree_node *v)
{
	const struct tree_node *properties = tree_get(n->schema, "properties"), *required = tree_get(n->schema, "required");
	struct members m = { .cap = (properties ? properties->count : 0) + (required ? required->count : 0) };

	if (n->object_done)
		return;
	n->object_done = true;
	if (m.cap > COMPILE_PROPERTIES_MAX) {
		compile_fail(n, v, "limit-properties", "more than %u properties of one object", COMPILE_PROPERTIES_MAX);
		return;
	}
	m.rows = calloc(m.cap + 1, sizeof *m.rows);
	if (m.rows)
		emit_object(n, &m);
	else
		n->c->error = E_NOMEM;
	free(m.rows);
}

static void kw_property_names(struct compile_node *n, struct tree_node *v)
{
	compile_emit(n, v, SCHEMA_OP_NAMES, compile_child(n, v, false), 0, 0, 0);
}

static bool take_needs(struct compile_node *n, const struct tree_node *list, uint32_t *off)
{
	size_t i = 0;
	uint32_t *names = calloc(list->count * 2 + 1, sizeof *names);

	tree_each(it, list) {
		if (it->kind != TREE_STRING) {
			compile_fail(n, it, "schema-keyword", "dependencies name properties, which are strings");
			free(names);
			return false;
		}
		if (names) {
			names[i * 2] = data_text(n->c, it->text);
			names[i++ * 2 + 1] = (uint32_t)it->text.n;
		}
	}
	*off = data_list(n->c, names, i, 2);
	free(names);
	return true;
}

static void kw_dependencies(struct compile_node *n, struct tree_node *v)
{
	size_t needs = 0, branches = 0;

	if (v->kind != TREE_MAP) {
		compile_fail(n, v, "schema-keyword", "dependencies is an object of schemas or lists of names");
		return;
	}
	uint32_t *need = calloc(v->count * 3 + 1, sizeof *need), *branch = calloc(v->count * 3 + 1, sizeof *branch);
	tree_each(it, v) {
		uint32_t name = data_text(n->c, it->key), what;
		if (!need || !branch || (it->kind == TREE_SEQ && !take_needs(n, it, &what)))
			break;
		if (it->kind != TREE_SEQ)
			what = compile_child(n, it, true);
		uint32_t *row = it->kind == TREE_SEQ ? need + needs++ * 3 : branch + branches++ * 3;
		memcpy(row, (uint32_t[]){ name, (uint32_t)it->key.n, what }, 3 * sizeof *row);
	}
	if (needs)
		compile_emit(n, v, SCHEMA_OP_NEEDS, data_list(n->c, need, needs, 3), 0, 0, 0);
	if (branches)
		compile_emit(n, v, SCHEMA_OP_BRANCHES, data_list(n->c, branch, branches, 3), 0, 0, 0);
	free(need);
	free(branch);
}

static void kw_note(struct compile_node *n, struct tree_node *v)
{
	(void)n;
	(void)v;
}

/* ---- the table ---- */

static const struct keyword {
	const char *name;
	unsigned dialects;
	void (*compile)(struct compile_node *n, struct tree_node *v);
} keywords[] = {
#define KEYWORD(name, dialects, function) { name, dialects, kw_##function },
#include "compile/keyword.def"
#undef KEYWORD
};

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
		if (keywords[i].dialects & 1u << n->dialect && is_near(v->key, keywords[i].name))
			near = keywords[i].name;
	finding_warning(n->c->f, "keyword-unknown", tree_key_location(v), "%.*s is no keyword here and judges nothing; %s%s%s", (int)v->key.n,
	                (const char *)v->key.p, near ? "did you mean " : "remove it, or name it x-...", near ? near : "", near ? "?" : "");
}

void compile_keywords(struct compile_node *n)
{
	tree_each(it, n->schema) {
		size_t i = 0;
		while (i < ARRAY_LEN(keywords) && !(keywords[i].dialects & 1u << n->dialect && span_is(it->key, keywords[i].name)))
			i++;
		if (i < ARRAY_LEN(keywords))
			keywords[i].compile(n, it);
		else
			warn_unknown(n, it);
	}
}
