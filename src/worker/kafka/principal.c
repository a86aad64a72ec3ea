/* The user of a session, read from SASL as it passes. Owner: worker. */
#include <openssl/evp.h>
#include <stdlib.h>

#include "base/buf.h"
#include "json/json.h"
#include "worker/kafka/principal.h"
#include "worker/session.h"
#include "worker/worker.h"

#define USER_MAX 128                     /* bytes that are kept */
#define TOKEN_READ_MAX (16u << 10)       /* a longer token names nobody to us */
#define CLAIMS_DEPTH_MAX 8

struct mechanism {
	const char *name;
	/* Appends the user that the client's first token names. false: none that we can read. */
	bool (*user)(struct span token, struct buf *out);
	/* Is the broker's answer, which is no error, its yes? */
	bool (*is_yes)(struct span answer);
};

struct principal {
	const struct mechanism *mechanism;
	unsigned unanswered;             /* tokens */
	bool begun;                      /* the next token is the first of its exchange */
	bool is_mixed;                   /* exchanges overlap, as no client's do: nobody is known from here on */
	uint8_t nclaimed, nuser;
	uint8_t claimed[USER_MAX], user[USER_MAX];
};

/* ---- mechanisms ---- */

/* RFC 4616: authzid NUL authcid NUL password */
static bool plain_user(struct span token, struct buf *out)
{
	const uint8_t *end = token.p + token.n;
	const uint8_t *first = memchr(token.p, 0, token.n);
	const uint8_t *second = first ? memchr(first + 1, 0, (size_t)(end - first - 1)) : NULL;

	if (!second)
		return false;
	buf_add(out, first + 1, (size_t)(second - first - 1));
	return true;
}

/* The value of an attribute, `x=value`, of a message of RFC 5802. */
static struct span attribute(struct span message, char name)
{
	const uint8_t *p = message.p, *end = p + message.n;

	while (p < end) {
		const uint8_t *comma = memchr(p, ',', (size_t)(end - p));
		const uint8_t *stop = comma ? comma : end;
		if (stop - p >= 2 && p[0] == name && p[1] == '=')
			return span_of(p + 2, (size_t)(stop - p - 2));
		p = stop + 1;
	}
	return span_of(NULL, 0);
}

/* RFC 5802, 5.1: "=2C" is a comma, "=3D" an equals sign. A delegation token (KIP-48) names its id there, not
 * its owner. */
static bool scram_user(struct span token, struct buf *out)
{
	struct span name = attribute(token, 'n');

	if (span_is_null(name) || memmem(token.p, token.n, "tokenauth=true", 14))
		return false;
	for (size_t i = 0; i < name.n; i++) {
		bool escaped = name.p[i] == '=' && name.n - i >= 3;
		if (escaped && memcmp(name.p + i, "=2C", 3) != 0 && memcmp(name.p + i, "=3D", 3) != 0)
			return false;
		buf_addch(out, escaped ? name.p[i + 1] == '2' ? ',' : '=' : (char)name.p[i]);
		i += escaped ? 2 : 0;
	}
	return true;
}

/* RFC 4648, 5, without its padding. */
static bool add_base64url(struct buf *out, struct span in)
{
	struct buf text;
	uint8_t *to = NULL;
	int n = -1;

	buf_init(&text, 0);
	for (size_t i = 0; i < in.n; i++)
		buf_addch(&text, in.p[i] == '-' ? '+' : in.p[i] == '_' ? '/' : (char)in.p[i]);
	while (text.n % 4)
		buf_addch(&text, '=');
	if (!text.error)
		to = buf_extend(out, text.n / 4 * 3);
	if (to)
		n = EVP_DecodeBlock(to, text.p, (int)text.n);
	if (n >= 0)
		out->n -= text.n - in.n;      /* what the padding stands for */
	buf_fini(&text);
	return n >= 0;
}

