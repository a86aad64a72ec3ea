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
	if (bs->scratch)
		slab_put(&bs->classes[bs->scratch->class], bs->scratch);
	for (unsigned i = 0; i < BLOCK_CLASSES; i++)
		slab_fini(&bs->classes[i]);
}

/* The class of blocks for n bytes, BLOCK_CLASSES when there is none. */
static unsigned class_of(size_t n)
{
	unsigned class = 0;

	while (class < BLOCK_CLASSES && class_size(class) - sizeof(struct block) < n)
		class++;
	return class;
}

static struct block *uncounted(struct blocks *bs, unsigned class)
{
	struct block *b = slab_get(&bs->classes[class]);

	if (!b)
		return NULL;
	b->class = class;
	b->cap = class_size(class) - sizeof *b;
	return b;
}

struct block *block_get(struct blocks *bs, size_t n, enum block_demand demand)
{
	unsigned class = class_of(n);

	if (class == BLOCK_CLASSES || bs->used + class_size(class) > blocks_bound(bs, demand))
		return NULL;
	struct block *b = uncounted(bs, class);
	bs->used += b ? class_size(class) : 0;
	return b;
}

int blocks_add_scratch(struct blocks *bs, size_t n)
{
	unsigned class = class_of(n);
	struct block *next = uncounted(bs, class);

	bs->scratch = uncounted(bs, class);
	if (next)
		slab_put(&bs->classes[class], next);     /* who takes the first allocates nothing */
	return bs->scratch ? 0 : E_NOMEM;
}

struct block *blocks_take_scratch(struct blocks *bs)
{
	struct block *b = bs->scratch, *fresh = blocks_level(bs) == BLOCKS_AMPLE ? uncounted(bs, b->class) : NULL;

	if (!fresh)
		return NULL;
	bs->scratch = fresh;
	bs->used += class_size(b->class);
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
