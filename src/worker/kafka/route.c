/* Which broker a connection is for, and what clients are told about brokers: each has a port
 * of ours, by its id. Brokers are learned from the answers that pass and shared
 * with the other workers. Owner: worker. */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/hash.h"
#include "worker/dial.h"
#include "worker/kafka/row.h"
#include "worker/session.h"
#include "worker/worker.h"

#define ADDRESSES_TRIED 2u               /* of each server's name, in turn */

/* ---- what is known ---- */

static struct broker_table *find_table(struct kafka_tools *t, uint64_t key)
{
	for (size_t i = 0; i < t->ntables; i++)
		if (t->tables[i]->key == key)
			return t->tables[i];
	if (t->ntables == ARRAY_LEN(t->tables))
		return NULL;
	struct broker_table *b = calloc(1, sizeof *b);
	if (b) {
		b->key = key;
		t->tables[t->ntables++] = b;
	}
	return b;
}

/* The cluster's brokers, as new as any worker knows them; NULL without memory. */
static struct broker_table *table_of(struct worker *w, uint64_t key)
{
	struct broker_table *t = find_table(&w->kafka, key);
	size_t n;
	uint64_t stamp;

	if (!t || !w->has_topology || topology_stamp(&w->topology, key) <= t->stamp)
		return t;
	/* in parts: a table that cannot be read now is read again next time */
	if (topology_newest(&w->topology, key, t->brokers, TOPOLOGY_BROKERS_MAX, &n, &stamp) == 0) {
		t->n = n;
		t->stamp = stamp;
	}
	return t;
}

static const struct topology_broker *find_broker(const struct broker_table *t, int32_t id)
{
	for (size_t i = 0; i < t->n; i++)
		if (t->brokers[i].id == id)
			return &t->brokers[i];
	return NULL;
}

/* The lowest id of those that share a port keeps it. */
static const struct topology_broker *keeper_of(const struct broker_table *t, const struct settings_view *v, const struct settings_listener *l, int32_t slot)
{
	const struct topology_broker *best = NULL;

	for (size_t i = 0; i < t->n; i++) {
		const struct topology_broker *b = &t->brokers[i];
		if (settings_broker_slot(v, l, b->id) == slot && (!best || b->id < best->id))
			best = b;
	}
	return best;
}

/* ---- where a session goes ---- */

static uint64_t server_key(const char *host, uint32_t port)
{
	return hash64(host, strlen(host), port);
}

static void aim(struct session *s, const char *host, uint32_t port, unsigned turn, struct dial_target *out)
{
	snprintf(out->host, sizeof out->host, "%s", host);
	out->port = (uint16_t)port;
	s->link.reached = server_key(out->host, port);
	out->turn = failures_turn(&s->worker->failures, s->link.reached, turn);
}

static const struct topology_broker *own_broker(struct session *s)
{
	const struct settings_listener *l = worker_listener(s->worker, s->route);
	const struct broker_table *t = table_of(s->worker, worker_route(s->worker, s->route)->cluster_key);

	return l && t && s->broker >= 0 ? keeper_of(t, &s->worker->in_force->settings, l, s->broker) : NULL;
}

static const struct settings_server *bootstrap_server(const struct session *s, const struct settings_cluster *c, unsigned attempt)
{
	return &s->worker->in_force->settings.servers[c->first_server + (s->upstream_server + attempt) % c->nservers];
}

/* Takes further turns while the server whose turn it is failed lately: one that is silent
 * would cost each session that meets it first the whole time of an attempt. */
static void begin_where_it_works(struct session *s, const struct settings_cluster *c)
{
	struct worker *w = s->worker;

	for (uint32_t i = 0; i <= c->nservers; i++) {
		const struct settings_server *server = bootstrap_server(s, c, 0);
		if (!failures_avoid(&w->failures, server_key(image_text(&w->in_force->image, server->host), server->port), clock_ms()))
			return;
		s->upstream_server = w->next_server++;
	}
}

