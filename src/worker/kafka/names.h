/* Names of topics by cluster and id, as brokers told them: a cache, one per worker. An id
 * never changes its topic, so nothing here grows stale; what it lacks is asked for. */
#pragma once

#include "base/arena.h"

struct topic_name {
	uint64_t cluster;
	uint8_t id[16];
	const char *text;                /* NULL: free */
	uint32_t n;
};

struct topic_names {
	struct topic_name *slots;        /* open addressing */
	size_t mask, n;
	struct arena texts;
};

void topic_names_init(struct topic_names *t);
void topic_names_fini(struct topic_names *t);
/* Null: not known. Valid until the next one is learned. id: 16 bytes. */
struct span topic_names_find(const struct topic_names *t, uint64_t cluster, const uint8_t *id);
/* When it is full, or without memory, all are forgotten. */
void topic_names_learn(struct topic_names *t, uint64_t cluster, const uint8_t *id, struct span name);
