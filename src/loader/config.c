/* Reads the configuration: file, then environment, then flags. What may stand where is in
 * tables. Owner: loader. */
#include <ctype.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "loader/config.h"

/* A member of an object; read NULL: agreed, not built yet. */
struct member {
	const char *name;
	void (*read)(struct config *c, void *object, struct tree_node *node);
};

struct location config_flag(const char *name)
{
	return (struct location){ name, 0, 0 };
}

/* ---- scalars and lists ---- */

static bool scalar(const struct tree_node *node, struct span *out)
{
	if (node->kind == TREE_BOOL)
		*out = node->truth ? SPAN_LIT("true") : SPAN_LIT("false");
	else if (node->kind == TREE_STRING || node->kind == TREE_NUMBER)
		*out = node->text;
	else
		return false;
	return true;
}

/* A text of the arena; NULL after a finding. */
static const char *text_of(struct config *c, const struct tree_node *node, const char *what)
{
	struct span s;

	if (!scalar(node, &s) || (s.n && memchr(s.p, 0, s.n))) {
		finding_error(c->f, "config-type", tree_location(node), "this is no text; write %s", what);
		return NULL;
	}
	return arena_strndup(tree_set_arena(c->set), s.p, s.n);
}

/* Calls each for the items of a list, or for a lone value; in a flag, for its comma parts. */
static void each_item(struct config *c, void *object, struct tree_node *node, void (*each)(struct config *c, void *object, struct span text, struct location at))
{
	struct span s;

	if (node->kind == TREE_SEQ) {
		tree_each(item, node) {
			if (scalar(item, &s))
				each(c, object, s, tree_location(item));
			else
				finding_error(c->f, "config-type", tree_location(item), "this item is no text; write one value");
		}
		return;
	}
	if (scalar(node, &s))
		each(c, object, s, tree_location(node));
	else
		finding_error(c->f, "config-type", tree_location(node), "this is no list; write [value, ...]");
}

static void each_comma(struct config *c, void *object, const char *text, struct location at, void (*each)(struct config *c, void *object, struct span text, struct location at))
{
	for (const char *p = text; p; p = strchr(p, ',') ? strchr(p, ',') + 1 : NULL)
		each(c, object, span_of(p, strcspn(p, ",")), at);
}

/* ---- members by table ---- */

static void unknown_member(struct config *c, const struct tree_node *node, const struct member *table, size_t n, const char *what)
{
	struct nearest near = nearest_to(node->key);

	for (size_t i = 0; i < n; i++)
		nearest_try(&near, table[i].name);
	const char *name = nearest_name(&near);
	finding_error(c->f, "config-unknown", tree_key_location(node), "%s has no \"%.*s\"; %s%s%s", what, (int)node->key.n, node->key.p,
	              name ? "did you mean " : "remove it", name ? name : "", name ? "?" : "");
}

static const struct member *member_named(const struct member *table, size_t n, struct span name)
{
	for (size_t i = 0; i < n; i++)
		if (span_is(name, table[i].name))
			return &table[i];
	return NULL;
}

static void read_member(struct config *c, const struct member *m, void *object, struct tree_node *node, const char *what)
{
	if (m->read)
		m->read(c, object, node);
	else
		finding_error(c->f, "not-built", tree_key_location(node), "%s of %s is not built yet; remove it", m->name, what);
}

static void read_members(struct config *c, const struct member *table, size_t n, void *object, struct tree_node *map, const char *what)
{
	if (map->kind != TREE_MAP) {
		finding_error(c->f, "config-type", tree_location(map), "%s is a mapping; write name: value below it", what);
		return;
	}
	tree_each(node, map) {
		const struct member *m = member_named(table, n, node->key);
		if (m)
			read_member(c, m, object, node, what);
		else
			unknown_member(c, node, table, n, what);
	}
}

/* ---- TLS ---- */

static void read_file_name(struct config *c, struct config_file *out, struct tree_node *node, const char *what)
{
	const char *path = text_of(c, node, what);

	if (!path)
		return;
	out->at = tree_location(node);
	out->path = arena_printf(tree_set_arena(c->set), "%s%s", *path == '/' ? "" : c->folder, path);
}

static void read_cert(struct config *c, void *object, struct tree_node *node)
{
	read_file_name(c, &((struct config_tls *)object)->cert, node, "the path of a certificate in PEM");
}

