/* Strings of JSON: escapes and lengths. Owner: json; workers, the loader and the tool. */
#include "base/utf8.h"
#include "json/json.h"

static bool hex4(const uint8_t *p, const uint8_t *end, uint32_t *out)
{
	uint32_t v = 0;

	if (end - p < 4)
		return false;
	for (int i = 0; i < 4; i++) {
		uint8_t c = p[i], low = c | 0x20;
		if (c >= '0' && c <= '9')
			v = v << 4 | (uint32_t)(c - '0');
		else if (low >= 'a' && low <= 'f')
			v = v << 4 | (uint32_t)(low - 'a' + 10);
		else
			return false;
	}
	*out = v;
	return true;
}

/* p is after the \u; NULL when it is none. A pair counts as one. */
static const uint8_t *unicode_escape(const uint8_t *p, const uint8_t *end, uint32_t *cp)
{
	uint32_t low;

	if (!hex4(p, end, cp))
		return NULL;
	p += 4;
	if (*cp < 0xd800 || *cp > 0xdfff)
		return p;
	if (*cp > 0xdbff || end - p < 6 || p[0] != '\\' || p[1] != 'u' || !hex4(p + 2, end, &low))
		return NULL;
	if (low < 0xdc00 || low > 0xdfff)
		return NULL;
	*cp = 0x10000 + ((*cp - 0xd800) << 10) + (low - 0xdc00);
	return p + 6;
}

static uint8_t plain_escape(uint8_t c)
{
	switch (c) {
	case '"':
	case '\\':
	case '/':
		return c;
	case 'b':
		return '\b';
	case 'f':
		return '\f';
	case 'n':
		return '\n';
	case 'r':
		return '\r';
	case 't':
		return '\t';
	default:
		return 0;
	}
}

bool json_unescape(struct span raw, uint8_t *out, size_t *n)
{
	const uint8_t *p = raw.p, *end = raw.p + raw.n;
	uint8_t *w = out;
	uint32_t cp;

	while (p < end) {
		const uint8_t *slash = memchr(p, '\\', (size_t)(end - p));
		size_t run = (size_t)((slash ? slash : end) - p);
		memcpy(w, p, run);
		w += run;
		p += run;
		if (!slash)
			break;
		if (end - p < 2)
			return false;
		if (p[1] == 'u') {
			p = unicode_escape(p + 2, end, &cp);
			if (!p)
				return false;
			w += utf8_encode(cp, w);
			continue;
		}
		*w = plain_escape(p[1]);
		if (!*w)
			return false;
		w++;
		p += 2;
	}
	*n = (size_t)(w - out);
	return true;
}

size_t json_length(struct span s)
{
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++)
		n += (s.p[i] & 0xc0) != 0x80;
	return n;
}
