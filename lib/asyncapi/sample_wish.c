/* What schemas ask of one value, gathered over references and branches: a choice is made
 * at each oneOf, anyOf, enum and if by the variant. What is not understood is left out;
 * the compiled schema has the last word. Owner: asyncapi; runs in the loader and the tool. */
#include "asyncapi/sample.h"
#include "json/json.h"

#define IN_PLACE_DEPTH 24u

static void gather(struct wish *w, struct tree_node *schema, unsigned depth);

static struct wish_schema *schema_list(struct wish *w, struct tree_node *node, struct wish_schema *next)
{
	struct wish_schema *s = arena_alloc(w->arena, sizeof *s);

	if (!s) {
		w->impossible = true;
		return next;
	}
	*s = (struct wish_schema){ next, node };
	return s;
}

static struct wish_member *member(struct wish *w, struct span name)
{
	for (struct wish_member *m = w->members; m; m = m->next)
		if (span_eq(m->name, name))
			return m;
	struct wish_member *m = arena_alloc(w->arena, sizeof *m);
	if (!m) {
		w->impossible = true;
		return NULL;
	}
	*m = (struct wish_member){ .name = name };
	*w->tail = m;
	w->tail = &m->next;
	return m;
}

/* ---- types ---- */

static uint32_t type_bit(const struct tree_node *word)
{
	static const struct {
		const char *word;
		uint32_t bit;
	} words[] = {
		{ "string", CONTRACT_STRING }, { "number", CONTRACT_NUMBER }, { "integer", CONTRACT_NUMBER }, { "boolean", CONTRACT_BOOL },
		{ "null", CONTRACT_NULL }, { "object", CONTRACT_OBJECT }, { "array", CONTRACT_ARRAY },
	};

	for (size_t i = 0; tree_is_string(word) && i < ARRAY_LEN(words); i++)
		if (span_is(word->text, words[i].word))
			return words[i].bit;
	return 0;
}

static void take_type(struct wish *w, struct tree_node *v, unsigned depth)
{
	uint32_t types = 0;
	bool integer = false, number = false;

	(void)depth;
	for (struct tree_node *word = v->kind == TREE_SEQ ? v->first : v; word; word = v->kind == TREE_SEQ ? word->next : NULL) {
		types |= type_bit(word);
		integer |= tree_is_string(word) && span_is(word->text, "integer");
		number |= tree_is_string(word) && span_is(word->text, "number");
	}
	w->types &= types;
	w->integer |= integer && !number;
}

/* ---- values ---- */

static void take_const(struct wish *w, struct tree_node *v, unsigned depth)
{
	(void)depth;
	w->fixed = v;
}

static void take_enum(struct wish *w, struct tree_node *v, unsigned depth)
{
	(void)depth;
	if (v->kind == TREE_SEQ && v->count && !w->fixed)
		w->fixed = tree_item(v, w->variant / 2 % v->count);
}

/* An author's own example says most to a person; the first variants try it. */
static void take_examples(struct wish *w, struct tree_node *v, unsigned depth)
{
	(void)depth;
	if (v->kind == TREE_SEQ && v->count && !w->fixed && w->variant / 2 < v->count)
		w->fixed = tree_item(v, w->variant / 2);
}

/* ---- bounds ---- */

static int order(const struct tree_node *a, const struct tree_node *b)
{
	struct json_decimal x = json_decimal(a->text), y = json_decimal(b->text);

	return json_decimal_compare(&x, &y);
}

static void raise(struct wish *w, struct tree_node *v, bool itself_out)
{
	if (v->kind != TREE_NUMBER)
		return;
	int compared = w->least ? order(v, w->least) : 1;
	if (compared > 0)
		w->above = itself_out;
	else if (compared == 0)
		w->above |= itself_out;
	if (compared > 0)
		w->least = v;
}

static void lower(struct wish *w, struct tree_node *v, bool itself_out)
{
	if (v->kind != TREE_NUMBER)
		return;
	int compared = w->most ? order(v, w->most) : -1;
	if (compared < 0)
		w->below = itself_out;
	else if (compared == 0)
		w->below |= itself_out;
	if (compared < 0)
		w->most = v;
}

static bool is_true(const struct tree_node *v)
{
	return v && v->kind == TREE_BOOL && v->truth;
}

static void take_minimum(struct wish *w, struct tree_node *v, unsigned depth)
{
	(void)depth;
	raise(w, v, is_true(tree_get(v->parent, "exclusiveMinimum")));
}

static void take_maximum(struct wish *w, struct tree_node *v, unsigned depth)
{
	(void)depth;
	lower(w, v, is_true(tree_get(v->parent, "exclusiveMaximum")));
}

static void take_above(struct wish *w, struct tree_node *v, unsigned depth)
{
	(void)depth;
	raise(w, v, true);
}

static void take_below(struct wish *w, struct tree_node *v, unsigned depth)
{
	(void)depth;
	lower(w, v, true);
}

static void take_multiple(struct wish *w, struct tree_node *v, unsigned depth)
{
	(void)depth;
	if (v->kind == TREE_NUMBER)
		w->multiple = v;
}

static void at_least(int64_t *least, const struct tree_node *v)
{
	int64_t n;

	if (v->kind == TREE_NUMBER && json_small_integer(v->text, &n) && n > *least)
		*least = n;
}

static void at_most(int64_t *most, const struct tree_node *v)
{
	int64_t n;

	if (v->kind == TREE_NUMBER && json_small_integer(v->text, &n) && (*most < 0 || n < *most))
		*most = n;
}

#define LEAST(name, field)                                                                \
	static void take_##name(struct wish *w, struct tree_node *v, unsigned depth)      \
	{                                                                                 \
		(void)depth;                                                              \
		at_least(&w->field, v);                                                   \
	}