static void read_key(struct config *c, void *object, struct tree_node *node)
{
	read_file_name(c, &((struct config_tls *)object)->key, node, "the path of a private key in PEM");
}

static void read_ca(struct config *c, void *object, struct tree_node *node)
{
	read_file_name(c, &((struct config_tls *)object)->ca, node, "the path of certificates in PEM");
}

static const struct member cluster_tls_members[] = { { "ca", read_ca }, { "cert", read_cert }, { "key", read_key } };
static const struct member listener_tls_members[] = { { "cert", read_cert }, { "key", read_key }, { "client_ca", read_ca } };

static void read_cluster_tls(struct config *c, void *object, struct tree_node *node)
{
	struct config_tls *t = &((struct config_cluster *)object)->tls;

	*t = (struct config_tls){ .present = true, .at = tree_location(node) };
	read_members(c, cluster_tls_members, ARRAY_LEN(cluster_tls_members), t, node, "tls");
}

static void read_listener_tls(struct config *c, void *object, struct tree_node *node)
{
	struct config_tls *t = &((struct config_listener *)object)->tls;

	*t = (struct config_tls){ .present = true, .is_server = true, .at = tree_location(node) };
	read_members(c, listener_tls_members, ARRAY_LEN(listener_tls_members), t, node, "tls");
}

/* ---- clusters ---- */

static bool name_is_sound(struct config *c, struct span name, struct location at, const char *what)
{
	size_t i = 0;

	while (i < name.n && (isalnum(name.p[i]) || name.p[i] == '_' || name.p[i] == '-'))
		i++;
	if (i == name.n && name.n > 0 && name.n <= 64)
		return true;
	finding_error(c->f, "config-name", at, "\"%.*s\" cannot name a %s; write up to 64 letters, digits, - and _", (int)name.n % 100, name.p, what);
	return false;
}

struct config_cluster *config_cluster_named(struct config *c, struct span name, struct location at)
{
	for (size_t i = 0; i < c->nclusters; i++)
		if (span_is(name, c->clusters[i].name))
			return &c->clusters[i];
	if (!name_is_sound(c, name, at, "cluster"))
		return NULL;
	const char *copy = arena_strndup(tree_set_arena(c->set), name.p, name.n);
	if (c->nclusters == CONFIG_CLUSTERS_MAX || !copy) {
		finding_error(c->f, "config-limit", at, "more than %u clusters; start another gateway for the rest", CONFIG_CLUSTERS_MAX);
		return NULL;
	}
	struct config_cluster *k = &c->clusters[c->nclusters++];
	*k = (struct config_cluster){ .name = copy, .at = at };
	return k;
}

static void add_server(struct config *c, void *object, struct span text, struct location at)
{
	struct config_cluster *k = object;
	struct config_address a;

	if (!config_address_parse(c, text, &a) || *a.host == 0) {
		finding_error(c->f, "config-address", at, "\"%.*s\" is no address of a broker; write HOST:PORT, for example kafka-1:9092", (int)text.n % 300, text.p);
		return;
	}
	if (k->nservers == CONFIG_SERVERS_MAX) {
		finding_error(c->f, "config-limit", at, "more than %u bootstrap addresses; a few suffice", CONFIG_SERVERS_MAX);
		return;
	}
	a.at = at;
	k->servers[k->nservers++] = a;
}

static void read_bootstrap(struct config *c, void *object, struct tree_node *node)
{
	struct config_cluster *k = object;

	k->nservers = 0;
	each_item(c, object, node, add_server);
}

static void read_cluster_proxy(struct config *c, void *object, struct tree_node *node)
{
	const char *version = text_of(c, node, "v1 or v2");

	if (!version)
		return;
	if (strcmp(version, "v1") != 0 && strcmp(version, "v2") != 0) {
		finding_error(c->f, "config-proxy", tree_location(node), "\"%.32s\" is no version of the PROXY protocol; write v1 or v2", version);
		return;
	}
	((struct config_cluster *)object)->proxy_protocol = (uint32_t)(version[1] - '0');
}

static const struct member cluster_members[] = {
	{ "bootstrap", read_bootstrap }, { "tls", read_cluster_tls }, { "proxy_protocol", read_cluster_proxy }, { "identity", NULL }, { "producer", NULL },
};

