/* Which of many messages a record may be, by one look at its key, a header or a member of
 * its payload: whoever wants another constant there is ruled out before a schema runs. Never
 * decides what a record is, only what it is not. Owner: contract; runs in workers. */
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "contract/internal.h"

enum found { FOUND_NOTHING, FOUND_TEXT, FOUND_OTHER, FOUND_UNKNOWN };

/* ---- a member of a payload ---- */

/* Looks at no more of a payload than it must, and believes nothing: bytes that it does not
 * understand make the answer FOUND_UNKNOWN, and the schemas decide. A key given twice makes a
 * payload malformed for all of them, so that the first may speak. */
/* The next quote or backslash; end when there is none. Most names and words end in the
 * first block. */
static inline const uint8_t *string_end(const uint8_t *p, const uint8_t *end)
{
#ifdef __SSE2__
	const __m128i quote = _mm_set1_epi8('"'), slash = _mm_set1_epi8('\\');

	for (; end - p >= 16; p += 16) {
		__m128i block = _mm_loadu_si128((const void *)p);
		int hits = _mm_movemask_epi8(_mm_or_si128(_mm_cmpeq_epi8(block, quote), _mm_cmpeq_epi8(block, slash)));
		if (hits)
			return p + __builtin_ctz((unsigned)hits);
	}
#endif
	while (p < end && *p != '"' && *p != '\\')
		p++;
	return p;
}

static inline const uint8_t *past_blanks(const uint8_t *p, const uint8_t *end)
{
	while (p < end && (*p == ' ' || *p == '\n' || *p == '\t' || *p == '\r'))
		p++;
	return p;
}

/* Over the rest of a string; NULL when it ends nowhere. */
static inline const uint8_t *past_string(const uint8_t *p, const uint8_t *end)
{
	p = string_end(p, end);
	while (end - p >= 2 && *p == '\\')
		p = string_end(p + 2, end);
	return p < end && *p == '"' ? p + 1 : NULL;
}

/* The next quote or bracket; end when there is none. */
static inline const uint8_t *next_bracket(const uint8_t *p, const uint8_t *end)
{
#ifdef __SSE2__
	const __m128i quote = _mm_set1_epi8('"'), low = _mm_set1_epi8(0x20), open = _mm_set1_epi8('{'), close = _mm_set1_epi8('}');

	for (; end - p >= 16; p += 16) {
		__m128i block = _mm_loadu_si128((const void *)p), bent = _mm_or_si128(block, low);
		__m128i brackets = _mm_or_si128(_mm_cmpeq_epi8(bent, open), _mm_cmpeq_epi8(bent, close));
		int hits = _mm_movemask_epi8(_mm_or_si128(brackets, _mm_cmpeq_epi8(block, quote)));
		if (hits)
			return p + __builtin_ctz((unsigned)hits);
	}
#endif
	while (p < end && *p != '"' && (*p | 0x20) != '{' && (*p | 0x20) != '}')
		p++;
	return p;
}

/* Over the rest of an object or array. */
static const uint8_t *past_container(const uint8_t *p, const uint8_t *end)
{
	size_t depth = 1;

	while (depth > 0 && p && (p = next_bracket(p, end)) < end) {
		uint8_t c = *p++;
		depth += (c | 0x20) == '{';
		depth -= (c | 0x20) == '}';
		if (c == '"')
			p = past_string(p, end);
	}
	return depth == 0 ? p : NULL;
}

/* Over a value of any kind; what is no JSON is found by the schemas. */
static inline const uint8_t *past_value(const uint8_t *p, const uint8_t *end)
{
	if (p < end && *p == '"')
		return past_string(p + 1, end);
	if (p < end && (*p | 0x20) == '{')
		return past_container(p + 1, end);
	while (p < end && *p != ',' && *p != '}' && *p != ']')
		p++;
	return p;
}

/* The value of a member of the object that begins at *at, which goes there. */
static enum found find_member(const uint8_t **at, const uint8_t *end, struct span name)
{
	const uint8_t *p = past_blanks(*at, end);

	if (p == end || *p != '{')
		return p == end ? FOUND_UNKNOWN : FOUND_NOTHING;
	for (p = past_blanks(p + 1, end); p < end && *p == '"'; p = past_blanks(p + (*p == ','), end)) {
		const uint8_t *key = p + 1, *quote = string_end(key, end);
		if (quote >= end || *quote != '"')
			return FOUND_UNKNOWN;            /* an escape may spell the name */
		p = past_blanks(quote + 1, end);
		if (p >= end || *p != ':')
			return FOUND_UNKNOWN;
		*at = p = past_blanks(p + 1, end);
		if ((size_t)(quote - key) == name.n && memcmp(key, name.p, name.n) == 0)
			return FOUND_TEXT;
		p = past_value(p, end);
		p = p ? past_blanks(p, end) : end;
		if (p == end)
			return FOUND_UNKNOWN;
	}
	return p < end && *p == '}' ? FOUND_NOTHING : FOUND_UNKNOWN;
}

