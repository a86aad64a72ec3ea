/* Settings in the image: written by the loader, read by master, workers and admin.
 * Fixed-width, no pointers; texts are struct image_str. Every row of
 * src/loader/option.def that is no list ends in a field of struct settings. */
#pragma once

#include "image/image.h"

struct settings {
	uint32_t workers;                  /* resolved: never 0 */
	uint32_t log_format, log_level;    /* enum log_format, enum log_level */
	uint32_t limit_connections;        /* per worker */
	uint32_t limit_connections_per_address; /* likewise; 0: none */
	uint64_t limit_frame;              /* bytes */
	uint64_t limit_worker_memory;      /* bytes of held frames and buffers per worker */
	uint32_t limit_idle_ms;
	uint32_t limit_header_ms;
	uint32_t policy_invalid, policy_undeclared, policy_ambiguous, policy_undecidable; /* enum action of a record's verdict */
	uint32_t documents_agree;          /* 0 all: every declaring document must accept, 1 any */
	struct image_str admin_bind;       /* "127.0.0.1:9664", "" is off */
	struct image_str store;            /* "" is off */
	struct image_str log_file;         /* "" is stderr */
	struct image_str control;          /* path of control.sock; "" is off */
	struct image_str user;             /* that children drop to when the master is root */
};

struct settings_server {                   /* a bootstrap address of a cluster */
	struct image_str host;
	uint32_t port;
	uint32_t reserved;
};

struct settings_blob {                     /* bytes of IMAGE_TLS_DATA; len 0: none */
	uint32_t off, len;
};

struct settings_tls {                      /* PEM */
	struct settings_blob cert, key;    /* ours: of a listener always, to brokers when they ask for it */
	struct settings_blob ca;           /* whom we trust: none on a listener asks clients for no certificate,
	                                    * none on a cluster is the system's store */
};

struct settings_cluster {
	struct image_str name;
	uint32_t first_server, nservers;   /* in IMAGE_SERVERS */
	uint32_t tls;                      /* index in IMAGE_TLS + 1; 0: plain text */
	uint32_t proxy_protocol;           /* version of the header that brokers get; 0: none */
};

struct settings_bind {                     /* one listening address of a listener */
	struct image_str host;             /* "" is every address */
	uint32_t port;
	uint32_t listener;
	int32_t broker;                    /* -1 bootstrap, else slot of the broker port */
	uint32_t reserved;
};

/* Brokers of ids from first_id on have the ports from port on; slots count on over all ranges
 * of a listener. */
struct settings_range {
	uint32_t first_id, n;
	uint32_t port, slot;
};

struct settings_network {
	uint8_t address[16];               /* IPv6, IPv4 mapped into it */
	uint32_t bits;                     /* of it that count, 0 to 128 */
};

struct settings_listener {
	struct image_str name;
	uint32_t cluster;
	uint32_t first_bind, nbinds;       /* in IMAGE_BINDS */
	struct image_str advertise_host;   /* "" is the local address of the connection */
	uint32_t broker_port_base, broker_port_count; /* broker n is base + n mod count; with ranges only their count holds */
	uint32_t first_range, nranges;     /* in IMAGE_RANGES */
	uint32_t tls;                      /* as of a cluster */
	uint32_t first_network, nnetworks; /* in IMAGE_NETWORKS: whose connections begin with a PROXY header */
};

struct settings_view {
	const struct settings *settings;
	const struct settings_cluster *clusters;
	const struct settings_server *servers;
	const struct settings_listener *listeners;
	const struct settings_bind *binds;
	const struct settings_tls *tls;
	const struct settings_network *networks;
	const struct settings_range *ranges;
	size_t nclusters, nservers, nlisteners, nbinds, ntls, nnetworks, nranges;
};

/* PEM of a blob; null: none. */
struct span settings_blob_span(const struct image *img, struct settings_blob b);

/* The broker-port slot of a broker's id, and its port; -1: it has none. */
int32_t settings_broker_slot(const struct settings_view *v, const struct settings_listener *l, int32_t id);
uint32_t settings_slot_port(const struct settings_view *v, const struct settings_listener *l, int32_t slot);

/* Verifies every index and text; run once per mapped image. */
int settings_open(struct settings_view *v, const struct image *img) MUST_CHECK;
