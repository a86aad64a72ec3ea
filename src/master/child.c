/* Children: spawned, spoken to, reaped and spawned again. Runs in the master, but for
 * child_run, which is the first thing that a child does.
 *
 * What a kind of child gets and whether it comes back is a row of `kinds`, so that
 * reaping has no special cases. */
#include <errno.h>
#include <linux/sockios.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "master/internal.h"

#define BACKOFF_FROM_DEATH 3u
#define PASSED_QUEUED_MAX (64 << 10)     /* bytes as the kernel counts them: a dozen messages, of some 50 that fit */
#define BACKOFF_FIRST_MS 1000u
#define BACKOFF_MAX_MS 30000u

static const struct kind {
	const char *name;
	bool respawn;
	bool slots;                  /* inherits the listening sockets */
	bool keep_read;              /* may read files that its user may not */
} kinds[CHILD_KIND_COUNT] = {
	[CHILD_WORKER] = { "worker", true, true, false },
	[CHILD_ADMIN] = { "admin", true, false, false },
	[CHILD_LOADER] = { "loader", false, false, true },
};

static const char *const state_words[] = {
	[CHILD_NONE] = "none", [CHILD_STARTING] = "starting", [CHILD_WAITING] = "waiting",
	[CHILD_PREPARING] = "preparing", [CHILD_COMMITTING] = "committing", [CHILD_SERVING] = "serving",
	[CHILD_LEAVING] = "leaving",
};

static void child_set_state(struct child *c, enum child_state state)
{
	static const uint8_t next[] = {
		[CHILD_NONE] = 1 << CHILD_STARTING,
		[CHILD_STARTING] = 1 << CHILD_WAITING | 1 << CHILD_LEAVING | 1 << CHILD_NONE,
		[CHILD_WAITING] = 1 << CHILD_PREPARING | 1 << CHILD_LEAVING | 1 << CHILD_NONE,
		[CHILD_PREPARING] = 1 << CHILD_COMMITTING | 1 << CHILD_WAITING | 1 << CHILD_LEAVING | 1 << CHILD_NONE,
		[CHILD_COMMITTING] = 1 << CHILD_SERVING | 1 << CHILD_WAITING | 1 << CHILD_LEAVING | 1 << CHILD_NONE,
		[CHILD_SERVING] = 1 << CHILD_LEAVING | 1 << CHILD_NONE,
		[CHILD_LEAVING] = 1 << CHILD_LEAVING | 1 << CHILD_NONE,
	};

	INVARIANT(next[c->state] & 1 << state);
	log_debug("%s %u: %s to %s", kinds[c->kind].name, c->index, state_words[c->state], state_words[state]);
	c->state = state;
	c->since_ms = clock_ms();
}

/* ---- in the child ---- */

