/* Every offset and index of the schema sections, once per mapped image: after this the
 * executor checks none. Owner: schema; workers. */
#include "base/hash.h"
#include "schema/private.h"

#define PCRE2_HEAD 16u                  /* bytes before its first pattern */
#define VALUE_DEPTH_MAX 1100            /* above what a document may nest */

static bool in_data(const struct program *p, uint32_t off, uint64_t len, uint32_t align)
{
	return off % align == 0 && off <= p->ndata && len <= p->ndata - off;
}

static bool node_is_sound(const struct program *p, uint32_t node)
{
	return node < p->nnodes;
}

/* The items of a list, each `width` words; NULL when it leaves the section. */
static const uint32_t *list(const struct program *p, uint32_t off, uint32_t width, uint32_t *n)
{
	if (!in_data(p, off, 4, 4))
		return NULL;
	const uint32_t *words = program_list(p, off, n);
	return in_data(p, off, 4 + (uint64_t)*n * width * 4, 4) ? words : NULL;
}

static bool nodes_are_sound(const struct program *p, uint32_t off, uint32_t width)
{
	uint32_t n;
	const uint32_t *words = list(p, off, width, &n);

	for (uint32_t i = 0; words && i < n; i++) {
		if (!node_is_sound(p, words[i * width + width - 1]))
			return false;
	}
	return words != NULL;
}

static bool names_are_sound(const struct program *p, uint32_t off)
{
	uint32_t n;
	const uint32_t *words = list(p, off, 2, &n);

	for (uint32_t i = 0; words && i < n; i++) {
		if (!in_data(p, words[i * 2], words[i * 2 + 1], 1))
			return false;
	}
	return words != NULL;
}

/* (name, names) or (name, node). */
static bool dependencies_are_sound(const struct program *p, uint32_t off, bool nodes)
{
	uint32_t n;
	const uint32_t *words = list(p, off, 3, &n);

	for (uint32_t i = 0; words && i < n; i++) {
		const uint32_t *w = words + i * 3;
		if (!in_data(p, w[0], w[1], 1))
			return false;
		if (nodes ? !node_is_sound(p, w[2]) : !names_are_sound(p, w[2]))
			return false;
	}
	return words != NULL;
}

static bool table_is_sound(const struct program *p, uint32_t off)
{
	if (!in_data(p, off, sizeof(struct schema_table), 4))
		return false;
	const struct schema_table *t = program_at(p, off);
	if (t->first > p->nrows || t->count > p->nrows - t->first)
		return false;
	if ((t->mask & (t->mask + 1)) != 0 || !in_data(p, t->slots, ((uint64_t)t->mask + 1) * 4, 4))
		return false;
	const uint32_t *slots = program_at(p, t->slots);
	for (uint32_t i = 0; i <= t->mask; i++) {
		if (slots[i] > t->count)
			return false;
	}
	return true;
}

static bool rows_are_sound(const struct program *p)
{
	for (size_t i = 0; i < p->nrows; i++) {
		const struct schema_row *r = &p->rows[i];
		if (!in_data(p, r->off, r->len, 1) || r->required > 1 || (r->node != SCHEMA_NO_NODE && !node_is_sound(p, r->node)))
			return false;
	}
	return true;
}

static bool where_is_sound(const struct program *p, uint32_t where)
{
	return where < p->ncold;
}

static bool pattern_is_known(const struct program *p, uint32_t pattern)
{
	return pattern < p->npatterns;
}

static bool patterns_are_sound(const struct program *p)
{
	uint32_t codes = p->regex.n >= sizeof(struct schema_regexes) ? ((const struct schema_regexes *)p->regex.p)->n : 0;

	for (size_t i = 0; i < p->npatterns; i++) {
		const struct schema_pattern *x = &p->patterns[i];
		if (x->also != SCHEMA_NO_PATTERN && x->also >= i)
			return false;            /* only backwards: without end they would lead nowhere */
		if (x->code == SCHEMA_NO_CODE ? !dfa_is_sound(p, x) : x->code >= codes)
			return false;
	}
	return true;
}

static bool object_is_sound(const struct program *p, uint32_t off)
{
	uint32_t n;

	if (!in_data(p, off, sizeof(struct schema_object), 4))
		return false;
	const struct schema_object *o = program_at(p, off);
	const uint32_t *patterns = list(p, o->patterns, 2, &n);
	for (uint32_t i = 0; patterns && i < n; i++) {
		if (!pattern_is_known(p, patterns[i * 2]) || !node_is_sound(p, patterns[i * 2 + 1]))
			return false;
	}
	return patterns && table_is_sound(p, o->table) && (o->additional == SCHEMA_NO_NODE || node_is_sound(p, o->additional)) &&
	       where_is_sound(p, o->where_required) && where_is_sound(p, o->where_additional);
}

/* One value of a constant's tape that must end by `end`; its end, or 0. */
static uint32_t entry_end(const struct json_entry *e, uint32_t at, uint32_t end, uint32_t text, unsigned depth)
{
	uint32_t i = at + 1, children = 0;

	if (at >= end || depth == 0 || e[at].flags & JSON_DECODED || e[at].next <= at || e[at].next > end)
		return 0;
	if (e[at].type < JSON_ARRAY)
		return e[at].next == at + 1 && e[at].off <= text && e[at].len <= text - e[at].off ? e[at].next : 0;
	if (e[at].type >= JSON_TYPE_COUNT)
		return 0;
	for (; i < e[at].next; children++) {
		if (e[at].type == JSON_OBJECT) {
			if (e[i].type != JSON_STRING || !(i = entry_end(e, i, e[at].next, text, depth - 1)))
				return 0;
		}
		if (!(i = entry_end(e, i, e[at].next, text, depth - 1)))
			return 0;
	}
	return children == e[at].len ? e[at].next : 0;
}

