/* Topic ids that must be asked for. Owner: worker. */
#include <stdlib.h>

#include "base/clock.h"
#include "kafka/topics.h"
#include "worker/kafka/lookup.h"
#include "worker/kafka/row.h"
#include "worker/session.h"
#include "worker/worker.h"

#define LOOKUPS_MOST 3                   /* for one request: names may be forgotten in between, but not for ever */

bool lookup_refused(const struct session *s, const uint8_t *id, int16_t *error)
{
	const struct lookup *k = s->link.lookup;

	for (size_t i = 0; k && i < k->nrefusals; i++) {
		if (memcmp(k->refusals[i].id, id, KAFKA_TOPIC_ID) == 0) {
			*error = k->refusals[i].error;
			return true;
		}
	}
	return false;
}

void lookup_drop(struct session *s)
{
	struct lookup *k = s->link.lookup;

	if (!k)
		return;
	s->link.lookup = NULL;
	block_put(&s->worker->blocks, k->frame);
	arena_fini(&k->arena);
	free(k);
}

/* ---- asking ---- */

static int keep_frame(struct session *s, struct lookup *k, const uint8_t *frame, size_t n, struct block **owner)
{
	k->n = n;
	k->frame = *owner;
	*owner = NULL;
	if (k->frame)
		return 0;
	k->frame = block_get(&s->worker->blocks, n, BLOCK_BEYOND_LIMIT);
	if (!k->frame)
		return E_NOMEM;
	memcpy(k->frame->bytes, frame, n);
	return 0;
}

static struct lookup *lookup_of(struct session *s)
{
	struct lookup *k = s->link.lookup;

	if (k)
		return k;
	k = calloc(1, sizeof *k);
	if (k)
		arena_init(&k->arena, 1024, 0);
	s->link.lookup = k;
	return k;
}

static int ask(struct session *s, const struct kafka_request *r, const struct kafka_produce *produce)
{
	struct kafka_tools *t = &s->worker->kafka;
	const uint8_t **ids = arena_array(&t->arena, produce->ntopics, sizeof *ids);
	size_t n = 0;
	int16_t error;

	if (!ids)
		return E_NOMEM;
	for (uint32_t i = 0; i < produce->ntopics; i++) {
		const struct kafka_produce_topic *topic = &produce->topics[i];
		if (span_is_null(topic->name) && !lookup_refused(s, topic->id.p, &error))
			ids[n++] = topic->id.p;
	}
	buf_clear(&t->out);
	int failed = kafka_topics_ask(r->correlation, r->client_id, ids, n, &t->out);
	return failed ? failed : stream_copy(&s->upstream, buf_span(&t->out));
}

void lookup_next(struct session *s)
{
	struct lookup *k = s->link.lookup;

	if (!k)
		return;
	k->since = clock_ms();
	wheel_set(&s->worker->wheel, &s->timer, k->since + LOOKUP_MS);
}

int lookup_park(struct session *s, const struct kafka_request *r, const struct kafka_produce *produce, uint8_t *frame, size_t n, struct block **owner)
{
	if (!session_takes_requests(s))
		return 0;                /* it would be dropped, whatever its topics are called */
	struct lookup *k = lookup_of(s);
	if (!k)
		return E_NOMEM;
	if (k->asked++ == LOOKUPS_MOST) {
		s->link.fault = CLOSE_LOOKUP;
		return E_STATE;
	}
	int error = ask(s, r, produce);
	if (!error)
		error = keep_frame(s, k, frame, n, owner);
	if (error)
		return error;
	struct exchange *e = exchange_push(s, kafka_row_find(KAFKA_METADATA), KAFKA_TOPICS_VERSION, r->correlation);
	if (!e)
		return E_NOMEM;
	e->is_lookup = true;
	k->answered = false;
	k->since = 0;
	if (s->link.first == e)
		lookup_next(s);
	worker_count(s->worker, STATS_TOPIC_LOOKUPS, 1);
	reader_stop(&s->requests);
	return 0;
}

/* ---- the answer ---- */

struct learning {
	struct session *session;
	uint64_t cluster;
	size_t cap;
	int error;
};

static void refuse_id(struct learning *l, int16_t error, struct span id)
{
	struct lookup *k = l->session->link.lookup;

	if (k->nrefusals == l->cap) {
		size_t cap = l->cap ? 2 * l->cap : 8;
		struct lookup_refusal *more = arena_array(&k->arena, cap, sizeof *more);
		if (!more) {
			l->error = E_NOMEM;
			return;
		}
		if (k->nrefusals)
			memcpy(more, k->refusals, k->nrefusals * sizeof *more);
		k->refusals = more;
		l->cap = cap;
	}
	const void *copy = arena_strndup(&k->arena, id.p, id.n);
	if (!copy)
		l->error = E_NOMEM;
	else
		k->refusals[k->nrefusals++] = (struct lookup_refusal){ copy, error };
}

/* A name is a name, whatever else the broker says about the topic. */
static void take_topic(void *ctx, int16_t error, struct span name, struct span id)
{
	struct learning *l = ctx;

	if (name.n > 0)
		topic_names_learn(&l->session->worker->kafka.names, l->cluster, id.p, name);
	else if (error == KAFKA_ERROR_UNKNOWN_TOPIC_ID || error == KAFKA_ERROR_TOPIC_AUTHORIZATION_FAILED)
		refuse_id(l, error, id);
}

int lookup_answer(struct session *s, const struct exchange *e, struct span body)
{
	struct lookup *k = s->link.lookup;
	struct learning l = { .session = s, .cluster = worker_route(s->worker, s->route)->cluster_key };

	INVARIANT(e->is_lookup);
	if (!k)
		return 0;                /* the request was given up */
	l.cap = k->nrefusals;
	int error = kafka_topics_read(body, take_topic, &l);
	k->answered = true;
	return error ? error : l.error;
}

/* ---- going on ---- */

bool link_may_go_on(const struct kafka_link *l)
{
	return l->lookup && l->lookup->answered;
}

uint64_t link_lookup_due(const struct kafka_link *l)
{
	return (l->lookup->since ? l->lookup->since : clock_ms()) + LOOKUP_MS;
}

int link_go_on(struct session *s)
{
	struct lookup *k = s->link.lookup;
	struct block *frame = k->frame;
	struct kafka_request r;

	k->frame = NULL;
	int error = kafka_request_open(&r, span_of(frame->bytes + KAFKA_SIZE_BYTES, k->n - KAFKA_SIZE_BYTES));
	if (!error)
		error = kafka_row_find(r.key)->request(s, &r, frame->bytes, k->n, &frame);
	block_put(&s->worker->blocks, frame);
	if (error || !k->frame)
		lookup_drop(s);
	return error;
}
