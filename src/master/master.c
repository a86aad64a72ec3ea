/* The master's life: start, the event loop, signals, the end. Its jobs have files of
 * their own; see master.h. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "master/internal.h"

#define TICK_MS 250
#define STOP_MS 5000u
#define QUIT_MS 60000u

/* ---- log target ---- */

static int open_log(const struct master *m)
{
	const char *path = image_text(&m->image, m->settings.settings->log_file);

	if (!*path)
		return STDERR_FILENO;
	return open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0640);
}

void master_reopen_log(struct master *m)
{
	struct control_message message = control_of(CONTROL_REOPEN, m->generation);
	int fd = open_log(m);

	if (fd < 0) {
		log_error("log.file: %s; the old one stays open", strerror(errno));
		return;
	}
	int old = m->log_fd;
	m->log_fd = fd;
	log_open(fd, "master");
	child_each(c, m)
		if (c->state != CHILD_NONE && child_send(c, &message, fd) < 0)
			log_warn("a child keeps the old log open");
	if (old != STDERR_FILENO && old != fd)
		close(old);
}

/* ---- leaving ---- */

void master_leave(struct master *m, enum master_state how)
{
	/* A stop overtakes a drain; nothing goes back. */
	if (how <= m->state)
		return;
	m->state = how;
	m->leave_deadline_ms = clock_ms() + (how == MASTER_QUITTING ? QUIT_MS : STOP_MS);
	log_notice(how == MASTER_QUITTING ? "draining: no new connections, answers in flight are delivered" : "stopping");
	notify_stopping();
	/* Workers close theirs on the same order; in ours new clients would wait in vain. */
	slots_close(&m->slots);
	children_leave(m, how == MASTER_QUITTING ? CONTROL_QUIT : CONTROL_STOP);
	if (children_alive(m) == 0)
		event_base_loopbreak(m->base);
}

static void check_leaving(struct master *m)
{
	if (m->state < MASTER_QUITTING || clock_ms() < m->leave_deadline_ms)
		return;
	if (m->state == MASTER_QUITTING) {
		log_warn("still draining after %u s: stopping", QUIT_MS / 1000);
		master_leave(m, MASTER_STOPPING);
		return;
	}
	child_each(c, m)
		if (c->pid > 0)
			kill(c->pid, SIGKILL);
	m->leave_deadline_ms = clock_ms() + STOP_MS;
}

/* Who started us with -D waits for one byte: 0, or the exit code. */
static void tell_caller(struct master *m, int code)
{
	char byte = (char)code;

	if (m->ready_fd < 0)
		return;
	(void)!write(m->ready_fd, &byte, 1);
	close(m->ready_fd);
	m->ready_fd = -1;
}

void master_check_ready(struct master *m)
{
	if (m->state != MASTER_STARTING || !children_all_serving(m))
		return;
	m->state = MASTER_RUNNING;
	log_notice("ready: %u workers, generation %llu", m->nworkers, (unsigned long long)m->generation);
	notify_ready(m);
	tell_caller(m, EXIT_GOOD);
}

/* ---- signals: handled in the loop, where anything may be called ---- */

static void on_stop(struct master *m)
{
	master_leave(m, MASTER_STOPPING);
}

static void on_quit(struct master *m)
{
	master_leave(m, MASTER_QUITTING);
}

static void on_reload(struct master *m)
{
	if (m->state <= MASTER_RUNNING)
		reload_request(m);
}

static void on_child(struct master *m)
{
	children_reap(m);
	if (m->state >= MASTER_QUITTING && children_alive(m) == 0)
		event_base_loopbreak(m->base);
}

static void on_upgrade(struct master *m)
{
	(void)m;
	log_error("USR2: binary upgrade is not built yet; stop and start the new binary");
}

