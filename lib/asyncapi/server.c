/* Servers: which of them speak Kafka, where, and what they say of policy. Owner:
 * asyncapi; runs in the loader and the tool. */
#include <stdio.h>
#include <strings.h>

#include "asyncapi/model.h"

#define KAFKA_PORT 9092

static const char *const other_protocols[] = {
	"amqp", "amqps", "amqp1", "anypointmq", "googlepubsub", "http", "https", "ibmmq", "jms", "mercure", "mqtt", "mqtts", "mqtt5",
	"secure-mqtt", "nats", "pulsar", "redis", "ros2", "sns", "solace", "sqs", "stomp", "stomps", "ws", "wss",
};

static bool text_is(const struct tree_node *node, const char *word)
{
	return tree_is_string(node) && node->text.n == strlen(word) && strncasecmp((const char *)node->text.p, word, node->text.n) == 0;
}

static bool speaks_kafka(const struct tree_node *server)
{
	const struct tree_node *protocol = tree_get(server, "protocol");

	return text_is(protocol, "kafka") || text_is(protocol, "kafka-secure");
}

static bool is_known_protocol(const struct tree_node *protocol)
{
	for (size_t i = 0; i < ARRAY_LEN(other_protocols); i++)
		if (text_is(protocol, other_protocols[i]))
			return true;
	return false;
}

/* ---- addresses ---- */

static struct tree_node *variable_default(struct asyncapi_document *d, struct tree_node *server, struct tree_node *address, struct span name)
{
	struct tree_node *variable = tree_get_span(tree_get(server, "variables"), name);

	if (variable)
		variable = tree_deref(variable);
	struct tree_node *value = tree_get(variable, "default");
	if (tree_is_string(value))
		return value;
	asyncapi_find(d->a->f, SERVER_VARIABLE, tree_location(address), "the server variable %.*s has no value; give it a default under variables", (int)name.n, name.p);
	return NULL;
}

/* The address with each {variable} replaced; false after a finding. */
static bool substitute(struct asyncapi_document *d, struct tree_node *server, struct tree_node *address, struct buf *out)
{
	const uint8_t *p = address->text.p, *end = p + address->text.n;
	bool whole = true;

	while (p < end) {
		const uint8_t *open = memchr(p, '{', (size_t)(end - p));
		const uint8_t *close = open ? memchr(open, '}', (size_t)(end - open)) : NULL;
		if (!close)
			break;
		buf_add(out, p, (size_t)(open - p));
		struct tree_node *value = variable_default(d, server, address, span_of(open + 1, (size_t)(close - open - 1)));
		if (value)
			buf_add(out, value->text.p, value->text.n);
		whole &= value != NULL;
		p = close + 1;
	}
	buf_add(out, p, (size_t)(end - p));
	return whole && buf_error(out) == 0;
}

static void check_variables(struct asyncapi_document *d, struct tree_node *server, const struct tree_node *address)
{
	tree_each(item, tree_get(server, "variables")) {
		struct tree_node *variable = tree_deref(item), *values = tree_get(variable, "enum"), *value = tree_get(variable, "default");
		char wanted[256];
		int n = snprintf(wanted, sizeof wanted, "{%.*s}", (int)item->key.n, item->key.p);
		bool listed = !values || !value;

		if (n < (int)sizeof wanted && !memmem(address->text.p, address->text.n, wanted, (size_t)n) &&
		    !(tree_is_string(tree_get(server, "pathname")) &&
		      memmem(tree_get(server, "pathname")->text.p, tree_get(server, "pathname")->text.n, wanted, (size_t)n)))
			asyncapi_find(d->a->f, SERVER_VARIABLE_UNUSED, tree_key_location(item), "the address has no %s; remove the variable or use it", wanted);
		tree_each(one, values)
			listed |= tree_is_string(one) && tree_is_string(value) && span_eq(one->text, value->text);
		if (!listed)
			asyncapi_find(d->a->f, SERVER_VARIABLE_ENUM, tree_location(value), "the default of %.*s is not in its enum", (int)item->key.n, item->key.p);
	}
}

static struct asyncapi_server *server_add(struct asyncapi *a)
{
	if (a->nservers == a->capservers) {
		size_t cap = a->capservers ? a->capservers * 2 : 8;
		struct asyncapi_server *grown = model_alloc(a, cap * sizeof *grown);
		if (!grown)
			return NULL;
		if (a->nservers)
			memcpy(grown, a->servers, a->nservers * sizeof *grown);
		a->servers = grown;
		a->capservers = cap;
	}
	return &a->servers[a->nservers++];
}

