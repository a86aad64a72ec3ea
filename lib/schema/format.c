/* Formats: a table of checks over decoded text. Owner: schema; workers, the loader and
 * the tool. Sources are named at each check. */
#include <arpa/inet.h>
#include <stdlib.h>

#include "base/utf8.h"
#include "schema/private.h"

static bool is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

static bool is_alpha(uint8_t c)
{
	return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}

static bool is_hex(uint8_t c)
{
	return is_digit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
}

static bool one_of(uint8_t c, const char *set)
{
	return c && strchr(set, c);
}

/* n digits at p as a number, -1 when they are not there. */
static int digits(struct span s, size_t at, size_t n)
{
	int v = 0;

	for (size_t i = at; i < at + n; i++) {
		if (i >= s.n || !is_digit(s.p[i]))
			return -1;
		v = v * 10 + (s.p[i] - '0');
	}
	return v;
}

/* ---- RFC 3339 5.6 and appendix A ---- */

static bool format_date(struct span s)
{
	static const uint8_t days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	int year = digits(s, 0, 4), month = digits(s, 5, 2), day = digits(s, 8, 2);

	if (s.n != 10 || s.p[4] != '-' || s.p[7] != '-' || year < 0 || month < 1 || month > 12 || day < 1)
		return false;
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
	return day <= days[month - 1] + (month == 2 && leap);
}

static bool format_time(struct span s)
{
	int hour = digits(s, 0, 2), minute = digits(s, 3, 2), second = digits(s, 6, 2), offset = 0;
	size_t i = 8;

	if (s.n < 9 || s.p[2] != ':' || s.p[5] != ':' || hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60)
		return false;
	if (s.p[i] == '.') {
		size_t first = ++i;
		while (i < s.n && is_digit(s.p[i]))
			i++;
		if (i == first)
			return false;
	}
	if (i == s.n)
		return false;
	if (s.n - i == 6 && one_of(s.p[i], "+-") && s.p[i + 3] == ':') {
		int h = digits(s, i + 1, 2), m = digits(s, i + 4, 2);
		if (h < 0 || h > 23 || m < 0 || m > 59)
			return false;
		offset = (s.p[i] == '-' ? 1 : -1) * (h * 60 + m);
	} else if (s.n - i != 1 || (s.p[i] | 0x20) != 'z') {
		return false;
	}
	/* A leap second is the last of a day in UTC. */
	return second < 60 || (hour * 60 + minute + offset + 2880) % 1440 == 1439;
}

static bool format_date_time(struct span s)
{
	return s.n > 11 && (s.p[10] | 0x20) == 't' && format_date(span_of(s.p, 10)) && format_time(span_of(s.p + 11, s.n - 11));
}

/* Units in order, each at most once, at least one; *i moves on. */
static bool duration_units(struct span s, size_t *i, const char *units)
{
	bool any = false;
	const char *last = NULL;

	while (*i < s.n && is_digit(s.p[*i])) {
		while (*i < s.n && is_digit(s.p[*i]))
			(*i)++;
		if (*i == s.n || !one_of(s.p[*i], units))
			return false;
		const char *unit = strchr(units, s.p[*i]);
		/* Appendix A: a unit follows the next larger one only. */
		if (last && unit != last + 1)
			return false;
		last = unit;
		any = true;
		(*i)++;
	}
	return any;
}

static bool format_duration(struct span s)
{
	size_t i = 1;

	if (s.n < 3 || s.p[0] != 'P')
		return false;
	if (s.p[s.n - 1] == 'W')
		return duration_units(s, &i, "W") && i == s.n;
	bool date = is_digit(s.p[1]);
	if (date && !duration_units(s, &i, "YMD"))
		return false;
	if (i == s.n)
		return date;
	return s.p[i++] == 'T' && duration_units(s, &i, "HMS") && i == s.n;
}

/* ---- hosts: RFC 1123 2.1, RFC 5890 2.3.1 ---- */

static bool is_label(struct span l)
{
	if (l.n == 0 || l.n > 63 || l.p[0] == '-' || l.p[l.n - 1] == '-')
		return false;
	for (size_t i = 0; i < l.n; i++)
		if (!is_digit(l.p[i]) && !is_alpha(l.p[i]) && l.p[i] != '-')
			return false;
	/* "--" in third place is reserved; of those only A-labels exist. */
	return l.n < 4 || l.p[2] != '-' || l.p[3] != '-' || ((l.p[0] | 0x20) == 'x' && (l.p[1] | 0x20) == 'n' && l.n > 4);
}

