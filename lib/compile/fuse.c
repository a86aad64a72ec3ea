/* Schemas for the fused executor, made of the compiled program: sets of nodes that must
 * hold together become one rule for each type of value. What no rule fits is left to the
 * tree executor, value by value. Owner: compile; the loader and the tool. */
#include <stdlib.h>

#include "base/hash.h"
#include "compile/fusion.h"

struct plan {
	struct node_set set;
	struct fuse_value value;
};

/* ---- sets ---- */

/* A node that is a $ref and nothing else is what it refers to. */
static uint32_t behind_calls(const struct fusion *f, uint32_t node)
{
	while (node != SCHEMA_NO_NODE && f->nodes[node].count == 1 && f->code[f->nodes[node].first].op == SCHEMA_OP_CALL)
		node = f->code[f->nodes[node].first].a;
	return node;
}

void fusion_add(struct fusion *f, struct node_set *set, uint32_t node)
{
	uint32_t i = 0;

	node = behind_calls(f, node);
	if (node == SCHEMA_NODE_ANY || node == SCHEMA_NO_NODE)
		return;
	while (i < set->n && set->nodes[i] < node)
		i++;
	if (i < set->n && set->nodes[i] == node)
		return;
	uint32_t *more = arena_array(&f->arena, set->n + 1, sizeof *more);
	if (!more) {
		f->error = E_NOMEM;
		return;
	}
	if (set->n) {
		memcpy(more, set->nodes, i * sizeof *more);
		memcpy(more + i + 1, set->nodes + i, (set->n - i) * sizeof *more);
	}
	more[i] = node;
	set->nodes = more;
	set->n++;
}

static struct plan **plan_cell(struct fusion *f, const struct node_set *set)
{
	size_t mask = f->plans_cap - 1, n = set->n * sizeof *set->nodes;

	for (size_t i = hash64(set->nodes, n, 0) & mask;; i = (i + 1) & mask) {
		const struct plan *p = f->plans[i];
		if (!p || (p->set.n == set->n && (n == 0 || memcmp(p->set.nodes, set->nodes, n) == 0)))
			return &f->plans[i];
	}
}

static bool grow_plans(struct fusion *f)
{
	size_t old = f->plans_cap, cap = old ? old * 2 : 1024;
	struct plan **plans = f->plans;

	if (f->nplans * 2 < old)
		return true;
	f->plans = calloc(cap, sizeof *plans);
	if (!f->plans) {
		f->plans = plans;
		f->error = E_NOMEM;
		return false;
	}
	f->plans_cap = cap;
	for (size_t i = 0; i < old; i++)
		if (plans[i])
			*plan_cell(f, &plans[i]->set) = plans[i];
	free(plans);
	return true;
}

/* ---- what the image gets ---- */

uint32_t fusion_data(struct fusion *f, const void *p, size_t n, size_t align)
{
	return image_append(f->c->b, IMAGE_FUSE_DATA, p, n, align);
}

uint32_t fusion_list(struct fusion *f, const uint32_t *words, size_t items, size_t width)
{
	uint32_t n = (uint32_t)items, off = fusion_data(f, &n, sizeof n, 4);

	(void)fusion_data(f, words, items * width * sizeof *words, 4);
	return off;
}

/* A zeroed object or array, laid out when its turn comes. */
uint32_t fusion_job(struct fusion *f, int kind, enum image_section section, size_t size, const struct atoms *a, struct span watched)
{
	size_t n = a->code.n / sizeof(uint32_t);
	uint32_t *atoms = arena_array(&f->arena, n + 1, sizeof *atoms);
	uint32_t index = image_append(f->c->b, section, NULL, size, 8) / (uint32_t)size;
	struct fusion_job job = { kind, index, atoms, n, watched };

	if (!atoms) {
		f->error = E_NOMEM;
		return 0;
	}
	if (n)
		memcpy(atoms, a->code.p, n * sizeof *atoms);
	buf_add(&f->jobs, &job, sizeof job);
	return index;
}

static struct fuse_value tree_value(struct fusion *f, const struct node_set *set, const struct atoms *a)
{
	fusion_tell(f, set, a);
	return (struct fuse_value){ FUSE_TREE, fusion_list(f, set->nodes, set->n, 1) };
}

/* ---- a rule for each type ---- */

static bool is_array_plain(const struct fusion *f, const struct atoms *a)
{
	for (size_t i = 0; i < a->code.n / sizeof(uint32_t); i++) {
		uint16_t op = f->code[((const uint32_t *)(const void *)a->code.p)[i]].op;
		if (op != SCHEMA_OP_ITEMS && op != SCHEMA_OP_MIN_ITEMS && op != SCHEMA_OP_MAX_ITEMS && op != SCHEMA_OP_UNEVALUATED_ITEMS)
			return false;
	}
	return a->open == 0;
}

