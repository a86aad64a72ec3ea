/* Shared regions: what a reader of another process sees of what writers did. */
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "shm/stats.h"
#include "shm/topology.h"
#include "unit.h"

static struct stats stats_fresh(size_t nworkers)
{
	struct stats s;
	int fd = stats_create(nworkers);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(stats_map(&s, fd), 0);
	close(fd);
	return s;
}

static struct stats_writer writer(struct stats *s, size_t part)
{
	struct stats_writer w;

	ck_assert_int_eq(stats_writer_init(&w, s, part), 0);
	return w;
}

/* The value of the series with these rendered labels, or -1. */
static int64_t value_of(const struct stats *s, size_t part, enum stats_metric metric, const char *labels)
{
	enum stats_metric m;
	struct stats_value v;

	for (uint32_t i = 0; stats_value_at(s, part, i, &m, &v); i++)
		if (m == metric && span_is(v.labels, labels))
			return (int64_t)v.value;
	return -1;
}

START_TEST(region_refuses_what_is_not_it)
{
	struct region r;
	int fd = region_create("test", "TESTTEST", 3, 4096);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(region_map(&r, fd, "TESTTESU", 3), E_MALFORMED);
	ck_assert_int_eq(region_map(&r, fd, "TESTTEST", 4), E_UNSUPPORTED);
	ck_assert_int_eq(region_map(&r, fd, "TESTTEST", 3), 0);
	ck_assert_uint_eq(r.size, 4096);
	r.base->size = 8192;
	region_unmap(&r);
	ck_assert_int_eq(region_map(&r, fd, "TESTTEST", 3), E_MALFORMED);
	close(fd);
}
END_TEST

START_TEST(region_refuses_a_file_that_can_shrink)
{
	struct region r;
	int fd = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(ftruncate(fd, 4096), 0);
	ck_assert_int_eq(region_map(&r, fd, "TESTTEST", 3), E_STATE);
	close(fd);
}
END_TEST

START_TEST(stats_sum_over_parts)
{
	struct stats s = stats_fresh(2);
	struct stats_writer a = writer(&s, 0), b = writer(&s, 1), master = writer(&s, STATS_MASTER);

	stats_add(&a, STATS_CLIENT_IN, 5);
	stats_add(&b, STATS_CLIENT_IN, 7);
	stats_add(&master, STATS_LOG_DROPPED, 1);
	stats_add(&a, STATS_CONNECTIONS, 3);
	stats_sub(&a, STATS_CONNECTIONS, 1);
	ck_assert_uint_eq(stats_sum(&s, STATS_CLIENT_IN), 12);
	ck_assert_uint_eq(stats_sum(&s, STATS_CONNECTIONS), 2);
	ck_assert_uint_eq(stats_sum(&s, STATS_LOG_DROPPED), 1);
	stats_writer_fini(&a);
	stats_writer_fini(&b);
	stats_writer_fini(&master);
	stats_unmap(&s);
}
END_TEST

START_TEST(stats_are_seen_by_another_process)
{
	struct stats s = stats_fresh(1);
	pid_t pid = fork();

	if (pid == 0) {
		struct stats_writer w = writer(&s, 0);
		stats_beat(&w, 1234);
		stats_set_sessions(&w, 9);
		stats_set_generation(&w, 4);
		stats_series_add(&w, stats_series_of(&w, STATS_CLOSES, "idle"), 2);
		_exit(0);
	}
	int status = 1;
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	struct stats_worker w = stats_worker(&s, 0);
	ck_assert_uint_eq(w.pid, (uint32_t)pid);
	ck_assert_uint_eq(w.heartbeat_ms, 1234);
	ck_assert_uint_eq(w.sessions, 9);
	ck_assert_uint_eq(w.generation, 4);
	ck_assert_int_eq(value_of(&s, 0, STATS_CLOSES, "reason=\"idle\""), 2);
	stats_unmap(&s);
}
END_TEST

