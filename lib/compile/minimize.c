/* The smallest automaton of the same language: Hopcroft's refinement, then states in the
 * order that the runner wants, then bytes that no state tells apart made one. Owner:
 * compile; the loader and the tool. */
#include <stdlib.h>

#include "compile/dfa.h"

/* Blocks of states that nothing has told apart yet; each is a stretch of `member`. */
struct blocks {
	uint32_t *member, *place;       /* states by block; where each stands */
	uint32_t *of;                   /* block of a state */
	uint32_t *first, *size, *marked;
	uint32_t n;
	uint32_t *work, nwork;          /* blocks to split others by */
	bool *queued;
	uint32_t *touched, ntouched;
	uint32_t *splitter;
	uint32_t *from, *begin;         /* states that lead to a state by a symbol, and where they begin */
};

static bool blocks_init(struct blocks *b, const struct dfa *d)
{
	size_t n = d->states;
	uint32_t **arrays[] = { &b->member, &b->place, &b->of, &b->first, &b->size, &b->marked, &b->work, &b->touched, &b->splitter };
	bool good = true;

	*b = (struct blocks){ 0 };
	for (size_t i = 0; i < ARRAY_LEN(arrays); i++)
		good = (*arrays[i] = calloc(n, sizeof **arrays[i])) && good;
	b->queued = calloc(n, sizeof *b->queued);
	b->from = calloc(n * d->symbols, sizeof *b->from);
	b->begin = calloc(n * d->symbols + 1, sizeof *b->begin);
	return good && b->queued && b->from && b->begin;
}

static void blocks_fini(struct blocks *b)
{
	uint32_t *arrays[] = { b->member, b->place, b->of, b->first, b->size, b->marked, b->work, b->touched, b->splitter, b->from, b->begin };

	for (size_t i = 0; i < ARRAY_LEN(arrays); i++)
		free(arrays[i]);
	free(b->queued);
}

/* Arrows turned round, by counting. */
static void invert(struct blocks *b, const struct dfa *d)
{
	uint32_t n = d->states, k = d->symbols;

	for (uint32_t i = 0; i < n * k; i++)
		b->begin[d->next[i] * k + i % k + 1]++;
	for (uint32_t i = 0; i < n * k; i++)
		b->begin[i + 1] += b->begin[i];
	for (uint32_t i = n * k; i--;)           /* begin[c + 1] is the end of c: filled from there */
		b->from[--b->begin[d->next[i] * k + i % k + 1]] = i / k;
	/* each begin[c + 1] is now where c begins */
}

static void queue(struct blocks *b, uint32_t block)
{
	if (b->queued[block])
		return;
	b->queued[block] = true;
	b->work[b->nwork++] = block;
}

/* Final states, others. */
static void first_blocks(struct blocks *b, const struct dfa *d)
{
	uint32_t n = 0;

	for (unsigned final = 0; final < 2; final++) {
		uint32_t from = n;
		for (uint32_t i = 0; i < d->states; i++) {
			if (d->final[i] != (final == 1))
				continue;
			b->member[n] = i;
			b->place[i] = n++;
			b->of[i] = b->n;
		}
		if (n == from)
			continue;
		b->first[b->n] = from;
		b->size[b->n] = n - from;
		queue(b, b->n++);
	}
}

/* Moves the state to the marked ones, which stand first in its block. */
static void mark(struct blocks *b, uint32_t state)
{
	uint32_t block = b->of[state], to = b->first[block] + b->marked[block], at = b->place[state];

	if (at < to)
		return;
	if (b->marked[block]++ == 0)
		b->touched[b->ntouched++] = block;
	uint32_t other = b->member[to];
	b->member[to] = state;
	b->member[at] = other;
	b->place[state] = to;
	b->place[other] = at;
}

