/* Judges one partition's record set. The CRC is checked before anything is refused or
 * edited: a corrupt batch is the broker's to answer. Owner: worker. */
#include <stdlib.h>

#include "base/clock.h"
#include "kafka/batch.h"
#include "worker/kafka/batch_judge.h"
#include "worker/kafka/record.h"
#include "worker/session.h"
#include "worker/worker.h"

struct judging {
	struct session *session;
	struct kafka_tools *tools;
	struct pipeline *pipeline;
	struct message_view view;
	int32_t partition;
	struct partition_outcome *out;
	struct kafka_record_error *errors;
	size_t nerrors, cap;
	const char *first_text;          /* of the first bad record */
	bool whole;                      /* the topic itself is refused, not single records */
};

static void count_bad(struct judging *j, const char *reason)
{
	struct worker *w = j->session->worker;

	if (w->has_stats)
		stats_series_add(&w->counters, stats_series_of(&w->counters, STATS_BAD_BATCHES, reason), 1);
}

static void refuse_batch(struct judging *j, int16_t error, const char *why)
{
	j->out->edit.decision = KAFKA_DROP;
	j->out->refusal = (struct kafka_refusal){ .error = error, .message = span_str(why) };
	record_log_batch(j->session, j->view.topic, j->partition, why);
}

static int keep_error(struct judging *j, int32_t index, const char *text)
{
	if (j->nerrors == j->cap) {
		size_t cap = j->cap ? j->cap * 2 : 16;
		struct kafka_record_error *more = arena_array(j->pipeline->arena, cap, sizeof *more);
		if (!more)
			return E_NOMEM;
		if (j->nerrors)
			memcpy(more, j->errors, j->nerrors * sizeof *more);
		j->errors = more;
		j->cap = cap;
	}
	j->errors[j->nerrors++] = (struct kafka_record_error){ index, text ? span_str(text) : SPAN_NULL };
	return 0;
}

/* ---- records ---- */

static int fill_headers(struct judging *j, const struct kafka_record *r)
{
	struct kafka_tools *t = j->tools;
	struct span rest = r->headers;
	size_t n = 0;

	j->view.record.headers = t->headers;
	j->view.record.nheaders = 0;
	if (!j->view.rules->needs_headers || r->nheaders == 0)
		return 0;
	if ((size_t)r->nheaders > t->headers_cap) {
		struct record_header *more = realloc(t->headers, (size_t)r->nheaders * sizeof *more);
		if (!more)
			return E_NOMEM;
		t->headers = more;
		t->headers_cap = (size_t)r->nheaders;
	}
	while (n < t->headers_cap && kafka_header_next(&rest, &t->headers[n].name, &t->headers[n].value))
		n++;
	j->view.record.headers = t->headers;
	j->view.record.nheaders = n;
	return 0;
}

static int note_bad(struct judging *j, enum stage_result result)
{
	struct message_view *m = &j->view;

	if (result <= STAGE_CHANGED) {
		record_log(j->session, j->pipeline, m, j->partition);
		return 0;
	}
	if (j->nerrors < JUDGE_TEXTS_MAX) {
		pipeline_explain(j->pipeline, m);
		record_log(j->session, j->pipeline, m, j->partition);
	}
	j->whole |= m->judgement.verdict == VERDICT_UNDECLARED;
	const char *text = m->explained ? m->report.text : NULL;
	if (!j->first_text)
		j->first_text = text;
	return keep_error(j, m->index, text);
}

static int judge_record(struct judging *j, const struct kafka_record *r, struct record_tally *tally)
{
	struct message_view *m = &j->view;

	m->index = r->index;
	m->explained = false;
	m->record.key = r->key;
	m->record.value = r->value;
	int error = fill_headers(j, r);
	if (error)
		return error;
	enum stage_result result = pipeline_run(j->pipeline, m);
	record_tally(tally, &m->judgement);
	if (likely(m->judgement.verdict == VERDICT_VALID))
		return 0;
	return note_bad(j, result);
}

static int judge_records(struct judging *j, struct kafka_batch *b)
{
	struct record_tally tally = { .session = j->session, .rules = j->view.rules, .topic = j->view.topic };
	struct kafka_record r;
	int error = 0;

	while (!error && kafka_batch_next(b, &r)) {
		if (r.nheaders > JUDGE_HEADERS_MAX) {
			refuse_batch(j, KAFKA_ERROR_INVALID_RECORD, "a record has too many headers");
			break;
		}
		error = judge_record(j, &r, &tally);
	}
	record_tally_end(&tally);
	return error;
}

/* ---- the batch ---- */

static bool refuse_unreadable(struct judging *j, struct kafka_batch *b, int error)
{
	if (error == 0)
		return false;
	if (error == E_LIMIT) {
		count_bad(j, "too-large");
		refuse_batch(j, KAFKA_ERROR_MESSAGE_TOO_LARGE, "the batch inflates to more than is judged");
		return true;
	}
	count_bad(j, "malformed");
	refuse_batch(j, KAFKA_ERROR_INVALID_RECORD, b->fault ? kafka_batch_reason(b->fault) : "the batch's compressed records cannot be read");
	return true;
}

