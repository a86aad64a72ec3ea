/* egctl: the tool. Takes the global flags out of the arguments, finds the command's row
 * and runs it. Owner: egctl; a short-lived process of its own. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "config.h"
#include "egctl/egctl.h"
#include "egctl/option.h"

static const struct command {
	const char *name;
	int (*run)(struct egctl *e, int argc, char **argv);
	const char *usage, *help;
} commands[] = {
#define COMMAND(name, function, usage, help) { name, function, usage, help },
#include "egctl/command.def"
#undef COMMAND
};

static void complain(const struct egctl *e, const char *fmt, va_list args)
{
	fprintf(stderr, "egctl%s%s: ", e->command ? " " : "", e->command ? e->command : "");
	vfprintf(stderr, fmt, args);
	fputc('\n', stderr);
}

int egctl_fail(const struct egctl *e, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	complain(e, fmt, args);
	va_end(args);
	return EGCTL_CANNOT;
}

static void print_usage(FILE *out, const char *command, const char *arguments)
{
	fprintf(out, "usage: egctl %s [--json] ", command);
	options_print_usage(out, command);
	fprintf(out, "%s\n", arguments);
}

int egctl_usage(const struct egctl *e, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	complain(e, fmt, args);
	va_end(args);
	if (e->command)
		print_usage(stderr, e->command, e->usage);
	else
		fprintf(stderr, "usage: egctl [--json] [--admin ADDR] COMMAND ...; egctl -h lists the commands\n");
	return EGCTL_CANNOT;
}

const char *egctl_paint(const struct egctl *e, enum egctl_paint p)
{
	static const char *const codes[] = {
		[PAINT_PLAIN] = "\033[0m", [PAINT_GOOD] = "\033[32m", [PAINT_BAD] = "\033[31m",
		[PAINT_WARN] = "\033[33m", [PAINT_DIM] = "\033[2m", [PAINT_BOLD] = "\033[1m",
	};

	return e->colour ? codes[p] : "";
}

static int print_help(void)
{
	printf("usage: egctl [OPTION]... COMMAND [ARGUMENT]...\n\n");
	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		if (commands[i].run)
			printf("  %-10s %s\n", commands[i].name, commands[i].help);
	printf("\n");
	options_print_help(stdout, "");
	printf("  -V, -h                  version; this help, or that of a COMMAND\n\n"
	       "Exit: 0 good, 1 findings, 2 cannot run. NO_COLOR turns colour off.\n");
	return EGCTL_GOOD;
}

static int print_command_help(const struct command *c)
{
	print_usage(stdout, c->name, c->usage);
	printf("\n%s\n\n", c->help);
	options_print_help(stdout, c->name);
	options_print_help(stdout, "");
	return EGCTL_GOOD;
}

static const struct command *find_command(const char *name)
{
	/* An older name that scripts of AsyncAPI users know. */
	if (strcmp(name, "validate") == 0)
		name = "lint";
	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	return NULL;
}

struct globals {
	bool help, version, admin_lacks_value;
};

/* Takes --json, --admin, -h and -V out of argv, wherever they stand before "--"; short
 * ones only while they cannot be an argument of the command's own. */
static struct globals take_globals(struct egctl *e, int *argc, char **argv)
{
	struct globals g = { 0 };
	int kept = 1, i = 1;

	for (; i < *argc && strcmp(argv[i], "--") != 0; i++) {
		const char *a = argv[i];
		if (strcmp(a, "--json") == 0)
			e->json = true;
		else if (strcmp(a, "--help") == 0 || (strcmp(a, "-h") == 0 && kept <= 2))
			g.help = true;
		else if ((strcmp(a, "--version") == 0 || strcmp(a, "-V") == 0) && kept == 1)
			g.version = true;
		else if (strncmp(a, "--admin=", 8) == 0)
			e->admin = a + 8;
		else if (strcmp(a, "--admin") == 0 && i + 1 < *argc)
			e->admin = argv[++i];
		else if (strcmp(a, "--admin") == 0)
			g.admin_lacks_value = true;
		else
			argv[kept++] = argv[i];
	}
	while (i < *argc)
		argv[kept++] = argv[i++];
	argv[kept] = NULL;
	*argc = kept;
	return g;
}

int main(int argc, char **argv)
{
	const char *no_colour = getenv("NO_COLOR");
	struct egctl e = {
		.admin = getenv("EVENTGATEWAY_ADMIN"),
		.colour = isatty(STDOUT_FILENO) && !(no_colour && *no_colour),
	};
	struct globals g = take_globals(&e, &argc, argv);

	if (g.admin_lacks_value)
		return egctl_usage(&e, "--admin wants HOST:PORT or the path of a socket");
	if (g.version) {
		printf("egctl %s\n", PACKAGE_VERSION);
		return EGCTL_GOOD;
	}
	if (argc < 2)
		return g.help ? print_help() : egctl_usage(&e, "no command");
	const struct command *c = find_command(argv[1]);
	if (!c)
		return egctl_usage(&e, "no such command: %s", argv[1]);
	e.command = c->name;
	e.usage = c->usage;
	if (!c->run)
		return egctl_fail(&e, "this version does not have it yet");
	return g.help ? print_command_help(c) : c->run(&e, argc - 1, argv + 1);
}
