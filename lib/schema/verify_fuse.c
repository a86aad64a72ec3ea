/* Every offset and index of the fused sections, once per mapped image, so that the fused
 * executor checks none. Tables are checked row by row: no graph is walked. Owner: schema;
 * workers. */
#include "schema/private.h"

struct check {
	const struct fuse_program *t;
	const struct program *p;
};

static bool in_data(const struct check *c, uint32_t off, uint64_t len, uint32_t align)
{
	return off % align == 0 && off <= c->t->ndata && len <= c->t->ndata - off;
}

/* The items of a list, each `width` words; NULL when it leaves the section. */
static const uint32_t *list(const struct check *c, uint32_t off, uint32_t width, uint32_t *n)
{
	if (!in_data(c, off, 4, 4))
		return NULL;
	const uint32_t *words = (const void *)(c->t->data + off);
	*n = words[0];
	return in_data(c, off, 4 + (uint64_t)*n * width * 4, 4) ? words + 1 : NULL;
}

static bool indexes_are_sound(const struct check *c, uint32_t off, uint64_t limit)
{
	uint32_t n;
	const uint32_t *words = list(c, off, 1, &n);

	for (uint32_t i = 0; words && i < n; i++) {
		if (words[i] >= limit)
			return false;
	}
	return words != NULL;
}

static bool bounds_are_sound(const struct check *c, uint32_t off)
{
	const int64_t most = 1000000000000000000;

	if (!in_data(c, off, sizeof(struct fuse_bounds), 8))
		return false;
	const struct fuse_bounds *b = (const void *)(c->t->data + off);
	bool min = b->min == INT64_MIN || (b->min > -most && b->min < most), max = b->max == INT64_MAX || (b->max > -most && b->max < most);
	if (b->small && (b->min_scale || b->max_scale || (b->min != INT64_MIN && (b->min <= -FUSE_SMALL || b->min >= FUSE_SMALL)) || (b->max != INT64_MAX && (b->max <= -FUSE_SMALL || b->max >= FUSE_SMALL))))
		return false;
	return min && max && b->min_scale <= 18 && b->max_scale <= 18 && b->above <= 1 && b->below <= 1;
}

/* Instructions that a scalar without a tape can be given to. */
static bool leaves_are_sound(const struct check *c, uint32_t off)
{
	uint32_t n;
	const uint32_t *words = list(c, off, 1, &n);

	for (uint32_t i = 0; words && i < n; i++) {
		if (words[i] >= c->p->ncode)
			return false;
	}
	return words != NULL;
}

static bool value_is_sound(const struct check *c, struct fuse_value v)
{
	switch (v.op) {
	case FUSE_LENGTH:
	case FUSE_WITHIN:
		return in_data(c, v.arg, sizeof(struct fuse_range), 8);
	case FUSE_BETWEEN:
		return bounds_are_sound(c, v.arg);
	case FUSE_WORD:
		return v.arg < c->t->nwords;
	case FUSE_TEXT:
	case FUSE_FIGURE:
		return leaves_are_sound(c, v.arg);
	case FUSE_OBJECT:
		return v.arg < c->t->nobjects;
	case FUSE_ARRAY:
		return v.arg < c->t->narrays;
	case FUSE_TYPE:
		return v.arg < c->t->ntypes;
	case FUSE_CHOICE:
		return v.arg < c->t->nchoices;
	case FUSE_TREE:
		return indexes_are_sound(c, v.arg, c->p->nnodes);
	default:
		return v.op < FUSE_OP_COUNT;
	}
}

/* The text is the name, or no text at all: then what follows is no value, and a step of
 * none ends there. */
static bool key_is_sound(const struct check *c, const struct fuse_key *k)
{
	uint8_t odd[sizeof k->text];

	if (!value_is_sound(c, k->value) || !in_data(c, k->name, k->len, 1))
		return false;
	memset(odd, 0xff, sizeof odd);
	if (k->flags & FUSE_ODD)
		return k->step == 0 && k->ignore == 0 && memcmp(k->text, odd, sizeof odd) == 0;
	return k->len <= FUSE_NAME_MAX && k->step == k->len + 2 && k->ignore == fuse_ignore(k->step);
}

/* Counts that end where the list does, keys of the object. */
static bool groups_are_sound(const struct check *c, uint32_t off, uint32_t keys)
{
	uint32_t n, i = 0;
	const uint32_t *w = list(c, off, 1, &n);

	while (w && i < n) {
		if (n - i < 3)
			return false;
		uint32_t branches = w[i + 2];
		for (i += 3; branches--;) {
			if (i >= n || w[i] > n - i - 1)
				return false;
			for (uint32_t count = w[i++]; count--; i++) {
				if (w[i] >= keys)
					return false;
			}
		}
	}
	return w != NULL;
}

static bool more_is_sound(const struct check *c, const struct fuse_object *o)
{
	uint32_t n;

	if (!in_data(c, o->more, sizeof(struct fuse_more), 4))
		return false;
	const struct fuse_more *more = (const void *)(c->t->data + o->more);
	const uint32_t *needs = list(c, more->needs, 2, &n);
	for (uint32_t i = 0; needs && i < 2 * n; i++) {
		if (needs[i] >= o->count)
			return false;
	}
	const uint32_t *w = list(c, more->patterns, 3, &n);
	for (uint32_t i = 0; w && i < n; i++, w += 3) {
		if (w[0] >= c->p->npatterns || !value_is_sound(c, (struct fuse_value){ w[1], w[2] }))
			return false;
	}
	return needs && w && groups_are_sound(c, more->groups, o->count) && indexes_are_sound(c, more->required, o->count) && indexes_are_sound(c, more->names, c->p->nnodes);
}

