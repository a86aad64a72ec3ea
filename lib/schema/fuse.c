/* The fused executor: scans and judges in one walk over the bytes, without a tape and
 * without allocation. Recursion follows the instance, at most limits.depth deep.
 *
 * Why it is quick: after a property the text is first compared with the one that followed
 * it last time, name, quote and colon at once, so that most names are never scanned or
 * hashed; the rule of a value stands beside its name; numbers and strings are classified
 * 16 and 32 bytes at a time. What is odd goes the slow way: to fuse_key.c, to the exact
 * decimals of lib/json, or to the tree executor. Owner: schema; workers, the loader and
 * the tool. */
#include <stdlib.h>

#include "schema/fuse_run.h"

#define TURNS_MAX 64

#define INLINE static inline __attribute__((always_inline))

static const uint8_t *keyed(struct fuse *f, const struct fuse_object *o, const uint8_t *p, unsigned depth);
static const uint8_t *keyed_wide(struct fuse *f, const struct fuse_object *o, const uint8_t *p, unsigned depth);
static const uint8_t *map(struct fuse *f, const struct fuse_object *o, const uint8_t *p, unsigned depth);
static const uint8_t *array(struct fuse *f, const struct fuse_array *a, const uint8_t *p, unsigned depth);

/* No place, or none inside the text: what a container's next byte cannot be at. */
INLINE bool is_over(const struct fuse *f, const uint8_t *p)
{
	return (uintptr_t)p - 1 >= f->last;
}

/* false: nested too deeply, or cut short. */
INLINE bool enter(struct fuse *f, const uint8_t *p, unsigned depth)
{
	if (unlikely(depth >= f->depth_max))
		run_undecidable(&f->run, JSON_TOO_DEEP);
	return likely(p < f->end && depth < f->depth_max);
}

INLINE const uint8_t *object(struct fuse *f, const struct fuse_object *o, const uint8_t *p, unsigned depth)
{
	if (unlikely(o->more != 0))
		return keyed_wide(f, o, p, depth);
	return o->count ? keyed(f, o, p, depth) : map(f, o, p, depth);
}

/* ---- literals ---- */

INLINE const uint8_t *null(const uint8_t *p)
{
	return json_is_literal(p, "null") ? p + 4 : NULL;
}

INLINE const uint8_t *boolean(const uint8_t *p)
{
	if (json_is_literal(p, "true"))
		return p + 4;
	return json_is_literal(p, "fals") && p[4] == 'e' ? p + 5 : NULL;
}

/* ---- strings ---- */

INLINE const uint8_t *string(struct fuse *f, const uint8_t *p, unsigned *flags)
{
	return likely(*p == '"') ? json_scan_string(p + 1, f->end, flags) : NULL;
}

/* Code points of what is not plain ASCII; an escape, or two that make a pair, is one. */
static int64_t code_points(const uint8_t *p, const uint8_t *end)
{
	int64_t n = 0;

	while (p < end) {
		n += (*p & 0xc0) != 0x80;
		if (*p != '\\') {
			p++;
			continue;
		}
		bool high = p[1] == 'u' && (p[2] | 0x20) == 'd' && (p[3] | 0x20) >= '8' && (p[3] | 0x20) < 'c';
		p += p[1] != 'u' ? 2 : high ? 12 : 6;
	}
	return n;
}

/* Decided from the bytes where they suffice: a code point has one to twelve. */
static bool is_long_enough(const struct fuse_range *r, const uint8_t *p, int64_t bytes)
{
	if (bytes <= r->max && (bytes + 11) / 12 >= r->min)
		return true;
	int64_t n = code_points(p, p + bytes);
	return n >= r->min && n <= r->max;
}

INLINE const uint8_t *length(struct fuse *f, uint32_t arg, const uint8_t *p)
{
	const struct fuse_range *r = fuse_data(f, arg);
	unsigned flags;
	const uint8_t *e = string(f, p, &flags);

	if (unlikely(!e))
		return NULL;
	int64_t n = e - p - 1;
	if (likely(!flags))
		return likely(n >= r->min && n <= r->max) ? e + 1 : NULL;
	return is_long_enough(r, p + 1, n) ? e + 1 : NULL;
}

