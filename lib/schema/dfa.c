/* Patterns that are automata: one load for a byte or two, no memory, done where the text
 * is decided. Owner: schema; workers, the loader and the tool. */
#include "schema/private.h"

#define NO_BYTE 256u

static uint32_t run_bytes(const struct program *p, const struct schema_pattern *d, struct span text)
{
	const uint8_t *symbols = p->dfa + d->symbols, *at = text.p, *end = at + text.n;
	const uint16_t *table = program_dfa_table(p, d);
	uint32_t state = d->start, decided = d->matched;

	while (at < end && state > decided)
		state = table[state + symbols[*at++]];
	return state;
}

/* The loads of symbols wait for nothing: half as many steps wait for each other. */
static uint32_t run_pairs(const struct program *p, const struct schema_pattern *d, struct span text)
{
	const uint8_t *firsts = p->dfa + d->symbols, *seconds = p->dfa + d->seconds, *at = text.p, *end = at + text.n;
	const uint16_t *table = program_dfa_table(p, d);
	uint32_t state = d->start, decided = d->matched;

	for (; end - at >= 2 && state > decided; at += 2)
		state = table[state + firsts[at[0]] + seconds[at[1]]];
	if (at < end && state > decided)
		state = table[state + firsts[*at] + seconds[NO_BYTE]];
	return state;
}

bool dfa_matches(const struct program *p, const struct schema_pattern *d, struct span text)
{
	uint32_t state = d->seconds == SCHEMA_NO_PAIRS ? run_bytes(p, d, text) : run_pairs(p, d, text);

	return state == d->matched || state >= d->final;
}

static bool is_inside(const struct program *p, uint32_t off, uint64_t n, uint32_t align)
{
	return off % align == 0 && off <= p->ndfa && n <= p->ndfa - off;
}

static uint32_t largest(const uint8_t *symbols, unsigned n)
{
	uint32_t most = 0;

	for (unsigned i = 0; i < n; i++)
		most = symbols[i] > most ? symbols[i] : most;
	return most;
}

bool dfa_is_sound(const struct program *p, const struct schema_pattern *d)
{
	bool pairs = d->seconds != SCHEMA_NO_PAIRS;
	uint64_t farthest = d->start, widest;

	if (!is_inside(p, d->symbols, NO_BYTE, 1) || (pairs && !is_inside(p, d->seconds, NO_BYTE + 1, 1)))
		return false;
	if (!is_inside(p, d->table, (uint64_t)d->entries * sizeof(uint16_t), sizeof(uint16_t)))
		return false;
	widest = largest(p->dfa + d->symbols, NO_BYTE) + (pairs ? largest(p->dfa + d->seconds, NO_BYTE + 1) : 0);
	const uint16_t *table = program_dfa_table(p, d);
	for (uint32_t i = 0; i < d->entries; i++)
		farthest = table[i] > farthest ? table[i] : farthest;
	return farthest + widest < d->entries;
}
