/* Blocks: a worker's memory for held frames and unsent bytes. Power-of-two sizes, kept
 * for reuse per size, counted against limits.worker_memory. Worker-private. */
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
	size_t used, limit;              /* bytes out, and how many may be */
};

enum block_demand {
	BLOCK_WITHIN_LIMIT,              /* refused when the budget is spent */
	BLOCK_BEYOND_LIMIT,              /* what must not wait: bytes already read, our own answers */
};

void blocks_init(struct blocks *bs, size_t limit);
void blocks_fini(struct blocks *bs);     /* all blocks must be back */
/* At least n bytes; NULL when the budget, the largest class or the heap says no. */
struct block *block_get(struct blocks *bs, size_t n, enum block_demand demand) MUST_CHECK;
void block_put(struct blocks *bs, struct block *b);   /* NULL is fine */
bool blocks_are_spent(const struct blocks *bs);       /* the whole budget is */
bool blocks_are_short(const struct blocks *bs);       /* over half of it is */
