/* One client connection and its own connection to a broker. Owner: worker. */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "worker/dial.h"
#include "worker/kafka/principal.h"
#include "worker/session.h"
#include "worker/worker.h"

#define CONNECT_MS 2500u                 /* with the wheel's coarseness: the next one is tried within 3 s */
#define ENDING_MS 5000u                  /* for each step of an ending */
#define HALF_CLOSED_MS 30000u            /* answers to a client that has sent FIN, since the last byte */
#define HOLD_MS 30000u                   /* a held frame, and per MiB of it: */
#define HOLD_MS_PER_MIB 1000u
#define HOLDS_LITTLE (32u << 10)         /* bytes, its frame complete: below it a session has all of the memory budget */

static const struct {
	const char *word, *text;
	enum log_level level;
} reasons[CLOSE_COUNT] = {
#define REASON(id, word, level, text) [CLOSE_##id] = { word, text, LOG_LEVEL_##level },
#include "worker/reason.def"
#undef REASON
};

static void client_ready(struct stream *st, enum stream_event ev);
static void upstream_ready(struct stream *st, enum stream_event ev);

const char *close_reason_word(enum close_reason r)
{
	return reasons[r].word;
}

/* ---- states ---- */

static void log_end(const struct session *s)
{
	if (!log_is_on(reasons[s->reason].level) || !worker_may_log(s->worker))
		return;
	char address[INET6_ADDRSTRLEN];
	struct log_field fields[] = {
		{ "reason", span_str(reasons[s->reason].word) },
		{ "listener", span_str(worker_route(s->worker, s->route)->name) },
		{ "address", span_str(greeting_client(s, address, sizeof address)) },
		{ "client", span_of(s->link.client_id, s->link.nclient_id) },
		{ "user", principal_user(s) },
	};
	log_fields(reasons[s->reason].level, reasons[s->reason].text, fields, ARRAY_LEN(fields));
}

static void forget_target(struct session *s)
{
	if (s->target)
		slab_put(&s->worker->targets, s->target);
	s->target = NULL;
}

/* Always forward; entering a state does what belongs to it. */
static void session_set(struct session *s, enum session_state state)
{
	struct worker *w = s->worker;

	INVARIANT(state > s->state);
	if (s->state <= SESSION_OPEN && state > SESSION_OPEN) {
		worker_count_close(w, s->reason);
		log_end(s);
	}
	s->state = state;
	s->state_since = clock_ms();
	wheel_set(&w->wheel, &s->timer, s->state_since + ENDING_MS);
	if (state == SESSION_PARTING)
		stream_finish(&s->client);
	if (state >= SESSION_LEAVING)
		stream_close(&s->client);
	if (state == SESSION_LEAVING)
		stream_finish(&s->upstream);
	if (state != SESSION_DEAD)
		return;
	dial_cancel(s->dial);
	s->dial = NULL;
	forget_target(s);
	if (stream_is_open(&s->upstream))
		worker_count(w, STATS_UPSTREAMS, -1);
	stream_close(&s->upstream);
	wheel_remove(&s->timer);
	list_remove(&s->starving);
	list_remove(&s->node);
	list_append(&w->dead, &s->node);
	w->nsessions--;
	worker_note_sessions(w);
	peers_leave(&w->peers, &s->peer);
	worker_count(w, STATS_CONNECTIONS, -1);
	if (w->favoured == s)
		w->favoured = NULL;
}

static void end_requests(struct session *s, enum close_reason reason)
{
	if (s->state > SESSION_OPEN)
		return;
	s->reason = reason;
	link_cut(s);
	session_set(s, SESSION_DRAINING);
}

void session_drain(struct session *s, enum close_reason reason)
{
	end_requests(s, reason);
}

void session_stop(struct session *s)
{
	if (s->state > SESSION_OPEN)
		return;
	s->taking = true;
	s->reason = CLOSE_STOP;
	session_set(s, SESSION_DRAINING);
	session_settle(s);
}

void session_lose_upstream(struct session *s, enum close_reason reason)
{
	if (stream_is_open(&s->upstream))
		worker_count(s->worker, STATS_UPSTREAMS, -1);
	stream_close(&s->upstream);
	forget_target(s);
	reader_fini(&s->responses, &s->worker->blocks);
	link_orphan(s);
	s->taking = false;
	end_requests(s, reason);
	if (s->state == SESSION_LEAVING)
		session_set(s, SESSION_DEAD);
}

