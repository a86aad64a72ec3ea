/* State of a compiler run, for the files of lib/compile only. */
#pragma once

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "compile/compile.h"
#include "schema/ecma.h"
#include "schema/layout.h"

#define COMPILE_NODES_MAX 65535u
#define COMPILE_PATTERNS_MAX 1024u
#define COMPILE_PROPERTIES_MAX 4096u

/* Groups of keywords that a metaschema switches on by $vocabulary, from 2019-09 on. */
enum compile_vocabulary { VOCABULARY_CORE, VOCABULARY_APPLICATOR, VOCABULARY_UNEVALUATED, VOCABULARY_VALIDATION, VOCABULARY_FORMAT, VOCABULARY_CONTENT, VOCABULARY_META_DATA };

/* Where subschemas are in a keyword's value. */
enum compile_shape { SHAPE_NONE, SHAPE_SCHEMA, SHAPE_LIST, SHAPE_MAP, SHAPE_SCHEMA_OR_LIST };

struct compile_node;

struct keyword {
	const char *name;
	uint32_t dialects;               /* bits */
	enum compile_vocabulary vocabulary;
	enum compile_shape shape;
	void (*compile)(struct compile_node *n, struct tree_node *v);
};

/* How the keywords of a resource are read. */
struct compile_rules {
	enum schema_dialect dialect;
	uint32_t vocabularies;           /* bits */
	bool custom;                     /* a metaschema of the user's says so */
	bool asserts_formats;            /* by its vocabulary */
};

/* A schema resource: what one base URI names. Schemas of AsyncAPI and OpenAPI 3.0, whose
 * $ref is a JSON Reference, share one of their dialect, without a root. */
struct compile_resource {
	struct compile_anchor *anchors;  /* dynamic ones */
	struct tree_node *root;          /* JSON Pointers start here; NULL: in the file */
	const char *uri;                 /* base of its references, no fragment */
	struct compile_rules rules;
	enum schema_dialect given;       /* of compile_schema: resources of different ones do not meet */
	uint32_t number;
	bool entered;                    /* a schema of it is judged: it may be in the dynamic scope */
};

/* A schema that has a number; compiled when its turn comes. */
struct compile_job {
	struct tree_node *schema;
	struct compile_resource *in;
	uint32_t node;
	const char *base;                /* JSON Pointer of the root that reached it first */
};

/* A schema that $dynamicAnchor names, or $recursiveAnchor: true by the name "". */
struct compile_anchor {
	struct compile_anchor *next;     /* of the same name */
	struct compile_anchor *beside;   /* of the same resource */
	struct compile_choice *choice;
	struct tree_node *schema;
	struct compile_resource *in;
};

/* What references to one name may lead to. */
struct compile_choice {
	struct compile_anchor *anchors;
	bool wanted;                     /* a reference looks at the dynamic scope */
	size_t n;                        /* at the end: those in resources entered, */
	uint32_t pairs;                  /* in DATA, by resource */
};

/* A reference that the dynamic scope decides: a node whose code is written at the end,
 * when all that may be in scope is known. */
struct compile_dynamic {
	uint32_t node, initial;
	struct compile_choice *choice;
	uint32_t where;                  /* COLD */
};

/* (of, kind, name) -> value */
struct compile_map {
	struct map_cell *cells;
	size_t n, cap;
	uint64_t seed;
};

struct compile {
	struct image_builder *b;
	struct findings *f;
	struct compile_options options;
	struct arena arena;
	struct buf jobs;                 /* struct compile_job[] */
	size_t done;
	struct buf dynamics;             /* struct compile_dynamic[] */
	struct compile_map names;
	uint32_t nresources;
	struct buf uri;                  /* the one that was resolved last */
	struct compile_resource plain[2]; /* of AsyncAPI and of OpenAPI 3.0 */
	struct buf nodes;                /* struct schema_node[] */
	struct buf edges;                /* struct compile_edge[]: evaluated on the same value */
	struct buf code;                 /* instructions of the node under way */
	struct patterns *patterns;
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
	struct compile_resource *in;
	enum schema_dialect dialect;     /* of that resource */
	uint32_t node, flags;
	const char *base;
	bool object_done, array_done, condition_done;
};

/* ---- compile.c ---- */

/* The number of a schema, compiled later; SCHEMA_NODE_NONE after a finding. base: the JSON
 * Pointer of the root that it belongs to. */
uint32_t compile_number(struct compile *c, struct tree_node *schema, struct compile_resource *in, const char *base);
/* A node without code, for what stands at `at`. */
uint32_t compile_node_add(struct compile *c, const struct tree_node *at, uint32_t resource);
/* to is judged on the value of from. */
void compile_edge_add(struct compile *c, uint32_t from, uint32_t to);
/* The number of the subschema of n, compiled later; SCHEMA_NODE_NONE after a finding.
 * in_place: judged on the same value, so that it must not lead back. */
