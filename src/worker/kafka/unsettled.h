/* Partitions of which it is open what became of a batch: the broker's last answer was an error
 * after which a client sends the batch again, although it may be stored.
 *
 * A broker that has such an error for one batch has it for those behind it, too. We could refuse
 * one of them at once, and for good; but an idempotent producer (Java's, librdkafka) begins a
 * new epoch after that, sends what is open under it, and no broker knows it again: it would be
 * in the log twice. So while a partition is not settled, a refusal says what the broker said
 * last, and the client comes back with everything, in order. Worker-private. */
#pragma once

#include "worker/kafka/link.h"

#define UNSETTLED_MS 5000u               /* then the client has long been told, or has gone to another broker */

/* An answer of the broker that is about to go to the client. */
int unsettled_note(struct session *s, const struct exchange *e, struct span body) MUST_CHECK;
/* Turns refusals of partitions that are not settled into the broker's error. */
void unsettled_soften(const struct session *s, const struct kafka_produce *p, struct kafka_refusal *refusals);
void unsettled_fini(struct session *s);
