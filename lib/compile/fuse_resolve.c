/* What is left of a schema once a value's type is known, and perhaps the text of one of
 * its properties: types, constants and branches fall away, $ref and allOf dissolve.
 * Owner: compile; the loader and the tool. */
#include "compile/fusion.h"

#define ALL_TYPES SCHEMA_TYPE_MASK
#define NUMBERS (SCHEMA_TYPE_INTEGER | SCHEMA_TYPE_NUMBER)

enum outcome { NEVER, ALWAYS, SOMETIMES };

/* What a function of an instruction works with. */
struct resolve {
	struct fusion *f;
	enum schema_type type;
	const struct fact *facts;
	struct atoms *out;
	uint32_t node;                  /* under way */
	size_t entered;                 /* bytes of atoms when it was entered */
	size_t closed;                  /* bytes of atoms after a node with unevaluated*, 0: none */
};

static bool resolve(struct resolve *r, uint32_t node);

static void keep(struct resolve *r, const struct schema_instr *in, bool open)
{
	uint32_t index = (uint32_t)(in - r->f->code);

	buf_add(&r->out->code, &index, sizeof index);
	r->out->open += open;
}

/* ---- branches ---- */

/* Undecided, unless an object's end decides: which names are there. */
static void keep_branches(struct resolve *r, const struct schema_instr *in)
{
	keep(r, in, r->type != SCHEMA_TYPE_OBJECT || !fusion_is_presence(r->f, in));
}

/* Of a branch alone; what it leaves stays in the atoms when `stay`. */
static enum outcome outcome_of(struct resolve *r, uint32_t node, bool stay)
{
	size_t n = r->out->code.n;
	unsigned open = r->out->open;
	enum outcome result = !resolve(r, node) ? NEVER : r->out->code.n == n ? ALWAYS : SOMETIMES;

	if (!stay || result == NEVER) {
		r->out->code.n = n;
		r->out->open = open;
	}
	return result;
}

static bool resolve_any(struct resolve *r, const struct schema_instr *in)
{
	uint32_t n, possible = 0, last = 0;
	const uint32_t *nodes = fusion_words(r->f, in->a, &n);

	for (uint32_t i = 0; i < n; i++) {
		enum outcome o = outcome_of(r, nodes[i], false);
		if (o == ALWAYS)
			return true;
		possible += o == SOMETIMES;
		last = o == SOMETIMES ? nodes[i] : last;
	}
	if (possible > 1)
		keep_branches(r, in);
	return possible > 1 || (possible == 1 && outcome_of(r, last, true) != NEVER);
}

static bool resolve_one(struct resolve *r, const struct schema_instr *in)
{
	uint32_t n, possible = 0, always = 0, last = 0;
	const uint32_t *nodes = fusion_words(r->f, in->a, &n);

	for (uint32_t i = 0; i < n; i++) {
		enum outcome o = outcome_of(r, nodes[i], false);
		always += o == ALWAYS;
		possible += o == SOMETIMES;
		last = o == SOMETIMES ? nodes[i] : last;
	}
	if (always > 1 || always + possible == 0)
		return false;
	if (possible == 0)
		return true;
	if (always + possible > 1) {
		keep_branches(r, in);
		return true;
	}
	return outcome_of(r, last, true) != NEVER;
}

static bool resolve_not(struct resolve *r, const struct schema_instr *in)
{
	enum outcome o = outcome_of(r, in->a, false);

	if (o == SOMETIMES)
		keep_branches(r, in);
	return o != ALWAYS;
}

static bool resolve_if(struct resolve *r, const struct schema_instr *in)
{
	uint32_t n;
	const uint32_t *then_else = fusion_words(r->f, in->b, &n);
	enum outcome o = outcome_of(r, in->a, false);

	if (o != SOMETIMES)
		return resolve(r, then_else[o == ALWAYS ? 0 : 1]);
	enum outcome yes = outcome_of(r, then_else[0], false), no = outcome_of(r, then_else[1], false);
	if (yes != ALWAYS || no != ALWAYS)
		keep(r, in, true);
	return yes != NEVER || no != NEVER;
}

static bool resolve_all(struct resolve *r, const struct schema_instr *in)
{
	uint32_t n;
	const uint32_t *nodes = fusion_words(r->f, in->a, &n);

	for (uint32_t i = 0; i < n; i++) {
		if (!resolve(r, nodes[i]))
			return false;
	}
	return true;
}

