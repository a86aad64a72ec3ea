/* Admin: what it says about the shared regions, and how it says it over HTTP. */
#include <errno.h>
#include <jansson.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <event2/event.h>

#include "admin/admin.h"
#include "admin/facts.h"
#include "admin/http.h"
#include "base/fd.h"
#include "base/log.h"
#include "control.h"
#include "unit.h"

#define NOW 1000000u

/* An image of one cluster and one listener with broker ports 19200-19201; a memfd. */
static int image_fd(uint64_t generation, const char *admin_bind)
{
	struct image_builder b;
	struct buf out;

	image_builder_init(&b);
	struct settings settings = { .workers = 1, .limit_connections = 1, .limit_frame = 1, .log_level = LOG_LEVEL_INFO,
	                             .admin_bind = image_intern(&b, span_str(admin_bind)) };
	struct settings_cluster c = { .name = image_intern(&b, SPAN_LIT("main")), .nservers = 1 };
	struct settings_server s = { .host = image_intern(&b, SPAN_LIT("kafka-1")), .port = 9092 };
	struct settings_bind bind = { .host = image_intern(&b, SPAN_LIT("::1")), .port = 19092, .broker = -1 };
	struct settings_listener l = { .name = image_intern(&b, SPAN_LIT("front")), .nbinds = 1,
	                               .broker_port_base = 19200, .broker_port_count = 2 };
	image_append(&b, IMAGE_SETTINGS, &settings, sizeof settings, 8);
	image_append(&b, IMAGE_CLUSTERS, &c, sizeof c, 8);
	image_append(&b, IMAGE_SERVERS, &s, sizeof s, 8);
	image_append(&b, IMAGE_BINDS, &bind, sizeof bind, 8);
	image_append(&b, IMAGE_LISTENERS, &l, sizeof l, 8);
	buf_init(&out, 0);
	ck_assert_int_eq(image_finish(&b, generation, &out), 0);
	int fd = fd_memfd_sealed("test", out.p, out.n);
	ck_assert_int_ge(fd, 0);
	buf_fini(&out);
	image_builder_fini(&b);
	return fd;
}

static void make_image(struct facts *f, uint64_t generation)
{
	int fd = image_fd(generation, "127.0.0.1:0");

	ck_assert_int_eq(image_map(&f->image, fd), 0);
	ck_assert_int_eq(settings_open(&f->settings, &f->image), 0);
	close(fd);
}

static struct facts facts_fresh(size_t nworkers)
{
	struct facts f = { .committed_ms = NOW - 60000 };
	int fd = stats_create(nworkers);

	ck_assert_int_eq(stats_map(&f.stats, fd), 0);
	close(fd);
	fd = topology_create(nworkers);
	ck_assert_int_eq(topology_map(&f.topology, fd), 0);
	close(fd);
	make_image(&f, 5);
	return f;
}

static void facts_end(struct facts *f)
{
	stats_unmap(&f->stats);
	topology_unmap(&f->topology);
	image_unmap(&f->image);
}

static struct stats_writer serving(struct facts *f, size_t worker, uint64_t generation)
{
	struct stats_writer w;

	ck_assert_int_eq(stats_writer_init(&w, &f->stats, worker), 0);
	stats_beat(&w, NOW - 100);
	stats_set_generation(&w, generation);
	return w;
}

static bool says(struct buf *b, const char *text)
{
	return *text == 0 || (b->n && memmem(b->p, b->n, text, strlen(text)) != NULL);
}

/* Readiness at NOW, and whether the reasons hold this text. */
static bool ready_saying(const struct facts *f, const char *text)
{
	struct buf why;

	buf_init(&why, 0);
	bool ready = facts_ready(f, NOW, &why);
	if (!says(&why, text))
		ck_abort_msg("'%s' is not in '%.*s'", text, (int)why.n, why.n ? (char *)why.p : "");
	buf_fini(&why);
	return ready;
}

