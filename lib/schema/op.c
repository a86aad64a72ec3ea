/* What each instruction means: a function a row of op.def. An instruction that does not
 * apply to the value's type holds. Owner: schema; workers, the loader and the tool. */
#include <stdlib.h>

#include "schema/private.h"

#define UNIQUE_PAIRWISE 8
#define FEW_NAMES 4

static uint8_t type_of(const struct run *run, uint32_t at)
{
	return run->doc.entries[at].type;
}

/* A failure that explains itself by its instruction alone. */
static bool verdict(struct run *run, const struct schema_instr *in, uint32_t at, bool good)
{
	if (!good && run->explain && !run->reason)
		explain_instr(run, in, at);
	return good;
}

static bool child(struct run *run, uint32_t node, uint32_t at, uint32_t key, uint32_t index)
{
	struct place place = { run->place, key, index };
	const struct place *parent = run->place;

	if (!run->explain)
		return run_node(run, node, at, NULL);
	run->place = &place;
	bool good = run_node(run, node, at, NULL);
	run->place = parent;
	return good;
}

static void mark(struct run *run, const struct marks *marks, uint32_t index)
{
	if (marks)
		run->runner->marks[marks->first + index / 64] |= (uint64_t)1 << index % 64;
}

static bool is_marked(const struct run *run, const struct marks *marks, uint32_t index)
{
	return marks && (run->runner->marks[marks->first + index / 64] >> index % 64 & 1);
}

/* ---- any type ---- */

/* Surely no value of this type: most branches are out by it, and a node need not be entered. */
static bool is_refused(const struct run *run, uint32_t node, uint32_t at)
{
	const struct schema_node *n = &run->p->nodes[node];
	const struct schema_instr *in = &run->p->code[n->first];
	uint8_t type = type_of(run, at);

	return n->count && in->op == SCHEMA_OP_TYPE && !type_fits(in, type) && type != JSON_NUMBER;
}

static bool op_FAIL(struct run *run, const struct schema_instr *in, uint32_t at, const struct marks *marks)
{
	(void)marks;
	return verdict(run, in, at, false);
}

static bool is_integer(const struct run *run, uint32_t at, unsigned flags)
{
	if (run->doc.entries[at].flags & JSON_INTEGER)
		return true;
	struct json_decimal d = json_decimal(json_text(&run->doc, at));
	return !(flags & SCHEMA_SYNTAX_INTEGER) && json_decimal_is_integer(&d);
}

static bool op_TYPE(struct run *run, const struct schema_instr *in, uint32_t at, const struct marks *marks)
{
	uint8_t type = type_of(run, at);

	(void)marks;
	bool good = type_fits(in, type);
	if (!good && type == JSON_NUMBER && in->a & SCHEMA_TYPE_INTEGER)
		good = is_integer(run, at, in->flags);
	return verdict(run, in, at, good);
}

static bool equals(struct run *run, uint32_t at, uint32_t value)
{
	struct json_doc constant = program_value(run->p, value);
	bool good = json_equal(&run->doc, at, &constant, 0, &run->steps);

	return run_spend(run, 1) && good;
}

static bool op_CONST(struct run *run, const struct schema_instr *in, uint32_t at, const struct marks *marks)
{
	(void)marks;
	return verdict(run, in, at, equals(run, at, in->a));
}

static bool is_listed(struct run *run, const struct schema_instr *in, uint32_t at)
{
	const uint32_t *values;
	uint32_t n;

	if (type_of(run, at) == JSON_STRING)
		return program_find(run->p, program_at(run->p, in->a), json_text(&run->doc, at)) != NULL;
	values = program_list(run->p, in->b, &n);
	for (uint32_t i = 0; i < n; i++) {
		if (equals(run, at, values[i]))
			return true;
	}
	return false;
}

static bool op_ENUM(struct run *run, const struct schema_instr *in, uint32_t at, const struct marks *marks)
{
	(void)marks;
	return verdict(run, in, at, is_listed(run, in, at));
}

/* ---- numbers ---- */

