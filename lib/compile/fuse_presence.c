/* anyOf, oneOf and not over which names are there, and nothing else: counted at the end
 * of an object from the bits of the names seen. Owner: compile; the loader and the tool. */
#include "compile/fusion.h"

/* A branch that demands names and judges no value; NULL: it does more. */
static const struct schema_object *names_only(const struct fusion *f, uint32_t node)
{
	const struct schema_object *o = NULL;
	const struct schema_node *n = &f->nodes[node];
	uint32_t patterns;

	for (uint32_t i = 0; i < n->count; i++) {
		const struct schema_instr *in = &f->code[n->first + i];
		if (in->op == SCHEMA_OP_TYPE && in->a & SCHEMA_TYPE_OBJECT)
			continue;
		if (in->op != SCHEMA_OP_OBJECT || o)
			return NULL;
		o = (const void *)(f->data + in->a);
	}
	if (!o || o->required == 0 || (o->additional != SCHEMA_NO_NODE && o->additional != SCHEMA_NODE_ANY))
		return NULL;
	(void)fusion_words(f, o->patterns, &patterns);
	const struct schema_table *t = (const void *)(f->data + o->table);
	for (uint32_t i = 0; i < t->count; i++) {
		uint32_t value = f->rows[t->first + i].node;
		if (value != SCHEMA_NO_NODE && value != SCHEMA_NODE_ANY)
			return NULL;
	}
	return patterns ? NULL : o;
}

static const uint32_t *branches_of(const struct fusion *f, const struct schema_instr *in, uint32_t *n)
{
	*n = 1;
	return in->op == SCHEMA_OP_NOT ? &in->a : fusion_words(f, in->a, n);
}

bool fusion_is_presence(const struct fusion *f, const struct schema_instr *in)
{
	uint32_t n;

	if (in->op != SCHEMA_OP_ANY && in->op != SCHEMA_OP_ONE && in->op != SCHEMA_OP_NOT)
		return false;
	const uint32_t *nodes = branches_of(f, in, &n);
	for (uint32_t i = 0; i < n; i++) {
		if (!names_only(f, nodes[i]))
			return false;
	}
	return n > 0;
}

bool fusion_evaluates_nothing(const struct fusion *f, const struct schema_instr *in)
{
	uint32_t n;
	const uint32_t *nodes = branches_of(f, in, &n);

	if (!fusion_is_presence(f, in))
		return false;
	for (uint32_t i = 0; i < n; i++) {
		const struct schema_object *o = names_only(f, nodes[i]);
		const struct schema_table *t = (const void *)(f->data + o->table);
		if (o->additional != SCHEMA_NO_NODE)
			return false;
		for (uint32_t k = 0; k < t->count; k++) {
			if (f->rows[t->first + k].node != SCHEMA_NO_NODE)
				return false;
		}
	}
	return true;
}

void fusion_presence(const struct fusion *f, const struct schema_instr *in, void (*each)(void *layout, struct span name, bool branch), void *layout)
{
	uint32_t n;
	const uint32_t *nodes = branches_of(f, in, &n);

	for (uint32_t i = 0; i < n; i++) {
		const struct schema_table *t = (const void *)(f->data + names_only(f, nodes[i])->table);
		bool first = true;
		for (uint32_t k = 0; k < t->count; k++) {
			if (!f->rows[t->first + k].required)
				continue;
			each(layout, fusion_row_name(f, &f->rows[t->first + k]), first);
			first = false;
		}
	}
}
