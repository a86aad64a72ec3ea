/* Bytes fed to a reader as a worker's loop feeds them, and what came out: for its unit and fuzz tests. */
#pragma once

#include "base/buf.h"
#include "worker/reader.h"

struct seen {
	struct buf bytes;                /* all frames, in order, as they came out */
	unsigned whole, parts;
	struct reader *stops;            /* at every held frame; NULL: never */
};

/* For struct reader_ops; ctx: struct seen. */
int seen_whole(void *ctx, uint8_t *p, size_t n, struct block **owner);
int seen_part(void *ctx, uint8_t *p, size_t n, struct block **owner, bool first, bool last);

/* At most `step` bytes at a time, by way of the blocks' scratch or of 64 bytes; a stopped reader goes on at once. */
int feed(struct reader *r, struct blocks *bs, const struct reader_ops *ops, struct seen *s, struct span in, size_t step);
