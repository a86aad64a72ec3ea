/* Which of many messages a record may be, by one look at its key, a header or a member of
 * its payload: whoever wants another constant there is ruled out before a schema runs. Never
 * decides what a record is, only what it is not. Owner: contract; runs in workers. */
#include "contract/internal.h"

enum found { FOUND_NOTHING, FOUND_TEXT, FOUND_OTHER, FOUND_UNKNOWN };

/* ---- a member of a payload ---- */

/* Looks at no more of a payload than it must, and believes nothing: bytes that it does not
 * understand make the answer FOUND_UNKNOWN, and the schemas decide. A key given twice makes a
 * payload malformed for all of them, so that the first may speak. */
struct peek {
	const uint8_t *p, *end;
};

static void skip_blanks(struct peek *k)
{
	while (k->p < k->end && (*k->p == ' ' || *k->p == '\n' || *k->p == '\t' || *k->p == '\r'))
		k->p++;
}

static bool take(struct peek *k, uint8_t c)
{
	skip_blanks(k);
	if (k->p == k->end || *k->p != c)
		return false;
	k->p++;
	return true;
}

/* The text between quotes; false when it ends nowhere. *plain: without escapes. */
static bool take_string(struct peek *k, struct span *text, bool *plain)
{
	const uint8_t *start = k->p, *quote = start;

	*plain = true;
	while ((quote = quote < k->end ? memchr(quote, '"', (size_t)(k->end - quote)) : NULL)) {
		size_t slashes = 0;
		while (quote - slashes > start && quote[-1 - (ptrdiff_t)slashes] == '\\')
			slashes++;
		if (slashes % 2 == 0)
			break;
		quote++;
	}
	if (!quote)
		return false;
	*text = span_of(start, (size_t)(quote - start));
	*plain = text->n == 0 || !memchr(start, '\\', text->n);
	k->p = quote + 1;
	return true;
}

/* Over a value of any kind. */
static bool skip_value(struct peek *k)
{
	struct span text;
	size_t depth = 0;
	bool plain;

	do {
		skip_blanks(k);
		if (k->p == k->end)
			return false;
		uint8_t c = *k->p;
		if (depth == 0 && (c == ',' || c == '}' || c == ']'))
			return true;
		k->p++;
		depth += c == '{' || c == '[';
		depth -= c == '}' || c == ']';
		if (c == '"' && !take_string(k, &text, &plain))
			return false;
	} while (depth > 0 || (k->p < k->end && *k->p != ',' && *k->p != '}' && *k->p != ']'));
	return true;
}

/* Leaves k before the value of the member. */
static enum found find_member(struct peek *k, struct span name)
{
	struct span key;
	bool plain;

	skip_blanks(k);
	if (k->p == k->end)
		return FOUND_UNKNOWN;
	if (!take(k, '{'))
		return FOUND_NOTHING;
	while (take(k, '"')) {
		if (!take_string(k, &key, &plain) || !plain || !take(k, ':'))
			return FOUND_UNKNOWN;
		if (span_eq(key, name))
			return FOUND_TEXT;
		if (!skip_value(k))
			return FOUND_UNKNOWN;
		(void)take(k, ',');
	}
	return take(k, '}') ? FOUND_NOTHING : FOUND_UNKNOWN;
}

static enum found find_in_payload(const struct contract *c, const struct contract_selector *s, struct span payload, struct span *text)
{
	struct peek k = { payload.p, payload.p + payload.n };
	bool plain;

	if (span_is_null(payload))
		return FOUND_NOTHING;
	for (uint32_t i = 0; i < s->nsteps; i++) {
		enum found found = find_member(&k, image_str_span(&c->img, s->steps[i]));
		if (found != FOUND_TEXT)
			return found;
	}
	if (!take(&k, '"'))
		return FOUND_OTHER;
	if (!take_string(&k, text, &plain) || !plain)
		return FOUND_UNKNOWN;
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
	size_t low = 0, high = s->values.n;

	while (low < high) {
		size_t middle = (low + high) / 2;
		struct span have = image_str_span(&c->img, rows[middle].text);
		int order = have.n != text.n ? (have.n < text.n ? -1 : 1) : text.n ? memcmp(have.p, text.p, text.n) : 0;
		if (order == 0)
			return &rows[middle];
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

static void narrow(const struct contract *c, const struct contract_selector *s, const struct record_view *r, struct candidates *out)
{
	struct span text = SPAN_NULL;
	enum found found = find_text(c, s, r, &text);
	const struct contract_value *value = found == FOUND_TEXT ? find_value(c, s, text) : NULL;

	if (found == FOUND_UNKNOWN)
		return;
	struct contract_list set = value ? value->candidates : found == FOUND_NOTHING ? s->absent : s->other;
	const uint32_t *bits = contract_items(&c->t, set);
	for (uint32_t i = 0; i < set.n; i++)
		out->bits[i] &= bits[i];
	out->narrowed = true;
}

void contract_candidates(const struct contract *c, const struct contract_declaration *d, const struct record_view *r, struct candidates *out)
{
	const struct contract_selector *s = contract_items(&c->t, d->selectors);
	uint32_t words = (d->messages.n + 31) / 32;

	memset(out->bits, 0xff, words * sizeof *out->bits);
	if (d->messages.n % 32)
		out->bits[words - 1] = (1u << d->messages.n % 32) - 1;
	out->narrowed = false;
	for (uint32_t i = 0; i < d->selectors.n; i++)
		narrow(c, &s[i], r, out);
}
