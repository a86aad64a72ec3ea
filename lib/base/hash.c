/* CRC-32C by the SSE4.2 instruction where there is one, by table elsewhere, and a
 * 64-bit mix for hash tables. Owner: base; every process. */
#include "base/hash.h"

#define POLY 0x82f63b78u
#define X8 0x00800000u                   /* x^8: bit 31 is x^0 */
#define LANE_LOG 11
#define LANE ((size_t)1 << LANE_LOG)     /* bytes */

static uint32_t table[8][256];
static uint32_t lane[4][256];            /* by byte: a checksum after LANE more zeros */

/* Of two polynomials modulo POLY. */
static uint32_t product(uint32_t a, uint32_t b)
{
	uint32_t p = 0;

	for (uint32_t bit = 1u << 31; bit; bit >>= 1) {
		p ^= a & bit ? b : 0;
		b = b & 1 ? b >> 1 ^ POLY : b >> 1;
	}
	return p;
}

static void lane_init(void)
{
	uint32_t factor = X8;

	for (unsigned i = 0; i < LANE_LOG; i++)
		factor = product(factor, factor);
	for (unsigned k = 0; k < 4; k++)
		for (uint32_t i = 1; i < 256; i++)
			lane[k][i] = i & (i - 1) ? lane[k][i & (i - 1)] ^ lane[k][i & -i] : product(factor, i << 8 * k);
}

__attribute__((constructor)) static void table_init(void)
{
	for (uint32_t i = 0; i < 256; i++) {
		uint32_t c = i;
		for (int k = 0; k < 8; k++)
			c = c & 1 ? c >> 1 ^ POLY : c >> 1;
		table[0][i] = c;
	}
	for (uint32_t i = 0; i < 256; i++)
		for (int k = 1; k < 8; k++)
			table[k][i] = table[k - 1][i] >> 8 ^ table[0][table[k - 1][i] & 0xff];
	lane_init();
}

static uint32_t crc_by_table(uint32_t c, const uint8_t *p, size_t n)
{
	for (; n >= 8; n -= 8, p += 8) {
		uint64_t w;
		memcpy(&w, p, 8);
		w ^= c;
		c = table[7][w & 0xff] ^ table[6][w >> 8 & 0xff] ^ table[5][w >> 16 & 0xff] ^
		    table[4][w >> 24 & 0xff] ^ table[3][w >> 32 & 0xff] ^ table[2][w >> 40 & 0xff] ^
		    table[1][w >> 48 & 0xff] ^ table[0][w >> 56];
	}
	while (n--)
		c = c >> 8 ^ table[0][(c ^ *p++) & 0xff];
	return c;
}

#if defined(__x86_64__)
static uint32_t past_lane(uint32_t c)
{
	return lane[0][c & 0xff] ^ lane[1][c >> 8 & 0xff] ^ lane[2][c >> 16 & 0xff] ^ lane[3][c >> 24];
}

static inline uint64_t word_at(const uint8_t *p)
{
	uint64_t w;

	memcpy(&w, p, sizeof w);
	return w;
}

/* The instruction takes three cycles and one can begin in each: three lanes at a time. */
__attribute__((target("sse4.2"))) static uint32_t crc_by_lanes(uint32_t c, const uint8_t *p)
{
	uint64_t a = c, b = 0, d = 0;

	for (const uint8_t *end = p + LANE; p < end; p += 8) {
		a = __builtin_ia32_crc32di(a, word_at(p));
		b = __builtin_ia32_crc32di(b, word_at(p + LANE));
		d = __builtin_ia32_crc32di(d, word_at(p + 2 * LANE));
	}
	return past_lane(past_lane((uint32_t)a) ^ (uint32_t)b) ^ (uint32_t)d;
}

__attribute__((target("sse4.2"))) static uint32_t crc_by_sse(uint32_t c, const uint8_t *p, size_t n)
{
	for (; n >= 3 * LANE; n -= 3 * LANE, p += 3 * LANE)
		c = crc_by_lanes(c, p);
	uint64_t c64 = c;
	for (; n >= 8; n -= 8, p += 8)
		c64 = __builtin_ia32_crc32di(c64, word_at(p));
	c = (uint32_t)c64;
	while (n--)
		c = __builtin_ia32_crc32qi(c, *p++);
	return c;
}
#endif

uint32_t crc32c(uint32_t crc, const void *p, size_t n)
{
#if defined(__x86_64__)
	if (__builtin_cpu_supports("sse4.2"))
		return ~crc_by_sse(~crc, p, n);
#endif
	return ~crc_by_table(~crc, p, n);
}

static uint64_t mix(uint64_t a, uint64_t b)
{
	__uint128_t r = (__uint128_t)a * b;

	return (uint64_t)r ^ (uint64_t)(r >> 64);
}

uint64_t hash64(const void *data, size_t n, uint64_t seed)
{
	const uint8_t *p = data;
	uint64_t h = seed ^ 0x9e3779b97f4a7c15u ^ n;

	for (; n >= 8; n -= 8, p += 8) {
		uint64_t w;
		memcpy(&w, p, 8);
		h = mix(h ^ w, 0xd6e8feb86659fd93u);
	}
	uint64_t tail = 0;
	if (n)
		memcpy(&tail, p, n);
	return mix(h ^ tail, 0xa0761d6478bd642fu) ^ h >> 29;
}
