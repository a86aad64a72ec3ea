/* A record set: opened, checked, inflated, read; what is sound is marked and must be sound again. */
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
		while (kafka_batch_next(&b, &r))
			for (struct span name, value; kafka_header_next(&r.headers, &name, &value);)
				;
		if (!kafka_batch_error(&b))
			again(&b, z, &scratch);
	}
	buf_fini(&scratch);
	buf_fini(&plain);
	compress_free(z);
	return 0;
}
