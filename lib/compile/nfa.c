/* The tree of a pattern to states over bytes, back to front: each part is built before
 * what follows it in the text is forgotten. Texts are well-formed UTF-8, so that ranges
 * of characters may run over what is none. Owner: compile; the loader and the tool. */
#include <stdlib.h>

#include "compile/dfa.h"

#define STATES_MAX 30000u
#define RANGES_MAX 4096u
#define SHARE_WINDOW 24u                /* how far back an equal state is looked for */
#define LAST 0x10ffffu

struct range {
	uint32_t low, high;
};

struct builder {
	struct nfa *nfa;
	const struct ecma *e;
	struct properties *properties;
	uint64_t *work;
	struct buf ranges;              /* struct range[]: of the set under way */
	bool failed;
};

static uint32_t build(struct builder *x, uint32_t at, uint32_t next);

static uint32_t give_up(struct builder *x)
{
	x->failed = true;
	return 0;
}

static bool spend(struct builder *x, uint64_t work)
{
	if (*x->work < work)
		x->failed = true;
	*x->work -= x->failed ? 0 : work;
	return !x->failed;
}

static uint32_t count(const struct builder *x)
{
	return (uint32_t)(x->nfa->states.n / sizeof(struct nfa_state));
}

static uint32_t add(struct builder *x, struct nfa_state s)
{
	if (x->failed || count(x) == STATES_MAX || !spend(x, 4))
		return give_up(x);
	buf_add(&x->nfa->states, &s, sizeof s);
	return buf_error(&x->nfa->states) ? give_up(x) : count(x) - 1;
}

/* ---- sets of characters ---- */

static void add_range(struct builder *x, uint32_t low, uint32_t high)
{
	struct range r = { low, high };

	buf_add(&x->ranges, &r, sizeof r);
}

static struct range *ranges_of(struct builder *x, size_t *n)
{
	*n = x->ranges.n / sizeof(struct range);
	return (struct range *)(void *)x->ranges.p;
}

static int by_low(const void *a, const void *b)
{
	uint32_t x = ((const struct range *)a)->low, y = ((const struct range *)b)->low;

	return x < y ? -1 : x > y;
}

/* Ascending and apart. */
static void join_ranges(struct builder *x)
{
	size_t n, used = 0;
	struct range *r = ranges_of(x, &n);

	if (n)
		qsort(r, n, sizeof *r, by_low);
	for (size_t i = 0; i < n; i++) {
		if (used && r[i].low <= r[used - 1].high + 1) {
			if (r[i].high > r[used - 1].high)
				r[used - 1].high = r[i].high;
		} else {
			r[used++] = r[i];
		}
	}
	x->ranges.n = used * sizeof *r;
}

/* What joined ranges leave out. */
static void invert_ranges(struct builder *x)
{
	size_t n, used = 0;
	uint32_t from = 0;

	add_range(x, LAST + 1, LAST + 1);        /* room for one more */
	struct range *r = ranges_of(x, &n);
	for (size_t i = 0; i < n && from <= LAST; i++) {
		struct range gap = { from, r[i].low - 1 };
		bool empty = r[i].low <= from;
		from = r[i].high + 1;
		if (!empty)
			r[used++] = gap;
	}
	x->ranges.n = used * sizeof *r;
}

static bool add_property(struct builder *x, const struct ecma_item *item)
{
	size_t n;
	const struct property_range *p = property_ranges(x->properties, item, &n, x->work);

	for (size_t i = 0; p && i < n; i++)
		add_range(x, p[i].low, p[i].high);
	return p != NULL;
}

static bool collect(struct builder *x, const struct ecma_node *set)
{
	const struct ecma_item *items = ecma_items(x->e, set);

	x->ranges.n = 0;
	for (uint32_t i = 0; i < set->value; i++) {
		if (!items[i].prefix)
			add_range(x, items[i].low, items[i].high);
		else if (!add_property(x, &items[i]))
			return false;
	}
	if (buf_error(&x->ranges) || !spend(x, x->ranges.n / sizeof(struct range)))
		return false;
	join_ranges(x);
	if (set->negated)
		invert_ranges(x);
	return !buf_error(&x->ranges) && x->ranges.n <= RANGES_MAX * sizeof(struct range);
}

