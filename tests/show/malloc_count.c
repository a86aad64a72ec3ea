/* Preloaded into the gateway by the show no-allocations: counts the calls that take memory from the heap, for each
 * process, in a file that the script reads. Slots are found by process id; a process that forks gets one of its own. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define SLOTS 1024

struct slot {
	_Atomic int64_t pid;
	_Atomic int64_t calls;
	_Atomic int64_t last;            /* bytes of the last one */
};

static struct slot *slots;
static struct slot *mine;

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *old, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);

static void take_slot(void)
{
	int64_t pid = getpid();

	for (size_t i = 0; slots && i < SLOTS; i++) {
		int64_t empty = 0;

		if (atomic_compare_exchange_strong(&slots[i].pid, &empty, pid) || empty == pid) {
			mine = &slots[i];
			return;
		}
	}
}

__attribute__((constructor)) static void open_slots(void)
{
	const char *path = getenv("MALLOC_COUNT_FILE");
	int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;

	if (fd < 0)
		return;
	void *map = mmap(NULL, SLOTS * sizeof(struct slot), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	close(fd);
	if (map == MAP_FAILED)
		return;
	slots = map;
	take_slot();
	pthread_atfork(NULL, NULL, take_slot);
}

static void count(size_t size)
{
	if (!mine)
		return;
	atomic_fetch_add_explicit(&mine->calls, 1, memory_order_relaxed);
	atomic_store_explicit(&mine->last, (int64_t)size, memory_order_relaxed);
}

void *malloc(size_t size)
{
	count(size);
	return __libc_malloc(size);
}

void *calloc(size_t number, size_t size)
{
	count(number * size);
	return __libc_calloc(number, size);
}

void *realloc(void *old, size_t size)
{
	count(size);
	return __libc_realloc(old, size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
	count(size);
	return __libc_memalign(alignment, size);
}

int posix_memalign(void **out, size_t alignment, size_t size)
{
	count(size);
	*out = __libc_memalign(alignment, size);
	return *out ? 0 : 12;
}
