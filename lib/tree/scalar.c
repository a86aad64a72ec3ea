/* Plain scalars of the YAML 1.2 core schema (YAML 1.2.2, 10.3.2) and the exact JSON
 * spelling of their numbers: digits are moved, never computed with. Owner: tree; runs in
 * the loader and the tool. */
#include "base/buf.h"
#include "tree/private.h"

#define RADIX_DIGITS_MAX 1024           /* turning 0x and 0o into decimal is quadratic */

static const struct {
	const char *text;
	enum tree_plain plain;
} words[] = {
	{ "", PLAIN_NULL }, { "~", PLAIN_NULL }, { "null", PLAIN_NULL }, { "Null", PLAIN_NULL }, { "NULL", PLAIN_NULL },
	{ "true", PLAIN_TRUE }, { "True", PLAIN_TRUE }, { "TRUE", PLAIN_TRUE },
	{ "false", PLAIN_FALSE }, { "False", PLAIN_FALSE }, { "FALSE", PLAIN_FALSE },
	{ ".nan", PLAIN_NOT_FINITE }, { ".NaN", PLAIN_NOT_FINITE }, { ".NAN", PLAIN_NOT_FINITE },
	{ ".inf", PLAIN_NOT_FINITE }, { ".Inf", PLAIN_NOT_FINITE }, { ".INF", PLAIN_NOT_FINITE },
	{ "+.inf", PLAIN_NOT_FINITE }, { "+.Inf", PLAIN_NOT_FINITE }, { "+.INF", PLAIN_NOT_FINITE },
	{ "-.inf", PLAIN_NOT_FINITE }, { "-.Inf", PLAIN_NOT_FINITE }, { "-.INF", PLAIN_NOT_FINITE },
};

static size_t digits(const uint8_t *p, size_t n)
{
	size_t i = 0;

	while (i < n && p[i] >= '0' && p[i] <= '9')
		i++;
	return i;
}

/* The pieces of a decimal, as they are written. */
struct decimal {
	bool minus, point;
	struct span whole, fraction, exponent;  /* exponent: from the e on */
};

static bool take_decimal(struct span text, struct decimal *d)
{
	const uint8_t *p = text.p, *end = p + text.n;

	*d = (struct decimal){ 0 };
	if (p < end && (*p == '+' || *p == '-'))
		d->minus = *p++ == '-';
	d->whole = span_of(p, digits(p, (size_t)(end - p)));
	p += d->whole.n;
	if (p < end && *p == '.') {
		d->point = true;
		p++;
		d->fraction = span_of(p, digits(p, (size_t)(end - p)));
		p += d->fraction.n;
	}
	if (d->whole.n + d->fraction.n == 0)
		return false;
	d->exponent = span_of(p, (size_t)(end - p));
	if (p < end && (*p == 'e' || *p == 'E')) {
		p++;
		if (p < end && (*p == '+' || *p == '-'))
			p++;
		size_t n = digits(p, (size_t)(end - p));
		if (n == 0)
			return false;
		p += n;
	}
	return p == end;
}

static enum tree_plain keep(struct arena *a, struct buf *b, struct span *out)
{
	char *p = buf_error(b) ? NULL : arena_strndup(a, b->p, b->n);

	*out = span_of(p, b->n);
	buf_fini(b);
	return p ? PLAIN_NUMBER : PLAIN_NOMEM;
}

static enum tree_plain spell_decimal(struct arena *a, const struct decimal *d, struct span *out)
{
	struct span whole = d->whole;
	struct buf b;

	while (whole.n > 1 && *whole.p == '0') {
		whole.p++;
		whole.n--;
	}
	buf_init(&b, 0);
	if (d->minus)
		buf_addch(&b, '-');
	buf_add(&b, whole.n ? whole.p : (const uint8_t *)"0", whole.n ? whole.n : 1);
	if (d->point) {
		buf_addch(&b, '.');
		buf_add(&b, d->fraction.n ? d->fraction.p : (const uint8_t *)"0", d->fraction.n ? d->fraction.n : 1);
	}
	buf_add(&b, d->exponent.p, d->exponent.n);
	return keep(a, &b, out);
}

static int digit_value(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : 99;
}

static bool is_radix(struct span text, int *radix)
{
	if (text.n < 3 || text.p[0] != '0' || (text.p[1] != 'x' && text.p[1] != 'o'))
		return false;
	*radix = text.p[1] == 'x' ? 16 : 8;
	for (size_t i = 2; i < text.n; i++) {
		if (digit_value(text.p[i]) >= *radix)
			return false;
	}
	return true;
}

/* Decimal digits, least first: multiply by the radix and add, digit by digit. */
static enum tree_plain spell_radix(struct arena *a, struct span text, int radix, struct span *out)
{
	uint8_t value[RADIX_DIGITS_MAX * 5 / 4 + 2] = { 0 };
	size_t n = 1;
	struct buf b;

	if (text.n - 2 > RADIX_DIGITS_MAX)
		return PLAIN_TOO_LONG;
	for (size_t i = 2; i < text.n; i++) {
		int carry = digit_value(text.p[i]);
		for (size_t k = 0; k < n; k++) {
			carry += value[k] * radix;
			value[k] = (uint8_t)(carry % 10);
			carry /= 10;
		}
		for (; carry; carry /= 10)
			value[n++] = (uint8_t)(carry % 10);
	}
	buf_init(&b, 0);
	while (n > 0)
		buf_addch(&b, (char)('0' + value[--n]));
	return keep(a, &b, out);
}

enum tree_plain tree_plain(struct arena *a, struct span text, struct span *number)
{
	struct decimal d;
	int radix;

	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		if (span_is(text, words[i].text))
			return words[i].plain;
	}
	if (is_radix(text, &radix))
		return spell_radix(a, text, radix, number);
	if (take_decimal(text, &d))
		return spell_decimal(a, &d, number);
	return PLAIN_STRING;
}
