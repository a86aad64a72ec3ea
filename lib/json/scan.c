/* The tokenizer's loops where the quick forms of scan.h do not suffice: long strings,
 * escapes, text that is not ASCII, numbers of any length. Owner: json; workers, the
 * loader and the tool. */
#include <stdlib.h>

#include "base/utf8.h"
#include "json/json.h"
#include "json/scan.h"

const int64_t json_power[19] = {
	1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000, 1000000000, 10000000000, 100000000000,
	1000000000000, 10000000000000, 100000000000000, 1000000000000000, 10000000000000000, 100000000000000000,
	1000000000000000000,
};

struct span json_slack(struct json_pad *pad, struct span text)
{
	size_t need = text.n + JSON_SLACK;

	if (text.n && json_has_slack(text))
		return text;
	if (need > pad->cap) {
		uint8_t *more = realloc(pad->p, need + need / 2);
		if (!more)
			return SPAN_NULL;
		pad->p = more;
		pad->cap = need + need / 2;
	}
	if (text.n)
		memcpy(pad->p, text.p, text.n);
	memset(pad->p + text.n, 0, JSON_SLACK);
	return span_of(pad->p, text.n);
}

void json_pad_fini(struct json_pad *pad)
{
	free(pad->p);
	*pad = (struct json_pad){ 0 };
}

static bool is_space(uint8_t c)
{
	return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

/* Indentation is a line's end and a run of blanks: eight of them at a time. */
const uint8_t *json_scan_space_slow(const uint8_t *p, const uint8_t *end)
{
	uint64_t w;

	while (p < end && is_space(*p)) {
		p++;
		while (end - p >= 8 && (memcpy(&w, p, 8), w == 0x2020202020202020u))
			p += 8;
	}
	return p;
}

static bool is_hex(uint8_t c)
{
	return (uint8_t)(c - '0') <= 9 || (uint8_t)((c | 0x20) - 'a') <= 5;
}

static const bool escapes[256] = {
	['"'] = true, ['\\'] = true, ['/'] = true, ['b'] = true, ['f'] = true, ['n'] = true, ['r'] = true, ['t'] = true,
};

/* p: at the backslash; after the escape, or NULL. A high surrogate must be followed by
 * a low one, which is taken along. */
static const uint8_t *skip_escape(const uint8_t *p, const uint8_t *end)
{
	unsigned half = 0;

	do {
		if (end - p < 2 || p[0] != '\\' || (half && p[1] != 'u'))
			return NULL;
		if (p[1] != 'u')
			return escapes[p[1]] ? p + 2 : NULL;
		if (end - p < 6 || !is_hex(p[2]) || !is_hex(p[3]) || !is_hex(p[4]) || !is_hex(p[5]))
			return NULL;
		bool surrogate = (p[2] | 0x20) == 'd' && (p[3] | 0x20) >= '8';
		bool low = surrogate && (p[3] | 0x20) >= 'c';
		if (half ? !low : low)
			return NULL;
		half = surrogate && !low;
		p += 6;
	} while (half);
	return p;
}

/* Sequences of two and three bytes, as words: most text that is not ASCII. 0: something
 * else, which utf8_len knows. */
static size_t common_len(const uint8_t *p)
{
	uint32_t w = (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16;

	if ((w & 0xc0e0) == 0x80c0)
		return w & 0x1e ? 2 : 0;
	if ((w & 0xc0c0f0) != 0x8080e0)
		return 0;
	uint32_t top = w & 0x200f;              /* of what has a shorter spelling, of surrogates */
	return top != 0 && top != 0x200d ? 3 : 0;
}

/* A string's inside, which a quote ends: no sequence that reaches over it is well-formed. */
static bool is_utf8(const uint8_t *p, const uint8_t *end)
{
	uint64_t w;

	while (p < end) {
		memcpy(&w, p, 8);
		w &= 0x8080808080808080u;
		if (!w) {
			p += 8;
			continue;
		}
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
		p += __builtin_ctzll(w) / 8;
		if (p >= end)
			break;
#else
		if (*p < 0x80) {
			p++;
			continue;
		}
#endif
		size_t len = common_len(p);
		if (len == 0 && (len = utf8_len(p, 4)) < 2)
			return false;
		p += len;
	}
	return true;
}

static struct json_end end_of(const uint8_t *p, unsigned seen)
{
	return (struct json_end){ p, seen };
}

struct json_end json_scan_string_slow(const uint8_t *p, const uint8_t *end, uint32_t stops)
{
	const uint8_t *start = p;
	unsigned seen = 0;
	uint32_t any = 0;

	for (; !stops && p < end; stops = json_stops(p))
		p += 32;                        /* long, and easy so far */
	if (stops && p[__builtin_ctz(stops)] == '"')
		return end_of(p + __builtin_ctz(stops), 0);
	for (; p < end; stops = json_stops(p)) {
		uint32_t wide = json_wide(p), special = stops & ~wide;
		if (!special) {
			any |= wide;
			p += 32;
			continue;
		}
		unsigned n = (unsigned)__builtin_ctz(special);
		any |= wide & ((1u << n) - 1);
		p += n;
		if (p >= end)
			break;
		if (*p == '"')
			return end_of(!any || is_utf8(start, p) ? p : NULL, seen | (any ? JSON_SCAN_WIDE : 0));
		seen |= JSON_SCAN_ESCAPES;
		p = *p == '\\' ? skip_escape(p, end) : NULL;
		if (!p)
			break;
	}
	return end_of(NULL, seen);
}

static const uint8_t *skip_digits(const uint8_t *p, const uint8_t *end)
{
	const uint8_t *from = p;

	while (p < end && (uint8_t)(*p - '0') <= 9)
		p++;
	return p > from ? p : NULL;
}

struct json_end json_scan_number_slow(const uint8_t *p, const uint8_t *end)
{
	bool integer = true;

	p += p < end && *p == '-';
	p = p < end && *p == '0' ? p + 1 : skip_digits(p, end);
	if (p && p < end && *p == '.') {
		integer = false;
		p = skip_digits(p + 1, end);
	}
	if (p && p < end && (*p | 0x20) == 'e') {
		integer = false;
		p++;
		p += p < end && (*p == '+' || *p == '-');
		p = skip_digits(p, end);
	}
	return end_of(p, integer);
}
