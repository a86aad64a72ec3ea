/* control.sock: the tool and -s WORD ask here. One request a connection, answered when
 * its outcome is known; a stop is answered by the end of the connection. Runs in the
 * master; mode 0600, and the peer must be root or the master's own user. */
#include <errno.h>
#include <libgen.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log.h"
#include "master/internal.h"

#define CLIENTS_MAX 32

enum waiting { WAITING_NOT, WAITING_RELOAD, WAITING_NEXT_RELOAD, WAITING_END };

struct client {
	struct list node;
	struct master *master;
	struct event *readable;
	int fd;
	enum waiting waiting;
};

static void client_free(struct client *c)
{
	list_remove(&c->node);
	event_free(c->readable);
	close(c->fd);
	free(c);
}

static void answer(struct client *c, int error, const char *text)
{
	struct control_message message = control_of(CONTROL_ANSWER, c->master->generation);

	message.error = error;
	control_set_text(&message, text);
	/* Who reads too slowly for its answer sees the end of the connection instead. */
	if (control_send(c->fd, &message, -1) < 0)
		(void)shutdown(c->fd, SHUT_RDWR);
}

static void request_reload(struct client *c)
{
	/* A run that is under way may have read the files already: this one waits for the next. When only the loader of the
	 * last run has still to end, the next is this one's. */
	c->waiting = c->master->reload.state != RELOAD_IDLE ? WAITING_NEXT_RELOAD : WAITING_RELOAD;
	reload_request(c->master);
}

static void request_reopen(struct client *c)
{
	master_reopen_log(c->master);
	answer(c, 0, "log reopened");
}

static void request_stop(struct client *c)
{
	c->waiting = WAITING_END;
	master_leave(c->master, MASTER_STOPPING);
}

static void request_quit(struct client *c)
{
	c->waiting = WAITING_END;
	master_leave(c->master, MASTER_QUITTING);
}

static void request_upgrade(struct client *c)
{
	answer(c, E_UNSUPPORTED, "binary upgrade is not built yet; stop and start the new binary");
}

static void request_status(struct client *c)
{
	struct master *m = c->master;
	struct buf b;

	buf_init(&b, 64 << 10);
	buf_printf(&b, "pid %d, generation %llu, %s\n", (int)getpid(), (unsigned long long)m->generation,
	           m->state == MASTER_RUNNING ? "serving" : m->state == MASTER_STARTING ? "starting" : "leaving");
	child_each(child, m) {
		if (child->kind != CHILD_WORKER)
			continue;
		struct stats_worker w = stats_worker(&m->stats, child->index);
		buf_printf(&b, "worker %u: pid %d, %s, %u sessions\n", child->index, (int)child->pid,
		           child->stuck ? "stuck" : child->state == CHILD_SERVING ? "serving" : "not serving", w.sessions);
	}
	if (buf_error(&b) == 0)
		(void)!control_send_text(c->fd, (const char *)b.p, b.n);
	buf_fini(&b);
	answer(c, 0, "");
}

static const struct {
	enum control_type type;
	void (*handle)(struct client *c);
} requests[] = {
	{ CONTROL_STATUS, request_status },
	{ CONTROL_RELOAD, request_reload },
	{ CONTROL_REOPEN_LOGS, request_reopen },
	{ CONTROL_END_STOP, request_stop },
	{ CONTROL_END_QUIT, request_quit },
	{ CONTROL_UPGRADE, request_upgrade },
};

static bool handle(struct client *c, enum control_type type)
{
	for (size_t i = 0; i < ARRAY_LEN(requests); i++) {
		if (requests[i].type == type) {
			requests[i].handle(c);
			return true;
		}
	}
	return false;
}

static void on_request(evutil_socket_t fd, short what, void *arg)
{
	struct client *c = arg;
	struct control_message message;
	int passed;
	int r = control_recv(fd, &message, &passed);

	(void)what;
	if (r == E_AGAIN)
		return;
	if (r == 0 && passed >= 0)
		close(passed);
	if (r < 0 || c->waiting != WAITING_NOT || !handle(c, (enum control_type)message.type))
		client_free(c);
}

static bool may_ask(int fd)
{
	struct ucred peer;
	socklen_t n = sizeof peer;

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &n) == 0 && (peer.uid == 0 || peer.uid == geteuid());
}

