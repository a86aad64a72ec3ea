/* What the files of lib/schema share: the mapped program, the state of one run. */
#pragma once

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "schema/fuse.h"
#include "schema/layout.h"
#include "schema/schema.h"

/* Levels of evaluation, $ref and combinators included; bounds the C stack whatever an
 * image says. */
#define LEVELS_MAX 2000

struct program {
	const uint32_t *roots;
	const struct schema_node *nodes;
	const struct schema_instr *code;
	const struct schema_row *rows;
	const uint8_t *data;
	const struct schema_pattern *patterns;
	const uint8_t *dfa;
	const char *cold;
	size_t nroots, nnodes, ncode, nrows, ndata, npatterns, ndfa, ncold;
	struct span regex;
};

/* The fused sections; roots NULL: there are none. */
struct fuse_program {
	const struct fuse_value *roots;
	const struct fuse_key *keys;
	const struct fuse_object *objects;
	const struct fuse_array *arrays;
	const struct fuse_types *types;
	const struct fuse_choice *choices;
	const struct fuse_words *words;
	const uint8_t *data;
	size_t nroots, nkeys, nobjects, narrays, ntypes, nchoices, nwords, ndata;
};

/* false: a section's length is no multiple of its item. */
bool program_open(struct program *p, const struct image *img);
struct schema_runner;
bool fuse_program_open(struct fuse_program *t, const struct image *img);
struct fuse *fuse_new(struct schema_runner *r);
bool fuse_is_sound(const struct fuse_program *t, const struct program *p);

static inline const void *program_at(const struct program *p, uint32_t off)
{
	return p->data + off;
}

/* Words after the count of a list. */
static inline const uint32_t *program_list(const struct program *p, uint32_t off, uint32_t *n)
{
	const uint32_t *list = program_at(p, off);

	*n = list[0];
	return list + 1;
}

static inline struct span program_text(const struct program *p, uint32_t off, uint32_t len)
{
	return span_of(p->data + off, len);
}

static inline struct json_doc program_value(const struct program *p, uint32_t off)
{
	const struct schema_value *v = program_at(p, off);

	return (struct json_doc){ program_at(p, v->entries), p->data + v->text, NULL };
}

static inline const uint16_t *program_dfa_table(const struct program *p, const struct schema_pattern *d)
{
	return (const uint16_t *)(const void *)(p->dfa + d->table);
}

/* n bytes of names, which are short: no call where eight at a time will do. */
static inline bool name_is(const uint8_t *a, const uint8_t *b, size_t n)
{
	uint64_t x, y;

	if (n > 32)
		return memcmp(a, b, n) == 0;
	if (n < 8) {
		for (size_t i = 0; i < n; i++)
			if (a[i] != b[i])
				return false;
		return true;
	}
	for (size_t i = 0; i + 8 < n; i += 8) {
		memcpy(&x, a + i, 8);
		memcpy(&y, b + i, 8);
		if (x != y)
			return false;
	}
	memcpy(&x, a + n - 8, 8);
	memcpy(&y, b + n - 8, 8);
	return x == y;
}

/* NULL when the name has no row. */
const struct schema_row *program_find(const struct program *p, const struct schema_table *t, struct span name);

struct schema_runner {
	struct program program;
	struct schema_limits limits;
	struct json_tape tape;
	pcre2_code **regexes;
	pcre2_match_data *match;
	pcre2_match_context *context;
	uint64_t *marks;               /* stack of bit sets: evaluated children */
	size_t marks_n, marks_cap;
	uint32_t *cells;               /* hash set of uniqueItems */
	size_t cells_cap;
	struct fuse_program fused;
	struct fuse *fuse;             /* the fused executor's run */
	size_t fuse_max;               /* bytes that it takes */
	struct json_pad pad;           /* a text that has no slack */
	const struct fuse_key **learned;       /* of each key of an object: the one that followed it last */
	struct fuse_name {
		uint32_t hash, off;
	} *names;                      /* stack: names without a key, of all open objects */
	size_t names_cap;
	struct json_tape content;      /* of texts that hold JSON */
	struct buf decoded;            /* of texts in base64 */
	uint64_t seed;
};

