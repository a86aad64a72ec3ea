/* The container, build side: sections grow apart and are laid out at the end. Owner:
 * image; runs in the loader and the tool. */
#include <stdlib.h>

#include "base/hash.h"
#include "image/image.h"

void image_builder_init(struct image_builder *b)
{
	*b = (struct image_builder){ 0 };
	for (unsigned i = 0; i < IMAGE_SECTION_COUNT; i++)
		buf_init(&b->sections[i], IMAGE_MAX_BYTES / 2);
	buf_u8(&b->sections[IMAGE_STRINGS], 0);       /* offset 0 is "" */
}

void image_builder_fini(struct image_builder *b)
{
	for (unsigned i = 0; i < IMAGE_SECTION_COUNT; i++)
		buf_fini(&b->sections[i]);
	free(b->intern);
	b->intern = NULL;
}

uint32_t image_append(struct image_builder *b, enum image_section s, const void *p, size_t n, size_t align)
{
	struct buf *section = &b->sections[s];
	size_t pad = (align - section->n % align) % align;

	if (pad)
		(void)buf_extend(section, pad);
	uint32_t off = (uint32_t)section->n;
	uint8_t *at = n ? buf_extend(section, n) : NULL;
	if (at && p)
		memcpy(at, p, n);
	if (buf_error(section))
		b->error = buf_error(section);
	return off;
}

uint32_t image_used(const struct image_builder *b, enum image_section s)
{
	return (uint32_t)b->sections[s].n;
}

void *image_mutable(struct image_builder *b, enum image_section s, uint32_t off)
{
	INVARIANT(off <= b->sections[s].n);
	return b->sections[s].p ? b->sections[s].p + off : NULL;       /* an empty section has no bytes yet */
}

/* Open addressing over offsets into IMAGE_STRINGS; 0 is a free cell. */
static uint32_t *intern_cell(struct image_builder *b, struct span text)
{
	size_t mask = b->intern_cap - 1;
	size_t i = hash64(text.p, text.n, 0) & mask;

	for (;; i = (i + 1) & mask) {
		if (b->intern[i] == 0)
			return &b->intern[i];
		const char *have = (const char *)b->sections[IMAGE_STRINGS].p + b->intern[i];
		if (strncmp(have, (const char *)text.p, text.n) == 0 && have[text.n] == 0)
			return &b->intern[i];
	}
}

static bool intern_grow(struct image_builder *b)
{
	size_t old_cap = b->intern_cap;
	uint32_t *old = b->intern;

	if (b->intern_n * 2 < old_cap)
		return true;
	b->intern_cap = old_cap ? old_cap * 2 : 256;
	b->intern = calloc(b->intern_cap, sizeof *b->intern);
	if (!b->intern) {
		b->intern = old;
		b->intern_cap = old_cap;
		b->error = E_NOMEM;
		return false;
	}
	for (size_t i = 0; i < old_cap; i++)
		if (old[i])
			*intern_cell(b, span_str((const char *)b->sections[IMAGE_STRINGS].p + old[i])) = old[i];
	free(old);
	return true;
}

struct image_str image_intern(struct image_builder *b, struct span text)
{
	struct image_str s = { 0, 0 };

	if (text.n == 0 || memchr(text.p, 0, text.n) || b->error || !intern_grow(b))
		return s;
	uint32_t *cell = intern_cell(b, text);
	s = (struct image_str){ *cell, (uint32_t)text.n };
	if (s.off)
		return s;
	s.off = image_append(b, IMAGE_STRINGS, text.p, text.n, 1);
	(void)image_append(b, IMAGE_STRINGS, "", 1, 1);
	if (b->error)
		return (struct image_str){ 0, 0 };
	*cell = s.off;
	b->intern_n++;
	return s;
}

static void pad_to(struct buf *out, size_t align)
{
	size_t pad = (align - out->n % align) % align;

	if (pad)
		(void)buf_extend(out, pad);
}

int image_finish(struct image_builder *b, uint64_t generation, struct buf *out)
{
	struct image_header h = { .version = IMAGE_VERSION, .nsections = IMAGE_SECTION_COUNT, .generation = generation };

	if (b->error)
		return b->error;
	memcpy(h.magic, IMAGE_MAGIC, sizeof h.magic);
	buf_clear(out);
	(void)buf_extend(out, sizeof h);
	for (unsigned i = 0; i < IMAGE_SECTION_COUNT; i++) {
		pad_to(out, IMAGE_ALIGN);
		h.sections[i] = (struct image_range){ (uint32_t)out->n, (uint32_t)b->sections[i].n };
		buf_add(out, b->sections[i].p, b->sections[i].n);
	}
	pad_to(out, IMAGE_ALIGN);
	(void)buf_extend(out, IMAGE_SLACK);
	if (buf_error(out) || out->n > IMAGE_MAX_BYTES)
		return buf_error(out) ? buf_error(out) : E_LIMIT;
	h.size = (uint32_t)out->n;
	memcpy(out->p, &h, sizeof h);
	size_t start = offsetof(struct image_header, crc) + sizeof h.crc;
	h.crc = crc32c(0, out->p + start, out->n - start);
	memcpy(out->p, &h, sizeof h);
	return 0;
}
