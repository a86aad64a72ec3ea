/* Cuts a byte stream into frames: an int32 size, then that many bytes. Asks its user as
 * soon as the first bytes of a frame are there whether the frame is to be held whole or
 * may pass in parts. What need not be held is never copied here, and a frame that comes in large
 * pieces is held where it was read. Worker-private. */
#pragma once

#include <sys/uio.h>

#include "worker/block.h"

#define READER_HEAD_MAX (128u << 10)     /* no decision takes more bytes: two strings of 32 KiB and tags */

enum reader_state {
	READER_HEAD,                     /* at a frame's start, or a decision needs more bytes */
	READER_HOLD,                     /* collecting a frame */
	READER_PASS,                     /* `left` bytes of a frame pass as they come */
};

struct reader {
	enum reader_state state;
	struct block *held;              /* HEAD, HOLD: where the frame's first bytes are; NULL: none yet */
	uint8_t *start;                  /* the first of them */
	size_t n;                        /* of them */
	size_t size;                     /* HOLD: of the frame, its length field included */
	size_t left;                     /* PASS */
	uint32_t frames;                 /* complete ones so far, wraps */
	bool stopped;
	struct block *kept;              /* bytes behind the frame at which it stopped; NULL: none */
	size_t nkept;
};

struct reader_plan {
	bool hold;
	size_t size;                     /* of the frame, its length field included */
};

/* Negative returns end the reading and are handed through. */
struct reader_ops {
	/* The first bytes of a frame, 4 at least. Fills plan; E_AGAIN: more bytes, please. */
	int (*head)(void *ctx, struct span first, struct reader_plan *plan);
	/* A held frame. The bytes may be changed; *owner holds them and may be taken (set to
	 * NULL); when it is NULL they are borrowed until the turn ends. */
	int (*whole)(void *ctx, uint8_t *p, size_t n, struct block **owner);
	/* The next bytes of a passing frame, as above; first: with the frame's first byte;
	 * last: with its last one. */
	int (*part)(void *ctx, uint8_t *p, size_t n, struct block **owner, bool first, bool last);
	/* A frame may be held in the blocks' scratch, if there is one: all is read into that then,
	 * and what is lent of it is written before the reader ends. */
	bool in_scratch;
};

void reader_fini(struct reader *r, struct blocks *bs);

/* Room for the next bytes: for a frame that is being held in its block, and otherwise in
 * the scratch. E_LIMIT: the frame needs a bigger block and there is no budget. */
int reader_prepare(struct reader *r, struct blocks *bs, enum block_demand demand, struct iovec *iov, int *niov, struct iovec scratch) MUST_CHECK;
/* n bytes were read into what reader_prepare gave. */
int reader_received(struct reader *r, const struct reader_ops *ops, void *ctx, struct blocks *bs, const struct iovec *iov, int niov, size_t n) MUST_CHECK;

/* From within whole: no further frame is begun. What was read already is kept; nothing more
 * may be read until reader_go_on, which takes it up again by way of the scratch. */
static inline void reader_stop(struct reader *r)
{
	r->stopped = true;
}

int reader_go_on(struct reader *r, const struct reader_ops *ops, void *ctx, struct blocks *bs, struct iovec scratch) MUST_CHECK;

static inline bool reader_is_between_frames(const struct reader *r)
{
	return r->state == READER_HEAD && r->n == 0;
}

/* Bytes that a held frame still misses. */
static inline size_t reader_missing(const struct reader *r)
{
	return r->state == READER_HOLD ? r->size - r->n : 0;
}