static int compare(const struct run *run, const struct schema_instr *in, uint32_t at)
{
	struct span text = json_text(&run->doc, at);
	int64_t v;

	if (in->flags & SCHEMA_SMALL && json_small_integer(text, &v))
		return v < in->c ? -1 : v > in->c;
	struct json_decimal value = json_decimal(text), bound = json_decimal(program_text(run->p, in->a, in->b));
	return json_decimal_compare(&value, &bound);
}

#define BOUND(name, test)                                                                                             \
	static bool op_##name(struct run *run, const struct schema_instr *in, uint32_t at, const struct marks *marks) \
	{                                                                                                             \
		(void)marks;                                                                                          \
		return type_of(run, at) != JSON_NUMBER || verdict(run, in, at, compare(run, in, at) test 0);          \
	}
BOUND(MINIMUM, >=)
BOUND(MAXIMUM, <=)
BOUND(ABOVE, >)
BOUND(BELOW, <)
#undef BOUND

static bool op_MULTIPLE(struct run *run, const struct schema_instr *in, uint32_t at, const struct marks *marks)
{
	struct json_decimal value, unit;

	(void)marks;
	if (type_of(run, at) != JSON_NUMBER)
		return true;
	value = json_decimal(json_text(&run->doc, at));
	unit = json_decimal(program_text(run->p, in->a, in->b));
	return verdict(run, in, at, json_decimal_is_multiple(&value, (uint64_t)in->c, unit.exp));
}

/* ---- strings ---- */

/* Decided from the bytes where they suffice: a code point has one to four. */
static bool is_at_least(struct span text, uint64_t min)
{
	return text.n >= min && (text.n / 4 >= min || json_length(text) >= min);
}

static bool op_MIN_LENGTH(struct run *run, const struct schema_instr *in, uint32_t at, const struct marks *marks)
{
	(void)marks;
	return type_of(run, at) != JSON_STRING || verdict(run, in, at, is_at_least(json_text(&run->doc, at), (uint64_t)in->c));
}

static bool op_MAX_LENGTH(struct run *run, const struct schema_instr *in, uint32_t at, const struct marks *marks)
{
	(void)marks;
	return type_of(run, at) != JSON_STRING || verdict(run, in, at, !is_at_least(json_text(&run->doc, at), (uint64_t)in->c + 1));
}

static bool op_PATTERN(struct run *run, const struct schema_instr *in, uint32_t at, const struct marks *marks)
{
	(void)marks;
	return type_of(run, at) != JSON_STRING || verdict(run, in, at, run_matches(run, in->a, json_text(&run->doc, at)));
}

static bool op_FORMAT(struct run *run, const struct schema_instr *in, uint32_t at, const struct marks *marks)
{
	uint8_t type = type_of(run, at);

	(void)marks;
	if (type != JSON_STRING && type != JSON_NUMBER)
		return true;
	return verdict(run, in, at, schema_format_holds((enum schema_format)in->a, type, json_text(&run->doc, at)));
}

static bool op_CONTENT(struct run *run, const struct schema_instr *in, uint32_t at, const struct marks *marks)
{
	(void)marks;
	return type_of(run, at) != JSON_STRING || verdict(run, in, at, content_holds(run, in->a, json_text(&run->doc, at)));
}

/* ---- sizes ---- */

#define SIZE(name, container, test)                                                                                   \
	static bool op_##name(struct run *run, const struct schema_instr *in, uint32_t at, const struct marks *marks) \
	{                                                                                                             \
		const struct json_entry *e = &run->doc.entries[at];                                                   \
		(void)marks;                                                                                          \
		return e->type != container || verdict(run, in, at, (int64_t)e->len test in->c);                      \
	}
SIZE(MIN_ITEMS, JSON_ARRAY, >=)
SIZE(MAX_ITEMS, JSON_ARRAY, <=)
SIZE(MIN_PROPERTIES, JSON_OBJECT, >=)
SIZE(MAX_PROPERTIES, JSON_OBJECT, <=)
#undef SIZE

/* ---- objects ---- */

