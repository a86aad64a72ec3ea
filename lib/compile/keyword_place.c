/* Keywords that judge the same value by other schemas: references, combinations,
 * conditions. Owner: compile; the loader and the tool. Sections are those of
 * draft-bhutton-json-schema-01. */
#include <stdlib.h>

#include "compile/internal.h"

/* ---- references, 8.2.3 ---- */

static bool take_reference(struct compile_node *n, struct tree_node *v, struct tree_node **schema, struct compile_resource **in, struct span *fragment)
{
	if (v->kind != TREE_STRING) {
		compile_fail(n, v, "schema-keyword", "%.*s is a URI reference in a string", (int)v->key.n, (const char *)v->key.p);
		return false;
	}
	return resource_resolve(n->c, n->in, v, schema, in, fragment);
}

/* Up to draft-07 a text was followed before: what comes here is none. */
void kw_ref(struct compile_node *n, struct tree_node *v)
{
	struct compile_resource *in;
	struct tree_node *schema;
	struct span fragment;

	if (take_reference(n, v, &schema, &in, &fragment))
		compile_emit(n, v, SCHEMA_OP_CALL, compile_target(n, schema, in), 0, 0, 0);
}

/* Only a reference that leads to a dynamic anchor looks at the dynamic scope. */
static void emit_dynamic(struct compile_node *n, struct tree_node *v)
{
	struct compile_resource *in;
	struct tree_node *schema;
	struct span anchor;

	if (!take_reference(n, v, &schema, &in, &anchor))
		return;
	bool dynamic = dynamic_is(n->c, in, schema, anchor);
	compile_emit(n, v, SCHEMA_OP_CALL, dynamic ? dynamic_number(n, v, schema, in, anchor) : compile_target(n, schema, in), 0, 0, 0);
}

void kw_dynamic_ref(struct compile_node *n, struct tree_node *v)
{
	emit_dynamic(n, v);
}

void kw_recursive_ref(struct compile_node *n, struct tree_node *v)
{
	if (v->kind == TREE_STRING && !span_is(v->text, "#"))
		compile_fail(n, v, "schema-keyword", "$recursiveRef is \"#\"; write $ref for other places");
	else
		emit_dynamic(n, v);
}

void kw_recursive_anchor(struct compile_node *n, struct tree_node *v)
{
	if (v->kind != TREE_BOOL)
		compile_fail(n, v, "schema-keyword", "$recursiveAnchor is true or false");
}

/* ---- combinations, 10.2 ---- */

static void in_place_list(struct compile_node *n, struct tree_node *v, enum schema_op op)
{
	size_t i = 0;

	if (v->kind != TREE_SEQ || v->count == 0) {
		compile_fail(n, v, "schema-keyword", "%.*s is a list of at least one schema", (int)v->key.n, (const char *)v->key.p);
		return;
	}
	uint32_t *nodes = calloc(v->count, sizeof *nodes);
	tree_each(it, v)
		if (nodes)
			nodes[i++] = compile_child(n, it, true);
	if (nodes)
		compile_emit(n, v, op, data_list(n->c, nodes, i, 1), 0, 0, 0);
	else
		n->c->error = E_NOMEM;
	free(nodes);
}

void kw_all_of(struct compile_node *n, struct tree_node *v)
{
	in_place_list(n, v, SCHEMA_OP_ALL);
}

void kw_any_of(struct compile_node *n, struct tree_node *v)
{
	in_place_list(n, v, SCHEMA_OP_ANY);
}

void kw_one_of(struct compile_node *n, struct tree_node *v)
{
	in_place_list(n, v, SCHEMA_OP_ONE);
}

void kw_not(struct compile_node *n, struct tree_node *v)
{
	compile_emit(n, v, SCHEMA_OP_NOT, compile_child(n, v, true), 0, 0, 0);
}

void kw_conditional(struct compile_node *n, struct tree_node *v)
{
	struct tree_node *cond = keyword_sibling(n, "if"), *then = keyword_sibling(n, "then"), *other = keyword_sibling(n, "else");

	(void)v;
	if (n->condition_done)
		return;
	n->condition_done = true;
	/* Without `if` the others mean nothing, but must be schemas all the same. */
	uint32_t ways[] = { then ? compile_child(n, then, true) : SCHEMA_NODE_ANY, other ? compile_child(n, other, true) : SCHEMA_NODE_ANY };
	if (cond)
		compile_emit(n, cond, SCHEMA_OP_IF, compile_child(n, cond, true), data_list(n->c, ways, 2, 1), 0, 0);
}
