/* oneOf, anyOf, not and if over objects, told apart by the text of one property, or by
 * its being there: with it known, the branches fall away, and a catalogue of forty costs
 * about one. Owner: compile; the loader and the tool. */
#include "compile/fusion.h"

#define CANDIDATES_MAX 16
#define CASES_MAX 1024

/* A property that branches give constants to, or demand. */
struct candidate {
	struct span name;
	struct buf texts;               /* struct span[] */
};

struct search {
	struct fusion *f;
	const struct fact *facts;
	struct candidate candidates[CANDIDATES_MAX];
	size_t n;
};

static bool is_known(const struct search *s, struct span name)
{
	for (const struct fact *fact = s->facts; fact; fact = fact->next) {
		if (span_eq(fact->name, name))
			return true;
	}
	return false;
}

static struct candidate *candidate(struct search *s, struct span name)
{
	for (size_t i = 0; i < s->n; i++) {
		if (span_eq(s->candidates[i].name, name))
			return &s->candidates[i];
	}
	if (s->n == CANDIDATES_MAX)
		return NULL;
	s->candidates[s->n].name = name;
	buf_init(&s->candidates[s->n].texts, 0);
	return &s->candidates[s->n++];
}

static void add_text(struct candidate *c, struct span text)
{
	const struct span *have = (const void *)c->texts.p;

	for (size_t i = 0; i < c->texts.n / sizeof text; i++) {
		if (have[i].n == text.n && memcmp(have[i].p, text.p, text.n) == 0)
			return;
	}
	buf_add(&c->texts, &text, sizeof text);
}

/* The texts that one property's schema lists; none, where it must be there: that it is
 * may tell enough. */
static void take_row(struct search *s, const struct schema_row *row)
{
	struct atoms left = { 0 };
	struct buf texts;
	struct span name = fusion_row_name(s->f, row);

	if (is_known(s, name) || (row->node == SCHEMA_NO_NODE && !row->required))
		return;
	buf_init(&left.code, 0);
	buf_init(&texts, 0);
	if (row->node != SCHEMA_NO_NODE && fusion_resolve(s->f, row->node, SCHEMA_TYPE_STRING, NULL, &left)) {
		for (size_t i = 0; i < left.code.n / sizeof(uint32_t); i++)
			(void)fusion_texts(s->f, &s->f->code[((const uint32_t *)(const void *)left.code.p)[i]], &texts);
	}
	struct candidate *c = texts.n || row->required ? candidate(s, name) : NULL;
	for (size_t i = 0; c && i < texts.n / sizeof(struct span); i++)
		add_text(c, ((const struct span *)(const void *)texts.p)[i]);
	buf_fini(&left.code);
	buf_fini(&texts);
}

static bool is_combinator(const struct schema_instr *in)
{
	return in->op == SCHEMA_OP_ANY || in->op == SCHEMA_OP_ONE || in->op == SCHEMA_OP_NOT || in->op == SCHEMA_OP_IF;
}

static void take_atoms(struct search *s, const struct atoms *a, unsigned depth);

static void take_branch(struct search *s, uint32_t node, unsigned depth)
{
	struct atoms left = { 0 };

	buf_init(&left.code, 0);
	if (fusion_resolve(s->f, node, SCHEMA_TYPE_OBJECT, s->facts, &left))
		take_atoms(s, &left, depth);
	buf_fini(&left.code);
}

static void take_branches(struct search *s, const struct schema_instr *in, unsigned depth)
{
	uint32_t n;
	const uint32_t *nodes = in->op == SCHEMA_OP_IF || in->op == SCHEMA_OP_NOT ? NULL : fusion_words(s->f, in->a, &n);

	if (!nodes)
		take_branch(s, in->a, depth);
	for (uint32_t i = 0; nodes && i < n; i++)
		take_branch(s, nodes[i], depth);
}

/* Constants of the objects in undecided branches, nested ones too. */
static void take_atoms(struct search *s, const struct atoms *a, unsigned depth)
{
	for (size_t i = 0; i < a->code.n / sizeof(uint32_t); i++) {
		const struct schema_instr *in = &s->f->code[((const uint32_t *)(const void *)a->code.p)[i]];
		if (is_combinator(in) && depth < 4)
			take_branches(s, in, depth + 1);
		if (in->op != SCHEMA_OP_OBJECT || depth == 0)
			continue;
		const struct schema_object *o = (const void *)(s->f->data + in->a);
		const struct schema_table *t = (const void *)(s->f->data + o->table);
		for (uint32_t k = 0; k < t->count; k++)
			take_row(s, &s->f->rows[t->first + k]);
	}
}

/* ---- which candidate decides most ---- */

static bool is_left(const struct atoms *left, uint32_t code)
{
	const uint32_t *have = (const void *)left->code.p;

	for (size_t i = 0; i < left->code.n / sizeof code; i++) {
		if (have[i] == code)
			return true;
	}
	return false;
}

/* Is one of the combinators decided, even if others show up where it was? */
static bool decides(struct search *s, const struct node_set *set, const struct fact *fact, const struct atoms *a)
{
	const uint32_t *codes = (const void *)a->code.p;
	struct atoms left = { 0 };

	buf_init(&left.code, 0);
	bool good = !fusion_resolve_set(s->f, set, SCHEMA_TYPE_OBJECT, fact, &left) || left.open < a->open;
	for (size_t i = 0; i < a->code.n / sizeof *codes && !good; i++)
		good = is_combinator(&s->f->code[codes[i]]) && !is_left(&left, codes[i]);
	buf_fini(&left.code);
	return good;
}

