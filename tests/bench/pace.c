/* How fast this processor is just now: jansson parses the first records of a file for a while, once for each line that
 * comes in. Owner: the benchmark.
 *
 *     pace RECORDS COUNT
 *
 * Prints nanoseconds of processor time a record, a line for a line. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "tests/bench/bench.h"

#define WHILE_NS 150000000u

static uint64_t cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void parse(const struct records *r)
{
	for (size_t i = 0; i < r->n; i++)
		json_decref(json_loadb((const char *)r->of[i].p, r->of[i].n, 0, NULL));
}

static double pace(const struct records *r)
{
	uint64_t began = cpu_ns(), spent = 0, passes = 0;

	for (; spent < WHILE_NS; passes++) {
		parse(r);
		spent = cpu_ns() - began;
	}
	return (double)spent / ((double)passes * (double)r->n);
}

int main(int argc, char **argv)
{
	struct records r;
	char line[16];
	size_t count = argc == 3 ? strtoul(argv[2], NULL, 10) : 0;

	if (count == 0 || !records_read(&r, argv[1]) || r.n < count) {
		fprintf(stderr, "usage: pace RECORDS COUNT, of as many records at least\n");
		return 2;
	}
	r.n = count;
	while (fgets(line, sizeof line, stdin)) {
		printf("%.1f\n", pace(&r));
		fflush(stdout);
	}
	records_fini(&r);
	return 0;
}
