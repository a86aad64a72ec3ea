/* The PROXY protocol, versions 1 and 2: who the client of a connection is, said by the proxy
 * before its first byte. Source: HAProxy's proxy-protocol.txt, sections 2.1 and 2.2.
 * Worker-private. */
#pragma once

#include "worker/peers.h"

#define PROXY_V1_MOST 107u               /* bytes with CRLF */
#define PROXY_MOST 4096u                 /* of a header that is read: version 2 with what else it may carry */

struct proxy_end {
	struct peer_address address;     /* whole, unlike that of a peer */
	uint16_t port;
};

struct proxy_ends {
	struct proxy_end client, server; /* as the client sees them */
};

struct proxy_header {
	size_t n;                        /* bytes of it; after E_AGAIN: as many are needed at least */
	bool known;                      /* it names two TCP ends; else: LOCAL, UNKNOWN, or what is not TCP over IP */
	struct proxy_ends ends;
	const char *why;                 /* after E_MALFORMED */
};

/* The header that bytes begin with. 0; E_AGAIN: there must be more; E_MALFORMED. */
int proxy_read(struct span bytes, struct proxy_header *h) MUST_CHECK;
/* Writes one, at most PROXY_V1_MOST bytes -> its length. version: 1 or 2. ends NULL: not known. */
size_t proxy_write(unsigned version, const struct proxy_ends *ends, uint8_t *out);

struct proxy_end proxy_end_of(const struct sockaddr *a);
/* Its address for people, INET6_ADDRSTRLEN bytes: IPv4 as such. */
void proxy_end_text(const struct proxy_end *e, char *out, size_t n);
