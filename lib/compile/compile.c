/* Schemas to programs: each schema gets a number when it is first met and is compiled
 * when its turn comes, so that recursion needs no care. Owner: compile; the loader and
 * the tool. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/hash.h"
#include "compile/internal.h"

static struct compile_job *job_at(struct compile *c, size_t i)
{
	return (struct compile_job *)(void *)c->jobs.p + i;
}

static size_t job_count(const struct compile *c)
{
	return c->jobs.n / sizeof(struct compile_job);
}

/* ---- the two schemas that every image has ---- */

static void put_constants(struct compile *c)
{
	static const uint32_t roots[] = { SCHEMA_NODE_ANY, SCHEMA_NODE_NONE };
	struct schema_instr fail = { .op = SCHEMA_OP_FAIL };
	struct schema_node any = { 0 }, none = { .first = 0, .count = 1 };

	image_append(c->b, IMAGE_SCHEMA_COLD, "", 1, 1);
	image_append(c->b, IMAGE_SCHEMA_CODE, &fail, sizeof fail, 8);
	image_append(c->b, IMAGE_SCHEMA_ROOTS, roots, sizeof roots, 4);
	buf_add(&c->nodes, &any, sizeof any);
	buf_add(&c->nodes, &none, sizeof none);
}

struct compile *compile_new(struct image_builder *b, struct findings *f, const struct compile_options *options)
{
	struct compile *c = calloc(1, sizeof *c);

	if (!c)
		return NULL;
	c->b = b;
	c->f = f;
	if (options)
		c->options = *options;
	arena_init(&c->arena, 64 << 10, 0);
	buf_init(&c->jobs, 0);
	buf_init(&c->nodes, 0);
	buf_init(&c->edges, 0);
	buf_init(&c->code, 0);
	put_constants(c);
	return c;
}

void compile_free(struct compile *c)
{
	for (uint32_t i = 0; i < c->npatterns; i++)
		pcre2_code_free(c->patterns[i]);
	buf_fini(&c->jobs);
	buf_fini(&c->nodes);
	buf_fini(&c->edges);
	buf_fini(&c->code);
	arena_fini(&c->arena);
	free(c->cells);
	free(c);
}

/* ---- numbers ---- */

static uint32_t *find_cell(struct compile *c, const struct tree_node *schema, enum schema_dialect dialect)
{
	struct {
		uintptr_t node, dialect;
	} key = { (uintptr_t)schema, dialect };
	size_t mask = c->cells_cap - 1;

	for (size_t i = hash64(&key, sizeof key, 0) & mask;; i = (i + 1) & mask) {
		const struct compile_job *j = c->cells[i] ? job_at(c, c->cells[i] - 1) : NULL;
		if (!j || (j->schema == schema && j->dialect == dialect))
			return &c->cells[i];
	}
}

static bool grow_cells(struct compile *c)
{
	if (job_count(c) * 2 < c->cells_cap)
		return true;
	size_t cap = c->cells_cap ? c->cells_cap * 2 : 256;
	uint32_t *cells = calloc(cap, sizeof *cells);
	if (!cells) {
		c->error = E_NOMEM;
		return false;
	}
	free(c->cells);
	c->cells = cells;
	c->cells_cap = cap;
	for (size_t i = 0; i < job_count(c); i++)
		*find_cell(c, job_at(c, i)->schema, job_at(c, i)->dialect) = (uint32_t)i + 1;
	return true;
}

/* Siblings of a $ref judge nothing (JSON Reference, section 3): say so when they would. */
static void warn_of_siblings(struct compile *c, const struct tree_node *schema)
{
	static const char *const harmless[] = { "$ref", "title", "description", "default", "examples", "$comment", "deprecated", "readOnly", "writeOnly", "definitions", "$id", "externalDocs" };

	tree_each(it, schema) {
		bool silent = it->key.n > 2 && memcmp(it->key.p, "x-", 2) == 0;
		for (size_t i = 0; i < ARRAY_LEN(harmless); i++)
			silent = silent || span_is(it->key, harmless[i]);
		if (!silent)
			finding_warning(c->f, "ref-sibling", tree_key_location(it), "%.*s beside $ref is ignored; put both into allOf", (int)it->key.n, (const char *)it->key.p);
	}
}

