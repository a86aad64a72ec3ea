/* What tells the messages of an address apart: texts - the key, a header, a member of the
 * payload - where their schemas want different constants. Only constants that a matching
 * record must have are used, so that who is ruled out could not have matched. Owner:
 * asyncapi; runs in the loader and the tool. */
#include <stdlib.h>

#include "asyncapi/model.h"

#define SELECT_DEPTH 12u                 /* of schemas inside one another */
#define SELECT_PLACES 64u                /* places that are weighed at most */

/* One message wants one of these texts at one place. */
struct want {
	struct want *next;
	uint32_t message;
	struct span *texts;
	size_t ntexts;
	bool required;                   /* and nothing there cannot match either */
};

struct place {
	enum contract_place place;
	uint32_t nsteps;
	struct span steps[CONTRACT_MAX_STEPS];
	struct want *wants;
};

struct select {
	struct asyncapi *a;
	struct model_message **messages;
	uint32_t n, words;
	struct place places[SELECT_PLACES];
	size_t nplaces;
	bool plain;                      /* the schema at hand is an AsyncAPI one, whose references we can follow */
};

/* A place with its sets of bits: the values', then other, then absent. */
struct sets {
	const struct place *place;
	struct span *values;
	size_t nvalues;
	uint32_t *bits;                  /* nvalues + 2 times words */
};

/* ---- constants of a schema ---- */

/* References of other dialects depend on identifiers that only the compiler knows. */
static struct tree_node *resolved(const struct select *s, struct tree_node *schema, unsigned depth)
{
	if (depth == 0 || !schema || schema->kind != TREE_MAP || (!s->plain && tree_get(schema, "$ref")))
		return NULL;
	schema = tree_deref(schema);
	return schema && schema->kind == TREE_MAP ? schema : NULL;
}

struct texts {
	struct span *p;
	size_t n, cap;
};

static bool add_text(struct select *s, struct texts *t, struct span text)
{
	for (size_t i = 0; i < t->n; i++)
		if (span_eq(t->p[i], text))
			return true;
	if (t->n == t->cap) {
		struct span *grown = model_alloc(s->a, (t->cap * 2 + 8) * sizeof *grown);
		if (!grown)
			return false;
		if (t->n)
			memcpy(grown, t->p, t->n * sizeof *grown);
		t->p = grown;
		t->cap = t->cap * 2 + 8;
	}
	t->p[t->n++] = text;
	return true;
}

static bool constants_of(struct select *s, struct tree_node *schema, unsigned depth, struct texts *out);

/* Every branch must want constants; together they are the set. */
static bool constants_of_any(struct select *s, struct tree_node *list, unsigned depth, struct texts *out)
{
	if (!list || list->kind != TREE_SEQ || !list->first)
		return false;
	tree_each(branch, list)
		if (!constants_of(s, branch, depth, out))
			return false;
	return true;
}

static bool constants_of_all(struct select *s, struct tree_node *list, unsigned depth, struct texts *out)
{
	tree_each(branch, list) {
		struct texts own = { 0 };
		if (!constants_of(s, branch, depth, &own))
			continue;
		for (size_t i = 0; i < own.n; i++)
			if (!add_text(s, out, own.p[i]))
				return false;
		return true;
	}
	return false;
}

static bool constants_of_enum(struct select *s, struct tree_node *list, struct texts *out)
{
	if (!list || list->kind != TREE_SEQ || !list->first)
		return false;
	tree_each(value, list)
		if (!tree_is_string(value) || !add_text(s, out, value->text))
			return false;
	return true;
}

/* The only texts that the schema accepts, appended; false: others, or other kinds of values, too. */
static bool constants_of(struct select *s, struct tree_node *schema, unsigned depth, struct texts *out)
{
	schema = resolved(s, schema, depth);
	if (!schema)
		return false;
	struct tree_node *constant = tree_get(schema, "const");
	if (constant)
		return tree_is_string(constant) && add_text(s, out, constant->text);
	struct texts own = { 0 };
	bool found = constants_of_enum(s, tree_get(schema, "enum"), &own) || (own.n = 0, constants_of_all(s, tree_get(schema, "allOf"), depth - 1, &own)) ||
		     (own.n = 0, constants_of_any(s, tree_get(schema, "oneOf"), depth - 1, &own)) ||
		     (own.n = 0, constants_of_any(s, tree_get(schema, "anyOf"), depth - 1, &own));
	for (size_t i = 0; found && i < own.n; i++)
		found = add_text(s, out, own.p[i]);
	return found;
}

