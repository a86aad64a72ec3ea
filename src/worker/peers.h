/* How many connections each client address has, for limits.connections_per_address: of this
 * worker. An IPv6 network of 64 bits counts as one address: its owner has all of it. */
#pragma once

#include <sys/socket.h>

#include "base/base.h"

struct peer_address {
	uint8_t bytes[16];               /* IPv6, IPv4 mapped into it; all zero: not known */
};

struct peer {
	struct peer_address address;
	uint32_t n;                      /* 0: free */
};

struct peers {
	struct peer *slots;              /* open addressing */
	size_t mask, used;
};

struct peer_address peer_address_of(const struct sockaddr *a);
/* What counts of a whole address. */
struct peer_address peer_address_in(const struct peer_address *whole);
/* false: it has that many already (limit 0: no limit), or there is no memory. */
bool peers_join(struct peers *p, const struct peer_address *a, uint32_t limit) MUST_CHECK;
void peers_leave(struct peers *p, const struct peer_address *a);
void peers_fini(struct peers *p);
