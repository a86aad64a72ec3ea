/* Slots: the listening sockets, opened once and the master's for life, and the map that
 * says which worker accepts on which. Runs in the master.
 *
 * Each address has a set of SO_REUSEPORT sockets, one a worker. Every worker inherits all
 * of them; a dead or stuck worker's slots go to the others at once, so that no accept
 * queue is ever a black hole, and none is closed, which would reset what waits in it. */
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "master/internal.h"

#define BACKLOG 4096

/* The first socket of an address is bound without SO_REUSEPORT, which is set after: a
 * second instance then gets EADDRINUSE instead of half of the clients. */
static int open_socket(const struct addrinfo *a, bool first)
{
	int fd = socket(a->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), one = 1;

	if (fd < 0)
		return -1;
	bool ok = setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) == 0;
	if (ok && a->ai_family == AF_INET6) {
		/* [::] takes IPv4 too, as people expect; a literal address is itself only. */
		const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)a->ai_addr;
		int only = !IN6_IS_ADDR_UNSPECIFIED(&in6->sin6_addr);
		ok = setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof only) == 0;
	}
	if (ok && !first)
		ok = setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof one) == 0;
	if (ok)
		ok = bind(fd, a->ai_addr, a->ai_addrlen) == 0;
	if (ok && first)
		ok = setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof one) == 0;
	if (ok)
		return fd;
	int saved = errno;
	close(fd);
	errno = saved;
	return -1;
}

static int open_set(struct slots *s, const struct addrinfo *a, struct heritage_slot row, uint32_t members)
{
	for (row.member = 0; row.member < members; row.member++) {
		row.fd = open_socket(a, row.member == 0);
		if (row.fd < 0)
			return E_SYS;
		s->items[s->n++] = row;
	}
	/* listen() only when all members are bound: a connection is then hashed over all. */
	for (uint32_t i = 0; i < members; i++)
		if (listen(s->items[s->n - members + i].fd, BACKLOG) < 0)
			return E_SYS;
	return 0;
}

static int open_bind(struct slots *s, const struct settings_bind *b, uint32_t index, const struct image *img,
                     uint32_t members, struct buf *why)
{
	struct addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV };
	struct addrinfo *a = NULL;
	char port[8];
	const char *host = image_text(img, b->host);

	snprintf(port, sizeof port, "%u", b->port);
	int r = getaddrinfo(*host ? host : NULL, port, &hints, &a);
	if (r != 0) {
		buf_printf(why, "cannot listen on %s:%u: %s", *host ? host : "*", b->port, gai_strerror(r));
		return E_SYS;
	}
	struct heritage_slot row = { .bind = index, .port = (uint16_t)b->port, .broker = b->broker, .listener = b->listener };
	r = open_set(s, a, row, members);
	if (r < 0)
		buf_printf(why, "cannot listen on %s:%u: %s%s", *host ? host : "*", b->port, strerror(errno),
		           errno == EADDRINUSE ? "; another server, or another event-gateway, has it" : "");
	freeaddrinfo(a);
	return r;
}

int slots_open(struct slots *s, const struct settings_view *v, const struct image *img, uint32_t members, struct buf *why)
{
	size_t n = v->nbinds * members;

	*s = (struct slots){ 0 };
	if (n > HERITAGE_SLOTS_MAX) {
		buf_printf(why, "%zu listening sockets (%zu addresses x %u workers) are too many; at most %d: use fewer broker ports or workers",
		           n, v->nbinds, members, HERITAGE_SLOTS_MAX);
		return E_LIMIT;
	}
	s->items = calloc(n ? n : 1, sizeof *s->items);
	if (!s->items)
		return E_NOMEM;
	for (size_t i = 0; i < v->nbinds; i++) {
		int r = open_bind(s, &v->binds[i], (uint32_t)i, img, members, why);
		if (r < 0)
			return r;
	}
	return 0;
}

void slots_close(struct slots *s)
{
	for (size_t i = 0; i < s->n; i++)
		close(s->items[i].fd);
	free(s->items);
	*s = (struct slots){ 0 };
}

static bool can_accept(const struct child *c)
{
	return c->kind == CHILD_WORKER && c->state == CHILD_SERVING && !c->stuck;
}

/* Worker `home` itself, or the next one that can; NULL when none can. */
static struct child *owner_of(struct master *m, uint32_t home)
{
	for (uint32_t i = 0; i < m->nworkers; i++) {
		struct child *c = &m->children[(home + i) % m->nworkers];
		if (can_accept(c))
			return c;
	}
	return NULL;
}

void slots_share(struct master *m)
{
	uint32_t leave = m->state == MASTER_QUITTING || m->state == MASTER_STOPPING;

	child_each(c, m) {
		if (c->kind != CHILD_WORKER || c->state != CHILD_SERVING)
			continue;
		struct control_message message = control_of(CONTROL_SLOTS, m->generation);
		message.worker = c->index;
		for (size_t i = 0; i < m->slots.n && !leave; i++)
			if (owner_of(m, m->slots.items[i].member) == c)
				control_set_slot(&message, i);
		if (memcmp(message.slots, c->slots, sizeof c->slots) == 0)
			continue;
		memcpy(c->slots, message.slots, sizeof c->slots);
		if (child_send(c, &message, -1) < 0)
			log_warn("worker %u cannot be told its slots", c->index);
	}
}
