/* The SASL handshake. All of SASL passes; of version 0 it must be known that what follows it
 * are tokens, not requests. Owner: worker. */
#include "worker/kafka/row.h"
#include "worker/session.h"

bool sasl_holds(struct session *s, const struct kafka_request *r)
{
	(void)s;
	return r->version == 0;
}

/* Kafka's GSSAPI takes the last token without a word; the others answer each. */
static bool has_one_each(struct span mechanism)
{
	static const char *const words[] = { "PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER" };

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (span_is(mechanism, words[i]))
			return true;
	return false;
}

int sasl_request(struct session *s, const struct kafka_request *r, uint8_t *p, size_t n, struct block **owner)
{
	struct cursor c = cursor_span(span_of(p + KAFKA_SIZE_BYTES + r->body, n - KAFKA_SIZE_BYTES - r->body));
	struct span mechanism = cursor_string16(&c);

	if (c.error)
		return c.error;
	s->link.sasl = LINK_SASL_FIRST;
	s->link.sasl_one_each = has_one_each(mechanism);
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