/* ---- places ---- */

static struct place *find_place(struct select *s, const struct place *like)
{
	for (size_t i = 0; i < s->nplaces; i++) {
		struct place *p = &s->places[i];
		bool same = p->place == like->place && p->nsteps == like->nsteps;
		for (uint32_t k = 0; same && k < p->nsteps; k++)
			same = span_eq(p->steps[k], like->steps[k]);
		if (same)
			return p;
	}
	if (s->nplaces == SELECT_PLACES)
		return NULL;
	s->places[s->nplaces] = *like;
	s->places[s->nplaces].wants = NULL;
	return &s->places[s->nplaces++];
}

static void add_want(struct select *s, const struct place *like, uint32_t message, const struct texts *texts, bool required)
{
	struct place *p = find_place(s, like);
	struct want *w = p ? model_alloc(s->a, sizeof *w) : NULL;

	if (!w || (p->wants && p->wants->message == message))
		return;                                  /* one word of a message on one place is enough */
	*w = (struct want){ p->wants, message, texts->p, texts->n, required };
	p->wants = w;
}

static bool is_object_only(const struct select *s, struct tree_node *schema)
{
	struct tree_node *type = tree_get(schema, "type");

	return s->plain ? schema_types(schema) == CONTRACT_OBJECT : tree_is_string(type) && span_is(type->text, "object");
}

static bool is_required(const struct select *s, struct tree_node *schema, struct span name, unsigned depth)
{
	schema = resolved(s, schema, depth);
	tree_each(one, tree_get(schema, "required"))
		if (tree_is_string(one) && span_eq(one->text, name))
			return true;
	tree_each(branch, tree_get(schema, "allOf"))
		if (is_required(s, branch, name, depth - 1))
			return true;
	return false;
}

/* What a walk down one part of one message carries. */
struct descent {
	uint32_t message;
	struct tree_node *whole;         /* the schema that `required` is asked of */
	bool required;                   /* of all above */
	unsigned depth;
};

static void collect(struct select *s, struct tree_node *schema, struct place at, struct descent d);

static void collect_property(struct select *s, struct tree_node *property, struct place at, struct descent d)
{
	struct texts texts = { 0 };

	if (at.nsteps == CONTRACT_MAX_STEPS || (at.place == CONTRACT_AT_HEADER && at.nsteps == 1))
		return;
	at.steps[at.nsteps++] = property->key;
	d.required = d.required && is_required(s, d.whole, property->key, SELECT_DEPTH);
	if (constants_of(s, property, SELECT_DEPTH, &texts)) {
		add_want(s, &at, d.message, &texts, d.required);
		return;
	}
	d.required = d.required && is_object_only(s, property);
	d.whole = property;
	collect(s, property, at, d);
}

static void collect(struct select *s, struct tree_node *schema, struct place at, struct descent d)
{
	schema = resolved(s, schema, d.depth);
	if (!schema)
		return;
	d.depth--;
	tree_each(property, tree_get(schema, "properties"))
		collect_property(s, property, at, d);
	tree_each(branch, tree_get(schema, "allOf"))
		collect(s, branch, at, d);
}

/* draft-04 and OpenAPI 3.0 have no `const`: theirs are left to the schemas. */
static bool can_select(struct select *s, const struct model_schema *schema)
{
	s->plain = schema->dialect == DIALECT_ASYNCAPI;
	return schema->node && !schema->foreign && schema->dialect != DIALECT_DRAFT4 && schema->dialect != DIALECT_OPENAPI30;
}

static void collect_message(struct select *s, uint32_t i)
{
	struct model_message *m = s->messages[i];
	struct texts key = { 0 };

	if (can_select(s, &m->key) && constants_of(s, m->key.node, SELECT_DEPTH, &key))
		add_want(s, &(struct place){ .place = CONTRACT_AT_KEY }, i, &key, true);
	if (can_select(s, &m->headers))
		collect(s, m->headers.node, (struct place){ .place = CONTRACT_AT_HEADER }, (struct descent){ i, m->headers.node, true, SELECT_DEPTH });
	if (m->mode == CONTRACT_JSON && can_select(s, &m->payload))
		collect(s, m->payload.node, (struct place){ .place = CONTRACT_AT_PAYLOAD },
			(struct descent){ i, m->payload.node, is_object_only(s, m->payload.node), SELECT_DEPTH });
}

