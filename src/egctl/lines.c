/* Lines of a file of any size in constant memory. Owner: egctl. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "egctl/lines.h"

#define CHUNK ((size_t)256 << 10)
#define BAR 30
#define REDRAW_MS 100

void lines_init(struct lines *l, int fd, size_t max, bool progress)
{
	struct stat st;

	*l = (struct lines){ .fd = fd, .max = max, .started = clock_ms() };
	l->shown = l->started;           /* what ends at once shows no bar */
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		l->size = (uint64_t)st.st_size;
	l->progress = progress && isatty(STDERR_FILENO) && !isatty(STDOUT_FILENO);
}

static void erase(struct lines *l)
{
	if (l->drawn)
		fputs("\r\033[K", stderr);
	l->drawn = false;
}

void lines_fini(struct lines *l)
{
	erase(l);
	free(l->p);
}

static void draw(struct lines *l)
{
	uint64_t now = clock_ms();
	char bar[BAR + 1];

	if (!l->progress || now - l->shown < REDRAW_MS)
		return;
	l->shown = now;
	l->drawn = true;
	double seconds = (double)(now - l->started + 1) / 1000, mb = (double)l->taken / 1e6;
	size_t full = l->size && l->taken < l->size ? (size_t)(l->taken * BAR / l->size) : l->size ? BAR : 0;
	for (size_t i = 0; i < BAR; i++)
		bar[i] = i < full ? '#' : '.';
	bar[BAR] = 0;
	if (l->size)
		fprintf(stderr, "\r\033[K[%s] %3.0f%%  line %llu  %.0f MB/s", bar, 100.0 * (double)l->taken / (double)l->size, (unsigned long long)l->line, mb / seconds);
	else
		fprintf(stderr, "\r\033[K%.1f MB  line %llu  %.0f MB/s", mb, (unsigned long long)l->line, mb / seconds);
}

/* Room for a chunk after what is kept. */
static bool make_room(struct lines *l)
{
	if (l->from > 0) {
		memmove(l->p, l->p + l->from, l->end - l->from);
		l->end -= l->from;
		l->from = 0;
	}
	if (l->cap - l->end >= CHUNK)
		return true;
	size_t cap = l->cap ? l->cap * 2 : CHUNK * 2;
	uint8_t *p = realloc(l->p, cap);
	if (!p) {
		l->error = ENOMEM;
		return false;
	}
	l->p = p;
	l->cap = cap;
	return true;
}

static bool fill(struct lines *l)
{
	ssize_t n;

	if (!make_room(l))
		return false;
	fflush(stdout);
	draw(l);
	do
		n = read(l->fd, l->p + l->end, l->cap - l->end);
	while (n < 0 && errno == EINTR);
	l->error = n < 0 ? errno : 0;
	l->eof = n == 0;
	if (n > 0) {
		l->end += (size_t)n;
		l->taken += (uint64_t)n;
	}
	return n >= 0;
}

bool lines_next(struct lines *l, struct span *line)
{
	size_t seen = 0, kept = 0;

	for (;;) {
		const uint8_t *from = l->p + l->from;
		const uint8_t *stop = l->end > l->from + seen ? memchr(from + seen, '\n', l->end - l->from - seen) : NULL;
		size_t n = stop ? (size_t)(stop - from) : l->end - l->from;
		if (stop || (l->eof && n)) {
			*line = span_of(from, kept ? kept : n > l->max ? l->max + 1 : n);
			l->from += n + (stop != NULL);
			l->line++;
			return true;
		}
		if (l->eof)
			return false;
		/* Of a line that is too long, only its beginning stays. */
		if (n > l->max) {
			kept = l->max + 1;
			l->end = l->from + kept;
			n = kept;
		}
		seen = n;
		if (!fill(l))
			return false;
	}
}
