/* Any bytes are a pattern or a reason against it, in bounded time and memory. Where both
 * an automaton and PCRE2's code come of it they agree on every text. The first line is
 * the pattern, each further line a text. */
#include "../differ/pattern_pair.h"
#include "fuzz.h"

static struct span line(struct span *rest)
{
	const uint8_t *end = rest->n ? memchr(rest->p, '\n', rest->n) : NULL;
	struct span s = span_of(rest->p, end ? (size_t)(end - rest->p) : rest->n);

	rest->p += end ? s.n + 1 : s.n;
	rest->n -= end ? s.n + 1 : s.n;
	return s;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct span rest = span_of(bytes, n), pattern = line(&rest);
	struct pattern_pair p;

	if (pair_open(&p, pattern)) {
		(void)pair_judge(&p, SPAN_LIT(""));
		(void)pair_judge(&p, pattern);
		while (rest.n)
			(void)pair_judge(&p, line(&rest));
	} else {
		INVARIANT(*pair_reason(&p));
	}
	pair_close(&p);
	return 0;
}