START_TEST(ready_wants_a_commit_and_a_worker)
{
	struct facts f = facts_fresh(2), empty = { .stats = f.stats };

	ck_assert(!ready_saying(&empty, "not: nothing is committed yet"));
	ck_assert(!ready_saying(&f, "not: no worker serves"));
	struct stats_writer w = serving(&f, 0, 5);
	ck_assert(ready_saying(&f, "note: worker 1 is missing"));
	stats_beat(&w, NOW - 2001);
	ck_assert(!ready_saying(&f, "note: worker 0 is stuck"));
	stats_writer_fini(&w);
	facts_end(&f);
}
END_TEST

START_TEST(ready_wants_one_generation)
{
	struct facts f = facts_fresh(2);
	struct stats_writer a = serving(&f, 0, 5), b = serving(&f, 1, 4);

	ck_assert(!ready_saying(&f, "not: worker 1 has generation 4 in force, committed is 5"));
	f.committed_ms = NOW - 1;
	ck_assert(ready_saying(&f, ""));
	stats_writer_fini(&a);
	stats_writer_fini(&b);
	facts_end(&f);
}
END_TEST

START_TEST(ready_wants_brokers_that_answer)
{
	struct facts f = facts_fresh(1);
	struct stats_writer w = serving(&f, 0, 5);
	uint64_t cluster = topology_key(SPAN_LIT("main"));

	ck_assert(ready_saying(&f, ""));
	topology_note_reach(&f.topology, 0, cluster, false, NOW - 1000);
	ck_assert(!ready_saying(&f, "not: cluster main could not be reached 1000 ms ago"));
	topology_note_reach(&f.topology, 0, cluster, true, NOW - 500);
	ck_assert(ready_saying(&f, ""));
	topology_note_reach(&f.topology, 0, cluster, false, NOW - 40000);
	ck_assert(ready_saying(&f, ""));
	stats_writer_fini(&w);
	facts_end(&f);
}
END_TEST

START_TEST(ready_wants_a_port_for_each_broker)
{
	static const struct topology_broker three[] = { { 1, 9092, "a" }, { 2, 9092, "b" }, { 3, 9092, "c" } };
	struct facts f = facts_fresh(1);
	struct stats_writer w = serving(&f, 0, 5);
	uint64_t cluster = topology_key(SPAN_LIT("main"));

	ck_assert_int_eq(topology_publish(&f.topology, 0, cluster, three, 2, NOW), 0);
	ck_assert(ready_saying(&f, ""));
	ck_assert_int_eq(topology_publish(&f.topology, 0, cluster, three, 3, NOW), 0);
	ck_assert(!ready_saying(&f, "not: listener front: brokers 1 and 3 share port 19201"));
	stats_writer_fini(&w);
	facts_end(&f);
}
END_TEST

START_TEST(metrics_are_prometheus_text)
{
	struct facts f = facts_fresh(2);
	struct stats_writer a = serving(&f, 0, 5), b = serving(&f, 1, 5);
	struct buf out;

	stats_add(&a, STATS_CLIENT_IN, 40);
	stats_add(&b, STATS_CLIENT_IN, 2);
	stats_add(&a, STATS_JUDGE_TIME, 1500000000u);
	stats_series_add(&a, stats_series_of(&a, STATS_CLOSES, "say \"hi\""), 1);
	stats_series_add(&b, stats_series_of(&b, STATS_CLOSES, "idle"), 5);
	stats_series_add(&b, stats_series_of(&b, STATS_CLOSES, "say \"hi\""), 2);
	buf_init(&out, 0);
	ck_assert_int_eq(facts_metrics(&f, NOW, &out), 0);
	ck_assert(says(&out, "# HELP event_gateway_client_received_bytes_total Bytes received from clients.\n"
	                     "# TYPE event_gateway_client_received_bytes_total counter\n"
	                     "event_gateway_client_received_bytes_total 42\n"));
	ck_assert(says(&out, "# TYPE event_gateway_closes_total counter\n"
	                     "event_gateway_closes_total{reason=\"idle\"} 5\n"
	                     "event_gateway_closes_total{reason=\"say \\\"hi\\\"\"} 3\n"
	                     "# HELP"));
	ck_assert(says(&out, "\nevent_gateway_judge_seconds_total 1.500000000\n"));
	ck_assert(says(&out, "\n# TYPE event_gateway_connections gauge\nevent_gateway_connections 0\n"));
	ck_assert(says(&out, "\nevent_gateway_worker_heartbeat_age_seconds{worker=\"1\"} 0.100000000\n"));
	ck_assert(!says(&out, "\"other\""));
	buf_fini(&out);
	stats_writer_fini(&a);
	stats_writer_fini(&b);
	facts_end(&f);
}
END_TEST

