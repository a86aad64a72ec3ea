/* Reaching a server without blocking the loop. Owner: worker. */
#include <arpa/inet.h>
#include <errno.h>
#include <event2/dns.h>
#include <event2/util.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "worker/dial.h"
#include "worker/session.h"
#include "worker/worker.h"

/* A broker that is gone is noticed within 30 s, idle or not. Linux takes TCP_USER_TIMEOUT for
 * the silence that ends an idle connection too, whatever TCP_KEEPCNT says: with a longer idle
 * time, one lost probe would end a good one. So there are three of them before it. Idle times
 * differ: connections of one moment must not all probe in another. */
#define UNACKED_MS 30000
#define KEEPALIVE_IDLE_S 10
#define KEEPALIVE_SPREAD_S 8
#define KEEPALIVE_INTERVAL_S 5

struct dial {
	struct worker *worker;
	struct session *session;         /* NULL: cancelled, the resolver has not let go yet */
	struct evdns_getaddrinfo_request *lookup;
	unsigned turn;
	bool direct;                     /* still inside dial_start: the caller settles the session */
};

size_t dial_size(void)
{
	return sizeof(struct dial);
}

static void set_option(int fd, int level, int option, int value)
{
	(void)setsockopt(fd, level, option, &value, sizeof value);
}

static void tune(int fd, uint32_t number)
{
	set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
	set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
	set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, KEEPALIVE_IDLE_S + (int)(number % KEEPALIVE_SPREAD_S));
	set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, KEEPALIVE_INTERVAL_S);
	set_option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, UNACKED_MS);
}

static void connect_to(struct session *s, const struct sockaddr *address, socklen_t len)
{
	int fd = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0) {
		session_unreachable(s, strerror(errno));
		return;
	}
	tune(fd, s->upstream_server);
	int result = connect(fd, address, len);
	if (result < 0 && errno != EINPROGRESS) {
		const char *why = strerror(errno);
		close(fd);
		session_unreachable(s, why);
		return;
	}
	session_connected(s, fd, result < 0);
}

static bool connect_literal(struct session *s, const struct dial_target *t)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons(t->port) };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htons(t->port) };

	if (inet_pton(AF_INET, t->host, &v4.sin_addr) == 1) {
		connect_to(s, (struct sockaddr *)&v4, sizeof v4);
		return true;
	}
	if (inet_pton(AF_INET6, t->host, &v6.sin6_addr) == 1) {
		connect_to(s, (struct sockaddr *)&v6, sizeof v6);
		return true;
	}
	return false;
}

static void dial_free(struct dial *d)
{
	slab_put(&d->worker->dials, d);
}

static const struct evutil_addrinfo *nth_address(const struct evutil_addrinfo *list, unsigned n)
{
	unsigned count = 0;

	for (const struct evutil_addrinfo *a = list; a; a = a->ai_next)
		count++;
	n %= count;
	while (n-- > 0)
		list = list->ai_next;
	return list;
}

static void on_resolved(int result, struct evutil_addrinfo *list, void *arg)
{
	struct dial *d = arg;
	struct session *s = d->session;
	unsigned turn = d->turn;
	bool direct = d->direct;

	if (s)
		s->dial = NULL;
	dial_free(d);
	if (s && result == 0 && list) {
		const struct evutil_addrinfo *a = nth_address(list, turn);
		connect_to(s, a->ai_addr, a->ai_addrlen);
	} else if (s) {
		session_unreachable(s, evutil_gai_strerror(result));
	}
	if (list)
		evutil_freeaddrinfo(list);
	if (s && !direct)
		session_settle(s);
}

static void resolve(struct worker *w, struct session *s, const struct dial_target *t)
{
	struct dial *d = slab_get(&w->dials);
	struct evutil_addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_protocol = IPPROTO_TCP };
	char port[8];

	if (!d) {
		session_unreachable(s, err_text(E_NOMEM));
		return;
	}
	*d = (struct dial){ .worker = w, .session = s, .turn = t->turn, .direct = true };
	snprintf(port, sizeof port, "%u", t->port);
	s->dial = d;
	struct evdns_getaddrinfo_request *lookup = evdns_getaddrinfo(w->dns, t->host, port, &hints, on_resolved, d);
	if (!lookup)
		return;                  /* on_resolved was called already, and d is gone */
	d->lookup = lookup;
	d->direct = false;
}

void dial_start(struct worker *w, struct session *s, const struct dial_target *t)
{
	if (!connect_literal(s, t))
		resolve(w, s, t);
}

void dial_cancel(struct dial *d)
{
	if (!d)
		return;
	d->session = NULL;
	evdns_getaddrinfo_cancel(d->lookup);
}