/* "host", "host:9092", "[::1]:9092"; false when it is none. */
static bool split_address(struct span text, struct span *host, uint16_t *port)
{
	const uint8_t *end = text.p + text.n, *colon;

	*port = KAFKA_PORT;
	if (text.n && text.p[0] == '[') {
		const uint8_t *close = memchr(text.p, ']', text.n);
		if (!close)
			return false;
		*host = span_of(text.p + 1, (size_t)(close - text.p - 1));
		colon = close + 1;
	} else {
		colon = memchr(text.p, ':', text.n);
		colon = colon ? colon : end;
		*host = span_of(text.p, (size_t)(colon - text.p));
	}
	if (host->n == 0)
		return false;
	if (colon == end)
		return true;
	unsigned long value = 0;
	const uint8_t *p = colon + 1;
	for (; *colon == ':' && p < end && *p >= '0' && *p <= '9' && value <= 65535; p++)
		value = value * 10 + (*p - '0');
	*port = (uint16_t)value;
	return *colon == ':' && p == end && p > colon + 1 && value >= 1 && value <= 65535;
}

static void add_address(struct asyncapi_document *d, struct tree_node *item, struct tree_node *server, struct tree_node *address, struct span text)
{
	struct span host;
	uint16_t port;

	while (text.n && text.p[0] == ' ')
		text = span_of(text.p + 1, text.n - 1);
	if (!split_address(text, &host, &port)) {
		asyncapi_find(d->a->f, SERVER_ADDRESS, tree_location(address), "%.*s is no address of a Kafka server; write host:port", (int)text.n, text.p);
		return;
	}
	struct asyncapi_server *s = server_add(d->a);
	struct tree_node *listener = tree_get(server, "x-eventgateway-listener");
	if (!s)
		return;
	*s = (struct asyncapi_server){
		.document = d->name, .name = model_text(d->a, item->key), .host = model_text(d->a, host), .port = port,
		.secure = text_is(tree_get(server, "protocol"), "kafka-secure"), .at = tree_location(address),
		.listener = tree_is_string(listener) ? model_text(d->a, listener->text) : "",
	};
}

static struct span without_scheme_and_path(struct span text)
{
	const uint8_t *scheme = memmem(text.p, text.n, "://", 3);

	if (scheme)
		text = span_of(scheme + 3, text.n - (size_t)(scheme + 3 - text.p));
	const uint8_t *slash = text.n ? memchr(text.p, '/', text.n) : NULL;
	return slash ? span_of(text.p, (size_t)(slash - text.p)) : text;
}

static void add_addresses(struct asyncapi_document *d, struct tree_node *item, struct tree_node *server, struct tree_node *address)
{
	struct buf text;

	buf_init(&text, 4096);
	if (substitute(d, server, address, &text)) {
		struct span rest = without_scheme_and_path(buf_span(&text));
		if (rest.n == 0 && text.n) {
			asyncapi_find(d->a->f, SERVER_RELATIVE, tree_location(address), "a path is no address that Kafka clients can reach; write host:port");
			buf_fini(&text);
			return;
		}
		for (const uint8_t *comma; rest.n && (comma = memchr(rest.p, ',', rest.n)); rest = span_of(comma + 1, rest.n - (size_t)(comma + 1 - rest.p)))
			add_address(d, item, server, address, span_of(rest.p, (size_t)(comma - rest.p)));
		add_address(d, item, server, address, rest);
	}
	buf_fini(&text);
}

/* ---- extensions of a server ---- */

static void read_dials(struct asyncapi_document *d, struct tree_node *map, size_t first)
{
	size_t n = 0;

	if (map->kind != TREE_MAP) {
		asyncapi_find(d->a->f, DIAL_MAPPING, tree_location(map), "a dial mapping is a mapping; write {\"broker:9092\": \"localhost:9092\"}");
		return;
	}
	struct asyncapi_dial *dials = model_alloc(d->a, (map->count + 1) * sizeof *dials);
	tree_each(item, map) {
		if (!tree_is_string(item))
			asyncapi_find(d->a->f, DIAL_MAPPING, tree_location(item), "an address to dial is a string such as \"localhost:9092\"");
		else if (dials)
			dials[n++] = (struct asyncapi_dial){ model_text(d->a, item->key), model_text(d->a, item->text) };
	}
	for (size_t i = first; dials && i < d->a->nservers; i++) {
		d->a->servers[i].dials = dials;
		d->a->servers[i].ndials = n;
	}
}