/* Every line is a comment or a sample, every sample belongs to the family whose head came
 * last, no family has two heads and no sample stands twice. */
START_TEST(metrics_families_are_whole)
{
	struct facts f = facts_fresh(1);
	struct stats_writer w = serving(&f, 0, 5);
	struct buf out;
	char family[128] = "", name[128], *save = NULL;

	for (size_t m = 0; m < STATS_COUNT; m++)
		if (stats_rows[m].labels[0])
			stats_series_add(&w, stats_series_of(&w, m, "a", "b", "c", "d"), 1);
	buf_init(&out, 0);
	ck_assert_int_eq(facts_metrics(&f, NOW, &out), 0);
	buf_addch(&out, 0);
	for (char *line = strtok_r((char *)out.p, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		if (sscanf(line, "# HELP %127s", name) == 1) {
			strcpy(family, name);
		} else if (sscanf(line, "# TYPE %127s", name) == 1) {
			ck_assert_str_eq(name, family);
		} else {
			ck_assert_int_eq(sscanf(line, "%127[a-z_]", name), 1);
			ck_assert_str_eq(name, family);
			char *end, *value = strrchr(line, ' ');
			strtod(value + 1, &end);
			ck_assert_int_eq(*end, 0);
		}
	}
	buf_fini(&out);
	stats_writer_fini(&w);
	facts_end(&f);
}
END_TEST

START_TEST(status_is_one_json_object)
{
	struct facts f = facts_fresh(2);
	struct stats_writer w = serving(&f, 0, 5);
	struct topology_broker broker = { 1, 9094, "kafka-1.internal" };
	struct buf out;

	f.reload = (struct facts_reload){ .wall_ms = 1767323045678, .findings = (char *)"a.yaml:3:1: x\nb.yaml:1:1: \xff" };
	ck_assert_int_eq(topology_publish(&f.topology, 0, topology_key(SPAN_LIT("main")), &broker, 1, NOW), 0);
	stats_set_sessions(&w, 7);
	stats_series_add(&w, stats_series_of(&w, STATS_RECORDS, "t,verdict=\"x\"", "m", "invalid", "reject"), 3);
	stats_series_add(&w, stats_series_of(&w, STATS_RECORDS, "u", "m", "invalid", "reject"), 4);
	buf_init(&out, 0);
	ck_assert_int_eq(facts_status(&f, NOW, &out), 0);
	json_t *all = json_loadb((char *)out.p, out.n, 0, NULL);
	ck_assert_ptr_nonnull(all);
	const char *state, *host, *bootstrap, *bind, *outcome, *finding;
	int count, sessions, generation, ready;
	ck_assert_int_eq(json_unpack(all, "{s:b,s:i,s:[{s:s,s:i}*],s:[{s:[s],s:[{s:s}]}],s:[{s:[s]}],s:{s:i},s:{s:s,s:[s*]}}",
	                             "ready", &ready, "generation", &generation, "workers", "state", &state, "sessions",
	                             &sessions, "clusters", "bootstrap", &bootstrap, "brokers", "host", &host, "listeners",
	                             "bind", &bind, "records", "invalid/reject", &count, "reload", "outcome", &outcome,
	                             "findings", &finding), 0);
	ck_assert_int_eq(ready, 1);
	ck_assert_int_eq(generation, 5);
	ck_assert_str_eq(state, "serving");
	ck_assert_int_eq(sessions, 7);
	ck_assert_str_eq(host, "kafka-1.internal");
	ck_assert_str_eq(bootstrap, "kafka-1:9092");
	ck_assert_str_eq(bind, "[::1]:19092");
	ck_assert_int_eq(count, 7);
	ck_assert_str_eq(outcome, "refused");
	ck_assert_str_eq(finding, "a.yaml:3:1: x");
	json_decref(all);
	buf_fini(&out);
	stats_writer_fini(&w);
	facts_end(&f);
}
END_TEST

/* ---- HTTP ---- */

struct server {
	pid_t pid;
	uint16_t port;
	struct facts facts;
};

static void serve(const struct facts *f, int fd)
{
	struct event_base *base = event_base_new();
	struct http *h = http_new(base, f);

	if (!h || http_serve(h, fd, "127.0.0.1:0") != 0)
		_exit(1);
	event_base_dispatch(base);
	_exit(1);
}

static struct server server_start(void)
{
	struct server s = { .facts = facts_fresh(1) };
	struct sockaddr_in a;
	socklen_t n = sizeof a;
	const char *why = "";
	int fd = http_listen("127.0.0.1:0", &why);

	ck_assert_msg(fd >= 0, "%s", why);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&a, &n), 0);
	s.port = ntohs(a.sin_port);
	s.pid = fork();
	if (s.pid == 0)
		serve(&s.facts, fd);
	close(fd);
	return s;
}

