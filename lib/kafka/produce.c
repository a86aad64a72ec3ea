/* Produce requests taken apart and written again. Owner: kafka; workers. */
#include "kafka/field.h"
#include "kafka/produce.h"

/* Sizes first: the arrays are taken once and in full. */
static int count_entries(struct kafka_produce *p, struct span body)
{
	struct kafka_walk walk;
	struct kafka_item item;

	kafka_walk_whole(&walk, p->api, KAFKA_REQUEST, p->version, body);
	while (kafka_walk_next(&walk, &item)) {
		if (item.event != KAFKA_EVENT_ENTRY)
			continue;
		p->ntopics += item.role == KAFKA_ROLE_TOPICS;
		p->npartitions += item.role == KAFKA_ROLE_PARTITIONS;
	}
	return kafka_walk_error(&walk);
}

struct reading {
	struct kafka_produce *p;
	struct kafka_produce_topic *topic;
	struct kafka_produce_partition *partition;
};

static void read_value(struct reading *r, const struct kafka_item *item)
{
	switch (item->role) {
	case KAFKA_ROLE_TRANSACTION:
		r->p->transactional_id = item->bytes;
		break;
	case KAFKA_ROLE_ACKS:
		r->p->acks = (int16_t)item->number;
		break;
	case KAFKA_ROLE_TOPIC:
		r->topic->name = item->bytes;
		break;
	case KAFKA_ROLE_TOPIC_ID:
		r->topic->id = item->bytes;
		break;
	case KAFKA_ROLE_PARTITION:
		r->partition->index = (int32_t)item->number;
		break;
	case KAFKA_ROLE_RECORDS:
		r->partition->records = item->bytes;
		r->partition->field = (uint32_t)item->start;
		r->partition->tags = (uint32_t)item->end;
		break;
	}
}

static void begin_array(struct reading *r, const struct kafka_item *item)
{
	if (item->role == KAFKA_ROLE_TOPICS)
		r->p->topics_at = (uint32_t)item->start;
	else if (item->role == KAFKA_ROLE_PARTITIONS)
		r->topic->partitions = (uint32_t)item->start;
}

static void end_array(struct reading *r, const struct kafka_item *item)
{
	if (item->role == KAFKA_ROLE_TOPICS)
		r->p->tags_at = (uint32_t)item->end;
	else if (item->role == KAFKA_ROLE_PARTITIONS)
		r->topic->tags = (uint32_t)item->end;
}

static void begin_entry(struct reading *r, const struct kafka_item *item)
{
	struct kafka_produce *p = r->p;

	if (item->role == KAFKA_ROLE_TOPICS) {
		r->topic = &p->topics[p->ntopics++];
		r->topic->first = p->npartitions;
		r->topic->start = (uint32_t)item->start;
	} else if (item->role == KAFKA_ROLE_PARTITIONS) {
		r->partition = &p->partitions[p->npartitions++];
		r->partition->topic = p->ntopics - 1;
		r->partition->start = (uint32_t)item->start;
	}
}

static void end_entry(struct reading *r, const struct kafka_item *item)
{
	if (item->role == KAFKA_ROLE_PARTITIONS) {
		r->partition->end = (uint32_t)item->end;
	} else if (item->role == KAFKA_ROLE_TOPICS) {
		r->topic->end = (uint32_t)item->end;
		r->topic->count = r->p->npartitions - r->topic->first;
	}
}

static void read_entries(struct kafka_produce *p, struct span body)
{
	struct reading r = { .p = p };
	struct kafka_walk walk;
	struct kafka_item item;

	p->ntopics = p->npartitions = 0;
	kafka_walk_whole(&walk, p->api, KAFKA_REQUEST, p->version, body);
	while (kafka_walk_next(&walk, &item)) {
		switch (item.event) {
		case KAFKA_EVENT_VALUE: read_value(&r, &item); break;
		case KAFKA_EVENT_BEGIN: begin_array(&r, &item); break;
		case KAFKA_EVENT_END: end_array(&r, &item); break;
		case KAFKA_EVENT_ENTRY: begin_entry(&r, &item); break;
		case KAFKA_EVENT_ENTRY_END: end_entry(&r, &item); break;
		default: break;
		}
	}
}