static const struct {
	int number;
	void (*handle)(struct master *m);
} signal_rows[] = {
	{ SIGTERM, on_stop }, { SIGINT, on_stop }, { SIGQUIT, on_quit }, { SIGHUP, on_reload },
	{ SIGCHLD, on_child }, { SIGUSR1, master_reopen_log }, { SIGUSR2, on_upgrade },
};

static void on_signal(evutil_socket_t number, short what, void *arg)
{
	(void)what;
	for (size_t i = 0; i < ARRAY_LEN(signal_rows); i++)
		if (signal_rows[i].number == (int)number)
			signal_rows[i].handle(arg);
}

static void count_lost_lines(struct master *m)
{
	uint64_t dropped = log_dropped();

	stats_add(&m->counters, STATS_LOG_DROPPED, dropped - m->log_dropped);
	m->log_dropped = dropped;
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct master *m = arg;

	(void)fd;
	(void)what;
	watch_workers(m);
	check_leaving(m);
	count_lost_lines(m);
	notify_watchdog();
}

/* What must not end a master that still starts: kept until the loop can act on it. */
static void hold_signals(int how)
{
	static const int late[] = { SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2 };
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < ARRAY_LEN(late); i++)
		sigaddset(&set, late[i]);
	(void)sigprocmask(how, &set, NULL);
}

static int watch_signals(struct master *m)
{
	struct timeval tick = { 0, TICK_MS * 1000 };

	_Static_assert(ARRAY_LEN(signal_rows) <= ARRAY_LEN(m->signals), "room for every signal");
	for (size_t i = 0; i < ARRAY_LEN(signal_rows); i++) {
		m->signals[i] = evsignal_new(m->base, signal_rows[i].number, on_signal, m);
		if (!m->signals[i] || event_add(m->signals[i], NULL) < 0)
			return E_NOMEM;
	}
	hold_signals(SIG_UNBLOCK);
	m->tick = event_new(m->base, -1, EV_PERSIST, on_tick, m);
	return m->tick && event_add(m->tick, &tick) == 0 ? 0 : E_NOMEM;
}

/* ---- start ---- */

/* Slots, sessions and their upstream connections all are descriptors. */
static void raise_fd_limit(void)
{
	struct rlimit l;

	if (getrlimit(RLIMIT_NOFILE, &l) < 0 || l.rlim_cur == l.rlim_max)
		return;
	l.rlim_cur = l.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &l) < 0)
		log_warn("the limit on descriptors stays as it is: %s", strerror(errno));
}

static void check_fd_limit(const struct master *m)
{
	const struct settings *s = m->settings.settings;
	uint64_t want = 2ull * s->limit_connections + m->slots.n + 64;
	struct rlimit l;

	if (getrlimit(RLIMIT_NOFILE, &l) == 0 && l.rlim_cur < want)
		log_warn("limits.connections: %u connections of a worker may want %llu descriptors, and the limit is %llu; raise it (LimitNOFILE=, ulimit -n) or lower the option",
		         s->limit_connections, (unsigned long long)want, (unsigned long long)l.rlim_cur);
}

static int open_regions(struct master *m)
{
	m->stats_fd = stats_create(m->nworkers);
	m->topology_fd = topology_create(m->nworkers);
	if (m->stats_fd < 0 || m->topology_fd < 0 || stats_map(&m->stats, m->stats_fd) < 0)
		return E_SYS;
	int r = stats_writer_init(&m->counters, &m->stats, STATS_MASTER);
	if (r < 0)
		return r;
	stats_set(&m->counters, STATS_WORKERS, m->nworkers);
	reload_publish(m);
	return 0;
}

static int write_pid(const char *path)
{
	char text[16];

	if (!path)
		return 0;
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0)
		return E_SYS;
	int n = snprintf(text, sizeof text, "%d\n", (int)getpid());
	int r = fd_write_all(fd, text, (size_t)n);
	close(fd);
	return r;
}

static int fail(int code, const char *what, const char *why)
{
	log_error("%s: %s", what, why);
	return code;
}