/* A free slot ends every search. */
static bool slots_are_sound(const struct check *c, const struct fuse_object *o)
{
	uint32_t n, free_slots = 0;
	const uint32_t *slots = list(c, o->slots, 1, &n);

	if (!slots || (n & (n - 1)) != 0 || n != o->mask + 1)
		return false;
	for (uint32_t i = 0; i < n; i++) {
		if (slots[i] != FUSE_NO_KEY && slots[i] >= o->count)
			return false;
		free_slots += slots[i] == FUSE_NO_KEY;
	}
	return free_slots > 0;
}

static bool object_is_sound(const struct check *c, const struct fuse_object *o)
{
	if (o->first > c->t->nkeys || o->count > c->t->nkeys - o->first || o->count > FUSE_KEYS_MAX)
		return false;
	if (o->count == 0 && o->first != 0)
		return false;
	if (o->learned > c->t->nkeys + c->t->nobjects || o->count + 1 > c->t->nkeys + c->t->nobjects + 1 - o->learned)
		return false;
	if ((o->count > 64 || o->flags) && !o->more)
		return false;
	if (o->count < 64 && o->required >> o->count)
		return false;
	for (uint32_t i = 0; i < o->count; i++) {
		const struct fuse_key *k = &c->t->keys[o->first + i];
		if (k->index != i || k->bit != (uint64_t)1 << i % 64)
			return false;
	}
	bool keyed = o->count || o->more;
	return value_is_sound(c, o->rest) && (!keyed || slots_are_sound(c, o)) && (!o->more || more_is_sound(c, o));
}

/* A successor that one object learned is no key of another. */
static bool learned_are_apart(const struct fuse_program *t)
{
	uint64_t end = 0;

	for (size_t i = 0; i < t->nobjects; i++) {
		if (t->objects[i].learned < end)
			return false;
		end = (uint64_t)t->objects[i].learned + t->objects[i].count + 1;
	}
	return true;
}

static bool array_is_sound(const struct check *c, const struct fuse_array *a)
{
	if (!in_data(c, a->tuple, (uint64_t)a->count * sizeof(struct fuse_value), 4) || !value_is_sound(c, a->rest))
		return false;
	const struct fuse_value *tuple = (const void *)(c->t->data + a->tuple);
	for (uint32_t i = 0; i < a->count; i++) {
		if (!value_is_sound(c, tuple[i]))
			return false;
	}
	return true;
}

/* What a choice leads to judges the same value: only an earlier choice may follow, so that
 * the way ends. */
static bool way_is_sound(const struct check *c, const struct fuse_choice *from, struct fuse_value to)
{
	if (to.op == FUSE_TYPE || (to.op == FUSE_CHOICE && to.arg >= (size_t)(from - c->t->choices)))
		return false;
	return value_is_sound(c, to);
}

static bool types_are_sound(const struct check *c, const struct fuse_types *t)
{
	for (unsigned i = 0; i < FUSE_TYPE_COUNT; i++) {
		if (t->by[i].op == FUSE_TYPE || !value_is_sound(c, t->by[i]))
			return false;
	}
	return true;
}

static bool choice_is_sound(const struct check *c, const struct fuse_choice *choice)
{
	uint32_t n, free_cases = 0;
	const struct fuse_case *cases = (const void *)list(c, choice->cases, sizeof *cases / sizeof(uint32_t), &n);

	if (!in_data(c, choice->name, choice->len, 1) || !way_is_sound(c, choice, choice->other) || !way_is_sound(c, choice, choice->absent))
		return false;
	if (!cases || n == 0 || (n & (n - 1)) != 0)
		return false;
	for (uint32_t i = 0; i < n; i++) {
		free_cases += cases[i].len == FUSE_FREE;
		if (cases[i].len != FUSE_FREE && (!in_data(c, cases[i].text, cases[i].len, 1) || !way_is_sound(c, choice, cases[i].value)))
			return false;
	}
	return free_cases > 0;
}

/* A word's mask ends with its quote: what agrees under it is a whole string. */
static bool words_are_sound(const struct fuse_words *w)
{
	for (size_t i = 0; i < FUSE_WORD_SLOTS; i++) {
		uint32_t k = w->slot[i], mask = k < FUSE_WORDS_MAX ? ~w->ignore[k] : 0;
		unsigned n = (unsigned)__builtin_popcount(mask);
		if (n == 0 || (mask & (mask + 1)) != 0 || w->text[k][n - 1] != '"')
			return false;
	}
	return true;
}

#define EACH(row, table, n, test)                 \
	for (size_t i = 0; i < (n); i++) {        \
		const void *row = &(table)[i];    \
		if (!(test))                      \
			return false;             \
	}

bool fuse_is_sound(const struct fuse_program *t, const struct program *p)
{
	struct check c = { t, p };
	uint32_t n;

	if (!t->roots)
		return true;
	if (t->nroots != p->nroots || t->nkeys == 0 || t->nobjects == 0 || t->narrays == 0 || !(t->keys[0].flags & FUSE_ODD))
		return false;
	if (!list(&c, 0, 1, &n) || n != 0 || t->objects[0].count != 0 || t->keys[0].index != 0)
		return false;
	if (!learned_are_apart(t))
		return false;
	for (size_t i = 0; i < t->nroots; i++) {
		if (!value_is_sound(&c, t->roots[i]))
			return false;
	}
	EACH(types, t->types, t->ntypes, types_are_sound(&c, types))
	EACH(key, t->keys, t->nkeys, key_is_sound(&c, key))
	EACH(object, t->objects, t->nobjects, object_is_sound(&c, object))
	EACH(array, t->arrays, t->narrays, array_is_sound(&c, array))
	EACH(choice, t->choices, t->nchoices, choice_is_sound(&c, choice))
	EACH(words, t->words, t->nwords, words_are_sound(words))
	return true;
}