static bool is_reference(const struct tree_node *schema)
{
	const struct tree_node *ref = tree_get(schema, "$ref");

	return ref && ref->kind == TREE_STRING;
}

uint32_t compile_number(struct compile *c, struct tree_node *schema, enum schema_dialect dialect, const char *base)
{
	if (is_reference(schema))
		warn_of_siblings(c, schema);
	struct tree_node *target = tree_deref(schema);
	if (!target) {
		c->failed = true;
		return SCHEMA_NODE_NONE;
	}
	if (target->kind == TREE_BOOL)
		return target->truth ? SCHEMA_NODE_ANY : SCHEMA_NODE_NONE;
	if (!grow_cells(c))
		return SCHEMA_NODE_NONE;
	uint32_t *cell = find_cell(c, target, dialect);
	if (*cell)
		return job_at(c, *cell - 1)->node;
	struct compile_job job = { target, dialect, (uint32_t)(c->nodes.n / sizeof(struct schema_node)), base };
	struct schema_node empty = { 0 };
	if (job.node >= COMPILE_NODES_MAX) {
		c->error = E_LIMIT;
		return SCHEMA_NODE_NONE;
	}
	buf_add(&c->jobs, &job, sizeof job);
	buf_add(&c->nodes, &empty, sizeof empty);
	*cell = (uint32_t)job_count(c);
	return job.node;
}

uint32_t compile_child(struct compile_node *n, struct tree_node *schema, bool in_place)
{
	struct compile_edge edge = { n->node, compile_number(n->c, schema, n->dialect, n->base) };

	if (in_place)
		buf_add(&n->c->edges, &edge, sizeof edge);
	return edge.to;
}

/* ---- instructions ---- */

void compile_fail(struct compile_node *n, const struct tree_node *at, const char *code, const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	finding_error(n->c->f, code, tree_location(at), "%s", text);
	n->c->failed = true;
}

uint32_t compile_where(struct compile_node *n, const struct tree_node *keyword)
{
	const char *path = tree_path(keyword);
	size_t base = strlen(n->base);

	if (strncmp(path, n->base, base) == 0 && (path[base] == '/' || path[base] == 0))
		path += base;
	return image_append(n->c->b, IMAGE_SCHEMA_COLD, path, strlen(path) + 1, 1);
}

uint32_t compile_text(struct compile *c, struct span text)
{
	uint32_t off = image_append(c->b, IMAGE_SCHEMA_COLD, text.p, text.n, 1);

	image_append(c->b, IMAGE_SCHEMA_COLD, "", 1, 1);
	return off;
}

void compile_emit(struct compile_node *n, const struct tree_node *keyword, enum schema_op op, uint32_t a, uint32_t b, int64_t c, unsigned flags)
{
	struct schema_instr in = { .op = (uint16_t)op, .flags = (uint16_t)flags, .where = compile_where(n, keyword), .a = a, .b = b, .c = c };

	buf_add(&n->c->code, &in, sizeof in);
}

/* Cheap ones first, and the type before all: op.def is in that order. */
static int by_cost(const void *a, const void *b)
{
	return (int)((const struct schema_instr *)a)->op - (int)((const struct schema_instr *)b)->op;
}

static void compile_one(struct compile *c, struct compile_job job)
{
	struct compile_node n = { .c = c, .schema = job.schema, .dialect = job.dialect, .node = job.node, .base = job.base };
	struct schema_node *out;

	buf_clear(&c->code);
	if (job.schema->kind == TREE_MAP)
		compile_keywords(&n);
	else
		compile_fail(&n, job.schema, "schema-type", "a schema is an object, true or false");
	size_t count = c->code.n / sizeof(struct schema_instr);
	if (count)
		qsort(c->code.p, count, sizeof(struct schema_instr), by_cost);
	out = (struct schema_node *)(void *)c->nodes.p + job.node;
	out->first = image_used(c->b, IMAGE_SCHEMA_CODE) / (uint32_t)sizeof(struct schema_instr);
	out->count = (uint32_t)count;
	image_append(c->b, IMAGE_SCHEMA_CODE, c->code.p, c->code.n, 8);
	if (buf_error(&c->code) || buf_error(&c->nodes) || buf_error(&c->jobs) || buf_error(&c->edges))
		c->error = E_NOMEM;
}

