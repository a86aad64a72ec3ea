/* Servers that could not be reached lately. Owner: worker. */
#include "worker/failures.h"

static struct failure *slot_of(const struct failures *f, uint64_t server)
{
	return (struct failure *)&f->slots[server % FAILURES_MAX];
}

void failures_note(struct failures *f, uint64_t server, unsigned turn, uint64_t now)
{
	*slot_of(f, server) = (struct failure){ .server = server, .since = now, .turn = turn + 1 };
}

void failures_clear(struct failures *f, uint64_t server)
{
	struct failure *known = slot_of(f, server);

	if (known->server == server)
		known->since = 0;
}

bool failures_avoid(struct failures *f, uint64_t server, uint64_t now)
{
	struct failure *known = slot_of(f, server);

	if (known->server != server || known->since == 0)
		return false;
	if (now - known->since < FAILURES_AGAIN_MS)
		return true;
	known->since = now;
	return false;
}

unsigned failures_turn(const struct failures *f, uint64_t server, unsigned otherwise)
{
	const struct failure *known = slot_of(f, server);

	return known->server == server ? known->turn : otherwise;
}
