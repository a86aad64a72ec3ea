/* $dynamicRef and $recursiveRef: the outermost schema resource in the dynamic scope that
 * has the anchor decides. Which resources can be there is known at the end; where only one
 * has the anchor, the reference is a plain one. Owner: compile; the loader and the tool. */
#include <stdlib.h>

#include "compile/internal.h"

static struct compile_choice *choice_of(struct compile *c, struct span name)
{
	struct compile_choice *choice = map_find(&c->names, NULL, MAP_CHOICE, name);

	if (choice)
		return choice;
	choice = arena_alloc(&c->arena, sizeof *choice);
	if (!choice || !map_put(&c->names, NULL, MAP_CHOICE, name, choice)) {
		c->error = E_NOMEM;
		return NULL;
	}
	return choice;
}

static uint32_t number_of(struct compile *c, const struct compile_anchor *anchor)
{
	return compile_number(c, anchor->schema, anchor->in, "");
}

void dynamic_declare(struct compile *c, struct compile_resource *in, struct tree_node *schema, struct span name)
{
	struct compile_choice *choice = choice_of(c, name);
	struct compile_anchor *anchor = choice ? arena_alloc(&c->arena, sizeof *anchor) : NULL;

	if (!anchor || !map_put(&c->names, in, MAP_DYNAMIC_ANCHOR, name, anchor)) {
		c->error = E_NOMEM;
		return;
	}
	*anchor = (struct compile_anchor){ .next = choice->anchors, .beside = in->anchors, .choice = choice, .schema = schema, .in = in };
	choice->anchors = in->anchors = anchor;
	if (in->entered && choice->wanted)
		(void)number_of(c, anchor);
}

bool dynamic_is(struct compile *c, const struct compile_resource *in, const struct tree_node *schema, struct span name)
{
	const struct compile_anchor *anchor = map_find(&c->names, in, MAP_DYNAMIC_ANCHOR, name);

	return anchor && anchor->schema == schema;
}

void dynamic_enter(struct compile *c, struct compile_resource *in)
{
	in->entered = true;
	for (const struct compile_anchor *it = in->anchors; it; it = it->beside)
		if (it->choice->wanted)
			(void)number_of(c, it);
}

static void want(struct compile *c, struct compile_choice *choice)
{
	choice->wanted = true;
	for (const struct compile_anchor *it = choice->anchors; it; it = it->next)
		if (it->in->entered)
			(void)number_of(c, it);
}

/* References of one resource to the same anchor share a node. */
uint32_t dynamic_number(struct compile_node *n, const struct tree_node *keyword, struct tree_node *schema, struct compile_resource *in, struct span name)
{
	struct compile *c = n->c;
	uint32_t kind = MAP_OF(MAP_DYNAMIC, n->in->number);
	uint32_t node = (uint32_t)(uintptr_t)map_find(&c->names, schema, kind, name);
	struct compile_choice *choice = choice_of(c, name);

	if (!choice)
		return SCHEMA_NODE_NONE;
	if (!node) {
		struct compile_dynamic d = { .choice = choice, .where = compile_where(n, keyword) };
		d.initial = compile_number(c, schema, in, n->base);
		d.node = node = compile_node_add(c, keyword, n->in->number);
		buf_add(&c->dynamics, &d, sizeof d);
		if (!map_put(&c->names, schema, kind, name, (void *)(uintptr_t)node))
			c->error = E_NOMEM;
	}
	if (!choice->wanted)
		want(c, choice);
	compile_edge_add(c, n->node, node);
	return node;
}

/* ---- the code ---- */

static int by_resource(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

/* Once for each name, in the order that the run searches. */
static void write_pairs(struct compile *c, struct compile_choice *choice)
{
	struct buf pairs;

	if (choice->n)
		return;
	buf_init(&pairs, 0);
	for (const struct compile_anchor *it = choice->anchors; it; it = it->next) {
		if (!it->in->entered)
			continue;
		uint32_t pair[2] = { it->in->number, number_of(c, it) };
		buf_add(&pairs, pair, sizeof pair);
	}
	choice->n = pairs.n / 8;
	if (choice->n > 1)
		qsort(pairs.p, choice->n, 8, by_resource);
	if (buf_error(&pairs))
		c->error = E_NOMEM;
	else
		choice->pairs = data_list(c, (const uint32_t *)(const void *)pairs.p, choice->n, 2);
	buf_fini(&pairs);
}

/* A loop through one that has a choice is left to the limits of the run. */
static void write_code(struct compile *c, const struct compile_dynamic *d)
{
	struct schema_node *out = (struct schema_node *)(void *)c->nodes.p + d->node;
	struct schema_instr in = { .op = SCHEMA_OP_CALL, .where = d->where, .a = d->initial };

	if (d->choice->n > 1) {
		in.op = SCHEMA_OP_DYNAMIC;
		in.b = d->choice->pairs;
	} else {
		compile_edge_add(c, d->node, d->initial);
	}
	out->first = image_used(c->b, IMAGE_SCHEMA_CODE) / (uint32_t)sizeof in;
	out->count = 1;
	image_append(c->b, IMAGE_SCHEMA_CODE, &in, sizeof in, 8);
}

void dynamic_finish(struct compile *c)
{
	const struct compile_dynamic *d = (const void *)c->dynamics.p;

	if (buf_error(&c->dynamics))
		c->error = E_NOMEM;
	for (size_t i = 0; i < c->dynamics.n / sizeof *d && !c->error; i++) {
		write_pairs(c, d[i].choice);
		write_code(c, &d[i]);
	}
}
