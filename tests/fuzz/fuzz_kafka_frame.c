/* step, stream: cut into frames, whose header is read as a worker reads it; Produce is held, the rest passes.
 * However the bytes arrive, and wherever the reader is stopped, the same frames come out. */
#include "fuzz.h"
#include "kafka/frame.h"
#include "worker/reader.h"

#define SIZE_MAX_HERE (1u << 20)
#define SCRATCH (64u << 10)

struct seen {
	struct buf bytes;
	unsigned frames;
	struct reader *stops;          /* at every held frame; NULL: never */
	int error;
};

static int head(void *ctx, struct span first, struct reader_plan *plan)
{
	struct cursor c = cursor_span(first);
	uint32_t size = cursor_be32(&c);
	struct span frame = cursor_rest(&c);
	struct kafka_request r;

	(void)ctx;
	if (size > SIZE_MAX_HERE)
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

static int whole(void *ctx, uint8_t *p, size_t n, struct block **owner)
{
	struct seen *s = ctx;

	(void)owner;
	s->frames++;
	buf_add(&s->bytes, p, n);
	if (s->stops)
		reader_stop(s->stops);
	return 0;
}

static int part(void *ctx, uint8_t *p, size_t n, struct block **owner, bool first, bool last)
{
	struct seen *s = ctx;

	(void)owner, (void)first;
	s->frames += last;
	buf_add(&s->bytes, p, n);
	return 0;
}

static const struct reader_ops ops = { head, whole, part };

/* As read(2) would fill what the reader prepared. */
static size_t fill(const struct iovec *iov, int niov, struct cursor *in, size_t step)
{
	size_t n = 0;

	for (int i = 0; i < niov && n < step; i++) {
		size_t take = iov[i].iov_len < step - n ? iov[i].iov_len : step - n;
		if (take > cursor_left(in))
			take = cursor_left(in);
		memcpy(iov[i].iov_base, cursor_take(in, take), take);
		n += take;
	}
	return n;
}

static void feed(struct seen *s, struct blocks *bs, struct span in, size_t step, bool stop)
{
	static uint8_t scratch[SCRATCH];
	struct iovec iov[2], room = { scratch, sizeof scratch };
	struct cursor c = cursor_span(in);
	struct reader r = { 0 };
	int niov;

	buf_init(&s->bytes, 0);
	s->stops = stop ? &r : NULL;
	while (cursor_left(&c) > 0 && !s->error) {
		s->error = reader_prepare(&r, bs, BLOCK_WITHIN_LIMIT, iov, &niov, room);
		INVARIANT(!s->error);
		size_t n = fill(iov, niov, &c, step);
		s->error = reader_received(&r, &ops, s, bs, iov, niov, n);
		while (!s->error && r.stopped)
			s->error = reader_go_on(&r, &ops, s, bs, room);
	}
	INVARIANT(r.frames == s->frames);
	reader_fini(&r, bs);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct seen once = { 0 }, cut = { 0 };
	struct blocks bs;

	if (n < 1)
		return 0;
	struct span in = span_of(p + 1, n - 1);
	blocks_init(&bs, 64u << 20);
	feed(&once, &bs, in, SCRATCH, false);
	feed(&cut, &bs, in, 1 + p[0] / 2, p[0] & 1);
	INVARIANT(once.error == cut.error && once.frames == cut.frames);
	INVARIANT(span_eq(buf_span(&once.bytes), buf_span(&cut.bytes)));
	INVARIANT(once.bytes.n <= in.n && (once.bytes.n == 0 || memcmp(once.bytes.p, in.p, once.bytes.n) == 0));
	buf_fini(&once.bytes);
	buf_fini(&cut.bytes);
	INVARIANT(bs.used == 0);
	blocks_fini(&bs);
	return 0;
}
