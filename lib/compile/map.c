/* What compiling looks up: numbers of schemas, resources by URI, anchors. One table of
 * (owner, kind, name) for all of them. Owner: compile; the loader and the tool. */
#include <stdlib.h>

#include "base/hash.h"
#include "compile/internal.h"

struct map_cell {
	const void *of;
	uint32_t kind;
	struct span name;
	void *value;                     /* NULL: free */
};

static size_t hash_of(const struct compile_map *m, const void *of, uint32_t kind, struct span name)
{
	uintptr_t owner[2] = { (uintptr_t)of, kind };

	return hash64(name.p, name.n, hash64(owner, sizeof owner, m->seed));
}

static struct map_cell *cell_of(const struct compile_map *m, const void *of, uint32_t kind, struct span name)
{
	size_t i = hash_of(m, of, kind, name) & (m->cap - 1);

	for (;; i = (i + 1) & (m->cap - 1)) {
		struct map_cell *cell = &m->cells[i];
		if (!cell->value || (cell->of == of && cell->kind == kind && span_eq(cell->name, name)))
			return cell;
	}
}

static bool grow(struct compile_map *m)
{
	struct compile_map bigger = { .cap = m->cap ? m->cap * 2 : 256, .n = m->n };

	bigger.cells = calloc(bigger.cap, sizeof *bigger.cells);
	if (!bigger.cells)
		return false;
	/* Where the heap is, no schema knows: names that collide cannot be prepared. */
	bigger.seed = m->cap ? m->seed : (uintptr_t)bigger.cells;
	for (size_t i = 0; i < m->cap; i++) {
		const struct map_cell *cell = &m->cells[i];
		if (cell->value)
			*cell_of(&bigger, cell->of, cell->kind, cell->name) = *cell;
	}
	free(m->cells);
	*m = bigger;
	return true;
}

void *map_find(const struct compile_map *m, const void *of, uint32_t kind, struct span name)
{
	return m->cap ? cell_of(m, of, kind, name)->value : NULL;
}

bool map_put(struct compile_map *m, const void *of, uint32_t kind, struct span name, void *value)
{
	if (m->n * 2 >= m->cap && !grow(m))
		return false;
	struct map_cell *cell = cell_of(m, of, kind, name);
	m->n += cell->value == NULL;
	*cell = (struct map_cell){ of, kind, name, value };
	return true;
}

void map_fini(struct compile_map *m)
{
	free(m->cells);
}
