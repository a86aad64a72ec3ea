/* Is this gateway fit to be sent clients? Judged from shared memory alone, so that a stuck
 * worker cannot stall the answer. Owner: admin. */
#include "admin/facts.h"

#define COMMIT_GRACE_MS 5000u            /* a commit reaches the workers one after the other */
#define FAILURE_FRESH_MS 30000u          /* an older failure to connect says nothing about now */

enum facts_worker_state facts_worker_state(const struct stats_worker *w, uint64_t now_ms)
{
	if (w->pid == 0)
		return FACTS_WORKER_MISSING;
	if (w->heartbeat_ms == 0 || w->generation == 0)
		return FACTS_WORKER_STARTING;
	return now_ms > w->heartbeat_ms + FACTS_STUCK_MS ? FACTS_WORKER_STUCK : FACTS_WORKER_SERVING;
}

const char *facts_worker_word(enum facts_worker_state s)
{
	static const char *const words[] = {
		[FACTS_WORKER_MISSING] = "missing", [FACTS_WORKER_STARTING] = "starting",
		[FACTS_WORKER_STUCK] = "stuck", [FACTS_WORKER_SERVING] = "serving",
	};

	return words[s];
}

/* One worker that is gone or stuck is no reason: the others serve its slots. Another
 * generation is: clients would meet two policies. */
static bool workers_are_ready(const struct facts *f, uint64_t now_ms, struct buf *why)
{
	uint64_t committed = image_generation(&f->image);
	bool settled = now_ms > f->committed_ms + COMMIT_GRACE_MS, ready = true;
	size_t serving = 0;

	for (size_t i = 0; i < f->stats.nworkers; i++) {
		struct stats_worker w = stats_worker(&f->stats, i);
		enum facts_worker_state state = facts_worker_state(&w, now_ms);
		serving += state == FACTS_WORKER_SERVING;
		if (state != FACTS_WORKER_SERVING) {
			buf_printf(why, "note: worker %zu is %s\n", i, facts_worker_word(state));
		} else if (w.generation != committed && settled) {
			buf_printf(why, "not: worker %zu has generation %llu in force, committed is %llu\n", i,
			           (unsigned long long)w.generation, (unsigned long long)committed);
			ready = false;
		}
	}
	if (serving == 0)
		buf_puts(why, "not: no worker serves\n");
	return ready && serving > 0;
}

/* A bootstrap that nobody tried yet is no reason: sessions connect when clients come. */
static bool cluster_is_reached(const struct facts *f, const char *name, uint64_t key, uint64_t now_ms, struct buf *why)
{
	struct topology_reach r = topology_reach(&f->topology, key);

	if (r.failed_ms <= r.reached_ms || now_ms > r.failed_ms + FAILURE_FRESH_MS)
		return true;
	buf_printf(why, "not: cluster %s could not be reached %llu ms ago\n", name,
	           (unsigned long long)(now_ms > r.failed_ms ? now_ms - r.failed_ms : 0));
	return false;
}

static bool clusters_are_reached(const struct facts *f, uint64_t now_ms, struct buf *why)
{
	bool ready = true;

	for (size_t i = 0; f->topology.region.base && i < f->settings.nclusters; i++) {
		struct image_str name = f->settings.clusters[i].name;
		uint64_t key = topology_key(image_str_span(&f->image, name));
		ready &= cluster_is_reached(f, image_text(&f->image, name), key, now_ms, why);
	}
	return ready;
}

/* A broker in no range of ids is left out as well. */
static bool has_port(const struct facts *f, const struct settings_listener *l, int32_t id, struct buf *why)
{
	if (id < 0 || settings_broker_slot(&f->settings, l, id) >= 0)
		return true;
	buf_printf(why, "not: listener %s: broker %d is in no range of broker_ports; write one for it\n", image_text(&f->image, l->name), id);
	return false;
}

/* Of two live ids on one port the higher one is left out of Metadata: clients miss its
 * partitions until the range is widened. */
static bool listener_ports_suffice(const struct facts *f, const struct settings_listener *l, struct buf *why)
{
	static struct topology_broker brokers[TOPOLOGY_BROKERS_MAX];
	struct span cluster = image_str_span(&f->image, f->settings.clusters[l->cluster].name);
	uint64_t stamp;
	size_t n;

	if (l->broker_port_count == 0 ||
	    topology_newest(&f->topology, topology_key(cluster), brokers, ARRAY_LEN(brokers), &n, &stamp) < 0)
		return true;
	for (size_t i = 0; i < n; i++) {
		if (!has_port(f, l, brokers[i].id, why))
			return false;
		for (size_t k = 0; k < i; k++) {
			int32_t slot = settings_broker_slot(&f->settings, l, brokers[i].id);
			if (slot < 0 || slot != settings_broker_slot(&f->settings, l, brokers[k].id))
				continue;
			buf_printf(why, "not: listener %s: brokers %d and %d share port %u; widen broker_ports\n",
			           image_text(&f->image, l->name), brokers[k].id, brokers[i].id,
			           settings_slot_port(&f->settings, l, slot));
			return false;
		}
	}
	return true;
}

static bool ports_suffice(const struct facts *f, struct buf *why)
{
	bool ready = true;

	for (size_t i = 0; f->topology.region.base && i < f->settings.nlisteners; i++)
		ready &= listener_ports_suffice(f, &f->settings.listeners[i], why);
	return ready;
}

bool facts_ready(const struct facts *f, uint64_t now_ms, struct buf *why)
{
	if (!f->image.base) {
		buf_puts(why, "not: nothing is committed yet\n");
		return false;
	}
	/* All of them: an operator wants every reason at once. */
	bool workers = workers_are_ready(f, now_ms, why);
	bool clusters = clusters_are_reached(f, now_ms, why);
	bool ports = ports_suffice(f, why);
	return workers && clusters && ports;
}
