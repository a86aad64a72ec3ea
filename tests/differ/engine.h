/* The schema engine from text to verdict, for tests: what the loader, a worker and the
 * report do one after another, and the rules that must hold between them. */
#pragma once

#include "compile/compile.h"
#include "schema/schema.h"

struct engine {
	struct findings f;
	struct tree_set *set;
	struct image_builder builder;
	struct compile *compile;
	struct buf bytes;              /* the image */
	struct image img;
	struct schema_runner *runner;  /* NULL: the schema was refused, the findings say why */
	uint32_t root;
};

/* false: the name is none. */
bool engine_dialect(struct span name, enum schema_dialect *d);
/* limits and options NULL: defaults. False: the schema was refused. */
bool engine_open(struct engine *e, struct span schema, enum schema_dialect d, const struct compile_options *options,
                 const struct schema_limits *limits);
void engine_close(struct engine *e);
/* The verdict of every executor. They must agree, and the report must have an error
 * exactly when the verdict is invalid: else the process stops. */
enum schema_verdict engine_judge(struct engine *e, struct span instance);
/* Of any verified image and runner, as engine_judge. */
enum schema_verdict engine_judge_with(struct schema_runner *r, uint32_t root, struct span instance);
