/* The worker process: one thread, one event base, sessions. It listens on slots that the
 * master owns and takes orders on the control channel. */
#pragma once

#include <event2/event.h>

#include "base/list.h"
#include "base/log.h"
#include "contract/contract.h"
#include "heritage.h"
#include "shm/stats.h"
#include "shm/topology.h"
#include "worker/failures.h"
#include "worker/generation.h"
#include "worker/kafka/tools.h"
#include "worker/session.h"
#include "worker/stream.h"
#include "worker/wheel.h"

#define WORKER_ROUTES_MAX 256
#define WORKER_SCRATCH ((256u << 10) - sizeof(struct block))    /* bytes of one read */

/* A listener by name: sessions keep the number of a route, which outlives generations. */
struct route {
	char name[64];
	uint32_t listener;               /* index in the generation in force; UINT32_MAX: gone */
	uint32_t cluster;                /* likewise */
	uint64_t cluster_key;            /* topology_key of the cluster's name */
	char cluster_name[64];
};

struct slot {
	struct worker *worker;
	const struct heritage_slot *heritage;
	uint32_t route;
	bool wanted, listening;          /* by the master's map; its event is armed */
	struct event on_accept;
};

struct worker {
	const struct heritage *heritage;
	struct event_base *base;
	struct evdns_base *dns;
	struct blocks blocks;
	struct stream_pool streams;
	struct slab session_slab, exchanges, blanks, dials, targets;
	struct list sessions, dead;
	struct list starving;            /* sessions that wait for memory: those that hold little first */
	struct session *favoured;        /* the one that may pass the budget */
	uint64_t favoured_since;         /* ms */
	bool favour_is_small;            /* it ends when the session holds much */
	bool nobody_to_favour;           /* as last looked, since the last tick */
	size_t nsessions;
	uint32_t passes_left;            /* to siblings, in this tick */
	struct peers peers;              /* their addresses */
	uint32_t next_server;            /* bootstrap servers take turns */
	struct failures failures;        /* of servers, bootstrap ones and brokers */
	struct wheel wheel;
	struct event on_tick, on_control, on_accept_again;
	struct generation *in_force, *prepared;
	struct route routes[WORKER_ROUTES_MAX];
	size_t nroutes;
	struct slot *slots;
	bool accepting_paused;           /* no descriptors or no memory: until on_accept_again */
	bool stopping;                   /* QUIT or the master is gone: no accepts, sessions end */
	uint64_t stop_due;
	struct stats stats;
	struct stats_writer counters;
	bool has_stats, has_topology;
	uint64_t log_dropped;            /* lines lost, as far as they are counted */
	struct topology topology;
	struct kafka_tools kafka;
	uint64_t log_filled;             /* rate of lines about peers */
	unsigned log_tokens, log_held_back;
};

/* The child's main; returns its exit status. */
int worker_main(const struct heritage *h);

const struct route *worker_route(const struct worker *w, uint32_t route);
/* Settings of a listener; NULL when its name is gone. */
const struct settings_listener *worker_listener(const struct worker *w, uint32_t route);
const struct settings *worker_settings(const struct worker *w);
struct iovec worker_scratch(const struct worker *w);
/* As much of it as may be read at once now. */
struct iovec worker_reading(const struct worker *w);

void worker_count(struct worker *w, enum stats_metric m, int64_t delta);
void worker_count_refused(struct worker *w, const char *reason);      /* a connection */
void worker_count_close(struct worker *w, enum close_reason reason);
void worker_count_authentication(struct worker *w, const char *mechanism, bool accepted);
void worker_count_request(struct worker *w, const struct kafka_row *row);
void worker_count_local(struct worker *w, const struct kafka_row *row);
void worker_note_sessions(struct worker *w);      /* how many there are, for siblings and the master */
void worker_note_reach(struct worker *w, uint32_t route, bool reached);

/* Lines about peers are rate-limited: false means hold this one back (it is counted, and the
 * next line that passes is followed by how many were). */
bool worker_may_log(struct worker *w);
/* A line about a session's client. */
void worker_log_peer(struct session *s, enum log_level level, const char *text);

/* accept.c */
int accept_open(struct worker *w) MUST_CHECK;
/* A connection that another worker passed on. */
void accept_passed(struct worker *w, size_t slot, int fd);
void accept_apply(struct worker *w, const uint8_t *map);    /* NULL: none */
void accept_rename(struct worker *w);                        /* routes changed */
void accept_close(struct worker *w);

/* orders.c */
int orders_open(struct worker *w) MUST_CHECK;
void orders_close(struct worker *w);
/* Puts a generation in force. Between frames only. */
void worker_adopt(struct worker *w, struct generation *g);
void worker_stop(struct worker *w);
