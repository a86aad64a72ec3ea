/* Documents to the model: findings at their place, servers, traits of both version
 * families, channels and messages. Expectations come from the specification. */
#include "asyncapi/model.h"
#include "unit.h"

struct fixture {
	struct findings f;
	struct tree_set *set;
	struct asyncapi *a;
	struct asyncapi_document *d;
	struct buf text;
};

static void load(struct fixture *x, const char *text)
{
	findings_init(&x->f, 100);
	x->set = tree_set_new(&x->f, NULL);
	x->a = asyncapi_new(x->set, &x->f);
	x->d = asyncapi_add(x->a, tree_parse(x->set, "doc.yaml", text, strlen(text)), ASYNCAPI_CONFIGURED);
	findings_sort(&x->f);
	buf_init(&x->text, 0);
}

static void done(struct fixture *x)
{
	buf_fini(&x->text);
	asyncapi_free(x->a);
	tree_set_free(x->set);
	findings_fini(&x->f);
}

static const char *finding(struct fixture *x, size_t i)
{
	buf_clear(&x->text);
	ck_assert_uint_lt(i, x->f.n);
	finding_print(&x->text, &x->f.items[i]);
	buf_addch(&x->text, 0);
	return (const char *)x->text.p;
}

static void print_all(struct fixture *x)
{
	for (size_t i = 0; i < x->f.n; i++)
		printf("%s\n", finding(x, i));
}

#define ck_no_findings(x) \
	do { \
		if ((x)->f.n) \
			print_all(x); \
		ck_assert_uint_eq((x)->f.n, 0); \
	} while (0)

static const struct finding *find_code(struct fixture *x, const char *code)
{
	for (size_t i = 0; i < x->f.n; i++)
		if (strcmp(x->f.items[i].code, code) == 0)
			return &x->f.items[i];
	return NULL;
}

/* Exactly one finding of the code, at line:column. */
static void ck_finding(struct fixture *x, const char *code, unsigned line, unsigned column)
{
	const struct finding *f = find_code(x, code);

	if (!f || f->at.line != line || f->at.column != column)
		print_all(x);
	ck_assert_msg(f != NULL, "no finding %s", code);
	ck_assert_uint_eq(f->at.line, line);
	ck_assert_uint_eq(f->at.column, column);
}

#define HEAD3 "asyncapi: 3.0.0\ninfo: {title: t, version: '1'}\n"
#define HEAD2 "asyncapi: 2.6.0\ninfo: {title: t, version: '1'}\n"

static const char lights[] =
	HEAD3
	"channels:\n"
	"  lights:\n"
	"    address: lights.measured\n"
	"    messages:\n"
	"      lightMeasured:\n"
	"        payload:\n"
	"          type: object\n"
	"          properties: {lumens: {type: integer, minimum: 0}}\n";

START_TEST(versions_by_major_and_minor)
{
	static const struct {
		const char *text;
		int version;            /* -1: refused */
	} rows[] = {
		{ "2.0.0", V20 }, { "2.0.0-rc2", V20 }, { "2.6.7", V26 }, { "3.0.0", V30 }, { "3.0.1", V30 }, { "3.1.0", V31 },
		{ "2.7.0", -1 }, { "1.2.0", -1 }, { "4.0.0", -1 }, { "3.2.0", -1 }, { "3", -1 }, { "three", -1 }, { "3.0.0-", -1 },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct fixture x;
		char text[200];
		snprintf(text, sizeof text, "asyncapi: \"%s\"\ninfo: {title: t, version: '1'}\nchannels: {}\n", rows[i].text);
		load(&x, text);
		ck_assert_int_eq(x.d != NULL, rows[i].version >= 0);
		if (x.d)
			ck_assert_int_eq((int)x.d->version, rows[i].version);
		else
			ck_finding(&x, "asyncapi-version", 1, 11);
		done(&x);
	}
}
END_TEST

START_TEST(an_unquoted_version_is_explained)
{
	struct fixture x;

	load(&x, "asyncapi: 3.0\n");
	ck_assert_ptr_null(x.d);
	ck_assert_str_eq(finding(&x, 0),
		"doc.yaml:1:11: error asyncapi-version: the version must be a string of three numbers; write for example asyncapi: 3.0.0");
	done(&x);
}
END_TEST

