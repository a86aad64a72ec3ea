/* The requests in flight of a session, in order: answers leave in the order in which
 * requests came, ours included. Owner: worker. */
#include "worker/kafka/lookup.h"
#include "worker/kafka/principal.h"
#include "worker/kafka/row.h"
#include "worker/kafka/unsettled.h"
#include "worker/session.h"
#include "worker/worker.h"

static void exchange_free(struct session *s, struct exchange *e)
{
	produce_merge_free(s, e->merge);
	block_put(&s->worker->blocks, e->answer);
	slab_put(&s->worker->exchanges, e);
	s->link.in_flight--;
}

struct exchange *exchange_push(struct session *s, const struct kafka_row *row, int16_t version, int32_t correlation)
{
	struct kafka_link *l = &s->link;
	struct exchange *e = slab_get(&s->worker->exchanges);

	if (!e)
		return NULL;
	*e = (struct exchange){ .state = EXCHANGE_UPSTREAM, .row = row, .version = version, .correlation = correlation };
	if (l->last)
		l->last->next = e;
	else
		l->first = e;
	l->last = e;
	l->in_flight++;
	return e;
}

static void pop(struct session *s)
{
	struct kafka_link *l = &s->link;
	struct exchange *e = l->first;

	l->first = e->next;
	if (!l->first)
		l->last = NULL;
	if (l->partial == e)
		l->partial = NULL;
	exchange_free(s, e);
	if (l->first && l->first->is_lookup)
		lookup_next(s);
}

static int write_frame(struct session *s, struct exchange *e)
{
	struct block *b = e->answer;

	if (!session_takes_answers(s))
		return 0;
	if (!b)
		return produce_refused(s, e);
	e->answer = NULL;
	return stream_give(&s->client, b, span_of(b->bytes, e->answer_n));
}

/* Writes the answers of ours that nothing stands before any more. */
static int write_answered(struct session *s)
{
	struct kafka_link *l = &s->link;
	int error = 0;

	while (!error && l->first && l->first->state == EXCHANGE_ANSWERED) {
		error = write_frame(s, l->first);
		pop(s);
	}
	return error;
}

int exchange_answer(struct session *s, struct exchange *e, struct span frame)
{
	struct block *b = block_get(&s->worker->blocks, frame.n, BLOCK_BEYOND_LIMIT);

	if (!b)
		return E_NOMEM;
	memcpy(b->bytes, frame.p, frame.n);
	e->answer = b;
	e->answer_n = frame.n;
	e->state = EXCHANGE_ANSWERED;
	return write_answered(s);
}

int exchange_refuse(struct session *s, struct exchange *e)
{
	e->state = EXCHANGE_ANSWERED;
	return write_answered(s);
}

void exchange_forget_tokens(struct session *s)
{
	struct kafka_link *l = &s->link;
	struct exchange **at = &l->first, *last = NULL;

	while (*at) {
		struct exchange *e = *at;
		if (!e->is_token) {
			last = e;
			at = &e->next;
			continue;
		}
		*at = e->next;
		exchange_free(s, e);
	}
	l->last = last;
}

int exchange_done(struct session *s)
{
	INVARIANT(s->link.first && s->link.first->state == EXCHANGE_UPSTREAM);
	pop(s);
	return write_answered(s);
}

void link_cut(struct session *s)
{
	struct kafka_link *l = &s->link;
	struct exchange *e = l->partial;

	lookup_drop(s);
	l->partial = NULL;
	if (!e)
		return;
	INVARIANT(e == l->last);
	struct exchange *before = NULL;
	for (struct exchange *it = l->first; it != e; it = it->next)
		before = it;
	if (before)
		before->next = NULL;
	else
		l->first = NULL;
	l->last = before;
	exchange_free(s, e);
}

void link_orphan(struct session *s)
{
	struct kafka_link *l = &s->link;

	lookup_drop(s);
	/* an answer of ours behind one that is owed cannot be written: the client would take
	 * it for the answer of the request before */
	while (l->first)
		pop(s);
}

void link_fini(struct session *s)
{
	link_orphan(s);
	principal_fini(s);
	unsettled_fini(s);
	if (s->link.blank)
		slab_put(&s->worker->blanks, s->link.blank);
	s->link.blank = NULL;
}
