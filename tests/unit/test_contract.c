/* Documents to an image, and records of topics to verdicts, actions and reasons: the way
 * that the loader and a worker go. */
#include "asyncapi/model.h"
#include "contract/internal.h"
#include "base/hash.h"
#include "unit.h"

struct world {
	struct findings f;
	struct tree_set *set;
	struct asyncapi *a;
	struct buf bytes;
	struct image img;
	struct contract *c;
	struct arena arena;
	struct asyncapi_address address;
	struct asyncapi_cluster cluster;
	struct contract_input in;
	int result;
};

static void begin(struct world *w)
{
	*w = (struct world){ .address = { "localhost", 9092 } };
	findings_init(&w->f, 100);
	w->set = tree_set_new(&w->f, NULL);
	w->a = asyncapi_new(w->set, &w->f);
	w->cluster = (struct asyncapi_cluster){ "main", &w->address, 1 };
	w->in = (struct contract_input){ .policy = asyncapi_policy_default(), .clusters = &w->cluster, .nclusters = 1 };
	buf_init(&w->bytes, 0);
	arena_init(&w->arena, 4096, 0);
}

static void add(struct world *w, const char *name, const char *text)
{
	(void)asyncapi_add(w->a, tree_parse(w->set, name, text, strlen(text)), ASYNCAPI_CONFIGURED);
}

static void print_findings(struct world *w)
{
	struct buf line;

	buf_init(&line, 0);
	for (size_t i = 0; i < w->f.n; i++) {
		buf_clear(&line);
		finding_print(&line, &w->f.items[i]);
		printf("%.*s\n", (int)line.n, (const char *)line.p);
	}
	buf_fini(&line);
}

static void build(struct world *w)
{
	struct image_builder b;

	image_builder_init(&b);
	struct compile *c = compile_new(&b, &w->f, NULL);
	w->result = asyncapi_contract(w->a, &b, c, &w->in);
	if (w->result == 0)
		w->result = compile_finish(c);
	compile_free(c);
	if (w->result == 0)
		w->result = image_finish(&b, 1, &w->bytes);
	image_builder_fini(&b);
}

static void open_contract(struct world *w)
{
	build(w);
	if (w->result)
		print_findings(w);
	ck_assert_int_eq(w->result, 0);
	ck_assert_int_eq(image_open(&w->img, w->bytes.p, w->bytes.n), 0);
	ck_assert_int_eq(schema_verify(&w->img), 0);
	ck_assert_int_eq(contract_verify(&w->img), 0);
	w->c = contract_open(&w->img);
	ck_assert_ptr_nonnull(w->c);
}

static void end(struct world *w)
{
	contract_close(w->c);
	arena_fini(&w->arena);
	buf_fini(&w->bytes);
	asyncapi_free(w->a);
	tree_set_free(w->set);
	findings_fini(&w->f);
}

static void one_document(struct world *w, const char *text)
{
	begin(w);
	add(w, "lights.yaml", text);
	open_contract(w);
}

static struct contract_topic find(struct world *w, const char *topic)
{
	struct contract_topic t;

	contract_find(w->c, 0, span_str(topic), &t);
	return t;
}

static struct judgement judge_record(struct world *w, const char *topic, const struct record_view *r, struct judgement_report *report)
{
	struct contract_topic t = find(w, topic);
	struct judgement j;

	contract_judge(w->c, &t, r, &j);
	*report = (struct judgement_report){ .arena = &w->arena, .topic = span_str(topic) };
	contract_explain(w->c, &t, r, &j, report);
	return j;
}

static void ck_verdict(struct world *w, const char *topic, const struct record_view *r, enum verdict verdict, enum action action, const char *text)
{
	struct judgement_report report;
	struct judgement j = judge_record(w, topic, r, &report);

	ck_assert_msg(j.verdict == verdict, "%s: verdict %s, not %s: %s", topic, verdict_word(j.verdict), verdict_word(verdict), report.text);
	ck_assert_msg(j.action == action, "%s: action %s, not %s", topic, action_word(j.action), action_word(action));
	if (text)
		ck_assert_str_eq(report.text, text);
}

static struct record_view value(const char *json)
{
	return (struct record_view){ .value = json ? span_str(json) : SPAN_NULL };
}

static void ck_value(struct world *w, const char *topic, const char *json, enum verdict verdict, enum action action, const char *text)
{
	struct record_view r = value(json);

	ck_verdict(w, topic, &r, verdict, action, text);
}

#define ck_valid(w, topic, json) ck_value(w, topic, json, VERDICT_VALID, ACTION_OBSERVE, NULL)
#define ck_invalid(w, topic, json, text) ck_value(w, topic, json, VERDICT_INVALID, ACTION_REJECT, text)