START_TEST(what_is_no_document_is_refused)
{
	struct fixture x;

	load(&x, "openapi: 3.0.0\n");
	ck_assert_ptr_null(x.d);
	ck_finding(&x, "not-asyncapi", 1, 1);
	done(&x);
	load(&x, "- a\n");
	ck_assert_ptr_null(x.d);
	ck_finding(&x, "not-asyncapi", 1, 1);
	done(&x);
}
END_TEST

START_TEST(a_sound_document_has_no_findings)
{
	struct fixture x;

	load(&x, lights);
	ck_no_findings(&x);
	ck_assert_str_eq(x.d->channels->name, "lights");
	ck_assert_str_eq(x.d->channels->address, "lights.measured");
	ck_assert_str_eq(x.d->channels->messages->name, "lightMeasured");
	ck_assert_int_eq(x.d->channels->messages->mode, CONTRACT_JSON);
	done(&x);
}
END_TEST

START_TEST(every_wrong_field_is_found_at_its_place)
{
	struct fixture x;

	load(&x, "asyncapi: 3.0.0\n"
		 "info:\n"
		 "  title: t\n"
		 "  version: 1.0\n"
		 "chanels: {}\n"
		 "channels:\n"
		 "  a:\n"
		 "    address: a\n"
		 "    messages:\n"
		 "      m:\n"
		 "        messageId: m\n"
		 "        paylod: {}\n"
		 "        tags: yes-please\n"
		 "operations:\n"
		 "  o:\n"
		 "    action: publish\n"
		 "    channel: {$ref: '#/channels/a'}\n");
	ck_assert_str_eq(finding(&x, 0), "doc.yaml:4:12: error field-type: version is a number; it must be a string; put it in quotes");
	ck_assert_str_eq(finding(&x, 1), "doc.yaml:5:1: error unknown-field: the document has no field chanels; did you mean channels?");
	ck_assert_str_eq(finding(&x, 2),
		"doc.yaml:11:9: error unknown-field: a message has no field messageId in this version of AsyncAPI; remove it or change the version");
	ck_assert_str_eq(finding(&x, 3), "doc.yaml:12:9: error unknown-field: a message has no field paylod; did you mean payload?");
	ck_assert_str_eq(finding(&x, 4), "doc.yaml:13:15: error field-type: tags is a string; it must be a list");
	ck_assert_str_eq(finding(&x, 5), "doc.yaml:16:13: error field-word: action cannot be publish; it is one of send|receive");
	ck_assert_uint_eq(x.f.n, 6);
	done(&x);
}
END_TEST

START_TEST(missing_fields_are_named)
{
	struct fixture x;

	load(&x, "asyncapi: 2.6.0\ninfo: {title: t}\n");
	ck_assert_str_eq(finding(&x, 0), "doc.yaml:1:1: error missing-field: the document must have the field channels");
	ck_finding(&x, "missing-field", 1, 1);
	ck_assert_ptr_nonnull(strstr(finding(&x, 1), "doc.yaml:2:7: error missing-field: info must have the field version"));
	done(&x);
}
END_TEST

START_TEST(references_are_followed_and_siblings_warned_of)
{
	struct fixture x;

	load(&x, HEAD3
	     "channels:\n"
	     "  a:\n"
	     "    address: a\n"
	     "    messages:\n"
	     "      m: {$ref: '#/components/messages/M', name: ignored}\n"
	     "      n: {$ref: '#/components/messages/Missing'}\n"
	     "components: {messages: {M: {payload: {type: string}}}}\n");
	ck_finding(&x, "reference-sibling", 7, 44);
	ck_assert_uint_eq(x.f.errors, 1);
	ck_assert_ptr_nonnull(x.d->channels->messages);
	ck_assert_ptr_null(x.d->channels->messages->next);
	ck_assert_str_eq(x.d->channels->messages->name, "m");
	done(&x);
}
END_TEST

START_TEST(a_message_of_both_2x_operations_is_one)
{
	struct fixture x;

	load(&x, HEAD2
	     "channels:\n"
	     "  a:\n"
	     "    publish: {message: {$ref: '#/components/messages/M'}}\n"
	     "    subscribe: {message: {oneOf: [{$ref: '#/components/messages/M'}, {$ref: '#/components/messages/N'}]}}\n"
	     "components: {messages: {M: {payload: true}, N: {name: other, payload: true}}}\n");
	ck_no_findings(&x);
	const struct model_message *m = x.d->channels->messages;
	ck_assert_str_eq(m->name, "M");
	ck_assert_str_eq(m->next->name, "other");
	ck_assert_ptr_null(m->next->next);
	done(&x);
}
END_TEST

