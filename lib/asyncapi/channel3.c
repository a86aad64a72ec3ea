/* 3.x: channels have an id, an address and the map of all messages that may be sent
 * there; operations name subsets, and here only lend their policy. Owner: asyncapi;
 * loader and tool. */
#include "asyncapi/model.h"

static struct span address_of(struct tree_node *node)
{
	struct tree_node *address = tree_get(node, "address");

	return tree_is_string(address) ? address->text : SPAN_NULL;
}

static bool starts_with(struct span text, const char *prefix)
{
	size_t n = strlen(prefix);

	return text.n >= n && memcmp(text.p, prefix, n) == 0;
}

static struct span ref_of(struct tree_node *node)
{
	struct tree_node *ref = tree_get(node, "$ref");

	return tree_is_string(ref) ? ref->text : SPAN_NULL;
}

/* The place in `messages` of its own channel that a reference names, before what that
 * place refers to: references of operations tell identity, not content. */
static struct tree_node *named_message(struct tree_node *item)
{
	struct tree_node *ref = tree_get(item, "$ref");

	return tree_is_string(ref) ? tree_resolve(ref, ref->text) : NULL;
}

static bool operation_has(struct tree_node *operation, struct tree_node *entry)
{
	struct tree_node *messages = tree_get(operation, "messages");

	if (!messages)
		return true;                                /* omitted: all of the channel's */
	tree_each(item, messages)
		if (named_message(item) == entry)
			return true;
	return false;
}

/* Operations with a policy are few; the rest need no second look. */
static void note_policed(struct asyncapi_document *d)
{
	tree_each(item, tree_get(d->root, "operations")) {
		struct tree_node *operation = tree_deref(item), *ref = tree_get(operation, "channel");
		if (!operation || operation->kind != TREE_MAP || !ref)
			continue;
		struct tree_node *merged = merge_traits(d, operation);
		struct model_operation *noted = tree_get(merged, "x-eventgateway-policy") ? model_alloc(d->a, sizeof *noted) : NULL;
		if (!noted)
			continue;
		*noted = (struct model_operation){ d->operations, merged, tree_deref(ref), policy_of(merged) };
		d->operations = noted;
	}
}

/* Policy of the operations that carry this message, together. */
static struct asyncapi_policy operations_policy(struct asyncapi_document *d, const struct tree_node *channel, struct tree_node *entry)
{
	struct asyncapi_policy all = policy_unset();

	for (const struct model_operation *o = d->operations; o; o = o->next)
		if (o->channel == channel && operation_has(o->node, entry))
			all = policy_strictest(all, o->policy);
	return all;
}

static void add_messages(struct model_channel *channel, struct tree_node *messages)
{
	struct asyncapi_document *d = channel->document;

	if (messages->kind != TREE_MAP)
		return;
	tree_each(entry, messages) {
		struct tree_node *object = tree_deref(entry);
		if (!object || object->kind != TREE_MAP)
			continue;
		struct asyncapi_policy policy = policy_nearest(operations_policy(d, channel->node, entry), channel->policy);
		(void)message_add(channel, object, model_text(d->a, entry->key), policy);
	}
}

/* ---- checks of operations ---- */

static struct tree_node *root_channel(struct asyncapi_document *d, struct tree_node *ref)
{
	struct tree_node *at = tree_get(ref, "$ref");

	if (!tree_is_string(at))
		return NULL;
	if (!starts_with(at->text, "#/channels/")) {
		asyncapi_find(d->a->f, OPERATION_CHANNEL, tree_location(at), "a channel here must be one of the document's own; write \"#/channels/NAME\"");
		return NULL;
	}
	return tree_deref(ref);
}

static void check_messages(struct asyncapi_document *d, struct tree_node *channel_ref, struct tree_node *messages)
{
	struct span channel = ref_of(channel_ref);

	if (span_is_null(channel))
		return;                          /* said already; whose messages these are nobody knows */
	tree_each(item, messages) {
		struct span ref = ref_of(item);
		if (span_is_null(ref))
			continue;
		bool own = ref.n > channel.n + 10 && memcmp(ref.p, channel.p, channel.n) == 0 && memcmp(ref.p + channel.n, "/messages/", 10) == 0;
		if (!own)
			asyncapi_find(d->a->f, OPERATION_MESSAGE, tree_location(tree_get(item, "$ref")), "%.*s is no message of this operation's channel; write \"%.*s/messages/NAME\"",
				(int)ref.n, ref.p, (int)channel.n, channel.p);
		else
			(void)named_message(item);           /* for the finding, where it leads nowhere */
	}
}

static void check_reply(struct asyncapi_document *d, struct tree_node *reply)
{
	struct tree_node *ref = tree_get(reply, "channel"), *address = tree_get(reply, "address");

	if (!ref)
		return;
	struct tree_node *channel = root_channel(d, ref);
	check_messages(d, ref, tree_get(reply, "messages"));
	if (channel && address && tree_is_string(tree_get(channel, "address")))
		asyncapi_find(d->a->f, REPLY_ADDRESS, tree_key_location(address), "a reply with an address of its own needs a channel without one; set the channel's address to null");
}

static void check_operation(struct asyncapi_document *d, struct tree_node *operation)
{
	struct tree_node *ref = tree_get(operation, "channel"), *reply = tree_get(operation, "reply");

	if (ref && root_channel(d, ref))
		check_messages(d, ref, tree_get(operation, "messages"));
	if (reply)
		check_reply(d, tree_deref(reply));
}

void channels_read3(struct asyncapi_document *d)
{
	note_policed(d);
	tree_each(item, tree_get(d->root, "channels")) {
		struct tree_node *node = tree_deref(item);
		if (!node || node->kind != TREE_MAP)
			continue;
		struct tree_node *messages = tree_get(node, "messages");
		struct model_channel *channel = channel_add(d, node, item, address_of(node), tree_get(node, "servers"));
		if (!channel)
			return;
		channel->open = !messages;
		if (messages)
			add_messages(channel, messages);
	}
	tree_each(item, tree_get(d->root, "operations")) {
		struct tree_node *operation = tree_deref(item);
		if (operation && operation->kind == TREE_MAP)
			check_operation(d, operation);
	}
}
