/* What every command of egctl gets. One short-lived process, no threads of its own. */
#pragma once

#include "base/base.h"

enum egctl_exit {
	EGCTL_GOOD = 0,
	EGCTL_FINDINGS = 1,              /* it ran, and the answer is no */
	EGCTL_CANNOT = 2,                /* usage, missing files, nobody there */
};

struct egctl {
	const char *command;             /* name of the one that runs */
	const char *usage;               /* its arguments, for egctl_usage */
	const char *admin;               /* --admin, else EVENTGATEWAY_ADMIN, else NULL: the default */
	bool json;                       /* one JSON object a line instead of text for people */
	bool colour;                     /* stdout is a terminal and NO_COLOR is not set */
};

/* "egctl NAME: ..." on stderr; returns EGCTL_CANNOT. */
int egctl_fail(const struct egctl *e, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* What is wrong with the arguments, then the usage line; returns EGCTL_CANNOT. */
int egctl_usage(const struct egctl *e, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* Escape sequences, "" without colour. */
enum egctl_paint { PAINT_PLAIN, PAINT_GOOD, PAINT_BAD, PAINT_WARN, PAINT_DIM, PAINT_BOLD };
const char *egctl_paint(const struct egctl *e, enum egctl_paint p);

/* The commands; their rows are in command.def. argv[0] is the command's name, the global
 * flags are taken out; each returns an exit code. */
int egctl_demo(struct egctl *e, int argc, char **argv);
int egctl_diff(struct egctl *e, int argc, char **argv);
int egctl_explain(struct egctl *e, int argc, char **argv);
int egctl_lint(struct egctl *e, int argc, char **argv);
int egctl_reload(struct egctl *e, int argc, char **argv);
int egctl_schema(struct egctl *e, int argc, char **argv);
int egctl_status(struct egctl *e, int argc, char **argv);
int egctl_test(struct egctl *e, int argc, char **argv);
