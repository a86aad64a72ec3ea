/* State of a compiler run, for the files of lib/compile only. */
#pragma once

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "compile/compile.h"
#include "schema/layout.h"

#define COMPILE_NODES_MAX 65535u
#define COMPILE_PATTERNS_MAX 1024u
#define COMPILE_PROPERTIES_MAX 4096u

/* A schema that has a number; compiled when its turn comes. */
struct compile_job {
	struct tree_node *schema;
	enum schema_dialect dialect;
	uint32_t node;
	const char *base;                /* JSON Pointer of the root that reached it first */
};

struct compile {
	struct image_builder *b;
	struct findings *f;
	struct compile_options options;
	struct arena arena;
	struct buf jobs;                 /* struct compile_job[], in order of numbers from 2 */
	size_t done;
	uint32_t *cells;                 /* jobs by node and dialect: index + 1 */
	size_t cells_cap;
	struct buf nodes;                /* struct schema_node[] */
	struct buf edges;                /* struct compile_edge[]: evaluated on the same value */
	struct buf code;                 /* instructions of the node under way */
	pcre2_code *patterns[COMPILE_PATTERNS_MAX];
	struct span pattern_texts[COMPILE_PATTERNS_MAX];
	uint32_t npatterns;
	bool failed;                     /* an error of ours was found: no program */
	int error;                       /* E_NOMEM, E_LIMIT; sticky */
};

struct compile_edge {
	uint32_t from, to;
};

/* The schema that is being compiled. */
struct compile_node {
	struct compile *c;
	struct tree_node *schema;
	enum schema_dialect dialect;
	uint32_t node;
	const char *base;
	bool object_done, array_done, condition_done;
};

/* ---- compile.c ---- */

/* The number of a subschema, compiled later; SCHEMA_NODE_NONE after a finding. */
uint32_t compile_number(struct compile *c, struct tree_node *schema, enum schema_dialect dialect, const char *base);
/* A subschema of n; in_place: judged on the same value, so that it must not lead back. */
uint32_t compile_child(struct compile_node *n, struct tree_node *schema, bool in_place);
/* COLD offset of the keyword's JSON Pointer below the root. */
uint32_t compile_where(struct compile_node *n, const struct tree_node *keyword);
/* A text for reports: its offset in IMAGE_SCHEMA_COLD. */
uint32_t compile_text(struct compile *c, struct span text);
void compile_emit(struct compile_node *n, const struct tree_node *keyword, enum schema_op op, uint32_t a, uint32_t b, int64_t c, unsigned flags);
void compile_fail(struct compile_node *n, const struct tree_node *at, const char *code, const char *fmt, ...) PRINTF_LIKE(4, 5);

/* ---- keyword.c ---- */

/* Compiles every keyword of n->schema, a mapping. */
void compile_keywords(struct compile_node *n);

/* ---- data.c: constants of the image ---- */

uint32_t data_text(struct compile *c, struct span text);
uint32_t data_words(struct compile *c, const uint32_t *words, size_t n);
/* A list: the count of items, then their words. */
uint32_t data_list(struct compile *c, const uint32_t *words, size_t items, size_t width);
/* struct schema_value of a tree. */
uint32_t data_value(struct compile *c, const struct tree_node *value);

struct data_row {
	struct span name;
	uint32_t node;
	bool required;
};

/* struct schema_table over rows of different names. */
uint32_t data_table(struct compile *c, const struct data_row *rows, size_t n);

/* ---- pattern.c ---- */

/* Index of an ECMA-262 pattern; false after a finding at `at`. */
bool pattern_index(struct compile_node *n, const struct tree_node *at, struct span pattern, uint32_t *index);
/* All patterns, serialised, into the image. */
void patterns_finish(struct compile *c);
