/* egctl reload: asks the master to load and commit, and waits for the truth. Owner: egctl. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <jansson.h>

#include "base/buf.h"
#include "control.h"
#include "egctl/egctl.h"

static int connect_control(const struct egctl *e, const char *path)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };

	if (strlen(path) >= sizeof a.sun_path) {
		egctl_fail(e, "%s: too long for the path of a socket", path);
		return E_LIMIT;
	}
	memcpy(a.sun_path, path, strlen(path) + 1);
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&a, sizeof a) == 0)
		return fd;
	egctl_fail(e, "%s: %s; is the gateway running, and is this its user?", path, strerror(errno));
	if (fd >= 0)
		close(fd);
	return E_SYS;
}

/* Findings come as TEXT, the outcome as ANSWER; a connection that ends before it is none. */
static int await_answer(int sock, struct buf *text, struct control_message *answer)
{
	int fd, error;

	while ((error = control_recv(sock, answer, &fd)) == 0) {
		if (fd >= 0)
			close(fd);
		buf_add(text, answer->text, answer->text_n);
		if (answer->type == CONTROL_ANSWER)
			return buf_error(text);
		if (answer->type != CONTROL_TEXT)
			return E_MALFORMED;
	}
	return error;
}

static json_t *lines(const struct buf *text)
{
	json_t *all = json_array();

	for (size_t at = 0; at < text->n;) {
		const uint8_t *end = memchr(text->p + at, '\n', text->n - at);
		size_t n = end ? (size_t)(end - text->p) - at : text->n - at;
		json_t *line = json_stringn((const char *)text->p + at, n);
		json_array_append_new(all, line ? line : json_string("(not UTF-8)"));
		at += n + 1;
	}
	return all;
}

static void print_json(const struct control_message *answer, const struct buf *text)
{
	json_t *all = json_pack("{s:s,s:I,s:o}", "outcome", answer->error ? "refused" : "committed", "generation",
	                        (json_int_t)answer->generation, "findings", lines(text));

	json_dumpf(all, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(all);
}

static int report(const struct egctl *e, const struct control_message *answer, const struct buf *text)
{
	if (e->json)
		print_json(answer, text);
	else if (text->n)
		printf("%.*s%s", (int)text->n, (const char *)text->p, text->p[text->n - 1] == '\n' ? "" : "\n");
	else
		printf("%s\n", answer->error ? err_text(answer->error) : "reloaded");
	return answer->error ? EGCTL_FINDINGS : EGCTL_GOOD;
}

int egctl_reload(struct egctl *e, int argc, char **argv)
{
	const char *path = argc > 1 ? argv[1] : getenv("EVENTGATEWAY_CONTROL");
	char usual[108];
	struct control_message m = control_of(CONTROL_RELOAD, 0);
	struct buf text;

	if (argc > 2)
		return egctl_usage(e, "'%s' is too much", argv[2]);
	int sock = connect_control(e, path && *path ? path : control_default_path(usual, sizeof usual));
	if (sock < 0)
		return EGCTL_CANNOT;
	buf_init(&text, 16u << 20);
	int error = control_send(sock, &m, -1);
	if (!error)
		error = await_answer(sock, &text, &m);
	int code = error ? egctl_fail(e, "the master did not answer: %s", err_text(error)) : report(e, &m, &text);
	close(sock);
	buf_fini(&text);
	return code;
}
