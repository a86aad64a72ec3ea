/* What one match costs: patterns by automaton and by PCRE2's interpreter, formats by their
 * functions, each on one text that is valid and in the cache. Prints a table, then one
 * JSON object. Times are processor time of this thread, best of the rounds. */
#include <stdio.h>
#include <stdlib.h>

#include "schema/private.h"
#include "tests/bench/cpu.h"
#include "tests/differ/engine.h"

#define ROUNDS 30
#define MATCHES 20000

static const struct {
	const char *name, *pattern, *text;
} patterns[] = {
	{ "uuid", "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$", "123e4567-e89b-12d3-a456-426614174000" },
	{ "prefix", "^x-", "x-request-id" },
	{ "prefix-miss", "^x-", "content-type" },
	{ "anything", ".*", "whatever there is" },
	{ "date-time", "^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}(\\.\\d+)?Z$", "2024-01-02T03:04:05.678Z" },
	{ "email", "^[^\\s@]+@[^\\s@]+\\.[^\\s@]+$", "somebody.else@mail.example.org" },
	{ "length", "^.{1,36}$", "a text of thirty-six characters: ok?" },
	{ "name", "^[a-zA-Z_][a-zA-Z0-9_]*$", "a_name_of_something" },
	{ "literal", "needle", "in this haystack there is a needle" },
	{ "words", "^(placed|paid|packed|sent|delivered|returned)$", "delivered" },
	{ "letters", "^\\p{L}+$", "Straßenlaterne" },
};

static const struct {
	const char *format, *text;
} formats[] = {
	{ "date-time", "2024-01-02T03:04:05.678Z" }, { "date-time", "2024-01-02T03:04:05+01:00" }, { "date", "2024-01-02" }, { "time", "03:04:05Z" },
	{ "duration", "P3DT4H30M" }, { "uuid", "123e4567-e89b-12d3-a456-426614174000" }, { "email", "somebody.else@mail.example.org" },
	{ "hostname", "broker-1.kafka.example.org" }, { "ipv4", "192.168.100.254" }, { "ipv6", "2001:db8:85a3::8a2e:370:7334" },
	{ "uri", "https://example.org/path/to/it?query=1&more=2#part" }, { "uri-reference", "../path/to/it" }, { "json-pointer", "/a/b~1c/0" },
	{ "uri-template", "/users/{id}/orders{?page,size}" }, { "regex", "^[a-z]+(-[a-z]+)*$" },
};

static struct engine engine_of(const char *pattern, bool backtrack)
{
	struct compile_options options = { .backtrack = backtrack };
	struct engine e;
	struct buf schema;

	buf_init(&schema, 0);
	buf_puts(&schema, "{\"pattern\":\"");
	buf_json_escape(&schema, span_str(pattern));
	buf_puts(&schema, "\"}");
	INVARIANT(engine_open(&e, buf_span(&schema), DIALECT_DRAFT7, &options, NULL));
	buf_fini(&schema);
	return e;
}

static double pattern_ns(const char *pattern, const char *text, bool backtrack)
{
	struct engine e = engine_of(pattern, backtrack);
	struct span s = span_str(text);
	double best = 1e9;
	uint64_t steps;

	for (int round = 0; round < ROUNDS; round++) {
		double start = cpu_ns();
		for (int i = 0; i < MATCHES; i++) {
			__asm__ volatile("" : "+r"(s.p));
			INVARIANT(pattern_matches(e.runner, 0, s, &steps) >= 0);
		}
		double ns = (cpu_ns() - start) / MATCHES;
		best = ns < best ? ns : best;
	}
	engine_close(&e);
	return best;
}

static double format_ns(enum schema_format f, const char *text)
{
	struct span s = span_str(text);
	double best = 1e9;

	for (int round = 0; round < ROUNDS; round++) {
		double start = cpu_ns();
		for (int i = 0; i < MATCHES; i++) {
			__asm__ volatile("" : "+r"(s.p));
			INVARIANT(schema_format_holds(f, JSON_STRING, s));
		}
		double ns = (cpu_ns() - start) / MATCHES;
		best = ns < best ? ns : best;
	}
	return best;
}

static void measure_patterns(struct buf *json)
{
	printf("%-14s %6s %10s %10s   ns a match\n", "pattern", "bytes", "automaton", "PCRE2");
	for (size_t i = 0; i < ARRAY_LEN(patterns); i++) {
		double automaton = pattern_ns(patterns[i].pattern, patterns[i].text, false);
		double code = pattern_ns(patterns[i].pattern, patterns[i].text, true);
		printf("%-14s %6zu %10.1f %10.1f\n", patterns[i].name, strlen(patterns[i].text), automaton, code);
		buf_printf(json, "%s\"%s\":{\"automaton\":%.1f,\"pcre2\":%.1f}", i ? "," : "", patterns[i].name, automaton, code);
	}
}

static void measure_formats(struct buf *json)
{
	printf("\n%-14s %6s %10s   ns a match\n", "format", "bytes", "ours");
	for (size_t i = 0; i < ARRAY_LEN(formats); i++) {
		double ns = format_ns(schema_format_find(span_str(formats[i].format)), formats[i].text);
		printf("%-14s %6zu %10.1f\n", formats[i].format, strlen(formats[i].text), ns);
		buf_printf(json, "%s{\"format\":\"%s\",\"text\":\"%s\",\"ns\":%.1f}", i ? "," : "", formats[i].format, formats[i].text, ns);
	}
}

int main(void)
{
	struct buf json;

	buf_init(&json, 0);
	buf_puts(&json, "{\"patterns\":{");
	measure_patterns(&json);
	buf_puts(&json, "},\"formats\":[");
	measure_formats(&json);
	printf("\n%.*s]}\n", (int)json.n, (const char *)json.p);
	buf_fini(&json);
	return EXIT_SUCCESS;
}