#define HEAD "asyncapi: 3.0.0\ninfo: {title: t, version: '1'}\n"

static const char lights[] =
	HEAD
	"channels:\n"
	"  lights:\n"
	"    address: lights.measured\n"
	"    messages:\n"
	"      lightMeasured:\n"
	"        payload:\n"
	"          type: object\n"
	"          required: [lumens]\n"
	"          properties: {lumens: {type: integer, minimum: 0}}\n";

START_TEST(a_record_is_judged_by_its_message)
{
	struct world w;

	one_document(&w, lights);
	ck_valid(&w, "lights.measured", "{\"lumens\": 100}");
	ck_invalid(&w, "lights.measured", "{\"lumens\": true}", "lightMeasured: /lumens: expected integer >= 0, found true");
	ck_value(&w, "lights.measured", "{\"lumens\": -1}", VERDICT_INVALID, ACTION_REJECT, NULL);
	ck_value(&w, "lights.measured", "{}", VERDICT_INVALID, ACTION_REJECT, NULL);
	ck_value(&w, "lights.measured", "not json", VERDICT_INVALID, ACTION_REJECT, NULL);
	ck_invalid(&w, "lights.measured", "", "lightMeasured: payload: expected JSON, found an empty value");
	end(&w);
}
END_TEST

START_TEST(names_and_parts_are_told)
{
	struct world w;
	struct judgement_report report;
	struct record_view r = value("{\"lumens\": true}");

	one_document(&w, lights);
	struct judgement j = judge_record(&w, "lights.measured", &r, &report);
	ck_assert_str_eq(contract_message_name(w.c, j.message), "lightMeasured");
	ck_assert_str_eq(contract_channel_name(w.c, j.channel), "lights");
	ck_assert_str_eq(contract_document_name(w.c, j.document), "lights.yaml");
	ck_assert_str_eq(report.part, "payload");
	ck_assert_uint_eq(report.nerrors, 1);
	ck_assert_str_eq(report.errors[0].instance, "/lumens");
	ck_assert_str_eq(contract_message_name(w.c, UINT32_MAX), "");
	end(&w);
}
END_TEST

START_TEST(an_undeclared_topic_names_the_nearest)
{
	struct world w;

	one_document(&w, lights);
	ck_value(&w, "light.measured", "1", VERDICT_UNDECLARED, ACTION_OBSERVE,
		"no document declares the topic light.measured; the nearest is lights.measured");
	ck_value(&w, "orders", "1", VERDICT_UNDECLARED, ACTION_OBSERVE, "no document declares the topic orders");
	ck_assert_str_eq(contract_nearest_topic(w.c, 0, span_str("lights.mesured")), "lights.measured");
	ck_assert_str_eq(contract_nearest_topic(w.c, 0, span_str("lights.measured.extra")), "");
	ck_assert_str_eq(contract_nearest_topic(w.c, 7, span_str("lights.measured")), "");
	struct contract_topic t = find(&w, "orders");
	ck_assert_uint_eq(t.index, UINT32_MAX);
	ck_assert(!t.any_policy);
	ck_assert(!contract_is_empty(w.c, 0));
	end(&w);
}
END_TEST

START_TEST(no_document_is_an_empty_contract)
{
	struct world w;

	begin(&w);
	open_contract(&w);
	ck_assert(contract_is_empty(w.c, 0));
	ck_value(&w, "a", "1", VERDICT_UNDECLARED, ACTION_OBSERVE, "no document declares the topic a");
	end(&w);
	begin(&w);
	w.in.policy.action[VERDICT_UNDECLARED] = ACTION_REJECT;
	open_contract(&w);
	ck_assert(!contract_is_empty(w.c, 0));
	ck_value(&w, "a", "1", VERDICT_UNDECLARED, ACTION_REJECT, NULL);
	end(&w);
}
END_TEST

static const char two_messages[] =
	HEAD
	"channels:\n"
	"  a:\n"
	"    address: a\n"
	"    messages:\n"
	"      on: {payload: {type: object, required: [kind], properties: {kind: {const: 'on'}, level: {type: integer}}}}\n"
	"      off: {payload: {type: object, required: [kind], properties: {kind: {const: 'off'}}}}\n"
	"  b:\n"
	"    address: b\n"
	"    messages:\n"
	"      any: {payload: {type: object}}\n"
	"      some: {payload: {type: object, properties: {x: {type: integer}}}}\n";