/* RFC 7628: "auth=Bearer HEADER.CLAIMS.SIGNATURE", RFC 7519; the user is the claim "sub". */
static bool bearer_user(struct span token, struct buf *out)
{
	static const char word[] = "auth=Bearer ";
	const uint8_t *end = token.p + token.n;
	const uint8_t *p = memmem(token.p, token.n, word, sizeof word - 1);
	const uint8_t *first = p ? memchr(p, '.', (size_t)(end - p)) : NULL;
	const uint8_t *second = first ? memchr(first + 1, '.', (size_t)(end - first - 1)) : NULL;
	struct json_tape claims;
	struct buf text;
	bool found = false;

	if (!second)
		return false;
	buf_init(&text, 0);
	json_tape_init(&claims, CLAIMS_DEPTH_MAX, 0);
	if (add_base64url(&text, span_of(first + 1, (size_t)(second - first - 1))) && json_tape_build(&claims, buf_span(&text)) == 0) {
		struct json_doc d = json_tape_doc(&claims);
		uint32_t at = d.entries[0].type == JSON_OBJECT ? json_member(&d, 0, SPAN_LIT("sub")) : 0;
		found = at && d.entries[at].type == JSON_STRING;
		if (found)
			buf_add(out, json_text(&d, at).p, json_text(&d, at).n);
	}
	json_tape_fini(&claims);
	buf_fini(&text);
	return found;
}

static bool is_any(struct span answer)
{
	(void)answer;
	return true;
}

static bool is_verifier(struct span answer)
{
	return !span_is_null(attribute(answer, 'v'));
}

/* What is not empty says why not. */
static bool is_empty(struct span answer)
{
	return answer.n == 0;
}

static const struct mechanism mechanisms[] = {
	{ "PLAIN", plain_user, is_any },
	{ "SCRAM-SHA-256", scram_user, is_verifier },
	{ "SCRAM-SHA-512", scram_user, is_verifier },
	{ "OAUTHBEARER", bearer_user, is_empty },
};

static const struct mechanism *mechanism_find(struct span name)
{
	for (size_t i = 0; i < ARRAY_LEN(mechanisms); i++)
		if (span_is(name, mechanisms[i].name))
			return &mechanisms[i];
	return NULL;
}

/* ---- an exchange ---- */

/* Kafka's GSSAPI takes the last token without a word; those of the table answer each. */
bool principal_begin(struct session *s, struct span mechanism)
{
	struct principal *p = s->link.principal;
	const struct mechanism *m = mechanism_find(mechanism);

	if (!p)
		p = s->link.principal = calloc(1, sizeof *p);
	if (!p)
		return m != NULL;
	p->is_mixed |= p->unanswered > 0;
	p->mechanism = m;
	p->begun = true;
	p->nclaimed = 0;
	return m != NULL;
}

static void remember_claim(struct principal *p, struct span token)
{
	struct buf user;

	buf_init(&user, USER_MAX);
	if (p->mechanism && token.n > 0 && token.n <= TOKEN_READ_MAX && p->mechanism->user(token, &user) && !user.error) {
		p->nclaimed = (uint8_t)user.n;
		if (user.n)
			memcpy(p->claimed, user.p, user.n);
	}
	buf_fini(&user);
}

void principal_claim(struct session *s, struct span token)
{
	struct principal *p = s->link.principal;

	if (!p)
		return;
	p->is_mixed |= p->unanswered > 0;
	p->unanswered++;
	if (p->begun)
		remember_claim(p, token);
	p->begun = false;
}

void principal_answer(struct session *s, bool good, struct span token)
{
	struct principal *p = s->link.principal;

	if (!p || p->unanswered == 0)
		return;
	p->unanswered--;
	bool yes = good && p->mechanism && p->mechanism->is_yes(token);
	if (good && !yes)
		return;
	worker_count_authentication(s->worker, p->mechanism ? p->mechanism->name : "other", yes);
	if (yes) {
		memcpy(p->user, p->claimed, p->nclaimed);
		p->nuser = p->nclaimed;
	}
	p->nclaimed = 0;
}

struct span principal_user(const struct session *s)
{
	const struct principal *p = s->link.principal;

	return p && !p->is_mixed ? span_of(p->user, p->nuser) : SPAN_LIT("");
}

void principal_fini(struct session *s)
{
	free(s->link.principal);
	s->link.principal = NULL;
}
