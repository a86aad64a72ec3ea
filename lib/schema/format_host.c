/* Formats of hosts: addresses, names (RFC 1123, 5890 to 5893), mailboxes (RFC 5321, 6531).
 * Owner: schema; workers, the loader and the tool. */
#include <idn2.h>
#include <strings.h>

#include "base/utf8.h"
#include "schema/format.h"

#define LABEL_MAX 63
#define HOST_MAX 253
#define LOCAL_MAX 64

/* ---- addresses ---- */

/* Four numbers up to 255 without a zero before them: the end of them, or NULL. */
static const uint8_t *skip_ipv4(const uint8_t *p, const uint8_t *end)
{
	for (unsigned part = 0; part < 4; part++) {
		unsigned v = 0;
		const uint8_t *from = p;
		if (part && (p == end || *p++ != '.'))
			return NULL;
		for (from = p; p < end && p < from + 3 && format_is_digit(*p); p++)
			v = v * 10 + (unsigned)(*p - '0');
		if (p == from || v > 255 || (*from == '0' && p > from + 1))
			return NULL;
	}
	return p;
}

bool format_ipv4(struct span s)
{
	return s.n && skip_ipv4(s.p, s.p + s.n) == s.p + s.n;
}

/* One to four hexadecimal digits: how many. */
static unsigned hex_group(const uint8_t *p, const uint8_t *end)
{
	unsigned n = 0;

	while (n < 4 && p + n < end && format_is_hex(p[n]))
		n++;
	return n;
}

/* RFC 4291, 2.2: eight groups, of which one run may be left out, the last two as IPv4. */
bool format_ipv6(struct span s)
{
	const uint8_t *p = s.p, *end = s.p + s.n;
	unsigned groups = 0;
	bool gap = s.n >= 2 && p[0] == ':' && p[1] == ':';

	p += gap ? 2 : 0;
	while (p < end) {
		unsigned n = hex_group(p, end);
		if (n && groups <= 6 && p + n < end && p[n] == '.')
			return skip_ipv4(p, end) == end && (gap ? groups < 6 : groups == 6);
		if (!n || ++groups > 8)
			return false;
		p += n;
		if (p == end)
			break;
		if (*p++ != ':' || p == end)
			return false;
		if (*p == ':') {
			if (gap)
				return false;
			gap = true;
			p++;
		}
	}
	return gap ? groups < 8 : groups == 8;
}

/* ---- host names ---- */

/* What the labels so far come to. */
struct host {
	size_t length;                  /* in ASCII, a dot after each label */
	bool leftward;                  /* one has characters that run from right to left */
	bool digit_first;               /* one begins with a digit */
};

static bool is_between(uint32_t c, uint32_t low, uint32_t high)
{
	return c >= low && c <= high;
}

/* Bidi classes of what IDNA lets into a label: EN, AN, and R or AL. */
static bool is_european(uint32_t c)
{
	return is_between(c, '0', '9') || is_between(c, 0x6f0, 0x6f9);
}

static bool is_arabic_number(uint32_t c)
{
	return is_between(c, 0x660, 0x669) || is_between(c, 0x10d30, 0x10d39);
}

static bool is_leftward(uint32_t c)
{
	if (is_european(c) || is_arabic_number(c))
		return false;
	return is_between(c, 0x590, 0x8ff) || is_between(c, 0xfb1d, 0xfdff) || is_between(c, 0xfe70, 0xfeff) ||
	       is_between(c, 0x10800, 0x10fff) || is_between(c, 0x1e800, 0x1efff);
}

/* RFC 5893, 2, as far as libidn2 leaves it: rule 4 here, rule 1 across labels later. */
static bool bidi_allows(struct span label, struct host *h)
{
	bool leftward = false, european = false, arabic = false;

	for (size_t i = 0, len; i < label.n; i += len) {
		len = utf8_len(label.p + i, label.n - i);
		if (!len)
			return false;
		uint32_t c = utf8_decode(label.p + i, len);
		leftward |= is_leftward(c);
		european |= is_european(c);
		arabic |= is_arabic_number(c);
		h->digit_first |= i == 0 && (is_european(c) || is_arabic_number(c));
	}
	h->leftward |= leftward || arabic;
	return !(leftward && european && arabic);
}

/* IDNA 2008, contextual rules included. Texts are NUL-terminated; one of them is NULL. */
static bool idna_accepts(const char *unicode, const char *ascii, struct host *h)
{
	uint8_t *out = NULL;
	char *decoded = NULL;
	bool good = idn2_register_u8((const uint8_t *)unicode, (const uint8_t *)ascii, &out, IDN2_NFC_INPUT) == IDN2_OK;

	if (good && ascii)
		good = idn2_to_unicode_8z8z(ascii, &decoded, 0) == IDN2_OK;
	if (good) {
		h->length += strlen((const char *)out) + 1;
		good = bidi_allows(span_str(ascii ? decoded : unicode), h);
	}
	idn2_free(decoded);
	idn2_free(out);
	return good;
}