/* ---- types and constants ---- */

static bool resolve_type(struct resolve *r, const struct schema_instr *in)
{
	if (in->a & r->type)
		return true;
	if (r->type != SCHEMA_TYPE_NUMBER || !(in->a & SCHEMA_TYPE_INTEGER))
		return false;
	keep(r, in, false);
	return true;
}

static unsigned type_of_entry(const struct json_entry *e)
{
	static const uint8_t types[JSON_TYPE_COUNT] = {
		[JSON_NULL] = SCHEMA_TYPE_NULL, [JSON_FALSE] = SCHEMA_TYPE_BOOLEAN, [JSON_TRUE] = SCHEMA_TYPE_BOOLEAN,
		[JSON_NUMBER] = SCHEMA_TYPE_NUMBER, [JSON_STRING] = SCHEMA_TYPE_STRING, [JSON_ARRAY] = SCHEMA_TYPE_ARRAY,
		[JSON_OBJECT] = SCHEMA_TYPE_OBJECT,
	};

	return types[e->type];
}

static const struct json_entry *entry_of(const struct fusion *f, uint32_t value)
{
	const struct schema_value *v = (const void *)(f->data + value);

	return (const void *)(f->data + v->entries);
}

static bool resolve_const(struct resolve *r, const struct schema_instr *in)
{
	if (type_of_entry(entry_of(r->f, in->a)) != r->type)
		return false;
	if (r->type != SCHEMA_TYPE_NULL)
		keep(r, in, false);
	return true;
}

static bool resolve_enum(struct resolve *r, const struct schema_instr *in)
{
	const struct schema_table *t = (const void *)(r->f->data + in->a);
	uint32_t n, fitting = 0, bools = 0;
	const uint32_t *values = fusion_words(r->f, in->b, &n);

	for (uint32_t i = 0; i < n; i++) {
		const struct json_entry *e = entry_of(r->f, values[i]);
		fitting += type_of_entry(e) == r->type;
		bools |= e->type == JSON_TRUE ? 1u : e->type == JSON_FALSE ? 2u : 0u;
	}
	fitting += r->type == SCHEMA_TYPE_STRING ? t->count : 0;
	if (!fitting)
		return false;
	if (r->type != SCHEMA_TYPE_NULL && !(r->type == SCHEMA_TYPE_BOOLEAN && bools == 3))
		keep(r, in, false);
	return true;
}

static bool resolve_format(struct resolve *r, const struct schema_instr *in)
{
	bool numeric = in->a == SCHEMA_FORMAT_INT32 || in->a == SCHEMA_FORMAT_INT64;

	if (r->type == (numeric ? SCHEMA_TYPE_NUMBER : SCHEMA_TYPE_STRING))
		keep(r, in, false);
	return true;
}

bool fusion_texts(const struct fusion *f, const struct schema_instr *in, struct buf *out)
{
	struct span text;

	if (in->op == SCHEMA_OP_CONST && entry_of(f, in->a)->type == JSON_STRING) {
		const struct schema_value *v = (const void *)(f->data + in->a);
		const struct json_entry *e = entry_of(f, in->a);
		text = span_of(f->data + v->text + e->off, e->len);
		buf_add(out, &text, sizeof text);
		return true;
	}
	if (in->op != SCHEMA_OP_ENUM)
		return false;
	const struct schema_table *t = (const void *)(f->data + in->a);
	for (uint32_t i = 0; i < t->count; i++) {
		text = fusion_row_name(f, &f->rows[t->first + i]);
		buf_add(out, &text, sizeof text);
	}
	return true;
}

/* ---- objects, by what is known of them ---- */

static bool is_among(struct span text, const struct span *list, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (list[i].n == text.n && memcmp(list[i].p, text.p, text.n) == 0)
			return true;
	}
	return false;
}

/* Does a node take the text of a fact? Decided by its constants only. */
static enum outcome takes_text(struct fusion *f, uint32_t node, const struct fact *fact)
{
	struct atoms left = { 0 };
	struct buf texts;
	enum outcome result = ALWAYS;

