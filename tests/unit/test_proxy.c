/* PROXY headers: those of proxy-protocol.txt, cut at every byte, wrong ones, and what is written is read again. */
#include <arpa/inet.h>
#include <netinet/in.h>

#include "base/hash.h"
#include "unit.h"
#include "worker/proxy.h"

#define SIGNATURE "\r\n\r\n\0\r\nQUIT\n"
#define FOUR "\xc0\0\x02\x01" "\xc6\x33\x64\x02" "\xdc\x04" "\x23\x84"     /* 192.0.2.1:56324 to 198.51.100.2:9092 */
#define SIX "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1" "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\2" "\xdc\x04" "\x23\x84"
#define TCP4 "PROXY TCP4 192.0.2.1 198.51.100.2 56324 9092\r\n"
#define TCP6 "PROXY TCP6 2001:db8::1 2001:db8::2 56324 9092\r\n"

static struct proxy_end end(const char *address, uint16_t port)
{
	struct sockaddr_in four = { .sin_family = AF_INET, .sin_port = htons(port) };
	struct sockaddr_in6 six = { .sin6_family = AF_INET6, .sin6_port = htons(port) };

	if (inet_pton(AF_INET, address, &four.sin_addr) == 1)
		return proxy_end_of((struct sockaddr *)&four);
	ck_assert_int_eq(inet_pton(AF_INET6, address, &six.sin6_addr), 1);
	return proxy_end_of((struct sockaddr *)&six);
}

static bool is_end(const struct proxy_end *e, const char *address, uint16_t port)
{
	struct proxy_end wanted = end(address, port);

	return memcmp(&e->address, &wanted.address, sizeof e->address) == 0 && e->port == wanted.port;
}

static const struct good {
	struct span bytes;
	const char *client, *server;     /* NULL: it names nobody */
} good[] = {
	{ SPAN_LIT(TCP4), "192.0.2.1", "198.51.100.2" },
	{ SPAN_LIT(TCP6), "2001:db8::1", "2001:db8::2" },
	{ SPAN_LIT("PROXY UNKNOWN\r\n"), NULL, NULL },
	{ SPAN_LIT("PROXY UNKNOWN ffff:f...f:ffff ffff:f...f:ffff 65535 65535\r\n"), NULL, NULL },
	{ SPAN_LIT(SIGNATURE "\x21\x11\0\x0c" FOUR), "192.0.2.1", "198.51.100.2" },
	{ SPAN_LIT(SIGNATURE "\x21\x21\0\x24" SIX), "2001:db8::1", "2001:db8::2" },
	{ SPAN_LIT(SIGNATURE "\x21\x11\0\x13" FOUR "\x02\0\x04" "host"), "192.0.2.1", "198.51.100.2" },   /* PP2_TYPE_AUTHORITY */
	{ SPAN_LIT(SIGNATURE "\x20\0\0\0"), NULL, NULL },                        /* LOCAL */
	{ SPAN_LIT(SIGNATURE "\x20\x11\0\x0c" FOUR), NULL, NULL },
	{ SPAN_LIT(SIGNATURE "\x21\0\0\x04" "abcd"), NULL, NULL },               /* UNSPEC */
	{ SPAN_LIT(SIGNATURE "\x21\x12\0\x0c" FOUR), NULL, NULL },               /* UDP */
};

START_TEST(headers_of_the_specification)
{
	const struct good *g = &good[_i];
	uint8_t bytes[256];
	struct proxy_header h;

	memcpy(bytes, g->bytes.p, g->bytes.n);
	memcpy(bytes + g->bytes.n, "behind it", 9);
	ck_assert_int_eq(proxy_read(span_of(bytes, g->bytes.n + 9), &h), 0);
	ck_assert_uint_eq(h.n, g->bytes.n);
	ck_assert_int_eq(h.known, g->client != NULL);
	if (g->client)
		ck_assert(is_end(&h.ends.client, g->client, 56324) && is_end(&h.ends.server, g->server, 9092));
	for (size_t n = 0; n < g->bytes.n; n++) {
		ck_assert_int_eq(proxy_read(span_of(bytes, n), &h), E_AGAIN);
		ck_assert(h.n > n && h.n <= g->bytes.n);
	}
}
END_TEST

