/* Produce responses put together from the broker's and our own. Owner: kafka; workers. */
#include "base/hash.h"
#include "kafka/field.h"
#include "kafka/produce.h"

#define FIRST_LOG_START 5          /* version with log_start_offset */
#define FIRST_REASONS 8            /* version with record_errors and error_message */

#define THE_TOPIC INT64_MIN

/* Where the broker's answer has what, by topic and partition. */
struct entry {
	struct span topic;             /* name or id */
	int64_t index;                 /* of the partition, or THE_TOPIC */
	uint32_t start, end;           /* the partition, or the topic's tags */
	bool used;
};

struct answer {
	struct span body;
	uint32_t tail;                 /* throttle time and tags */
	struct entry *slots;           /* open addressing */
	uint32_t mask;
};

static struct entry *find(const struct answer *a, struct span topic, int64_t index)
{
	uint32_t at = (uint32_t)hash64(topic.p, topic.n, (uint64_t)index);

	for (;; at++) {
		struct entry *e = &a->slots[at & a->mask];
		if (!e->used || (e->index == index && span_eq(e->topic, topic)))
			return e;
	}
}

static void add(struct answer *a, struct span topic, int64_t index, size_t start, size_t end)
{
	*find(a, topic, index) = (struct entry){ topic, index, (uint32_t)start, (uint32_t)end, true };
}

static int make_slots(struct answer *a, const struct kafka_produce *p, struct arena *arena)
{
	struct kafka_walk walk;
	struct kafka_item item;
	uint32_t entries = 0, slots = 8;

	kafka_walk_whole(&walk, p->api, KAFKA_RESPONSE, p->version, a->body);
	while (kafka_walk_next(&walk, &item))
		entries += item.event == KAFKA_EVENT_ENTRY && (item.role == KAFKA_ROLE_TOPICS || item.role == KAFKA_ROLE_PARTITIONS);
	if (kafka_walk_error(&walk))
		return kafka_walk_error(&walk);
	while (slots < 2 * (uint64_t)entries)
		slots *= 2;
	a->slots = arena_array(arena, slots, sizeof *a->slots);
	a->mask = slots - 1;
	return a->slots ? 0 : E_NOMEM;
}

static int read_answer(struct answer *a, const struct kafka_produce *p, struct arena *arena)
{
	struct kafka_walk walk;
	struct kafka_item item;
	struct span topic = SPAN_NULL;
	int32_t index = 0;
	size_t start = 0, tags = 0;
	int error = make_slots(a, p, arena);

	if (error)
		return error;
	kafka_walk_whole(&walk, p->api, KAFKA_RESPONSE, p->version, a->body);
	while (kafka_walk_next(&walk, &item)) {
		if (item.event == KAFKA_EVENT_VALUE && (item.role == KAFKA_ROLE_TOPIC || item.role == KAFKA_ROLE_TOPIC_ID))
			topic = item.bytes;
		else if (item.event == KAFKA_EVENT_VALUE && item.role == KAFKA_ROLE_PARTITION)
			index = (int32_t)item.number;
		else if (item.event == KAFKA_EVENT_ENTRY && item.role == KAFKA_ROLE_PARTITIONS)
			start = item.start;
		else if (item.event == KAFKA_EVENT_ENTRY_END && item.role == KAFKA_ROLE_PARTITIONS)
			add(a, topic, index, start, item.end);
		else if (item.event == KAFKA_EVENT_END && item.role == KAFKA_ROLE_PARTITIONS)
			tags = item.end;
		else if (item.event == KAFKA_EVENT_ENTRY_END && item.role == KAFKA_ROLE_TOPICS)
			add(a, topic, THE_TOPIC, tags, item.end);
		else if (item.event == KAFKA_EVENT_END && item.role == KAFKA_ROLE_TOPICS)
			a->tail = (uint32_t)item.end;
	}
	return 0;
}

struct merging {
	const struct kafka_produce *p;
	const struct kafka_refusal *refusals;
	const struct answer *answer;   /* NULL: none */
	unsigned flags;
	bool flexible;
	struct buf *out;
};

static void put_count(struct merging *m, size_t n)
{
	if (m->flexible)
		buf_uvarint(m->out, (uint32_t)n + 1);
	else
		buf_be32(m->out, (uint32_t)n);
}

