/* PROXY headers of sessions: taken from clients' proxies, given to brokers. Owner: worker. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/log.h"
#include "worker/greeting.h"
#include "worker/session.h"
#include "worker/worker.h"

static bool is_within(const struct settings_network *n, const struct peer_address *a)
{
	uint32_t bytes = n->bits / 8, rest = n->bits % 8;

	if (memcmp(n->address, a->bytes, bytes) != 0)
		return false;
	return rest == 0 || (n->address[bytes] ^ a->bytes[bytes]) >> (8 - rest) == 0;
}

bool greeting_is_due(const struct worker *w, const struct settings_listener *l, const struct sockaddr *from)
{
	const struct settings_network *networks = w->in_force->settings.networks + l->first_network;
	struct proxy_end e = proxy_end_of(from);

	for (uint32_t i = 0; i < l->nnetworks; i++)
		if (is_within(&networks[i], &e.address))
			return true;
	return false;
}

/* ---- from a proxy ---- */

/* The place that the proxy's address had among the peers becomes its client's. */
static int take_place(struct session *s, const struct proxy_end *client)
{
	struct worker *w = s->worker;
	struct peer_address a = peer_address_in(&client->address);

	if (!peers_join(&w->peers, &a, worker_settings(w)->limit_connections_per_address))
		return E_LIMIT;
	peers_leave(&w->peers, &s->peer);
	s->peer = a;
	return 0;
}

static int take(struct session *s, const struct proxy_header *h)
{
	free(s->greeting);
	s->greeting = NULL;
	if (!h->known)
		return 0;
	s->told = malloc(sizeof *s->told);
	if (!s->told)
		return E_NOMEM;
	*s->told = h->ends;
	return take_place(s, &h->ends.client);
}

static int complain(struct session *s, const char *why)
{
	char address[INET6_ADDRSTRLEN];
	struct log_field fields[] = {
		{ "listener", span_str(worker_route(s->worker, s->route)->name) },
		{ "address", span_str(greeting_client(s, address, sizeof address)) },
		{ "why", span_str(why) },
	};

	if (worker_may_log(s->worker))
		log_fields(LOG_LEVEL_WARN, "a proxy is not understood", fields, ARRAY_LEN(fields));
	return E_MALFORMED;
}

/* Looks before it takes: what stands behind the header is not its own. */
int greeting_read(struct session *s)
{
	struct greeting *g = s->greeting;
	struct proxy_header h;
	uint8_t *at = g->bytes + g->n;
	ssize_t there = recv(s->client.fd, at, sizeof g->bytes - g->n, MSG_PEEK);

	if (there < 0)
		return errno == EAGAIN || errno == EINTR ? E_AGAIN : E_SYS;
	if (there == 0)
		return E_EOF;
	int error = proxy_read(span_of(g->bytes, g->n + (size_t)there), &h);
	if (error == E_MALFORMED)
		return complain(s, h.why);
	size_t own = error ? (size_t)there : h.n - g->n;
	if (recv(s->client.fd, at, own, 0) != (ssize_t)own)
		return E_SYS;
	g->n += own;
	return error ? error : take(s, &h);
}

/* ---- to a broker ---- */

static bool end_of(int (*ask)(int, struct sockaddr *, socklen_t *), int fd, struct proxy_end *e)
{
	struct sockaddr_storage a = { 0 };
	socklen_t n = sizeof a;

	if (fd < 0 || ask(fd, (struct sockaddr *)&a, &n) < 0)
		return false;
	*e = proxy_end_of((struct sockaddr *)&a);
	return true;
}

/* As the client's proxy said, else as the connection is; NULL: it is gone. */
static const struct proxy_ends *ends_of(const struct session *s, struct proxy_ends *own)
{
	if (s->told)
		return s->told;
	return end_of(getpeername, s->client.fd, &own->client) && end_of(getsockname, s->client.fd, &own->server) ? own : NULL;
}

int greeting_send(struct session *s)
{
	const struct settings_listener *l = worker_listener(s->worker, s->route);
	uint32_t version = l ? s->worker->in_force->settings.clusters[l->cluster].proxy_protocol : 0;
	uint8_t header[PROXY_V1_MOST];
	struct proxy_ends own;

	if (version == 0)
		return 0;
	size_t n = proxy_write(version, ends_of(s, &own), header);
	/* the buffers of a new connection are empty */
	return send(s->upstream.fd, header, n, MSG_NOSIGNAL) == (ssize_t)n ? 0 : E_SYS;
}

/* ---- for people ---- */

const char *greeting_client(const struct session *s, char *out, size_t n)
{
	struct proxy_ends own;
	const struct proxy_ends *ends = ends_of(s, &own);

	if (!ends)
		return "";
	proxy_end_text(&ends->client, out, n);
	return out;
}

bool greeting_server(const struct session *s, char *out, size_t n)
{
	if (!s->told)
		return false;
	proxy_end_text(&s->told->server, out, n);
	return true;
}
