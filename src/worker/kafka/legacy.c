/* Produce v0 to v2 (Kafka 0.8 to 0.10) are refused in their own format; brokers from 4.0 on
 * only close the connection. They are not in the field table, so the few fields are read
 * here. Owner: worker. */
#include "worker/kafka/legacy.h"
#include "worker/session.h"
#include "worker/worker.h"

#define LEGACY_LAST 2

static void refuse_partition(struct cursor *c, int16_t version, struct buf *out)
{
	uint32_t index = cursor_be32(c);

	(void)cursor_bytes32(c);
	buf_be32(out, index);
	buf_be16(out, KAFKA_ERROR_UNSUPPORTED_VERSION);
	buf_be64(out, UINT64_MAX);               /* base offset: -1 */
	if (version >= 2)
		buf_be64(out, UINT64_MAX);       /* log append time: -1 */
}

static void refuse_topic(struct cursor *c, int16_t version, struct buf *out)
{
	struct span name = cursor_string16(c);
	int32_t n = cursor_array32(c, 8);

	buf_be16(out, (uint16_t)name.n);
	buf_add(out, name.p, name.n);
	buf_be32(out, (uint32_t)(n > 0 ? n : 0));
	for (int32_t i = 0; i < n && !c->error; i++)
		refuse_partition(c, version, out);
}

int legacy_refuse(struct session *s, const struct kafka_request *r, struct span frame)
{
	struct buf *out = &s->worker->kafka.out;
	struct cursor c = cursor_span(frame);

	s->link.fault = CLOSE_UNSUPPORTED;
	if (r->version < 0 || r->version > LEGACY_LAST)
		return E_UNSUPPORTED;
	worker_log_peer(s, LOG_LEVEL_WARN, "Produce below version 3 is refused; its records cannot be judged");
	cursor_skip(&c, 8);                      /* key, version, correlation */
	(void)cursor_string16(&c);               /* client id */
	int16_t acks = (int16_t)cursor_be16(&c);
	cursor_skip(&c, 4);                      /* timeout */
	int32_t n = cursor_array32(&c, 6);
	if (c.error || acks == 0)
		return E_UNSUPPORTED;
	buf_clear(out);
	buf_be32(out, 0);
	buf_be32(out, (uint32_t)r->correlation);
	buf_be32(out, (uint32_t)(n > 0 ? n : 0));
	for (int32_t i = 0; i < n && !c.error; i++)
		refuse_topic(&c, r->version, out);
	if (r->version >= 1)
		buf_be32(out, 0);                /* throttle time */
	if (c.error)
		return c.error;
	int error = kafka_frame_end(out, 0);
	return error ? error : request_answer(s, kafka_row_find(r->key), r, buf_span(out));
}