/* A word is ASCII without escapes; a text with one is read by the tree executor. */
INLINE const uint8_t *word(struct fuse *f, uint32_t arg, const uint8_t *p)
{
	const struct fuse_words *w = &f->t->words[arg];

	if (unlikely(*p++ != '"'))
		return NULL;
	unsigned n = json_easy_run(p), i = w->slot[fuse_mix(p, n) * w->multiplier >> FUSE_WORD_SHIFT];
	if (likely(json_same32(p, w->text[i], w->ignore[i])))
		return p + n + 1;
	f->punt |= p[n] == '\\';
	return NULL;
}

/* ---- numbers ---- */

static NOINLINE bool is_whole(const uint8_t *p, const uint8_t *e)
{
	struct json_decimal exact = json_decimal(span_of(p, (size_t)(e - p)));

	return json_decimal_is_integer(&exact);
}

INLINE const uint8_t *integer(struct fuse *f, const uint8_t *p)
{
	struct json_digits d;
	const uint8_t *e = json_scan_number(p, f->end, &d);

	if (likely(e && d.integer))
		return e;
	return e && e <= f->end && is_whole(p, e) ? e : NULL;
}

static NOINLINE bool is_within_slow(const uint8_t *p, const uint8_t *e, const struct fuse_range *r)
{
	struct json_decimal exact = json_decimal(span_of(p, (size_t)(e - p)));
	int64_t v;

	if (json_decimal_to_i64(&exact, &v))
		return v >= r->min && v <= r->max;
	/* no integer, or beyond 64 bits: within a range that is open on its side */
	return json_decimal_is_integer(&exact) && (exact.negative ? r->min == INT64_MIN : r->max == INT64_MAX);
}

INLINE const uint8_t *within(struct fuse *f, uint32_t arg, const uint8_t *p)
{
	const struct fuse_range *r = fuse_data(f, arg);
	struct json_digits d;
	const uint8_t *e = json_scan_number(p, f->end, &d);

	if (unlikely(!e || e > f->end))
		return NULL;
	if (unlikely(!d.integer || !d.plain))
		return is_within_slow(p, e, r) ? e : NULL;
	int64_t v = json_digits_value(&d);
	return likely(v >= r->min && v <= r->max) ? e : NULL;
}

/* value * 10^-scale against bound * 10^-bound_scale, in 128 bits: each side is below 10^36. */
INLINE int compare_scaled(int64_t value, unsigned scale, int64_t bound, unsigned bound_scale)
{
	__int128_t a = value, b = bound;

	if (scale < bound_scale)
		a *= json_power[bound_scale - scale];
	else
		b *= json_power[scale - bound_scale];
	return a < b ? -1 : a > b;
}

static struct json_decimal decimal_of(int64_t bound, unsigned scale, char text[24])
{
	uint64_t rest = bound < 0 ? -(uint64_t)bound : (uint64_t)bound;
	char *p = text + 24;

	do
		*--p = (char)('0' + rest % 10);
	while (rest /= 10);
	if (bound < 0)
		*--p = '-';
	struct json_decimal d = json_decimal(span_of(p, (size_t)(text + 24 - p)));
	d.exp -= scale;
	return d;
}

static NOINLINE bool is_between_slow(const uint8_t *p, const uint8_t *e, const struct fuse_bounds *b)
{
	struct json_decimal v = json_decimal(span_of(p, (size_t)(e - p)));
	char text[24];
	bool good = true;

	if (b->min != INT64_MIN) {
		struct json_decimal min = decimal_of(b->min, b->min_scale, text);
		good = json_decimal_compare(&v, &min) >= b->above;
	}
	if (good && b->max != INT64_MAX) {
		struct json_decimal max = decimal_of(b->max, b->max_scale, text);
		good = json_decimal_compare(&v, &max) <= -(int)b->below;
	}
	return good;
}

/* By the digits before the point alone, of a plain number and small bounds; the others can
 * add less than 1. Most values are farther from their bounds than that. */
INLINE bool is_well_between(const struct fuse_bounds *b, const struct json_digits *d)
{
	int64_t v = (int64_t)json_eight_digits(d->p, d->whole), low = v ^ -(int64_t)d->negative;      /* -v - 1 */

	return low >= b->min + b->above && low + 1 <= b->max - b->below;
}