static enum found find_in_payload(const struct contract *c, const struct contract_selector *s, struct span payload, struct span *text)
{
	const uint8_t *p = payload.p, *end = p + payload.n;

	if (span_is_null(payload))
		return FOUND_NOTHING;
	for (uint32_t i = 0; i < s->nsteps; i++) {
		enum found found = find_member(&p, end, image_str_span(&c->img, s->steps[i]));
		if (found != FOUND_TEXT)
			return found;
	}
	if (p == end || *p != '"')
		return FOUND_OTHER;
	const uint8_t *quote = string_end(p + 1, end);
	if (quote >= end || *quote != '"')
		return FOUND_UNKNOWN;
	*text = span_of(p + 1, (size_t)(quote - p - 1));
	return FOUND_TEXT;
}

/* ---- where the text is ---- */

/* The last of a name counts, as when schemas see it. */
static enum found find_header(const struct contract *c, const struct contract_selector *s, const struct record_view *r, struct span *text)
{
	struct span name = image_str_span(&c->img, s->steps[0]);

	for (size_t i = r->nheaders; i-- > 0;) {
		if (!span_eq(r->headers[i].name, name))
			continue;
		*text = r->headers[i].value;
		return span_is_null(*text) ? FOUND_OTHER : FOUND_TEXT;
	}
	return FOUND_NOTHING;
}

static enum found find_text(const struct contract *c, const struct contract_selector *s, const struct record_view *r, struct span *text)
{
	if (s->place == CONTRACT_AT_PAYLOAD)
		return find_in_payload(c, s, r->value, text);
	if (s->place == CONTRACT_AT_HEADER)
		return find_header(c, s, r, text);
	*text = r->key;
	return span_is_null(r->key) ? FOUND_NOTHING : FOUND_TEXT;
}

/* ---- sets ---- */

static const struct contract_value *find_value(const struct contract *c, const struct contract_selector *s, struct span text)
{
	const struct contract_value *rows = contract_items(&c->t, s->values);
	const uint32_t *slots = contract_items(&c->t, s->slots);
	size_t mask = s->slots.n - 1;

	for (size_t i = contract_value_hash(text) & mask; slots[i]; i = (i + 1) & mask) {
		const struct contract_value *row = &rows[slots[i] - 1];
		if (row->text.len == text.n && span_eq(image_str_span(&c->img, row->text), text))
			return row;
	}
	return NULL;
}

/* Who may have what stands there, a bit each; n 0: nothing is said. */
static struct contract_list left_by(const struct contract *c, const struct contract_selector *s, const struct record_view *r)
{
	struct span text = SPAN_NULL;
	enum found found = find_text(c, s, r, &text);
	const struct contract_value *value = found == FOUND_TEXT ? find_value(c, s, text) : NULL;

	if (found == FOUND_UNKNOWN)
		return (struct contract_list){ 0, 0 };
	return value ? value->candidates : found == FOUND_NOTHING ? s->absent : s->other;
}

static void narrow(const struct contract *c, const struct contract_selector *s, const struct record_view *r, struct candidates *out)
{
	struct contract_list set = left_by(c, s, r);
	const uint32_t *bits = contract_items(&c->t, set);

	for (uint32_t i = 0; i < set.n; i++)
		out->bits[i] &= bits[i];
	out->narrowed |= set.n > 0;
}

uint32_t contract_choose(const struct contract *c, const struct contract_declaration *d, const struct record_view *r)
{
	const struct contract_selector *s = contract_items(&c->t, d->selectors);
	const uint32_t *messages = contract_items(&c->t, d->messages);
	struct contract_list set = left_by(c, s, r);
	const uint32_t *bits = contract_items(&c->t, set);
	uint32_t left = CONTRACT_NONE;

	for (uint32_t i = 0; i < set.n; i++) {
		if (bits[i] && (left != CONTRACT_NONE || bits[i] & (bits[i] - 1)))
			return CONTRACT_NONE;
		if (bits[i])
			left = messages[i * 32 + (uint32_t)__builtin_ctz(bits[i])];
	}
	return left;
}

/* One is left, or none. */
static bool is_decided(const struct candidates *set, uint32_t words)
{
	unsigned left = 0;

	for (uint32_t i = 0; i < words && left < 2; i++)
		left += (unsigned)__builtin_popcount(set->bits[i]);
	return left < 2;
}

void contract_candidates(const struct contract *c, const struct contract_declaration *d, const struct record_view *r, struct candidates *out)
{
	const struct contract_selector *s = contract_items(&c->t, d->selectors);
	uint32_t words = (d->messages.n + 31) / 32;

	memset(out->bits, 0xff, words * sizeof *out->bits);
	if (d->messages.n % 32)
		out->bits[words - 1] = (1u << d->messages.n % 32) - 1;
	out->narrowed = false;
	for (uint32_t i = 0; i < d->selectors.n && !is_decided(out, words); i++)
		narrow(c, &s[i], r, out);
}
