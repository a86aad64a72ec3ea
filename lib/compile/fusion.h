/* What the files of the fusing compiler share: the program that was compiled, read as
 * sets of nodes that must all hold, and what is laid out of them. */
#pragma once

#include "compile/internal.h"
#include "schema/fuse.h"
#include "schema/private.h"

#define FUSION_KEYS_MAX 60000u          /* of all objects; beyond, the tree executor judges */
#define FUSION_WORK_MAX 2000000u        /* nodes looked at, of the whole image */
#define FUSION_FACTS_MAX 3

/* Its text is in no name: a key that is only found by fuse_slot. */
#define FUSE_KEY_ODD \
	{ .text = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, \
	            0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff }, \
	  .bit = 1, .flags = FUSE_ODD }

/* Something known of an object before it is judged: the text of one of its members. */
struct fact {
	const struct fact *next;
	struct span name;
	enum { FACT_TEXT, FACT_OTHER, FACT_ABSENT } kind;
	struct span text;               /* FACT_TEXT */
	const struct span *listed;      /* FACT_OTHER: none of these */
	size_t nlisted;
};

/* A conjunction for values of one type: instructions that are left to judge. */
struct atoms {
	struct buf code;                /* uint32_t: instructions */
	unsigned open;                  /* of them, combinators that nothing decided */
};

/* Nodes, ascending and different. */
struct node_set {
	uint32_t *nodes;
	uint32_t n;
};

struct fusion {
	struct compile *c;
	const struct schema_node *nodes;
	const struct schema_instr *code;
	const struct schema_row *rows;
	const uint8_t *data;
	size_t nnodes, nkeys;
	struct program automata;        /* its patterns and dfa only */
	struct arena arena;
	struct buf jobs;                /* struct fusion_job[] */
	size_t done;
	struct plan **plans;            /* hash table of what sets became */
	size_t plans_cap, nplans;
	uint64_t work;
	struct tree_node **schemas;     /* of each node; only when the plan is to be told */
	bool dynamic;                   /* some node asks for the dynamic scope */
	int error;
};

/* An object or array that has its number and is laid out later, so that recursion ends. */
struct fusion_job {
	enum { JOB_OBJECT, JOB_ARRAY } kind;
	uint32_t index;
	const uint32_t *atoms;
	size_t n;
	struct span watched;            /* a name taken to be absent; or null */
};

/* ---- fuse.c ---- */

struct fuse_value fusion_plan(struct fusion *f, const struct node_set *set);
void fusion_add(struct fusion *f, struct node_set *set, uint32_t node);
/* A list in FUSE_DATA. */
uint32_t fusion_list(struct fusion *f, const uint32_t *words, size_t items, size_t width);
uint32_t fusion_data(struct fusion *f, const void *p, size_t n, size_t align);
uint32_t fusion_job(struct fusion *f, int kind, enum image_section section, size_t size, const struct atoms *a, struct span watched);

static inline const uint32_t *fusion_words(const struct fusion *f, uint32_t off, uint32_t *n)
{
	const uint32_t *list = (const void *)(f->data + off);

	*n = list[0];
	return list + 1;
}

static inline struct span fusion_row_name(const struct fusion *f, const struct schema_row *r)
{
	return span_of(f->data + r->off, r->len);
}

/* ---- fuse_presence.c ---- */

/* anyOf, oneOf or not whose branches only demand names? */
bool fusion_is_presence(const struct fusion *f, const struct schema_instr *in);
/* The same, and no branch evaluates a member, as unevaluatedProperties means it. */
bool fusion_evaluates_nothing(const struct fusion *f, const struct schema_instr *in);
/* Their names, in order; branch: the first of a branch. */
void fusion_presence(const struct fusion *f, const struct schema_instr *in, void (*each)(void *layout, struct span name, bool branch), void *layout);

/* ---- fuse_plan.c ---- */

/* Which schema each node comes from, when findings are to tell. */
void fusion_plan_open(struct fusion *f);
/* The tree executor judges what this set demands: say where and why. */
void fusion_tell(struct fusion *f, const struct node_set *set, const struct atoms *a);

/* ---- fuse_pattern.c ---- */

enum fusion_match { MATCH_NONE, MATCH_SOME, MATCH_UNKNOWN };

/* Does a pattern match the name? Unknown: it is no automaton. */
enum fusion_match fusion_match(const struct fusion *f, uint32_t pattern, struct span name);
/* Does any of the object's? */
enum fusion_match fusion_match_any(const struct fusion *f, const struct schema_object *o, struct span name);
/* Are all of them automata? */
bool fusion_patterns_are_known(const struct fusion *f, const struct schema_object *o);

/* ---- fuse_resolve.c ---- */

/* What is left of a node for values of type t (one of enum schema_type; NUMBER is any
 * number) and the facts; appended. false: no such value can satisfy it. */
bool fusion_resolve(struct fusion *f, uint32_t node, enum schema_type t, const struct fact *facts, struct atoms *out);
bool fusion_resolve_set(struct fusion *f, const struct node_set *set, enum schema_type t, const struct fact *facts, struct atoms *out);

/* What a NOT forbids that says {"required": [name]} and no more; else NULL. */
const struct schema_row *fusion_forbidden(const struct fusion *f, const struct schema_instr *in);
/* The texts that a `const` or `enum` lists, appended as struct span; false: it is neither. */
bool fusion_texts(const struct fusion *f, const struct schema_instr *in, struct buf *out);

/* ---- fuse_scalar.c: rules for texts and numbers ---- */

struct fuse_value fusion_string(struct fusion *f, const struct atoms *a);
struct fuse_value fusion_number(struct fusion *f, const struct atoms *a);

/* ---- fuse_object.c ---- */

/* false: the tree executor must. */
bool fusion_object_is_plain(const struct fusion *f, const struct atoms *a);
void fusion_object(struct fusion *f, const struct fusion_job *job);
void fusion_array(struct fusion *f, const struct fusion_job *job);
/* ---- fuse_choice.c ---- */

/* An object whose branches a property tells apart. false: none does. */
bool fusion_choice(struct fusion *f, const struct node_set *set, const struct atoms *a, const struct fact *facts, struct fuse_value *out);
/* fuse.c: the rule for objects that satisfy the set and the facts. */
struct fuse_value fusion_of_object(struct fusion *f, const struct node_set *set, const struct fact *facts);
