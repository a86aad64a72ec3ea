/* Lines of a file of any size in constant memory, and how far the reading has come. */
#pragma once

#include "base/base.h"

struct lines {
	int fd;
	size_t max;                      /* bytes of a line that are kept, and one more */
	uint8_t *p;
	size_t from, end, cap;           /* what is read and not handed out */
	bool eof, progress, drawn;
	int error;                       /* errno of a read, or ENOMEM */
	uint64_t line;                   /* number of the last one, from 1 */
	uint64_t taken, size;            /* bytes read; of the file, 0: not known */
	uint64_t started, shown;         /* ms */
};

/* fd stays the caller's. progress: a bar on standard error, if that is a terminal and
 * standard output is none. */
void lines_init(struct lines *l, int fd, size_t max, bool progress);
void lines_fini(struct lines *l);
/* The next line without its end, valid until the next call; one that is longer than max
 * is cut to max + 1 bytes. What stdout holds is written before waiting for more. */
bool lines_next(struct lines *l, struct span *line);
