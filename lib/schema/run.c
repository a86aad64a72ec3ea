/* The runner: scratch memory of one worker, the verdict of one instance. Steps, depth
 * and size are bounded whatever the image and the instance say. Owner: schema; workers,
 * the loader and the tool. */
#include <stdlib.h>
#include <sys/random.h>

#include "json/scan.h"
#include "schema/private.h"

#define DEPTH_DEFAULT 128
#define STEPS_DEFAULT 10000
#define STEPS_PER_BYTE_DEFAULT 64
#define BYTES_DEFAULT ((size_t)64 << 20)

static void set_limits(struct schema_limits *to, const struct schema_limits *from)
{
	*to = from ? *from : (struct schema_limits){ 0 };
	to->depth = to->depth ? to->depth : DEPTH_DEFAULT;
	to->steps = to->steps ? to->steps : STEPS_DEFAULT;
	to->steps_per_byte = to->steps_per_byte ? to->steps_per_byte : STEPS_PER_BYTE_DEFAULT;
	to->bytes = to->bytes ? to->bytes : BYTES_DEFAULT;
}

/* At first, properties are expected in the schema's order. */
static bool open_learned(struct schema_runner *r)
{
	const struct fuse_program *t = &r->fused;

	r->learned = calloc(t->nkeys + t->nobjects + 1, sizeof *r->learned);
	for (size_t i = 0; r->learned && i < t->nobjects; i++) {
		const struct fuse_object *o = &t->objects[i];
		for (uint32_t k = 0; k <= o->count; k++)
			r->learned[o->learned + k] = &t->keys[o->first + (k + 1 < o->count ? k + 1 : 0)];
	}
	return r->learned != NULL;
}

struct schema_runner *schema_runner_new(const struct image *img, const struct schema_limits *limits)
{
	struct schema_runner *r = calloc(1, sizeof *r);

	if (!r)
		return NULL;
	set_limits(&r->limits, limits);
	if (getrandom(&r->seed, sizeof r->seed, GRND_NONBLOCK) < 0)
		r->seed = (uintptr_t)r;
	json_tape_init(&r->tape, r->limits.depth, r->seed);
	json_tape_init(&r->content, r->limits.depth, r->seed);
	buf_init(&r->decoded, 0);
	if (program_open(&r->program, img) && fuse_program_open(&r->fused, img) && patterns_open(r) && open_learned(r) && (r->fuse = fuse_new(r)))
		return r;
	schema_runner_free(r);
	return NULL;
}

void schema_runner_free(struct schema_runner *r)
{
	if (!r)
		return;
	patterns_close(r);
	json_tape_fini(&r->tape);
	json_tape_fini(&r->content);
	buf_fini(&r->decoded);
	json_pad_fini(&r->pad);
	free(r->fuse);
	free(r->learned);
	free(r->names);
	free(r->marks);
	free(r->cells);
	free(r);
}

void run_undecidable(struct run *run, const char *reason)
{
	if (!run->reason)
		run->reason = reason;
}

bool run_spend(struct run *run, uint64_t steps)
{
	if (run->steps < steps) {
		run->steps = 0;
		run_undecidable(run, "the step budget is spent");
		return false;
	}
	run->steps -= steps;
	return true;
}

bool run_cells(struct run *run, size_t cap)
{
	struct schema_runner *r = run->runner;

	if (cap > r->cells_cap) {
		uint32_t *more = realloc(r->cells, cap * sizeof *more);
		if (!more) {
			run_undecidable(run, "out of memory");
			return false;
		}
		r->cells = more;
		r->cells_cap = cap;
	}
	memset(r->cells, 0, cap * sizeof *r->cells);
	return true;
}

/* Patterns judge well-formed UTF-8 only: the tape checked it. */
bool run_matches(struct run *run, uint32_t pattern, struct span text)
{
	uint64_t steps;
	int r = pattern_matches(run->runner, pattern, text, &steps);

	if (r < 0)
		run_undecidable(run, "a pattern reached its limit");
	return run_spend(run, steps) && r > 0;
}

/* ---- which children were evaluated ---- */

static bool marks_push(struct run *run, uint32_t children, struct marks *m)
{
	struct schema_runner *r = run->runner;
	size_t words = (size_t)children / 64 + 1, need = r->marks_n + words;

	if (need > r->marks_cap) {
		uint64_t *more = realloc(r->marks, need * 2 * sizeof *more);
		if (!more) {
			run_undecidable(run, "out of memory");
			return false;
		}
		r->marks = more;
		r->marks_cap = need * 2;
	}
	*m = (struct marks){ r->marks_n, words };
	memset(r->marks + m->first, 0, words * sizeof *r->marks);
	r->marks_n = need;
	return run_spend(run, words);
}

