/* Formats of references: URIs and IRIs (RFC 3986, 3987), templates (RFC 6570). Owner:
 * schema; workers, the loader and the tool. */
#include "base/utf8.h"
#include "schema/format.h"

/* What an ASCII character may stand for; a percent sign is read by itself. */
enum uri_class {
	URI_BASE = 1,                   /* unreserved, sub-delims */
	URI_COLON = 2, URI_AT = 4, URI_SLASH = 8, URI_QUESTION = 16,
	URI_PATH = URI_BASE | URI_COLON | URI_AT | URI_SLASH,
	URI_LITERAL = 32,               /* outside the expressions of a template */
};

static const uint8_t classes[128] = {
	['!'] = URI_BASE | URI_LITERAL, ['#'] = URI_LITERAL, ['$'] = URI_BASE | URI_LITERAL, ['&' ... '.'] = URI_BASE | URI_LITERAL,
	['/'] = URI_SLASH | URI_LITERAL, ['0' ... '9'] = URI_BASE | URI_LITERAL, [':'] = URI_COLON | URI_LITERAL, [';'] = URI_BASE | URI_LITERAL,
	['='] = URI_BASE | URI_LITERAL, ['?'] = URI_QUESTION | URI_LITERAL, ['@'] = URI_AT | URI_LITERAL, ['A' ... 'Z'] = URI_BASE | URI_LITERAL,
	['['] = URI_LITERAL, [']'] = URI_LITERAL, ['_'] = URI_BASE | URI_LITERAL, ['a' ... 'z'] = URI_BASE | URI_LITERAL, ['~'] = URI_BASE | URI_LITERAL,
};

/* ---- URIs ---- */

static bool is_ucschar(uint32_t c, bool private)
{
	if (private && ((c >= 0xe000 && c <= 0xf8ff) || (c >= 0xf0000 && c <= 0xffffd) || (c >= 0x100000 && c <= 0x10fffd)))
		return true;
	return (c >= 0xa0 && c <= 0xd7ff) || (c >= 0xf900 && c <= 0xfdcf) || (c >= 0xfdf0 && c <= 0xffef) ||
	       (c >= 0x10000 && c <= 0xefffd && (c & 0xffff) <= 0xfffd && !(c >= 0xe0000 && c < 0xe1000));
}

/* Bytes of what is encoded at p, a percent sign or beyond ASCII; 0 when it may not be. */
static size_t encoded_len(const uint8_t *p, size_t n, bool wide, bool private)
{
	if (*p == '%')
		return n >= 3 && format_is_hex(p[1]) && format_is_hex(p[2]) ? 3 : 0;
	size_t len = wide && *p >= 0x80 ? utf8_len(p, n) : 0;
	return len && is_ucschar(utf8_decode(p, len), private) ? len : 0;
}

/* Characters of the classes, percent-encoded ones, and of an IRI what is not ASCII. */
static bool are_uri_chars(struct span s, unsigned may, bool wide, bool private)
{
	for (size_t i = 0; i < s.n;) {
		if (s.p[i] < 0x80 && classes[s.p[i]] & may) {
			i++;
			continue;
		}
		size_t len = encoded_len(s.p + i, s.n - i, wide, private);
		if (!len)
			return false;
		i += len;
	}
	return true;
}

static bool is_ip_literal(struct span s)
{
	if (s.n < 2 || s.p[s.n - 1] != ']')
		return false;
	s = span_of(s.p + 1, s.n - 2);
	if (s.n < 4 || (s.p[0] | 0x20) != 'v')
		return format_ipv6(s);
	size_t i = 1;
	while (i < s.n && format_is_hex(s.p[i]))
		i++;
	if (i == 1 || i + 1 >= s.n || s.p[i] != '.' || memchr(s.p, '%', s.n))
		return false;
	return are_uri_chars(span_of(s.p + i + 1, s.n - i - 1), URI_BASE | URI_COLON, false, false);
}

static bool is_authority(struct span s, bool wide)
{
	const uint8_t *at = s.n ? memchr(s.p, '@', s.n) : NULL;

	if (at) {
		if (!are_uri_chars(span_of(s.p, (size_t)(at - s.p)), URI_BASE | URI_COLON, wide, false))
			return false;
		s = span_of(at + 1, (size_t)(s.p + s.n - at - 1));
	}
	size_t end = s.n;
	while (end && format_is_digit(s.p[end - 1]))
		end--;
	if (end && s.p[end - 1] == ':')
		s.n = end - 1;
	return s.n && s.p[0] == '[' ? is_ip_literal(s) : are_uri_chars(s, URI_BASE, wide, false);
}