static bool has_member(struct run *run, uint32_t at, struct span name)
{
	return run_spend(run, run->doc.entries[at].len / 8) && json_member(&run->doc, at, name) != 0;
}

static bool needs_hold(struct run *run, const struct schema_instr *in, uint32_t at, struct span trigger, uint32_t names_off)
{
	uint32_t n;
	const uint32_t *names = program_list(run->p, names_off, &n);
	bool good = true;

	for (uint32_t i = 0; i < n && (good || run->explain); i++) {
		struct span name = program_text(run->p, names[i * 2], names[i * 2 + 1]);
		if (has_member(run, at, name))
			continue;
		good = false;
		if (run->explain && !run->reason)
			explain_missing(run, in->where, at, name, trigger);
	}
	return good;
}

static bool op_NEEDS(struct run *run, const struct schema_instr *in, uint32_t at, const struct marks *marks)
{
	uint32_t n;
	const uint32_t *w = program_list(run->p, in->a, &n);
	bool good = true;

	(void)marks;
	if (type_of(run, at) != JSON_OBJECT)
		return true;
	for (uint32_t i = 0; i < n && (good || run->explain); i++, w += 3) {
		struct span trigger = program_text(run->p, w[0], w[1]);
		if (has_member(run, at, trigger) && !needs_hold(run, in, at, trigger, w[2]))
			good = false;
	}
	return good && !run->reason;
}

/* properties, patternProperties, additionalProperties of one member; counts `required`. */
static bool member_holds(struct run *run, const struct schema_instr *in, const struct schema_object *o, uint32_t key,
                         uint32_t index, uint32_t *seen, bool *matched)
{
	struct span name = json_text(&run->doc, key);
	const struct schema_row *row = program_find(run->p, program_at(run->p, o->table), name);
	uint32_t n;
	const uint32_t *patterns = program_list(run->p, o->patterns, &n);
	bool good = true;

	*matched = row && row->node != SCHEMA_NO_NODE;
	if (row)
		*seen += row->required;
	if (*matched)
		good = child(run, row->node, key + 1, key, index);
	for (uint32_t i = 0; i < n && (good || run->explain); i++) {
		if (!run_matches(run, patterns[i * 2], name))
			continue;
		*matched = true;
		good = child(run, patterns[i * 2 + 1], key + 1, key, index) && good;
	}
	if (*matched || o->additional == SCHEMA_NO_NODE)
		return good;
	*matched = true;
	if (!run->explain)
		return child(run, o->additional, key + 1, key, index);
	if (explain_quietly(run, o->additional, key + 1, NULL))
		return good;
	const struct schema_node *closed = &run->p->nodes[o->additional];
	if (closed->count == 1 && run->p->code[closed->first].op == SCHEMA_OP_FAIL)
		explain_unexpected(run, in, o, key);
	else
		(void)child(run, o->additional, key + 1, key, index);
	return false;
}

/* The entry of the member's name, or 0. */
static uint32_t find_member(const struct run *run, uint32_t at, struct span name, uint32_t *index)
{
	const struct json_entry *e = run->doc.entries;
	uint32_t end = e[at].next, i = 0;

	for (uint32_t key = at + 1; key < end; key = e[key + 1].next, i++) {
		if (e[key].len != name.n || !name_is(json_text(&run->doc, key).p, name.p, name.n))
			continue;
		*index = i;
		return key;
	}
	return 0;
}

/* Few names, and nothing is said of other members: each name is looked for, none of them
 * is hashed. Most branches that fail lack a name. */
static bool names_hold(struct run *run, const struct schema_table *t, uint32_t at, const struct marks *marks)
{
	const struct schema_row *row = &run->p->rows[t->first];
	uint32_t index = 0;

	for (const struct schema_row *end = row + t->count; row < end; row++) {
		uint32_t key = find_member(run, at, program_text(run->p, row->off, row->len), &index);
		if (!key && row->required)
			return false;
		if (!key || row->node == SCHEMA_NO_NODE)
			continue;
		if (!run_node(run, row->node, key + 1, NULL))
			return false;
		mark(run, marks, index);
	}
	return true;
}

