/* What admin knows: the shared regions, the image in force and the last reload, and what
 * is said about them as texts. No sockets and no loop in here. */
#pragma once

#include "base/buf.h"
#include "image/image.h"
#include "settings.h"
#include "shm/stats.h"
#include "shm/topology.h"

struct facts_reload {
	int64_t wall_ms;                 /* when it ended; 0: none since the start */
	bool committed;
	char *findings;                  /* lines, owned; NULL: none */
};

struct facts {
	struct stats stats;
	struct topology topology;        /* region.base NULL when there is none */
	struct image image;              /* base NULL before the first commit */
	struct settings_view settings;   /* of image */
	uint64_t committed_ms;           /* clock_ms of the swap */
	struct facts_reload reload;
};

#define FACTS_STUCK_MS 2000u             /* a worker without a heartbeat for so long is stuck */

enum facts_worker_state { FACTS_WORKER_MISSING, FACTS_WORKER_STARTING, FACTS_WORKER_STUCK, FACTS_WORKER_SERVING };

enum facts_worker_state facts_worker_state(const struct stats_worker *w, uint64_t now_ms);
const char *facts_worker_word(enum facts_worker_state s);

/* True when clients can be sent here. Each line added to why is a reason against it
 * ("not: ...") or something an operator should know all the same ("note: ..."). */
bool facts_ready(const struct facts *f, uint64_t now_ms, struct buf *why);

/* Prometheus text format 0.0.4, into out. E_NOMEM. */
int facts_metrics(const struct facts *f, uint64_t now_ms, struct buf *out) MUST_CHECK;
/* The JSON object of /v1/status on one line, into out. E_NOMEM. */
int facts_status(const struct facts *f, uint64_t now_ms, struct buf *out) MUST_CHECK;
