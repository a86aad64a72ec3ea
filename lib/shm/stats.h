/* Counters that outlive a worker. The region has a part per worker and one for the
 * master; a part has one writer, so that adding is a load and a store, and the scrape
 * sums. A respawned worker goes on with its predecessor's part: counters never go back.
 *
 * Plain metrics (no labels in metric.def) are slots. Labelled ones are series: a series
 * is asked for once (stats_series; renders and hashes the labels) and added to by index
 * from then on. Series are append-only for the life of the region. A part has room for
 * 65,536; what comes after is counted in the metric's series with all labels "other".
 * A peer must not be able to mint series at will: name undeclared topics "". */
#pragma once

#include "shm/region.h"

enum stats_metric {
#define METRIC(id, type, name, labels, help) STATS_##id,
#include "shm/metric.def"
#undef METRIC
	STATS_COUNT
};

enum stats_type { STATS_COUNTER, STATS_GAUGE, STATS_SECONDS };

#define STATS_LABELS_MAX 4
#define STATS_LABEL_BYTES 256            /* of one label's value; the rest is cut */

struct stats_row {
	const char *name;                /* without the prefix event_gateway_ */
	const char *labels;              /* "topic,message", "" when plain */
	const char *help;
	enum stats_type type;
};

extern const struct stats_row stats_rows[STATS_COUNT];

#define STATS_PARTS_MAX 1025             /* workers and the master */

struct stats_part;

struct stats {                           /* a mapping of the whole region */
	struct region region;
	size_t nworkers;
};

/* ---- the master ---- */

/* The region's fd or a negative error. Pages are taken as they are written. */
int stats_create(size_t nworkers) MUST_CHECK;
/* After worker's death was reaped: what it held is gone, what it counted stays. */
void stats_bury(struct stats *s, size_t worker);

/* ---- writers ---- */

struct stats_writer {
	struct stats_part *part;
	uint32_t *index;                 /* by hash: series + 1, 0 is free; generation of the process */
	size_t index_cap;                /* a power of two */
};

#define STATS_MASTER SIZE_MAX            /* as part: the master's own */

int stats_map(struct stats *s, int fd) MUST_CHECK;
void stats_unmap(struct stats *s);
/* One writer per part at a time. Gauges start at 0, series are known again. */
int stats_writer_init(struct stats_writer *w, struct stats *s, size_t part) MUST_CHECK;
void stats_writer_fini(struct stats_writer *w);

void stats_add(struct stats_writer *w, enum stats_metric m, uint64_t n);
void stats_sub(struct stats_writer *w, enum stats_metric m, uint64_t n);
void stats_set(struct stats_writer *w, enum stats_metric m, uint64_t n);

/* The handle of a series; labels in the order of the row, as many as it names. Never
 * fails: without room it is the metric's "other". No heap unless the series is new. */
uint32_t stats_series(struct stats_writer *w, enum stats_metric m, const struct span *labels);
/* The same for texts: stats_series_of(w, STATS_CLOSES, "idle"). */
#define stats_series_of(w, m, ...) \
	stats_series_texts((w), (m), (const char *const[STATS_LABELS_MAX + 1]){ __VA_ARGS__, NULL })
uint32_t stats_series_texts(struct stats_writer *w, enum stats_metric m, const char *const *labels);
void stats_series_add(struct stats_writer *w, uint32_t series, uint64_t n);

/* What the master watches. */
void stats_beat(struct stats_writer *w, uint64_t now_ms);            /* once a loop turn */
void stats_set_sessions(struct stats_writer *w, uint32_t sessions);
void stats_set_generation(struct stats_writer *w, uint64_t generation);

/* ---- readers: any process; a broken writer can make figures wrong, nothing worse ---- */

struct stats_worker {
	uint32_t pid;                    /* 0: none has the part */
	uint32_t sessions;
	uint64_t heartbeat_ms;           /* clock_ms of the last beat; 0: none yet */
	uint64_t generation;             /* in force; 0: none yet */
};

struct stats_worker stats_worker(const struct stats *s, size_t worker);
/* Sum of a plain metric over all parts. */
uint64_t stats_sum(const struct stats *s, enum stats_metric m);

struct stats_value {
	struct span labels;              /* rendered: topic="a",message="b"; borrowed from the region */
	uint64_t value;
	bool is_other;                   /* what had no room; there from the start, with 0 */
};

/* The i-th series of a part; false when the part has fewer. part: worker or STATS_MASTER. */
bool stats_value_at(const struct stats *s, size_t part, uint32_t i, enum stats_metric *m, struct stats_value *v);
