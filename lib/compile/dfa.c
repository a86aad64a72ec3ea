/* States with choices to states without: each is the set of places where the pattern may
 * stand. What an assertion needs to know of the next byte is asked when it comes. Owner:
 * compile; the loader and the tool. */
#include <stdlib.h>

#include "base/hash.h"
#include "compile/dfa.h"

#define RAW_STATES_MAX 8000u
#define RAW_ENTRIES_MAX (1u << 20)
#define SETS_BYTES_MAX ((size_t)32 << 20)
#define DEAD 0u
#define MATCHED 1u

enum kind { UNKNOWN, WORD, OTHER, EDGE };       /* of a character before or after; EDGE: none is there */

/* Sets of states with choices, each with a number. */
struct row {
	uint32_t first, n;              /* members in `words` */
	uint32_t before;                /* enum kind, where an assertion among them may ask */
	uint32_t value;
};

struct sets {
	struct buf words, rows;         /* uint32_t[], struct row[] */
	uint32_t *cells, ncells;
};

struct builder {
	const struct nfa *nfa;
	struct dfa *d;
	uint64_t *work;
	uint32_t *seen, stamp;          /* per state with choices: reached in this closure */
	uint32_t *stack;
	uint32_t *set, n;               /* the closure under way */
	bool matched, asks;             /* it holds the match; an assertion */
	uint32_t *wide, nwide;          /* a state's set once the next byte is known */
	struct sets states;             /* of the table to come, by number */
	struct sets ways;               /* what bytes led to before its closure: the state that it is */
	struct buf next;                /* uint32_t[] */
	bool failed;
};

static bool spend(struct builder *x, uint64_t work)
{
	if (*x->work < work)
		x->failed = true;
	*x->work -= x->failed ? 0 : work;
	return !x->failed;
}

/* ---- bytes that no state tells apart ---- */

static bool is_word(unsigned c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || c == '_' || (c >= 'a' && c <= 'z');
}

static void find_symbols(struct builder *x)
{
	const struct nfa_state *s = nfa_states(x->nfa);
	size_t n = x->nfa->states.n / sizeof *s;
	bool begins[257] = { false };

	for (size_t i = 0; i < n; i++) {
		if (s[i].kind == NFA_BYTE && s[i].low <= s[i].high)
			begins[s[i].low] = begins[s[i].high + 1] = true;
	}
	x->d->symbols = 1;
	for (unsigned c = 1; c < 256; c++) {
		x->d->symbols += begins[c] || (x->nfa->has_boundary && is_word(c) != is_word(c - 1));
		x->d->symbol[c] = (uint8_t)(x->d->symbols - 1);
	}
}

static enum kind kind_of(unsigned c)
{
	return is_word(c) ? WORD : OTHER;
}

/* ---- closures ---- */

static void begin(struct builder *x)
{
	x->stamp++;
	x->n = 0;
	x->matched = x->asks = false;
}

/* Does the assertion hold? UNKNOWN: not to be said yet. */
static bool holds(uint8_t kind, enum kind before, enum kind after, bool *unknown)
{
	if (kind == NFA_START)
		return before == EDGE;
	*unknown = after == UNKNOWN;
	if (kind == NFA_END)
		return after == EDGE;
	return ((before == WORD) != (after == WORD)) == (kind == NFA_BOUNDARY);
}

static void reach(struct builder *x, uint32_t at, enum kind before, enum kind after)
{
	const struct nfa_state *states = nfa_states(x->nfa);
	uint32_t depth = 0;

	x->stack[depth++] = at;
	while (depth) {
		at = x->stack[--depth];
		const struct nfa_state *s = &states[at];
		bool unknown = false;
		if (x->seen[at] == x->stamp)
			continue;
		x->seen[at] = x->stamp;
		if (s->kind == NFA_FORK) {
			x->stack[depth++] = s->b;
			x->stack[depth++] = s->a;
			continue;
		}
		if (s->kind == NFA_MATCH)
			x->matched = true;
		else if (s->kind == NFA_BYTE)
			x->set[x->n++] = at;
		else if (holds(s->kind, before, after, &unknown) && !unknown)
			x->stack[depth++] = s->a;
		if (unknown) {
			x->asks = true;
			x->set[x->n++] = at;
		}
	}
}

/* ---- one state for each set ---- */

static const struct row *row_at(const struct sets *s, uint32_t i)
{
	return (const struct row *)(const void *)s->rows.p + i;
}

static const uint32_t *words_of(const struct sets *s, const struct row *r)
{
	return (const uint32_t *)(const void *)s->words.p + r->first;
}

