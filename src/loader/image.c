/* The settings half of an image: clusters, servers, listeners and every address that they
 * listen on. Owner: loader. */
#include "loader/image.h"

static void emit_cluster(struct image_builder *b, const struct config_cluster *k)
{
	struct settings_cluster row = {
		.name = image_intern(b, span_str(k->name)),
		.first_server = image_used(b, IMAGE_SERVERS) / (uint32_t)sizeof(struct settings_server),
		.nservers = (uint32_t)k->nservers,
		.tls = k->tls.row,
		.proxy_protocol = k->proxy_protocol,
	};

	for (size_t i = 0; i < k->nservers; i++) {
		struct settings_server server = { image_intern(b, span_str(k->servers[i].host)), k->servers[i].port, 0 };
		image_append(b, IMAGE_SERVERS, &server, sizeof server, _Alignof(struct settings_server));
	}
	image_append(b, IMAGE_CLUSTERS, &row, sizeof row, _Alignof(struct settings_cluster));
}

static void emit_bind(struct image_builder *b, const char *host, uint32_t port, uint32_t listener, int32_t broker)
{
	struct settings_bind bind = { image_intern(b, span_str(host)), port, listener, broker, 0 };

	image_append(b, IMAGE_BINDS, &bind, sizeof bind, _Alignof(struct settings_bind));
}

static uint32_t cluster_index(const struct config *c, const char *name)
{
	for (uint32_t i = 0; i < c->nclusters; i++)
		if (strcmp(c->clusters[i].name, name) == 0)
			return i;
	return UINT32_MAX;                       /* refused by settings_open */
}

static uint32_t lowest_port(const struct config_listener *l)
{
	uint32_t lowest = UINT32_MAX;

	for (size_t i = 0; i < l->nranges; i++)
		lowest = l->ranges[i].port < lowest ? l->ranges[i].port : lowest;
	return lowest;
}

static void emit_ranges(struct image_builder *b, const struct config_listener *l)
{
	uint32_t slot = 0;

	for (size_t i = 0; l->by_id && i < l->nranges; i++) {
		struct settings_range r = { l->ranges[i].first_id, l->ranges[i].n, l->ranges[i].port, slot };
		image_append(b, IMAGE_RANGES, &r, sizeof r, _Alignof(struct settings_range));
		slot += r.n;
	}
}

static void emit_broker_ports(struct image_builder *b, const struct config_listener *l, const char *host, uint32_t index)
{
	int32_t slot = 0;

	for (size_t i = 0; i < l->nranges; i++)
		for (uint32_t n = 0; n < l->ranges[i].n; n++)
			emit_bind(b, host, l->ranges[i].port + n, index, slot++);
}

/* Each bootstrap address also has all broker ports. */
static void emit_listener(struct config *c, uint32_t index)
{
	const struct config_listener *l = &c->listeners[index];
	struct image_builder *b = c->b;
	struct settings_listener row = {
		.name = image_intern(b, span_str(l->name)),
		.cluster = cluster_index(c, l->cluster),
		.first_bind = image_used(b, IMAGE_BINDS) / (uint32_t)sizeof(struct settings_bind),
		.nbinds = (uint32_t)(l->nbinds * (1 + config_port_count(l))),
		.advertise_host = image_intern(b, span_str(l->advertise)),
		.broker_port_base = lowest_port(l), .broker_port_count = config_port_count(l),
		.first_range = image_used(b, IMAGE_RANGES) / (uint32_t)sizeof(struct settings_range),
		.nranges = l->by_id ? (uint32_t)l->nranges : 0,
		.tls = l->tls.row,
		.first_network = image_used(b, IMAGE_NETWORKS) / (uint32_t)sizeof(struct settings_network),
		.nnetworks = (uint32_t)l->nnetworks,
	};

	for (size_t i = 0; i < l->nbinds; i++) {
		emit_bind(b, l->binds[i].host, l->binds[i].port, index, -1);
		emit_broker_ports(b, l, l->binds[i].host, index);
	}
	emit_ranges(b, l);
	for (size_t i = 0; i < l->nnetworks; i++)
		image_append(b, IMAGE_NETWORKS, &l->networks[i], sizeof l->networks[i], _Alignof(struct settings_network));
	image_append(b, IMAGE_LISTENERS, &row, sizeof row, _Alignof(struct settings_listener));
}

void loader_emit_settings(struct config *c)
{
	for (size_t i = 0; i < c->nclusters; i++)
		emit_cluster(c->b, &c->clusters[i]);
	for (uint32_t i = 0; i < c->nlisteners; i++)
		emit_listener(c, i);
	image_append(c->b, IMAGE_SETTINGS, &c->settings, sizeof c->settings, _Alignof(struct settings));
}