static void read_cluster(struct config *c, struct tree_node *node)
{
	struct config_cluster *k = config_cluster_named(c, node->key, tree_key_location(node));

	if (k)
		read_members(c, cluster_members, ARRAY_LEN(cluster_members), k, node, "a cluster");
}

/* ---- listeners ---- */

struct config_listener *config_listener_named(struct config *c, struct span name, struct location at)
{
	for (size_t i = 0; i < c->nlisteners; i++)
		if (span_is(name, c->listeners[i].name))
			return &c->listeners[i];
	if (!name_is_sound(c, name, at, "listener"))
		return NULL;
	const char *copy = arena_strndup(tree_set_arena(c->set), name.p, name.n);
	if (c->nlisteners == CONFIG_LISTENERS_MAX || !copy) {
		finding_error(c->f, "config-limit", at, "more than %u listeners; start another gateway for the rest", CONFIG_LISTENERS_MAX);
		return NULL;
	}
	struct config_listener *l = &c->listeners[c->nlisteners++];
	*l = (struct config_listener){ .name = copy, .advertise = "", .at = at, .ports_at = at, .cluster_at = at };
	return l;
}

static void add_bind(struct config *c, void *object, struct span text, struct location at)
{
	struct config_listener *l = object;
	struct config_address a;

	if (!config_address_parse(c, text, &a)) {
		finding_error(c->f, "config-address", at, "\"%.*s\" is no address to listen on; write ADDRESS:PORT, for example 127.0.0.1:19092 or [::]:9092", (int)text.n % 300, text.p);
		return;
	}
	if (l->nbinds == CONFIG_BINDS_MAX) {
		finding_error(c->f, "config-limit", at, "more than %u addresses of one listener; write another listener", CONFIG_BINDS_MAX);
		return;
	}
	a.at = at;
	/* The one name that needs no look-up; which of its two addresses comes first must not be left to one. */
	if (strcasecmp(a.host, "localhost") == 0)
		a.host = "127.0.0.1";
	l->binds[l->nbinds++] = a;
}

static void read_bind(struct config *c, void *object, struct tree_node *node)
{
	struct config_listener *l = object;

	l->nbinds = 0;
	each_item(c, object, node, add_bind);
}

static void read_listener_cluster(struct config *c, void *object, struct tree_node *node)
{
	struct config_listener *l = object;

	l->cluster = text_of(c, node, "the name of a cluster");
	l->cluster_at = tree_location(node);
}

static void read_advertise_host(struct config *c, void *object, struct tree_node *node)
{
	struct config_listener *l = object;
	const char *host = text_of(c, node, "a host that clients can reach");

	if (host && (*host == 0 || strlen(host) > 255 || strpbrk(host, " :/[]")) && !strchr(host, ':'))
		finding_error(c->f, "config-address", tree_location(node), "\"%.64s\" is no host; write a name or an address without a port", host);
	else if (host)
		l->advertise = host;
}

static const struct member advertise_members[] = { { "host", read_advertise_host } };

static void read_advertise(struct config *c, void *object, struct tree_node *node)
{
	read_members(c, advertise_members, ARRAY_LEN(advertise_members), object, node, "advertise");
}

static bool range_of(const char *text, unsigned *low, unsigned *high)
{
	int end = -1;

	return sscanf(text, "%9u-%9u%n", low, high, &end) == 2 && end >= 0 && text[end] == 0 && *low <= *high;
}

uint32_t config_port_count(const struct config_listener *l)
{
	uint32_t n = 0;

	for (size_t i = 0; i < l->nranges; i++)
		n += l->ranges[i].n;
	return n;
}

static void limit_ports(struct config *c, struct config_listener *l)
{
	if (config_port_count(l) <= CONFIG_BROKER_PORTS_MAX)
		return;
	finding_error(c->f, "config-limit", l->ports_at, "more than %u broker ports; as many as there are broker ids suffice", CONFIG_BROKER_PORTS_MAX);
	l->nranges = 0;
}

static bool number_of(const char *text, unsigned *n)
{
	int end = -1;

	return sscanf(text, "%9u%n", n, &end) == 1 && end >= 0 && text[end] == 0;
}

