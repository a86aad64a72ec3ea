/* Bump allocator: the unit is a lifetime. Everything taken from an arena is freed
 * at once by arena_reset (keeps the first block) or arena_fini. Not thread safe. */
#pragma once

#include "base/base.h"

struct arena_block;

struct arena {
	struct arena_block *blocks;  /* newest first */
	size_t used, size;           /* of the newest block */
	size_t total;                /* bytes taken from the heap, all blocks */
	size_t limit;                /* most heap bytes, 0: none */
	size_t block_size;           /* of an ordinary block */
};

void arena_init(struct arena *a, size_t block_size, size_t limit);
void arena_reset(struct arena *a);
void arena_fini(struct arena *a);

/* 16-byte aligned, zeroed; NULL at the limit or when the heap is empty. */
void *arena_alloc(struct arena *a, size_t n) MUST_CHECK;
/* n items of size bytes; NULL on overflow too. */
void *arena_array(struct arena *a, size_t n, size_t size) MUST_CHECK;
/* Copies; the copy is followed by a NUL that n does not count. */
char *arena_strndup(struct arena *a, const void *p, size_t n) MUST_CHECK;
char *arena_strdup(struct arena *a, const char *s) MUST_CHECK;
char *arena_printf(struct arena *a, const char *fmt, ...) PRINTF_LIKE(2, 3) MUST_CHECK;
