/* The tokenizer's loops, for everyone who walks over the bytes of a JSON text: the tape
 * and the fused executor of lib/schema. Strings and digits are classified 32 and 16
 * bytes at a time.
 *
 * Wide loads see up to JSON_SLACK bytes after `end`: a caller hands in a text that
 * json_slack made readable that far. What a token finds there decides nothing: a token
 * that ends past `end` is a text cut short, which each caller checks. */
#pragma once

#include "json/json.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#define JSON_SLACK 128
#define JSON_PAGE 4096u                 /* the smallest that there is */

/* Bytes after the text that share the page of its last byte can be read, whoever owns
 * them. AddressSanitizer knows objects, not pages. The text is not empty. */
static inline bool json_has_slack(struct span text)
{
#if defined(WITH_ASAN)
	(void)text;
	return false;
#else
	return ((uintptr_t)(text.p + text.n - 1) & (JSON_PAGE - 1)) < JSON_PAGE - JSON_SLACK;
#endif
}

/* The text itself where it has slack, else a copy in pad. p is NULL when memory is short. */
struct span json_slack(struct json_pad *pad, struct span text);
void json_pad_fini(struct json_pad *pad);

enum json_scan_flag {
	JSON_SCAN_ESCAPES = 1,
	JSON_SCAN_WIDE = 2,            /* something is not ASCII */
};

/* ---- bytes by class ---- */

#if defined(__SSE2__)

/* Of 16 bytes, those of an easy run. With one bit turned the quote, 0x22, stands right above
 * the control characters, and what is not ASCII is below them, as a signed number: one
 * comparison for all. */
static inline uint32_t json_easy16(const uint8_t *p)
{
	__m128i v = _mm_loadu_si128((const __m128i *)(const void *)p);
	__m128i high = _mm_cmpgt_epi8(_mm_xor_si128(v, _mm_set1_epi8(2)), _mm_set1_epi8(0x20));

	return (uint32_t)_mm_movemask_epi8(_mm_andnot_si128(_mm_cmpeq_epi8(v, _mm_set1_epi8('\\')), high));
}

/* Of them, what is not ASCII. */
static inline uint32_t json_wide(const uint8_t *p)
{
	uint32_t low = (uint32_t)_mm_movemask_epi8(_mm_loadu_si128((const __m128i *)(const void *)p));

	return low | (uint32_t)_mm_movemask_epi8(_mm_loadu_si128((const __m128i *)(const void *)(p + 16))) << 16;
}

/* A bit for each of 16 bytes that is no digit; bits above are set. */
static inline uint32_t json_no_digit(const uint8_t *p)
{
	__m128i v = _mm_sub_epi8(_mm_loadu_si128((const __m128i *)(const void *)p), _mm_set1_epi8('0'));

	return ~(uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(_mm_min_epu8(v, _mm_set1_epi8(9)), v));
}

/* A bit for each of 16 bytes that agree. */
static inline uint32_t json_same16(const uint8_t *p, const uint8_t *q)
{
	__m128i same = _mm_cmpeq_epi8(_mm_loadu_si128((const __m128i *)(const void *)p), _mm_loadu_si128((const __m128i *)(const void *)q));

	return (uint32_t)_mm_movemask_epi8(same);
}

#else

static inline uint32_t json_easy16(const uint8_t *p)
{
	uint32_t easy = 0;

	for (unsigned i = 0; i < 16; i++)
		easy |= (uint32_t)(p[i] != '"' && p[i] != '\\' && p[i] >= 0x20 && p[i] < 0x80) << i;
	return easy;
}

static inline uint32_t json_wide(const uint8_t *p)
{
	uint32_t wide = 0;

	for (unsigned i = 0; i < 32; i++)
		wide |= (uint32_t)(p[i] >> 7) << i;
	return wide;
}

static inline uint32_t json_no_digit(const uint8_t *p)
{
	uint32_t mask = 0xffff0000u;

	for (unsigned i = 0; i < 16; i++)
		mask |= (uint32_t)((uint8_t)(p[i] - '0') > 9) << i;
	return mask;
}

static inline uint32_t json_same16(const uint8_t *p, const uint8_t *q)
{
	uint32_t same = 0;

	for (unsigned i = 0; i < 16; i++)
		same |= (uint32_t)(p[i] == q[i]) << i;
	return same;
}

#endif

/* A bit for each of 32 bytes that ends an easy run: quotes, backslashes, control
 * characters, and what is not ASCII. */
static inline uint32_t json_stops(const uint8_t *p)
{
	return ~(json_easy16(p) | json_easy16(p + 16) << 16);
}

/* Bytes of the easy run at p, at most 31. */
static inline unsigned json_easy_run(const uint8_t *p)
{
	uint32_t stops = ~json_easy16(p);

	if (unlikely((uint16_t)stops == 0))
		stops = json_stops(p) | 0x80000000u;
	return (unsigned)__builtin_ctz(stops);
}

/* Do 32 bytes agree, but for those under `ignore`, a bit each? Most often that is the whole
 * second half. */
static inline bool json_same32(const uint8_t *p, const uint8_t *q, uint32_t ignore)
{
	uint32_t same = json_same16(p, q) | ignore;

	if (likely(same == UINT32_MAX))
		return true;
	return (uint16_t)same == UINT16_MAX && (json_same16(p + 16, q + 16) << 16 | same) == UINT32_MAX;
}

/* ---- tokens ---- */

/* A token's end, or NULL, and what was seen on the way. Returned in two registers: an address
 * to fill would put the caller's variables on its stack, under a guard. */
