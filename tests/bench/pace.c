/* How fast this processor is just now: jansson parses the first records of a file for a while, once for each line that
 * comes in. Owner: the benchmark.
 *
 *     pace RECORDS COUNT
 *
 * Prints nanoseconds of processor time a record, a line for a line. */
#include <stdio.h>
#include <stdlib.h>

#include "tests/bench/bench.h"
#include "tests/bench/cpu.h"

#define WHILE_NS 150e6

static double pace(const struct records *r)
{
	double began = cpu_ns(), spent = 0;
	size_t parsed = 0;

	while (spent < WHILE_NS) {
		parsed += peer_jansson(r);
		spent = cpu_ns() - began;
	}
	return spent / (double)parsed;
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
