/* Record batches: what Java's MemoryRecords wrote is read, marked and refused. */
#include "base/hash.h"
#include "kafka/batch.h"
#include "unit.h"
#include "vector.h"

#define TIME INT64_C(1700000000000)
#define CAP (1 << 20)

static struct compress *z;
static struct buf scratch, work, out;

static void setup(void)
{
	z = compress_new();
	buf_init(&scratch, 0);
	buf_init(&work, 0);
	buf_init(&out, 0);
}

static void teardown(void)
{
	compress_free(z);
	buf_fini(&scratch);
	buf_fini(&work);
	buf_fini(&out);
}

static struct kafka_batch opened(struct span bytes)
{
	struct cursor set = cursor_span(bytes);
	struct kafka_batch b;

	ck_assert_int_eq(kafka_batch_open(&b, &set), 0);
	ck_assert_uint_eq(cursor_left(&set), 0);
	return b;
}

/* Bytes with one changed; the CRC is made true again when asked for. */
static struct span changed(struct span from, size_t at, uint8_t value, bool crc)
{
	uint8_t *p = vector_alloc(from.n);

	memcpy(p, from.p, from.n);
	p[at] = value;
	if (crc) {
		uint32_t sum = __builtin_bswap32(crc32c(0, p + 21, from.n - 21));
		memcpy(p + 17, &sum, 4);
	}
	return span_of(p, from.n);
}

static void check_records(struct kafka_batch *b)
{
	struct kafka_record r;
	struct span name, value;

	ck_assert(kafka_batch_next(b, &r));
	ck_assert_int_eq(r.index, 0);
	ck_assert_int_eq(r.timestamp, TIME);
	ck_assert(span_is_null(r.key));
	ck_assert(span_is(r.value, "{\"lumens\": 100}"));
	ck_assert_int_eq(r.nheaders, 0);

	ck_assert(kafka_batch_next(b, &r));
	ck_assert_int_eq(r.timestamp, TIME + 5);
	ck_assert(span_is(r.key, "k1"));
	ck_assert(span_is_null(r.value));
	ck_assert_int_eq(r.nheaders, 2);
	ck_assert(kafka_header_next(&r.headers, &name, &value));
	ck_assert(span_is(name, "origin") && span_is(value, "readme"));
	ck_assert(kafka_header_next(&r.headers, &name, &value));
	ck_assert(span_is(name, "nothing") && span_is_null(value));
	ck_assert(!kafka_header_next(&r.headers, &name, &value));

	ck_assert(kafka_batch_next(b, &r));
	ck_assert_int_eq(r.index, 2);
	ck_assert_int_eq(r.timestamp, TIME - 3);
	ck_assert(!span_is_null(r.key) && r.key.n == 0);
	ck_assert_uint_eq(r.value.n, 300);
	ck_assert(!kafka_batch_next(b, &r));
	ck_assert_int_eq(kafka_batch_error(b), 0);
}

START_TEST(reads_the_header)
{
	setup();
	struct kafka_batch b = opened(vector("batch/transactional"));
	ck_assert_int_eq(b.magic, 2);
	ck_assert_int_eq(b.base_offset, 0);
	ck_assert_int_eq(b.leader_epoch, -1);
	ck_assert_int_eq(b.attributes, KAFKA_BATCH_TRANSACTIONAL);
	ck_assert_int_eq(b.last_offset_delta, 2);
	ck_assert_int_eq(b.base_timestamp, TIME);
	ck_assert_int_eq(b.max_timestamp, TIME + 5);
	ck_assert_int_eq(b.producer_id, 4242);
	ck_assert_int_eq(b.producer_epoch, 7);
	ck_assert_int_eq(b.base_sequence, 1000);
	ck_assert_int_eq(b.count, 3);
	ck_assert(kafka_batch_crc_holds(&b));
	ck_assert_int_eq(kafka_batch_check(&b), 0);
	teardown();
}
END_TEST

