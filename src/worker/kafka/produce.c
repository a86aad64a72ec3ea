/* A policy's effect on Produce: what passes goes on as the very same bytes; partitions are
 * refused with final errors and the others' answers merged; marked batches replace theirs.
 * Owner: worker. */
#include <stdlib.h>

#include "base/clock.h"
#include "worker/kafka/batch_judge.h"
#include "worker/kafka/legacy.h"
#include "worker/kafka/lookup.h"
#include "worker/kafka/row.h"
#include "worker/kafka/unsettled.h"
#include "worker/session.h"
#include "worker/worker.h"

struct request {
	struct session *session;
	struct kafka_produce produce;
	struct pipeline pipeline;
	uint32_t cluster;
	struct partition_outcome *outcomes;      /* by partition */
	uint32_t dropped, replaced;
};

bool produce_holds(struct session *s, const struct kafka_request *r)
{
	const struct settings_listener *l = worker_listener(s->worker, s->route);

	(void)r;
	return l && !contract_is_empty(s->worker->in_force->contract, l->cluster);
}

static unsigned repeat_flag(const struct session *s)
{
	return s->link.is_librdkafka ? KAFKA_REPEAT_LONE : 0;
}

/* ---- names ---- */

/* false: some ids must be asked for. */
static bool name_topics(struct request *q)
{
	struct worker *w = q->session->worker;
	uint64_t cluster = worker_route(w, q->session->route)->cluster_key;
	bool all = true;
	int16_t error;

	for (uint32_t i = 0; i < q->produce.ntopics; i++) {
		struct kafka_produce_topic *t = &q->produce.topics[i];
		if (span_is_null(t->id))
			continue;
		t->name = topic_names_find(&w->kafka.names, cluster, t->id.p);
		all = all && (!span_is_null(t->name) || lookup_refused(q->session, t->id.p, &error));
	}
	return all;
}

/* ---- judging ---- */

static void refuse_topic(struct request *q, const struct kafka_produce_topic *t, struct kafka_refusal why)
{
	for (uint32_t i = t->first; i < t->first + t->count; i++) {
		q->outcomes[i].edit.decision = KAFKA_DROP;
		q->outcomes[i].refusal = why;
	}
	q->dropped += t->count;
}

/* A topic that has an id and no name cannot be judged. That the broker knows it no better
 * than we do is not relied on: it may learn of the topic while the request is on its way. */
static void refuse_nameless(struct request *q, const struct kafka_produce_topic *t)
{
	struct kafka_refusal why = { .message = SPAN_LIT("the broker does not tell this client the name of the topic; allow it to describe it") };

	INVARIANT(lookup_refused(q->session, t->id.p, &why.error));
	if (why.error == KAFKA_ERROR_UNKNOWN_TOPIC_ID)
		why.message = SPAN_LIT("the broker knows no topic of this id");
	refuse_topic(q, t, why);
}

static int judge_topic(struct request *q, const struct kafka_produce_topic *t)
{
	struct contract_topic rules;
	struct message_view like = { .cluster = q->cluster, .topic = t->name, .rules = &rules };

	if (span_is_null(t->name)) {
		refuse_nameless(q, t);
		return 0;
	}
	contract_find(q->pipeline.contract, q->cluster, t->name, &rules);
	for (uint32_t i = t->first; i < t->first + t->count; i++) {
		const struct kafka_produce_partition *p = &q->produce.partitions[i];
		if (!rules.any_policy)
			continue;
		int error = judge_partition(q->session, &q->pipeline, &like, p->records, p->index, &q->outcomes[i]);
		if (error)
			return error;
		q->dropped += q->outcomes[i].edit.decision == KAFKA_DROP;
		q->replaced += q->outcomes[i].edit.decision == KAFKA_REPLACE;
	}
	return 0;
}

static int judge(struct request *q)
{
	struct worker *w = q->session->worker;

	q->outcomes = arena_array(&w->kafka.arena, q->produce.npartitions, sizeof *q->outcomes);
	if (!q->outcomes)
		return E_NOMEM;
	buf_clear(&w->kafka.marks);
	for (uint32_t i = 0; i < q->produce.ntopics; i++) {
		int error = judge_topic(q, &q->produce.topics[i]);
		if (error)
			return error;
	}
	return 0;
}

