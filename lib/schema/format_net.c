/* Formats of the network: addresses, host names (RFC 1123, 5890), mailboxes (RFC 5321),
 * URIs and IRIs (RFC 3986, 3987), templates (RFC 6570). Owner: schema; workers, the
 * loader and the tool. */
#include <arpa/inet.h>
#include <idn2.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/utf8.h"
#include "schema/format.h"

#define LABEL_MAX 63
#define HOST_MAX 253
#define LOCAL_MAX 64

/* ---- addresses ---- */

static bool is_address(int family, struct span s)
{
	char text[INET6_ADDRSTRLEN + 1];
	uint8_t out[16];

	if (s.n == 0 || s.n >= sizeof text || memchr(s.p, 0, s.n))
		return false;
	memcpy(text, s.p, s.n);
	text[s.n] = 0;
	return inet_pton(family, text, out) == 1;
}

bool format_ipv4(struct span s)
{
	return is_address(AF_INET, s);
}

bool format_ipv6(struct span s)
{
	return is_address(AF_INET6, s);
}

/* ---- host names ---- */

/* IDNA 2008, contextual rules included. label is NUL-terminated. */
static bool idna_accepts(const char *unicode, const char *ascii)
{
	uint8_t *out = NULL;
	int r = idn2_register_u8((const uint8_t *)unicode, (const uint8_t *)ascii, &out, IDN2_NFC_INPUT);

	idn2_free(out);
	return r == IDN2_OK;
}

static bool is_ldh(struct span label)
{
	for (size_t i = 0; i < label.n; i++) {
		if (!format_is_letter(label.p[i]) && !format_is_digit(label.p[i]) && label.p[i] != '-')
			return false;
	}
	return label.n > 0 && label.n <= LABEL_MAX && label.p[0] != '-' && label.p[label.n - 1] != '-';
}

static bool is_ascii_label(struct span label)
{
	char text[LABEL_MAX + 1];

	if (!is_ldh(label))
		return false;
	if (label.n < 4 || label.p[2] != '-' || label.p[3] != '-')
		return true;
	memcpy(text, label.p, label.n);
	text[label.n] = 0;
	return (text[0] | 0x20) == 'x' && (text[1] | 0x20) == 'n' && idna_accepts(NULL, text);
}

bool format_hostname(struct span s)
{
	size_t from = 0;

	if (s.n > HOST_MAX)
		return false;
	for (size_t i = 0; i <= s.n; i++) {
		if (i < s.n && s.p[i] != '.')
			continue;
		if (!is_ascii_label(span_of(s.p + from, i - from)))
			return false;
		from = i + 1;
	}
	return true;
}

static bool is_idn_label(struct span label)
{
	char text[LABEL_MAX * 4 + 1];
	bool ascii = true;

	for (size_t i = 0; i < label.n; i++)
		ascii &= label.p[i] < 0x80;
	if (ascii)
		return is_ascii_label(label);
	if (label.n >= sizeof text || memchr(label.p, 0, label.n))
		return false;
	memcpy(text, label.p, label.n);
	text[label.n] = 0;
	return idna_accepts(text, NULL);
}

/* Bytes of a dot at p: one of IDNA's four; 0 for none. */
static size_t dot_len(const uint8_t *p, size_t n)
{
	static const char *const wide[] = { "\xe3\x80\x82", "\xef\xbc\x8e", "\xef\xbd\xa1" };

	if (*p == '.')
		return 1;
	for (size_t i = 0; i < ARRAY_LEN(wide); i++) {
		if (n >= 3 && memcmp(p, wide[i], 3) == 0)
			return 3;
	}
	return 0;
}

bool format_idn_hostname(struct span s)
{
	size_t from = 0, i = 0;

	if (s.n > (size_t)HOST_MAX * 4)
		return false;
	while (i < s.n) {
		size_t dot = dot_len(s.p + i, s.n - i);
		if (dot && !is_idn_label(span_of(s.p + from, i - from)))
			return false;
		i += dot ? dot : 1;
		from = dot ? i : from;
	}
	return is_idn_label(span_of(s.p + from, s.n - from));
}

/* ---- mailboxes ---- */

static bool is_atom_char(uint8_t c, bool wide)
{
	return format_is_letter(c) || format_is_digit(c) || (c && c < 0x80 && strchr("!#$%&'*+-/=?^_`{|}~", c)) || (wide && c >= 0x80);
}

static bool is_quoted(struct span s, bool wide)
{
	for (size_t i = 1; i + 1 < s.n; i++) {
		if (s.p[i] == '\\' && i + 2 < s.n && s.p[i + 1] >= 0x20 && s.p[i + 1] < 0x7f)
			i++;
		else if (s.p[i] < 0x20 || s.p[i] == 0x7f || s.p[i] == '"' || s.p[i] == '\\' || (s.p[i] >= 0x80 && !wide))
			return false;
	}
	return s.n >= 2 && s.p[s.n - 1] == '"';
}