START_TEST(reads_records_of_every_codec)
{
	static const char *const codecs[] = { "none", "gzip", "snappy", "lz4", "zstd" };

	setup();
	for (size_t i = 0; i < ARRAY_LEN(codecs); i++) {
		struct kafka_batch b = opened(vector("batch/%s", codecs[i]));
		ck_assert(kafka_batch_crc_holds(&b));
		ck_assert_int_eq(b.attributes & KAFKA_BATCH_CODEC, (int)i);
		ck_assert_int_eq(kafka_batch_inflate(&b, z, &scratch, CAP), 0);
		check_records(&b);
		ck_assert_int_eq(kafka_batch_inflate(&b, z, &scratch, CAP), 0);
		check_records(&b);
	}
	teardown();
}
END_TEST

START_TEST(inflating_is_bounded)
{
	setup();
	struct kafka_batch b = opened(vector("batch/gzip"));
	ck_assert_int_eq(kafka_batch_inflate(&b, z, &scratch, 100), E_LIMIT);
	b = opened(vector("batch/none"));
	ck_assert_int_eq(kafka_batch_inflate(&b, z, &scratch, 100), E_LIMIT);
	teardown();
}
END_TEST

START_TEST(recognises_old_magic)
{
	for (int magic = 0; magic < 2; magic++) {
		struct span bytes = vector("batch/magic%d", magic);
		struct cursor set = cursor_span(bytes);
		struct kafka_batch b;
		ck_assert_int_eq(kafka_batch_open(&b, &set), E_UNSUPPORTED);
		ck_assert_int_eq(b.magic, magic);
		ck_assert_uint_eq(cursor_left(&set), 0);
	}
}
END_TEST

START_TEST(several_batches_in_a_set)
{
	struct span one = vector("batch/none"), two = vector("batch/gzip");
	uint8_t *p = malloc(one.n + two.n);
	struct cursor set = cursor_of(p, one.n + two.n);
	struct kafka_batch b;

	memcpy(p, one.p, one.n);
	memcpy(p + one.n, two.p, two.n);
	ck_assert_int_eq(kafka_batch_open(&b, &set), 0);
	ck_assert_uint_eq(b.bytes.n, one.n);
	ck_assert_int_eq(kafka_batch_open(&b, &set), 0);
	ck_assert_uint_eq(b.bytes.n, two.n);
	ck_assert_int_eq(kafka_batch_open(&b, &set), E_EOF);
	free(p);
}
END_TEST

START_TEST(cut_at_every_byte)
{
	struct span whole = vector("batch/none");

	for (size_t n = 1; n < whole.n; n++) {
		uint8_t *p = malloc(n);
		memcpy(p, whole.p, n);
		struct cursor set = cursor_of(p, n);
		struct kafka_batch b;
		ck_assert_int_eq(kafka_batch_open(&b, &set), E_TRUNCATED);
		free(p);
	}
}
END_TEST

/* What the header may not say, facts of LogValidator: offset, value, fault. */
START_TEST(refuses_headers_that_a_broker_refuses)
{
	static const struct {
		size_t at;
		uint8_t value;
		enum kafka_batch_fault fault;
	} cases[] = {
		{ 7, 1, KAFKA_BATCH_BASE_OFFSET }, { 60, 4, KAFKA_BATCH_COUNT },
		{ 26, 3, KAFKA_BATCH_COUNT }, { 57, 0x80, KAFKA_BATCH_COUNT },
		{ 22, KAFKA_BATCH_CONTROL, KAFKA_BATCH_CONTROL_BIT }, { 22, KAFKA_BATCH_LOG_APPEND, KAFKA_BATCH_TIMESTAMP_TYPE },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct kafka_batch b = opened(changed(vector("batch/none"), cases[i].at, cases[i].value, true));
		ck_assert_int_eq(kafka_batch_check(&b), E_MALFORMED);
		ck_assert_int_eq(b.fault, cases[i].fault);
		ck_assert_str_ne(kafka_batch_reason(b.fault), "");
	}
	struct kafka_batch b = opened(changed(vector("batch/transactional"), 53, 0xff, true));
	ck_assert_int_eq(kafka_batch_check(&b), E_MALFORMED);
	ck_assert_int_eq(b.fault, KAFKA_BATCH_SEQUENCE);
	b = opened(vector("batch/control"));
	ck_assert_int_eq(kafka_batch_check(&b), E_MALFORMED);
	b = opened(vector("batch/log-append"));
	ck_assert_int_eq(kafka_batch_check(&b), E_MALFORMED);
}
END_TEST