static bool format_hostname(struct span s)
{
	if (s.n == 0 || s.n > 253)
		return false;
	for (size_t i = 0, start = 0; i <= s.n; i++) {
		if (i < s.n && s.p[i] != '.')
			continue;
		if (!is_label(span_of(s.p + start, i - start)))
			return false;
		start = i + 1;
	}
	return true;
}

static bool format_ipv4(struct span s)
{
	char text[16];
	struct in_addr a;

	if (s.n == 0 || s.n >= sizeof text || memchr(s.p, 0, s.n))
		return false;
	memcpy(text, s.p, s.n);
	text[s.n] = 0;
	return inet_pton(AF_INET, text, &a) == 1;
}

static bool format_ipv6(struct span s)
{
	char text[48];
	struct in6_addr a;

	if (s.n == 0 || s.n >= sizeof text || memchr(s.p, 0, s.n))
		return false;
	memcpy(text, s.p, s.n);
	text[s.n] = 0;
	return inet_pton(AF_INET6, text, &a) == 1;
}

/* ---- mail: RFC 5321 4.1.2, RFC 6531 3.3 ---- */

static bool is_atext(uint8_t c, bool international)
{
	return is_digit(c) || is_alpha(c) || one_of(c, "!#$%&'*+-/=?^_`{|}~") || (international && c >= 0x80);
}

static bool is_quoted_local(struct span l)
{
	for (size_t i = 1; i + 1 < l.n; i++) {
		if (l.p[i] == '\\' && ++i + 1 >= l.n)
			return false;
		else if (l.p[i] < ' ' || l.p[i] == 0x7f || (l.p[i] == '"' && l.p[i - 1] != '\\'))
			return false;
	}
	return l.n >= 2 && l.p[l.n - 1] == '"';
}

static bool is_local(struct span l, bool international)
{
	if (l.n == 0 || l.n > 64)
		return false;
	if (l.p[0] == '"')
		return is_quoted_local(l);
	for (size_t i = 0; i < l.n; i++) {
		bool dot = l.p[i] == '.' && i > 0 && i + 1 < l.n && l.p[i - 1] != '.';
		if (!dot && !is_atext(l.p[i], international))
			return false;
	}
	return true;
}

static bool is_mail_domain(struct span d, bool international)
{
	if (d.n > 2 && d.p[0] == '[' && d.p[d.n - 1] == ']') {
		struct span inner = span_of(d.p + 1, d.n - 2);
		if (inner.n > 5 && memcmp(inner.p, "IPv6:", 5) == 0)
			return format_ipv6(span_of(inner.p + 5, inner.n - 5));
		return format_ipv4(inner);
	}
	if (!international)
		return format_hostname(d);
	for (size_t i = 0; i < d.n; i++)
		if (d.p[i] < 0x80 && !is_digit(d.p[i]) && !is_alpha(d.p[i]) && !one_of(d.p[i], ".-"))
			return false;
	return d.n > 0 && d.p[0] != '.' && d.p[d.n - 1] != '.';
}

static bool is_mail(struct span s, bool international)
{
	const uint8_t *at = s.n ? memrchr(s.p, '@', s.n) : NULL;

	return at && is_local(span_of(s.p, (size_t)(at - s.p)), international) &&
	       is_mail_domain(span_of(at + 1, (size_t)(s.p + s.n - at - 1)), international);
}

static bool format_email(struct span s)
{
	return is_mail(s, false);
}

static bool format_idn_email(struct span s)
{
	return is_mail(s, true);
}

/* ---- RFC 3986 appendix A, RFC 3987 2.2 ---- */

static bool is_unreserved(uint8_t c, bool international)
{
	return is_digit(c) || is_alpha(c) || one_of(c, "-._~") || (international && c >= 0x80);
}

