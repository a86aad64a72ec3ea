/* event-gateway(8): the command line. Everything else is the work of the processes that
 * it starts; see src/master/master.h. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "admin/admin.h"
#include "control.h"
#include "loader/loader.h"
#include "master/master.h"
#include "worker/worker.h"

#define OVERRIDES_MAX 256
#define TELL_MS 90000                    /* longer than the longest drain */

extern char **environ;

struct command_line {
	struct loader_input input;
	const char *overrides[OVERRIDES_MAX];
	const char *pid_file, *word;
	bool test, describe, daemon;
};

struct flag {
	char letter;
	const char *argument, *help;
	/* 0 to go on, 1 to end with success, E_* to end with a usage error. */
	int (*take)(struct command_line *c, char *argument);
};

static int print_help(struct command_line *c, char *argument);

static int take_config(struct command_line *c, char *argument)
{
	c->input.config = argument;
	return 0;
}

static int take_brokers(struct command_line *c, char *argument)
{
	c->input.brokers = argument;
	return 0;
}

static int take_listen(struct command_line *c, char *argument)
{
	c->input.listen = argument;
	return 0;
}

static int take_test(struct command_line *c, char *argument)
{
	(void)argument;
	c->test = true;
	return 0;
}

static int take_describe(struct command_line *c, char *argument)
{
	(void)argument;
	c->test = c->describe = true;
	return 0;
}

static int take_override(struct command_line *c, char *argument)
{
	if (c->input.noverrides == OVERRIDES_MAX)
		return E_LIMIT;
	c->overrides[c->input.noverrides++] = argument;
	return 0;
}

static int take_word(struct command_line *c, char *argument)
{
	c->word = argument;
	return 0;
}

static int take_daemon(struct command_line *c, char *argument)
{
	(void)argument;
	c->daemon = true;
	return 0;
}

static int take_pid_file(struct command_line *c, char *argument)
{
	c->pid_file = argument;
	return 0;
}

static int print_version(struct command_line *c, char *argument)
{
	(void)c;
	(void)argument;
	printf("event-gateway %s\nbuilt with: libevent, pcre2, zlib, lz4, zstd, snappy"
#ifdef HAVE_SYSTEMD
	       ", systemd"
#endif
#ifdef WITH_ASAN
	       ", sanitizers"
#endif
	       "\n", PACKAGE_VERSION);
	return 1;
}

static const struct flag flags[] = {
	{ 'c', "FILE", "configuration, default " SYSCONFDIR "/event-gateway/event-gateway.yaml", take_config },
	{ 'b', "HOST:PORT,...", "brokers to reach; default: the documents' one kafka server", take_brokers },
	{ 'l', "ADDR:PORT", "where clients bootstrap; default 127.0.0.1:19092", take_listen },
	{ 't', NULL, "check configuration and documents, print every finding", take_test },
	{ 'T', NULL, "the same, and print what would be in force", take_describe },
	{ 'o', "KEY=VALUE", "override an option (repeatable)", take_override },
	{ 's', "WORD", "tell the running master: stop, quit, reload, reopen, upgrade", take_word },
	{ 'D', NULL, "run in the background; returns when clients are served", take_daemon },
	{ 'p', "FILE", "write the master's process id", take_pid_file },
	{ 'V', NULL, "print version and build options", print_version },
	{ 'h', NULL, "print this help", print_help },
};

static int print_help(struct command_line *c, char *argument)
{
	(void)c;
	(void)argument;
	puts("usage: event-gateway [options] [DOCUMENT...]\n");
	for (size_t i = 0; i < ARRAY_LEN(flags); i++)
		printf("  -%c %-14s %s\n", flags[i].letter, flags[i].argument ? flags[i].argument : "", flags[i].help);
	puts("\nexample: event-gateway -b kafka-1:9092 -l 0.0.0.0:9092 orders.yaml\nSee event-gateway(8), event-gateway.yaml(5) and egctl(1).");
	return 1;
}

static int take_flag(struct command_line *c, int letter)
{
	for (size_t i = 0; i < ARRAY_LEN(flags); i++)
		if (flags[i].letter == letter)
			return flags[i].take(c, optarg);
	return E_NOENT;                          /* getopt has said what is wrong */
}

static int parse(struct command_line *c, int argc, char **argv)
{
	char letters[2 * ARRAY_LEN(flags) + 1], *p = letters;
	int letter, r;

	for (size_t i = 0; i < ARRAY_LEN(flags); i++) {
		*p++ = flags[i].letter;
		if (flags[i].argument)
			*p++ = ':';
	}
	*p = 0;
	while ((letter = getopt(argc, argv, letters)) != -1)
		if ((r = take_flag(c, letter)) != 0)
			return r;
	c->input.overrides = c->overrides;
	c->input.documents = (const char *const *)argv + optind;
	c->input.ndocuments = (size_t)(argc - optind);
	c->input.environment = environ;
	return 0;
}

/* ---- -t and -T ---- */

