/* Policies as documents and configurations spell them, and how several become one.
 * Owner: asyncapi; runs in the loader and the tool. */
#include "asyncapi/model.h"

struct asyncapi_policy asyncapi_policy_default(void)
{
	return (struct asyncapi_policy){ .action = {
		[VERDICT_VALID] = ACTION_OBSERVE, [VERDICT_INVALID] = ACTION_REJECT, [VERDICT_UNDECLARED] = ACTION_OBSERVE,
		[VERDICT_AMBIGUOUS] = ACTION_OBSERVE, [VERDICT_UNDECIDABLE] = ACTION_REJECT,
	} };
}

struct asyncapi_policy policy_unset(void)
{
	struct asyncapi_policy p;

	memset(p.action, ASYNCAPI_UNSET, sizeof p.action);
	return p;
}

static int verdict_of(struct span word)
{
	for (int v = VERDICT_INVALID; v < VERDICT_COUNT; v++)
		if (span_is(word, verdict_word((enum verdict)v)))
			return v;
	return -1;
}

static int action_of(const struct tree_node *node)
{
	for (int a = 0; tree_is_string(node) && a < ACTION_COUNT; a++)
		if (span_is(node->text, action_word((enum action)a)))
			return a;
	return -1;
}

static void read_member(struct findings *f, const struct tree_node *node, bool others, struct asyncapi_policy *p)
{
	int verdict = verdict_of(node->key), action;

	if (verdict < 0) {
		if (!others && f)
			asyncapi_find(f, POLICY_VERDICT, tree_key_location(node),
				"\"%.*s\" is no verdict; known are invalid, undeclared, ambiguous and undecidable", (int)node->key.n, node->key.p);
		return;
	}
	action = action_of(node);
	if (action < 0 || action == ACTION_DIVERT) {
		if (f && action < 0)
			asyncapi_find(f, POLICY_ACTION, tree_location(node), "the action of %s is not known; use reject, mark or observe", verdict_word((enum verdict)verdict));
		else if (f)
			asyncapi_find(f, POLICY_ACTION, tree_location(node), "divert is not built yet; use reject, mark or observe");
		return;
	}
	p->action[verdict] = (uint8_t)action;
}

void asyncapi_policy_read(struct findings *f, const struct tree_node *map, bool others, struct asyncapi_policy *p)
{
	if (map->kind != TREE_MAP) {
		if (f)
			asyncapi_find(f, POLICY_SYNTAX, tree_location(map), "a policy is a mapping; write for example {invalid: reject}");
		return;
	}
	tree_each(node, map)
		read_member(f, node, others, p);
}

void policy_check(struct asyncapi_document *d, const struct tree_node *map)
{
	struct asyncapi_policy p = policy_unset();

	asyncapi_policy_read(d->a->f, map, false, &p);
	if (p.action[VERDICT_UNDECLARED] != ASYNCAPI_UNSET)
		asyncapi_find(d->a->f, POLICY_UNDECLARED, tree_key_location(tree_get(map, "undeclared")),
			"a document cannot rule topics that no document declares; set policy.undeclared in the configuration");
}

struct asyncapi_policy policy_of(const struct tree_node *object)
{
	struct asyncapi_policy p = policy_unset();
	const struct tree_node *map = tree_get(object, "x-eventgateway-policy");

	if (map)
		asyncapi_policy_read(NULL, map, false, &p);
	p.action[VERDICT_UNDECLARED] = ASYNCAPI_UNSET;
	return p;
}

struct asyncapi_policy policy_nearest(struct asyncapi_policy near, struct asyncapi_policy far)
{
	for (unsigned v = 0; v < VERDICT_COUNT; v++)
		if (near.action[v] == ASYNCAPI_UNSET)
			near.action[v] = far.action[v];
	return near;
}

/* One that says nothing does not loosen one that does. */
struct asyncapi_policy policy_strictest(struct asyncapi_policy a, struct asyncapi_policy b)
{
	for (unsigned v = 0; v < VERDICT_COUNT; v++)
		if (a.action[v] == ASYNCAPI_UNSET || (b.action[v] != ASYNCAPI_UNSET && b.action[v] > a.action[v]))
			a.action[v] = b.action[v];
	return a;
}
