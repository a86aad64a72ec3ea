/* TLS 1.2 and 1.3 by OpenSSL. Owner: worker. */
#include <arpa/inet.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "worker/tls.h"

#define READ_BUFFER (32u << 10)          /* two records and their heads: one read(2) for what is there */

/* ---- contexts ---- */

static const char *last_reason(void)
{
	const char *reason = ERR_reason_error_string(ERR_peek_last_error());

	ERR_clear_error();
	return reason ? reason : "no reason is known";
}

static BIO *memory(struct span pem)
{
	return BIO_new_mem_buf(pem.p, (int)pem.n);
}

static bool use_certificates(SSL_CTX *ctx, struct span pem)
{
	BIO *in = memory(pem);
	X509 *x = in ? PEM_read_bio_X509(in, NULL, NULL, NULL) : NULL;
	bool ok = x && SSL_CTX_use_certificate(ctx, x) == 1;

	X509_free(x);
	while (ok && (x = PEM_read_bio_X509(in, NULL, NULL, NULL)) != NULL) {
		ok = SSL_CTX_add1_chain_cert(ctx, x) == 1;
		X509_free(x);
	}
	BIO_free(in);
	return ok;
}

static bool use_key(SSL_CTX *ctx, struct span pem)
{
	BIO *in = memory(pem);
	EVP_PKEY *key = in ? PEM_read_bio_PrivateKey(in, NULL, NULL, "") : NULL;
	bool ok = key && SSL_CTX_use_PrivateKey(ctx, key) == 1;

	EVP_PKEY_free(key);
	BIO_free(in);
	return ok;
}

static bool trust(SSL_CTX *ctx, struct span pem, bool tell_clients)
{
	BIO *in = memory(pem);
	X509 *x;
	size_t n = 0;
	bool ok = in != NULL;

	while (ok && (x = PEM_read_bio_X509(in, NULL, NULL, NULL)) != NULL) {
		ok = X509_STORE_add_cert(SSL_CTX_get_cert_store(ctx), x) == 1 && (!tell_clients || SSL_CTX_add_client_CA(ctx, x) == 1);
		X509_free(x);
		n++;
	}
	BIO_free(in);
	return ok && n > 0;
}

static SSL_CTX *context(const SSL_METHOD *method, const struct tls_material *m)
{
	SSL_CTX *ctx = SSL_CTX_new(method);

	if (!ctx)
		return NULL;
	SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
	/* A stream that ends without close_notify is no danger here: Kafka's frames say their
	 * lengths, so nothing that was cut is taken for whole. Tickets would outlive a reload
	 * that changes whom we trust. */
	SSL_CTX_set_options(ctx, SSL_OP_IGNORE_UNEXPECTED_EOF | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_NO_TICKET);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_num_tickets(ctx, 0);
	SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	SSL_CTX_set_read_ahead(ctx, 1);
	SSL_CTX_set_default_read_buffer_len(ctx, READ_BUFFER);
	if (m->cert.n == 0 || (use_certificates(ctx, m->cert) && use_key(ctx, m->key) && SSL_CTX_check_private_key(ctx) == 1))
		return ctx;
	SSL_CTX_free(ctx);
	return NULL;
}

struct ssl_ctx_st *tls_server(const struct tls_material *m, const char **why)
{
	SSL_CTX *ctx = context(TLS_server_method(), m);

	if (ctx && m->ca.n > 0) {
		SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
		if (!trust(ctx, m->ca, true)) {
			SSL_CTX_free(ctx);
			ctx = NULL;
		}
	}
	if (!ctx)
		*why = last_reason();
	ERR_clear_error();
	return ctx;
}

struct ssl_ctx_st *tls_client(const struct tls_material *m, const char **why)
{
	SSL_CTX *ctx = context(TLS_client_method(), m);

	if (ctx) {
		SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
		if (m->ca.n > 0 ? !trust(ctx, m->ca, false) : SSL_CTX_set_default_verify_paths(ctx) != 1) {
			SSL_CTX_free(ctx);
			ctx = NULL;
		}
	}
	if (!ctx)
		*why = last_reason();
	ERR_clear_error();
	return ctx;
}

