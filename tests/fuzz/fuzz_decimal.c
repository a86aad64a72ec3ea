/* Decimals against long arithmetic: each number becomes its digits around a point, one
 * place a byte, as at school. Two lines are two numbers; the second is a unit too. */
#include "fuzz.h"
#include "json/json.h"

#define PLACES 1024                     /* on each side of the point */
#define EXP_MAX 400
#define DIGITS_MAX 400

struct plain {
	bool negative;
	uint8_t places[2 * PLACES];     /* [PLACES - 1] are the ones, [PLACES] the tenths */
};

static bool is_number(struct span s)
{
	struct json_tape t;

	json_tape_init(&t, 1, 1);
	bool good = s.n && json_tape_build(&t, s) == 0 && t.entries[0].type == JSON_NUMBER && t.entries[0].len == s.n;
	json_tape_fini(&t);
	return good;
}

/* false: too large for the places. */
static bool plain_of(struct span s, struct plain *out)
{
	size_t i = s.p[0] == '-', whole = 0, digits = 0;
	long exp = 0;
	bool minus = false, point = false;

	*out = (struct plain){ .negative = i };
	for (size_t k = i; k < s.n && (s.p[k] | 0x20) != 'e'; k++) {
		point |= s.p[k] == '.';
		whole += !point;
		digits++;
	}
	for (size_t k = i + digits + 1; k < s.n && exp < 10000; k++) {
		minus |= s.p[k] == '-';
		exp = s.p[k] >= '0' && s.p[k] <= '9' ? exp * 10 + s.p[k] - '0' : exp;
	}
	exp = minus ? -exp : exp;
	if (digits > DIGITS_MAX || exp > EXP_MAX || exp < -EXP_MAX)
		return false;
	long place = PLACES - (long)whole - exp;
	for (size_t k = 0; k < digits; k++) {
		if (s.p[i + k] != '.')
			out->places[place++] = s.p[i + k] - '0';
	}
	return true;
}

static bool is_zero(const struct plain *a, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++) {
		if (a->places[i])
			return false;
	}
	return true;
}

static int sign(const struct plain *a)
{
	return is_zero(a, 0, 2 * PLACES) ? 0 : a->negative ? -1 : 1;
}

static int compare(const struct plain *a, const struct plain *b)
{
	int x = sign(a), y = sign(b), order = memcmp(a->places, b->places, 2 * PLACES);

	if (x != y)
		return x < y ? -1 : 1;
	return x * ((order > 0) - (order < 0));
}

/* The whole part, when 64 bits hold it. */
static bool whole(const struct plain *a, int64_t *out)
{
	__int128 v = 0;

	for (size_t i = 0; i < PLACES; i++) {
		v = v * 10 + a->places[i];
		if (v > (__int128)1 << 64)
			return false;
	}
	v = a->negative ? -v : v;
	*out = (int64_t)v;
	return v >= INT64_MIN && v <= INT64_MAX;
}

/* Is a a multiple of m * 10^exp? Then a / 10^exp is whole, and m divides it. */
static bool is_multiple(const struct plain *a, uint64_t m, int64_t exp)
{
	size_t point = (size_t)(PLACES - exp);
	unsigned __int128 rest = 0;

	for (size_t i = 0; i < point; i++)
		rest = (rest * 10 + a->places[i]) % m;
	return is_zero(a, point, 2 * PLACES) && rest == 0;
}

/* The digits of a unit as one number, its last zeros cut off. */
static bool unit_of(const struct plain *a, uint64_t *m, int64_t *exp)
{
	size_t first = 0, last = 2 * PLACES;

	while (first < last && !a->places[first])
		first++;
	while (last > first && !a->places[last - 1])
		last--;
	*m = 0;
	*exp = PLACES - (int64_t)last;
	for (size_t i = first; i < last && last - first <= 18; i++)
		*m = *m * 10 + a->places[i];
	return *m > 0;
}

static void same_as_plain(const struct json_decimal *x, const struct plain *a, struct span spelling)
{
	int64_t v = 0, w = 0, small = 0;
	bool is_whole = is_zero(a, PLACES, 2 * PLACES), fits = is_whole && whole(a, &w);

	INVARIANT(json_decimal_is_integer(x) == is_whole);
	INVARIANT(json_decimal_to_i64(x, &v) == fits && v == (fits ? w : 0));
	if (json_small_integer(spelling, &small))
		INVARIANT(fits && small == w);
}

static void check(struct span s, struct span t)
{
	static struct plain a, b;
	struct json_decimal x = json_decimal(s), y = json_decimal(t);
	int order = json_decimal_compare(&x, &y);
	uint64_t m;
	int64_t exp;

	INVARIANT(json_decimal_compare(&y, &x) == -order && json_decimal_compare(&x, &x) == 0);
	INVARIANT(order != 0 || json_decimal_hash(&x, 7) == json_decimal_hash(&y, 7));
	(void)json_decimal_is_multiple(&x, 3, y.exp);
	if (!plain_of(s, &a) || !plain_of(t, &b))
		return;
	INVARIANT(order == compare(&a, &b));
	same_as_plain(&x, &a, s);
	same_as_plain(&y, &b, t);
	if (unit_of(&b, &m, &exp))
		INVARIANT(json_decimal_is_multiple(&x, m, exp) == is_multiple(&a, m, exp));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	const uint8_t *line = memchr(bytes, '\n', n), *end = bytes + n;

	if (!line)
		return 0;
	while (end > line + 1 && end[-1] == '\n')
		end--;
	struct span first = span_of(bytes, (size_t)(line - bytes)), second = span_of(line + 1, (size_t)(end - line - 1));
	if (is_number(first) && is_number(second))
		check(first, second);
	return 0;
}
