/* Schemas and instances with the verdicts of the JSON Schema specification, draft-07, in
 * AsyncAPI's dialect; findings; reports; budgets; images of which a byte is wrong. */
#include "base/hash.h"
#include "compile/compile.h"
#include "unit.h"

struct bench {
	struct findings f;
	struct tree_set *set;
	struct image_builder b;
	struct compile *c;
	struct buf bytes;
	struct image img;
	struct schema_runner *r;
	uint32_t root;
	int error;
};

static void open_as(struct bench *t, const char *schema, enum schema_dialect dialect, const struct compile_options *options)
{
	memset(t, 0, sizeof *t);
	findings_init(&t->f, 100);
	t->set = tree_set_new(&t->f, NULL);
	image_builder_init(&t->b);
	buf_init(&t->bytes, 0);
	t->c = compile_new(&t->b, &t->f, options);
	struct tree_file *file = tree_parse(t->set, "schema.json", schema, strlen(schema));
	ck_assert_msg(file && file->root, "%s: %s", schema, t->f.n ? t->f.items[0].message : "");
	t->error = compile_schema(t->c, file->root, dialect, &t->root);
	if (!t->error)
		t->error = compile_finish(t->c);
	if (t->error)
		return;                          /* no image is built from a schema that was refused */
	ck_assert_int_eq(image_finish(&t->b, 1, &t->bytes), 0);
	ck_assert_int_eq(image_open(&t->img, t->bytes.p, t->bytes.n), 0);
	ck_assert_int_eq(schema_verify(&t->img), 0);
	t->r = schema_runner_new(&t->img, NULL);
	ck_assert_ptr_nonnull(t->r);
}

static void close_bench(struct bench *t)
{
	schema_runner_free(t->r);
	compile_free(t->c);
	image_builder_fini(&t->b);
	buf_fini(&t->bytes);
	tree_set_free(t->set);
	findings_fini(&t->f);
}

static void open_bench(struct bench *t, const char *schema)
{
	open_as(t, schema, DIALECT_ASYNCAPI, NULL);
	ck_assert_msg(t->error == 0, "%s: %s", schema, t->f.n ? t->f.items[0].message : "no finding");
}

static enum schema_verdict judge(struct bench *t, const char *instance)
{
	struct arena a;
	enum schema_verdict v = schema_run(t->r, t->root, span_str(instance));

	arena_init(&a, 4096, 0);
	struct schema_report report = { .arena = &a };
	ck_assert_int_eq(schema_explain(t->r, t->root, span_str(instance), &report), v);
	ck_assert_msg((report.n > 0) == (v == SCHEMA_INVALID), "%s", instance);
	ck_assert((report.reason != NULL) == (v == SCHEMA_UNDECIDABLE));
	arena_fini(&a);
	return v;
}

/* `valid` and `invalid` hold instances, a line each. */
struct row {
	const char *schema, *valid, *invalid;
};

static void all_are(struct bench *t, const char *schema, const char *instances, enum schema_verdict verdict)
{
	char *copy = strdup(instances), *save = NULL;

	for (char *s = strtok_r(copy, "\n", &save); s; s = strtok_r(NULL, "\n", &save))
		ck_assert_msg(judge(t, s) == verdict, "%s\n%s: expected %s", schema, s, verdict == SCHEMA_VALID ? "valid" : "invalid");
	free(copy);
}

static void check_rows(const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct bench t;
		open_bench(&t, rows[i].schema);
		all_are(&t, rows[i].schema, rows[i].valid, SCHEMA_VALID);
		all_are(&t, rows[i].schema, rows[i].invalid, SCHEMA_INVALID);
		close_bench(&t);
	}
}

