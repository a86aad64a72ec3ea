/* Instances made for schemas and patterns; what the compiled schema says of them decides. */
#include "asyncapi/explain.h"
#include "opened.h"

static const struct model_message *only_message(struct opened *o)
{
	return o->a->documents->channels->messages;
}

static void open_schema(struct opened *o, const char *schema)
{
	struct buf text;

	buf_init(&text, 0);
	buf_printf(&text, "{\"asyncapi\":\"3.0.0\",\"info\":{\"title\":\"t\",\"version\":\"1\"},\"channels\":{\"c\":{\"address\":\"c\",\"messages\":{\"m\":{\"payload\":%s}}}}}", schema);
	buf_addch(&text, 0);
	opened_open(o, (const char *)text.p);
	buf_fini(&text);
}

/* A valid record is found, within the variants that are tried. */
static void ck_made(const char *schema)
{
	struct opened o;
	struct probe_record r;
	const char *why;

	open_schema(&o, schema);
	ck_assert_msg(probe_valid(&o.p, &o.arena, o.a->documents->channels, only_message(&o), "c", &r, &why), "no instance of %s", schema);
	ck_assert_int_eq(schema_run(o.p.runner, only_message(&o)->payload.root, span_str(r.part[PROBE_PAYLOAD])), SCHEMA_VALID);
	opened_close(&o);
}

START_TEST(every_keyword_has_an_instance)
{
	static const char *const schemas[] = {
		"true", "{}", "{\"type\":\"null\"}", "{\"type\":\"boolean\"}", "{\"type\":[\"integer\",\"null\"]}", "{\"const\":{\"a\":[1]}}", "{\"enum\":[7,\"x\"]}",
		"{\"type\":\"integer\",\"minimum\":5}", "{\"type\":\"integer\",\"exclusiveMinimum\":5}", "{\"type\":\"integer\",\"maximum\":-5}",
		"{\"type\":\"integer\",\"exclusiveMaximum\":1}", "{\"type\":\"integer\",\"minimum\":13,\"multipleOf\":7}", "{\"type\":\"number\",\"minimum\":0.5,\"maximum\":0.75}",
		"{\"type\":\"number\",\"exclusiveMinimum\":0,\"exclusiveMaximum\":1}", "{\"type\":\"number\",\"multipleOf\":0.25}", "{\"type\":\"integer\",\"minimum\":-9,\"maximum\":-3}",
		"{\"type\":\"string\",\"minLength\":20}", "{\"type\":\"string\",\"maxLength\":2}", "{\"type\":\"string\",\"maxLength\":0}",
		"{\"type\":\"array\",\"minItems\":3,\"items\":{\"type\":\"integer\"},\"uniqueItems\":true}", "{\"type\":\"array\",\"minItems\":3,\"items\":{\"type\":\"string\"},\"uniqueItems\":true}",
		"{\"type\":\"array\",\"items\":[{\"type\":\"integer\"},{\"type\":\"string\"}],\"minItems\":2}", "{\"type\":\"array\",\"contains\":{\"const\":3}}", "{\"type\":\"array\",\"maxItems\":0}",
		"{\"type\":\"object\",\"required\":[\"a\",\"b\"],\"properties\":{\"a\":{\"type\":\"integer\"}}}", "{\"type\":\"object\",\"minProperties\":3}",
		"{\"type\":\"object\",\"additionalProperties\":false,\"properties\":{\"a\":{}}}", "{\"type\":\"object\",\"required\":[\"z\"],\"additionalProperties\":{\"type\":\"integer\"}}",
		"{\"allOf\":[{\"required\":[\"a\"]},{\"properties\":{\"a\":{\"type\":\"integer\",\"minimum\":3}}},{\"properties\":{\"a\":{\"maximum\":4}}}],\"type\":\"object\"}",
		"{\"oneOf\":[{\"type\":\"integer\",\"minimum\":1},{\"type\":\"integer\",\"maximum\":1}]}", "{\"anyOf\":[false,{\"type\":\"string\"}]}",
		"{\"type\":\"object\",\"required\":[\"k\"],\"properties\":{\"k\":{\"enum\":[\"a\",\"b\"]}},\"if\":{\"properties\":{\"k\":{\"const\":\"a\"}}},\"then\":{\"required\":[\"x\"]},\"else\":{\"required\":[\"y\"]}}",
		"{\"type\":\"integer\",\"not\":{\"const\":1}}",
	};

	for (size_t i = 0; i < ARRAY_LEN(schemas); i++)
		ck_made(schemas[i]);
}
END_TEST