START_TEST(stats_respawned_worker_continues)
{
	struct stats s = stats_fresh(1);
	struct stats_writer w = writer(&s, 0);
	uint32_t series = stats_series_of(&w, STATS_CLOSES, "idle");

	stats_add(&w, STATS_CLIENT_IN, 5);
	stats_add(&w, STATS_CONNECTIONS, 3);
	stats_series_add(&w, series, 2);
	stats_set_sessions(&w, 3);
	stats_beat(&w, 77);
	stats_writer_fini(&w);
	stats_bury(&s, 0);
	ck_assert_uint_eq(stats_worker(&s, 0).pid, 0);
	ck_assert_uint_eq(stats_worker(&s, 0).sessions, 0);
	ck_assert_uint_eq(stats_worker(&s, 0).heartbeat_ms, 0);
	ck_assert_uint_eq(stats_sum(&s, STATS_CONNECTIONS), 0);
	ck_assert_uint_eq(stats_sum(&s, STATS_CLIENT_IN), 5);

	w = writer(&s, 0);
	ck_assert_uint_eq(stats_series_of(&w, STATS_CLOSES, "idle"), series);
	stats_series_add(&w, series, 1);
	ck_assert_int_eq(value_of(&s, 0, STATS_CLOSES, "reason=\"idle\""), 3);
	stats_writer_fini(&w);
	stats_unmap(&s);
}
END_TEST

START_TEST(stats_series_are_by_metric_and_labels)
{
	struct stats s = stats_fresh(1);
	struct stats_writer w = writer(&s, 0);
	uint32_t a = stats_series_of(&w, STATS_RECORDS, "t", "m", "valid", "passed");

	ck_assert_uint_eq(stats_series_of(&w, STATS_RECORDS, "t", "m", "valid", "passed"), a);
	ck_assert_uint_ne(stats_series_of(&w, STATS_RECORDS, "t", "m", "invalid", "reject"), a);
	ck_assert_uint_ne(stats_series_of(&w, STATS_CLOSES, "t"), stats_series_of(&w, STATS_BAD_BATCHES, "t"));
	stats_series_add(&w, a, 4);
	ck_assert_int_eq(value_of(&s, 0, STATS_RECORDS,
	                          "topic=\"t\",message=\"m\",verdict=\"valid\",action=\"passed\""), 4);
	stats_writer_fini(&w);
	stats_unmap(&s);
}
END_TEST

/* "label_value can be any sequence of UTF-8 characters, but the backslash (\), double-quote
 * ("), and line feed (\n) characters have to be escaped": Prometheus exposition formats. */
START_TEST(stats_labels_are_escaped)
{
	struct stats s = stats_fresh(1);
	struct stats_writer w = writer(&s, 0);

	stats_series_add(&w, stats_series_of(&w, STATS_CLOSES, "a\\b\"c\nd\xff\xc3\xa9"), 1);
	ck_assert_int_eq(value_of(&s, 0, STATS_CLOSES, "reason=\"a\\\\b\\\"c\\nd\xef\xbf\xbd\xc3\xa9\""), 1);
	stats_writer_fini(&w);
	stats_unmap(&s);
}
END_TEST

START_TEST(stats_long_and_null_labels)
{
	struct stats s = stats_fresh(1);
	struct stats_writer w = writer(&s, 0);
	char hostile[2000];

	memset(hostile, 0xff, sizeof hostile);
	struct span labels[4] = { span_of(hostile, sizeof hostile), span_of(hostile, sizeof hostile),
	                          span_of(hostile, sizeof hostile), SPAN_NULL };
	uint32_t a = stats_series(&w, STATS_RECORDS, labels);
	labels[0].n--;
	ck_assert_uint_eq(stats_series(&w, STATS_RECORDS, labels), a);
	labels[0].n = STATS_LABEL_BYTES - 1;
	ck_assert_uint_ne(stats_series(&w, STATS_RECORDS, labels), a);
	stats_writer_fini(&w);
	stats_unmap(&s);
}
END_TEST

