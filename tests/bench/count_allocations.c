/* What judging takes from the heap: count_allocations SCHEMA RECORDS. Judges all records
 * once, so that scratch memory has its size, and counts while it judges them again.
 * Prints: records, how many are valid, allocations. */
#include <stdio.h>

#include "tests/bench/bench.h"

int main(int argc, char **argv)
{
	struct engine *e = argc == 3 ? engine_new(argv[1], NULL, 0) : NULL;
	struct records r;

	if (!e || !records_read(&r, argv[2])) {
		fprintf(stderr, "usage: count_allocations SCHEMA RECORDS\n");
		return 2;
	}
	engine_judge(e, &r, false);
	uint64_t before = allocations();
	INVARIANT(before > 0);           /* the compiler's, or nothing is counted */
	size_t valid = engine_judge(e, &r, false);
	uint64_t taken = allocations() - before;
	printf("%zu %zu %llu\n", r.n, valid, (unsigned long long)taken);
	records_fini(&r);
	engine_free(e);
	return 0;
}
