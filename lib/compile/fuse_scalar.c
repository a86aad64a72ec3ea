/* The quickest rule for texts and for numbers that has the meaning of some instructions.
 * Owner: compile; the loader and the tool. */
#include "compile/fusion.h"

static const struct schema_instr *atom(const struct fusion *f, const struct atoms *a, size_t i)
{
	return &f->code[((const uint32_t *)(const void *)a->code.p)[i]];
}

static size_t count(const struct atoms *a)
{
	return a->code.n / sizeof(uint32_t);
}

/* The instructions themselves, run on the one token. */
static struct fuse_value leaf(struct fusion *f, enum fuse_op op, const struct atoms *a)
{
	return (struct fuse_value){ op, fusion_list(f, (const void *)a->code.p, count(a), 1) };
}

/* ---- texts ---- */

struct word_list {
	struct span texts[FUSE_WORDS_MAX];
	size_t n;
};

static uint8_t *slot_of(struct fuse_words *w, struct span text)
{
	uint8_t padded[32] = { 0 };

	if (text.n)
		memcpy(padded, text.p, text.n);
	return &w->slot[fuse_mix(padded, text.n) * w->multiplier >> FUSE_WORD_SHIFT];
}

static bool find_multiplier(struct fuse_words *w, const struct word_list *list)
{
	uint64_t state = 0x9e3779b97f4a7c15u;

	for (unsigned tries = 0; tries < 10000; tries++) {
		bool good = true;
		memset(w->slot, 0xff, sizeof w->slot);
		state = state * 6364136223846793005u + 1442695040888963407u;
		w->multiplier = state | 1;
		for (size_t i = 0; good && i < list->n; i++) {
			uint8_t *slot = slot_of(w, list->texts[i]);
			good = *slot == 0xff;
			*slot = (uint8_t)i;
		}
		if (!good)
			continue;
		for (size_t i = 0; i < FUSE_WORD_SLOTS; i++)
			w->slot[i] = w->slot[i] == 0xff ? 0 : w->slot[i];
		return true;
	}
	return false;
}

static bool is_word(struct span s)
{
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] < 0x20 || s.p[i] >= 0x80 || s.p[i] == '"' || s.p[i] == '\\')
			return false;
	}
	return s.n <= FUSE_WORD_MAX;
}

static bool list_words(const struct fusion *f, const struct schema_instr *in, struct word_list *list)
{
	struct buf texts;
	bool good;

	buf_init(&texts, 0);
	good = fusion_texts(f, in, &texts) && texts.n && texts.n <= sizeof list->texts;
	list->n = good ? texts.n / sizeof *list->texts : 0;
	if (good)
		memcpy(list->texts, texts.p, texts.n);
	for (size_t i = 0; i < list->n; i++)
		good = good && is_word(list->texts[i]);
	buf_fini(&texts);
	return good;
}

/* An enum of few short texts: told apart by one multiplication and one comparison. */
static bool words(struct fusion *f, const struct schema_instr *in, struct fuse_value *out)
{
	struct fuse_words w = { 0 };
	struct word_list list;

	if (!list_words(f, in, &list) || !find_multiplier(&w, &list))
		return false;
	for (size_t i = 0; i < list.n; i++) {
		struct span s = list.texts[i];
		if (s.n)
			memcpy(w.text[i], s.p, s.n);
		w.text[i][s.n] = '"';
		w.ignore[i] = fuse_ignore(s.n + 1);
	}
	uint32_t off = image_append(f->c->b, IMAGE_FUSE_WORDS, &w, sizeof w, 8);
	*out = (struct fuse_value){ FUSE_WORD, off / (uint32_t)sizeof w };
	return true;
}

struct fuse_value fusion_string(struct fusion *f, const struct atoms *a)
{
	struct fuse_range range = { 0, INT64_MAX };
	struct fuse_value word;

	for (size_t i = 0; i < count(a); i++) {
		const struct schema_instr *in = atom(f, a, i);
		if (in->op == SCHEMA_OP_MIN_LENGTH)
			range.min = in->c > range.min ? in->c : range.min;
		else if (in->op == SCHEMA_OP_MAX_LENGTH)
			range.max = in->c < range.max ? in->c : range.max;
		else
			return count(a) == 1 && words(f, in, &word) ? word : leaf(f, FUSE_TEXT, a);
	}
	if (count(a) == 0)
		return (struct fuse_value){ FUSE_STRING, 0 };
	return (struct fuse_value){ FUSE_LENGTH, fusion_data(f, &range, sizeof range, 8) };
}

/* ---- numbers ---- */

struct bounds {
	struct fuse_range range;         /* of integers */
	struct fuse_bounds exact;
	bool integer, ranged, bounded;   /* range, exact say something */
	bool plain;                      /* all instructions are in here */
};

/* The operand as value * 10^-scale; false: too long for 64 bits. */
static bool scaled(const struct fusion *f, const struct schema_instr *in, int64_t *value, uint16_t *scale)
{
	struct json_decimal d = json_decimal(span_of(f->data + in->a, in->b));
	int64_t exp = d.digits ? d.exp : 0;

	if (exp < -18 || (int64_t)d.digits + (exp > 0 ? exp : 0) > 18)
		return false;
	*scale = exp < 0 ? (uint16_t)-exp : 0;
	d.exp = exp < 0 ? 0 : exp;
	return json_decimal_to_i64(&d, value);
}

