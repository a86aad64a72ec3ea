/* Twenty places where readers of AsyncAPI went wrong before us, each with the behaviour that
 * the specification asks for; and the divergences from the official JSON Schemas that
 * tests/show/asyncapi-structure names, each for its own reason. */
#include "asyncapi/model.h"
#include "opened.h"

#define HEAD2 "asyncapi: 2.6.0\ninfo: {title: t, version: '1'}\n"
#define HEAD3 "asyncapi: 3.0.0\ninfo: {title: t, version: '1'}\n"

/* ---- what a document has to say ---- */

struct read {
	struct findings f;
	struct tree_set *set;
	struct asyncapi *a;
	struct asyncapi_document *d;
};

static void read_text(struct read *r, const char *text)
{
	findings_init(&r->f, 100);
	r->set = tree_set_new(&r->f, NULL);
	r->a = asyncapi_new(r->set, &r->f);
	r->d = asyncapi_add(r->a, tree_parse(r->set, "doc.yaml", text, strlen(text)), ASYNCAPI_CONFIGURED);
}

static void read_end(struct read *r)
{
	asyncapi_free(r->a);
	tree_set_free(r->set);
	findings_fini(&r->f);
}

/* The severity of the first finding of a code; -1: none. */
static int severity_of(const char *text, const char *code)
{
	struct read r;
	int severity = -1;

	read_text(&r, text);
	for (size_t i = 0; i < r.f.n && severity < 0; i++)
		if (strcmp(r.f.items[i].code, code) == 0)
			severity = (int)r.f.items[i].severity;
	read_end(&r);
	return severity;
}

static void ck_no_errors(const char *text)
{
	struct read r;

	read_text(&r, text);
	ck_assert_msg(r.d && r.f.errors == 0, "%s: %s", text, r.f.n ? r.f.items[0].message : "");
	read_end(&r);
}

/* ---- what becomes of a record ---- */

static enum verdict judge(struct opened *o, const char *topic, struct record_view r, const char **message)
{
	struct contract_topic t;
	struct judgement j;

	contract_find(o->p.c, 0, span_str(topic), &t);
	contract_judge(o->p.c, &t, &r, &j);
	if (message)
		*message = contract_message_name(o->p.c, j.message);
	return j.verdict;
}

/* What a client is told of a record that is not valid. */
static const char *reason(struct opened *o, const char *topic, struct record_view r)
{
	struct judgement_report report = { .arena = &o->arena };
	struct contract_topic t;
	struct judgement j;

	contract_find(o->p.c, 0, span_str(topic), &t);
	contract_judge(o->p.c, &t, &r, &j);
	contract_explain(o->p.c, &t, &r, &j, &report);
	return report.text;
}

struct row {
	const char *topic, *value;
	enum verdict verdict;
};

static void ck_rows(const char *document, const struct row *rows, size_t n)
{
	struct opened o;

	opened_open(&o, document);
	for (size_t i = 0; i < n; i++) {
		enum verdict v = judge(&o, rows[i].topic, (struct record_view){ .value = span_str(rows[i].value) }, NULL);
		ck_assert_msg(v == rows[i].verdict, "%s %s: %s", rows[i].topic, rows[i].value, verdict_word(v));
	}
	opened_close(&o);
}

#define ck_records(document, ...) ck_rows(document, (const struct row[]){ __VA_ARGS__ }, sizeof (const struct row[]){ __VA_ARGS__ } / sizeof(struct row))

/* ---- the traps ---- */

START_TEST(trap_1_both_directions_of_2x)
{
	ck_records(HEAD2 "channels: {c: {publish: {message: {payload: {const: 1}}}, subscribe: {message: {payload: {const: 2}}}}}\n",
		{ "c", "1", VERDICT_VALID }, { "c", "2", VERDICT_VALID }, { "c", "3", VERDICT_INVALID });
}
END_TEST

#define TRAIT_MESSAGE "{payload: {}, headers: {type: object, required: [m], properties: {a: {type: integer}}}, traits: [{headers: {required: [a], properties: {a: {type: string}}}}]}"

static const char *first_required(const struct read *r)
{
	struct tree_node *headers = r->d->channels->messages->headers.node;
	struct tree_node *required = tree_get(headers, "required"), *type = tree_get(tree_get(tree_get(headers, "properties"), "a"), "type");

	ck_assert_uint_eq(required->count, 1);           /* lists are replaced, not joined */
	return span_is(required->first->text, "a") && span_is(type->text, "string") ? "trait" : span_is(required->first->text, "m") && span_is(type->text, "integer") ? "message" : "a mixture";
}