START_TEST(exactly_one_message_must_match)
{
	struct world w;
	struct judgement_report report;
	struct record_view off = value("{\"kind\":\"off\"}");

	one_document(&w, two_messages);
	struct judgement j = judge_record(&w, "a", &off, &report);
	ck_assert_int_eq(j.verdict, VERDICT_VALID);
	ck_assert_str_eq(contract_message_name(w.c, j.message), "off");
	ck_value(&w, "a", "{\"kind\":\"on\",\"level\":\"high\"}", VERDICT_INVALID, ACTION_REJECT, "on: /level: expected integer, found \"high\"");
	ck_value(&w, "b", "{\"x\":1}", VERDICT_AMBIGUOUS, ACTION_OBSERVE, "b: matches several messages: any, some; exactly one may match");
	ck_valid(&w, "b", "{\"x\":\"s\"}");
	end(&w);
}
END_TEST

START_TEST(a_wrong_constant_is_farther_than_a_missing_field)
{
	struct world w;

	one_document(&w, HEAD
		"channels:\n"
		"  a:\n"
		"    address: a\n"
		"    messages:\n"
		"      on: {payload: {type: object, required: [command], properties: {command: {const: 'on'}}}}\n"
		"      dim: {payload: {type: object, required: [command, level], properties: {command: {const: dim}, level: {type: integer}}}}\n");
	struct record_view r = value("{\"command\":\"dim\"}");
	struct judgement_report report;
	ck_assert_int_eq(judge_record(&w, "a", &r, &report).verdict, VERDICT_INVALID);
	ck_assert_str_eq(report.message, "dim");
	end(&w);
}
END_TEST

START_TEST(channels_of_one_address_join_their_messages)
{
	struct world w;

	one_document(&w, HEAD
		"channels:\n"
		"  a: {address: t, messages: {m: {$ref: '#/components/messages/M'}}}\n"
		"  b: {address: t, messages: {m: {$ref: '#/components/messages/M'}, n: {payload: {type: string}}}}\n"
		"components: {messages: {M: {payload: {type: integer}}}}\n");
	ck_valid(&w, "t", "1");
	ck_valid(&w, "t", "\"s\"");
	ck_value(&w, "t", "true", VERDICT_INVALID, ACTION_REJECT, NULL);
	end(&w);
}
END_TEST

START_TEST(templates_take_what_their_parameters_allow)
{
	struct world w;

	one_document(&w, HEAD
		"channels:\n"
		"  exact: {address: l.eu.on, messages: {exact: {payload: {const: 1}}}}\n"
		"  any: {address: 'l.{region}.on', parameters: {region: {}}, messages: {any: {payload: {const: 2}}}}\n"
		"  listed: {address: 'l.{region}.off', parameters: {region: {enum: [eu, us]}}, messages: {listed: {payload: {const: 3}}}}\n"
		"  nearer: {address: 'l.x-{n}.on', parameters: {n: {}}, messages: {nearer: {payload: {const: 4}}}}\n"
		"  inner: {address: 'adeo-{env}-case-{version}', parameters: {env: {}, version: {}}, messages: {inner: {payload: {const: 5}}}}\n");
	ck_valid(&w, "l.eu.on", "1");
	ck_valid(&w, "l.us.on", "2");
	ck_valid(&w, "l.x-1.on", "4");
	ck_valid(&w, "l.us.off", "3");
	ck_valid(&w, "adeo-dev-case-case-7", "5");
	ck_value(&w, "l.asia.off", "3", VERDICT_UNDECLARED, ACTION_OBSERVE,
		"no document declares the topic l.asia.off; the nearest is l.{region}.off");
	ck_value(&w, "l.a.b.on", "2", VERDICT_UNDECLARED, ACTION_OBSERVE, NULL);
	ck_value(&w, "l..on", "2", VERDICT_UNDECLARED, ACTION_OBSERVE, NULL);
	end(&w);
}
END_TEST

START_TEST(schemas_of_2x_parameters_hold)
{
	struct world w;

	one_document(&w,
		"asyncapi: 2.6.0\ninfo: {title: t, version: '1'}\n"
		"channels:\n"
		"  'p.{n}':\n"
		"    parameters: {n: {schema: {type: integer, maximum: 9}}}\n"
		"    publish: {message: {payload: {type: integer}}}\n");
	ck_valid(&w, "p.9", "1");
	ck_value(&w, "p.10", "1", VERDICT_UNDECLARED, ACTION_OBSERVE, NULL);
	ck_value(&w, "p.x", "1", VERDICT_UNDECLARED, ACTION_OBSERVE, NULL);
	end(&w);
}
END_TEST