START_TEST(keywords_of_any_type)
{
	static const struct row rows[] = {
		{ "true", "1\nnull\n{}", "" },
		{ "false", "", "1\nnull" },
		{ "{}", "1\n[]", "{,}" },
		{ "{\"type\":\"integer\"}", "1\n-0\n1.0\n1e2\n100000000000000000000", "1.5\n\"1\"\ntrue\nnull" },
		{ "{\"type\":\"number\"}", "1\n1.5\n1e400", "\"1\"\nnull" },
		{ "{\"type\":[\"string\",\"null\"]}", "\"\"\nnull", "0\n{}" },
		{ "{\"type\":\"boolean\"}", "true\nfalse", "0\n\"true\"" },
		{ "{\"enum\":[1,\"a\",{\"x\":[2]},null,false]}", "1.0\n\"a\"\n\"\\u0061\"\n{\"x\":[2]}\nnull\nfalse", "2\n\"b\"\n{\"x\":[]}\ntrue\n0" },
		{ "{\"const\":{\"a\":1,\"b\":2}}", "{\"b\":2,\"a\":1}", "{\"a\":1}\n[]" },
		{ "{\"const\":9007199254740993}", "9007199254740993", "9007199254740992" },
		{ "{\"const\":null}", "null", "0\n\"\"" },
	};

	check_rows(rows, ARRAY_LEN(rows));
}
END_TEST

START_TEST(keywords_of_numbers_and_strings)
{
	static const struct row rows[] = {
		{ "{\"minimum\":1.1}", "1.1\n2.6\n\"x\"", "0.6" },
		{ "{\"minimum\":-2}", "-1\n-2\n-2.0", "-2.0001\n-3" },
		{ "{\"maximum\":9007199254740992}", "9007199254740992", "9007199254740993" },
		{ "{\"exclusiveMinimum\":1.1,\"exclusiveMaximum\":3}", "1.2\n2.9999999999999999999", "1.1\n3\n3.0" },
		{ "{\"multipleOf\":0.01}", "0.0075e2\n4.35\n19.99\n0", "0.0075\n0.00751" },
		{ "{\"multipleOf\":0.123456789}", "0.123456789", "1e-5" },
		{ "{\"minLength\":2,\"maxLength\":3}", "\"ab\"\n\"\xf0\x9f\x92\xa9\xf0\x9f\x92\xa9\"\n\"\\ud83d\\udca9\\ud83d\\udca9\"\n1", "\"a\"\n\"abcd\"\n\"\xf0\x9f\x92\xa9\"" },
		{ "{\"maxLength\":2.0}", "\"ab\"", "\"abc\"" },
		{ "{\"pattern\":\"^a*$\"}", "\"aaa\"\n\"\"\n1", "\"ab\"\n\"a\\n\"" },
		{ "{\"pattern\":\"a+\"}", "\"xxaayy\"", "\"b\"" },
		{ "{\"pattern\":\"^\\\\d\\\\s\\\\w$\"}", "\"1\xef\xbb\xbf_\"\n\"1 a\"", "\"1\\u180ea\"\n\"\xe0\xa7\xaa a\"" },
		{ "{\"pattern\":\"^\\\\p{Letter}+$\"}", "\"\xce\xb1\"", "\"1\"" },
		{ "{\"pattern\":\"^.$\"}", "\"\xf0\x9f\x98\x80\"", "\"\\r\"\n\"\\u2028\"" },
		{ "{\"format\":\"date-time\"}", "\"1963-06-19T08:30:06.283185Z\"\n\"1990-12-31T15:59:60.123-08:00\"\n1",
		  "\"1990-02-31T15:59:59Z\"\n\"1998-12-31T23:58:60Z\"\n\"2013-350T01:01:01\"\n\"1963-06-19 08:30:06Z\"" },
		{ "{\"format\":\"date\"}", "\"2020-02-29\"", "\"2021-02-29\"\n\"06/19/1963\"\n\"1963-6-1\"" },
		{ "{\"format\":\"ipv4\"}", "\"192.168.0.1\"", "\"127.0.0.0.1\"\n\"256.1.1.1\"\n\"0x7f.1\"" },
		{ "{\"format\":\"ipv6\"}", "\"::1\"\n\"::ffff:192.168.0.1\"", "\"12345::\"\n\"::1%eth0\"\n\"1:2\"" },
		{ "{\"format\":\"email\"}", "\"joe.bloggs@example.com\"\n\"te~st@example.com\"\n\"\\\"joe bloggs\\\"@example.com\"\n\"joe@[127.0.0.1]\"",
		  "\"2962\"\n\".test@example.com\"\n\"te..st@example.com\"\n\"joe@inv@lid.com\"" },
		{ "{\"format\":\"hostname\"}", "\"www.example.com\"\n\"xn--4gbwdl.xn--wgbh1c\"", "\"-a\"\n\"a_b\"\n\"\"\n\"XN--aa---o47jg78q\"" },
		{ "{\"format\":\"uri\"}", "\"http://foo.bar/?q=Test%20URL\"\n\"urn:oasis:names\"\n\"ldap://[2001:db8::7]/c=GB?a?b\"",
		  "\"//foo.bar/\"\n\"/abc\"\n\"http:// x\"\n\"bar,:\\\\\\\\x\"\n\"http://a/%6\"" },
		{ "{\"format\":\"uri-reference\"}", "\"/abc\"\n\"#frag\"\n\"a/b:c\"", "\"\\\\\\\\x\"\n\"1:b\"" },
		{ "{\"format\":\"uri-template\"}", "\"http://x/{term:1}/{term}\"", "\"http://x/{term\"\n\"{}\"" },
		{ "{\"format\":\"json-pointer\"}", "\"/foo/bar~0/baz~1\"\n\"\"", "\"/foo~\"\n\"a\"" },
		{ "{\"format\":\"uuid\"}", "\"2eb8aa08-aa98-11ea-b4aa-73b441d16380\"", "\"2eb8aa08aa9811eab4aa73b441d16380\"" },
		{ "{\"format\":\"regex\"}", "\"([abc])+\\\\s+$\"", "\"^(abc]\"\n\"^\\\\S(|(.|\\\\n)*\\\\S)\\\\Z\"" },
		{ "{\"format\":\"int32\"}", "2147483647\n\"x\"", "2147483648\n1.5" },
	};

	check_rows(rows, ARRAY_LEN(rows));
}
END_TEST