/* ---- effects ---- */

static const char *code_word(int16_t code)
{
	switch (code) {
	case KAFKA_ERROR_INVALID_RECORD: return "INVALID_RECORD";
	case KAFKA_ERROR_POLICY_VIOLATION: return "POLICY_VIOLATION";
	case KAFKA_ERROR_TOPIC_AUTHORIZATION_FAILED: return "TOPIC_AUTHORIZATION_FAILED";
	case KAFKA_ERROR_UNKNOWN_TOPIC_ID: return "UNKNOWN_TOPIC_ID";
	default: return "MESSAGE_TOO_LARGE";
	}
}

static void count_refusals(struct request *q)
{
	struct worker *w = q->session->worker;

	for (uint32_t i = 0; w->has_stats && i < q->produce.npartitions; i++) {
		int16_t code = q->outcomes[i].refusal.error;
		if (code)
			stats_series_add(&w->counters, stats_series_of(&w->counters, STATS_PARTITIONS_REFUSED, code_word(code)), 1);
	}
}

static int keep_span(struct arena *a, struct span *s)
{
	if (span_is_null(*s))
		return 0;
	const char *copy = arena_strndup(a, s->p, s->n);
	*s = span_of(copy, s->n);
	return copy ? 0 : E_NOMEM;
}

static int keep_refusal(struct arena *a, const struct kafka_refusal *from, struct kafka_refusal *to)
{
	*to = *from;
	if (from->error == 0)
		return 0;
	struct kafka_record_error *records = arena_array(a, from->nrecords + 1, sizeof *records);
	if (!records)
		return E_NOMEM;
	to->records = records;
	for (size_t i = 0; i < from->nrecords; i++) {
		records[i] = from->records[i];
		if (keep_span(a, &records[i].message))
			return E_NOMEM;
	}
	return keep_span(a, &to->message);
}

/* What the answer needs when the broker's has come and the frame is gone. */
static struct exchange_merge *merge_new(struct request *q)
{
	struct exchange_merge *m = calloc(1, sizeof *m);

	if (!m)
		return NULL;
	arena_init(&m->arena, 4096, 0);
	int error = kafka_produce_keep(&m->produce, &q->produce, &m->arena);
	m->refusals = error ? NULL : arena_array(&m->arena, q->produce.npartitions, sizeof *m->refusals);
	for (uint32_t i = 0; m->refusals && !error && i < q->produce.npartitions; i++)
		error = keep_refusal(&m->arena, &q->outcomes[i].refusal, &m->refusals[i]);
	if (m->refusals && !error)
		return m;
	produce_merge_free(q->session, m);
	return NULL;
}

void produce_merge_free(struct session *s, struct exchange_merge *m)
{
	(void)s;
	if (!m)
		return;
	arena_fini(&m->arena);
	free(m);
}

/* All of it is refused: the answer is made when those before it are written. */
static int answer_all(struct request *q, const struct kafka_request *r)
{
	struct exchange *e = exchange_push(q->session, kafka_row_find(r->key), r->version, r->correlation);

	if (!e || !(e->merge = merge_new(q)))
		return E_NOMEM;
	worker_count_local(q->session->worker, e->row);
	return exchange_refuse(q->session, e);
}

/* Some partitions are refused or replaced: another frame goes on. */
static int forward_rewritten(struct request *q, const struct kafka_request *r)
{
	struct session *s = q->session;
	struct kafka_tools *t = &s->worker->kafka;
	struct kafka_edit *edits = arena_array(&t->arena, q->produce.npartitions, sizeof *edits);

	if (!edits)
		return E_NOMEM;
	for (uint32_t i = 0; i < q->produce.npartitions; i++) {
		edits[i] = q->outcomes[i].edit;
		if (edits[i].decision == KAFKA_REPLACE)
			edits[i].records = span_of(t->marks.p + q->outcomes[i].marked_at, q->outcomes[i].marked_n);
	}
	buf_clear(&t->out);
	int error = kafka_produce_rewrite(&q->produce, edits, &t->out);
	if (error)
		return error;
	if (q->produce.acks != 0) {
		struct exchange *e = exchange_push(s, kafka_row_find(r->key), r->version, r->correlation);
		if (!e)
			return E_NOMEM;
		e->is_judged = true;
		e->merge = q->dropped ? merge_new(q) : NULL;
		if (q->dropped && !e->merge)
			return E_NOMEM;
	}
	return session_takes_requests(s) ? stream_copy(&s->upstream, buf_span(&t->out)) : 0;
}