#define MOST(name, field)                                                                 \
	static void take_##name(struct wish *w, struct tree_node *v, unsigned depth)      \
	{                                                                                 \
		(void)depth;                                                              \
		at_most(&w->field, v);                                                    \
	}
LEAST(min_length, min_length)
MOST(max_length, max_length)
LEAST(min_items, min_items)
MOST(max_items, max_items)
LEAST(min_members, min_members)
#undef LEAST
#undef MOST

static void take_pattern(struct wish *w, struct tree_node *v, unsigned depth)
{
	(void)depth;
	if (tree_is_string(v))
		w->pattern = v->text;
}

static void take_format(struct wish *w, struct tree_node *v, unsigned depth)
{
	(void)depth;
	if (tree_is_string(v))
		w->format = v->text;
}

/* ---- containers ---- */

static void take_unique(struct wish *w, struct tree_node *v, unsigned depth)
{
	(void)depth;
	w->unique |= is_true(v);
}

static void take_tuple(struct wish *w, struct tree_node *v)
{
	tree_each(item, v) {
		struct wish_schema *s = schema_list(w, item, NULL);
		*w->tuple_tail = s;
		if (s)
			w->tuple_tail = &s->next;
	}
}

static void take_items(struct wish *w, struct tree_node *v, unsigned depth)
{
	(void)depth;
	if (v->kind == TREE_SEQ)
		take_tuple(w, v);
	else
		w->items = schema_list(w, v, w->items);
}

static void take_prefix_items(struct wish *w, struct tree_node *v, unsigned depth)
{
	(void)depth;
	take_tuple(w, v);
}

static void take_contains(struct wish *w, struct tree_node *v, unsigned depth)
{
	(void)depth;
	w->items = schema_list(w, v, w->items);
	w->min_items = w->min_items ? w->min_items : 1;
}

static void take_properties(struct wish *w, struct tree_node *v, unsigned depth)
{
	(void)depth;
	if (v->kind != TREE_MAP)
		return;
	tree_each(property, v) {
		struct wish_member *m = member(w, property->key);
		if (m)
			m->schemas = schema_list(w, property, m->schemas);
	}
}

static void take_required(struct wish *w, struct tree_node *v, unsigned depth)
{
	(void)depth;
	tree_each(name, v->kind == TREE_SEQ ? v : NULL) {
		struct wish_member *m = tree_is_string(name) ? member(w, name->text) : NULL;
		if (m)
			m->required = true;
	}
}

static void take_additional(struct wish *w, struct tree_node *v, unsigned depth)
{
	(void)depth;
	w->additional = schema_list(w, v, w->additional);
}

/* ---- branches ---- */

static void take_all(struct wish *w, struct tree_node *v, unsigned depth)
{
	tree_each(item, v)
		gather(w, item, depth);
}

static void take_any(struct wish *w, struct tree_node *v, unsigned depth)
{
	if (v->kind == TREE_SEQ && v->count)
		gather(w, tree_item(v, w->variant / 2 % v->count), depth);
}

static void take_if(struct wish *w, struct tree_node *v, unsigned depth)
{
	struct tree_node *then = tree_get(v->parent, "then"), *other = tree_get(v->parent, "else");

	if (w->variant / 2 % 2 == 0) {
		gather(w, v, depth);
		if (then)
			gather(w, then, depth);
	} else if (other) {
		gather(w, other, depth);
	}
}

static const struct {
	const char *keyword;
	void (*take)(struct wish *w, struct tree_node *v, unsigned depth);
} takers[] = {
	{ "type", take_type }, { "const", take_const }, { "enum", take_enum }, { "examples", take_examples },
	{ "minimum", take_minimum }, { "maximum", take_maximum }, { "exclusiveMinimum", take_above }, { "exclusiveMaximum", take_below },
	{ "multipleOf", take_multiple }, { "minLength", take_min_length }, { "maxLength", take_max_length },
	{ "minItems", take_min_items }, { "maxItems", take_max_items }, { "minProperties", take_min_members },
	{ "pattern", take_pattern }, { "format", take_format }, { "uniqueItems", take_unique },
	{ "items", take_items }, { "prefixItems", take_prefix_items }, { "contains", take_contains },
	{ "properties", take_properties }, { "required", take_required }, { "additionalProperties", take_additional },
	{ "allOf", take_all }, { "anyOf", take_any }, { "oneOf", take_any }, { "if", take_if },
};

static void gather(struct wish *w, struct tree_node *schema, unsigned depth)
{
	if (schema->kind == TREE_BOOL)
		w->impossible |= !schema->truth;
	if (schema->kind != TREE_MAP)
		return;
	struct tree_node *target = depth ? tree_deref(schema) : NULL;
	if (!target) {
		w->impossible = true;
		return;
	}
	if (target != schema) {
		gather(w, target, depth - 1);
		return;
	}
	/* const before enum before examples: the narrowest says what stands there. */
	for (size_t i = 0; i < ARRAY_LEN(takers); i++) {
		struct tree_node *v = tree_get(schema, takers[i].keyword);
		if (v)
			takers[i].take(w, v, depth - 1);
	}
}

void wish_gather(struct wish *w, struct arena *a, struct wish_schema *schemas, unsigned variant)
{
	*w = (struct wish){ .arena = a, .variant = variant, .types = CONTRACT_TYPE_MASK, .max_length = -1, .max_items = -1 };
	w->tail = &w->members;
	w->tuple_tail = &w->tuple;
	for (; schemas; schemas = schemas->next)
		gather(w, schemas->node, IN_PLACE_DEPTH);
}