START_TEST(every_declaring_document_must_accept)
{
	struct world w;

	begin(&w);
	add(&w, "one.yaml", HEAD "channels: {a: {address: t.x, messages: {one: {payload: {type: integer}}}}}\n");
	add(&w, "two.yaml", HEAD "channels: {a: {address: 't.{p}', parameters: {p: {}}, x-eventgateway-policy: {invalid: mark}, messages: {two: {payload: {minimum: 5}}}}}\n");
	open_contract(&w);
	ck_valid(&w, "t.x", "7");
	ck_value(&w, "t.x", "3", VERDICT_INVALID, ACTION_MARK, NULL);
	ck_value(&w, "t.x", "3.5", VERDICT_INVALID, ACTION_REJECT, "one: payload: expected integer, found 3.5");
	ck_valid(&w, "t.y", "7.5");
	end(&w);
}
END_TEST

START_TEST(one_accepting_document_may_suffice)
{
	struct world w;

	begin(&w);
	add(&w, "one.yaml", HEAD "channels: {a: {address: t, messages: {one: {payload: {type: integer}}}}}\n");
	add(&w, "two.yaml", HEAD "channels: {a: {address: t, messages: {two: {payload: {type: string}}}}}\n");
	w.in.any_document = true;
	open_contract(&w);
	ck_valid(&w, "t", "7");
	ck_valid(&w, "t", "\"s\"");
	ck_value(&w, "t", "true", VERDICT_INVALID, ACTION_REJECT, NULL);
	end(&w);
}
END_TEST

START_TEST(rules_beat_documents_beat_the_policy)
{
	struct world w;
	struct asyncapi_policy mark = policy_unset(), observe = mark, refuse = mark;
	mark.action[VERDICT_INVALID] = ACTION_MARK;
	observe.action[VERDICT_INVALID] = ACTION_OBSERVE;
	refuse.action[VERDICT_UNDECLARED] = ACTION_REJECT;
	struct asyncapi_rule rules[] = {
		{ .topics = "ruled.*", .message = "m", .policy = mark },
		{ .topics = "ruled.*", .policy = observe },
		{ .topics = "secret?", .policy = refuse },
	};

	begin(&w);
	add(&w, "d.yaml", HEAD
		"channels:\n"
		"  a: {address: ruled.a, messages: {m: {payload: {const: 1}}}}\n"
		"  b: {address: ruled.b, messages: {n: {payload: {const: 1}}}}\n"
		"  t: {address: 'ruled.{x}.t', parameters: {x: {}}, messages: {m: {payload: {const: 1}}}}\n"
		"  c: {address: c, x-eventgateway-policy: {invalid: mark}, messages: {m: {payload: {const: 1}}, n: {payload: {const: 2}, x-eventgateway-policy: {invalid: observe}}}}\n"
		"  d: {address: d, messages: {m: {payload: {const: 1}}}}\n");
	w.in.rules = rules;
	w.in.nrules = 3;
	open_contract(&w);
	ck_value(&w, "ruled.a", "0", VERDICT_INVALID, ACTION_MARK, NULL);
	ck_value(&w, "ruled.b", "0", VERDICT_INVALID, ACTION_OBSERVE, NULL);
	ck_value(&w, "ruled.q.t", "0", VERDICT_INVALID, ACTION_MARK, NULL);
	ck_value(&w, "c", "0", VERDICT_INVALID, ACTION_MARK, NULL);
	ck_value(&w, "d", "0", VERDICT_INVALID, ACTION_REJECT, NULL);
	ck_value(&w, "secret1", "0", VERDICT_UNDECLARED, ACTION_REJECT, NULL);
	ck_value(&w, "secret12", "0", VERDICT_UNDECLARED, ACTION_OBSERVE, NULL);
	ck_assert_uint_eq(find(&w, "ruled.b").strictest, ACTION_REJECT);
	ck_assert(find(&w, "secret1").any_policy);
	ck_assert_uint_eq(find(&w, "secret1").undeclared_action, ACTION_REJECT);
	end(&w);
}
END_TEST

static const char keyed[] =
	HEAD
	"channels:\n"
	"  text: {address: text, messages: {m: {bindings: {kafka: {key: {type: string, minLength: 2}}}}}}\n"
	"  number: {address: number, messages: {m: {bindings: {kafka: {key: {type: integer}}}}}}\n"
	"  either: {address: either, messages: {m: {bindings: {kafka: {key: {anyOf: [{type: string, pattern: '^k'}, {type: integer, minimum: 10}]}}}}}}\n"
	"  object: {address: object, messages: {m: {bindings: {kafka: {key: {type: [object, 'null'], required: [id]}}}}}}\n"
	"  constant: {address: constant, messages: {m: {bindings: {kafka: {key: only}}}}}\n";

static void ck_key(struct world *w, const char *topic, const char *key, enum verdict verdict, const char *text)
{
	struct record_view r = { .key = key ? span_str(key) : SPAN_NULL, .value = SPAN_LIT("x") };

	ck_verdict(w, topic, &r, verdict, verdict == VERDICT_VALID ? ACTION_OBSERVE : ACTION_REJECT, text);
}

