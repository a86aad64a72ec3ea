/* Patterns: translated from ECMA-262, compiled once, and carried serialised. Owner:
 * compile; the loader and the tool. */
#include "base/hash.h"
#include "compile/internal.h"

#define OPTIONS (PCRE2_UTF | PCRE2_NEVER_BACKSLASH_C | PCRE2_MATCH_UNSET_BACKREF | PCRE2_ALLOW_EMPTY_CLASS)

static pcre2_code *build(struct compile_node *n, const struct tree_node *at, struct span pattern)
{
	struct schema_ecma ecma = { 0 };
	pcre2_code *code = NULL;
	PCRE2_SIZE where;
	struct buf out;
	int error;

	buf_init(&out, 1u << 20);
	if (schema_ecma_translate(pattern, &out, &ecma) < 0) {
		compile_fail(n, at, "pattern", "the pattern breaks ECMA-262 at character %zu: %s", ecma.where + 1, ecma.what ? ecma.what : "it is too long");
	} else if (!(code = pcre2_compile(out.p ? out.p : (PCRE2_SPTR)"", out.n, OPTIONS, &error, &where, NULL))) {
		PCRE2_UCHAR text[160] = "";
		pcre2_get_error_message(error, text, sizeof text);
		compile_fail(n, at, "pattern", "the pattern cannot be used: %s; write it in another way", (char *)text);
	} else if (ecma.lenient) {
		finding_warning(n->c->f, "pattern-escape", tree_location(at), "the pattern escapes a character that needs none, which ECMA-262 with the u flag forbids; remove the backslash");
	}
	buf_fini(&out);
	return code;
}

bool pattern_index(struct compile_node *n, const struct tree_node *at, struct span pattern, uint32_t *index)
{
	struct compile *c = n->c;

	for (*index = 0; *index < c->npatterns; (*index)++)
		if (span_eq(c->pattern_texts[*index], pattern))
			return true;
	if (c->npatterns == COMPILE_PATTERNS_MAX) {
		compile_fail(n, at, "limit-patterns", "more than %u different patterns; use fewer", COMPILE_PATTERNS_MAX);
		return false;
	}
	pcre2_code *code = build(n, at, pattern);
	if (!code)
		return false;
	c->patterns[c->npatterns] = code;
	c->pattern_texts[c->npatterns++] = pattern;
	return true;
}

void patterns_finish(struct compile *c)
{
	struct schema_regexes head = { .n = c->npatterns };
	uint8_t *bytes = NULL;
	PCRE2_SIZE n = 0;

	if (c->npatterns == 0)
		return;
	if (pcre2_serialize_encode((const pcre2_code **)c->patterns, (int32_t)c->npatterns, &bytes, &n, NULL) < 0) {
		c->error = E_NOMEM;
		return;
	}
	head.bytes = (uint32_t)n;
	head.crc = crc32c(0, bytes, n);
	image_append(c->b, IMAGE_SCHEMA_REGEX, &head, sizeof head, 8);
	image_append(c->b, IMAGE_SCHEMA_REGEX, bytes, n, 8);
	pcre2_serialize_free(bytes);
}
