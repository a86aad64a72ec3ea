/* Keywords that judge the items of an array and the members of an object. Owner: compile;
 * the loader and the tool. Sections are those of draft-bhutton-json-schema-01. */
#include <stdlib.h>

#include "compile/internal.h"

/* ---- arrays, 6.4 ---- */

void kw_unique_items(struct compile_node *n, struct tree_node *v)
{
	if (v->kind != TREE_BOOL)
		compile_fail(n, v, "schema-keyword", "uniqueItems is true or false");
	else if (v->truth)
		compile_emit(n, v, SCHEMA_OP_UNIQUE, 0, 0, 0, 0);
}

/* A count of items; what 32 bits cannot hold is more than any array has. */
static uint32_t count_of(struct compile_node *n, const char *keyword, uint32_t otherwise)
{
	const struct tree_node *v = keyword_sibling(n, keyword);
	int64_t count;

	if (!v || !keyword_size(n, v, &count))
		return otherwise;
	return count < UINT32_MAX ? (uint32_t)count : UINT32_MAX - 1;
}

void kw_contains(struct compile_node *n, struct tree_node *v)
{
	uint64_t min = count_of(n, "minContains", 1), max = count_of(n, "maxContains", UINT32_MAX);
	unsigned counts = n->dialect == DIALECT_2020_12 ? SCHEMA_COUNTS : 0;

	compile_emit(n, v, SCHEMA_OP_CONTAINS, compile_child(n, v, false), 0, (int64_t)(max << 32 | min), counts);
}

/* Beside contains, which reads them; alone they mean nothing, but must be right. */
void kw_contains_range(struct compile_node *n, struct tree_node *v)
{
	int64_t count;

	if (!keyword_sibling(n, "contains"))
		(void)keyword_size(n, v, &count);
}

static size_t take_tuple(struct compile_node *n, struct tree_node *list, uint32_t *nodes)
{
	size_t count = 0;

	tree_each(it, list)
		nodes[count++] = compile_child(n, it, false);
	return count;
}

/* The list that judges by place, and the schema of what follows it. */
static bool array_parts(struct compile_node *n, struct tree_node **tuple, struct tree_node **rest)
{
	struct tree_node *items = keyword_sibling(n, "items"), *more = keyword_sibling(n, "additionalItems"), *prefix = keyword_sibling(n, "prefixItems");
	bool listed = items && items->kind == TREE_SEQ;

	if (n->dialect == DIALECT_2020_12) {
		*tuple = prefix;
		*rest = items;
		if (listed)
			compile_fail(n, items, "schema-keyword", "items is one schema since 2020-12; name a list of them prefixItems, and additionalItems items");
		else if (prefix && (prefix->kind != TREE_SEQ || prefix->count == 0))
			compile_fail(n, prefix, "schema-keyword", "prefixItems is a list of at least one schema");
		return !listed && (!prefix || prefix->kind == TREE_SEQ);
	}
	/* additionalItems means something beside a list of items only. */
	*tuple = listed ? items : NULL;
	*rest = listed ? more : items;
	if (more && !listed)
		(void)compile_child(n, more, false);
	return true;
}

void kw_array(struct compile_node *n, struct tree_node *v)
{
	struct tree_node *list, *rest;

	if (n->array_done)
		return;
	n->array_done = true;
	if (!array_parts(n, &list, &rest) || (!list && !rest))
		return;
	uint32_t *tuple = calloc(list ? list->count + 1 : 1, sizeof *tuple);
	if (!tuple) {
		n->c->error = E_NOMEM;
		return;
	}
	size_t count = take_tuple(n, list, tuple);
	uint32_t more = rest ? compile_child(n, rest, false) : SCHEMA_NO_NODE;
	compile_emit(n, list ? list : v, SCHEMA_OP_ITEMS, data_list(n->c, tuple, count, 1), more, 0, 0);
	free(tuple);
}