/* The client cannot be written or read any more; what it sent goes on. */
static void lose_client(struct session *s, enum close_reason reason)
{
	if (s->state <= SESSION_OPEN)
		s->reason = reason;
	link_cut(s);
	if (s->state < SESSION_LEAVING)
		session_set(s, stream_is_open(&s->upstream) || s->dial ? SESSION_LEAVING : SESSION_DEAD);
}

void session_kill(struct session *s)
{
	if (s->state <= SESSION_OPEN)
		s->reason = CLOSE_STOP;
	if (s->state != SESSION_DEAD)
		session_set(s, SESSION_DEAD);
}

/* ---- birth and death ---- */

static int secure_client(struct session *s)
{
	const struct settings_listener *l = worker_listener(s->worker, s->route);
	struct ssl_ctx_st *ctx = l ? generation_tls(s->worker->in_force, l->tls) : NULL;

	return ctx ? stream_secure(&s->client, ctx, NULL) : 0;
}

/* What comes first: a proxy's header, a TLS handshake, or a request. */
static int begin_client(struct session *s, bool greeted)
{
	if (!greeted)
		return secure_client(s);
	s->greeting = calloc(1, sizeof *s->greeting);
	return s->greeting ? 0 : E_NOMEM;
}

struct session *session_new(struct worker *w, int fd, const struct peer_address *peer, bool greeted, uint32_t route, int32_t broker)
{
	struct session *s = slab_get(&w->session_slab);

	if (!s) {
		close(fd);
		return NULL;
	}
	*s = (struct session){ .worker = w, .peer = *peer, .route = route, .broker = broker, .upstream_server = w->next_server++ };
	s->link.fault = CLOSE_MALFORMED;
	list_init(&s->node);
	list_init(&s->starving);
	wheel_entry_init(&s->timer);
	stream_init(&s->client, &w->streams, client_ready);
	stream_init(&s->upstream, &w->streams, upstream_ready);
	stream_open(&s->client, fd, STREAM_OPEN);
	if (begin_client(s, greeted)) {
		stream_close(&s->client);
		slab_put(&w->session_slab, s);
		return NULL;
	}
	s->active = s->state_since = clock_ms();
	list_append(&w->sessions, &s->node);
	w->nsessions++;
	worker_note_sessions(w);
	worker_count(w, STATS_CONNECTIONS, 1);
	worker_count(w, STATS_CONNECTIONS_TOTAL, 1);
	wheel_set(&w->wheel, &s->timer, s->active + worker_settings(w)->limit_header_ms);
	stream_resume(&s->client);
	return s;
}

void session_bury(struct session *s)
{
	struct worker *w = s->worker;

	INVARIANT(s->state == SESSION_DEAD);
	reader_fini(&s->requests, &w->blocks);
	reader_fini(&s->responses, &w->blocks);
	link_fini(s);
	free(s->greeting);
	free(s->told);
	list_remove(&s->node);
	slab_put(&w->session_slab, s);
}

/* ---- reaching the upstream ---- */

static void next_attempt(struct session *s)
{
	if (!s->target)
		s->target = slab_get(&s->worker->targets);
	if (!s->target) {
		session_lose_upstream(s, CLOSE_MEMORY);
		return;
	}
	if (!kafka_route(s, s->attempts, s->target)) {
		session_lose_upstream(s, CLOSE_UNREACHABLE);
		return;
	}
	s->attempts++;
	s->attempt_since = clock_ms();
	wheel_set(&s->worker->wheel, &s->timer, s->attempt_since + CONNECT_MS);
	dial_start(s->worker, s, s->target);
}

void session_reach(struct session *s)
{
	if (s->state != SESSION_GREETING)
		return;
	session_set(s, SESSION_OPEN);
	next_attempt(s);
}

static void reached(struct session *s)
{
	forget_target(s);
	failures_clear(&s->worker->failures, s->link.reached);
	worker_note_reach(s->worker, s->route, true);
	stream_resume(&s->upstream);
}

static int secure_upstream(struct session *s)
{
	const struct settings_listener *l = worker_listener(s->worker, s->route);
	const struct generation *g = s->worker->in_force;
	struct ssl_ctx_st *ctx = l ? generation_tls(g, g->settings.clusters[l->cluster].tls) : NULL;

	return ctx ? stream_secure(&s->upstream, ctx, s->target->host) : 0;
}

