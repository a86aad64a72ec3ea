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

static bool skip_headers(struct cursor *c, int32_t n)
{
	while (n-- > 0) {
		int32_t name = cursor_varint(c);
		if (name < 0)
			return false;
		cursor_skip(c, (size_t)name);
		cursor_varbytes(c);
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

/* Any record, and what is wrong with one. */
static NOINLINE bool next_record(struct kafka_batch *b, struct kafka_record *r)
{
	struct cursor c = cursor_sub(&b->records, cursor_varint(&b->records));
	if (b->records.error)
		return stop(b, KAFKA_BATCH_RECORD_LENGTH);
	r->bytes = span_of(c.p, cursor_left(&c));
	cursor_skip(&c, 1);                         /* attributes: none defined */
	r->timestamp = (int64_t)((uint64_t)b->base_timestamp + (uint64_t)cursor_varlong(&c));
	r->index = cursor_varint(&c);
	r->key = cursor_varbytes(&c);
	r->value = cursor_varbytes(&c);
	r->nheaders = cursor_varint(&c);
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

/* ---- the usual record: varints of one byte or two, and more records behind it ----
 *
 * Read without a cursor: what lies behind the record can be read, and that its lengths were
 * right is seen at its end, so that no field asks whether it is there. Anything else is left to
 * next_record, which says what is wrong. 121 instructions for 101 bytes of telemetry, 217 of
 * the cursor's. */

#define USUAL_LEAST 6u                  /* bytes of a record: six fields */
#define USUAL_SLACK 8u                  /* read beyond it at most, before its length is held to its fields */

/* The varint before it is zigzagged. Of more than two bytes: at least SHORT_END. */
#define SHORT_END (1u << 14)

static inline const uint8_t *short_varint(const uint8_t *p, uint32_t *v)
{
	*v = p[0];
	if (*v < 0x80)
		return p + 1;
	*v = (*v & 0x7f) | (uint32_t)p[1] << 7;         /* a third byte makes the second 0x80 and more */
	return p + 2;
}

/* What is negative is odd, and becomes more than any record has. */
static inline ptrdiff_t short_length(uint32_t varint)
{
	return (ptrdiff_t)(varint >> 1 | varint << 31);
}

/* A length of -1 is null. What is wrong, or longer than the rest, is no usual record; so is what has a varint of more
 * than two bytes, which is longer than any usual record. */
static inline bool short_bytes(const uint8_t **p, const uint8_t *end, struct span *out)
{
	uint32_t varint;

	*p = short_varint(*p, &varint);
	if (varint == 1) {
		*out = SPAN_NULL;
		return true;
	}
	ptrdiff_t n = short_length(varint);
	if (unlikely(n > end - *p))
		return false;
	*out = span_of(*p, (size_t)n);
	*p += n;
	return true;
}

static inline bool usual_headers(const uint8_t *p, const uint8_t *end, int32_t n)
{
	struct span name, value;

	while (n-- > 0) {
		if (!short_bytes(&p, end, &name) || span_is_null(name) || !short_bytes(&p, end, &value))
			return false;
	}
	return p == end;
}

static inline bool usual_record(const struct kafka_batch *b, struct kafka_record *r)
{
	uint32_t size, timestamp, index, headers;
	const uint8_t *p = b->records.p, *last = b->records.end;

	if (last - p < 2 + (ptrdiff_t)(USUAL_LEAST + USUAL_SLACK))
		return false;
	p = short_varint(p, &size);
	if (size < 2 * USUAL_LEAST || size >= SHORT_END || short_length(size) > last - p - (ptrdiff_t)USUAL_SLACK)
		return false;
	const uint8_t *end = p + size / 2;
	r->bytes = span_of(p, size / 2);
	p = short_varint(p + 1, &timestamp);
	p = short_varint(p, &index);
	if (unlikely(timestamp >= SHORT_END || index >= SHORT_END || index != 2 * (uint32_t)b->next))
		return false;
	r->index = b->next;
	r->timestamp = (int64_t)((uint64_t)b->base_timestamp + ((timestamp >> 1) ^ -(uint64_t)(timestamp & 1)));
	if (!short_bytes(&p, end, &r->key) || !short_bytes(&p, end, &r->value))
		return false;
	p = short_varint(p, &headers);
	if (unlikely(headers >= SHORT_END || headers & 1))
		return false;
	r->nheaders = (int32_t)headers / 2;
	r->headers = (struct span){ p, (size_t)(end - p) };
	return usual_headers(p, end, r->nheaders);
}

bool kafka_batch_next(struct kafka_batch *b, struct kafka_record *r)
{
	if (b->next >= b->count) {
		if (cursor_left(&b->records) != 0)
			return stop(b, KAFKA_BATCH_TRAILING);
		return false;
	}
	if (unlikely(!usual_record(b, r)))
		return next_record(b, r);
	b->records.p = r->bytes.p + r->bytes.n;
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
