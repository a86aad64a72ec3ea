/* JSON texts: RFC 8259 to the letter, exact decimals, equality. Each text lies at the end
 * of a page whose successor cannot be read. */
#include <sys/mman.h>
#include <unistd.h>

#include "json/json.h"
#include "unit.h"

static uint8_t *edge;                   /* the first byte that faults */

static struct span at_edge(const char *text, size_t n)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	if (!edge) {
		uint8_t *p = mmap(NULL, page * 2, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		ck_assert_ptr_ne(p, MAP_FAILED);
		ck_assert_int_eq(mprotect(p + page, page, PROT_NONE), 0);
		edge = p + page;
	}
	ck_assert_uint_le(n, page);
	memcpy(edge - n, text, n);
	return span_of(edge - n, n);
}

static int build(struct json_tape *t, const char *text, size_t n)
{
	json_tape_init(t, 16, 1);
	return json_tape_build(t, at_edge(text, n));
}

static void expect(const char *text, size_t n, int error)
{
	struct json_tape t;
	int r = build(&t, text, n);

	ck_assert_msg(r == error, "%.*s: %d, expected %d (%s)", (int)n, text, r, error, t.what ? t.what : "");
	json_tape_fini(&t);
}

START_TEST(accepts_what_rfc_8259_allows)
{
	static const char *const texts[] = {
		"0", "-0", "-1.5e+300", "1E400", "123456789012345678901234567890", "true", " null\r\n\t", "\"\"", "[]", "{}", "[1,2]",
		"{\"a\":1,\"b\":[{}]}", "\"\\u0000\"", "\"\\ud83d\\ude00\"", "\"\xf0\x9f\x98\x80\"", "\"\x7f\"", "\"\\/\\b\\f\\n\\r\\t\\\"\\\\\"",
		"[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]", "\"\xef\xbf\xbf\"",
	};

	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		expect(texts[i], strlen(texts[i]), 0);
}
END_TEST

START_TEST(refuses_what_rfc_8259_does_not_allow)
{
	static const char *const texts[] = {
		"", " ", "01", "+1", "1.", ".5", "1e", "-", "NaN", "Infinity", "tru", "nul", "[1,]", "[,1]", "{\"a\":1,}", "{\"a\"}", "{a:1}", "{\"a\" 1}", "[1 2]",
		"1 2", "\"a", "\"\\x\"", "\"\\u12\"", "\"\\ud800\"", "\"\\udc00\"", "\"\\ud800\\u0041\"", "\"\n\"", "\"\x01\"", "\"\xff\"", "\"\xc0\x80\"",
		"\"\xed\xa0\x80\"", "\"\xf4\x90\x80\x80\"", "\xef\xbb\xbf{}", "[", "{", "]", "[}", "{\"a\":1]", "\f1", "\"\\", "\"a\\",
	};

	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		expect(texts[i], strlen(texts[i]), E_MALFORMED);
	expect("1\0", 2, E_MALFORMED);
}
END_TEST

START_TEST(every_cut_of_a_text_is_malformed)
{
	static const char text[] = "{\"a\":[1.5e-3,true,null,\"\\u00e9\xc3\xa9\"],\"b\":{}}";

	for (size_t n = 0; n < sizeof text - 1; n++)
		expect(text, n, E_MALFORMED);
	expect(text, sizeof text - 1, 0);
}
END_TEST

START_TEST(nesting_above_the_limit_is_its_own_error)
{
	expect("[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]", 34, E_LIMIT);
}
END_TEST

START_TEST(a_key_twice_is_malformed)
{
	char many[2000] = "{";

	expect("{\"a\":1,\"a\":2}", 13, E_MALFORMED);
	expect("{\"a\":1,\"\\u0061\":2}", 18, E_MALFORMED);
	expect("{\"a\":{\"a\":1}}", 13, 0);
	for (int i = 0; i < 40; i++)
		sprintf(many + strlen(many), "\"key%d\":%d,", i, i);
	size_t n = strlen(many);
	strcpy(many + n, "\"key40\":1}");
	expect(many, strlen(many), 0);
	strcpy(many + n, "\"key17\":1}");
	expect(many, strlen(many), E_MALFORMED);
}
END_TEST

START_TEST(strings_are_decoded_and_keep_their_place)
{
	struct json_tape t;

	ck_assert_int_eq(build(&t, "[\"x\\ud83d\\ude00\\n\"]", 19), 0);
	struct json_doc d = json_tape_doc(&t);
	ck_assert(span_is(json_text(&d, 1), "x\xf0\x9f\x98\x80\n"));
	ck_assert_uint_eq(json_offset(&d, 1), 1);
	ck_assert_uint_eq(json_length(json_text(&d, 1)), 3);
	json_tape_fini(&t);
}
END_TEST

