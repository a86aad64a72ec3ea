/* A nonblocking connection with a queue of pieces. Owner: worker. */
#include <arpa/inet.h>
#include <errno.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "worker/proxy.h"
#include "worker/stream.h"

#define PIECES_KEPT 1024
#define IOV_MOST 64

void stream_pool_init(struct stream_pool *p, struct event_base *base, struct blocks *blocks)
{
	*p = (struct stream_pool){ .base = base, .blocks = blocks };
	slab_init(&p->pieces, sizeof(struct piece), PIECES_KEPT);
}

void stream_pool_fini(struct stream_pool *p)
{
	slab_fini(&p->pieces);
}

void stream_init(struct stream *s, struct stream_pool *pool, void (*ready)(struct stream *, enum stream_event))
{
	*s = (struct stream){ .pool = pool, .fd = -1, .state = STREAM_WAITING, .ready = ready };
}

static void on_read(evutil_socket_t fd, short what, void *arg)
{
	struct stream *s = arg;

	(void)fd, (void)what;
	s->ready(s, STREAM_READABLE);
}

static void on_write(evutil_socket_t fd, short what, void *arg)
{
	struct stream *s = arg;
	bool held_up = s->held_up;

	(void)fd, (void)what;
	s->held_up = s->blocked = false;
	s->ready(s, held_up && s->reading ? STREAM_READABLE : STREAM_WRITABLE);
}

static void want_write(struct stream *s, bool want)
{
	if (want == s->writing)
		return;
	s->writing = want;
	if (want)
		INVARIANT(event_add(&s->on_write, NULL) == 0);
	else
		event_del(&s->on_write);
}

void stream_open(struct stream *s, int fd, enum stream_state state)
{
	INVARIANT(s->state == STREAM_WAITING);
	s->fd = fd;
	s->state = state;
	s->received = s->sent = 0;
	event_assign(&s->on_read, s->pool->base, fd, EV_READ | EV_PERSIST, on_read, s);
	event_assign(&s->on_write, s->pool->base, fd, EV_WRITE | EV_PERSIST, on_write, s);
	want_write(s, state == STREAM_CONNECTING);
}

int stream_secure(struct stream *s, struct ssl_ctx_st *ctx, const char *host)
{
	s->tls = tls_open(ctx, s->fd, host);
	if (!s->tls)
		return E_NOMEM;
	if (s->state == STREAM_OPEN) {
		s->state = STREAM_SHAKING;
		want_write(s, host != NULL);     /* a client speaks first */
	}
	return 0;
}

int stream_shake(struct stream *s)
{
	enum tls_wants wants;
	int error = tls_shake(s->tls, &wants);

	if (error == E_AGAIN)
		want_write(s, wants == TLS_WANTS_WRITE);
	if (error)
		return error;
	s->state = STREAM_OPEN;
	s->more = true;
	want_write(s, s->first != NULL);
	if (s->reading)
		event_active(&s->on_read, EV_READ, 0);
	return 0;
}

const char *stream_why(const struct stream *s)
{
	return s->tls && s->state != STREAM_CONNECTING ? tls_why(s->tls) : strerror(errno);
}

const char *stream_asked_host(const struct stream *s)
{
	return s->tls ? tls_asked_name(s->tls) : NULL;
}

static void drop_first(struct stream *s)
{
	struct piece *p = s->first;

	s->first = p->next;
	if (!s->first)
		s->last = NULL;
	s->queued -= p->n;
	block_put(s->pool->blocks, p->block);
	slab_put(&s->pool->pieces, p);
}

void stream_abandon(struct stream *s)
{
	if (!stream_is_open(s))
		return;
	stream_pause(s);
	want_write(s, false);
	tls_close(s->tls);
	s->tls = NULL;
	s->more = s->held_up = s->blocked = false;
	close(s->fd);
	s->fd = -1;
	s->state = STREAM_WAITING;
}

void stream_close(struct stream *s)
{
	while (s->first)
		drop_first(s);
	stream_abandon(s);
	s->state = STREAM_CLOSED;
}

