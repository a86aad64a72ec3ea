/* Heartbeats: a worker without one for 2 s loses its slots to the others, one without
 * progress for 10 s is killed. Runs in the master, from its tick. */
#include "base/clock.h"
#include "base/log.h"
#include "master/internal.h"

static uint64_t silence_ms(const struct child *c, uint64_t now)
{
	uint64_t beat = stats_worker(&c->master->stats, c->index).heartbeat_ms;
	uint64_t last = beat > c->since_ms ? beat : c->since_ms;

	return now > last ? now - last : 0;
}

static void watch_one(struct child *c, uint64_t now)
{
	uint64_t silence = silence_ms(c, now);

	if (silence >= WATCH_DEAD_MS) {
		child_kill(c, "no progress for 10 s");
		return;
	}
	bool stuck = silence >= WATCH_STUCK_MS;
	if (stuck == c->stuck)
		return;
	c->stuck = stuck;
	if (stuck)
		log_warn("worker %u (pid %d) has not moved for %u ms: others accept in its place", c->index, (int)c->pid, WATCH_STUCK_MS);
	else
		log_notice("worker %u (pid %d) moves again and takes its slots back", c->index, (int)c->pid);
	slots_share(c->master);
}

void watch_workers(struct master *m)
{
	uint64_t now = clock_ms();

	child_each(c, m)
		if (c->kind == CHILD_WORKER && c->state == CHILD_SERVING)
			watch_one(c, now);
}