/* Texts of the candidate that decide at least one combinator. Of one that has none: does it
 * decide to be there? Not to be there alone would have most objects looked through to
 * their ends, for the sake of few. */
static size_t score(struct search *s, const struct node_set *set, const struct candidate *c, const struct atoms *a)
{
	const struct span *texts = (const void *)c->texts.p;
	size_t n = c->texts.n / sizeof *texts, good = 0;

	for (size_t i = 0; i < n; i++) {
		struct fact fact = { .next = s->facts, .name = c->name, .kind = FACT_TEXT, .text = texts[i] };
		good += decides(s, set, &fact, a);
	}
	struct fact other = { .next = s->facts, .name = c->name, .kind = FACT_OTHER, .listed = texts, .nlisted = n };
	struct fact absent = { .next = s->facts, .name = c->name, .kind = FACT_ABSENT };
	if (!good && decides(s, set, &other, a))
		good = 1u + decides(s, set, &absent, a);
	return n <= CASES_MAX ? good : 0;
}

static const struct candidate *best_of(struct search *s, const struct node_set *set, const struct atoms *a)
{
	const struct candidate *best = NULL;
	size_t most = 0;

	for (size_t i = 0; i < s->n; i++) {
		size_t good = score(s, set, &s->candidates[i], a);
		if (good > most) {
			most = good;
			best = &s->candidates[i];
		}
	}
	return best;
}

/* ---- what the image gets ---- */

static uint32_t put_cases(struct search *s, const struct node_set *set, const struct candidate *c)
{
	const struct span *texts = (const void *)c->texts.p;
	uint32_t n = (uint32_t)(c->texts.n / sizeof *texts), size = 2;

	while (size < n * 2)
		size *= 2;
	struct fuse_case *cases = arena_array(&s->f->arena, size, sizeof *cases);
	if (!cases) {
		s->f->error = E_NOMEM;
		return 0;
	}
	for (uint32_t i = 0; i < size; i++)
		cases[i] = (struct fuse_case){ .len = FUSE_FREE };
	for (uint32_t i = 0; i < n; i++) {
		struct fact fact = { .next = s->facts, .name = c->name, .kind = FACT_TEXT, .text = texts[i] };
		uint8_t padded[8] = { 0 };
		if (texts[i].n && texts[i].n < 8)
			memcpy(padded, texts[i].p, texts[i].n);
		uint32_t slot = fuse_slot(texts[i].n < 8 ? padded : texts[i].p, texts[i].n, FUSE_MULTIPLIER, size - 1);
		while (cases[slot].len != FUSE_FREE)
			slot = (slot + 1) & (size - 1);
		cases[slot] = (struct fuse_case){ fusion_data(s->f, texts[i].p, texts[i].n, 1), (uint32_t)texts[i].n, fusion_of_object(s->f, set, &fact) };
	}
	return fusion_list(s->f, (const void *)cases, size, sizeof *cases / sizeof(uint32_t));
}

/* false: without the name nothing is gained, and no text is listed. */
static bool put_choice(struct search *s, const struct node_set *set, const struct candidate *c, struct fuse_value *out)
{
	struct fact other = { .next = s->facts, .name = c->name, .kind = FACT_OTHER, .listed = (const void *)c->texts.p, .nlisted = c->texts.n / sizeof(struct span) };
	struct fact absent = { .next = s->facts, .name = c->name, .kind = FACT_ABSENT };
	struct fuse_choice choice = { .name = fusion_data(s->f, c->name.p, c->name.n, 1), .len = (uint32_t)c->name.n };

	choice.cases = put_cases(s, set, c);
	choice.other = fusion_of_object(s->f, set, &other);
	choice.absent = fusion_of_object(s->f, set, &absent);
	if (c->texts.n == 0 && choice.absent.op == FUSE_TREE)
		return false;
	choice.watched = c->texts.n == 0 && choice.absent.op == FUSE_OBJECT && choice.absent.arg != 0;
	uint32_t off = image_append(s->f->c->b, IMAGE_FUSE_CHOICES, &choice, sizeof choice, 4);
	*out = (struct fuse_value){ FUSE_CHOICE, off / (uint32_t)sizeof choice };
	return true;
}

static unsigned fact_count(const struct fact *facts)
{
	unsigned n = 0;

	for (; facts; facts = facts->next)
		n++;
	return n;
}

bool fusion_choice(struct fusion *f, const struct node_set *set, const struct atoms *a, const struct fact *facts, struct fuse_value *out)
{
	struct search s = { .f = f, .facts = facts };

	if (fact_count(facts) >= FUSION_FACTS_MAX)
		return false;
	take_atoms(&s, a, 0);
	const struct candidate *best = best_of(&s, set, a);
	bool good = best && f->work <= FUSION_WORK_MAX && put_choice(&s, set, best, out);
	for (size_t i = 0; i < s.n; i++)
		buf_fini(&s.candidates[i].texts);
	return good;
}
