/* BUILD side of the schema engine: located schema trees to programs in an image.
 * Every keyword is a row of keyword.def; a known one used wrongly is a located
 * finding, and so is anything that this build cannot judge: never silence. */
#pragma once

#include "image/image.h"
#include "schema/schema.h"
#include "tree/tree.h"

enum schema_dialect {
	DIALECT_ASYNCAPI,     /* draft-07 superset; $ref is a JSON Reference, siblings ignored */
	DIALECT_DRAFT4, DIALECT_DRAFT6, DIALECT_DRAFT7, DIALECT_2019_09, DIALECT_2020_12,
	DIALECT_OPENAPI30,
};

struct compile_options {
	bool formats;         /* assert `format`; default by dialect: true up to draft-07 and AsyncAPI */
	bool formats_set;     /* formats was given */
	bool content;         /* assert contentEncoding and contentMediaType */
	bool backtrack;       /* patterns by PCRE2 alone: to compare with */
	bool plan;            /* say, as findings of severity info, what is not judged while scanning, and why */
};

struct compile;

/* Borrows both; programs go to the IMAGE_SCHEMA_* sections. options NULL: defaults. */
struct compile *compile_new(struct image_builder *b, struct findings *f, const struct compile_options *options);
void compile_free(struct compile *c);
/* The program of one schema; the same node compiles once. *root is its id in the
 * image. E_FINDINGS when it cannot be compiled. */
int compile_schema(struct compile *c, struct tree_node *schema, enum schema_dialect dialect, uint32_t *root) MUST_CHECK;
/* After the last schema: lays the tables out. */
int compile_finish(struct compile *c) MUST_CHECK;