static struct fuse_value object_value(struct fusion *f, const struct node_set *set, const struct atoms *a, const struct fact *facts)
{
	struct span watched = facts && facts->kind == FACT_ABSENT ? facts->name : SPAN_NULL;
	struct fuse_value v;

	if (a->open && fusion_choice(f, set, a, facts, &v))
		return v;
	if (!fusion_object_is_plain(f, a))
		return tree_value(f, set, a);
	if (a->code.n == 0)
		return (struct fuse_value){ FUSE_OBJECT, 0 };
	return (struct fuse_value){ FUSE_OBJECT, fusion_job(f, JOB_OBJECT, IMAGE_FUSE_OBJECTS, sizeof(struct fuse_object), a, watched) };
}

static struct fuse_value array_value(struct fusion *f, const struct node_set *set, const struct atoms *a)
{
	if (!is_array_plain(f, a))
		return tree_value(f, set, a);
	if (a->code.n == 0)
		return (struct fuse_value){ FUSE_ARRAY, 0 };
	return (struct fuse_value){ FUSE_ARRAY, fusion_job(f, JOB_ARRAY, IMAGE_FUSE_ARRAYS, sizeof(struct fuse_array), a, SPAN_NULL) };
}

static struct fuse_value value_of(struct fusion *f, const struct node_set *set, enum fuse_type t, const struct atoms *a, const struct fact *facts)
{
	if (f->work > FUSION_WORK_MAX || f->nkeys > FUSION_KEYS_MAX)
		return tree_value(f, set, a);
	if (t == FUSE_IS_OBJECT)
		return object_value(f, set, a, facts);
	if (t == FUSE_IS_ARRAY)
		return array_value(f, set, a);
	if (a->open)
		return tree_value(f, set, a);
	if (t == FUSE_IS_STRING)
		return fusion_string(f, a);
	if (t == FUSE_IS_NUMBER)
		return fusion_number(f, a);
	if (a->code.n)
		return tree_value(f, set, a);
	return (struct fuse_value){ t == FUSE_IS_NULL ? FUSE_NULL : FUSE_BOOLEAN, 0 };
}

static struct fuse_value typed(struct fusion *f, const struct node_set *set, enum fuse_type t, const struct fact *facts)
{
	static const enum schema_type types[FUSE_TYPE_COUNT] = {
		[FUSE_IS_NULL] = SCHEMA_TYPE_NULL, [FUSE_IS_BOOLEAN] = SCHEMA_TYPE_BOOLEAN, [FUSE_IS_NUMBER] = SCHEMA_TYPE_NUMBER,
		[FUSE_IS_STRING] = SCHEMA_TYPE_STRING, [FUSE_IS_ARRAY] = SCHEMA_TYPE_ARRAY, [FUSE_IS_OBJECT] = SCHEMA_TYPE_OBJECT,
	};
	struct fuse_value v = { FUSE_NONE, 0 };
	struct atoms a = { 0 };

	buf_init(&a.code, 0);
	if (fusion_resolve_set(f, set, types[t], facts, &a))
		v = value_of(f, set, t, &a, facts);
	if (buf_error(&a.code))
		f->error = E_NOMEM;
	buf_fini(&a.code);
	return v;
}

struct fuse_value fusion_of_object(struct fusion *f, const struct node_set *set, const struct fact *facts)
{
	return typed(f, set, FUSE_IS_OBJECT, facts);
}

/* One rule where one type is possible, or all are free; else a table. */
static struct fuse_value join(struct fusion *f, const struct fuse_types *t)
{
	static const struct fuse_types all = { {
		[FUSE_IS_NULL] = { FUSE_NULL, 0 }, [FUSE_IS_BOOLEAN] = { FUSE_BOOLEAN, 0 }, [FUSE_IS_NUMBER] = { FUSE_NUMBER, 0 },
		[FUSE_IS_STRING] = { FUSE_STRING, 0 }, [FUSE_IS_ARRAY] = { FUSE_ARRAY, 0 }, [FUSE_IS_OBJECT] = { FUSE_OBJECT, 0 },
	} };
	struct fuse_value only = { FUSE_NONE, 0 };
	unsigned possible = 0, trees = 0;

	if (memcmp(t, &all, sizeof all) == 0)
		return (struct fuse_value){ FUSE_ANY, 0 };
	for (unsigned i = 0; i < FUSE_TYPE_COUNT; i++) {
		if (t->by[i].op == FUSE_NONE)
			continue;
		possible++;
		trees += t->by[i].op == FUSE_TREE;
		only = t->by[i];
	}
	if (possible < 2 || trees == FUSE_TYPE_COUNT)
		return only;
	return (struct fuse_value){ FUSE_TYPE, image_append(f->c->b, IMAGE_FUSE_TYPES, t, sizeof *t, 4) / (uint32_t)sizeof *t };
}

