/* The slow pass over an instance that failed: every error with its place, in words that
 * a person acts on. Runs the same instructions as the verdict. Owner: schema; workers,
 * the loader and the tool. */
#include <stdio.h>

#include "base/buf.h"
#include "schema/private.h"

#define ERRORS_DEFAULT 16
#define BRANCH_ERRORS 4                 /* kept of each branch that is tried */
#define FOUND_MAX 64                    /* bytes of a quoted value */
#define NAMES_SHOWN 8
#define STEPS_FACTOR 8                  /* budget of this pass over that of the verdict */

struct explained {
	struct schema_error e;
	uint16_t op;
	unsigned depth;                 /* of the value in the instance */
};

struct explain {
	struct schema_report *report;
	struct explained *items;
	size_t n, max;
	bool more;
	bool no_memory;
};

bool explain_quietly(struct run *run, uint32_t node, uint32_t at, const struct marks *marks)
{
	struct explain *explain = run->explain;

	run->explain = NULL;
	bool good = run_node(run, node, at, marks);
	run->explain = explain;
	return good;
}

/* ---- places ---- */

static unsigned depth_of(const struct place *place)
{
	unsigned depth = 0;

	for (; place; place = place->parent)
		depth++;
	return depth;
}

static void put_token(struct buf *out, struct span name)
{
	for (size_t i = 0; i < name.n; i++) {
		if (name.p[i] == '~')
			buf_puts(out, "~0");
		else if (name.p[i] == '/')
			buf_puts(out, "~1");
		else if (name.p[i] == 0)         /* the pointer is a C text */
			buf_puts(out, "\\u0000");
		else
			buf_addch(out, (char)name.p[i]);
	}
}

static void put_place(const struct run *run, const struct place *place, struct buf *out)
{
	if (!place)
		return;
	put_place(run, place->parent, out);
	buf_addch(out, '/');
	if (place->key)
		put_token(out, json_text(&run->doc, place->key));
	else
		buf_printf(out, "%u", place->index);
}

/* The text, owned by the report; "" when memory is short, which is remembered. */
static const char *keep(struct run *run, struct buf *b)
{
	const char *s = buf_error(b) ? NULL : arena_strndup(run->explain->report->arena, b->p, b->n);

	buf_fini(b);
	if (!s)
		run->explain->no_memory = true;
	return s ? s : "";
}

/* ---- values ---- */

static const char *type_word(uint8_t type)
{
	static const char *const words[] = { "null", "boolean", "boolean", "number", "string", "array", "object" };

	return words[type];
}

static size_t cut(struct span s, size_t max)
{
	size_t n = s.n <= max ? s.n : max;

	while (n < s.n && n && (s.p[n] & 0xc0) == 0x80)
		n--;
	return n;
}

/* Bytes of the value in the text, up to about FOUND_MAX. */
static struct span source_of(const struct run *run, uint32_t at)
{
	const struct json_entry *e = &run->doc.entries[at];
	struct span text = run->runner->tape.text;
	size_t from = json_offset(&run->doc, at), end = from;
	unsigned depth = 0;
	bool quoted = false;

	if (e->type < JSON_STRING)
		return json_text(&run->doc, at);
	while (end < text.n && end - from <= FOUND_MAX + 4) {
		uint8_t c = text.p[end++];
		if (c == '\\' && quoted)
			end++;
		else if (c == '"')
			quoted = !quoted;
		else if (!quoted && (c == '{' || c == '['))
			depth++;
		else if (!quoted && (c == '}' || c == ']'))
			depth--;
		if (!quoted && depth == 0)
			break;
	}
	return span_of(text.p + from, end < text.n ? end - from : text.n - from);
}

static void put_cut(struct buf *out, struct span s, size_t max)
{
	size_t n = cut(s, max);

	for (size_t i = 0; i < n; i++)
		buf_addch(out, s.p[i] == '\n' || s.p[i] == '\r' || s.p[i] == '\t' ? ' ' : (char)s.p[i]);
	if (n < s.n)
		buf_puts(out, "...");
}

