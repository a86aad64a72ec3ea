/* Connections by client address. Owner: worker. */
#include <netinet/in.h>
#include <stdlib.h>

#include "base/hash.h"
#include "worker/proxy.h"

#define SLOTS_FIRST 64u
#define NETWORK_BYTES 8u                 /* of an IPv6 address */

struct peer_address peer_address_in(const struct peer_address *whole)
{
	struct peer_address out = { { 0 } };
	struct in6_addr six;

	memcpy(&six, whole->bytes, sizeof six);
	memcpy(out.bytes, whole->bytes, IN6_IS_ADDR_V4MAPPED(&six) ? sizeof out.bytes : NETWORK_BYTES);
	return out;
}

struct peer_address peer_address_of(const struct sockaddr *a)
{
	struct proxy_end e = proxy_end_of(a);

	return peer_address_in(&e.address);
}

static size_t home_of(const struct peers *p, const struct peer_address *a)
{
	return (size_t)hash64(a->bytes, sizeof a->bytes, 0) & p->mask;
}

/* Its slot, or the free one where it would be. */
static struct peer *find(const struct peers *p, const struct peer_address *a)
{
	size_t at = home_of(p, a);

	while (p->slots[at].n && memcmp(&p->slots[at].address, a, sizeof *a) != 0)
		at = (at + 1) & p->mask;
	return &p->slots[at];
}

static bool grow(struct peers *p)
{
	size_t slots = p->slots ? 2 * (p->mask + 1) : SLOTS_FIRST;
	struct peers more = { .slots = calloc(slots, sizeof *more.slots), .mask = slots - 1, .used = p->used };

	if (!more.slots)
		return false;
	for (size_t i = 0; p->slots && i <= p->mask; i++)
		if (p->slots[i].n)
			*find(&more, &p->slots[i].address) = p->slots[i];
	free(p->slots);
	*p = more;
	return true;
}

bool peers_join(struct peers *p, const struct peer_address *a, uint32_t limit)
{
	if ((!p->slots || 2 * (p->used + 1) > p->mask + 1) && !grow(p))
		return false;
	struct peer *peer = find(p, a);
	if (limit && peer->n >= limit)
		return false;
	if (peer->n == 0) {
		peer->address = *a;
		p->used++;
	}
	peer->n++;
	return true;
}

/* Those behind a gap move up, so that none is cut off from its home. */
static void close_gap(struct peers *p, size_t gap)
{
	for (size_t at = (gap + 1) & p->mask; p->slots[at].n; at = (at + 1) & p->mask) {
		size_t home = home_of(p, &p->slots[at].address);
		if (((at - home) & p->mask) < ((at - gap) & p->mask))
			continue;
		p->slots[gap] = p->slots[at];
		p->slots[at].n = 0;
		gap = at;
	}
}

void peers_leave(struct peers *p, const struct peer_address *a)
{
	INVARIANT(p->slots);
	struct peer *peer = find(p, a);

	INVARIANT(peer->n > 0);
	if (--peer->n > 0)
		return;
	p->used--;
	close_gap(p, (size_t)(peer - p->slots));
}

void peers_fini(struct peers *p)
{
	free(p->slots);
	*p = (struct peers){ 0 };
}