/* The marked part of a block becomes a block of its own. */
static void split(struct blocks *b, uint32_t block)
{
	uint32_t marked = b->marked[block], fresh = b->n;

	b->marked[block] = 0;
	if (marked == b->size[block])
		return;
	b->n++;
	b->first[fresh] = b->first[block];
	b->size[fresh] = marked;
	b->first[block] += marked;
	b->size[block] -= marked;
	for (uint32_t i = 0; i < marked; i++)
		b->of[b->member[b->first[fresh] + i]] = fresh;
	queue(b, b->queued[block] || b->size[fresh] <= b->size[block] ? fresh : block);
}

static void refine(struct blocks *b, const struct dfa *d)
{
	while (b->nwork) {
		uint32_t block = b->work[--b->nwork], size = b->size[block];
		b->queued[block] = false;
		memcpy(b->splitter, b->member + b->first[block], size * sizeof *b->splitter);
		for (uint32_t symbol = 0; symbol < d->symbols; symbol++) {
			b->ntouched = 0;
			for (uint32_t i = 0; i < size; i++) {
				const uint32_t *begin = b->begin + b->splitter[i] * d->symbols + symbol + 1;
				uint32_t end = begin + 1 <= b->begin + d->states * d->symbols ? begin[1] : d->states * d->symbols;
				for (uint32_t k = begin[0]; k < end; k++)
					mark(b, b->from[k]);
			}
			for (uint32_t i = 0; i < b->ntouched; i++)
				split(b, b->touched[i]);
		}
	}
}

/* ---- the result ---- */

/* A number for each block: the dead, the matched, others, final ones. */
static uint32_t *number_blocks(const struct blocks *b, const struct dfa *d)
{
	uint32_t *number = calloc(b->n, sizeof *number), n = 2;

	for (unsigned final = 0; number && final < 2; final++) {
		for (uint32_t i = 0; i < b->n; i++) {
			if (i == b->of[0])
				number[i] = 0;
			else if (i == b->of[1])
				number[i] = 1;
			else if (d->final[b->member[b->first[i]]] == (final == 1))
				number[i] = n++;
		}
	}
	return number;
}

/* Symbols whose columns are equal become one. */
static void join_symbols(struct dfa *d)
{
	uint32_t k = d->symbols, used = 0;
	uint8_t to[256];

	for (uint32_t c = 0; c < k; c++) {
		uint32_t same = 0;
		for (; same < used; same++) {
			uint32_t i = 0;
			while (i < d->states && d->next[i * k + same] == d->next[i * k + c])
				i++;
			if (i == d->states)
				break;
		}
		to[c] = (uint8_t)same;
		if (same < used)
			continue;
		for (uint32_t i = 0; i < d->states; i++)
			d->next[i * k + used] = d->next[i * k + c];
		used++;
	}
	for (uint32_t i = 0; i < d->states; i++)
		memmove(d->next + i * used, d->next + i * k, used * sizeof *d->next);
	for (unsigned c = 0; c < 256; c++)
		d->symbol[c] = to[d->symbol[c]];
	d->symbols = used;
}

static bool rebuild(struct dfa *d, const struct blocks *b)
{
	uint32_t *number = number_blocks(b, d), k = d->symbols;
	uint32_t *next = calloc((size_t)b->n * k, sizeof *next);
	bool *final = calloc(b->n, sizeof *final);

	if (!number || !next || !final) {
		free(number);
		free(next);
		free(final);
		return false;
	}
	for (uint32_t i = 0; i < b->n; i++) {
		uint32_t member = b->member[b->first[i]];
		final[number[i]] = d->final[member];
		for (uint32_t c = 0; c < k; c++)
			next[number[i] * k + c] = number[b->of[d->next[member * k + c]]];
	}
	d->start = number[b->of[d->start]];
	d->states = b->n;
	free(number);
	free(d->next);
	free(d->final);
	d->next = next;
	d->final = final;
	join_symbols(d);
	return true;
}

bool dfa_minimize(struct dfa *d)
{
	struct blocks b;
	bool good = blocks_init(&b, d);

	if (good) {
		invert(&b, d);
		first_blocks(&b, d);
		refine(&b, d);
		good = rebuild(d, &b);
	}
	blocks_fini(&b);
	return good;
}