static int compare_fds(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

static void close_gap(unsigned from, unsigned to)
{
	if (from <= to)
		(void)syscall(SYS_close_range, from, to, 0);
}

/* Everything but what the heritage names: no child holds another's control channel, the
 * control socket, or the master's event loop. */
static void close_others(int *keep, size_t n)
{
	unsigned from = 0;

	qsort(keep, n, sizeof *keep, compare_fds);
	for (size_t i = 0; i < n; i++) {
		if (keep[i] < 0)
			continue;
		if ((unsigned)keep[i] > from)
			close_gap(from, (unsigned)keep[i] - 1);
		from = (unsigned)keep[i] + 1;
	}
	close_gap(from, ~0u);
}

static void keep_heritage(const struct heritage *h)
{
	size_t n = 0;
	int *keep = calloc(h->nslots + 8, sizeof *keep);

	if (!keep)
		_exit(EXIT_INTERNAL);
	const int few[] = { STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO, h->control, h->log, h->stats, h->topology };
	for (size_t i = 0; i < ARRAY_LEN(few); i++)
		keep[n++] = few[i];
	for (size_t i = 0; i < h->nslots; i++)
		keep[n++] = h->slots[i].fd;
	close_others(keep, n);
	free(keep);
}

/* Ctrl-C at a terminal and a signal to the group reach children too: what they mean is the
 * master's to decide. TERM to one child ends that one. */
static void reset_signals(void)
{
	static const int ignored[] = { SIGPIPE, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2 };
	sigset_t none;

	for (int s = 1; s < NSIG; s++)
		if (s != SIGKILL && s != SIGSTOP)
			(void)signal(s, SIG_DFL);
	for (size_t i = 0; i < ARRAY_LEN(ignored); i++)
		(void)signal(ignored[i], SIG_IGN);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

_Noreturn static void child_run(struct child *c, int control)
{
	struct master *m = c->master;
	const struct kind *kind = &kinds[c->kind];
	const struct master_programs *programs = &m->options->programs;
	struct heritage h = {
		.control = control, .log = m->log_fd, .stats = m->stats_fd, .topology = m->topology_fd,
		.image = -1, .worker = c->index, .nworkers = m->nworkers,
		.slots = kind->slots ? m->slots.items : NULL, .nslots = kind->slots ? m->slots.n : 0,
	};

	char comm[16];

	snprintf(comm, sizeof comm, "eg-%s-%u", kind->name, c->index);
	(void)prctl(PR_SET_NAME, comm, 0, 0, 0);
	log_open(h.log, kind->name);
	reset_signals();
	keep_heritage(&h);
	int r = privilege_drop(&m->identity, kind->keep_read);
	if (r < 0) {
		log_error("%s: privileges cannot be dropped: %s", kind->name, r == E_SYS ? strerror(errno) : err_text(r));
		_exit(EXIT_INTERNAL);
	}
	if (c->kind == CHILD_LOADER)
		privilege_limit_loader();
	switch (c->kind) {
	case CHILD_WORKER:
		exit(programs->worker(&h));
	case CHILD_ADMIN:
		exit(programs->admin(&h));
	default:
		exit(programs->loader(m->options->input, m->reload.generation, control));
	}
}

/* ---- in the master ---- */

static void on_message(struct child *c, const struct control_message *message, int fd);

/* Nothing served yet: better no gateway than one that never gets ready. */
static void end_start(struct master *m, int code, const char *why)
{
	log_error("%s", why);
	m->exit_code = code;
	master_leave(m, MASTER_STOPPING);
}

static void child_close(struct child *c)
{
	if (c->readable)
		event_free(c->readable);
	c->readable = NULL;
	if (c->control >= 0)
		close(c->control);
	c->control = -1;
}

/* Budgeted, so that one child that talks cannot keep the master from the others. */
static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct child *c = arg;

	(void)what;
	for (int i = 0; i < 64 && c->control == fd; i++) {
		struct control_message message;
		int passed;
		int r = control_recv(fd, &message, &passed);
		if (r == E_AGAIN)
			return;
		if (r < 0) {
			/* Its death, if that is what it is, comes as SIGCHLD. */
			if (r != E_EOF)
				child_kill(c, "it sent no control message of ours");
			child_close(c);
			return;
		}
		on_message(c, &message, passed);
	}
}

int child_send(struct child *c, const struct control_message *message, int fd)
{
	return c->control < 0 ? E_EOF : control_send(c->control, message, fd);
}

static void retry_later(struct child *c)
{
	unsigned n = c->early_deaths < BACKOFF_FROM_DEATH ? 0 : c->early_deaths - BACKOFF_FROM_DEATH;
	uint64_t ms = n >= 5 ? BACKOFF_MAX_MS : (uint64_t)BACKOFF_FIRST_MS << n;
	struct timeval tv = { (time_t)(ms / 1000), 0 };

	log_error("%s %u died %u times before it was ready: next attempt in %llu ms", kinds[c->kind].name, c->index,
	          c->early_deaths, (unsigned long long)ms);
	event_add(c->timer, &tv);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct child *c = arg;

	(void)fd;
	(void)what;
	if (c->state == CHILD_NONE && c->master->state <= MASTER_RUNNING)
		child_spawn(c);
}

static int start(struct child *c)
{
	int pair[2];
	sigset_t all, old;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) < 0)
		return E_SYS;
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &old);
	c->pid = fork();
	if (c->pid == 0)
		child_run(c, pair[1]);
	sigprocmask(SIG_SETMASK, &old, NULL);
	close(pair[1]);
	if (c->pid < 0) {
		close(pair[0]);
		return E_SYS;
	}
	c->control = pair[0];
	return 0;
}

void child_spawn(struct child *c)
{
	struct master *m = c->master;

	memset(c->slots, 0, sizeof c->slots);
	c->stuck = false;
	if (start(c) < 0) {
		log_error("%s %u cannot be started: %s", kinds[c->kind].name, c->index, strerror(errno));
		c->early_deaths++;
		if (kinds[c->kind].respawn)
			retry_later(c);
		return;
	}
	child_set_state(c, CHILD_STARTING);
	c->readable = event_new(m->base, c->control, EV_READ | EV_PERSIST, on_readable, c);
	if (!c->readable || event_add(c->readable, NULL) < 0)
		child_kill(c, "no memory to listen to it");
}

