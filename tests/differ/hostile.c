/* Schemas and payloads that would hang, exhaust or fool a careless engine: each row names
 * what must happen instead. No clock decides: the steps of a budget and the process's own
 * limits do, which end it. Prints the table; exits 0 when every row holds. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/hash.h"
#include "engine.h"

#define CPU_SECONDS 100
#define MEMORY ((rlim_t)1 << 30)

static unsigned broken;

static void row(const char *attack, const char *want, const char *got)
{
	bool good = strcmp(want, got) == 0;

	printf("%-58s %s%s%s\n", attack, got, good ? "" : ", expected ", good ? "" : want);
	broken += !good;
}

/* ---- texts ---- */

static void put_many(struct buf *b, const char *text, size_t n)
{
	while (n--)
		buf_puts(b, text);
}

static struct buf nested(const char *open, const char *inner, const char *close, size_t depth)
{
	struct buf b;

	buf_init(&b, 0);
	put_many(&b, open, depth);
	buf_puts(&b, inner);
	put_many(&b, close, depth);
	return b;
}

/* {"properties":{"k0":{},...}}: each member printed by fmt with its number twice. */
static struct buf listed(const char *before, const char *fmt, const char *after, unsigned n)
{
	char item[256];
	struct buf b;

	buf_init(&b, 0);
	buf_puts(&b, before);
	for (unsigned i = 0; i < n; i++) {
		snprintf(item, sizeof item, fmt, i, i + 1);
		buf_puts(&b, i ? "," : "");
		buf_puts(&b, item);
	}
	buf_puts(&b, after);
	return b;
}

/* ---- what happens ---- */

static const char *error_of(const struct engine *e)
{
	for (size_t i = 0; i < e->f.n; i++) {
		if (e->f.items[i].severity == FINDING_ERROR)
			return e->f.items[i].code;
	}
	return "no finding";
}

static void refused(const char *attack, const char *code, struct span schema, enum schema_dialect d)
{
	struct engine e;
	bool good = engine_open(&e, schema, d, NULL, NULL);
	char got[64];

	snprintf(got, sizeof got, "%s", good ? "accepted" : error_of(&e));
	engine_close(&e);
	row(attack, code, got);
}

static void refuses(const char *attack, const char *code, const char *schema)
{
	refused(attack, code, span_str(schema), DIALECT_DRAFT7);
}

static void refuses_buf(const char *attack, const char *code, struct buf b)
{
	INVARIANT(buf_error(&b) == 0);
	refused(attack, code, buf_span(&b), DIALECT_DRAFT7);
	buf_fini(&b);
}

/* The verdict, and the budget's reason when there is one; all executors agree. */
static const char *verdict(struct engine *e, struct span instance, char *out, size_t cap)
{
	struct arena a;
	enum schema_verdict v = engine_judge(e, instance);

	arena_init(&a, 4096, 0);
	struct schema_report report = { .arena = &a };
	(void)!schema_explain(e->runner, e->root, instance, &report);
	if (v == SCHEMA_UNDECIDABLE)
		snprintf(out, cap, "undecidable: %s", report.reason ? report.reason : "no reason");
	else
		snprintf(out, cap, "%s", v == SCHEMA_VALID ? "valid" : "invalid");
	arena_fini(&a);
	return out;
}

static void judged(const char *attack, const char *want, struct span schema, struct span instance)
{
	struct engine e;
	char got[128];

	if (engine_open(&e, schema, DIALECT_DRAFT7, NULL, NULL))
		row(attack, want, verdict(&e, instance, got, sizeof got));
	else
		row(attack, want, error_of(&e));
	engine_close(&e);
}

static void judges(const char *attack, const char *want, const char *schema, struct buf instance)
{
	INVARIANT(buf_error(&instance) == 0);
	judged(attack, want, span_str(schema), buf_span(&instance));
	buf_fini(&instance);
}

/* ---- the rows of the design's table ---- */

#define STEPS "undecidable: the step budget is spent"
#define DEEP "undecidable: nested too deeply"

