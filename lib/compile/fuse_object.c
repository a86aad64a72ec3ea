/* Objects and arrays for the fused executor: the properties of all instructions that must
 * hold become one table of keys, with the rule of each beside its name. Owner: compile;
 * the loader and the tool. */
#include <stdlib.h>

#include "compile/fusion.h"

#define MULTIPLIERS_TRIED 64

struct property {
	struct span name;
	struct node_set set;            /* of its value */
	bool required, bare, evaluated;
};

/* An object while it is laid out. */
struct layout {
	struct fusion *f;
	const struct fusion_job *job;
	struct buf properties;          /* struct property[] */
	struct node_set rest, names;
	const struct schema_object *patterned;  /* the one with patterns, or one of them */
	bool resolved;                  /* patterns were matched with all names at load */
	uint32_t unevaluated;           /* node of unevaluatedProperties, or none */
	bool all_evaluated;             /* by some additionalProperties */
	struct fuse_object o;
};

static const struct schema_instr *atom(const struct layout *l, size_t i)
{
	return &l->f->code[l->job->atoms[i]];
}

static const struct schema_object *object_of(const struct fusion *f, const struct schema_instr *in)
{
	return (const void *)(f->data + in->a);
}

static uint32_t pattern_count(const struct fusion *f, const struct schema_object *o)
{
	uint32_t n;

	(void)fusion_words(f, o->patterns, &n);
	return n;
}

/* What a name without a key must satisfy is one rule, or one a pattern, when at most one
 * object with patterns says what is additional; which patterns a key matches is known at
 * load when they are automata. */
bool fusion_object_is_plain(const struct fusion *f, const struct atoms *a)
{
	uint32_t objects = 0, patterned = 0, closed = 0, unknown = 0, keys = 0, forbidden = 0;

	for (size_t i = 0; i < a->code.n / sizeof(uint32_t); i++) {
		const struct schema_instr *in = &f->code[((const uint32_t *)(const void *)a->code.p)[i]];
		switch (in->op) {
		case SCHEMA_OP_OBJECT:
			objects++;
			if (pattern_count(f, object_of(f, in))) {
				patterned++;
				closed += object_of(f, in)->additional != SCHEMA_NO_NODE;
				unknown += !fusion_patterns_are_known(f, object_of(f, in));
			}
			keys += ((const struct schema_table *)(const void *)(f->data + object_of(f, in)->table))->count;
			break;
		case SCHEMA_OP_NEEDS:
			keys += 64;
			break;
		case SCHEMA_OP_NOT:
		case SCHEMA_OP_ANY:
		case SCHEMA_OP_ONE:
			if (!fusion_is_presence(f, in))
				return false;
			forbidden += in->op == SCHEMA_OP_NOT;
			keys += 64;
			break;
		case SCHEMA_OP_MIN_PROPERTIES:
		case SCHEMA_OP_MAX_PROPERTIES:
		case SCHEMA_OP_NAMES:
		case SCHEMA_OP_UNEVALUATED_PROPERTIES:
			break;
		default:
			return false;
		}
	}
	bool known = unknown == 0 && (patterned <= 1 || closed == 0), single = objects == 1 && !forbidden;
	return a->open == 0 && (patterned == 0 || known || single) && keys + forbidden < FUSE_KEYS_MAX / 2;
}

/* ---- properties ---- */

static struct property *property(struct layout *l, struct span name)
{
	struct property *p = (void *)l->properties.p, fresh = { .name = name };
	size_t n = l->properties.n / sizeof *p;

	for (size_t i = 0; i < n; i++) {
		if (span_eq(p[i].name, name))
			return &p[i];
	}
	buf_add(&l->properties, &fresh, sizeof fresh);
	return buf_error(&l->properties) ? NULL : (struct property *)(void *)l->properties.p + n;
}

static void name_properties(struct layout *l, const struct schema_object *o)
{
	const struct schema_table *t = (const void *)(l->f->data + o->table);

	for (uint32_t i = 0; i < t->count; i++) {
		const struct schema_row *row = &l->f->rows[t->first + i];
		struct property *p = property(l, fusion_row_name(l->f, row));
		if (p)
			p->required |= row->required;
	}
}

/* dependentRequired: both sides are keys, whatever else they are. */
static void name_needs(struct layout *l, const struct schema_instr *in)
{
	uint32_t n, m;
	const uint32_t *w = fusion_words(l->f, in->a, &n);

	for (; n--; w += 3) {
		(void)property(l, span_of(l->f->data + w[0], w[1]));
		const uint32_t *names = fusion_words(l->f, w[2], &m);
		for (; m--; names += 2)
			(void)property(l, span_of(l->f->data + names[0], names[1]));
	}
}