static uint32_t count(const struct sets *s)
{
	return (uint32_t)(s->rows.n / sizeof(struct row));
}

static void sets_init(struct sets *s)
{
	*s = (struct sets){ 0 };
	buf_init(&s->words, SETS_BYTES_MAX);
	buf_init(&s->rows, SETS_BYTES_MAX);
}

static void sets_fini(struct sets *s)
{
	buf_fini(&s->words);
	buf_fini(&s->rows);
	free(s->cells);
}

static bool grow_cells(struct sets *s)
{
	uint32_t n = count(s), cells = s->ncells ? s->ncells * 4 : 256;

	if (n * 2 < s->ncells)
		return true;
	free(s->cells);
	s->cells = calloc(cells, sizeof *s->cells);
	s->ncells = s->cells ? cells : 0;
	for (uint32_t i = 0; s->cells && i < n; i++) {
		const struct row *r = row_at(s, i);
		size_t cell = hash64(words_of(s, r), r->n * sizeof(uint32_t), r->before) & (cells - 1);
		while (s->cells[cell])
			cell = (cell + 1) & (cells - 1);
		s->cells[cell] = i + 1;
	}
	return s->cells != NULL;
}

/* The row of a set, a new one with *fresh set, or NULL without memory. */
static struct row *sets_take(struct sets *s, const uint32_t *words, uint32_t n, enum kind before, bool *fresh)
{
	if (!grow_cells(s))
		return NULL;
	size_t cell = hash64(words, n * sizeof *words, before) & (s->ncells - 1);
	*fresh = false;
	for (; s->cells[cell]; cell = (cell + 1) & (s->ncells - 1)) {
		const struct row *r = row_at(s, s->cells[cell] - 1);
		if (r->n == n && r->before == before && (n == 0 || memcmp(words_of(s, r), words, n * sizeof *words) == 0))
			return (struct row *)(void *)s->rows.p + s->cells[cell] - 1;
	}
	struct row r = { (uint32_t)(s->words.n / sizeof *words), n, before, count(s) };
	buf_add(&s->words, words, n * sizeof *words);
	buf_add(&s->rows, &r, sizeof r);
	if (buf_error(&s->words) || buf_error(&s->rows))
		return NULL;
	*fresh = true;
	s->cells[cell] = count(s);
	return (struct row *)(void *)s->rows.p + r.value;
}