START_TEST(keys_are_read_by_their_schema)
{
	struct world w;

	one_document(&w, keyed);
	ck_key(&w, "text", "12", VERDICT_VALID, NULL);
	ck_key(&w, "text", "1", VERDICT_INVALID, NULL);
	ck_key(&w, "text", NULL, VERDICT_INVALID, "m: key: expected string, found null");
	ck_key(&w, "text", "\xff\xfe", VERDICT_INVALID, "m: key: the key is not UTF-8 text");
	ck_key(&w, "number", "12", VERDICT_VALID, NULL);
	ck_key(&w, "number", " 12", VERDICT_INVALID, "m: key: expected integer, found \" 12\"");
	ck_key(&w, "either", "k", VERDICT_VALID, NULL);
	ck_key(&w, "either", "12", VERDICT_VALID, NULL);
	ck_key(&w, "either", "9", VERDICT_INVALID, NULL);
	ck_key(&w, "object", "{\"id\":1}", VERDICT_VALID, NULL);
	ck_key(&w, "object", NULL, VERDICT_VALID, NULL);
	ck_key(&w, "object", "{}", VERDICT_INVALID, NULL);
	ck_key(&w, "constant", "only", VERDICT_VALID, NULL);
	ck_key(&w, "constant", "other", VERDICT_INVALID, NULL);
	end(&w);
}
END_TEST

static const char headed[] =
	HEAD
	"channels:\n"
	"  h:\n"
	"    address: h\n"
	"    messages:\n"
	"      m:\n"
	"        headers:\n"
	"          type: object\n"
	"          required: [id]\n"
	"          additionalProperties: false\n"
	"          properties: {id: {type: string}, n: {type: integer}, all: {type: array, items: {type: integer}, minItems: 2}, raw: {type: string, format: binary}}\n";

static void ck_headers(struct world *w, const struct record_header *h, size_t n, enum verdict verdict, const char *text)
{
	struct record_view r = { .value = SPAN_LIT("x"), .headers = h, .nheaders = n };

	ck_verdict(w, "h", &r, verdict, verdict == VERDICT_VALID ? ACTION_OBSERVE : ACTION_REJECT, text);
}

#define H(name, value) { SPAN_LIT(name), SPAN_LIT(value) }

START_TEST(headers_are_read_by_their_schema)
{
	struct world w;
	const struct record_header good[] = { H("id", "7"), H("n", "12"), H("all", "1"), H("all", "2"), H("traceparent", "00-1"), H("raw", "\xff") };
	const struct record_header missing[] = { H("n", "12") };
	const struct record_header wrong[] = { H("id", "7"), H("n", "twelve") };
	const struct record_header last_wins[] = { H("n", "x"), H("id", "7"), H("n", "1") };
	const struct record_header unknown[] = { H("id", "7"), H("other", "1") };
	const struct record_header few[] = { H("id", "7"), H("all", "1") };
	const struct record_header bytes[] = { H("id", "\xff") };

	one_document(&w, headed);
	ck_assert(find(&w, "h").needs_headers);
	ck_headers(&w, good, ARRAY_LEN(good), VERDICT_VALID, NULL);
	ck_headers(&w, missing, ARRAY_LEN(missing), VERDICT_INVALID, NULL);
	ck_headers(&w, wrong, ARRAY_LEN(wrong), VERDICT_INVALID, "m: headers /n: expected integer, found \"twelve\"");
	ck_headers(&w, last_wins, ARRAY_LEN(last_wins), VERDICT_VALID, NULL);
	ck_headers(&w, unknown, ARRAY_LEN(unknown), VERDICT_INVALID, NULL);
	ck_headers(&w, few, ARRAY_LEN(few), VERDICT_INVALID, NULL);
	ck_headers(&w, bytes, ARRAY_LEN(bytes), VERDICT_INVALID, "m: headers: the value of id is not UTF-8 text");
	ck_headers(&w, NULL, 0, VERDICT_INVALID, NULL);
	end(&w);
}
END_TEST

START_TEST(tombstones_follow_compaction_or_the_schema)
{
	struct world w;

	one_document(&w, HEAD
		"channels:\n"
		"  compacted: {address: c, bindings: {kafka: {topicConfiguration: {cleanup.policy: [delete, compact]}}}, messages: {m: {payload: {type: object}}}}\n"
		"  nullable: {address: n, messages: {m: {payload: {type: [object, 'null']}}}}\n"
		"  plain: {address: p, messages: {m: {payload: {type: object}}}}\n");
	ck_valid(&w, "c", NULL);
	ck_valid(&w, "n", NULL);
	ck_invalid(&w, "p", NULL, "m: payload: expected object, found null");
	ck_value(&w, "c", "", VERDICT_INVALID, ACTION_REJECT, NULL);
	end(&w);
}
END_TEST

