/* The client's side: which requests flow, which are held, which are answered here.
 * Owner: worker. */
#include "worker/kafka/row.h"
#include "worker/session.h"
#include "worker/worker.h"

#define HEADER_LEAST 10                  /* key, version, correlation, null client id */
#define HELD_OTHERS_MAX (TOKEN_MAX + (64u << 10))   /* held requests that are no Produce */

/* Bytes that say what they are: a TLS record, an HTTP method. */
static bool is_foreign(const uint8_t *p)
{
	static const char *const words[] = { "GET ", "POST", "PUT ", "HEAD", "OPTI", "CONN", "SSH-" };

	if (p[0] == 0x16 && p[1] == 0x03)
		return true;
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (memcmp(p, words[i], 4) == 0)
			return true;
	return false;
}

static int refuse(struct session *s, enum close_reason reason, int error)
{
	s->link.fault = (uint8_t)reason;
	return error;
}

static int frame_length(struct session *s, struct span first, size_t *size)
{
	struct cursor c = cursor_span(first);
	int32_t n = (int32_t)cursor_be32(&c);

	if (is_foreign(first.p))
		return refuse(s, CLOSE_NOT_KAFKA, E_MALFORMED);
	if (n < HEADER_LEAST || (uint64_t)n > worker_settings(s->worker)->limit_frame)
		return refuse(s, CLOSE_FRAME, E_MALFORMED);
	*size = (size_t)n;
	return 0;
}

/* A request that is not spoken here but that must be answered, not cut. */
static bool is_answerable(const struct kafka_request *r)
{
	return r->key == KAFKA_API_VERSIONS || r->key == KAFKA_PRODUCE;
}

/* The acks of a Produce request of which the first bytes are there. */
static int peek_acks(const struct kafka_request *r, struct span frame, size_t size, int16_t *acks)
{
	struct kafka_walk w;
	struct kafka_item it;

	kafka_walk_init(&w, r->api, KAFKA_REQUEST, r->version, size - r->body);
	kafka_walk_feed(&w, frame.p + r->body, frame.n - r->body);
	while (kafka_walk_next(&w, &it)) {
		if (it.field && it.field->role == KAFKA_ROLE_ACKS) {
			*acks = (int16_t)it.number;
			return 0;
		}
	}
	return w.error ? w.error : w.done ? E_MALFORMED : E_AGAIN;
}

static void remember_client(struct kafka_link *l, struct span id)
{
	l->nclient_id = (uint8_t)(id.n < LINK_CLIENT_ID_MAX ? id.n : LINK_CLIENT_ID_MAX);
	if (l->nclient_id)
		memcpy(l->client_id, id.p, l->nclient_id);
}

/* A broker port whose broker is not known passes what leads to knowing it. */
static int check_discovery(struct session *s, const struct kafka_row *row)
{
	if (!s->link.discovery || row->flags & ROW_EARLY)
		return 0;
	if (kafka_route_is_right(s)) {
		s->link.discovery = false;
		return 0;
	}
	return refuse(s, CLOSE_UNKNOWN_BROKER, E_STATE);
}

static int plan_pass(struct session *s, const struct kafka_row *row, const struct kafka_request *r, bool answered)
{
	s->link.dropping = session_is_ending(s) && answered;
	if (!answered || s->link.dropping)
		return 0;
	s->link.partial = exchange_push(s, row, r->version, r->correlation);
	return s->link.partial ? 0 : E_NOMEM;
}

/* Is this frame a token of SASL? E_AGAIN: its first byte says. */
static int is_token(struct session *s, struct span first, size_t size, bool *token)
{
	struct kafka_link *l = &s->link;

	*token = l->sasl == LINK_SASL_FIRST || (l->sasl == LINK_SASL_NEXT && size == 0);
	if (*token || l->sasl == LINK_SASL_NONE)
		return 0;
	if (first.n <= KAFKA_SIZE_BYTES)
		return E_AGAIN;
	*token = first.p[KAFKA_SIZE_BYTES] != 0;
	if (*token)
		return 0;
	l->sasl = LINK_SASL_NONE;
	if (!l->sasl_one_each)
		exchange_forget_tokens(s);
	return 0;
}

