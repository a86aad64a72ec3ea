/* The scrape: Prometheus text format 0.0.4 from the shared counters, summed over parts.
 * Owner: admin. */
#include <stdlib.h>

#include "config.h"
#include "admin/facts.h"

#define PREFIX "event_gateway_"

struct sample {
	enum stats_metric metric;
	struct stats_value v;            /* labels borrowed from the region */
};

struct samples {
	struct sample *all;
	size_t n, cap;
};

static int compare(const void *va, const void *vb)
{
	const struct sample *a = va, *b = vb;

	if (a->metric != b->metric)
		return a->metric < b->metric ? -1 : 1;
	size_t n = a->v.labels.n < b->v.labels.n ? a->v.labels.n : b->v.labels.n;
	int d = memcmp(a->v.labels.p, b->v.labels.p, n);
	return d ? d : (a->v.labels.n > b->v.labels.n) - (a->v.labels.n < b->v.labels.n);
}

static int samples_add(struct samples *s, const struct sample *one)
{
	if (s->n == s->cap) {
		size_t cap = s->cap ? s->cap * 2 : 256;
		struct sample *grown = reallocarray(s->all, cap, sizeof *grown);
		if (!grown)
			return E_NOMEM;
		s->all = grown;
		s->cap = cap;
	}
	s->all[s->n++] = *one;
	return 0;
}

static int gather_part(const struct stats *st, size_t part, struct samples *s)
{
	struct sample one;

	for (uint32_t i = 0; stats_value_at(st, part, i, &one.metric, &one.v); i++) {
		/* "other" exists from the start; until something fell into it, it is noise. */
		if (one.v.is_other && one.v.value == 0)
			continue;
		if (samples_add(s, &one) < 0)
			return E_NOMEM;
	}
	return 0;
}

/* Every series of every part, equal ones next to each other. */
static int gather(const struct stats *st, struct samples *s)
{
	int error = gather_part(st, STATS_MASTER, s);

	for (size_t part = 0; !error && part < st->nworkers; part++)
		error = gather_part(st, part, s);
	if (!error && s->n)
		qsort(s->all, s->n, sizeof *s->all, compare);
	return error;
}

static void put_head(struct buf *out, const char *name, const char *type, const char *help)
{
	buf_printf(out, "# HELP " PREFIX "%s %s\n# TYPE " PREFIX "%s %s\n", name, help, name, type);
}

static void put_number(struct buf *out, enum stats_type type, uint64_t v)
{
	if (type == STATS_SECONDS)
		buf_printf(out, " %llu.%09llu\n", (unsigned long long)(v / 1000000000u),
		           (unsigned long long)(v % 1000000000u));
	else
		buf_printf(out, " %llu\n", (unsigned long long)v);
}

/* One line for the run of equal series that starts at s[i]; returns the end of the run. */
static size_t put_series(struct buf *out, const struct samples *s, size_t i)
{
	const struct stats_row *row = &stats_rows[s->all[i].metric];
	uint64_t sum = 0;
	size_t end = i;

	for (; end < s->n && compare(&s->all[end], &s->all[i]) == 0; end++)
		sum += s->all[end].v.value;
	buf_printf(out, PREFIX "%s{", row->name);
	buf_add(out, s->all[i].v.labels.p, s->all[i].v.labels.n);
	buf_puts(out, "}");
	put_number(out, row->type, sum);
	return end;
}

static void put_metrics(struct buf *out, const struct stats *st, const struct samples *s)
{
	size_t at = 0;

	for (size_t m = 0; m < STATS_COUNT; m++) {
		const struct stats_row *row = &stats_rows[m];
		put_head(out, row->name, row->type == STATS_GAUGE ? "gauge" : "counter", row->help);
		if (row->labels[0] == 0) {
			buf_puts(out, PREFIX);
			buf_puts(out, row->name);
			put_number(out, row->type, stats_sum(st, m));
		}
		while (at < s->n && (size_t)s->all[at].metric == m)
			at = put_series(out, s, at);
	}
}

static uint64_t worker_serving(const struct stats_worker *w, uint64_t now_ms)
{
	return facts_worker_state(w, now_ms) == FACTS_WORKER_SERVING;
}

static uint64_t worker_sessions(const struct stats_worker *w, uint64_t now_ms)
{
	(void)now_ms;
	return w->sessions;
}

static uint64_t worker_generation(const struct stats_worker *w, uint64_t now_ms)
{
	(void)now_ms;
	return w->generation;
}

static uint64_t worker_silence(const struct stats_worker *w, uint64_t now_ms)
{
	return w->heartbeat_ms && now_ms > w->heartbeat_ms ? (now_ms - w->heartbeat_ms) * 1000000u : 0;
}

static const struct worker_row {
	const char *name, *help;
	enum stats_type type;
	uint64_t (*value)(const struct stats_worker *w, uint64_t now_ms);
} worker_rows[] = {
	{ "worker_up", "1 when the worker serves.", STATS_GAUGE, worker_serving },
	{ "worker_sessions", "Client connections of the worker.", STATS_GAUGE, worker_sessions },
	{ "worker_generation", "Generation in force in the worker.", STATS_GAUGE, worker_generation },
	{ "worker_heartbeat_age_seconds", "Time since the worker's last loop turn.", STATS_SECONDS, worker_silence },
};

static void put_workers(struct buf *out, const struct stats *st, uint64_t now_ms)
{
	for (size_t r = 0; r < ARRAY_LEN(worker_rows); r++) {
		const struct worker_row *row = &worker_rows[r];
		put_head(out, row->name, "gauge", row->help);
		for (size_t i = 0; i < st->nworkers; i++) {
			struct stats_worker w = stats_worker(st, i);
			buf_printf(out, PREFIX "%s{worker=\"%zu\"}", row->name, i);
			put_number(out, row->type, row->value(&w, now_ms));
		}
	}
}

int facts_metrics(const struct facts *f, uint64_t now_ms, struct buf *out)
{
	struct samples s = { 0 };
	int error = gather(&f->stats, &s);

	if (!error) {
		put_head(out, "build_info", "gauge", "Version of the gateway; always 1.");
		buf_puts(out, PREFIX "build_info{version=\"" PACKAGE_VERSION "\"} 1\n");
		put_metrics(out, &f->stats, &s);
		put_workers(out, &f->stats, now_ms);
		error = buf_error(out);
	}
	free(s.all);
	return error;
}
