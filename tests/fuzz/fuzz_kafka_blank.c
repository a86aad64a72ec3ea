/* key, version, chunk size, body: a streamed response, blanked; what comes out is one still, without an address. */
#include <stdlib.h>

#include "fuzz.h"
#include "kafka/address.h"

static int blank(const struct kafka_api *api, int16_t version, uint8_t *body, size_t n, size_t chunk)
{
	struct kafka_blank b;
	int error = n ? 0 : E_TRUNCATED;

	kafka_blank_init(&b, api, version, n);
	for (size_t at = 0; at < n && !error; at += chunk)
		error = kafka_blank_feed(&b, body + at, n - at < chunk ? n - at : chunk);
	return error;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	const struct kafka_api *api = n < 3 ? NULL : kafka_api_find(p[0]);

	if (!kafka_api_has(api, n < 3 ? 0 : p[1]) || kafka_address_way(api, p[1]) != KAFKA_ADDRESS_BLANK)
		return 0;
	uint8_t *body = malloc(n - 3 + 1);
	if (!body)
		return 0;
	memcpy(body, p + 3, n - 3);
	if (blank(api, p[1], body, n - 3, p[2] ? p[2] : n) == 0) {
		struct kafka_walk w;
		struct kafka_item item;
		kafka_walk_whole(&w, api, KAFKA_RESPONSE, p[1], span_of(body, n - 3));
		while (kafka_walk_next(&w, &item))
			INVARIANT(item.role != KAFKA_ROLE_HOST);
		INVARIANT(kafka_walk_error(&w) == 0);
	}
	free(body);
	return 0;
}
