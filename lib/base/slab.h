/* Objects of one size, kept for reuse up to a number of idle ones. */
#pragma once

#include "base/base.h"

struct slab_item {
	struct slab_item *next;
};

struct slab {
	struct slab_item *free;
	size_t size;           /* of one object, rounded up to 16 */
	size_t in_use, idle;   /* objects out, objects in the free list */
	size_t keep;           /* idle objects kept at most; more go back to the heap */
};

void slab_init(struct slab *s, size_t size, size_t keep);
void slab_fini(struct slab *s);           /* all objects must be back */
void *slab_get(struct slab *s) MUST_CHECK;/* not zeroed */
void slab_put(struct slab *s, void *p);
void slab_trim(struct slab *s, size_t n); /* n idle objects, or all, go back to the heap */