static void marks_pop(struct run *run, const struct marks *m, const struct marks *into)
{
	uint64_t *words = run->runner->marks;

	for (size_t i = 0; into && i < m->words; i++)
		words[into->first + i] |= words[m->first + i];
	run->runner->marks_n = m->first;
}

/* ---- nodes ---- */

/* Types are asked for most; a value that fits needs no call. */
static inline bool run_code(struct run *run, const struct schema_node *n, uint32_t at, const struct marks *marks)
{
	const struct schema_instr *in = &run->p->code[n->first], *end = in + n->count;
	bool good = true;

	for (; in < end; in++) {
		if (in->op == SCHEMA_OP_TYPE && type_fits(in, run->doc.entries[at].type))
			continue;
		if (run_op(in->op)(run, in, at, marks))
			continue;
		if (!run->explain || run->reason || in->op == SCHEMA_OP_TYPE)
			return false;
		good = false;
	}
	return good;
}

static bool run_scoped(struct run *run, const struct schema_node *n, uint32_t at, const struct marks *marks)
{
	struct scope scope = { run->scope, n->resource };
	const struct scope *outer = run->scope;

	run->scope = &scope;
	bool good = run_code(run, n, at, marks);
	run->scope = outer;
	return good;
}

static inline bool run_in_scope(struct run *run, const struct schema_node *n, uint32_t at, const struct marks *marks)
{
	if (run->scope && run->scope->resource == n->resource)
		return run_code(run, n, at, marks);
	return run_scoped(run, n, at, marks);
}

/* A set of its own: what siblings of this node evaluated does not count here. */
static bool run_tracked(struct run *run, const struct schema_node *n, uint32_t at, const struct marks *marks)
{
	const struct json_entry *e = &run->doc.entries[at];
	struct marks own;

	if (e->type < JSON_ARRAY)
		return run_in_scope(run, n, at, NULL);
	if (!marks_push(run, e->len, &own))
		return false;
	bool good = run_in_scope(run, n, at, &own);
	marks_pop(run, &own, good ? marks : NULL);
	return good;
}

bool run_node(struct run *run, uint32_t node, uint32_t at, const struct marks *marks)
{
	const struct schema_node *n = &run->p->nodes[node];
	bool good;

	if (run->level >= LEVELS_MAX)
		run_undecidable(run, "schemas are nested too deeply");
	if (run->reason || !run_spend(run, 1 + (uint64_t)n->count))
		return false;
	run->level++;
	good = n->flags & SCHEMA_NODE_TRACKS ? run_tracked(run, n, at, marks) : run_in_scope(run, n, at, marks);
	run->level--;
	return good && !run->reason;
}

bool run_branch(struct run *run, uint32_t node, uint32_t at, const struct marks *marks)
{
	struct marks own;

	if (!marks || run->doc.entries[at].type < JSON_ARRAY)
		return explain_quietly(run, node, at, NULL);
	if (!marks_push(run, run->doc.entries[at].len, &own))
		return false;
	bool good = explain_quietly(run, node, at, &own);
	marks_pop(run, &own, good ? marks : NULL);
	return good;
}

/* ---- one instance ---- */

enum schema_verdict run_begin(struct schema_runner *r, struct span instance, struct run *run, const char **reason)
{
	*run = (struct run){ .runner = r, .p = &r->program };
	r->marks_n = 0;
	*reason = "the instance is larger than the limit";
	if (instance.n > r->limits.bytes)
		return SCHEMA_UNDECIDABLE;
	run->steps = r->limits.steps + r->limits.steps_per_byte * instance.n;
	int error = json_tape_build(&r->tape, instance);
	*reason = error ? r->tape.what : NULL;
	if (error)
		return error == E_MALFORMED ? SCHEMA_INVALID : SCHEMA_UNDECIDABLE;
	run->doc = json_tape_doc(&r->tape);
	return SCHEMA_VALID;
}

enum schema_verdict schema_run_tree(struct schema_runner *r, uint32_t root, struct span instance)
{
	const char *reason;
	struct run run;

	INVARIANT(root < r->program.nroots);
	enum schema_verdict v = run_begin(r, instance, &run, &reason);
	if (v != SCHEMA_VALID)
		return v;
	bool good = run_node(&run, r->program.roots[root], 0, NULL);
	if (run.reason)
		return SCHEMA_UNDECIDABLE;
	return good ? SCHEMA_VALID : SCHEMA_INVALID;
}
