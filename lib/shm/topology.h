/* Who the brokers are, as each worker last learned from a Metadata answer. A part per
 * worker, only that worker writes it; readers take the newest over all parts. A cluster
 * is known by a key that survives reloads: topology_key of its name. */
#pragma once

#include "shm/region.h"

#define TOPOLOGY_CLUSTERS_MAX 32
#define TOPOLOGY_BROKERS_MAX 1024        /* of one cluster */
#define TOPOLOGY_HOST_MAX 256            /* with its NUL */

struct topology_broker {
	int32_t id;
	uint32_t port;
	char host[TOPOLOGY_HOST_MAX];
};

struct topology {                        /* a mapping of the whole region */
	struct region region;
	size_t nworkers;
};

int topology_create(size_t nworkers) MUST_CHECK;     /* the master; the fd or a negative error */
int topology_map(struct topology *t, int fd) MUST_CHECK;
void topology_unmap(struct topology *t);

uint64_t topology_key(struct span cluster_name);

/* ---- the worker ---- */

/* Replaces what this worker knows of the cluster. E_LIMIT: too many brokers or clusters;
 * then nothing changes. now_ms is clock_ms(), the same clock for every worker. */
int topology_publish(struct topology *t, size_t worker, uint64_t cluster, const struct topology_broker *brokers,
                     size_t n, uint64_t now_ms) MUST_CHECK;
/* A connection to a server of the cluster was established, or could not be. */
void topology_note_reach(struct topology *t, size_t worker, uint64_t cluster, bool reached, uint64_t now_ms);

/* ---- readers ---- */

/* When the newest table of the cluster was learned, 0: never. One pass over the parts,
 * cheap enough to ask before every use of a cached copy. */
uint64_t topology_stamp(const struct topology *t, uint64_t cluster);
/* Copies the newest whole table, at most max brokers; *stamp as above. E_NOENT: nobody
 * has learned a whole one; E_LIMIT: more than max; E_AGAIN: writers keep changing it. */
int topology_newest(const struct topology *t, uint64_t cluster, struct topology_broker *out, size_t max, size_t *n,
                    uint64_t *stamp) MUST_CHECK;

struct topology_reach {
	uint64_t reached_ms, failed_ms;  /* newest over all workers, clock_ms; 0: never */
};

struct topology_reach topology_reach(const struct topology *t, uint64_t cluster);
