/* Reload is prepare, store, commit. The loader builds generation n+1; every child
 * prepares it and says whether it can; one refusal, or 5 s, drops it everywhere; when all
 * are ready the commit goes out, and only when all have acknowledged is the caller
 * answered. A failure leaves n in force and says why. Runs in the master.
 *
 * Store: there is nothing to store before uploads exist; configured files are their own
 * manifest. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "master/internal.h"

#define DEADLINE_S 5
#define LOADER_DEADLINE_S 30
#define FINDINGS_MAX (1u << 20)
#define TOLD_MAX (32u << 10)

static void set_deadline(struct master *m, int seconds)
{
	struct timeval tv = { seconds, 0 };

	event_add(m->reload.deadline, &tv);
}

static void drop_image(struct reload *r)
{
	if (r->fd >= 0) {
		image_unmap(&r->image);
		close(r->fd);
	}
	r->fd = -1;
}

static void count_outcome(struct master *m, const char *outcome)
{
	stats_series_add(&m->counters, stats_series_of(&m->counters, STATS_RELOADS, outcome), 1);
}

static void log_findings(const struct reload *r, enum log_level level)
{
	const char *p = (const char *)r->findings.p, *end = p + r->findings.n;

	while (p && p < end) {
		const char *newline = memchr(p, '\n', (size_t)(end - p));
		size_t n = newline ? (size_t)(newline - p) : (size_t)(end - p);
		if (n)
			log_line(level, "%.*s", (int)n, p);
		p += n + 1;
	}
}

/* Requests that came while a run was under way share one more. */
static void run_again(struct master *m)
{
	if (!m->reload.again || m->state > MASTER_RUNNING)
		return;
	m->reload.again = false;
	reload_request(m);
}

/* For /v1/status. What does not fit is in the log. */
static void tell_admin(struct master *m)
{
	const struct reload *r = &m->reload;
	struct control_message answer = control_of(CONTROL_ANSWER, m->generation);
	size_t n = r->findings.n < TOLD_MAX ? r->findings.n : TOLD_MAX;

	answer.error = r->error;
	child_each(c, m) {
		if (c->kind != CHILD_ADMIN || c->state != CHILD_SERVING)
			continue;
		if ((n && control_send_text(c->control, (const char *)r->findings.p, n) < 0) || child_send(c, &answer, -1) < 0)
			log_warn("admin does not know the outcome of the reload: it does not take messages");
	}
}

/* The run is over, one way or the other. */
static void finish(struct master *m, int error)
{
	struct reload *r = &m->reload;

	event_del(r->deadline);
	r->state = RELOAD_IDLE;
	r->error = error;
	drop_image(r);
	count_outcome(m, error ? "refused" : "committed");
	if (error)
		log_error("reload refused: generation %llu stays in force", (unsigned long long)m->generation);
	else
		log_notice("generation %llu is in force", (unsigned long long)m->generation);
	log_findings(r, error ? LOG_LEVEL_ERROR : LOG_LEVEL_WARN);
	if (m->state == MASTER_RUNNING)
		notify_ready(m);
	tell_admin(m);                   /* first: who is answered may ask admin next */
	server_answer_reload(m);
	children_admit(m);
	run_again(m);
}

static void refuse(struct master *m, const char *why)
{
	struct control_message drop = control_of(CONTROL_DROP, m->reload.generation);

	buf_printf(&m->reload.findings, "%s\n", why);
	child_each(c, m) {
		c->pending = false;
		if (m->reload.state == RELOAD_PREPARING && c->state == CHILD_SERVING && child_send(c, &drop, -1) < 0)
			child_kill(c, "it does not take messages");
	}
	finish(m, E_FINDINGS);
}

/* ---- commit ---- */

/* A text of the generation in force and one of the next. */
static bool texts_are_equal(const struct master *m, struct image_str old, struct image_str new)
{
	return strcmp(image_text(&m->image, old), image_text(&m->reload.image, new)) == 0;
}

static bool anyone_pending(const struct master *m)
{
	child_each(c, m)
		if (c->pending)
			return true;
	return false;
}

static void take_over(struct master *m)
{
	struct reload *r = &m->reload;

	image_unmap(&m->image);
	if (m->image_fd >= 0)
		close(m->image_fd);
	m->image_fd = r->fd;
	m->image = r->image;
	m->settings = r->settings;
	m->generation = r->generation;
	r->fd = -1;
	r->image = (struct image){ 0 };
}

void reload_publish(struct master *m)
{
	stats_set(&m->counters, STATS_GENERATION, m->generation);
	stats_set(&m->counters, STATS_IMAGE_BYTES, m->image.size);
	stats_set(&m->counters, STATS_IMAGE_SINCE, (uint64_t)(clock_wall_ms() / 1000));
}