START_TEST(formats_and_patterns_have_texts)
{
	static const char *const formats[] = { "date", "time", "date-time", "duration", "email", "hostname", "ipv4", "ipv6", "uri", "uri-reference", "iri", "uri-template", "json-pointer", "relative-json-pointer", "uuid", "regex" };
	static const char *const patterns[] = {
		"^light-[0-9]+$", "^[A-Z]{3}$", "^(north|south)-\\\\d{1,3}$", "a|b", "^\\\\w+@\\\\w+\\\\.[a-z]{2,}$", "^[^a-z]$", "^\\\\u00e9?x*$", "^(?:a(b|c)){2}$", "[\\\\s]", "^x{0}y$",
		"^(?=a)a$", "^[\\\\d.]{3}$", "^\\\\S\\\\.\\\\-$", "^a{2,}b$", "^é+$", "",
	};
	char schema[256];

	for (size_t i = 0; i < ARRAY_LEN(formats); i++) {
		snprintf(schema, sizeof schema, "{\"type\":\"string\",\"format\":\"%s\"}", formats[i]);
		ck_made(schema);
	}
	for (size_t i = 0; i < ARRAY_LEN(patterns); i++) {
		snprintf(schema, sizeof schema, "{\"type\":\"string\",\"pattern\":\"%s\"}", patterns[i]);
		ck_made(schema);
	}
	ck_made("{\"type\":\"string\",\"pattern\":\"^[a-z]+$\",\"minLength\":9}");
}
END_TEST

START_TEST(what_nothing_satisfies_has_no_instance)
{
	static const char *const schemas[] = { "false", "{\"type\":\"integer\",\"minimum\":2,\"maximum\":1}", "{\"type\":\"string\",\"enum\":[1]}" };

	for (size_t i = 0; i < ARRAY_LEN(schemas); i++) {
		struct opened o;
		struct probe_record r;
		const char *why;
		open_schema(&o, schemas[i]);
		ck_assert_msg(!probe_valid(&o.p, &o.arena, o.a->documents->channels, only_message(&o), "c", &r, &why), "an instance of %s", schemas[i]);
		opened_close(&o);
	}
}
END_TEST

START_TEST(an_edit_stands_at_its_place)
{
	struct opened o;
	struct buf out;
	struct sample_edit edit = { .path = { .steps = { SPAN_LIT("a"), SPAN_LIT("0"), SPAN_LIT("b") }, .n = 3 }, .text = "\"here\"" };

	open_schema(&o, "{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"array\",\"items\":{\"type\":\"object\",\"properties\":{\"b\":{\"type\":\"integer\"},\"c\":{\"type\":\"integer\"}},\"required\":[\"b\",\"c\"]}}}}");
	buf_init(&out, 0);
	ck_assert(sample_schema(&o.arena, only_message(&o)->payload.node, 0, &edit, &out));
	buf_addch(&out, 0);
	ck_assert_str_eq((const char *)out.p, "{\"a\":[{\"b\":\"here\",\"c\":1}]}");
	edit.text = NULL;
	buf_clear(&out);
	ck_assert(sample_schema(&o.arena, only_message(&o)->payload.node, 0, &edit, &out));
	buf_addch(&out, 0);
	ck_assert_str_eq((const char *)out.p, "{\"a\":[{\"c\":1}]}");
	buf_fini(&out);
	opened_close(&o);
}
END_TEST

START_TEST(recursion_ends)
{
	struct opened o;
	struct probe_record r;
	const char *why;

	opened_open(&o, "asyncapi: 3.0.0\ninfo: {title: t, version: '1'}\n"
			"channels: {c: {address: c, messages: {m: {payload: {$ref: '#/components/schemas/tree'}}, endless: {payload: {$ref: '#/components/schemas/endless'}}}}}\n"
			"components:\n  schemas:\n"
			"    tree: {type: object, required: [leaf], properties: {leaf: {type: integer}, left: {$ref: '#/components/schemas/tree'}, right: {$ref: '#/components/schemas/tree'}}}\n"
			"    endless: {type: object, required: [next], properties: {next: {$ref: '#/components/schemas/endless'}}}\n");
	const struct model_channel *channel = o.a->documents->channels;
	ck_assert(probe_valid(&o.p, &o.arena, channel, channel->messages, "c", &r, &why));
	ck_assert(!probe_valid(&o.p, &o.arena, channel, channel->messages->next, "c", &r, &why));
	opened_close(&o);
}
END_TEST

