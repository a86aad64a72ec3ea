/* /v1/status: one JSON object for the tool and for scripts. Owner: admin. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "config.h"
#include "admin/facts.h"

/* Text that came from a document or a peer: never lets a bad byte spoil the answer. */
static json_t *text(const char *s)
{
	json_t *v = json_string(s);

	return v ? v : json_string("(not UTF-8)");
}

/* Milliseconds since then; null when it never was. */
static json_t *ago(uint64_t then_ms, uint64_t now_ms)
{
	if (then_ms == 0)
		return json_null();
	return json_integer(now_ms > then_ms ? (json_int_t)(now_ms - then_ms) : 0);
}

static json_t *workers(const struct facts *f, uint64_t now_ms)
{
	json_t *all = json_array();

	for (size_t i = 0; i < f->stats.nworkers; i++) {
		struct stats_worker w = stats_worker(&f->stats, i);
		const char *state = facts_worker_word(facts_worker_state(&w, now_ms));
		json_array_append_new(all, json_pack("{s:I,s:s,s:I,s:I,s:I,s:o}", "worker", (json_int_t)i, "state", state,
		                                     "pid", (json_int_t)w.pid, "sessions", (json_int_t)w.sessions,
		                                     "generation", (json_int_t)w.generation, "heartbeat_age_ms",
		                                     ago(w.heartbeat_ms, now_ms)));
	}
	return all;
}

static json_t *brokers(const struct facts *f, uint64_t cluster, uint64_t *stamp)
{
	static struct topology_broker known[TOPOLOGY_BROKERS_MAX];
	json_t *all = json_array();
	size_t n;

	if (topology_newest(&f->topology, cluster, known, ARRAY_LEN(known), &n, stamp) < 0)
		return all;
	for (size_t i = 0; i < n; i++)
		json_array_append_new(all, json_pack("{s:i,s:o,s:I}", "id", known[i].id, "host", text(known[i].host), "port",
		                                     (json_int_t)known[i].port));
	return all;
}

static json_t *host_port(const struct facts *f, struct image_str host, uint32_t port)
{
	char out[512];
	const char *name = image_text(&f->image, host);

	snprintf(out, sizeof out, strchr(name, ':') ? "[%s]:%u" : "%s:%u", *name ? name : "*", port);
	return text(out);
}

static json_t *bootstrap(const struct facts *f, const struct settings_cluster *c)
{
	json_t *all = json_array();

	for (uint32_t i = 0; i < c->nservers; i++) {
		const struct settings_server *s = &f->settings.servers[c->first_server + i];
		json_array_append_new(all, host_port(f, s->host, s->port));
	}
	return all;
}

static json_t *clusters(const struct facts *f, uint64_t now_ms)
{
	json_t *all = json_array();

	for (size_t i = 0; f->topology.region.base && i < f->settings.nclusters; i++) {
		const struct settings_cluster *c = &f->settings.clusters[i];
		uint64_t key = topology_key(image_str_span(&f->image, c->name)), stamp = 0;
		struct topology_reach reach = topology_reach(&f->topology, key);
		json_t *known = brokers(f, key, &stamp);
		json_array_append_new(all, json_pack("{s:o,s:o,s:o,s:o,s:o,s:o}", "name", text(image_text(&f->image, c->name)),
		                                     "bootstrap", bootstrap(f, c), "brokers", known, "learned_ms_ago",
		                                     ago(stamp, now_ms), "reached_ms_ago", ago(reach.reached_ms, now_ms),
		                                     "failed_ms_ago", ago(reach.failed_ms, now_ms)));
	}
	return all;
}

/* The bootstrap addresses; broker ports are a range of their own. */
static json_t *binds(const struct facts *f, const struct settings_listener *l)
{
	json_t *all = json_array();

	for (uint32_t i = 0; i < l->nbinds; i++) {
		const struct settings_bind *b = &f->settings.binds[l->first_bind + i];
		if (b->broker < 0)
			json_array_append_new(all, host_port(f, b->host, b->port));
	}
	return all;
}

/* As they are written, but one text: 19200-19215, or 1001-1003: 19300, 2001-2001: 19310. */
static json_t *broker_ports(const struct facts *f, const struct settings_listener *l)
{
	struct buf out;

	buf_init(&out, 0);
	if (l->nranges == 0)
		buf_printf(&out, "%u-%u", l->broker_port_base, l->broker_port_base + l->broker_port_count - 1);
	for (uint32_t i = 0; i < l->nranges; i++) {
		const struct settings_range *r = &f->settings.ranges[l->first_range + i];
		buf_printf(&out, "%s%u-%u: %u", i ? ", " : "", r->first_id, r->first_id + r->n - 1, r->port);
	}
	json_t *text = json_stringn((const char *)out.p, out.n);
	buf_fini(&out);
	return text;
}