/* value * 10^-scale against the bound kept so far: is it tighter? */
static bool is_tighter(int64_t value, unsigned scale, int64_t have, unsigned have_scale, int sign)
{
	__int128_t a = value, b = have;

	for (unsigned i = scale; i < have_scale; i++)
		a *= 10;
	for (unsigned i = have_scale; i < scale; i++)
		b *= 10;
	return sign > 0 ? a > b : a < b;
}

static bool take_low(const struct fusion *f, struct bounds *b, const struct schema_instr *in)
{
	uint16_t scale, above = in->op == SCHEMA_OP_ABOVE;
	int64_t v;

	if (!scaled(f, in, &v, &scale))
		return false;
	if (scale == 0 && v + above > b->range.min)
		b->range.min = v + above;
	b->ranged &= scale == 0;
	if (b->exact.min != INT64_MIN && !is_tighter(v, scale, b->exact.min, b->exact.min_scale, 1))
		return b->exact.min != v || b->exact.min_scale != scale || b->exact.above >= above;
	b->exact.min = v;
	b->exact.min_scale = scale;
	b->exact.above = above;
	return true;
}

static bool take_high(const struct fusion *f, struct bounds *b, const struct schema_instr *in)
{
	uint16_t scale, below = in->op == SCHEMA_OP_BELOW;
	int64_t v;

	if (!scaled(f, in, &v, &scale))
		return false;
	if (scale == 0 && v - below < b->range.max)
		b->range.max = v - below;
	b->ranged &= scale == 0;
	if (b->exact.max != INT64_MAX && !is_tighter(v, scale, b->exact.max, b->exact.max_scale, -1))
		return b->exact.max != v || b->exact.max_scale != scale || b->exact.below >= below;
	b->exact.max = v;
	b->exact.max_scale = scale;
	b->exact.below = below;
	return true;
}

/* int32: integers within a range. */
static bool take_format(struct bounds *b, const struct schema_instr *in)
{
	if (in->a != SCHEMA_FORMAT_INT32)
		return false;
	b->integer = b->bounded = true;
	b->range.min = INT32_MIN > b->range.min ? INT32_MIN : b->range.min;
	b->range.max = INT32_MAX < b->range.max ? INT32_MAX : b->range.max;
	return true;
}

/* A constant is a range of one value; a whole one that of an integer. */
static bool take_constant(const struct fusion *f, struct bounds *b, const struct schema_instr *in)
{
	const struct schema_value *v = (const void *)(f->data + in->a);
	const struct json_entry *e = (const void *)(f->data + v->entries);
	struct schema_instr bound = { .op = SCHEMA_OP_MINIMUM, .a = v->text + e->off, .b = e->len };
	struct json_decimal d = json_decimal(span_of(f->data + bound.a, bound.b));

	b->bounded = true;
	b->integer |= json_decimal_is_integer(&d);
	return take_low(f, b, &bound) && take_high(f, b, &bound);
}

static bool take(const struct fusion *f, struct bounds *b, const struct schema_instr *in)
{
	switch (in->op) {
	case SCHEMA_OP_TYPE:
		b->integer = true;
		return !(in->flags & SCHEMA_SYNTAX_INTEGER);
	case SCHEMA_OP_MINIMUM:
	case SCHEMA_OP_ABOVE:
		b->bounded = true;
		return take_low(f, b, in);
	case SCHEMA_OP_MAXIMUM:
	case SCHEMA_OP_BELOW:
		b->bounded = true;
		return take_high(f, b, in);
	case SCHEMA_OP_FORMAT:
		return take_format(b, in);
	case SCHEMA_OP_CONST:
		return take_constant(f, b, in);
	default:
		return false;
	}
}

static bool is_small(int64_t bound, unsigned scale, int64_t none)
{
	return bound == none || (scale == 0 && bound > -FUSE_SMALL && bound < FUSE_SMALL);
}

/* The rule that all of it is: "not negative" needs no more than a look at the sign. */
static struct fuse_value bounded(struct fusion *f, struct bounds *b)
{
	struct fuse_bounds *e = &b->exact;

	if (b->integer && b->range.min == 0 && b->range.max == INT64_MAX)
		return (struct fuse_value){ FUSE_NATURAL, 0 };
	if (b->integer)
		return (struct fuse_value){ FUSE_WITHIN, fusion_data(f, &b->range, sizeof b->range, 8) };
	if (e->min == 0 && !e->above && e->max == INT64_MAX)
		return (struct fuse_value){ FUSE_POSITIVE, 0 };
	e->small = is_small(e->min, e->min_scale, INT64_MIN) && is_small(e->max, e->max_scale, INT64_MAX);
	return (struct fuse_value){ FUSE_BETWEEN, fusion_data(f, e, sizeof *e, 8) };
}

struct fuse_value fusion_number(struct fusion *f, const struct atoms *a)
{
	struct bounds b = { .range = { INT64_MIN, INT64_MAX }, .exact = { .min = INT64_MIN, .max = INT64_MAX }, .ranged = true };

	for (size_t i = 0; i < count(a); i++) {
		if (!take(f, &b, atom(f, a, i)))
			return leaf(f, FUSE_FIGURE, a);
	}
	if (!b.bounded)
		return (struct fuse_value){ b.integer ? FUSE_INTEGER : FUSE_NUMBER, 0 };
	if (b.integer && !b.ranged)
		return leaf(f, FUSE_FIGURE, a);
	return bounded(f, &b);
}