static void log_unreachable(const struct session *s, const char *why)
{
	const struct dial_target *t = s->target;
	char broker[sizeof t->host + 16];

	snprintf(broker, sizeof broker, strchr(t->host, ':') ? "[%s]:%u" : "%s:%u", t->host, t->port);
	struct log_field fields[] = {
		{ "listener", span_str(worker_route(s->worker, s->route)->name) },
		{ "broker", span_str(broker) },
		{ "why", span_str(why) },
	};
	log_fields(LOG_LEVEL_WARN, "a broker could not be reached", fields, ARRAY_LEN(fields));
}

void session_unreachable(struct session *s, const char *why)
{
	worker_note_reach(s->worker, s->route, false);
	failures_note(&s->worker->failures, s->link.reached, s->target->turn, clock_ms());
	if (worker_may_log(s->worker))
		log_unreachable(s, why);
	next_attempt(s);
}

static void attempt_failed(struct session *s, const char *why)
{
	stream_abandon(&s->upstream);
	worker_count(s->worker, STATS_UPSTREAMS, -1);
	session_unreachable(s, why);
}

void session_connected(struct session *s, int fd, bool in_progress)
{
	stream_open(&s->upstream, fd, in_progress ? STREAM_CONNECTING : STREAM_OPEN);
	worker_count(s->worker, STATS_UPSTREAMS, 1);
	if (secure_upstream(s))
		session_lose_upstream(s, CLOSE_MEMORY);
	else if (!in_progress && greeting_send(s))
		attempt_failed(s, strerror(errno));
	else if (s->upstream.state == STREAM_OPEN)
		reached(s);
}

static void attempt_answered(struct session *s)
{
	int error = 0;

	if (s->upstream.state == STREAM_CONNECTING) {
		error = stream_connected(&s->upstream);
		if (!error)
			error = greeting_send(s);
	}
	if (!error && s->upstream.state == STREAM_SHAKING)
		error = stream_shake(&s->upstream);
	if (error == E_AGAIN)
		stream_resume(&s->upstream);
	else if (error)
		attempt_failed(s, stream_why(&s->upstream));
	else
		reached(s);
}

/* Under TLS 1.3 a broker refuses our certificate only now, and says why. */
static void break_upstream(struct session *s)
{
	if (s->upstream.tls && worker_may_log(s->worker)) {
		struct log_field fields[] = {
			{ "listener", span_str(worker_route(s->worker, s->route)->name) },
			{ "why", span_str(stream_why(&s->upstream)) },
		};
		log_fields(LOG_LEVEL_WARN, "a broker's TLS connection broke", fields, ARRAY_LEN(fields));
	}
	session_lose_upstream(s, CLOSE_BROKER_RESET);
}

/* ---- reading ---- */

/* 0, or why nothing was read and the stream is paused. */
static int read_some(struct session *s, struct stream *st, struct reader *r, const struct reader_ops *ops, enum block_demand demand)
{
	struct worker *w = s->worker;
	struct iovec iov[2];
	int niov;
	size_t n = 0;

	int error = reader_prepare(r, &w->blocks, demand, iov, &niov, worker_reading(w));
	if (error)
		return error;
	error = stream_read(st, iov, niov, &n);
	if (error)
		return error;
	s->active = clock_ms();
	worker_count(w, st == &s->client ? STATS_CLIENT_IN : STATS_BROKER_IN, (int64_t)n);
	error = reader_received(r, ops, s, &w->blocks, iov, niov, n);
	return error == E_EOF || error == E_AGAIN || error == E_SYS || error == E_LIMIT ? E_MALFORMED : error;
}

bool session_holds_little(const struct session *s)
{
	size_t frame = s->requests.state == READER_HOLD ? s->requests.size : s->requests.n;

	return s->client.queued + s->upstream.queued + frame + s->responses.n < HOLDS_LITTLE;
}

static void starve(struct session *s)
{
	struct worker *w = s->worker;

	stream_pause(&s->client);
	if (!list_is_empty(&s->starving))
		return;
	worker_count(w, STATS_READS_PAUSED, 1);
	if (session_holds_little(s))
		list_prepend(&w->starving, &s->starving);
	else
		list_append(&w->starving, &s->starving);
}

