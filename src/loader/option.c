/* Options by table: find, read, print. Owner: loader; runs in the loader and in -T. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#include "loader/option.h"

const struct option_row option_rows[] = {
#define OPTION(name, type, field, initial, low, high, words, force, help) \
	{ name, OPTION_##type, offsetof(struct settings, field), sizeof ((struct settings *)0)->field, initial, low, high, \
	  words, FORCE_##force, help },
#include "loader/option.def"
#undef OPTION
};

const size_t option_count = ARRAY_LEN(option_rows);

const struct option_row *option_find(struct span name)
{
	for (size_t i = 0; i < option_count; i++)
		if (span_is(name, option_rows[i].name))
			return &option_rows[i];
	return NULL;
}

bool option_is_group(struct span name)
{
	for (size_t i = 0; i < option_count; i++) {
		const char *full = option_rows[i].name;
		if (strlen(full) > name.n && memcmp(full, name.p, name.n) == 0 && full[name.n] == '.')
			return true;
	}
	return false;
}

const char *option_force_word(enum option_force force)
{
	static const char *const words[] = {
		[FORCE_NEXT_RECORD] = "next record", [FORCE_NEXT_CONNECTION] = "next connection",
		[FORCE_RELOAD] = "reload", [FORCE_RESTART] = "restart",
	};

	return words[force];
}

void option_environment(const struct option_row *row, char *out, size_t n)
{
	int used = snprintf(out, n, "EVENTGATEWAY_%s", row->name);

	for (int i = 0; i < used && (size_t)i < n; i++)
		out[i] = out[i] == '.' ? '_' : (char)toupper((unsigned char)out[i]);
}

/* ---- reading ---- */

struct unit {
	const char *word;
	uint64_t factor;
};

static const struct unit size_units[] = {
	{ "", 1 }, { "B", 1 }, { "KiB", 1024 }, { "MiB", 1 << 20 }, { "GiB", 1 << 30 },
	{ "kB", 1000 }, { "KB", 1000 }, { "MB", 1000000 }, { "GB", 1000000000 }, { NULL, 0 },
};
static const struct unit time_units[] = {
	{ "ms", 1 }, { "s", 1000 }, { "m", 60000 }, { "h", 3600000 }, { NULL, 0 },
};
static const struct unit count_units[] = { { "", 1 }, { NULL, 0 } };

/* Digits and a unit; false when it is anything else or does not fit. */
static bool read_number(struct span text, const struct unit *units, uint64_t *out)
{
	uint64_t n = 0;
	size_t i = 0;

	for (; i < text.n && isdigit(text.p[i]); i++)
		if (__builtin_mul_overflow(n, 10, &n) || __builtin_add_overflow(n, text.p[i] - '0', &n))
			return false;
	struct span unit = span_of(text.p + i, text.n - i);
	for (; i > 0 && units->word; units++)
		if (span_is(unit, units->word))
			return !__builtin_mul_overflow(n, units->factor, out);
	return false;
}

static void print_number(const struct option_row *row, uint64_t v, char *out, size_t n)
{
	const struct unit *units = row->type == OPTION_SIZE ? size_units : row->type == OPTION_TIME ? time_units : count_units;
	const struct unit *best = units;

	for (const struct unit *u = units; u->word; u++)
		if (v && v % u->factor == 0 && u->factor > best->factor)
			best = u;
	snprintf(out, n, "%llu%s", (unsigned long long)(v / best->factor), best->word);
}

static void say_number(const struct option_row *row, struct span text, char *why)
{
	static const char *const shapes[] = { "a whole number", "a size such as 64KiB or 100MiB", "a time such as 500ms, 30s or 10m" };
	char low[32], high[32];

	print_number(row, row->low, low, sizeof low);
	print_number(row, row->high, high, sizeof high);
	snprintf(why, OPTION_WHY_MAX, "%s: \"%.*s\" cannot be; write %s from %s to %s%s%s", row->name, (int)text.n % 80, text.p,
	         shapes[row->type], low, high, *row->words ? ", or " : "", row->words);
}

static void put_number(const struct option_row *row, struct settings *s, uint64_t v)
{
	if (row->size == sizeof(uint64_t))
		memcpy((char *)s + row->offset, &v, sizeof v);
	else
		memcpy((char *)s + row->offset, &(uint32_t){ (uint32_t)v }, sizeof(uint32_t));
}

static uint64_t take_number(const struct option_row *row, const struct settings *s)
{
	uint64_t v = 0;
	uint32_t v32;

	if (row->size == sizeof v) {
		memcpy(&v, (const char *)s + row->offset, sizeof v);
		return v;
	}
	memcpy(&v32, (const char *)s + row->offset, sizeof v32);
	return v32;
}

