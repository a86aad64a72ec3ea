/* The worker process: start, the loop, what its parts share. Owner: worker. */
#include <event2/dns.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "worker/balance.h"
#include "worker/dial.h"
#include "worker/kafka/row.h"
#include "worker/worker.h"

#define SESSIONS_KEPT 256
#define EXCHANGES_KEPT 4096
#define LOG_BURST 20u                    /* lines about peers at once */
#define LOG_REFILL_MS 100u               /* one more each */
#define FAVOUR_MS 1000u                  /* to go beyond the budget, then another's turn may come */

/* ---- what the parts ask ---- */

const struct route *worker_route(const struct worker *w, uint32_t route)
{
	INVARIANT(route < w->nroutes);
	return &w->routes[route];
}

const struct settings_listener *worker_listener(const struct worker *w, uint32_t route)
{
	if (route >= w->nroutes || w->routes[route].listener == UINT32_MAX)
		return NULL;
	return &w->in_force->settings.listeners[w->routes[route].listener];
}

const struct settings *worker_settings(const struct worker *w)
{
	return w->in_force->settings.settings;
}

struct iovec worker_scratch(const struct worker *w)
{
	return (struct iovec){ w->blocks.scratch->bytes, WORKER_SCRATCH };
}

/* What is read must be kept when it cannot pass: the less memory, the shorter the reads, so
 * that they fit blocks of 32 and 4 KiB. */
struct iovec worker_reading(const struct worker *w)
{
	static const size_t most[] = {
		[BLOCKS_AMPLE] = WORKER_SCRATCH,
		[BLOCKS_SHORT] = 8 * BLOCK_MIN - sizeof(struct block),
		[BLOCKS_SCARCE] = BLOCK_MIN - sizeof(struct block),
	};
	return (struct iovec){ w->blocks.scratch->bytes, most[blocks_level(&w->blocks)] };
}

/* ---- counting ---- */

void worker_count(struct worker *w, enum stats_metric m, int64_t delta)
{
	if (!w->has_stats || delta == 0)
		return;
	if (delta > 0)
		stats_add(&w->counters, m, (uint64_t)delta);
	else
		stats_sub(&w->counters, m, (uint64_t)-delta);
}

void worker_count_refused(struct worker *w, const char *reason)
{
	if (w->has_stats)
		stats_series_add(&w->counters, stats_series_of(&w->counters, STATS_CONNECTIONS_REFUSED, reason), 1);
}

void worker_count_close(struct worker *w, enum close_reason reason)
{
	if (w->has_stats)
		stats_series_add(&w->counters, stats_series_of(&w->counters, STATS_CLOSES, close_reason_word(reason)), 1);
}

void worker_count_authentication(struct worker *w, const char *mechanism, bool accepted)
{
	if (w->has_stats)
		stats_series_add(&w->counters, stats_series_of(&w->counters, STATS_AUTHENTICATIONS, mechanism, accepted ? "accepted" : "refused"), 1);
}

static void count_api(struct worker *w, uint32_t *series, enum stats_metric m, const struct kafka_row *row)
{
	if (!w->has_stats)
		return;
	if (!*series)
		*series = 1 + stats_series_of(&w->counters, m, kafka_api_find(row->key)->name);
	stats_series_add(&w->counters, *series - 1, 1);
}

void worker_count_request(struct worker *w, const struct kafka_row *row)
{
	count_api(w, &w->kafka.requests[row->key], STATS_REQUESTS, row);
}

void worker_count_local(struct worker *w, const struct kafka_row *row)
{
	count_api(w, &w->kafka.locals[row->key], STATS_RESPONSES_LOCAL, row);
}

void worker_note_sessions(struct worker *w)
{
	if (w->has_stats)
		stats_set_sessions(&w->counters, (uint32_t)w->nsessions);
}

void worker_note_reach(struct worker *w, uint32_t route, bool reached)
{
	const struct route *r = worker_route(w, route);

	if (w->has_topology)
		topology_note_reach(&w->topology, w->heritage->worker, r->cluster_key, reached, clock_ms());
	if (!w->has_stats)
		return;
	if (reached)
		worker_count(w, STATS_UPSTREAMS_TOTAL, 1);
	else
		stats_series_add(&w->counters, stats_series_of(&w->counters, STATS_UPSTREAM_FAILURES, r->cluster_name, "connect"), 1);
}

/* ---- logging ---- */

bool worker_may_log(struct worker *w)
{
	uint64_t now = clock_ms();
	uint64_t fresh = (now - w->log_filled) / LOG_REFILL_MS;

	if (fresh > 0) {
		w->log_filled = now;
		w->log_tokens = fresh > LOG_BURST - w->log_tokens ? LOG_BURST : w->log_tokens + (unsigned)fresh;
	}
	if (w->log_tokens == 0) {
		w->log_held_back++;
		return false;
	}
	w->log_tokens--;
	if (w->log_held_back)
		log_notice("%u lines were held back", w->log_held_back);
	w->log_held_back = 0;
	return true;
}