/* Only a session that the worker favours may pass the budget: it misses the fewest bytes. */
static enum block_demand demand_of(const struct session *s)
{
	bool little = session_holds_little(s);

	if (s->worker->favoured == s && (little || !s->worker->favour_is_small))
		return BLOCK_BEYOND_LIMIT;
	return little ? BLOCK_WITHIN_LIMIT : BLOCK_WITHIN_SHARE;
}

/* Nothing that comes matters any more, but it must be read: closing with unread input
 * resets the connection and destroys the answers on their way. */
static void discard(struct session *s)
{
	struct iovec scratch = worker_scratch(s->worker);
	size_t n;
	int error = stream_read(&s->client, &scratch, 1, &n);

	if (error == E_AGAIN || error == 0)
		return;
	s->client_eof = true;
	stream_pause(&s->client);
	if (error == E_SYS)
		lose_client(s, CLOSE_CLIENT_RESET);
}

/* What is held has a deadline from its first byte on; what passes may last, but not stop. */
static void note_frame(struct session *s)
{
	bool between = reader_is_between_frames(&s->requests);
	bool held = !between && s->requests.state != READER_PASS;

	if (held && s->frame_since && s->frames_seen == s->requests.frames)
		return;
	s->frames_seen = s->requests.frames;
	s->frame_since = between ? 0 : s->active;
	if (between)
		return;
	wheel_set(&s->worker->wheel, &s->timer, s->active + worker_settings(s->worker)->limit_header_ms);
}

static void refuse_requests(struct session *s, int error)
{
	s->taking = false;
	end_requests(s, error == E_NOMEM ? CLOSE_MEMORY : s->link.fault);
}

static enum close_reason greeting_fault(int error)
{
	switch (error) {
	case E_EOF:                      /* without a word: balancers look so whether somebody is there */
	case E_LIMIT:
		return CLOSE_CLIENT;
	case E_SYS:
		return CLOSE_CLIENT_RESET;
	case E_NOMEM:
		return CLOSE_MEMORY;
	default:
		return CLOSE_PROXY;
	}
}

static void read_greeting(struct session *s)
{
	int error = greeting_read(s);

	if (error == 0)
		error = secure_client(s);
	if (error == E_LIMIT)
		worker_count_refused(s->worker, "address");
	if (error && error != E_AGAIN)
		lose_client(s, greeting_fault(error));
}

static void read_client(struct session *s)
{
	if (s->greeting) {
		read_greeting(s);
		return;
	}
	if (session_is_ending(s) && !s->taking) {
		discard(s);
		return;
	}
	enum block_demand demand = demand_of(s);
	if (s->worker->blocks.used >= blocks_bound(&s->worker->blocks, demand)) {
		starve(s);
		return;
	}
	int error = read_some(s, &s->client, &s->requests, &kafka_request_ops, demand);
	switch (error) {
	case E_AGAIN:
		return;
	case 0:
		note_frame(s);
		break;
	case E_LIMIT:
		starve(s);
		return;
	case E_EOF:
		s->client_eof = true;
		stream_pause(&s->client);
		end_requests(s, CLOSE_CLIENT);
		break;
	case E_SYS:
		lose_client(s, CLOSE_CLIENT_RESET);
		break;
	default:
		refuse_requests(s, error);
	}
	if (link_is_parked(&s->link))
		stream_pause(&s->client);
	if (s->worker->favoured == s && s->requests.state != READER_HOLD)
		s->worker->favoured = NULL;
}

/* The request that was parked, then what was read behind it. */
static void read_parked(struct session *s)
{
	int error = link_go_on(s);

	if (!error && !link_is_parked(&s->link))
		error = reader_go_on(&s->requests, &kafka_request_ops, s, &s->worker->blocks, worker_scratch(s->worker));
	if (error)
		refuse_requests(s, error);
	else
		note_frame(s);
}

static void read_upstream(struct session *s)
{
	int error = read_some(s, &s->upstream, &s->responses, &kafka_response_ops, BLOCK_BEYOND_LIMIT);

	if (error == 0 || error == E_AGAIN)
		return;
	if (error == E_EOF)
		session_lose_upstream(s, CLOSE_BROKER);
	else if (error == E_SYS)
		break_upstream(s);
	else
		session_lose_upstream(s, error == E_NOMEM ? CLOSE_MEMORY : CLOSE_BAD_ANSWER);
}