static void put_found(const struct run *run, uint32_t at, struct buf *out)
{
	if (run->explain->report->hide_values)
		buf_puts(out, type_word(run->doc.entries[at].type));
	else
		put_cut(out, source_of(run, at), FOUND_MAX);
}

static void put_quoted(struct buf *out, struct span name)
{
	buf_addch(out, '"');
	put_cut(out, name, FOUND_MAX);
	buf_addch(out, '"');
}

/* ---- what was expected ---- */

static void put_types(struct buf *out, uint32_t mask)
{
	static const char *const words[] = { "null", "boolean", "integer", "number", "string", "array", "object" };
	const char *sep = "";

	for (unsigned i = 0; i < ARRAY_LEN(words); i++) {
		if (!(mask >> i & 1))
			continue;
		buf_printf(out, "%s%s", sep, words[i]);
		sep = " or ";
	}
}

/* A constant, as JSON as far as it is short. */
static void put_value(const struct json_doc *d, uint32_t at, struct buf *out)
{
	const struct json_entry *e = &d->entries[at];
	struct span s;

	switch (e->type) {
	case JSON_STRING:
		put_quoted(out, json_text(d, at));
		break;
	case JSON_ARRAY:
		buf_puts(out, e->len ? "[...]" : "[]");
		break;
	case JSON_OBJECT:
		buf_puts(out, e->len ? "{...}" : "{}");
		break;
	default:
		s = json_text(d, at);
		put_cut(out, s, FOUND_MAX);
	}
}

static void put_enum(const struct program *p, const struct schema_instr *in, struct buf *out)
{
	const struct schema_table *t = program_at(p, in->a);
	uint32_t n, shown = 0;
	const uint32_t *values = program_list(p, in->b, &n);
	uint32_t all = t->count + n;

	buf_puts(out, all > 1 ? "one of " : "");
	for (uint32_t i = 0; i < t->count && shown < NAMES_SHOWN; i++, shown++) {
		const struct schema_row *row = &p->rows[t->first + i];
		buf_puts(out, shown ? ", " : "");
		put_quoted(out, program_text(p, row->off, row->len));
	}
	for (uint32_t i = 0; i < n && shown < NAMES_SHOWN; i++, shown++) {
		struct json_doc d = program_value(p, values[i]);
		buf_puts(out, shown ? ", " : "");
		put_value(&d, 0, out);
	}
	if (shown < all)
		buf_printf(out, " and %u more", all - shown);
}

static const char *bound_sign(uint16_t op)
{
	return op == SCHEMA_OP_MINIMUM ? ">=" : op == SCHEMA_OP_MAXIMUM ? "<=" : op == SCHEMA_OP_ABOVE ? ">" : "<";
}

/* The other demands of the same schema that speak of a number or a string's form. */
static void put_company(const struct program *p, const struct schema_node *n, uint32_t mask, struct buf *out)
{
	bool numbers = mask & (SCHEMA_TYPE_INTEGER | SCHEMA_TYPE_NUMBER), first = true;

	for (uint32_t i = 0; i < n->count; i++) {
		const struct schema_instr *in = &p->code[n->first + i];
		if (numbers && in->op >= SCHEMA_OP_MINIMUM && in->op <= SCHEMA_OP_BELOW) {
			struct span bound = program_text(p, in->a, in->b);
			buf_printf(out, "%s %s ", first ? "" : " and", bound_sign(in->op));
			put_cut(out, bound, FOUND_MAX);
			first = false;
		} else if (mask & SCHEMA_TYPE_STRING && in->op == SCHEMA_OP_FORMAT) {
			buf_printf(out, " in format %s", schema_format_name((enum schema_format)in->a));
		}
	}
}

/* The node that the instruction belongs to: nodes are many, failing records are few. */
static const struct schema_node *node_of(const struct program *p, const struct schema_instr *in)
{
	uint32_t index = (uint32_t)(in - p->code);

	for (size_t i = 0; i < p->nnodes; i++) {
		if (index >= p->nodes[i].first && index - p->nodes[i].first < p->nodes[i].count)
			return &p->nodes[i];
	}
	return &p->nodes[SCHEMA_NODE_ANY];
}

