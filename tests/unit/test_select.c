/* Whom a selector rules out could not have matched: held against the schemas themselves, over
 * records made to fall on every side of the constants. And how few are left. */
#include "asyncapi/model.h"
#include "contract/internal.h"
#include "opened.h"

#define HEAD "asyncapi: 3.0.0\ninfo: {title: t, version: '1'}\nchannels: {c: {address: c, messages: "

static uint32_t state;

static uint32_t pick(uint32_t n)
{
	state = state * 1664525u + 1013904223u;
	return (state >> 8) % n;
}

/* ---- a document of many kinds of messages ---- */

static const char *const schemas[] = {
	"{type: object, required: [type], properties: {type: {const: a}}}",
	"{type: object, properties: {type: {const: a}}}",                       /* may be absent */
	"{required: [type], properties: {type: {const: b}}}",                   /* may be no object */
	"{type: object, required: [type], properties: {type: {enum: [b, c]}}}",
	"{type: object, required: [type], properties: {type: {enum: [c, 7]}}}",
	"{type: object, allOf: [{required: [type], properties: {type: {const: d}}}]}",
	"{type: object, required: [type], properties: {type: {oneOf: [{const: a}, {const: e}]}}}",
	"{type: object, required: [type], properties: {type: {type: string}}}",
	"{type: object, required: [at], properties: {at: {type: object, required: [type], properties: {type: {const: a}}}}}",
	"{type: object, required: [at], properties: {at: {properties: {type: {const: b}}}}}",
	"{type: object, required: [\"ty\\u0070e\"], properties: {type: {const: \"\\u00e9\"}}}",
	"true", "{type: string}", "{const: a}",
};

static const char *const values[] = {
	"{\"type\":\"a\"}", "{\"type\":\"b\"}", "{\"x\":1,\"type\":\"c\"}", "{\"type\":\"d\"}", "{\"type\":\"e\"}", "{\"type\":7}", "{\"type\":null}",
	"{}", "[]", "\"a\"", "7", "null", "", "{\"type\":\"\\u0061\"}", "{\"t\\u0079pe\":\"a\"}", "{\"type\":\"a\",\"type\":\"b\"}", "{\"type\"", "{\"type\":\"a",
	"{\"at\":{\"type\":\"a\"}}", "{\"at\":{\"type\":\"b\"}}", "{\"at\":[{\"type\":\"a\"}]}", "{\"at\":{}}", "{\"at\":\"type\"}", "{ \"at\" : { \"type\" : \"a\" } }",
	"{\"x\":{\"type\":\"b\"},\"type\":\"a\"}", "{\"x\":\"\\\\\\\"type\\\":\",\"type\":\"a\"}", "{\"x\":[{},\"]\"],\"type\":\"\xc3\xa9\"}", " {\"type\":\"zzz\"} ",
};

static void some_messages(struct buf *text, unsigned n)
{
	static const char *const headers[] = { "", "headers: {type: object, required: [kind], properties: {kind: {const: a}}}, ",
		"headers: {type: object, properties: {kind: {enum: [b, c]}}}, " };
	static const char *const keys[] = { "", "bindings: {kafka: {key: {const: k1}}}, ", "bindings: {kafka: {key: {enum: [k1, k2]}}}, " };

	buf_puts(text, HEAD "{");
	for (unsigned i = 0; i < n; i++)
		buf_printf(text, "%sm%u: {%s%spayload: %s}", i ? ", " : "", i, headers[pick(3)], keys[pick(3)], schemas[pick(ARRAY_LEN(schemas))]);
	buf_puts(text, "}}}\n");
	buf_addch(text, 0);
}

static struct record_view some_record(struct record_header *headers)
{
	static const char *const kinds[] = { "a", "b", "c", "z", "" };
	static const char *const keys[] = { "k1", "k2", "k3", "" };
	struct record_view r = { .headers = headers, .nheaders = pick(3) };
	const char *value = values[pick(ARRAY_LEN(values))];

	r.value = pick(20) == 0 ? SPAN_NULL : span_str(value);
	r.key = pick(4) == 0 ? SPAN_NULL : span_str(keys[pick(4)]);
	for (size_t i = 0; i < r.nheaders; i++)
		headers[i] = (struct record_header){ pick(4) ? SPAN_LIT("kind") : SPAN_LIT("other"), pick(8) ? span_str(kinds[pick(5)]) : SPAN_NULL };
	return r;
}

static size_t ck_ruled_out_do_not_match(struct contract *c, const struct contract_declaration *d, const struct record_view *r)
{
	const uint32_t *messages = contract_items(&c->t, d->messages);
	struct candidates set;
	size_t out = 0;

	contract_candidates(c, d, r, &set);
	for (uint32_t i = 0; i < d->messages.n; i++) {
		if (candidate_is_in(&set, i))
			continue;
		out++;
		ck_assert_msg(contract_match_message(c, &c->t.messages[messages[i]], r) == MATCH_NO, "message %u matches %.*s", i, (int)r->value.n, r->value.p);
	}
	return out;
}