/* Refuses what a broker would not take either or what cannot be judged; true: settled. */
static bool settle_early(struct judging *j, struct kafka_batch *b, struct cursor *set)
{
	int error = kafka_batch_open(b, set);

	if (error == E_UNSUPPORTED) {
		count_bad(j, "magic");
		refuse_batch(j, KAFKA_ERROR_INVALID_RECORD, "record formats other than 2 are not judged here: send record batches of magic 2");
		return true;
	}
	if (error) {
		count_bad(j, "malformed");
		refuse_batch(j, KAFKA_ERROR_INVALID_RECORD, error == E_MALFORMED ? kafka_batch_reason(b->fault) : "the record set is cut");
		return true;
	}
	if (!kafka_batch_crc_holds(b)) {
		count_bad(j, "crc");
		return true;
	}
	if (cursor_left(set) > 0) {
		count_bad(j, "several");
		refuse_batch(j, KAFKA_ERROR_INVALID_RECORD, "more than one record batch for a partition");
		return true;
	}
	return refuse_unreadable(j, b, kafka_batch_check(b));
}

static void count_codec(struct judging *j, const struct kafka_batch *b)
{
	struct worker *w = j->session->worker;
	unsigned codec = b->attributes & KAFKA_BATCH_CODEC;
	uint32_t *series = &j->tools->codecs[codec];

	if (!w->has_stats)
		return;
	if (!*series)
		*series = 1 + stats_series_of(&w->counters, STATS_BATCHES, codec < COMPRESS_COUNT ? compress_word(codec) : "unknown");
	stats_series_add(&w->counters, *series - 1, 1);
}

/* Never the text of a record itself: Java gives the partition's to records that it had not sent when their transaction
 * failed, with the same exception, and only the text tells an application that those are good. */
static const char *words_for_all(const struct judging *j, const char *first)
{
	struct arena *a = j->pipeline->arena;

	if (j->nerrors == 1)
		return arena_printf(a, "record %d is invalid: %s", j->errors[0].index, first);
	return arena_printf(a, "%zu records are invalid; the first, %d: %s", j->nerrors, j->errors[0].index, first);
}

static void refuse_records(struct judging *j)
{
	struct kafka_refusal *r = &j->out->refusal;

	j->out->edit.decision = KAFKA_DROP;
	r->error = j->whole ? KAFKA_ERROR_POLICY_VIOLATION : KAFKA_ERROR_INVALID_RECORD;
	r->records = j->errors;
	r->nrecords = j->nerrors;
	const char *first = j->first_text ? j->first_text : "refused by policy";
	const char *all = j->whole ? NULL : words_for_all(j, first);
	r->message = span_str(all ? all : first);
	if (j->whole)
		r->nrecords = 0;
}

static int mark_records(struct judging *j, const struct kafka_batch *b)
{
	const struct edit_list *l = &j->pipeline->edits;
	struct kafka_tools *t = j->tools;
	struct kafka_mark *marks = arena_array(j->pipeline->arena, l->n, sizeof *marks);

	if (!marks)
		return E_NOMEM;
	for (size_t i = 0; i < l->n; i++)
		marks[i] = (struct kafka_mark){ l->items[i].index, l->items[i].name, l->items[i].value };
	size_t at = t->marks.n;
	int error = kafka_batch_mark(b, marks, l->n, t->compress, &t->scratch, &t->marks);
	if (error)
		return error;
	j->out->edit.decision = KAFKA_REPLACE;
	j->out->marked_at = at;
	j->out->marked_n = t->marks.n - at;
	return 0;
}

static int judge_batch(struct judging *j, struct kafka_batch *b)
{
	int error = kafka_batch_inflate(b, j->tools->compress, &j->tools->plain, JUDGE_PLAIN_MAX);

	if (error == E_NOMEM)
		return error;
	count_codec(j, b);
	if (refuse_unreadable(j, b, error))
		return 0;
	error = judge_records(j, b);
	if (error || j->out->edit.decision == KAFKA_DROP)
		return error;
	if (refuse_unreadable(j, b, kafka_batch_error(b)))
		return 0;
	if (j->nerrors > 0)
		refuse_records(j);
	else if (j->pipeline->edits.n > 0)
		return mark_records(j, b);
	return 0;
}

static void count_time(struct judging *j, uint64_t since_us, size_t bytes)
{
	struct worker *w = j->session->worker;

	worker_count(w, STATS_JUDGE_TIME, (int64_t)(clock_us() - since_us) * 1000);
	worker_count(w, STATS_JUDGE_BATCHES, 1);
	worker_count(w, STATS_JUDGE_BYTES, (int64_t)bytes);
}

int judge_partition(struct session *s, struct pipeline *p, const struct message_view *like, struct span records,
                    int32_t partition, struct partition_outcome *out)
{
	struct judging j = { .session = s, .tools = &s->worker->kafka, .pipeline = p, .view = *like, .partition = partition, .out = out };
	struct kafka_batch b;
	struct cursor set = cursor_span(records);
	uint64_t since = clock_us();

	*out = (struct partition_outcome){ .edit.decision = KAFKA_KEEP };
	if (records.n == 0) {
		/* Kafka 4.3 never answers a partition without records: its client would wait for ever. */
		out->edit.decision = KAFKA_DROP;
		out->refusal = (struct kafka_refusal){ .error = KAFKA_ERROR_INVALID_RECORD, .message = SPAN_LIT("the partition carries no record batch; send exactly one") };
		return 0;
	}
	pipeline_begin(p);
	int error = settle_early(&j, &b, &set) ? 0 : judge_batch(&j, &b);
	count_time(&j, since, records.n);
	return error ? error : p->error;
}
