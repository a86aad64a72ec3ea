/* The admin's HTTP server: libevent's evhttp with bounds around it, a table of paths, and
 * errors as application/problem+json (RFC 9457). Reads only: GET and HEAD. */
#pragma once

#include "admin/facts.h"

struct event_base;
struct http;

/* A listening socket for an address: "127.0.0.1:9664", "[::1]:9664", "*:9664", or the path
 * of a Unix socket; the fd or a negative error, *why for people. */
int http_listen(const char *address, const char **why) MUST_CHECK;

/* Serves facts, which are borrowed. NULL without memory. */
struct http *http_new(struct event_base *base, const struct facts *facts);
/* Takes the fd; closes the one before. address is the text that http_listen got. */
int http_serve(struct http *h, int fd, const char *address) MUST_CHECK;
void http_stop(struct http *h);          /* closes the listener, keeps the rest */
void http_free(struct http *h);