/* Options whose row says `restart`: what runs keeps the old value. */
static void note_restart(struct master *m)
{
	const struct settings *old = m->settings.settings, *new = m->reload.settings.settings;
	const struct {
		const char *name;
		bool changed;
	} rows[] = {
		{ "workers", m->nworkers != new->workers },
		{ "control", !texts_are_equal(m, old->control, new->control) },
		{ "user", !texts_are_equal(m, old->user, new->user) },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (rows[i].changed)
			buf_printf(&m->reload.findings, "%s: the new value takes force at a restart\n", rows[i].name);
}

static void commit(struct master *m)
{
	bool other_log = !texts_are_equal(m, m->settings.settings->log_file, m->reload.settings.settings->log_file);

	note_restart(m);
	take_over(m);
	const struct settings *s = m->settings.settings;
	log_configure((enum log_format)s->log_format, (enum log_level)s->log_level);
	if (other_log)
		master_reopen_log(m);
	reload_publish(m);
	struct control_message message = control_of(CONTROL_COMMIT, m->generation);
	m->reload.state = RELOAD_COMMITTING;
	set_deadline(m, DEADLINE_S);
	child_each(c, m) {
		if (c->state != CHILD_SERVING)
			continue;
		c->pending = true;
		if (child_send(c, &message, -1) < 0)
			child_kill(c, "it does not take the commit");
	}
	if (!anyone_pending(m))
		finish(m, 0);
}

static void prepare(struct master *m)
{
	struct reload *r = &m->reload;
	struct control_message message = control_of(CONTROL_PREPARE, r->generation);

	r->state = RELOAD_PREPARING;
	set_deadline(m, DEADLINE_S);
	child_each(c, m) {
		c->pending = c->state == CHILD_SERVING;
		if (c->pending && child_send(c, &message, r->fd) < 0)
			child_kill(c, "it does not take the image");
	}
	if (!anyone_pending(m))
		commit(m);
}

void reload_on_child(struct child *c, const struct control_message *message)
{
	struct master *m = c->master;
	struct reload *r = &m->reload;
	bool committing = r->state == RELOAD_COMMITTING && message->type == CONTROL_COMMITTED && message->generation == m->generation;
	bool preparing = r->state == RELOAD_PREPARING && message->type == CONTROL_PREPARED && message->generation == r->generation;

	if (!c->pending || !(committing || preparing))
		return;
	if (committing && message->error < 0) {
		/* It said that it could. The others have swapped: this one must not go on. */
		child_kill(c, message->text);
		return;
	}
	c->pending = false;
	if (message->error < 0) {
		refuse(m, message->text);
		return;
	}
	if (anyone_pending(m))
		return;
	if (preparing)
		commit(m);
	else
		finish(m, 0);
}

static void on_deadline(evutil_socket_t fd, short what, void *arg)
{
	struct master *m = arg;
	struct reload *r = &m->reload;

	(void)fd;
	(void)what;
	if (r->state == RELOAD_LOADING) {
		buf_puts(&r->findings, "the loader did not end within 30 s; are the documents on a slow file system?\n");
		child_kill(&r->loader, "it takes too long");
	} else if (r->state == RELOAD_PREPARING) {
		refuse(m, "a worker did not prepare the new generation within 5 s");
	} else if (r->state == RELOAD_COMMITTING) {
		/* Never two policies: who has not swapped by now goes. */
		child_each(c, m)
			if (c->pending)
				child_kill(c, "it did not take the new generation within 5 s");
	}
}

/* ---- load ---- */

static bool bind_is_equal(const struct master *m, size_t i)
{
	const struct reload *r = &m->reload;
	const struct settings_bind *a = &m->settings.binds[i], *b = &r->settings.binds[i];

	return a->port == b->port && a->listener == b->listener && a->broker == b->broker &&
	       span_eq(image_str_span(&m->image, a->host), image_str_span(&r->image, b->host));
}

/* Sockets are opened once: other addresses, or other meanings of them, need a restart. */
static bool listeners_are_equal(const struct master *m)
{
	if (m->settings.nbinds != m->reload.settings.nbinds)
		return false;
	for (size_t i = 0; i < m->settings.nbinds; i++)
		if (!bind_is_equal(m, i))
			return false;
	return true;
}

static int open_image(struct reload *r, int fd)
{
	int e = image_map(&r->image, fd);

	if (e < 0)
		return e;
	e = settings_open(&r->settings, &r->image);
	if (e == 0 && image_generation(&r->image) != r->generation)
		e = E_STATE;
	if (e < 0)
		image_unmap(&r->image);
	return e;
}

static int take_image(struct reload *r, const struct control_message *message, int fd)
{
	int e = message->error ? message->error : fd < 0 ? E_MALFORMED : open_image(r, fd);

	if (e == 0) {
		r->fd = fd;
		return 0;
	}
	if (fd >= 0)
		close(fd);
	if (e != E_FINDINGS)
		buf_printf(&r->findings, "the loader built no usable image: %s\n", err_text(e));
	return e;
}

void reload_on_loader(struct master *m, const struct control_message *message, int fd)
{
	struct reload *r = &m->reload;

	if (message->type == CONTROL_TEXT && r->findings.n < FINDINGS_MAX)
		buf_add(&r->findings, message->text, message->text_n);
	if (message->type != CONTROL_IMAGE || r->state != RELOAD_LOADING || r->fd >= 0) {
		if (fd >= 0)
			close(fd);
		return;
	}
	event_del(r->deadline);
	if (take_image(r, message, fd) < 0)
		finish(m, E_FINDINGS);
	else if (!listeners_are_equal(m))
		refuse(m, "listeners: addresses and broker ports take force at a restart; undo their change, or restart");
	else
		prepare(m);
}

void reload_on_death(struct child *c)
{
	struct master *m = c->master;
	struct reload *r = &m->reload;

	if (c->kind == CHILD_LOADER) {
		if (r->state == RELOAD_LOADING)
			refuse(m, "the loader ended without a result");
		else if (r->state == RELOAD_IDLE && r->again)
			run_again(m);
		return;
	}
	if (!c->pending)
		return;
	c->pending = false;
	if (anyone_pending(m))
		return;
	if (r->state == RELOAD_PREPARING)
		refuse(m, "a worker ended while it prepared the new generation");
	else if (r->state == RELOAD_COMMITTING)
		finish(m, 0);
}

void reload_request(struct master *m)
{
	struct reload *r = &m->reload;

	if (r->state != RELOAD_IDLE || r->loader.pid > 0) {
		r->again = true;
		return;
	}
	notify_reloading();
	buf_clear(&r->findings);
	r->state = RELOAD_LOADING;
	r->generation = m->generation + 1;
	set_deadline(m, LOADER_DEADLINE_S);
	child_spawn(&r->loader);
	if (r->loader.pid <= 0)
		refuse(m, "the loader cannot be started");
}

int reload_init(struct master *m)
{
	struct reload *r = &m->reload;

	*r = (struct reload){ .fd = -1 };
	buf_init(&r->findings, FINDINGS_MAX + 2 * CONTROL_TEXT_MAX);
	r->loader = (struct child){ .master = m, .kind = CHILD_LOADER, .control = -1 };
	r->loader.timer = NULL;
	r->deadline = evtimer_new(m->base, on_deadline, m);
	return r->deadline ? 0 : E_NOMEM;
}

void reload_fini(struct master *m)
{
	struct reload *r = &m->reload;

	drop_image(r);
	buf_fini(&r->findings);
	if (r->loader.readable)
		event_free(r->loader.readable);
	if (r->loader.control >= 0)
		close(r->loader.control);
	if (r->deadline)
		event_free(r->deadline);
}

/* ---- the first generation: nothing runs yet that could be kept waiting ---- */

static int wait_for_image(struct reload *r)
{
	uint64_t until = clock_ms() + LOADER_DEADLINE_S * 1000u;

	for (;;) {
		struct control_message message;
		int fd, e = control_recv(r->loader.control, &message, &fd);
		if (e == 0 && message.type == CONTROL_IMAGE)
			return take_image(r, &message, fd);
		if (e == 0 && message.type == CONTROL_TEXT && r->findings.n < FINDINGS_MAX)
			buf_add(&r->findings, message.text, message.text_n);
		if (e < 0 && e != E_AGAIN)
			return e;
		uint64_t now = clock_ms();
		struct pollfd p = { .fd = r->loader.control, .events = POLLIN };
		if (now >= until || (poll(&p, 1, (int)(until - now)) == 0))
			return E_LIMIT;
	}
}

int reload_first(struct master *m)
{
	struct reload *r = &m->reload;

	r->generation = 1;
	child_spawn(&r->loader);
	if (r->loader.pid <= 0)
		return E_SYS;
	int e = wait_for_image(r), status;
	if (e < 0)
		kill(r->loader.pid, SIGKILL);
	while (waitpid(r->loader.pid, &status, 0) < 0 && errno == EINTR)
		;
	event_free(r->loader.readable);
	close(r->loader.control);
	r->loader = (struct child){ .master = m, .kind = CHILD_LOADER, .control = -1 };
	if (r->findings.n)
		(void)!write(STDERR_FILENO, r->findings.p, r->findings.n);
	if (e == 0)
		take_over(m);
	buf_clear(&r->findings);
	return e;
}