	buf_init(&left.code, 0);
	buf_init(&texts, 0);
	if (!fusion_resolve(f, node, SCHEMA_TYPE_STRING, NULL, &left))
		result = NEVER;
	for (size_t i = 0; result != NEVER && i < left.code.n / sizeof(uint32_t); i++) {
		buf_clear(&texts);
		if (!fusion_texts(f, &f->code[((uint32_t *)(void *)left.code.p)[i]], &texts))
			result = SOMETIMES;
		else if (!is_among(fact->text, (void *)texts.p, texts.n / sizeof(struct span)))
			result = NEVER;
	}
	buf_fini(&left.code);
	buf_fini(&texts);
	return result;
}

/* No value but the listed texts? */
static bool takes_listed_only(struct fusion *f, uint32_t node, const struct fact *fact)
{
	struct atoms left = { 0 };
	struct buf texts;
	bool only = false;

	buf_init(&left.code, 0);
	buf_init(&texts, 0);
	for (unsigned t = 1; t <= SCHEMA_TYPE_OBJECT; t <<= 1) {
		if (t != SCHEMA_TYPE_STRING && t != SCHEMA_TYPE_INTEGER && fusion_resolve(f, node, (enum schema_type)t, NULL, &left))
			goto out;
		buf_clear(&left.code);
	}
	only = !fusion_resolve(f, node, SCHEMA_TYPE_STRING, NULL, &left);
	for (size_t i = 0; !only && i < left.code.n / sizeof(uint32_t); i++) {
		buf_clear(&texts);
		only = fusion_texts(f, &f->code[((uint32_t *)(void *)left.code.p)[i]], &texts);
		for (size_t k = 0; only && k < texts.n / sizeof(struct span); k++)
			only = is_among(((struct span *)(void *)texts.p)[k], fact->listed, fact->nlisted);
	}
out:
	buf_fini(&left.code);
	buf_fini(&texts);
	return only;
}

static enum outcome row_and_fact(struct fusion *f, const struct schema_row *row, const struct fact *fact)
{
	if (fact->kind == FACT_ABSENT)
		return row->required ? NEVER : ALWAYS;
	if (row->node == SCHEMA_NO_NODE)
		return ALWAYS;
	if (fact->kind == FACT_TEXT)
		return takes_text(f, row->node, fact);
	return takes_listed_only(f, row->node, fact) ? NEVER : SOMETIMES;
}

const struct schema_row *fusion_forbidden(const struct fusion *f, const struct schema_instr *in)
{
	const struct schema_node *n = &f->nodes[in->a];
	uint32_t patterns;

	if (n->count != 1 || f->code[n->first].op != SCHEMA_OP_OBJECT)
		return NULL;
	const struct schema_object *o = (const void *)(f->data + f->code[n->first].a);
	const struct schema_table *t = (const void *)(f->data + o->table);
	(void)fusion_words(f, o->patterns, &patterns);
	if (t->count != 1 || patterns || o->additional != SCHEMA_NO_NODE)
		return NULL;
	const struct schema_row *row = &f->rows[t->first];
	return row->required && row->node == SCHEMA_NO_NODE ? row : NULL;
}

/* Is some member that is there one that a closed object does not know? */
static bool is_shut_out(const struct resolve *r, const struct schema_object *o, const struct schema_table *t)
{
	for (const struct fact *fact = r->facts; fact; fact = fact->next) {
		bool known = fact->kind == FACT_ABSENT || fusion_match_any(r->f, o, fact->name) != MATCH_NONE;
		for (uint32_t i = 0; i < t->count && !known; i++) {
			const struct schema_row *row = &r->f->rows[t->first + i];
			known = row->node != SCHEMA_NO_NODE && span_eq(fusion_row_name(r->f, row), fact->name);
		}
		if (!known)
			return true;
	}
	return false;
}

