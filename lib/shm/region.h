/* A shared region: a memfd that the master makes and children map. It opens with a
 * header, so that a child of another build or a wrong descriptor is refused instead of
 * read wrongly. Who writes which byte is for the module on top to say. */
#pragma once

#include "base/base.h"

#define REGION_LINE 64u          /* bytes of a cache line: writers' parts are aligned to it */

struct region_header {
	char magic[8];
	uint32_t layout;         /* changes whenever the meaning of any byte does */
	uint32_t reserved;
	uint64_t size;           /* whole region, this header included */
};

struct region {
	struct region_header *base;
	size_t size;
};

/* A zeroed region with its header written; the fd (close-on-exec) or a negative error. */
int region_create(const char *name, const char magic[8], uint32_t layout, size_t size) MUST_CHECK;
/* Maps it shared. E_MALFORMED: not this magic, or a size that lies; E_UNSUPPORTED:
 * another layout. The fd stays the caller's and may be closed. */
int region_map(struct region *r, int fd, const char magic[8], uint32_t layout) MUST_CHECK;
void region_unmap(struct region *r);