INLINE const uint8_t *between(struct fuse *f, uint32_t arg, const uint8_t *p)
{
	const struct fuse_bounds *b = fuse_data(f, arg);
	struct json_digits d;
	const uint8_t *e = json_scan_number(p, f->end, &d);

	if (unlikely(!e || e > f->end))
		return NULL;
	if (unlikely(!d.plain))
		return is_between_slow(p, e, b) ? e : NULL;
	if (likely(b->small && d.whole <= 8 && is_well_between(b, &d)))
		return e;
	int64_t v = json_digits_value(&d), scale = json_power[d.fraction];
	if (likely(b->small && d.fraction <= 9)) {
		bool low = b->min == INT64_MIN || v >= b->min * scale + b->above, high = b->max == INT64_MAX || v <= b->max * scale - b->below;
		return low && high ? e : NULL;
	}
	if (b->min != INT64_MIN && compare_scaled(v, d.fraction, b->min, b->min_scale) < b->above)
		return NULL;
	if (b->max != INT64_MAX && compare_scaled(v, d.fraction, b->max, b->max_scale) > -(int)b->below)
		return NULL;
	return e;
}

/* Below zero is what has a sign, and some digit that is not 0. */
static NOINLINE bool is_negative(const uint8_t *p, const uint8_t *e)
{
	struct json_decimal exact = json_decimal(span_of(p, (size_t)(e - p)));

	return exact.negative;
}

INLINE const uint8_t *positive(struct fuse *f, const uint8_t *p, bool whole)
{
	struct json_digits d;
	const uint8_t *e = json_scan_number(p, f->end, &d);

	if (likely(e && !d.negative && (!whole || d.integer)))
		return e;
	if (!e || e > f->end || is_negative(p, e))
		return NULL;
	return whole ? integer(f, p) : e;
}

INLINE const uint8_t *number(struct fuse *f, const uint8_t *p)
{
	struct json_digits d;

	return json_scan_number(p, f->end, &d);
}

/* ---- values that instructions of the tree executor judge ---- */

/* A tape of the one value at p; the place after it. */
static const uint8_t *tape(struct fuse *f, const uint8_t *p, unsigned depth)
{
	struct json_tape *t = &f->run.runner->tape;
	size_t at = (size_t)(p - f->base);

	if (p > f->end)
		return NULL;
	int error = json_tape_part(t, span_of(f->base, (size_t)(f->end - f->base)), &at, depth);
	if (error && error != E_MALFORMED)
		run_undecidable(&f->run, t->what);
	f->run.doc = json_tape_doc(t);
	return error ? NULL : f->base + at;
}

static bool instructions_hold(struct fuse *f, uint32_t list)
{
	uint32_t n;
	const uint32_t *code = fuse_list(f, list, &n);

	for (uint32_t i = 0; i < n; i++) {
		const struct schema_instr *in = &f->run.p->code[code[i]];
		if (!run_op(in->op)(&f->run, in, 0, NULL) || f->run.reason)
			return false;
	}
	return true;
}

/* One scalar needs no tape: its entry alone will do. */
static NOINLINE const uint8_t *text(struct fuse *f, uint32_t arg, const uint8_t *p)
{
	unsigned flags;
	const uint8_t *e = string(f, p, &flags);

	if (!e || e >= f->end)
		return NULL;
	if (unlikely(flags & JSON_SCAN_ESCAPES)) {
		e = tape(f, p, 0);
		return e && instructions_hold(f, arg) ? e : NULL;
	}
	struct json_entry entry = { JSON_STRING, 0, 0, (uint32_t)(p + 1 - f->base), (uint32_t)(e - p - 1), 1 };
	f->run.doc = (struct json_doc){ &entry, f->base, NULL };
	return instructions_hold(f, arg) ? e + 1 : NULL;
}

static NOINLINE const uint8_t *figure(struct fuse *f, uint32_t arg, const uint8_t *p)
{
	struct json_digits d;
	const uint8_t *e = json_scan_number(p, f->end, &d);

	if (!e || e > f->end)
		return NULL;
	struct json_entry entry = { JSON_NUMBER, d.integer ? JSON_INTEGER : 0, 0, (uint32_t)(p - f->base), (uint32_t)(e - p), 1 };
	f->run.doc = (struct json_doc){ &entry, f->base, NULL };
	return instructions_hold(f, arg) ? e : NULL;
}

const uint8_t *fuse_tree(struct fuse *f, uint32_t nodes, const uint8_t *p, unsigned depth)
{
	uint32_t n;
	const uint32_t *list = fuse_list(f, nodes, &n);
	const uint8_t *e = tape(f, p, depth);

	for (uint32_t i = 0; e && i < n; i++) {
		if (!run_node(&f->run, list[i], 0, NULL))
			return NULL;
	}
	return e;
}