void worker_log_peer(struct session *s, enum log_level level, const char *text)
{
	struct worker *w = s->worker;

	if (!log_is_on(level) || !worker_may_log(w))
		return;
	struct log_field fields[] = {
		{ "listener", span_str(worker_route(w, s->route)->name) },
		{ "client", span_of(s->link.client_id, s->link.nclient_id) },
	};
	log_fields(level, text, fields, ARRAY_LEN(fields));
}

/* ---- generations ---- */

static uint32_t find_route(struct worker *w, const char *name)
{
	for (uint32_t i = 0; i < w->nroutes; i++)
		if (strcmp(w->routes[i].name, name) == 0)
			return i;
	if (w->nroutes == WORKER_ROUTES_MAX)
		return UINT32_MAX;
	snprintf(w->routes[w->nroutes].name, sizeof w->routes->name, "%s", name);
	return (uint32_t)w->nroutes++;
}

static void map_routes(struct worker *w)
{
	const struct generation *g = w->in_force;

	for (size_t i = 0; i < w->nroutes; i++)
		w->routes[i].listener = UINT32_MAX;
	for (uint32_t i = 0; i < g->settings.nlisteners; i++) {
		const struct settings_listener *l = &g->settings.listeners[i];
		const struct settings_cluster *c = &g->settings.clusters[l->cluster];
		uint32_t r = find_route(w, image_text(&g->image, l->name));
		if (r == UINT32_MAX) {
			log_error("more than %u listeners over the life of a worker; one is left out", WORKER_ROUTES_MAX);
			continue;
		}
		w->routes[r].listener = i;
		w->routes[r].cluster = l->cluster;
		w->routes[r].cluster_key = topology_key(image_str_span(&g->image, c->name));
		snprintf(w->routes[r].cluster_name, sizeof w->routes->cluster_name, "%s", image_text(&g->image, c->name));
	}
	accept_rename(w);
}

void worker_adopt(struct worker *w, struct generation *g)
{
	struct generation *old = w->in_force;
	const struct settings *set = g->settings.settings;

	w->in_force = g;
	log_configure((enum log_format)set->log_format, (enum log_level)set->log_level);
	w->blocks.limit = set->limit_worker_memory;
	map_routes(w);
	kafka_tools_renew(&w->kafka);
	if (w->has_stats) {
		stats_set_generation(&w->counters, g->number);
		stats_beat(&w->counters, clock_ms());    /* it serves from now on, not from the next tick */
	}
	generation_close(old);
}

/* ---- the loop ---- */

/* Does a session's frame miss fewer bytes than another's? None at all is the most. */
static bool misses_fewer(const struct session *a, const struct session *b)
{
	return reader_missing(&a->requests) - 1 < reader_missing(&b->requests) - 1;
}

/* One of those who wait may go beyond the budget, so that frames always get done: the one
 * whose frame misses the fewest bytes, of those that can be read at all. Frames so favoured may
 * get stuck, one after the other, behind brokers that stop: they begin in the first quarter of
 * what is kept for who holds little. Beyond that only such are chosen, and only for as long as
 * they do. */
static void favour_one(struct worker *w)
{
	struct session *least = NULL;

	w->favour_is_small = w->blocks.used >= w->blocks.limit / 16 * 13;
	list_each(it, &w->starving) {
		struct session *s = list_entry(it, struct session, starving);
		if (w->favour_is_small && !session_holds_little(s))
			break;
		if (session_may_be_read(s) && (!least || misses_fewer(s, least)))
			least = s;
	}
	w->nobody_to_favour = !least;
	w->favoured = least;
	w->favoured_since = clock_ms();
	if (least)
		session_feed(least);
}

static void feed_starving(struct worker *w)
{
	if (w->favoured && !w->favoured->client.reading)
		w->favoured = NULL;
	list_each_safe(it, &w->starving) {
		struct session *s = list_entry(it, struct session, starving);
		if (!session_is_fed(s))
			break;
		session_feed(s);
	}
	if (!w->favoured && !w->nobody_to_favour && !list_is_empty(&w->starving))
		favour_one(w);
}

static void end_favour(struct worker *w, uint64_t now)
{
	w->nobody_to_favour = false;
	if (w->favoured && now - w->favoured_since >= FAVOUR_MS)
		w->favoured = NULL;
}

static void count_lost_lines(struct worker *w)
{
	uint64_t dropped = log_dropped();

	stats_add(&w->counters, STATS_LOG_DROPPED, dropped - w->log_dropped);
	w->log_dropped = dropped;
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct worker *w = arg;
	uint64_t now = clock_ms();
	struct wheel_entry *e;

	(void)fd, (void)what;
	while ((e = wheel_next(&w->wheel, now)))
		session_timer(list_entry(e, struct session, timer), now);
	end_favour(w, now);
	balance_tick(w);
	kafka_tools_trim(&w->kafka);
	blocks_trim(&w->blocks);
	if (!w->has_stats)
		return;
	stats_beat(&w->counters, now);
	stats_set(&w->counters, STATS_MEMORY_HELD, w->blocks.used);
	count_lost_lines(w);
}

static void end_turn(struct worker *w)
{
	while (!list_is_empty(&w->dead))
		session_bury(list_entry(list_first(&w->dead), struct session, node));
	feed_starving(w);
}

