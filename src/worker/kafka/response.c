/* The broker's side: answers are matched by order, checked by correlation id, and flow on
 * or are held and rewritten. Owner: worker. */
#include "worker/kafka/lookup.h"
#include "worker/kafka/row.h"
#include "worker/session.h"
#include "worker/worker.h"

/* Is there nobody left to whom this answer could go? */
static bool is_stray(const struct session *s)
{
	return s->state >= SESSION_PARTING;
}

static bool is_held(const struct exchange *e, const struct kafka_api *api)
{
	if (e->is_judged || e->is_lookup || e->row->flags & ROW_WHOLE_ANSWER)
		return true;
	return e->row->response && kafka_address_way(api, e->version) == KAFKA_ADDRESS_REWRITE;
}

static int begin_blank(struct session *s, const struct exchange *e, const struct kafka_api *api, size_t size, size_t body)
{
	struct kafka_link *l = &s->link;

	l->blank = slab_get(&s->worker->blanks);
	if (!l->blank)
		return E_NOMEM;
	kafka_blank_init(l->blank, api, e->version, size - body);
	l->blank_skip = KAFKA_SIZE_BYTES + body;
	return 0;
}

static int response_head(void *ctx, struct span first, struct reader_plan *plan)
{
	struct session *s = ctx;
	struct cursor c = cursor_span(first);
	int32_t size = (int32_t)cursor_be32(&c);
	struct exchange *e = s->link.first;
	struct kafka_response r;

	if (size < 0)
		return E_MALFORMED;
	plan->size = KAFKA_SIZE_BYTES + (size_t)size;
	plan->hold = e && e->is_token && (uint32_t)size <= TOKEN_MAX;
	if (is_stray(s) || (e && e->is_token))
		return 0;
	if (!e || e->state != EXCHANGE_UPSTREAM || size < 4)
		return E_MALFORMED;
	struct span frame = cursor_rest(&c);
	if (frame.n > (size_t)size)
		frame.n = (size_t)size;
	const struct kafka_api *api = kafka_api_find(e->row->key);
	int error = kafka_response_open(&r, api, e->version, frame);
	if (error)
		return error == E_TRUNCATED ? E_AGAIN : error;
	if (r.correlation != e->correlation)
		return E_MALFORMED;
	plan->hold = is_held(e, api);
	if (!plan->hold && kafka_address_way(api, e->version) == KAFKA_ADDRESS_BLANK)
		return begin_blank(s, e, api, (size_t)size, r.body);
	return 0;
}

static int send_down(struct session *s, uint8_t *p, size_t n, struct block **owner)
{
	struct block *b = *owner;

	if (!session_takes_answers(s))
		return 0;
	if (!b)
		return stream_lend(&s->client, span_of(p, n));
	*owner = NULL;
	return stream_give(&s->client, b, span_of(p, n));
}

static int blank_part(struct kafka_link *l, uint8_t *p, size_t n)
{
	size_t skip = n < l->blank_skip ? n : l->blank_skip;

	l->blank_skip -= skip;
	return kafka_blank_feed(l->blank, p + skip, n - skip);
}

static int response_part(void *ctx, uint8_t *p, size_t n, struct block **owner, bool first, bool last)
{
	struct session *s = ctx;
	struct kafka_link *l = &s->link;
	int error = 0;

	(void)first;
	if (is_stray(s))
		return 0;
	if (l->blank)
		error = blank_part(l, p, n);
	if (!error)
		error = send_down(s, p, n, owner);
	if (!last || error)
		return error;
	if (l->blank)
		slab_put(&s->worker->blanks, l->blank);
	l->blank = NULL;
	return exchange_done(s);
}

static int token_whole(struct session *s, uint8_t *p, size_t n, struct block **owner)
{
	token_response(s, span_of(p + KAFKA_SIZE_BYTES, n - KAFKA_SIZE_BYTES));
	int error = send_down(s, p, n, owner);
	return error ? error : exchange_done(s);
}

static int response_whole(void *ctx, uint8_t *p, size_t n, struct block **owner)
{
	struct session *s = ctx;
	struct exchange *e = s->link.first;
	struct kafka_response r;
	struct buf *out = &s->worker->kafka.out;

	/* a head was read and its answer withdrawn meanwhile */
	if (is_stray(s) || !e)
		return 0;
	if (e->is_token)
		return token_whole(s, p, n, owner);
	const struct kafka_api *api = kafka_api_find(e->row->key);
	int error = kafka_response_open(&r, api, e->version, span_of(p + KAFKA_SIZE_BYTES, n - KAFKA_SIZE_BYTES));
	if (error)
		return error;
	size_t body = KAFKA_SIZE_BYTES + r.body;
	if (e->is_lookup) {
		error = lookup_answer(s, e, span_of(p + body, n - body));
		return error ? error : exchange_done(s);
	}
	buf_clear(out);
	error = e->row->response(s, e, span_of(p + body, n - body), out);
	if (error)
		return error;
	error = out->n == 0 ? send_down(s, p, n, owner) : session_takes_answers(s) ? stream_copy(&s->client, buf_span(out)) : 0;
	return error ? error : exchange_done(s);
}

const struct reader_ops kafka_response_ops = { .head = response_head, .whole = response_whole, .part = response_part };
