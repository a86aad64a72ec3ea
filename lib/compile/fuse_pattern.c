/* patternProperties against names that are known at load: which patterns a property of the
 * schema matches is no question for the run. Owner: compile; the loader and the tool. */
#include "compile/fusion.h"

enum fusion_match fusion_match(const struct fusion *f, uint32_t pattern, struct span name)
{
	const struct schema_pattern *x = &f->automata.patterns[pattern];

	if (x->code != SCHEMA_NO_CODE)
		return MATCH_UNKNOWN;
	return dfa_matches(&f->automata, x, name) ? MATCH_SOME : MATCH_NONE;
}

enum fusion_match fusion_match_any(const struct fusion *f, const struct schema_object *o, struct span name)
{
	enum fusion_match any = MATCH_NONE;
	uint32_t n;
	const uint32_t *pairs = fusion_words(f, o->patterns, &n);

	for (; n--; pairs += 2) {
		enum fusion_match m = fusion_match(f, pairs[0], name);
		if (m == MATCH_SOME)
			return m;
		any = m == MATCH_UNKNOWN ? m : any;
	}
	return any;
}

bool fusion_patterns_are_known(const struct fusion *f, const struct schema_object *o)
{
	uint32_t n;
	const uint32_t *pairs = fusion_words(f, o->patterns, &n);

	for (; n--; pairs += 2) {
		if (f->automata.patterns[pairs[0]].code != SCHEMA_NO_CODE)
			return false;
	}
	return true;
}