bool kafka_route(struct session *s, unsigned attempt, struct dial_target *out)
{
	struct worker *w = s->worker;
	const struct settings_listener *l = worker_listener(w, s->route);
	const struct topology_broker *b = own_broker(s);

	if (!l)
		return false;
	if (b && !s->link.discovery) {
		if (attempt >= ADDRESSES_TRIED)
			return false;
		aim(s, b->host, b->port, attempt, out);
		return true;
	}
	s->link.discovery = s->broker >= 0;
	const struct settings_cluster *c = &w->in_force->settings.clusters[l->cluster];
	if (c->nservers == 0 || attempt >= c->nservers * ADDRESSES_TRIED)
		return false;
	if (attempt == 0)
		begin_where_it_works(s, c);
	const struct settings_server *server = bootstrap_server(s, c, attempt);
	aim(s, image_text(&w->in_force->image, server->host), server->port, attempt / c->nservers, out);
	return true;
}

bool kafka_route_is_right(struct session *s)
{
	const struct topology_broker *b = own_broker(s);

	return b && server_key(b->host, b->port) == s->link.reached;
}

/* ---- what clients are told, and what is learned on the way ---- */

struct teller {
	struct session *session;
	const struct settings_listener *listener;
	struct broker_table *table;
	struct topology_broker *learned; /* NULL: learning is over, or the table only grows */
	size_t nlearned;
	bool changed;
	char host[TOPOLOGY_HOST_MAX];    /* that clients are told */
};

static bool teller_init(struct teller *t, struct session *s)
{
	struct worker *w = s->worker;

	*t = (struct teller){ .session = s, .listener = worker_listener(w, s->route) };
	t->table = table_of(w, worker_route(w, s->route)->cluster_key);
	if (!t->listener || !t->table)
		return false;
	snprintf(t->host, sizeof t->host, "%s", image_text(&w->in_force->image, t->listener->advertise_host));
	const char *asked = t->host[0] ? NULL : stream_asked_host(&s->client);
	if (asked)
		snprintf(t->host, sizeof t->host, "%s", asked);
	return t->host[0] || greeting_server(s, t->host, sizeof t->host) || stream_local_host(&s->client, t->host, sizeof t->host);
}

static void set_broker(struct topology_broker *b, const struct kafka_address *a)
{
	size_t n = a->host.n < sizeof b->host ? a->host.n : sizeof b->host - 1;

	memset(b, 0, sizeof *b);
	b->id = a->node;
	b->port = (uint32_t)a->port;
	memcpy(b->host, a->host.p, n);
}

static bool is_address(const struct kafka_address *a)
{
	return a->node >= 0 && a->host.n > 0 && a->host.n < TOPOLOGY_HOST_MAX && a->port > 0 && a->port <= UINT16_MAX;
}

static bool learn(void *ctx, struct kafka_address *a)
{
	struct teller *t = ctx;

	if (is_address(a) && t->nlearned < TOPOLOGY_BROKERS_MAX)
		set_broker(&t->learned[t->nlearned++], a);
	return true;
}

static void learn_topic(void *ctx, struct span name, struct span id)
{
	struct session *s = ((struct teller *)ctx)->session;

	topic_names_learn(&s->worker->kafka.names, worker_route(s->worker, s->route)->cluster_key, id.p, name);
}

static void publish(struct teller *t)
{
	struct worker *w = t->session->worker;

	t->table->stamp = clock_ms();
	if (!w->has_topology)
		return;
	if (topology_publish(&w->topology, w->heritage->worker, t->table->key, t->table->brokers, t->table->n, t->table->stamp) &&
	    worker_may_log(w))
		log_error("the brokers of a cluster cannot be shared with the other workers: too many");
}

static bool same_table(const struct broker_table *t, const struct topology_broker *b, size_t n)
{
	return t->n == n && memcmp(t->brokers, b, n * sizeof *b) == 0;
}

