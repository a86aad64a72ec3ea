/* Counts the calls that take memory from the heap, in this process, libraries included. */
#include <errno.h>
#include <stdlib.h>

#include "tests/bench/bench.h"

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *old, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);

static uint64_t calls;

uint64_t allocations(void)
{
	return calls;
}

void *malloc(size_t size)
{
	calls++;
	return __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
	calls++;
	return __libc_calloc(count, size);
}

void *realloc(void *old, size_t size)
{
	calls++;
	return __libc_realloc(old, size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
	calls++;
	return __libc_memalign(alignment, size);
}

int posix_memalign(void **out, size_t alignment, size_t size)
{
	calls++;
	*out = __libc_memalign(alignment, size);
	return *out ? 0 : ENOMEM;
}
