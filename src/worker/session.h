/* One client connection and its own connection to a broker, opened at the first complete
 * request header, never shared. Moves bytes, holds frames within the budget, keeps the
 * deadlines, and ends in an order that throws nothing away. What the bytes mean is the
 * protocol adapter's: src/worker/kafka. Worker-private.
 *
 * Ending: DRAINING delivers the answers that are in flight, PARTING sends FIN to the client
 * and reads it to its EOF, LEAVING sends FIN to the broker after its queue. Each has a
 * deadline; an ended session waits on the worker's dead list until the loop turn is over. */
#pragma once

#include "base/list.h"
#include "worker/greeting.h"
#include "worker/kafka/link.h"
#include "worker/peers.h"
#include "worker/reader.h"
#include "worker/stream.h"
#include "worker/wheel.h"

struct worker;
struct dial;

enum session_state {
	SESSION_GREETING,                /* accepted; no complete request header yet, no upstream */
	SESSION_OPEN,                    /* requests are taken; the upstream is there or being reached */
	SESSION_DRAINING,                /* no new requests; answers in flight are still delivered */
	SESSION_PARTING,                 /* all answered, FIN goes to the client; read until EOF */
	SESSION_LEAVING,                 /* client closed; FIN goes to the broker; read until EOF */
	SESSION_DEAD,                    /* on the worker's dead list */
};

enum close_reason {
#define REASON(id, word, level, text) CLOSE_##id,
#include "worker/reason.def"
#undef REASON
	CLOSE_COUNT
};

struct session {
	struct list node;                /* in worker->sessions, or worker->dead */
	struct list starving;            /* in worker->starving while it waits for memory */
	struct worker *worker;
	struct peer_address peer;
	struct greeting *greeting;       /* while a PROXY header is awaited; else NULL */
	struct proxy_ends *told;         /* what it said; NULL: nothing */
	enum session_state state;
	enum close_reason reason;        /* why it left SESSION_OPEN */
	struct stream client, upstream;
	struct reader requests, responses;
	struct dial *dial;               /* while the upstream's name is being resolved */
	struct dial_target *target;      /* what attempts go to; NULL: reached, or none was tried */
	unsigned attempts;               /* to reach it, so far */
	uint64_t attempt_since;          /* ms */
	bool client_eof;                 /* nothing more can be read from it */
	bool taking;                     /* while ending: acks=0 requests are still taken */
	struct wheel_entry timer;
	uint64_t active;                 /* ms: the last byte either way */
	uint64_t frame_since;            /* ms: the request that is held began, or the one that passes last moved; 0: none */
	uint32_t frames_seen;            /* requests complete when frame_since was noted */
	uint64_t state_since;            /* ms */
	uint32_t route;                  /* worker->routes */
	int32_t broker;                  /* broker-port index, -1: bootstrap */
	uint32_t upstream_server;        /* where attempts begin, or which one was reached */
	struct kafka_link link;
};

/* Takes fd, an accepted nonblocking socket, and its peer's place in worker->peers; greeted: a
 * PROXY header comes first. NULL (fd closed, the place kept) without memory. */
struct session *session_new(struct worker *w, int fd, const struct peer_address *peer, bool greeted, uint32_t route, int32_t broker);
/* Starts to reach the upstream, once. */
void session_reach(struct session *s);
/* No further requests; answers in flight are delivered, then both sides end. */
void session_drain(struct session *s, enum close_reason reason);
/* The broker is gone or cannot be trusted: what was answered is written, the rest is lost. */
void session_lose_upstream(struct session *s, enum close_reason reason);
/* At a frame boundary, acks=0 requests that come until the client's EOF are still taken. */
void session_stop(struct session *s);
/* After anything happened: writes, moves states on, pauses or resumes the two sides. */
void session_settle(struct session *s);
void session_timer(struct session *s, uint64_t now);
/* At once, whatever is queued: the process ends. */
void session_kill(struct session *s);
/* Frees what the dead list holds; between loop turns only. */
void session_bury(struct session *s);
/* Memory came back: reads again. */
void session_feed(struct session *s);
/* Of the memory budget. */
bool session_holds_little(const struct session *s);
/* Is there memory again for one that waits for it? */
bool session_is_fed(const struct session *s);
/* Can what its client sends go anywhere? */
bool session_may_be_read(const struct session *s);

static inline bool session_is_ending(const struct session *s)
{
	return s->state > SESSION_OPEN;
}

/* Is there somebody to write to? What comes for nobody is dropped. */
static inline bool session_takes_answers(const struct session *s)
{
	return stream_takes_bytes(&s->client);
}

static inline bool session_takes_requests(const struct session *s)
{
	return stream_takes_bytes(&s->upstream);
}

const char *close_reason_word(enum close_reason r);

/* dial.c calls these. */
void session_connected(struct session *s, int fd, bool in_progress);
void session_unreachable(struct session *s, const char *why);