START_TEST(refuses_impossible_envelopes)
{
	struct kafka_batch b;
	struct span bad = changed(vector("batch/none"), 8, 0x80, false);
	struct cursor set = cursor_span(bad);
	ck_assert_int_eq(kafka_batch_open(&b, &set), E_MALFORMED);
	ck_assert_int_eq(b.fault, KAFKA_BATCH_LENGTH);

	bad = changed(vector("batch/none"), 16, 0xff, false);
	set = cursor_span(bad);
	ck_assert_int_eq(kafka_batch_open(&b, &set), E_MALFORMED);
	ck_assert_int_eq(b.fault, KAFKA_BATCH_MAGIC);

	bad = changed(changed(vector("batch/none"), 10, 0, false), 11, 30, false);
	set = cursor_span(bad);
	ck_assert_int_eq(kafka_batch_open(&b, &set), E_MALFORMED);
	ck_assert_int_eq(b.fault, KAFKA_BATCH_SHORT);

	bad = changed(vector("batch/none"), 16, 3, false);
	set = cursor_span(bad);
	ck_assert_int_eq(kafka_batch_open(&b, &set), E_UNSUPPORTED);

	setup();
	b = opened(changed(vector("batch/none"), 22, 5, true));
	ck_assert_int_eq(kafka_batch_inflate(&b, z, &scratch, CAP), E_MALFORMED);
	ck_assert_int_eq(b.fault, KAFKA_BATCH_CODEC_NUMBER);
	b = opened(changed(vector("batch/gzip"), 61, 0, true));
	ck_assert_int_eq(kafka_batch_inflate(&b, z, &scratch, CAP), E_MALFORMED);
	ck_assert_int_eq(b.fault, KAFKA_BATCH_COMPRESSION);
	teardown();
}
END_TEST

static enum kafka_batch_fault fault_of(struct span bytes)
{
	struct kafka_batch b = opened(bytes);
	struct kafka_record r;

	ck_assert_int_eq(kafka_batch_inflate(&b, z, &scratch, CAP), 0);
	while (kafka_batch_next(&b, &r))
		;
	return b.fault;
}

/* The first record of batch/none, from byte 61: length 21 (2a), attributes, time, offset, key -1 (01), value
 * length 15 (1e), 15 bytes, no headers (00). */
START_TEST(refuses_records_that_do_not_add_up)
{
	struct span whole = vector("batch/none");

	setup();
	ck_assert_uint_eq(whole.p[61], 0x2a);
	ck_assert_uint_eq(whole.p[66], 0x1e);
	ck_assert_int_eq(fault_of(whole), KAFKA_BATCH_OK);
	ck_assert_int_eq(fault_of(changed(whole, 61, 0x29, true)), KAFKA_BATCH_RECORD_LENGTH);   /* -21 */
	ck_assert_int_eq(fault_of(changed(whole, 61, 0x28, true)), KAFKA_BATCH_RECORD);          /* too short */
	ck_assert_int_eq(fault_of(changed(whole, 61, 0x2c, true)), KAFKA_BATCH_HEADERS);         /* too long */
	ck_assert_int_eq(fault_of(changed(whole, 64, 0x02, true)), KAFKA_BATCH_OFFSET);          /* delta 1 */
	ck_assert_int_eq(fault_of(changed(whole, 65, 0x03, true)), KAFKA_BATCH_RECORD);          /* key length -2 */
	ck_assert_int_eq(fault_of(changed(whole, 66, 0x1c, true)), KAFKA_BATCH_RECORD);          /* value eats less: header count -63 */
	ck_assert_int_eq(fault_of(changed(whole, 82, 0x01, true)), KAFKA_BATCH_RECORD);          /* -1 headers */
	ck_assert_int_eq(fault_of(changed(whole, 82, 0x02, true)), KAFKA_BATCH_HEADERS);         /* one that is not there */
	ck_assert_int_eq(fault_of(changed(whole, 60, 2, true)), KAFKA_BATCH_TRAILING);
	ck_assert_int_eq(fault_of(changed(whole, 60, 4, true)), KAFKA_BATCH_RECORD_LENGTH);
	teardown();
}
END_TEST