static void depth(void)
{
	static const char tree[] = "{\"items\":{\"$ref\":\"#\"},\"additionalProperties\":{\"$ref\":\"#\"}}";

	judges("array in array, 128 deep, recursive schema", "valid", tree, nested("[", "1", "]", 128));
	judges("array in array, 129 deep", DEEP, tree, nested("[", "1", "]", 129));
	judges("a million open brackets", DEEP, "true", nested("[", "", "", 1000000));
	judges("a million open members", DEEP, tree, nested("{\"a\":", "", "", 1000000));
	refuses_buf("schema in schema, 10,000 deep", "limit-depth", nested("{\"not\":", "{}", "}", 10000));
	struct buf groups = nested("(", "a", ")", 10000), pattern;
	buf_init(&pattern, 0);
	buf_printf(&pattern, "{\"pattern\":\"%.*s\"}", (int)groups.n, (const char *)groups.p);
	refuses_buf("group in group in a pattern, 10,000 deep", "pattern", pattern);
	buf_fini(&groups);
}

static void loops(void)
{
	refuses("$ref to itself", "ref-loop", "{\"$ref\":\"#\"}");
	refuses("allOf that leads back", "schema-loop", "{\"allOf\":[{\"$ref\":\"#\"}]}");
	refuses("anyOf, not, if that lead back", "schema-loop", "{\"anyOf\":[{\"not\":{\"if\":{\"$ref\":\"#\"}}}]}");
	refuses("three definitions in a ring", "schema-loop",
	        "{\"definitions\":{\"a\":{\"oneOf\":[{\"$ref\":\"#/definitions/b\"}]},\"b\":{\"allOf\":[{\"$ref\":\"#/definitions/c\"}]},"
	        "\"c\":{\"dependencies\":{\"x\":{\"$ref\":\"#/definitions/a\"}}}},\"properties\":{\"p\":{\"$ref\":\"#/definitions/a\"}}}");
	refused("$dynamicRef that leads back", "schema-loop", SPAN_LIT("{\"$dynamicAnchor\":\"n\",\"allOf\":[{\"$dynamicRef\":\"#n\"}]}"), DIALECT_2020_12);
	refused("$recursiveRef that leads back", "schema-loop", SPAN_LIT("{\"$recursiveAnchor\":true,\"allOf\":[{\"$recursiveRef\":\"#\"}]}"), DIALECT_2019_09);
}

static void explosions(void)
{
	static const char bomb[] = "{\"oneOf\":[{\"type\":\"integer\"},{\"items\":{\"$ref\":\"#\"}},{\"items\":{\"$ref\":\"#\"},\"contains\":{\"const\":2}}]}";
	struct buf halves = nested("{\"$ref\":\"#/definitions/d0\",\"definitions\":{", "", "", 1);

	judges("recursive oneOf, 16 levels, three ways each", STEPS, bomb, nested("[", "1", "]", 16));
	judges("recursive oneOf, 100 levels", STEPS, bomb, nested("[", "1", "]", 100));
	buf_puts(&halves, "\"d40\":{\"type\":[\"object\",\"integer\"],\"not\":{\"const\":5}}");
	for (unsigned i = 0; i < 40; i++)
		buf_printf(&halves, ",\"d%u\":{\"anyOf\":[{\"not\":{\"$ref\":\"#/definitions/d%u\"}},{\"not\":{\"$ref\":\"#/definitions/d%u\"}}]}", i, i + 1, i + 1);
	buf_puts(&halves, "}}");
	judged("two ways to the next of 40 definitions", STEPS, buf_span(&halves), SPAN_LIT("5"));
	buf_fini(&halves);
	judged("a pattern that goes back, ^(a+)+$", "invalid", SPAN_LIT("{\"pattern\":\"^(a+)+$\"}"), SPAN_LIT("\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!\""));
	judged("one that no automaton has, ^(a+)+\\1$", "undecidable: a pattern reached its limit", SPAN_LIT("{\"pattern\":\"^(a+)+\\\\1$\"}"),
	       SPAN_LIT("\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab\""));
}

static void sizes(void)
{
	struct buf large = nested(" ", "{}", "", (4u << 20) + 1);

	refuses_buf("a schema of more than 4 MiB", "limit-file", large);
	refuses_buf("65,536 schemas in one", "limit-schemas", listed("{\"anyOf\":[", "{\"minimum\":%u}", "]}", 65536));
	refuses_buf("4,097 properties of one object", "limit-properties", listed("{\"properties\":{", "\"k%u\":true", "}}", 4097));
	refuses_buf("1,025 patterns", "limit-patterns", listed("{\"patternProperties\":{", "\"^p%u\":true", "}}", 1025));
	judges("a payload of more than 64 MiB", "undecidable: the instance is larger than the limit", "true", nested(" ", "1", "", (64u << 20)));
}