void child_kill(struct child *c, const char *why)
{
	if (c->pid <= 0 || c->state == CHILD_NONE)
		return;
	log_error("%s %u (pid %d) is killed: %s", kinds[c->kind].name, c->index, (int)c->pid, why);
	kill(c->pid, SIGKILL);
	if (c->state < CHILD_SERVING)
		c->early_deaths++;           /* one that never gets ready must not come back at once for ever */
	if (c->state != CHILD_LEAVING)
		child_set_state(c, CHILD_LEAVING);
	slots_share(c->master);
}

static void admit(struct child *c)
{
	struct control_message message = control_of(CONTROL_PREPARE, c->master->generation);

	child_set_state(c, CHILD_PREPARING);
	if (child_send(c, &message, c->master->image_fd) < 0)
		child_kill(c, "it does not take the image");
}

void children_admit(struct master *m)
{
	child_each(c, m)
		if (c->state == CHILD_WAITING)
			admit(c);
}

/* Now, or when the reload that is under way is over. */
static void wait_for_admission(struct child *c)
{
	child_set_state(c, CHILD_WAITING);
	if (c->master->reload.state == RELOAD_IDLE || c->master->reload.state == RELOAD_LOADING)
		admit(c);
}

static void on_ready(struct child *c)
{
	if (c->state == CHILD_STARTING)
		wait_for_admission(c);
}

static void on_prepared(struct child *c, const struct control_message *message)
{
	struct control_message commit = control_of(CONTROL_COMMIT, message->generation);

	if (c->state != CHILD_PREPARING)
		return;
	if (message->generation != c->master->generation) {
		wait_for_admission(c);       /* a reload went by; it counted on those who serve */
		return;
	}
	if (message->error < 0 && c->kind == CHILD_ADMIN && c->master->state == MASTER_STARTING) {
		/* A port that is taken is no reason to run without admin: neither now nor at each attempt. */
		end_start(c->master, EXIT_BIND, message->text);
		return;
	}
	if (message->error < 0) {
		/* It was good for the loader and its siblings: this process is not. */
		child_kill(c, message->text);
		return;
	}
	child_set_state(c, CHILD_COMMITTING);
	if (child_send(c, &commit, -1) < 0)
		child_kill(c, "it does not take the commit");
}

static void on_committed(struct child *c, const struct control_message *message)
{
	if (c->state != CHILD_COMMITTING)
		return;
	if (message->generation != c->master->generation) {
		wait_for_admission(c);
		return;
	}
	if (message->error < 0) {
		child_kill(c, message->text);
		return;
	}
	child_set_state(c, CHILD_SERVING);
	c->early_deaths = 0;
	slots_share(c->master);
	master_check_ready(c->master);
}

/* Connections fill no channel: a commit must find room in it. */
static bool takes_connections(const struct child *c)
{
	int queued;

	return c->state == CHILD_SERVING && c->control >= 0 && ioctl(c->control, SIOCOUTQ, &queued) == 0 && queued < PASSED_QUEUED_MAX;
}

/* A fresh, unread connection that one worker hands to another; it comes back when that one
 * does not take it. */
static void pass_connection(struct child *from, const struct control_message *message, int fd)
{
	struct master *m = from->master;

	if (fd < 0 || message->worker >= m->nworkers)
		return;
	struct child *to = &m->children[message->worker];
	if (takes_connections(to) && child_send(to, message, fd) == 0)
		return;
	if (child_send(from, message, fd) < 0)
		log_warn("a connection that worker %u passed on is lost: nobody takes messages", from->index);
}

static void on_message(struct child *c, const struct control_message *message, int fd)
{
	struct master *m = c->master;

	if (c->kind == CHILD_LOADER) {
		reload_on_loader(m, message, fd);
		return;
	}
	switch (message->type) {
	case CONTROL_READY:
		on_ready(c);
		break;
	case CONTROL_PREPARED:
	case CONTROL_COMMITTED:
		if (c->state == CHILD_SERVING)
			reload_on_child(c, message);
		else if (message->type == CONTROL_PREPARED)
			on_prepared(c, message);
		else
			on_committed(c, message);
		break;
	case CONTROL_CONNECTION:
		pass_connection(c, message, fd);
		break;
	case CONTROL_RELOAD:
		reload_request(m);
		break;
	default:
		child_kill(c, "it sent a message that is not its to send");
	}
	if (fd >= 0)
		close(fd);
}

