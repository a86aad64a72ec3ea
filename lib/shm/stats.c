/* Counters in shared memory: one writer a part, any number of readers, no locks.
 * Owner: shm; written by workers and the master, read by the master and admin. */
#include <stdlib.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/utf8.h"
#include "shm/stats.h"

#define STATS_MAGIC "EVGWSTA\n"
#define SERIES_MAX 65536u
#define TEXT_MAX (8u << 20)              /* bytes of label texts in a part */
#define RENDERED_MAX 4096                /* of one series: labels escaped at most 3 bytes for 1 */

const struct stats_row stats_rows[STATS_COUNT] = {
#define METRIC(id, type, name, labels, help) [STATS_##id] = { name, labels, help, STATS_##type },
#include "shm/metric.def"
#undef METRIC
};

struct stats_series {
	uint32_t metric, text_len;
	uint32_t text_off, reserved;
	uint64_t value;
};

struct stats_part {
	uint32_t pid, sessions;
	uint64_t heartbeat_ms, generation;
	uint32_t nseries, text_used;     /* nseries is stored last: what it counts is whole */
	uint8_t pad[REGION_LINE - 32];
	uint64_t slots[STATS_COUNT];
	struct stats_series series[SERIES_MAX];
	char text[TEXT_MAX];
} __attribute__((aligned(REGION_LINE)));

struct stats_header {
	struct region_header region;
	uint32_t nparts;                 /* workers + 1; the master's is the last */
} __attribute__((aligned(REGION_LINE)));

#define LOAD(p) __atomic_load_n((p), __ATOMIC_RELAXED)
#define STORE(p, v) __atomic_store_n((p), (v), __ATOMIC_RELAXED)

/* The layout is what metric.def says: a build with other rows must not map this region. */
static uint32_t layout(void)
{
	uint64_t h = sizeof(struct stats_part);

	for (size_t m = 0; m < STATS_COUNT; m++) {
		h = hash64(stats_rows[m].name, strlen(stats_rows[m].name), h);
		h = hash64(stats_rows[m].labels, strlen(stats_rows[m].labels), h);
	}
	return (uint32_t)h;
}

static size_t region_bytes(size_t nparts)
{
	return sizeof(struct stats_header) + nparts * sizeof(struct stats_part);
}

int stats_create(size_t nworkers)
{
	uint32_t nparts = (uint32_t)nworkers + 1;

	if (nworkers == 0 || nworkers >= STATS_PARTS_MAX)
		return E_LIMIT;
	int fd = region_create("event-gateway-stats", STATS_MAGIC, layout(), region_bytes(nparts));
	if (fd < 0)
		return fd;
	if (pwrite(fd, &nparts, sizeof nparts, offsetof(struct stats_header, nparts)) != (ssize_t)sizeof nparts) {
		close(fd);
		return E_SYS;
	}
	return fd;
}

int stats_map(struct stats *s, int fd)
{
	*s = (struct stats){ 0 };
	int error = region_map(&s->region, fd, STATS_MAGIC, layout());
	if (error)
		return error;
	const struct stats_header *h = (const struct stats_header *)s->region.base;
	uint32_t nparts = s->region.size >= sizeof *h ? h->nparts : 0;
	if (nparts < 2 || nparts > STATS_PARTS_MAX || s->region.size != region_bytes(nparts)) {
		stats_unmap(s);
		return E_MALFORMED;
	}
	s->nworkers = nparts - 1;
	return 0;
}

void stats_unmap(struct stats *s)
{
	region_unmap(&s->region);
	s->nworkers = 0;
}

static struct stats_part *part_of(const struct stats *s, size_t part)
{
	struct stats_part *parts = (struct stats_part *)((struct stats_header *)s->region.base + 1);

	if (part == STATS_MASTER)
		part = s->nworkers;
	INVARIANT(part <= s->nworkers);
	return &parts[part];
}

static void clear_gauges(struct stats_part *p)
{
	for (size_t m = 0; m < STATS_COUNT; m++)
		if (stats_rows[m].type == STATS_GAUGE)
			STORE(&p->slots[m], 0);
}

void stats_bury(struct stats *s, size_t worker)
{
	struct stats_part *p = part_of(s, worker);

	clear_gauges(p);
	STORE(&p->sessions, 0);
	STORE(&p->heartbeat_ms, 0);
	STORE(&p->generation, 0);
	STORE(&p->pid, 0);
}

/* ---- series ---- */

static bool row_has_labels(enum stats_metric m)
{
	return stats_rows[m].labels[0] != 0;
}