/* A whole list of the cluster's brokers. */
static void replace_table(struct teller *t)
{
	if (t->nlearned == 0 || same_table(t->table, t->learned, t->nlearned))
		return;
	memcpy(t->table->brokers, t->learned, t->nlearned * sizeof *t->learned);
	t->table->n = t->nlearned;
	publish(t);
}

/* One broker that an answer names beside others that it does not. */
static void grow_table(struct teller *t, const struct kafka_address *a)
{
	struct topology_broker fresh;
	struct topology_broker *known = (struct topology_broker *)find_broker(t->table, a->node);

	set_broker(&fresh, a);
	if (known && memcmp(known, &fresh, sizeof fresh) == 0)
		return;
	if (!known && t->table->n == TOPOLOGY_BROKERS_MAX)
		return;
	if (!known)
		known = &t->table->brokers[t->table->n++];
	*known = fresh;
	publish(t);
}

static bool is_left_out(void *ctx, int32_t node)
{
	const struct teller *t = ctx;
	const struct settings_view *v = &t->session->worker->in_force->settings;
	int32_t slot = settings_broker_slot(v, t->listener, node);

	if (node < 0)
		return false;
	const struct topology_broker *keeper = slot < 0 ? NULL : keeper_of(t->table, v, t->listener, slot);
	return slot < 0 || (keeper && keeper->id != node);
}

static bool tell(void *ctx, struct kafka_address *a)
{
	struct teller *t = ctx;

	if (a->node < 0)
		return true;             /* an error's place-holder */
	if (is_address(a))
		grow_table(t, a);
	if (is_left_out(t, a->node)) {
		worker_log_peer(t->session, LOG_LEVEL_ERROR, "a broker id has no broker port of its own; it is left out: widen broker_ports");
		return false;
	}
	a->host = span_str(t->host);
	const struct settings_view *v = &t->session->worker->in_force->settings;
	a->port = (int32_t)settings_slot_port(v, t->listener, settings_broker_slot(v, t->listener, a->node));
	return true;
}

static int rewrite(struct teller *t, const struct exchange *e, struct span body, struct buf *out)
{
	const struct kafka_api *api = kafka_api_find(e->row->key);
	struct kafka_address_ops ops = { .broker = tell, .is_left_out = is_left_out, .ctx = t };
	size_t start = kafka_frame_begin(out, api, e->version, e->correlation);

	int error = kafka_address_rewrite(api, e->version, body, &ops, out);
	return error ? error : kafka_frame_end(out, start);
}

int addresses_rewrite_body(struct session *s, const struct exchange *e, struct span body, struct buf *out)
{
	struct teller t;
	struct kafka_address_ops ops = { .broker = tell, .is_left_out = is_left_out, .ctx = &t };

	if (!teller_init(&t, s))
		return E_STATE;
	return kafka_address_rewrite(kafka_api_find(e->row->key), e->version, body, &ops, out);
}

int addresses_response(struct session *s, const struct exchange *e, struct span body, struct buf *out)
{
	struct teller t;

	if (!teller_init(&t, s))
		return E_STATE;
	return rewrite(&t, e, body, out);
}

/* Names all brokers: first learned, for who keeps a port depends on the others, then told. */
int metadata_response(struct session *s, const struct exchange *e, struct span body, struct buf *out)
{
	struct kafka_tools *tools = &s->worker->kafka;
	struct teller t;
	struct kafka_address_ops ops = { .broker = learn, .topic = learn_topic, .ctx = &t };

	if (!teller_init(&t, s))
		return E_STATE;
	arena_reset(&tools->arena);
	t.learned = arena_array(&tools->arena, TOPOLOGY_BROKERS_MAX, sizeof *t.learned);
	if (!t.learned)
		return E_NOMEM;
	buf_clear(&tools->body);
	int error = kafka_address_rewrite(kafka_api_find(e->row->key), e->version, body, &ops, &tools->body);
	if (error)
		return error;
	replace_table(&t);
	return rewrite(&t, e, body, out);
}