bool stream_local_host(const struct stream *s, char *out, size_t n)
{
	struct sockaddr_storage a = { 0 };
	socklen_t len = sizeof a;

	if (s->fd < 0 || getsockname(s->fd, (struct sockaddr *)&a, &len) < 0 || (a.ss_family != AF_INET && a.ss_family != AF_INET6))
		return false;
	struct proxy_end e = proxy_end_of((struct sockaddr *)&a);
	proxy_end_text(&e, out, n);
	return true;
}

int stream_connected(struct stream *s)
{
	int error = 0;
	socklen_t n = sizeof error;

	if (getsockopt(s->fd, SOL_SOCKET, SO_ERROR, &error, &n) < 0)
		return E_SYS;
	errno = error;
	if (error)
		return E_SYS;
	s->state = s->tls ? STREAM_SHAKING : STREAM_OPEN;
	want_write(s, s->tls || s->first);
	return 0;
}

/* A record at a time until all is full or nothing is there: the descriptor does not tell of
 * what OpenSSL has read already. */
static int read_tls(struct stream *s, const struct iovec *iov, int niov, size_t *n)
{
	enum tls_wants wants = TLS_WANTS_READ;
	int error = 0;

	*n = 0;
	for (int i = 0; i < niov && !error; i++) {
		size_t got, filled = 0;
		while (!error && filled < iov[i].iov_len) {
			error = tls_read(s->tls, (char *)iov[i].iov_base + filled, iov[i].iov_len - filled, &got, &wants);
			filled += error ? 0 : got;
		}
		*n += filled;
	}
	s->more = !error || (error != E_AGAIN && *n > 0);     /* an end is told when the bytes before it are taken */
	s->held_up = error == E_AGAIN && wants == TLS_WANTS_WRITE;
	if (s->held_up)
		want_write(s, true);
	if (s->more && s->reading)
		event_active(&s->on_read, EV_READ, 0);
	s->received += *n;
	return *n > 0 ? 0 : error;
}

int stream_read(struct stream *s, struct iovec *iov, int niov, size_t *n)
{
	ssize_t got;

	if (s->tls)
		return read_tls(s, iov, niov, n);
	do
		got = niov == 1 ? read(s->fd, iov->iov_base, iov->iov_len) : readv(s->fd, iov, niov);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return errno == EAGAIN ? E_AGAIN : E_SYS;
	if (got == 0)
		return E_EOF;
	*n = (size_t)got;
	s->received += (uint64_t)got;
	return 0;
}

void stream_pause(struct stream *s)
{
	if (!s->reading)
		return;
	s->reading = false;
	event_del(&s->on_read);
}

void stream_resume(struct stream *s)
{
	if (s->reading || !stream_is_open(s) || s->state == STREAM_CONNECTING)
		return;
	s->reading = true;
	INVARIANT(event_add(&s->on_read, NULL) == 0);
	if (s->more)
		event_active(&s->on_read, EV_READ, 0);
}

static int append(struct stream *s, struct block *block, struct span bytes)
{
	struct piece *p = slab_get(&s->pool->pieces);

	if (!p) {
		block_put(s->pool->blocks, block);
		return E_NOMEM;
	}
	*p = (struct piece){ .block = block, .p = bytes.p, .n = bytes.n };
	if (s->last)
		s->last->next = p;
	else
		s->first = p;
	s->last = p;
	s->queued += bytes.n;
	return 0;
}

int stream_lend(struct stream *s, struct span bytes)
{
	struct piece *last = s->last;

	if (bytes.n == 0)
		return 0;
	if (last && !last->block && last->p + last->n == bytes.p) {
		last->n += bytes.n;
		s->queued += bytes.n;
		return 0;
	}
	return append(s, NULL, bytes);
}

int stream_give(struct stream *s, struct block *block, struct span bytes)
{
	if (bytes.n == 0) {
		block_put(s->pool->blocks, block);
		return 0;
	}
	return append(s, block, bytes);
}

/* The room behind what the last owned piece holds. */
static size_t tail_room(const struct stream *s)
{
	const struct piece *last = s->last;

	if (!last || !last->block)
		return 0;
	return (size_t)(last->block->bytes + last->block->cap - (last->p + last->n));
}