struct rendered {
	char text[RENDERED_MAX];
	size_t n;
};

static void put(struct rendered *r, const void *p, size_t n)
{
	INVARIANT(r->n + n <= sizeof r->text);
	memcpy(r->text + r->n, p, n);
	r->n += n;
}

/* Prometheus text format 0.0.4: backslash, quote and newline are escaped, the rest is
 * UTF-8; other control bytes are legal there but no use to anyone. */
static void put_value(struct rendered *r, struct span v)
{
	for (size_t i = 0; i < v.n && i < STATS_LABEL_BYTES;) {
		size_t len = utf8_len(v.p + i, v.n - i);
		if (len == 0)
			put(r, "\xef\xbf\xbd", 3);
		else if (v.p[i] == '\n')
			put(r, "\\n", 2);
		else if (v.p[i] == '"' || v.p[i] == '\\')
			put(r, (char[]){ '\\', (char)v.p[i] }, 2);
		else
			put(r, v.p + i, len);
		i += len ? len : 1;
	}
}

static void render(struct rendered *r, enum stats_metric m, const struct span *labels)
{
	const char *name = stats_rows[m].labels;

	r->n = 0;
	for (size_t i = 0; *name; i++) {
		size_t len = strcspn(name, ",");
		if (i)
			put(r, ",", 1);
		put(r, name, len);
		put(r, "=\"", 2);
		put_value(r, labels[i]);
		put(r, "\"", 1);
		name += len + (name[len] == ',');
	}
}

/* Only for the part's own writer: what it reads there it wrote itself, or a predecessor
 * that may have died of memory corruption. */
static struct span series_text(const struct stats_part *p, uint32_t i)
{
	uint32_t off = LOAD(&p->series[i].text_off), len = LOAD(&p->series[i].text_len);

	return off <= TEXT_MAX && len <= TEXT_MAX - off ? span_of(p->text + off, len) : SPAN_LIT("");
}

static uint64_t series_hash(enum stats_metric m, struct span text)
{
	return hash64(text.p, text.n, m);
}

/* Its place in the index: the series when it is known, else where it would go. */
static uint32_t *index_find(struct stats_writer *w, enum stats_metric m, struct span text)
{
	for (size_t at = series_hash(m, text);; at++) {
		uint32_t *slot = &w->index[at & (w->index_cap - 1)];
		if (*slot == 0)
			return slot;
		if (w->part->series[*slot - 1].metric == (uint32_t)m && span_eq(series_text(w->part, *slot - 1), text))
			return slot;
	}
}

static int index_build(struct stats_writer *w, size_t cap)
{
	uint32_t *fresh = calloc(cap, sizeof *fresh);

	if (!fresh)
		return E_NOMEM;
	free(w->index);
	w->index = fresh;
	w->index_cap = cap;
	for (uint32_t i = 0; i < w->part->nseries; i++)
		*index_find(w, w->part->series[i].metric, series_text(w->part, i)) = i + 1;
	return 0;
}

static bool part_append(struct stats_part *p, enum stats_metric m, struct span text)
{
	uint32_t i = p->nseries;

	if (i >= SERIES_MAX || text.n > TEXT_MAX - p->text_used)
		return false;
	memcpy(p->text + p->text_used, text.p, text.n);
	p->series[i] = (struct stats_series){ .metric = m, .text_len = (uint32_t)text.n, .text_off = p->text_used };
	p->text_used += (uint32_t)text.n;
	__atomic_store_n(&p->nseries, i + 1, __ATOMIC_RELEASE);
	return true;
}

/* The first series of a part are the "other" of every labelled metric, in row order, so
 * that running out of room needs no room. */
static uint32_t other_of(enum stats_metric m)
{
	uint32_t i = 0;

	for (size_t k = 0; k < (size_t)m; k++)
		i += row_has_labels(k);
	return i;
}

static void append_others(struct stats_part *p)
{
	struct span other[STATS_LABELS_MAX];
	struct rendered r;

	for (size_t i = 0; i < STATS_LABELS_MAX; i++)
		other[i] = SPAN_LIT("other");
	p->text_used = 0;
	for (size_t m = 0; m < STATS_COUNT; m++) {
		if (!row_has_labels(m))
			continue;
		render(&r, m, other);
		INVARIANT(part_append(p, m, span_of(r.text, r.n)));
	}
}