START_TEST(keywords_of_objects)
{
	static const struct row rows[] = {
		{ "{\"properties\":{\"a\":{\"type\":\"integer\"}},\"required\":[\"a\",\"b\"]}", "{\"a\":1,\"b\":2}\n[]", "{\"a\":1}\n{\"a\":\"x\",\"b\":1}\n{}" },
		{ "{\"properties\":{\"a\":{}},\"patternProperties\":{\"^v\":{\"type\":\"string\"}},\"additionalProperties\":false}", "{\"a\":1}\n{\"vx\":\"y\"}\n{\"\\u0061\":1}",
		  "{\"b\":1}\n{\"v\":1}" },
		{ "{\"additionalProperties\":{\"type\":\"boolean\"}}", "{\"x\":true}", "{\"x\":1}" },
		{ "{\"required\":[\"\\u0000\"]}", "{\"\\u0000\":1}", "{\"\":1}" },
		{ "{\"propertyNames\":{\"maxLength\":3}}", "{\"abc\":1}\n[]", "{\"abcd\":1}" },
		{ "{\"minProperties\":1,\"maxProperties\":2}", "{\"a\":1}\n{\"a\":1,\"b\":1}\n1", "{}\n{\"a\":1,\"b\":1,\"c\":1}" },
		{ "{\"dependencies\":{\"a\":[\"b\"],\"c\":{\"required\":[\"d\"]}}}", "{}\n{\"a\":1,\"b\":1}\n{\"c\":1,\"d\":1}\n1", "{\"a\":1}\n{\"c\":1}" },
	};

	check_rows(rows, ARRAY_LEN(rows));
}
END_TEST

START_TEST(keywords_of_arrays)
{
	static const struct row rows[] = {
		{ "{\"items\":{\"type\":\"integer\"}}", "[1,2]\n[]\n{\"0\":\"x\"}", "[1,\"x\"]" },
		{ "{\"items\":[{\"type\":\"integer\"},{\"type\":\"string\"}],\"additionalItems\":false}", "[1,\"a\"]\n[1]\n[]", "[1,\"a\",2]\n[\"a\"]" },
		{ "{\"additionalItems\":false}", "[1,2]", "" },
		{ "{\"minItems\":1,\"maxItems\":2}", "[1]\n[1,2]\n\"\"", "[]\n[1,2,3]" },
		{ "{\"contains\":{\"minimum\":5}}", "[3,5]\n{}", "[]\n[1,2]" },
		{ "{\"uniqueItems\":true}", "[1,2]\n[1,true]\n[0,false]\n[{\"a\":1},{\"a\":2}]\n[1,2,3,4,5,6,7,8,9,10]", "[1,1.0]\n[{\"a\":1,\"b\":2},{\"b\":2,\"a\":1}]\n[1,2,3,4,5,6,7,8,9,1e0]" },
		{ "{\"uniqueItems\":false}", "[1,1]", "" },
	};

	check_rows(rows, ARRAY_LEN(rows));
}
END_TEST

