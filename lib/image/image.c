/* The container, run side: opened from bytes that nobody vouches for. Owner: image;
 * runs in workers and admin. */
#include <errno.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/hash.h"
#include "image/image.h"

#define CRC_START (offsetof(struct image_header, crc) + sizeof(uint32_t))

static const struct image_header *header(const struct image *img)
{
	return (const struct image_header *)img->base;
}

static bool range_is_sound(struct image_range r, size_t size)
{
	size_t end = (size_t)r.off + r.len;

	return r.off % IMAGE_ALIGN == 0 && r.off >= sizeof(struct image_header) && end <= size - IMAGE_SLACK;
}

int image_open(struct image *img, const void *base, size_t size)
{
	const struct image_header *h = base;

	if (size < sizeof *h + IMAGE_SLACK || size > IMAGE_MAX_BYTES)
		return E_TRUNCATED;
	if (memcmp(h->magic, IMAGE_MAGIC, sizeof h->magic) != 0)
		return E_MALFORMED;
	if (h->version != IMAGE_VERSION || h->nsections != IMAGE_SECTION_COUNT)
		return E_UNSUPPORTED;
	if (h->size != size)
		return E_TRUNCATED;
	if (crc32c(0, (const uint8_t *)base + CRC_START, size - CRC_START) != h->crc)
		return E_CHECKSUM;
	for (unsigned i = 0; i < IMAGE_SECTION_COUNT; i++)
		if (!range_is_sound(h->sections[i], size))
			return E_MALFORMED;
	*img = (struct image){ base, size };
	return 0;
}

int image_map(struct image *img, int fd)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return E_SYS;
	if (fd_check_sealed(fd) < 0)
		return E_STATE;
	if (st.st_size <= 0 || (uint64_t)st.st_size > IMAGE_MAX_BYTES)
		return E_LIMIT;
	size_t size = (size_t)st.st_size;
	void *base = mmap(NULL, size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
	if (base == MAP_FAILED)
		return E_SYS;
	int r = image_open(img, base, size);
	if (r < 0)
		munmap(base, size);
	return r;
}

void image_unmap(struct image *img)
{
	if (img->base)
		munmap((void *)img->base, img->size);
	*img = (struct image){ 0 };
}

uint64_t image_generation(const struct image *img)
{
	return header(img)->generation;
}

struct span image_section(const struct image *img, enum image_section s)
{
	struct image_range r = header(img)->sections[s];

	return span_of(img->base + r.off, r.len);
}

const void *image_table(const struct image *img, enum image_section s, size_t size, size_t *n)
{
	struct span bytes = image_section(img, s);

	if (bytes.n % size != 0) {
		*n = 0;
		return NULL;
	}
	*n = bytes.n / size;
	return bytes.p;
}

const void *image_at(const struct image *img, enum image_section s, uint32_t off, size_t len)
{
	struct span bytes = image_section(img, s);

	return off <= bytes.n && len <= bytes.n - off ? bytes.p + off : NULL;
}

bool image_str_is_sound(const struct image *img, struct image_str s)
{
	const uint8_t *p = image_at(img, IMAGE_STRINGS, s.off, (size_t)s.len + 1);

	return p && p[s.len] == 0 && memchr(p, 0, s.len) == NULL;
}

const char *image_text(const struct image *img, struct image_str s)
{
	return image_str_is_sound(img, s) ? image_at(img, IMAGE_STRINGS, s.off, (size_t)s.len + 1) : "";
}

struct span image_str_span(const struct image *img, struct image_str s)
{
	const uint8_t *p = image_at(img, IMAGE_STRINGS, s.off, s.len);

	return p ? span_of(p, s.len) : SPAN_LIT("");
}