static void server_stop(struct server *s)
{
	kill(s->pid, SIGKILL);
	waitpid(s->pid, NULL, 0);
	facts_end(&s->facts);
}

/* Sends this and returns all that comes back until the server closes. */
static char *ask(const struct server *s, const char *request)
{
	static char reply[1 << 18];
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(s->port),
	                         .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	size_t n = 0;

	ck_assert_int_eq(connect(fd, (struct sockaddr *)&a, sizeof a), 0);
	ck_assert_int_eq(fd_write_all(fd, request, strlen(request)), 0);
	/* A server that refuses early may have closed already. */
	ck_assert(shutdown(fd, SHUT_WR) == 0 || errno == ENOTCONN);
	for (ssize_t r = 1; r > 0 && n < sizeof reply - 1; n += r > 0 ? (size_t)r : 0)
		r = read(fd, reply + n, sizeof reply - 1 - n);
	reply[n] = 0;
	close(fd);
	return reply;
}

#define END_OF_REQUEST "Host: localhost:9664\r\nConnection: close\r\n\r\n"

static const char *body_of(const char *reply)
{
	const char *body = strstr(reply, "\r\n\r\n");

	ck_assert_ptr_nonnull(body);
	return body + 4;
}

START_TEST(http_serves_the_table)
{
	struct server s = server_start();
	struct stats_writer w;

	char *reply = ask(&s, "GET /livez HTTP/1.1\r\n" END_OF_REQUEST);
	ck_assert_msg(strncmp(reply, "HTTP/1.1 200 OK\r\n", 17) == 0, "%s", reply);
	reply = ask(&s, "GET /metrics?x=1 HTTP/1.1\r\n" END_OF_REQUEST);
	ck_assert_ptr_nonnull(strstr(reply, "\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n"));
	ck_assert_ptr_nonnull(strstr(reply, "\nevent_gateway_generation 0\n"));
	reply = ask(&s, "GET /v1/status HTTP/1.1\r\n" END_OF_REQUEST);
	ck_assert_ptr_nonnull(strstr(reply, "\r\nContent-Type: application/json\r\n"));
	reply = ask(&s, "GET /readyz HTTP/1.1\r\n" END_OF_REQUEST);
	ck_assert_msg(strncmp(reply, "HTTP/1.1 503 ", 13) == 0, "%s", reply);
	ck_assert_ptr_nonnull(strstr(reply, "no worker serves"));

	ck_assert_int_eq(stats_writer_init(&w, &s.facts.stats, 0), 0);
	stats_beat(&w, UINT64_MAX / 2);
	stats_set_generation(&w, 5);
	reply = ask(&s, "GET /readyz HTTP/1.1\r\n" END_OF_REQUEST);
	ck_assert_msg(strncmp(reply, "HTTP/1.1 200 OK\r\n", 17) == 0, "%s", reply);
	ck_assert_str_eq(body_of(reply), "ready\n");
	stats_writer_fini(&w);
	server_stop(&s);
}
END_TEST