START_TEST(trap_2_traits_flip)
{
	struct read r;

	read_text(&r, HEAD2 "channels: {c: {publish: {message: " TRAIT_MESSAGE "}}}\n");
	ck_assert_str_eq(first_required(&r), "trait");
	read_end(&r);
	read_text(&r, HEAD3 "channels: {c: {address: c, messages: {m: " TRAIT_MESSAGE "}}}\n");
	ck_assert_str_eq(first_required(&r), "message");
	read_end(&r);
}
END_TEST

#define OPERATION(messages) \
	HEAD3 "channels: {c: {address: c, messages: {m: {payload: {}}}}}\n" \
	"operations: {o: {action: send, channel: {$ref: '#/channels/c'}, x-eventgateway-policy: {invalid: mark}" messages "}}\n"

START_TEST(trap_3_omitted_messages_are_all)
{
	struct read r;

	read_text(&r, OPERATION(""));
	ck_assert_int_eq(r.d->channels->messages->policy.action[VERDICT_INVALID], ACTION_MARK);
	read_end(&r);
	read_text(&r, OPERATION(", messages: []"));
	ck_assert_int_eq(r.d->channels->messages->policy.action[VERDICT_INVALID], ASYNCAPI_UNSET);
	read_end(&r);
}
END_TEST

START_TEST(trap_4_one_and_only_one)
{
	ck_records(HEAD3 "channels: {c: {address: c, messages: {a: {payload: {type: object, required: [a]}}, b: {payload: {type: object, required: [b]}}}}}\n",
		{ "c", "{\"a\":1}", VERDICT_VALID }, { "c", "{\"b\":1}", VERDICT_VALID }, { "c", "{\"a\":1,\"b\":1}", VERDICT_AMBIGUOUS }, { "c", "{}", VERDICT_INVALID });
}
END_TEST

START_TEST(trap_5_operations_of_one_channel)
{
	ck_records(HEAD3 "channels: {c: {address: c, messages: {a: {payload: {const: 1}}, b: {payload: {const: 2}}}}, r: {address: r, messages: {x: {payload: {const: 3}}}}}\n"
		"operations:\n"
		"  one: {action: send, channel: {$ref: '#/channels/c'}, messages: [{$ref: '#/channels/c/messages/a'}]}\n"
		"  two: {action: send, channel: {$ref: '#/channels/c'}, messages: [{$ref: '#/channels/c/messages/b'}], reply: {channel: {$ref: '#/channels/r'}, messages: [{$ref: '#/channels/r/messages/x'}]}}\n",
		{ "c", "1", VERDICT_VALID }, { "c", "2", VERDICT_VALID }, { "r", "3", VERDICT_VALID }, { "c", "3", VERDICT_INVALID }, { "r", "1", VERDICT_INVALID });
}
END_TEST

START_TEST(trap_6_multi_format_is_unwrapped)
{
	ck_records(HEAD3 "channels: {c: {address: c, messages: {m: {payload: {schemaFormat: application/schema+json;version=draft-07, schema: {$ref: '#/components/schemas/s'}}}}}}\n"
		"components: {schemas: {s: {type: integer}}}\n",
		{ "c", "1", VERDICT_VALID }, { "c", "\"x\"", VERDICT_INVALID });
}
END_TEST

START_TEST(trap_7_headers_are_validated)
{
	struct opened o;
	struct record_header good = { SPAN_LIT("n"), SPAN_LIT("7") }, bad = { SPAN_LIT("n"), SPAN_LIT("seven") };

	opened_open(&o, HEAD3 "channels: {c: {address: c, messages: {m: {headers: {type: object, required: [n], properties: {n: {type: integer}}}, payload: {}}}}}\n");
	ck_assert_int_eq(judge(&o, "c", (struct record_view){ .value = SPAN_LIT("1"), .headers = &good, .nheaders = 1 }, NULL), VERDICT_VALID);
	ck_assert_int_eq(judge(&o, "c", (struct record_view){ .value = SPAN_LIT("1"), .headers = &bad, .nheaders = 1 }, NULL), VERDICT_INVALID);
	ck_assert_int_eq(judge(&o, "c", (struct record_view){ .value = SPAN_LIT("1") }, NULL), VERDICT_INVALID);
	opened_close(&o);
	ck_assert_int_eq(severity_of(HEAD3 "channels: {c: {address: c, messages: {m: {headers: {type: string}}}}}\n", "headers-type"), FINDING_ERROR);
}
END_TEST

