/* Names of topics by id. Owner: kafka; workers. */
#include "kafka/field.h"
#include "kafka/topics.h"

int kafka_topics_ask(int32_t correlation, struct span client_id, const uint8_t *const *ids, size_t n, struct buf *out)
{
	size_t start = out->n;

	buf_be32(out, 0);
	buf_be16(out, KAFKA_METADATA);
	buf_be16(out, KAFKA_TOPICS_VERSION);
	buf_be32(out, (uint32_t)correlation);
	buf_be16(out, span_is_null(client_id) ? UINT16_MAX : (uint16_t)client_id.n);
	buf_add(out, client_id.p, client_id.n);
	buf_u8(out, 0);                          /* tags */
	buf_uvarint(out, (uint32_t)n + 1);
	for (size_t i = 0; i < n; i++) {
		buf_add(out, ids[i], KAFKA_TOPIC_ID);
		buf_u8(out, 0);                  /* name: null */
		buf_u8(out, 0);
	}
	buf_u8(out, 0);                          /* allow_auto_topic_creation */
	buf_u8(out, 0);                          /* include_topic_authorized_operations */
	buf_u8(out, 0);
	return kafka_frame_end(out, start);
}

struct entry {
	int16_t error;
	struct span name, id;
};

static void take_value(struct entry *e, const struct kafka_item *item)
{
	switch (item->role) {
	case KAFKA_ROLE_ERROR:
		e->error = (int16_t)item->number;
		break;
	case KAFKA_ROLE_TOPIC:
		e->name = item->bytes;
		break;
	case KAFKA_ROLE_TOPIC_ID:
		e->id = item->bytes;
		break;
	}
}

int kafka_topics_read(struct span body, void (*topic)(void *ctx, int16_t error, struct span name, struct span id), void *ctx)
{
	struct kafka_walk walk;
	struct kafka_item item;
	struct entry e = { 0 };
	int depth = -1;                          /* of a topic's own fields; -1: in none */

	kafka_walk_whole(&walk, kafka_api_find(KAFKA_METADATA), KAFKA_RESPONSE, KAFKA_TOPICS_VERSION, body);
	while (kafka_walk_next(&walk, &item)) {
		if (item.event == KAFKA_EVENT_ENTRY && item.role == KAFKA_ROLE_TOPICS) {
			depth = item.field->depth + 1;
			e = (struct entry){ 0 };
		} else if (item.event == KAFKA_EVENT_VALUE && item.field && item.field->depth == depth) {
			take_value(&e, &item);
		} else if (item.event == KAFKA_EVENT_ENTRY_END && item.role == KAFKA_ROLE_TOPICS) {
			depth = -1;
			if (e.id.n == KAFKA_TOPIC_ID)
				topic(ctx, e.error, e.name, e.id);
		}
	}
	return kafka_walk_error(&walk);
}