START_TEST(http_head_has_no_body)
{
	struct server s = server_start();
	char *reply = ask(&s, "HEAD /livez HTTP/1.1\r\n" END_OF_REQUEST);

	ck_assert_msg(strncmp(reply, "HTTP/1.1 200 OK\r\n", 17) == 0, "%s", reply);
	ck_assert_ptr_nonnull(strstr(reply, "\r\nContent-Length: 6\r\n"));
	ck_assert_str_eq(body_of(reply), "");
	server_stop(&s);
}
END_TEST

START_TEST(http_errors_are_problems)
{
	static const struct {
		const char *request;
		int status;
		const char *header;
	} rows[] = {
		{ "GET /nothing HTTP/1.1\r\n" END_OF_REQUEST, 404, "" },
		{ "GET /metrics/ HTTP/1.1\r\n" END_OF_REQUEST, 404, "" },
		{ "POST /metrics HTTP/1.1\r\nContent-Length: 0\r\n" END_OF_REQUEST, 405, "\r\nAllow: GET, HEAD\r\n" },
		{ "DELETE /v1/status HTTP/1.1\r\n" END_OF_REQUEST, 405, "\r\nAllow: GET, HEAD\r\n" },
		{ "GET /metrics HTTP/1.1\r\nHost: evil.example:9664\r\nConnection: close\r\n\r\n", 421, "" },
		{ "GET /metrics HTTP/1.1\r\nHost: localhost.evil.example\r\nConnection: close\r\n\r\n", 421, "" },
		{ "GET /metrics HTTP/1.1\r\nHost: 127.0.0.1.evil.example\r\nConnection: close\r\n\r\n", 421, "" },
	};
	struct server s = server_start();

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char *reply = ask(&s, rows[i].request);
		int status = 0;
		ck_assert_int_eq(sscanf(reply, "HTTP/1.1 %d", &status), 1);
		ck_assert_msg(status == rows[i].status, "%zu: %s", i, reply);
		ck_assert_ptr_nonnull(strstr(reply, "\r\nContent-Type: application/problem+json\r\n"));
		ck_assert_msg(strstr(reply, rows[i].header) != NULL, "%zu: %s", i, reply);
		json_t *problem = json_loads(body_of(reply), 0, NULL);
		int said = 0;
		ck_assert_int_eq(json_unpack(problem, "{s:i}", "status", &said), 0);
		ck_assert_int_eq(said, status);
		json_decref(problem);
	}
	server_stop(&s);
}
END_TEST

/* Whatever comes, this connection ends and the next one is served. */
START_TEST(http_survives_what_is_no_http)
{
	static const char *const rows[] = {
		"OPTIONS * HTTP/1.1\r\n" END_OF_REQUEST, "CONNECT a:1 HTTP/1.1\r\n" END_OF_REQUEST,
		"GET http://evil.example/livez HTTP/1.1\r\n" END_OF_REQUEST, "GET //%00%ff HTTP/1.1\r\n" END_OF_REQUEST,
		"GET  HTTP/1.1\r\n" END_OF_REQUEST, "BREW /metrics HTTP/1.1\r\n" END_OF_REQUEST, "\r\n\r\n", "GET\r\n\r\n",
		"\x16\x03\x01\x02\x01\x01\r\n\r\n",
		"GET /livez HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n" END_OF_REQUEST,
		"GET /livez HTTP/1.1\r\nContent-Length: -1\r\n" END_OF_REQUEST,
		"POST /livez HTTP/1.1\r\nTransfer-Encoding: chunked\r\n" END_OF_REQUEST "zz\r\n",
	};
	struct server s = server_start();

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char *reply = ask(&s, rows[i]);
		ck_assert_msg(!strstr(reply, "event_gateway_"), "%zu: %s", i, reply);
	}
	ck_assert_msg(strncmp(ask(&s, "GET /livez HTTP/1.1\r\n" END_OF_REQUEST), "HTTP/1.1 200 ", 13) == 0, "gone");
	server_stop(&s);
}
END_TEST

START_TEST(http_host_of_this_machine_passes)
{
	static const char *const hosts[] = { "localhost", "LOCALHOST:1", "127.0.0.1:9664", "127.8.8.8", "[::1]:9664" };
	struct server s = server_start();
	char request[256];

	for (size_t i = 0; i < ARRAY_LEN(hosts); i++) {
		snprintf(request, sizeof request, "GET /livez HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", hosts[i]);
		ck_assert_msg(strncmp(ask(&s, request), "HTTP/1.1 200 ", 13) == 0, "%s", hosts[i]);
	}
	server_stop(&s);
}
END_TEST

