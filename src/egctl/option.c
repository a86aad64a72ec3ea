/* Options of commands: one table, from which arguments are read and help is printed.
 * Owner: egctl. */
#include "egctl/option.h"

static const struct option_row {
	const char *command, *name, *value, *help;
} rows[OPTION_COUNT] = {
#define OPTION(id, command, name, value, help) [OPTION_##id] = { command, name, value, help },
#include "egctl/option.def"
#undef OPTION
};

/* Which of the words "a|b|c" it is, -1: none. */
static int word_index(const char *words, const char *value)
{
	size_t n = strlen(value);

	for (int i = 0;; i++) {
		size_t length = strcspn(words, "|");
		if (length == n && memcmp(words, value, n) == 0)
			return i;
		if (words[length] == 0)
			return -1;
		words += length + 1;
	}
}

/* NULL: none of this name. `argument` may go on with "=value". */
static const struct option_row *find_row(const char *command, const char *argument)
{
	size_t n = strcspn(argument, "=");

	for (size_t i = 0; i < OPTION_COUNT; i++)
		if (strcmp(rows[i].command, command) == 0 && strlen(rows[i].name) == n && memcmp(rows[i].name, argument, n) == 0)
			return &rows[i];
	return NULL;
}

static int complain_of_value(const struct egctl *e, const struct option_row *row)
{
	if (*row->value)
		(void)egctl_usage(e, "%s wants %s", row->name, row->value);
	else
		(void)egctl_usage(e, "%s wants no value", row->name);
	return -1;
}

/* Number of arguments used, -1 after a complaint. */
static int take_one(const struct egctl *e, char **argv, int left, option_taker *take, void *into)
{
	const struct option_row *row = find_row(e->command, argv[0]);
	const char *equals = strchr(argv[0], '=');

	if (!row) {
		(void)egctl_usage(e, "no such option: %s", argv[0]);
		return -1;
	}
	bool flag = *row->value == 0;
	const char *value = equals ? equals + 1 : !flag && left > 1 ? argv[1] : NULL;
	if (flag ? value != NULL : value == NULL)
		return complain_of_value(e, row);
	int word = !flag && strchr(row->value, '|') ? word_index(row->value, value) : 0;
	if (word < 0 || !take(into, (enum option_id)(row - rows), value, word))
		return complain_of_value(e, row);
	return flag || equals ? 1 : 2;
}

int options_take(const struct egctl *e, int argc, char **argv, option_taker *take, void *into)
{
	int kept = 0, used;
	bool ended = false;

	for (int i = 1; i < argc; i += used) {
		used = 1;
		if (!ended && strcmp(argv[i], "--") == 0)
			ended = true;
		else if (ended || argv[i][0] != '-' || argv[i][1] == 0)
			argv[kept++] = argv[i];
		else if ((used = take_one(e, argv + i, argc - i, take, into)) < 0)
			return -1;
	}
	return kept;
}

void options_print_usage(FILE *out, const char *command)
{
	for (size_t i = 0; i < OPTION_COUNT; i++)
		if (strcmp(rows[i].command, command) == 0)
			fprintf(out, "[%s%s%s] ", rows[i].name, *rows[i].value ? " " : "", rows[i].value);
}

void options_print_help(FILE *out, const char *command)
{
	for (size_t i = 0; i < OPTION_COUNT; i++) {
		if (strcmp(rows[i].command, command) != 0)
			continue;
		int n = fprintf(out, "  %s%s%s", rows[i].name, *rows[i].value ? " " : "", rows[i].value);
		if (n > 24)
			n = fprintf(out, "\n") - 1;
		fprintf(out, "%*s%s\n", 26 - n, "", rows[i].help);
	}
}
