/* Feeds a reader. Owner: tests. */
#include "base/cursor.h"
#include "feed.h"

int seen_whole(void *ctx, uint8_t *p, size_t n, struct block **owner)
{
	struct seen *s = ctx;

	(void)owner;
	s->whole++;
	buf_add(&s->bytes, p, n);
	if (s->stops)
		reader_stop(s->stops);
	return 0;
}

int seen_part(void *ctx, uint8_t *p, size_t n, struct block **owner, bool first, bool last)
{
	struct seen *s = ctx;

	(void)owner, (void)first;
	s->parts += last;
	buf_add(&s->bytes, p, n);
	return 0;
}

/* As readv(2) fills what the reader prepared. */
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

int feed(struct reader *r, struct blocks *bs, const struct reader_ops *ops, struct seen *s, struct span in, size_t step)
{
	uint8_t small[64];
	struct iovec iov[2];
	struct cursor c = cursor_span(in);
	int error = 0, niov;

	while (cursor_left(&c) > 0 && !error) {
		struct iovec room = bs->scratch ? (struct iovec){ bs->scratch->bytes, bs->scratch->cap } : (struct iovec){ small, sizeof small };
		error = reader_prepare(r, bs, BLOCK_WITHIN_LIMIT, iov, &niov, room);
		if (error)
			return error;
		size_t n = fill(iov, niov, &c, step);
		error = reader_received(r, ops, s, bs, iov, niov, n);
		while (!error && r->stopped && r->kept)
			error = reader_go_on(r, ops, s, bs, room);
		r->stopped = false;
	}
	return error;
}