static int set_number(const struct option_row *row, struct span text, const struct unit *units, struct settings *s, char *why)
{
	uint64_t v;

	if (*row->words && span_is(text, row->words)) {
		put_number(row, s, 0);
		return 0;
	}
	if (!read_number(text, units, &v) || v < row->low || v > row->high) {
		say_number(row, text, why);
		return E_MALFORMED;
	}
	put_number(row, s, v);
	return 0;
}

/* The index-th word of "a|b|c"; absent past the end. */
static struct span word_at(const char *words, size_t index)
{
	while (index-- && words)
		words = strchr(words, '|') ? strchr(words, '|') + 1 : NULL;
	return words ? span_of(words, strcspn(words, "|")) : SPAN_NULL;
}

static int set_word(const struct option_row *row, struct span text, struct settings *s, char *why)
{
	struct span word;

	for (size_t i = 0; !span_is_null(word = word_at(row->words, i)); i++) {
		if (!span_eq(word, text))
			continue;
		if (span_is(text, "divert")) {
			snprintf(why, OPTION_WHY_MAX, "%s: divert is not built yet; write reject, mark or observe", row->name);
			return E_MALFORMED;
		}
		put_number(row, s, i);
		return 0;
	}
	snprintf(why, OPTION_WHY_MAX, "%s: \"%.*s\" is not known; write one of %s", row->name, (int)text.n % 80, text.p, row->words);
	return E_MALFORMED;
}

static int set_text(const struct option_row *row, struct span text, struct settings *s, struct image_builder *b, char *why)
{
	if (text.n && memchr(text.p, 0, text.n)) {
		snprintf(why, OPTION_WHY_MAX, "%s: a NUL cannot be in it; write %s", row->name, row->words);
		return E_MALFORMED;
	}
	struct image_str str = image_intern(b, text);
	memcpy((char *)s + row->offset, &str, sizeof str);
	return 0;
}

int option_set(const struct option_row *row, struct span text, struct settings *s, struct image_builder *b,
               char why[OPTION_WHY_MAX])
{
	switch (row->type) {
	case OPTION_COUNT: return set_number(row, text, count_units, s, why);
	case OPTION_SIZE: return set_number(row, text, size_units, s, why);
	case OPTION_TIME: return set_number(row, text, time_units, s, why);
	case OPTION_WORD: return set_word(row, text, s, why);
	case OPTION_TEXT: return set_text(row, text, s, b, why);
	}
	return E_UNSUPPORTED;
}

void option_print(const struct option_row *row, const struct settings *s, const struct image *img, struct buf *out)
{
	char number[32];

	if (row->type == OPTION_TEXT) {
		struct image_str str;
		memcpy(&str, (const char *)s + row->offset, sizeof str);
		buf_addch(out, '"');
		buf_json_escape(out, image_str_span(img, str));
		buf_addch(out, '"');
	} else if (row->type == OPTION_WORD) {
		struct span word = word_at(row->words, take_number(row, s));
		buf_add(out, word.p, word.n);
	} else {
		print_number(row, take_number(row, s), number, sizeof number);
		buf_puts(out, number);
	}
}

/* ---- names ---- */

#define NAME_MAX_BYTES 64

/* Levenshtein: insertions, deletions, replacements; two rows of the matrix. */
static unsigned edit_distance(struct span a, const char *b)
{
	unsigned row[NAME_MAX_BYTES + 1];
	size_t n = strlen(b);

	if (a.n > NAME_MAX_BYTES || n > NAME_MAX_BYTES)
		return NAME_MAX_BYTES;
	for (size_t j = 0; j <= n; j++)
		row[j] = (unsigned)j;
	for (size_t i = 1; i <= a.n; i++) {
		unsigned before = row[0];
		row[0] = (unsigned)i;
		for (size_t j = 1; j <= n; j++) {
			unsigned replace = before + (tolower(a.p[i - 1]) != tolower((unsigned char)b[j - 1]));
			before = row[j];
			unsigned step = (row[j] < row[j - 1] ? row[j] : row[j - 1]) + 1;
			row[j] = replace < step ? replace : step;
		}
	}
	return row[n];
}

struct nearest nearest_to(struct span word)
{
	return (struct nearest){ word, NULL, NAME_MAX_BYTES };
}

void nearest_try(struct nearest *n, const char *name)
{
	unsigned d = edit_distance(n->word, name);

	if (d < n->distance) {
		n->distance = d;
		n->best = name;
	}
}

const char *nearest_name(const struct nearest *n)
{
	return n->distance <= 1 + n->word.n / 4 ? n->best : NULL;
}
