/* Request and response headers. Owner: kafka; workers. */
#include "kafka/frame.h"

static void skip_tags(struct cursor *c)
{
	for (uint32_t left = cursor_uvarint(c); left && !c->error; left--) {
		cursor_uvarint(c);
		cursor_skip(c, cursor_uvarint(c));
	}
}

int kafka_request_open(struct kafka_request *r, struct span frame)
{
	struct cursor c = cursor_span(frame);

	*r = (struct kafka_request){ .key = -1 };
	if (frame.n < 8)
		return E_TRUNCATED;
	r->key = (int16_t)cursor_be16(&c);
	r->version = (int16_t)cursor_be16(&c);
	r->correlation = (int32_t)cursor_be32(&c);
	r->api = kafka_api_find(r->key);
	r->client_id = cursor_string16(&c);
	if (c.error)
		return c.error;
	if (!kafka_api_has(r->api, r->version))
		return E_UNSUPPORTED;
	if (kafka_request_header(r->api, r->version) == 2)
		skip_tags(&c);
	r->body = (size_t)(c.p - frame.p);
	return c.error;
}

int kafka_response_open(struct kafka_response *r, const struct kafka_api *api, int16_t version, struct span frame)
{
	struct cursor c = cursor_span(frame);

	r->correlation = (int32_t)cursor_be32(&c);
	if (kafka_response_header(api, version) == 1)
		skip_tags(&c);
	r->body = (size_t)(c.p - frame.p);
	return c.error;
}

size_t kafka_frame_begin(struct buf *out, const struct kafka_api *api, int16_t version, int32_t correlation)
{
	size_t start = out->n;

	buf_be32(out, 0);
	buf_be32(out, (uint32_t)correlation);
	if (kafka_response_header(api, version) == 1)
		buf_u8(out, 0);
	return start;
}

int kafka_frame_end(struct buf *out, size_t start)
{
	if (buf_error(out))
		return buf_error(out);
	size_t n = out->n - start - KAFKA_SIZE_BYTES;
	if (n > INT32_MAX)
		return E_LIMIT;
	uint32_t size = __builtin_bswap32((uint32_t)n);
	memcpy(out->p + start, &size, sizeof size);
	return 0;
}
