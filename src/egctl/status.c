/* egctl status: what /v1/status says, for people or as it is. Owner: egctl. */
#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "egctl/client.h"
#include "egctl/egctl.h"

static const char *text_of(const json_t *object, const char *key)
{
	const char *s = json_string_value(json_object_get(object, key));

	return s ? s : "?";
}

static long long number_of(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

/* "12 s ago", "3 min ago", "never"; of a member that holds milliseconds. */
static const char *span_text(const json_t *object, const char *key, char *out, size_t n)
{
	const json_t *v = json_object_get(object, key);
	long long s = json_integer_value(v) / 1000;

	if (!json_is_integer(v))
		snprintf(out, n, "never");
	else if (s < 120)
		snprintf(out, n, "%lld s ago", s);
	else if (s < 7200)
		snprintf(out, n, "%lld min ago", s / 60);
	else
		snprintf(out, n, "%lld h ago", s / 3600);
	return out;
}

static void print_list(const json_t *all)
{
	size_t i;
	json_t *v;

	json_array_foreach(all, i, v)
		printf("%s%s", i ? ", " : "", json_string_value(v));
}

static void print_head(const struct egctl *e, const json_t *s)
{
	bool ready = json_is_true(json_object_get(s, "ready"));
	char since[32];
	size_t i;
	json_t *v;

	printf("event-gateway %s, generation %lld, in force %s, %s%s%s\n", text_of(s, "version"), number_of(s, "generation"),
	       span_text(s, "committed_ms_ago", since, sizeof since), egctl_paint(e, ready ? PAINT_GOOD : PAINT_BAD),
	       ready ? "ready" : "not ready", egctl_paint(e, PAINT_PLAIN));
	json_array_foreach(json_object_get(s, "reasons"), i, v)
		printf("  %s%s%s\n", egctl_paint(e, PAINT_WARN), json_string_value(v), egctl_paint(e, PAINT_PLAIN));
}

static void print_workers(const struct egctl *e, const json_t *all)
{
	char silent[32];
	size_t i;
	json_t *w;

	printf("\n%sworker   state      pid      sessions  generation  last beat%s\n", egctl_paint(e, PAINT_BOLD),
	       egctl_paint(e, PAINT_PLAIN));
	json_array_foreach(all, i, w)
		printf("%-8lld %-10s %-8lld %-9lld %-11lld %s\n", number_of(w, "worker"), text_of(w, "state"),
		       number_of(w, "pid"), number_of(w, "sessions"), number_of(w, "generation"),
		       span_text(w, "heartbeat_age_ms", silent, sizeof silent));
}

static void print_listeners(const json_t *all)
{
	size_t i;
	json_t *l;

	json_array_foreach(all, i, l) {
		const char *ports = json_string_value(json_object_get(l, "broker_ports"));
		printf("\nlistener %s: ", text_of(l, "name"));
		print_list(json_object_get(l, "bind"));
		printf(", broker ports %s, to cluster %s\n", ports ? ports : "none", text_of(l, "cluster"));
	}
}

static void print_clusters(const json_t *all)
{
	char ago[32];
	size_t i, k;
	json_t *c, *b;

	json_array_foreach(all, i, c) {
		printf("cluster %s: ", text_of(c, "name"));
		print_list(json_object_get(c, "bootstrap"));
		printf(", brokers learned: %s\n", span_text(c, "learned_ms_ago", ago, sizeof ago));
		json_array_foreach(json_object_get(c, "brokers"), k, b)
			printf("  broker %lld at %s:%lld\n", number_of(b, "id"), text_of(b, "host"), number_of(b, "port"));
	}
}

static void print_records(const struct egctl *e, json_t *by_verdict)
{
	const char *key;
	json_t *v;

	printf("\n%srecords  %s", egctl_paint(e, PAINT_BOLD), egctl_paint(e, PAINT_PLAIN));
	if (json_object_size(by_verdict) == 0)
		printf("none yet");
	json_object_foreach(by_verdict, key, v)
		printf("%s %lld  ", key, (long long)json_integer_value(v));
	printf("\n");
}

static void print_reload(const struct egctl *e, const json_t *r)
{
	size_t i;
	json_t *v;

	if (!json_is_object(r))
		return;
	bool good = strcmp(text_of(r, "outcome"), "committed") == 0;
	printf("reload   %s%s%s at %s\n", egctl_paint(e, good ? PAINT_GOOD : PAINT_BAD), text_of(r, "outcome"),
	       egctl_paint(e, PAINT_PLAIN), text_of(r, "time"));
	json_array_foreach(json_object_get(r, "findings"), i, v)
		printf("  %s\n", json_string_value(v));
}

static int print_status(const struct egctl *e, const json_t *s)
{
	print_head(e, s);
	print_workers(e, json_object_get(s, "workers"));
	print_listeners(json_object_get(s, "listeners"));
	print_clusters(json_object_get(s, "clusters"));
	print_records(e, json_object_get(s, "records"));
	print_reload(e, json_object_get(s, "reload"));
	return json_is_true(json_object_get(s, "ready")) ? EGCTL_GOOD : EGCTL_FINDINGS;
}

static int show(const struct egctl *e, const struct buf *body)
{
	json_t *s = json_loadb((const char *)body->p, body->n, 0, NULL);

	if (!json_is_object(s)) {
		json_decref(s);
		return egctl_fail(e, "the answer is no status object; is %s the admin address?", e->admin);
	}
	int code = json_is_true(json_object_get(s, "ready")) ? EGCTL_GOOD : EGCTL_FINDINGS;
	if (e->json)
		fwrite(body->p, 1, body->n, stdout);
	else
		code = print_status(e, s);
	json_decref(s);
	return code;
}

int egctl_status(struct egctl *e, int argc, char **argv)
{
	const char *why = "";
	struct buf body;
	int http = 0;

	if (argc > 1)
		return egctl_usage(e, "'%s' is too much", argv[1]);
	if (!e->admin)
		e->admin = CLIENT_ADMIN_DEFAULT;
	buf_init(&body, 0);
	int error = client_get(e->admin, "/v1/status", &http, &body, &why), code;
	if (error)
		code = egctl_fail(e, "%s: %s", e->admin, why);
	else if (http != 200)
		code = egctl_fail(e, "%s answered %d: %.*s", e->admin, http, (int)body.n, (const char *)body.p);
	else
		code = show(e, &body);
	buf_fini(&body);
	return code;
}