static struct fuse_value plan_new(struct fusion *f, const struct node_set *set)
{
	struct fuse_types t;

	if (set->n == 0)
		return (struct fuse_value){ FUSE_ANY, 0 };
	for (unsigned i = 0; i < FUSE_TYPE_COUNT; i++)
		t.by[i] = typed(f, set, (enum fuse_type)i, NULL);
	return join(f, &t);
}

struct fuse_value fusion_plan(struct fusion *f, const struct node_set *set)
{
	struct fuse_value none = { FUSE_NONE, 0 };

	if (f->error || !grow_plans(f))
		return none;
	struct plan **cell = plan_cell(f, set);
	if (*cell)
		return (*cell)->value;
	struct plan *p = arena_alloc(&f->arena, sizeof *p);
	if (!p) {
		f->error = E_NOMEM;
		return none;
	}
	*p = (struct plan){ *set, plan_new(f, set) };
	*plan_cell(f, set) = p;
	f->nplans++;
	return p->value;
}

/* ---- the whole ---- */

/* What every image has: the object and the array of anything, and a key that is none. */
static void put_constants(struct fusion *f)
{
	static const struct fuse_key no_key = FUSE_KEY_ODD;
	static const struct fuse_array array = { .max = UINT32_MAX };
	struct fuse_object object = { .max = UINT32_MAX };
	uint64_t zero = 0;

	(void)fusion_data(f, &zero, sizeof zero, 8);           /* offset 0: an empty list */
	image_append(f->c->b, IMAGE_FUSE_KEYS, &no_key, sizeof no_key, 64);
	image_append(f->c->b, IMAGE_FUSE_OBJECTS, &object, sizeof object, 64);
	image_append(f->c->b, IMAGE_FUSE_ARRAYS, &array, sizeof array, 8);
	f->nkeys = 1;
}

/* A dynamic reference asks which resources were entered, which only the tree executor
 * knows: with one in the image, it judges all. */
static bool find_dynamic(const struct fusion *f, struct atoms *a)
{
	uint32_t n = image_used(f->c->b, IMAGE_SCHEMA_CODE) / (uint32_t)sizeof *f->code;

	for (uint32_t i = 0; i < n; i++) {
		if (f->code[i].op != SCHEMA_OP_DYNAMIC)
			continue;
		buf_add(&a->code, &i, sizeof i);
		return true;
	}
	return false;
}

static void build(struct fusion *f)
{
	size_t nroots = image_used(f->c->b, IMAGE_SCHEMA_ROOTS) / sizeof(uint32_t);
	const uint32_t *roots = image_mutable(f->c->b, IMAGE_SCHEMA_ROOTS, 0);

	struct atoms dynamic = { 0 };

	buf_init(&dynamic.code, 0);
	f->dynamic = find_dynamic(f, &dynamic);
	put_constants(f);
	for (size_t i = 0; i < nroots; i++) {
		struct node_set set = { 0 };
		fusion_add(f, &set, roots[i]);
		struct fuse_value v = f->dynamic && set.n ? tree_value(f, &set, &dynamic) : fusion_plan(f, &set);
		image_append(f->c->b, IMAGE_FUSE_ROOTS, &v, sizeof v, 8);
	}
	buf_fini(&dynamic.code);
	for (; f->done < f->jobs.n / sizeof(struct fusion_job) && !f->error; f->done++) {
		struct fusion_job job = ((const struct fusion_job *)(const void *)f->jobs.p)[f->done];
		if (job.kind == JOB_OBJECT)
			fusion_object(f, &job);
		else
			fusion_array(f, &job);
	}
	if (buf_error(&f->jobs))
		f->error = E_NOMEM;
}

int fuse_program_build(struct compile *c)
{
	struct fusion f = {
		.c = c,
		.nodes = image_mutable(c->b, IMAGE_SCHEMA_NODES, 0),
		.code = image_mutable(c->b, IMAGE_SCHEMA_CODE, 0),
		.rows = image_mutable(c->b, IMAGE_SCHEMA_PROPS, 0),
		.data = image_mutable(c->b, IMAGE_SCHEMA_DATA, 0),
	};

	arena_init(&f.arena, 64 << 10, 0);
	buf_init(&f.jobs, 0);
	f.automata.patterns = image_mutable(c->b, IMAGE_SCHEMA_PATTERNS, 0);
	f.automata.dfa = image_mutable(c->b, IMAGE_SCHEMA_DFA, 0);
	fusion_plan_open(&f);
	build(&f);
	buf_fini(&f.jobs);
	free(f.plans);
	arena_fini(&f.arena);
	return f.error;
}