START_TEST(kafka_servers_are_listed)
{
	struct fixture x;
	const struct asyncapi_server *s;

	load(&x, HEAD3
	     "servers:\n"
	     "  prod:\n"
	     "    host: 'kafka-{env}.example.com:{port}'\n"
	     "    protocol: kafka-secure\n"
	     "    variables: {env: {default: eu}, port: {default: '9093', enum: ['9093']}}\n"
	     "    x-eventgateway-listener: 127.0.0.1:19092\n"
	     "    x-eventgateway-dial-mapping: {'b1:9092': 'localhost:1'}\n"
	     "  many: {host: 'a:1,b:2', protocol: kafka}\n"
	     "  six: {host: '[::1]', protocol: kafka}\n"
	     "  web: {host: example.com, protocol: https}\n"
	     "channels: {a: {address: a}}\n");
	ck_no_findings(&x);
	ck_assert_uint_eq(asyncapi_kafka_servers(x.a, &s), 4);
	ck_assert_str_eq(s[0].host, "kafka-eu.example.com");
	ck_assert_uint_eq(s[0].port, 9093);
	ck_assert(s[0].secure);
	ck_assert_str_eq(s[0].listener, "127.0.0.1:19092");
	ck_assert_uint_eq(s[0].ndials, 1);
	ck_assert_str_eq(s[0].dials[0].to, "localhost:1");
	ck_assert_str_eq(s[1].host, "a");
	ck_assert_str_eq(s[2].host, "b");
	ck_assert_uint_eq(s[2].port, 2);
	ck_assert_str_eq(s[3].host, "::1");
	ck_assert_uint_eq(s[3].port, 9092);
	done(&x);
}
END_TEST

START_TEST(urls_of_2x_servers_lose_scheme_and_path)
{
	struct fixture x;
	const struct asyncapi_server *s;

	load(&x, HEAD2
	     "servers:\n"
	     "  a: {url: 'kafka://one.example.com:9094/path', protocol: kafka}\n"
	     "  b: {url: 'localhost', protocol: kafka}\n"
	     "channels: {a: {}}\n");
	ck_no_findings(&x);
	ck_assert_uint_eq(asyncapi_kafka_servers(x.a, &s), 2);
	ck_assert_str_eq(s[0].host, "one.example.com");
	ck_assert_uint_eq(s[0].port, 9094);
	ck_assert_str_eq(s[1].host, "localhost");
	done(&x);
}
END_TEST

START_TEST(wrong_servers_are_found)
{
	struct fixture x;

	load(&x, HEAD3
	     "servers:\n"
	     "  a: {host: 'h:{port}', protocol: kafka}\n"
	     "  b: {host: 'h:99999', protocol: kafka}\n"
	     "  c: {host: h, protocol: kafka, variables: {v: {default: x, enum: [y]}}}\n"
	     "channels: {a: {address: a}}\n");
	ck_finding(&x, "server-variable", 4, 13);
	ck_finding(&x, "server-address", 5, 13);
	ck_finding(&x, "server-variable-enum", 6, 58);
	ck_finding(&x, "server-variable-unused", 6, 45);
	done(&x);
}
END_TEST

START_TEST(a_document_without_kafka_is_not_enforced)
{
	struct fixture x;

	load(&x, HEAD3 "servers: {m: {host: h, protocol: mqtt}}\nchannels: {a: {address: a/b}}\n");
	ck_finding(&x, "no-kafka-server", 3, 1);
	ck_assert_uint_eq(x.f.n, 1);
	ck_assert_ptr_null(x.d->channels->address);
	done(&x);
}
END_TEST

START_TEST(addresses_that_are_no_topics_warn)
{
	struct fixture x;

	load(&x, HEAD2 "channels:\n  user/signedup: {}\n  bound: {bindings: {kafka: {topic: real.name}}}\n  'a?b': {}\n");
	ck_finding(&x, "address-not-kafka", 4, 3);
	ck_finding(&x, "address-query", 6, 3);
	ck_assert_ptr_null(x.d->channels->address);
	ck_assert_str_eq(x.d->channels->next->address, "real.name");
	done(&x);
}
END_TEST