static void read_extensions(struct asyncapi_document *d, struct tree_node *server, size_t first)
{
	struct tree_node *listener = tree_get(server, "x-eventgateway-listener"), *dials = tree_get(server, "x-eventgateway-dial-mapping");

	if (listener && !tree_is_string(listener))
		asyncapi_find(d->a->f, LISTENER, tree_location(listener), "a listener is an address; write \"127.0.0.1:19092\"");
	if (dials)
		read_dials(d, dials, first);
	if (d->origin == ASYNCAPI_UPLOADED && (listener || dials))
		asyncapi_find(d->a->f, UPLOADED_LISTENER, tree_key_location(listener ? listener : dials),
			"listeners and dial mappings of an uploaded document take no force; put them into the configuration");
}

static void read_kafka(struct asyncapi_document *d, struct tree_node *item, struct tree_node *server, struct tree_node *address)
{
	size_t first = d->a->nservers;

	if (d->origin == ASYNCAPI_CONFIGURED)
		add_addresses(d, item, server, address);
	read_extensions(d, server, first);
}

static void read_server(struct asyncapi_document *d, struct tree_node *item)
{
	struct tree_node *server = tree_deref(item), *address = tree_get(server, d->version < V30 ? "url" : "host"), *protocol = tree_get(server, "protocol");

	if (!tree_is_string(address) || !tree_is_string(protocol))
		return;                                     /* a finding of shape.c */
	check_variables(d, server, address);
	if (speaks_kafka(server))
		read_kafka(d, item, server, address);
	else if (!is_known_protocol(protocol))
		asyncapi_find(d->a->f, SERVER_PROTOCOL, tree_location(protocol), "%.*s is no protocol that AsyncAPI names; this gateway speaks kafka and kafka-secure",
			(int)protocol->text.n, protocol->text.p);
}

void servers_read(struct asyncapi_document *d)
{
	struct tree_node *servers = tree_get(d->root, "servers");
	size_t n = 0, kafka = 0;

	if (!servers || servers->kind != TREE_MAP)
		return;
	tree_each(item, servers) {
		struct tree_node *server = tree_deref(item);
		if (!server || server->kind != TREE_MAP)
			continue;
		read_server(d, item);
		n++;
		kafka += speaks_kafka(server);
	}
	d->off_kafka = n > 0 && kafka == 0;
	if (d->off_kafka)
		asyncapi_find(d->a->f, NO_KAFKA_SERVER, tree_key_location(servers),
			"none of the servers speaks kafka or kafka-secure, so no channel of this document is enforced; add a Kafka server");
}

/* ---- a channel's servers ---- */

static void join(struct asyncapi_policy *all, bool *kafka, const struct tree_node *server)
{
	if (!speaks_kafka(server))
		return;
	*all = policy_strictest(*all, policy_of(server));
	*kafka = true;
}

static struct tree_node *named_server(struct asyncapi_document *d, struct tree_node *name)
{
	struct tree_node *servers = tree_get(d->root, "servers");

	if (d->version < V30 && tree_is_string(name)) {
		struct tree_node *server = tree_get_span(servers, name->text);
		if (!server)
			asyncapi_find(d->a->f, CHANNEL_SERVER, tree_location(name), "the document has no server %.*s; name one of `servers`", (int)name->text.n, name->text.p);
		return server ? tree_deref(server) : NULL;
	}
	struct tree_node *ref = tree_get(name, "$ref");
	if (d->version >= V30 && tree_is_string(ref) && (ref->text.n < 10 || memcmp(ref->text.p, "#/servers/", 10) != 0))
		asyncapi_find(d->a->f, CHANNEL_SERVER, tree_location(ref), "a channel's server must be one of the document's own; write \"#/servers/NAME\"");
	return d->version >= V30 && ref ? tree_deref(name) : NULL;
}

struct asyncapi_policy servers_policy(struct asyncapi_document *d, struct tree_node *names, bool *kafka)
{
	struct asyncapi_policy all = policy_unset();
	struct tree_node *servers = tree_get(d->root, "servers");

	*kafka = !servers || !servers->first;
	if (names && names->kind == TREE_SEQ && names->first) {
		*kafka = false;
		tree_each(name, names)
			join(&all, kafka, named_server(d, name));
		return all;
	}
	tree_each(item, servers)
		join(&all, kafka, tree_deref(item));
	return all;
}