START_TEST(crc_tells_a_changed_byte)
{
	struct span whole = vector("batch/none");

	for (size_t at = 21; at < whole.n; at++) {
		struct span bad = changed(whole, at, whole.p[at] ^ 0x10, false);
		struct cursor set = cursor_span(bad);
		struct kafka_batch b;
		ck_assert_int_eq(kafka_batch_open(&b, &set), 0);
		ck_assert(!kafka_batch_crc_holds(&b));
	}
}
END_TEST

static const struct kafka_mark marks[] = {
	{ 1, SPAN_LIT("mark"), SPAN_LIT("why") }, { 1, SPAN_LIT("nothing"), { NULL, 0 } },
	{ 2, SPAN_LIT("mark"), SPAN_LIT("why") }, { 2, SPAN_LIT("nothing"), { NULL, 0 } },
};

static void mark(const char *name, const struct kafka_mark *m, size_t n)
{
	struct kafka_batch b = opened(vector("%s", name));

	buf_clear(&out);
	ck_assert_int_eq(kafka_batch_inflate(&b, z, &scratch, CAP), 0);
	ck_assert_int_eq(kafka_batch_mark(&b, m, n, z, &work, &out), 0);
}

START_TEST(marks_like_java_would_have_written)
{
	static const struct kafka_mark once[] = { { 1, SPAN_LIT("mark"), SPAN_LIT("why") }, { 2, SPAN_LIT("mark"), SPAN_LIT("why") } };

	setup();
	mark("batch/none", once, 2);
	ck_assert(span_eq(buf_span(&out), vector("batch/none/marked")));
	mark("batch/transactional", once, 2);
	ck_assert(span_eq(buf_span(&out), vector("batch/transactional/marked")));
	mark("batch/none", marks, 4);
	ck_assert(span_eq(buf_span(&out), vector("batch/none/marked-twice")));
	mark("batch/none", NULL, 0);
	ck_assert(span_eq(buf_span(&out), vector("batch/none")));
	teardown();
}
END_TEST

START_TEST(marks_compressed_batches)
{
	static const char *const codecs[] = { "gzip", "snappy", "lz4", "zstd" };

	setup();
	for (size_t i = 0; i < ARRAY_LEN(codecs); i++) {
		char name[32];
		snprintf(name, sizeof name, "batch/%s", codecs[i]);
		struct kafka_batch before = opened(vector("%s", name));
		mark(name, marks, 4);
		struct kafka_batch b = opened(buf_span(&out));
		ck_assert(kafka_batch_crc_holds(&b));
		ck_assert_int_eq(kafka_batch_check(&b), 0);
		ck_assert_int_eq(b.attributes, before.attributes);
		ck_assert_int_eq(b.count, 3);
		ck_assert_int_eq(memcmp(b.body.p, before.body.p, 4), 0);      /* the codec's own magic, xerial's too */
		ck_assert_int_eq(kafka_batch_inflate(&b, z, &scratch, CAP), 0);
		struct kafka_batch plain = opened(vector("batch/none/marked-twice"));
		ck_assert(span_eq(b.plain, plain.body));
	}
	teardown();
}
END_TEST