uint32_t compile_child(struct compile_node *n, struct tree_node *schema, bool in_place);
/* The number of a schema elsewhere, judged on the same value. */
uint32_t compile_target(struct compile_node *n, struct tree_node *schema, struct compile_resource *in);
/* COLD offset of the keyword's JSON Pointer below the root. */
uint32_t compile_where(struct compile_node *n, const struct tree_node *keyword);
/* A text for reports: its offset in IMAGE_SCHEMA_COLD. */
uint32_t compile_text(struct compile *c, struct span text);
void compile_emit(struct compile_node *n, const struct tree_node *keyword, enum schema_op op, uint32_t a, uint32_t b, int64_t c, unsigned flags);
/* A finding that leaves the program out. */
void compile_error(struct compile *c, const struct tree_node *at, const char *code, const char *fmt, ...) PRINTF_LIKE(4, 5);
#define compile_fail(n, ...) compile_error((n)->c, __VA_ARGS__)

/* ---- dynamic.c ---- */

/* The schema is a dynamic anchor of its resource. */
void dynamic_declare(struct compile *c, struct compile_resource *in, struct tree_node *schema, struct span name);
/* Is it, by that name? */
bool dynamic_is(struct compile *c, const struct compile_resource *in, const struct tree_node *schema, struct span name);
/* The number of a reference from n to that dynamic anchor, unless a resource in the dynamic
 * scope has one of its name too. */
uint32_t dynamic_number(struct compile_node *n, const struct tree_node *keyword, struct tree_node *schema, struct compile_resource *in, struct span name);
/* A schema of this resource is judged for the first time. */
void dynamic_enter(struct compile *c, struct compile_resource *in);
/* Writes the code of the references, after the last schema. */
void dynamic_finish(struct compile *c);

/* ---- loop.c ---- */

/* A finding when schemas lead back to themselves on the same value. */
void loop_find(struct compile *c);

/* ---- map.c ---- */

/* A number may stand above the lowest byte. */
enum compile_kind { MAP_JOB, MAP_PLACE, MAP_URI, MAP_ANCHOR, MAP_CHOICE, MAP_DYNAMIC_ANCHOR, MAP_DYNAMIC };
#define MAP_OF(kind, number) ((uint32_t)(kind) | (uint32_t)(number) << 8)

void *map_find(const struct compile_map *m, const void *of, uint32_t kind, struct span name);
/* Keeps the name; a value is not NULL. false: no memory. */
bool map_put(struct compile_map *m, const void *of, uint32_t kind, struct span name, void *value) MUST_CHECK;
void map_fini(struct compile_map *m);

/* ---- resource.c ---- */

/* The resource of a schema that the caller gave. NULL: no memory. */
struct compile_resource *resource_of_root(struct compile *c, struct tree_node *schema, enum schema_dialect dialect);
/* The resource of a schema that was met from `near`. */
struct compile_resource *resource_at(struct compile *c, struct tree_node *schema, struct compile_resource *near);
/* Where a reference text leads; false after a finding. *fragment is decoded. */
bool resource_resolve(struct compile *c, struct compile_resource *from, struct tree_node *ref, struct tree_node **schema, struct compile_resource **in, struct span *fragment);
bool resource_is_plain(const struct compile_resource *r);

/* ---- dialect.c ---- */

/* $ref stands alone up to draft-07. */
bool dialect_ref_hides(enum schema_dialect d);
const char *dialect_name(enum schema_dialect d);
struct compile_rules dialect_rules(enum schema_dialect d);
/* The rules that a $schema names; false after a finding. */
bool dialect_take(struct compile *c, struct tree_node *schema, struct compile_rules *rules);
/* The text of a public metaschema; null when the URI names none. */
struct span dialect_metaschema(const char *uri);

/* ---- keyword.c ---- */

/* The row of a keyword under these rules; NULL: an annotation. */
const struct keyword *keyword_find(const struct compile_rules *rules, struct span name);
/* A member of n->schema, when its name is a keyword there. */
struct tree_node *keyword_sibling(const struct compile_node *n, const char *name);
/* Compiles every keyword of n->schema, a mapping. */
void compile_keywords(struct compile_node *n);

/* ---- keyword_*.c: what a keyword of a schema compiles to ---- */

#define KEYWORD(name, dialects, vocabulary, shape, function) void kw_##function(struct compile_node *n, struct tree_node *v);
#include "compile/keyword.def"
#undef KEYWORD

/* A whole number, 0 or more; false after a finding. */
bool keyword_size(struct compile_node *n, const struct tree_node *v, int64_t *out);

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

struct patterns *patterns_new(void);
void patterns_free(struct patterns *p);
/* Index of an ECMA-262 pattern; false after a finding at `at`. */
bool pattern_index(struct compile_node *n, const struct tree_node *at, struct span pattern, uint32_t *index);
/* All patterns into the image. */
void patterns_finish(struct compile *c);

/* ---- pcre.c ---- */

/* false: a back reference that PCRE2 would resolve in another way. */
bool pcre_agrees(const struct ecma *e);
/* The same language for PCRE2. */
void pcre_write(const struct ecma *e, struct buf *out);
/* ---- fuse.c ---- */

/* The fused sections, out of the finished program. */
int fuse_program_build(struct compile *c) MUST_CHECK;