/* ---- sets ---- */

static void set_bit(uint32_t *bits, uint32_t i)
{
	bits[i / 32] |= 1u << i % 32;
}

static int by_length_and_bytes(const void *x, const void *y)
{
	const struct span *a = x, *b = y;

	if (a->n != b->n)
		return a->n < b->n ? -1 : 1;
	return a->n ? memcmp(a->p, b->p, a->n) : 0;
}

static size_t gather_values(struct select *s, struct sets *out)
{
	size_t n = 0, kept = 0;

	for (const struct want *w = out->place->wants; w; w = w->next)
		n += w->ntexts;
	out->values = model_alloc(s->a, (n + 1) * sizeof *out->values);
	n = 0;
	for (const struct want *w = out->place->wants; w && out->values; w = w->next)
		for (size_t i = 0; i < w->ntexts; i++)
			out->values[n++] = w->texts[i];
	if (n)
		qsort(out->values, n, sizeof *out->values, by_length_and_bytes);
	for (size_t i = 0; i < n; i++)
		if (i == 0 || !span_eq(out->values[i], out->values[kept - 1]))
			out->values[kept++] = out->values[i];
	return kept;
}

static void put_want(struct select *s, struct sets *out, const struct want *w)
{
	for (size_t i = 0; i < w->ntexts; i++) {
		const struct span *row = bsearch(&w->texts[i], out->values, out->nvalues, sizeof *row, by_length_and_bytes);
		if (row)
			set_bit(out->bits + (size_t)(row - out->values) * s->words, w->message);
	}
	if (!w->required)
		set_bit(out->bits + (out->nvalues + 1) * s->words, w->message);
}

/* A message that wants nothing there is in every set. */
static bool build_sets(struct select *s, const struct place *place, struct sets *out)
{
	*out = (struct sets){ .place = place };
	out->nvalues = gather_values(s, out);
	size_t n = (out->nvalues + 2) * s->words;
	out->bits = out->values ? model_alloc(s->a, n * sizeof *out->bits) : NULL;
	uint32_t *wanting = model_alloc(s->a, s->words * sizeof *wanting);
	if (!out->bits || !wanting)
		return false;
	memset(out->bits, 0, n * sizeof *out->bits);
	memset(wanting, 0, s->words * sizeof *wanting);
	for (const struct want *w = place->wants; w; w = w->next) {
		put_want(s, out, w);
		set_bit(wanting, w->message);
	}
	for (uint32_t i = 0; i < s->n; i++)
		for (size_t k = 0; !(wanting[i / 32] >> i % 32 & 1) && k < out->nvalues + 2; k++)
			set_bit(out->bits + k * s->words, i);
	return true;
}

/* ---- which places ---- */

/* The set that a record of message i falls into, by its first constant. */
static const uint32_t *set_of(const struct select *s, const struct sets *sets, uint32_t i)
{
	for (const struct want *w = sets->place->wants; w; w = w->next) {
		if (w->message != i || w->ntexts == 0)
			continue;
		const struct span *row = bsearch(&w->texts[0], sets->values, sets->nvalues, sizeof *row, by_length_and_bytes);
		return row ? sets->bits + (size_t)(row - sets->values) * s->words : NULL;
	}
	return sets->bits + (sets->nvalues + 1) * s->words;
}

/* Schemas that run when one record of each message is judged. */
static size_t cost_of(const struct select *s, const struct sets *chosen, size_t nchosen)
{
	size_t sum = 0;

	for (uint32_t i = 0; i < s->n; i++) {
		for (uint32_t k = 0; k < s->words; k++) {
			uint32_t word = UINT32_MAX;
			for (size_t c = 0; c < nchosen; c++) {
				const uint32_t *set = set_of(s, &chosen[c], i);
				word &= set ? set[k] : UINT32_MAX;
			}
			if (nchosen == 0 && k == s->words - 1 && s->n % 32)
				word = (1u << s->n % 32) - 1;
			sum += (size_t)__builtin_popcount(word);
		}
	}
	return sum;
}

/* Greedily: the place that leaves least to try, while it saves a tenth. Keys and headers
 * cost nothing to look at, and come first among equals. */