/* ---- by type, by property ---- */

/* All others: a number, or nothing at all. */
static const uint8_t first_byte[256] = {
	['{'] = FUSE_IS_OBJECT, ['['] = FUSE_IS_ARRAY, ['"'] = FUSE_IS_STRING, ['t'] = FUSE_IS_BOOLEAN, ['f'] = FUSE_IS_BOOLEAN, ['n'] = FUSE_IS_NULL,
};

static const uint8_t *any(struct fuse *f, const uint8_t *p, unsigned depth)
{
	unsigned flags;
	const uint8_t *e;

	switch (first_byte[*p]) {
	case FUSE_IS_OBJECT:
		return object(f, &f->t->objects[0], p, depth);
	case FUSE_IS_ARRAY:
		return array(f, &f->t->arrays[0], p, depth);
	case FUSE_IS_STRING:
		e = json_scan_string(p + 1, f->end, &flags);
		return e ? e + 1 : NULL;
	case FUSE_IS_BOOLEAN:
		return boolean(p);
	case FUSE_IS_NULL:
		return null(p);
	default:
		return number(f, p);
	}
}

static struct fuse_value case_of(const struct fuse *f, const struct fuse_choice *c, struct span text)
{
	uint32_t n;
	const struct fuse_case *cases = (const void *)fuse_list(f, c->cases, &n);
	uint32_t i = fuse_slot(text.p, text.n, FUSE_MULTIPLIER, n - 1);

	for (; cases[i].len != FUSE_FREE; i = (i + 1) & (n - 1)) {
		if (cases[i].len == text.n && memcmp(fuse_data(f, cases[i].text), text.p, text.n) == 0)
			return cases[i].value;
	}
	return c->other;
}

/* Looks ahead for the property that tells; the object is then judged from its start. */
static const uint8_t *look_ahead(struct fuse *f, const struct fuse_choice *c, const uint8_t *start, unsigned depth)
{
	const uint8_t *p = json_scan_space(start + 1, f->end);
	unsigned flags, more = 0;

	if (!enter(f, start, depth))
		return NULL;
	while (p < f->end && *p == '"') {
		const uint8_t *name = ++p, *e = json_scan_string(p, f->end, &flags);
		if (!e || e >= f->end)
			return NULL;
		p = json_scan_space(e + 1, f->end);
		if (*p != ':')
			return NULL;
		p = json_scan_space(p + 1, f->end);
		bool found = (size_t)(e - name) == c->len && memcmp(name, fuse_data(f, c->name), c->len) == 0;
		if (found && *p != '"')
			return fuse_judge(f, c->other, start, depth);
		const uint8_t *value = p + 1;
		p = found ? json_scan_string(value, f->end, &more) : any(f, p, depth + 1);
		if (!p || p >= f->end)
			return NULL;
		f->punt |= (flags | more) & JSON_SCAN_ESCAPES;
		if (f->punt)
			return NULL;
		if (found)
			return fuse_judge(f, case_of(f, c, span_of(value, (size_t)(p - value))), start, depth);
		p = json_scan_space(p, f->end);
		if (*p != ',')
			break;
		p = json_scan_space(p + 1, f->end);
	}
	return fuse_judge(f, c->absent, start, depth);
}

/* A name whose presence alone decides stands first, or most often nowhere: unless it is
 * first, the object is judged as one without it, whose rule for the name takes no value.
 * So objects in objects that choose are not looked through once a level; that this guess
 * fails at every level of a text is bounded. */
static NOINLINE const uint8_t *choice(struct fuse *f, const struct fuse_choice *c, const uint8_t *start, unsigned depth)
{
	const uint8_t *p = json_scan_space(start + 1, f->end);
	size_t names = f->names;

	if (!c->watched || f->turns >= TURNS_MAX)
		return look_ahead(f, c, start, depth);
	if (*p == '"' && (size_t)(f->end - p) > c->len + 1 && memcmp(p + 1, fuse_data(f, c->name), c->len) == 0 && p[1 + c->len] == '"')
		return look_ahead(f, c, start, depth);
	p = fuse_judge(f, c->absent, start, depth);
	if (p || f->punt || f->run.reason)
		return p;
	f->turns++;                             /* the name may stand behind what failed */
	f->names = names;
	return look_ahead(f, c, start, depth);
}

/* ---- the table of rules ---- */

