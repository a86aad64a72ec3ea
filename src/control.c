/* The control channel's messages, checked on both sides. Owner: master; runs in every
 * process and in the tool. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "control.h"

struct control_message control_of(enum control_type type, uint64_t generation)
{
	return (struct control_message){ .magic = CONTROL_MAGIC, .type = type, .generation = generation };
}

void control_set_text(struct control_message *m, const char *text)
{
	size_t n = strlen(text);

	if (n >= CONTROL_TEXT_MAX) {
		n = CONTROL_TEXT_MAX - 1;
		while (n > 0 && ((uint8_t)text[n] & 0xc0) == 0x80)
			n--;
	}
	memcpy(m->text, text, n);
	m->text[n] = 0;
	m->text_n = (uint32_t)n;
}

int control_send(int sock, const struct control_message *m, int fd)
{
	return fd_send(sock, m, sizeof *m, &fd, fd >= 0 ? 1 : 0);
}

static bool is_sound(const struct control_message *m, size_t n)
{
	return n == sizeof *m && m->magic == CONTROL_MAGIC && m->type < CONTROL_TYPE_COUNT &&
	       m->text_n < CONTROL_TEXT_MAX && m->text[m->text_n] == 0;
}

int control_recv(int sock, struct control_message *m, int *fd)
{
	size_t n = sizeof *m, nfds = 1;

	*fd = -1;
	int r = fd_recv(sock, m, &n, fd, &nfds);
	if (r == E_LIMIT)
		return E_MALFORMED;
	if (r < 0)
		return r;
	if (is_sound(m, n))
		return 0;
	if (nfds)
		close(*fd);
	*fd = -1;
	return E_MALFORMED;
}

int control_send_text(int sock, const char *text, size_t n)
{
	while (n) {
		struct control_message m = control_of(CONTROL_TEXT, 0);
		size_t part = n < CONTROL_TEXT_MAX - 1 ? n : CONTROL_TEXT_MAX - 1;
		memcpy(m.text, text, part);
		m.text_n = (uint32_t)part;
		int r = control_send(sock, &m, -1);
		if (r < 0)
			return r;
		text += part;
		n -= part;
	}
	return 0;
}

const char *control_default_path(char *buf, size_t n)
{
	const char *runtime = getenv("RUNTIME_DIRECTORY"), *user = getenv("XDG_RUNTIME_DIR");

	if (runtime && *runtime)
		snprintf(buf, n, "%s/control.sock", runtime);
	else if (geteuid() == 0)
		snprintf(buf, n, "/run/event-gateway/control.sock");
	else if (user && *user)
		snprintf(buf, n, "%s/event-gateway/control.sock", user);
	else
		snprintf(buf, n, "/tmp/event-gateway-%u/control.sock", (unsigned)geteuid());
	return buf;
}