START_TEST(does_not_mark_what_is_not_there)
{
	static const struct kafka_mark late = { 3, SPAN_LIT("mark"), { NULL, 0 } };
	setup();
	struct kafka_batch b = opened(vector("batch/none"));

	ck_assert_int_eq(kafka_batch_inflate(&b, z, &scratch, CAP), 0);
	ck_assert_int_eq(kafka_batch_mark(&b, &late, 1, z, &work, &out), E_MALFORMED);
	struct buf small;
	buf_init(&small, 100);
	ck_assert_int_eq(kafka_batch_mark(&b, marks, 4, z, &work, &small), E_LIMIT);
	buf_fini(&small);
	teardown();
}
END_TEST

/* Lengths at which a varint becomes longer, of values, keys and header values; -1: null. */
static const int32_t lengths[] = { -1, 0, 1, 50, 55, 63, 64, 65, 8000, 8170, 8191, 8192, 8193, 20000 };

static int32_t length_of(int32_t i, int what)
{
	return lengths[(size_t)(i * (what + 1) + what) % (i % 3 ? 5 : ARRAY_LEN(lengths))];
}

static void put_bytes(struct buf *to, int32_t n, const uint8_t *from)
{
	buf_varint(to, n);
	if (n > 0)
		buf_add(to, from, (size_t)n);
}

static void put_record(struct buf *to, struct buf *one, int32_t i, const uint8_t *from)
{
	buf_clear(one);
	buf_u8(one, 0);
	buf_varint(one, i * 7 - 9000);
	buf_varint(one, i);
	put_bytes(one, length_of(i, 0), from);
	put_bytes(one, length_of(i, 1), from);
	buf_varint(one, i % 4);
	for (int h = 0; h < i % 4; h++) {
		put_bytes(one, 1 + h * 70, from);
		put_bytes(one, length_of(i, 2 + h), from);
	}
	buf_varint(to, (int32_t)one->n);
	buf_add(to, one->p, one->n);
}

static bool has_length(struct span s, int32_t n)
{
	return n < 0 ? span_is_null(s) : !span_is_null(s) && s.n == (size_t)n;
}

static void check_record(const struct kafka_record *r, int32_t i)
{
	struct span rest = r->headers, name, value;

	ck_assert_int_eq(r->timestamp, TIME + i * 7 - 9000);
	ck_assert_int_eq(r->index, i);
	ck_assert(has_length(r->key, length_of(i, 0)) && has_length(r->value, length_of(i, 1)));
	ck_assert_int_eq(r->nheaders, i % 4);
	for (int h = 0; h < r->nheaders; h++)
		ck_assert(kafka_header_next(&rest, &name, &value) && has_length(name, 1 + h * 70) && has_length(value, length_of(i, 2 + h)));
}

/* Short and long ones beside each other, in a batch that ends with its last byte. */
START_TEST(reads_records_of_all_sizes)
{
	enum { COUNT = 9000 };
	static uint8_t bytes[20000];
	struct kafka_record r;

	setup();
	for (int32_t i = 0; i < COUNT; i++)
		put_record(&out, &work, i, bytes);
	uint8_t *exact = vector_alloc(out.n);
	memcpy(exact, out.p, out.n);
	struct kafka_batch b = { .magic = 2, .count = COUNT, .base_timestamp = TIME, .records = cursor_of(exact, out.n) };
	for (int32_t i = 0; i < COUNT; i++) {
		ck_assert(kafka_batch_next(&b, &r));
		check_record(&r, i);
	}
	ck_assert(!kafka_batch_next(&b, &r));
	ck_assert_int_eq(kafka_batch_error(&b), 0);
	teardown();
}
END_TEST

UNIT_MAIN("kafka_batch", reads_the_header, reads_records_of_every_codec, inflating_is_bounded, recognises_old_magic,
	  several_batches_in_a_set, cut_at_every_byte, refuses_headers_that_a_broker_refuses, refuses_impossible_envelopes,
	  refuses_records_that_do_not_add_up, reads_records_of_all_sizes, crc_tells_a_changed_byte, marks_like_java_would_have_written,
	  marks_compressed_batches, does_not_mark_what_is_not_there)