START_TEST(keywords_that_combine)
{
	static const struct row rows[] = {
		{ "{\"allOf\":[{\"minimum\":1},{\"maximum\":3}]}", "1\n3", "0\n4" },
		{ "{\"anyOf\":[{\"type\":\"integer\"},{\"minimum\":2}]}", "1\n2.5\n3", "1.5" },
		{ "{\"oneOf\":[{\"type\":\"integer\"},{\"minimum\":2}]}", "1\n2.5", "3\n1.5" },
		{ "{\"not\":{\"type\":\"integer\"}}", "\"x\"", "1" },
		{ "{\"if\":{\"exclusiveMaximum\":0},\"then\":{\"minimum\":-10},\"else\":{\"multipleOf\":2}}", "-1\n4", "-100\n3" },
		{ "{\"then\":false,\"else\":false}", "1", "" },
		{ "{\"definitions\":{\"p\":{\"minimum\":0}},\"properties\":{\"a\":{\"$ref\":\"#/definitions/p\",\"title\":\"x\"}}}", "{\"a\":0}", "{\"a\":-1}" },
		{ "{\"properties\":{\"next\":{\"$ref\":\"#\"}},\"additionalProperties\":false}", "{\"next\":{\"next\":{}}}", "{\"next\":{\"last\":1}}" },
		{ "{\"enum\":[{\"$ref\":\"#/nowhere\"}]}", "{\"$ref\":\"#/nowhere\"}", "1" },
	};

	check_rows(rows, ARRAY_LEN(rows));
}
END_TEST

START_TEST(bad_schemas_are_located_errors)
{
	static const char *const schemas[] = {
		"{\"type\":\"int\"}", "{\"type\":1}", "{\"minimum\":\"1\"}", "{\"minLength\":-1}", "{\"minLength\":1.5}", "{\"required\":\"a\"}", "{\"required\":[\"a\",\"a\"]}",
		"{\"properties\":[]}", "{\"properties\":{\"a\":1}}", "{\"allOf\":[]}", "{\"multipleOf\":0}", "{\"pattern\":\"(\"}", "{\"pattern\":\"a++\"}", "{\"pattern\":\"\\\\Z\"}",
		"{\"patternProperties\":{\"[\":{}}}", "{\"not\":[]}", "[]", "{\"allOf\":[{\"$ref\":\"#\"}]}", "{\"$ref\":\"#/nowhere\"}", "{\"$ref\":\"#\"}", "{\"uniqueItems\":1}",
		"{\"anyOf\":[{\"not\":{\"$ref\":\"#\"}}]}", "{\"exclusiveMinimum\":true}",
	};

	for (size_t i = 0; i < ARRAY_LEN(schemas); i++) {
		struct bench t;
		open_as(&t, schemas[i], DIALECT_ASYNCAPI, NULL);
		ck_assert_msg(t.error == E_FINDINGS, "%s", schemas[i]);
		ck_assert_msg(t.f.errors > 0 && t.f.items[0].at.line == 1, "%s", schemas[i]);
		close_bench(&t);
	}
}
END_TEST

static void warns(const char *schema, const char *code, const char *words)
{
	struct bench t;

	open_bench(&t, schema);
	ck_assert_uint_eq(t.f.n, 1);
	ck_assert_str_eq(t.f.items[0].code, code);
	ck_assert_msg(strstr(t.f.items[0].message, words) != NULL, "%s", t.f.items[0].message);
	close_bench(&t);
}