START_TEST(trap_8_a_key_keeps_its_enum)
{
	struct opened o;

	opened_open(&o, HEAD3 "channels: {c: {address: c, messages: {m: {payload: {}, bindings: {kafka: {key: {type: string, enum: [a, b]}}}}}}}\n");
	ck_assert_int_eq(judge(&o, "c", (struct record_view){ .key = SPAN_LIT("a"), .value = SPAN_LIT("1") }, NULL), VERDICT_VALID);
	ck_assert_int_eq(judge(&o, "c", (struct record_view){ .key = SPAN_LIT("c"), .value = SPAN_LIT("1") }, NULL), VERDICT_INVALID);
	opened_close(&o);
}
END_TEST

START_TEST(trap_9_binding_versions_are_no_closed_list)
{
	static const char *const versions[] = { "latest", "0.1.0", "0.2.0", "0.5.0", "0.6.0" };
	char text[300];

	for (size_t i = 0; i < ARRAY_LEN(versions); i++) {
		snprintf(text, sizeof text, HEAD3 "channels: {c: {address: c, messages: {m: {bindings: {kafka: {key: {type: string}, bindingVersion: %s}}}}}}\n", versions[i]);
		ck_no_errors(text);
	}
	ck_assert_int_eq(severity_of(text, "field-type"), -1);
}
END_TEST

START_TEST(trap_10_bindings_of_2x_are_looked_at)
{
	ck_assert_int_eq(severity_of(HEAD2 "channels: {c: {bindings: {kafka: {partitions: three}}}}\n", "field-type"), FINDING_ERROR);
	ck_assert_int_eq(severity_of(HEAD2 "channels: {c: {bindings: {kafka: {partitions: 0}}}}\n", "field-range"), FINDING_ERROR);
	ck_assert_int_eq(severity_of(HEAD2 "channels: {c: {publish: {message: {bindings: {kafka: {schemaIdLocation: body}}}}}}\n", "field-word"), FINDING_ERROR);
}
END_TEST

START_TEST(trap_11_patch_versions_and_suffixes)
{
	static const char *const versions[] = { "2.0.0-rc2", "2.6.1", "2.6.99", "3.0.1", "3.1.0-next" };
	char text[200];

	for (size_t i = 0; i < ARRAY_LEN(versions); i++) {
		snprintf(text, sizeof text, "asyncapi: %s\ninfo: {title: t, version: '1'}\nchannels: {}\n", versions[i]);
		ck_no_errors(text);
	}
}
END_TEST

START_TEST(trap_12_unknown_formats_are_told)
{
	const char *text = HEAD2 "channels: {c: {publish: {message: {schemaFormat: application/vnd.apache.avro, payload: {type: record, name: R, fields: []}}}}}\n";

	ck_assert_int_eq(severity_of(text, "format-unjudged"), FINDING_WARNING);
	ck_records(text, { "c", "{}", VERDICT_UNDECIDABLE });
	ck_records(HEAD2 "channels: {c: {publish: {message: {schemaFormat: text/x-mine, payload: {a: b}}}}}\n", { "c", "{}", VERDICT_UNDECIDABLE });
}
END_TEST

/* Siblings are ignored; a pointer starts at the file's root; no anchors by $id. */
START_TEST(trap_13_references_are_json_references)
{
	ck_records(HEAD3 "channels: {c: {address: c, messages: {m: {payload: {properties: {a: {$ref: '#/components/schemas/s', type: integer}, b: {$ref: '#/x-schemas/D'}}, x-schemas: {D: {type: integer}}}}}}}\n"
		"components: {schemas: {s: {type: string}}}\nx-schemas: {D: {type: boolean}}\n",
		{ "c", "{\"a\":\"x\",\"b\":true}", VERDICT_VALID }, { "c", "{\"a\":1}", VERDICT_INVALID }, { "c", "{\"b\":1}", VERDICT_INVALID });
	ck_assert_int_eq(severity_of(HEAD3 "components: {schemas: {s: {$id: '#foo', properties: {a: {$ref: '#foo'}}}}}\n", "ref-syntax"), FINDING_ERROR);
}
END_TEST

START_TEST(trap_14_recursive_schemas)
{
	struct buf deep;

	ck_records(HEAD3 "channels: {c: {address: c, messages: {m: {payload: {$ref: '#/components/schemas/tree'}}}}}\n"
		"components: {schemas: {tree: {type: object, properties: {left: {$ref: '#/components/schemas/tree'}, n: {type: integer}}}}}\n",
		{ "c", "{\"left\":{\"left\":{\"n\":1}}}", VERDICT_VALID }, { "c", "{\"left\":{\"left\":{\"n\":\"x\"}}}", VERDICT_INVALID });
	buf_init(&deep, 0);
	buf_puts(&deep, HEAD3 "channels: {c: {address: c, messages: {m: {payload: {$ref: '#/components/schemas/s0'}}}}}\ncomponents:\n  schemas:\n");
	for (unsigned i = 0; i < 5000; i++)
		buf_printf(&deep, "    s%u: {properties: {next: {$ref: '#/components/schemas/s%u'}}}\n", i, (i + 1) % 5000);
	buf_addch(&deep, 0);
	ck_no_errors((const char *)deep.p);
	buf_fini(&deep);
}
END_TEST

