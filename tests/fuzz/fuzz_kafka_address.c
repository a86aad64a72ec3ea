/* key, version, body: a response of any API, rewritten, and intersected as an ApiVersions answer. */
#include "fuzz.h"
#include "kafka/address.h"
#include "kafka/topics.h"
#include "kafka/versions.h"

static bool place(void *ctx, struct kafka_address *a)
{
	(void)ctx;
	a->host = SPAN_LIT("gateway.example.com");
	a->port = 9092;
	return a->node % 3 != 0;
}

static bool is_left_out(void *ctx, int32_t node)
{
	(void)ctx;
	return node % 3 == 0;
}

static void note_topic(void *ctx, int16_t error, struct span name, struct span id)
{
	(void)ctx, (void)error, (void)name;
	INVARIANT(id.n == KAFKA_TOPIC_ID);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	const struct kafka_api *api = n < 2 ? NULL : kafka_api_find(p[0]);
	struct kafka_address_ops ops = { .broker = place, .is_left_out = is_left_out };
	struct buf out;

	if (!kafka_api_has(api, n < 2 ? 0 : p[1]))
		return 0;
	buf_init(&out, 0);
	int error = kafka_address_rewrite(api, p[1], span_of(p + 2, n - 2), &ops, &out);
	if (!error) {
		struct kafka_walk w;
		struct kafka_item item;
		kafka_walk_whole(&w, api, KAFKA_RESPONSE, p[1], buf_span(&out));
		while (kafka_walk_next(&w, &item))
			;
		INVARIANT(kafka_walk_error(&w) == 0);
	}
	buf_clear(&out);
	if (api->key == KAFKA_API_VERSIONS)
		(void)!kafka_versions_intersect(p[1], 1, span_of(p + 2, n - 2), NULL, 0, &out);
	if (api->key == KAFKA_METADATA && p[1] == KAFKA_TOPICS_VERSION)
		(void)!kafka_topics_read(span_of(p + 2, n - 2), note_topic, NULL);
	buf_fini(&out);
	return 0;
}
