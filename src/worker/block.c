/* A worker's memory for held frames and unsent bytes. Owner: worker. */
#include "worker/block.h"

#define KEEP_BYTES (1u << 20)            /* idle bytes kept per size */

static size_t class_size(unsigned class)
{
	return (size_t)BLOCK_MIN << class;
}

void blocks_init(struct blocks *bs, size_t limit)
{
	*bs = (struct blocks){ .limit = limit };
	for (unsigned i = 0; i < BLOCK_CLASSES; i++) {
		size_t keep = KEEP_BYTES / class_size(i);
		slab_init(&bs->classes[i], class_size(i), keep ? keep : 1);
	}
}

void blocks_fini(struct blocks *bs)
{
	for (unsigned i = 0; i < BLOCK_CLASSES; i++)
		slab_fini(&bs->classes[i]);
}

struct block *block_get(struct blocks *bs, size_t n, enum block_demand demand)
{
	unsigned class = 0;

	if (n > class_size(BLOCK_CLASSES - 1) - sizeof(struct block))
		return NULL;
	while (class_size(class) - sizeof(struct block) < n)
		class++;
	if (bs->used + class_size(class) > blocks_bound(bs, demand))
		return NULL;
	struct block *b = slab_get(&bs->classes[class]);
	if (!b)
		return NULL;
	b->class = class;
	b->cap = class_size(class) - sizeof *b;
	bs->used += class_size(class);
	return b;
}

void block_put(struct blocks *bs, struct block *b)
{
	if (!b)
		return;
	INVARIANT(b->class < BLOCK_CLASSES && bs->used >= class_size(b->class));
	bs->used -= class_size(b->class);
	slab_put(&bs->classes[b->class], b);
}

void blocks_trim(struct blocks *bs)
{
	for (unsigned i = 0; i < BLOCK_CLASSES; i++)
		if (class_size(i) > KEEP_BYTES)
			slab_trim(&bs->classes[i]);
}