static bool is_local(struct span s, bool wide)
{
	if (s.n == 0 || s.n > LOCAL_MAX)
		return false;
	if (s.p[0] == '"')
		return is_quoted(s, wide);
	for (size_t i = 0; i < s.n; i++) {
		bool dot = s.p[i] == '.' && i > 0 && i + 1 < s.n && s.p[i + 1] != '.';
		if (!dot && !is_atom_char(s.p[i], wide))
			return false;
	}
	return true;
}

static bool is_mailbox(struct span s, bool wide)
{
	const uint8_t *sign = s.n ? memrchr(s.p, '@', s.n) : NULL;

	if (!sign || !is_local(span_of(s.p, (size_t)(sign - s.p)), wide))
		return false;
	struct span domain = span_of(sign + 1, (size_t)(s.p + s.n - sign - 1));
	if (domain.n > 2 && domain.p[0] == '[' && domain.p[domain.n - 1] == ']') {
		domain = span_of(domain.p + 1, domain.n - 2);
		if (domain.n > 5 && strncasecmp((const char *)domain.p, "IPv6:", 5) == 0)
			return format_ipv6(span_of(domain.p + 5, domain.n - 5));
		return format_ipv4(domain);
	}
	return wide ? format_idn_hostname(domain) : format_hostname(domain);
}

bool format_email(struct span s)
{
	return is_mailbox(s, false);
}

bool format_idn_email(struct span s)
{
	return is_mailbox(s, true);
}

/* ---- URIs ---- */

static bool is_ucschar(uint32_t c, bool private)
{
	if (private && ((c >= 0xe000 && c <= 0xf8ff) || (c >= 0xf0000 && c <= 0xffffd) || (c >= 0x100000 && c <= 0x10fffd)))
		return true;
	return (c >= 0xa0 && c <= 0xd7ff) || (c >= 0xf900 && c <= 0xfdcf) || (c >= 0xfdf0 && c <= 0xffef) ||
	       (c >= 0x10000 && c <= 0xefffd && (c & 0xffff) <= 0xfffd && !(c >= 0xe0000 && c < 0xe1000));
}

/* Unreserved, sub-delims, percent-encoded and `more`; of an IRI also what is not ASCII. */
static bool are_uri_chars(struct span s, const char *more, bool wide, bool private)
{
	for (size_t i = 0; i < s.n;) {
		uint8_t c = s.p[i];
		if (c >= 0x80) {
			size_t len = utf8_len(s.p + i, s.n - i);
			if (!wide || !len || !is_ucschar(utf8_decode(s.p + i, len), private))
				return false;
			i += len;
		} else if (c == '%') {
			if (s.n - i < 3 || !format_is_hex(s.p[i + 1]) || !format_is_hex(s.p[i + 2]))
				return false;
			i += 3;
		} else {
			if (!c || (!format_is_letter(c) && !format_is_digit(c) && !strchr("-._~!$&'()*+,;=", c) && !strchr(more, c)))
				return false;
			i++;
		}
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
	return are_uri_chars(span_of(s.p + i + 1, s.n - i - 1), ":", false, false);
}

static bool is_authority(struct span s, bool wide)
{
	const uint8_t *at = s.n ? memchr(s.p, '@', s.n) : NULL;

	if (at) {
		if (!are_uri_chars(span_of(s.p, (size_t)(at - s.p)), ":", wide, false))
			return false;
		s = span_of(at + 1, (size_t)(s.p + s.n - at - 1));
	}
	size_t end = s.n;
	while (end && format_is_digit(s.p[end - 1]))
		end--;
	if (end && s.p[end - 1] == ':')
		s.n = end - 1;
	return s.n && s.p[0] == '[' ? is_ip_literal(s) : are_uri_chars(s, "", wide, false);
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

	if ((absolute && !scheme) || !are_uri_chars(fragment, ":@/?", wide, false) || !are_uri_chars(query, ":@/?", wide, true))
		return false;
	s = span_of(s.p + scheme, s.n - scheme);
	if (s.n >= 2 && s.p[0] == '/' && s.p[1] == '/') {
		s = span_of(s.p + 2, s.n - 2);
		const uint8_t *slash = s.n ? memchr(s.p, '/', s.n) : NULL;
		size_t n = slash ? (size_t)(slash - s.p) : s.n;
		return is_authority(span_of(s.p, n), wide) && are_uri_chars(span_of(s.p + n, s.n - n), ":@/", wide, false);
	}
	const uint8_t *colon = s.n ? memchr(s.p, ':', s.n) : NULL, *slash = s.n ? memchr(s.p, '/', s.n) : NULL;
	if (!scheme && colon && (!slash || colon < slash))
		return false;                    /* its first segment would read as a scheme */
	return are_uri_chars(s, ":@/", wide, false);
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
		} else if (c == '%') {
			if (s.n - i < 3 || !format_is_hex(s.p[i + 1]) || !format_is_hex(s.p[i + 2]))
				return false;
			i += 3;
		} else if (c >= 0x80) {
			size_t len = utf8_len(s.p + i, s.n - i);
			if (!len || !is_ucschar(utf8_decode(s.p + i, len), true))
				return false;
			i += len;
		} else if (c <= 0x20 || c == 0x7f || strchr("\"'<>\\^`|}", c)) {
			return false;
		} else {
			i++;
		}
	}
	return true;
}