/* Letters, digits and hyphens from p on. */
static size_t ldh_len(const uint8_t *p, size_t n)
{
	static const bool good[256] = { ['0' ... '9'] = true, ['A' ... 'Z'] = true, ['a' ... 'z'] = true, ['-'] = true };
	size_t i = 0;

	while (i < n && good[p[i]])
		i++;
	return i;
}

/* Of a label that has nothing else in it. */
static bool is_ldh(struct span label)
{
	return label.n > 0 && label.n <= LABEL_MAX && label.p[0] != '-' && label.p[label.n - 1] != '-';
}

static bool is_ascii_label(struct span label, struct host *h)
{
	char text[LABEL_MAX + 1];

	if (!is_ldh(label))
		return false;
	if (label.n >= 4 && label.p[2] == '-' && label.p[3] == '-') {
		memcpy(text, label.p, label.n);
		text[label.n] = 0;
		return (text[0] | 0x20) == 'x' && (text[1] | 0x20) == 'n' && idna_accepts(NULL, text, h);
	}
	h->length += label.n + 1;
	h->digit_first |= format_is_digit(label.p[0]);
	return true;
}

static bool is_idn_label(struct span label, struct host *h)
{
	char text[LABEL_MAX * 4 + 1];
	bool ascii = true;

	for (size_t i = 0; i < label.n; i++)
		ascii &= label.p[i] < 0x80;
	if (ascii)
		return ldh_len(label.p, label.n) == label.n && is_ascii_label(label, h);
	if (label.n >= sizeof text || memchr(label.p, 0, label.n))
		return false;
	memcpy(text, label.p, label.n);
	text[label.n] = 0;
	return idna_accepts(text, NULL, h);
}

static bool is_ldh_label(struct span label, struct host *h)
{
	h->length += label.n + 1;
	return is_ldh(label);
}

static bool is_host(const struct host *h)
{
	return h->length <= HOST_MAX + 1 && !(h->leftward && h->digit_first);
}

static bool are_labels(struct span s, bool (*is_label)(struct span label, struct host *h))
{
	struct host h = { 0 };
	size_t from = 0;

	if (s.n > HOST_MAX)
		return false;
	for (;; from++) {
		size_t n = ldh_len(s.p + from, s.n - from);
		if (!is_label(span_of(s.p + from, n), &h))
			return false;
		from += n;
		if (from == s.n)
			return is_host(&h);
		if (s.p[from] != '.')
			return false;
	}
}

bool format_hostname(struct span s)
{
	return are_labels(s, is_ascii_label);
}

bool format_ldh_hostname(struct span s)
{
	return are_labels(s, is_ldh_label);
}

/* Bytes of a dot at p: one of IDNA's four; 0 for none. */
static size_t dot_len(const uint8_t *p, size_t n)
{
	static const char *const wide[] = { "\xe3\x80\x82", "\xef\xbc\x8e", "\xef\xbd\xa1" };

	if (*p == '.')
		return 1;
	for (size_t i = 0; *p >= 0x80 && i < ARRAY_LEN(wide); i++) {
		if (n >= 3 && memcmp(p, wide[i], 3) == 0)
			return 3;
	}
	return 0;
}

bool format_idn_hostname(struct span s)
{
	struct host h = { 0 };
	size_t from = 0, i = 0;

	if (s.n > (size_t)HOST_MAX * 4)
		return false;
	while (i < s.n) {
		size_t dot = dot_len(s.p + i, s.n - i);
		if (dot && !is_idn_label(span_of(s.p + from, i - from), &h))
			return false;
		i += dot ? dot : 1;
		from = dot ? i : from;
	}
	return is_idn_label(span_of(s.p + from, s.n - from), &h) && is_host(&h);
}

/* ---- mailboxes ---- */

/* RFC 5322, 3.2.3: atext. */
static const bool is_atom_char[128] = {
	['0' ... '9'] = true, ['A' ... 'Z'] = true, ['a' ... 'z'] = true, ['!'] = true, ['#' ... '\''] = true, ['*'] = true, ['+'] = true,
	['-'] = true, ['/'] = true, ['='] = true, ['?'] = true, ['^' ... '`'] = true, ['{' ... '~'] = true,
};

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
		uint8_t c = s.p[i];
		bool dot = c == '.' && i > 0 && i + 1 < s.n && s.p[i + 1] != '.';
		if (!dot && (c < 0x80 ? !is_atom_char[c] : !wide))
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