static bool members_hold(struct run *run, const struct schema_instr *in, const struct schema_object *o, uint32_t at, const struct marks *marks)
{
	const struct json_entry *e = &run->doc.entries[at];
	uint32_t seen = 0, index = 0;
	bool good = true, matched;

	for (uint32_t key = at + 1; key < e->next; key = run->doc.entries[key + 1].next, index++) {
		if (!member_holds(run, in, o, key, index, &seen, &matched)) {
			good = false;
			if (!run->explain || run->reason)
				return false;
		}
		if (matched)
			mark(run, marks, index);
	}
	if (seen >= o->required)
		return good;
	if (run->explain)
		explain_required(run, in, o, at);
	return false;
}

static bool op_OBJECT(struct run *run, const struct schema_instr *in, uint32_t at, const struct marks *marks)
{
	const struct schema_object *o = program_at(run->p, in->a);
	const struct schema_table *t = program_at(run->p, o->table);
	const struct json_entry *e = &run->doc.entries[at];
	uint32_t patterns, index;

	if (e->type != JSON_OBJECT)
		return true;
	if (!run_spend(run, e->len))
		return false;
	if (run->explain)
		return members_hold(run, in, o, at, marks);
	(void)program_list(run->p, o->patterns, &patterns);
	if (t->count <= FEW_NAMES && patterns == 0 && o->additional == SCHEMA_NO_NODE)
		return names_hold(run, t, at, marks);
	const struct schema_row *first = &run->p->rows[t->first];
	if (o->required && t->count && first->required && !find_member(run, at, program_text(run->p, first->off, first->len), &index))
		return false;
	return members_hold(run, in, o, at, marks);
}

static bool op_NAMES(struct run *run, const struct schema_instr *in, uint32_t at, const struct marks *marks)
{
	const struct json_entry *e = &run->doc.entries[at];
	bool good = true;

	(void)marks;
	for (uint32_t key = at + 1; e->type == JSON_OBJECT && key < e->next; key = run->doc.entries[key + 1].next) {
		if (run_node(run, in->a, key, NULL))
			continue;
		good = false;
		if (!run->explain || run->reason)
			break;
	}
	return good;
}

static bool op_BRANCHES(struct run *run, const struct schema_instr *in, uint32_t at, const struct marks *marks)
{
	uint32_t n;
	const uint32_t *w = program_list(run->p, in->a, &n);
	bool good = true;

	if (type_of(run, at) != JSON_OBJECT)
		return true;
	for (uint32_t i = 0; i < n && (good || run->explain); i++, w += 3) {
		if (has_member(run, at, program_text(run->p, w[0], w[1])))
			good = run_node(run, w[2], at, marks) && good;
	}
	return good && !run->reason;
}

/* ---- arrays ---- */

static bool op_ITEMS(struct run *run, const struct schema_instr *in, uint32_t at, const struct marks *marks)
{
	const struct json_entry *e = &run->doc.entries[at];
	uint32_t n, index = 0;
	const uint32_t *tuple = program_list(run->p, in->a, &n);
	bool good = true;

	if (e->type != JSON_ARRAY)
		return true;
	for (uint32_t i = at + 1; i < e->next; i = run->doc.entries[i].next, index++) {
		uint32_t node = index < n ? tuple[index] : in->b;
		if (node == SCHEMA_NO_NODE)
			break;
		if (!child(run, node, i, 0, index)) {
			good = false;
			if (!run->explain || run->reason)
				return false;
		}
		mark(run, marks, index);
	}
	return good;
}