START_TEST(what_cannot_be_judged_is_undecidable)
{
	struct world w;

	one_document(&w, HEAD
		"channels:\n"
		"  a: {address: avro, messages: {m: {payload: {schemaFormat: 'application/vnd.apache.avro;version=1.9.0', schema: {type: record, name: r, fields: []}}}}}\n"
		"  b: {address: both, messages: {m: {contentType: application/xml, payload: {type: object}}, j: {payload: {type: integer}}}}\n");
	ck_value(&w, "avro", "x", VERDICT_UNDECIDABLE, ACTION_REJECT, "m: payload cannot be judged: its schema is in Avro, which this build does not judge");
	ck_valid(&w, "both", "1");
	ck_value(&w, "both", "<x/>", VERDICT_UNDECIDABLE, ACTION_REJECT, "m: payload cannot be judged: its content type is application/xml, which this build does not judge");
	end(&w);
}
END_TEST

START_TEST(silence_on_messages_is_not_a_ban)
{
	struct world w;

	one_document(&w, HEAD "channels: {open: {address: open}, closed: {address: closed, messages: {}}}\n");
	ck_valid(&w, "open", "whatever");
	ck_invalid(&w, "closed", "1", "closed: the channel declares no message, so none may be sent");
	end(&w);
}
END_TEST

START_TEST(text_payloads_are_json_strings_to_the_schema)
{
	struct world w;

	one_document(&w, HEAD "channels: {a: {address: a, messages: {m: {contentType: text/plain, payload: {type: string, maxLength: 3}}}}}\n");
	ck_valid(&w, "a", "ab\"");
	ck_value(&w, "a", "abcd", VERDICT_INVALID, ACTION_REJECT, NULL);
	ck_invalid(&w, "a", "\xff", "m: payload: expected UTF-8 text");
	end(&w);
}
END_TEST

START_TEST(documents_bind_to_the_cluster_that_they_name)
{
	struct world w;
	struct asyncapi_address other = { "other", 9092 };
	struct asyncapi_cluster clusters[2];

	begin(&w);
	clusters[0] = w.cluster;
	clusters[1] = (struct asyncapi_cluster){ "second", &other, 1 };
	w.in.clusters = clusters;
	w.in.nclusters = 2;
	add(&w, "bound.yaml", HEAD "servers: {s: {host: 'OTHER:9092', protocol: kafka}}\nchannels: {a: {address: bound}}\n");
	add(&w, "free.yaml", HEAD "servers: {s: {host: 'elsewhere:9092', protocol: kafka}}\nchannels: {a: {address: free}}\n");
	open_contract(&w);
	struct contract_topic t;
	contract_find(w.c, 0, SPAN_LIT("bound"), &t);
	ck_assert_uint_eq(t.index, UINT32_MAX);
	contract_find(w.c, 1, SPAN_LIT("bound"), &t);
	ck_assert_uint_ne(t.index, UINT32_MAX);
	contract_find(w.c, 0, SPAN_LIT("free"), &t);
	ck_assert_uint_ne(t.index, UINT32_MAX);
	contract_find(w.c, 2, SPAN_LIT("free"), &t);
	ck_assert_uint_eq(t.index, UINT32_MAX);
	end(&w);
}
END_TEST

START_TEST(bad_schemas_are_findings)
{
	struct world w;

	begin(&w);
	add(&w, "d.yaml", HEAD "channels: {a: {address: a, messages: {m: {payload: {type: strin}}}}}\n");
	build(&w);
	ck_assert_int_eq(w.result, E_FINDINGS);
	ck_assert_uint_eq(w.f.errors, 1);
	ck_assert_uint_eq(w.f.items[0].at.line, 3);
	end(&w);
}
END_TEST

START_TEST(examples_are_tried)
{
	struct world w;

	one_document(&w, HEAD
		"channels:\n"
		"  a:\n"
		"    address: a\n"
		"    messages:\n"
		"      m:\n"
		"        payload: {type: object, properties: {x: {type: integer}}}\n"
		"        examples:\n"
		"          - payload: {x: 1}\n"
		"          - payload: {x: one}\n");
	ck_assert_int_eq(asyncapi_check_examples(w.a, &w.img), 0);
	ck_assert_uint_eq(w.f.n, 1);
	ck_assert_str_eq(w.f.items[0].code, "example-invalid");
	ck_assert_uint_eq(w.f.items[0].at.line, 11);
	end(&w);
}
END_TEST

