/* Processor time, which the benchmarks tell costs by. */
#include <time.h>

#include "tests/bench/cpu.h"

double cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}
