/* What changed between two documents: kinds, who is broken, and that no claim about records
 * is false. Expectations come from what the keywords mean. */
#include "asyncapi/diff.h"
#include "opened.h"

static void open_schema(struct opened *o, const char *schema)
{
	struct buf text;

	buf_init(&text, 0);
	buf_printf(&text, "{\"asyncapi\":\"3.0.0\",\"info\":{\"title\":\"t\",\"version\":\"1\"},\"channels\":{\"c\":{\"address\":\"c\",\"messages\":{\"m\":{\"payload\":%s}}}},"
		   "\"components\":{\"schemas\":{\"int\":{\"type\":\"integer\"},\"text\":{\"type\":\"string\"},\"tree\":{\"type\":\"object\",\"properties\":{\"v\":{\"type\":\"integer\"},\"next\":{\"$ref\":\"#/components/schemas/tree\"}}}}}}", schema);
	buf_addch(&text, 0);
	opened_open(o, (const char *)text.p);
	buf_fini(&text);
}

static void print_changes(const struct diff *d)
{
	for (size_t i = 0; i < d->n; i++)
		printf("%s %s %u %s: %s | %s | %s\n", diff_code(d->changes[i].kind), d->changes[i].message, d->changes[i].breaks, d->changes[i].unproven ? "unproven" : "proven",
		       d->changes[i].text, d->changes[i].witness, d->changes[i].reason);
}

/* "code>" narrows: producers break; "code<" widens; "?" after it: unproven. Blanks between. */
static void codes(const struct diff *d, struct buf *out)
{
	for (size_t i = 0; i < d->n; i++)
		buf_printf(out, "%s%s%s%s%s", i ? " " : "", diff_code(d->changes[i].kind), d->changes[i].breaks & DIFF_PRODUCERS ? ">" : "", d->changes[i].breaks & DIFF_CONSUMERS ? "<" : "",
			   d->changes[i].unproven ? "?" : "");
	buf_addch(out, 0);
}

static void ck_codes(struct opened *old, struct opened *new, const char *what, const char *wanted)
{
	struct diff d;
	struct buf text;

	ck_assert_int_eq(asyncapi_diff(&old->p, &new->p, &new->arena, &d), 0);
	buf_init(&text, 0);
	codes(&d, &text);
	if (strcmp((const char *)text.p, wanted) != 0)
		print_changes(&d);
	ck_assert_msg(strcmp((const char *)text.p, wanted) == 0, "%s: %s, not %s", what, (const char *)text.p, wanted);
	buf_fini(&text);
}

