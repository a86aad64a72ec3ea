/* Patterns that are automata: one load a byte, no memory, done at the first byte that
 * decides. Owner: schema; workers, the loader and the tool. */
#include "schema/private.h"

bool dfa_matches(const struct program *p, const struct schema_pattern *d, struct span text)
{
	const uint8_t *symbols = p->dfa + d->symbols, *at = text.p, *end = at + text.n;
	const uint16_t *table = program_dfa_table(p, d);
	uint32_t state = d->start, decided = d->matched;

	while (at < end && state > decided)
		state = table[state + symbols[*at++]];
	return state == decided || state >= d->final;
}

static bool is_inside(const struct program *p, uint32_t off, uint64_t n, uint32_t align)
{
	return off % align == 0 && off <= p->ndfa && n <= p->ndfa - off;
}

bool dfa_is_sound(const struct program *p, const struct schema_pattern *d)
{
	uint32_t widest = 0, farthest = d->start;

	if (!is_inside(p, d->symbols, 256, 1) || !is_inside(p, d->table, (uint64_t)d->entries * sizeof(uint16_t), sizeof(uint16_t)))
		return false;
	const uint16_t *table = program_dfa_table(p, d);
	for (unsigned c = 0; c < 256; c++)
		widest = p->dfa[d->symbols + c] > widest ? p->dfa[d->symbols + c] : widest;
	for (uint32_t i = 0; i < d->entries; i++)
		farthest = table[i] > farthest ? table[i] : farthest;
	return (uint64_t)farthest + widest < d->entries;
}