/* Where an instance value is, innermost first; kept while explaining only. */
struct place {
	const struct place *parent;
	uint32_t key;                  /* entry of the member's name, 0: an item */
	uint32_t index;
};

/* Schema resources entered, innermost first. */
struct scope {
	const struct scope *outer;
	uint32_t resource;
};

/* Children of one instance value that some keyword evaluated: a bit set in runner->marks. */
struct marks {
	size_t first, words;
};

struct explain;

struct run {
	struct schema_runner *runner;
	const struct program *p;
	struct json_doc doc;
	uint64_t steps;
	unsigned level;
	const char *reason;            /* not NULL: undecidable */
	const struct scope *scope;
	struct explain *explain;       /* NULL: the verdict only */
	const struct place *place;
};

typedef bool op_function(struct run *run, const struct schema_instr *in, uint32_t at, const struct marks *marks);

/* Does the value at `at` satisfy the node? After false ask run->reason. */
bool run_node(struct run *run, uint32_t node, uint32_t at, const struct marks *marks);
/* A branch that may fail: unseen by a report, its marks kept when it holds. */
bool run_branch(struct run *run, uint32_t node, uint32_t at, const struct marks *marks);
/* Scans the instance. VALID: go on; else *reason. */
enum schema_verdict run_begin(struct schema_runner *r, struct span instance, struct run *run, const char **reason);
/* Of a TYPE instruction; a number that does not fit may still be an integer. */
static inline bool type_fits(const struct schema_instr *in, uint8_t type)
{
	static const uint8_t bits[JSON_TYPE_COUNT] = {
		[JSON_NULL] = SCHEMA_TYPE_NULL,     [JSON_FALSE] = SCHEMA_TYPE_BOOLEAN, [JSON_TRUE] = SCHEMA_TYPE_BOOLEAN, [JSON_NUMBER] = SCHEMA_TYPE_NUMBER,
		[JSON_STRING] = SCHEMA_TYPE_STRING, [JSON_ARRAY] = SCHEMA_TYPE_ARRAY,   [JSON_OBJECT] = SCHEMA_TYPE_OBJECT,
	};

	return in->a & bits[type];
}

extern op_function *const run_ops[SCHEMA_OP_COUNT];

static inline op_function *run_op(uint16_t op)
{
	return run_ops[op];
}

void run_undecidable(struct run *run, const char *reason);
bool run_spend(struct run *run, uint64_t steps);
bool run_matches(struct run *run, uint32_t pattern, struct span text);
/* pattern.c: the same without a run: 1, 0, or E_LIMIT; *steps: what it costs of a budget. */
int pattern_matches(struct schema_runner *r, uint32_t pattern, struct span text, uint64_t *steps);
bool patterns_open(struct schema_runner *r);
void patterns_close(struct schema_runner *r);

/* dfa.c */
bool dfa_matches(const struct program *p, const struct schema_pattern *d, struct span text);
/* No transition leaves the table? */
bool dfa_is_sound(const struct program *p, const struct schema_pattern *d);

/* runner->cells: at least cap of them, zeroed. */
bool run_cells(struct run *run, size_t cap);
/* The verdict of the tree executor alone. */
enum schema_verdict schema_run_tree(struct schema_runner *r, uint32_t root, struct span instance);

/* content.c: is the text what contentEncoding and contentMediaType say? */
bool content_holds(struct run *run, uint32_t content, struct span text);

/* explain.c: called by op.c while explaining only. */
void explain_instr(struct run *run, const struct schema_instr *in, uint32_t at);
void explain_missing(struct run *run, uint32_t where, uint32_t at, struct span name, struct span because);
void explain_required(struct run *run, const struct schema_instr *in, const struct schema_object *o, uint32_t at);
void explain_unexpected(struct run *run, const struct schema_instr *in, const struct schema_object *o, uint32_t key);
void explain_unevaluated(struct run *run, const struct schema_instr *in, uint32_t at);
void explain_branches(struct run *run, const struct schema_instr *in, uint32_t at);
void explain_many(struct run *run, const struct schema_instr *in, uint32_t at, uint32_t first, uint32_t second);
/* Evaluates without recording. */
bool explain_quietly(struct run *run, uint32_t node, uint32_t at, const struct marks *marks);