uint32_t stats_series(struct stats_writer *w, enum stats_metric m, const struct span *labels)
{
	struct rendered r;

	INVARIANT(m < STATS_COUNT && row_has_labels(m));
	render(&r, m, labels);
	struct span text = span_of(r.text, r.n);
	uint32_t *slot = index_find(w, m, text);
	if (*slot)
		return *slot - 1;
	/* At most half full; a table that cannot grow takes nothing new. */
	if ((w->part->nseries + 1) * 2 > w->index_cap) {
		if (index_build(w, w->index_cap * 2) < 0)
			return other_of(m);
		slot = index_find(w, m, text);
	}
	if (!part_append(w->part, m, text))
		return other_of(m);
	*slot = w->part->nseries;
	return *slot - 1;
}

uint32_t stats_series_texts(struct stats_writer *w, enum stats_metric m, const char *const *texts)
{
	struct span labels[STATS_LABELS_MAX] = { { 0 } };

	for (size_t i = 0; i < STATS_LABELS_MAX && texts[i]; i++)
		labels[i] = span_str(texts[i]);
	return stats_series(w, m, labels);
}

/* ---- writers ---- */

static bool part_is_sound(const struct stats_part *p)
{
	return p->nseries <= SERIES_MAX && p->text_used <= TEXT_MAX;
}

int stats_writer_init(struct stats_writer *w, struct stats *s, size_t part)
{
	*w = (struct stats_writer){ .part = part_of(s, part) };
	struct stats_part *p = w->part;
	if (!part_is_sound(p))
		return E_MALFORMED;
	if (p->nseries < other_of(STATS_COUNT)) {
		p->nseries = 0;
		append_others(p);
	}
	clear_gauges(p);
	STORE(&p->sessions, 0);
	STORE(&p->pid, (uint32_t)getpid());
	size_t cap = 1024;
	while (cap < ((size_t)p->nseries + 1) * 2)
		cap *= 2;
	return index_build(w, cap);
}

void stats_writer_fini(struct stats_writer *w)
{
	free(w->index);
	*w = (struct stats_writer){ 0 };
}

void stats_add(struct stats_writer *w, enum stats_metric m, uint64_t n)
{
	STORE(&w->part->slots[m], LOAD(&w->part->slots[m]) + n);
}

void stats_sub(struct stats_writer *w, enum stats_metric m, uint64_t n)
{
	STORE(&w->part->slots[m], LOAD(&w->part->slots[m]) - n);
}

void stats_set(struct stats_writer *w, enum stats_metric m, uint64_t n)
{
	STORE(&w->part->slots[m], n);
}

void stats_series_add(struct stats_writer *w, uint32_t series, uint64_t n)
{
	INVARIANT(series < SERIES_MAX);
	STORE(&w->part->series[series].value, LOAD(&w->part->series[series].value) + n);
}

void stats_beat(struct stats_writer *w, uint64_t now_ms)
{
	STORE(&w->part->heartbeat_ms, now_ms);
}

void stats_set_sessions(struct stats_writer *w, uint32_t sessions)
{
	STORE(&w->part->sessions, sessions);
}

void stats_set_generation(struct stats_writer *w, uint64_t generation)
{
	STORE(&w->part->generation, generation);
}

/* ---- readers ---- */

struct stats_worker stats_worker(const struct stats *s, size_t worker)
{
	const struct stats_part *p = part_of(s, worker);

	return (struct stats_worker){ .pid = LOAD(&p->pid), .sessions = LOAD(&p->sessions),
	                              .heartbeat_ms = LOAD(&p->heartbeat_ms), .generation = LOAD(&p->generation) };
}

uint64_t stats_sum(const struct stats *s, enum stats_metric m)
{
	uint64_t sum = 0;

	INVARIANT(m < STATS_COUNT);
	for (size_t i = 0; i <= s->nworkers; i++)
		sum += LOAD(&part_of(s, i)->slots[m]);
	return sum;
}

bool stats_value_at(const struct stats *s, size_t part, uint32_t i, enum stats_metric *m, struct stats_value *v)
{
	const struct stats_part *p = part_of(s, part);

	if (i >= SERIES_MAX || i >= __atomic_load_n(&p->nseries, __ATOMIC_ACQUIRE))
		return false;
	uint32_t metric = LOAD(&p->series[i].metric);
	if (metric >= STATS_COUNT)
		return false;
	*m = metric;
	*v = (struct stats_value){ .labels = series_text(p, i), .value = LOAD(&p->series[i].value),
	                           .is_other = i < other_of(STATS_COUNT) };
	return true;
}
