/* Which worker has how many sessions, and who takes the next. Owner: worker. */
#include <unistd.h>

#include "base/clock.h"
#include "control.h"
#include "worker/balance.h"
#include "worker/worker.h"

#define LEAST 16u                        /* sessions: below it nobody has too many */
#define SILENT_MS 1000u                  /* a sibling without a beat for so long gets none */
#define PASSES_A_TICK 32u                /* all of them may come back, and must fit the channel */

struct share {
	uint64_t sessions, workers;
	uint32_t least;                  /* the worker with the fewest */
	uint32_t least_sessions;
};

/* Serving the same generation, and alive. */
static bool serves(const struct worker *w, const struct stats_worker *s, uint64_t now)
{
	return s->pid != 0 && s->generation == w->in_force->number && now - s->heartbeat_ms < SILENT_MS;
}

static struct share look(const struct worker *w)
{
	struct share out = { .least = w->heritage->worker, .least_sessions = UINT32_MAX };
	uint64_t now = clock_ms();

	for (uint32_t i = 0; i < w->heritage->nworkers; i++) {
		struct stats_worker s = stats_worker(&w->stats, i);
		bool own = i == w->heritage->worker;
		if (!own && !serves(w, &s, now))
			continue;
		uint32_t n = own ? (uint32_t)w->nsessions : s.sessions;
		out.sessions += n;
		out.workers++;
		if (n < out.least_sessions) {
			out.least = i;
			out.least_sessions = n;
		}
	}
	return out;
}

/* With this one more than 1.2 times the mean? */
static bool is_too_full(const struct worker *w, const struct share *all)
{
	return 5 * (uint64_t)(w->nsessions + 1) * all->workers > 6 * (all->sessions + 1);
}

bool balance_pass(struct worker *w, const struct slot *slot, int fd)
{
	struct control_message m = control_of(CONTROL_CONNECTION, w->in_force->number);

	if (!w->has_stats || w->heritage->nworkers < 2 || w->nsessions < LEAST || w->passes_left == 0)
		return false;
	struct share all = look(w);
	if (!is_too_full(w, &all) || all.least == w->heritage->worker)
		return false;
	m.worker = all.least;
	m.slot = (uint32_t)(slot - w->slots);
	if (control_send(w->heritage->control, &m, fd))
		return false;
	close(fd);
	w->passes_left--;
	worker_count(w, STATS_CONNECTIONS_PASSED, 1);
	return true;
}

void balance_tick(struct worker *w)
{
	w->passes_left = PASSES_A_TICK;
}
