/* Formats without a network in them: times (RFC 3339), numbers, pointers (RFC 6901),
 * identifiers; and the table of all. Owner: schema; workers, the loader and the tool. */
#include "schema/ecma.h"
#include "schema/format.h"

static const struct {
	const char *name;
	bool (*holds)(struct span s);
	enum { NOTHING, STRINGS, NUMBERS } asserted;
} formats[] = {
#define FORMAT(id, name, function, asserted) { name, function, asserted },
#include "schema/format.def"
#undef FORMAT
};

enum schema_format schema_format_find(struct span name)
{
	unsigned i = 0;

	while (i < SCHEMA_FORMAT_COUNT && !span_is(name, formats[i].name))
		i++;
	return (enum schema_format)i;
}

bool schema_format_is_asserted(enum schema_format f)
{
	return formats[f].asserted != NOTHING;
}

const char *schema_format_name(enum schema_format f)
{
	return formats[f].name;
}

bool schema_format_holds(enum schema_format f, enum json_type type, struct span text)
{
	if (formats[f].asserted != (type == JSON_STRING ? STRINGS : NUMBERS))
		return true;
	return formats[f].holds(text);
}

/* ---- numbers ---- */

static bool integer_within(struct span s, int64_t min, int64_t max)
{
	struct json_decimal d = json_decimal(s);
	int64_t v;

	return json_decimal_to_i64(&d, &v) && v >= min && v <= max;
}

bool format_int32(struct span s)
{
	return integer_within(s, INT32_MIN, INT32_MAX);
}

bool format_int64(struct span s)
{
	return integer_within(s, INT64_MIN, INT64_MAX);
}

/* ---- dates and times ---- */

/* n digits at p, or -1. */
static int digits(const uint8_t *p, unsigned n)
{
	int v = 0;

	for (unsigned i = 0; i < n; i++) {
		if (!format_is_digit(p[i]))
			return -1;
		v = v * 10 + (p[i] - '0');
	}
	return v;
}

bool format_date(struct span s)
{
	static const uint8_t days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

	if (s.n != 10 || s.p[4] != '-' || s.p[7] != '-')
		return false;
	int year = digits(s.p, 4), month = digits(s.p + 5, 2), day = digits(s.p + 8, 2);
	if (year < 0 || month < 1 || month > 12 || day < 1)
		return false;
	bool leap = month == 2 && (year % 4 == 0) && (year % 100 != 0 || year % 400 == 0);
	return day <= days[month - 1] + leap;
}

/* Minutes east of UTC; false when it is no offset. */
static bool offset(struct span s, int *minutes)
{
	*minutes = 0;
	if (s.n == 1)
		return (s.p[0] | 0x20) == 'z';
	if (s.n != 6 || (s.p[0] != '+' && s.p[0] != '-') || s.p[3] != ':')
		return false;
	int hour = digits(s.p + 1, 2), minute = digits(s.p + 4, 2);
	*minutes = (hour * 60 + minute) * (s.p[0] == '-' ? -1 : 1);
	return hour >= 0 && hour <= 23 && minute >= 0 && minute <= 59;
}

bool format_time(struct span s)
{
	size_t i = 8;
	int east;

	if (s.n < 9 || s.p[2] != ':' || s.p[5] != ':')
		return false;
	int hour = digits(s.p, 2), minute = digits(s.p + 3, 2), second = digits(s.p + 6, 2);
	if (s.p[i] == '.') {
		for (i++; i < s.n && format_is_digit(s.p[i]); i++)
			;
		if (i == 9)
			return false;
	}
	if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60)
		return false;
	if (!offset(span_of(s.p + i, s.n - i), &east))
		return false;
	/* a leap second stands at the end of a day in UTC only */
	return second < 60 || (hour * 60 + minute - east + 2880) % 1440 == 1439;
}

bool format_date_time(struct span s)
{
	return s.n > 11 && (s.p[10] | 0x20) == 't' && format_date(span_of(s.p, 10)) && format_time(span_of(s.p + 11, s.n - 11));
}

/* Units in their order, at least one; RFC 3339 appendix A demands them without gaps. */
static bool duration_part(const uint8_t **p, const uint8_t *end, const char *units)
{
	const char *last = NULL;

	while (*p < end && **p != 'T') {
		const uint8_t *from = *p;
		while (*p < end && format_is_digit(**p))
			(*p)++;
		if (*p == from || *p == end)
			return false;
		const char *unit = strchr(units, **p);
		if (!unit || (last && unit != last + 1))
			return false;
		last = unit;
		(*p)++;
	}
	return last != NULL;
}

bool format_duration(struct span s)
{
	const uint8_t *p = s.p + 1, *end = s.p + s.n;

	if (s.n < 3 || s.p[0] != 'P')
		return false;
	if (s.p[s.n - 1] == 'W')
		return duration_part(&p, end, "W") && p == end;
	if (*p != 'T' && !duration_part(&p, end, "YMD"))
		return false;
	if (p == end)
		return true;
	p++;
	return duration_part(&p, end, "HMS") && p == end;
}

/* ---- identifiers ---- */

#define EACH(byte) ((byte) * (uint64_t)0x0101010101010101)

/* Eight bytes at once: each in 0-9, A-F, a-f? Sums of two bytes below 0x80 do not carry. */
static bool are_hex(uint64_t x)
{
	uint64_t letters = x | EACH(0x20);
	uint64_t digit = (x + EACH(0x80 - '0')) & ~(x + EACH(0x80 - '9' - 1));
	uint64_t letter = (letters + EACH(0x80 - 'a')) & ~(letters + EACH(0x80 - 'f' - 1));

	return (x & EACH(0x80)) == 0 && ((digit | letter) & EACH(0x80)) == EACH(0x80);
}

static uint64_t eight(const uint8_t *a, const uint8_t *b)
{
	uint32_t low, high;

	memcpy(&low, a, 4);
	memcpy(&high, b, 4);
	return low | (uint64_t)high << 32;
}

bool format_uuid(struct span s)
{
	const uint8_t *p = s.p;

	if (s.n != 36 || p[8] != '-' || p[13] != '-' || p[18] != '-' || p[23] != '-')
		return false;
	return are_hex(eight(p, p + 4)) && are_hex(eight(p + 9, p + 14)) && are_hex(eight(p + 19, p + 24)) && are_hex(eight(p + 28, p + 32));
}

bool format_json_pointer(struct span s)
{
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '~' && (i + 1 == s.n || (s.p[i + 1] != '0' && s.p[i + 1] != '1')))
			return false;
	}
	return s.n == 0 || s.p[0] == '/';
}

bool format_relative_json_pointer(struct span s)
{
	size_t i = 0;

	while (i < s.n && format_is_digit(s.p[i]))
		i++;
	if (i == 0 || (i > 1 && s.p[0] == '0'))
		return false;
	if (i + 1 == s.n && s.p[i] == '#')
		return true;
	return format_json_pointer(span_of(s.p + i, s.n - i));
}

bool format_regex(struct span s)
{
	return ecma_check(s);
}