START_TEST(trap_15_boolean_schemas)
{
	ck_records(HEAD3 "channels: {t: {address: t, messages: {m: {payload: true}}}, f: {address: f, messages: {m: {payload: false}}}}\n",
		{ "t", "1", VERDICT_VALID }, { "t", "{", VERDICT_INVALID }, { "f", "1", VERDICT_INVALID });
}
END_TEST

START_TEST(trap_16_templates_and_shared_addresses)
{
	ck_records(HEAD3 "channels:\n"
		"  t: {address: 'l.{id}.on', parameters: {id: {}}, messages: {m: {payload: {const: 1}}}}\n"
		"  a: {address: s, messages: {m: {payload: {const: 1}}}}\n"
		"  b: {address: s, messages: {m: {payload: {const: 2}}}}\n",
		{ "l.x.on", "1", VERDICT_VALID }, { "l.x.y.on", "1", VERDICT_UNDECLARED }, { "l..on", "1", VERDICT_UNDECLARED }, { "s", "1", VERDICT_VALID }, { "s", "2", VERDICT_VALID });
	ck_assert_int_eq(severity_of(HEAD3 "channels: {t: {address: 'l.{id}'}}\n", "parameters-missing"), FINDING_WARNING);
}
END_TEST

#define SERVER2(security) HEAD2 "channels: {}\nservers: {s: {url: 'kafka:9092', protocol: kafka, security: " security "}}\ncomponents: {securitySchemes: {a: {type: plain}, b: {type: X509}}}\n"

START_TEST(trap_17_security_and_or)
{
	ck_no_errors(SERVER2("[{a: [], b: []}, {b: []}]"));
	ck_assert_int_eq(severity_of(SERVER2("[{a: [], c: []}]"), "security-scheme"), FINDING_ERROR);
	ck_assert_int_eq(severity_of(SERVER2("[{a: [read]}]"), "security-scopes"), FINDING_ERROR);
	ck_no_errors(HEAD3 "servers: {s: {host: 'kafka:9092', protocol: kafka, security: [{$ref: '#/components/securitySchemes/a'}, {type: X509}]}}\ncomponents: {securitySchemes: {a: {type: plain}}}\n");
	ck_assert_int_gt(severity_of(HEAD3 "servers: {s: {host: 'kafka:9092', protocol: kafka, security: [{a: []}]}}\n", "missing-field"), -1);
}
END_TEST

START_TEST(trap_18_content_types)
{
	ck_records(HEAD3 "channels: {t: {address: t, messages: {m: {contentType: text/plain, payload: {type: string}}}}, j: {address: j, messages: {m: {payload: {type: string}}}}}\n",
		{ "t", "plain words", VERDICT_VALID }, { "t", "7", VERDICT_VALID }, { "j", "plain words", VERDICT_INVALID }, { "j", "\"words\"", VERDICT_VALID });
}
END_TEST

START_TEST(trap_19_numbers_are_exact)
{
	ck_records(HEAD3 "channels: {n: {address: n, messages: {m: {payload: {type: integer, maximum: 9007199254740993}}}}, d: {address: d, messages: {m: {payload: {multipleOf: 0.1}}}}}\n",
		{ "n", "9007199254740993", VERDICT_VALID }, { "n", "9007199254740994", VERDICT_INVALID }, { "d", "0.3", VERDICT_VALID }, { "d", "0.35", VERDICT_INVALID });
}
END_TEST

START_TEST(trap_20_examples_are_tried)
{
	struct opened o;
	size_t warned = 0;

	opened_open(&o, HEAD3 "channels: {c: {address: c, messages: {m: {payload: {type: integer}, examples: [{payload: 1}, {payload: x}]}}}}\n");
	ck_assert_int_eq(asyncapi_check_examples(o.a, &o.img), 0);
	for (size_t i = 0; i < o.f.n; i++)
		warned += strcmp(o.f.items[i].code, "example-invalid") == 0;
	ck_assert_uint_eq(warned, 1);
	opened_close(&o);
}
END_TEST

