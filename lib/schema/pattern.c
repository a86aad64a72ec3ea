/* Patterns while running: automata where there are any, else PCRE2 under limits, which
 * may end in neither yes nor no. A match that turns out to be dear is begun again with a
 * higher limit and paid for, so that many of them empty the step budget, not the clock.
 * Owner: schema; workers, the loader and the tool. */
#include <stdlib.h>

#include "schema/private.h"

#define HEAP_KIB 1024
#define DEPTH 1000
#define TEXT_MAX (64u << 10)            /* for PCRE2: it may go over the text from every place in it */
#define AUTOMATON_STEPS 4
#define BYTES_PER_STEP 32

#define CALLS_TIMES_BYTES (64u << 20)   /* as one call may go over the whole text */

/* Calls that a match may take, and the steps that it costs then, by itself and a byte. */
static const struct {
	uint32_t calls, steps, steps_per_byte;
} tiers[] = { { 100, 150, 4 }, { 1000, 1500, 8 }, { 5000, 7500, 16 }, { 20000, 30000, 32 } };

bool patterns_open(struct schema_runner *r)
{
	if (r->program.regex.n == 0)
		return true;
	const struct schema_regexes *head = (const void *)r->program.regex.p;
	r->regexes = calloc(head->n + 1, sizeof *r->regexes);
	r->match = pcre2_match_data_create(1, NULL);
	r->context = pcre2_match_context_create(NULL);
	if (!r->regexes || !r->match || !r->context)
		return false;
	pcre2_set_heap_limit(r->context, HEAP_KIB);
	pcre2_set_depth_limit(r->context, DEPTH);
	return head->n == 0 || pcre2_serialize_decode(r->regexes, (int32_t)head->n, (const uint8_t *)(head + 1), NULL) == (int32_t)head->n;
}

void patterns_close(struct schema_runner *r)
{
	const struct schema_regexes *head = (const void *)r->program.regex.p;

	for (uint32_t i = 0; r->regexes && i < head->n; i++)
		pcre2_code_free(r->regexes[i]);
	free(r->regexes);
	pcre2_match_data_free(r->match);
	pcre2_match_context_free(r->context);
}

static int backtrack(struct schema_runner *r, uint32_t code, struct span text, uint64_t *steps)
{
	uint32_t most = CALLS_TIMES_BYTES / (uint32_t)(text.n + 1);

	for (size_t i = 0; i < ARRAY_LEN(tiers); i++) {
		*steps += tiers[i].steps + text.n * tiers[i].steps_per_byte;
		pcre2_set_match_limit(r->context, tiers[i].calls < most ? tiers[i].calls : most);
		int n = pcre2_match(r->regexes[code], text.p, text.n, 0, PCRE2_NO_UTF_CHECK, r->match, r->context);
		if (n >= 0 || n == PCRE2_ERROR_NOMATCH)
			return n >= 0;
		if (n != PCRE2_ERROR_MATCHLIMIT || most <= tiers[i].calls)
			break;
	}
	return E_LIMIT;
}

static int row_matches(struct schema_runner *r, const struct schema_pattern *p, struct span text, uint64_t *steps)
{
	if (p->code != SCHEMA_NO_CODE)
		return text.n <= TEXT_MAX ? backtrack(r, p->code, text, steps) : E_LIMIT;
	*steps += AUTOMATON_STEPS + text.n / BYTES_PER_STEP;
	return dfa_matches(&r->program, p, text);
}

int pattern_matches(struct schema_runner *r, uint32_t pattern, struct span text, uint64_t *steps)
{
	*steps = 0;
	for (;;) {
		const struct schema_pattern *p = &r->program.patterns[pattern];
		int n = row_matches(r, p, text, steps);
		if (n < 0)
			return n;
		if (p->negated)
			n = !n;
		if (!n || p->also == SCHEMA_NO_PATTERN)
			return n;
		pattern = p->also;
	}
}