START_TEST(who_is_ruled_out_does_not_match)
{
	size_t out = 0;

	state = 7;
	for (unsigned round = 0; round < 150; round++) {
		struct opened o;
		struct buf text;
		struct contract_topic t;
		struct record_header headers[3];
		buf_init(&text, 0);
		some_messages(&text, 2 + pick(60));
		opened_open(&o, (const char *)text.p);
		contract_find(o.p.c, 0, SPAN_LIT("c"), &t);
		struct declaration_walk w = declaration_walk(o.p.c, &t);
		const struct contract_declaration *d = declaration_next(&w);
		for (unsigned i = 0; i < 200; i++) {
			struct record_view r = some_record(headers);
			out += ck_ruled_out_do_not_match(o.p.c, d, &r);
		}
		opened_close(&o);
		buf_fini(&text);
	}
	ck_assert_uint_gt(out, 100000);
}
END_TEST

/* ---- one of many ---- */

/* Candidates that a record leaves. */
static unsigned left_of(struct opened *o, const struct record_view *r)
{
	struct contract_topic t;
	struct candidates set;
	unsigned n = 0;

	contract_find(o->p.c, 0, SPAN_LIT("c"), &t);
	struct declaration_walk w = declaration_walk(o->p.c, &t);
	const struct contract_declaration *d = declaration_next(&w);
	contract_candidates(o->p.c, d, r, &set);
	for (uint32_t i = 0; i < d->messages.n; i++)
		n += candidate_is_in(&set, i);
	return n;
}

START_TEST(disjoint_messages_leave_one)
{
	const struct {
		const char *text;
		struct record_view record;
		unsigned left;
	} rows[] = {
		/* CloudEvents, binary mode: the type is a header */
		{ "{a: {headers: {type: object, required: [ce_type], properties: {ce_type: {const: a}}}}, b: {headers: {type: object, required: [ce_type], properties: {ce_type: {const: b}}}}, "
		  "c: {headers: {type: object, required: [ce_type], properties: {ce_type: {const: c}}}}}",
		  { .headers = &(struct record_header){ SPAN_LIT("ce_type"), SPAN_LIT("b") }, .nheaders = 1, .value = SPAN_LIT("{}") }, 1 },
		/* CloudEvents, structured mode: a member of the payload */
		{ "{a: {payload: {type: object, required: [type], properties: {type: {const: a}}}}, b: {payload: {type: object, required: [type], properties: {type: {const: b}}}}}",
		  { .value = SPAN_LIT("{\"specversion\":\"1.0\",\"type\":\"b\"}") }, 1 },
		{ "{a: {bindings: {kafka: {key: {const: a}}}}, b: {bindings: {kafka: {key: {const: b}}}}}", { .key = SPAN_LIT("a") }, 1 },
		/* Two places together. */
		{ "{a: {payload: {type: object, required: [x, y], properties: {x: {const: '1'}, y: {const: '1'}}}}, b: {payload: {type: object, required: [x, y], properties: {x: {const: '1'}, y: {const: '2'}}}}, "
		  "c: {payload: {type: object, required: [x, y], properties: {x: {const: '2'}, y: {const: '1'}}}}, d: {payload: {type: object, required: [x, y], properties: {x: {const: '2'}, y: {const: '2'}}}}}",
		  { .value = SPAN_LIT("{\"x\":\"2\",\"y\":\"1\"}") }, 1 },
		/* Nothing tells them apart. */
		{ "{a: {payload: {type: object}}, b: {payload: {type: object, required: [x]}}}", { .value = SPAN_LIT("{}") }, 2 },
		/* A value that nobody wants, and none at all. */
		{ "{a: {payload: {type: object, required: [t], properties: {t: {const: a}}}}, b: {payload: {type: object, required: [t], properties: {t: {const: b}}}}}",
		  { .value = SPAN_LIT("{\"t\":\"z\"}") }, 0 },
		{ "{a: {payload: {type: object, required: [t], properties: {t: {const: a}}}}, b: {payload: {type: object, required: [t], properties: {t: {const: b}}}}}",
		  { .value = SPAN_LIT("{}") }, 0 },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct opened o;
		struct buf text;
		buf_init(&text, 0);
		buf_printf(&text, HEAD "%s}}\n", rows[i].text);
		buf_addch(&text, 0);
		opened_open(&o, (const char *)text.p);
		ck_assert_msg(left_of(&o, &rows[i].record) == rows[i].left, "row %zu: %u left", i, left_of(&o, &rows[i].record));
		opened_close(&o);
		buf_fini(&text);
	}
}
END_TEST

/* The text of a refusal names the message that the record claims to be. */
START_TEST(a_refused_record_is_named_by_its_constant)
{
	struct opened o;
	struct contract_topic t;
	struct judgement j;
	struct judgement_report report = { 0 };
	struct record_view r = { .value = SPAN_LIT("{\"t\":\"b\"}") };

	opened_open(&o, HEAD "{a: {payload: {type: object, required: [t], properties: {t: {const: a}}}}, "
			     "b: {payload: {type: object, required: [t, x, y, z], properties: {t: {const: b}}}}}}}\n");
	report.arena = &o.arena;
	contract_find(o.p.c, 0, SPAN_LIT("c"), &t);
	contract_judge(o.p.c, &t, &r, &j);
	ck_assert_int_eq(j.verdict, VERDICT_INVALID);
	ck_assert_str_eq(contract_message_name(o.p.c, j.message), "b");
	contract_explain(o.p.c, &t, &r, &j, &report);
	ck_assert_str_eq(report.message, "b");
	opened_close(&o);
}
END_TEST

UNIT_MAIN("select", who_is_ruled_out_does_not_match, disjoint_messages_leave_one, a_refused_record_is_named_by_its_constant)
