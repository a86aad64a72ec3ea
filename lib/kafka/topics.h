/* Asking a broker for the names of topics by their ids: Metadata version 12. */
#pragma once

#include "base/buf.h"
#include "kafka/frame.h"

#define KAFKA_TOPIC_ID 16
#define KAFKA_TOPICS_VERSION 12

/* Appends the whole request frame for n ids, 16 bytes each. Creates no topic. */
int kafka_topics_ask(int32_t correlation, struct span client_id, const uint8_t *const *ids, size_t n, struct buf *out) MUST_CHECK;

/* Calls topic for each entry of the answer's body: its error, its name (null when the broker
 * does not tell) and its id. E_TRUNCATED, E_MALFORMED. */
int kafka_topics_read(struct span body, void (*topic)(void *ctx, int16_t error, struct span name, struct span id), void *ctx) MUST_CHECK;
