/* The engine of this tree for the benchmark: a schema file to an image, verified and
 * opened as in a worker. Owner: the benchmark. */
#include <stdio.h>
#include <stdlib.h>

#include "compile/compile.h"
#include "tests/bench/bench.h"

struct engine {
	struct findings f;
	struct tree_set *set;
	struct buf bytes;
	struct image img;
	struct schema_runner *runner;
	uint32_t root;
};

static int compile(struct engine *e, struct tree_node *schema)
{
	struct image_builder b;

	image_builder_init(&b);
	struct compile *c = compile_new(&b, &e->f, NULL);
	int r = c ? compile_schema(c, schema, DIALECT_DRAFT7, &e->root) : E_NOMEM;
	if (r == 0)
		r = compile_finish(c);
	if (r == 0)
		r = image_finish(&b, 1, &e->bytes);
	compile_free(c);
	image_builder_fini(&b);
	return r;
}

static int open_image(struct engine *e)
{
	int r = image_open(&e->img, e->bytes.p, e->bytes.n);

	if (r == 0)
		r = schema_verify(&e->img);
	if (r == 0)
		e->runner = schema_runner_new(&e->img, NULL);
	return r;
}

static void print_findings(const struct engine *e)
{
	struct buf out;

	buf_init(&out, 0);
	for (size_t i = 0; i < e->f.n; i++) {
		if (e->f.items[i].severity != FINDING_ERROR)
			continue;
		finding_print(&out, &e->f.items[i]);
		buf_addch(&out, '\n');
	}
	fwrite(out.p, 1, out.n, stderr);
	buf_fini(&out);
}

static bool add_resources(struct engine *e, char *const *resources, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		char *path = strrchr(resources[i], '=');
		if (!path)
			return false;
		*path++ = 0;
		if (tree_map_uri(e->set, resources[i], path) < 0)
			return false;
	}
	return true;
}

struct engine *engine_new(const char *schema, char *const *resources, size_t n)
{
	struct engine *e = calloc(1, sizeof *e);

	if (!e)
		return NULL;
	findings_init(&e->f, 0);
	buf_init(&e->bytes, 0);
	e->set = tree_set_new(&e->f, NULL);
	struct tree_file *file = e->set && add_resources(e, resources, n) ? tree_load(e->set, schema) : NULL;
	if (file && file->root && compile(e, file->root) == 0 && open_image(e) == 0 && e->runner)
		return e;
	print_findings(e);
	engine_free(e);
	return NULL;
}

void engine_free(struct engine *e)
{
	schema_runner_free(e->runner);
	buf_fini(&e->bytes);
	if (e->set)
		tree_set_free(e->set);
	findings_fini(&e->f);
	free(e);
}

size_t engine_judge(struct engine *e, const struct records *r, bool syntax)
{
	uint32_t root = syntax ? SCHEMA_ANY : e->root;
	size_t valid = 0;

	for (size_t i = 0; i < r->n; i++)
		valid += schema_run(e->runner, root, r->of[i]) == SCHEMA_VALID;
	return valid;
}

void engine_print_verdicts(struct engine *e, const struct records *r)
{
	static const char *const words[] = { [SCHEMA_VALID] = "valid", [SCHEMA_INVALID] = "invalid", [SCHEMA_UNDECIDABLE] = "undecidable" };

	for (size_t i = 0; i < r->n; i++)
		puts(words[schema_run(e->runner, e->root, r->of[i])]);
}
