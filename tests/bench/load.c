/* A producer under orders, the load of make bench-proxy and bench-gateway: records of a file
 * by librdkafka, in turn to every partition, acks=all. Each line of input, COUNT and RATE
 * (records a second; 0: as fast as it goes), is one run and is answered with one JSON object.
 * usage: load BOOTSTRAP TOPIC PARTITIONS CODEC RECORDS */
#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "tests/bench/bench.h"

#define POLL_MS 1
#define LATE_MS 60000

struct run {
	size_t count, done, failed;
	uint64_t *sent_ns;                 /* by record */
	double *waited_ms;                 /* delivery, of those that came through */
	char why[256];                     /* of the last that failed */
};

static const char *const options[][2] = {
	{ "linger.ms", "5" },
	{ "batch.size", "131072" },
	{ "acks", "all" },
	{ "queue.buffering.max.messages", "200000" },
};

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void delivered(rd_kafka_t *rk, const rd_kafka_message_t *m, void *opaque)
{
	struct run *run = *(struct run **)opaque;
	size_t index = (size_t)(uintptr_t)m->_private;

	(void)rk;
	if (m->err)
		snprintf(run->why, sizeof run->why, "%s", rd_kafka_err2str(m->err));
	else
		run->waited_ms[run->done - run->failed] = (double)(now_ns() - run->sent_ns[index]) / 1e6;
	run->failed += m->err != 0;
	run->done++;
}

/* ---- one run ---- */

static void send_one(rd_kafka_t *rk, rd_kafka_topic_t *topic, int32_t partitions, const struct records *r, struct run *run, size_t index)
{
	struct span record = r->of[index % r->n];

	run->sent_ns[index] = now_ns();
	while (rd_kafka_produce(topic, (int32_t)(index % (size_t)partitions), 0, (void *)(uintptr_t)record.p, record.n, NULL, 0,
	                        (void *)(uintptr_t)index) != 0)
		rd_kafka_poll(rk, POLL_MS);        /* its queue is full */
}

static void send_all(rd_kafka_t *rk, rd_kafka_topic_t *topic, int32_t partitions, const struct records *r, struct run *run, double rate)
{
	uint64_t start = now_ns();

	for (size_t sent = 0; sent < run->count;) {
		double due = rate > 0 ? (double)(now_ns() - start) / 1e9 * rate : (double)(sent + 1024);
		for (; sent < run->count && (double)sent < due; sent++)
			send_one(rk, topic, partitions, r, run, sent);
		rd_kafka_poll(rk, rate > 0 ? POLL_MS : 0);
	}
	uint64_t last = now_ns();
	while (run->done < run->count && now_ns() - last < LATE_MS * 1000000ull)
		rd_kafka_poll(rk, POLL_MS);
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void print(const struct run *run, double seconds)
{
	size_t n = run->done - run->failed;

	qsort(run->waited_ms, n, sizeof *run->waited_ms, by_size);
	printf("{\"delivered\":%zu,\"failed\":%zu,\"seconds\":%.6f,\"p50_ms\":%.4f,\"p99_ms\":%.4f,\"why\":\"%s\"}\n", n, run->count - n, seconds,
	       n ? run->waited_ms[n / 2] : 0, n ? run->waited_ms[n * 99 / 100] : 0, run->why);
	fflush(stdout);
}

/* Runs until its input ends. */
static void obey(rd_kafka_t *rk, rd_kafka_topic_t *topic, int32_t partitions, const struct records *r, struct run **current)
{
	char line[64];

	while (fgets(line, sizeof line, stdin)) {
		char *rate;
		struct run run = { .count = strtoul(line, &rate, 10) };
		run.sent_ns = calloc(run.count, sizeof *run.sent_ns);
		run.waited_ms = calloc(run.count, sizeof *run.waited_ms);
		if (!run.sent_ns || !run.waited_ms)
			abort();
		*current = &run;
		uint64_t start = now_ns();
		send_all(rk, topic, partitions, r, &run, strtod(rate, NULL));
		print(&run, (double)(now_ns() - start) / 1e9);
		if (run.done < run.count)
			exit(1);           /* what comes later would write into freed memory */
		free(run.sent_ns);
		free(run.waited_ms);
	}
}

static void set(rd_kafka_conf_t *conf, const char *name, const char *value)
{
	char why[256];

	if (rd_kafka_conf_set(conf, name, value, why, sizeof why) == RD_KAFKA_CONF_OK)
		return;
	fprintf(stderr, "load: %s\n", why);
	exit(2);
}

int main(int argc, char **argv)
{
	struct records records;
	struct run *current = NULL;
	char why[256];

	if (argc != 6 || !records_read(&records, argv[5])) {
		fputs("usage: load BOOTSTRAP TOPIC PARTITIONS CODEC RECORDS\n", stderr);
		return 2;
	}
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	set(conf, "bootstrap.servers", argv[1]);
	set(conf, "compression.type", argv[4]);
	for (size_t i = 0; i < ARRAY_LEN(options); i++)
		set(conf, options[i][0], options[i][1]);
	rd_kafka_conf_set_opaque(conf, &current);
	rd_kafka_conf_set_dr_msg_cb(conf, delivered);
	rd_kafka_t *rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof why);
	if (!rk) {
		fprintf(stderr, "load: %s\n", why);
		return 2;
	}
	rd_kafka_topic_t *topic = rd_kafka_topic_new(rk, argv[2], NULL);
	obey(rk, topic, atoi(argv[3]), &records, &current);
	rd_kafka_topic_destroy(topic);
	rd_kafka_destroy(rk);
	records_fini(&records);
	return 0;
}