/* ---- traps that other tools fell into ---- */

/* 2.x publish means "you may publish to me": nobody knows which side a client is, so both
 * operations' messages may come. */
START_TEST(trap_both_directions_of_2x)
{
	struct world w;

	one_document(&w,
		"asyncapi: 2.6.0\ninfo: {title: t, version: '1'}\n"
		"channels: {a: {publish: {message: {name: in, payload: {const: 1}}}, subscribe: {message: {name: out, payload: {const: 2}}}}}\n");
	ck_valid(&w, "a", "1");
	ck_valid(&w, "a", "2");
	ck_value(&w, "a", "3", VERDICT_INVALID, ACTION_REJECT, NULL);
	end(&w);
}
END_TEST

/* Two messages with equal payloads and different headers are told apart. */
START_TEST(trap_messages_of_equal_payload)
{
	struct world w;
	const struct record_header b[] = { H("kind", "b") };
	struct record_view r = { .value = SPAN_LIT("{}"), .headers = b, .nheaders = 1 };

	one_document(&w, HEAD
		"channels:\n"
		"  a:\n"
		"    address: a\n"
		"    messages:\n"
		"      one: {headers: {type: object, required: [kind], properties: {kind: {const: a}}}, payload: {type: object}}\n"
		"      two: {headers: {type: object, required: [kind], properties: {kind: {const: b}}}, payload: {type: object}}\n");
	struct judgement_report report;
	struct judgement j = judge_record(&w, "a", &r, &report);
	ck_assert_int_eq(j.verdict, VERDICT_VALID);
	ck_assert_str_eq(contract_message_name(w.c, j.message), "two");
	end(&w);
}
END_TEST

/* The wrapper of a multi-format schema is not the schema, through a reference neither. */
START_TEST(trap_multi_format_wrapper)
{
	struct world w;

	one_document(&w, HEAD
		"channels:\n"
		"  a: {address: a, messages: {m: {payload: {schemaFormat: 'application/schema+json;version=draft-07', schema: {type: integer}}}}}\n"
		"  b: {address: b, messages: {m: {payload: {$ref: '#/components/schemas/S'}}}}\n"
		"components: {schemas: {S: {schemaFormat: 'application/schema+json;version=draft-07', schema: {$ref: '#/components/schemas/I'}}, I: {type: integer}}}\n");
	ck_valid(&w, "a", "1");
	ck_value(&w, "a", "{}", VERDICT_INVALID, ACTION_REJECT, NULL);
	ck_valid(&w, "b", "1");
	ck_value(&w, "b", "\"1\"", VERDICT_INVALID, ACTION_REJECT, NULL);
	end(&w);
}
END_TEST

/* The topic is the address, never the channel's id. */
START_TEST(trap_channel_id_is_no_topic)
{
	struct world w;

	one_document(&w, lights);
	ck_value(&w, "lights", "{\"lumens\": true}", VERDICT_UNDECLARED, ACTION_OBSERVE, NULL);
	end(&w);
}
END_TEST

START_TEST(trap_boolean_schemas)
{
	struct world w;

	one_document(&w, HEAD
		"channels:\n"
		"  t: {address: t, messages: {m: {payload: true}}}\n"
		"  f: {address: f, messages: {m: {payload: false}}}\n");
	ck_valid(&w, "t", "[1]");
	ck_value(&w, "t", "nope", VERDICT_INVALID, ACTION_REJECT, NULL);
	ck_value(&w, "f", "[1]", VERDICT_INVALID, ACTION_REJECT, NULL);
	end(&w);
}
END_TEST

/* Falsy values are values. */
START_TEST(trap_falsy_values_are_no_null)
{
	struct world w;

	one_document(&w, HEAD "channels: {a: {address: a, messages: {m: {payload: {type: [integer, string, boolean]}}}}}\n");
	ck_valid(&w, "a", "0");
	ck_valid(&w, "a", "\"\"");
	ck_valid(&w, "a", "false");
	ck_value(&w, "a", "null", VERDICT_INVALID, ACTION_REJECT, NULL);
	ck_value(&w, "a", NULL, VERDICT_INVALID, ACTION_REJECT, NULL);
	end(&w);
}
END_TEST

/* ---- images that nobody vouches for ---- */

static void use(struct world *w, const struct image *img)
{
	static const char *const topics[] = { "a", "s", "l.us.on", "l.eu.off", "none", "h" };
	const struct record_header h[] = { H("id", "7"), H("n", "12") };
	struct record_view r = { .key = SPAN_LIT("k"), .value = SPAN_LIT("{\"x\":1,\"t\":\"y\"}"), .headers = h, .nheaders = 2 };
	struct contract *c = contract_open(img);

	if (!c)
		return;
	struct contract *kept = w->c;
	w->c = c;
	for (size_t i = 0; i < ARRAY_LEN(topics); i++) {
		struct judgement_report report;
		(void)judge_record(w, topics[i], &r, &report);
	}
	arena_reset(&w->arena);
	contract_close(c);
	w->c = kept;
}

