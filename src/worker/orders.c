/* What the master orders on the control channel. Owner: worker. */
#include <unistd.h>

#include "base/clock.h"
#include "control.h"
#include "worker/worker.h"

#define STOP_MS 5000u                    /* for answers in flight, once told to end */
#define ORDERS_A_TURN 16

static void reply(struct worker *w, enum control_type type, uint64_t generation, int error, const char *text)
{
	struct control_message m = control_of(type, generation);

	m.worker = w->heritage->worker;
	m.error = error;
	control_set_text(&m, text);
	if (control_send(w->heritage->control, &m, -1))
		log_alert("the master does not take messages on the control channel");
}

static void prepare(struct worker *w, uint64_t number, int fd)
{
	struct generation *g = NULL;
	const char *why = "no image came along";
	int error = fd < 0 ? E_STATE : generation_open(&g, fd, &why);

	generation_close(w->prepared);
	w->prepared = g;
	if (g && g->number != number) {
		generation_close(g);
		w->prepared = NULL;
		error = E_MALFORMED;
		why = "the image is of another generation";
	}
	reply(w, CONTROL_PREPARED, number, error, error ? why : "");
}

static void commit(struct worker *w, uint64_t number)
{
	if (w->prepared && w->prepared->number == number) {
		struct generation *g = w->prepared;
		w->prepared = NULL;
		worker_adopt(w, g);
	}
	bool ours = w->in_force && w->in_force->number == number;
	reply(w, CONTROL_COMMITTED, number, ours ? 0 : E_STATE, ours ? "" : "this generation was not prepared");
}

static void drop(struct worker *w, uint64_t number)
{
	if (!w->prepared || w->prepared->number != number)
		return;
	generation_close(w->prepared);
	w->prepared = NULL;
}

/* Stops at a frame boundary, answers what is in flight, ends when the last session has. */
void worker_stop(struct worker *w)
{
	if (w->stopping)
		return;
	w->stopping = true;
	w->stop_due = clock_ms() + STOP_MS;
	accept_apply(w, NULL);
	list_each_safe(it, &w->sessions)
		session_stop(list_entry(it, struct session, node));
}

/* *fd is closed behind it, unless it is kept: -1 then. */
static void obey(struct worker *w, const struct control_message *m, int *fd)
{
	switch (m->type) {
	case CONTROL_PREPARE:
		prepare(w, m->generation, *fd);
		break;
	case CONTROL_COMMIT:
		commit(w, m->generation);
		break;
	case CONTROL_DROP:
		drop(w, m->generation);
		break;
	case CONTROL_SLOTS:
		accept_apply(w, m->slots);
		break;
	case CONTROL_CONNECTION:
		if (*fd >= 0)
			accept_passed(w, m->slot, *fd);
		*fd = -1;
		break;
	case CONTROL_REOPEN:
		if (*fd >= 0 && dup2(*fd, w->heritage->log) < 0)
			log_alert("cannot take the new log target");
		break;
	case CONTROL_QUIT:
		worker_stop(w);
		break;
	case CONTROL_STOP:
		event_base_loopbreak(w->base);
		break;
	default:
		log_alert("a message of type %u on the control channel is not for a worker", m->type);
	}
}

/* false: there is no more, or never will be. */
static bool take_order(struct worker *w, int sock)
{
	struct control_message m;
	int fd = -1;

	int error = control_recv(sock, &m, &fd);
	if (error == E_AGAIN)
		return false;
	if (error == E_EOF || error == E_SYS) {
		/* orphaned: two policies never run side by side */
		log_notice("the master is gone; ending");
		event_del(&w->on_control);
		worker_stop(w);
		return false;
	}
	if (error)
		log_alert("a malformed message on the control channel");
	else
		obey(w, &m, &fd);
	if (fd >= 0)
		close(fd);
	return true;
}

static void on_control(evutil_socket_t sock, short what, void *arg)
{
	(void)what;
	for (int i = 0; i < ORDERS_A_TURN && take_order(arg, sock); i++)
		;
}

int orders_open(struct worker *w)
{
	event_assign(&w->on_control, w->base, w->heritage->control, EV_READ | EV_PERSIST, on_control, w);
	if (event_add(&w->on_control, NULL))
		return E_NOMEM;
	reply(w, CONTROL_READY, w->in_force ? w->in_force->number : 0, 0, "");
	return 0;
}

void orders_close(struct worker *w)
{
	event_del(&w->on_control);
}