START_TEST(messages_of_an_operation_are_there)
{
	ck_assert_int_eq(severity_of(HEAD3 "channels: {c: {address: c, messages: {m: {payload: {}}}}}\noperations: {o: {action: send, channel: {$ref: '#/channels/c'}, messages: [{$ref: '#/channels/c/messages/n'}]}}\n",
		"ref-not-found"), FINDING_ERROR);
}
END_TEST

/* ---- what only a record proves ---- */

static const char *message_of_code(struct opened *o, const char *code)
{
	for (size_t i = 0; i < o->f.n; i++)
		if (strcmp(o->f.items[i].code, code) == 0)
			return o->f.items[i].message;
	return NULL;
}

START_TEST(ambiguous_messages_are_shown_with_a_record)
{
	struct opened o;

	opened_open(&o, HEAD3 "channels: {c: {address: c, messages: {a: {payload: {type: object, required: [n], properties: {n: {const: 1}}}}, b: {payload: {type: object}}}}}\n");
	ck_assert_int_eq(asyncapi_check_messages(o.a, &o.img), 0);
	const char *text = message_of_code(&o, "message-ambiguous");
	ck_assert_ptr_nonnull(text);
	ck_assert_ptr_nonnull(strstr(text, "a, b"));
	ck_assert_ptr_nonnull(strstr(text, "\"n\":1"));
	opened_close(&o);
	opened_open(&o, HEAD3 "channels: {c: {address: c, messages: {a: {payload: {type: object, required: [n], properties: {n: {const: 1}}}}, b: {payload: {type: object, required: [n], properties: {n: {const: 2}}}}}}}\n");
	ck_assert_int_eq(asyncapi_check_messages(o.a, &o.img), 0);
	ck_assert_ptr_null(message_of_code(&o, "message-ambiguous"));
	opened_close(&o);
}
END_TEST

/* ---- correlation ids ---- */

/* "The location of the correlation ID" (Correlation ID Object): what a record without one is told. */
START_TEST(a_correlation_id_must_be_in_its_header)
{
	static const char *const texts[] = {
		HEAD3 "channels: {c: {address: c, messages: {m: {correlationId: {location: '$message.header#/id'}, payload: {type: integer}}}}}\n",
		HEAD2 "channels: {c: {publish: {message: {name: m, correlationId: {$ref: '#/components/correlationIds/i'}, headers: {type: object, properties: {n: {type: integer}}}, payload: {type: integer}}}}}\n"
		"components: {correlationIds: {i: {location: '$message.header#/id'}}}\n",
	};
	struct record_header id = { SPAN_LIT("id"), SPAN_LIT("7") }, empty = { SPAN_LIT("id"), SPAN_LIT("") }, other = { SPAN_LIT("ID"), SPAN_LIT("7") };
	struct record_header wrong[] = { { SPAN_LIT("id"), SPAN_LIT("7") }, { SPAN_LIT("n"), SPAN_LIT("x") } };

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		struct opened o;
		opened_open(&o, texts[i]);
		ck_assert_ptr_null(message_of_code(&o, "correlation-id"));
		ck_assert_int_eq(judge(&o, "c", (struct record_view){ .value = SPAN_LIT("1"), .headers = &id, .nheaders = 1 }, NULL), VERDICT_VALID);
		ck_assert_int_eq(judge(&o, "c", (struct record_view){ .value = SPAN_LIT("1"), .headers = &empty, .nheaders = 1 }, NULL), VERDICT_VALID);
		ck_assert_int_eq(judge(&o, "c", (struct record_view){ .value = SPAN_LIT("1"), .headers = &other, .nheaders = 1 }, NULL), VERDICT_INVALID);
		ck_assert_int_eq(judge(&o, "c", (struct record_view){ .value = SPAN_LIT("x"), .headers = &id, .nheaders = 1 }, NULL), VERDICT_INVALID);
		ck_assert_int_eq(judge(&o, "c", (struct record_view){ .value = SPAN_LIT("1"), .headers = wrong, .nheaders = 2 }, NULL), i ? VERDICT_INVALID : VERDICT_VALID);
		ck_assert_int_eq(judge(&o, "c", (struct record_view){ .value = SPAN_LIT("1") }, NULL), VERDICT_INVALID);
		const char *text = reason(&o, "c", (struct record_view){ .value = SPAN_LIT("1") });
		ck_assert_msg(strstr(text, "m: headers") && strstr(text, "id"), "%s", text);
		opened_close(&o);
	}
}
END_TEST

