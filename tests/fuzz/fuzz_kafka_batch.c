/* A record set: opened, checked, inflated, read; each record is read field by field once more, and what is sound is marked
 * and must be sound again. */
#include "fuzz.h"
#include "kafka/batch.h"

static void again(const struct kafka_batch *b, struct compress *z, struct buf *scratch)
{
	static const struct kafka_mark mark = { 0, SPAN_LIT("mark"), SPAN_LIT("why") };
	struct buf out, plain;
	struct kafka_batch marked;
	struct kafka_record r;

	buf_init(&out, 0);
	buf_init(&plain, 0);
	INVARIANT(kafka_batch_mark(b, &mark, 1, z, scratch, &out) == 0);
	struct cursor set = cursor_span(buf_span(&out));
	INVARIANT(kafka_batch_open(&marked, &set) == 0 && kafka_batch_crc_holds(&marked));
	INVARIANT(kafka_batch_inflate(&marked, z, &plain, 1 << 22) == 0 && marked.count == b->count);
	while (kafka_batch_next(&marked, &r))
		;
	INVARIANT(kafka_batch_error(&marked) == 0);
	buf_fini(&plain);
	buf_fini(&out);
}

static bool same(struct span a, struct span b)
{
	return span_is_null(a) ? span_is_null(b) : a.p == b.p && a.n == b.n;
}

static void is_read_well(const struct kafka_batch *b, const struct kafka_record *r)
{
	struct cursor c = cursor_span(r->bytes);

	cursor_skip(&c, 1);
	INVARIANT((uint64_t)r->timestamp == (uint64_t)b->base_timestamp + (uint64_t)cursor_varlong(&c));
	INVARIANT(r->index == b->next - 1 && cursor_varint(&c) == r->index);
	INVARIANT(same(r->key, cursor_varbytes(&c)) && same(r->value, cursor_varbytes(&c)));
	INVARIANT(cursor_varint(&c) == r->nheaders);
	INVARIANT(same(r->headers, span_of(c.p, cursor_left(&c))));
	for (int32_t i = 0; i < r->nheaders; i++) {
		INVARIANT(!span_is_null(cursor_varbytes(&c)));
		cursor_varbytes(&c);
	}
	INVARIANT(!c.error && cursor_left(&c) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct cursor set = cursor_of(p, n);
	struct compress *z = compress_new();
	struct buf plain, scratch;
	struct kafka_batch b;
	struct kafka_record r;
	int error;

	buf_init(&plain, 0);
	buf_init(&scratch, 0);
	while ((error = kafka_batch_open(&b, &set)) == 0 || error == E_UNSUPPORTED) {
		if (error || kafka_batch_check(&b) || kafka_batch_inflate(&b, z, &plain, 1 << 20))
			continue;
		while (kafka_batch_next(&b, &r)) {
			is_read_well(&b, &r);
			for (struct span name, value; kafka_header_next(&r.headers, &name, &value);)
				;
		}
		if (!kafka_batch_error(&b))
			again(&b, z, &scratch);
	}
	buf_fini(&scratch);
	buf_fini(&plain);
	compress_free(z);
	return 0;
}