static const struct schema_row *find_row(const struct fusion *f, const struct schema_object *o, struct span name)
{
	const struct schema_table *t = (const void *)(f->data + o->table);

	for (uint32_t i = 0; i < t->count; i++) {
		if (span_eq(fusion_row_name(f, &f->rows[t->first + i]), name))
			return &f->rows[t->first + i];
	}
	return NULL;
}

/* What patterns demand of a known name; false: none matches. */
static bool judge_by_patterns(struct layout *l, const struct schema_object *o, struct property *p)
{
	bool any = false;
	uint32_t n;
	const uint32_t *pairs = fusion_words(l->f, o->patterns, &n);

	for (; l->resolved && n--; pairs += 2) {
		if (fusion_match(l->f, pairs[0], p->name) != MATCH_SOME)
			continue;
		fusion_add(l->f, &p->set, pairs[1]);
		any = true;
	}
	return any;
}

/* What one rule demands of each property, named by it or not. */
static void judge_properties(struct layout *l, const struct schema_object *o)
{
	struct property *p = (void *)l->properties.p;

	for (size_t i = 0; i < l->properties.n / sizeof *p; i++) {
		const struct schema_row *row = find_row(l->f, o, p[i].name);
		bool named = row && row->node != SCHEMA_NO_NODE;
		if (named)
			fusion_add(l->f, &p[i].set, row->node);
		named |= judge_by_patterns(l, o, &p[i]);
		p[i].bare |= !named && l->patterned && !l->resolved;
		p[i].evaluated |= named;
		if (!named)
			fusion_add(l->f, &p[i].set, o->additional);
	}
	fusion_add(l->f, &l->rest, o->additional);
	l->all_evaluated |= o->additional != SCHEMA_NO_NODE;
}

/* What no rule named or took as additional. */
static void judge_unevaluated(struct layout *l)
{
	struct property *p = (void *)l->properties.p;

	if (l->unevaluated == SCHEMA_NO_NODE || l->all_evaluated)
		return;
	for (size_t i = 0; i < l->properties.n / sizeof *p; i++) {
		if (!p[i].evaluated)
			fusion_add(l->f, &p[i].set, l->unevaluated);
	}
	fusion_add(l->f, &l->rest, l->unevaluated);
}

/* The property has its place: nothing satisfies it. */
static void forbid(struct layout *l, struct span name)
{
	struct property *p = property(l, name);

	if (p)
		fusion_add(l->f, &p->set, SCHEMA_NODE_NONE);
}

/* What is told by its presence is a key. */
static void name_present(void *layout, struct span name, bool branch)
{
	(void)branch;
	(void)property(layout, name);
}

static void gather(struct layout *l)
{
	if (!span_is_null(l->job->watched))
		(void)property(l, l->job->watched);
	for (size_t i = 0; i < l->job->n; i++) {
		const struct schema_instr *in = atom(l, i);
		if (in->op == SCHEMA_OP_OBJECT) {
			name_properties(l, object_of(l->f, in));
			if (pattern_count(l->f, object_of(l->f, in))) {
				l->patterned = object_of(l->f, in);
				l->resolved &= fusion_patterns_are_known(l->f, l->patterned);
			}
		} else if (in->op == SCHEMA_OP_NEEDS) {
			name_needs(l, in);
		} else if (in->op == SCHEMA_OP_NOT || in->op == SCHEMA_OP_ANY || in->op == SCHEMA_OP_ONE) {
			fusion_presence(l->f, in, name_present, l);
		} else if (in->op == SCHEMA_OP_UNEVALUATED_PROPERTIES) {
			l->unevaluated = in->a;
		} else if (in->op == SCHEMA_OP_NAMES) {
			fusion_add(l->f, &l->names, in->a);
		} else if (in->op == SCHEMA_OP_MIN_PROPERTIES) {
			l->o.min = in->c > l->o.min ? (uint32_t)(in->c < UINT32_MAX ? in->c : UINT32_MAX) : l->o.min;
		} else if (in->op == SCHEMA_OP_MAX_PROPERTIES) {
			l->o.max = in->c < l->o.max ? (uint32_t)in->c : l->o.max;
		}
	}
	for (size_t i = 0; i < l->job->n; i++) {
		if (atom(l, i)->op == SCHEMA_OP_OBJECT)
			judge_properties(l, object_of(l->f, atom(l, i)));
		else if (atom(l, i)->op == SCHEMA_OP_NOT && fusion_forbidden(l->f, atom(l, i)))
			forbid(l, fusion_row_name(l->f, fusion_forbidden(l->f, atom(l, i))));
	}
	judge_unevaluated(l);
	if (!span_is_null(l->job->watched))
		forbid(l, l->job->watched);
	for (size_t i = 0; l->patterned && !l->resolved && i < l->properties.n / sizeof(struct property); i++) {
		struct property *p = (struct property *)(void *)l->properties.p + i;
		p->bare |= find_row(l->f, l->patterned, p->name) == NULL;
	}
}