static const char *dialect_name(enum schema_dialect d)
{
	static const char *const names[] = {
		[DIALECT_ASYNCAPI] = "AsyncAPI", [DIALECT_DRAFT4] = "draft-04", [DIALECT_DRAFT6] = "draft-06", [DIALECT_DRAFT7] = "draft-07",
		[DIALECT_2019_09] = "2019-09", [DIALECT_2020_12] = "2020-12", [DIALECT_OPENAPI30] = "OpenAPI 3.0",
	};
	return names[d];
}

int compile_schema(struct compile *c, struct tree_node *schema, enum schema_dialect dialect, uint32_t *root)
{
	*root = SCHEMA_NONE;
	c->failed = false;
	if (dialect != DIALECT_ASYNCAPI && dialect != DIALECT_DRAFT7 && dialect != DIALECT_OPENAPI30) {
		finding_error(c->f, "not-built", tree_location(schema), "schemas of %s are not judged yet; write draft-07", dialect_name(dialect));
		return E_FINDINGS;
	}
	const char *base = arena_strdup(&c->arena, tree_path(schema));
	uint32_t node = base ? compile_number(c, schema, dialect, base) : SCHEMA_NODE_NONE;
	while (c->done < job_count(c) && !c->error)
		compile_one(c, *job_at(c, c->done++));
	if (c->error || !base)
		return c->error ? c->error : E_NOMEM;
	*root = image_used(c->b, IMAGE_SCHEMA_ROOTS) / (uint32_t)sizeof node;
	image_append(c->b, IMAGE_SCHEMA_ROOTS, &node, sizeof node, 4);
	return c->failed ? E_FINDINGS : 0;
}

/* ---- schemas that lead back to themselves without a step into the value ---- */

/* Nodes without a way in are taken off until none is left; what stays is on a loop, or
 * behind one. */
static void find_loops(struct compile *c)
{
	size_t n = c->nodes.n / sizeof(struct schema_node), nedges = c->edges.n / sizeof(struct compile_edge);
	const struct compile_edge *edges = (const void *)c->edges.p;
	uint32_t *ways_out = calloc(n + 1, sizeof *ways_out);
	bool changed = true;

	if (!ways_out) {
		c->error = E_NOMEM;
		return;
	}
	for (size_t i = 0; i < nedges; i++)
		ways_out[edges[i].from]++;
	bool *gone = calloc(n + 1, sizeof *gone);
	while (gone && changed) {
		changed = false;
		for (size_t i = 0; i < nedges; i++) {
			if (!gone[edges[i].to] && ways_out[edges[i].to] == 0)
				gone[edges[i].to] = changed = true;
		}
		memset(ways_out, 0, n * sizeof *ways_out);
		for (size_t i = 0; i < nedges; i++)
			ways_out[edges[i].from] += !gone[edges[i].to];
	}
	for (size_t i = 0; gone && i < job_count(c); i++) {
		const struct compile_job *j = job_at(c, i);
		if (ways_out[j->node] == 0)
			continue;
		finding_error(c->f, "schema-loop", tree_location(j->schema), "this schema leads back to itself on the same value, without end; put a property or an item in between");
		break;
	}
	free(gone);
	free(ways_out);
}

int compile_finish(struct compile *c)
{
	size_t errors = c->f->errors;

	find_loops(c);
	patterns_finish(c);
	image_append(c->b, IMAGE_SCHEMA_NODES, c->nodes.p, c->nodes.n, 4);
	if (c->error)
		return c->error;
	return c->f->errors > errors ? E_FINDINGS : 0;
}