/* An object's rule falls away when the facts alone satisfy all of it. */
static bool resolve_object(struct resolve *r, const struct schema_instr *in)
{
	const struct schema_object *o = (const void *)(r->f->data + in->a);
	const struct schema_table *t = (const void *)(r->f->data + o->table);
	uint32_t patterns, decided = 0;

	(void)fusion_words(r->f, o->patterns, &patterns);
	if (o->additional == SCHEMA_NODE_NONE && is_shut_out(r, o, t))
		return false;
	for (uint32_t i = 0; i < t->count; i++) {
		const struct schema_row *row = &r->f->rows[t->first + i];
		for (const struct fact *fact = r->facts; fact; fact = fact->next) {
			if (!span_eq(fusion_row_name(r->f, row), fact->name))
				continue;
			enum outcome known = row_and_fact(r->f, row, fact);
			if (known == NEVER)
				return false;
			decided += known == ALWAYS;
		}
	}
	if (decided < t->count || patterns || o->additional != SCHEMA_NO_NODE)
		keep(r, in, false);
	return true;
}

/* ---- the table ---- */

static bool resolve_fail(struct resolve *r, const struct schema_instr *in)
{
	(void)r;
	(void)in;
	return false;
}

static bool resolve_call(struct resolve *r, const struct schema_instr *in)
{
	return resolve(r, in->a);
}

static bool resolve_leaf(struct resolve *r, const struct schema_instr *in)
{
	keep(r, in, false);
	return true;
}

/* Do $ref and allOf alone say what is evaluated, whatever the value? */
static bool is_static(const struct fusion *f, uint32_t node, unsigned depth)
{
	const struct schema_node *n = &f->nodes[node];
	uint32_t count = 0;

	for (uint32_t i = 0; i < n->count; i++) {
		const struct schema_instr *in = &f->code[n->first + i];
		const uint32_t *nodes = in->op == SCHEMA_OP_ALL ? fusion_words(f, in->a, &count) : &in->a;
		bool unevaluated = in->op == SCHEMA_OP_UNEVALUATED_PROPERTIES || in->op == SCHEMA_OP_UNEVALUATED_ITEMS;
		if (in->op == SCHEMA_OP_IF || in->op == SCHEMA_OP_BRANCHES || in->op == SCHEMA_OP_DYNAMIC)
			return false;
		if ((in->op == SCHEMA_OP_ANY || in->op == SCHEMA_OP_ONE) && !fusion_evaluates_nothing(f, in))
			return false;
		if ((unevaluated && depth > 0) || depth > 8)
			return false;
		count = in->op == SCHEMA_OP_ALL ? count : in->op == SCHEMA_OP_CALL;
		for (uint32_t k = 0; k < count; k++) {
			if (!is_static(f, nodes[k], depth + 1))
				return false;
		}
	}
	return true;
}

/* A fact that may have decided a property, and so hides that it is evaluated? */
static bool knows_a_text(const struct fact *facts)
{
	while (facts && facts->kind != FACT_TEXT)
		facts = facts->next;
	return facts != NULL;
}

/* unevaluated*: plain where all that is left to judge is of this node, since then all that
 * is evaluated stands there. What others add later is looked at in the end. */
static bool resolve_unevaluated(struct resolve *r, const struct schema_instr *in)
{
	bool plain = r->entered == 0 && r->closed == 0 && !knows_a_text(r->facts) && is_static(r->f, r->node, 0);

	keep(r, in, !plain);
	r->closed = r->out->code.n;
	return true;
}

/* What the fused executor cannot do for a container. */
static bool resolve_open(struct resolve *r, const struct schema_instr *in)
{
	keep(r, in, true);
	return true;
}