START_TEST(parameters_and_addresses_agree)
{
	struct fixture x;

	load(&x, HEAD2
	     "channels:\n"
	     "  'a.{x}.{y}':\n"
	     "    parameters:\n"
	     "      x: {schema: {type: string}}\n"
	     "      z: {schema: {type: string}}\n");
	ck_finding(&x, "parameter-missing", 5, 5);
	ck_finding(&x, "parameter-unused", 7, 7);
	ck_assert_uint_eq(x.f.n, 2);
	done(&x);
}
END_TEST

START_TEST(operations_name_their_own_channel)
{
	struct fixture x;

	load(&x, HEAD3
	     "channels: {a: {address: a, messages: {m: {}}}}\n"
	     "operations:\n"
	     "  o: {action: send, channel: {$ref: '#/channels/a'}, messages: [{$ref: '#/components/messages/m'}]}\n"
	     "  p: {action: send, channel: {$ref: '#/components/channels/a'}}\n"
	     "components: {messages: {m: {}}, channels: {a: {address: a}}}\n");
	ck_finding(&x, "operation-message", 5, 72);
	ck_finding(&x, "operation-channel", 6, 37);
	done(&x);
}
END_TEST

START_TEST(the_nearest_policy_wins)
{
	struct fixture x;

	load(&x, HEAD3
	     "servers: {k: {host: k, protocol: kafka, x-eventgateway-policy: {invalid: mark, undecidable: mark}}}\n"
	     "channels:\n"
	     "  a:\n"
	     "    address: a\n"
	     "    x-eventgateway-policy: {invalid: reject}\n"
	     "    messages:\n"
	     "      m: {x-eventgateway-policy: {invalid: observe}}\n"
	     "      n: {}\n"
	     "operations: {o: {action: send, channel: {$ref: '#/channels/a'}, messages: [{$ref: '#/channels/a/messages/n'}], x-eventgateway-policy: {ambiguous: reject}}}\n");
	ck_no_findings(&x);
	const struct model_message *m = x.d->channels->messages, *n = m->next;
	ck_assert_uint_eq(m->policy.action[VERDICT_INVALID], ACTION_OBSERVE);
	ck_assert_uint_eq(m->policy.action[VERDICT_UNDECIDABLE], ACTION_MARK);
	ck_assert_uint_eq(m->policy.action[VERDICT_AMBIGUOUS], ASYNCAPI_UNSET);
	ck_assert_uint_eq(n->policy.action[VERDICT_INVALID], ACTION_REJECT);
	ck_assert_uint_eq(n->policy.action[VERDICT_AMBIGUOUS], ACTION_REJECT);
	done(&x);
}
END_TEST

START_TEST(wrong_policies_are_found_once)
{
	struct fixture x;

	load(&x, HEAD3
	     "channels:\n"
	     "  a: {address: a, messages: {m: {$ref: '#/components/messages/M'}}}\n"
	     "  b: {address: b, messages: {m: {$ref: '#/components/messages/M'}}}\n"
	     "components:\n"
	     "  messages:\n"
	     "    M:\n"
	     "      x-eventgateway-policy: {invalid: refuse, wrong: mark, undeclared: reject, undecidable: divert}\n"
	     "x-eventgateway-polcy: {}\n"
	     "x-eventgateway-policy: {}\n");
	ck_finding(&x, "policy-verdict", 9, 48);
	ck_finding(&x, "policy-undeclared", 9, 61);
	ck_finding(&x, "policy-action", 9, 40);
	ck_finding(&x, "extension-unknown", 10, 1);
	ck_finding(&x, "extension-place", 11, 1);
	ck_assert_uint_eq(x.f.n, 6);
	done(&x);
}
END_TEST

/* ---- traits ---- */

#define TRAITS \
	"      contentType: m\n" \
	"      headers: {type: object, properties: {a: {type: integer}, m: {type: string}}, required: [m]}\n" \
	"      payload: {type: object}\n" \
	"      traits:\n" \
	"        - {contentType: t1, summary: T1, headers: {type: object, properties: {a: {type: string}}, required: [a]}, tags: [{name: t1}]}\n" \
	"        - {summary: T2, headers: {type: object, properties: {b: {type: integer}}}}\n"

static void ck_member(const struct tree_node *node, const char *pointer, const char *json)
{
	struct buf out;
	struct tree_node *at = tree_pointer((struct tree_node *)node, pointer);

	buf_init(&out, 0);
	ck_assert_msg(at != NULL, "nothing at %s", pointer);
	tree_to_json(at, &out);
	buf_addch(&out, 0);
	ck_assert_str_eq((const char *)out.p, json);
	buf_fini(&out);
}