static void numbers(void)
{
	struct buf digits = nested("7", "", "", 1000000);

	judges("a number of a million digits, multipleOf", "invalid", "{\"multipleOf\":999999999999999989}", digits);
	judged("an exponent of twenty digits", "valid", SPAN_LIT("{\"multipleOf\":3,\"minimum\":1}"), SPAN_LIT("3e99999999999999999999"));
	judged("an exponent of twenty digits, below zero", "invalid", SPAN_LIT("{\"multipleOf\":3}"), SPAN_LIT("3e-99999999999999999999"));
}

/* Names whose hash without a seed ends in the same 16 bits. */
static struct buf colliding(const char *item, unsigned n)
{
	char name[32];
	struct buf b;

	buf_init(&b, 0);
	for (unsigned i = 0, found = 0; found < n; i++) {
		int len = snprintf(name, sizeof name, "n%u", i);
		if (hash64(name, (size_t)len, 0) & 0xfff)
			continue;
		buf_printf(&b, item, found ? "," : "", name);
		found++;
	}
	return b;
}

static void floods(void)
{
	struct buf members = colliding("%s\"%s\":1", 2000), items = colliding("%s\"%s\"", 2000), b;

	buf_init(&b, 0);
	buf_addch(&b, '{');
	buf_add(&b, members.p, members.n);
	buf_addch(&b, '}');
	judges("2,000 unknown names of one hash", "valid", "{\"properties\":{\"a\":{},\"b\":{},\"c\":{}},\"additionalProperties\":{\"type\":\"integer\"}}", b);
	buf_init(&b, 0);
	buf_addch(&b, '[');
	buf_add(&b, items.p, items.n);
	buf_addch(&b, ']');
	judges("2,000 different items of one hash, uniqueItems", "valid", "{\"uniqueItems\":true}", b);
	judges("100,000 different items, uniqueItems", "valid", "{\"uniqueItems\":true}", listed("[", "{\"a\":%u}", "]", 100000));
	judges("100,000 different members", "valid", "{\"additionalProperties\":{\"type\":\"integer\"}}", listed("{", "\"k%u\":%u", "}", 100000));
	judges("the last of 100,000 members twice", "invalid", "true", listed("{", "\"k%u\":%u", ",\"k99999\":1}", 100000));
	buf_fini(&members);
	buf_fini(&items);
}

/* ---- a budget is not spent on guesses ---- */

/* The first property of a branch costs most of the budget, and the name that tells comes after it: engine_judge
 * holds whoever guesses to what the tree executor decides, whatever the budget. */
static void guesses(void)
{
	static const char schema[] = "{\"type\":\"object\",\"if\":{\"required\":[\"z\"]},\"then\":{\"properties\":{\"a\":{\"pattern\":\"(?=a)^a+$\"}}},"
	                             "\"else\":{\"properties\":{\"a\":{\"pattern\":\"(?=a)^a+b?$\"}}}}";
	unsigned decided = 0;
	struct engine e;

	for (uint64_t steps = 1; steps <= 1000; steps += 9) {
		struct schema_limits limits = { .steps = steps, .steps_per_byte = 1 };
		INVARIANT(engine_open(&e, SPAN_LIT(schema), DIALECT_DRAFT7, NULL, &limits));
		decided += engine_judge(&e, SPAN_LIT("{\"a\":\"aaaa\",\"z\":1}")) == SCHEMA_VALID;
		engine_close(&e);
	}
	row("a wrong guess that costs a budget", "decided", decided > 0 && decided < 112 ? "decided" : "always or never decided");
}

/* ---- nothing is read behind the text ---- */

static const char *const records[] = {
	"{\"id\":\"2eb8aa08-aa98-11ea-b4aa-73b441d16380\",\"kind\":\"on\",\"lumens\":12345,\"ratio\":0.25,\"tags\":[\"abc\",\"\\u00e9\xc3\xa9\"],\"nested\":{\"a\":null,\"b\":[1.5e-3,true,false]}}",
	"[[],{},\"\\ud83d\\ude00 a long string that goes on for more than thirty-two bytes\",-0.0,1E400,123456789012345678901234567890]",
	"\"a string at the top\"", "-123.5e10", "0", "-0.0", "7", "true", "null", "[1.5]", "{\"a\":0}",
	"{ \"lumens\" : 1 , \"kind\" : \"off\" }",
};

