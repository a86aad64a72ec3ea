/* Changes a compiled image N times (default 20,000), deterministically: one byte, a bit, a
 * word of a likely value, a word that stands elsewhere, several of these at once. Prints
 * how many the verifier refused, by section; a fault ends the process. */
#include <stdio.h>
#include <stdlib.h>

#include "mutant.h"

#define EDITS_MAX 16

static uint64_t seed = 0x9e3779b97f4a7c15u;

static uint32_t chance(uint32_t n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)((seed >> 16) % n);
}

static uint32_t word_at(uint32_t at)
{
	return mutant_byte(at) | (uint32_t)mutant_byte(at + 1) << 8 | (uint32_t)mutant_byte(at + 2) << 16 | (uint32_t)mutant_byte(at + 3) << 24;
}

static size_t put_word(struct mutant_edit *e, uint32_t at, uint32_t v)
{
	for (uint32_t i = 0; i < 4; i++)
		e[i] = (struct mutant_edit){ at + i, (uint8_t)(v >> i * 8) };
	return 4;
}

static size_t change(struct mutant_edit *e)
{
	static const uint32_t likely[] = { 0, 1, 2, 3, 7, 8, 63, 64, 127, 255, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff };
	uint32_t size = (uint32_t)mutant_size(), words = size / 4 - 1, at = chance(words) * 4, from = chance(words) * 4;

	switch (chance(5)) {
	case 0:
		e[0] = (struct mutant_edit){ chance(size), (uint8_t)chance(256) };
		return 1;
	case 1:
		e[0].at = chance(size);
		e[0].byte = (uint8_t)(mutant_byte(e[0].at) ^ 1u << chance(8));
		return 1;
	case 2:
		return put_word(e, at, likely[chance(ARRAY_LEN(likely))]);
	case 3:
		return put_word(e, at, word_at(from));
	default:
		return put_word(e, at, word_at(at) + chance(33) - 16);
	}
}

int main(int argc, char **argv)
{
	unsigned long total = argc > 1 ? strtoul(argv[1], NULL, 10) : 20000, refused = 0;
	unsigned long tried[IMAGE_SECTION_COUNT] = { 0 }, passed[IMAGE_SECTION_COUNT] = { 0 };

	mutant_open();
	for (unsigned long i = 0; i < total; i++) {
		struct mutant_edit edits[EDITS_MAX];
		size_t n = 0;
		for (uint32_t times = chance(4) ? 1 : 1 + chance(4); times; times--)
			n += change(edits + n);
		size_t section = mutant_section(edits[0].at);
		bool good = mutant_passes(edits, n);
		refused += !good;
		tried[section]++;
		passed[section] += good;
	}
	printf("%lu mutations of %zu bytes: %lu refused, %lu judged\n", total, mutant_size(), refused, total - refused);
	for (size_t i = 0; i < IMAGE_SECTION_COUNT; i++) {
		if (tried[i])
			printf("section %zu: %lu mutations, %lu judged\n", i, tried[i], passed[i]);
	}
	mutant_close();
	return refused && refused < total ? EXIT_SUCCESS : EXIT_FAILURE;
}
