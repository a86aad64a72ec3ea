/* Exact decimals: no floating point anywhere, so that 2^53+1, 1e400 and 0.01 are what
 * they say. Owner: json; workers, the loader and the tool. */
#include "base/hash.h"
#include "json/json.h"

static bool is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

static int64_t exponent(const uint8_t *p, const uint8_t *end)
{
	bool negative = p < end && *p == '-';
	int64_t v = 0;

	if (p < end && (*p == '-' || *p == '+'))
		p++;
	for (; p < end && is_digit(*p); p++)
		v = v < JSON_EXP_MAX / 16 ? v * 10 + (*p - '0') : JSON_EXP_MAX;
	return negative ? -v : v;
}

struct json_decimal json_decimal(struct span s)
{
	struct json_decimal d = { 0 };
	const uint8_t *p = s.p, *end = s.p + s.n;
	int64_t ordinal = 0, whole = -1, first = 0, last = 0;
	bool negative = p < end && *p == '-';

	if (negative)
		p++;
	for (; p < end && (is_digit(*p) || *p == '.'); p++) {
		if (*p == '.') {
			whole = ordinal;
			continue;
		}
		if (*p != '0') {
			first = d.p ? first : ordinal;
			d.p = d.p ? d.p : p;
			last = ordinal;
		}
		ordinal++;
	}
	if (!d.p)
		return d;
	d.digits = (size_t)(last - first + 1);
	d.exp = (whole < 0 ? ordinal : whole) - (last + 1);
	if (p < end)
		d.exp += exponent(p + 1, end);
	d.negative = negative;
	return d;
}

static unsigned next_digit(const uint8_t **p)
{
	if (**p == '.')
		(*p)++;
	return (unsigned)(*(*p)++ - '0');
}

static int compare_magnitude(const struct json_decimal *a, const struct json_decimal *b)
{
	int64_t top_a = a->exp + (int64_t)a->digits, top_b = b->exp + (int64_t)b->digits;
	const uint8_t *p = a->p, *q = b->p;
	size_t common = a->digits < b->digits ? a->digits : b->digits;

	if (top_a != top_b)
		return top_a < top_b ? -1 : 1;
	for (size_t i = 0; i < common; i++) {
		unsigned x = next_digit(&p), y = next_digit(&q);
		if (x != y)
			return x < y ? -1 : 1;
	}
	return a->digits == b->digits ? 0 : a->digits < b->digits ? -1 : 1;
}

int json_decimal_compare(const struct json_decimal *a, const struct json_decimal *b)
{
	int sign_a = a->digits == 0 ? 0 : a->negative ? -1 : 1;
	int sign_b = b->digits == 0 ? 0 : b->negative ? -1 : 1;

	if (sign_a != sign_b)
		return sign_a < sign_b ? -1 : 1;
	if (sign_a == 0)
		return 0;
	return sign_a * compare_magnitude(a, b);
}

bool json_decimal_is_integer(const struct json_decimal *d)
{
	return d->digits == 0 || d->exp >= 0;
}

bool json_decimal_to_i64(const struct json_decimal *d, int64_t *out)
{
	const uint8_t *p = d->p;
	int64_t v = 0;

	if (!json_decimal_is_integer(d) || (d->digits && d->exp + (int64_t)d->digits > 19))
		return false;
	for (int64_t i = 0; d->digits && i < (int64_t)d->digits + d->exp; i++) {
		int64_t digit = i < (int64_t)d->digits ? next_digit(&p) : 0;
		if (__builtin_mul_overflow(v, 10, &v) || __builtin_sub_overflow(v, digit, &v))
			return false;
	}
	if (!d->negative && v == INT64_MIN)
		return false;
	*out = d->negative ? v : -v;
	return true;
}

static uint64_t mod_multiply(uint64_t a, uint64_t b, uint64_t m)
{
	return (uint64_t)((unsigned __int128)a * b % m);
}

static uint64_t power_of_ten(uint64_t n, uint64_t m)
{
	uint64_t result = 1 % m, base = 10 % m;

	for (; n; n >>= 1) {
		if (n & 1)
			result = mod_multiply(result, base, m);
		base = mod_multiply(base, base, m);
	}
	return result;
}

bool json_decimal_is_multiple(const struct json_decimal *d, uint64_t m, int64_t exp)
{
	const uint8_t *p = d->p;
	uint64_t rest = 0;

	if (d->digits == 0)
		return true;
	if (d->exp < exp)
		return false;            /* 10 would have to divide the digits, which end in none */
	for (size_t i = 0; i < d->digits; i++)
		rest = (uint64_t)(((unsigned __int128)rest * 10 + next_digit(&p)) % m);
	return mod_multiply(rest, power_of_ten((uint64_t)(d->exp - exp), m), m) == 0;
}

uint64_t json_decimal_hash(const struct json_decimal *d, uint64_t seed)
{
	uint64_t h = seed ^ (uint64_t)d->exp;
	const uint8_t *p = d->p;

	for (size_t i = 0; i < d->digits; i++)
		h = (h ^ next_digit(&p)) * 0x9e3779b97f4a7c15u;
	h ^= d->digits + d->negative;
	return hash64(&h, sizeof h, seed);
}

bool json_small_integer(struct span s, int64_t *out)
{
	size_t i = s.n && s.p[0] == '-';
	int64_t v = 0;

	if (s.n == i || s.n - i > 18)
		return false;
	for (size_t k = i; k < s.n; k++) {
		if (!is_digit(s.p[k]))
			return false;
		v = v * 10 + (s.p[k] - '0');
	}
	*out = i ? -v : v;
	return true;
}
