/* step, stream: cut into frames, whose header is read as a worker reads it; Produce is held, the rest passes.
 * However the bytes arrive, and wherever the reader is stopped, the same frames come out. */
#include "fuzz.h"
#include "../unit/feed.h"
#include "kafka/frame.h"

#define FRAME_MAX (1u << 20)

static int head(void *ctx, struct span first, struct reader_plan *plan)
{
	struct cursor c = cursor_span(first);
	uint32_t size = cursor_be32(&c);
	struct span frame = cursor_rest(&c);
	struct kafka_request r;

	(void)ctx;
	if (size > FRAME_MAX)
		return E_MALFORMED;
	if (frame.n > size)
		frame.n = size;
	int error = kafka_request_open(&r, frame);
	if (error)
		return error == E_TRUNCATED ? E_AGAIN : error;
	plan->size = KAFKA_SIZE_BYTES + size;
	plan->hold = r.key == KAFKA_PRODUCE;
	return 0;
}

static const struct reader_ops ops = { .head = head, .whole = seen_whole, .part = seen_part, .in_scratch = true };

/* Returns how the reading ended. */
static int take_apart(struct seen *s, struct span in, size_t step, bool stop)
{
	struct blocks bs;
	struct reader r = { 0 };

	blocks_init(&bs, 64u << 20);
	INVARIANT(blocks_add_scratch(&bs, BLOCK_MIN - sizeof(struct block)) == 0);
	s->stops = stop ? &r : NULL;
	int error = feed(&r, &bs, &ops, s, in, step);
	INVARIANT(r.frames == s->whole + s->parts && error != E_LIMIT);
	reader_fini(&r, &bs);
	INVARIANT(bs.used == 0);
	blocks_fini(&bs);
	return error;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct seen once = { 0 }, cut = { 0 };

	if (n < 1)
		return 0;
	struct span in = span_of(p + 1, n - 1);
	int error = take_apart(&once, in, in.n, false);
	INVARIANT(take_apart(&cut, in, 1 + p[0] / 2, p[0] & 1) == error);
	INVARIANT(once.whole == cut.whole && once.parts == cut.parts && span_eq(buf_span(&once.bytes), buf_span(&cut.bytes)));
	INVARIANT(once.bytes.n <= in.n && (once.bytes.n == 0 || memcmp(once.bytes.p, in.p, once.bytes.n) == 0));
	buf_fini(&once.bytes);
	buf_fini(&cut.bytes);
	return 0;
}
