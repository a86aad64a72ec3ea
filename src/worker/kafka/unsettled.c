/* Partitions that the broker left open, of one session. Owner: worker. */
#include <stdlib.h>

#include "base/clock.h"
#include "base/hash.h"
#include "kafka/field.h"
#include "worker/kafka/row.h"
#include "worker/kafka/unsettled.h"
#include "worker/session.h"

#define PARTITIONS_MAX 64u               /* of the newest */

struct unsettled {
	size_t n;
	struct open_partition {
		uint64_t key;            /* of topic and partition */
		uint64_t since;          /* ms: the last error */
		int16_t error;
	} of[PARTITIONS_MAX];
};

static uint64_t key_of(struct span topic, int32_t partition)
{
	return hash64(topic.p, topic.n, (uint64_t)(uint32_t)partition);
}

static struct open_partition *find(struct unsettled *u, uint64_t key)
{
	for (size_t i = 0; i < u->n; i++)
		if (u->of[i].key == key)
			return &u->of[i];
	return NULL;
}

/* Is it open after this whether the batch is stored, or was before this? Errors that a producer
 * sends again after. Out of order is none of them: such a batch is not stored. */
static bool leaves_open(int16_t error)
{
	switch (error) {
	case KAFKA_ERROR_UNKNOWN_TOPIC_OR_PARTITION:
	case KAFKA_ERROR_LEADER_NOT_AVAILABLE:
	case KAFKA_ERROR_NOT_LEADER_OR_FOLLOWER:
	case KAFKA_ERROR_REQUEST_TIMED_OUT:
	case KAFKA_ERROR_NETWORK_EXCEPTION:
	case KAFKA_ERROR_NOT_ENOUGH_REPLICAS:
	case KAFKA_ERROR_NOT_ENOUGH_REPLICAS_AFTER_APPEND:
	case KAFKA_ERROR_KAFKA_STORAGE_ERROR:
	case KAFKA_ERROR_FENCED_LEADER_EPOCH:
	case KAFKA_ERROR_UNKNOWN_TOPIC_ID:
		return true;
	default:
		return false;
	}
}

static struct open_partition *oldest(struct unsettled *u)
{
	struct open_partition *o = &u->of[0];

	for (size_t i = 1; i < u->n; i++)
		if (u->of[i].since < o->since)
			o = &u->of[i];
	return o;
}

static int open_one(struct session *s, uint64_t key, int16_t error)
{
	struct unsettled *u = s->link.unsettled;

	if (!u && !(u = s->link.unsettled = calloc(1, sizeof *u)))
		return E_NOMEM;
	struct open_partition *o = find(u, key);
	if (!o)
		o = u->n < PARTITIONS_MAX ? &u->of[u->n++] : oldest(u);
	*o = (struct open_partition){ key, clock_ms(), error };
	return 0;
}

static void settle(struct session *s, uint64_t key)
{
	struct unsettled *u = s->link.unsettled;
	struct open_partition *o = u ? find(u, key) : NULL;

	if (o)
		*o = u->of[--u->n];
}

int unsettled_note(struct session *s, const struct exchange *e, struct span body)
{
	struct kafka_walk walk;
	struct kafka_item item;
	struct span topic = SPAN_NULL;
	int32_t partition = 0;
	int error = 0;

	kafka_walk_whole(&walk, kafka_api_find(e->row->key), KAFKA_RESPONSE, e->version, body);
	while (!error && kafka_walk_next(&walk, &item)) {
		if (item.event != KAFKA_EVENT_VALUE || !item.field)
			continue;
		if (item.role == KAFKA_ROLE_TOPIC || item.role == KAFKA_ROLE_TOPIC_ID)
			topic = item.bytes;
		else if (item.role == KAFKA_ROLE_PARTITION)
			partition = (int32_t)item.number;
		else if (item.role == KAFKA_ROLE_ERROR && leaves_open((int16_t)item.number))
			error = open_one(s, key_of(topic, partition), (int16_t)item.number);
		else if (item.role == KAFKA_ROLE_ERROR && (item.number == 0 || item.number == KAFKA_ERROR_DUPLICATE_SEQUENCE_NUMBER))
			settle(s, key_of(topic, partition));
	}
	return error ? error : kafka_walk_error(&walk);
}

void unsettled_soften(const struct session *s, const struct kafka_produce *p, struct kafka_refusal *refusals)
{
	struct unsettled *u = s->link.unsettled;

	for (uint32_t i = 0; u && u->n && i < p->npartitions; i++) {
		if (!refusals[i].error)
			continue;
		const struct kafka_produce_topic *t = &p->topics[p->partitions[i].topic];
		const struct open_partition *o = find(u, key_of(span_is_null(t->id) ? t->name : t->id, p->partitions[i].index));
		if (o && clock_ms() - o->since < UNSETTLED_MS)
			refusals[i] = (struct kafka_refusal){ .error = o->error, .message = SPAN_LIT("a batch before this one is not settled") };
	}
}

void unsettled_fini(struct session *s)
{
	free(s->link.unsettled);
	s->link.unsettled = NULL;
}