int stream_copy(struct stream *s, struct span bytes)
{
	if (bytes.n == 0)
		return 0;
	if (tail_room(s) >= bytes.n) {
		memcpy((uint8_t *)s->last->p + s->last->n, bytes.p, bytes.n);
		s->last->n += bytes.n;
		s->queued += bytes.n;
		return 0;
	}
	struct block *b = block_get(s->pool->blocks, bytes.n, BLOCK_BEYOND_LIMIT);
	if (!b)
		return E_NOMEM;
	memcpy(b->bytes, bytes.p, bytes.n);
	return append(s, b, span_of(b->bytes, bytes.n));
}

static void advance(struct stream *s, size_t n)
{
	s->sent += n;
	while (n > 0) {
		struct piece *p = s->first;
		if (p->n > n) {
			p->p += n;
			p->n -= n;
			s->queued -= n;
			return;
		}
		n -= p->n;
		drop_first(s);
	}
}

static int write_tls(struct stream *s)
{
	enum tls_wants wants;
	size_t put;

	while (s->first) {
		int error = tls_write(s->tls, s->first->p, s->first->n, &put, &wants);
		if (error)
			return error;
		advance(s, put);
	}
	return 0;
}

/* 0: all written; E_AGAIN: the socket is full. */
static int write_pieces(struct stream *s)
{
	if (s->tls)
		return write_tls(s);
	while (s->first && !s->blocked) {
		struct iovec iov[IOV_MOST];
		int niov = 0;
		size_t asked = 0;
		for (struct piece *p = s->first; p && niov < IOV_MOST; p = p->next) {
			iov[niov++] = (struct iovec){ (void *)p->p, p->n };
			asked += p->n;
		}
		struct msghdr m = { .msg_iov = iov, .msg_iovlen = (size_t)niov };
		ssize_t n = sendmsg(s->fd, &m, MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno != EAGAIN)
			return E_SYS;
		advance(s, n < 0 ? 0 : (size_t)n);
		s->blocked = n < 0 || (size_t)n < asked;
	}
	return s->first ? E_AGAIN : 0;
}

/* Copies what is only borrowed, packing neighbours into one block. */
static int own_pieces(struct stream *s)
{
	size_t borrowed = 0;

	for (struct piece *p = s->first; p; p = p->next)
		borrowed += p->block ? 0 : p->n;
	if (borrowed == 0)
		return 0;
	struct piece *rest = s->first;
	s->first = s->last = NULL;
	s->queued = 0;
	int error = 0;
	while (rest) {
		struct piece *p = rest;
		rest = p->next;
		if (error)
			block_put(s->pool->blocks, p->block);
		else if (p->block)
			error = stream_give(s, p->block, span_of(p->p, p->n));
		else
			error = stream_copy(s, span_of(p->p, p->n));
		slab_put(&s->pool->pieces, p);
	}
	return error;
}

/* close_notify under TLS, then FIN. */
static void say_end(struct stream *s)
{
	enum tls_wants wants;

	if (s->tls && tls_finish(s->tls, &wants) == E_AGAIN) {
		want_write(s, true);
		return;                          /* the next flush tries again */
	}
	shutdown(s->fd, SHUT_WR);
	s->state = STREAM_FINISHED;
}

int stream_flush(struct stream *s)
{
	if (s->state == STREAM_CLOSED || s->state == STREAM_FINISHED)
		return 0;
	bool early = s->state < STREAM_OPEN;
	int error = early ? E_AGAIN : write_pieces(s);
	if (error == E_AGAIN)
		error = own_pieces(s);
	if (error || early)
		return error;
	want_write(s, s->first || s->held_up);
	if (!s->first && s->state == STREAM_FINISHING)
		say_end(s);
	return 0;
}

void stream_finish(struct stream *s)
{
	if (s->state == STREAM_SHAKING && !s->first) {
		shutdown(s->fd, SHUT_WR);
		s->state = STREAM_FINISHED;
	}
	if (s->state != STREAM_OPEN)
		return;
	s->state = STREAM_FINISHING;
	if (!s->first)
		say_end(s);
}
