/* The admin process: keeps what it knows in step with the master (prepare, commit, drop)
 * and lets the HTTP server say it. Owner: admin. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include <event2/event.h>

#include "admin/admin.h"
#include "admin/facts.h"
#include "admin/http.h"
#include "base/clock.h"
#include "base/log.h"
#include "control.h"

#define DESCRIPTORS_MAX 512              /* bounds connections, and with them memory */
#define FINDINGS_MAX (1u << 20)
#define CONTROL_BUDGET 256               /* messages of one loop turn */

/* A generation that was checked and waits for its commit. */
struct prepared {
	struct image image;              /* base NULL: none */
	struct settings_view settings;
	int listener;                    /* for a changed address, else -1 */
};

struct admin {
	const struct heritage *heritage;
	struct event_base *base;
	struct http *http;
	struct facts facts;
	struct prepared next;
	struct buf findings;             /* TEXT so far, until the ANSWER that it belongs to */
	int log;                         /* target that REOPEN brought, -1: the inherited one */
	char why[512];                   /* that the last prepare failed */
	int exit_code;
};

static const char *bind_of(const struct image *img, const struct settings_view *v)
{
	return v->settings ? image_text(img, v->settings->admin_bind) : "";
}

/* ---- generations ---- */

static void drop_prepared(struct admin *a)
{
	if (a->next.listener >= 0)
		close(a->next.listener);
	image_unmap(&a->next.image);
	a->next = (struct prepared){ .listener = -1 };
}

/* The address is taken while the old one still serves: what cannot be listened on
 * refuses the generation instead of losing the admin at its commit. */
static int prepare_listener(struct admin *a, const char **why)
{
	const char *fresh = bind_of(&a->next.image, &a->next.settings);

	if (*fresh == 0 || strcmp(fresh, bind_of(&a->facts.image, &a->facts.settings)) == 0)
		return 0;
	a->next.listener = http_listen(fresh, why);
	if (a->next.listener >= 0)
		return 0;
	snprintf(a->why, sizeof a->why, "admin.bind: %s: %s", fresh, *why);
	*why = a->why;
	return a->next.listener;
}

static int prepare(struct admin *a, int fd, const char **why)
{
	drop_prepared(a);
	int error = fd >= 0 ? image_map(&a->next.image, fd) : E_MALFORMED;
	if (!error)
		error = settings_open(&a->next.settings, &a->next.image);
	*why = err_text(error);
	if (!error)
		error = prepare_listener(a, why);
	if (error)
		drop_prepared(a);
	return error;
}

static int serve_prepared(struct admin *a)
{
	const char *address = bind_of(&a->next.image, &a->next.settings);

	if (*address == 0)
		http_stop(a->http);
	else if (a->next.listener >= 0)
		return http_serve(a->http, a->next.listener, address);
	return 0;
}

static void commit(struct admin *a)
{
	if (serve_prepared(a) < 0)
		log_error("admin: no memory for the listener; it stays closed until the next reload");
	image_unmap(&a->facts.image);
	a->facts.image = a->next.image;
	a->facts.settings = a->next.settings;
	a->facts.committed_ms = clock_ms();
	a->next = (struct prepared){ .listener = -1 };
	log_configure(a->facts.settings.settings->log_format, a->facts.settings.settings->log_level);
}

/* ---- what the master says ---- */

static void send_to_master(struct admin *a, struct control_message *m)
{
	if (control_send(a->heritage->control, m, -1) < 0)
		log_error("admin: the master could not be answered");
}

static void on_prepare(struct admin *a, const struct control_message *m, int fd)
{
	struct control_message reply = control_of(CONTROL_PREPARED, m->generation);
	const char *why = "";

	reply.error = prepare(a, fd, &why);
	if (!reply.error && image_generation(&a->next.image) != m->generation) {
		drop_prepared(a);
		reply.error = E_MALFORMED;
		why = "the image is of another generation";
	}
	control_set_text(&reply, why);
	send_to_master(a, &reply);
}

static void on_commit(struct admin *a, const struct control_message *m, int fd)
{
	struct control_message reply = control_of(CONTROL_COMMITTED, m->generation);

	(void)fd;
	if (!a->next.image.base || image_generation(&a->next.image) != m->generation)
		reply.error = E_STATE;
	else
		commit(a);
	send_to_master(a, &reply);
}

static void on_drop(struct admin *a, const struct control_message *m, int fd)
{
	(void)m;
	(void)fd;
	drop_prepared(a);
}

static void on_reopen(struct admin *a, const struct control_message *m, int fd)
{
	int target = fd >= 0 ? dup(fd) : -1;

	(void)m;
	if (target < 0)
		return;
	log_open(target, "admin");
	if (a->log >= 0)
		close(a->log);
	a->log = target;
}