static const struct {
	unsigned types;                 /* that the instruction speaks of */
	bool (*resolve)(struct resolve *r, const struct schema_instr *in);
} rules[SCHEMA_OP_COUNT] = {
	[SCHEMA_OP_FAIL] = { ALL_TYPES, resolve_fail },
	[SCHEMA_OP_TYPE] = { ALL_TYPES, resolve_type },
	[SCHEMA_OP_CONST] = { ALL_TYPES, resolve_const },
	[SCHEMA_OP_ENUM] = { ALL_TYPES, resolve_enum },
	[SCHEMA_OP_MINIMUM] = { NUMBERS, resolve_leaf },
	[SCHEMA_OP_MAXIMUM] = { NUMBERS, resolve_leaf },
	[SCHEMA_OP_ABOVE] = { NUMBERS, resolve_leaf },
	[SCHEMA_OP_BELOW] = { NUMBERS, resolve_leaf },
	[SCHEMA_OP_MULTIPLE] = { NUMBERS, resolve_leaf },
	[SCHEMA_OP_MIN_LENGTH] = { SCHEMA_TYPE_STRING, resolve_leaf },
	[SCHEMA_OP_MAX_LENGTH] = { SCHEMA_TYPE_STRING, resolve_leaf },
	[SCHEMA_OP_FORMAT] = { ALL_TYPES, resolve_format },
	[SCHEMA_OP_PATTERN] = { SCHEMA_TYPE_STRING, resolve_leaf },
	[SCHEMA_OP_CONTENT] = { SCHEMA_TYPE_STRING, resolve_leaf },
	[SCHEMA_OP_MIN_ITEMS] = { SCHEMA_TYPE_ARRAY, resolve_leaf },
	[SCHEMA_OP_MAX_ITEMS] = { SCHEMA_TYPE_ARRAY, resolve_leaf },
	[SCHEMA_OP_MIN_PROPERTIES] = { SCHEMA_TYPE_OBJECT, resolve_leaf },
	[SCHEMA_OP_MAX_PROPERTIES] = { SCHEMA_TYPE_OBJECT, resolve_leaf },
	[SCHEMA_OP_NEEDS] = { SCHEMA_TYPE_OBJECT, resolve_leaf },
	[SCHEMA_OP_OBJECT] = { SCHEMA_TYPE_OBJECT, resolve_object },
	[SCHEMA_OP_NAMES] = { SCHEMA_TYPE_OBJECT, resolve_leaf },
	[SCHEMA_OP_BRANCHES] = { SCHEMA_TYPE_OBJECT, resolve_open },
	[SCHEMA_OP_ITEMS] = { SCHEMA_TYPE_ARRAY, resolve_leaf },
	[SCHEMA_OP_CONTAINS] = { SCHEMA_TYPE_ARRAY, resolve_open },
	[SCHEMA_OP_UNIQUE] = { SCHEMA_TYPE_ARRAY, resolve_open },
	[SCHEMA_OP_CALL] = { ALL_TYPES, resolve_call },
	[SCHEMA_OP_DYNAMIC] = { ALL_TYPES, resolve_open },
	[SCHEMA_OP_ALL] = { ALL_TYPES, resolve_all },
	[SCHEMA_OP_ANY] = { ALL_TYPES, resolve_any },
	[SCHEMA_OP_ONE] = { ALL_TYPES, resolve_one },
	[SCHEMA_OP_NOT] = { ALL_TYPES, resolve_not },
	[SCHEMA_OP_IF] = { ALL_TYPES, resolve_if },
	[SCHEMA_OP_UNEVALUATED_ITEMS] = { SCHEMA_TYPE_ARRAY, resolve_unevaluated },
	[SCHEMA_OP_UNEVALUATED_PROPERTIES] = { SCHEMA_TYPE_OBJECT, resolve_unevaluated },
};

static bool resolve(struct resolve *r, uint32_t node)
{
	const struct schema_node *n = &r->f->nodes[node];
	uint32_t outer = r->node;
	size_t entered = r->entered;
	bool possible = true;

	if (++r->f->work > FUSION_WORK_MAX) {
		r->out->open++;
		return true;
	}
	r->node = node;
	r->entered = r->out->code.n;
	for (uint32_t i = 0; possible && i < n->count; i++) {
		const struct schema_instr *in = &r->f->code[n->first + i];
		possible = !(rules[in->op].types & r->type) || rules[in->op].resolve(r, in);
	}
	r->node = outer;
	r->entered = entered;
	return possible;
}

/* An atom behind a node with unevaluated* is none of its own. */
static void check_closed(const struct resolve *r)
{
	if (r->closed && r->out->code.n > r->closed)
		r->out->open++;
}

bool fusion_resolve(struct fusion *f, uint32_t node, enum schema_type t, const struct fact *facts, struct atoms *out)
{
	struct node_set set = { &node, 1 };

	return fusion_resolve_set(f, &set, t, facts, out);
}

bool fusion_resolve_set(struct fusion *f, const struct node_set *set, enum schema_type t, const struct fact *facts, struct atoms *out)
{
	struct resolve r = { .f = f, .type = t, .facts = facts, .out = out, .node = SCHEMA_NO_NODE };

	for (uint32_t i = 0; i < set->n; i++) {
		if (!resolve(&r, set->nodes[i]))
			return false;
	}
	check_closed(&r);
	return true;
}