/* A value ends where it ends: the next bytes of its batch are no digits of it. */
START_TEST(bytes_behind_a_value_decide_nothing)
{
	static const char *const behind[] = { "5", ".", ".5", "e", "e7", "00" };
	struct world w;

	one_document(&w, HEAD
		"channels:\n"
		"  i: {address: i, messages: {m: {payload: {type: integer, minimum: 0, maximum: 9}}}}\n"
		"  n: {address: n, messages: {m: {payload: {type: number, enum: [0, 7]}}}}\n"
		"  f: {address: f, messages: {m: {}}}\n");
	for (size_t i = 0; i < ARRAY_LEN(behind); i++) {
		for (const char *digit = "07"; *digit; digit++) {
			char bytes[4096] = "";
			struct record_view r = { .value = span_of(bytes, 1) };
			snprintf(bytes, sizeof bytes, "%c%s", *digit, behind[i]);
			ck_verdict(&w, "i", &r, VERDICT_VALID, ACTION_OBSERVE, NULL);
			ck_verdict(&w, "n", &r, VERDICT_VALID, ACTION_OBSERVE, NULL);
			ck_verdict(&w, "f", &r, VERDICT_VALID, ACTION_OBSERVE, NULL);
		}
	}
	end(&w);
}
END_TEST

/* Any byte of the contract's sections may be wrong: a refusal, or answers of some kind. */
START_TEST(any_byte_may_be_wrong)
{
	struct world w;
	static const uint8_t flips[] = { 0x01, 0x80, 0xff };

	one_document(&w, HEAD
		"channels:\n"
		"  a: {address: a, messages: {m: {bindings: {kafka: {key: {type: string}}}, headers: {type: object, properties: {id: {type: string}}}, payload: {type: object}}}}\n"
		"  s: {address: s, messages: {x: {payload: {type: object, required: [t], properties: {t: {const: x}}}}, y: {payload: {type: object, required: [t], properties: {t: {const: y}}}}}}\n"
		"  t: {address: 'l.{x}.on', parameters: {x: {enum: [us]}}, messages: {m: {payload: {type: object}}}}\n");
	struct image_header *h = (struct image_header *)w.bytes.p;
	size_t start = offsetof(struct image_header, crc) + sizeof h->crc, refused = 0;
	for (int s = IMAGE_CONTRACT; s <= IMAGE_CONTRACT_DATA; s++) {
		for (size_t i = 0; i < h->sections[s].len * ARRAY_LEN(flips); i++) {
			uint8_t *p = &w.bytes.p[h->sections[s].off + i / ARRAY_LEN(flips)], saved = *p;
			struct image img;
			*p ^= flips[i % ARRAY_LEN(flips)];
			h->crc = crc32c(0, w.bytes.p + start, w.bytes.n - start);
			ck_assert_int_eq(image_open(&img, w.bytes.p, w.bytes.n), 0);
			if (contract_verify(&img) == 0)
				use(&w, &img);
			else
				refused++;
			*p = saved;
		}
	}
	ck_assert_uint_gt(refused, 100);
	end(&w);
}
END_TEST

UNIT_MAIN("contract", a_record_is_judged_by_its_message, names_and_parts_are_told, an_undeclared_topic_names_the_nearest,
	  no_document_is_an_empty_contract, exactly_one_message_must_match,
	  a_wrong_constant_is_farther_than_a_missing_field, channels_of_one_address_join_their_messages,
	  templates_take_what_their_parameters_allow, schemas_of_2x_parameters_hold, every_declaring_document_must_accept,
	  one_accepting_document_may_suffice, rules_beat_documents_beat_the_policy, keys_are_read_by_their_schema,
	  headers_are_read_by_their_schema, tombstones_follow_compaction_or_the_schema, what_cannot_be_judged_is_undecidable,
	  silence_on_messages_is_not_a_ban, text_payloads_are_json_strings_to_the_schema, documents_bind_to_the_cluster_that_they_name,
	  bad_schemas_are_findings, examples_are_tried, bytes_behind_a_value_decide_nothing, any_byte_may_be_wrong,
	  trap_both_directions_of_2x, trap_messages_of_equal_payload, trap_multi_format_wrapper, trap_channel_id_is_no_topic,
	  trap_boolean_schemas, trap_falsy_values_are_no_null)
