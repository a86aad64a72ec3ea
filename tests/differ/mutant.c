/* A compiled image whose schema sections are changed in place. What lies between its
 * sections is poisoned, so that AddressSanitizer sees one that is left. The container's
 * checksum is not asked: the verifier must hold without it.
 *
 * Left as they are: the serialised patterns of PCRE2. pcre2_serialize_decode trusts what it
 * reads, which its manual says; a checksum of those bytes in front of them is what the
 * verifier holds them to, and that checksum does change here. */
#include <stdio.h>
#include <stdlib.h>

#include "engine.h"
#include "mutant.h"
#include "schema/layout.h"

#ifdef WITH_ASAN
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(p, n) ((void)(p), (void)(n))
#define ASAN_UNPOISON_MEMORY_REGION(p, n) ((void)(p), (void)(n))
#endif

#define ROOTS_MAX 16

/* Together they have every instruction. */
static const struct {
	enum schema_dialect dialect;
	const char *schema, *instances; /* a line each */
} sources[] = {
	{ DIALECT_ASYNCAPI,
	  "{\"type\":[\"object\",\"array\"],\"definitions\":{\"n\":{\"minimum\":1.5,\"maximum\":9,\"multipleOf\":0.5}},"
	  "\"properties\":{\"a\":{\"$ref\":\"#/definitions/n\"},\"b\":{\"pattern\":\"^b+$\",\"format\":\"date\"},\"c\":{\"$ref\":\"#\"},"
	  "\"d\":{\"enum\":[\"x\",{\"y\":[1]}]},\"e\":{\"const\":[null]},\"look\":{\"pattern\":\"^(?=a)(.)\\\\1$\"}},\"patternProperties\":{\"^p\":{\"minLength\":2,\"maxLength\":4}},"
	  "\"required\":[\"a\"],\"dependencies\":{\"b\":[\"a\"],\"c\":{\"minProperties\":1}},\"propertyNames\":{\"maxLength\":9},\"maxProperties\":7,"
	  "\"items\":[{\"type\":\"integer\",\"exclusiveMinimum\":0,\"exclusiveMaximum\":1e3}],\"additionalItems\":{\"uniqueItems\":true,\"minItems\":1,\"maxItems\":20},"
	  "\"contains\":{\"type\":\"integer\"},\"oneOf\":[{\"type\":\"object\"},{\"type\":\"array\"}],\"anyOf\":[{}],\"allOf\":[true,{\"minProperties\":1}],\"not\":{\"const\":7},"
	  "\"if\":{\"required\":[\"z\"]},\"then\":false}",
	  "{\"a\":2,\"b\":\"bb\",\"c\":{\"a\":3},\"d\":{\"y\":[1]},\"e\":[null],\"pp\":\"xx\"}\n[1,[1,2],[3,3]]\n[1,[1,2,3,4,5,6,7,8,9,10,{\"a\":1},{\"a\":1.0}]]\n"
	  "{\"a\":2,\"b\":\"x\"}\n{\"a\":1}\n7\n{\"a\":2,\"z\":1,\"\\u0062\":\"b\",\"look\":\"aa\"}\n{\"d\":\"x\"}" },
	{ DIALECT_ASYNCAPI,
	  "{\"type\":\"object\",\"required\":[\"id\",\"kind\",\"at\"],\"additionalProperties\":false,\"properties\":{\"id\":{\"type\":\"string\",\"format\":\"uuid\"},"
	  "\"kind\":{\"enum\":[\"on\",\"off\",\"dim\"]},\"at\":{\"type\":\"string\",\"format\":\"date-time\"},\"lumens\":{\"type\":\"integer\",\"minimum\":0,\"maximum\":100000},"
	  "\"ratio\":{\"type\":\"number\",\"minimum\":0,\"maximum\":1,\"multipleOf\":0.01},\"tags\":{\"type\":\"array\",\"items\":{\"type\":\"string\",\"pattern\":\"^[a-z]+$\"},\"maxItems\":4},"
	  "\"nested\":{\"type\":\"object\",\"properties\":{\"a\":{\"type\":[\"null\",\"boolean\"]},\"b\":{\"type\":\"array\",\"items\":[{\"type\":\"number\"},{\"type\":\"string\"}]}}}}}",
	  "{\"id\":\"2eb8aa08-aa98-11ea-b4aa-73b441d16380\",\"kind\":\"on\",\"at\":\"2024-01-01T00:00:00Z\",\"lumens\":5,\"ratio\":0.25,\"tags\":[\"a\",\"bc\"],\"nested\":{\"a\":null,\"b\":[1.5,\"x\"]}}\n"
	  "{\"id\":\"2eb8aa08-aa98-11ea-b4aa-73b441d16380\",\"kind\":\"of\",\"at\":\"2024-01-01T00:00:00Z\"}\n{\"kind\":\"dim\",\"lumens\":true}" },
	{ DIALECT_ASYNCAPI,
	  "{\"oneOf\":[{\"properties\":{\"k\":{\"const\":\"a\"},\"v\":{\"type\":\"string\"}},\"required\":[\"k\"]},{\"properties\":{\"k\":{\"const\":\"b\"},\"v\":{\"$ref\":\"#\"}},\"required\":[\"k\"]},"
	  "{\"type\":\"array\",\"items\":{\"$ref\":\"#\"}},{\"type\":\"integer\"}]}",
	  "{\"k\":\"b\",\"v\":{\"k\":\"b\",\"v\":[1,{\"k\":\"a\",\"v\":\"x\"}]}}\n{\"v\":\"x\",\"k\":\"a\"}\n[{\"k\":\"c\"}]\n1.5" },
	{ DIALECT_2020_12,
	  "{\"$id\":\"http://example.com/root\",\"$dynamicAnchor\":\"n\",\"$defs\":{\"m\":{\"$id\":\"m\",\"$dynamicAnchor\":\"n\",\"properties\":{\"x\":{\"type\":\"null\"}}}},\"allOf\":[{\"properties\":{\"a\":{\"$dynamicRef\":\"#n\"}}}],"
	  "\"prefixItems\":[{\"type\":\"integer\"}],\"contains\":{\"type\":\"string\"},\"minContains\":1,\"maxContains\":2,\"dependentRequired\":{\"a\":[\"b\"]},\"dependentSchemas\":{\"c\":{\"maxProperties\":3}},"
	  "\"anyOf\":[{\"properties\":{\"b\":true}},{\"properties\":{\"c\":true}}],\"unevaluatedItems\":{\"type\":\"boolean\"},\"unevaluatedProperties\":false}",
	  "{\"a\":{\"b\":1,\"c\":2},\"b\":1}\n{\"a\":{},\"b\":1,\"c\":2,\"d\":3}\n[1,\"x\",true]\n[1,\"x\",null]\n{}" },
};

