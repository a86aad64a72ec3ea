/* What the configuration leaves out, and what must fit together: brokers from the
 * documents, the default listener, ports used twice, a gateway before itself. Owner:
 * loader. */
#include <arpa/inet.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

#include "heritage.h"
#include "loader/config.h"

#define DEFAULT_HOST "127.0.0.1"
#define DEFAULT_PORT 19092u
#define DEFAULT_BROKER_PORT 19200u
#define DEFAULT_BROKER_PORTS 16u         /* each costs a descriptor per CPU */

/* ---- brokers ---- */

/* Entries of one server stand together: a comma list in one host is several. */
static size_t server_end(const struct asyncapi_server *s, size_t from, size_t n)
{
	size_t i = from;

	while (i < n && strcmp(s[i].document, s[from].document) == 0 && strcmp(s[i].name, s[from].name) == 0)
		i++;
	return i;
}

static bool servers_are_equal(const struct asyncapi_server *a, size_t na, const struct asyncapi_server *b, size_t nb)
{
	for (size_t i = 0; i < na && na == nb; i++)
		if (strcasecmp(a[i].host, b[i].host) != 0 || a[i].port != b[i].port || a[i].secure != b[i].secure)
			return false;
	return na == nb;
}

static void say_several(struct config *c, const struct asyncapi_server *s, size_t n, struct location at)
{
	struct buf list;

	buf_init(&list, 1500);
	for (size_t i = 0; i < n; i++)
		buf_printf(&list, "%s%s:%u (%s in %s)", i ? ", " : "", s[i].host, s[i].port, s[i].name, s[i].document);
	finding_error(c->f, "broker-several", at, "the documents name several Kafka servers: %.*s; choose with -b HOST:PORT or clusters.main.bootstrap",
	              (int)list.n, (const char *)list.p);
	buf_fini(&list);
}

static void take_server(struct config *c, const struct asyncapi_server *s, size_t n)
{
	struct config_cluster *k = c->nclusters ? &c->clusters[0] : config_cluster_named(c, SPAN_LIT("main"), s->at);

	for (size_t i = 0; k && i < n && i < CONFIG_SERVERS_MAX; i++) {
		if (s[i].secure && !k->tls.present)
			k->tls = (struct config_tls){ .present = true, .at = s[i].at };
		if (s[i].ndials)
			finding_error(c->f, "not-built", s[i].at, "x-eventgateway-dial-mapping of server %s is not built yet; remove it", s[i].name);
		k->servers[k->nservers++] = (struct config_address){ s[i].host, s[i].port, s[i].at };
	}
}

static void take_listener(struct config *c, const struct asyncapi_server *s)
{
	struct config_listener *l = *s->listener && c->nlisteners == 0 ? config_listener_named(c, SPAN_LIT("main"), s->at) : NULL;

	if (l && config_address_parse(c, span_str(s->listener), &l->binds[0]))
		l->nbinds = 1;
}

/* -b and clusters come first; else, also for a lone cluster without bootstrap, the documents
 * must agree on one server. */
static void find_brokers(struct config *c, const struct asyncapi *a)
{
	const struct asyncapi_server *s = NULL;
	size_t n = a ? asyncapi_kafka_servers(a, &s) : 0, first = n ? server_end(s, 0, n) : 0;

	if (c->nclusters > 1 || (c->nclusters && (c->clusters[0].nservers || n == 0)))
		return;
	if (n == 0) {
		finding_error(c->f, "broker-missing", config_flag(c->in->config ? c->in->config : "-b"),
		              "no broker is known; give -b HOST:PORT, clusters.main.bootstrap, or a kafka server in a document");
		return;
	}
	for (size_t i = first; i < n; i = server_end(s, i, n)) {
		if (servers_are_equal(s, first, s + i, server_end(s, i, n) - i))
			continue;
		say_several(c, s, n, s[i].at);
		return;
	}
	take_server(c, s, first);
	take_listener(c, s);
}