START_TEST(a_correlation_id_must_be_in_its_payload)
{
	ck_records(HEAD3 "channels: {c: {address: c, messages: {m: {correlationId: {location: '$message.payload#/a~1b/~0'}, payload: {$ref: '#/components/schemas/s'}}}}}\n"
		"components: {schemas: {s: {properties: {n: {type: integer}}}}}\n",
		{ "c", "{\"a/b\":{\"~\":null},\"n\":1}", VERDICT_VALID }, { "c", "{\"a/b\":{\"~\":1},\"n\":\"x\"}", VERDICT_INVALID },
		{ "c", "{\"a/b\":{},\"n\":1}", VERDICT_INVALID }, { "c", "{\"a/b\":1}", VERDICT_INVALID }, { "c", "{}", VERDICT_INVALID }, { "c", "1", VERDICT_INVALID });
	ck_records(HEAD3 "defaultContentType: application/json\nchannels: {c: {address: c, messages: {m: {correlationId: {location: '$message.payload#/id'}}}}}\n",
		{ "c", "{\"id\":1}", VERDICT_VALID }, { "c", "{\"no\":1}", VERDICT_INVALID });
	/* A tombstone has no payload to look into. */
	struct opened o;
	opened_open(&o, HEAD3 "channels: {c: {address: c, bindings: {kafka: {topicConfiguration: {cleanup.policy: [compact]}}}, messages: {m: {correlationId: {location: '$message.payload#/id'}, payload: {type: object}}}}}\n");
	ck_assert_int_eq(judge(&o, "c", (struct record_view){ .value = SPAN_NULL }, NULL), VERDICT_VALID);
	ck_assert_int_eq(judge(&o, "c", (struct record_view){ .value = SPAN_LIT("{}") }, NULL), VERDICT_INVALID);
	opened_close(&o);
}
END_TEST

START_TEST(a_correlation_id_that_cannot_be_looked_for_is_told)
{
	static const struct {
		const char *location, *rest;
	} rows[] = {
		{ "$message.payload#", "payload: {}" }, { "$message.header#/a/b", "payload: {}" }, { "$message.payload#/list/0/id", "payload: {}" },
		{ "$message.payload#/id", "payload: {type: string}" }, { "$message.payload#/id", "contentType: text/plain, payload: {}" },
		{ "$message.payload#/id", "payload: {schemaFormat: application/schema+json;version=draft-07, schema: {}}" },
		{ "$message.payload#/a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p/q", "payload: {}" },
	};
	char text[400];

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		snprintf(text, sizeof text, HEAD3 "channels: {c: {address: c, messages: {m: {correlationId: {location: '%s'}, %s}}}}\n", rows[i].location, rows[i].rest);
		ck_assert_msg(severity_of(text, "correlation-id") == FINDING_INFO, "%s", text);
		ck_no_errors(text);
	}
}
END_TEST

/* ---- schema registries: Kafka bindings 0.3.0 to 0.5.0 ---- */

#define REGISTRY "servers: {s: {host: 'a:1', protocol: kafka, bindings: {kafka: {schemaRegistryUrl: 'https://example.com'}}}}\n"

START_TEST(a_payload_behind_a_schema_id_is_undecidable)
{
	struct opened o;

	opened_open(&o, HEAD3 REGISTRY "channels: {c: {address: c, messages: {m: {payload: {type: object}, bindings: {kafka: {schemaIdLocation: payload, schemaIdPayloadEncoding: confluent}}}}}}\n");
	struct record_view r = { .value = SPAN_LIT("\0\0\0\0\7{}") };
	ck_assert_int_eq(judge(&o, "c", r, NULL), VERDICT_UNDECIDABLE);
	ck_assert_msg(strstr(reason(&o, "c", r), "m: payload cannot be judged: it begins with a schema id"), "%s", reason(&o, "c", r));
	ck_assert_ptr_nonnull(message_of_code(&o, "schema-id-unjudged"));
	ck_assert_ptr_null(message_of_code(&o, "registry-missing"));
	opened_close(&o);
	/* Nothing is said of these payloads, and the payloads of those are whole. */
	ck_records(HEAD3 REGISTRY "channels: {c: {address: c, messages: {m: {bindings: {kafka: {schemaIdLocation: payload}}}}},\n"
		"  h: {address: h, messages: {m: {payload: {type: object}, bindings: {kafka: {schemaIdLocation: header}}}}}}\n",
		{ "c", "1", VERDICT_VALID }, { "h", "{}", VERDICT_VALID }, { "h", "1", VERDICT_INVALID });
}
END_TEST