static int test(const struct command_line *c)
{
	struct loader_input in = c->input;
	struct findings f;
	struct buf image, out;

	if (master_confine() < 0) {
		fprintf(stderr, "event-gateway: cannot give up root's rights for hostile input; create a user event-gateway\n");
		return EXIT_INTERNAL;
	}
	findings_init(&f, 10000);
	buf_init(&image, 0);
	buf_init(&out, 0);
	in.plan = c->describe;
	int e = loader_run(&in, 1, &f, &image);
	loader_print(&f, &out);
	if (out.n)
		fwrite(out.p, 1, out.n, stderr);
	buf_clear(&out);
	if (e == 0 && c->describe && (e = loader_describe(&image, &out)) == 0)
		fwrite(out.p, 1, out.n, stdout);
	if (e < 0 && e != E_FINDINGS)
		fprintf(stderr, "event-gateway: %s\n", err_text(e));
	else
		fprintf(stderr, "event-gateway: %s, %zu errors, %zu warnings\n", e ? "not usable" : "configuration and documents are good", f.errors, f.warnings);
	findings_fini(&f);
	buf_fini(&image);
	buf_fini(&out);
	return e == 0 ? EXIT_GOOD : e == E_FINDINGS ? EXIT_CONFIGURATION : EXIT_INTERNAL;
}

/* ---- -s ---- */

static const struct {
	const char *word;
	enum control_type type;
	bool ends;                               /* answered by the end of the connection */
} words[] = {
	{ "stop", CONTROL_END_STOP, true }, { "quit", CONTROL_END_QUIT, true }, { "reload", CONTROL_RELOAD, false },
	{ "reopen", CONTROL_REOPEN_LOGS, false }, { "upgrade", CONTROL_UPGRADE, false },
};

static int connect_master(const struct command_line *c, char *path, size_t n)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	loader_control_path(&c->input, path, n);
	if (!*path)
		control_default_path(path, n);
	snprintf(a.sun_path, sizeof a.sun_path, "%s", path);
	if (fd >= 0 && connect(fd, (const struct sockaddr *)&a, sizeof a) == 0)
		return fd;
	int saved = errno;
	if (fd >= 0)
		close(fd);
	errno = saved;
	return -1;
}

static int await(int fd, bool ends)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	struct control_message m;
	int passed, r;

	for (;;) {
		if (poll(&p, 1, TELL_MS) <= 0) {
			fprintf(stderr, "event-gateway: no answer within %d s\n", TELL_MS / 1000);
			return EXIT_INTERNAL;
		}
		r = control_recv(fd, &m, &passed);
		if (r < 0)
			return r == E_EOF && ends ? EXIT_GOOD : EXIT_INTERNAL;
		if (passed >= 0)
			close(passed);
		fprintf(stderr, m.type == CONTROL_TEXT ? "%s" : "event-gateway: %s\n", m.text);
		if (m.type == CONTROL_ANSWER)
			return m.error == 0 ? EXIT_GOOD : EXIT_CONFIGURATION;
	}
}

static int tell(const struct command_line *c)
{
	char path[108];

	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		if (strcmp(words[i].word, c->word) != 0)
			continue;
		struct control_message m = control_of(words[i].type, 0);
		int fd = connect_master(c, path, sizeof path);
		if (fd < 0 || control_send(fd, &m, -1) < 0) {
			fprintf(stderr, "event-gateway: %s: %s; is a master running, with this configuration?\n", path, strerror(errno));
			return EXIT_INTERNAL;
		}
		int code = await(fd, words[i].ends);
		close(fd);
		return code;
	}
	fprintf(stderr, "event-gateway: -s %s: write stop, quit, reload, reopen or upgrade\n", c->word);
	return EXIT_USAGE;
}

/* ---- the gateway ---- */

/* The caller of -D waits for the byte that says "clients are served", or for the exit
 * code of a master that never came so far. */
static int leave_to_background(int *ready_fd)
{
	int pair[2];
	char byte;

	if (pipe(pair) < 0)
		return EXIT_INTERNAL;
	pid_t pid = fork();
	if (pid < 0)
		return EXIT_INTERNAL;
	if (pid == 0) {
		close(pair[0]);
		(void)setsid();
		int null = open("/dev/null", O_RDWR | O_CLOEXEC);
		if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(null, STDOUT_FILENO) < 0)
			_exit(EXIT_INTERNAL);
		*ready_fd = pair[1];
		return -1;
	}
	close(pair[1]);
	ssize_t r = read(pair[0], &byte, 1);
	exit(r == 1 ? byte : EXIT_INTERNAL);
}

static int serve(const struct command_line *c)
{
	struct master_options options = {
		.programs = { .worker = worker_main, .admin = admin_main, .loader = loader_main },
		.input = &c->input, .pid_file = c->pid_file, .ready_fd = -1,
	};

	if (c->daemon) {
		int code = leave_to_background(&options.ready_fd);
		if (code >= 0)
			return code;
	}
	return master_main(&options);
}

int main(int argc, char **argv)
{
	static struct command_line c;
	int r = parse(&c, argc, argv);

	if (r != 0)
		return r == 1 ? EXIT_GOOD : EXIT_USAGE;
	if (c.word)
		return tell(&c);
	return c.test ? test(&c) : serve(&c);
}
