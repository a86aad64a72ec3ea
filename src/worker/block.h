/* Blocks: a worker's memory for held frames and unsent bytes. Power-of-two sizes, kept
 * for reuse per size, counted against limits.worker_memory. Worker-private.
 *
 * Peers that stop may hold what they like of the first half, and nothing makes them give it
 * back. So that the rest serves those who go on, nobody's unsent bytes grow any more beyond
 * it, and the last quarter is for who holds little, and one who does not.
 *
 * Idle ones are kept as long as they are needed now and then and as all is within the first half;
 * so a burst costs memory for a moment only. */
#pragma once

#include "base/slab.h"

#define BLOCK_MIN 4096u
#define BLOCK_CLASSES 16u                /* 4 KiB ... 128 MiB */

struct block {
	uint32_t class;
	size_t cap;                      /* bytes */
	uint8_t bytes[];
};

struct blocks {
	struct slab classes[BLOCK_CLASSES];
	size_t unneeded[BLOCK_CLASSES];  /* blocks that were idle all the time since blocks_trim */
	size_t used, limit;              /* bytes out, and how many may be */
	size_t idle;                     /* bytes */
	size_t holes;                    /* bytes that small ones left in the heap since it was trimmed */
	struct block *scratch;           /* what is read comes here first; nobody's, so not counted. NULL: none */
};

enum blocks_level {
	BLOCKS_AMPLE,
	BLOCKS_SHORT,                    /* over half of the budget is out */
	BLOCKS_SCARCE,                   /* over three quarters */
};

enum block_demand {
	BLOCK_WITHIN_SHARE,              /* of who holds much already: refused when memory is scarce */
	BLOCK_WITHIN_LIMIT,              /* refused when the budget is spent */
	BLOCK_BEYOND_LIMIT,              /* what must not wait: bytes already read, our own answers */
};

void blocks_init(struct blocks *bs, size_t limit);
void blocks_fini(struct blocks *bs);     /* all blocks must be back */
/* At least n bytes; NULL when the budget, the largest class or the heap says no. */
struct block *block_get(struct blocks *bs, size_t n, enum block_demand demand) MUST_CHECK;
void block_put(struct blocks *bs, struct block *b);   /* NULL is fine */
/* The scratch, for at least n bytes. E_NOMEM. */
int blocks_add_scratch(struct blocks *bs, size_t n) MUST_CHECK;
/* With what was read into it, for who holds that; another takes its place. NULL: only while memory is ample. */
struct block *blocks_take_scratch(struct blocks *bs) MUST_CHECK;
/* Now and then: what was idle ever since the last time goes back to the system, save a few of each size. */
void blocks_trim(struct blocks *bs);

static inline enum blocks_level blocks_level(const struct blocks *bs)
{
	if (bs->used <= bs->limit / 2)
		return BLOCKS_AMPLE;
	return bs->used <= bs->limit / 4 * 3 ? BLOCKS_SHORT : BLOCKS_SCARCE;
}

/* Bytes out at which a demand is refused. */
static inline size_t blocks_bound(const struct blocks *bs, enum block_demand demand)
{
	return demand == BLOCK_WITHIN_SHARE ? bs->limit / 4 * 3 : demand == BLOCK_WITHIN_LIMIT ? bs->limit : SIZE_MAX;
}
