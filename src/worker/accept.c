/* Accepting on the listening sockets that the master owns. Owner: worker. */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "worker/balance.h"
#include "worker/worker.h"

#define ACCEPTS_A_TURN 16
#define ACCEPT_PAUSE_MS 200

static void listen_on(struct slot *s, bool on)
{
	if (on == s->listening)
		return;
	s->listening = on;
	if (on)
		INVARIANT(event_add(&s->on_accept, NULL) == 0);
	else
		event_del(&s->on_accept);
}

static void arm_all(struct worker *w)
{
	for (size_t i = 0; i < w->heritage->nslots; i++)
		listen_on(&w->slots[i], w->slots[i].wanted && !w->stopping && !w->accepting_paused);
}

/* Out of descriptors or memory: a level-triggered event would spin, so nobody accepts for
 * a while; the kernel's queue keeps the clients. */
static void pause_accepting(struct worker *w, int error)
{
	struct timeval pause = { .tv_usec = ACCEPT_PAUSE_MS * 1000 };

	if (worker_may_log(w))
		log_error("cannot accept connections: %s; trying again in %d ms", strerror(error), ACCEPT_PAUSE_MS);
	w->accepting_paused = true;
	arm_all(w);
	event_add(&w->on_accept_again, &pause);
}

static void accept_again(evutil_socket_t fd, short what, void *arg)
{
	struct worker *w = arg;

	(void)fd, (void)what;
	w->accepting_paused = false;
	arm_all(w);
}

static void refuse(struct worker *w, int fd, const char *reason)
{
	close(fd);
	worker_count_refused(w, reason);
}

static void welcome(struct slot *slot, int fd, const struct sockaddr *from)
{
	struct worker *w = slot->worker;
	struct peer_address peer = peer_address_of(from);
	const struct settings_listener *l = worker_listener(w, slot->route);
	int on = 1;

	if (w->nsessions >= worker_settings(w)->limit_connections) {
		refuse(w, fd, "limit");
		return;
	}
	if (!l) {
		refuse(w, fd, "listener-gone");
		return;
	}
	bool greeted = greeting_is_due(w, l, from);      /* a proxy may have any number of connections */
	if (!peers_join(&w->peers, &peer, greeted ? 0 : worker_settings(w)->limit_connections_per_address)) {
		refuse(w, fd, "address");
		return;
	}
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	(void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
	if (session_new(w, fd, &peer, greeted, slot->route, slot->heritage->broker))
		return;
	peers_leave(&w->peers, &peer);
	pause_accepting(w, ENOMEM);
}

static bool accept_should_pause(int error)
{
	return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

static void on_accept(evutil_socket_t listener, short what, void *arg)
{
	struct slot *slot = arg;

	(void)what;
	for (int i = 0; i < ACCEPTS_A_TURN && slot->listening; i++) {
		struct sockaddr_storage from = { 0 };
		socklen_t n = sizeof from;
		int fd = accept4(listener, (struct sockaddr *)&from, &n, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd >= 0) {
			if (!balance_pass(slot->worker, slot, fd))
				welcome(slot, fd, (struct sockaddr *)&from);
			continue;
		}
		if (accept_should_pause(errno))
			pause_accepting(slot->worker, errno);
		if (errno != EINTR && errno != ECONNABORTED)
			return;
	}
}

void accept_passed(struct worker *w, size_t slot, int fd)
{
	struct sockaddr_storage from = { 0 };
	socklen_t n = sizeof from;

	if (slot >= w->heritage->nslots || w->stopping || getpeername(fd, (struct sockaddr *)&from, &n) < 0)
		close(fd);
	else
		welcome(&w->slots[slot], fd, (struct sockaddr *)&from);
}

int accept_open(struct worker *w)
{
	w->slots = calloc(w->heritage->nslots + 1, sizeof *w->slots);
	if (!w->slots)
		return E_NOMEM;
	evtimer_assign(&w->on_accept_again, w->base, accept_again, w);
	for (size_t i = 0; i < w->heritage->nslots; i++) {
		struct slot *s = &w->slots[i];
		*s = (struct slot){ .worker = w, .heritage = &w->heritage->slots[i], .route = UINT32_MAX };
		event_assign(&s->on_accept, w->base, s->heritage->fd, EV_READ | EV_PERSIST, on_accept, s);
	}
	return 0;
}

/* The master opened a slot for a listener of the generation that was in force then. */
void accept_rename(struct worker *w)
{
	for (size_t i = 0; i < w->heritage->nslots; i++) {
		struct slot *s = &w->slots[i];
		for (uint32_t r = 0; s->route == UINT32_MAX && r < w->nroutes; r++)
			if (w->routes[r].listener == s->heritage->listener)
				s->route = r;
	}
}

void accept_apply(struct worker *w, const uint8_t *map)
{
	for (size_t i = 0; i < w->heritage->nslots; i++)
		w->slots[i].wanted = map && map[i / 8] >> i % 8 & 1;
	arm_all(w);
}

void accept_close(struct worker *w)
{
	for (size_t i = 0; w->slots && i < w->heritage->nslots; i++) {
		listen_on(&w->slots[i], false);
		close(w->heritage->slots[i].fd);
	}
	if (w->slots)
		event_del(&w->on_accept_again);
	free(w->slots);
	w->slots = NULL;
}
