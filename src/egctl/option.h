/* Options of commands, by the rows of option.def. */
#pragma once

#include <stdio.h>

#include "egctl/egctl.h"

enum option_id {
#define OPTION(id, command, name, value, help) OPTION_##id,
#include "egctl/option.def"
#undef OPTION
	OPTION_COUNT
};

/* value: NULL for a flag; word: which of the row's words it is, 0 where it has none. A
 * wrong value is false. */
typedef bool option_taker(void *into, enum option_id id, const char *value, int word);

/* Gives the command's options to `take`, wherever they stand before "--", as `--name value`
 * or `--name=value`. The other arguments are left in argv[0...]; their number, or -1 after
 * a complaint. */
int options_take(const struct egctl *e, int argc, char **argv, option_taker *take, void *into);

/* "[--format text|json] [--ignore CODE]" and a blank; a line of help for each. */
void options_print_usage(FILE *out, const char *command);
void options_print_help(FILE *out, const char *command);