/* c: minContains and, above 32 bits, maxContains; a flag: matches count as evaluated. */
static bool op_CONTAINS(struct run *run, const struct schema_instr *in, uint32_t at, const struct marks *marks)
{
	const struct json_entry *e = &run->doc.entries[at];
	uint32_t min = (uint32_t)in->c, max = (uint32_t)((uint64_t)in->c >> 32), found = 0, index = 0;

	if (e->type != JSON_ARRAY)
		return true;
	for (uint32_t i = at + 1; i < e->next && !run->reason; i = run->doc.entries[i].next, index++) {
		if (!explain_quietly(run, in->a, i, NULL))
			continue;
		found++;
		if (in->flags & SCHEMA_COUNTS)
			mark(run, marks, index);
		if (found >= min && max == UINT32_MAX && !marks)
			break;
	}
	return !run->reason && verdict(run, in, at, found >= min && found <= max);
}

static bool items_differ_pairwise(struct run *run, uint32_t at, uint32_t *first, uint32_t *second)
{
	const struct json_entry *e = run->doc.entries;

	for (uint32_t i = at + 1; i < e[at].next; i = e[i].next) {
		for (uint32_t k = e[i].next; k < e[at].next; k = e[k].next) {
			if (json_equal(&run->doc, i, &run->doc, k, &run->steps)) {
				*first = i;
				*second = k;
				return false;
			}
		}
	}
	return run_spend(run, 1);
}

static bool items_differ_hashed(struct run *run, uint32_t at, uint32_t *first, uint32_t *second)
{
	struct schema_runner *r = run->runner;
	const struct json_entry *e = run->doc.entries;
	size_t cap = 64;

	while (cap < (size_t)e[at].len * 2)
		cap *= 2;
	if (!run_cells(run, cap) || !run_spend(run, e[at].next - at))
		return false;
	for (uint32_t i = at + 1; i < e[at].next; i = e[i].next) {
		size_t cell = json_hash(&run->doc, i, r->seed) & (cap - 1);
		for (; r->cells[cell]; cell = (cell + 1) & (cap - 1)) {
			if (!json_equal(&run->doc, r->cells[cell], &run->doc, i, &run->steps))
				continue;
			*first = r->cells[cell];
			*second = i;
			return false;
		}
		r->cells[cell] = i;
	}
	return run_spend(run, 1);
}

static uint32_t index_of(const struct run *run, uint32_t array, uint32_t item)
{
	uint32_t index = 0;

	for (uint32_t i = array + 1; i < item; i = run->doc.entries[i].next)
		index++;
	return index;
}

static bool op_UNIQUE(struct run *run, const struct schema_instr *in, uint32_t at, const struct marks *marks)
{
	const struct json_entry *e = &run->doc.entries[at];
	uint32_t first = 0, second = 0;

	(void)marks;
	if (e->type != JSON_ARRAY || e->len < 2)
		return true;
	bool good = e->len <= UNIQUE_PAIRWISE ? items_differ_pairwise(run, at, &first, &second) : items_differ_hashed(run, at, &first, &second);
	if (!good && run->explain && second)
		explain_many(run, in, at, index_of(run, at, first), index_of(run, at, second));
	return good;
}

/* ---- in place ---- */

static bool op_CALL(struct run *run, const struct schema_instr *in, uint32_t at, const struct marks *marks)
{
	return run_node(run, in->a, at, marks);
}

static int by_first(const void *key, const void *pair)
{
	uint32_t x = *(const uint32_t *)key, y = *(const uint32_t *)pair;

	return x < y ? -1 : x > y;
}

/* The outermost resource entered that has the anchor wins. */
static bool op_DYNAMIC(struct run *run, const struct schema_instr *in, uint32_t at, const struct marks *marks)
{
	uint32_t n, node = in->a;
	const uint32_t *pairs = program_list(run->p, in->b, &n);

	for (const struct scope *s = run->scope; s && run_spend(run, 1); s = s->outer) {
		const uint32_t *pair = bsearch(&s->resource, pairs, n, 2 * sizeof *pairs, by_first);
		node = pair ? pair[1] : node;
	}
	return !run->reason && run_node(run, node, at, marks);
}

static bool op_ALL(struct run *run, const struct schema_instr *in, uint32_t at, const struct marks *marks)
{
	uint32_t n;
	const uint32_t *nodes = program_list(run->p, in->a, &n);
	bool good = true;

	for (uint32_t i = 0; i < n && (good || run->explain); i++)
		good = run_node(run, nodes[i], at, marks) && good;
	return good;
}