static size_t count_clients(struct server *s)
{
	size_t n = 0;

	list_each(it, &s->clients)
		n++;
	return n;
}

static void on_connection(evutil_socket_t fd, short what, void *arg)
{
	struct master *m = arg;
	int sock = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	(void)what;
	if (sock < 0)
		return;
	struct client *c = may_ask(sock) && count_clients(&m->server) < CLIENTS_MAX ? calloc(1, sizeof *c) : NULL;
	if (c) {
		*c = (struct client){ .master = m, .fd = sock };
		c->readable = event_new(m->base, sock, EV_READ | EV_PERSIST, on_request, c);
	}
	if (!c || !c->readable || event_add(c->readable, NULL) < 0) {
		close(sock);
		free(c);
		return;
	}
	list_init(&c->node);
	list_append(&m->server.clients, &c->node);
}

void server_answer_reload(struct master *m)
{
	const struct reload *r = &m->reload;
	char text[64];

	list_each_safe(it, &m->server.clients) {
		struct client *c = list_entry(it, struct client, node);
		if (c->waiting == WAITING_RELOAD) {
			c->waiting = WAITING_NOT;
			snprintf(text, sizeof text, "generation %llu %s", (unsigned long long)m->generation, r->error ? "stays in force" : "is in force");
			if (r->findings.n)
				(void)!control_send_text(c->fd, (const char *)r->findings.p, r->findings.n);
			answer(c, r->error, text);
		} else if (c->waiting == WAITING_NEXT_RELOAD) {
			c->waiting = WAITING_RELOAD;
		}
	}
}

/* A socket file that nobody answers on was left by a crash. */
static bool is_alive(const struct sockaddr_un *a)
{
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	bool alive = fd >= 0 && (connect(fd, (const struct sockaddr *)a, sizeof *a) == 0 || errno == EACCES || errno == EAGAIN);

	if (fd >= 0)
		close(fd);
	return alive;
}

static int listen_on(struct server *s, const struct sockaddr_un *a)
{
	char folder[sizeof a->sun_path];

	struct stat st;

	memcpy(folder, a->sun_path, sizeof folder);
	const char *name = dirname(folder);
	if (mkdir(name, 0755) < 0 && errno != EEXIST)
		return E_SYS;
	/* In a folder of somebody else's, somebody else could answer in our name. */
	if (stat(name, &st) < 0 || (st.st_uid != 0 && st.st_uid != geteuid())) {
		errno = EPERM;
		return E_SYS;
	}
	(void)unlink(a->sun_path);
	s->fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (s->fd < 0)
		return E_SYS;
	mode_t old = umask(0177);
	int r = bind(s->fd, (const struct sockaddr *)a, sizeof *a);
	umask(old);
	return r < 0 || listen(s->fd, CLIENTS_MAX) < 0 ? E_SYS : 0;
}

int server_open(struct master *m, struct buf *why)
{
	struct server *s = &m->server;
	struct sockaddr_un a = { .sun_family = AF_UNIX };

	const char *configured = image_text(&m->image, m->settings.settings->control);
	if (*configured)
		snprintf(s->path, sizeof s->path, "%s", configured);
	else
		control_default_path(s->path, sizeof s->path);
	snprintf(a.sun_path, sizeof a.sun_path, "%.*s", (int)sizeof a.sun_path - 1, s->path);
	if (is_alive(&a)) {
		buf_printf(why, "%s: another event-gateway answers there; give this one a path of its own: control: PATH", s->path);
		s->path[0] = 0;
		return E_EXIST;
	}
	if (listen_on(s, &a) < 0) {
		buf_printf(why, "%s: %s; set `control` to a path that can be written", s->path, strerror(errno));
		return E_SYS;
	}
	s->readable = event_new(m->base, s->fd, EV_READ | EV_PERSIST, on_connection, m);
	return s->readable && event_add(s->readable, NULL) == 0 ? 0 : E_NOMEM;
}

void server_close(struct master *m)
{
	struct server *s = &m->server;

	list_each_safe(it, &s->clients)
		client_free(list_entry(it, struct client, node));
	if (s->readable)
		event_free(s->readable);
	if (s->fd >= 0)
		close(s->fd);
	if (s->fd >= 0 && s->path[0])
		(void)unlink(s->path);
	s->fd = -1;
	s->readable = NULL;
}