START_TEST(stats_full_part_counts_as_other)
{
	struct stats s = stats_fresh(1);
	struct stats_writer w = writer(&s, 0);
	uint32_t first = stats_series_of(&w, STATS_CLOSES, "0");
	char name[16];

	for (int i = 0; i < 70000; i++) {
		snprintf(name, sizeof name, "%d", i);
		stats_series_add(&w, stats_series_of(&w, STATS_CLOSES, name), 1);
	}
	int64_t other = value_of(&s, 0, STATS_CLOSES, "reason=\"other\"");
	ck_assert_int_gt(other, 70000 - 65536);
	ck_assert_int_lt(other, 70000 - 65536 + 100);
	ck_assert_uint_eq(stats_series_of(&w, STATS_CLOSES, "0"), first);
	ck_assert_int_eq(value_of(&s, 0, STATS_CLOSES, "reason=\"0\""), 1);

	/* Another metric still counts, and a successor knows all of them again. */
	stats_series_add(&w, stats_series_of(&w, STATS_BATCHES, "gzip"), 1);
	ck_assert_int_eq(value_of(&s, 0, STATS_BATCHES, "codec=\"other\""), 1);
	stats_writer_fini(&w);
	w = writer(&s, 0);
	ck_assert_uint_eq(stats_series_of(&w, STATS_CLOSES, "0"), first);
	stats_writer_fini(&w);
	stats_unmap(&s);
}
END_TEST

START_TEST(stats_names_follow_prometheus)
{
	for (size_t i = 0; i < STATS_COUNT; i++) {
		const struct stats_row *r = &stats_rows[i];
		bool total = strlen(r->name) > 6 && strcmp(r->name + strlen(r->name) - 6, "_total") == 0;
		ck_assert_msg(total == (r->type != STATS_GAUGE), "%s", r->name);
		ck_assert_uint_eq(strspn(r->name, "abcdefghijklmnopqrstuvwxyz_"), strlen(r->name));
		ck_assert_uint_eq(strspn(r->labels, "abcdefghijklmnopqrstuvwxyz,"), strlen(r->labels));
		ck_assert_msg(strpbrk(r->help, "\\\n") == NULL, "%s: help would need escapes", r->name);
		size_t labels = r->labels[0] != 0;
		for (const char *c = r->labels; *c; c++)
			labels += *c == ',';
		ck_assert_uint_le(labels, STATS_LABELS_MAX);
	}
}
END_TEST

static struct topology topology_fresh(size_t nworkers)
{
	struct topology t;
	int fd = topology_create(nworkers);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(topology_map(&t, fd), 0);
	close(fd);
	return t;
}

START_TEST(topology_newest_wins)
{
	struct topology t = topology_fresh(2);
	struct topology_broker old = { 1, 9092, "old" }, fresh[2] = { { 1, 9092, "one" }, { 2, 9093, "two" } }, out[8];
	uint64_t main_cluster = topology_key(SPAN_LIT("main")), stamp;
	size_t n;

	ck_assert_int_eq(topology_newest(&t, main_cluster, out, 8, &n, &stamp), E_NOENT);
	ck_assert_int_eq(topology_publish(&t, 0, main_cluster, &old, 1, 100), 0);
	ck_assert_int_eq(topology_publish(&t, 1, main_cluster, fresh, 2, 101), 0);
	ck_assert_uint_eq(topology_stamp(&t, main_cluster), 101);
	ck_assert_int_eq(topology_newest(&t, main_cluster, out, 8, &n, &stamp), 0);
	ck_assert_uint_eq(n, 2);
	ck_assert_uint_eq(stamp, 101);
	ck_assert_str_eq(out[1].host, "two");
	ck_assert_int_eq(topology_newest(&t, main_cluster, out, 1, &n, &stamp), E_LIMIT);
	ck_assert_int_eq(topology_publish(&t, 0, main_cluster, &old, 1, 102), 0);
	ck_assert_int_eq(topology_newest(&t, main_cluster, out, 8, &n, &stamp), 0);
	ck_assert_str_eq(out[0].host, "old");
	ck_assert_int_eq(topology_newest(&t, topology_key(SPAN_LIT("second")), out, 8, &n, &stamp), E_NOENT);
	topology_unmap(&t);
}
END_TEST

