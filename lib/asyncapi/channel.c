/* Channels and messages as all versions share them: address, policy, schemas, content.
 * Owner: asyncapi; runs in the loader and the tool. */
#include "asyncapi/model.h"

static bool is_compacted(struct tree_node *kafka)
{
	tree_each(word, tree_get(tree_get(kafka, "topicConfiguration"), "cleanup.policy"))
		if (tree_is_string(word) && span_is(word->text, "compact"))
			return true;
	return false;
}

static void read_address(struct model_channel *channel, struct tree_node *keyed, struct span address)
{
	struct asyncapi_document *d = channel->document;
	struct tree_node *topic = tree_get(kafka_binding(channel->node), "topic");
	struct location at = tree_key_location(keyed);

	channel->literal = tree_is_string(topic);
	if (channel->literal) {
		address = topic->text;
		at = tree_location(topic);
	}
	if (span_is_null(address)) {
		asyncapi_find(d->a->f, ADDRESS_UNKNOWN, at, "the channel has no address, so no topic is held to it; set address or bindings.kafka.topic");
		return;
	}
	if (memchr(address.p, '?', address.n) || memchr(address.p, '#', address.n))
		asyncapi_find(d->a->f, ADDRESS_QUERY, at, "the address %.*s must have neither ? nor #", (int)address.n, address.p);
	else if (!topic_is_possible(address) || (channel->literal && memchr(address.p, '{', address.n)))
		asyncapi_find(d->a->f, ADDRESS_NOT_KAFKA, at,
			"%.*s cannot be a Kafka topic (letters, digits, dot, _ and -, at most 249), so no topic is held to this channel; set bindings.kafka.topic",
			(int)address.n, address.p);
	else
		channel->address = model_text(d->a, address);
}

struct model_channel *channel_add(struct asyncapi_document *d, struct tree_node *node, struct tree_node *keyed, struct span address, struct tree_node *servers)
{
	struct model_channel *channel = model_alloc(d->a, sizeof *channel);
	bool kafka;

	if (!channel)
		return NULL;
	*channel = (struct model_channel){ .document = d, .name = model_text(d->a, keyed->key), .node = node };
	channel->tail = &channel->messages;
	channel->policy = policy_nearest(policy_of(node), servers_policy(d, servers, &kafka));
	channel->compacted = is_compacted(kafka_binding(node));
	if (kafka)
		read_address(channel, keyed, address);
	if (!span_is_null(address))
		channel->parameters = parameters_read(d, address, node);
	*d->tail = channel;
	d->tail = &channel->next;
	return channel;
}

/* ---- messages ---- */

/* Kafka binding 0.1.0 had plain strings where schemas are now: the only value. */
static struct tree_node *constant_schema(struct asyncapi_document *d, struct tree_node *text)
{
	struct tree_node *map = model_alloc(d->a, sizeof *map), *value = model_alloc(d->a, sizeof *value);

	if (!map || !value)
		return NULL;
	*map = *text;
	*value = *text;
	*map = (struct tree_node){ .kind = TREE_MAP, .line = text->line, .column = text->column, .count = 1, .key = text->key, .file = text->file, .parent = text->parent, .first = value };
	value->key = SPAN_LIT("const");
	value->parent = map;
	value->next = NULL;
	return map;
}

static bool is_avro(struct tree_node *schema)
{
	static const char *const types[] = { "record", "fixed", "map", "bytes", "long", "int", "float", "double", "enum" };
	struct tree_node *type = tree_get(schema, "type");

	for (size_t i = 0; tree_is_string(type) && i < ARRAY_LEN(types); i++)
		if (span_is(type->text, types[i]))
			return true;
	return false;
}

static void read_key(struct asyncapi_document *d, struct model_message *m)
{
	struct tree_node *key = tree_get(kafka_binding(m->node), "key");

	key = key ? tree_deref(key) : NULL;
	if (tree_is_string(key))
		key = constant_schema(d, key);
	if (key && is_avro(key)) {
		m->key = (struct model_schema){ .node = key, .foreign = "Avro" };
		asyncapi_find(d->a->f, FORMAT_FOREIGN, tree_location(key),
			"a key in Avro cannot be judged yet: records of this message are undecidable; use an AsyncAPI schema, or set the action of undecidable");
		return;
	}
	schema_read(d, key, NULL, &m->key);
}

static void read_headers(struct asyncapi_document *d, struct model_message *m)
{
	schema_read(d, tree_get(m->node, "headers"), NULL, &m->headers);
	if (m->headers.node && !m->headers.foreign && m->headers.types && !(m->headers.types & CONTRACT_OBJECT))
		asyncapi_find(d->a->f, HEADERS_TYPE, tree_location(m->headers.node), "headers are a map of names to values: their schema must have type: object");
}

static void read_parts(struct asyncapi_document *d, struct model_message *m)
{
	struct tree_node *content = tree_get(m->node, "contentType");

	schema_read(d, tree_get(m->node, "payload"), d->version < V30 ? tree_get(m->node, "schemaFormat") : NULL, &m->payload);
	m->mode = content_mode(d, content ? content : tree_get(d->root, "defaultContentType"), &m->payload, &m->reason);
	registry_read(d, m);
	read_headers(d, m);
	read_key(d, m);
	correlation_read(d, m);
}

/* The same object named twice on a channel is one message under the stricter policy. */
static struct model_message *find_identity(struct model_channel *channel, const struct tree_node *identity)
{
	for (struct model_message *m = channel->messages; m; m = m->next)
		if (m->identity == identity)
			return m;
	return NULL;
}

struct model_message *message_add(struct model_channel *channel, struct tree_node *object, const char *name, struct asyncapi_policy policy)
{
	struct asyncapi_document *d = channel->document;
	struct model_message *m = find_identity(channel, object);
	struct tree_node *merged = merge_traits(d, object);
	struct asyncapi_policy own = policy_nearest(policy_of(merged), policy);

	if (m) {
		m->policy = policy_strictest(m->policy, own);
		return m;
	}
	if (channel->nmessages == MODEL_MAX_MESSAGES) {
		asyncapi_find(d->a->f, MESSAGES_LIMIT, tree_location(object), "the channel has more than %u messages; split it", MODEL_MAX_MESSAGES);
		return NULL;
	}
	channel->nmessages++;
	m = model_alloc(d->a, sizeof *m);
	if (!m)
		return NULL;
	*m = (struct model_message){ .name = name, .node = merged, .identity = object, .policy = own, .reason = "", .index = CONTRACT_NONE };
	read_parts(d, m);
	*channel->tail = m;
	channel->tail = &m->next;
	return m;
}