START_TEST(what_asserts_nothing_is_a_warning)
{
	struct bench t;

	warns("{\"minlength\":1}", "keyword-unknown", "minLength");
	warns("{\"format\":\"colour\"}", "format-unknown", "colour");
	warns("{\"definitions\":{\"a\":{}},\"properties\":{\"b\":{\"$ref\":\"#/definitions/a\",\"type\":\"string\"}}}", "ref-sibling", "type");
	open_bench(&t, "{\"x-anything\":1,\"title\":\"t\",\"examples\":[1],\"discriminator\":\"kind\",\"format\":\"password\"}");
	ck_assert_uint_eq(t.f.n, 0);
	close_bench(&t);
}
END_TEST

static void says_in(enum schema_dialect dialect, const char *schema, const char *instance, const char *pointer, const char *keyword, const char *message)
{
	struct bench t;
	struct arena a;

	open_as(&t, schema, dialect, NULL);
	ck_assert_msg(t.error == 0, "%s: %s", schema, t.f.n ? t.f.items[0].message : "no finding");
	arena_init(&a, 4096, 0);
	struct schema_report report = { .arena = &a };
	ck_assert_int_eq(schema_explain(t.r, t.root, span_str(instance), &report), SCHEMA_INVALID);
	ck_assert_str_eq(report.errors[0].instance, pointer);
	ck_assert_str_eq(report.errors[0].keyword, keyword);
	ck_assert_str_eq(report.errors[0].message, message);
	arena_fini(&a);
	close_bench(&t);
}

static void says(const char *schema, const char *instance, const char *pointer, const char *keyword, const char *message)
{
	says_in(DIALECT_ASYNCAPI, schema, instance, pointer, keyword, message);
}

#define LIGHT "{\"type\":\"object\",\"properties\":{\"lumens\":{\"type\":\"integer\",\"minimum\":0}},\"required\":[\"lumens\"],\"additionalProperties\":false}"

START_TEST(reports_say_what_to_do)
{
	says(LIGHT, "{\"lumens\":true}", "/lumens", "/properties/lumens/type", "expected integer >= 0, found true");
	says(LIGHT, "{\"lumens\":-1}", "/lumens", "/properties/lumens/minimum", "expected integer >= 0, found -1");
	says(LIGHT, "{}", "", "/required", "required property \"lumens\" is missing");
	says(LIGHT, "{\"lumens\":1,\"a/b\":2}", "/a~1b", "/additionalProperties", "unexpected property \"a/b\", expected one of \"lumens\"");
	says("{\"items\":{\"enum\":[\"a\",1]}}", "[\"a\",\"b\"]", "/1", "/items/enum", "expected one of \"a\", 1, found \"b\"");
	says("{\"anyOf\":[{\"type\":\"string\"},{\"type\":\"null\"}]}", "1", "", "/anyOf", "expected string or null, found 1");
	says("{\"oneOf\":[{\"properties\":{\"k\":{\"const\":\"a\"},\"v\":{\"type\":\"string\"}}},{\"properties\":{\"k\":{\"const\":\"b\"},\"v\":{\"type\":\"integer\"}}}]}",
	     "{\"k\":\"b\",\"v\":\"x\"}", "/v", "/oneOf/1/properties/v/type", "expected integer, found \"x\"");
	says("{\"pattern\":\"^a$\"}", "\"b\"", "", "/pattern", "expected string that matches ^a$, found \"b\"");
	says("{}", "{\"a\":}", "", "", "not JSON: neither a value nor one of null, true, false at byte 5");
}
END_TEST