/* What @asyncapi/parser makes of the same message in the two families. */
START_TEST(traits_win_in_2x)
{
	struct fixture x;

	load(&x, HEAD2 "channels:\n  a:\n   publish:\n    message:\n" TRAITS);
	const struct tree_node *m = x.d->channels->messages->node;
	ck_member(m, "/contentType", "\"t1\"");
	ck_member(m, "/summary", "\"T2\"");
	ck_member(m, "/headers/properties/a/type", "\"string\"");
	ck_member(m, "/headers/properties/m/type", "\"string\"");
	ck_member(m, "/headers/properties/b/type", "\"integer\"");
	ck_member(m, "/headers/required", "[\"a\"]");
	ck_member(m, "/tags", "[{\"name\":\"t1\"}]");
	ck_assert_ptr_null(tree_get(m, "traits"));
	done(&x);
}
END_TEST

START_TEST(the_object_wins_in_3x)
{
	struct fixture x;

	load(&x, HEAD3 "channels:\n  a:\n   address: a\n   messages:\n    m:\n" TRAITS);
	const struct tree_node *m = x.d->channels->messages->node;
	ck_member(m, "/contentType", "\"m\"");
	ck_member(m, "/summary", "\"T2\"");
	ck_member(m, "/headers/properties/a/type", "\"integer\"");
	ck_member(m, "/headers/properties/m/type", "\"string\"");
	ck_member(m, "/headers/properties/b/type", "\"integer\"");
	ck_member(m, "/headers/required", "[\"m\"]");
	ck_member(m, "/tags", "[{\"name\":\"t1\"}]");
	done(&x);
}
END_TEST

START_TEST(a_null_in_a_patch_deletes)
{
	struct fixture x;

	load(&x, HEAD2 "channels:\n  a:\n   publish:\n    message:\n"
		       "      headers: {type: object, properties: {a: {type: integer}, b: {type: string}}}\n"
		       "      traits: [{headers: {properties: {a: null}}}]\n");
	ck_member(x.d->channels->messages->node, "/headers/properties", "{\"b\":{\"type\":\"string\"}}");
	done(&x);
}
END_TEST

START_TEST(traits_that_refer_to_themselves_end)
{
	struct fixture x;

	load(&x, HEAD3
	     "channels: {a: {address: a, messages: {m: {headers: {$ref: '#/components/schemas/R'}, traits: [{headers: {$ref: '#/components/schemas/S'}}]}}}}\n"
	     "components:\n"
	     "  schemas:\n"
	     "    R: {type: object, properties: {x: {$ref: '#/components/schemas/R'}}}\n"
	     "    S: {type: object, properties: {x: {$ref: '#/components/schemas/S'}}}\n");
	ck_assert_ptr_nonnull(find_code(&x, "trait-depth"));
	done(&x);
}
END_TEST

/* ---- schemas and content ---- */

static const struct model_message *message_of(struct fixture *x, const char *members)
{
	char text[2000];

	snprintf(text, sizeof text, HEAD3 "channels:\n  a:\n    address: a\n    messages:\n      m: {%s}\n", members);
	load(x, text);
	ck_assert_ptr_nonnull(x->d->channels->messages);
	return x->d->channels->messages;
}

START_TEST(schema_formats_in_all_spellings)
{
	static const struct {
		const char *format;
		int dialect;            /* -1: not judged */
	} rows[] = {
		{ "application/vnd.aai.asyncapi;version=2.0.0", DIALECT_ASYNCAPI },
		{ "application/vnd.aai.asyncapi+json;version=3.0.0", DIALECT_ASYNCAPI },
		{ "application/vnd.aai.asyncapi+yaml; version=2.2.0", DIALECT_ASYNCAPI },
		{ "Application/Schema+JSON; Version=draft-07", DIALECT_DRAFT7 },
		{ "application/schema;version=draft-07", DIALECT_DRAFT7 },
		{ "application/schema+yaml;version=draft-07", DIALECT_DRAFT7 },
		{ "application/vnd.oai.openapi;version=3.0.3", DIALECT_OPENAPI30 },
		{ "application/vnd.apache.avro;version=1.9.0", -1 },
		{ "application/vnd.apache.avro+json; version=1.12.0", -1 },
		{ "application/vnd.apache.avro", -1 },
		{ "application/raml+yaml;version=1.0", -1 },
		{ "application/vnd.google.protobuf;version=3", -1 },
		{ "text/x-own", -1 },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct fixture x;
		char members[200];
		snprintf(members, sizeof members, "payload: {schemaFormat: '%s', schema: {type: string}}", rows[i].format);
		const struct model_message *m = message_of(&x, members);
		ck_assert_int_eq(m->payload.foreign != NULL, rows[i].dialect < 0);
		if (rows[i].dialect < 0) {
			ck_assert_int_eq(m->mode, CONTRACT_UNDECIDABLE);
			ck_finding(&x, "format-unjudged", 7, 35);
		} else {
			ck_assert_int_eq((int)m->payload.dialect, rows[i].dialect);
			ck_no_findings(&x);
		}
		done(&x);
	}
}
END_TEST

