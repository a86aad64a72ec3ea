/* The schema engine from text to verdict, for tests. */
#include "engine.h"
#include "schema/private.h"

static const struct {
	const char *name;
	enum schema_dialect dialect;
} dialects[] = {
	{ "asyncapi", DIALECT_ASYNCAPI }, { "draft-04", DIALECT_DRAFT4 },  { "draft-06", DIALECT_DRAFT6 },       { "draft-07", DIALECT_DRAFT7 },
	{ "2019-09", DIALECT_2019_09 },   { "2020-12", DIALECT_2020_12 }, { "openapi-3.0", DIALECT_OPENAPI30 },
};

bool engine_dialect(struct span name, enum schema_dialect *d)
{
	for (size_t i = 0; i < ARRAY_LEN(dialects); i++) {
		if (span_is(name, dialects[i].name)) {
			*d = dialects[i].dialect;
			return true;
		}
	}
	return false;
}

static bool build(struct engine *e, struct span schema, enum schema_dialect d)
{
	struct tree_file *file = tree_parse(e->set, "schema.json", (const char *)schema.p, schema.n);
	int error = file && file->root ? compile_schema(e->compile, file->root, d, &e->root) : E_FINDINGS;

	error = error ? error : compile_finish(e->compile);
	if (error) {
		INVARIANT(error != E_FINDINGS || e->f.errors > 0);
		return false;
	}
	return image_finish(&e->builder, 1, &e->bytes) == 0;
}

bool engine_open(struct engine *e, struct span schema, enum schema_dialect d, const struct compile_options *options,
                 const struct schema_limits *limits)
{
	*e = (struct engine){ 0 };
	findings_init(&e->f, 100);
	e->set = tree_set_new(&e->f, NULL);
	image_builder_init(&e->builder);
	buf_init(&e->bytes, 0);
	e->compile = compile_new(&e->builder, &e->f, options);
	INVARIANT(e->set && e->compile);
	if (!build(e, schema, d))
		return false;
	INVARIANT(image_open(&e->img, e->bytes.p, e->bytes.n) == 0);
	INVARIANT(schema_verify(&e->img) == 0);
	e->runner = schema_runner_new(&e->img, limits);
	INVARIANT(e->runner);
	return true;
}

void engine_close(struct engine *e)
{
	schema_runner_free(e->runner);
	compile_free(e->compile);
	image_builder_fini(&e->builder);
	buf_fini(&e->bytes);
	tree_set_free(e->set);
	findings_fini(&e->f);
}

enum schema_verdict engine_judge_with(struct schema_runner *r, uint32_t root, struct span instance)
{
	enum schema_verdict v = schema_run(r, root, instance), tree = schema_run_tree(r, root, instance);
	struct schema_report report = { 0 };
	struct arena a;

	arena_init(&a, 4096, 0);
	report.arena = &a;
	enum schema_verdict slow = schema_explain(r, root, instance, &report);
	/* A budget of the tree may be spent where the fused pass knows already. */
	INVARIANT(v == tree || tree == SCHEMA_UNDECIDABLE);
	INVARIANT(slow == tree);
	INVARIANT((report.n > 0) == (slow == SCHEMA_INVALID));
	INVARIANT((report.reason != NULL) == (slow == SCHEMA_UNDECIDABLE));
	for (size_t i = 0; i < report.n; i++) {
		const struct schema_error *x = &report.errors[i];
		INVARIANT(x->instance && x->keyword && x->message && x->expected && x->found && x->offset <= instance.n);
	}
	arena_fini(&a);
	return v;
}

enum schema_verdict engine_judge(struct engine *e, struct span instance)
{
	return engine_judge_with(e->runner, e->root, instance);
}
