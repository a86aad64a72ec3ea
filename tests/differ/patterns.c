/* Judges texts by patterns for tests/show/patterns. Standard input has a command a line,
 * each is answered by one line:
 *
 *   pattern HEX          good, lenient, or: refused MESSAGE
 *   text HEX             the automaton's verdict and PCRE2's: 0, 1, ? or - each
 *
 * Stops when the two disagree. */
#include <stdio.h>
#include <stdlib.h>

#include "pattern_pair.h"

static struct pattern_pair pair;
static bool is_open, is_good;

static int nibble(char c)
{
	return c <= '9' ? c - '0' : c - 'a' + 10;
}

static struct span unhex(char *hex)
{
	size_t n = strlen(hex) / 2;

	for (size_t i = 0; i < n; i++)
		hex[i] = (char)(nibble(hex[i * 2]) << 4 | nibble(hex[i * 2 + 1]));
	return span_of(hex, n);
}

static void open_pattern(struct span pattern)
{
	if (is_open)
		pair_close(&pair);
	is_good = pair_open(&pair, pattern);
	is_open = true;
	if (is_good)
		puts(pair_is_lenient(&pair) ? "lenient" : "good");
	else
		printf("refused %s\n", pair_reason(&pair));
}

static void judge(struct span text)
{
	struct pair_verdict v = { '-', '-' };

	if (is_good)
		v = pair_judge(&pair, text);
	printf("%c%c\n", v.automaton, v.code);
}

int main(void)
{
	char *line = NULL;
	size_t cap = 0;

	while (getline(&line, &cap, stdin) > 0) {
		line[strcspn(line, "\n")] = 0;
		char *argument = strchr(line, ' ');
		INVARIANT(argument);
		struct span bytes = unhex(argument + 1);
		if (strncmp(line, "pattern ", 8) == 0)
			open_pattern(bytes);
		else
			judge(bytes);
		fflush(stdout);
	}
	if (is_open)
		pair_close(&pair);
	free(line);
	return EXIT_SUCCESS;
}