static void tell_death(struct child *c, int status)
{
	const char *name = kinds[c->kind].name;
	bool clean = (WIFEXITED(status) && WEXITSTATUS(status) == 0) || (WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);

	if (c->kind == CHILD_LOADER && clean)
		log_debug("loader (pid %d) has ended", (int)c->pid);
	else if (c->state == CHILD_LEAVING && clean)
		log_info("%s %u (pid %d) has left", name, c->index, (int)c->pid);
	else if (WIFSIGNALED(status))
		log_error("%s %u (pid %d) was ended by signal %d (%s)", name, c->index, (int)c->pid, WTERMSIG(status), strsignal(WTERMSIG(status)));
	else
		log_error("%s %u (pid %d) exited with %d", name, c->index, (int)c->pid, WEXITSTATUS(status));
	if (c->kind == CHILD_WORKER && c->state != CHILD_LEAVING)
		stats_series_add(&c->master->counters, stats_series_of(&c->master->counters, STATS_WORKER_DEATHS, WIFSIGNALED(status) ? "signal" : "exit"), 1);
}

static void child_died(struct child *c, int status)
{
	struct master *m = c->master;
	bool leaving = m->state == MASTER_QUITTING || m->state == MASTER_STOPPING;

	/* What it said last is still in the socket: a loader's image, for one. */
	if (c->control >= 0 && c->kind == CHILD_LOADER)
		on_readable(c->control, 0, c);
	tell_death(c, status);
	if (c->state != CHILD_SERVING && c->state != CHILD_LEAVING)
		c->early_deaths++;
	child_close(c);
	child_set_state(c, CHILD_NONE);
	c->pid = 0;
	if (c->kind == CHILD_WORKER)
		stats_bury(&m->stats, c->index);
	slots_share(m);
	reload_on_death(c);
	if (leaving || !kinds[c->kind].respawn)
		return;
	if (m->state == MASTER_STARTING && c->early_deaths >= BACKOFF_FROM_DEATH) {
		end_start(m, EXIT_INTERNAL, "a child does not get ready; its lines above say why");
		return;
	}
	if (c->early_deaths >= BACKOFF_FROM_DEATH)
		retry_later(c);
	else
		child_spawn(c);
}

static struct child *find_child(struct master *m, pid_t pid)
{
	if (m->reload.loader.pid == pid)
		return &m->reload.loader;
	child_each(c, m)
		if (c->pid == pid)
			return c;
	return NULL;
}

void children_reap(struct master *m)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		struct child *c = find_child(m, pid);
		if (c)
			child_died(c, status);
	}
}

static bool child_init(struct child *c, struct master *m, enum child_kind kind, uint32_t index)
{
	*c = (struct child){ .master = m, .kind = kind, .index = index, .control = -1 };
	c->timer = evtimer_new(m->base, on_timer, c);
	return c->timer != NULL;
}

int children_init(struct master *m)
{
	m->nchildren = m->nworkers + 1;
	m->children = calloc(m->nchildren, sizeof *m->children);
	if (!m->children)
		return E_NOMEM;
	for (uint32_t i = 0; i < m->nchildren; i++)
		if (!child_init(&m->children[i], m, i < m->nworkers ? CHILD_WORKER : CHILD_ADMIN, i < m->nworkers ? i : 0))
			return E_NOMEM;
	return 0;
}

void children_fini(struct master *m)
{
	child_each(c, m) {
		child_close(c);
		if (c->timer)
			event_free(c->timer);
	}
	free(m->children);
	m->children = NULL;
	m->nchildren = 0;
}

size_t children_alive(const struct master *m)
{
	size_t n = m->reload.loader.pid > 0;

	child_each(c, m)
		n += c->state != CHILD_NONE;
	return n;
}

bool children_all_serving(const struct master *m)
{
	child_each(c, m)
		if (c->state != CHILD_SERVING)
			return false;
	return true;
}

void children_leave(struct master *m, enum control_type how)
{
	struct control_message message = control_of(how, m->generation);

	if (m->reload.loader.pid > 0)
		kill(m->reload.loader.pid, SIGKILL);
	child_each(c, m) {
		if (c->state == CHILD_NONE)
			continue;
		if (child_send(c, &message, -1) < 0)
			kill(c->pid, SIGKILL);
		child_set_state(c, CHILD_LEAVING);
	}
}
