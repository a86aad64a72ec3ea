/* Judges pairs of schema and instance for tests/show/schema-agreement. Standard input has
 * a command a line, each is answered by one line:
 *
 *   schema DIALECT HEX   ok, or: refused CODE: MESSAGE
 *   judge HEX            valid, invalid or undecidable, under the last schema
 *
 * Stops when the executors or the report do not agree with each other. */
#include <stdio.h>
#include <stdlib.h>

#include "engine.h"

static struct engine engine;
static bool is_open, is_good;

static int nibble(uint8_t c)
{
	return c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;
}

/* A block of the exact size, so that AddressSanitizer sees one byte too far. */
static struct span unhex(struct span hex)
{
	uint8_t *p = malloc(hex.n / 2 + 1);

	INVARIANT(p);
	p = realloc(p, hex.n / 2 ? hex.n / 2 : 1);
	for (size_t i = 0; i + 1 < hex.n; i += 2)
		p[i / 2] = (uint8_t)(nibble(hex.p[i]) << 4 | nibble(hex.p[i + 1]));
	return span_of(p, hex.n / 2);
}

static const struct finding *first_error(const struct findings *f)
{
	for (size_t i = 0; i < f->n; i++) {
		if (f->items[i].severity == FINDING_ERROR)
			return &f->items[i];
	}
	return NULL;
}

static void open_schema(enum schema_dialect d, struct span text)
{
	if (is_open)
		engine_close(&engine);
	is_good = engine_open(&engine, text, d, NULL, NULL);
	is_open = true;
	const struct finding *x = first_error(&engine.f);
	if (is_good)
		puts("ok");
	else
		printf("refused %s: %s\n", x ? x->code : "limit", x ? x->message : "");
}

static void judge(struct span text)
{
	static const char *const words[] = { [SCHEMA_VALID] = "valid", [SCHEMA_INVALID] = "invalid", [SCHEMA_UNDECIDABLE] = "undecidable" };

	puts(is_good ? words[engine_judge(&engine, text)] : "refused");
}

static void command(char *line)
{
	char *save = NULL, *word = strtok_r(line, " \n", &save), *next = strtok_r(NULL, " \n", &save);
	enum schema_dialect d;
	bool is_schema = word && strcmp(word, "schema") == 0;

	if (is_schema) {
		INVARIANT(next && engine_dialect(span_str(next), &d));
		next = strtok_r(NULL, " \n", &save);
	}
	struct span text = unhex(next ? span_str(next) : SPAN_LIT(""));
	if (is_schema)
		open_schema(d, text);
	else
		judge(text);
	free((void *)text.p);
}

int main(void)
{
	char *line = NULL;
	size_t cap = 0;

	while (getline(&line, &cap, stdin) > 0) {
		command(line);
		fflush(stdout);
	}
	if (is_open)
		engine_close(&engine);
	free(line);
	return EXIT_SUCCESS;
}