static int start_listening(struct master *m)
{
	struct buf why;
	int code = EXIT_GOOD;

	buf_init(&why, 4096);
	if (slots_open(&m->slots, &m->settings, &m->image, m->nworkers, &why) < 0 || server_open(m, &why) < 0) {
		buf_addch(&why, 0);
		code = fail(EXIT_BIND, "start", why.n > 1 ? (char *)why.p : "out of memory");
	}
	buf_fini(&why);
	return code;
}

static int start(struct master *m)
{
	raise_fd_limit();
	m->base = event_base_new();
	if (!m->base || reload_init(m) < 0)
		return fail(EXIT_INTERNAL, "start", "out of memory");
	if (identity_find(&m->identity, "event-gateway") < 0)
		return fail(EXIT_INTERNAL, "start", "there is neither a user event-gateway nor nobody");
	if (reload_first(m) < 0)
		return EXIT_CONFIGURATION;       /* its findings are printed */
	const struct settings *s = m->settings.settings;
	m->nworkers = s->workers;
	if (identity_find(&m->identity, image_text(&m->image, s->user)) < 0)
		return fail(EXIT_CONFIGURATION, "user", "there is no such user, or it is root; create it, or set another");
	int code = start_listening(m);
	if (code != EXIT_GOOD)
		return code;
	int log = open_log(m);
	if (log < 0)
		return fail(EXIT_CONFIGURATION, "log.file", strerror(errno));
	/* From here on; what ends a start belongs before the eyes of who started it. */
	m->log_fd = log;
	log_configure((enum log_format)s->log_format, (enum log_level)s->log_level);
	log_open(log, "master");
	if (m->ready_fd >= 0 && log != STDERR_FILENO)
		(void)dup2(log, STDERR_FILENO);      /* -D: its caller may wait for the end of its output */
	check_fd_limit(m);
	if (write_pid(m->options->pid_file) < 0)
		return fail(EXIT_BIND, m->options->pid_file, strerror(errno));
	if (open_regions(m) < 0 || children_init(m) < 0 || watch_signals(m) < 0)
		return fail(EXIT_INTERNAL, "start", "out of memory or descriptors");
	child_each(c, m)
		child_spawn(c);
	return EXIT_GOOD;
}

static void fini(struct master *m)
{
	children_fini(m);
	server_close(m);
	slots_close(&m->slots);
	reload_fini(m);
	for (size_t i = 0; i < ARRAY_LEN(m->signals); i++)
		if (m->signals[i])
			event_free(m->signals[i]);
	if (m->tick)
		event_free(m->tick);
	if (m->base)
		event_base_free(m->base);
	if (m->counters.part)
		stats_writer_fini(&m->counters);
	stats_unmap(&m->stats);
	image_unmap(&m->image);
	const int fds[] = { m->stats_fd, m->topology_fd, m->image_fd };
	for (size_t i = 0; i < ARRAY_LEN(fds); i++)
		if (fds[i] >= 0)
			close(fds[i]);
	if (m->options->pid_file && m->state >= MASTER_RUNNING)
		(void)unlink(m->options->pid_file);
}

int master_main(const struct master_options *options)
{
	struct master m = { .options = options, .ready_fd = options->ready_fd, .log_fd = STDERR_FILENO, .stats_fd = -1, .topology_fd = -1,
	                    .image_fd = -1, .server.fd = -1 };

	list_init(&m.server.clients);
	(void)signal(SIGPIPE, SIG_IGN);
	hold_signals(SIG_BLOCK);
	log_open(STDERR_FILENO, "master");
	int code = start(&m);
	if (code == EXIT_GOOD)
		event_base_dispatch(m.base);
	if (code == EXIT_GOOD)
		log_notice("stopped");
	code = code == EXIT_GOOD ? m.exit_code : code;
	tell_caller(&m, code);
	fini(&m);
	return code;
}
