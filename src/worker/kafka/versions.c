/* ApiVersions, the request that a client begins with. Owner: worker. */
#include "worker/kafka/row.h"
#include "kafka/versions.h"
#include "worker/session.h"
#include "worker/worker.h"

bool versions_holds(struct session *s, const struct kafka_request *r)
{
	(void)s, (void)r;
	return true;
}

/* Bindings put a name of their own there, and the library in the version:
 * "confluent-kafka-python", "2.16.1-rdkafka-2.16.0". */
static bool names_librdkafka(struct span text)
{
	return text.n && memmem(text.p, text.n, "rdkafka", strlen("rdkafka"));
}

static void learn_client(struct session *s, const struct kafka_request *r, struct span body)
{
	struct span name, version;

	if (kafka_versions_client(r->version, body, &name, &version) == 0)
		s->link.is_librdkafka = names_librdkafka(name) || names_librdkafka(version);
}

static int forward_unnamed(struct session *s, const struct kafka_row *row, const struct kafka_request *r, struct span frame)
{
	struct buf *out = &s->worker->kafka.out;

	buf_clear(out);
	int error = kafka_versions_unname(r, frame, out);
	if (error)
		return error;
	if (!exchange_push(s, row, r->version, r->correlation))
		return E_NOMEM;
	return session_takes_requests(s) ? stream_copy(&s->upstream, buf_span(out)) : 0;
}

int versions_request(struct session *s, const struct kafka_request *r, uint8_t *p, size_t n, struct block **owner)
{
	const struct kafka_row *row = kafka_row_find(r->key);
	struct buf *out = &s->worker->kafka.out;

	if (kafka_api_has(r->api, r->version)) {
		size_t body = KAFKA_SIZE_BYTES + r->body;
		learn_client(s, r, span_of(p + body, n - body));
		/* a bootstrap server that stands in is not whom the client means: it would be
		 * told to start all over (KIP-1242) */
		if (s->link.discovery)
			return forward_unnamed(s, row, r, span_of(p + KAFKA_SIZE_BYTES, n - KAFKA_SIZE_BYTES));
		return request_forward(s, row, r, p, n, owner);
	}
	/* newer than we speak: as a broker does, in the format of version 0 */
	buf_clear(out);
	int error = kafka_versions_refuse(r->correlation, out);
	return error ? error : request_answer(s, row, r, buf_span(out));
}

int versions_response(struct session *s, const struct exchange *e, struct span body, struct buf *out)
{
	(void)s;
	return kafka_versions_intersect(e->version, e->correlation, body, NULL, 0, out);
}