/* ---- settling: after anything happened ---- */

static void flush_client(struct session *s)
{
	uint64_t before = s->client.sent;
	int error = stream_flush(&s->client);

	if (s->client.sent != before)
		s->active = clock_ms();
	worker_count(s->worker, STATS_CLIENT_OUT, (int64_t)(s->client.sent - before));
	if (error)
		lose_client(s, error == E_NOMEM ? CLOSE_MEMORY : CLOSE_CLIENT_RESET);
}

static void flush_upstream(struct session *s)
{
	uint64_t before = s->upstream.sent;
	int error = stream_flush(&s->upstream);

	if (s->upstream.sent != before)
		s->active = clock_ms();
	worker_count(s->worker, STATS_BROKER_OUT, (int64_t)(s->upstream.sent - before));
	if (error == E_NOMEM)
		session_lose_upstream(s, CLOSE_MEMORY);
	else if (error)
		break_upstream(s);
}

/* Moves an ending on as far as it can go now. */
static void advance(struct session *s)
{
	if (s->state == SESSION_DRAINING && link_is_idle(&s->link))
		session_set(s, SESSION_PARTING);
	if (s->state == SESSION_PARTING && s->client_eof && s->client.state == STREAM_FINISHED)
		session_set(s, SESSION_LEAVING);
	if (s->state == SESSION_LEAVING && !stream_is_open(&s->upstream) && !s->dial)
		session_set(s, SESSION_DEAD);
	if (s->state == SESSION_LEAVING && s->upstream.state == STREAM_OPEN)
		stream_finish(&s->upstream);
}

static void resume_client(struct session *s)
{
	/* while it was not read, it could not show that it goes on */
	if (!s->client.reading && s->requests.state == READER_PASS)
		s->frame_since = clock_ms();
	stream_resume(&s->client);
}

/* An eighth of the budget below what stopped it, so that it does not stop at once again. */
bool session_is_fed(const struct session *s)
{
	const struct blocks *bs = &s->worker->blocks;

	return bs->used <= blocks_bound(bs, demand_of(s)) - bs->limit / 8;
}

bool session_may_be_read(const struct session *s)
{
	if (s->client_eof || link_is_parked(&s->link))
		return false;
	if (session_is_ending(s) && !s->taking)
		return true;             /* it is read and thrown away */
	return stream_has_room(&s->upstream) && stream_has_room(&s->client) && s->link.in_flight <= LINK_IN_FLIGHT_MAX / 2;
}

/* Backpressure is which of the two sides is read. */
static void regulate(struct session *s)
{
	bool full = stream_is_full(&s->upstream) || stream_is_full(&s->client) || s->link.in_flight >= LINK_IN_FLIGHT_MAX;

	if (!list_is_empty(&s->starving) && session_is_fed(s))
		list_remove(&s->starving);
	if (!s->client_eof && list_is_empty(&s->starving) && !link_is_parked(&s->link)) {
		if (session_may_be_read(s))
			resume_client(s);
		else if (full)
			stream_pause(&s->client);
	}
	if (stream_is_full(&s->client))
		stream_pause(&s->upstream);
	else if (stream_has_room(&s->client))
		stream_resume(&s->upstream);
}

void session_settle(struct session *s)
{
	if (s->state == SESSION_DEAD)
		return;
	flush_upstream(s);
	if (s->state < SESSION_LEAVING)
		flush_client(s);
	advance(s);
	if (s->state == SESSION_DEAD)
		return;
	regulate(s);
}

static void shake_client(struct session *s)
{
	int error = stream_shake(&s->client);

	if (error == E_AGAIN || error == 0)
		return;
	/* who connects and leaves looks whether somebody is there */
	bool spoken = tls_was_spoken_to(s->client.tls);
	if (spoken && worker_may_log(s->worker)) {
		struct log_field fields[] = {
			{ "listener", span_str(worker_route(s->worker, s->route)->name) },
			{ "why", span_str(stream_why(&s->client)) },
		};
		log_fields(LOG_LEVEL_INFO, "a client's TLS handshake failed", fields, ARRAY_LEN(fields));
	}
	lose_client(s, spoken ? CLOSE_TLS : CLOSE_CLIENT);
}

static struct session *session_of(struct stream *st, size_t offset)
{
	return (struct session *)((char *)st - offset);
}

