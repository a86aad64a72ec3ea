/* UTF-8 checks and conversion. Owner: base; every process. */
#include "base/utf8.h"

static bool is_tail(uint8_t c)
{
	return (c & 0xc0) == 0x80;
}

size_t utf8_len(const uint8_t *p, size_t n)
{
	if (n == 0)
		return 0;
	uint8_t c = p[0];
	if (c < 0x80)
		return 1;
	if (c < 0xc2 || c > 0xf4)
		return 0;
	if (c < 0xe0)
		return n >= 2 && is_tail(p[1]) ? 2 : 0;
	if (n < 3 || !is_tail(p[1]) || !is_tail(p[2]))
		return 0;
	if (c < 0xf0) {
		bool bad = (c == 0xe0 && p[1] < 0xa0) || (c == 0xed && p[1] > 0x9f);
		return bad ? 0 : 3;
	}
	bool bad = (c == 0xf0 && p[1] < 0x90) || (c == 0xf4 && p[1] > 0x8f);
	return n >= 4 && is_tail(p[3]) && !bad ? 4 : 0;
}

bool utf8_is_valid(const uint8_t *p, size_t n)
{
	while (n) {
		uint64_t w;
		if (n >= 8 && (memcpy(&w, p, 8), (w & 0x8080808080808080u) == 0)) {
			p += 8;
			n -= 8;
			continue;
		}
		size_t len = utf8_len(p, n);
		if (len == 0)
			return false;
		p += len;
		n -= len;
	}
	return true;
}

uint32_t utf8_decode(const uint8_t *p, size_t len)
{
	static const uint8_t first[] = { 0, 0x7f, 0x1f, 0x0f, 0x07 };
	uint32_t cp = p[0] & first[len];

	for (size_t i = 1; i < len; i++)
		cp = cp << 6 | (p[i] & 0x3f);
	return cp;
}

size_t utf8_encode(uint32_t cp, uint8_t *out)
{
	if (cp < 0x80) {
		out[0] = (uint8_t)cp;
		return 1;
	}
	size_t len = cp < 0x800 ? 2 : cp < 0x10000 ? 3 : 4;
	for (size_t i = len - 1; i > 0; i--, cp >>= 6)
		out[i] = (uint8_t)(0x80 | (cp & 0x3f));
	out[0] = (uint8_t)((0xf00u >> len & 0xff) | cp);
	return len;
}