static const struct span bad[] = {
	SPAN_LIT("\0\0\0\x20\0\x12\0\x03"),                                      /* Kafka's */
	SPAN_LIT("\x16\x03\x01\0\xa5\x01"),                                      /* TLS's */
	SPAN_LIT("PROXY TCP4 192.0.2.1 198.51.100.2 56324\r\n"),
	SPAN_LIT("PROXY TCP4 192.0.2.1 198.51.100.2 56324 9092 1\r\n"),
	SPAN_LIT("PROXY TCP4 192.0.2.1 198.51.100.2 56324 65536\r\n"),
	SPAN_LIT("PROXY TCP4 192.0.2.1 198.51.100.2 056324 9092\r\n"),
	SPAN_LIT("PROXY TCP4 192.0.2.1 198.51.100.2 -1 9092\r\n"),
	SPAN_LIT("PROXY TCP4  192.0.2.1 198.51.100.2 56324 9092\r\n"),
	SPAN_LIT("PROXY TCP4 192.0.2.01 198.51.100.2 56324 9092\r\n"),
	SPAN_LIT("PROXY TCP4 2001:db8::1 2001:db8::2 56324 9092\r\n"),
	SPAN_LIT("PROXY TCP6 192.0.2.1 198.51.100.2 56324 9092\r\n"),
	SPAN_LIT("PROXY TCP4 192.0.2.1\0 198.51.100.2 56324 9092\r\n"),
	SPAN_LIT("PROXY UDP4 192.0.2.1 198.51.100.2 56324 9092\r\n"),
	SPAN_LIT("PROXY \r\n"),
	SPAN_LIT("PROXY UNKNOWN 56789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456\r\n"),
	SPAN_LIT(SIGNATURE "\x11\x11\0\x0c" FOUR),                               /* version 1 in bytes */
	SPAN_LIT(SIGNATURE "\x22\x11\0\x0c" FOUR),                               /* no command */
	SPAN_LIT(SIGNATURE "\x21\x11\0\x0b" FOUR),
	SPAN_LIT(SIGNATURE "\x21\x21\0\x0c" FOUR),
	SPAN_LIT(SIGNATURE "\x21\x11\0\x0e" FOUR "\x02\0"),
	SPAN_LIT(SIGNATURE "\x21\x11\0\x10" FOUR "\x02\0\x02" "a"),
	SPAN_LIT(SIGNATURE "\x21\x11\0\x13" FOUR "\x03\0\x04" "none"),           /* PP2_TYPE_CRC32C */
	SPAN_LIT(SIGNATURE "\x21\x11\x0f\xf1"),                                  /* 4097 bytes */
};

START_TEST(what_is_none)
{
	struct proxy_header h;

	ck_assert_int_eq(proxy_read(bad[_i], &h), E_MALFORMED);
	ck_assert_ptr_nonnull(h.why);
}
END_TEST

START_TEST(a_true_checksum)
{
	uint8_t bytes[] = SIGNATURE "\x21\x11\0\x13" FOUR "\x03\0\x04" "\0\0\0\0";
	size_t n = sizeof bytes - 1;
	struct proxy_header h;

	uint32_t crc = __builtin_bswap32(crc32c(0, bytes, n));
	memcpy(bytes + n - 4, &crc, 4);
	ck_assert_int_eq(proxy_read(span_of(bytes, n), &h), 0);
	ck_assert(h.known);
	bytes[17] ^= 1;
	ck_assert_int_eq(proxy_read(span_of(bytes, n), &h), E_MALFORMED);
}
END_TEST

START_TEST(what_is_written)
{
	struct proxy_ends four = { end("192.0.2.1", 56324), end("198.51.100.2", 9092) };
	struct proxy_ends six = { end("2001:db8::1", 56324), end("2001:db8::2", 9092) };
	struct proxy_ends mixed = { end("192.0.2.1", 1), end("2001:db8::2", 2) };
	const struct { unsigned version; const struct proxy_ends *ends; struct span wanted; } rows[] = {
		{ 1, &four, SPAN_LIT(TCP4) },
		{ 1, &six, SPAN_LIT(TCP6) },
		{ 1, &mixed, SPAN_LIT("PROXY TCP6 ::ffff:192.0.2.1 2001:db8::2 1 2\r\n") },
		{ 1, NULL, SPAN_LIT("PROXY UNKNOWN\r\n") },
		{ 2, &four, SPAN_LIT(SIGNATURE "\x21\x11\0\x0c" FOUR) },
		{ 2, &six, SPAN_LIT(SIGNATURE "\x21\x21\0\x24" SIX) },
		{ 2, NULL, SPAN_LIT(SIGNATURE "\x20\0\0\0") },
	};
	uint8_t out[PROXY_V1_MOST];

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		size_t n = proxy_write(rows[i].version, rows[i].ends, out);
		ck_assert(span_eq(span_of(out, n), rows[i].wanted));
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("proxy");
	TCase *tc = tcase_create("proxy");

	tcase_add_loop_test(tc, headers_of_the_specification, 0, ARRAY_LEN(good));
	tcase_add_loop_test(tc, what_is_none, 0, ARRAY_LEN(bad));
	tcase_add_test(tc, a_true_checksum);
	tcase_add_test(tc, what_is_written);
	suite_add_tcase(s, tc);
	return unit_run(s);
}