static size_t choose(struct select *s, struct sets *chosen)
{
	size_t n = 0, cost = cost_of(s, chosen, 0);

	while (n < CONTRACT_MAX_SELECTORS && cost > s->n) {
		struct sets best = { 0 }, sets;
		size_t least = cost - cost / 10;
		for (size_t i = 0; i < s->nplaces; i++) {
			if (!build_sets(s, &s->places[i], &sets))
				return n;
			chosen[n] = sets;
			size_t with = cost_of(s, chosen, n + 1);
			if (with < least || (best.place && with == least && sets.place->place < best.place->place)) {
				least = with;
				best = sets;
			}
		}
		if (!best.place)
			break;
		chosen[n++] = best;
		cost = least;
	}
	return n;
}

/* ---- to the image ---- */

static struct contract_list emit_set(struct image_builder *b, const struct select *s, const uint32_t *bits)
{
	return (struct contract_list){ image_append(b, IMAGE_CONTRACT_DATA, bits, s->words * sizeof *bits, 4), s->words };
}

static struct contract_list emit_slots(struct select *s, struct image_builder *b, const struct sets *sets)
{
	uint32_t n = 4;

	while (n < sets->nvalues * 2)
		n *= 2;
	uint32_t *slots = model_alloc(s->a, n * sizeof *slots);
	if (!slots)
		return (struct contract_list){ 0, 0 };
	memset(slots, 0, n * sizeof *slots);
	for (size_t i = 0; i < sets->nvalues; i++) {
		size_t at = contract_value_hash(sets->values[i]) & (n - 1);
		while (slots[at])
			at = (at + 1) & (n - 1);
		slots[at] = (uint32_t)i + 1;
	}
	return (struct contract_list){ image_append(b, IMAGE_CONTRACT_DATA, slots, n * sizeof *slots, 4), n };
}

static struct contract_selector emit_sets(struct select *s, struct image_builder *b, const struct sets *sets)
{
	struct contract_selector out = { .place = sets->place->place, .nsteps = sets->place->nsteps };
	struct contract_value *rows = model_alloc(s->a, (sets->nvalues + 1) * sizeof *rows);

	for (uint32_t i = 0; i < CONTRACT_MAX_STEPS; i++)
		out.steps[i] = image_intern(b, i < sets->place->nsteps ? sets->place->steps[i] : SPAN_LIT(""));
	for (size_t i = 0; rows && i < sets->nvalues; i++)
		rows[i] = (struct contract_value){ image_intern(b, sets->values[i]), emit_set(b, s, sets->bits + i * s->words) };
	out.slots = emit_slots(s, b, sets);
	out.other = emit_set(b, s, sets->bits + sets->nvalues * s->words);
	out.absent = emit_set(b, s, sets->bits + (sets->nvalues + 1) * s->words);
	if (rows)
		out.values = (struct contract_list){ image_append(b, IMAGE_CONTRACT_DATA, rows, sets->nvalues * sizeof *rows, 4), (uint32_t)sets->nvalues };
	return out;
}

/* What costs least to look at comes first: the look ends when one message is left. */
static int by_place(const void *x, const void *y)
{
	const struct sets *a = x, *b = y;

	return a->place->place != b->place->place ? (a->place->place < b->place->place ? -1 : 1) : (a->place->nsteps > b->place->nsteps) - (a->place->nsteps < b->place->nsteps);
}

struct contract_list selectors_emit(struct asyncapi *a, struct image_builder *b, struct model_message **messages, uint32_t n)
{
	struct contract_selector rows[CONTRACT_MAX_SELECTORS];
	struct sets chosen[CONTRACT_MAX_SELECTORS + 1] = { 0 };
	struct select *s = n > 1 ? model_alloc(a, sizeof *s) : NULL;

	if (!s)
		return (struct contract_list){ 0, 0 };
	*s = (struct select){ .a = a, .messages = messages, .n = n, .words = (n + 31) / 32 };
	for (uint32_t i = 0; i < n; i++)
		collect_message(s, i);
	size_t count = choose(s, chosen);
	qsort(chosen, count, sizeof *chosen, by_place);
	for (size_t i = 0; i < count; i++)
		rows[i] = emit_sets(s, b, &chosen[i]);
	return (struct contract_list){ image_append(b, IMAGE_CONTRACT_DATA, rows, count * sizeof *rows, 4), (uint32_t)count };
}
