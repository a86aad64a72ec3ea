/* Record batches written again with headers added. Owner: kafka; workers. */
#include "base/hash.h"
#include "kafka/batch.h"

#define LENGTH_AT 8
#define LENGTH_END 12
#define CRC_AT 17
#define CRC_FROM 21

static size_t varint_size(int64_t v)
{
	uint64_t u = ((uint64_t)v << 1) ^ (uint64_t)(v >> 63);
	size_t n = 1;

	for (; u >= 0x80; u >>= 7)
		n++;
	return n;
}

static size_t varbytes_size(struct span s)
{
	return varint_size(span_is_null(s) ? -1 : (int64_t)s.n) + s.n;
}

static void put_varbytes(struct buf *out, struct span s)
{
	buf_varint(out, span_is_null(s) ? -1 : (int32_t)s.n);
	buf_add(out, s.p, s.n);
}

/* The record's bytes before its count of headers. */
static struct span before_headers(const struct kafka_record *r)
{
	struct cursor c = cursor_span(r->bytes);

	cursor_skip(&c, 1);
	cursor_varlong(&c);
	cursor_varint(&c);
	cursor_varbytes(&c);
	cursor_varbytes(&c);
	return span_of(r->bytes.p, (size_t)(c.p - r->bytes.p));
}

/* The record with the first n marks added. */
static void put_marked(const struct kafka_record *r, const struct kafka_mark *marks, size_t n, struct buf *out)
{
	struct span head = before_headers(r);
	int64_t count = r->nheaders + (int64_t)n;
	size_t size = head.n + varint_size(count) + r->headers.n;

	for (size_t i = 0; i < n; i++)
		size += varbytes_size(marks[i].name) + varbytes_size(marks[i].value);
	if (size > INT32_MAX || count > INT32_MAX) {
		out->error = E_LIMIT;
		return;
	}
	buf_varint(out, (int32_t)size);
	buf_add(out, head.p, head.n);
	buf_varint(out, (int32_t)count);
	buf_add(out, r->headers.p, r->headers.n);
	for (size_t i = 0; i < n; i++) {
		put_varbytes(out, marks[i].name);
		put_varbytes(out, marks[i].value);
	}
}

/* Plain records with the marks; what lies between marked ones is copied in one piece. */
static int put_records(const struct kafka_batch *b, const struct kafka_mark *marks, size_t n, struct buf *out)
{
	struct kafka_batch it = *b;
	struct kafka_record r;
	const uint8_t *copied = b->plain.p;

	it.records = cursor_span(b->plain);
	it.next = 0;
	for (const uint8_t *start = copied; kafka_batch_next(&it, &r); start = it.records.p) {
		size_t same = 0;
		while (same < n && marks[same].index == r.index)
			same++;
		if (!same)
			continue;
		buf_add(out, copied, (size_t)(start - copied));
		put_marked(&r, marks, same, out);
		copied = it.records.p;
		marks += same;
		n -= same;
	}
	if (kafka_batch_error(&it) || n)
		return E_MALFORMED;
	buf_add(out, copied, (size_t)(b->plain.p + b->plain.n - copied));
	return buf_error(out);
}

static void patch32(uint8_t *p, uint32_t v)
{
	v = __builtin_bswap32(v);
	memcpy(p, &v, sizeof v);
}

static int seal(struct buf *out, size_t start)
{
	size_t n = out->n - start;

	if (buf_error(out))
		return buf_error(out);
	if (n > INT32_MAX)
		return E_LIMIT;
	uint8_t *p = out->p + start;
	patch32(p + LENGTH_AT, (uint32_t)(n - LENGTH_END));
	patch32(p + CRC_AT, crc32c(0, p + CRC_FROM, n - CRC_FROM));
	return 0;
}

int kafka_batch_mark(const struct kafka_batch *b, const struct kafka_mark *marks, size_t n, struct compress *z, struct buf *scratch, struct buf *out)
{
	enum compress_codec codec = b->attributes & KAFKA_BATCH_CODEC;
	size_t start = out->n;
	int error;

	buf_add(out, b->bytes.p, KAFKA_BATCH_HEADER);
	if (codec == COMPRESS_NONE) {
		error = put_records(b, marks, n, out);
	} else {
		buf_clear(scratch);
		error = put_records(b, marks, n, scratch);
		if (!error)
			error = compress_deflate(z, codec, buf_span(scratch), b->body, out);
	}
	return error ? error : seal(out, start);
}
