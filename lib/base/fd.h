/* File descriptors: flags, whole reads and writes, passing over a Unix socket,
 * and the sealed memfd that an image or a region travels in. */
#pragma once

#include "base/base.h"

int fd_set_nonblock(int fd) MUST_CHECK;
/* Whole file of at most limit bytes into a fresh malloc'ed, NUL-terminated block.
 * Regular files only: E_UNSUPPORTED for others, E_LIMIT when larger. */
int fd_read_file(int dirfd, const char *path, size_t limit, char **out, size_t *n) MUST_CHECK;
/* The same for a descriptor that is open already, from where it stands; stays open. */
int fd_read_regular(int fd, size_t limit, char **out, size_t *n) MUST_CHECK;
int fd_write_all(int fd, const void *p, size_t n) MUST_CHECK;

#define FD_PASS_MAX 64

/* One datagram or seqpacket message with up to FD_PASS_MAX descriptors. recv sets
 * *n to the payload length, *nfds to the count received (close-on-exec), E_AGAIN
 * when nothing waits, E_EOF when the peer has gone, E_LIMIT when the message was
 * cut (its descriptors are closed). */
int fd_send(int sock, const void *p, size_t n, const int *fds, size_t nfds) MUST_CHECK;
int fd_recv(int sock, void *p, size_t *n, int *fds, size_t *nfds) MUST_CHECK;

/* A memfd with these bytes and all four seals; the fd or a negative error. */
int fd_memfd_sealed(const char *name, const void *p, size_t n) MUST_CHECK;
/* 0 when all four seals are set. */
int fd_check_sealed(int fd) MUST_CHECK;
/* A zeroed memfd of n bytes for a shared region, sealed against resizing. */
int fd_memfd_region(const char *name, size_t n) MUST_CHECK;