static bool is_done(const struct worker *w)
{
	return w->stopping && (w->nsessions == 0 || clock_ms() >= w->stop_due);
}

static void loop(struct worker *w)
{
	while (!event_base_got_break(w->base) && !is_done(w)) {
		if (event_base_loop(w->base, EVLOOP_ONCE))
			break;
		end_turn(w);
	}
}

/* ---- start and end ---- */

static int open_regions(struct worker *w)
{
	const struct heritage *h = w->heritage;
	int error = 0;

	if (h->stats >= 0) {
		error = stats_map(&w->stats, h->stats);
		if (!error)
			error = stats_writer_init(&w->counters, &w->stats, h->worker);
		if (error)
			return error;
		w->has_stats = true;
	}
	if (h->topology >= 0) {
		error = topology_map(&w->topology, h->topology);
		w->has_topology = !error;
	}
	return error;
}

static int open_loop(struct worker *w)
{
	struct event_config *config = event_config_new();

	if (!config)
		return E_NOMEM;
	event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK);
	event_config_set_flag(config, EVENT_BASE_FLAG_EPOLL_USE_CHANGELIST);
	w->base = event_base_new_with_config(config);
	event_config_free(config);
	if (!w->base)
		return E_NOMEM;
	w->dns = evdns_base_new(w->base, EVDNS_BASE_INITIALIZE_NAMESERVERS | EVDNS_BASE_DISABLE_WHEN_INACTIVE);
	if (!w->dns)
		w->dns = evdns_base_new(w->base, EVDNS_BASE_DISABLE_WHEN_INACTIVE);
	if (!w->dns)
		return E_NOMEM;
	stream_pool_init(&w->streams, w->base, &w->blocks);
	balance_tick(w);
	struct timeval tick = { .tv_usec = WHEEL_TICK_MS * 1000 };
	event_assign(&w->on_tick, w->base, -1, EV_PERSIST, on_tick, w);
	return event_add(&w->on_tick, &tick) ? E_NOMEM : 0;
}

static void open_memory(struct worker *w)
{
	blocks_init(&w->blocks, 256u << 20);     /* until settings say */
	slab_init(&w->session_slab, sizeof(struct session), SESSIONS_KEPT);
	slab_init(&w->exchanges, sizeof(struct exchange), EXCHANGES_KEPT);
	slab_init(&w->blanks, sizeof(struct kafka_blank), SESSIONS_KEPT);
	slab_init(&w->dials, dial_size(), 16);
	slab_init(&w->targets, sizeof(struct dial_target), 16);
	list_init(&w->sessions);
	list_init(&w->dead);
	list_init(&w->starving);
	wheel_init(&w->wheel, clock_ms());
}

static int worker_open(struct worker *w)
{
	open_memory(w);
	int error = blocks_add_scratch(&w->blocks, WORKER_SCRATCH);
	if (!error)
		error = kafka_tools_init(&w->kafka);
	if (!error)
		error = open_regions(w);
	if (!error)
		error = open_loop(w);
	if (!error)
		error = accept_open(w);
	if (!error && w->heritage->image >= 0) {
		struct generation *g;
		const char *why;
		error = generation_open(&g, w->heritage->image, &why);
		if (error)
			log_alert("the image in force cannot be used: %s", why);
		else
			worker_adopt(w, g);
	}
	return error ? error : orders_open(w);
}

static void end_sessions(struct worker *w)
{
	list_each_safe(it, &w->sessions)
		session_kill(list_entry(it, struct session, node));
	while (!list_is_empty(&w->dead))
		session_bury(list_entry(list_first(&w->dead), struct session, node));
}

/* Everything is given back, so that leak checkers see the worker's own leaks. */
static void worker_close(struct worker *w)
{
	end_sessions(w);
	orders_close(w);
	accept_close(w);
	event_del(&w->on_tick);
	evdns_base_free(w->dns, 1);
	event_base_loop(w->base, EVLOOP_NONBLOCK);
	event_base_free(w->base);
	stream_pool_fini(&w->streams);
	slab_fini(&w->session_slab);
	slab_fini(&w->exchanges);
	slab_fini(&w->blanks);
	slab_fini(&w->dials);
	slab_fini(&w->targets);
	peers_fini(&w->peers);
	blocks_fini(&w->blocks);
	generation_close(w->prepared);
	generation_close(w->in_force);
	kafka_tools_fini(&w->kafka);
	if (w->has_stats) {
		stats_writer_fini(&w->counters);
		stats_unmap(&w->stats);
	}
	if (w->has_topology)
		topology_unmap(&w->topology);
}

int worker_main(const struct heritage *h)
{
	struct worker *w = calloc(1, sizeof *w);

	log_open(h->log, "worker");
	signal(SIGPIPE, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	if (!w) {
		log_alert("no memory");
		return 4;
	}
	w->heritage = h;
	w->log_filled = clock_ms();
	w->log_tokens = LOG_BURST;
	int error = worker_open(w);
	if (error) {
		log_alert("cannot start: %s", err_text(error));
		return 4;
	}
	loop(w);
	worker_close(w);
	free(w);
	return 0;
}