static void client_ready(struct stream *st, enum stream_event ev)
{
	struct session *s = session_of(st, offsetof(struct session, client));

	if (st->state == STREAM_SHAKING)
		shake_client(s);
	else if (ev == STREAM_READABLE)
		read_client(s);
	session_settle(s);
}

static void upstream_ready(struct stream *st, enum stream_event ev)
{
	struct session *s = session_of(st, offsetof(struct session, upstream));

	if (st->state < STREAM_OPEN)
		attempt_answered(s);
	else if (ev == STREAM_READABLE)
		read_upstream(s);
	session_settle(s);
	if (s->state == SESSION_DEAD || !link_may_go_on(&s->link))
		return;
	read_parked(s);              /* nothing is lent any more: it reads into the same scratch */
	session_settle(s);
}

void session_feed(struct session *s)
{
	list_remove(&s->starving);
	session_settle(s);
}

/* ---- deadlines ---- */

static uint64_t hold_due(const struct session *s)
{
	return s->frame_since + HOLD_MS + (s->requests.size >> 20) * HOLD_MS_PER_MIB;
}

static bool is_reaching(const struct session *s)
{
	return s->state > SESSION_GREETING && s->state < SESSION_DEAD &&
	       (s->dial || (stream_is_open(&s->upstream) && s->upstream.state < STREAM_OPEN));
}

static void expire_attempt(struct session *s)
{
	if (s->dial) {
		dial_cancel(s->dial);
		s->dial = NULL;
		session_unreachable(s, "its name was not resolved in time");
		return;
	}
	attempt_failed(s, "no answer in time");
}

static uint64_t open_due(const struct session *s, enum close_reason *reason)
{
	const struct settings *set = worker_settings(s->worker);

	if (link_is_parked(&s->link)) {
		*reason = CLOSE_LOOKUP;
		return link_lookup_due(&s->link);
	}
	if (s->requests.state == READER_HOLD && s->frame_since) {
		*reason = CLOSE_FRAME_TIMEOUT;
		return hold_due(s);
	}
	if (s->requests.state == READER_PASS) {
		*reason = CLOSE_STALLED;
		return (s->client.reading ? s->frame_since : clock_ms()) + set->limit_header_ms;
	}
	if (s->frame_since) {
		*reason = CLOSE_HEADER_TIMEOUT;
		return s->frame_since + set->limit_header_ms;
	}
	*reason = CLOSE_IDLE;
	return (link_is_idle(&s->link) ? s->active : clock_ms()) + set->limit_idle_ms;
}

/* When the state that the session is in has lasted long enough, and why it then ends. */
static uint64_t due_of(const struct session *s, enum close_reason *reason)
{
	switch (s->state) {
	case SESSION_GREETING:
		*reason = CLOSE_HEADER_TIMEOUT;
		return s->state_since + worker_settings(s->worker)->limit_header_ms;
	case SESSION_OPEN:
		return open_due(s, reason);
	case SESSION_DRAINING:
		return s->reason == CLOSE_CLIENT ? s->active + HALF_CLOSED_MS : s->state_since + ENDING_MS;
	default:
		return s->state_since + ENDING_MS;
	}
}

static void expire(struct session *s, enum close_reason reason)
{
	switch (s->state) {
	case SESSION_GREETING:
	case SESSION_OPEN:
		if (reason == CLOSE_FRAME_TIMEOUT)
			worker_count(s->worker, STATS_FRAME_DEADLINES, 1);
		end_requests(s, reason);
		break;
	case SESSION_DRAINING:
		link_orphan(s);
		break;
	case SESSION_PARTING:
		session_set(s, SESSION_LEAVING);
		break;
	default:
		session_set(s, SESSION_DEAD);
	}
}

void session_timer(struct session *s, uint64_t now)
{
	enum close_reason reason = s->reason;
	uint64_t due = is_reaching(s) ? s->attempt_since + CONNECT_MS : due_of(s, &reason);

	if (due > now) {
		wheel_set(&s->worker->wheel, &s->timer, due);
		return;
	}
	if (is_reaching(s))
		expire_attempt(s);
	else
		expire(s, reason);
	session_settle(s);
	if (s->state != SESSION_DEAD && list_is_empty(&s->timer.node))
		wheel_set(&s->worker->wheel, &s->timer, now + WHEEL_TICK_MS);
}
