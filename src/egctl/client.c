/* One HTTP/1.0 request over one connection: the answer ends with it. Owner: egctl. */
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fd.h"
#include "egctl/client.h"

#define PATIENCE_SECONDS 10
#define REPLY_MAX (64u << 20)

static int connect_unix(const char *path, const char **why)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };

	if (strlen(path) >= sizeof a.sun_path) {
		*why = "the path of the socket is too long";
		return E_LIMIT;
	}
	memcpy(a.sun_path, path, strlen(path) + 1);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&a, sizeof a) == 0)
		return fd;
	*why = strerror(errno);
	if (fd >= 0)
		close(fd);
	return E_SYS;
}

static int connect_first(const struct addrinfo *ai, const char **why)
{
	for (; ai; ai = ai->ai_next) {
		int fd = socket(ai->ai_family, ai->ai_socktype | SOCK_CLOEXEC, ai->ai_protocol);
		if (fd >= 0 && connect(fd, ai->ai_addr, ai->ai_addrlen) == 0)
			return fd;
		*why = strerror(errno);
		if (fd >= 0)
			close(fd);
	}
	return E_SYS;
}

/* HOST:PORT, [V6]:PORT, :PORT or *:PORT for this machine. */
static int connect_tcp(const char *address, const char **why)
{
	char host[256];
	const char *colon = strrchr(address, ':');
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *found;
	size_t n = colon ? (size_t)(colon - address) : 0;

	if (!colon || !colon[1] || n >= sizeof host) {
		*why = "not HOST:PORT nor the path of a socket";
		return E_MALFORMED;
	}
	bool bracketed = n > 2 && address[0] == '[' && address[n - 1] == ']';
	snprintf(host, sizeof host, "%.*s", (int)(bracketed ? n - 2 : n), address + bracketed);
	bool here = n == 0 || strcmp(host, "*") == 0;
	int error = getaddrinfo(here ? "localhost" : host, colon + 1, &hints, &found);
	if (error) {
		*why = gai_strerror(error);
		return E_NOENT;
	}
	int fd = connect_first(found, why);
	freeaddrinfo(found);
	return fd;
}

static int connect_admin(const char *address, const char **why)
{
	struct timeval patience = { PATIENCE_SECONDS, 0 };
	int fd = address[0] == '/' ? connect_unix(address, why) : connect_tcp(address, why);

	if (fd >= 0) {
		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
		setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
	}
	return fd;
}

static int read_reply(int fd, struct buf *reply)
{
	char part[16384];
	ssize_t n;

	while ((n = read(fd, part, sizeof part)) > 0)
		buf_add(reply, part, (size_t)n);
	return n < 0 ? E_SYS : buf_error(reply);
}

/* "HTTP/1.x CODE ..." CRLF, headers, an empty line, the body. */
static int split_reply(const struct buf *reply, int *status, struct buf *body)
{
	const char *p = (const char *)reply->p, *end = reply->n ? memmem(p, reply->n, "\r\n\r\n", 4) : NULL;

	if (!end || reply->n < 12 || memcmp(p, "HTTP/1.", 7) != 0)
		return E_MALFORMED;
	*status = atoi(p + 9);
	buf_add(body, end + 4, reply->n - (size_t)(end + 4 - p));
	return buf_error(body);
}

int client_get(const char *admin, const char *path, int *status, struct buf *body, const char **why)
{
	char request[512];
	struct buf reply;
	int fd = connect_admin(admin, why);

	if (fd < 0)
		return fd;
	int n = snprintf(request, sizeof request, "GET %s HTTP/1.0\r\nHost: localhost\r\n\r\n", path);
	buf_init(&reply, REPLY_MAX);
	*why = "no HTTP answer came; is that the admin address?";
	int error = fd_write_all(fd, request, (size_t)n);
	if (!error)
		error = read_reply(fd, &reply);
	if (!error)
		error = split_reply(&reply, status, body);
	close(fd);
	buf_fini(&reply);
	return error;
}