static void check_clusters(struct config *c)
{
	for (size_t i = 0; i < c->nclusters; i++)
		if (c->clusters[i].nservers == 0)
			finding_error(c->f, "broker-missing", c->clusters[i].at, "cluster %s has no bootstrap; write bootstrap: [HOST:PORT]", c->clusters[i].name);
}

/* ---- listeners ---- */

static void complete_listener(struct config *c, struct config_listener *l)
{
	if (l->nranges == 0) {
		l->ranges[l->nranges++] = (struct config_range){ .n = DEFAULT_BROKER_PORTS, .port = DEFAULT_BROKER_PORT };
		l->by_id = false;
	}
	if (l->nbinds)
		return;
	if (strcmp(l->name, "main") == 0)
		l->binds[l->nbinds++] = (struct config_address){ DEFAULT_HOST, DEFAULT_PORT, l->at };
	else
		finding_error(c->f, "listener-bind", l->at, "listener %s has no address; write bind: [\"ADDRESS:PORT\"]", l->name);
}

static void choose_cluster(struct config *c, struct config_listener *l)
{
	struct nearest near = nearest_to(span_str(l->cluster));

	for (size_t i = 0; i < c->nclusters; i++) {
		nearest_try(&near, c->clusters[i].name);
		if (l->cluster ? strcmp(l->cluster, c->clusters[i].name) == 0 : c->nclusters == 1 || strcmp(c->clusters[i].name, "main") == 0) {
			l->cluster = c->clusters[i].name;
			return;
		}
	}
	if (l->cluster && c->nclusters)
		finding_error(c->f, "listener-cluster", l->cluster_at, "there is no cluster \"%s\"; the nearest is %s", l->cluster, near.best ? near.best : c->clusters[0].name);
	else if (c->nclusters)
		finding_error(c->f, "listener-cluster", l->at, "listener %s names none of the clusters; write cluster: %s", l->name, c->clusters[0].name);
}

/* An address that the kernel can bind without a look-up. */
static void check_host(struct config *c, const struct config_address *a)
{
	struct in6_addr six;
	struct in_addr four;

	if (*a->host && inet_pton(AF_INET, a->host, &four) != 1 && inet_pton(AF_INET6, a->host, &six) != 1)
		finding_error(c->f, "config-address", a->at, "\"%s\" is a name; listeners want an address of this machine, *:%u for all", a->host, a->port);
}

/* Both hosts can hold the same port at once only when they are different addresses. */
static bool hosts_overlap(const char *a, const char *b)
{
	struct config_address upstream = { .host = a, .port = 1 };

	return *a == 0 || *b == 0 || config_address_is_same(&upstream, b, 1) || strcmp(a, "0.0.0.0") == 0 || strcmp(a, "::") == 0;
}

static bool is_broker_port(const struct config_listener *l, uint32_t port)
{
	for (size_t i = 0; i < l->nranges; i++)
		if (port - l->ranges[i].port < l->ranges[i].n)
			return true;
	return false;
}

/* A broker port of both; 0: none. */
static uint32_t common_broker_port(const struct config_listener *l, const struct config_listener *m)
{
	for (size_t i = 0; i < l->nranges; i++)
		for (uint32_t n = 0; n < l->ranges[i].n; n++)
			if (is_broker_port(m, l->ranges[i].port + n))
				return l->ranges[i].port + n;
	return 0;
}

static void check_pair(struct config *c, const struct config_listener *l, const struct config_address *a, const struct config_listener *m, const struct config_address *b)
{
	bool later = a > b;                     /* each pair is met twice */

	if (!hosts_overlap(a->host, b->host))
		return;
	if (later && a->port == b->port)
		finding_error(c->f, "port-twice", a->at, "port %u of listener %s is taken by listener %s; choose another", a->port, l->name, m->name);
	if (is_broker_port(m, a->port))
		finding_error(c->f, "port-twice", a->at, "port %u of listener %s is one of the broker ports of listener %s; choose another", a->port,
		              l->name, m->name);
	uint32_t both = later && l != m ? common_broker_port(l, m) : 0;
	if (both)
		finding_error(c->f, "port-twice", l->ports_at, "broker ports of listener %s overlap those of listener %s at %u; choose others", l->name, m->name, both);
}

