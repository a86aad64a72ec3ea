/* Which executor judges what, and why: findings for whoever asks how a schema is judged.
 * Owner: compile; the loader and the tool. */
#include "compile/fusion.h"

/* What keeps a value from being judged while it is scanned. */
static const char *const reasons[SCHEMA_OP_COUNT] = {
	[SCHEMA_OP_CONST] = "a constant that is no text or number",
	[SCHEMA_OP_ENUM] = "an enum of more than texts",
	[SCHEMA_OP_OBJECT] = "patternProperties beside other rules for the same object",
	[SCHEMA_OP_BRANCHES] = "schemas that depend on a property",
	[SCHEMA_OP_CONTAINS] = "contains",
	[SCHEMA_OP_UNIQUE] = "uniqueItems",
	[SCHEMA_OP_DYNAMIC] = "a reference that the dynamic scope decides",
	[SCHEMA_OP_ANY] = "anyOf whose branches neither the type nor a property tells apart",
	[SCHEMA_OP_ONE] = "oneOf whose branches neither the type nor a property tells apart",
	[SCHEMA_OP_NOT] = "not",
	[SCHEMA_OP_IF] = "if that neither the type nor a property decides",
	[SCHEMA_OP_UNEVALUATED_ITEMS] = "unevaluatedItems that depends on the value",
	[SCHEMA_OP_UNEVALUATED_PROPERTIES] = "unevaluatedProperties that depends on the value",
};

void fusion_plan_open(struct fusion *f)
{
	const struct compile_job *jobs = (const void *)f->c->jobs.p;
	size_t n = f->c->jobs.n / sizeof *jobs, nodes = image_used(f->c->b, IMAGE_SCHEMA_NODES) / sizeof(struct schema_node);

	if (!f->c->options.plan)
		return;
	f->schemas = arena_array(&f->arena, nodes + 1, sizeof *f->schemas);
	for (size_t i = 0; f->schemas && i < n; i++)
		f->schemas[jobs[i].node] = jobs[i].schema;
}

static const char *reason_of(const struct fusion *f, const struct atoms *a)
{
	const uint32_t *atoms = (const void *)a->code.p;
	const char *plain = NULL;

	for (size_t i = 0; i < a->code.n / sizeof *atoms; i++) {
		uint16_t op = f->code[atoms[i]].op;
		if (op != SCHEMA_OP_OBJECT && reasons[op])
			return reasons[op];
		plain = reasons[op] ? reasons[op] : plain;
	}
	return plain ? plain : "more rules than the fused executor takes";
}

void fusion_tell(struct fusion *f, const struct node_set *set, const struct atoms *a)
{
	const struct tree_node *schema = f->schemas && set->n ? f->schemas[set->nodes[0]] : NULL;

	if (schema)
		finding_add(f->c->f, FINDING_INFO, "schema-tree", tree_location(schema), "values of this schema are read whole before they are judged: %s", reason_of(f, a));
}