static void put_bound(const struct program *p, const struct schema_instr *in, struct buf *out)
{
	const struct schema_node *n = node_of(p, in);

	for (uint32_t i = 0; i < n->count; i++) {
		const struct schema_instr *type = &p->code[n->first + i];
		uint32_t mask = type->a & (SCHEMA_TYPE_INTEGER | SCHEMA_TYPE_NUMBER);
		if (type->op != SCHEMA_OP_TYPE || !mask)
			continue;
		put_types(out, mask);
		put_company(p, n, mask, out);
		return;
	}
	buf_puts(out, "number");
	put_company(p, n, SCHEMA_TYPE_NUMBER, out);
}

static const char *plural(int64_t n)
{
	return n == 1 ? "" : "s";
}

static void put_contains(const struct schema_instr *in, struct buf *out)
{
	uint32_t min = (uint32_t)in->c, max = (uint32_t)((uint64_t)in->c >> 32);

	buf_puts(out, "array with ");
	if (max == UINT32_MAX)
		buf_printf(out, "at least %u item%s that match%s `contains`", min, plural(min), min == 1 ? "es" : "");
	else
		buf_printf(out, "%u to %u items that match `contains`", min, max);
}

static void put_expected(const struct run *run, const struct schema_instr *in, struct buf *out)
{
	const struct program *p = run->p;
	struct json_doc constant;

	switch (in->op) {
	case SCHEMA_OP_FAIL:
		buf_puts(out, "no value");
		break;
	case SCHEMA_OP_TYPE:
		put_types(out, in->a);
		put_company(p, node_of(p, in), in->a, out);
		break;
	case SCHEMA_OP_CONST:
		constant = program_value(p, in->a);
		put_value(&constant, 0, out);
		break;
	case SCHEMA_OP_ENUM:
		put_enum(p, in, out);
		break;
	case SCHEMA_OP_MINIMUM:
	case SCHEMA_OP_MAXIMUM:
	case SCHEMA_OP_ABOVE:
	case SCHEMA_OP_BELOW:
		put_bound(p, in, out);
		break;
	case SCHEMA_OP_MULTIPLE:
		buf_puts(out, "multiple of ");
		put_cut(out, program_text(p, in->a, in->b), FOUND_MAX);
		break;
	case SCHEMA_OP_MIN_LENGTH:
		buf_printf(out, "string of at least %lld character%s", (long long)in->c, plural(in->c));
		break;
	case SCHEMA_OP_MAX_LENGTH:
		buf_printf(out, "string of at most %lld character%s", (long long)in->c, plural(in->c));
		break;
	case SCHEMA_OP_FORMAT:
		buf_printf(out, "%s in format %s", in->flags & SCHEMA_SMALL ? "integer" : "string", schema_format_name((enum schema_format)in->a));
		break;
	case SCHEMA_OP_PATTERN:
		buf_puts(out, "string that matches ");
		put_cut(out, span_str(p->cold + in->b), FOUND_MAX);
		break;
	case SCHEMA_OP_CONTENT:
		buf_printf(out, "string that is %s", in->a == SCHEMA_CONTENT_JSON ? "JSON" : in->a == SCHEMA_CONTENT_BASE64 ? "base64" : "base64 of JSON");
		break;
	case SCHEMA_OP_MIN_ITEMS:
		buf_printf(out, "array of at least %lld item%s", (long long)in->c, plural(in->c));
		break;
	case SCHEMA_OP_MAX_ITEMS:
		buf_printf(out, "array of at most %lld item%s", (long long)in->c, plural(in->c));
		break;
	case SCHEMA_OP_MIN_PROPERTIES:
		buf_printf(out, "object of at least %lld propert%s", (long long)in->c, in->c == 1 ? "y" : "ies");
		break;
	case SCHEMA_OP_MAX_PROPERTIES:
		buf_printf(out, "object of at most %lld propert%s", (long long)in->c, in->c == 1 ? "y" : "ies");
		break;
	case SCHEMA_OP_CONTAINS:
		put_contains(in, out);
		break;
	case SCHEMA_OP_NOT:
		buf_puts(out, "value that does not match `not`");
		break;
	case SCHEMA_OP_ANY:
	case SCHEMA_OP_ONE:
		buf_puts(out, "value that matches a branch");
		break;
	default:
		buf_puts(out, "valid value");
	}
}

