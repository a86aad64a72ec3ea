/* Bump allocator by lifetime. Owner: base; every process. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"

struct arena_block {
	struct arena_block *older;
	size_t size;
	_Alignas(16) uint8_t bytes[];
};

void arena_init(struct arena *a, size_t block_size, size_t limit)
{
	*a = (struct arena){ .block_size = block_size, .limit = limit };
}

static void block_free(struct arena *a, struct arena_block *b)
{
	a->total -= sizeof *b + b->size;
	free(b);
}

void arena_reset(struct arena *a)
{
	while (a->blocks && a->blocks->older) {
		struct arena_block *b = a->blocks;
		a->blocks = b->older;
		block_free(a, b);
	}
	if (a->blocks && a->blocks->size > a->block_size) {
		block_free(a, a->blocks);
		a->blocks = NULL;
	}
	a->used = 0;
	a->size = a->blocks ? a->blocks->size : 0;
}

void arena_fini(struct arena *a)
{
	while (a->blocks) {
		struct arena_block *b = a->blocks;
		a->blocks = b->older;
		block_free(a, b);
	}
	a->used = a->size = 0;
}

static bool arena_grow(struct arena *a, size_t n)
{
	size_t size = n > a->block_size ? n : a->block_size;

	if (a->limit && (size > a->limit || a->total + sizeof(struct arena_block) + size > a->limit))
		return false;
	struct arena_block *b = malloc(sizeof *b + size);
	if (!b)
		return false;
	b->older = a->blocks;
	b->size = size;
	a->blocks = b;
	a->total += sizeof *b + size;
	a->used = 0;
	a->size = size;
	return true;
}

void *arena_alloc(struct arena *a, size_t n)
{
	if (n > SIZE_MAX - 64)
		return NULL;
	n = (n + 15) & ~(size_t)15;
	if (a->size - a->used < n && !arena_grow(a, n))
		return NULL;
	if (!a->blocks && !arena_grow(a, n))
		return NULL;
	void *p = a->blocks->bytes + a->used;
	a->used += n;
	memset(p, 0, n);
	return p;
}

void *arena_array(struct arena *a, size_t n, size_t size)
{
	size_t bytes;

	if (__builtin_mul_overflow(n, size, &bytes))
		return NULL;
	return arena_alloc(a, bytes);
}

char *arena_strndup(struct arena *a, const void *p, size_t n)
{
	char *s = n < SIZE_MAX ? arena_alloc(a, n + 1) : NULL;

	if (s && n)
		memcpy(s, p, n);
	return s;
}

char *arena_strdup(struct arena *a, const char *s)
{
	return arena_strndup(a, s, strlen(s));
}

char *arena_printf(struct arena *a, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	int n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	char *s = n < 0 ? NULL : arena_alloc(a, (size_t)n + 1);
	if (!s)
		return NULL;
	va_start(ap, fmt);
	vsnprintf(s, (size_t)n + 1, fmt, ap);
	va_end(ap);
	return s;
}