INLINE const uint8_t *judge(struct fuse *f, struct fuse_value v, const uint8_t *p, unsigned depth)
{
	unsigned flags;

again:
	switch ((enum fuse_op)v.op) {
	case FUSE_TYPE:                         /* leads to no other of its kind */
		v = f->t->types[v.arg].by[first_byte[*p]];
		goto again;
	case FUSE_ANY:
		return any(f, p, depth);
	case FUSE_NULL:
		return null(p);
	case FUSE_BOOLEAN:
		return boolean(p);
	case FUSE_STRING:
		p = string(f, p, &flags);
		return likely(p != NULL) ? p + 1 : NULL;
	case FUSE_LENGTH:
		return length(f, v.arg, p);
	case FUSE_WORD:
		return word(f, v.arg, p);
	case FUSE_TEXT:
		return text(f, v.arg, p);
	case FUSE_INTEGER:
		return integer(f, p);
	case FUSE_NATURAL:
		return positive(f, p, true);
	case FUSE_WITHIN:
		return within(f, v.arg, p);
	case FUSE_NUMBER:
		return number(f, p);
	case FUSE_POSITIVE:
		return positive(f, p, false);
	case FUSE_BETWEEN:
		return between(f, v.arg, p);
	case FUSE_FIGURE:
		return figure(f, v.arg, p);
	case FUSE_OBJECT:
		return *p == '{' ? object(f, &f->t->objects[v.arg], p, depth) : NULL;
	case FUSE_ARRAY:
		return *p == '[' ? array(f, &f->t->arrays[v.arg], p, depth) : NULL;
	case FUSE_CHOICE:
		return *p == '{' ? choice(f, &f->t->choices[v.arg], p, depth) : NULL;
	case FUSE_TREE:
		return fuse_tree(f, v.arg, p, depth);
	case FUSE_NONE:
	case FUSE_OP_COUNT:
		break;
	}
	return NULL;
}

const uint8_t *fuse_judge(struct fuse *f, struct fuse_value v, const uint8_t *p, unsigned depth)
{
	return judge(f, v, p, depth);
}

/* ---- containers ---- */

static const uint8_t *array(struct fuse *f, const struct fuse_array *a, const uint8_t *p, unsigned depth)
{
	const struct fuse_value *tuple = fuse_data(f, a->tuple);
	uint32_t n = 0;

	if (!enter(f, p, depth))
		return NULL;
	p = json_scan_space(p + 1, f->end);
	if (*p == ']')
		return a->min == 0 ? p + 1 : NULL;
	for (;;) {
		struct fuse_value v = n < a->count ? tuple[n] : a->rest;
		n++;
		p = judge(f, v, p, depth + 1);
		if (unlikely(is_over(f, p)))
			return NULL;
		p = json_scan_space(p, f->end);
		if (*p != ',')
			break;
		p = json_scan_space(p + 1, f->end);
	}
	return *p == ']' && n >= a->min && n <= a->max ? p + 1 : NULL;
}

static bool is_seen(const uint64_t *seen, uint32_t key)
{
	return seen[key / 64] >> key % 64 & 1;
}

static bool groups_hold(const struct fuse *f, uint32_t groups, const uint64_t *seen)
{
	uint32_t n;
	const uint32_t *w = fuse_list(f, groups, &n), *end = w + n;

	while (w < end) {
		uint32_t min = w[0], max = w[1], count = 0;
		for (n = w[2], w += 3; n--; w += w[0] + 1) {
			bool all = true;
			for (uint32_t k = 1; k <= w[0]; k++)
				all = all && is_seen(seen, w[k]);
			count += all;
		}
		if (count < min || count > max)
			return false;
	}
	return true;
}

/* What an object's members together must satisfy. */
static bool more_holds(const struct fuse *f, const struct fuse_object *o, const uint64_t *seen)
{
	const struct fuse_more *more = fuse_data(f, o->more);
	uint32_t n;
	const uint32_t *w = fuse_list(f, more->required, &n);

	for (uint32_t i = 0; i < n; i++) {
		if (!is_seen(seen, w[i]))
			return false;
	}
	w = fuse_list(f, more->needs, &n);
	for (uint32_t i = 0; i < n; i++, w += 2) {
		if (is_seen(seen, w[0]) && !is_seen(seen, w[1]))
			return false;
	}
	return groups_hold(f, more->groups, seen);
}

