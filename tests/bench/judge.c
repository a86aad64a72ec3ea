/* What it costs to judge records by a document, beside other records and another document: the
 * worker's own call, in CPU time of this process, round by round in turn, so that a busy
 * machine slows both. Each is told by its best round, the ratio by the median of all pairs.
 *
 *   judge DOCUMENT RECORDS DOCUMENT RECORDS ROUNDS
 *   prints: records, valid ones, nanoseconds a record; the same of the second; second / first */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "egctl/document.h"
#include "egctl/record.h"

struct item {
	struct record_view view;         /* in the arena */
	struct contract_topic topic;
};

struct bench {
	struct document d;
	struct contract *c;
	struct record_line line;
	struct arena arena;
	struct item *items;
	size_t n, cap, valid;
	double best;
};

/* The tool's, which document.c asks for. */
int egctl_fail(const struct egctl *e, const char *fmt, ...)
{
	(void)e;
	fprintf(stderr, "%s\n", fmt);
	return EGCTL_CANNOT;
}

static uint64_t cpu_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static struct span kept(struct bench *b, struct span text)
{
	return span_is_null(text) ? text : span_of(arena_strndup(&b->arena, text.p, text.n), text.n);
}

static bool add_item(struct bench *b, struct span text)
{
	if (b->n == b->cap) {
		size_t cap = b->cap ? b->cap * 2 : 1024;
		struct item *grown = realloc(b->items, cap * sizeof *grown);
		if (!grown)
			return false;
		b->items = grown;
		b->cap = cap;
	}
	struct item *item = &b->items[b->n++];
	record_line_read(&b->line, text, false);
	const struct record_view *v = &b->line.view;
	struct record_header *headers = arena_alloc(&b->arena, (v->nheaders + 1) * sizeof *headers);
	if (b->line.error || !headers)
		return false;
	for (size_t i = 0; i < v->nheaders; i++)
		headers[i] = (struct record_header){ kept(b, v->headers[i].name), kept(b, v->headers[i].value) };
	item->view = (struct record_view){ kept(b, v->key), kept(b, v->value), headers, v->nheaders };
	contract_find(b->c, 0, b->line.topic, &item->topic);
	return true;
}

static bool read_items(struct bench *b, const char *path)
{
	FILE *in = fopen(path, "re");
	char *line = NULL;
	size_t cap = 0;
	ssize_t n;
	bool good = in != NULL;

	while (good && (n = getline(&line, &cap, in)) > 0)
		good = add_item(b, span_of(line, (size_t)n - (line[n - 1] == '\n')));
	free(line);
	if (in)
		fclose(in);
	return good;
}

static size_t judge_all(struct bench *b)
{
	size_t valid = 0;

	for (size_t i = 0; i < b->n; i++) {
		struct judgement j;
		contract_judge(b->c, &b->items[i].topic, &b->items[i].view, &j);
		valid += j.verdict == VERDICT_VALID;
	}
	return valid;
}

static bool open_bench(struct bench *b, const char *document, const char *records)
{
	static const struct resources none;

	record_line_init(&b->line);
	arena_init(&b->arena, 1 << 16, 0);
	if (document_open(&b->d, document, &none) < 0 || !b->d.judges || !(b->c = contract_open(&b->d.img))) {
		fprintf(stderr, "%s cannot be used to judge records\n", document);
		return false;
	}
	if (!read_items(b, records) || b->n == 0) {
		fprintf(stderr, "%s cannot be read as records\n", records);
		return false;
	}
	return true;
}

static void close_bench(struct bench *b)
{
	free(b->items);
	record_line_fini(&b->line);
	arena_fini(&b->arena);
	contract_close(b->c);
	document_close(&b->d);
}

/* Nanoseconds a record of one round. */
static double one_round(struct bench *b)
{
	uint64_t start = cpu_now();

	b->valid = judge_all(b);
	double each = (double)(cpu_now() - start) / (double)b->n;
	b->best = b->best == 0 || each < b->best ? each : b->best;
	return each;
}

static int by_size(const void *x, const void *y)
{
	double a = *(const double *)x, b = *(const double *)y;

	return (a > b) - (a < b);
}

static int run(struct bench *one, struct bench *two, int rounds)
{
	double *ratios = calloc((size_t)rounds + 1, sizeof *ratios);

	for (int i = 0; ratios && i < rounds; i++) {
		double first = one_round(one);
		ratios[i] = one_round(two) / first;
	}
	if (!ratios)
		return 2;
	qsort(ratios, (size_t)rounds, sizeof *ratios, by_size);
	printf("%zu %zu %.1f %zu %zu %.1f %.3f\n", one->n, one->valid, one->best, two->n, two->valid, two->best, ratios[rounds / 2]);
	free(ratios);
	return 0;
}

int main(int argc, char **argv)
{
	struct bench one = { 0 }, two = { 0 };
	int rounds = argc == 6 ? atoi(argv[5]) : 0;

	if (rounds < 1)
		return 2;
	int r = open_bench(&one, argv[1], argv[2]) && open_bench(&two, argv[3], argv[4]) ? run(&one, &two, rounds) : 2;
	close_bench(&one);
	close_bench(&two);
	return r;
}