/* Percent-encoded, unreserved, sub-delims, and those of `more`. */
static bool is_run(struct span s, const char *more, bool international)
{
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '%') {
			if (s.n - i < 3 || !is_hex(s.p[i + 1]) || !is_hex(s.p[i + 2]))
				return false;
			i += 2;
		} else if (!is_unreserved(s.p[i], international) && !one_of(s.p[i], "!$&'()*+,;=") && !one_of(s.p[i], more)) {
			return false;
		}
	}
	return true;
}

static bool is_ip_literal(struct span s)
{
	if (s.n > 2 && (s.p[0] | 0x20) == 'v') {
		const uint8_t *dot = memchr(s.p, '.', s.n);
		return dot && dot > s.p + 1 && is_hex(s.p[1]) && is_run(span_of(dot + 1, (size_t)(s.p + s.n - dot - 1)), ":", false) && dot + 1 < s.p + s.n;
	}
	return format_ipv6(s);
}

static bool is_authority(struct span a, bool international)
{
	const uint8_t *at = a.n ? memchr(a.p, '@', a.n) : NULL;

	if (at) {
		if (!is_run(span_of(a.p, (size_t)(at - a.p)), ":", international))
			return false;
		a = span_of(at + 1, (size_t)(a.p + a.n - at - 1));
	}
	const uint8_t *port = NULL;
	if (a.n && a.p[0] == '[') {
		const uint8_t *close = memchr(a.p, ']', a.n);
		if (!close || !is_ip_literal(span_of(a.p + 1, (size_t)(close - a.p - 1))))
			return false;
		port = close + 1;
		if (port < a.p + a.n && *port != ':')
			return false;
	} else {
		const uint8_t *colon = a.n ? memchr(a.p, ':', a.n) : NULL;
		port = colon ? colon : a.p + a.n;
		if (!is_run(span_of(a.p, (size_t)(port - a.p)), "", international))
			return false;
	}
	for (const uint8_t *p = port < a.p + a.n ? port + 1 : port; p < a.p + a.n; p++)
		if (!is_digit(*p))
			return false;
	return true;
}

static struct span cut_at(struct span *s, uint8_t c)
{
	const uint8_t *p = s->n ? memchr(s->p, c, s->n) : NULL;
	struct span rest = SPAN_NULL;

	if (p) {
		rest = span_of(p + 1, (size_t)(s->p + s->n - p - 1));
		s->n = (size_t)(p - s->p);
	}
	return rest;
}

static size_t scheme_length(struct span s)
{
	size_t i = 0;

	if (s.n == 0 || !is_alpha(s.p[0]))
		return 0;
	while (i < s.n && (is_alpha(s.p[i]) || is_digit(s.p[i]) || one_of(s.p[i], "+-.")))
		i++;
	return i < s.n && s.p[i] == ':' ? i : 0;
}

static bool is_uri(struct span s, bool relative, bool international)
{
	struct span fragment = cut_at(&s, '#'), query = cut_at(&s, '?');

	if (!is_run(fragment, ":@/?", international) || !is_run(query, ":@/?", international))
		return false;
	size_t scheme = scheme_length(s);
	if (scheme == 0 && !relative)
		return false;
	if (scheme)
		s = span_of(s.p + scheme + 1, s.n - scheme - 1);
	if (s.n >= 2 && s.p[0] == '/' && s.p[1] == '/') {
		struct span authority = span_of(s.p + 2, s.n - 2), path = authority;
		const uint8_t *slash = authority.n ? memchr(authority.p, '/', authority.n) : NULL;
		authority.n = slash ? (size_t)(slash - authority.p) : authority.n;
		path = span_of(authority.p + authority.n, path.n - authority.n);
		return is_authority(authority, international) && is_run(path, ":@/", international);
	}
	/* A relative path's first segment has no colon: it would read as a scheme. */
	const uint8_t *colon = s.n ? memchr(s.p, ':', s.n) : NULL, *slash = s.n ? memchr(s.p, '/', s.n) : NULL;
	if (!scheme && colon && (!slash || colon < slash))
		return false;
	return is_run(s, ":@/", international);
}

static bool format_uri(struct span s)
{
	return is_uri(s, false, false);
}

static bool format_uri_reference(struct span s)
{
	return is_uri(s, true, false);
}

static bool format_iri(struct span s)
{
	return is_uri(s, false, true);
}

