/* What is seen of judged records. Owner: worker. */
#include <stdio.h>

#include "base/hash.h"
#include "worker/kafka/principal.h"
#include "worker/kafka/record.h"
#include "worker/session.h"
#include "worker/worker.h"

/* ---- counters ---- */

static uint32_t find_series(struct record_tally *t)
{
	struct worker *w = t->session->worker;
	uint32_t route = t->session->route;
	uint64_t what[4] = { route, t->rules->index, (uint64_t)t->last.channel << 32 | t->last.message,
	                     (uint64_t)t->last.verdict << 8 | t->last.action };
	uint64_t key = hash64(what, sizeof what, w->in_force->number) | 1;
	struct record_series *cached = &w->kafka.series[key / 2 % RECORD_SERIES_CACHED];

	if (cached->key == key)
		return cached->series;
	struct span labels[] = {
		/* a peer cannot mint series: topics that no document declares have no name here */
		span_str(contract_topic_name(w->in_force->contract, t->rules)),
		span_str(contract_message_name(w->in_force->contract, t->last.message)),
		span_str(verdict_word(t->last.verdict)),
		span_str(t->last.verdict == VERDICT_VALID ? "pass" : action_word(t->last.action)),
	};
	cached->series = stats_series(&w->counters, STATS_RECORDS, labels);
	cached->key = key;
	return cached->series;
}

void record_tally_end(struct record_tally *t)
{
	if (t->n > 0 && t->session->worker->has_stats)
		stats_series_add(&t->session->worker->counters, find_series(t), t->n);
	t->n = 0;
}

/* ---- lines ---- */

static const char *headline(const struct judgement *j)
{
	switch (j->action) {
	case ACTION_MARK:
		return "record marked";
	case ACTION_OBSERVE:
		return "record observed";
	default:
		return "record refused";
	}
}

void record_log(struct session *s, struct pipeline *p, struct message_view *m, int32_t partition)
{
	char partition_text[16], index_text[16];

	if (!log_is_on(LOG_LEVEL_INFO) || !worker_may_log(s->worker))
		return;
	pipeline_explain(p, m);
	const struct judgement_report *r = &m->report;
	const struct schema_error *e = r->nerrors ? &r->errors[0] : NULL;
	snprintf(partition_text, sizeof partition_text, "%d", partition);
	snprintf(index_text, sizeof index_text, "%d", m->index);
	struct log_field fields[] = {
		{ "verdict", span_str(verdict_word(m->judgement.verdict)) },
		{ "topic", m->topic },
		{ "partition", span_str(partition_text) },
		{ "record", span_str(index_text) },
		{ "client", span_of(s->link.client_id, s->link.nclient_id) },
		{ "user", principal_user(s) },
		{ "document", span_str(r->document ? r->document : "") },
		{ "message", span_str(r->message ? r->message : "") },
		{ "part", span_str(r->part ? r->part : "") },
		{ "pointer", span_str(e ? e->instance : "") },
		{ "expected", span_str(e ? e->expected : "") },
		{ "found", span_str(e ? e->found : "") },
		{ "reason", span_str(r->text ? r->text : "") },
	};
	log_fields(LOG_LEVEL_INFO, headline(&m->judgement), fields, ARRAY_LEN(fields));
}

void record_log_batch(struct session *s, struct span topic, int32_t partition, const char *what)
{
	char partition_text[16];

	if (!log_is_on(LOG_LEVEL_INFO) || !worker_may_log(s->worker))
		return;
	snprintf(partition_text, sizeof partition_text, "%d", partition);
	struct log_field fields[] = {
		{ "topic", topic },
		{ "partition", span_str(partition_text) },
		{ "client", span_of(s->link.client_id, s->link.nclient_id) },
		{ "user", principal_user(s) },
		{ "reason", span_str(what) },
	};
	log_fields(LOG_LEVEL_INFO, "batch refused", fields, ARRAY_LEN(fields));
}
