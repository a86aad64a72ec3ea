/* Shared regions: made by the master, mapped and checked by children. Owner: shm. */
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "shm/region.h"

int region_create(const char *name, const char magic[8], uint32_t layout, size_t size)
{
	struct region_header h = { .layout = layout, .size = size };

	INVARIANT(size >= sizeof h);
	memcpy(h.magic, magic, sizeof h.magic);
	int fd = fd_memfd_region(name, size);
	if (fd < 0)
		return fd;
	if (pwrite(fd, &h, sizeof h, 0) != (ssize_t)sizeof h) {
		close(fd);
		return E_SYS;
	}
	return fd;
}

static int check_header(const struct region_header *h, size_t size, const char magic[8], uint32_t layout)
{
	if (memcmp(h->magic, magic, sizeof h->magic) != 0 || h->size != size)
		return E_MALFORMED;
	return h->layout == layout ? 0 : E_UNSUPPORTED;
}

int region_map(struct region *r, int fd, const char magic[8], uint32_t layout)
{
	struct stat st;

	*r = (struct region){ 0 };
	if (fstat(fd, &st) < 0)
		return E_SYS;
	if ((size_t)st.st_size < sizeof *r->base)
		return E_MALFORMED;
	/* Without this seal whoever holds the fd could cut it and kill every reader. */
	int seals = fcntl(fd, F_GET_SEALS);
	if (seals < 0 || !(seals & F_SEAL_SHRINK))
		return E_STATE;
	void *base = mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (base == MAP_FAILED)
		return E_SYS;
	int error = check_header(base, (size_t)st.st_size, magic, layout);
	if (error) {
		munmap(base, (size_t)st.st_size);
		return error;
	}
	*r = (struct region){ base, (size_t)st.st_size };
	return 0;
}

void region_unmap(struct region *r)
{
	if (r->base)
		munmap(r->base, r->size);
	*r = (struct region){ 0 };
}