static int ascending(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

/* The state that the closure under way is. */
static uint32_t intern(struct builder *x, enum kind before)
{
	bool fresh;

	if (x->matched)
		return MATCHED;
	if (x->n == 0)
		return DEAD;
	if (!x->asks)
		before = UNKNOWN;
	else if (!x->nfa->has_boundary && before != EDGE)
		before = OTHER;
	qsort(x->set, x->n, sizeof *x->set, ascending);
	const struct row *r = spend(x, x->n * 4) ? sets_take(&x->states, x->set, x->n, before, &fresh) : NULL;
	if (!r || r->value >= RAW_STATES_MAX || (r->value + 1) * x->d->symbols > RAW_ENTRIES_MAX)
		x->failed = true;
	return x->failed ? DEAD : r->value;
}

/* ---- steps ---- */

/* The set of a state where the next character is known: assertions are out of it. */
static void widen(struct builder *x, uint32_t state, enum kind after)
{
	const struct row *r = row_at(&x->states, state);

	begin(x);
	for (uint32_t i = 0; i < r->n; i++)
		reach(x, words_of(&x->states, r)[i], (enum kind)r->before, after);
}

static bool is_asking(const struct builder *x, uint32_t state)
{
	const struct row *r = row_at(&x->states, state);
	uint32_t i = 0;

	while (i < r->n && nfa_states(x->nfa)[words_of(&x->states, r)[i]].kind == NFA_BYTE)
		i++;
	return i < r->n;
}

/* Where a byte leads from the set in x->wide, each place once, into x->set. */
static void find_ways(struct builder *x, unsigned c)
{
	const struct nfa_state *states = nfa_states(x->nfa);

	begin(x);
	for (uint32_t i = 0; i < x->nwide; i++) {
		const struct nfa_state *s = &states[x->wide[i]];
		if (s->kind != NFA_BYTE || c < s->low || s->high < c || x->seen[s->a] == x->stamp)
			continue;
		x->seen[s->a] = x->stamp;
		x->set[x->n++] = s->a;
	}
}

static uint32_t step(struct builder *x, unsigned c)
{
	enum kind before = x->nfa->has_boundary ? kind_of(c) : OTHER;
	bool fresh;

	find_ways(x, c);
	if (!spend(x, x->nwide + 2))
		return DEAD;
	struct row *way = sets_take(&x->ways, x->set, x->n, before, &fresh);
	if (!way) {
		x->failed = true;
		return DEAD;
	}
	if (!fresh)
		return way->value;
	begin(x);
	for (uint32_t i = 0; i < way->n; i++)
		reach(x, words_of(&x->ways, way)[i], before, UNKNOWN);
	if (!x->nfa->has_boundary)
		reach(x, x->nfa->start, before, UNKNOWN);
	return way->value = intern(x, before);
}

static uint32_t go(struct builder *x, uint32_t state, unsigned c, bool asking)
{
	const struct row *r = row_at(&x->states, state);
	const uint32_t *set = words_of(&x->states, r);

	x->nwide = r->n;
	if (asking) {
		widen(x, state, kind_of(c));
		if (x->matched)
			return MATCHED;
		set = x->set;
		x->nwide = x->n;
	}
	memcpy(x->wide, set, x->nwide * sizeof *set);
	return step(x, c);
}

static void expand(struct builder *x, uint32_t state)
{
	bool asking = is_asking(x, state);

	for (unsigned c = 0; c < 256 && !x->failed; c++) {
		if (c && x->d->symbol[c] == x->d->symbol[c - 1])
			continue;
		uint32_t next = state > MATCHED ? go(x, state, c, asking) : state;
		buf_add(&x->next, &next, sizeof next);
	}
}

static bool take_result(struct builder *x)
{
	struct dfa *d = x->d;

	d->states = count(&x->states);
	d->final = calloc(d->states, sizeof *d->final);
	if (!d->final || buf_error(&x->next))
		return false;
	d->final[MATCHED] = true;
	for (uint32_t i = MATCHED + 1; i < d->states; i++) {
		widen(x, i, EDGE);
		d->final[i] = x->matched;
	}
	d->next = (uint32_t *)(void *)x->next.p;
	x->next.p = NULL;                        /* d owns it */
	return true;
}

static void determine(struct builder *x)
{
	static const uint32_t none[] = { UINT32_MAX };
	bool fresh;

	x->failed |= !sets_take(&x->states, none, 0, UNKNOWN, &fresh);       /* DEAD */
	x->failed |= !sets_take(&x->states, none, 0, EDGE, &fresh);          /* MATCHED */
	begin(x);
	reach(x, x->nfa->start, EDGE, UNKNOWN);
	x->d->start = intern(x, EDGE);
	for (uint32_t i = 0; !x->failed && i < count(&x->states); i++)
		expand(x, i);
}

static bool builder_init(struct builder *x)
{
	size_t n = x->nfa->states.n / sizeof(struct nfa_state);

	x->seen = calloc(n, sizeof *x->seen);
	x->stack = calloc(n * 2 + 2, sizeof *x->stack);
	x->set = calloc(n, sizeof *x->set);
	x->wide = calloc(n, sizeof *x->wide);
	sets_init(&x->states);
	sets_init(&x->ways);
	buf_init(&x->next, 0);
	return x->seen && x->stack && x->set && x->wide;
}

static void builder_fini(struct builder *x)
{
	free(x->seen);
	free(x->stack);
	free(x->set);
	free(x->wide);
	sets_fini(&x->states);
	sets_fini(&x->ways);
	buf_fini(&x->next);
}

bool dfa_build(struct dfa *d, const struct nfa *nfa, uint64_t *work)
{
	struct builder x = { .nfa = nfa, .d = d, .work = work };

	*d = (struct dfa){ 0 };
	x.failed = !builder_init(&x);
	if (!x.failed) {
		find_symbols(&x);
		determine(&x);
	}
	bool good = !x.failed && take_result(&x);
	builder_fini(&x);
	return good;
}

void dfa_free(struct dfa *d)
{
	free(d->next);
	free(d->final);
	*d = (struct dfa){ 0 };
}

bool dfa_of_pattern(struct dfa *d, const struct ecma *e, struct properties *properties, uint64_t *work)
{
	uint64_t budget = *work < DFA_WORK_OF_ONE ? *work : DFA_WORK_OF_ONE, left = budget;
	struct nfa n;

	*d = (struct dfa){ 0 };
	bool good = nfa_build(&n, e, properties, &left) && dfa_build(d, &n, &left);
	nfa_free(&n);
	*work -= budget - left;
	good = good && dfa_minimize(d) && d->states <= DFA_STATES_MAX && d->states * d->symbols <= DFA_ENTRIES_MAX;
	if (!good)
		dfa_free(d);
	return good;
}
