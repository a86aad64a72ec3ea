/* 2.x: the channel's key is its address; the messages of both its operations may be sent
 * there, since nobody knows which side a client is. Owner: asyncapi; loader and tool. */
#include "asyncapi/model.h"

static const char *last_token(struct asyncapi *a, struct span pointer)
{
	size_t n = pointer.n;

	while (n > 0 && pointer.p[n - 1] != '/')
		n--;
	return model_text(a, span_of(pointer.p + n, pointer.n - n));
}

/* messageId, name, the component that a reference names, the operation's id. */
static const char *message_name(struct asyncapi_document *d, struct tree_node *reference, struct tree_node *object, struct tree_node *operation)
{
	struct tree_node *merged = merge_traits(d, object);
	struct tree_node *id = tree_get(merged, "messageId"), *name = tree_get(merged, "name"), *ref = tree_get(reference, "$ref");
	struct tree_node *operation_id = tree_get(operation, "operationId");

	if (tree_is_string(id))
		return model_text(d->a, id->text);
	if (tree_is_string(name))
		return model_text(d->a, name->text);
	if (tree_is_string(ref))
		return last_token(d->a, ref->text);
	return tree_is_string(operation_id) ? model_text(d->a, operation_id->text) : "message";
}

static void add_message(struct model_channel *channel, struct tree_node *item, struct tree_node *operation, struct asyncapi_policy policy)
{
	struct tree_node *object = tree_deref(item);

	if (object && object->kind == TREE_MAP)
		(void)message_add(channel, object, message_name(channel->document, item, object, operation), policy);
}

/* False when the operation says nothing of messages. */
static bool add_operation(struct model_channel *channel, struct tree_node *operation)
{
	if (!operation || operation->kind != TREE_MAP)
		return false;
	struct tree_node *merged = merge_traits(channel->document, operation), *message = tree_get(merged, "message");
	struct asyncapi_policy policy = policy_nearest(policy_of(merged), channel->policy);
	struct tree_node *object = message ? tree_deref(message) : NULL, *several = tree_get(object, "oneOf");

	if (!object)
		return false;
	if (!several) {
		add_message(channel, message, operation, policy);
		return true;
	}
	tree_each(item, several)
		add_message(channel, item, operation, policy);
	return true;
}

void channels_read2(struct asyncapi_document *d)
{
	struct tree_node *channels = tree_get(d->root, "channels");

	if (!channels || channels->kind != TREE_MAP)
		return;
	tree_each(item, channels) {
		struct tree_node *node = tree_deref(item);
		if (!node || node->kind != TREE_MAP)
			continue;
		struct model_channel *channel = channel_add(d, node, item, item->key, tree_get(node, "servers"));
		if (!channel)
			return;
		bool publishes = add_operation(channel, tree_get(node, "publish"));
		bool subscribes = add_operation(channel, tree_get(node, "subscribe"));
		channel->open = !publishes && !subscribes;
	}
}