/* ---- what the image gets ---- */

static bool needs_escape(struct span name)
{
	for (size_t i = 0; i < name.n; i++) {
		if (name.p[i] < 0x20 || name.p[i] == '"' || name.p[i] == '\\')
			return true;
	}
	return false;
}

static void put_key(struct layout *l, const struct property *p, uint32_t index)
{
	struct fuse_key k = FUSE_KEY_ODD;
	bool odd = p->name.n > FUSE_NAME_MAX || needs_escape(p->name) || l->names.n || (l->patterned && !l->resolved);

	k.value = fusion_plan(l->f, &p->set);
	k.index = (uint16_t)index;
	k.bit = (uint64_t)1 << index % 64;
	k.flags = (uint8_t)((odd ? FUSE_ODD : 0) | (p->bare ? FUSE_BARE : 0) | (l->resolved ? FUSE_WHOLE : 0));
	k.name = fusion_data(l->f, p->name.p, p->name.n, 1);
	k.len = (uint32_t)p->name.n;
	if (!odd) {
		memset(k.text, 0, sizeof k.text);
		if (p->name.n)
			memcpy(k.text, p->name.p, p->name.n);
		memcpy(k.text + p->name.n, "\":", 2);
		k.step = (uint8_t)(p->name.n + 2);
		k.ignore = fuse_ignore(k.step);
	}
	image_append(l->f->c->b, IMAGE_FUSE_KEYS, &k, sizeof k, 64);
}

static uint32_t slot_of(const struct layout *l, struct span name)
{
	uint8_t padded[8] = { 0 };

	if (name.n && name.n < 8)
		memcpy(padded, name.p, name.n);
	return fuse_slot(name.n < 8 ? padded : name.p, name.n, l->o.multiplier, l->o.mask);
}

/* Places each key; how many did not get the slot where they are looked for first. */
static uint32_t place(struct layout *l, uint32_t *slots)
{
	const struct property *p = (const void *)l->properties.p;
	uint32_t displaced = 0;

	for (uint32_t i = 0; i <= l->o.mask; i++)
		slots[i] = FUSE_NO_KEY;
	for (uint32_t i = 0; i < l->o.count; i++) {
		uint32_t slot = slot_of(l, p[i].name);
		displaced += slots[slot] != FUSE_NO_KEY;
		while (slots[slot] != FUSE_NO_KEY)
			slot = (slot + 1) & l->o.mask;
		slots[slot] = i;
	}
	return displaced;
}

static void put_slots(struct layout *l)
{
	uint32_t size = 2, least = UINT32_MAX, *slots;
	uint64_t best = FUSE_MULTIPLIER;

	while (size < l->o.count * 4)
		size *= 2;
	l->o.mask = size - 1;
	l->o.multiplier = FUSE_MULTIPLIER;
	slots = arena_array(&l->f->arena, size, sizeof *slots);
	if (!slots) {
		l->f->error = E_NOMEM;
		return;
	}
	for (unsigned tries = 0; least && tries < MULTIPLIERS_TRIED; tries++) {
		uint32_t displaced = place(l, slots);
		if (displaced < least) {
			least = displaced;
			best = l->o.multiplier;
		}
		l->o.multiplier = l->o.multiplier * 6364136223846793005u + 1442695040888963406u;
	}
	l->o.multiplier = best;
	(void)place(l, slots);
	l->o.slots = fusion_list(l->f, slots, size, 1);
}

static uint32_t key_of(const struct layout *l, struct span name)
{
	const struct property *p = (const void *)l->properties.p;
	uint32_t i = 0;

	while (!span_eq(p[i].name, name))
		i++;
	return i;
}

