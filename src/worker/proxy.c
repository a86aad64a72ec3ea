/* PROXY headers read and written. Owner: worker. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cursor.h"
#include "base/hash.h"
#include "worker/proxy.h"

#define SIGNATURE SPAN_LIT("\r\n\r\n\0\r\nQUIT\n")
#define V2_FIXED 16u                     /* bytes before the addresses */
#define V2_LOCAL 0x20u
#define V2_PROXY 0x21u
#define TCP_OVER_4 0x11u
#define TCP_OVER_6 0x21u
#define ENDS_4 12u                       /* bytes of two addresses and two ports */
#define ENDS_6 36u
#define TLV_CRC32C 0x03u
#define TLV_HEAD 3u

static const uint8_t v4_in_v6[12] = { [10] = 0xff, [11] = 0xff };

struct proxy_end proxy_end_of(const struct sockaddr *a)
{
	struct proxy_end e = { { { 0 } }, 0 };

	if (a->sa_family == AF_INET) {
		const struct sockaddr_in *four = (const void *)a;
		memcpy(e.address.bytes, v4_in_v6, sizeof v4_in_v6);
		memcpy(e.address.bytes + 12, &four->sin_addr, 4);
		e.port = ntohs(four->sin_port);
	} else if (a->sa_family == AF_INET6) {
		const struct sockaddr_in6 *six = (const void *)a;
		memcpy(e.address.bytes, &six->sin6_addr, 16);
		e.port = ntohs(six->sin6_port);
	}
	return e;
}

static bool is_v4(const struct proxy_end *e)
{
	return memcmp(e->address.bytes, v4_in_v6, sizeof v4_in_v6) == 0;
}

static const char *text_of(const struct proxy_end *e, bool v4, char *out, socklen_t n)
{
	return inet_ntop(v4 ? AF_INET : AF_INET6, e->address.bytes + (v4 ? 12 : 0), out, n);
}

void proxy_end_text(const struct proxy_end *e, char *out, size_t n)
{
	if (!text_of(e, is_v4(e), out, (socklen_t)n) && n)
		*out = 0;
}

static int malformed(struct proxy_header *h, const char *why)
{
	h->why = why;
	return E_MALFORMED;
}

/* ---- version 1: a line ---- */

static bool address_of(const char *text, int family, struct proxy_end *e)
{
	if (family == AF_INET6)
		return inet_pton(AF_INET6, text, e->address.bytes) == 1;
	memcpy(e->address.bytes, v4_in_v6, sizeof v4_in_v6);
	return inet_pton(AF_INET, text, e->address.bytes + 12) == 1;
}

/* Decimal, no leading zero, 0 to 65535. */
static bool port_of(const char *text, uint16_t *port)
{
	char again[8];

	long v = strtol(text, NULL, 10);
	snprintf(again, sizeof again, "%ld", v >= 0 && v <= 65535 ? v : 0);
	*port = (uint16_t)v;
	return strcmp(text, again) == 0;
}

static int read_ends(char *rest, int family, struct proxy_header *h)
{
	char *words[4], *next = rest;

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		words[i] = next ? strsep(&next, " ") : "";
	if (next || !address_of(words[0], family, &h->ends.client) || !address_of(words[1], family, &h->ends.server) ||
	    !port_of(words[2], &h->ends.client.port) || !port_of(words[3], &h->ends.server.port))
		return malformed(h, "a line of version 1 that does not name two addresses and two ports");
	h->known = true;
	return 0;
}

static int read_line(struct span bytes, struct proxy_header *h)
{
	char line[PROXY_V1_MOST + 1];
	size_t most = bytes.n < PROXY_V1_MOST ? bytes.n : PROXY_V1_MOST;
	const uint8_t *end = memmem(bytes.p, most, "\r\n", 2);

	if (!end && most == PROXY_V1_MOST)
		return malformed(h, "a line of version 1 without an end");
	h->n = bytes.n + 1;
	if (!end)
		return E_AGAIN;
	size_t n = (size_t)(end - bytes.p);
	h->n = n + 2;
	memcpy(line, bytes.p, n);
	line[n] = 0;
	if (strlen(line) != n)
		return malformed(h, "a line of version 1 with a zero byte");
	if (strncmp(line, "PROXY TCP4 ", 11) == 0)
		return read_ends(line + 11, AF_INET, h);
	if (strncmp(line, "PROXY TCP6 ", 11) == 0)
		return read_ends(line + 11, AF_INET6, h);
	return strncmp(line, "PROXY UNKNOWN", 13) == 0 ? 0 : malformed(h, "a line of version 1 of another protocol than TCP");
}

/* ---- version 2: bytes ---- */

static void take_end(struct cursor *addresses, struct cursor *ports, size_t size, struct proxy_end *e)
{
	if (size == 4)
		memcpy(e->address.bytes, v4_in_v6, sizeof v4_in_v6);
	memcpy(e->address.bytes + 16 - size, cursor_take(addresses, size), size);
	e->port = cursor_be16(ports);
}

static void take_ends(const uint8_t *p, size_t size, struct proxy_ends *ends)
{
	struct cursor addresses = cursor_of(p, 2 * size), ports = cursor_of(p + 2 * size, 4);

	take_end(&addresses, &ports, size, &ends->client);
	take_end(&addresses, &ports, size, &ends->server);
}