static int forward_untouched(struct request *q, const struct kafka_request *r, uint8_t *p, size_t n, struct block **owner)
{
	struct session *s = q->session;

	if (q->produce.acks == 0)
		return request_send(s, p, n, owner);
	int error = request_forward(s, kafka_row_find(r->key), r, p, n, owner);
	if (!error)
		s->link.last->is_judged = true;
	return error;
}

static int carry_out(struct request *q, const struct kafka_request *r, uint8_t *p, size_t n, struct block **owner)
{
	struct session *s = q->session;
	int error;

	if (q->dropped == 0 && q->replaced == 0)
		return forward_untouched(q, r, p, n, owner);
	count_refusals(q);
	if (q->dropped == q->produce.npartitions)
		error = q->produce.acks != 0 ? answer_all(q, r) : 0;
	else
		error = forward_rewritten(q, r);
	if (error || q->produce.acks != 0 || q->dropped == 0)
		return error;
	/* no answer can say it: as Kafka does, the connection says that something was lost */
	s->link.fault = CLOSE_REFUSED;
	return E_STATE;
}

int produce_request(struct session *s, const struct kafka_request *r, uint8_t *p, size_t n, struct block **owner)
{
	struct worker *w = s->worker;
	const struct settings_listener *l = worker_listener(w, s->route);
	struct span frame = span_of(p + KAFKA_SIZE_BYTES, n - KAFKA_SIZE_BYTES);
	struct request q = { .session = s };

	if (!l) {
		s->link.fault = CLOSE_GONE;
		return E_STATE;
	}
	if (!kafka_api_has(r->api, r->version))
		return legacy_refuse(s, r, frame);
	arena_reset(&w->kafka.arena);
	int error = kafka_produce_open(&q.produce, r, frame, &w->kafka.arena);
	if (error)
		return error;
	if (session_is_ending(s) && q.produce.acks != 0)
		return 0;
	if (!name_topics(&q))
		return lookup_park(s, r, &q.produce, p, n, owner);
	q.cluster = l->cluster;
	q.pipeline = (struct pipeline){ .contract = w->in_force->contract, .arena = &w->kafka.arena, .wall_ms = clock_wall_ms() };
	error = judge(&q);
	return error ? error : carry_out(&q, r, p, n, owner);
}

/* ---- the answer ---- */

/* answer: the broker's, null when it was not asked. */
static int put_answer(struct session *s, const struct exchange *e, struct span answer, struct buf *out)
{
	struct kafka_tools *t = &s->worker->kafka;
	struct exchange_merge *m = e->merge;

	unsettled_soften(s, &m->produce, m->refusals);
	arena_reset(&t->arena);
	return kafka_produce_answer(&m->produce, m->refusals, answer, repeat_flag(s), &t->arena, out);
}

int produce_refused(struct session *s, const struct exchange *e)
{
	struct buf *out = &s->worker->kafka.out;

	buf_clear(out);
	int error = put_answer(s, e, SPAN_NULL, out);
	return error ? error : stream_copy(&s->client, buf_span(out));
}

int produce_response(struct session *s, const struct exchange *e, struct span body, struct buf *out)
{
	struct kafka_tools *t = &s->worker->kafka;
	bool has_addresses = kafka_address_way(kafka_api_find(e->row->key), e->version) == KAFKA_ADDRESS_REWRITE;
	int error = e->is_judged ? unsettled_note(s, e, body) : 0;

	if (error)
		return error;
	if (!e->merge)
		return has_addresses ? addresses_response(s, e, body, out) : 0;
	struct span answer = body;
	if (has_addresses) {
		buf_clear(&t->body);
		error = addresses_rewrite_body(s, e, body, &t->body);
		if (error)
			return error;
		answer = buf_span(&t->body);
	}
	return put_answer(s, e, answer, out);
}