START_TEST(content_types_choose_the_reading)
{
	static const struct {
		const char *members;
		enum contract_mode mode;
	} rows[] = {
		{ "payload: {type: object}", CONTRACT_JSON },
		{ "summary: nothing said", CONTRACT_FREE },
		{ "contentType: application/json", CONTRACT_JSON },
		{ "contentType: 'application/vnd.x+json; charset=utf-8', payload: {type: object}", CONTRACT_JSON },
		{ "contentType: application/cloudevents+json, payload: {type: object}", CONTRACT_JSON },
		{ "contentType: text/plain, payload: {type: string}", CONTRACT_TEXT },
		{ "contentType: text/plain", CONTRACT_FREE },
		{ "contentType: application/octet-stream, payload: {type: string, format: binary}", CONTRACT_FREE },
		{ "contentType: application/octet-stream, payload: {type: object}", CONTRACT_UNDECIDABLE },
		{ "contentType: avro/binary, payload: {type: object}", CONTRACT_UNDECIDABLE },
		{ "contentType: application/xml, payload: {type: object}", CONTRACT_UNDECIDABLE },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct fixture x;
		const struct model_message *m = message_of(&x, rows[i].members);
		ck_assert_msg(m->mode == rows[i].mode, "%s", rows[i].members);
		ck_assert_int_eq(x.f.n, rows[i].mode == CONTRACT_UNDECIDABLE);
		done(&x);
	}
}
END_TEST

START_TEST(types_at_the_root_of_a_schema)
{
	static const struct {
		const char *schema;
		uint32_t types;
	} rows[] = {
		{ "{type: string}", CONTRACT_STRING }, { "{type: integer}", CONTRACT_NUMBER }, { "{type: [integer, 'null']}", CONTRACT_NUMBER | CONTRACT_NULL },
		{ "{}", 0 }, { "true", 0 }, { "{enum: [a, 1]}", CONTRACT_STRING | CONTRACT_NUMBER }, { "{const: true}", CONTRACT_BOOL },
		{ "{anyOf: [{type: string}, {type: integer}]}", CONTRACT_STRING | CONTRACT_NUMBER },
		{ "{allOf: [{type: [string, integer]}, {type: integer}]}", CONTRACT_NUMBER },
		{ "{type: string, format: binary}", CONTRACT_STRING | CONTRACT_BINARY }, { "{type: array}", CONTRACT_ARRAY },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct fixture x;
		char members[200];
		snprintf(members, sizeof members, "bindings: {kafka: {key: %s}}", rows[i].schema);
		const struct model_message *m = message_of(&x, members);
		ck_assert_msg(m->key.types == rows[i].types, "%s: %u", rows[i].schema, m->key.types);
		done(&x);
	}
}
END_TEST

/* Every README: "This object MUST contain only the properties defined above"; the JSON Schemas
 * of 2.x leave bindings open. */
