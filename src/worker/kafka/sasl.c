/* SASL passes whole: what is read of it is who the client is, and, of a handshake of version 0,
 * that what follows it are tokens, not requests. Owner: worker. */
#include "worker/kafka/principal.h"
#include "worker/kafka/row.h"
#include "worker/session.h"

bool sasl_holds(struct session *s, const struct kafka_request *r)
{
	(void)s, (void)r;
	return true;
}

int sasl_request(struct session *s, const struct kafka_request *r, uint8_t *p, size_t n, struct block **owner)
{
	struct cursor c = cursor_span(span_of(p + KAFKA_SIZE_BYTES + r->body, n - KAFKA_SIZE_BYTES - r->body));
	struct span mechanism = cursor_string16(&c);

	if (c.error)
		return c.error;
	bool one_each = principal_begin(s, mechanism);
	if (r->version == 0) {
		s->link.sasl = LINK_SASL_FIRST;
		s->link.sasl_one_each = one_each;
	}
	return request_forward(s, kafka_row_find(r->key), r, p, n, owner);
}

/* A mechanism that the broker does not have is followed by no token. */
int sasl_response(struct session *s, const struct exchange *e, struct span body, struct buf *out)
{
	struct cursor c = cursor_span(body);

	(void)out;
	if (e->version == 0 && cursor_be16(&c) != KAFKA_ERROR_NONE && s->link.sasl == LINK_SASL_FIRST)
		s->link.sasl = LINK_SASL_NONE;
	return c.error;
}

/* ---- tokens in requests ---- */

struct said {
	int16_t error;
	struct span token;
};

/* What cannot be read names nobody and passes: it is the other side's to judge. */
static struct said read_said(int16_t version, enum kafka_side side, struct span body)
{
	struct said said = { 0 };
	struct kafka_walk w;
	struct kafka_item it;

	kafka_walk_whole(&w, kafka_api_find(KAFKA_SASL_AUTHENTICATE), side, version, body);
	while (kafka_walk_next(&w, &it)) {
		if (it.role == KAFKA_ROLE_ERROR)
			said.error = (int16_t)it.number;
		else if (it.field && it.field->type == KAFKA_BYTES)
			said.token = it.bytes;
	}
	return kafka_walk_error(&w) ? (struct said){ .error = KAFKA_ERROR_INVALID_REQUEST } : said;
}

int authenticate_request(struct session *s, const struct kafka_request *r, uint8_t *p, size_t n, struct block **owner)
{
	size_t body = KAFKA_SIZE_BYTES + r->body;

	principal_claim(s, read_said(r->version, KAFKA_REQUEST, span_of(p + body, n - body)).token);
	return request_forward(s, kafka_row_find(r->key), r, p, n, owner);
}

int authenticate_response(struct session *s, const struct exchange *e, struct span body, struct buf *out)
{
	struct said said = read_said(e->version, KAFKA_RESPONSE, body);

	(void)out;
	principal_answer(s, said.error == KAFKA_ERROR_NONE, said.token);
	return 0;
}

/* ---- tokens alone, after a handshake of version 0 ---- */

int token_request(struct session *s, uint8_t *p, size_t n, struct block **owner)
{
	struct exchange *e = exchange_push(s, kafka_row_find(KAFKA_SASL_HANDSHAKE), 0, 0);

	if (!e)
		return E_NOMEM;
	e->is_token = true;
	principal_claim(s, span_of(p + KAFKA_SIZE_BYTES, n - KAFKA_SIZE_BYTES));
	return request_send(s, p, n, owner);
}

/* A broker that says no closes. */
void token_response(struct session *s, struct span token)
{
	principal_answer(s, true, token);
}
