/* Record batches read: header, checksum, records. Owner: kafka; workers. */
#include "base/hash.h"
#include "kafka/batch.h"

#define LENGTH_AT 8             /* batchLength counts from 12 on */
#define LENGTH_END 12
#define MAGIC_AT 16
#define CRC_AT 17
#define CRC_FROM 21             /* first byte under the CRC */

static int malformed(struct kafka_batch *b, enum kafka_batch_fault fault)
{
	if (b->fault == KAFKA_BATCH_OK)
		b->fault = fault;
	return E_MALFORMED;
}

static void read_header(struct kafka_batch *b)
{
	struct cursor c = cursor_span(b->bytes);

	b->base_offset = (int64_t)cursor_be64(&c);
	cursor_skip(&c, 4);
	b->leader_epoch = (int32_t)cursor_be32(&c);
	cursor_skip(&c, 1);
	b->crc = cursor_be32(&c);
	b->attributes = (int16_t)cursor_be16(&c);
	b->last_offset_delta = (int32_t)cursor_be32(&c);
	b->base_timestamp = (int64_t)cursor_be64(&c);
	b->max_timestamp = (int64_t)cursor_be64(&c);
	b->producer_id = (int64_t)cursor_be64(&c);
	b->producer_epoch = (int16_t)cursor_be16(&c);
	b->base_sequence = (int32_t)cursor_be32(&c);
	b->count = (int32_t)cursor_be32(&c);
	b->body = cursor_rest(&c);
}

int kafka_batch_open(struct kafka_batch *b, struct cursor *set)
{
	*b = (struct kafka_batch){ .magic = -1 };
	if (set->error)
		return set->error;
	if (cursor_left(set) == 0)
		return E_EOF;
	if (cursor_left(set) <= MAGIC_AT)
		return E_TRUNCATED;
	uint32_t word;
	memcpy(&word, set->p + LENGTH_AT, sizeof word);
	int32_t length = (int32_t)__builtin_bswap32(word);
	b->magic = (int8_t)set->p[MAGIC_AT];
	if (length < MAGIC_AT + 1 - LENGTH_END)
		return malformed(b, KAFKA_BATCH_LENGTH);
	if ((size_t)length > cursor_left(set) - LENGTH_END)
		return E_TRUNCATED;
	b->bytes = span_of(set->p, LENGTH_END + (size_t)length);
	cursor_skip(set, b->bytes.n);
	if (b->magic < 0)
		return malformed(b, KAFKA_BATCH_MAGIC);
	if (b->magic != 2)
		return E_UNSUPPORTED;
	if (b->bytes.n < KAFKA_BATCH_HEADER)
		return malformed(b, KAFKA_BATCH_SHORT);
	read_header(b);
	return 0;
}

bool kafka_batch_crc_holds(const struct kafka_batch *b)
{
	return b->crc == crc32c(0, b->bytes.p + CRC_FROM, b->bytes.n - CRC_FROM);
}

int kafka_batch_check(struct kafka_batch *b)
{
	if (b->base_offset != 0)
		return malformed(b, KAFKA_BATCH_BASE_OFFSET);
	if (b->count <= 0 || b->last_offset_delta != b->count - 1)
		return malformed(b, KAFKA_BATCH_COUNT);
	if (b->attributes & KAFKA_BATCH_CONTROL)
		return malformed(b, KAFKA_BATCH_CONTROL_BIT);
	if (b->attributes & KAFKA_BATCH_LOG_APPEND)
		return malformed(b, KAFKA_BATCH_TIMESTAMP_TYPE);
	if (b->producer_id >= 0 && b->base_sequence < 0)
		return malformed(b, KAFKA_BATCH_SEQUENCE);
	return 0;
}

int kafka_batch_inflate(struct kafka_batch *b, struct compress *z, struct buf *scratch, size_t cap)
{
	enum compress_codec codec = b->attributes & KAFKA_BATCH_CODEC;

	b->plain = b->body;
	if (codec >= COMPRESS_COUNT)
		return malformed(b, KAFKA_BATCH_CODEC_NUMBER);
	if (codec != COMPRESS_NONE) {
		buf_clear(scratch);
		int error = compress_inflate(z, codec, b->body, scratch, cap);
		if (error == E_MALFORMED || error == E_TRUNCATED)
			return malformed(b, KAFKA_BATCH_COMPRESSION);
		if (error)
			return error;
		b->plain = buf_span(scratch);
	} else if (b->body.n > cap) {
		return E_LIMIT;
	}
	b->records = cursor_span(b->plain);
	b->next = 0;
	return 0;
}