/* ---- errors ---- */

static struct explained *add(struct run *run, uint32_t where, uint32_t at, uint16_t op)
{
	struct explain *x = run->explain;
	struct buf b;

	if (x->n == x->max) {
		x->more = true;
		return NULL;
	}
	struct explained *item = &x->items[x->n++];
	*item = (struct explained){ .op = op, .depth = depth_of(run->place) };
	buf_init(&b, 0);
	put_place(run, run->place, &b);
	item->e.instance = keep(run, &b);
	item->e.keyword = arena_strdup(x->report->arena, run->p->cold + where);
	item->e.keyword = item->e.keyword ? item->e.keyword : "";
	item->e.offset = json_offset(&run->doc, at);
	buf_init(&b, 0);
	put_found(run, at, &b);
	item->e.found = keep(run, &b);
	return item;
}

static const char *message(struct run *run, const struct schema_error *e)
{
	struct buf b;

	buf_init(&b, 0);
	buf_printf(&b, "expected %s, found %s", e->expected, e->found);
	return keep(run, &b);
}

static void add_expected(struct run *run, uint32_t where, uint32_t at, uint16_t op, struct buf *expected)
{
	struct explained *item = add(run, where, at, op);

	if (!item) {
		buf_fini(expected);
		return;
	}
	item->e.expected = keep(run, expected);
	item->e.message = message(run, &item->e);
}

void explain_instr(struct run *run, const struct schema_instr *in, uint32_t at)
{
	struct buf expected;

	buf_init(&expected, 0);
	put_expected(run, in, &expected);
	add_expected(run, in->where, at, in->op, &expected);
}

void explain_missing(struct run *run, uint32_t where, uint32_t at, struct span name, struct span because)
{
	struct explained *item = add(run, where, at, SCHEMA_OP_NEEDS);
	struct buf b;

	if (!item)
		return;
	buf_init(&b, 0);
	buf_puts(&b, "property ");
	put_quoted(&b, name);
	item->e.expected = keep(run, &b);
	buf_init(&b, 0);
	buf_printf(&b, "required %s is missing", item->e.expected);
	if (because.p) {
		buf_puts(&b, ", as ");
		put_quoted(&b, because);
		buf_puts(&b, " is there");
	}
	item->e.message = keep(run, &b);
}

void explain_required(struct run *run, const struct schema_instr *in, const struct schema_object *o, uint32_t at)
{
	const struct schema_table *t = program_at(run->p, o->table);

	(void)in;
	for (uint32_t i = 0; i < t->count; i++) {
		const struct schema_row *row = &run->p->rows[t->first + i];
		struct span name = program_text(run->p, row->off, row->len);
		if (row->required && !json_member(&run->doc, at, name))
			explain_missing(run, o->where_required, at, name, SPAN_NULL);
	}
}

static void put_known(const struct program *p, const struct schema_table *t, struct buf *out)
{
	uint32_t shown = 0;

	for (uint32_t i = 0; i < t->count; i++) {
		const struct schema_row *row = &p->rows[t->first + i];
		if (row->node == SCHEMA_NO_NODE)
			continue;
		if (shown++ == NAMES_SHOWN) {
			buf_puts(out, " and others");
			return;
		}
		buf_puts(out, shown > 1 ? ", " : "one of ");
		put_quoted(out, program_text(p, row->off, row->len));
	}
	buf_puts(out, shown ? "" : "no property");
}