/* FIRST-LAST or ID, and the first one's port. */
static bool range_parse(struct span key, const char *text, struct config_range *r)
{
	char ids[32];
	unsigned low, high;

	if (key.n == 0 || key.n >= sizeof ids || !isdigit(key.p[0]) || !isdigit((unsigned char)*text))
		return false;
	memcpy(ids, key.p, key.n);
	ids[key.n] = 0;
	if (number_of(ids, &low))
		high = low;
	else if (!range_of(ids, &low, &high))
		return false;
	*r = (struct config_range){ .first_id = low, .n = high - low + 1 };
	return number_of(text, &r->port) && r->port > 0 && r->port <= 65535 && r->n <= 65536 - r->port;
}

static bool spans_meet(uint32_t a, uint32_t b, uint32_t na, uint32_t nb)
{
	return a < b + nb && b < a + na;
}

static void check_range(struct config *c, const struct config_listener *l, const struct config_range *r, struct location at)
{
	for (size_t i = 0; i < l->nranges; i++) {
		const struct config_range *o = &l->ranges[i];
		if (spans_meet(r->first_id, o->first_id, r->n, o->n))
			finding_error(c->f, "config-ports", at, "broker %u has a port already; write each id once", r->first_id > o->first_id ? r->first_id : o->first_id);
		else if (spans_meet(r->port, o->port, r->n, o->n))
			finding_error(c->f, "config-ports", at, "port %u is another broker's already; choose others", r->port > o->port ? r->port : o->port);
	}
}

static void add_range(struct config *c, struct config_listener *l, struct tree_node *node)
{
	struct location at = tree_key_location(node);
	const char *text = text_of(c, node, "the first port of these brokers");
	struct config_range r;

	if (!text)
		return;
	if (!range_parse(node->key, text, &r)) {
		finding_error(c->f, "config-ports", at, "no range of broker ids with its first port; write FIRST-LAST: PORT, for example 1001-1003: 19300");
		return;
	}
	if (l->nranges == CONFIG_RANGES_MAX) {
		finding_error(c->f, "config-limit", at, "more than %u ranges of broker ids; write longer ones", CONFIG_RANGES_MAX);
		return;
	}
	check_range(c, l, &r, at);
	l->ranges[l->nranges++] = r;
}

static void read_broker_ports(struct config *c, void *object, struct tree_node *node)
{
	struct config_listener *l = object;
	unsigned low, high;

	l->ports_at = tree_location(node);
	l->nranges = 0;
	l->by_id = node->kind == TREE_MAP;
	if (l->by_id) {
		tree_each(item, node)
			add_range(c, l, item);
		limit_ports(c, l);
		return;
	}
	const char *text = text_of(c, node, "a range of ports such as 19200-19215");
	if (!text)
		return;
	if (!range_of(text, &low, &high) || low < 1 || high > 65535) {
		finding_error(c->f, "config-ports", l->ports_at, "\"%.32s\" is no range of ports; write FIRST-LAST, for example 19200-19215", text);
		return;
	}
	l->ranges[l->nranges++] = (struct config_range){ .n = high - low + 1, .port = low };
	limit_ports(c, l);
}

static void add_network(struct config *c, void *object, struct span text, struct location at)
{
	struct config_listener *l = object;

	if (l->nnetworks == CONFIG_NETWORKS_MAX)
		finding_error(c->f, "config-limit", at, "more than %u networks of proxies; write larger ones", CONFIG_NETWORKS_MAX);
	else if (!config_network_parse(text, &l->networks[l->nnetworks]))
		finding_error(c->f, "config-network", at, "\"%.*s\" is no address and no network; write 192.0.2.1, 10.0.0.0/8 or 2001:db8::/32", (int)text.n % 100, text.p);
	else
		l->nnetworks++;
}

static void read_listener_proxy(struct config *c, void *object, struct tree_node *node)
{
	((struct config_listener *)object)->nnetworks = 0;
	each_item(c, object, node, add_network);
}

static const struct member listener_members[] = {
	{ "cluster", read_listener_cluster }, { "bind", read_bind }, { "advertise", read_advertise },
	{ "broker_ports", read_broker_ports }, { "tls", read_listener_tls }, { "proxy_protocol", read_listener_proxy },
};

static void read_listener(struct config *c, struct tree_node *node)
{
	struct config_listener *l = config_listener_named(c, node->key, tree_key_location(node));

	if (l)
		read_members(c, listener_members, ARRAY_LEN(listener_members), l, node, "a listener");
}

/* ---- rules ---- */