static uint32_t put_required(struct layout *l)
{
	const struct property *p = (const void *)l->properties.p;
	struct buf keys;

	buf_init(&keys, 0);
	for (uint32_t i = 0; i < l->o.count; i++) {
		if (p[i].required && i < 64)
			l->o.required |= (uint64_t)1 << i;
		else if (p[i].required)
			buf_add(&keys, &i, sizeof i);
	}
	uint32_t off = keys.n ? fusion_list(l->f, (const void *)keys.p, keys.n / sizeof(uint32_t), 1) : 0;
	buf_fini(&keys);
	return off;
}

static uint32_t put_needs(struct layout *l)
{
	struct buf pairs;
	uint32_t n, m;

	buf_init(&pairs, 0);
	for (size_t i = 0; i < l->job->n; i++) {
		if (atom(l, i)->op != SCHEMA_OP_NEEDS)
			continue;
		const uint32_t *w = fusion_words(l->f, atom(l, i)->a, &n);
		for (; n--; w += 3) {
			const uint32_t *names = fusion_words(l->f, w[2], &m);
			for (; m--; names += 2) {
				uint32_t pair[] = { key_of(l, span_of(l->f->data + w[0], w[1])), key_of(l, span_of(l->f->data + names[0], names[1])) };
				buf_add(&pairs, pair, sizeof pair);
			}
		}
	}
	uint32_t off = pairs.n ? fusion_list(l->f, (const void *)pairs.p, pairs.n / (2 * sizeof(uint32_t)), 2) : 0;
	buf_fini(&pairs);
	return off;
}

/* ---- anyOf, oneOf, not: how many branches have all their names there ---- */

struct groups {
	struct layout *l;
	struct buf words;
	size_t branches, keys;          /* places of the counts under way, in words */
};

static void put_word(struct groups *g, uint32_t word)
{
	buf_add(&g->words, &word, sizeof word);
}

static void count_up(struct groups *g, size_t place)
{
	if (!buf_error(&g->words))
		((uint32_t *)(void *)g->words.p)[place]++;
}

static void put_present(void *groups, struct span name, bool branch)
{
	struct groups *g = groups;

	if (branch) {
		count_up(g, g->branches);
		g->keys = g->words.n / sizeof(uint32_t);
		put_word(g, 0);
	}
	count_up(g, g->keys);
	put_word(g, key_of(g->l, name));
}

static uint32_t put_groups(struct layout *l)
{
	struct groups g = { .l = l };

	buf_init(&g.words, 0);
	for (size_t i = 0; i < l->job->n; i++) {
		const struct schema_instr *in = atom(l, i);
		if (!fusion_is_presence(l->f, in) || (in->op == SCHEMA_OP_NOT && fusion_forbidden(l->f, in)))
			continue;
		put_word(&g, in->op != SCHEMA_OP_NOT);
		put_word(&g, in->op == SCHEMA_OP_NOT ? 0 : in->op == SCHEMA_OP_ONE ? 1 : UINT32_MAX);
		g.branches = g.words.n / sizeof(uint32_t);
		put_word(&g, 0);
		fusion_presence(l->f, in, put_present, &g);
	}
	uint32_t off = g.words.n ? fusion_list(l->f, (const void *)g.words.p, g.words.n / sizeof(uint32_t), 1) : 0;
	buf_fini(&g.words);
	return off;
}

/* A name that matches is judged by the pattern's schema, and by what other rules say of
 * additional ones. */
static void put_pattern(struct layout *l, const uint32_t pair[2], struct buf *rows)
{
	struct node_set set = { 0 };

	fusion_add(l->f, &set, pair[1]);
	for (size_t i = 0; i < l->job->n; i++) {
		const struct schema_instr *in = atom(l, i);
		if (in->op == SCHEMA_OP_OBJECT && !pattern_count(l->f, object_of(l->f, in)))
			fusion_add(l->f, &set, object_of(l->f, in)->additional);
	}
	struct fuse_value v = fusion_plan(l->f, &set);
	uint32_t row[] = { pair[0], v.op, v.arg };
	buf_add(rows, row, sizeof row);
}

static uint32_t put_patterns(struct layout *l)
{
	struct buf rows;
	uint32_t n;

	buf_init(&rows, 0);
	for (size_t i = 0; i < l->job->n; i++) {
		if (atom(l, i)->op != SCHEMA_OP_OBJECT)
			continue;
		const uint32_t *pairs = fusion_words(l->f, object_of(l->f, atom(l, i))->patterns, &n);
		for (; n--; pairs += 2)
			put_pattern(l, pairs, &rows);
	}
	uint32_t off = rows.n ? fusion_list(l->f, (const void *)rows.p, rows.n / (3 * sizeof(uint32_t)), 3) : 0;
	if (buf_error(&rows))
		l->f->error = E_NOMEM;
	buf_fini(&rows);
	return off;
}

