/* Cuts a byte stream into frames. Owner: worker. */
#include "worker/reader.h"

#define LENGTH_BYTES 4u
#define GROWTH 8u                        /* a frame has room for so many times what came of it */

struct feed {
	struct reader *r;
	const struct reader_ops *ops;
	void *ctx;
	struct blocks *blocks;
};

void reader_fini(struct reader *r, struct blocks *bs)
{
	block_put(bs, r->held);
	block_put(bs, r->kept);
	*r = (struct reader){ 0 };
}

/* Bytes of a frame that held has room for. */
static size_t room(const struct reader *r)
{
	return (size_t)(r->held->bytes + r->held->cap - r->start);
}

/* Room for at least n bytes, with what is held. */
static int hold_room(struct reader *r, struct blocks *bs, size_t n, enum block_demand demand)
{
	if (r->held && room(r) >= n)
		return 0;
	struct block *b = block_get(bs, n, demand);
	if (!b)
		return E_LIMIT;
	if (r->held)
		memcpy(b->bytes, r->start, r->n);
	block_put(bs, r->held);
	r->held = b;
	r->start = b->bytes;
	return 0;
}

/* Room worth having for a frame of which n bytes are there: memory follows what came, not
 * what the length claims. */
static size_t foreseen(const struct reader *r, size_t n)
{
	return r->state != READER_HOLD ? n : n < r->size / GROWTH ? n * GROWTH : r->size;
}

/* Keeps bytes that were already read, so the budget does not matter. */
static int hold_bytes(struct feed *f, const uint8_t *p, size_t n)
{
	struct reader *r = f->r;
	size_t need = r->n + n;

	if (hold_room(r, f->blocks, foreseen(r, need), BLOCK_WITHIN_LIMIT) && hold_room(r, f->blocks, need, BLOCK_BEYOND_LIMIT))
		return E_NOMEM;
	memcpy(r->start + r->n, p, n);
	r->n += n;
	return 0;
}

/* The first n bytes of a frame, the last that were read: held where they are when the frame has room there and is
 * large enough for a block of this size, else copied. */
static int hold_first(struct feed *f, uint8_t *p, size_t n)
{
	struct reader *r = f->r;
	const struct block *b = f->blocks->scratch;
	bool fits = f->ops->in_scratch && b && n >= b->cap / GROWTH && r->size <= (size_t)(b->bytes + b->cap - p);

	r->held = fits ? blocks_take_scratch(f->blocks) : NULL;
	if (!r->held)
		return hold_bytes(f, p, n);
	r->start = p;
	r->n = n;
	return 0;
}

static struct block *take_held(struct reader *r)
{
	struct block *b = r->held;

	r->held = NULL;
	r->n = 0;
	return b;
}

static int whole_held(struct feed *f)
{
	size_t n = f->r->size;
	uint8_t *p = f->r->start;
	struct block *b = take_held(f->r);

	f->r->state = READER_HEAD;
	f->r->frames++;
	int error = f->ops->whole(f->ctx, p, n, &b);
	block_put(f->blocks, b);
	return error;
}

/* The first bytes lie in held; none of them belongs to the next frame. */
static int part_held(struct feed *f)
{
	size_t n = f->r->n;
	uint8_t *p = f->r->start;
	struct block *b = take_held(f->r);

	f->r->left -= n;
	bool last = f->r->left == 0;
	f->r->state = last ? READER_HEAD : READER_PASS;
	f->r->frames += last;
	int error = f->ops->part(f->ctx, p, n, &b, true, last);
	block_put(f->blocks, b);
	return error;
}

static int part_borrowed(struct feed *f, uint8_t *p, size_t n, bool first)
{
	struct block *none = NULL;

	f->r->left -= n;
	bool last = f->r->left == 0;
	f->r->state = last ? READER_HEAD : READER_PASS;
	f->r->frames += last;
	return f->ops->part(f->ctx, p, n, &none, first, last);
}

static size_t frame_size(const uint8_t *p)
{
	uint32_t size;

	memcpy(&size, p, sizeof size);
	return LENGTH_BYTES + (size_t)__builtin_bswap32(size);
}

static int decide(struct feed *f, const uint8_t *p, size_t n, struct reader_plan *plan)
{
	if (n < LENGTH_BYTES)
		return E_AGAIN;
	int error = f->ops->head(f->ctx, span_of(p, n), plan);
	if (error == E_AGAIN && (n >= READER_HEAD_MAX || n >= frame_size(p)))
		return E_MALFORMED;
	return error;
}

