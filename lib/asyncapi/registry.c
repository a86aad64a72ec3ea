/* What Kafka bindings say of a schema registry: nobody asks one, so it is told what that
 * leaves unjudged. Owner: asyncapi; runs in the loader and the tool. */
#include "asyncapi/model.h"

static struct tree_node *member(struct tree_node *object, const char *name)
{
	struct tree_node *found = tree_get(object, name);

	return found ? tree_deref(found) : NULL;
}

struct tree_node *kafka_binding(struct tree_node *object)
{
	struct tree_node *kafka = member(member(object, "bindings"), "kafka");

	return kafka && kafka->kind == TREE_MAP ? kafka : NULL;
}

static struct tree_node *server_binding(struct tree_node *server)
{
	server = tree_deref(server);
	return server ? kafka_binding(server) : NULL;
}

void registry_check(struct asyncapi_document *d)
{
	tree_each(server, tree_get(d->root, "servers")) {
		struct tree_node *binding = server_binding(server), *url = tree_get(binding, "schemaRegistryUrl"), *vendor = tree_get(binding, "schemaRegistryVendor");
		if (url)
			asyncapi_find(d->a->f, REGISTRY_UNUSED, tree_key_location(url), "no schema registry is asked: records are judged by the schemas of this document, which must say what those of the registry say");
		else if (vendor)
			asyncapi_find(d->a->f, REGISTRY_MISSING, tree_key_location(vendor), "schemaRegistryVendor must not be without schemaRegistryUrl; add it beside");
	}
}

static bool has_registry(struct asyncapi_document *d)
{
	tree_each(server, tree_get(d->root, "servers"))
		if (tree_get(server_binding(server), "schemaRegistryUrl"))
			return true;
	return false;
}

void registry_read(struct asyncapi_document *d, struct model_message *m)
{
	static const char *const fields[] = { "schemaIdLocation", "schemaIdPayloadEncoding", "schemaLookupStrategy" };
	struct tree_node *binding = kafka_binding(m->node), *at = tree_get(binding, "schemaIdLocation");
	bool known = has_registry(d);

	for (size_t i = 0; i < ARRAY_LEN(fields) && !known; i++)
		if (tree_get(binding, fields[i]))
			asyncapi_find(d->a->f, REGISTRY_MISSING, tree_key_location(tree_get(binding, fields[i])), "%s must not be without a server that names a registry; add bindings.kafka.schemaRegistryUrl to the server", fields[i]);
	if (!tree_is_string(at) || !span_is(at->text, "payload") || (m->mode != CONTRACT_JSON && m->mode != CONTRACT_TEXT))
		return;
	m->mode = CONTRACT_UNDECIDABLE;
	m->reason = "it begins with a schema id, which this build does not read";
	asyncapi_find(d->a->f, SCHEMA_ID, tree_location(at),
		"payloads that begin with a schema id cannot be judged yet: records of this message are undecidable; send the id in a header, or set the action of undecidable");
}