void tls_context_free(struct ssl_ctx_st *ctx)
{
	SSL_CTX_free(ctx);
}

/* ---- connections ---- */

static bool is_literal(const char *host)
{
	unsigned char address[16];

	return inet_pton(AF_INET, host, address) == 1 || inet_pton(AF_INET6, host, address) == 1;
}

/* A name is asked for (SNI) and checked; an address can only be checked. */
static bool expect(SSL *ssl, const char *host)
{
	if (is_literal(host))
		return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host) == 1;
	SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	return SSL_set1_host(ssl, host) == 1 && SSL_set_tlsext_host_name(ssl, host) == 1;
}

struct ssl_st *tls_open(struct ssl_ctx_st *ctx, int fd, const char *host)
{
	SSL *ssl = SSL_new(ctx);

	if (ssl && SSL_set_fd(ssl, fd) == 1 && (!host || expect(ssl, host))) {
		if (host)
			SSL_set_connect_state(ssl);
		else
			SSL_set_accept_state(ssl);
		return ssl;
	}
	SSL_free(ssl);
	ERR_clear_error();
	return NULL;
}

void tls_close(struct ssl_st *ssl)
{
	SSL_free(ssl);
}

static int outcome(SSL *ssl, int result, enum tls_wants *wants)
{
	switch (SSL_get_error(ssl, result)) {
	case SSL_ERROR_WANT_READ:
		*wants = TLS_WANTS_READ;
		return E_AGAIN;
	case SSL_ERROR_WANT_WRITE:
		*wants = TLS_WANTS_WRITE;
		return E_AGAIN;
	case SSL_ERROR_ZERO_RETURN:
		return E_EOF;
	default:
		return E_SYS;
	}
}

/* Errors of one connection must not be taken for another's. */
static void begin(void)
{
	ERR_clear_error();
	errno = 0;
}

int tls_shake(struct ssl_st *ssl, enum tls_wants *wants)
{
	begin();
	int result = SSL_do_handshake(ssl);
	if (result == 1)
		return 0;
	int error = outcome(ssl, result, wants);
	return error == E_EOF ? E_SYS : error;
}

int tls_read(struct ssl_st *ssl, void *p, size_t n, size_t *got, enum tls_wants *wants)
{
	begin();
	int result = SSL_read_ex(ssl, p, n, got);
	return result == 1 ? 0 : outcome(ssl, result, wants);
}

int tls_write(struct ssl_st *ssl, const void *p, size_t n, size_t *put, enum tls_wants *wants)
{
	begin();
	int result = SSL_write_ex(ssl, p, n, put);
	if (result == 1)
		return 0;
	int error = outcome(ssl, result, wants);
	return error == E_EOF ? E_SYS : error;
}

int tls_finish(struct ssl_st *ssl, enum tls_wants *wants)
{
	begin();
	int result = SSL_shutdown(ssl);
	return result >= 0 ? 0 : outcome(ssl, result, wants);
}

/* A peer that refuses us sends an alert and closes: when writing fails, the alert may lie
 * there unread. */
static unsigned long find_alert(SSL *ssl)
{
	int saved = errno;
	char byte;

	if (ERR_peek_last_error() == 0 && SSL_is_init_finished(ssl))
		(void)SSL_read(ssl, &byte, 1);
	errno = saved;
	return ERR_peek_last_error();
}

const char *tls_why(struct ssl_st *ssl)
{
	long verdict = SSL_get_verify_result(ssl);
	unsigned long error = find_alert(ssl);
	const char *reason = error ? ERR_reason_error_string(error) : NULL;

	if (verdict != X509_V_OK)
		reason = X509_verify_cert_error_string(verdict);
	else if (!reason)
		reason = errno ? strerror(errno) : "the peer closed";
	ERR_clear_error();
	return reason;
}

bool tls_was_spoken_to(const struct ssl_st *ssl)
{
	return BIO_number_read(SSL_get_rbio(ssl)) > 0;
}

const char *tls_asked_name(const struct ssl_st *ssl)
{
	return SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
}
