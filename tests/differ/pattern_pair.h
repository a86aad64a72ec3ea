/* One pattern in both of its forms, for tests: the automaton, if it has one, and PCRE2's
 * code, if PCRE2 takes it. */
#pragma once

#include "engine.h"

struct pattern_pair {
	struct engine automaton, code;
	bool has_automaton, has_code;
};

/* false: the pattern is refused; pair_reason says why. */
bool pair_open(struct pattern_pair *p, struct span pattern);
void pair_close(struct pattern_pair *p);
const char *pair_reason(const struct pattern_pair *p);
/* Was a useless escape let pass? */
bool pair_is_lenient(const struct pattern_pair *p);

/* '1', '0', '?' without a verdict, '-' without the form. Where both say 0 or 1 they must
 * agree: else the process stops. The text is UTF-8. */
struct pair_verdict {
	char automaton, code;
};
struct pair_verdict pair_judge(struct pattern_pair *p, struct span text);