static bool branch_holds(struct run *run, uint32_t node, uint32_t at, const struct marks *marks)
{
	if (is_refused(run, node, at))
		return run_spend(run, 1) && false;
	return run_branch(run, node, at, marks);
}

static bool op_ANY(struct run *run, const struct schema_instr *in, uint32_t at, const struct marks *marks)
{
	uint32_t n;
	const uint32_t *nodes = program_list(run->p, in->a, &n);
	bool good = false;

	for (uint32_t i = 0; i < n && !run->reason && (!good || marks); i++)
		good = branch_holds(run, nodes[i], at, marks) || good;
	if (!good && run->explain && !run->reason)
		explain_branches(run, in, at);
	return good && !run->reason;
}

static bool op_ONE(struct run *run, const struct schema_instr *in, uint32_t at, const struct marks *marks)
{
	uint32_t n, found = 0, first = 0, second = 0;
	const uint32_t *nodes = program_list(run->p, in->a, &n);

	for (uint32_t i = 0; i < n && !run->reason && found < 2; i++) {
		if (!branch_holds(run, nodes[i], at, marks))
			continue;
		first = found ? first : i;
		second = i;
		found++;
	}
	if (run->reason || found == 1)
		return !run->reason;
	if (run->explain && found == 0)
		explain_branches(run, in, at);
	else if (run->explain)
		explain_many(run, in, at, first, second);
	return false;
}

static bool op_NOT(struct run *run, const struct schema_instr *in, uint32_t at, const struct marks *marks)
{
	(void)marks;
	bool good = !explain_quietly(run, in->a, at, NULL);
	return !run->reason && verdict(run, in, at, good);
}

static bool op_IF(struct run *run, const struct schema_instr *in, uint32_t at, const struct marks *marks)
{
	uint32_t n;
	const uint32_t *then_else = program_list(run->p, in->b, &n);
	bool holds = run_branch(run, in->a, at, marks);

	return !run->reason && run_node(run, then_else[holds ? 0 : 1], at, marks);
}

/* ---- what nothing else evaluated ---- */

static bool rest_holds(struct run *run, const struct schema_instr *in, uint32_t at, uint32_t key, uint32_t index)
{
	struct place place = { run->place, key, index };
	const struct schema_node *closed = &run->p->nodes[in->a];

	if (!run->explain || closed->count != 1 || run->p->code[closed->first].op != SCHEMA_OP_FAIL)
		return child(run, in->a, at, key, index);
	run->place = &place;
	explain_unevaluated(run, in, at);
	run->place = place.parent;
	return false;
}

static bool op_UNEVALUATED_ITEMS(struct run *run, const struct schema_instr *in, uint32_t at, const struct marks *marks)
{
	const struct json_entry *e = &run->doc.entries[at];
	uint32_t index = 0;
	bool good = true;

	for (uint32_t i = at + 1; e->type == JSON_ARRAY && i < e->next && (good || run->explain); i = run->doc.entries[i].next, index++) {
		if (!is_marked(run, marks, index))
			good = rest_holds(run, in, i, 0, index) && good;
		mark(run, marks, index);
	}
	return good;
}

static bool op_UNEVALUATED_PROPERTIES(struct run *run, const struct schema_instr *in, uint32_t at, const struct marks *marks)
{
	const struct json_entry *e = &run->doc.entries[at];
	uint32_t index = 0;
	bool good = true;

	if (e->type != JSON_OBJECT)
		return true;
	for (uint32_t key = at + 1; key < e->next && (good || run->explain); key = run->doc.entries[key + 1].next, index++) {
		if (!is_marked(run, marks, index))
			good = rest_holds(run, in, key + 1, key, index) && good;
		mark(run, marks, index);
	}
	return good;
}

op_function *const run_ops[SCHEMA_OP_COUNT] = {
#define OP(name, a, b) op_##name,
#include "schema/op.def"
#undef OP
};