void kw_unevaluated_items(struct compile_node *n, struct tree_node *v)
{
	n->flags |= SCHEMA_NODE_TRACKS;
	compile_emit(n, v, SCHEMA_OP_UNEVALUATED_ITEMS, compile_child(n, v, false), 0, 0, 0);
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
		struct data_row *row = member(n, m, it->key);
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

/* Names that must be there come first: the executors look for the first of them before
 * all else. */
static void put_required_first(struct members *m)
{
	size_t to = 0;

	for (size_t i = 0; i < m->n; i++) {
		struct data_row row = m->rows[i];
		if (!row.required)
			continue;
		memmove(&m->rows[to + 1], &m->rows[to], (i - to) * sizeof row);
		m->rows[to++] = row;
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
	const struct tree_node *properties = keyword_sibling(n, "properties"), *required = keyword_sibling(n, "required");
	struct tree_node *additional = keyword_sibling(n, "additionalProperties");
	struct schema_object o = { .additional = SCHEMA_NO_NODE };

	take_properties(n, m, properties);
	take_required(n, m, required);
	o.patterns = take_patterns(n, keyword_sibling(n, "patternProperties"));
	if (additional)
		o.additional = compile_child(n, additional, false);
	put_required_first(m);
	o.table = data_table(n->c, m->rows, m->n);
	o.required = m->required;
	o.where_required = compile_where(n, required ? required : n->schema);
	o.where_additional = compile_where(n, additional ? additional : n->schema);
	uint32_t off = image_append(n->c->b, IMAGE_SCHEMA_DATA, &o, sizeof o, 4);
	compile_emit(n, properties ? properties : n->schema, SCHEMA_OP_OBJECT, off, 0, 0, 0);
}

void kw_object(struct compile_node *n, struct tree_node *v)
{
	const struct tree_node *properties = keyword_sibling(n, "properties"), *required = keyword_sibling(n, "required");
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

void kw_property_names(struct compile_node *n, struct tree_node *v)
{
	compile_emit(n, v, SCHEMA_OP_NAMES, compile_child(n, v, false), 0, 0, 0);
}

static bool take_needs(struct compile_node *n, const struct tree_node *list, uint32_t *off)
{
	size_t i = 0;
	uint32_t *names = calloc(list->count * 2 + 1, sizeof *names);

	if (list->kind != TREE_SEQ) {
		compile_fail(n, list, "schema-keyword", "a dependency is a list of property names");
		free(names);
		return false;
	}
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

/* {name: names or schema}: either may be left out. */
static void emit_dependencies(struct compile_node *n, struct tree_node *v, bool names, bool schemas)
{
	size_t needs = 0, branches = 0;

	if (v->kind != TREE_MAP) {
		compile_fail(n, v, "schema-keyword", "%.*s is an object of %s", (int)v->key.n, (const char *)v->key.p, !schemas ? "lists of names" : names ? "schemas or lists of names" : "schemas");
		return;
	}
	uint32_t *need = calloc(v->count * 3 + 1, sizeof *need), *branch = calloc(v->count * 3 + 1, sizeof *branch);
	tree_each(it, v) {
		uint32_t name = data_text(n->c, it->key), what;
		bool listed = names && (it->kind == TREE_SEQ || !schemas);
		if (!need || !branch || (listed && !take_needs(n, it, &what)))
			break;
		if (!listed)
			what = compile_child(n, it, true);
		uint32_t *row = listed ? need + needs++ * 3 : branch + branches++ * 3;
		memcpy(row, (uint32_t[]){ name, (uint32_t)it->key.n, what }, 3 * sizeof *row);
	}
	if (needs)
		compile_emit(n, v, SCHEMA_OP_NEEDS, data_list(n->c, need, needs, 3), 0, 0, 0);
	if (branches)
		compile_emit(n, v, SCHEMA_OP_BRANCHES, data_list(n->c, branch, branches, 3), 0, 0, 0);
	free(need);
	free(branch);
}

void kw_dependencies(struct compile_node *n, struct tree_node *v)
{
	emit_dependencies(n, v, true, true);
}

void kw_dependent_required(struct compile_node *n, struct tree_node *v)
{
	emit_dependencies(n, v, true, false);
}

void kw_dependent_schemas(struct compile_node *n, struct tree_node *v)
{
	emit_dependencies(n, v, false, true);
}

void kw_unevaluated_properties(struct compile_node *n, struct tree_node *v)
{
	n->flags |= SCHEMA_NODE_TRACKS;
	compile_emit(n, v, SCHEMA_OP_UNEVALUATED_PROPERTIES, compile_child(n, v, false), 0, 0, 0);
}