/* A name that is not the one foreseen, but a key all the same, in the first place where it
 * is looked for; NULL: fuse_member finds out. */
INLINE const struct fuse_key *quick_key(struct fuse *f, const struct fuse_object *o, const uint8_t *p)
{
	const uint32_t *slots = fuse_data(f, o->slots);
	unsigned n = json_easy_run(p);
	uint32_t key = slots[1 + fuse_slot(p, n, o->multiplier, o->mask)];

	if (key == FUSE_NO_KEY)
		return NULL;
	const struct fuse_key *k = &f->t->keys[o->first + key];
	return k->len == n && json_same32(p, k->text, k->ignore) ? k : NULL;
}

/* After a member's value: the next one's quote, or the brace; NULL: neither. */
INLINE const uint8_t *next_member(const struct fuse *f, const uint8_t *p)
{
	if (likely(p[0] == ',' && p[1] == '"'))
		return p + 1;
	p = json_scan_space(p, f->end);
	if (*p == '}')
		return p;
	if (*p != ',')
		return NULL;
	p = json_scan_space(p + 1, f->end);
	return *p == '"' ? p : NULL;
}

/* After an object's brace: what stands there first. */
INLINE const uint8_t *open_object(struct fuse *f, const uint8_t *p, unsigned depth)
{
	return enter(f, p, depth) ? json_scan_space(p + 1, f->end) : NULL;
}

/* As many members as there may be? Those without a key have their names on the stack. */
static bool counts_hold(const struct fuse *f, const struct fuse_object *o, const uint64_t *seen, size_t names)
{
	uint64_t n = f->names - names;

	for (uint32_t i = 0; i * 64 < o->count; i++)
		n += (uint64_t)__builtin_popcountll(seen[i]);
	return n >= o->min && n <= o->max;
}

/* An object with keys. A bit for each is in `seen`; with one word it is in a register. */
INLINE const uint8_t *members(struct fuse *f, const struct fuse_object *o, const uint8_t *p, unsigned depth, uint64_t *wide)
{
	const struct fuse_key **learned = f->learned + o->learned, **next = learned + o->count;
	size_t names = f->names;
	uint64_t seen = 0;

	p = open_object(f, p, depth);
	while (likely(p != NULL) && *p == '"') {
		const struct fuse_key *k = *next;
		struct fuse_value value = k->value;
		p++;
		if (likely(json_same32(p, k->text, k->ignore))) {
			p += k->step;
		} else if ((k = learned[k->index], json_same32(p, k->text, k->ignore))) {
			p += k->step;
			value = k->value;
		} else if ((k = quick_key(f, o, p)) != NULL) {
			*next = k;
			p += k->step;
			value = k->value;
		} else {
			p = fuse_member(f, o, p, depth + 1, names);
			if (unlikely(!p))
				return NULL;
			k = f->member.key;
			value = f->member.value;
		}
		if (likely(k != NULL)) {
			uint64_t *w = wide ? &wide[k->index / 64] : &seen;
			if (unlikely(*w & k->bit))
				return NULL;
			*w |= k->bit;
			next = learned + k->index;
		}
		if (unlikely(*p <= ' '))
			p = json_scan_space(p, f->end);
		p = judge(f, value, p, depth + 1);
		if (unlikely(is_over(f, p)))
			return NULL;
		p = next_member(f, p);
	}
	if (!p || *p != '}' || ((wide ? wide[0] : seen) & o->required) != o->required)
		return NULL;
	if (unlikely(o->min != 0 || o->max != UINT32_MAX) && !counts_hold(f, o, wide ? wide : &(uint64_t){ seen }, names))
		return NULL;
	if (unlikely(f->names != names)) {
		if (!fuse_names_differ(f, names))
			return NULL;
		f->names = names;
	}
	return p + 1;
}

/* A name that no other of its object may have: where its value begins, or NULL. `seen` has
 * bits of the hashes of those before, so that nearly all are new at a glance; what is short
 * and plain, and stands close to its value, stays in registers. */