static bool value_is_sound(const struct program *p, uint32_t off)
{
	if (!in_data(p, off, sizeof(struct schema_value), 4))
		return false;
	const struct schema_value *v = program_at(p, off);
	if (!in_data(p, v->entries, (uint64_t)v->n * sizeof(struct json_entry), 4) || !in_data(p, v->text, v->len, 1))
		return false;
	return v->n && entry_end(program_at(p, v->entries), 0, v->n, v->len, VALUE_DEPTH_MAX) == v->n;
}

static bool values_are_sound(const struct program *p, uint32_t off)
{
	uint32_t n;
	const uint32_t *words = list(p, off, 1, &n);

	for (uint32_t i = 0; words && i < n; i++) {
		if (!value_is_sound(p, words[i]))
			return false;
	}
	return words != NULL;
}

static bool operand_is_sound(const struct program *p, enum schema_operand kind, uint32_t v, const struct schema_instr *in)
{
	switch (kind) {
	case OPERAND_NONE:
	case OPERAND_LENGTH:
		return true;
	case OPERAND_MASK:
		return v <= SCHEMA_TYPE_MASK;
	case OPERAND_NODE:
		return node_is_sound(p, v);
	case OPERAND_NODE_OPT:
		return v == SCHEMA_NO_NODE || node_is_sound(p, v);
	case OPERAND_NODES:
		return nodes_are_sound(p, v, 1);
	case OPERAND_PAIRS:
		return nodes_are_sound(p, v, 2);
	case OPERAND_TEXT:
		return in_data(p, v, in->b, 1);
	case OPERAND_VALUE:
		return value_is_sound(p, v);
	case OPERAND_VALUES:
		return values_are_sound(p, v);
	case OPERAND_TABLE:
		return table_is_sound(p, v);
	case OPERAND_OBJECT:
		return object_is_sound(p, v);
	case OPERAND_NEEDS:
		return dependencies_are_sound(p, v, false);
	case OPERAND_BRANCHES:
		return dependencies_are_sound(p, v, true);
	case OPERAND_REGEX:
		return pattern_is_known(p, v);
	case OPERAND_COLD:
		return where_is_sound(p, v);
	case OPERAND_FORMAT:
		return v < SCHEMA_FORMAT_COUNT;
	case OPERAND_CONTENT:
		return v <= (SCHEMA_CONTENT_BASE64 | SCHEMA_CONTENT_JSON);
	}
	return false;
}

static bool instr_is_sound(const struct program *p, const struct schema_instr *in)
{
	static const uint8_t kinds[][2] = {
#define OP(name, a, b) { OPERAND_##a, OPERAND_##b },
#include "schema/op.def"
#undef OP
	};
	uint32_t n;

	if (in->op >= SCHEMA_OP_COUNT || !where_is_sound(p, in->where))
		return false;
	if (!operand_is_sound(p, kinds[in->op][0], in->a, in) || !operand_is_sound(p, kinds[in->op][1], in->b, in))
		return false;
	if (in->op == SCHEMA_OP_IF)              /* then, else */
		return list(p, in->b, 1, &n) && n == 2;
	return in->op != SCHEMA_OP_MULTIPLE || in->c > 0;
}

static bool regexes_are_sound(const struct program *p)
{
	if (p->regex.n == 0)
		return true;
	if (p->regex.n < sizeof(struct schema_regexes))
		return false;
	const struct schema_regexes *head = (const void *)p->regex.p;
	if (head->bytes != p->regex.n - sizeof *head || crc32c(0, head + 1, head->bytes) != head->crc)
		return false;
	return head->n <= INT32_MAX && (head->n == 0 || head->bytes >= PCRE2_HEAD) &&
	       (head->n == 0 || pcre2_serialize_get_number_of_codes((const uint8_t *)(head + 1)) == (int32_t)head->n);
}

static bool nodes_and_roots_are_sound(const struct program *p)
{
	for (size_t i = 0; i < p->nnodes; i++) {
		const struct schema_node *n = &p->nodes[i];
		if (n->first > p->ncode || n->count > p->ncode - n->first)
			return false;
	}
	for (size_t i = 0; i < p->nroots; i++) {
		if (!node_is_sound(p, p->roots[i]))
			return false;
	}
	return p->nroots >= 2 && p->nnodes < SCHEMA_NO_NODE;
}

int schema_verify(const struct image *img)
{
	struct fuse_program fused;
	struct program p;

	if (image_section(img, IMAGE_SCHEMA_ROOTS).n == 0)
		return image_section(img, IMAGE_FUSE_ROOTS).n ? E_MALFORMED : 0;      /* no schemas, no roots */
	if (!program_open(&p, img) || p.ncold == 0 || p.cold[p.ncold - 1] != 0)
		return E_MALFORMED;
	if (!nodes_and_roots_are_sound(&p) || !rows_are_sound(&p) || !regexes_are_sound(&p) || !patterns_are_sound(&p))
		return E_MALFORMED;
	for (size_t i = 0; i < p.ncode; i++) {
		if (!instr_is_sound(&p, &p.code[i]))
			return E_MALFORMED;
	}
	return fuse_program_open(&fused, img) && fuse_is_sound(&fused, &p) ? 0 : E_MALFORMED;
}
