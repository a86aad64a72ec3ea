/* Verdicts and actions by name. Owner: contract; every process. */
#include "contract/contract.h"

static const char *const verdict_words[VERDICT_COUNT] = {
	[VERDICT_VALID] = "valid", [VERDICT_INVALID] = "invalid", [VERDICT_UNDECLARED] = "undeclared",
	[VERDICT_AMBIGUOUS] = "ambiguous", [VERDICT_UNDECIDABLE] = "undecidable",
};
static const char *const action_words[ACTION_COUNT] = {
	[ACTION_OBSERVE] = "observe", [ACTION_MARK] = "mark", [ACTION_DIVERT] = "divert", [ACTION_REJECT] = "reject",
};

const char *verdict_word(enum verdict v)
{
	return (unsigned)v < VERDICT_COUNT ? verdict_words[v] : "";
}

const char *action_word(enum action a)
{
	return (unsigned)a < ACTION_COUNT ? action_words[a] : "";
}