/* Halves of surrogate pairs never come: ranges on both sides of them may be one. */
static void bridge_surrogates(struct builder *x)
{
	size_t n;
	struct range *r = ranges_of(x, &n);

	for (size_t i = 0; i + 1 < n; i++) {
		if (r[i].high == 0xd7ff && r[i + 1].low == 0xe000)
			r[i].high = 0xdfff;
	}
	join_ranges(x);
}

/* ---- characters to bytes ---- */

/* A state like one that this set has already is that one. */
static uint32_t byte(struct builder *x, uint32_t from, uint8_t low, uint8_t high, uint32_t next)
{
	uint32_t n = count(x), stop = n - from > SHARE_WINDOW ? n - SHARE_WINDOW : from;

	for (uint32_t i = n; i > stop; i--) {
		const struct nfa_state *s = nfa_states(x->nfa) + i - 1;
		if (s->kind == NFA_BYTE && s->low == low && s->high == high && s->a == next)
			return i - 1;
	}
	return add(x, (struct nfa_state){ NFA_BYTE, low, high, next, 0 });
}

static uint32_t either(struct builder *x, uint32_t a, uint32_t b)
{
	return add(x, (struct nfa_state){ .kind = NFA_FORK, .a = a, .b = b });
}

static uint32_t dead(struct builder *x)
{
	return add(x, (struct nfa_state){ .kind = NFA_BYTE, .low = 1, .high = 0 });
}

/* Values from low to high: a byte that begins with mark, and `left` tails of 6 bits. */
static uint32_t encode(struct builder *x, uint32_t from, uint8_t mark, uint32_t low, uint32_t high, unsigned left, uint32_t next)
{
	uint32_t unit = 1u << 6 * left, a = low / unit, b = high / unit, cut;

	if (x->failed)
		return 0;
	if (left == 0)
		return byte(x, from, (uint8_t)(mark | low), (uint8_t)(mark | high), next);
	if (a == b || (low % unit == 0 && high % unit == unit - 1)) {
		uint32_t tail_low = a == b ? low % unit : 0, tail_high = a == b ? high % unit : unit - 1;
		next = encode(x, from, 0x80, tail_low, tail_high, left - 1, next);
		return byte(x, from, (uint8_t)(mark | a), (uint8_t)(mark | b), next);
	}
	cut = low % unit ? (a + 1) * unit : b * unit;
	a = encode(x, from, mark, low, cut - 1, left, next);
	return either(x, a, encode(x, from, mark, cut, high, left, next));
}

/* The part of a range that takes one number of bytes; *entry: the choices so far, 0: none. */
static void add_length(struct builder *x, uint32_t from, struct range r, unsigned tails, uint32_t next, uint32_t *entry)
{
	static const struct { uint32_t low, high; uint8_t mark; } lengths[] = {
		{ 0, 0x7f, 0 }, { 0x80, 0x7ff, 0xc0 }, { 0x800, 0xffff, 0xe0 }, { 0x10000, LAST, 0xf0 },
	};
	uint32_t low = r.low > lengths[tails].low ? r.low : 0;
	uint32_t high = r.high < lengths[tails].high ? r.high : lengths[tails].high;

	if (r.low > lengths[tails].high || r.high < lengths[tails].low)
		return;
	if (high == LAST)
		high = 0x1fffff;                 /* no text holds more, nor a longer form of less */
	uint32_t state = encode(x, from, lengths[tails].mark, low, high, tails, next);
	*entry = *entry ? either(x, state, *entry) : state;
}

static uint32_t build_ranges(struct builder *x, uint32_t next)
{
	uint32_t from = count(x), entry = 0;
	size_t n;

	bridge_surrogates(x);
	const struct range *r = ranges_of(x, &n);
	for (size_t i = 0; i < n && !x->failed; i++) {
		for (unsigned tails = 0; tails < 4; tails++)
			add_length(x, from, r[i], tails, next, &entry);
	}
	return entry ? entry : dead(x);
}

static uint32_t build_character(struct builder *x, uint32_t c, uint32_t next)
{
	x->ranges.n = 0;
	if (c < 0xd800 || c > 0xdfff)
		add_range(x, c, c);
	return build_ranges(x, next);
}

static uint32_t build_set(struct builder *x, const struct ecma_node *n, uint32_t next)
{
	return collect(x, n) ? build_ranges(x, next) : give_up(x);
}