struct json_end {
	const uint8_t *p;
	size_t seen;                   /* enum json_scan_flag; of a number, 1: an integer */
};

const uint8_t *json_scan_space_slow(const uint8_t *p, const uint8_t *end);
/* stops: of the first 32 bytes. */
struct json_end json_scan_string_slow(const uint8_t *p, const uint8_t *end, uint32_t stops);

/* The first byte that is no white space, at most end. */
static inline const uint8_t *json_scan_space(const uint8_t *p, const uint8_t *end)
{
	return likely(*p > ' ') ? p : json_scan_space_slow(p, end);
}

/* p: after the quote. The closing quote, or NULL: a control character, bad UTF-8, a bad
 * escape, half a surrogate pair, no end. Most strings have less than 16 bytes: the others'
 * second look costs less than both halves of all. */
static inline const uint8_t *json_scan_string(const uint8_t *p, const uint8_t *end, unsigned *flags)
{
	uint32_t stops = ~json_easy16(p);

	*flags = 0;
	if (likely((uint16_t)stops != 0)) {
		unsigned n = (unsigned)__builtin_ctz(stops);
		if (likely(p[n] == '"'))
			return p + n;
	}
	stops = json_stops(p);
	unsigned n = (unsigned)__builtin_ctz(stops | 0x80000000u);
	if (likely(p[n] == '"'))
		return p + n;
	struct json_end e = json_scan_string_slow(p, end, stops);
	*flags = (unsigned)e.seen;
	return e.p;
}

/* A number as it stands: runs of digits. */
struct json_digits {
	const uint8_t *p;              /* the first digit */
	unsigned whole, fraction;      /* digits before and after the point: 1 to 16, 0 to 14 */
	bool negative;
	bool plain;                    /* no exponent, at most 15 digits and a point: the counts hold */
	bool integer;                  /* neither fraction nor exponent */
};

struct json_end json_scan_number_slow(const uint8_t *p, const uint8_t *end);

static inline const uint8_t *json_scan_number_rare(const uint8_t *p, const uint8_t *end, struct json_digits *d)
{
	struct json_end e = json_scan_number_slow(p, end);

	d->plain = false;
	d->integer = e.seen;
	return e.p;
}

/* The digits and the byte after them, which may be beyond end; NULL: not this easily. */
static inline const uint8_t *json_scan_number_fast(const uint8_t *p, const uint8_t *end, struct json_digits *d)
{
	bool negative = *p == '-';
	uint32_t others = json_no_digit(p) & ~(uint32_t)negative;       /* a sign is counted here, so that nothing waits for it */
	unsigned n = (unsigned)__builtin_ctz(others);

	*d = (struct json_digits){ .p = p + negative, .whole = n - negative, .negative = negative, .plain = true, .integer = true };
	/* the digit first, for a zero is rare and how many digits there are cannot be foreseen */
	if (unlikely(n == negative || (*d->p == '0' && d->whole > 1)))
		return NULL;
	uint8_t c = p[n];
	if (unlikely(n >= 16 || (c | 0x20) == 'e'))
		return json_scan_number_rare(p, end, d);
	if (c != '.')
		return p + n;
	others &= others - 1;
	unsigned m = (unsigned)__builtin_ctz(others);
	if (unlikely(m >= 16 || (p[m] | 0x20) == 'e'))
		return json_scan_number_rare(p, end, d);
	d->fraction = m - n - 1;
	d->integer = false;
	return likely(d->fraction) ? p + m : NULL;
}

/* p: at the sign or first digit. The byte after the number, or NULL: malformed. What stands
 * behind the text may look like more of the number, or spoil it: then it is read again. */
static inline const uint8_t *json_scan_number(const uint8_t *p, const uint8_t *end, struct json_digits *d)
{
	const uint8_t *e = json_scan_number_fast(p, end, d);

	return likely(e && e <= end) ? e : json_scan_number_rare(p, end, d);
}

/* One to eight digits, eight at a time (the multiplications join pairs, then fours). */
static inline uint64_t json_eight_digits(const uint8_t *p, unsigned n)
{
	uint64_t w;

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	memcpy(&w, p, 8);
	w = (w - 0x3030303030303030u) << (64 - 8 * n) & 0x0f0f0f0f0f0f0f0fu;
	w = w * 10 + (w >> 8);
	return ((w & 0x000000ff000000ffu) * 0x000f424000000064u + (w >> 16 & 0x000000ff000000ffu) * 0x0000271000000001u) >> 32;
#else
	for (w = 0; n--; p++)
		w = w * 10 + (uint64_t)(*p - '0');
	return w;
#endif
}

static inline uint64_t json_sixteen_digits(const uint8_t *p, unsigned n)
{
	return n <= 8 ? json_eight_digits(p, n) : json_eight_digits(p, n - 8) * 100000000u + json_eight_digits(p + n - 8, 8);
}

extern const int64_t json_power[19];     /* of ten */

/* All digits of a plain number, the point left out. */
static inline int64_t json_digits_value(const struct json_digits *d)
{
	uint64_t v = json_sixteen_digits(d->p, d->whole);

	if (d->fraction)
		v = v * (uint64_t)json_power[d->fraction] + json_sixteen_digits(d->p + d->whole + 1, d->fraction);
	return d->negative ? -(int64_t)v : (int64_t)v;
}

static inline bool json_is_literal(const uint8_t *p, const char word[4])
{
	return memcmp(p, word, 4) == 0;
}