INLINE const uint8_t *new_name(struct fuse *f, const uint8_t *p, size_t names, uint64_t *seen)
{
	struct schema_runner *r = f->run.runner;
	unsigned n = (unsigned)__builtin_ctz(~json_easy16(p));

	if (unlikely(p[n] != '"' || p[n + 1] != ':' || p[n + 2] <= ' ' || n > FUSE_NAME_SHORT || f->names == r->names_cap)) {
		*seen = UINT64_MAX;
		return fuse_name(f, p, names);
	}
	struct fuse_name name = { fuse_short_hash(p, n, r->seed), (uint32_t)(p - f->base) };
	uint64_t bit = (uint64_t)1 << name.hash % 64;
	if (unlikely(*seen & bit) && !fuse_is_new(f, name, names))
		return NULL;
	*seen |= bit;
	r->names[f->names++] = name;
	return p + n + 2;
}

/* An object without keys: names are many, and of a kind. */
static const uint8_t *map(struct fuse *f, const struct fuse_object *o, const uint8_t *p, unsigned depth)
{
	size_t names = f->names;
	uint64_t seen = 0;

	p = open_object(f, p, depth);
	while (likely(p != NULL) && *p == '"') {
		p = new_name(f, p + 1, names, &seen);
		if (unlikely(!p))
			return NULL;
		p = judge(f, o->rest, p, depth + 1);
		if (unlikely(is_over(f, p)))
			return NULL;
		p = next_member(f, p);
	}
	size_t n = f->names - names;
	if (!p || *p != '}' || n < o->min || n > o->max || (unlikely(n > FUSE_NAMES_IN_LINE) && !fuse_names_differ(f, names)))
		return NULL;
	f->names = names;
	return p + 1;
}

static const uint8_t *keyed(struct fuse *f, const struct fuse_object *o, const uint8_t *p, unsigned depth)
{
	return members(f, o, p, depth, NULL);
}

/* More than 64 keys, or rules that few objects have. */
static NOINLINE const uint8_t *keyed_wide(struct fuse *f, const struct fuse_object *o, const uint8_t *p, unsigned depth)
{
	uint64_t seen[FUSE_KEYS_MAX / 64] = { 0 };

	p = members(f, o, p, depth, seen);
	return p && more_holds(f, o, seen) ? p : NULL;
}

/* ---- one instance ---- */

struct fuse *fuse_new(struct schema_runner *r)
{
	struct fuse *f = calloc(1, sizeof *f);
	size_t most = UINT32_MAX - 2 * JSON_SLACK;

	r->fuse_max = !r->fused.roots ? 0 : r->limits.bytes < most ? r->limits.bytes : most;
	if (f)
		*f = (struct fuse){ .t = &r->fused, .learned = r->learned, .depth_max = r->limits.depth, .run = { .runner = r, .p = &r->program } };
	return f;
}

static void begin(struct fuse *f, struct span text)
{
	struct schema_runner *r = f->run.runner;

	f->base = text.p;
	f->end = text.p + text.n;
	f->last = (uintptr_t)f->end - 1;
	f->names = 0;
	f->punt = false;
	f->turns = 0;
	f->run.steps = r->limits.steps + r->limits.steps_per_byte * text.n;
	f->run.level = 0;
	f->run.reason = NULL;
	r->marks_n = 0;
}

/* Nearly all are objects: a call less, a hundredth of the time. */
INLINE const uint8_t *record(struct fuse *f, struct fuse_value v, const uint8_t *p)
{
	return likely(v.op == FUSE_OBJECT && *p == '{') ? object(f, &f->t->objects[v.arg], p, 0) : fuse_judge(f, v, p, 0);
}

enum schema_verdict schema_run(struct schema_runner *r, uint32_t root, struct span instance)
{
	struct fuse *f = r->fuse;

	INVARIANT(root < r->program.nroots);
	if (unlikely(instance.n - 1 >= r->fuse_max || r->fused.roots[root].op == FUSE_TREE))
		return schema_run_tree(r, root, instance);
	if (unlikely(!json_has_slack(instance)))
		instance = json_slack(&r->pad, instance);
	if (unlikely(!instance.p))
		return SCHEMA_UNDECIDABLE;
	begin(f, instance);
	const uint8_t *p = json_scan_space(f->base, f->end);
	if (unlikely(*p != '{' && *p != '['))
		return schema_run_tree(r, root, instance);      /* a scalar, which nothing ends but the text */
	p = record(f, r->fused.roots[root], p);
	/* a budget may have gone into guesses; the tree executor, which makes none, has one of its own */
	if (unlikely(f->punt || f->run.reason))
		return schema_run_tree(r, root, instance);
	return likely(p == f->end) || (p && json_scan_space(p, f->end) == f->end) ? SCHEMA_VALID : SCHEMA_INVALID;
}