START_TEST(fields_that_bindings_do_not_have)
{
	static const struct {
		const char *text;
		const char *code;
		int severity;           /* -1: no finding */
	} rows[] = {
		{ HEAD3 "channels: {a: {address: a, bindings: {kafka: {topik: b}}}}\n", "unknown-field", FINDING_ERROR },
		{ HEAD3 "channels: {a: {address: a, bindings: {carrier-pigeon: {}}}}\n", "unknown-field", FINDING_ERROR },
		{ HEAD2 "channels: {a: {bindings: {kafka: {topik: b}}}}\n", "unknown-field", FINDING_WARNING },
		{ HEAD2 "channels: {a: {bindings: {carrier-pigeon: {}}}}\n", "unknown-field", FINDING_WARNING },
		{ HEAD3 "channels: {a: {address: a, bindings: {kafka: {partitions: 3, bindingVersion: latest}}}}\n", "unknown-field", -1 },
		{ HEAD3 "channels: {a: {address: a, bindings: {kafka: {partitions: 3, bindingVersion: 0.2.0}}}}\n", "binding-field", FINDING_ERROR },
		{ HEAD2 "channels: {a: {bindings: {kafka: {partitions: 3, bindingVersion: 0.2.0}}}}\n", "binding-field", FINDING_WARNING },
		{ HEAD3 "channels: {a: {address: a, bindings: {kafka: {partitions: 3, bindingVersion: 9.0.0}}}}\n", "binding-version", FINDING_WARNING },
		{ HEAD3 "channels: {a: {address: a, bindings: {kafka: {topicConfiguration: {x.y: 1}, bindingVersion: 0.4.0}}}}\n", "unknown-field", FINDING_ERROR },
		{ HEAD3 "channels: {a: {address: a, bindings: {amqp: {is: queue, exchange: {}}}}}\n", "binding-choice", FINDING_ERROR },
		{ HEAD3 "channels: {a: {address: a, bindings: {amqp: {is: queue, queue: {name: q}}}}}\n", "binding-choice", -1 },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct fixture x;
		load(&x, rows[i].text);
		const struct finding *f = find_code(&x, rows[i].code);
		ck_assert_msg((f ? (int)f->severity : -1) == rows[i].severity, "%s", rows[i].text);
		done(&x);
	}
}
END_TEST

/* Schemas that nothing refers to are looked at too. */
START_TEST(keywords_of_schemas_are_checked_everywhere)
{
	static const char *const bad[] = {
		"{type: strong}", "{type: []}", "{required: true}", "{properties: [a]}", "{enum: []}", "{multipleOf: 0}",
		"{minLength: -1}", "{allOf: []}", "{items: []}", "{items: {type: 7}}", "{not: 3}", "{dependencies: {a: 3}}",
		"{description: true}", "{definitions: {a: {type: x}}}", "{$ref: 7}",
	};

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct fixture x;
		char text[300];
		snprintf(text, sizeof text, HEAD3 "channels: {a: {address: a}}\ncomponents: {schemas: {s: %s}}\n", bad[i]);
		load(&x, text);
		const struct finding *f = find_code(&x, "schema-keyword");
		ck_assert_msg(f && f->at.line == 4, "%s", bad[i]);
		done(&x);
	}
}
END_TEST