static struct findings findings;
static struct tree_set *set;
static struct buf bytes;
static struct image img;
static struct span sections[IMAGE_SECTION_COUNT];     /* what may change */
static const char *instances[ROOTS_MAX];
static uint32_t roots[ROOTS_MAX];
static size_t nroots;

static void compile_one(struct compile *c, size_t i)
{
	char name[24];

	snprintf(name, sizeof name, "schema-%zu.json", i);
	struct tree_file *file = tree_parse(set, name, sources[i].schema, strlen(sources[i].schema));
	INVARIANT(file && file->root);
	INVARIANT(compile_schema(c, file->root, sources[i].dialect, &roots[nroots]) == 0);
	instances[nroots++] = sources[i].instances;
}

static void build(struct buf *out)
{
	struct image_builder b;

	image_builder_init(&b);
	struct compile *c = compile_new(&b, &findings, NULL);
	INVARIANT(c);
	for (size_t i = 0; i < ARRAY_LEN(sources); i++)
		compile_one(c, i);
	INVARIANT(compile_finish(c) == 0 && image_finish(&b, 1, out) == 0);
	compile_free(c);
	image_builder_fini(&b);
}

/* Which bytes may change, and which may not even be read. */
static void fence(uint8_t *base, size_t size)
{
	const struct image_header *h = (const void *)base;
	uint8_t *end = base + sizeof *h;

	for (size_t i = 0; i < IMAGE_SECTION_COUNT; i++) {
		uint8_t *p = base + h->sections[i].off;
		size_t n = h->sections[i].len;
		if (n == 0)
			continue;
		ASAN_POISON_MEMORY_REGION(end, (size_t)(p - end));
		end = p + n;
		sections[i] = i >= IMAGE_SCHEMA_ROOTS ? span_of(p, n) : SPAN_NULL;
	}
	ASAN_POISON_MEMORY_REGION(end, (size_t)(base + size - end));
	if (sections[IMAGE_SCHEMA_REGEX].n)
		sections[IMAGE_SCHEMA_REGEX].n = sizeof(struct schema_regexes);
}

