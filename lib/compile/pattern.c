/* Patterns: read once, then an automaton in the image where there is one of a bounded
 * size, else PCRE2's code in its serialised form. Owner: compile; the loader and the
 * tool. */
#include <stdlib.h>

#include "base/hash.h"
#include "compile/dfa.h"
#include "compile/internal.h"

#define OPTIONS (PCRE2_UTF | PCRE2_NEVER_BACKSLASH_C | PCRE2_MATCH_UNSET_BACKREF | PCRE2_ALLOW_EMPTY_CLASS)
#define PAIR_SYMBOLS_MAX 15u             /* of an automaton that goes two bytes at once */
#define PAIR_ENTRIES_MAX 8192u
#define PARTS_MAX 12                     /* look-aheads at the beginning, and the rest */
#define TABLES_BYTES_MAX (32u << 20)     /* of all automata in one image */

struct patterns {
	struct span texts[COMPILE_PATTERNS_MAX];
	uint32_t indexes[COMPILE_PATTERNS_MAX];
	uint32_t n;
	struct buf rows;                 /* struct schema_pattern[] */
	pcre2_code *codes[COMPILE_PATTERNS_MAX];
	uint32_t ncodes;
	struct properties *properties;
	uint64_t work;                   /* left for automata */
};

struct patterns *patterns_new(void)
{
	struct patterns *p = calloc(1, sizeof *p);

	if (!p)
		return NULL;
	p->work = DFA_WORK_OF_ALL;
	buf_init(&p->rows, 0);
	p->properties = properties_new();
	return p;
}

void patterns_free(struct patterns *p)
{
	if (!p)
		return;
	for (uint32_t i = 0; i < p->ncodes; i++)
		pcre2_code_free(p->codes[i]);
	properties_free(p->properties);
	buf_fini(&p->rows);
	free(p);
}

/* The state after one byte more, by its symbol; the symbol after the last is no byte. */
static uint32_t step(const struct dfa *d, uint32_t state, uint32_t symbol)
{
	return symbol < d->symbols ? d->next[state * d->symbols + symbol] : state;
}

/* Every state after every two bytes, and after one that is the last. */
static void put_pairs(uint16_t *table, const struct dfa *d)
{
	uint32_t width = d->symbols * (d->symbols + 1);

	for (uint32_t state = 0; state < d->states; state++) {
		for (uint32_t i = 0; i < width; i++) {
			uint32_t middle = step(d, state, i / (d->symbols + 1));
			*table++ = (uint16_t)(step(d, middle, i % (d->symbols + 1)) * width);
		}
	}
}

static void put_symbols(struct image_builder *b, const struct dfa *d, struct schema_pattern *row, bool pairs)
{
	uint8_t firsts[256], seconds[257];

	for (unsigned c = 0; c < 256; c++) {
		seconds[c] = d->symbol[c];
		firsts[c] = (uint8_t)(pairs ? d->symbol[c] * (d->symbols + 1) : d->symbol[c]);
	}
	seconds[256] = (uint8_t)d->symbols;
	row->symbols = image_append(b, IMAGE_SCHEMA_DFA, firsts, sizeof firsts, 8);
	row->seconds = pairs ? image_append(b, IMAGE_SCHEMA_DFA, seconds, sizeof seconds, 8) : SCHEMA_NO_PAIRS;
}

/* The number of a row that was added; also: another one that must hold too. */
static uint32_t add_row(struct patterns *p, struct schema_pattern row, uint32_t also, bool negated)
{
	row.also = also;
	row.negated = negated;
	buf_add(&p->rows, &row, sizeof row);
	return (uint32_t)(p->rows.n / sizeof row) - 1;
}

static struct schema_pattern put_table(struct image_builder *b, const struct dfa *d)
{
	bool pairs = d->symbols <= PAIR_SYMBOLS_MAX && d->states * d->symbols * (d->symbols + 1) <= PAIR_ENTRIES_MAX;
	uint32_t width = pairs ? d->symbols * (d->symbols + 1) : d->symbols, final = 0;

	while (final < d->states && (final == 1 || !d->final[final]))
		final++;
	struct schema_pattern row = { .code = SCHEMA_NO_CODE, .entries = d->states * width };
	row.start = d->start * width;
	row.matched = width;
	row.final = final * width;
	put_symbols(b, d, &row, pairs);
	row.table = image_append(b, IMAGE_SCHEMA_DFA, NULL, row.entries * sizeof(uint16_t), 8);
	uint16_t *table = b->error ? NULL : image_mutable(b, IMAGE_SCHEMA_DFA, row.table);
	if (table && pairs)
		put_pairs(table, d);
	for (uint32_t i = 0; table && !pairs && i < row.entries; i++)
		table[i] = (uint16_t)(d->next[i] * d->symbols);
	return row;
}

/* ---- ^(?=one)(?!another)rest: each is judged from the beginning, by itself ---- */

struct part {
	uint32_t root;
	bool negated;
	struct dfa dfa;
};

/* ^ before a list of nodes. */
static uint32_t anchored(struct ecma *e, uint32_t first)
{
	struct ecma_node start = { .kind = ECMA_START, .next = first }, all = { .kind = ECMA_SEQUENCE };

	all.first = (uint32_t)(e->nodes.n / sizeof start);
	buf_add(&e->nodes, &start, sizeof start);
	buf_add(&e->nodes, &all, sizeof all);
	return all.first + 1;
}

static bool is_look_ahead(const struct ecma *e, uint32_t at)
{
	return at != ECMA_NO_NODE && ecma_node(e, at)->kind == ECMA_LOOK && !ecma_node(e, at)->behind;
}