START_TEST(each_keyword_has_its_change)
{
	static const struct {
		const char *old, *new, *codes;
	} rows[] = {
		{ "{\"type\":\"integer\"}", "{\"type\":\"integer\",\"title\":\"x\",\"description\":\"y\",\"x-z\":1}", "" },
		{ "true", "{}", "" },
		{ "{\"type\":\"integer\"}", "{\"$ref\":\"#/components/schemas/int\"}", "" },
		{ "{\"type\":\"integer\"}", "{\"type\":\"number\"}", "type<" },
		{ "{\"type\":\"number\"}", "{\"type\":\"integer\"}", "type>" },
		{ "{\"type\":\"string\"}", "{\"type\":[\"string\",\"null\"]}", "type<" },
		{ "{\"type\":\"integer\"}", "{\"type\":\"string\"}", "type> type<" },
		{ "{\"enum\":[\"a\",\"b\"]}", "{\"enum\":[\"b\",\"c\"]}", "value> value<" },
		{ "{\"type\":\"string\"}", "{\"type\":\"string\",\"enum\":[\"a\"]}", "values>" },
		{ "{\"const\":\"a\"}", "{\"const\":\"b\"}", "value> value<" },
		{ "{\"type\":\"integer\",\"minimum\":0}", "{\"type\":\"integer\",\"minimum\":5}", "minimum>" },
		{ "{\"type\":\"number\",\"minimum\":0}", "{\"type\":\"number\",\"exclusiveMinimum\":0}", "minimum>" },
		{ "{\"type\":\"integer\",\"maximum\":9}", "{\"type\":\"integer\"}", "maximum<" },
		{ "{\"type\":\"number\",\"exclusiveMaximum\":-1}", "{\"type\":\"number\",\"exclusiveMaximum\":-2}", "maximum>" },
		{ "{\"type\":\"integer\"}", "{\"type\":\"integer\",\"multipleOf\":2}", "multipleOf>" },
		{ "{\"type\":\"string\",\"minLength\":1}", "{\"type\":\"string\",\"minLength\":3}", "minLength>" },
		{ "{\"type\":\"string\",\"maxLength\":3}", "{\"type\":\"string\",\"maxLength\":9}", "maxLength<" },
		{ "{\"type\":\"array\"}", "{\"type\":\"array\",\"minItems\":1}", "minItems>" },
		{ "{\"type\":\"array\",\"maxItems\":1}", "{\"type\":\"array\",\"maxItems\":2}", "maxItems<" },
		{ "{\"type\":\"object\"}", "{\"type\":\"object\",\"minProperties\":1}", "minProperties>" },
		{ "{\"type\":\"object\",\"maxProperties\":0}", "{\"type\":\"object\"}", "maxProperties<" },
		{ "{\"type\":\"string\"}", "{\"type\":\"string\",\"pattern\":\"^[0-9]+$\"}", "pattern>" },
		{ "{\"type\":\"string\",\"pattern\":\"^[0-9]+$\"}", "{\"type\":\"string\",\"pattern\":\"^[0-9]{1,4}$\"}", "pattern> pattern<?" },
		{ "{\"type\":\"string\",\"format\":\"uuid\"}", "{\"type\":\"string\"}", "format<" },
		{ "{\"type\":\"string\"}", "{\"type\":\"string\",\"format\":\"password\"}", "" },
		{ "{\"type\":\"array\"}", "{\"type\":\"array\",\"uniqueItems\":true}", "uniqueItems>" },
		{ "{\"type\":\"object\"}", "{\"type\":\"object\",\"required\":[\"a\"]}", "required>" },
		{ "{\"type\":\"object\",\"required\":[\"a\",\"b\"]}", "{\"type\":\"object\",\"required\":[\"b\"]}", "required<" },
		{ "{\"type\":\"object\"}", "{\"type\":\"object\",\"required\":[\"a\",\"b\"]}", "required> required>" },
		{ "{\"type\":\"object\"}", "{\"type\":\"object\",\"additionalProperties\":false}", "forbidden>" },
		{ "{\"type\":\"object\",\"additionalProperties\":false}", "{\"type\":\"object\",\"additionalProperties\":false,\"properties\":{\"a\":{\"type\":\"integer\"}}}", "forbidden<" },
		{ "{\"type\":\"object\"}", "{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"integer\"}}}", "type>" },
		{ "{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"integer\"}}}", "{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"integer\",\"minimum\":0}}}", "minimum>" },
		{ "{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"object\",\"properties\":{\"b\":{\"type\":\"string\"}}}}}", "{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"object\",\"required\":[\"b\"],\"properties\":{\"b\":{\"type\":\"string\"}}}}}", "required>" },
		{ "{\"type\":\"array\",\"items\":{\"type\":\"string\"}}", "{\"type\":\"array\",\"items\":{\"type\":\"string\",\"maxLength\":2}}", "maxLength>" },
		{ "{\"type\":\"object\",\"additionalProperties\":{\"type\":\"integer\"}}", "{\"type\":\"object\",\"additionalProperties\":{\"type\":\"number\"}}", "type<" },
		{ "{\"oneOf\":[{\"type\":\"integer\"},{\"type\":\"string\"}]}", "{\"oneOf\":[{\"type\":\"string\"},{\"type\":\"integer\"}]}", "" },
		{ "{\"anyOf\":[{\"type\":\"integer\"},{\"type\":\"string\"}]}", "{\"anyOf\":[{\"type\":\"integer\"}]}", "keyword>" },
		{ "{\"oneOf\":[{\"type\":\"integer\"}]}", "{\"oneOf\":[{\"type\":\"integer\"},{\"type\":\"string\"}]}", "keyword>? keyword<" },
		{ "{\"allOf\":[{\"required\":[\"a\"]}],\"type\":\"object\"}", "{\"allOf\":[{\"required\":[\"b\"]}],\"type\":\"object\"}", "required> required<" },
		{ "{\"type\":\"integer\",\"not\":{\"const\":1}}", "{\"type\":\"integer\",\"not\":{\"const\":1}}", "" },
		{ "{\"type\":\"object\",\"properties\":{\"t\":{\"$ref\":\"#/components/schemas/tree\"}}}", "{\"type\":\"object\",\"properties\":{\"t\":{\"$ref\":\"#/components/schemas/tree\"}}}", "" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct opened old, new;
		open_schema(&old, rows[i].old);
		open_schema(&new, rows[i].new);
		ck_codes(&old, &new, rows[i].new, rows[i].codes);
		opened_close(&old);
		opened_close(&new);
	}
}
END_TEST

/* Schemas that meet each other in every order, and values that tell them apart. */
static const char *const pool[] = {
	"true", "{\"type\":\"integer\"}", "{\"type\":\"number\"}", "{\"type\":[\"integer\",\"null\"]}", "{\"type\":\"string\"}", "{\"enum\":[\"a\",1]}", "{\"enum\":[\"a\",\"b\"]}", "{\"const\":1}",
	"{\"type\":\"integer\",\"minimum\":1}", "{\"type\":\"number\",\"exclusiveMinimum\":1}", "{\"type\":\"integer\",\"minimum\":1,\"maximum\":3,\"multipleOf\":2}", "{\"maximum\":2}",
	"{\"type\":\"string\",\"minLength\":2}", "{\"type\":\"string\",\"maxLength\":2,\"pattern\":\"a\"}", "{\"type\":\"string\",\"format\":\"date\"}", "{\"pattern\":\"^a\"}",
	"{\"type\":\"object\"}", "{\"type\":\"object\",\"required\":[\"a\"]}", "{\"type\":\"object\",\"required\":[\"a\",\"b\"],\"properties\":{\"a\":{\"type\":\"integer\"}}}",
	"{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"integer\"},\"b\":{\"type\":\"string\"}},\"additionalProperties\":false}", "{\"properties\":{\"a\":{\"const\":1}},\"additionalProperties\":{\"type\":\"integer\"}}",
	"{\"type\":\"object\",\"patternProperties\":{\"^a\":{\"type\":\"integer\"}}}", "{\"type\":\"object\",\"patternProperties\":{\"^a\":{\"type\":\"integer\"}},\"additionalProperties\":false}",
	"{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"integer\"}},\"patternProperties\":{\"^a\":{\"type\":\"integer\"}}}",
	"{\"type\":\"object\",\"maxProperties\":1}", "{\"type\":\"object\",\"propertyNames\":{\"maxLength\":1}}", "{\"dependencies\":{\"a\":[\"b\"]}}", "{\"dependencies\":{\"title\":[\"b\"]}}",
	"{\"type\":\"array\"}", "{\"type\":\"array\",\"items\":{\"type\":\"integer\"}}", "{\"type\":\"array\",\"items\":[{\"type\":\"integer\"}]}", "{\"type\":\"array\",\"items\":[{\"type\":\"integer\"}],\"additionalItems\":false}",
	"{\"type\":\"array\",\"uniqueItems\":true,\"minItems\":1}", "{\"contains\":{\"const\":1}}", "{\"anyOf\":[{\"type\":\"integer\"},{\"type\":\"string\"}]}", "{\"anyOf\":[{\"type\":\"integer\",\"minimum\":2},{\"type\":\"string\"}]}",
	"{\"oneOf\":[{\"type\":\"integer\"},{\"type\":\"number\"}]}", "{\"oneOf\":[{\"type\":\"integer\"},{\"minimum\":2}]}", "{\"allOf\":[{\"type\":\"integer\"},{\"minimum\":2}]}", "{\"not\":{\"type\":\"integer\"}}",
	"{\"if\":{\"type\":\"integer\"},\"then\":{\"minimum\":2}}", "{\"if\":{\"type\":\"integer\"},\"else\":{\"type\":\"string\"}}", "{\"$ref\":\"#/components/schemas/int\"}", "{\"$ref\":\"#/components/schemas/tree\"}",
	"{\"const\":\"a\",\"enum\":[\"a\",\"b\"]}", "{\"const\":\"a\",\"enum\":[\"b\"]}", "{\"type\":\"integer\",\"enum\":[1,\"a\"]}",
};
static const char *const values[] = {
	"null", "true", "0", "1", "2", "3", "1.0", "1.5", "-1", "4", "\"\"", "\"a\"", "\"b\"", "\"ab\"", "\"abc\"", "\"2026-01-02\"", "[]", "[1]", "[2]", "[\"a\"]", "[1,1]", "[1,\"a\"]", "[1,2]",
	"{}", "{\"a\":1}", "{\"a\":\"x\"}", "{\"a\":1,\"b\":2}", "{\"a\":1,\"b\":\"x\"}", "{\"b\":\"x\"}", "{\"ab\":1}", "{\"ab\":\"x\"}", "{\"title\":1}", "{\"title\":1,\"b\":1}", "{\"c\":1.5}", "{\"v\":1}", "{\"v\":\"x\"}",
	"{\"next\":{\"v\":\"x\"}}", "{\"next\":{\"v\":1}}", "{\"a\":2}",
};

static bool accepts(struct opened *o, const char *value)
{
	return schema_run(o->p.runner, o->a->documents->channels->messages->payload.root, span_str(value)) == SCHEMA_VALID;
}

static void ck_witness(struct opened *old, struct opened *new, const struct diff_change *change)
{
	static const char head[] = "{\"topic\":\"c\",\"value\":";
	char value[4096];
	size_t n = strlen(change->witness);

	ck_assert_uint_gt(n, sizeof head);
	ck_assert_int_eq(strncmp(change->witness, head, sizeof head - 1), 0);
	snprintf(value, sizeof value, "%.*s", (int)(n - sizeof head), change->witness + sizeof head - 1);
	bool refused = change->breaks == DIFF_PRODUCERS;
	ck_assert_msg(accepts(old, value) == refused && accepts(new, value) == !refused, "%s: %s", change->text, value);
}

/* A pair between which the diff sees nothing that breaks one side has no value that does. */
static void meet_every_fourth(size_t from)
{
	static struct opened all[ARRAY_LEN(pool)];
	size_t proven = 0, unproven = 0;

	for (size_t i = 0; i < ARRAY_LEN(pool); i++)
		open_schema(&all[i], pool[i]);
	for (size_t i = 0; i < ARRAY_LEN(pool); i++) {
		for (size_t k = (i + from) % 4; k < ARRAY_LEN(pool); k += 4) {
			struct diff d;
			struct arena arena;
			unsigned broken = 0;
			arena_init(&arena, 4096, 0);
			ck_assert_int_eq(asyncapi_diff(&all[i].p, &all[k].p, &arena, &d), 0);
			for (size_t c = 0; c < d.n; c++) {
				broken |= d.changes[c].breaks;
				unproven += d.changes[c].unproven;
				proven += !d.changes[c].unproven;
				if (!d.changes[c].unproven)
					ck_witness(&all[i], &all[k], &d.changes[c]);
			}
			for (size_t v = 0; v < ARRAY_LEN(values); v++) {
				bool was = accepts(&all[i], values[v]), is = accepts(&all[k], values[v]);
				ck_assert_msg(!was || is || (broken & DIFF_PRODUCERS), "%s to %s: nobody said that %s is refused", pool[i], pool[k], values[v]);
				ck_assert_msg(was || !is || (broken & DIFF_CONSUMERS), "%s to %s: nobody said that %s is accepted", pool[i], pool[k], values[v]);
			}
			arena_fini(&arena);
		}
	}
	printf("%zu claims proven, %zu unproven\n", proven, unproven);
	ck_assert_uint_gt(proven, unproven);
	for (size_t i = 0; i < ARRAY_LEN(pool); i++)
		opened_close(&all[i]);
}

START_TEST(no_claim_is_false_and_no_silence_either)
{
	meet_every_fourth(0);
}
END_TEST

START_TEST(nor_between_others)
{
	meet_every_fourth(1);
}
END_TEST

#define HEAD "asyncapi: 3.0.0\ninfo: {title: t, version: '1'}\n"

static void ck_documents(const char *old_text, const char *new_text, const char *wanted)
{
	struct opened old, new;

	opened_open(&old, old_text);
	opened_open(&new, new_text);
	ck_codes(&old, &new, new_text, wanted);
	opened_close(&old);
	opened_close(&new);
}

START_TEST(channels_messages_and_operations)
{
	static const char base[] = HEAD
		"channels:\n  a: {address: a, messages: {m: {payload: {type: object, required: [k], properties: {k: {const: 1}}}}}}\n"
		"operations: {s: {action: send, channel: {$ref: '#/channels/a'}}, r: {action: receive, channel: {$ref: '#/channels/a'}}}\n";
	ck_documents(base, base, "");
	ck_documents(base, HEAD "channels: {b: {address: b, messages: {n: {payload: {type: string}}}}}\n", "channel-removed>< channel-added");
	ck_documents(base, HEAD "channels:\n  a: {address: b, messages: {m: {payload: {type: object, required: [k], properties: {k: {const: 1}}}}}}\n"
		"operations: {s: {action: send, channel: {$ref: '#/channels/a'}}, r: {action: receive, channel: {$ref: '#/channels/a'}}}\n", "channel-moved><");
	ck_documents(base, HEAD "channels:\n  a: {address: a, messages: {m: {payload: {type: object, required: [k], properties: {k: {const: 1}}}}}}\n"
		"operations: {s: {action: send, channel: {$ref: '#/channels/a'}}}\n", "operation-removed>");
	ck_documents(base, HEAD "channels:\n  a: {address: a, messages: {m: {payload: {type: object, required: [k], properties: {k: {const: 1}}}}}}\n"
		"operations: {r: {action: receive, channel: {$ref: '#/channels/a'}}}\n", "operation-removed<");
	/* another name, a new message, one that is gone */
	ck_documents(base, HEAD "channels:\n  a: {address: a, messages: {other: {payload: {type: object, required: [k], properties: {k: {const: 1}}}}}}\n"
		"operations: {s: {action: send, channel: {$ref: '#/channels/a'}}, r: {action: receive, channel: {$ref: '#/channels/a'}}}\n", "");
	ck_documents(base, HEAD "channels:\n  a: {address: a, messages: {m: {payload: {type: object, required: [k], properties: {k: {const: 1}}}}, n: {payload: {type: string}}}}\n"
		"operations: {s: {action: send, channel: {$ref: '#/channels/a'}}, r: {action: receive, channel: {$ref: '#/channels/a'}}}\n", "message-added<");
	ck_documents(base, HEAD "channels:\n  a: {address: a, messages: {n: {payload: {type: string}}}}\n"
		"operations: {s: {action: send, channel: {$ref: '#/channels/a'}}, r: {action: receive, channel: {$ref: '#/channels/a'}}}\n", "message-removed> message-added<");
	/* two of a name */
	static const char twins[] = "asyncapi: 2.6.0\ninfo: {title: t, version: '1'}\n"
		"channels: {a: {publish: {message: {oneOf: [{name: m, payload: {const: 1}}, {name: m, payload: {const: 2}}]}}}}\n";
	ck_documents(twins, twins, "");
	/* all that fits one fits the other, before and after */
	ck_documents(HEAD "channels: {a: {address: a, messages: {m: {payload: {type: integer}}, n: {payload: {type: integer}}}}}\n",
		HEAD "channels: {a: {address: a, messages: {m: {payload: {type: string}}, n: {payload: {type: string}}}}}\n", "type> type< type> type<");
	/* one that takes the records of another */
	ck_documents(base, HEAD "channels:\n  a: {address: a, messages: {m: {payload: {type: object, required: [k], properties: {k: {const: 1}}}}, n: {payload: {type: object}}}}\n"
		"operations: {s: {action: send, channel: {$ref: '#/channels/a'}}, r: {action: receive, channel: {$ref: '#/channels/a'}}}\n", "message-ambiguous> message-added<");
}
END_TEST

START_TEST(keys_headers_content_policies_and_parameters)
{
	ck_documents(HEAD "channels: {a: {address: a, messages: {m: {payload: {type: integer}}}}}\n",
		HEAD "channels: {a: {address: a, messages: {m: {payload: {type: integer}, bindings: {kafka: {key: {type: string, pattern: '^[0-9]$'}}}}}}}\n", "type> pattern>");
	ck_documents(HEAD "channels: {a: {address: a, messages: {m: {payload: {type: integer}, headers: {type: object, properties: {t: {type: integer}}}}}}}\n",
		HEAD "channels: {a: {address: a, messages: {m: {payload: {type: integer}, headers: {type: object, required: [t], properties: {t: {type: integer}}}}}}}\n", "required>");
	ck_documents(HEAD "channels: {a: {address: a, messages: {m: {headers: {properties: {t: {type: integer}}}}}}}\n",
		HEAD "channels: {a: {address: a, messages: {m: {headers: {type: object, properties: {t: {type: integer}}}}}}}\n", "");
	ck_documents(HEAD "channels: {a: {address: a, messages: {m: {payload: {type: integer}}}}}\n",
		HEAD "channels: {a: {address: a, messages: {m: {payload: {type: integer}, x-eventgateway-policy: {invalid: observe}}}}}\n", "policy<");
	ck_documents(HEAD "channels: {a: {address: a, messages: {m: {payload: {type: string}}}}}\n",
		HEAD "channels: {a: {address: a, messages: {m: {contentType: text/plain, payload: {type: string}}}}}\n", "content>? content<");
	ck_documents(HEAD "channels: {a: {address: a, bindings: {kafka: {topicConfiguration: {cleanup.policy: [compact]}}}, messages: {m: {payload: {type: string}}}}}\n",
		HEAD "channels: {a: {address: a, messages: {m: {payload: {type: string}}}}}\n", "tombstone>");
	ck_documents(HEAD "channels: {a: {address: 'a.{p}', parameters: {p: {enum: [x, y]}}, messages: {m: {payload: {type: string}}}}}\n",
		HEAD "channels: {a: {address: 'a.{p}', parameters: {p: {enum: [y, z]}}, messages: {m: {payload: {type: string}}}}}\n", "parameter> parameter<");
	ck_documents(HEAD "channels: {a: {address: a}}\n", HEAD "channels: {a: {address: a, messages: {m: {payload: {type: string}}}}}\n", "channel-closed>");
	ck_documents(HEAD "channels: {a: {address: a, messages: {m: {payload: {schemaFormat: 'application/vnd.apache.avro;version=1.9.0', schema: {type: string}}}}}}\n",
		HEAD "channels: {a: {address: a, messages: {m: {payload: {schemaFormat: 'application/vnd.apache.avro;version=1.9.0', schema: {type: int}}}}}}\n", "not-judged>? not-judged<?");
}
END_TEST

START_TEST(versions_of_the_specification_are_no_change)
{
	ck_documents("asyncapi: 2.6.0\ninfo: {title: t, version: '1'}\nchannels: {a: {publish: {message: {name: m, payload: {type: integer}}}}}\n",
		HEAD "channels: {c: {address: a, messages: {m: {payload: {type: integer}}}}}\noperations: {o: {action: receive, channel: {$ref: '#/channels/c'}}}\n", "");
}
END_TEST

START_TEST(the_words_are_those_of_the_record)
{
	struct opened old, new;
	struct diff d;

	open_schema(&old, "{\"type\":\"object\",\"properties\":{\"sentAt\":{\"type\":\"string\"}}}");
	open_schema(&new, "{\"type\":\"object\",\"required\":[\"sentAt\"],\"properties\":{\"sentAt\":{\"type\":\"string\"}}}");
	ck_assert_int_eq(asyncapi_diff(&old.p, &new.p, &new.arena, &d), 0);
	ck_assert_uint_eq(d.n, 1);
	ck_assert_str_eq(d.changes[0].text, "records without `sentAt` were accepted, now refused");
	ck_assert_str_eq(d.changes[0].witness, "{\"topic\":\"c\",\"value\":{}}");
	ck_assert_str_eq(d.changes[0].reason, "m: payload: expected property \"sentAt\", found {}");
	ck_assert_str_eq(d.changes[0].pointer, "/sentAt");
	ck_assert(diff_is_breaking(&d.changes[0], DIFF_BACKWARD) && !diff_is_breaking(&d.changes[0], DIFF_FORWARD) && diff_is_breaking(&d.changes[0], DIFF_FULL));
	opened_close(&old);
	opened_close(&new);
}
END_TEST

UNIT_MAIN("diff", each_keyword_has_its_change, no_claim_is_false_and_no_silence_either, nor_between_others, channels_messages_and_operations, keys_headers_content_policies_and_parameters,
	  versions_of_the_specification_are_no_change, the_words_are_those_of_the_record)
