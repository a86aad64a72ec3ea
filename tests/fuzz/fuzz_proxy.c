/* A PROXY header: what is read of it can be written, and is the same when it is read again. */
#include "fuzz.h"
#include "worker/proxy.h"

static bool same(const struct proxy_end *a, const struct proxy_end *b)
{
	return memcmp(&a->address, &b->address, sizeof a->address) == 0 && a->port == b->port;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct proxy_header h, again;
	uint8_t out[PROXY_V1_MOST];
	int error = proxy_read(span_of(p, n), &h);

	INVARIANT(error == E_MALFORMED || (error == E_AGAIN ? h.n > n && h.n <= PROXY_MOST : error == 0 && h.n <= n));
	for (unsigned version = 1; !error && version <= 2; version++) {
		size_t length = proxy_write(version, h.known ? &h.ends : NULL, out);
		INVARIANT(proxy_read(span_of(out, length), &again) == 0 && again.n == length && again.known == h.known);
		INVARIANT(!h.known || (same(&h.ends.client, &again.ends.client) && same(&h.ends.server, &again.ends.server)));
	}
	return 0;
}