static void unexpected(struct run *run, uint32_t where, uint32_t key, struct buf *expected)
{
	struct place place = { run->place, key, 0 };
	struct buf b;

	/* A name that no schema knows is the payload's: the pointer hides it too. */
	if (!run->explain->report->hide_values)
		run->place = &place;
	struct explained *item = add(run, where, key + 1, SCHEMA_OP_OBJECT);
	run->place = place.parent;
	if (!item) {
		buf_fini(expected);
		return;
	}
	item->e.expected = keep(run, expected);
	buf_init(&b, 0);
	buf_puts(&b, "unexpected property");
	if (!run->explain->report->hide_values) {
		buf_addch(&b, ' ');
		put_quoted(&b, json_text(&run->doc, key));
	}
	buf_printf(&b, ", expected %s", item->e.expected);
	item->e.message = keep(run, &b);
}

void explain_unexpected(struct run *run, const struct schema_instr *in, const struct schema_object *o, uint32_t key)
{
	struct buf expected;

	(void)in;
	buf_init(&expected, 0);
	put_known(run->p, program_at(run->p, o->table), &expected);
	unexpected(run, o->where_additional, key, &expected);
}

void explain_unevaluated(struct run *run, const struct schema_instr *in, uint32_t at)
{
	const struct place *here = run->place;
	struct buf expected;

	buf_init(&expected, 0);
	buf_puts(&expected, in->op == SCHEMA_OP_UNEVALUATED_ITEMS ? "no further item" : "only properties that a schema names");
	if (here->key == 0) {
		add_expected(run, in->where, at, in->op, &expected);
		return;
	}
	run->place = here->parent;
	unexpected(run, in->where, here->key, &expected);
	run->place = here;
}

void explain_many(struct run *run, const struct schema_instr *in, uint32_t at, uint32_t first, uint32_t second)
{
	struct explained *item = add(run, in->where, at, in->op);
	struct buf b;

	if (!item)
		return;
	buf_init(&b, 0);
	if (in->op == SCHEMA_OP_UNIQUE) {
		item->e.expected = "array of different items";
		buf_printf(&b, "items %u and %u are equal, expected all to differ", first, second);
	} else {
		item->e.expected = "value that matches one branch only";
		buf_printf(&b, "matches branches %u and %u of oneOf, expected one only", first, second);
	}
	item->e.message = keep(run, &b);
}

/* ---- branches: the nearest one speaks ---- */

struct branch {
	struct explain explain;
	unsigned score;                 /* less is nearer */
	uint32_t types;                 /* of a TYPE that the value itself fails, else 0 */
};

static void try_branch(struct run *run, uint32_t node, uint32_t at, struct branch *b)
{
	struct explain *outer = run->explain;
	unsigned depth = depth_of(run->place);

	*b = (struct branch){ .explain = { .report = outer->report, .max = BRANCH_ERRORS } };
	b->explain.items = arena_array(outer->report->arena, BRANCH_ERRORS, sizeof *b->explain.items);
	if (!b->explain.items) {
		outer->no_memory = true;
		return;
	}
	run->explain = &b->explain;
	(void)run_node(run, node, at, NULL);
	run->explain = outer;
	for (size_t i = 0; i < b->explain.n; i++) {
		const struct explained *item = &b->explain.items[i];
		bool tells_apart = item->op == SCHEMA_OP_CONST || item->op == SCHEMA_OP_ENUM;
		if (item->depth == depth && item->op == SCHEMA_OP_TYPE)
			b->score += 10000;
		b->score += item->depth <= depth + 1 && tells_apart ? 100 : 2;
	}
	b->score += b->explain.more;
	if (b->score >= 10000)
		b->types = 1;
}

static void take(struct explain *to, const struct explain *from)
{
	for (size_t i = 0; i < from->n; i++) {
		if (to->n < to->max)
			to->items[to->n++] = from->items[i];
		else
			to->more = true;
	}
	to->more |= from->more;
	to->no_memory |= from->no_memory;
}

