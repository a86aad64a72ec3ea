/* Certificates and keys of listeners and clusters: read, checked as far as one machine can,
 * put into the image. Owner: loader. */
#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "loader/config.h"

#define PEM_MAX (1u << 20)

/* What a file says, by its kind; freed with pem_free. */
struct pem {
	struct buf bytes;
	X509 *first;                     /* certificates: the first */
	size_t ncertificates;
	EVP_PKEY *key;
};

static void pem_free(struct pem *p)
{
	if (p->bytes.p)
		OPENSSL_cleanse(p->bytes.p, p->bytes.n);
	buf_fini(&p->bytes);
	X509_free(p->first);
	EVP_PKEY_free(p->key);
}

static bool pem_read(struct config *c, const struct config_file *file, struct pem *p)
{
	char *bytes = NULL;
	size_t n = 0;
	int error = fd_read_file(AT_FDCWD, file->path, PEM_MAX, &bytes, &n);

	if (error) {
		finding_error(c->f, "tls-file", file->at, "%s cannot be read (%s); name a file in PEM that the gateway may read", file->path,
		              error == E_SYS ? strerror(errno) : err_text(error));
		return false;
	}
	buf_init(&p->bytes, 0);
	buf_add(&p->bytes, bytes, n);
	OPENSSL_cleanse(bytes, n);
	free(bytes);
	return buf_error(&p->bytes) == 0;
}

static bool pem_certificates(struct config *c, const struct config_file *file, struct pem *p)
{
	if (!pem_read(c, file, p))
		return false;
	BIO *in = BIO_new_mem_buf(p->bytes.p, (int)p->bytes.n);
	X509 *x;

	while (in && (x = PEM_read_bio_X509(in, NULL, NULL, NULL)) != NULL) {
		if (p->ncertificates++ == 0)
			p->first = x;
		else
			X509_free(x);
	}
	/* the end of the file is an error too, of its own kind */
	bool whole = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
	ERR_clear_error();
	BIO_free(in);
	if (p->ncertificates == 0 || !whole) {
		finding_error(c->f, "tls-certificate", file->at, "%s holds %s; write certificates in PEM, the first one's own first", file->path,
		              p->ncertificates ? "something broken after its first certificate" : "no certificate that can be read");
		return false;
	}
	return true;
}

static int no_passphrase(char *out, int n, int writing, void *ctx)
{
	(void)out, (void)n, (void)writing;
	*(bool *)ctx = true;
	return -1;
}

static bool pem_key(struct config *c, const struct config_file *file, struct pem *p)
{
	bool encrypted = false;

	if (!pem_read(c, file, p))
		return false;
	BIO *in = BIO_new_mem_buf(p->bytes.p, (int)p->bytes.n);
	p->key = in ? PEM_read_bio_PrivateKey(in, NULL, no_passphrase, &encrypted) : NULL;
	BIO_free(in);
	ERR_clear_error();
	if (!p->key)
		finding_error(c->f, "tls-key", file->at, encrypted ? "the key in %s is encrypted, and nobody is there to ask; write it without a passphrase"
		                                                   : "%s holds no private key that can be read; write one in PEM", file->path);
	return p->key != NULL;
}

static void check_validity(struct config *c, const struct config_file *file, const X509 *x)
{
	if (X509_cmp_current_time(X509_get0_notAfter(x)) < 0)
		finding_warning(c->f, "tls-expired", file->at, "the certificate in %s has expired; peers will refuse it", file->path);
	else if (X509_cmp_current_time(X509_get0_notBefore(x)) > 0)
		finding_warning(c->f, "tls-expired", file->at, "the certificate in %s is not valid yet; peers will refuse it", file->path);
}

static struct settings_blob emit(struct config *c, const struct pem *p)
{
	return (struct settings_blob){ image_append(c->b, IMAGE_TLS_DATA, p->bytes.p, p->bytes.n, 1), (uint32_t)p->bytes.n };
}

static void load_pair(struct config *c, const struct config_tls *t, struct settings_tls *row)
{
	struct pem certificate = { 0 }, key = { 0 };

	if (pem_certificates(c, &t->cert, &certificate) && pem_key(c, &t->key, &key)) {
		if (!X509_check_private_key(certificate.first, key.key))
			finding_error(c->f, "tls-pair", t->key.at, "the key in %s does not belong to the first certificate in %s; name the pair that was made together",
			              t->key.path, t->cert.path);
		check_validity(c, &t->cert, certificate.first);
		row->cert = emit(c, &certificate);
		row->key = emit(c, &key);
	}
	ERR_clear_error();
	pem_free(&certificate);
	pem_free(&key);
}

static void load_authorities(struct config *c, const struct config_tls *t, struct settings_tls *row)
{
	struct pem ca = { 0 };

	if (pem_certificates(c, &t->ca, &ca))
		row->ca = emit(c, &ca);
	pem_free(&ca);
}

void config_load_tls(struct config *c, struct config_tls *t, const char *whose)
{
	struct settings_tls row = { 0 };

	if (!t->present)
		return;
	if (!t->cert.path != !t->key.path)
		finding_error(c->f, "tls-pair", t->at, "tls of %s has a %s without its %s; write both", whose, t->cert.path ? "cert" : "key", t->cert.path ? "key" : "cert");
	else if (t->cert.path)
		load_pair(c, t, &row);
	else if (t->is_server)
		finding_error(c->f, "tls-pair", t->at, "tls of %s has no certificate; write cert and key", whose);
	if (t->ca.path)
		load_authorities(c, t, &row);
	image_append(c->b, IMAGE_TLS, &row, sizeof row, _Alignof(struct settings_tls));
	t->row = image_used(c->b, IMAGE_TLS) / (uint32_t)sizeof row;
}