/* A frame whose start is the first of n borrowed bytes. *used: how many were its own. */
static int start_borrowed(struct feed *f, uint8_t *p, size_t n, size_t *used)
{
	struct reader *r = f->r;
	struct reader_plan plan = { 0 };
	int error = decide(f, p, n, &plan);

	if (error == E_AGAIN) {
		*used = n;
		return hold_bytes(f, p, n);
	}
	if (error)
		return error;
	*used = n < plan.size ? n : plan.size;
	if (!plan.hold) {
		r->left = plan.size;
		return part_borrowed(f, p, *used, true);
	}
	if (*used == plan.size) {
		struct block *none = NULL;
		r->frames++;
		return f->ops->whole(f->ctx, p, plan.size, &none);
	}
	r->state = READER_HOLD;
	r->size = plan.size;
	return hold_first(f, p, *used);
}

/* A frame whose start is held: takes as many bytes as the decision may need, so never
 * more than the frame has once its length is known. */
static int start_held(struct feed *f, uint8_t *p, size_t n, size_t *used)
{
	struct reader *r = f->r;
	struct reader_plan plan = { 0 };
	size_t want = r->n < LENGTH_BYTES ? LENGTH_BYTES : frame_size(r->start);

	*used = want - r->n < n ? want - r->n : n;
	int error = hold_bytes(f, p, *used);
	if (!error)
		error = decide(f, r->start, r->n, &plan);
	if (error == E_AGAIN)
		return 0;
	if (error)
		return error;
	if (!plan.hold) {
		r->left = plan.size;
		return part_held(f);
	}
	r->state = READER_HOLD;
	r->size = plan.size;
	return r->n == r->size ? whole_held(f) : 0;
}

static int continue_hold(struct feed *f, uint8_t *p, size_t n, size_t *used)
{
	size_t missing = f->r->size - f->r->n;

	*used = n < missing ? n : missing;
	int error = hold_bytes(f, p, *used);
	if (error || *used < missing)
		return error;
	return whole_held(f);
}

/* Bytes that were already read, so the budget does not matter. */
static int keep_rest(struct feed *f, const uint8_t *p, size_t n)
{
	struct reader *r = f->r;

	r->kept = block_get(f->blocks, n, BLOCK_BEYOND_LIMIT);
	if (!r->kept)
		return E_NOMEM;
	memcpy(r->kept->bytes, p, n);
	r->nkept = n;
	return 0;
}

static int feed_borrowed(struct feed *f, uint8_t *p, size_t n)
{
	int error = 0;

	while (n > 0 && !error && !f->r->stopped) {
		size_t used = 0;
		if (f->r->state == READER_PASS) {
			used = n < f->r->left ? n : f->r->left;
			error = part_borrowed(f, p, used, false);
		} else if (f->r->state == READER_HOLD) {
			error = continue_hold(f, p, n, &used);
		} else if (f->r->n > 0) {
			error = start_held(f, p, n, &used);
		} else {
			error = start_borrowed(f, p, n, &used);
		}
		p += used;
		n -= used;
	}
	return n > 0 && !error ? keep_rest(f, p, n) : error;
}

int reader_prepare(struct reader *r, struct blocks *bs, enum block_demand demand, struct iovec *iov, int *niov, struct iovec scratch)
{
	*niov = 0;
	if (r->state == READER_HOLD) {
		int error = hold_room(r, bs, foreseen(r, r->n), demand);
		if (error && r->n == room(r))
			return error;
		size_t most = room(r) < r->size ? room(r) : r->size;
		iov[(*niov)++] = (struct iovec){ r->start + r->n, most - r->n };
		if (most < r->size)
			return 0;        /* bytes behind would not be contiguous */
	}
	iov[(*niov)++] = scratch;
	return 0;
}

int reader_received(struct reader *r, const struct reader_ops *ops, void *ctx, struct blocks *bs, const struct iovec *iov, int niov, size_t n)
{
	struct feed f = { .r = r, .ops = ops, .ctx = ctx, .blocks = bs };

	if (r->state == READER_HOLD) {
		size_t direct = n < iov[0].iov_len ? n : iov[0].iov_len;
		r->n += direct;
		n -= direct;
		if (r->n == r->size) {
			int error = whole_held(&f);
			if (error)
				return error;
		}
	}
	return n > 0 ? feed_borrowed(&f, iov[niov - 1].iov_base, n) : 0;
}

int reader_go_on(struct reader *r, const struct reader_ops *ops, void *ctx, struct blocks *bs, struct iovec scratch)
{
	struct feed f = { .r = r, .ops = ops, .ctx = ctx, .blocks = bs };
	struct block *kept = r->kept;
	size_t n = r->nkept;

	r->stopped = false;
	r->kept = NULL;
	r->nkept = 0;
	if (!kept)
		return 0;
	INVARIANT(n <= scratch.iov_len);
	memcpy(scratch.iov_base, kept->bytes, n);
	block_put(bs, kept);
	return feed_borrowed(&f, scratch.iov_base, n);
}