/* The whole, or what it is a conjunction of: how many. */
static size_t take_parts(struct ecma *e, struct part *parts)
{
	const struct ecma_node *root = ecma_node(e, e->root);
	uint32_t at = root->kind == ECMA_SEQUENCE && ecma_node(e, root->first)->kind == ECMA_START ? ecma_node(e, root->first)->next : ECMA_NO_NODE;
	size_t n = 0;

	if (!is_look_ahead(e, at)) {
		parts[0] = (struct part){ .root = e->root };
		return 1;
	}
	for (; is_look_ahead(e, at) && n < PARTS_MAX - 1; at = ecma_node(e, at)->next) {
		parts[n].negated = ecma_node(e, at)->negated;
		parts[n++].root = anchored(e, ecma_node(e, at)->first);
	}
	if (at != ECMA_NO_NODE)
		parts[n++] = (struct part){ .root = anchored(e, at) };
	return n;
}

static bool put_automata(struct compile *c, struct ecma *e, uint32_t *index)
{
	struct part parts[PARTS_MAX] = { 0 };
	uint32_t root = e->root;
	size_t n = take_parts(e, parts), built = 0;

	*index = SCHEMA_NO_PATTERN;
	for (bool good = !buf_error(&e->nodes); good && built < n; built += good) {
		e->root = parts[built].root;
		good = dfa_of_pattern(&parts[built].dfa, e, c->patterns->properties, &c->patterns->work);
	}
	e->root = root;
	for (size_t i = 0; i < built; i++) {
		if (built == n)
			*index = add_row(c->patterns, put_table(c->b, &parts[i].dfa), *index, parts[i].negated);
		dfa_free(&parts[i].dfa);
	}
	return built == n;
}

static bool put_automaton(struct compile *c, struct ecma *e, uint32_t *index)
{
	if (c->options.backtrack || image_used(c->b, IMAGE_SCHEMA_DFA) > TABLES_BYTES_MAX)
		return false;
	return put_automata(c, e, index);
}

static bool put_code(struct compile_node *n, const struct tree_node *at, const struct ecma *e, uint32_t *index)
{
	struct patterns *p = n->c->patterns;
	PCRE2_SIZE where;
	struct buf out;
	int error = 0;

	if (!pcre_agrees(e)) {
		compile_fail(n, at, "pattern", "the pattern refers back to a group that a repeat around it forgets at each turn; write it in another way");
		return false;
	}
	buf_init(&out, 4u << 20);
	pcre_write(e, &out);
	pcre2_code *code = buf_error(&out) ? NULL : pcre2_compile(out.p ? out.p : (PCRE2_SPTR)"", out.n, OPTIONS, &error, &where, NULL);
	if (code) {
		*index = add_row(p, (struct schema_pattern){ .code = p->ncodes }, SCHEMA_NO_PATTERN, false);
		p->codes[p->ncodes++] = code;
	} else {
		PCRE2_UCHAR text[160] = "it is too long";
		if (error)
			pcre2_get_error_message(error, text, sizeof text);
		compile_fail(n, at, "pattern", "the pattern cannot be used: %s; write it in another way", (char *)text);
	}
	buf_fini(&out);
	return code != NULL;
}

static bool build(struct compile_node *n, const struct tree_node *at, struct span pattern, uint32_t *index)
{
	struct ecma e;
	int error = ecma_parse(&e, pattern);
	bool good = error == 0 && (put_automaton(n->c, &e, index) || put_code(n, at, &e, index));

	if (error)
		compile_fail(n, at, "pattern", "the pattern breaks ECMA-262 at byte %zu: %s", e.where + 1, e.what ? e.what : "it is too long");
	if (good && e.lenient)
		finding_warning(n->c->f, "pattern-escape", tree_location(at), "the pattern escapes a character that needs none, which ECMA-262 with the u flag forbids; remove the backslash");
	ecma_free(&e);
	return good;
}

bool pattern_index(struct compile_node *n, const struct tree_node *at, struct span pattern, uint32_t *index)
{
	struct patterns *p = n->c->patterns;

	for (uint32_t i = 0; i < p->n; i++) {
		*index = p->indexes[i];
		if (span_eq(p->texts[i], pattern))
			return true;
	}
	if (p->n == COMPILE_PATTERNS_MAX) {
		compile_fail(n, at, "limit-patterns", "more than %u different patterns; use fewer", COMPILE_PATTERNS_MAX);
		return false;
	}
	if (!build(n, at, pattern, index))
		return false;
	p->indexes[p->n] = *index;
	p->texts[p->n++] = pattern;
	return true;
}

static void put_codes(struct compile *c, struct patterns *p)
{
	struct schema_regexes head = { .n = p->ncodes };
	uint8_t *bytes = NULL;
	PCRE2_SIZE n = 0;

	if (pcre2_serialize_encode((const pcre2_code **)p->codes, (int32_t)p->ncodes, &bytes, &n, NULL) < 0) {
		c->error = E_NOMEM;
		return;
	}
	head.bytes = (uint32_t)n;
	head.crc = crc32c(0, bytes, n);
	image_append(c->b, IMAGE_SCHEMA_REGEX, &head, sizeof head, 8);
	image_append(c->b, IMAGE_SCHEMA_REGEX, bytes, n, 8);
	pcre2_serialize_free(bytes);
}

void patterns_finish(struct compile *c)
{
	struct patterns *p = c->patterns;

	if (buf_error(&p->rows))
		c->error = buf_error(&p->rows);
	image_append(c->b, IMAGE_SCHEMA_PATTERNS, p->rows.p, p->rows.n, 4);
	if (p->ncodes)
		put_codes(c, p);
}
