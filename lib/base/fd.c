/* File descriptors. Owner: base; every process. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"

#define ALL_SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

int fd_set_nonblock(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	return flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 ? E_SYS : 0;
}

int fd_read_regular(int fd, size_t limit, char **out, size_t *n)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return E_SYS;
	if (!S_ISREG(st.st_mode))
		return E_UNSUPPORTED;
	if ((uint64_t)st.st_size > limit)
		return E_LIMIT;
	/* One byte more than the file said: a file that grows while we read is refused. */
	size_t cap = (size_t)st.st_size + 1, got = 0;
	char *p = malloc(cap + 1);
	if (!p)
		return E_NOMEM;
	for (ssize_t r = 1; r > 0 && got < cap; got += r > 0 ? (size_t)r : 0) {
		do
			r = read(fd, p + got, cap - got);
		while (r < 0 && errno == EINTR);
		if (r < 0) {
			free(p);
			return E_SYS;
		}
	}
	if (got == cap) {
		free(p);
		return E_STATE;
	}
	p[got] = 0;
	*out = p;
	*n = got;
	return 0;
}

int fd_read_file(int dirfd, const char *path, size_t limit, char **out, size_t *n)
{
	int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0)
		return E_SYS;
	int r = fd_read_regular(fd, limit, out, n);
	close(fd);
	return r;
}

int fd_write_all(int fd, const void *data, size_t n)
{
	const char *p = data;

	while (n) {
		ssize_t w = write(fd, p, n);
		if (w < 0 && errno == EINTR)
			continue;
		if (w < 0)
			return E_SYS;
		p += w;
		n -= (size_t)w;
	}
	return 0;
}

union pass_control {
	struct cmsghdr align;
	char bytes[CMSG_SPACE(sizeof(int) * FD_PASS_MAX)];
};

int fd_send(int sock, const void *p, size_t n, const int *fds, size_t nfds)
{
	union pass_control control = { 0 };
	struct iovec iov = { (void *)p, n };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };

	INVARIANT(nfds <= FD_PASS_MAX);
	if (nfds) {
		m.msg_control = control.bytes;
		m.msg_controllen = CMSG_SPACE(sizeof(int) * nfds);
		struct cmsghdr *c = CMSG_FIRSTHDR(&m);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int) * nfds);
		memcpy(CMSG_DATA(c), fds, sizeof(int) * nfds);
	}
	ssize_t w;
	do
		w = sendmsg(sock, &m, MSG_NOSIGNAL);
	while (w < 0 && errno == EINTR);
	if (w < 0)
		return errno == EAGAIN ? E_AGAIN : errno == EPIPE || errno == ECONNRESET ? E_EOF : E_SYS;
	return (size_t)w == n ? 0 : E_SYS;
}

static size_t take_fds(struct msghdr *m, int *fds)
{
	size_t got = 0;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		memcpy(fds + got, CMSG_DATA(c), n * sizeof(int));
		got += n;
	}
	return got;
}

int fd_recv(int sock, void *p, size_t *n, int *fds, size_t *nfds)
{
	union pass_control control;
	struct iovec iov = { p, *n };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1,
	                    .msg_control = control.bytes, .msg_controllen = sizeof control.bytes };
	ssize_t r;

	do
		r = recvmsg(sock, &m, MSG_CMSG_CLOEXEC);
	while (r < 0 && errno == EINTR);
	if (r < 0)
		return errno == EAGAIN ? E_AGAIN : errno == ECONNRESET ? E_EOF : E_SYS;
	int got[FD_PASS_MAX];
	size_t count = take_fds(&m, got);
	bool cut = m.msg_flags & (MSG_TRUNC | MSG_CTRUNC) || count > *nfds;
	if (r == 0 || cut) {
		for (size_t i = 0; i < count; i++)
			close(got[i]);
		return r == 0 ? E_EOF : E_LIMIT;
	}
	if (count)
		memcpy(fds, got, count * sizeof(int));
	*nfds = count;
	*n = (size_t)r;
	return 0;
}

static int memfd_filled(int fd, const void *p, size_t n)
{
	if (fd_write_all(fd, p, n) < 0 || fcntl(fd, F_ADD_SEALS, ALL_SEALS) < 0)
		return E_SYS;
	return 0;
}

int fd_memfd_sealed(const char *name, const void *p, size_t n)
{
	int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0)
		return E_SYS;
	if (memfd_filled(fd, p, n) < 0) {
		close(fd);
		return E_SYS;
	}
	return fd;
}

int fd_check_sealed(int fd)
{
	int seals = fcntl(fd, F_GET_SEALS);

	if (seals < 0)
		return E_SYS;
	return (seals & ALL_SEALS) == ALL_SEALS ? 0 : E_STATE;
}

int fd_memfd_region(const char *name, size_t n)
{
	int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0)
		return E_SYS;
	if (ftruncate(fd, (off_t)n) < 0 || fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0) {
		close(fd);
		return E_SYS;
	}
	return fd;
}
