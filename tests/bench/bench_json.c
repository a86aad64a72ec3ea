/* How fast records are judged, and how fast others parse them: all take turns on the
 * same records in one run. Prints one JSON object, of which compare.py makes tables.
 * Times are processor time of this thread, so that a busy machine disturbs least. Or, as
 * another validator's benchmark does, judges each record in a loop of its own and prints
 * its nanoseconds; or, asked for neither, its verdict. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/bench/bench.h"
#include "tests/bench/cpu.h"

#define TURNS_MAX 1000

enum who { OURS, SYNTAX, YYJSON, JANSSON, WHO_COUNT };

static const char *const names[] = { [OURS] = "ours", [SYNTAX] = "syntax", [YYJSON] = "yyjson", [JANSSON] = "jansson" };

struct bench {
	const char *schema;
	char *resources[16];               /* URI=FILE */
	size_t nresources;
	struct records records;
	struct engine *engine;
	size_t turns, loop;
	double ns[WHO_COUNT][TURNS_MAX];   /* a record, of each turn */
	size_t accepted[WHO_COUNT];
	uint64_t allocations[WHO_COUNT];   /* in one pass */
};

/* ---- turns ---- */

static size_t pass(struct bench *b, enum who who)
{
	switch (who) {
	case OURS:
		return engine_judge(b->engine, &b->records, false);
	case SYNTAX:
		return engine_judge(b->engine, &b->records, true);
	case YYJSON:
		return peer_yyjson(&b->records);
	default:
		return peer_jansson(&b->records);
	}
}

/* Whole passes, for at least so long. */
static double turn(struct bench *b, enum who who, double ns)
{
	double start = cpu_ns(), spent;
	size_t passes = 0;

	do {
		pass(b, who);
		passes++;
		spent = cpu_ns() - start;
	} while (spent < ns);
	return spent / (double)passes / (double)b->records.n;
}

static void warm_up(struct bench *b)
{
	for (enum who who = 0; who < WHO_COUNT; who++) {
		pass(b, who);
		uint64_t before = allocations();
		b->accepted[who] = pass(b, who);
		b->allocations[who] = allocations() - before;
	}
}

static void take_turns(struct bench *b, double ns)
{
	for (size_t t = 0; t < b->turns; t++)
		for (enum who who = 0; who < WHO_COUNT; who++)
			b->ns[who][t] = turn(b, who, ns);
}

/* ---- figures ---- */

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *figures, size_t n)
{
	qsort(figures, n, sizeof *figures, by_size);
	return n % 2 ? figures[n / 2] : (figures[n / 2 - 1] + figures[n / 2]) / 2;
}

/* Of the turns in pairs: what slows the machine slows both. */
static double ratio(const struct bench *b, enum who who)
{
	double ratios[TURNS_MAX];

	for (size_t t = 0; t < b->turns; t++)
		ratios[t] = b->ns[who][t] / b->ns[OURS][t];
	return median(ratios, b->turns);
}

static void print(struct bench *b)
{
	const struct records *r = &b->records;
	double ratios[WHO_COUNT];

	for (enum who who = 0; who < WHO_COUNT; who++)
		ratios[who] = ratio(b, who);
	printf("{\"records\":%zu,\"bytes\":%zu,\"not_valid\":%zu", r->n, r->bytes, r->n - b->accepted[OURS]);
	for (enum who who = 0; who < WHO_COUNT; who++) {
		double middle = median(b->ns[who], b->turns), best = b->ns[who][0];
		printf(",\"%s\":{\"accepted\":%zu,\"best_ns\":%.2f,\"median_ns\":%.2f,\"mb_s\":%.1f,\"ratio\":%.3f,\"allocations\":%.4f}", names[who], b->accepted[who], best, middle,
		       (double)r->bytes / (double)r->n / best * 1e3, ratios[who], (double)b->allocations[who] / (double)r->n);
	}
	puts("}");
}

static void measure(struct bench *b, double ns)
{
	warm_up(b);
	take_turns(b, ns);
	print(b);
}

static void print_loops(struct bench *b)
{
	for (size_t i = 0; i < b->records.n; i++) {
		struct records one = { .of = &b->records.of[i], .n = 1 };
		double start = cpu_ns();
		for (size_t n = 0; n < b->loop; n++)
			engine_judge(b->engine, &one, false);
		printf("%.2f\n", (cpu_ns() - start) / (double)b->loop);
	}
}

static int run(struct bench *b, const char *file, double ns)
{
	b->engine = engine_new(b->schema, b->resources, b->nresources);
	if (!b->engine || !records_read(&b->records, file) || !peers_open(b->records.longest)) {
		fprintf(stderr, "bench_json: %s cannot be compiled, or no record in %s\n", b->schema, file);
		return 2;
	}
	if (b->turns)
		measure(b, ns);
	else if (b->loop)
		print_loops(b);
	else
		engine_print_verdicts(b->engine, &b->records);
	peers_close();
	engine_free(b->engine);
	records_fini(&b->records);
	return 0;
}

int main(int argc, char **argv)
{
	struct bench b = { 0 };
	double ms = 8;
	int option;

	while ((option = getopt(argc, argv, "t:m:l:r:")) != -1) {
		if (option == 't')
			b.turns = strtoul(optarg, NULL, 10);
		else if (option == 'l')
			b.loop = strtoul(optarg, NULL, 10);
		else if (option == 'm')
			ms = strtod(optarg, NULL);
		else if (option == 'r' && b.nresources < ARRAY_LEN(b.resources))
			b.resources[b.nresources++] = optarg;
		else
			optind = argc;
	}
	if (argc - optind != 2 || b.turns > TURNS_MAX) {
		fprintf(stderr, "usage: bench_json [-t TURNS [-m MILLISECONDS] | -l LOOPS] [-r URI=FILE]... SCHEMA RECORDS\n");
		return 2;
	}
	b.schema = argv[optind];
	return run(&b, argv[optind + 1], ms * 1e6);
}