static void put_string(struct merging *m, struct span s)
{
	if (s.n > INT16_MAX)
		s.n = INT16_MAX;
	if (m->flexible)
		buf_uvarint(m->out, span_is_null(s) ? 0 : (uint32_t)s.n + 1);
	else
		buf_be16(m->out, span_is_null(s) ? UINT16_MAX : (uint16_t)s.n);
	buf_add(m->out, s.p, s.n);
}

static void put_tags(struct merging *m)
{
	if (m->flexible)
		buf_u8(m->out, 0);
}

static void put_record_error(struct merging *m, const struct kafka_record_error *e)
{
	buf_be32(m->out, (uint32_t)e->index);
	put_string(m, e->message);
	put_tags(m);
}

static void put_reasons(struct merging *m, const struct kafka_refusal *r)
{
	bool repeat = r->nrecords == 1 && m->flags & KAFKA_REPEAT_LONE;

	put_count(m, r->nrecords + repeat);
	for (size_t i = 0; i < r->nrecords; i++)
		put_record_error(m, &r->records[i]);
	if (repeat)
		put_record_error(m, &r->records[0]);
	put_string(m, r->message);
}

static void put_refusal(struct merging *m, const struct kafka_produce_partition *p, const struct kafka_refusal *r)
{
	buf_be32(m->out, (uint32_t)p->index);
	buf_be16(m->out, (uint16_t)r->error);
	buf_be64(m->out, UINT64_MAX);                   /* base_offset: -1 */
	buf_be64(m->out, UINT64_MAX);                   /* log_append_time_ms: -1 */
	if (m->p->version >= FIRST_LOG_START)
		buf_be64(m->out, UINT64_MAX);           /* log_start_offset: -1 */
	if (m->p->version >= FIRST_REASONS)
		put_reasons(m, r);
	put_tags(m);
}

static const struct entry *broker_entry(const struct merging *m, struct span topic, int64_t index)
{
	const struct entry *e = m->answer ? find(m->answer, topic, index) : NULL;

	return e && e->used ? e : NULL;
}

static int put_topic(struct merging *m, const struct kafka_produce_topic *t)
{
	struct span topic = span_is_null(t->id) ? t->name : t->id;

	if (span_is_null(t->id))
		put_string(m, t->name);
	else
		buf_add(m->out, t->id.p, t->id.n);
	put_count(m, t->count);
	for (uint32_t i = t->first; i < t->first + t->count; i++) {
		const struct kafka_produce_partition *p = &m->p->partitions[i];
		if (m->refusals[i].error) {
			put_refusal(m, p, &m->refusals[i]);
			continue;
		}
		const struct entry *e = broker_entry(m, topic, p->index);
		if (!e)
			return E_MALFORMED;
		buf_add(m->out, m->answer->body.p + e->start, e->end - e->start);
	}
	const struct entry *tags = broker_entry(m, topic, THE_TOPIC);
	if (tags)
		buf_add(m->out, m->answer->body.p + tags->start, tags->end - tags->start);
	else
		put_tags(m);
	return 0;
}

static int put_body(struct merging *m)
{
	put_count(m, m->p->ntopics);
	for (uint32_t i = 0; i < m->p->ntopics; i++) {
		int error = put_topic(m, &m->p->topics[i]);
		if (error)
			return error;
	}
	if (m->answer) {
		buf_add(m->out, m->answer->body.p + m->answer->tail, m->answer->body.n - m->answer->tail);
		return 0;
	}
	buf_be32(m->out, 0);                            /* throttle_time_ms */
	put_tags(m);
	return 0;
}

int kafka_produce_answer(const struct kafka_produce *p, const struct kafka_refusal *refusals, struct span answer, unsigned flags, struct arena *a, struct buf *out)
{
	struct answer theirs = { .body = answer };
	struct merging m = {
		.p = p, .refusals = refusals, .answer = span_is_null(answer) ? NULL : &theirs, .flags = flags,
		.flexible = kafka_api_is_flexible(p->api, p->version), .out = out,
	};
	int error = m.answer ? read_answer(&theirs, p, a) : 0;

	if (error)
		return error;
	size_t start = kafka_frame_begin(out, p->api, p->version, p->correlation);
	error = put_body(&m);
	return error ? error : kafka_frame_end(out, start);
}