int kafka_produce_open(struct kafka_produce *p, const struct kafka_request *r, struct span frame, struct arena *a)
{
	struct span body = { frame.p + r->body, frame.n - r->body };

	*p = (struct kafka_produce){
		.api = r->api, .version = r->version, .correlation = r->correlation, .frame = frame, .body = r->body,
	};
	int error = count_entries(p, body);
	if (error)
		return error;
	p->topics = arena_array(a, p->ntopics, sizeof *p->topics);
	p->partitions = arena_array(a, p->npartitions, sizeof *p->partitions);
	if ((p->ntopics && !p->topics) || (p->npartitions && !p->partitions))
		return E_NOMEM;
	read_entries(p, body);
	return 0;
}

static int keep_span(struct span *s, struct arena *a)
{
	if (span_is_null(*s))
		return 0;
	const char *copy = arena_strndup(a, s->p, s->n);
	*s = span_of(copy, s->n);
	return copy ? 0 : E_NOMEM;
}

int kafka_produce_keep(struct kafka_produce *dst, const struct kafka_produce *src, struct arena *a)
{
	*dst = *src;
	dst->frame = dst->transactional_id = SPAN_NULL;
	dst->topics = arena_array(a, src->ntopics, sizeof *dst->topics);
	dst->partitions = arena_array(a, src->npartitions, sizeof *dst->partitions);
	if ((src->ntopics && !dst->topics) || (src->npartitions && !dst->partitions))
		return E_NOMEM;
	for (uint32_t i = 0; i < src->ntopics; i++) {
		dst->topics[i] = src->topics[i];
		if (keep_span(&dst->topics[i].name, a) || keep_span(&dst->topics[i].id, a))
			return E_NOMEM;
	}
	for (uint32_t i = 0; i < src->npartitions; i++) {
		dst->partitions[i] = src->partitions[i];
		dst->partitions[i].records = SPAN_NULL;
	}
	return 0;
}

/* ---- writing ---- */

struct writing {
	const struct kafka_produce *p;
	const struct kafka_edit *edits;
	const uint8_t *body;
	bool flexible;
	struct buf *out;
};

static void put_range(struct writing *w, uint32_t from, uint32_t to)
{
	buf_add(w->out, w->body + from, to - from);
}

static void put_length(struct writing *w, size_t n)
{
	if (w->flexible)
		buf_uvarint(w->out, (uint32_t)n + 1);
	else
		buf_be32(w->out, (uint32_t)n);
}

static uint32_t count_kept(const struct writing *w, const struct kafka_produce_topic *t)
{
	uint32_t n = 0;

	for (uint32_t i = t->first; i < t->first + t->count; i++)
		n += w->edits[i].decision != KAFKA_DROP;
	return n;
}

static void put_partition(struct writing *w, const struct kafka_produce_partition *p, const struct kafka_edit *edit)
{
	if (edit->decision == KAFKA_KEEP) {
		put_range(w, p->start, p->end);
		return;
	}
	put_range(w, p->start, p->field);
	put_length(w, edit->records.n);
	buf_add(w->out, edit->records.p, edit->records.n);
	put_range(w, p->tags, p->end);
}

static void put_topic(struct writing *w, const struct kafka_produce_topic *t)
{
	uint32_t kept = count_kept(w, t);

	if (!kept)
		return;
	put_range(w, t->start, t->partitions);
	put_length(w, kept);
	for (uint32_t i = t->first; i < t->first + t->count; i++)
		if (w->edits[i].decision != KAFKA_DROP)
			put_partition(w, &w->p->partitions[i], &w->edits[i]);
	put_range(w, t->tags, t->end);
}

int kafka_produce_rewrite(const struct kafka_produce *p, const struct kafka_edit *edits, struct buf *out)
{
	struct writing w = {
		.p = p, .edits = edits, .body = p->frame.p + p->body,
		.flexible = kafka_api_is_flexible(p->api, p->version), .out = out,
	};
	size_t start = out->n;
	uint32_t topics = 0;

	INVARIANT(!span_is_null(p->frame));
	buf_be32(out, 0);
	buf_add(out, p->frame.p, p->body);
	put_range(&w, 0, p->topics_at);
	for (uint32_t i = 0; i < p->ntopics; i++)
		topics += count_kept(&w, &p->topics[i]) > 0;
	put_length(&w, topics);
	for (uint32_t i = 0; i < p->ntopics; i++)
		put_topic(&w, &p->topics[i]);
	put_range(&w, p->tags_at, (uint32_t)(p->frame.n - p->body));
	return kafka_frame_end(out, start);
}