static void read_rule_topics(struct config *c, void *object, struct tree_node *node)
{
	((struct asyncapi_rule *)object)->topics = text_of(c, node, "a topic, * and ? allowed");
}

static void read_rule_message(struct config *c, void *object, struct tree_node *node)
{
	((struct asyncapi_rule *)object)->message = text_of(c, node, "the name of a message");
}

static void read_rule_cluster(struct config *c, void *object, struct tree_node *node)
{
	((struct asyncapi_rule *)object)->cluster = text_of(c, node, "the name of a cluster");
}

/* The action itself is read for the whole rule by asyncapi_policy_read. */
static void skip_verdict(struct config *c, void *object, struct tree_node *node)
{
	(void)c;
	(void)object;
	(void)node;
}

static const struct member rule_members[] = {
	{ "topics", read_rule_topics }, { "message", read_rule_message }, { "cluster", read_rule_cluster }, { "invalid", skip_verdict },
	{ "undeclared", skip_verdict }, { "ambiguous", skip_verdict }, { "undecidable", skip_verdict },
};

static void read_rules(struct config *c, void *object, struct tree_node *node)
{
	(void)object;
	if (node->kind != TREE_SEQ) {
		finding_error(c->f, "config-type", tree_location(node), "rules is a list; write - { topics: \"lights.*\", invalid: mark }");
		return;
	}
	c->rules = arena_array(tree_set_arena(c->set), node->count + 1, sizeof *c->rules);
	tree_each(item, node) {
		if (!c->rules)
			return;
		struct asyncapi_rule *r = &c->rules[c->nrules++];
		*r = (struct asyncapi_rule){ .at = tree_location(item) };
		memset(r->policy.action, ASYNCAPI_UNSET, sizeof r->policy.action);
		read_members(c, rule_members, ARRAY_LEN(rule_members), r, item, "a rule");
		if (item->kind == TREE_MAP)
			asyncapi_policy_read(c->f, item, true, &r->policy);
	}
}

/* ---- documents ---- */

static void add_document(struct config *c, const char *path, struct location at)
{
	const char *copy = arena_strdup(tree_set_arena(c->set), path);

	if (c->ndocuments == CONFIG_DOCUMENTS_MAX || !copy)
		finding_error(c->f, "config-limit", at, "more than %u documents; merge some", CONFIG_DOCUMENTS_MAX);
	else
		c->documents[c->ndocuments++] = (struct config_document){ copy, at };
}

static void add_documents(struct config *c, void *object, struct span text, struct location at)
{
	const char *pattern = arena_printf(tree_set_arena(c->set), "%s%.*s", text.n && text.p[0] == '/' ? "" : c->folder, (int)text.n, text.p);
	glob_t found;

	(void)object;
	if (text.n == 0 || !pattern) {
		finding_error(c->f, "config-document", at, "the name of a document is empty; write a path or a pattern such as specs/*.yaml");
		return;
	}
	if (!strpbrk(pattern, "*?[")) {
		add_document(c, pattern, at);
		return;
	}
	if (glob(pattern, GLOB_NOSORT | GLOB_ERR, NULL, &found) == 0) {
		for (size_t i = 0; i < found.gl_pathc; i++)
			add_document(c, found.gl_pathv[i], at);
		globfree(&found);
	} else {
		finding_error(c->f, "config-document", at, "no readable file matches %s; check the pattern and the folder's permissions", pattern);
	}
}

static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct config_document *)a)->path, ((const struct config_document *)b)->path);
}

static void read_documents(struct config *c, void *object, struct tree_node *node)
{
	c->ndocuments = 0;
	each_item(c, object, node, add_documents);
	/* The order of a folder must not decide anything. */
	qsort(c->documents, c->ndocuments, sizeof *c->documents, by_path);
}

/* ---- the file ---- */

static void read_clusters(struct config *c, void *object, struct tree_node *node)
{
	(void)object;
	if (node->kind != TREE_MAP)
		finding_error(c->f, "config-type", tree_location(node), "clusters is a mapping; write NAME: { bootstrap: [HOST:PORT] }");
	else
		tree_each(it, node)
			read_cluster(c, it);
}