static size_t scheme_len(struct span s)
{
	size_t i = 0;

	if (s.n == 0 || !format_is_letter(s.p[0]))
		return 0;
	while (i < s.n && (format_is_letter(s.p[i]) || format_is_digit(s.p[i]) || s.p[i] == '+' || s.p[i] == '-' || s.p[i] == '.'))
		i++;
	return i < s.n && s.p[i] == ':' ? i + 1 : 0;
}

/* Cuts s at the first c; the part after it, or null. */
static struct span cut_at(struct span *s, int c)
{
	const uint8_t *p = s->n ? memchr(s->p, c, s->n) : NULL;

	if (!p)
		return SPAN_NULL;
	struct span rest = span_of(p + 1, (size_t)(s->p + s->n - p - 1));
	s->n = (size_t)(p - s->p);
	return rest;
}

static bool is_reference(struct span s, bool absolute, bool wide)
{
	struct span fragment = cut_at(&s, '#'), query = cut_at(&s, '?');
	size_t scheme = scheme_len(s);

	if (absolute && !scheme)
		return false;
	if (!are_uri_chars(fragment, URI_PATH | URI_QUESTION, wide, false) || !are_uri_chars(query, URI_PATH | URI_QUESTION, wide, true))
		return false;
	s = span_of(s.p + scheme, s.n - scheme);
	if (s.n >= 2 && s.p[0] == '/' && s.p[1] == '/') {
		s = span_of(s.p + 2, s.n - 2);
		const uint8_t *slash = s.n ? memchr(s.p, '/', s.n) : NULL;
		size_t n = slash ? (size_t)(slash - s.p) : s.n;
		return is_authority(span_of(s.p, n), wide) && are_uri_chars(span_of(s.p + n, s.n - n), URI_PATH, wide, false);
	}
	const uint8_t *colon = s.n ? memchr(s.p, ':', s.n) : NULL, *slash = s.n ? memchr(s.p, '/', s.n) : NULL;
	if (!scheme && colon && (!slash || colon < slash))
		return false;                    /* its first segment would read as a scheme */
	return are_uri_chars(s, URI_PATH, wide, false);
}

bool format_uri(struct span s)
{
	return is_reference(s, true, false);
}

bool format_uri_reference(struct span s)
{
	return is_reference(s, false, false);
}

bool format_iri(struct span s)
{
	return is_reference(s, true, true);
}

bool format_iri_reference(struct span s)
{
	return is_reference(s, false, true);
}

/* ---- templates ---- */

static bool is_variable(struct span s)
{
	const uint8_t *colon = s.n ? memchr(s.p, ':', s.n) : NULL;
	size_t n = colon ? (size_t)(colon - s.p) : s.n;

	if (colon) {
		size_t digits = s.n - n - 1;
		if (digits < 1 || digits > 4 || colon[1] == '0')
			return false;
		for (size_t i = 1; i <= digits; i++) {
			if (!format_is_digit(colon[i]))
				return false;
		}
	} else if (n && s.p[n - 1] == '*') {
		n--;
	}
	for (size_t i = 0; i < n; i++) {
		uint8_t c = s.p[i];
		bool dot = c == '.' && i > 0 && i + 1 < n && s.p[i - 1] != '.';
		bool encoded = c == '%' && n - i >= 3 && format_is_hex(s.p[i + 1]) && format_is_hex(s.p[i + 2]);
		if (encoded)
			i += 2;
		else if (!dot && c != '_' && !format_is_letter(c) && !format_is_digit(c))
			return false;
	}
	return n > 0;
}

static bool is_expression(struct span s)
{
	if (s.n && s.p[0] && s.p[0] < 0x80 && strchr("+#./;?&=,!@|", s.p[0]))
		s = span_of(s.p + 1, s.n - 1);
	for (;;) {
		struct span rest = cut_at(&s, ',');
		if (!is_variable(s))
			return false;
		if (!rest.p)
			return true;
		s = rest;
	}
}

bool format_uri_template(struct span s)
{
	for (size_t i = 0; i < s.n;) {
		uint8_t c = s.p[i];
		if (c == '{') {
			const uint8_t *close = memchr(s.p + i, '}', s.n - i);
			if (!close || !is_expression(span_of(s.p + i + 1, (size_t)(close - s.p) - i - 1)))
				return false;
			i = (size_t)(close - s.p) + 1;
		} else if (c < 0x80 && classes[c] & URI_LITERAL) {
			i++;
		} else {
			size_t len = encoded_len(s.p + i, s.n - i, true, true);
			if (!len)
				return false;
			i += len;
		}
	}
	return true;
}