START_TEST(a_schema_registry_is_named_by_a_server)
{
	static const char *const fields[] = { "schemaIdLocation: header", "schemaIdPayloadEncoding: '4'", "schemaLookupStrategy: TopicIdStrategy" };
	char text[500];

	for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
		snprintf(text, sizeof text, HEAD3 "channels: {c: {address: c, messages: {m: {payload: {}, bindings: {kafka: {%s}}}}}}\n", fields[i]);
		ck_assert_msg(severity_of(text, "registry-missing") == FINDING_WARNING, "%s", text);
		snprintf(text, sizeof text, HEAD3 REGISTRY "channels: {c: {address: c, messages: {m: {payload: {}, bindings: {kafka: {%s}}}}}}\n", fields[i]);
		ck_assert_msg(severity_of(text, "registry-missing") == -1, "%s", text);
		ck_assert_int_eq(severity_of(text, "registry-unused"), FINDING_INFO);
	}
	ck_assert_int_eq(severity_of(HEAD3 "servers: {s: {host: 'a:1', protocol: kafka, bindings: {kafka: {schemaRegistryVendor: ibm}}}}\n", "registry-missing"), FINDING_WARNING);
}
END_TEST

START_TEST(bounds_that_leave_nothing_are_told)
{
	static const struct {
		const char *schema;
		bool empty;
	} rows[] = {
		{ "{minimum: 2, maximum: 1}", true }, { "{minimum: 1, maximum: 1}", false }, { "{minLength: 3, maxLength: 2}", true }, { "{minItems: 1, maxItems: 0}", true },
		{ "{minimum: -1, maximum: -2}", true }, { "{type: string, enum: [1, 2]}", true }, { "{type: string, enum: [1, a]}", false }, { "{type: integer, enum: [1.5]}", false },
		{ "{minimum: 1.5, maximum: 1}", false },
		{ "{type: string, const: 1}", true }, { "{type: number, const: 1}", false }, { "{type: [string, 'null'], const: 1}", false }, { "{type: object, const: {}}", false },
		{ "{const: a, enum: [b, c]}", true }, { "{const: a, enum: [b, a]}", false }, { "{const: 1, enum: [1.0]}", false }, { "{const: 1, enum: [2, a]}", true },
		{ "{const: true, enum: [false]}", true }, { "{const: null, enum: [null]}", false }, { "{const: [1], enum: [[2]]}", false },
		{ "{required: [a], properties: {a: false}}", true }, { "{required: [a], properties: {a: true, b: false}}", false }, { "{properties: {a: false}}", false },
	};
	char text[300];

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		snprintf(text, sizeof text, HEAD3 "components: {schemas: {s: {properties: {p: %s}}}}\n", rows[i].schema);
		ck_assert_msg((severity_of(text, "schema-empty") == FINDING_WARNING) == rows[i].empty, "%s", rows[i].schema);
	}
}
END_TEST

/* ---- components that nothing leads to ---- */

static bool is_told(const struct opened *o, const char *code, const char *name)
{
	for (size_t i = 0; i < o->f.n; i++)
		if (strcmp(o->f.items[i].code, code) == 0 && strstr(o->f.items[i].message, name) && o->f.items[i].severity == FINDING_INFO)
			return true;
	return false;
}

START_TEST(components_that_nothing_leads_to_are_told)
{
	struct opened o;

	opened_open(&o, HEAD3 "channels: {c: {address: c, messages: {m: {$ref: '#/components/messages/sent'}}}}\n"
		"components:\n"
		"  messages: {sent: {payload: {$ref: '#/components/schemas/outer'}}, lone-message: {payload: {$ref: '#/components/schemas/lone-inner'}}}\n"
		"  schemas: {outer: {properties: {p: {$ref: '#/components/schemas/inner'}}}, inner: {properties: {q: {$ref: '#/components/schemas/inner'}}}, lone-inner: {}, lone-loop: {properties: {p: {$ref: '#/components/schemas/lone-loop'}}}}\n");
	ck_assert_int_eq(asyncapi_check_unused(o.a), 0);
	ck_assert(is_told(&o, "message-unused", "lone-message"));
	ck_assert(is_told(&o, "component-unused", "lone-inner"));
	ck_assert(is_told(&o, "component-unused", "lone-loop"));
	ck_assert_uint_eq(o.f.n, 3);
	opened_close(&o);
	/* 2.x names its security schemes; a place inside a component is a use of it. */
	opened_open(&o, HEAD2 "servers: {s: {url: 'a:1', protocol: kafka, security: [{basic: []}]}}\n"
		"channels: {c: {publish: {message: {payload: {$ref: '#/components/schemas/s/properties/p'}}}}}\n"
		"components: {securitySchemes: {basic: {type: userPassword}}, schemas: {s: {properties: {p: {type: string}}}}}\n");
	ck_assert_int_eq(asyncapi_check_unused(o.a), 0);
	ck_assert_uint_eq(o.f.n, 0);
	opened_close(&o);
}
END_TEST

