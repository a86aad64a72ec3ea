/* Schemas that lead back to themselves without a step into the value. Owner: compile; the
 * loader and the tool. */
#include <stdlib.h>

#include "compile/internal.h"

/* Edges by the node that they lead to. */
struct ways {
	size_t n;
	uint32_t *first;                 /* [n + 1]: of a node's ways in, in `from` */
	uint32_t *from;
	uint32_t *out;                   /* [n]: ways out that are left */
	uint32_t *ends;                  /* nodes without a way out */
};

static void ways_fini(struct ways *w)
{
	free(w->first);
	free(w->from);
	free(w->out);
	free(w->ends);
}

static bool ways_init(struct ways *w, const struct compile_edge *edges, size_t nedges)
{
	w->first = calloc(w->n + 2, sizeof *w->first);
	w->from = calloc(nedges + 1, sizeof *w->from);
	w->out = calloc(w->n + 1, sizeof *w->out);
	w->ends = calloc(w->n + 1, sizeof *w->ends);
	if (!w->first || !w->from || !w->out || !w->ends)
		return false;
	for (size_t i = 0; i < nedges; i++) {
		w->first[edges[i].to + 2]++;
		w->out[edges[i].from]++;
	}
	for (size_t i = 2; i <= w->n; i++)
		w->first[i] += w->first[i - 1];
	for (size_t i = 0; i < nedges; i++)
		w->from[w->first[edges[i].to + 1]++] = edges[i].from;
	return true;
}

/* Nodes that end are taken off until none is left; what keeps a way out is on a loop, or
 * before one. */
static void take_off_ends(struct ways *w)
{
	size_t n = 0;

	for (uint32_t i = 0; i < w->n; i++)
		if (w->out[i] == 0)
			w->ends[n++] = i;
	while (n > 0) {
		uint32_t node = w->ends[--n];
		for (uint32_t i = w->first[node]; i < w->first[node + 1]; i++)
			if (--w->out[w->from[i]] == 0)
				w->ends[n++] = w->from[i];
	}
}

void loop_find(struct compile *c)
{
	struct ways w = { .n = c->nodes.n / sizeof(struct schema_node) };
	const struct compile_job *jobs = (const void *)c->jobs.p;

	if (ways_init(&w, (const void *)c->edges.p, c->edges.n / sizeof(struct compile_edge)))
		take_off_ends(&w);
	else
		c->error = E_NOMEM;
	for (size_t i = 0; !c->error && i < c->jobs.n / sizeof *jobs; i++) {
		if (w.out[jobs[i].node] == 0)
			continue;
		finding_error(c->f, "schema-loop", tree_location(jobs[i].schema), "this schema leads back to itself on the same value, without end; put a property or an item in between");
		break;
	}
	ways_fini(&w);
}
