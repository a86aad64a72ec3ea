/* Configuration, flags and documents through a whole run of the loader: what is wrong is
 * found at its place, what is right ends in the image. A @ in a configuration of these
 * tests is no part of it: it marks where the finding must be. */
#include <fcntl.h>
#include <unistd.h>

#include "loader/loader.h"
#include "settings.h"
#include "unit.h"

#define SOUND_CLUSTER "clusters: { main: { bootstrap: [\"kafka-1:9092\", \"kafka-2:9093\"] } }\n"

struct outcome {
	char folder[32];
	char config[64], document[64];
	struct findings f;
	struct buf image;
	struct image img;
	struct settings_view v;
	int error;
};

static void write_file(const char *path, const char *text)
{
	FILE *out = fopen(path, "w");

	ck_assert_ptr_nonnull(out);
	fputs(text, out);
	ck_assert_int_eq(fclose(out), 0);
}

static void setup(struct outcome *o)
{
	memset(o, 0, sizeof *o);
	strcpy(o->folder, "/tmp/test_loader.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(o->folder));
	snprintf(o->config, sizeof o->config, "%s/gateway.yaml", o->folder);
	snprintf(o->document, sizeof o->document, "%s/lights.yaml", o->folder);
	findings_init(&o->f, 0);
	buf_init(&o->image, 0);
}

static void teardown(struct outcome *o)
{
	unlink(o->config);
	unlink(o->document);
	ck_assert_int_eq(rmdir(o->folder), 0);
	findings_fini(&o->f);
	buf_fini(&o->image);
}

static void run(struct outcome *o, const struct loader_input *in)
{
	o->error = loader_run(in, 1, &o->f, &o->image);
	if (o->error == 0) {
		ck_assert_int_eq(image_open(&o->img, o->image.p, o->image.n), 0);
		ck_assert_int_eq(settings_open(&o->v, &o->img), 0);
	}
}

static void run_config(struct outcome *o, const char *config)
{
	struct loader_input in = { .config = o->config };

	setup(o);
	write_file(o->config, config);
	run(o, &in);
}

/* Takes the @ out of text; its line and column, counted from 1. */
static void take_mark(char *text, unsigned *line, unsigned *column)
{
	char *mark = strchr(text, '@');

	ck_assert_ptr_nonnull(mark);
	*line = *column = 1;
	for (char *p = text; p < mark; p++) {
		*column = *p == '\n' ? 1 : *column + 1;
		*line += *p == '\n';
	}
	memmove(mark, mark + 1, strlen(mark));
}

static const struct {
	const char *config, *code, *text;        /* text: a part of the message */
} wrong[] = {
	{ "@worker: 2\n", "option-unknown", "did you mean workers?" },
	{ "limits: { @conections: 9 }\n", "option-unknown", "did you mean limits.connections?" },
	{ "zzzzzzzz: 1\n@qqqqqqqq: 1\n", "option-unknown", "no option \"qqqqqqqq\"" },
	{ "workers: @0\n", "option-value", "from 1 to 1024, or auto" },
	{ "workers: @2.5\n", "option-value", "a whole number" },
	{ "workers: @-1\n", "option-value", "a whole number" },
	{ "limits: { frame: @100QB }\n", "option-value", "a size such as" },
	{ "limits: { frame: @99999999999999999999 }\n", "option-value", "from 1KiB to 1GiB" },
	{ "limits: { frame: @2GiB }\n", "option-value", "from 1KiB to 1GiB" },
	{ "limits: { idle: @10 }\n", "option-value", "a time such as" },
	{ "limits: @7\n", "config-type", "limits is a mapping" },
	{ "limits: { idle: @[10m] }\n", "config-type", "no plain value" },
	{ "log: { level: @loud }\n", "option-value", "debug|info|notice|warn|error|alert" },
	{ "policy: { invalid: @divert }\n", "option-value", "not built yet" },
	{ "policy: { @valid: mark }\n", "option-unknown", "did you mean policy.invalid?" },
	{ "@store: /var/lib/event-gateway\n", "not-built", "store" },
	{ "clusters: { main: { bootstrap: [a:1], tls: { ca: @x } } }\n", "tls-file", "cannot be read" },
	{ "clusters: { main: { bootstrap: [a:1], @identity: {} } }\n", "not-built", "identity" },
	{ "clusters: { main: { bootstrap: [a:1], @producer: {} } }\n", "not-built", "producer" },
	{ "listeners: { main: { tls: @{} } }\n", "tls-pair", "write cert and key" },
	{ "listeners: { main: { tls: @{ cert: /etc/passwd } } }\n", "tls-pair", "without its key" },
	{ "listeners: { main: { tls: { cert: @/etc/passwd, key: /etc/passwd } } }\n", "tls-certificate", "no certificate" },
	{ "listeners: { main: { tls: { @ca: x } } }\n", "config-unknown", "tls has no" },
	{ "listeners: { main: { broker_ports: { @1-x: 19300 } } }\n", "config-ports", "FIRST-LAST: PORT" },
	{ "listeners: { main: { broker_ports: { @3-1: 19300 } } }\n", "config-ports", "FIRST-LAST: PORT" },
	{ "listeners: { main: { broker_ports: { @1-3: 65534 } } }\n", "config-ports", "FIRST-LAST: PORT" },
	{ "listeners: { main: { broker_ports: { 1-3: 19300, @3-4: 19310 } } }\n", "config-ports", "broker 3 has a port already" },
	{ "listeners: { main: { broker_ports: { 1-3: 19300, @7: 19302 } } }\n", "config-ports", "port 19302 is another broker's" },
	{ "listeners: { main: { broker_ports: @{ 1-2000: 19300 } } }\n", "config-limit", "broker ports" },
	{ "clusters: { main: { @bootstraps: [a:1] } }\n", "config-unknown", "did you mean bootstrap?" },
	{ "clusters: { main: { bootstrap: [@kafka] } }\n", "config-address", "HOST:PORT" },
	{ "clusters: { main: { bootstrap: [\"k:1\", @\"k:70000\"] } }\n", "config-address", "HOST:PORT" },
	{ "clusters: { @other: {} }\n", "broker-missing", "no bootstrap" },
	{ "clusters: { @\"a b\": {} }\n", "config-name", "cannot name a cluster" },
	{ "listeners: { main: { cluster: @mian } }\n", "listener-cluster", "the nearest is main" },
	{ "listeners: { @side: {} }\n", "listener-bind", "no address" },
	{ "listeners: { main: { bind: [@\"gw.example.com:9092\"] } }\n", "config-address", "is a name" },
	{ "listeners: { main: { broker_ports: @19200 } }\n", "config-ports", "FIRST-LAST" },
	{ "listeners: { main: { broker_ports: @19210-19200 } }\n", "config-ports", "FIRST-LAST" },
	{ "listeners: { main: { broker_ports: @1-65535 } }\n", "config-limit", "broker ports" },
	{ "listeners: { main: { bind: [@\"127.0.0.1:19203\"] } }\n", "port-twice", "one of the broker ports of listener main" },
	{ "listeners:\n  main: {}\n  side: { bind: [@\"*:19092\"], broker_ports: 19300-19301 }\n", "port-twice", "taken by listener main" },
	{ "clusters: { main: { bootstrap: [@\"127.0.0.1:19092\"] } }\n", "broker-is-listener", "own listener" },
	{ "clusters: { main: { bootstrap: [@\"localhost:19202\"] } }\n", "broker-is-listener", "own listener" },
	{ "rules:\n  - { @topic: a, invalid: reject }\n", "config-unknown", "did you mean topics?" },
	{ "rules:\n  - { topics: a, invalid: @drop }\n", "policy-action", "not known" },
	{ "rules: @{ topics: a }\n", "config-type", "rules is a list" },
	{ "documents: [@\"*.none\"]\n", "config-document", "no readable file" },
};

/* The rest of the configuration is sound, so that the one finding is the one that is meant. */
START_TEST(a_mistake_is_found_at_its_place)
{
	char text[512], place[128];
	unsigned line, column;
	struct outcome o;
	bool found = false;

	snprintf(text, sizeof text, "%s%s", wrong[_i].config, strstr(wrong[_i].config, "clusters:") ? "" : SOUND_CLUSTER);
	take_mark(text, &line, &column);
	run_config(&o, text);
	ck_assert_int_eq(o.error, E_FINDINGS);
	snprintf(place, sizeof place, "%s:%u:%u %s", o.config, line, column, wrong[_i].code);
	for (size_t i = 0; i < o.f.n && !found; i++) {
		const struct finding *f = &o.f.items[i];
		found = f->severity == FINDING_ERROR && f->at.line == line && f->at.column == column && strcmp(f->at.file, o.config) == 0 &&
		        strcmp(f->code, wrong[_i].code) == 0 && strstr(f->message, wrong[_i].text);
	}
	struct buf all;
	buf_init(&all, 0);
	loader_print(&o.f, &all);
	ck_assert_msg(found, "no \"%s\" at %s, but:\n%.*s", wrong[_i].text, place, (int)all.n, (const char *)all.p);
	buf_fini(&all);
	teardown(&o);
}
END_TEST

START_TEST(all_mistakes_are_found_at_once)
{
	struct outcome o;

	run_config(&o, "workers: 0\nlimits: { frame: x, idle: y }\nlog: { level: z }\n" SOUND_CLUSTER);
	ck_assert_int_eq(o.error, E_FINDINGS);
	ck_assert_uint_eq(o.f.errors, 4);
	for (size_t i = 1; i < o.f.n; i++)
		ck_assert(o.f.items[i - 1].at.line <= o.f.items[i].at.line);
	teardown(&o);
}
END_TEST

START_TEST(options_reach_the_image)
{
	struct outcome o;

	run_config(&o, "workers: 3\nlimits: { frame: 2MiB, idle: 90s, connections: 77 }\nlog: { level: warn, format: json }\n"
	               "policy: { undeclared: reject }\nadmin: { bind: \"\" }\n" SOUND_CLUSTER);
	ck_assert_int_eq(o.error, 0);
	ck_assert_uint_eq(o.v.settings->workers, 3);
	ck_assert_uint_eq(o.v.settings->limit_frame, 2097152);
	ck_assert_uint_eq(o.v.settings->limit_idle_ms, 90000);
	ck_assert_uint_eq(o.v.settings->limit_connections, 77);
	ck_assert_uint_eq(o.v.settings->limit_header_ms, 30000);        /* the design's default */
	ck_assert_str_eq(image_text(&o.img, o.v.settings->admin_bind), "");
	ck_assert_uint_eq(o.v.nservers, 2);
	ck_assert_str_eq(image_text(&o.img, o.v.servers[1].host), "kafka-2");
	ck_assert_uint_eq(o.v.servers[1].port, 9093);
	teardown(&o);
}
END_TEST

START_TEST(the_default_listener_is_of_the_manual)
{
	struct outcome o;

	run_config(&o, SOUND_CLUSTER);
	ck_assert_int_eq(o.error, 0);
	ck_assert_uint_eq(o.v.nlisteners, 1);
	ck_assert_str_eq(image_text(&o.img, o.v.listeners[0].name), "main");
	ck_assert_str_eq(image_text(&o.img, o.v.binds[0].host), "127.0.0.1");
	ck_assert_uint_eq(o.v.binds[0].port, 19092);
	ck_assert_int_eq(o.v.binds[0].broker, -1);
	ck_assert_uint_eq(o.v.binds[1].port, 19200);
	ck_assert_int_eq(o.v.binds[1].broker, 0);
	teardown(&o);
}
END_TEST

START_TEST(every_address_has_the_broker_ports)
{
	struct outcome o;

	run_config(&o, SOUND_CLUSTER "listeners: { main: { bind: [\"[::1]:9092\", \"localhost:9093\"], broker_ports: 9100-9102 } }\n");
	ck_assert_int_eq(o.error, 0);
	ck_assert_uint_eq(o.v.nbinds, 8);
	ck_assert_str_eq(image_text(&o.img, o.v.binds[0].host), "::1");
	ck_assert_str_eq(image_text(&o.img, o.v.binds[4].host), "127.0.0.1");
	ck_assert_uint_eq(o.v.binds[7].port, 9102);
	ck_assert_int_eq(o.v.binds[7].broker, 2);
	teardown(&o);
}
END_TEST

/* -o beats the environment, which beats the file. */
START_TEST(nearer_layers_win)
{
	const char *overrides[] = { "limits.frame=3MiB", "listeners.main.broker_ports=9500-9501" };
	char frame[] = "EVENTGATEWAY_LIMITS_FRAME=2MiB", idle[] = "EVENTGATEWAY_LIMITS_IDLE=20s";
	char *environment[] = { frame, idle, NULL };
	struct outcome o;

	setup(&o);
	write_file(o.config, "limits: { frame: 1MiB, idle: 10s, header: 5s }\n" SOUND_CLUSTER);
	struct loader_input in = {
		.config = o.config, .overrides = overrides, .noverrides = 2, .environment = environment,
		.brokers = "[::1]:1,b:2,c:3", .listen = "127.0.0.1:7777",
	};
	run(&o, &in);
	ck_assert_int_eq(o.error, 0);
	ck_assert_uint_eq(o.v.settings->limit_frame, 3 << 20);
	ck_assert_uint_eq(o.v.settings->limit_idle_ms, 20000);
	ck_assert_uint_eq(o.v.settings->limit_header_ms, 5000);
	ck_assert_uint_eq(o.v.nservers, 3);
	ck_assert_str_eq(image_text(&o.img, o.v.servers[0].host), "::1");
	ck_assert_uint_eq(o.v.binds[0].port, 7777);
	ck_assert_uint_eq(o.v.listeners[0].broker_port_base, 9500);
	teardown(&o);
}
END_TEST

static const char *const documents[] = {
	/* one server: its address; several distinct ones: none can be chosen */
	"servers: { a: { host: \"k:1\", protocol: kafka } }",
	"servers: { a: { host: \"k:1\", protocol: kafka }, b: { host: \"k:1\", protocol: kafka } }",
	"servers: { a: { host: \"k:1\", protocol: kafka }, b: { host: \"k:2\", protocol: kafka } }",
	"servers: { a: { host: \"k:1\", protocol: kafka-secure } }",
	"x-none: true",
};
static const char *const document_codes[] = { NULL, NULL, "broker-several", NULL, "broker-missing" };

START_TEST(brokers_come_from_the_documents)
{
	char text[512];
	struct outcome o;
	bool found = false;

	setup(&o);
	snprintf(text, sizeof text, "asyncapi: 3.0.0\ninfo: { title: t, version: '1' }\nchannels: { c: { address: lights } }\n%s\n", documents[_i]);
	write_file(o.document, text);
	const char *paths[] = { o.document };
	struct loader_input in = { .documents = paths, .ndocuments = 1 };
	run(&o, &in);
	for (size_t i = 0; document_codes[_i] && i < o.f.n; i++)
		found |= strcmp(o.f.items[i].code, document_codes[_i]) == 0;
	ck_assert_int_eq(o.error, document_codes[_i] ? E_FINDINGS : 0);
	ck_assert(found == (document_codes[_i] != NULL));
	if (o.error == 0)
		ck_assert_str_eq(image_text(&o.img, o.v.servers[0].host), "k");
	if (o.error == 0)
		ck_assert_uint_eq(o.v.clusters[0].tls, strstr(documents[_i], "kafka-secure") ? 1 : 0);
	teardown(&o);
}
END_TEST

START_TEST(a_misspelt_variable_is_a_warning)
{
	char variable[] = "EVENTGATEWAY_POLICY_INVLID=mark";
	char *environment[] = { variable, NULL };
	struct loader_input in = { .brokers = "k:1", .environment = environment };
	struct outcome o;

	setup(&o);
	run(&o, &in);
	ck_assert_int_eq(o.error, 0);
	ck_assert_uint_eq(o.f.warnings, 1);
	ck_assert_ptr_nonnull(strstr(o.f.items[0].message, "policy.invalid"));
	teardown(&o);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("loader");
	TCase *tc = tcase_create("loader");

	tcase_add_loop_test(tc, a_mistake_is_found_at_its_place, 0, ARRAY_LEN(wrong));
	tcase_add_test(tc, all_mistakes_are_found_at_once);
	tcase_add_test(tc, options_reach_the_image);
	tcase_add_test(tc, the_default_listener_is_of_the_manual);
	tcase_add_test(tc, every_address_has_the_broker_ports);
	tcase_add_test(tc, nearer_layers_win);
	tcase_add_loop_test(tc, brokers_come_from_the_documents, 0, ARRAY_LEN(documents));
	tcase_add_test(tc, a_misspelt_variable_is_a_warning);
	suite_add_tcase(s, tc);
	return unit_run(s);
}
