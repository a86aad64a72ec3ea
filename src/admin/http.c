/* The admin's HTTP server. Whoever reaches it may read all it says; nothing here changes
 * anything. Owner: admin. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/listener.h>

#include "base/clock.h"
#include "base/log.h"
#include "admin/http.h"

#define HEADERS_MAX 8192
#define BODY_MAX 4096                    /* no path takes one; evhttp reads it before we can say so */
#define IDLE_SECONDS 60                  /* over a scrape interval, so that scrapers keep their connection */
#define BACKLOG 64

struct http {
	struct evhttp *server;
	struct evhttp_bound_socket *bound;
	struct event *tick;              /* accepts again after descriptors ran out */
	const struct facts *facts;
	bool loopback;                   /* then the Host header must name this machine */
};

/* ---- listening ---- */

union address {
	struct sockaddr sa;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
	struct sockaddr_un un;
};

static bool parse_unix(const char *text, union address *a, socklen_t *n)
{
	size_t len = strlen(text);

	if (text[0] != '/' || len >= sizeof a->un.sun_path)
		return false;
	a->un.sun_family = AF_UNIX;
	memcpy(a->un.sun_path, text, len + 1);
	*n = sizeof a->un;
	return true;
}

static bool parse_host(const char *host, union address *a, socklen_t *n)
{
	if (inet_pton(AF_INET, strcmp(host, "localhost") == 0 ? "127.0.0.1" : host, &a->in.sin_addr) == 1) {
		a->in.sin_family = AF_INET;
		*n = sizeof a->in;
		return true;
	}
	if (inet_pton(AF_INET6, strcmp(host, "*") == 0 ? "::" : host, &a->in6.sin6_addr) == 1) {
		a->in6.sin6_family = AF_INET6;
		*n = sizeof a->in6;
		return true;
	}
	return false;
}

/* Names are not looked up: what is listened on must not depend on a resolver. Port 0 is
 * any free one. */
static bool parse_address(const char *text, union address *a, socklen_t *n)
{
	const char *colon = strrchr(text, ':');
	char host[INET6_ADDRSTRLEN + 2], *end;

	memset(a, 0, sizeof *a);
	if (parse_unix(text, a, n))
		return true;
	size_t len = colon ? (size_t)(colon - text) : 0;
	unsigned long port = colon ? strtoul(colon + 1, &end, 10) : 0;
	if (len == 0 || len >= sizeof host || colon[1] < '0' || colon[1] > '9' || *end || port > UINT16_MAX)
		return false;
	bool bracketed = text[0] == '[' && text[len - 1] == ']';
	memcpy(host, text, len);
	host[bracketed ? len - 1 : len] = 0;
	if (!parse_host(host + bracketed, a, n))
		return false;
	/* sin_port and sin6_port are at the same place. */
	a->in.sin_port = htons((uint16_t)port);
	return true;
}

/* A socket file that nobody answers is left over from an earlier run. */
static void remove_stale(const union address *a, socklen_t n)
{
	struct stat st;
	int fd = lstat(a->un.sun_path, &st) == 0 && S_ISSOCK(st.st_mode) ? socket(AF_UNIX, SOCK_STREAM, 0) : -1;

	if (fd < 0)
		return;
	if (connect(fd, &a->sa, n) < 0 && errno == ECONNREFUSED)
		unlink(a->un.sun_path);
	close(fd);
}

