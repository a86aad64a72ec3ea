/* Heartbeats: a worker without one for 2 s loses its slots to the others, one without
 * progress for 10 s is killed, whatever it was doing. Runs in the master, from its tick. */
#include "base/clock.h"
#include "base/log.h"
#include "master/internal.h"

static uint64_t latest(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* Since its last beat, its last change of state, or our own last pause. */
static uint64_t silence_ms(const struct child *c, uint64_t now)
{
	uint64_t beat = stats_worker(&c->master->stats, c->index).heartbeat_ms;
	uint64_t last = latest(latest(beat, c->since_ms), c->master->awake_ms);

	return now > last ? now - last : 0;
}

static void set_stuck(struct child *c, bool stuck)
{
	if (stuck == c->stuck)
		return;
	c->stuck = stuck;
	if (stuck)
		log_warn("worker %u (pid %d) has not moved for %u ms: others accept in its place", c->index, (int)c->pid, WATCH_STUCK_MS);
	else
		log_notice("worker %u (pid %d) moves again and takes its slots back", c->index, (int)c->pid);
	slots_share(c->master);
}

static void watch_one(struct child *c, uint64_t now)
{
	uint64_t silence = silence_ms(c, now);

	if (silence >= WATCH_DEAD_MS)
		child_kill(c, "no progress for 10 s");
	else if (c->state == CHILD_SERVING)
		set_stuck(c, silence >= WATCH_STUCK_MS);
}

/* Waiting for a reload to end is no fault of the worker's: that has its own deadline. */
static bool is_watched(const struct child *c)
{
	return c->kind == CHILD_WORKER && c->state != CHILD_NONE && c->state != CHILD_WAITING && c->state != CHILD_LEAVING;
}

void watch_workers(struct master *m)
{
	uint64_t now = clock_ms();

	/* Whoever stopped us, a debugger or a frozen group, may have stopped the workers too. */
	if (now - m->ticked_ms > WATCH_STUCK_MS)
		m->awake_ms = now;
	m->ticked_ms = now;
	child_each(c, m)
		if (is_watched(c))
			watch_one(c, now);
}
