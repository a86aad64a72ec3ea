/* Vectors read from text files of "name hex" lines. */
#include <stdarg.h>

#include "unit.h"
#include "vector.h"

#define NAME_MAX_LEN 128
#define FILE_MAX ((size_t)1 << 20)

static char *load(const char *file)
{
	const char *top = getenv("top_srcdir");
	char path[4096];

	snprintf(path, sizeof path, "%s/tests/unit/vectors/%s", top ? top : ".", file);
	FILE *f = fopen(path, "r");
	ck_assert_msg(f != NULL, "%s cannot be opened", path);
	char *text = calloc(1, FILE_MAX);
	ck_assert_uint_lt(fread(text, 1, FILE_MAX - 1, f), FILE_MAX - 1);
	fclose(f);
	return text;
}

static const char *find(const char *name)
{
	static char *texts[2];
	size_t n = strlen(name);

	if (!texts[0]) {
		texts[0] = load("kafka.txt");
		texts[1] = load("compress.txt");
	}
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		for (const char *line = texts[i]; line; line = strchr(line, '\n')) {
			line += *line == '\n';
			if (strncmp(line, name, n) == 0 && line[n] == ' ')
				return line + n + 1;
		}
	}
	return NULL;
}

/* Reachable until the end, so that leak checkers do not complain of test data. */
uint8_t *vector_alloc(size_t n)
{
	static struct kept {
		struct kept *next;
	} *all;
	struct kept *k = malloc(sizeof *k + n);

	ck_assert_ptr_nonnull(k);
	k->next = all;
	all = k;
	return (uint8_t *)(k + 1);
}

static int nibble(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

struct span vector(const char *fmt, ...)
{
	char name[NAME_MAX_LEN];
	va_list ap;
	size_t n = 0;

	va_start(ap, fmt);
	vsnprintf(name, sizeof name, fmt, ap);
	va_end(ap);
	const char *hex = find(name);
	ck_assert_msg(hex != NULL, "no vector %s", name);
	while (nibble(hex[2 * n]) >= 0)
		n++;
	uint8_t *p = vector_alloc(n);
	for (size_t i = 0; i < n; i++)
		p[i] = (uint8_t)(nibble(hex[2 * i]) << 4 | nibble(hex[2 * i + 1]));
	return span_of(p, n);
}
