/* Automata of patterns, built with bounded work: the tree of an ECMA-262 pattern to
 * states over the bytes of UTF-8, those to a table without choices, that to the smallest.
 * Every step may say that the pattern has none: PCRE2 runs it then. */
#pragma once

#include "schema/ecma.h"

#define DFA_STATES_MAX 2000u
#define DFA_ENTRIES_MAX 65536u          /* states times classes: an entry fits 16 bits */
#define DFA_WORK_OF_ONE 6000000u        /* steps of building for one pattern */
#define DFA_WORK_OF_ALL 60000000u       /* and for all of one compiler run: a second */

/* ---- nfa.c: states with choices ---- */

enum nfa_kind {
	NFA_BYTE,                /* low to high, then a */
	NFA_FORK,                /* a or b */
	NFA_START, NFA_END,      /* assertions, then a */
	NFA_BOUNDARY, NFA_NO_BOUNDARY,
	NFA_MATCH,
};

struct nfa_state {
	uint8_t kind, low, high;
	uint32_t a, b;
};

struct nfa {
	struct buf states;       /* struct nfa_state[] */
	uint32_t start;
	bool has_boundary;       /* then its own loop looks for the first character */
};

struct properties;

/* false: not regular, or too large. */
bool nfa_build(struct nfa *n, const struct ecma *e, struct properties *properties, uint64_t *work) MUST_CHECK;
void nfa_free(struct nfa *n);

static inline const struct nfa_state *nfa_states(const struct nfa *n)
{
	return (const struct nfa_state *)(const void *)n->states.p;
}

/* ---- property.c: characters of Unicode properties, as PCRE2 knows them ---- */

struct properties *properties_new(void);
void properties_free(struct properties *p);

struct property_range {
	uint32_t low, high;
};

/* Ascending ranges, n of them, which live as long as p; NULL: no such property, or too
 * many of them. */
const struct property_range *property_ranges(struct properties *p, const struct ecma_item *item, size_t *n, uint64_t *work);

/* ---- dfa.c: one state at a time, minimize.c: as few as can be ---- */

/* next[state * symbols + symbol]; state 0 never matches, state 1 matches for good. */
struct dfa {
	uint32_t *next;
	bool *final;             /* matches when the text ends here */
	uint32_t states, symbols, start;
	uint8_t symbol[256];     /* of a byte */
};

bool dfa_build(struct dfa *d, const struct nfa *n, uint64_t *work) MUST_CHECK;
/* States that act alike become one, and so do bytes; final ones are the last. */
bool dfa_minimize(struct dfa *d) MUST_CHECK;
void dfa_free(struct dfa *d);

/* All of it, within the caps. */
bool dfa_of_pattern(struct dfa *d, const struct ecma *e, struct properties *properties, uint64_t *work) MUST_CHECK;
