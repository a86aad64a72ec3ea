/* Objects of one size. Owner: base; every process. */
#include <stdlib.h>

#include "base/slab.h"

void slab_init(struct slab *s, size_t size, size_t keep)
{
	*s = (struct slab){ .size = (size + 15) & ~(size_t)15, .keep = keep };
}

void slab_fini(struct slab *s)
{
	INVARIANT(s->in_use == 0);
	slab_trim(s, SIZE_MAX);
}

void slab_trim(struct slab *s, size_t n)
{
	for (; s->free && n > 0; n--) {
		struct slab_item *it = s->free;
		s->free = it->next;
		s->idle--;
		free(it);
	}
}

void *slab_get(struct slab *s)
{
	struct slab_item *it = s->free;

	if (it) {
		s->free = it->next;
		s->idle--;
	} else {
		it = aligned_alloc(16, s->size);
		if (!it)
			return NULL;
	}
	s->in_use++;
	return it;
}

void slab_put(struct slab *s, void *p)
{
	struct slab_item *it = p;

	s->in_use--;
	if (s->idle >= s->keep) {
		free(it);
		return;
	}
	it->next = s->free;
	s->free = it;
	s->idle++;
}