static void check_ports(struct config *c)
{
	for (size_t i = 0; i < c->nlisteners; i++)
		for (size_t j = 0; j < c->nlisteners; j++)
			for (size_t k = 0; k < c->listeners[i].nbinds; k++)
				for (size_t l = 0; l < c->listeners[j].nbinds; l++)
					check_pair(c, &c->listeners[i], &c->listeners[i].binds[k], &c->listeners[j], &c->listeners[j].binds[l]);
}

/* A broker port reaches us like a bootstrap port. */
static bool is_own_listener(const struct config_listener *l, const struct config_address *server)
{
	for (size_t i = 0; i < l->nbinds; i++) {
		uint32_t port = is_broker_port(l, server->port) ? server->port : l->binds[i].port;
		if (config_address_is_same(server, l->binds[i].host, port) || (*l->advertise && config_address_is_same(server, l->advertise, port)))
			return true;
	}
	return false;
}

static void check_loops(struct config *c)
{
	for (size_t i = 0; i < c->nclusters; i++)
		for (size_t j = 0; j < c->clusters[i].nservers; j++)
			for (size_t k = 0; k < c->nlisteners; k++)
				if (is_own_listener(&c->listeners[k], &c->clusters[i].servers[j]))
					finding_error(c->f, "broker-is-listener", c->clusters[i].servers[j].at,
					              "broker %s:%u of cluster %s is this gateway's own listener %s; name the brokers behind it",
					              c->clusters[i].servers[j].host, c->clusters[i].servers[j].port, c->clusters[i].name, c->listeners[k].name);
}

static void check_slots(struct config *c)
{
	size_t total = 0;

	for (size_t i = 0; i < c->nlisteners; i++)
		total += c->listeners[i].nbinds * (1 + config_port_count(&c->listeners[i]));
	if (total > HERITAGE_SLOTS_MAX)
		finding_error(c->f, "config-limit", c->listeners[0].ports_at, "%zu listening ports are more than %u; make broker_ports smaller", total, HERITAGE_SLOTS_MAX);
}

/* ---- the rest ---- */

static uint32_t cpus(void)
{
	cpu_set_t set;
	int n = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;

	return n > 0 ? (uint32_t)n : 1;
}

/* divert needs the courier; rules and documents are checked where they are read. */
static void check_actions(struct config *c)
{
	const struct settings *s = &c->settings;
	const uint32_t actions[] = { s->policy_invalid, s->policy_undeclared, s->policy_ambiguous, s->policy_undecidable };

	for (size_t i = 0; i < ARRAY_LEN(actions); i++)
		if (actions[i] == ACTION_DIVERT)
			finding_error(c->f, "not-built", config_flag("policy"), "divert is not built yet; use observe, mark or reject");
}

void config_complete(struct config *c, const struct asyncapi *a)
{
	if (c->settings.workers == 0)
		c->settings.workers = cpus();
	find_brokers(c, a);
	check_clusters(c);
	if (c->nlisteners == 0)
		(void)config_listener_named(c, SPAN_LIT("main"), config_flag("-l"));
	for (size_t i = 0; i < c->nlisteners; i++) {
		complete_listener(c, &c->listeners[i]);
		choose_cluster(c, &c->listeners[i]);
		for (size_t j = 0; j < c->listeners[i].nbinds; j++)
			check_host(c, &c->listeners[i].binds[j]);
	}
	for (size_t i = 0; i < c->nclusters; i++)
		config_load_tls(c, &c->clusters[i].tls, c->clusters[i].name);
	for (size_t i = 0; i < c->nlisteners; i++)
		config_load_tls(c, &c->listeners[i].tls, c->listeners[i].name);
	check_ports(c);
	check_loops(c);
	check_slots(c);
	check_actions(c);
}
