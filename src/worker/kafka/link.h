/* What a session knows of the Kafka protocol on it: the requests in flight, in order, and
 * who the client says it is. The functions that a session calls are the protocol's face.
 * Worker-private. */
#pragma once

#include "kafka/address.h"
#include "kafka/produce.h"
#include "worker/reader.h"

struct session;
struct dial_target;
struct block;
struct kafka_row;
struct lookup;
struct principal;
struct unsettled;

#define LINK_IN_FLIGHT_MAX 1024u         /* at which the client is not read */
#define LINK_CLIENT_ID_MAX 96
#define TOKEN_MAX (512u << 10)           /* of SASL; as Kafka's sasl.server.max.receive.size */

enum exchange_state {
	EXCHANGE_UPSTREAM,               /* the broker owes the answer */
	EXCHANGE_ANSWERED,               /* ours lies here until those before it are written */
};

/* Refusals of a Produce request: of which other partitions went on, or whose answer waits for
 * its turn. */
struct exchange_merge {
	struct arena arena;              /* of everything below */
	struct kafka_produce produce;    /* kept: no records */
	struct kafka_refusal *refusals;  /* one per partition */
};

/* A request that has an answer. */
struct exchange {
	struct exchange *next;
	enum exchange_state state;
	int32_t correlation;
	int16_t version;
	bool is_token;                   /* of SASL, after a handshake of version 0: no header, no id */
	bool is_lookup;                  /* our own request: its answer is not the client's */
	bool is_judged;                  /* Produce: what the broker says of its partitions is noted */
	const struct kafka_row *row;
	struct exchange_merge *merge;    /* NULL: nothing to merge */
	struct block *answer;            /* ANSWERED: the whole frame; NULL: made of merge when it is written */
	size_t answer_n;
};

/* After SaslHandshake version 0 come tokens: a length and bytes, no request. The first frame
 * is one; a later one is when it is empty or does not begin as a request does, with the high
 * byte of an API key, 0. (A token of PLAIN begins with 0, and is the only one.) */
enum link_sasl { LINK_SASL_NONE, LINK_SASL_FIRST, LINK_SASL_NEXT };

struct kafka_link {
	struct exchange *first, *last;   /* in the order of the requests */
	unsigned in_flight;
	bool discovery;                  /* a broker port whose broker is not known: a bootstrap server answers */
	uint8_t sasl;                    /* enum link_sasl */
	bool sasl_one_each;              /* every token of the client has one of the broker */
	bool is_librdkafka;              /* by ApiVersions: a lone record error is written twice */
	struct lookup *lookup;           /* the request that waits for names of its topics; NULL: none */
	struct principal *principal;     /* of SASL; NULL: no handshake came */
	struct unsettled *unsettled;     /* partitions; NULL: none yet */
	bool token;                      /* the held frame is one */
	bool dropping;                   /* the request under way is read and not taken */
	uint8_t fault;                   /* enum close_reason, should the bytes be refused */
	struct exchange *partial;        /* the request that is passing and not complete; its answer can never come */
	struct kafka_blank *blank;       /* while a response that may carry addresses streams */
	size_t blank_skip;               /* bytes before its body */
	uint64_t reached;                /* hash of the server's address that attempts went to last */
	uint8_t nclient_id;
	char client_id[LINK_CLIENT_ID_MAX];
};

extern const struct reader_ops kafka_request_ops;    /* ctx: struct session */
extern const struct reader_ops kafka_response_ops;

void link_fini(struct session *s);
/* The client's last frame was cut: its request, part of which may be on its way, will
 * never be answered. */
void link_cut(struct session *s);
/* Nothing will come from the broker: only answers that we hold are still written. */
void link_orphan(struct session *s);

static inline bool link_is_idle(const struct kafka_link *l)
{
	return l->first == NULL && l->lookup == NULL;
}

/* A request is parked: nothing may be read that came after it. */
static inline bool link_is_parked(const struct kafka_link *l)
{
	return l->lookup != NULL;
}

/* It has what it waits for. */
bool link_may_go_on(const struct kafka_link *l);
/* The parked request takes its way; it may be parked again. */
int link_go_on(struct session *s) MUST_CHECK;
/* ms: when it has waited too long. */
uint64_t link_lookup_due(const struct kafka_link *l);

/* FIFO. A request whose answer the broker owes; NULL without memory. */
struct exchange *exchange_push(struct session *s, const struct kafka_row *row, int16_t version, int32_t correlation) MUST_CHECK;
/* The answer of e, a whole frame: copied. It is written when its turn comes. */
int exchange_answer(struct session *s, struct exchange *e, struct span frame) MUST_CHECK;
/* The same of an answer that is made then, of e->merge. */
int exchange_refuse(struct session *s, struct exchange *e) MUST_CHECK;
/* Tokens whose answers the broker does not owe: the client went on without them. */
void exchange_forget_tokens(struct session *s);
/* The first exchange has been answered: drops it, writes those behind it that are ready. */
int exchange_done(struct session *s) MUST_CHECK;

/* Where the upstream of this session is: the attempt-th place to try. false: none left. */
bool kafka_route(struct session *s, unsigned attempt, struct dial_target *out);
/* Is the server that a discovery session was sent to the broker of its port, now that the
 * brokers may be known? */
bool kafka_route_is_right(struct session *s);
