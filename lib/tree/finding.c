/* Findings: kept in the order they came, printed in the order of the text. Owner: tree;
 * runs in the loader and the tool. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "tree/finding.h"

#define DEFAULT_MAX 1000
#define TEXT_MAX 2048                   /* of one message: documents hold texts of any length */
#define ARENA_MAX (16u << 20)

void findings_init(struct findings *f, size_t max)
{
	*f = (struct findings){ .max = max ? max : DEFAULT_MAX };
	arena_init(&f->arena, 8192, ARENA_MAX);
}

void findings_fini(struct findings *f)
{
	arena_fini(&f->arena);
	free(f->items);
	*f = (struct findings){ .max = f->max };
}

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

static bool same_place(const struct location *a, const struct location *b)
{
	return a->line == b->line && a->column == b->column && same_text(a->file, b->file);
}

/* One fault that two readers of the same node meet is told once. */
static bool is_known(const struct findings *f, const char *code, const struct location *at, const char *message)
{
	for (size_t i = 0; i < f->n; i++) {
		const struct finding *have = &f->items[i];
		if (same_place(&have->at, at) && strcmp(have->code, code) == 0 && strcmp(have->message, message) == 0)
			return true;
	}
	return false;
}

bool finding_is_error_at(const struct findings *f, struct location at)
{
	for (size_t i = 0; i < f->n; i++)
		if (f->items[i].severity == FINDING_ERROR && same_place(&f->items[i].at, &at))
			return true;
	return false;
}

static struct finding *new_item(struct findings *f)
{
	if (f->n >= f->max)
		return NULL;
	if (f->n == f->cap) {
		size_t cap = f->cap ? f->cap * 2 : 16;
		struct finding *items = realloc(f->items, cap * sizeof *items);
		if (!items)
			return NULL;
		f->items = items;
		f->cap = cap;
	}
	return &f->items[f->n];
}

static const char *own_file(struct findings *f, const char *file)
{
	if (!file)
		return NULL;
	if (f->n && same_text(f->items[f->n - 1].at.file, file))
		return f->items[f->n - 1].at.file;
	return arena_strdup(&f->arena, file);
}

static void count(struct findings *f, enum finding_severity severity)
{
	f->errors += severity == FINDING_ERROR;
	f->warnings += severity == FINDING_WARNING;
}

void finding_add(struct findings *f, enum finding_severity severity, const char *code, struct location at,
                 const char *fmt, ...)
{
	char text[TEXT_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	if (is_known(f, code, &at, text))
		return;
	count(f, severity);
	struct finding *item = new_item(f);
	if (!item)
		return;
	at.file = own_file(f, at.file);
	*item = (struct finding){ severity, arena_strdup(&f->arena, code), at, arena_strdup(&f->arena, text) };
	if (item->code && item->message)
		f->n++;
}

static int compare(const struct finding *a, const struct finding *b)
{
	int file = strcmp(a->at.file ? a->at.file : "", b->at.file ? b->at.file : "");

	if (file)
		return file;
	if (a->at.line != b->at.line)
		return a->at.line < b->at.line ? -1 : 1;
	return a->at.column == b->at.column ? 0 : a->at.column < b->at.column ? -1 : 1;
}

static void merge_sort(struct finding *items, struct finding *spare, size_t n)
{
	size_t half = n / 2, i = 0, j = half;

	if (n < 2)
		return;
	merge_sort(items, spare, half);
	merge_sort(items + half, spare, n - half);
	for (size_t k = 0; k < n; k++)
		spare[k] = j == n || (i < half && compare(&items[i], &items[j]) <= 0) ? items[i++] : items[j++];
	memcpy(items, spare, n * sizeof *items);
}

void findings_sort(struct findings *f)
{
	struct finding *spare = f->n ? malloc(f->n * sizeof *spare) : NULL;

	if (!spare)
		return;
	merge_sort(f->items, spare, f->n);
	free(spare);
}

/* Texts of documents reach a terminal here: control bytes are spelled out. */
static void print_text(struct buf *out, const char *s)
{
	for (; *s; s++) {
		if ((unsigned char)*s < 0x20 || *s == 0x7f)
			buf_printf(out, "\\x%02x", (unsigned char)*s);
		else
			buf_addch(out, *s);
	}
}

void finding_print(struct buf *out, const struct finding *f)
{
	print_text(out, f->at.file ? f->at.file : "-");
	buf_addch(out, ':');
	if (f->at.line)
		buf_printf(out, "%u:%u:", f->at.line, f->at.column);
	buf_printf(out, " %s %s: ", finding_severity_word(f->severity), f->code);
	print_text(out, f->message);
}

const char *finding_severity_word(enum finding_severity s)
{
	static const char *const words[] = { "info", "warning", "error" };

	return words[s];
}
