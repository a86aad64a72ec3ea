/* The configuration as written: file, environment and flags laid over each other, every
 * finding at its place. Texts live in the arena of the tree_set. Owner: loader. */
#pragma once

#include "asyncapi/asyncapi.h"
#include "loader/loader.h"
#include "loader/option.h"
#include "tree/tree.h"

#define CONFIG_CLUSTERS_MAX 32u
#define CONFIG_LISTENERS_MAX 32u
#define CONFIG_SERVERS_MAX 64u           /* bootstrap addresses of a cluster */
#define CONFIG_BINDS_MAX 16u             /* addresses of a listener */
#define CONFIG_RANGES_MAX 64u            /* of ids, of a listener */
#define CONFIG_NETWORKS_MAX 64u          /* of proxies before a listener */
#define CONFIG_DOCUMENTS_MAX 256u
#define CONFIG_BROKER_PORTS_MAX 1024u

struct config_address {
	const char *host;                /* "" is every address; IPv6 without brackets */
	uint32_t port;
	struct location at;
};

struct config_file {
	const char *path;                /* NULL: not named */
	struct location at;
};

struct config_tls {
	bool present, is_server;
	uint32_t row;                    /* in IMAGE_TLS + 1; 0: none */
	struct config_file cert, key, ca;
	struct location at;
};

struct config_cluster {
	const char *name;
	struct config_tls tls;
	struct config_address servers[CONFIG_SERVERS_MAX];
	size_t nservers;
	uint32_t proxy_protocol;         /* version; 0: none */
	struct location at;
};

struct config_range {                    /* brokers of ids from first_id on are at the ports from port on */
	uint32_t first_id, n, port;
};

struct config_listener {
	const char *name, *cluster;      /* cluster NULL: main, or the only one */
	struct config_address binds[CONFIG_BINDS_MAX];
	size_t nbinds;
	const char *advertise;           /* "" is the local address of the connection */
	struct config_range ranges[CONFIG_RANGES_MAX];   /* of broker ports; none yet: the default */
	size_t nranges;
	bool by_id;                      /* else there is one range, and ids are taken modulo its size */
	struct settings_network networks[CONFIG_NETWORKS_MAX];   /* of proxies */
	size_t nnetworks;
	struct config_tls tls;
	struct location at, cluster_at, ports_at;
};

struct config_document {
	const char *path;
	struct location at;
};

struct config {
	const struct loader_input *in;
	struct findings *f;
	struct tree_set *set;
	struct image_builder *b;
	struct settings settings;        /* texts already in the builder */
	struct config_cluster clusters[CONFIG_CLUSTERS_MAX];
	struct config_listener listeners[CONFIG_LISTENERS_MAX];
	struct config_document documents[CONFIG_DOCUMENTS_MAX];
	struct asyncapi_rule *rules;
	size_t nclusters, nlisteners, ndocuments, nrules;
	const char *folder;              /* that documents of the file are relative to, with its slash */
	bool from_command_line;          /* -b: the cluster's servers come from no file */
};

/* Reads all layers; wrong things are findings. */
void config_read(struct config *c);
/* After the documents are known: the parts that default to something, and what must fit
 * together. a may be NULL. */
void config_complete(struct config *c, const struct asyncapi *a);

/* ---- shared by the files of the loader ---- */

/* HOST:PORT, [V6]:PORT, *:PORT; false when it is none. host is in the arena. */
bool config_address_parse(struct config *c, struct span text, struct config_address *out);
/* ADDRESS or ADDRESS/BITS; false when it is none, or when it has bits beyond those that count. */
bool config_network_parse(struct span text, struct settings_network *out);
/* Two addresses that reach the same socket, as far as names tell without a network. */
bool config_address_is_same(const struct config_address *upstream, const char *bind_host, uint32_t bind_port);
/* Broker ports of a listener. */
uint32_t config_port_count(const struct config_listener *l);
struct location config_flag(const char *name);
/* Reads and checks the files of t, with findings, and gives it its row. */
void config_load_tls(struct config *c, struct config_tls *t, const char *whose);
struct config_cluster *config_cluster_named(struct config *c, struct span name, struct location at);
struct config_listener *config_listener_named(struct config *c, struct span name, struct location at);