static json_t *listeners(const struct facts *f)
{
	json_t *all = json_array();

	for (size_t i = 0; i < f->settings.nlisteners; i++) {
		const struct settings_listener *l = &f->settings.listeners[i];
		struct image_str cluster = f->settings.clusters[l->cluster].name;
		json_array_append_new(all, json_pack("{s:o,s:o,s:o,s:o}", "name", text(image_text(&f->image, l->name)),
		                                     "cluster", text(image_text(&f->image, cluster)), "bind", binds(f, l),
		                                     "broker_ports", broker_ports(f, l)));
	}
	return all;
}

/* The value of a label in a rendered series; quotes inside values are escaped there, so
 * that name=" can only be the label itself. */
static struct span label(struct span labels, const char *name)
{
	char key[32];
	int n = snprintf(key, sizeof key, "%s=\"", name);
	const uint8_t *at = memmem(labels.p, labels.n, key, (size_t)n);

	if (!at)
		return SPAN_LIT("");
	at += n;
	const uint8_t *end = memchr(at, '"', labels.n - (size_t)(at - labels.p));
	return end ? span_of(at, (size_t)(end - at)) : SPAN_LIT("");
}

static void count_record(json_t *by_verdict, const struct stats_value *v)
{
	struct span verdict = label(v->labels, "verdict"), action = label(v->labels, "action");
	char key[64];

	snprintf(key, sizeof key, "%.*s/%.*s", (int)verdict.n, (const char *)verdict.p, (int)action.n,
	         (const char *)action.p);
	json_int_t so_far = json_integer_value(json_object_get(by_verdict, key));
	json_object_set_new(by_verdict, key, json_integer(so_far + (json_int_t)v->value));
}

/* {"valid/pass": 12, "invalid/reject": 3}: all topics together, the scrape has each. */
static json_t *records(const struct facts *f)
{
	json_t *by_verdict = json_object();
	enum stats_metric m;
	struct stats_value v;

	for (size_t part = 0; part < f->stats.nworkers; part++)
		for (uint32_t i = 0; stats_value_at(&f->stats, part, i, &m, &v); i++)
			if (m == STATS_RECORDS && v.value)
				count_record(by_verdict, &v);
	return by_verdict;
}

/* A text of lines as an array of them. */
static json_t *lines(const char *s)
{
	json_t *all = json_array();

	while (s && *s) {
		size_t n = strcspn(s, "\n");
		json_t *line = json_stringn(s, n);
		json_array_append_new(all, line ? line : json_string("(not UTF-8)"));
		s += n + (s[n] == '\n');
	}
	return all;
}

static json_t *reload(const struct facts_reload *r)
{
	char when[25];

	if (r->wall_ms == 0)
		return json_null();
	return json_pack("{s:s,s:s,s:o}", "outcome", r->committed ? "committed" : "refused", "time",
	                 clock_rfc3339(r->wall_ms, when), "findings", lines(r->findings));
}

static json_t *readiness(const struct facts *f, uint64_t now_ms, bool *ready)
{
	struct buf why;

	buf_init(&why, 64u << 10);
	*ready = facts_ready(f, now_ms, &why);
	buf_addch(&why, 0);
	json_t *all = lines(buf_error(&why) ? "not: too many reasons to list" : (const char *)why.p);
	buf_fini(&why);
	return all;
}

static json_t *build(const struct facts *f, uint64_t now_ms)
{
	bool ready;
	json_t *why = readiness(f, now_ms, &ready);
	json_int_t generation = f->image.base ? (json_int_t)image_generation(&f->image) : 0;

	return json_pack("{s:s,s:b,s:o,s:I,s:o,s:I,s:o,s:o,s:o,s:o,s:o}", "version", PACKAGE_VERSION, "ready", ready,
	                 "reasons", why, "generation", generation, "committed_ms_ago", ago(f->committed_ms, now_ms),
	                 "connections", (json_int_t)stats_sum(&f->stats, STATS_CONNECTIONS), "workers", workers(f, now_ms),
	                 "listeners", listeners(f), "clusters", clusters(f, now_ms), "records", records(f), "reload",
	                 reload(&f->reload));
}

static int dump_into(const char *p, size_t n, void *out)
{
	buf_add(out, p, n);
	return buf_error(out) ? -1 : 0;
}

int facts_status(const struct facts *f, uint64_t now_ms, struct buf *out)
{
	json_t *all = build(f, now_ms);
	int failed = all ? json_dump_callback(all, dump_into, out, JSON_COMPACT) : -1;

	json_decref(all);
	buf_addch(out, '\n');
	return failed || buf_error(out) ? E_NOMEM : 0;
}