/* "expected integer or object, found true": no branch takes the value's type. */
static void no_type_fits(struct run *run, const struct schema_instr *in, uint32_t at, const struct branch *branches, uint32_t n)
{
	struct buf expected;

	buf_init(&expected, 0);
	for (uint32_t i = 0; i < n; i++) {
		bool again = false;
		for (uint32_t k = 0; k < i; k++)
			again |= strcmp(branches[k].explain.items[0].e.expected, branches[i].explain.items[0].e.expected) == 0;
		if (!again)
			buf_printf(&expected, "%s%s", i ? " or " : "", branches[i].explain.items[0].e.expected);
	}
	add_expected(run, in->where, at, in->op, &expected);
}

void explain_branches(struct run *run, const struct schema_instr *in, uint32_t at)
{
	uint32_t n, best = 0, typed = 0;
	const uint32_t *nodes = program_list(run->p, in->a, &n);
	struct branch *branches = arena_array(run->explain->report->arena, n + 1, sizeof *branches);

	for (uint32_t i = 0; branches && i < n && !run->reason; i++) {
		try_branch(run, nodes[i], at, &branches[i]);
		best = branches[i].score < branches[best].score ? i : best;
		typed += branches[i].types && branches[i].explain.n == 1;
	}
	if (!branches || n == 0 || run->reason || branches[best].explain.n == 0)
		explain_instr(run, in, at);
	else if (typed == n && n > 1)
		no_type_fits(run, in, at, branches, n);
	else
		take(run->explain, &branches[best].explain);
}

/* ---- the pass ---- */

static void publish(struct schema_report *report, const struct explain *x)
{
	report->errors = arena_array(report->arena, x->n + 1, sizeof *report->errors);
	report->n = report->errors ? x->n : 0;
	report->more = x->more;
	for (size_t i = 0; i < report->n; i++)
		report->errors[i] = x->items[i].e;
}

/* An error for what has no value to point at: text that is no JSON, memory that is short. */
static void publish_one(struct schema_report *report, const char *what, const char *expected, size_t offset)
{
	static struct schema_error no_memory = { "", "", "invalid; no memory to say why", "valid value", "value", 0 };

	report->n = 1;
	report->errors = arena_alloc(report->arena, sizeof *report->errors);
	if (!report->errors)
		report->errors = &no_memory;
	else
		*report->errors = (struct schema_error){ "", "", what, expected, "", offset };
}

static void not_json(struct schema_runner *r, struct schema_report *report)
{
	const char *what = arena_printf(report->arena, "not JSON: %s at byte %zu", r->tape.what, r->tape.where);

	publish_one(report, what ? what : "not JSON", "JSON text", r->tape.where);
}

static void collect(struct schema_runner *r, uint32_t root, struct run *run, struct schema_report *report)
{
	struct explain x = { .report = report, .max = report->max };

	run->steps = (r->limits.steps + r->limits.steps_per_byte * r->tape.text.n) * STEPS_FACTOR;
	run->level = 0;
	run->scope = NULL;
	r->marks_n = 0;
	x.items = arena_array(report->arena, x.max, sizeof *x.items);
	if (x.items) {
		run->explain = &x;
		(void)run_node(run, r->program.roots[root], 0, NULL);
		run->explain = NULL;
		publish(report, &x);
	}
	if (report->n == 0)
		publish_one(report, "invalid; too much work to say why", "valid value", 0);
}

enum schema_verdict schema_explain(struct schema_runner *r, uint32_t root, struct span instance, struct schema_report *report)
{
	struct run run;

	INVARIANT(root < r->program.nroots);
	report->max = report->max ? report->max : ERRORS_DEFAULT;
	report->errors = NULL;
	report->n = 0;
	report->more = false;
	report->reason = NULL;
	enum schema_verdict v = run_begin(r, instance, &run, &report->reason);
	if (v == SCHEMA_INVALID) {
		report->reason = NULL;
		not_json(r, report);
	}
	if (v != SCHEMA_VALID)
		return v;
	bool good = run_node(&run, r->program.roots[root], 0, NULL);
	report->reason = run.reason;
	if (run.reason || good)
		return run.reason ? SCHEMA_UNDECIDABLE : SCHEMA_VALID;
	collect(r, root, &run, report);
	return SCHEMA_INVALID;
}