START_TEST(reports_name_every_kind_of_failure)
{
	says("{\"dependencies\":{\"card\":[\"owner\"]}}", "{\"card\":1}", "", "/dependencies", "required property \"owner\" is missing, as \"card\" is there");
	says("{\"dependencies\":{\"card\":{\"required\":[\"owner\"]}}}", "{\"card\":1}", "", "/dependencies/card/required", "required property \"owner\" is missing");
	says("{\"propertyNames\":{\"maxLength\":3}}", "{\"name\":1}", "", "/propertyNames/maxLength", "expected string of at most 3 characters, found \"name\"");
	says("{\"contains\":{\"const\":5}}", "[1,2]", "", "/contains", "expected array with at least 1 item that matches `contains`, found [1,2]");
	says("{\"uniqueItems\":true}", "[\"a\",1,{\"x\":[]},1.0]", "", "/uniqueItems", "items 1 and 3 are equal, expected all to differ");
	says("{\"uniqueItems\":true}", "[0,1,2,3,4,5,6,7,8,9,10e-1]", "", "/uniqueItems", "items 1 and 10 are equal, expected all to differ");
	says("{\"not\":{\"type\":\"string\"}}", "\"a\"", "", "/not", "expected value that does not match `not`, found \"a\"");
	says("{\"if\":{\"required\":[\"a\"]},\"then\":{\"required\":[\"b\"]},\"else\":{\"maxProperties\":0}}", "{\"a\":1}", "", "/then/required", "required property \"b\" is missing");
	says("{\"if\":{\"required\":[\"a\"]},\"then\":{\"required\":[\"b\"]},\"else\":{\"maxProperties\":0}}", "{\"c\":1}", "", "/else/maxProperties", "expected object of at most 0 properties, found {\"c\":1}");
	says("{\"oneOf\":[{\"type\":\"integer\"},{\"minimum\":2},{\"type\":\"string\"}]}", "3", "", "/oneOf", "matches branches 0 and 1 of oneOf, expected one only");
	says("{\"items\":[{}],\"additionalItems\":false}", "[1,2]", "/1", "/additionalItems", "expected no value, found 2");
	says("{\"properties\":{\"old\":false}}", "{\"old\":null}", "/old", "/properties/old", "expected no value, found null");
	says("false", "0", "", "", "expected no value, found 0");
	says("{\"multipleOf\":0.01}", "0.125", "", "/multipleOf", "expected multiple of 0.01, found 0.125");
	says("{\"minItems\":1}", "[]", "", "/minItems", "expected array of at least 1 item, found []");
	says("{\"const\":{\"a\":1}}", "{}", "", "/const", "expected {...}, found {}");
}
END_TEST

START_TEST(reports_name_failures_of_later_drafts)
{
	const enum schema_dialect d = DIALECT_2020_12;

	says_in(d, "{\"dependentRequired\":{\"card\":[\"owner\"]}}", "{\"card\":1}", "", "/dependentRequired", "required property \"owner\" is missing, as \"card\" is there");
	says_in(d, "{\"contains\":{\"type\":\"null\"},\"minContains\":2}", "[null]", "", "/contains", "expected array with at least 2 items that match `contains`, found [null]");
	says_in(d, "{\"contains\":{\"type\":\"null\"},\"minContains\":1,\"maxContains\":2}", "[null,null,null]", "", "/contains",
	        "expected array with 1 to 2 items that match `contains`, found [null,null,null]");
	says_in(d, "{\"prefixItems\":[true],\"unevaluatedItems\":false}", "[1,true]", "/1", "/unevaluatedItems", "expected no further item, found true");
	says_in(d, "{\"allOf\":[{\"properties\":{\"a\":true}}],\"unevaluatedProperties\":false}", "{\"a\":1,\"b\":2}", "/b", "/unevaluatedProperties",
	        "unexpected property \"b\", expected only properties that a schema names");
	says_in(d, "{\"unevaluatedProperties\":{\"type\":\"null\"}}", "{\"b\":2}", "/b", "/unevaluatedProperties/type", "expected null, found 2");
}
END_TEST