START_TEST(http_bounds_headers)
{
	struct server s = server_start();
	static char request[20000];

	int n = snprintf(request, sizeof request, "GET /livez HTTP/1.1\r\nX: ");
	memset(request + n, 'a', 16000);
	strcpy(request + n + 16000, "\r\n" END_OF_REQUEST);
	ck_assert_msg(strncmp(ask(&s, request), "HTTP/1.1 200 ", 13) != 0, "accepted");
	ck_assert_msg(strncmp(ask(&s, "GET /livez HTTP/1.1\r\n" END_OF_REQUEST), "HTTP/1.1 200 ", 13) == 0, "gone");
	server_stop(&s);
}
END_TEST

START_TEST(http_listen_says_what_is_wrong)
{
	const char *why = NULL;

	ck_assert_int_eq(http_listen("nowhere at all", &why), E_MALFORMED);
	ck_assert_ptr_nonnull(strstr(why, "127.0.0.1:9664"));
	ck_assert_int_eq(http_listen("192.0.2.1:9664", &why), E_SYS);
	ck_assert_str_eq(why, "Cannot assign requested address");
}
END_TEST

START_TEST(http_takes_over_a_stale_socket_file)
{
	char path[64];
	const char *why = "";

	snprintf(path, sizeof path, "/tmp/eg-test-admin-%d.sock", (int)getpid());
	int first = http_listen(path, &why);
	ck_assert_msg(first >= 0, "%s", why);
	ck_assert_int_eq(http_listen(path, &why), E_SYS);
	ck_assert_str_eq(why, "Address already in use");
	close(first);
	int second = http_listen(path, &why);
	ck_assert_msg(second >= 0, "%s", why);
	close(second);
	unlink(path);
}
END_TEST

/* ---- the process, under a master that is played here ---- */

struct process {
	pid_t pid;
	int control;
	struct server server;            /* for ask(); its port is the one that was free */
};

static uint16_t free_port(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof a;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	ck_assert_int_eq(bind(fd, (struct sockaddr *)&a, n), 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&a, &n), 0);
	close(fd);
	return ntohs(a.sin_port);
}

static struct process process_start(void)
{
	struct process p = { .server.port = free_port() };
	int pair[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	struct heritage h = { .control = pair[1], .log = STDERR_FILENO, .stats = stats_create(1),
	                      .topology = topology_create(1), .image = -1, .nworkers = 1 };
	p.pid = fork();
	if (p.pid == 0) {
		close(pair[0]);
		_exit(admin_main(&h));
	}
	close(pair[1]);
	close(h.stats);
	close(h.topology);
	p.control = pair[0];
	return p;
}

static struct control_message hear(const struct process *p)
{
	struct control_message m;
	int fd;

