/* A nonblocking connection: reads into whatever the caller offers, writes a queue of
 * borrowed and owned pieces with writev, and says when it can go on. The face that
 * plain TCP and TLS share: no caller touches the descriptor. Worker-private.
 *
 * Borrowed pieces live until the next stream_flush, which writes what the socket takes
 * and copies the rest. So bytes that pass at once are never copied. */
#pragma once

#include <event2/event_struct.h>
#include <sys/uio.h>

#include "worker/block.h"
#include "worker/tls.h"

/* The kernel's buffers keep a connection busy; what waits here was copied, so little may. */
#define STREAM_HIGH (64u << 10)          /* unsent bytes at which the other side is not read */
#define STREAM_LOW (16u << 10)           /* and at which it is read again; when memory is short: any, and none */

struct piece {
	struct piece *next;
	struct block *block;             /* owned, NULL: borrowed */
	const uint8_t *p;
	size_t n;
};

/* What streams of a worker share. */
struct stream_pool {
	struct event_base *base;
	struct blocks *blocks;
	struct slab pieces;
};

enum stream_state {
	STREAM_WAITING,                  /* no descriptor yet; what is queued waits for one */
	STREAM_CONNECTING,
	STREAM_SHAKING,                  /* TLS: hands are being shaken */
	STREAM_OPEN,
	STREAM_FINISHING,                /* SHUT_WR goes out after the queue */
	STREAM_FINISHED,                 /* SHUT_WR is out; only reading is left */
	STREAM_CLOSED,
};

enum stream_event { STREAM_READABLE, STREAM_WRITABLE };

struct stream {
	struct stream_pool *pool;
	int fd;
	enum stream_state state;
	bool reading, writing;           /* which events are armed */
	bool blocked;                    /* the descriptor is full, and on_write says when not */
	bool more;                       /* TLS: there may be bytes that the descriptor does not tell of */
	bool held_up;                    /* TLS: reading waits for the descriptor to take bytes */
	struct ssl_st *tls;              /* NULL: plain */
	struct piece *first, *last;
	size_t queued;                   /* bytes of all pieces */
	uint64_t received, sent;         /* bytes since open */
	void (*ready)(struct stream *, enum stream_event);
	struct event on_read, on_write;
};

void stream_pool_init(struct stream_pool *p, struct event_base *base, struct blocks *blocks);
void stream_pool_fini(struct stream_pool *p);

void stream_init(struct stream *s, struct stream_pool *pool, void (*ready)(struct stream *, enum stream_event));
/* Takes the descriptor, which must be nonblocking. Reading starts paused. */
void stream_open(struct stream *s, int fd, enum stream_state state);
/* TLS on a stream that was just opened: as a server, or (host) as a client that wants a
 * certificate of that host. E_NOMEM. */
int stream_secure(struct stream *s, struct ssl_ctx_st *ctx, const char *host) MUST_CHECK;
/* On either event while SHAKING: 0 and OPEN, E_AGAIN, or E_SYS: stream_why. */
int stream_shake(struct stream *s) MUST_CHECK;
/* Why the last thing that was tried failed with E_SYS. */
const char *stream_why(const struct stream *s);
/* The host that a client asked for by TLS; NULL: none. */
const char *stream_asked_host(const struct stream *s);
void stream_close(struct stream *s);     /* for good; drops what is queued */
void stream_abandon(struct stream *s);   /* a failed attempt to connect: keeps the queue for the next */
/* The local address as a client dialled it: "127.0.0.1", "::1"; false: unknown. */
bool stream_local_host(const struct stream *s, char *out, size_t n);
/* After STREAM_WRITABLE while CONNECTING: 0, OPEN or SHAKING from here on, or E_SYS. */
int stream_connected(struct stream *s) MUST_CHECK;

/* At most the iov's bytes; *n > 0 on success. E_AGAIN, E_EOF, E_SYS. */
int stream_read(struct stream *s, struct iovec *iov, int niov, size_t *n) MUST_CHECK;
void stream_pause(struct stream *s);
void stream_resume(struct stream *s);

/* Queue bytes. lend: valid until the next flush. give: the stream owns the block from
 * here on, whatever is returned. copy: small things of our own. E_NOMEM. */
int stream_lend(struct stream *s, struct span bytes) MUST_CHECK;
int stream_give(struct stream *s, struct block *block, struct span bytes) MUST_CHECK;
int stream_copy(struct stream *s, struct span bytes) MUST_CHECK;
/* Writes what the socket takes; the rest is owned afterwards. E_SYS, E_NOMEM. */
int stream_flush(struct stream *s) MUST_CHECK;
/* SHUT_WR once the queue is written. */
void stream_finish(struct stream *s);

static inline bool stream_is_open(const struct stream *s)
{
	return s->state != STREAM_CLOSED && s->state != STREAM_WAITING;
}

static inline bool stream_takes_bytes(const struct stream *s)
{
	return s->state <= STREAM_OPEN;
}

static inline bool stream_is_full(const struct stream *s)
{
	return s->queued >= (blocks_level(s->pool->blocks) == BLOCKS_AMPLE ? STREAM_HIGH : 1);
}

static inline bool stream_has_room(const struct stream *s)
{
	return s->queued <= (blocks_level(s->pool->blocks) == BLOCKS_AMPLE ? STREAM_LOW : 0);
}