START_TEST(topology_has_limits)
{
	struct topology t = topology_fresh(1);
	struct topology_broker b = { 1, 9092, "h" };

	ck_assert_int_eq(topology_publish(&t, 0, 1, &b, TOPOLOGY_BROKERS_MAX + 1, 1), E_LIMIT);
	for (uint64_t cluster = 1; cluster <= TOPOLOGY_CLUSTERS_MAX; cluster++)
		ck_assert_int_eq(topology_publish(&t, 0, cluster, &b, 1, 1), 0);
	ck_assert_int_eq(topology_publish(&t, 0, 9999, &b, 1, 1), E_LIMIT);
	topology_unmap(&t);
}
END_TEST

START_TEST(topology_reach_is_the_newest_of_all)
{
	struct topology t = topology_fresh(2);

	topology_note_reach(&t, 0, 5, true, 10);
	topology_note_reach(&t, 1, 5, false, 20);
	struct topology_reach r = topology_reach(&t, 5);
	ck_assert_uint_eq(r.reached_ms, 10);
	ck_assert_uint_eq(r.failed_ms, 20);
	ck_assert_uint_eq(topology_reach(&t, 6).failed_ms, 0);
	ck_assert_uint_eq(topology_stamp(&t, 5), 0);
	topology_unmap(&t);
}
END_TEST

/* A writer in another process rewrites a table of equal hosts; no reader may ever see two
 * different ones in it. */
START_TEST(topology_copies_are_whole)
{
	struct topology t = topology_fresh(1);
	struct topology_broker b[64] = { { 0 } }, out[64];
	int start[2];

	ck_assert_int_eq(pipe(start), 0);
	pid_t pid = fork();
	if (pid == 0) {
		for (unsigned round = 1; getppid() != 1; round++) {
			for (size_t i = 0; i < ARRAY_LEN(b); i++)
				snprintf(b[i].host, sizeof b[i].host, "%u", round);
			if (topology_publish(&t, 0, 1, b, ARRAY_LEN(b), round) != 0)
				_exit(1);
			if (round == 1 && write(start[1], "", 1) != 1)
				_exit(1);
		}
		_exit(0);
	}
	char c;
	ck_assert_int_eq(read(start[0], &c, 1), 1);
	size_t n, whole = 0;
	uint64_t stamp;
	for (int i = 0; i < 200000 || whole == 0; i++) {        /* the writer may be kept from the processor amid its writing */
		if (topology_newest(&t, 1, out, ARRAY_LEN(out), &n, &stamp) != 0)
			continue;
		whole++;
		ck_assert_uint_eq(n, ARRAY_LEN(b));
		ck_assert_uint_eq((uint64_t)strtoul(out[0].host, NULL, 10), stamp);
		ck_assert_str_eq(out[0].host, out[n - 1].host);
	}
	ck_assert_uint_gt(whole, 0);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	topology_unmap(&t);
}
END_TEST

UNIT_MAIN("shm", region_refuses_what_is_not_it, region_refuses_a_file_that_can_shrink, stats_sum_over_parts,
          stats_are_seen_by_another_process, stats_respawned_worker_continues, stats_series_are_by_metric_and_labels,
          stats_labels_are_escaped, stats_long_and_null_labels, stats_full_part_counts_as_other,
          stats_names_follow_prometheus, topology_newest_wins, topology_has_limits,
          topology_reach_is_the_newest_of_all, topology_copies_are_whole)
