/* Schemas to programs: each schema gets a number when it is first met and is compiled
 * when its turn comes, so that recursion needs no care. Owner: compile; the loader and
 * the tool. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "compile/internal.h"

#define CHAIN_MAX 64                    /* references on the way to one schema */

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

	if (!c || !(c->patterns = patterns_new())) {
		free(c);
		return NULL;
	}
	c->b = b;
	c->f = f;
	if (options)
		c->options = *options;
	arena_init(&c->arena, 64 << 10, 0);
	buf_init(&c->jobs, 0);
	buf_init(&c->dynamics, 0);
	buf_init(&c->uri, 0);
	buf_init(&c->nodes, 0);
	buf_init(&c->edges, 0);
	buf_init(&c->code, 0);
	c->plain[0].rules = dialect_rules(DIALECT_ASYNCAPI);
	c->plain[1].rules = dialect_rules(DIALECT_OPENAPI30);
	c->plain[1].number = 1;
	c->nresources = ARRAY_LEN(c->plain);
	put_constants(c);
	return c;
}

void compile_free(struct compile *c)
{
	patterns_free(c->patterns);
	buf_fini(&c->jobs);
	buf_fini(&c->dynamics);
	buf_fini(&c->uri);
	buf_fini(&c->nodes);
	buf_fini(&c->edges);
	buf_fini(&c->code);
	arena_fini(&c->arena);
	map_fini(&c->names);
	free(c);
}

/* ---- numbers ---- */

/* Siblings of a $ref judge nothing (JSON Reference, section 3): say so when they would. */
static void warn_of_siblings(struct compile *c, const struct tree_node *schema)
{
	static const char *const harmless[] = { "$ref", "title", "description", "default", "examples", "$comment", "deprecated", "readOnly", "writeOnly", "definitions", "$id", "id", "$schema", "$defs", "externalDocs" };

	tree_each(it, schema) {
		bool silent = it->key.n > 2 && memcmp(it->key.p, "x-", 2) == 0;
		for (size_t i = 0; i < ARRAY_LEN(harmless); i++)
			silent = silent || span_is(it->key, harmless[i]);
		if (!silent)
			finding_warning(c->f, "ref-sibling", tree_key_location(it), "%.*s beside $ref is ignored; put both into allOf", (int)it->key.n, (const char *)it->key.p);
	}
}

/* Through references that stand for a schema: JSON References, and $ref up to draft-07.
 * NULL after a finding. */
static struct tree_node *stands_for(struct compile *c, struct tree_node *schema, struct compile_resource **in)
{
	struct span fragment;

	for (unsigned i = 0; schema && *in && tree_is_reference(schema) && dialect_ref_hides((*in)->rules.dialect); i++) {
		warn_of_siblings(c, schema);
		if (resource_is_plain(*in))
			return tree_deref(schema);
		struct tree_node *ref = tree_get(schema, "$ref");
		if (i == CHAIN_MAX) {
			compile_error(c, ref, "ref-loop", "\"%.*s\" leads back to itself, or through more than %d references; point it at a schema", (int)ref->text.n, (const char *)ref->text.p, CHAIN_MAX);
			return NULL;
		}
		if (!resource_resolve(c, *in, ref, &schema, in, &fragment))
			return NULL;
	}
	return *in ? schema : NULL;
}

uint32_t compile_node_add(struct compile *c, const struct tree_node *at, uint32_t resource)
{
	uint32_t node = (uint32_t)(c->nodes.n / sizeof(struct schema_node));
	struct schema_node empty = { .resource = resource };

	if (node >= COMPILE_NODES_MAX) {
		compile_error(c, at, "limit-schemas", "more than %u schemas are in use from here on; use fewer", COMPILE_NODES_MAX);
		c->error = E_LIMIT;
		return SCHEMA_NODE_NONE;
	}
	buf_add(&c->nodes, &empty, sizeof empty);
	return node;
}

/* false where a report says itself that something is unexpected, and by which keyword. */
static bool is_closing(const struct tree_node *schema)
{
	return span_is(schema->key, "additionalProperties") || span_is(schema->key, "unevaluatedProperties") || span_is(schema->key, "unevaluatedItems");
}

/* Draft-04 has true and false beside two keywords only (5.3.1.1, 5.4.4.1). */
static void check_bool(struct compile *c, const struct tree_node *schema, const struct compile_resource *in)
{
	if (in->rules.dialect == DIALECT_DRAFT4 && !span_is(schema->key, "additionalItems") && !span_is(schema->key, "additionalProperties"))
		compile_error(c, schema, "schema-type", "a schema is an object in draft-04; write %s", schema->truth ? "{}" : "{\"not\": {}}");
}