static void put_more(struct layout *l)
{
	struct fuse_more more = { .required = put_required(l), .needs = put_needs(l), .groups = put_groups(l) };

	if (l->patterned)
		more.patterns = put_patterns(l);
	if (l->names.n)
		more.names = fusion_list(l->f, l->names.nodes, l->names.n, 1);
	if (more.required || more.needs || more.groups || more.patterns || more.names || l->o.count > 64)
		l->o.more = fusion_data(l->f, &more, sizeof more, 4);
}

static void put_object(struct layout *l)
{
	struct fusion *f = l->f;
	struct property *p = (void *)l->properties.p;

	l->o.count = (uint32_t)(l->properties.n / sizeof *p);
	l->o.flags = (l->names.n ? FUSE_NAMES : 0) | (l->patterned ? FUSE_PATTERNS : 0);
	l->o.rest = fusion_plan(f, &l->rest);
	put_slots(l);
	put_more(l);
	l->o.first = l->o.count ? image_used(f->c->b, IMAGE_FUSE_KEYS) / (uint32_t)sizeof(struct fuse_key) : 0;
	for (uint32_t i = 0; i < l->o.count; i++)
		put_key(l, &p[i], i);
	/* A slot of learned successors for each key, and one more for each object. */
	l->o.learned = (uint32_t)f->nkeys + l->job->index;
	f->nkeys += l->o.count;
	struct fuse_object *out = image_mutable(f->c->b, IMAGE_FUSE_OBJECTS, l->job->index * (uint32_t)sizeof *out);
	if (!f->c->b->error)
		*out = l->o;
}

void fusion_object(struct fusion *f, const struct fusion_job *job)
{
	struct layout l = { .f = f, .job = job, .unevaluated = SCHEMA_NO_NODE, .resolved = true, .o = { .max = UINT32_MAX } };

	buf_init(&l.properties, 0);
	gather(&l);
	if (buf_error(&l.properties))
		f->error = E_NOMEM;
	else
		put_object(&l);
	buf_fini(&l.properties);
}

/* ---- arrays ---- */

/* The nodes for item i of all ITEMS; from the longest tuple on, those of the rest. */
static struct fuse_value item_value(struct fusion *f, const struct fusion_job *job, uint32_t i)
{
	struct node_set set = { 0 };
	uint32_t n, unevaluated = SCHEMA_NO_NODE;
	bool evaluated = false;

	for (size_t k = 0; k < job->n; k++) {
		const struct schema_instr *in = &f->code[job->atoms[k]];
		unevaluated = in->op == SCHEMA_OP_UNEVALUATED_ITEMS ? in->a : unevaluated;
		if (in->op != SCHEMA_OP_ITEMS)
			continue;
		const uint32_t *tuple = fusion_words(f, in->a, &n);
		evaluated |= i < n || in->b != SCHEMA_NO_NODE;
		fusion_add(f, &set, i < n ? tuple[i] : in->b);
	}
	fusion_add(f, &set, evaluated ? SCHEMA_NO_NODE : unevaluated);
	return fusion_plan(f, &set);
}

void fusion_array(struct fusion *f, const struct fusion_job *job)
{
	struct fuse_array a = { .max = UINT32_MAX };
	uint32_t n;

	for (size_t k = 0; k < job->n; k++) {
		const struct schema_instr *in = &f->code[job->atoms[k]];
		if (in->op == SCHEMA_OP_MIN_ITEMS)
			a.min = in->c > a.min ? (uint32_t)(in->c < UINT32_MAX ? in->c : UINT32_MAX) : a.min;
		else if (in->op == SCHEMA_OP_MAX_ITEMS)
			a.max = in->c < a.max ? (uint32_t)in->c : a.max;
		else if (in->op == SCHEMA_OP_ITEMS && fusion_words(f, in->a, &n) && n > a.count)
			a.count = n;
	}
	struct fuse_value *tuple = arena_array(&f->arena, a.count + 1, sizeof *tuple);
	if (!tuple) {
		f->error = E_NOMEM;
		return;
	}
	for (uint32_t i = 0; i < a.count; i++)
		tuple[i] = item_value(f, job, i);
	a.rest = item_value(f, job, a.count);
	a.tuple = fusion_data(f, tuple, a.count * sizeof *tuple, 8);
	struct fuse_array *out = image_mutable(f->c->b, IMAGE_FUSE_ARRAYS, job->index * (uint32_t)sizeof *out);
	if (!f->c->b->error)
		*out = a;
}