/* Nearly every varint of a record has one byte or two; others are read byte by byte. A failed
 * cursor is at its end. */
static inline bool short_uvarint(struct cursor *c, uint32_t *v)
{
	if (unlikely(c->p == c->end))
		return false;
	*v = *c->p;
	if (*v < 0x80) {
		c->p++;
		return true;
	}
	if (unlikely(c->end - c->p < 2 || c->p[1] >= 0x80))
		return false;
	*v = (*v & 0x7f) | (uint32_t)c->p[1] << 7;
	c->p += 2;
	return true;
}

static inline int32_t varint(struct cursor *c)
{
	uint32_t v;

	return likely(short_uvarint(c, &v)) ? (int32_t)(v >> 1) ^ -(int32_t)(v & 1) : cursor_varint(c);
}

static inline int64_t varlong(struct cursor *c)
{
	uint32_t v;

	return likely(short_uvarint(c, &v)) ? (int64_t)(v >> 1) ^ -(int64_t)(v & 1) : cursor_varlong(c);
}

static inline struct span varbytes(struct cursor *c)
{
	int32_t n = varint(c);

	if (unlikely(n < 0)) {
		if (n != -1)
			cursor_fail(c, E_MALFORMED);
		return SPAN_NULL;
	}
	const uint8_t *p = cursor_take(c, (size_t)n);
	return p ? span_of(p, (size_t)n) : SPAN_NULL;
}

static bool skip_headers(struct cursor *c, int32_t n)
{
	while (n-- > 0) {
		int32_t name = varint(c);
		if (name < 0)
			return false;
		cursor_skip(c, (size_t)name);
		varbytes(c);
		if (c->error)
			return false;
	}
	return !c->error && cursor_left(c) == 0;
}

static bool stop(struct kafka_batch *b, enum kafka_batch_fault fault)
{
	(void)malformed(b, fault);
	return false;
}

bool kafka_batch_next(struct kafka_batch *b, struct kafka_record *r)
{
	if (b->next >= b->count) {
		if (cursor_left(&b->records) != 0)
			return stop(b, KAFKA_BATCH_TRAILING);
		return false;
	}
	struct cursor c = cursor_sub(&b->records, varint(&b->records));
	if (b->records.error)
		return stop(b, KAFKA_BATCH_RECORD_LENGTH);
	r->bytes = span_of(c.p, cursor_left(&c));
	cursor_skip(&c, 1);                         /* attributes: none defined */
	r->timestamp = (int64_t)((uint64_t)b->base_timestamp + (uint64_t)varlong(&c));
	r->index = varint(&c);
	r->key = varbytes(&c);
	r->value = varbytes(&c);
	r->nheaders = varint(&c);
	if (c.error || r->nheaders < 0)
		return stop(b, KAFKA_BATCH_RECORD);
	if (r->index != b->next)
		return stop(b, KAFKA_BATCH_OFFSET);
	r->headers = span_of(c.p, cursor_left(&c));
	if (r->nheaders ? !skip_headers(&c, r->nheaders) : cursor_left(&c) != 0)
		return stop(b, KAFKA_BATCH_HEADERS);
	b->next++;
	return true;
}

bool kafka_header_next(struct span *headers, struct span *name, struct span *value)
{
	struct cursor c = cursor_span(*headers);

	if (headers->n == 0)
		return false;
	*name = cursor_varbytes(&c);
	*value = cursor_varbytes(&c);
	*headers = cursor_rest(&c);
	return !c.error;
}

const char *kafka_batch_reason(enum kafka_batch_fault fault)
{
	static const char *const texts[] = {
		[KAFKA_BATCH_OK] = "",
#define FAULT(name, text) [KAFKA_BATCH_##name] = text,
#include "kafka/fault.def"
#undef FAULT
	};

	return (unsigned)fault < ARRAY_LEN(texts) ? texts[fault] : "";
}