START_TEST(decimals_compare_by_value)
{
	static const struct { const char *a, *b; int order; } rows[] = {
		{ "1", "1.0", 0 }, { "10e-1", "1", 0 }, { "-0", "0", 0 }, { "0.0e9", "0", 0 }, { "9007199254740993", "9007199254740992", 1 }, { "1e400", "9e399", 1 },
		{ "-1e400", "1", -1 }, { "0.1", "0.10000000000000000000000000000001", -1 }, { "100", "1e2", 0 }, { "-2", "-1", -1 }, { "1.05", "1.5", -1 },
		{ "12345678901234567890", "12345678901234567891", -1 },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct json_decimal a = json_decimal(span_str(rows[i].a)), b = json_decimal(span_str(rows[i].b));
		ck_assert_msg(json_decimal_compare(&a, &b) == rows[i].order, "%s ? %s", rows[i].a, rows[i].b);
		ck_assert_int_eq(json_decimal_compare(&b, &a), -rows[i].order);
	}
}
END_TEST

START_TEST(multiples_are_exact)
{
	static const struct { const char *value; uint64_t m; int64_t exp; bool is; } rows[] = {
		{ "0.07", 1, -2, true }, { "0.075", 1, -2, false }, { "19.99", 1, -2, true }, { "1e308", 5, -1, true }, { "4.5", 15, -1, true }, { "35", 15, -1, false },
		{ "0", 7, 5, true }, { "9007199254740993", 2, 0, false }, { "1e1000000000", 3, 0, false }, { "12", 5, 1, false }, { "100", 5, 1, true },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct json_decimal d = json_decimal(span_str(rows[i].value));
		ck_assert_msg(json_decimal_is_multiple(&d, rows[i].m, rows[i].exp) == rows[i].is, "%s", rows[i].value);
	}
}
END_TEST

START_TEST(integers_are_told_by_value)
{
	static const struct { const char *value; bool is; } rows[] = { { "1.0", true }, { "1.5e1", true }, { "1.5", false }, { "1e-1", false }, { "10e-1", true }, { "0.0", true } };
	int64_t v;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct json_decimal d = json_decimal(span_str(rows[i].value));
		ck_assert_msg(json_decimal_is_integer(&d) == rows[i].is, "%s", rows[i].value);
	}
	struct json_decimal least = json_decimal(span_str("-9223372036854775808")), most = json_decimal(span_str("9223372036854775808"));
	ck_assert(json_decimal_to_i64(&least, &v) && v == INT64_MIN);
	ck_assert(!json_decimal_to_i64(&most, &v));
}
END_TEST

START_TEST(equality_is_that_of_json_schema)
{
	static const struct { const char *a, *b; bool same; } rows[] = {
		{ "{\"a\":1,\"b\":[1.0]}", "{\"b\":[1],\"a\":10e-1}", true }, { "\"a\"", "\"\\u0061\"", true }, { "true", "1", false }, { "false", "0", false },
		{ "[1,2]", "[2,1]", false }, { "{\"a\":1}", "{\"a\":1,\"b\":1}", false }, { "null", "null", true }, { "\"1\"", "1", false },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct json_tape a, b;
		uint64_t steps = 100;
		json_tape_init(&a, 16, 1);
		json_tape_init(&b, 16, 1);
		ck_assert_int_eq(json_tape_build(&a, span_str(rows[i].a)), 0);
		ck_assert_int_eq(json_tape_build(&b, span_str(rows[i].b)), 0);
		struct json_doc x = json_tape_doc(&a), y = json_tape_doc(&b);
		ck_assert_msg(json_equal(&x, 0, &y, 0, &steps) == rows[i].same, "%s == %s", rows[i].a, rows[i].b);
		if (rows[i].same)
			ck_assert_uint_eq(json_hash(&x, 0, 7), json_hash(&y, 0, 7));
		json_tape_fini(&a);
		json_tape_fini(&b);
	}
}
END_TEST

/* A text ends where its span does: neither digits nor anything else behind it decide. */
START_TEST(what_follows_a_number_is_not_of_it)
{
	static const char *const numbers[] = { "0", "-0", "7", "-12", "1.5", "0.25", "1e3", "2E-1", "123456789012345678" };
	static const char *const behind[] = { "5", "05", ".", ".x", ".5", "e", "e+", "E5", "-", "+", "\"", "00000000000000000000" };

	for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
		for (size_t k = 0; k < ARRAY_LEN(behind); k++) {
			char bytes[4096] = "";
			struct json_tape t;
			snprintf(bytes, sizeof bytes, "%s%s", numbers[i], behind[k]);
			json_tape_init(&t, 10, 0);
			ck_assert_msg(json_tape_build(&t, span_of(bytes, strlen(numbers[i]))) == 0, "%s before %s", numbers[i], behind[k]);
			ck_assert_uint_eq(t.entries[0].len, strlen(numbers[i]));
			json_tape_fini(&t);
		}
	}
}
END_TEST

UNIT_MAIN("json", accepts_what_rfc_8259_allows, refuses_what_rfc_8259_does_not_allow, every_cut_of_a_text_is_malformed,
          nesting_above_the_limit_is_its_own_error, a_key_twice_is_malformed, strings_are_decoded_and_keep_their_place, decimals_compare_by_value,
          multiples_are_exact, integers_are_told_by_value, equality_is_that_of_json_schema,
	  what_follows_a_number_is_not_of_it)
