/* RUN side of the schema engine: a compiled schema of an image and the bytes of a
 * payload in, a verdict out. Allocates nothing for a valid instance: scratch memory
 * belongs to the runner and is worker-private. Verdicts depend on bytes and image
 * alone; budgets count steps, never time. */
#pragma once

#include "base/arena.h"
#include "image/image.h"

enum schema_verdict {
	SCHEMA_VALID,
	SCHEMA_INVALID,        /* includes: not JSON */
	SCHEMA_UNDECIDABLE,    /* a budget was reached: steps, depth, size, pattern limits */
};

#define SCHEMA_ANY 0u          /* root that accepts every JSON text */
#define SCHEMA_NONE 1u         /* root that accepts nothing */

struct schema_limits {
	unsigned depth;              /* of the instance, default 128 */
	uint64_t steps, steps_per_byte; /* default 10,000 + 64 a byte */
	size_t bytes;                /* largest instance, default 64 MiB */
};

struct schema_runner;

/* Every offset and index of the schema sections in bounds? Once per mapped image. */
int schema_verify(const struct image *img) MUST_CHECK;
/* Of a verified image, which must outlive the runner. limits NULL: defaults. */
struct schema_runner *schema_runner_new(const struct image *img, const struct schema_limits *limits);
void schema_runner_free(struct schema_runner *r);
bool schema_root_is_known(const struct image *img, uint32_t root);

/* instance: one JSON text. Needs no slack after the bytes. */
enum schema_verdict schema_run(struct schema_runner *r, uint32_t root, struct span instance) MUST_CHECK;

struct schema_error {
	const char *instance;    /* JSON Pointer into the instance: "/lumens", "" is the whole */
	const char *keyword;     /* JSON Pointer of the keyword in its file: "/properties/lumens/type" */
	const char *message;     /* "expected integer, found boolean" */
	const char *expected;    /* "integer >= 0" */
	const char *found;       /* "true", cut to 64 bytes; type only when values are hidden */
	size_t offset;           /* byte offset of the value in the instance */
};

struct schema_report {
	struct arena *arena;     /* owner of all texts; the caller's */
	size_t max;              /* errors kept, default 16 */
	bool hide_values;        /* never quote the payload */
	struct schema_error *errors;
	size_t n;
	bool more;               /* there were more than max */
	const char *reason;      /* UNDECIDABLE: which budget */
};

/* The same verdict as schema_run, slowly, with every error. n > 0 exactly when the
 * verdict is invalid. */
enum schema_verdict schema_explain(struct schema_runner *r, uint32_t root, struct span instance, struct schema_report *report);