static const char commands[] =
	"asyncapi: 3.0.0\ninfo: {title: t, version: '1'}\n"
	"channels:\n  commands:\n    address: commands.{half}\n    parameters: {half: {enum: [north, south]}}\n    messages:\n"
	"      on: {payload: {type: object, required: [command], properties: {command: {const: 'on'}}}}\n"
	"      dim:\n"
	"        headers: {type: object, required: [priority], properties: {priority: {type: integer, minimum: 3}}}\n"
	"        bindings: {kafka: {key: {type: integer}}}\n"
	"        payload: {allOf: [{required: [command]}, {type: object, properties: {command: {enum: [dim, dimmer]}, percentage: {type: integer}}}]}\n"
	"      loose: {payload: {type: array}}\n"
	"operations:\n  take: {action: receive, channel: {$ref: '#/channels/commands'}, messages: [{$ref: '#/channels/commands/messages/dim'}]}\n";

START_TEST(all_parts_of_a_record_are_made)
{
	struct opened o;
	struct probe_record r;
	const char *why;
	struct buf text;

	opened_open(&o, commands);
	const struct model_channel *channel = o.a->documents->channels;
	const struct model_message *dim = channel->messages->next;
	const char *topic = probe_topic(&o.arena, channel);
	ck_assert_str_eq(topic, "commands.north");
	ck_assert(probe_valid(&o.p, &o.arena, channel, dim, topic, &r, &why));
	buf_init(&text, 0);
	probe_print(&text, &r);
	buf_addch(&text, 0);
	ck_assert_str_eq((const char *)text.p, "{\"topic\":\"commands.north\",\"key\":1,\"headers\":{\"priority\":3},\"value\":{\"command\":\"dim\",\"percentage\":1}}");
	buf_fini(&text);
	opened_close(&o);
}
END_TEST

START_TEST(marks_are_constants_that_no_other_message_has)
{
	struct opened o;

	opened_open(&o, commands);
	struct model_channel *channel = o.a->documents->channels;
	struct model_message *on = channel->messages, *dim = on->next, *loose = dim->next;
	/* the third message says nothing of /command, so it may have any */
	ck_assert_str_eq(explain_mark(&o.arena, channel, on), "");
	dim->next = NULL;
	ck_assert_str_eq(explain_mark(&o.arena, channel, on), "payload /command is \"on\"");
	ck_assert_str_eq(explain_mark(&o.arena, channel, dim), "payload /command is \"dim\" or \"dimmer\"");
	dim->next = loose;
	const struct explain_operation *take = explain_operations(&o.arena, channel);
	ck_assert(!take->sends && !take->next);
	ck_assert(explain_carries(take, channel, dim) && !explain_carries(take, channel, on));
	opened_close(&o);
}
END_TEST

START_TEST(a_refused_record_is_refused_for_the_reason_shown)
{
	struct opened o;
	struct probe_record valid, bad;
	const char *why = "";

	opened_open(&o, commands);
	const struct model_channel *channel = o.a->documents->channels;
	const struct model_message *dim = channel->messages->next;
	ck_assert(probe_valid(&o.p, &o.arena, channel, dim, "commands.south", &valid, &why));
	ck_assert(explain_refused(&o.p, &o.arena, channel, dim, &valid, &bad, &why));
	ck_assert_str_eq(why, "dim: /percentage: expected integer, found true");
	struct probe_verdict v = probe_judge(&o.p, &o.arena, channel, &bad, false);
	ck_assert_int_eq(v.verdict, VERDICT_INVALID);
	opened_close(&o);
}
END_TEST

UNIT_MAIN("sample", every_keyword_has_an_instance, formats_and_patterns_have_texts, what_nothing_satisfies_has_no_instance, an_edit_stands_at_its_place, recursion_ends,
	  all_parts_of_a_record_are_made, marks_are_constants_that_no_other_message_has, a_refused_record_is_refused_for_the_reason_shown)