#define LIGHT                                                                                                                    \
	"{\"properties\":{\"id\":{\"type\":\"string\",\"format\":\"uuid\"},\"kind\":{\"enum\":[\"on\",\"off\",\"dim\"]},"            \
	"\"lumens\":{\"type\":\"integer\",\"minimum\":0},\"ratio\":{\"type\":\"number\",\"maximum\":1,\"multipleOf\":0.01},"         \
	"\"tags\":{\"items\":{\"type\":\"string\",\"minLength\":1}},\"nested\":{\"properties\":{\"a\":{\"type\":\"null\"}}}}}"

/* Whatever stands behind the text in a page that can be read, the verdict is the same. */
static void noise_changes_nothing(struct engine *e, uint8_t *first, size_t page, const char *record, size_t n, enum schema_verdict v)
{
	static const uint8_t noise[] = { '0', '7', '"', '\\', ',', '.', 'e', '}', ']', ' ', '\n', 'l', 0x80, 0xbf, 0xe2, 0xff };

	for (size_t i = 0; i < sizeof noise; i++) {
		memset(first, noise[i], page);
		memcpy(first, record, n);
		INVARIANT(engine_judge(e, span_of(first, n)) == v);
	}
	memset(first, 0, page);
}

static void over_reads(void)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), judged_n = 0;
	uint8_t *p = mmap(NULL, page * 3, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct engine e;
	char got[64];

	INVARIANT(p != MAP_FAILED && mprotect(p + page, page, PROT_READ | PROT_WRITE) == 0);
	INVARIANT(engine_open(&e, SPAN_LIT(LIGHT), DIALECT_DRAFT7, NULL, NULL));
	for (size_t i = 0; i < ARRAY_LEN(records); i++) {
		for (size_t n = 0; n <= strlen(records[i]); n++, judged_n += 17) {
			uint8_t *last = p + 2 * page - n, *first = p + page;
			memcpy(last, records[i], n);
			enum schema_verdict v = engine_judge(&e, span_of(last, n));
			noise_changes_nothing(&e, first, page, records[i], n, v);
			INVARIANT(n < strlen(records[i]) || v == SCHEMA_VALID);
			INVARIANT(n == strlen(records[i]) || v == SCHEMA_INVALID || !strchr("{[\"tn", records[i][0]));
		}
	}
	snprintf(got, sizeof got, "%zu texts, no fault", judged_n);
	printf("%-58s %s\n", "every cut of a record, at both edges of a readable page", got);
	engine_close(&e);
	munmap(p, page * 3);
}

/* ---- nothing is fetched ---- */

static void remotes(void)
{
	struct rlimit files = { 0 }, none;

	/* No descriptor can be opened from here on: no file, no socket. */
	INVARIANT(getrlimit(RLIMIT_NOFILE, &files) == 0);
	none = (struct rlimit){ 0, files.rlim_max };
	INVARIANT(setrlimit(RLIMIT_NOFILE, &none) == 0);
	refuses("$ref to http://127.0.0.1:9/a.json", "ref-remote", "{\"$ref\":\"http://127.0.0.1:9/a.json\"}");
	refuses("$ref below an $id of https://example.com/", "ref-remote", "{\"$id\":\"https://example.com/s/\",\"items\":{\"$ref\":\"other.json\"}}");
	refuses("$schema of https://example.com/", "schema-dialect", "{\"$schema\":\"https://example.com/own\",\"type\":\"string\"}");
	INVARIANT(setrlimit(RLIMIT_NOFILE, &files) == 0);
}

static void limit_myself(void)
{
	struct rlimit cpu = { CPU_SECONDS, CPU_SECONDS };

	INVARIANT(setrlimit(RLIMIT_CPU, &cpu) == 0);
#ifndef WITH_ASAN                    /* its shadow takes terabytes of addresses */
	struct rlimit memory = { MEMORY, MEMORY };
	INVARIANT(setrlimit(RLIMIT_AS, &memory) == 0);
#endif
}

int main(void)
{
	limit_myself();
	depth();
	loops();
	explosions();
	sizes();
	numbers();
	floods();
	guesses();
	over_reads();
	remotes();
	printf("%u broken\n", broken);
	return broken ? EXIT_FAILURE : EXIT_SUCCESS;
}
