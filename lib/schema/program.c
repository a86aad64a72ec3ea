/* The schema sections as tables, and look-ups in them. Owner: schema; workers, the
 * loader and the tool. */
#include "schema/private.h"

bool program_open(struct program *p, const struct image *img)
{
	struct span data = image_section(img, IMAGE_SCHEMA_DATA), cold = image_section(img, IMAGE_SCHEMA_COLD);

	*p = (struct program){ .data = data.p, .ndata = data.n, .cold = (const char *)cold.p, .ncold = cold.n };
	p->roots = image_table(img, IMAGE_SCHEMA_ROOTS, sizeof *p->roots, &p->nroots);
	p->nodes = image_table(img, IMAGE_SCHEMA_NODES, sizeof *p->nodes, &p->nnodes);
	p->code = image_table(img, IMAGE_SCHEMA_CODE, sizeof *p->code, &p->ncode);
	p->rows = image_table(img, IMAGE_SCHEMA_PROPS, sizeof *p->rows, &p->nrows);
	p->patterns = image_table(img, IMAGE_SCHEMA_PATTERNS, sizeof *p->patterns, &p->npatterns);
	struct span dfa = image_section(img, IMAGE_SCHEMA_DFA);
	p->dfa = dfa.p;
	p->ndfa = dfa.n;
	p->regex = image_section(img, IMAGE_SCHEMA_REGEX);
	return p->roots && p->nodes && p->code && p->rows && p->patterns;
}

bool fuse_program_open(struct fuse_program *t, const struct image *img)
{
	struct span data = image_section(img, IMAGE_FUSE_DATA);

	*t = (struct fuse_program){ .data = data.p, .ndata = data.n };
	if (image_section(img, IMAGE_FUSE_ROOTS).n == 0)
		return true;
	t->roots = image_table(img, IMAGE_FUSE_ROOTS, sizeof *t->roots, &t->nroots);
	t->keys = image_table(img, IMAGE_FUSE_KEYS, sizeof *t->keys, &t->nkeys);
	t->objects = image_table(img, IMAGE_FUSE_OBJECTS, sizeof *t->objects, &t->nobjects);
	t->arrays = image_table(img, IMAGE_FUSE_ARRAYS, sizeof *t->arrays, &t->narrays);
	t->types = image_table(img, IMAGE_FUSE_TYPES, sizeof *t->types, &t->ntypes);
	t->choices = image_table(img, IMAGE_FUSE_CHOICES, sizeof *t->choices, &t->nchoices);
	t->words = image_table(img, IMAGE_FUSE_WORDS, sizeof *t->words, &t->nwords);
	return t->roots && t->keys && t->objects && t->arrays && t->types && t->choices && t->words;
}

bool schema_root_is_known(const struct image *img, uint32_t root)
{
	return root < image_section(img, IMAGE_SCHEMA_ROOTS).n / sizeof(uint32_t);
}

const struct schema_row *program_find(const struct program *p, const struct schema_table *t, struct span name)
{
	const uint32_t *slots = program_at(p, t->slots);
	uint32_t hash = t->count ? schema_name_hash(name) : 0;

	for (uint32_t i = 0; t->count && i <= t->mask; i++) {
		uint32_t slot = slots[(hash + i) & t->mask];
		if (slot == 0)
			return NULL;
		const struct schema_row *row = &p->rows[t->first + slot - 1];
		if (row->hash == hash && row->len == name.n && name_is(p->data + row->off, name.p, name.n))
			return row;
	}
	return NULL;
}