void mutant_open(void)
{
	findings_init(&findings, 100);
	set = tree_set_new(&findings, NULL);
	buf_init(&bytes, 0);
	build(&bytes);
	INVARIANT(image_open(&img, bytes.p, bytes.n) == 0 && schema_verify(&img) == 0);
	fence(bytes.p, bytes.n);
	INVARIANT(mutant_passes(NULL, 0));
}

void mutant_close(void)
{
	ASAN_UNPOISON_MEMORY_REGION(bytes.p, bytes.n);
	buf_fini(&bytes);
	tree_set_free(set);
	findings_fini(&findings);
	nroots = 0;
}

size_t mutant_size(void)
{
	size_t n = 0;

	for (size_t i = 0; i < IMAGE_SECTION_COUNT; i++)
		n += sections[i].n;
	return n;
}

static uint8_t *place(uint32_t at, size_t *section)
{
	for (*section = 0; *section < IMAGE_SECTION_COUNT; ++*section) {
		if (at < sections[*section].n)
			return (uint8_t *)(uintptr_t)sections[*section].p + at;
		at -= (uint32_t)sections[*section].n;
	}
	return NULL;
}

uint8_t mutant_byte(uint32_t at)
{
	size_t section;

	return *place(at, &section);
}

size_t mutant_section(uint32_t at)
{
	size_t section;

	(void)place(at, &section);
	return section - IMAGE_SCHEMA_ROOTS;
}

static void judge_all(struct schema_runner *r)
{
	struct arena a;

	arena_init(&a, 4096, 0);
	for (size_t i = 0; i < nroots; i++) {
		for (const char *s = instances[i]; *s; s += strcspn(s, "\n"), s += *s == '\n') {
			struct span text = span_of(s, strcspn(s, "\n"));
			struct schema_report report = { .arena = &a };
			if (schema_run(r, roots[i], text) == SCHEMA_INVALID)
				(void)schema_explain(r, roots[i], text, &report);
			arena_reset(&a);
		}
	}
	arena_fini(&a);
}

static bool verify_and_judge(void)
{
	static const struct schema_limits limits = { .steps = 2000, .steps_per_byte = 16 };

	if (schema_verify(&img) < 0 || !schema_root_is_known(&img, (uint32_t)nroots + 1))
		return false;
	struct schema_runner *r = schema_runner_new(&img, &limits);
	if (!r)
		return false;
	judge_all(r);
	schema_runner_free(r);
	return true;
}

bool mutant_passes(const struct mutant_edit *edits, size_t n)
{
	uint8_t was[16];
	size_t section;

	INVARIANT(n <= sizeof was);
	for (size_t i = 0; i < n; i++) {
		uint8_t *p = place(edits[i].at, &section);
		was[i] = *p;
		*p = edits[i].byte;
	}
	bool passed = verify_and_judge();
	while (n--)
		*place(edits[n].at, &section) = was[n];
	return passed;
}