/* Sixteen errors by default, in the order of the keywords' cost; long values are cut. */
START_TEST(reports_are_bounded)
{
	static const char schema[] = "{\"items\":{\"type\":\"integer\"}}";
	char many[200] = "[", value[300] = "\"";
	struct bench t;
	struct arena a;

	for (int i = 0; i < 20; i++)
		strcat(many, i ? ",\"x\"" : "\"x\"");
	strcat(many, "]");
	memset(value + 1, 'y', 200);
	strcat(value, "\"");
	open_bench(&t, schema);
	arena_init(&a, 4096, 0);
	struct schema_report report = { .arena = &a };
	ck_assert_int_eq(schema_explain(t.r, t.root, span_str(many), &report), SCHEMA_INVALID);
	ck_assert_uint_eq(report.n, 16);
	ck_assert(report.more);
	for (size_t i = 0; i < report.n; i++) {
		ck_assert_uint_eq(report.errors[i].offset, 1 + 4 * i);
		ck_assert_str_eq(report.errors[i].expected, "integer");
		ck_assert_str_eq(report.errors[i].found, "\"x\"");
	}
	struct schema_report two = { .arena = &a, .max = 2 };
	ck_assert_int_eq(schema_explain(t.r, t.root, span_str("[1,\"x\",\"y\"]"), &two), SCHEMA_INVALID);
	ck_assert(two.n == 2 && !two.more);
	arena_fini(&a);
	close_bench(&t);
	open_bench(&t, "{\"type\":\"integer\"}");
	arena_init(&a, 4096, 0);
	struct schema_report cut = { .arena = &a };
	ck_assert_int_eq(schema_explain(t.r, t.root, span_str(value), &cut), SCHEMA_INVALID);
	ck_assert_uint_eq(strlen(cut.errors[0].found), 64 + 3);
	ck_assert_str_eq(cut.errors[0].found + 64, "...");
	arena_fini(&a);
	close_bench(&t);
}
END_TEST

START_TEST(reports_can_hide_values)
{
	struct bench t;
	struct arena a;

	open_bench(&t, "{\"type\":\"integer\"}");
	arena_init(&a, 4096, 0);
	struct schema_report report = { .arena = &a, .hide_values = true };
	ck_assert_int_eq(schema_explain(t.r, t.root, span_str("\"secret\""), &report), SCHEMA_INVALID);
	ck_assert_str_eq(report.errors[0].message, "expected integer, found string");
	arena_fini(&a);
	close_bench(&t);
	open_bench(&t, LIGHT);
	arena_init(&a, 4096, 0);
	struct schema_report name = { .arena = &a, .hide_values = true };
	ck_assert_int_eq(schema_explain(t.r, t.root, span_str("{\"lumens\":1,\"secret\":2}"), &name), SCHEMA_INVALID);
	ck_assert_str_eq(name.errors[0].instance, "");
	ck_assert_str_eq(name.errors[0].message, "unexpected property, expected one of \"lumens\"");
	ck_assert_str_eq(name.errors[0].found, "number");
	arena_fini(&a);
	close_bench(&t);
}
END_TEST

START_TEST(budgets_end_what_would_not)
{
	char deep[700] = "";
	struct bench t;

	for (int i = 0; i < 100; i++)
		strcat(deep, "[");
	strcat(deep, "1");
	for (int i = 0; i < 100; i++)
		strcat(deep, "]");
	open_bench(&t, "{\"oneOf\":[{\"type\":\"integer\"},{\"items\":{\"$ref\":\"#\"}},{\"items\":{\"$ref\":\"#\"},\"contains\":{\"const\":2}}]}");
	ck_assert_int_eq(judge(&t, deep), SCHEMA_UNDECIDABLE);
	memset(deep, '[', 129);
	memset(deep + 129, ']', 129);
	deep[258] = 0;
	ck_assert_int_eq(judge(&t, deep), SCHEMA_UNDECIDABLE);
	close_bench(&t);
	open_bench(&t, "{\"pattern\":\"^(a+)+$\"}");
	ck_assert_int_eq(judge(&t, "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!\""), SCHEMA_INVALID);
	close_bench(&t);
	open_bench(&t, "{\"pattern\":\"(?=a)^(a+)+$\"}");
	ck_assert_int_eq(judge(&t, "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!\""), SCHEMA_UNDECIDABLE);
	close_bench(&t);
}
END_TEST

START_TEST(roots_any_and_none_are_always_there)
{
	struct bench t;

	open_bench(&t, "{}");
	ck_assert_int_eq(schema_run(t.r, SCHEMA_ANY, span_str("{}")), SCHEMA_VALID);
	ck_assert_int_eq(schema_run(t.r, SCHEMA_ANY, span_str("{")), SCHEMA_INVALID);
	ck_assert_int_eq(schema_run(t.r, SCHEMA_NONE, span_str("{}")), SCHEMA_INVALID);
	ck_assert(!schema_root_is_known(&t.img, 99));
	close_bench(&t);
}
END_TEST