/* Its checksum, with itself read as zero, over the whole header. */
static bool checksum_holds(struct span header, size_t at)
{
	static const uint8_t zero[4];
	uint32_t crc = crc32c(0, header.p, at), said;

	crc = crc32c(crc, zero, sizeof zero);
	crc = crc32c(crc, header.p + at + 4, header.n - at - 4);
	memcpy(&said, header.p + at, 4);
	return __builtin_bswap32(said) == crc;
}

/* What else a header carries says nothing to us, but for its checksum. */
static int check_rest(struct span header, size_t from, struct proxy_header *h)
{
	while (from < header.n) {
		if (header.n - from < TLV_HEAD)
			return malformed(h, "a header of version 2 that is cut");
		size_t length = (size_t)header.p[from + 1] << 8 | header.p[from + 2];
		size_t at = from + TLV_HEAD;
		if (length > header.n - at)
			return malformed(h, "a header of version 2 that is cut");
		if (header.p[from] == TLV_CRC32C && (length != 4 || !checksum_holds(header, at)))
			return malformed(h, "a header of version 2 with another checksum than its own");
		from = at + length;
	}
	return 0;
}

static int read_bytes(struct span bytes, struct proxy_header *h)
{
	h->n = V2_FIXED;
	if (bytes.n < V2_FIXED)
		return E_AGAIN;
	uint8_t command = bytes.p[12], kind = bytes.p[13];
	size_t length = (size_t)bytes.p[14] << 8 | bytes.p[15];
	if (command != V2_LOCAL && command != V2_PROXY)
		return malformed(h, "a header of an unknown version or command");
	h->n = V2_FIXED + length;
	if (h->n > PROXY_MOST)
		return malformed(h, "a header of more than 4096 bytes");
	if (bytes.n < h->n)
		return E_AGAIN;
	size_t ends = kind == TCP_OVER_4 ? ENDS_4 : kind == TCP_OVER_6 ? ENDS_6 : 0;
	if (command == V2_LOCAL || ends == 0)
		return 0;                /* the addresses, if there are any, are of no kind that we know */
	if (length < ends)
		return malformed(h, "a header of version 2 that is cut");
	take_ends(bytes.p + V2_FIXED, (ends - 4) / 2, &h->ends);
	h->known = true;
	return check_rest(span_of(bytes.p, h->n), V2_FIXED + ends, h);
}

/* Do the bytes begin as this does, as far as they go? */
static bool may_be(struct span bytes, struct span what)
{
	return memcmp(bytes.p, what.p, bytes.n < what.n ? bytes.n : what.n) == 0;
}

int proxy_read(struct span bytes, struct proxy_header *h)
{
	*h = (struct proxy_header){ .n = 1 };
	if (bytes.n == 0)
		return E_AGAIN;
	if (may_be(bytes, SPAN_LIT("PROXY ")))
		return read_line(bytes, h);
	if (may_be(bytes, SIGNATURE))
		return read_bytes(bytes, h);
	return malformed(h, "no header of the PROXY protocol");
}

/* ---- writing ---- */

static size_t write_line(const struct proxy_ends *ends, uint8_t *out)
{
	char client[INET6_ADDRSTRLEN], server[INET6_ADDRSTRLEN], line[PROXY_V1_MOST + 1];

	if (!ends)
		return (size_t)snprintf((char *)out, PROXY_V1_MOST, "PROXY UNKNOWN\r\n");
	bool v4 = is_v4(&ends->client) && is_v4(&ends->server);
	int n = snprintf(line, sizeof line, "PROXY TCP%c %s %s %u %u\r\n", v4 ? '4' : '6', text_of(&ends->client, v4, client, sizeof client),
	                 text_of(&ends->server, v4, server, sizeof server), ends->client.port, ends->server.port);
	memcpy(out, line, (size_t)n);
	return (size_t)n;
}

static uint8_t *put_address(uint8_t *p, const struct proxy_end *e, size_t size)
{
	memcpy(p, e->address.bytes + 16 - size, size);
	return p + size;
}

static uint8_t *put_port(uint8_t *p, uint16_t port)
{
	*p++ = (uint8_t)(port >> 8);
	*p++ = (uint8_t)port;
	return p;
}

static size_t write_bytes(const struct proxy_ends *ends, uint8_t *out)
{
	uint8_t *p = out + V2_FIXED;

	memcpy(out, SIGNATURE.p, SIGNATURE.n);
	memset(out + 12, 0, 4);
	out[12] = ends ? V2_PROXY : V2_LOCAL;
	if (!ends)
		return V2_FIXED;
	bool v4 = is_v4(&ends->client) && is_v4(&ends->server);
	out[13] = v4 ? TCP_OVER_4 : TCP_OVER_6;
	out[15] = v4 ? ENDS_4 : ENDS_6;
	p = put_address(p, &ends->client, v4 ? 4 : 16);
	p = put_address(p, &ends->server, v4 ? 4 : 16);
	p = put_port(p, ends->client.port);
	p = put_port(p, ends->server.port);
	return (size_t)(p - out);
}

size_t proxy_write(unsigned version, const struct proxy_ends *ends, uint8_t *out)
{
	return version == 1 ? write_line(ends, out) : write_bytes(ends, out);
}