static void read_listeners(struct config *c, void *object, struct tree_node *node)
{
	(void)object;
	if (node->kind != TREE_MAP)
		finding_error(c->f, "config-type", tree_location(node), "listeners is a mapping; write NAME: { bind: [\"ADDRESS:PORT\"] }");
	else
		tree_each(it, node)
			read_listener(c, it);
}

static const struct member top_members[] = {
	{ "documents", read_documents }, { "clusters", read_clusters }, { "listeners", read_listeners },
	{ "rules", read_rules }, { "store", NULL }, { "roles", NULL },
};

static void set_option(struct config *c, const struct option_row *row, struct span text, struct location at)
{
	char why[OPTION_WHY_MAX];

	if (option_set(row, text, &c->settings, c->b, why) < 0)
		finding_error(c->f, "option-value", at, "%s", why);
}

static void unknown_option(struct config *c, struct span name, struct location at)
{
	struct nearest near = nearest_to(name);

	for (size_t i = 0; i < option_count; i++)
		nearest_try(&near, option_rows[i].name);
	for (size_t i = 0; i < ARRAY_LEN(top_members); i++)
		nearest_try(&near, top_members[i].name);
	const char *best = nearest_name(&near);
	finding_error(c->f, "option-unknown", at, "there is no option \"%.*s\"; %s%s%s", (int)name.n % 200, name.p,
	              best ? "did you mean " : "-T lists all", best ? best : "", best ? "?" : "");
}

static void read_group(struct config *c, struct tree_node *map, const char *prefix);

static void read_option(struct config *c, struct tree_node *node, const char *prefix)
{
	const char *name = arena_printf(tree_set_arena(c->set), "%s%.*s", prefix, (int)node->key.n, node->key.p);
	struct span text;

	if (!name)
		return;
	const struct option_row *row = option_find(span_str(name));
	if (!row && option_is_group(span_str(name)))
		read_group(c, node, name);
	else if (!row)
		unknown_option(c, span_str(name), tree_key_location(node));
	else if (!scalar(node, &text))
		finding_error(c->f, "config-type", tree_location(node), "%s has no plain value; write for example %s: %s", name, name, *row->initial ? row->initial : "\"\"");
	else
		set_option(c, row, text, tree_location(node));
}

static void read_group(struct config *c, struct tree_node *map, const char *prefix)
{
	const char *dotted = arena_printf(tree_set_arena(c->set), "%s.", prefix);

	if (map->kind != TREE_MAP) {
		finding_error(c->f, "config-type", tree_location(map), "%s is a mapping; write name: value below it", prefix);
		return;
	}
	tree_each(node, map)
		if (dotted)
			read_option(c, node, dotted);
}

static void read_top(struct config *c, struct tree_node *root)
{
	if (root->kind == TREE_NULL)
		return;
	if (root->kind != TREE_MAP) {
		finding_error(c->f, "config-type", tree_location(root), "the configuration is a mapping; write name: value");
		return;
	}
	tree_each(node, root) {
		const struct member *m = member_named(top_members, ARRAY_LEN(top_members), node->key);
		if (m)
			read_member(c, m, NULL, node, "the configuration");
		else
			read_option(c, node, "");
	}
}

static const char *folder_of(struct config *c, const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? arena_strndup(tree_set_arena(c->set), path, (size_t)(slash - path) + 1) : "";
}

static void read_file(struct config *c)
{
	static const char *const usual = SYSCONFDIR "/event-gateway/event-gateway.yaml";
	const char *path = c->in->config;

	if (!path && !c->in->ndocuments && !c->in->brokers)
		path = usual;
	if (!path)
		return;
	if (!c->in->config && access(path, F_OK) < 0) {
		finding_error(c->f, "config-missing", config_flag(path), "there is no configuration here; name one with -c, or give documents and -b HOST:PORT on the command line");
		return;
	}
	c->folder = folder_of(c, path);
	struct tree_file *file = c->folder ? tree_load(c->set, path) : NULL;
	if (file)
		read_top(c, file->root);
}

/* ---- environment and flags ---- */

/* A variable that is nearly one of ours is a slip; others belong to the tools and tests. */
static void check_variable(struct config *c, const char *assignment)
{
	struct span name = span_of(assignment, strcspn(assignment, "="));
	struct nearest near = nearest_to(name);
	char known[128];
	bool close = false;

	for (size_t i = 0; i < option_count; i++) {
		option_environment(&option_rows[i], known, sizeof known);
		if (span_is(name, known))
			return;
		unsigned before = near.distance;
		nearest_try(&near, known);
		if (near.distance < before && near.distance <= 2) {
			close = true;
			near.best = option_rows[i].name;
		}
	}
	if (close)
		finding_warning(c->f, "option-unknown", config_flag("environment"), "%.*s is no option; the nearest is %s", (int)name.n % 200, name.p, near.best);
}

