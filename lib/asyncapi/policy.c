/* Policies as documents and configurations spell them. Owner: asyncapi; runs in the
 * loader and the tool. */
#include "asyncapi/asyncapi.h"
#include "asyncapi/finding.h"

struct asyncapi_policy asyncapi_policy_default(void)
{
	return (struct asyncapi_policy){ .action = {
		[VERDICT_VALID] = ACTION_OBSERVE, [VERDICT_INVALID] = ACTION_REJECT, [VERDICT_UNDECLARED] = ACTION_OBSERVE,
		[VERDICT_AMBIGUOUS] = ACTION_OBSERVE, [VERDICT_UNDECIDABLE] = ACTION_REJECT,
	} };
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
		if (!others)
			asyncapi_find(f, POLICY_VERDICT, tree_key_location(node),
				"\"%.*s\" is no verdict; known are invalid, undeclared, ambiguous and undecidable", (int)node->key.n, node->key.p);
		return;
	}
	action = action_of(node);
	if (action == ACTION_DIVERT) {
		asyncapi_find(f, POLICY_ACTION, tree_location(node), "divert is not built yet; use reject, mark or observe");
		return;
	}
	if (action < 0) {
		asyncapi_find(f, POLICY_ACTION, tree_location(node), "the action of %s is not known; use reject, mark or observe", verdict_word((enum verdict)verdict));
		return;
	}
	p->action[verdict] = (uint8_t)action;
}

void asyncapi_policy_read(struct findings *f, const struct tree_node *map, bool others, struct asyncapi_policy *p)
{
	if (map->kind != TREE_MAP) {
		asyncapi_find(f, POLICY_SYNTAX, tree_location(map), "a policy is a mapping; write for example {invalid: reject}");
		return;
	}
	tree_each(node, map)
		read_member(f, node, others, p);
}