START_TEST(a_document_without_channels_is_for_others)
{
	struct opened o;

	opened_open(&o, HEAD3 "components: {schemas: {lone: {}}}\n");
	ck_assert_int_eq(asyncapi_check_unused(o.a), 0);
	ck_assert(!is_told(&o, "component-unused", "lone"));
	opened_close(&o);
}
END_TEST

/* ---- divergences from the official JSON Schemas ---- */

START_TEST(parameters_may_be_references)
{
	ck_no_errors("asyncapi: 2.3.0\ninfo: {title: t, version: '1'}\nchannels: {'c.{p}': {parameters: {p: {$ref: '#/components/parameters/p'}}}}\ncomponents: {parameters: {p: {schema: {type: string}}}}\n");
}
END_TEST

START_TEST(a_parameter_is_an_object)
{
	ck_assert_int_eq(severity_of(HEAD3 "channels: {c: {address: 'c.{p}', parameters: {p: true}}}\n", "field-type"), FINDING_ERROR);
}
END_TEST

START_TEST(an_openapi_payload_may_be_a_reference)
{
	ck_no_errors(HEAD2 "channels: {c: {publish: {message: {schemaFormat: application/vnd.oai.openapi;version=3.0.0, payload: {$ref: '#/components/schemas/s'}}}}}\n"
		"components: {schemas: {s: {type: string}}}\n");
}
END_TEST

START_TEST(true_is_a_schema)
{
	ck_no_errors(HEAD3 "channels: {c: {address: c, messages: {m: {payload: true, headers: {type: object}}}}}\n");
}
END_TEST

START_TEST(siblings_of_references_are_ignored)
{
	const char *text = HEAD3 "channels: {c: {address: c, messages: {m: {$ref: '#/components/messages/m', surprise: 1}}}}\ncomponents: {messages: {m: {payload: {}}}}\n";

	ck_no_errors(text);
	ck_assert_int_eq(severity_of(text, "reference-sibling"), FINDING_WARNING);
}
END_TEST

START_TEST(names_of_components_are_held)
{
	ck_assert_int_eq(severity_of(HEAD3 "components: {schemas: {'a b': {}}}\n", "name-form"), FINDING_ERROR);
	ck_assert_int_eq(severity_of(HEAD2 "channels: {}\ncomponents: {messages: {'a/b': {}}}\n", "name-form"), FINDING_ERROR);
}
END_TEST

START_TEST(an_avro_schema_is_not_judged)
{
	const char *text = HEAD3 "channels: {c: {address: c, messages: {m: {payload: {schemaFormat: application/vnd.apache.avro;version=1.9.0, schema: {type: nothing}}}}}}\n";

	ck_no_errors(text);
	ck_assert_int_eq(severity_of(text, "format-unjudged"), FINDING_WARNING);
}
END_TEST

UNIT_MAIN("traps", trap_1_both_directions_of_2x, trap_2_traits_flip, trap_3_omitted_messages_are_all, trap_4_one_and_only_one, trap_5_operations_of_one_channel,
	  trap_6_multi_format_is_unwrapped, trap_7_headers_are_validated, trap_8_a_key_keeps_its_enum, trap_9_binding_versions_are_no_closed_list,
	  trap_10_bindings_of_2x_are_looked_at, trap_11_patch_versions_and_suffixes, trap_12_unknown_formats_are_told, trap_13_references_are_json_references,
	  trap_14_recursive_schemas, trap_15_boolean_schemas, trap_16_templates_and_shared_addresses, trap_17_security_and_or, trap_18_content_types,
	  trap_19_numbers_are_exact, trap_20_examples_are_tried, messages_of_an_operation_are_there, ambiguous_messages_are_shown_with_a_record,
	  a_correlation_id_must_be_in_its_header, a_correlation_id_must_be_in_its_payload,
	  a_correlation_id_that_cannot_be_looked_for_is_told,
	  a_payload_behind_a_schema_id_is_undecidable, a_schema_registry_is_named_by_a_server,
	  components_that_nothing_leads_to_are_told, a_document_without_channels_is_for_others,
	  bounds_that_leave_nothing_are_told, parameters_may_be_references, a_parameter_is_an_object,
	  an_openapi_payload_may_be_a_reference, true_is_a_schema, siblings_of_references_are_ignored, names_of_components_are_held,
	  an_avro_schema_is_not_judged)
