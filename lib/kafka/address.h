/* A broker's own address never passes: held responses are rewritten, streamed ones are
 * blanked in place. On the way we learn brokers and topic ids. */
#pragma once

#include "base/buf.h"
#include "kafka/field.h"

struct kafka_address {
	int32_t node;
	struct span host;              /* as in the response; the callback may point elsewhere */
	int32_t port;
};

struct kafka_address_ops {
	/* Learn the address and set what the client shall see. false: leave this broker out
	 * (Metadata: its partitions say LEADER_NOT_AVAILABLE; FindCoordinator: the answer is
	 * COORDINATOR_NOT_AVAILABLE). The host is copied before the next call. */
	bool (*broker)(void *ctx, struct kafka_address *a);
	/* Was this node left out? Asked for the leaders in a Metadata answer; may be NULL. */
	bool (*is_left_out)(void *ctx, int32_t node);
	/* A topic's name and id (16 bytes) seen together without an error; may be NULL. */
	void (*topic)(void *ctx, struct span name, struct span id);
	void *ctx;
};

/* Does this response carry addresses, and is it held (rewritten) or streamed (blanked)? */
enum kafka_address_way { KAFKA_ADDRESS_NONE, KAFKA_ADDRESS_REWRITE, KAFKA_ADDRESS_BLANK };
enum kafka_address_way kafka_address_way(const struct kafka_api *api, int16_t version);
/* Does this response name topics with their ids, so that it is worth holding? */
bool kafka_address_teaches(const struct kafka_api *api, int16_t version);

/* Appends body with its addresses replaced to out; only the body, no size or header. Works for
 * every response of the table. Drops bytes of nothing else: unknown tags stay.
 * E_TRUNCATED, E_MALFORMED, E_NOMEM, E_LIMIT. */
int kafka_address_rewrite(const struct kafka_api *api, int16_t version, struct span body, const struct kafka_address_ops *ops, struct buf *out) MUST_CHECK;

/* The streaming form, for Fetch and ShareFetch: of every chunk of the body, in
 * order, addresses are overwritten in place; the size stays true. A tagged NodeEndpoints gets
 * tag number 127 and zeros; a plain one becomes an empty array, what follows it an unknown
 * tag. Clients then ask Metadata, as they do without KIP-951. */
struct kafka_blank {
	struct kafka_walk walk;
	size_t seen;                   /* bytes of the body so far */
	size_t from, to;               /* bytes of the body that are overwritten: head, then zeros */
	uint8_t head[8];
	uint8_t nhead;
	bool blind;                    /* the rest is overwritten unread */
};

void kafka_blank_init(struct kafka_blank *b, const struct kafka_api *api, int16_t version, size_t body_size);
/* 0, or E_TRUNCATED, E_MALFORMED, E_UNSUPPORTED: close, and send nothing of this chunk. */
int kafka_blank_feed(struct kafka_blank *b, uint8_t *p, size_t n) MUST_CHECK;
