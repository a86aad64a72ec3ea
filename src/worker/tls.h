/* TLS under a stream: contexts of a generation, and the steps of one connection. OpenSSL
 * stays behind this face. Worker-private. */
#pragma once

#include "base/base.h"

struct ssl_ctx_st;                       /* SSL_CTX */
struct ssl_st;                           /* SSL */

/* PEM texts; null: none. */
struct tls_material {
	struct span cert, key, ca;
};

/* Which way the peer must let bytes through before a step can go on. */
enum tls_wants { TLS_WANTS_READ, TLS_WANTS_WRITE };

/* For connections that we accept: a ca asks clients for a certificate. NULL: *why says it. */
struct ssl_ctx_st *tls_server(const struct tls_material *m, const char **why);
/* For connections that we open: no ca is the system's store. */
struct ssl_ctx_st *tls_client(const struct tls_material *m, const char **why);
void tls_context_free(struct ssl_ctx_st *ctx);         /* connections hold what they use; NULL is fine */

/* host: whom the peer's certificate must name; NULL: we are the server. NULL without memory. */
struct ssl_st *tls_open(struct ssl_ctx_st *ctx, int fd, const char *host);
void tls_close(struct ssl_st *ssl);                    /* NULL is fine */

/* Each: 0, E_AGAIN with *wants, or E_SYS: tls_why. Reading, E_EOF as well. */
int tls_shake(struct ssl_st *ssl, enum tls_wants *wants) MUST_CHECK;
int tls_read(struct ssl_st *ssl, void *p, size_t n, size_t *got, enum tls_wants *wants) MUST_CHECK;
int tls_write(struct ssl_st *ssl, const void *p, size_t n, size_t *put, enum tls_wants *wants) MUST_CHECK;
int tls_finish(struct ssl_st *ssl, enum tls_wants *wants) MUST_CHECK;   /* our close_notify */

/* After a step failed: why, for the log. Static, or valid until the next call. */
const char *tls_why(struct ssl_st *ssl);
/* Has the peer sent anything at all? */
bool tls_was_spoken_to(const struct ssl_st *ssl);
/* The name that the client asked for (SNI); NULL: none. */
const char *tls_asked_name(const struct ssl_st *ssl);