	ck_assert_int_eq(control_recv(p->control, &m, &fd), 0);
	ck_assert_int_eq(fd, -1);
	return m;
}

static void tell(const struct process *p, enum control_type type, uint64_t generation, int fd)
{
	struct control_message m = control_of(type, generation);

	ck_assert_int_eq(control_send(p->control, &m, fd), 0);
	if (fd >= 0)
		close(fd);
}

static struct control_message prepare(const struct process *p, uint64_t generation, const char *address)
{
	tell(p, CONTROL_PREPARE, generation, image_fd(generation, address));
	struct control_message m = hear(p);
	ck_assert_int_eq(m.type, CONTROL_PREPARED);
	ck_assert_uint_eq(m.generation, generation);
	return m;
}

static void commit(const struct process *p, uint64_t generation)
{
	tell(p, CONTROL_COMMIT, generation, -1);
	struct control_message m = hear(p);
	ck_assert_int_eq(m.type, CONTROL_COMMITTED);
	ck_assert_int_eq(m.error, 0);
}

static void process_end(struct process *p)
{
	int status;

	close(p->control);
	ck_assert_int_eq(waitpid(p->pid, &status, 0), p->pid);
	ck_assert(WIFEXITED(status));
	ck_assert_int_eq(WEXITSTATUS(status), 0);
}

START_TEST(process_follows_its_master)
{
	struct process p = process_start();
	char address[32], other[32];

	snprintf(address, sizeof address, "127.0.0.1:%u", p.server.port);
	ck_assert_int_eq(hear(&p).type, CONTROL_READY);
	ck_assert_int_eq(prepare(&p, 1, address).error, 0);
	commit(&p, 1);
	ck_assert_ptr_nonnull(strstr(ask(&p.server, "GET /v1/status HTTP/1.1\r\n" END_OF_REQUEST), "\"generation\":1,"));

	/* A generation that was dropped is forgotten. */
	ck_assert_int_eq(prepare(&p, 2, address).error, 0);
	tell(&p, CONTROL_DROP, 2, -1);
	tell(&p, CONTROL_COMMIT, 2, -1);
	ck_assert_int_eq(hear(&p).error, E_STATE);

	/* Another address takes over with the commit. */
	p.server.port = free_port();
	snprintf(other, sizeof other, "127.0.0.1:%u", p.server.port);
	ck_assert_int_eq(prepare(&p, 3, other).error, 0);
	commit(&p, 3);
	ck_assert_ptr_nonnull(strstr(ask(&p.server, "GET /v1/status HTTP/1.1\r\n" END_OF_REQUEST), "\"generation\":3,"));
	int fd = http_listen(address, &(const char *){ "" });
	ck_assert_int_ge(fd, 0);

	/* One that is taken refuses the generation and says why. */
	struct control_message m = prepare(&p, 4, address);
	ck_assert_int_eq(m.error, E_SYS);
	ck_assert_ptr_nonnull(strstr(m.text, "Address already in use"));
	close(fd);
	process_end(&p);
}
END_TEST

START_TEST(process_shows_the_last_reload)
{
	struct process p = process_start();
	char address[32];

	snprintf(address, sizeof address, "127.0.0.1:%u", p.server.port);
	ck_assert_int_eq(hear(&p).type, CONTROL_READY);
	struct control_message m = control_of(CONTROL_ANSWER, 0);
	m.error = E_FINDINGS;
	ck_assert_int_eq(control_send_text(p.control, "a.yaml:3:1: one\nb", 17), 0);
	ck_assert_int_eq(control_send_text(p.control, ".yaml:4:1: two\n", 15), 0);
	ck_assert_int_eq(control_send(p.control, &m, -1), 0);
	ck_assert_int_eq(prepare(&p, 1, address).error, 0);
	commit(&p, 1);
	char *reply = ask(&p.server, "GET /v1/status HTTP/1.1\r\n" END_OF_REQUEST);
	ck_assert_ptr_nonnull(strstr(reply, "\"outcome\":\"refused\""));
	ck_assert_ptr_nonnull(strstr(reply, "\"findings\":[\"a.yaml:3:1: one\",\"b.yaml:4:1: two\"]"));
	process_end(&p);
}
END_TEST

START_TEST(process_refuses_what_is_no_image)
{
	struct process p = process_start();

	ck_assert_int_eq(hear(&p).type, CONTROL_READY);
	tell(&p, CONTROL_PREPARE, 1, fd_memfd_sealed("test", "not an image", 12));
	ck_assert_int_lt(hear(&p).error, 0);
	tell(&p, CONTROL_PREPARE, 1, -1);
	ck_assert_int_lt(hear(&p).error, 0);
	process_end(&p);
}
END_TEST

UNIT_MAIN("admin", ready_wants_a_commit_and_a_worker, ready_wants_one_generation, ready_wants_brokers_that_answer,
          ready_wants_a_port_for_each_broker, metrics_are_prometheus_text, metrics_families_are_whole,
          status_is_one_json_object, http_serves_the_table, http_head_has_no_body, http_errors_are_problems,
          http_survives_what_is_no_http,
          http_host_of_this_machine_passes, http_bounds_headers, http_listen_says_what_is_wrong,
          http_takes_over_a_stale_socket_file, process_follows_its_master, process_shows_the_last_reload,
          process_refuses_what_is_no_image)