static bool format_iri_reference(struct span s)
{
	return is_uri(s, true, true);
}

/* RFC 6570 2: an expression's inside. */
static bool is_expression(struct span e)
{
	size_t i = e.n && one_of(e.p[0], "+#./;?&=,!@|") ? 1 : 0;
	bool name = false;

	for (; i < e.n; i++) {
		if (is_digit(e.p[i]) || is_alpha(e.p[i]) || one_of(e.p[i], "_.%"))
			name = true;
		else if (e.p[i] == ',' && name)
			name = false;
		else if (e.p[i] == '*' && name && (i + 1 == e.n || e.p[i + 1] == ','))
			continue;
		else if (e.p[i] == ':' && name && i + 1 < e.n && e.p[i + 1] >= '1' && e.p[i + 1] <= '9')
			continue;
		else
			return false;
	}
	return name;
}

static bool format_uri_template(struct span s)
{
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '{') {
			const uint8_t *close = memchr(s.p + i, '}', s.n - i);
			if (!close || !is_expression(span_of(s.p + i + 1, (size_t)(close - s.p) - i - 1)))
				return false;
			i = (size_t)(close - s.p);
		} else if (s.p[i] <= ' ' || one_of(s.p[i], "\"'<>\\^`|}") || s.p[i] == 0x7f) {
			return false;
		} else if (s.p[i] == '%' && (s.n - i < 3 || !is_hex(s.p[i + 1]) || !is_hex(s.p[i + 2]))) {
			return false;
		}
	}
	return true;
}

/* ---- RFC 6901 3; draft-handrews-relative-json-pointer 3 ---- */

static bool format_json_pointer(struct span s)
{
	if (s.n && s.p[0] != '/')
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] == '~' && (i + 1 == s.n || !one_of(s.p[i + 1], "01")))
			return false;
	return true;
}

static bool format_relative_json_pointer(struct span s)
{
	size_t i = 0;

	while (i < s.n && is_digit(s.p[i]))
		i++;
	if (i == 0 || (i > 1 && s.p[0] == '0'))
		return false;
	if (s.n - i == 1 && s.p[i] == '#')
		return true;
	return format_json_pointer(span_of(s.p + i, s.n - i));
}

/* RFC 4122 3 */
static bool format_uuid(struct span s)
{
	for (size_t i = 0; i < s.n; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;
		if (dash ? s.p[i] != '-' : !is_hex(s.p[i]))
			return false;
	}
	return s.n == 36;
}

static bool format_regex(struct span s)
{
	struct schema_ecma error;
	struct buf out;

	buf_init(&out, 1u << 20);
	bool good = schema_ecma_translate(s, &out, &error) == 0 && !error.lenient;
	buf_fini(&out);
	return good;
}

/* ---- numbers: OpenAPI 3.0 data types ---- */

static bool is_within(struct span s, const char *low, const char *high)
{
	struct json_decimal v = json_decimal(s), l = json_decimal(span_str(low)), h = json_decimal(span_str(high));

	return json_decimal_is_integer(&v) && json_decimal_compare(&v, &l) >= 0 && json_decimal_compare(&v, &h) <= 0;
}

static bool format_int32(struct span s)
{
	return is_within(s, "-2147483648", "2147483647");
}

static bool format_int64(struct span s)
{
	return is_within(s, "-9223372036854775808", "9223372036854775807");
}

/* ---- the table ---- */

enum asserted { NOTHING, STRINGS, NUMBERS };

static const struct {
	const char *name;
	bool (*holds)(struct span s);
	enum asserted asserted;
} formats[SCHEMA_FORMAT_COUNT] = {
#define FORMAT(id, name, function, asserted) [SCHEMA_FORMAT_##id] = { name, function, asserted },
#include "schema/format.def"
#undef FORMAT
};

enum schema_format schema_format_find(struct span name)
{
	for (unsigned i = 0; i < SCHEMA_FORMAT_COUNT; i++)
		if (span_is(name, formats[i].name))
			return (enum schema_format)i;
	return SCHEMA_FORMAT_COUNT;
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
	enum json_type judged = formats[f].asserted == NUMBERS ? JSON_NUMBER : JSON_STRING;

	return formats[f].asserted == NOTHING || type != judged || formats[f].holds(text);
}
