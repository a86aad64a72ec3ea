/* Broker tables in shared memory, each guarded by a sequence number that is odd while
 * its one writer works. Owner: shm; written by workers, read by workers and admin. */
#include <unistd.h>

#include "base/hash.h"
#include "shm/topology.h"

#define TOPOLOGY_MAGIC "EVGWTOP\n"
#define TOPOLOGY_LAYOUT 1u
#define READ_TRIES 64                    /* a table is some microseconds in writing */
#define WORKERS_MAX 1024

struct table {
	uint64_t key;                    /* 0: free; set once, never taken back */
	uint64_t reached_ms, failed_ms;
	uint64_t seq;                    /* guards what follows */
	uint64_t stamp;
	uint64_t n;
	struct topology_broker brokers[TOPOLOGY_BROKERS_MAX];
} __attribute__((aligned(REGION_LINE)));

struct part {
	struct table tables[TOPOLOGY_CLUSTERS_MAX];
};

struct topology_header {
	struct region_header region;
	uint32_t nparts;
} __attribute__((aligned(REGION_LINE)));

#define LOAD(p) __atomic_load_n((p), __ATOMIC_RELAXED)
#define STORE(p, v) __atomic_store_n((p), (v), __ATOMIC_RELAXED)

static size_t region_bytes(size_t nparts)
{
	return sizeof(struct topology_header) + nparts * sizeof(struct part);
}

int topology_create(size_t nworkers)
{
	uint32_t nparts = (uint32_t)nworkers;

	if (nworkers == 0 || nworkers > WORKERS_MAX)
		return E_LIMIT;
	int fd = region_create("event-gateway-topology", TOPOLOGY_MAGIC, TOPOLOGY_LAYOUT, region_bytes(nparts));
	if (fd < 0)
		return fd;
	if (pwrite(fd, &nparts, sizeof nparts, offsetof(struct topology_header, nparts)) != (ssize_t)sizeof nparts) {
		close(fd);
		return E_SYS;
	}
	return fd;
}

int topology_map(struct topology *t, int fd)
{
	*t = (struct topology){ 0 };
	int error = region_map(&t->region, fd, TOPOLOGY_MAGIC, TOPOLOGY_LAYOUT);
	if (error)
		return error;
	const struct topology_header *h = (const struct topology_header *)t->region.base;
	uint32_t nparts = t->region.size >= sizeof *h ? h->nparts : 0;
	if (nparts == 0 || nparts > WORKERS_MAX || t->region.size != region_bytes(nparts)) {
		topology_unmap(t);
		return E_MALFORMED;
	}
	t->nworkers = nparts;
	return 0;
}

void topology_unmap(struct topology *t)
{
	region_unmap(&t->region);
	t->nworkers = 0;
}

uint64_t topology_key(struct span cluster_name)
{
	uint64_t h = hash64(cluster_name.p, cluster_name.n, 0);

	return h ? h : 1;
}

static struct part *part_of(const struct topology *t, size_t worker)
{
	struct part *parts = (struct part *)((struct topology_header *)t->region.base + 1);

	INVARIANT(worker < t->nworkers);
	return &parts[worker];
}

static struct table *table_find(const struct topology *t, size_t worker, uint64_t cluster)
{
	struct part *p = part_of(t, worker);

	for (size_t i = 0; i < TOPOLOGY_CLUSTERS_MAX; i++)
		if (__atomic_load_n(&p->tables[i].key, __ATOMIC_ACQUIRE) == cluster)
			return &p->tables[i];
	return NULL;
}

/* The writer's: the table of the cluster, a free one when it has none yet. */
static struct table *table_take(struct topology *t, size_t worker, uint64_t cluster)
{
	struct table *known = table_find(t, worker, cluster);
	struct table *fresh = known ? known : table_find(t, worker, 0);

	if (fresh && !known)
		__atomic_store_n(&fresh->key, cluster, __ATOMIC_RELEASE);
	return fresh;
}

int topology_publish(struct topology *t, size_t worker, uint64_t cluster, const struct topology_broker *brokers,
                     size_t n, uint64_t now_ms)
{
	struct table *table = n <= TOPOLOGY_BROKERS_MAX ? table_take(t, worker, cluster) : NULL;

	if (!table)
		return E_LIMIT;
	/* A predecessor that died in here left an odd number: | 1 takes it over. */
	uint64_t odd = LOAD(&table->seq) | 1;
	STORE(&table->seq, odd);
	__atomic_thread_fence(__ATOMIC_RELEASE);
	if (n)
		memcpy(table->brokers, brokers, n * sizeof *brokers);
	table->n = n;
	STORE(&table->stamp, now_ms);
	__atomic_store_n(&table->seq, odd + 1, __ATOMIC_RELEASE);
	return 0;
}

void topology_note_reach(struct topology *t, size_t worker, uint64_t cluster, bool reached, uint64_t now_ms)
{
	struct table *table = table_take(t, worker, cluster);

	if (table)
		STORE(reached ? &table->reached_ms : &table->failed_ms, now_ms);
}

/* A table that a writer is at, or died at, does not count: an older whole one does. */
static const struct table *newest_table(const struct topology *t, uint64_t cluster)
{
	const struct table *newest = NULL;

	for (size_t i = 0; i < t->nworkers; i++) {
		const struct table *table = table_find(t, i, cluster);
		if (!table || LOAD(&table->seq) & 1)
			continue;
		if (LOAD(&table->stamp) && (!newest || LOAD(&table->stamp) > LOAD(&newest->stamp)))
			newest = table;
	}
	return newest;
}

uint64_t topology_stamp(const struct topology *t, uint64_t cluster)
{
	const struct table *table = newest_table(t, cluster);

	return table ? LOAD(&table->stamp) : 0;
}

/* One try at a copy; E_AGAIN when the writer was at it. */
static int copy_table(const struct table *table, struct topology_broker *out, size_t max, size_t *n, uint64_t *stamp)
{
	uint64_t seq = __atomic_load_n(&table->seq, __ATOMIC_ACQUIRE);
	uint64_t count = LOAD(&table->n);

	if (seq & 1)
		return E_AGAIN;
	if (count <= max && count <= TOPOLOGY_BROKERS_MAX)
		memcpy(out, table->brokers, count * sizeof *out);
	*stamp = LOAD(&table->stamp);
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	if (LOAD(&table->seq) != seq)
		return E_AGAIN;
	if (count > max || count > TOPOLOGY_BROKERS_MAX)
		return E_LIMIT;
	*n = count;
	return 0;
}

int topology_newest(const struct topology *t, uint64_t cluster, struct topology_broker *out, size_t max, size_t *n,
                    uint64_t *stamp)
{
	const struct table *table = newest_table(t, cluster);
	int error = E_AGAIN;

	if (!table)
		return E_NOENT;
	for (int i = 0; i < READ_TRIES && error == E_AGAIN; i++)
		error = copy_table(table, out, max, n, stamp);
	for (size_t i = 0; !error && i < *n; i++)
		out[i].host[TOPOLOGY_HOST_MAX - 1] = 0;
	return error;
}

struct topology_reach topology_reach(const struct topology *t, uint64_t cluster)
{
	struct topology_reach r = { 0 };

	for (size_t i = 0; i < t->nworkers; i++) {
		const struct table *table = table_find(t, i, cluster);
		if (!table)
			continue;
		uint64_t reached = LOAD(&table->reached_ms), failed = LOAD(&table->failed_ms);
		r.reached_ms = reached > r.reached_ms ? reached : r.reached_ms;
		r.failed_ms = failed > r.failed_ms ? failed : r.failed_ms;
	}
	return r;
}