static int listen_on(const union address *a, socklen_t n)
{
	int on = 1, off = 0, fd = socket(a->sa.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return E_SYS;
	if (a->sa.sa_family == AF_UNIX)
		remove_stale(a, n);
	else
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if (a->sa.sa_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
	if (bind(fd, &a->sa, n) < 0 || listen(fd, BACKLOG) < 0) {
		close(fd);
		return E_SYS;
	}
	return fd;
}

int http_listen(const char *address, const char **why)
{
	union address a;
	socklen_t n;

	if (!parse_address(address, &a, &n)) {
		*why = "not an address; would be right: 127.0.0.1:9664, [::1]:9664, *:9664 or /path/of/socket";
		return E_MALFORMED;
	}
	int fd = listen_on(&a, n);
	if (fd < 0)
		*why = strerror(errno);
	return fd;
}

/* ---- answers ---- */

static void add_header(struct evhttp_request *req, const char *name, const char *value)
{
	evhttp_add_header(evhttp_request_get_output_headers(req), name, value);
}

static void answer(struct evhttp_request *req, int code, const char *reason, const char *type, struct span body)
{
	struct evbuffer *out = evbuffer_new();
	char length[24];

	snprintf(length, sizeof length, "%zu", body.n);
	add_header(req, "Content-Type", type);
	add_header(req, "Content-Length", length);
	add_header(req, "Cache-Control", "no-store");
	add_header(req, "X-Content-Type-Options", "nosniff");
	/* evhttp would send the body to HEAD too. */
	bool has_body = evhttp_request_get_command(req) != EVHTTP_REQ_HEAD;
	if (!out || (has_body && evbuffer_add(out, body.p, body.n) < 0))
		evhttp_send_reply(req, 503, "Service Unavailable", NULL);
	else
		evhttp_send_reply(req, code, reason, out);
	if (out)
		evbuffer_free(out);
}

/* RFC 9457: type is left out, it is about:blank; title is then the status's own phrase. */
static void problem(struct evhttp_request *req, int code, const char *title, struct span detail)
{
	struct buf b;

	buf_init(&b, 0);
	buf_printf(&b, "{\"title\":\"%s\",\"status\":%d,\"detail\":\"", title, code);
	buf_json_escape(&b, detail);
	buf_puts(&b, "\"}\n");
	answer(req, code, title, "application/problem+json", buf_span(&b));
	buf_fini(&b);
}

static void send_whole(struct evhttp_request *req, const char *type, const struct buf *b, int error)
{
	if (error)
		problem(req, 503, "Service Unavailable", SPAN_LIT("there is no memory for the answer"));
	else
		answer(req, 200, "OK", type, buf_span(b));
}

/* ---- the paths ---- */

static void get_livez(const struct facts *f, struct evhttp_request *req)
{
	(void)f;
	answer(req, 200, "OK", "text/plain; charset=utf-8", SPAN_LIT("alive\n"));
}

static void get_readyz(const struct facts *f, struct evhttp_request *req)
{
	struct buf why;

	buf_init(&why, 64u << 10);
	if (!facts_ready(f, clock_ms(), &why)) {
		problem(req, 503, "Service Unavailable", buf_span(&why));
	} else {
		buf_puts(&why, "ready\n");
		answer(req, 200, "OK", "text/plain; charset=utf-8", buf_span(&why));
	}
	buf_fini(&why);
}

static void get_metrics(const struct facts *f, struct evhttp_request *req)
{
	struct buf b;

	buf_init(&b, 0);
	int error = facts_metrics(f, clock_ms(), &b);
	send_whole(req, "text/plain; version=0.0.4; charset=utf-8", &b, error);
	buf_fini(&b);
}

static void get_status(const struct facts *f, struct evhttp_request *req)
{
	struct buf b;

	buf_init(&b, 0);
	int error = facts_status(f, clock_ms(), &b);
	send_whole(req, "application/json", &b, error);
	buf_fini(&b);
}

static const struct path {
	const char *path;
	void (*get)(const struct facts *f, struct evhttp_request *req);
} paths[] = {
	{ "/livez", get_livez },
	{ "/readyz", get_readyz },
	{ "/metrics", get_metrics },
	{ "/v1/status", get_status },
};

static const struct path *find_path(struct evhttp_request *req)
{
	const char *path = evhttp_uri_get_path(evhttp_request_get_evhttp_uri(req));

	for (size_t i = 0; path && i < ARRAY_LEN(paths); i++)
		if (strcmp(paths[i].path, path) == 0)
			return &paths[i];
	return NULL;
}

static void not_found(struct evhttp_request *req)
{
	struct buf b;

	buf_init(&b, 0);
	buf_puts(&b, "there are");
	for (size_t i = 0; i < ARRAY_LEN(paths); i++)
		buf_printf(&b, " %s", paths[i].path);
	problem(req, 404, "Not Found", buf_span(&b));
	buf_fini(&b);
}

/* ---- requests ---- */

/* A page in a browser here can be made to call any name that resolves to 127.0.0.1 (DNS
 * rebinding); it cannot make the browser send another Host than that name. */
static bool host_is_local(const char *host)
{
	static const char *const local[] = { "localhost", "[::1]" };
	struct in_addr v4;
	char name[64];

	for (size_t i = 0; i < ARRAY_LEN(local); i++) {
		size_t n = strlen(local[i]);
		if (strncasecmp(host, local[i], n) == 0 && (host[n] == 0 || host[n] == ':'))
			return true;
	}
	snprintf(name, sizeof name, "%.*s", (int)strcspn(host, ":"), host);
	return inet_pton(AF_INET, name, &v4) == 1 && ntohl(v4.s_addr) >> 24 == 127;
}

static bool host_is_fine(const struct http *h, struct evhttp_request *req)
{
	const char *host = evhttp_find_header(evhttp_request_get_input_headers(req), "Host");

	return !h->loopback || !host || host_is_local(host);
}

static void on_request(struct evhttp_request *req, void *arg)
{
	const struct http *h = arg;
	enum evhttp_cmd_type method = evhttp_request_get_command(req);

	if (!host_is_fine(h, req)) {
		problem(req, 421, "Misdirected Request",
		        SPAN_LIT("the Host header must name this machine: localhost, 127.0.0.1 or [::1]"));
		return;
	}
	const struct path *p = find_path(req);
	if (!p) {
		not_found(req);
	} else if (method != EVHTTP_REQ_GET && method != EVHTTP_REQ_HEAD) {
		add_header(req, "Allow", "GET, HEAD");
		problem(req, 405, "Method Not Allowed", SPAN_LIT("this version only answers GET and HEAD"));
	} else {
		p->get(h->facts, req);
	}
}

/* Out of descriptors: connections stay in the backlog, and the loop must not spin. The
 * argument is evhttp's own here, so that a tick lifts it. */
static void on_accept_error(struct evconnlistener *listener, void *arg)
{
	(void)arg;
	log_warn("admin: cannot accept: %s", strerror(errno));
	evconnlistener_disable(listener);
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct http *h = arg;

	(void)fd;
	(void)what;
	if (h->bound)
		evconnlistener_enable(evhttp_bound_socket_get_listener(h->bound));
}

static bool is_loopback(const char *address)
{
	union address a;
	socklen_t n;

	if (!parse_address(address, &a, &n))
		return false;
	if (a.sa.sa_family == AF_INET)
		return ntohl(a.in.sin_addr.s_addr) >> 24 == 127;
	return a.sa.sa_family == AF_INET6 && IN6_IS_ADDR_LOOPBACK(&a.in6.sin6_addr);
}

struct http *http_new(struct event_base *base, const struct facts *facts)
{
	struct http *h = calloc(1, sizeof *h);
	struct timeval second = { 1, 0 };

	if (!h)
		return NULL;
	h->facts = facts;
	h->server = evhttp_new(base);
	h->tick = event_new(base, -1, EV_PERSIST, on_tick, h);
	if (!h->server || !h->tick || event_add(h->tick, &second) < 0) {
		http_free(h);
		return NULL;
	}
	evhttp_set_max_headers_size(h->server, HEADERS_MAX);
	evhttp_set_max_body_size(h->server, BODY_MAX);
	evhttp_set_timeout(h->server, IDLE_SECONDS);
	/* All that it knows: so that it is we who say 405. */
	evhttp_set_allowed_methods(h->server, EVHTTP_REQ_GET | EVHTTP_REQ_HEAD | EVHTTP_REQ_POST | EVHTTP_REQ_PUT |
	                           EVHTTP_REQ_DELETE | EVHTTP_REQ_OPTIONS | EVHTTP_REQ_TRACE | EVHTTP_REQ_CONNECT |
	                           EVHTTP_REQ_PATCH);
	evhttp_set_gencb(h->server, on_request, h);
	return h;
}

void http_stop(struct http *h)
{
	if (h->bound)
		evhttp_del_accept_socket(h->server, h->bound);
	h->bound = NULL;
}

int http_serve(struct http *h, int fd, const char *address)
{
	struct evhttp_bound_socket *bound = evhttp_accept_socket_with_handle(h->server, fd);

	if (!bound) {
		close(fd);
		return E_NOMEM;
	}
	evconnlistener_set_error_cb(evhttp_bound_socket_get_listener(bound), on_accept_error);
	http_stop(h);
	h->bound = bound;
	h->loopback = is_loopback(address);
	return 0;
}

void http_free(struct http *h)
{
	if (!h)
		return;
	if (h->server)
		evhttp_free(h->server);
	if (h->tick)
		event_free(h->tick);
	free(h);
}
