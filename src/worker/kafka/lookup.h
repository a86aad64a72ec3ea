/* A request that names topics by ids which nobody knows yet: it is parked, the broker is
 * asked on the session's own connection, in an exchange of its own, and the request goes on
 * when the answer is there. What the client sent after it waits in its order: nothing more
 * is read. No answer in time: the connection closes. Worker-private. */
#pragma once

#include "base/arena.h"
#include "kafka/produce.h"
#include "worker/kafka/link.h"

#define LOOKUP_MS 10000u                 /* for the answer, once those before it are there */

struct lookup_refusal {
	const uint8_t *id;
	int16_t error;
};

struct lookup {
	struct block *frame;             /* the parked request, NULL: it is under way */
	size_t n;
	uint64_t since;                  /* ms: the broker's next answer is ours; 0: others are before it */
	unsigned asked;                  /* times */
	bool answered;
	struct arena arena;              /* of the refusals */
	struct lookup_refusal *refusals; /* ids that the broker gives no name for */
	size_t nrefusals;
};

/* Parks a request of whose topics some have neither a name nor a verdict. frame, n, owner: as
 * kafka_row.request. */
int lookup_park(struct session *s, const struct kafka_request *r, const struct kafka_produce *produce, uint8_t *frame, size_t n, struct block **owner) MUST_CHECK;
/* Did the broker say why it has no name for this id? For the request that was parked. */
bool lookup_refused(const struct session *s, const uint8_t *id, int16_t *error);
/* Our own exchange is the next that is answered. */
void lookup_next(struct session *s);
int lookup_answer(struct session *s, const struct exchange *e, struct span body) MUST_CHECK;
void lookup_drop(struct session *s);
