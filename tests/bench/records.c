/* Records of the benchmarks: the lines of a file. */
#include <stdio.h>
#include <stdlib.h>

#include "tests/bench/bench.h"

static bool read_file(const char *path, struct buf *out)
{
	FILE *in = fopen(path, "re");
	uint8_t block[1 << 16];
	size_t n;

	if (!in)
		return false;
	while ((n = fread(block, 1, sizeof block, in)) > 0)
		buf_add(out, block, n);
	bool good = !ferror(in) && !buf_error(out);
	fclose(in);
	return good;
}

static void add(struct records *r, struct span line)
{
	if (line.n == 0)
		return;
	r->of[r->n++] = line;
	r->bytes += line.n;
	r->longest = line.n > r->longest ? line.n : r->longest;
}

bool records_read(struct records *r, const char *path)
{
	size_t lines = 1;

	*r = (struct records){ 0 };
	buf_init(&r->text, 0);
	if (!read_file(path, &r->text))
		return false;
	const uint8_t *at = r->text.p, *end = at + r->text.n;
	for (const uint8_t *p = at; p < end; p++)
		lines += *p == '\n';
	r->of = calloc(lines, sizeof *r->of);
	while (r->of && at < end) {
		const uint8_t *stop = memchr(at, '\n', (size_t)(end - at));
		stop = stop ? stop : end;
		add(r, span_of(at, (size_t)(stop - at)));
		at = stop + 1;
	}
	return r->n > 0;
}

void records_fini(struct records *r)
{
	free(r->of);
	buf_fini(&r->text);
}
