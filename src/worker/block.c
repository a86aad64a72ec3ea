/* A worker's memory for held frames and unsent bytes. Owner: worker. */
#include "config.h"

#include <malloc.h>

#include "worker/block.h"

#define KEEP_BYTES (1u << 20)            /* idle bytes of a size that no lull takes */
#define MAPPED_BYTES (128u << 10)        /* from here on each block is a mapping, which leaves no hole when it goes */
#define RETURN_BYTES (1u << 20)          /* worth a look for the holes that smaller ones left */

static size_t class_size(unsigned class)
{
	return (size_t)BLOCK_MIN << class;
}

void blocks_init(struct blocks *bs, size_t limit)
{
	*bs = (struct blocks){ .limit = limit };
	for (unsigned i = 0; i < BLOCK_CLASSES; i++)
		slab_init(&bs->classes[i], class_size(i), SIZE_MAX);
#ifdef HAVE_MALLOPT
	/* its own threshold follows what is freed, up to 32 MiB: 64 MiB of blocks stayed in the heap for ever */
	mallopt(M_MMAP_THRESHOLD, MAPPED_BYTES);
	mallopt(M_TRIM_THRESHOLD, RETURN_BYTES);
#endif
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

static void drop_idle(struct blocks *bs, unsigned class, size_t n)
{
	struct slab *s = &bs->classes[class];

	if (n > s->idle)
		n = s->idle;
	slab_trim(s, n);
	bs->idle -= n * class_size(class);
	bs->holes += class_size(class) < MAPPED_BYTES ? n * class_size(class) : 0;
}

/* Idle blocks are the first to make room. */
static void stay_ample(struct blocks *bs)
{
	if (likely(bs->idle == 0 || bs->used + bs->idle <= bs->limit / 2))
		return;
	for (unsigned i = 0; i < BLOCK_CLASSES; i++)
		drop_idle(bs, i, SIZE_MAX);
}

static struct block *uncounted(struct blocks *bs, unsigned class)
{
	struct slab *s = &bs->classes[class];

	bs->idle -= s->idle ? class_size(class) : 0;
	struct block *b = slab_get(s);
	if (!b)
		return NULL;
	if (s->idle < bs->unneeded[class])
		bs->unneeded[class] = s->idle;
	b->class = class;
	b->cap = class_size(class) - sizeof *b;
	return b;
}

static void make_idle(struct blocks *bs, struct block *b)
{
	unsigned class = b->class;

	slab_put(&bs->classes[class], b);
	bs->idle += class_size(class);
}

struct block *block_get(struct blocks *bs, size_t n, enum block_demand demand)
{
	unsigned class = class_of(n);

	if (class == BLOCK_CLASSES || bs->used + class_size(class) > blocks_bound(bs, demand))
		return NULL;
	struct block *b = uncounted(bs, class);
	bs->used += b ? class_size(class) : 0;
	stay_ample(bs);
	return b;
}

int blocks_add_scratch(struct blocks *bs, size_t n)
{
	unsigned class = class_of(n);
	struct block *next = uncounted(bs, class);

	bs->scratch = uncounted(bs, class);
	if (next)
		make_idle(bs, next);     /* who takes the first allocates nothing */
	return bs->scratch ? 0 : E_NOMEM;
}

struct block *blocks_take_scratch(struct blocks *bs)
{
	struct block *b = bs->scratch, *fresh = blocks_level(bs) == BLOCKS_AMPLE ? uncounted(bs, b->class) : NULL;

	if (!fresh)
		return NULL;
	bs->scratch = fresh;
	bs->used += class_size(b->class);
	stay_ample(bs);
	return b;
}

void block_put(struct blocks *bs, struct block *b)
{
	if (!b)
		return;
	INVARIANT(b->class < BLOCK_CLASSES && bs->used >= class_size(b->class));
	bs->used -= class_size(b->class);
	make_idle(bs, b);
	stay_ample(bs);
}

/* Blocks of a size that nobody needed lately and that are more than a few. */
static size_t excess(const struct blocks *bs, unsigned class)
{
	size_t idle = bs->classes[class].idle, keep = KEEP_BYTES / class_size(class);
	size_t over = idle > keep ? idle - keep : 0;

	return over < bs->unneeded[class] ? over : bs->unneeded[class];
}

void blocks_trim(struct blocks *bs)
{
	for (unsigned i = 0; i < BLOCK_CLASSES; i++) {
		drop_idle(bs, i, excess(bs, i));
		bs->unneeded[i] = bs->classes[i].idle;
	}
	if (bs->holes < RETURN_BYTES)
		return;
	bs->holes = 0;
#ifdef HAVE_MALLOC_TRIM
	malloc_trim(0);
#endif
}