/* Any other false has a node of its own, so that a report can say where it stands. */
uint32_t compile_number(struct compile *c, struct tree_node *schema, struct compile_resource *in, const char *base)
{
	schema = stands_for(c, schema, &in);
	if (!schema) {
		c->failed = true;
		return SCHEMA_NODE_NONE;
	}
	if (schema->kind == TREE_BOOL)
		check_bool(c, schema, in);
	if (schema->kind == TREE_BOOL && (schema->truth || is_closing(schema)))
		return schema->truth ? SCHEMA_NODE_ANY : SCHEMA_NODE_NONE;
	if (!in->entered)
		dynamic_enter(c, in);
	uint32_t kind = MAP_OF(MAP_JOB, in->number);
	uintptr_t known = (uintptr_t)map_find(&c->names, schema, kind, SPAN_NULL);
	if (known)
		return (uint32_t)known;
	struct compile_job job = { schema, in, compile_node_add(c, schema, in->number), base };
	if (c->error)
		return SCHEMA_NODE_NONE;
	buf_add(&c->jobs, &job, sizeof job);
	if (!map_put(&c->names, schema, kind, SPAN_NULL, (void *)(uintptr_t)job.node))
		c->error = E_NOMEM;
	return job.node;
}

void compile_edge_add(struct compile *c, uint32_t from, uint32_t to)
{
	struct compile_edge edge = { from, to };

	buf_add(&c->edges, &edge, sizeof edge);
}

uint32_t compile_target(struct compile_node *n, struct tree_node *schema, struct compile_resource *in)
{
	uint32_t node = compile_number(n->c, schema, in, n->base);

	compile_edge_add(n->c, n->node, node);
	return node;
}

uint32_t compile_child(struct compile_node *n, struct tree_node *schema, bool in_place)
{
	struct compile_resource *in = resource_at(n->c, schema, n->in);
	uint32_t node = in ? compile_number(n->c, schema, in, n->base) : SCHEMA_NODE_NONE;

	if (in_place)
		compile_edge_add(n->c, n->node, node);
	return node;
}

/* ---- instructions ---- */

void compile_error(struct compile *c, const struct tree_node *at, const char *code, const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	/* Whoever looked before us may have told the same fault in its own words. */
	if (!finding_is_error_at(c->f, tree_location(at)))
		finding_error(c->f, code, tree_location(at), "%s", text);
	c->failed = true;
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
	struct compile_node n = { .c = c, .schema = job.schema, .in = job.in, .dialect = job.in->rules.dialect, .node = job.node, .base = job.base };
	struct schema_node *out;

	buf_clear(&c->code);
	if (job.schema->kind == TREE_MAP)
		compile_keywords(&n);
	else if (job.schema->kind == TREE_BOOL)
		compile_emit(&n, job.schema, SCHEMA_OP_FAIL, 0, 0, 0, 0);
	else
		compile_fail(&n, job.schema, "schema-type", "a schema is an object, true or false");
	size_t count = c->code.n / sizeof(struct schema_instr);
	if (count)
		qsort(c->code.p, count, sizeof(struct schema_instr), by_cost);
	out = (struct schema_node *)(void *)c->nodes.p + job.node;
	out->first = image_used(c->b, IMAGE_SCHEMA_CODE) / (uint32_t)sizeof(struct schema_instr);
	out->count = (uint32_t)count;
	out->flags = n.flags;
	image_append(c->b, IMAGE_SCHEMA_CODE, c->code.p, c->code.n, 8);
	if (buf_error(&c->code) || buf_error(&c->nodes) || buf_error(&c->jobs) || buf_error(&c->edges))
		c->error = E_NOMEM;
}

/* ---- one schema ---- */

int compile_schema(struct compile *c, struct tree_node *schema, enum schema_dialect dialect, uint32_t *root)
{
	*root = SCHEMA_NONE;
	c->failed = false;
	const char *base = arena_strdup(&c->arena, tree_path(schema));
	struct compile_resource *in = resource_of_root(c, schema, dialect);
	uint32_t node = base && in ? compile_number(c, schema, in, base) : SCHEMA_NODE_NONE;
	while (c->done < job_count(c) && !c->error)
		compile_one(c, *job_at(c, c->done++));
	if (c->error || !base)
		return c->error ? c->error : E_NOMEM;
	*root = image_used(c->b, IMAGE_SCHEMA_ROOTS) / (uint32_t)sizeof node;
	image_append(c->b, IMAGE_SCHEMA_ROOTS, &node, sizeof node, 4);
	return c->failed ? E_FINDINGS : 0;
}

int compile_finish(struct compile *c)
{
	size_t errors = c->f->errors;

	dynamic_finish(c);
	loop_find(c);
	patterns_finish(c);
	image_append(c->b, IMAGE_SCHEMA_NODES, c->nodes.p, c->nodes.n, 4);
	if (c->error)
		return c->error;
	return c->f->errors > errors ? E_FINDINGS : fuse_program_build(c);
}