static int token_head(struct session *s, size_t size, struct reader_plan *plan)
{
	struct kafka_link *l = &s->link;

	if (size > TOKEN_MAX)
		return refuse(s, CLOSE_FRAME, E_MALFORMED);
	*plan = (struct reader_plan){ .size = KAFKA_SIZE_BYTES + size, .hold = true };
	l->token = true;
	l->sasl = LINK_SASL_NEXT;
	return 0;
}

static int request_head(void *ctx, struct span first, struct reader_plan *plan)
{
	struct session *s = ctx;
	struct kafka_request r;
	size_t size;
	int16_t acks = 1;
	bool token;

	struct cursor c = cursor_span(first);
	size = cursor_be32(&c);
	int error = is_token(s, first, size, &token);
	if (error || token)
		return error ? error : token_head(s, size, plan);
	error = frame_length(s, first, &size);
	if (error)
		return error;
	struct span frame = span_of(first.p + KAFKA_SIZE_BYTES, first.n - KAFKA_SIZE_BYTES);
	if (frame.n > size)
		frame.n = size;
	error = kafka_request_open(&r, frame);
	if (error == E_TRUNCATED)
		return E_AGAIN;
	if (error == E_UNSUPPORTED && !is_answerable(&r))
		return refuse(s, CLOSE_UNSUPPORTED, error);
	if (error && error != E_UNSUPPORTED)
		return refuse(s, CLOSE_MALFORMED, error);
	bool spoken = error == 0;
	const struct kafka_row *row = kafka_row_find(r.key);
	INVARIANT(row);
	plan->size = KAFKA_SIZE_BYTES + size;
	plan->hold = !spoken || (row->holds && row->holds(s, &r));
	if (plan->hold && r.key != KAFKA_PRODUCE && size > HELD_OTHERS_MAX)
		return refuse(s, CLOSE_FRAME, E_LIMIT);
	if (!plan->hold && r.key == KAFKA_PRODUCE) {
		error = peek_acks(&r, frame, size, &acks);
		if (error)
			return error;
	}
	error = check_discovery(s, row);
	if (error)
		return error;
	remember_client(&s->link, r.client_id);
	worker_count_request(s->worker, row);
	session_reach(s);
	return plan->hold ? 0 : plan_pass(s, row, &r, acks != 0);
}

int request_send(struct session *s, uint8_t *p, size_t n, struct block **owner)
{
	struct block *b = *owner;

	if (!session_takes_requests(s))
		return 0;
	if (!b)
		return stream_lend(&s->upstream, span_of(p, n));
	*owner = NULL;
	return stream_give(&s->upstream, b, span_of(p, n));
}

static int request_whole(void *ctx, uint8_t *p, size_t n, struct block **owner)
{
	struct session *s = ctx;
	struct kafka_request r;

	if (s->link.token) {
		s->link.token = false;
		return session_is_ending(s) ? 0 : token_request(s, p, n, owner);
	}
	int error = kafka_request_open(&r, span_of(p + KAFKA_SIZE_BYTES, n - KAFKA_SIZE_BYTES));
	if (error && error != E_UNSUPPORTED)
		return error;
	const struct kafka_row *row = kafka_row_find(r.key);
	/* while ending, only what has no answer is still taken: produce.c sees to it */
	if (session_is_ending(s) && r.key != KAFKA_PRODUCE)
		return 0;
	return row->request(s, &r, p, n, owner);
}

static int request_part(void *ctx, uint8_t *p, size_t n, struct block **owner, bool first, bool last)
{
	struct session *s = ctx;

	(void)first;
	if (last)
		s->link.partial = NULL;
	return s->link.dropping ? 0 : request_send(s, p, n, owner);
}

const struct reader_ops kafka_request_ops = { .head = request_head, .whole = request_whole, .part = request_part, .in_scratch = true };

int request_forward(struct session *s, const struct kafka_row *row, const struct kafka_request *r, uint8_t *p, size_t n, struct block **owner)
{
	if (!exchange_push(s, row, r->version, r->correlation))
		return E_NOMEM;
	return request_send(s, p, n, owner);
}

int request_answer(struct session *s, const struct kafka_row *row, const struct kafka_request *r, struct span frame)
{
	struct exchange *e = exchange_push(s, row, r->version, r->correlation);

	if (!e)
		return E_NOMEM;
	worker_count_local(s->worker, row);
	return exchange_answer(s, e, frame);
}