/* ---- what is made of them ---- */

/* Back to front. */
static uint32_t build_sequence(struct builder *x, uint32_t at, uint32_t next)
{
	uint32_t parts[64], n = 0;

	for (; at != ECMA_NO_NODE && n < 64; at = ecma_node(x->e, at)->next)
		parts[n++] = at;
	if (at != ECMA_NO_NODE)
		next = build_sequence(x, at, next);
	while (n-- && !x->failed)
		next = build(x, parts[n], next);
	return next;
}

static uint32_t build_choice(struct builder *x, const struct ecma_node *n, uint32_t next)
{
	uint32_t entry = build(x, n->first, next);

	for (uint32_t it = ecma_node(x->e, n->first)->next; it != ECMA_NO_NODE && !x->failed; it = ecma_node(x->e, it)->next)
		entry = either(x, build(x, it, next), entry);
	return entry;
}

static uint32_t build_loop(struct builder *x, uint32_t child, uint32_t next)
{
	uint32_t entry = either(x, 0, next), body = build(x, child, entry);

	if (!x->failed)
		((struct nfa_state *)(void *)x->nfa->states.p + entry)->a = body;
	return entry;
}

static uint32_t build_repeat(struct builder *x, const struct ecma_node *n, uint32_t next)
{
	uint32_t entry = n->max == ECMA_NO_MAX ? build_loop(x, n->first, next) : next;

	for (uint32_t i = n->value; n->max != ECMA_NO_MAX && i < n->max && !x->failed; i++)
		entry = either(x, build(x, n->first, entry), next);
	for (uint32_t i = 0; i < n->value && !x->failed; i++)
		entry = build(x, n->first, entry);
	return entry;
}

static uint32_t build(struct builder *x, uint32_t at, uint32_t next)
{
	const struct ecma_node *n = ecma_node(x->e, at);

	if (!spend(x, 1))
		return 0;
	switch ((enum ecma_kind)n->kind) {
	case ECMA_EMPTY:
		return next;
	case ECMA_CHARACTER:
		return build_character(x, n->value, next);
	case ECMA_SET:
		return build_set(x, n, next);
	case ECMA_SEQUENCE:
		return build_sequence(x, n->first, next);
	case ECMA_CHOICE:
		return build_choice(x, n, next);
	case ECMA_REPEAT:
		return build_repeat(x, n, next);
	case ECMA_GROUP:
		return build(x, n->first, next);
	case ECMA_START:
		return add(x, (struct nfa_state){ .kind = NFA_START, .a = next });
	case ECMA_END:
		return add(x, (struct nfa_state){ .kind = NFA_END, .a = next });
	case ECMA_BOUNDARY:
		x->nfa->has_boundary = true;
		return add(x, (struct nfa_state){ .kind = n->negated ? NFA_NO_BOUNDARY : NFA_BOUNDARY, .a = next });
	case ECMA_LOOK:
	case ECMA_REFERENCE:
		break;
	}
	return give_up(x);
}

/* Whole characters before the first one: only where it matters that none is cut. */
static uint32_t build_search(struct builder *x, uint32_t start)
{
	uint32_t entry = either(x, start, 0);

	x->ranges.n = 0;
	add_range(x, 0, LAST);
	uint32_t body = build_ranges(x, entry);
	if (!x->failed)
		((struct nfa_state *)(void *)x->nfa->states.p + entry)->b = body;
	return entry;
}

bool nfa_build(struct nfa *n, const struct ecma *e, struct properties *properties, uint64_t *work)
{
	struct builder x = { .nfa = n, .e = e, .properties = properties, .work = work };

	*n = (struct nfa){ 0 };
	buf_init(&n->states, 0);
	buf_init(&x.ranges, 0);
	(void)add(&x, (struct nfa_state){ .kind = NFA_MATCH });     /* 0 doubles as "none so far" */
	uint32_t match = add(&x, (struct nfa_state){ .kind = NFA_MATCH });
	n->start = build(&x, e->root, match);
	if (n->has_boundary)
		n->start = build_search(&x, n->start);
	buf_fini(&x.ranges);
	return !x.failed;
}

void nfa_free(struct nfa *n)
{
	buf_fini(&n->states);
}