static void read_environment(struct config *c)
{
	char name[128];

	for (char **e = c->in->environment; e && *e; e++)
		if (strncmp(*e, "EVENTGATEWAY_", 13) == 0)
			check_variable(c, *e);
	for (size_t i = 0; i < option_count; i++) {
		option_environment(&option_rows[i], name, sizeof name);
		size_t n = strlen(name);
		for (char **e = c->in->environment; e && *e; e++)
			if (strncmp(*e, name, n) == 0 && (*e)[n] == '=')
				set_option(c, &option_rows[i], span_str(*e + n + 1), config_flag(arena_strdup(tree_set_arena(c->set), name)));
	}
}

/* clusters.NAME.MEMBER and listeners.NAME.MEMBER: the value is read as YAML. */
static void override_member(struct config *c, struct span path, const char *value, struct location at)
{
	const uint8_t *dot = memchr(path.p, '.', path.n);
	struct span rest = dot ? span_of(dot + 1, path.n - (size_t)(dot + 1 - path.p)) : SPAN_NULL;
	const uint8_t *second = dot ? memchr(rest.p, '.', rest.n) : NULL;
	bool cluster = path.n > 9 && memcmp(path.p, "clusters.", 9) == 0, listener = path.n > 10 && memcmp(path.p, "listeners.", 10) == 0;

	if (!second || (!cluster && !listener)) {
		unknown_option(c, path, at);
		return;
	}
	struct span name = span_of(rest.p, (size_t)(second - rest.p)), member = span_of(second + 1, rest.n - name.n - 1);
	struct tree_file *file = tree_parse(c->set, at.file, value, strlen(value));
	const struct member *m = cluster ? member_named(cluster_members, ARRAY_LEN(cluster_members), member)
	                                 : member_named(listener_members, ARRAY_LEN(listener_members), member);
	void *object = cluster ? (void *)config_cluster_named(c, name, at) : (void *)config_listener_named(c, name, at);
	if (!m)
		finding_error(c->f, "config-unknown", at, "a %s has no \"%.*s\"; see event-gateway.yaml(5)", cluster ? "cluster" : "listener", (int)member.n, member.p);
	else if (file && object)
		read_member(c, m, object, file->root, cluster ? "a cluster" : "a listener");
}

static void read_overrides(struct config *c)
{
	for (size_t i = 0; i < c->in->noverrides; i++) {
		const char *text = c->in->overrides[i], *equals = strchr(text, '=');
		struct span name = span_of(text, strcspn(text, "="));
		struct location at = config_flag(arena_printf(tree_set_arena(c->set), "-o %.*s", (int)name.n, name.p));
		const struct option_row *row = option_find(name);
		if (!equals)
			finding_error(c->f, "option-value", at, "no value; write KEY=VALUE");
		else if (row)
			set_option(c, row, span_str(equals + 1), at);
		else
			override_member(c, name, equals + 1, at);
	}
}

static void read_flags(struct config *c)
{
	struct config_cluster *k = c->in->brokers ? config_cluster_named(c, SPAN_LIT("main"), config_flag("-b")) : NULL;
	struct config_listener *l = c->in->listen ? config_listener_named(c, SPAN_LIT("main"), config_flag("-l")) : NULL;

	if (k) {
		k->nservers = 0;
		each_comma(c, k, c->in->brokers, config_flag("-b"), add_server);
	}
	if (l) {
		l->nbinds = 0;
		each_comma(c, l, c->in->listen, config_flag("-l"), add_bind);
	}
	for (size_t i = 0; i < c->in->ndocuments; i++)
		add_document(c, c->in->documents[i], config_flag(c->in->documents[i]));
}

void config_read(struct config *c)
{
	for (size_t i = 0; i < option_count; i++)
		set_option(c, &option_rows[i], span_str(option_rows[i].initial), config_flag(option_rows[i].name));
	read_file(c);
	read_environment(c);
	read_overrides(c);
	read_flags(c);
}