#define EVERYTHING                                                                                                              \
	"{\"type\":[\"object\",\"array\"],\"definitions\":{\"n\":{\"minimum\":1.5,\"maximum\":9,\"multipleOf\":0.5}},"              \
	"\"properties\":{\"a\":{\"$ref\":\"#/definitions/n\"},\"b\":{\"pattern\":\"^b+$\",\"format\":\"date\"},\"c\":{\"$ref\":\"#\"}," \
	"\"d\":{\"enum\":[\"x\",{\"y\":[1]}]},\"e\":{\"const\":[null]}},\"patternProperties\":{\"^p\":{\"minLength\":2}},"             \
	"\"required\":[\"a\"],\"dependencies\":{\"b\":[\"a\"],\"c\":{\"minProperties\":1}},\"propertyNames\":{\"maxLength\":9},"       \
	"\"items\":[{\"type\":\"integer\"}],\"additionalItems\":{\"uniqueItems\":true},\"contains\":{\"type\":\"integer\"},"           \
	"\"oneOf\":[{\"type\":\"object\"},{\"type\":\"array\"}],\"anyOf\":[{}],\"not\":{\"const\":7},\"if\":{\"required\":[\"z\"]},\"then\":false}"

static const char *const probes[] = {
	"{\"a\":2,\"b\":\"bb\",\"c\":{\"a\":3},\"d\":{\"y\":[1]},\"e\":[null],\"pp\":\"xx\"}", "[1,[1,2],[3,3]]", "{\"a\":2,\"b\":\"x\"}", "{\"a\":1}", "7", "{\"a\":2,\"b\":1,\"z\":1}",
};

static void run_all(const struct image *img)
{
	struct schema_runner *r = schema_runner_new(img, NULL);
	struct arena a;

	if (!r)
		return;
	arena_init(&a, 4096, 0);
	for (size_t i = 0; i < ARRAY_LEN(probes); i++) {
		struct schema_report report = { .arena = &a };
		if (schema_root_is_known(img, 2) && schema_run(r, 2, span_str(probes[i])) == SCHEMA_INVALID)
			(void)schema_explain(r, 2, span_str(probes[i]), &report);
		arena_reset(&a);
	}
	arena_fini(&a);
	schema_runner_free(r);
}

/* Every byte, with three values each: refused, or judged without a fault. */
START_TEST(a_wrong_byte_is_refused_or_does_no_harm)
{
	struct bench t;
	struct image_header h;
	size_t accepted = 0, refused = 0;

	open_bench(&t, EVERYTHING);
	run_all(&t.img);
	uint32_t start = offsetof(struct image_header, crc) + 4;
	memcpy(&h, t.bytes.p, sizeof h);
	for (size_t i = h.sections[IMAGE_SCHEMA_ROOTS].off; i < t.bytes.n; i++) {
		for (unsigned k = 0; k < 3; k++) {
			struct image img;
			uint8_t was = t.bytes.p[i];
			t.bytes.p[i] = k == 0 ? was ^ 1 : k == 1 ? was ^ 0x80 : 0xff - was;
			h.crc = crc32c(0, t.bytes.p + start, t.bytes.n - start);
			memcpy(t.bytes.p + offsetof(struct image_header, crc), &h.crc, 4);
			ck_assert_int_eq(image_open(&img, t.bytes.p, t.bytes.n), 0);
			bool sound = schema_verify(&img) == 0;
			accepted += sound;
			refused += !sound;
			if (sound)
				run_all(&img);
			t.bytes.p[i] = was;
		}
	}
	ck_assert_uint_gt(refused, 100);
	ck_assert_uint_gt(accepted, 100);
	close_bench(&t);
}
END_TEST

UNIT_MAIN("schema", keywords_of_any_type, keywords_of_numbers_and_strings, keywords_of_objects, keywords_of_arrays, keywords_that_combine,
          bad_schemas_are_located_errors, what_asserts_nothing_is_a_warning, reports_say_what_to_do, reports_name_every_kind_of_failure, reports_name_failures_of_later_drafts, reports_are_bounded, reports_can_hide_values, budgets_end_what_would_not,
          roots_any_and_none_are_always_there, a_wrong_byte_is_refused_or_does_no_harm)