static void on_text(struct admin *a, const struct control_message *m, int fd)
{
	(void)fd;
	buf_add(&a->findings, m->text, m->text_n);
}

/* A reload has ended; its findings came before. */
static void on_answer(struct admin *a, const struct control_message *m, int fd)
{
	struct facts_reload *r = &a->facts.reload;

	(void)fd;
	buf_add(&a->findings, m->text, m->text_n);
	buf_addch(&a->findings, 0);
	free(r->findings);
	r->findings = buf_error(&a->findings) ? NULL : strdup((const char *)a->findings.p);
	r->committed = m->error == 0;
	r->wall_ms = clock_wall_ms();
	buf_clear(&a->findings);
}

static void on_end(struct admin *a, const struct control_message *m, int fd)
{
	(void)m;
	(void)fd;
	event_base_loopbreak(a->base);
}

static void (*const handlers[CONTROL_TYPE_COUNT])(struct admin *a, const struct control_message *m, int fd) = {
	[CONTROL_PREPARE] = on_prepare, [CONTROL_COMMIT] = on_commit, [CONTROL_DROP] = on_drop,
	[CONTROL_REOPEN] = on_reopen,   [CONTROL_TEXT] = on_text,     [CONTROL_ANSWER] = on_answer,
	[CONTROL_QUIT] = on_end,        [CONTROL_STOP] = on_end,
};

/* Without its master it would show a gateway that is not there. */
static void end_without_master(struct admin *a, int error)
{
	a->exit_code = error == E_EOF ? 0 : 4;
	event_base_loopbreak(a->base);
}

/* All that waits, so that who was answered by the master and asks here next sees the
 * outcome; budgeted all the same. */
static void on_control(evutil_socket_t sock, short what, void *arg)
{
	struct admin *a = arg;
	struct control_message m;
	int fd;

	(void)what;
	for (int i = 0; i < CONTROL_BUDGET; i++) {
		int error = control_recv(sock, &m, &fd);
		if (error == E_AGAIN)
			return;
		if (error) {
			end_without_master(a, error);
			return;
		}
		if (handlers[m.type])
			handlers[m.type](a, &m, fd);
		if (fd >= 0)
			close(fd);
	}
}

/* ---- life ---- */

static int open_regions(struct admin *a)
{
	int error = stats_map(&a->facts.stats, a->heritage->stats);

	if (!error && a->heritage->topology >= 0)
		error = topology_map(&a->facts.topology, a->heritage->topology);
	if (error)
		log_alert("admin: shared memory cannot be used: %s", err_text(error));
	return error;
}

/* The generation in force when a dead admin is followed by this one. */
static int open_inherited(struct admin *a)
{
	const char *why = "";

	if (a->heritage->image < 0)
		return 0;
	int error = prepare(a, a->heritage->image, &why);
	if (error)
		log_error("admin: the generation in force cannot be served: %s", why);
	else
		commit(a);
	return error;
}

static void bound_descriptors(void)
{
	struct rlimit l;

	if (getrlimit(RLIMIT_NOFILE, &l) < 0 || l.rlim_cur <= DESCRIPTORS_MAX)
		return;
	l.rlim_cur = DESCRIPTORS_MAX;
	if (setrlimit(RLIMIT_NOFILE, &l) < 0)
		log_warn("admin: descriptors are not bounded: %s", strerror(errno));
}

static int run(struct admin *a)
{
	struct control_message ready = control_of(CONTROL_READY, 0);
	struct event *control = event_new(a->base, a->heritage->control, EV_READ | EV_PERSIST, on_control, a);

	if (!control || event_add(control, NULL) < 0)
		return 4;
	send_to_master(a, &ready);
	event_base_dispatch(a->base);
	event_free(control);
	return a->exit_code;
}

static int start(struct admin *a)
{
	if (open_regions(a) < 0 || fd_set_nonblock(a->heritage->control) < 0)
		return 4;
	a->base = event_base_new();
	a->http = a->base ? http_new(a->base, &a->facts) : NULL;
	if (!a->http)
		return 4;
	return open_inherited(a) < 0 ? 3 : run(a);
}

static void admin_fini(struct admin *a)
{
	drop_prepared(a);
	http_free(a->http);
	if (a->base)
		event_base_free(a->base);
	image_unmap(&a->facts.image);
	topology_unmap(&a->facts.topology);
	stats_unmap(&a->facts.stats);
	free(a->facts.reload.findings);
	buf_fini(&a->findings);
}

int admin_main(const struct heritage *h)
{
	struct admin a = { .heritage = h, .next.listener = -1, .log = -1 };

	buf_init(&a.findings, FINDINGS_MAX);
	log_open(h->log, "admin");
	/* A Ctrl-C at a terminal reaches the whole group; the master decides what it means. */
	signal(SIGINT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	bound_descriptors();
	int code = start(&a);
	admin_fini(&a);
	return code;
}