START_TEST(texts_have_their_form)
{
	static const struct {
		bool (*is)(struct span);
		const char *text;
		bool good;
	} rows[] = {
		{ text_is_uri, "https://example.com/a?b#c", true }, { text_is_uri, "urn:com:x", true }, { text_is_uri, "example.com", false },
		{ text_is_uri, "https://a b", false }, { text_is_uri, "https:", true }, { text_is_uri, ":x", false }, { text_is_uri, "", false },
		{ text_is_email, "a@example.com", true }, { text_is_email, "a", false }, { text_is_email, "@b", false }, { text_is_email, "a@b@c", false },
		{ text_is_expression, "$message.header#/correlationId", true }, { text_is_expression, "$message.payload#", true },
		{ text_is_expression, "$message.header", false }, { text_is_expression, "$message.body#/x", false },
		{ text_is_expression, "$message.header#/~2x", false }, { text_is_expression, "$message.header#x", false },
		{ text_is_name, "a.B_c-9", true }, { text_is_name, "a b", false }, { text_is_name, "", false },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		ck_assert_msg(rows[i].is(span_str(rows[i].text)) == rows[i].good, "%s", rows[i].text);
}
END_TEST

START_TEST(security_is_checked)
{
	struct fixture x;

	load(&x, HEAD2
	     "servers:\n"
	     "  s:\n"
	     "    url: k\n"
	     "    protocol: kafka\n"
	     "    security:\n"
	     "      - absent: []\n"
	     "      - sasl: [read]\n"
	     "      - token: [read, write]\n"
	     "channels: {a: {}}\n"
	     "components:\n"
	     "  securitySchemes:\n"
	     "    sasl: {type: scramSha512}\n"
	     "    token: {type: oauth2, flows: {clientCredentials: {tokenUrl: 'https://t.example.com', scopes: {read: r}}}}\n"
	     "    wrong: {type: magic}\n"
	     "    key: {type: apiKey, in: header}\n");
	ck_finding(&x, "security-scheme", 8, 9);
	ck_assert_str_eq(finding(&x, 1), "doc.yaml:9:15: error security-scopes: only oauth2 and openIdConnect have scopes; scramSha512 needs an empty list");
	ck_assert_str_eq(finding(&x, 2), "doc.yaml:10:23: error security-scopes: no flow of the scheme has the scope write");
	ck_finding(&x, "security-type", 16, 19);
	ck_finding(&x, "field-word", 17, 29);
	ck_assert_uint_eq(x.f.n, 5);
	done(&x);
}
END_TEST

START_TEST(twins_are_found)
{
	struct fixture x;

	load(&x, HEAD2
	     "tags: [{name: a}, {name: b}, {name: a, description: again}]\n"
	     "channels:\n"
	     "  a: {publish: {operationId: one, message: {$ref: '#/components/messages/M'}}, subscribe: {operationId: two, message: {$ref: '#/components/messages/M'}}}\n"
	     "  b: {publish: {operationId: one, message: {messageId: m, payload: true}}}\n"
	     "components: {messages: {M: {messageId: m, payload: true}}}\n");
	ck_finding(&x, "tag-twice", 3, 37);
	ck_assert_uint_eq(x.f.n, 3);
	ck_assert_str_eq(finding(&x, 1), "doc.yaml:6:30: error id-twice: the operationId one is there twice; ids are unique in a document");
	ck_assert_str_eq(finding(&x, 2), "doc.yaml:7:40: error id-twice: the messageId m is there twice; ids are unique in a document");
	done(&x);
}
END_TEST

START_TEST(values_of_bindings_are_held_to_their_bounds)
{
	struct fixture x;

	load(&x, HEAD2
	     "channels:\n"
	     "  a:\n"
	     "    bindings:\n"
	     "      kafka:\n"
	     "        partitions: 0\n"
	     "        replicas: '3'\n"
	     "        topicConfiguration: {retention.ms: -1, max.message.bytes: -1, cleanup.policy: [compact, shrink]}\n"
	     "      amqp: {is: queue, queue: {durable: 'yes'}}\n"
	     "    publish: {bindings: {mqtt: {qos: 3}, http: {method: FETCH}}}\n"
	     "    subscribe: {bindings: {mqtt: {qos: 2}, amqp: {expiration: 99999999999999999999}}}\n");
	ck_assert_str_eq(finding(&x, 0), "doc.yaml:7:21: error field-range: partitions cannot be 0; it is an integer from 1 to 2147483647");
	ck_assert_str_eq(finding(&x, 1), "doc.yaml:8:19: error field-type: replicas is a string; it must be a number");
	ck_assert_str_eq(finding(&x, 2), "doc.yaml:9:67: error field-range: max.message.bytes cannot be -1; it is an integer from 0 to 2147483647");
	ck_assert_str_eq(finding(&x, 3), "doc.yaml:9:97: error field-word: cleanup.policy cannot be shrink; it is one of delete|compact");
	ck_assert_str_eq(finding(&x, 4), "doc.yaml:10:42: error field-type: durable is a string; it must be true or false");
	ck_finding(&x, "field-range", 7, 21);
	ck_assert_uint_eq(x.f.n, 8);
	done(&x);
}
END_TEST

UNIT_MAIN("asyncapi", versions_by_major_and_minor, an_unquoted_version_is_explained, what_is_no_document_is_refused,
	  a_sound_document_has_no_findings, every_wrong_field_is_found_at_its_place, missing_fields_are_named,
	  references_are_followed_and_siblings_warned_of, a_message_of_both_2x_operations_is_one, kafka_servers_are_listed,
	  urls_of_2x_servers_lose_scheme_and_path, wrong_servers_are_found, a_document_without_kafka_is_not_enforced,
	  addresses_that_are_no_topics_warn, parameters_and_addresses_agree, operations_name_their_own_channel, the_nearest_policy_wins,
	  wrong_policies_are_found_once, traits_win_in_2x, the_object_wins_in_3x, a_null_in_a_patch_deletes, traits_that_refer_to_themselves_end,
	  schema_formats_in_all_spellings, content_types_choose_the_reading, types_at_the_root_of_a_schema, fields_that_bindings_do_not_have, keywords_of_schemas_are_checked_everywhere,
	  texts_have_their_form, security_is_checked, twins_are_found, values_of_bindings_are_held_to_their_bounds)
