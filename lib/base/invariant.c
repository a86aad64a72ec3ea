/* The end of a process whose own state is wrong. Owner: base; every process. */
#include <stdio.h>
#include <stdlib.h>

#include "base/base.h"

_Noreturn void invariant_broken(const char *what, const char *file, int line)
{
	fprintf(stderr, "[alert] broken invariant: %s (%s:%d)\n", what, file, line);
	abort();
}
