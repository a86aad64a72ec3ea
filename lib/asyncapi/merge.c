/* Traits: JSON Merge Patch (RFC 7386) over located trees. 2.x patches the object with
 * each trait in order, so a trait wins; 3.x patches {} with each trait and then with the
 * object, so the object wins. Arrays are replaced, null deletes, and what was not merged
 * stays the node that it was, with its place. Owner: asyncapi; loader and tool. */
#include "asyncapi/model.h"

#define MERGE_DEPTH 100

struct merge {
	struct asyncapi_document *d;
	unsigned depth;
};

static struct tree_node *merge(struct merge *m, struct tree_node *target, struct tree_node *patch);

/* A copy that can be a member of a new mapping; children are shared. */
static struct tree_node *copy_node(struct merge *m, const struct tree_node *node, const struct tree_node *keyed)
{
	struct tree_node *copy = model_alloc(m->d->a, sizeof *copy);

	if (!copy)
		return NULL;
	*copy = *node;
	copy->key = keyed->key;
	copy->key_line = keyed->key_line;
	copy->key_column = keyed->key_column;
	copy->next = NULL;
	return copy;
}

static struct tree_node *empty_like(struct merge *m, const struct tree_node *node)
{
	struct tree_node *map = copy_node(m, node, node);

	if (map) {
		map->first = NULL;
		map->index = NULL;
		map->count = 0;
	}
	return map;
}

/* Appends; a member copied from elsewhere keeps its parent, which tells its place. */
static void append(struct tree_node *map, struct tree_node ***tail, struct tree_node *member)
{
	if (!member)
		return;
	**tail = member;
	*tail = &member->next;
	map->count++;
}

static struct tree_node *merged_member(struct merge *m, struct tree_node *have, struct tree_node *patch)
{
	if (!patch)
		return copy_node(m, have, have);
	if (patch->kind == TREE_NULL)
		return NULL;
	struct tree_node *value = merge(m, have, patch);
	return value ? copy_node(m, value, have ? have : patch) : NULL;
}

static bool is_map(const struct tree_node *node)
{
	return node && node->kind == TREE_MAP;
}

static struct tree_node *merge(struct merge *m, struct tree_node *target, struct tree_node *patch)
{
	struct tree_node *to = is_map(target) ? tree_deref(target) : target, *by = is_map(patch) ? tree_deref(patch) : patch;

	if (to == by || !is_map(by))
		return by;
	if (m->depth >= MERGE_DEPTH) {
		asyncapi_find(m->d->a->f, TRAIT_DEPTH, tree_location(patch), "a trait and its object nest or refer to themselves more than %d deep", MERGE_DEPTH);
		return by;
	}
	struct tree_node *out = empty_like(m, is_map(to) ? to : by), **tail;
	if (!out)
		return NULL;
	tail = &out->first;
	m->depth++;
	if (is_map(to))
		tree_each(member, to)
			append(out, &tail, merged_member(m, member, tree_get_span(by, member->key)));
	tree_each(member, by)
		if (!is_map(to) || !tree_get_span(to, member->key))
			append(out, &tail, merged_member(m, NULL, member));
	m->depth--;
	return out;
}

static struct tree_node *without_traits(struct merge *m, struct tree_node *object)
{
	struct tree_node *out = empty_like(m, object), **tail;

	if (!out)
		return NULL;
	tail = &out->first;
	tree_each(member, object)
		if (!span_is(member->key, "traits"))
			append(out, &tail, copy_node(m, member, member));
	return out;
}

struct tree_node *merge_traits(struct asyncapi_document *d, struct tree_node *object)
{
	struct tree_node *traits = tree_get(object, "traits");
	struct merge m = { d, 0 };

	if (!traits || traits->kind != TREE_SEQ || !traits->first)
		return object;
	struct tree_node *bare = without_traits(&m, object), *out = d->version < V30 ? bare : empty_like(&m, object);
	tree_each(item, traits) {
		struct tree_node *trait = tree_deref(item);
		if (is_map(trait) && out)
			out = merge(&m, out, trait);
	}
	if (d->version >= V30 && out && bare)
		out = merge(&m, out, bare);
	return out ? out : object;
}
