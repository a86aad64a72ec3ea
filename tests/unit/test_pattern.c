/* Patterns: what ECMA-262 says where other languages say otherwise, in both forms; what is
 * refused; which ones are automata and how small these are; what hostile ones cost. */
#include "../differ/pattern_pair.h"
#include "schema/layout.h"
#include "unit.h"

#define AUTOMATON 1
#define CODE 2

/* `yes` and `no` hold texts between bars; a bar alone is the empty text. */
struct row {
	const char *pattern, *yes, *no;
	int forms;                      /* that it must have */
};

static void check_texts(const struct row *row, struct pattern_pair *p, const char *texts, char verdict)
{
	for (const char *s = texts; s && *s; s++) {
		size_t n = strcspn(s, "|");
		struct pair_verdict v = pair_judge(p, span_of(s, n));
		char form = row->forms & AUTOMATON ? v.automaton : v.code;
		ck_assert_msg(form == verdict, "%s on \"%.*s\": %c, not %c", row->pattern, (int)n, s, form, verdict);
		s += n;
		if (!*s)
			return;
	}
}

static void check_rows(const struct row *rows, size_t n)
{
	for (const struct row *row = rows; row < rows + n; row++) {
		struct pattern_pair p;
		ck_assert_msg(pair_open(&p, span_str(row->pattern)), "%s: %s", row->pattern, pair_reason(&p));
		ck_assert_msg(p.has_automaton == ((row->forms & AUTOMATON) != 0), "%s: has%s an automaton", row->pattern, p.has_automaton ? "" : " not");
		ck_assert_msg(p.has_code || !(row->forms & CODE), "%s", row->pattern);
		check_texts(row, &p, row->yes, '1');
		check_texts(row, &p, row->no, '0');
		pair_close(&p);
	}
}

/* Verdicts are those of Node.js 20, new RegExp(pattern, "u").test(text). */
START_TEST(traps_between_ecma_and_pcre)
{
	static const struct row rows[] = {
		{ "^a$", "a", "a\n|\na|ab", AUTOMATON | CODE },
		{ "^.$", "a|é|😀|\xc2\x85", "\n|\r|\xe2\x80\xa8|\xe2\x80\xa9|ab", AUTOMATON | CODE },
		{ "^\\s+$", " \t\v\f\n\r\xc2\xa0|\xef\xbb\xbf|\xe1\x9a\x80|\xe2\x80\x8a|\xe2\x80\xa8|\xe3\x80\x80", "\xc2\x85|\xe2\x80\x8b|a", AUTOMATON | CODE },
		{ "^[^\\S]$", " |\xef\xbb\xbf", "a|\xc2\x85", AUTOMATON | CODE },
		{ "^\\S$", "\xc2\x85|\xe2\x80\x8b|😀", " |\xef\xbb\xbf", AUTOMATON | CODE },
		{ "^\\d$", "1", "\xd9\xa3|a", AUTOMATON | CODE },
		{ "^\\w$", "a|_|9", "é|-", AUTOMATON | CODE },
		{ "\\bé", "aé", "é|é a", AUTOMATON | CODE },
		{ "\\B", "|é|ab|-", "a", AUTOMATON | CODE },
		{ "^\\v$", "\v", "\n|\f", AUTOMATON | CODE },
		{ "^\\u{1F600}$", "😀", "a", AUTOMATON | CODE },
		{ "^\\uD83D\\uDE00$", "😀", "a", AUTOMATON | CODE },
		{ "^[\\uD83D\\uDE00-\\uD83D\\uDE02]$", "😀|😂", "😃", AUTOMATON | CODE },
		{ "\\ud800", "", "|a|😀", AUTOMATON | CODE },
		{ "[^\\ud800]", "a|😀|\xed\x9f\xbf|\xee\x80\x80", "", AUTOMATON | CODE },
		{ "^\\p{Letter}\\p{gc=Nd}\\p{digit}\\p{Script=Greek}\\p{sc=Greek}$", "é12ωω", "é12oω", AUTOMATON | CODE },
		{ "^\\P{L}[^\\p{L}]$", "1-", "1a|a1", AUTOMATON | CODE },
		{ "[]", "", "|a", AUTOMATON | CODE },
		{ "^[]*$", "|", "a", AUTOMATON | CODE },
		{ "^[^]$", "\n|😀", "", AUTOMATON | CODE },
		{ "^\\cA\\0\\x41\\u0042[\\b]$", "", "A", AUTOMATON | CODE },
		{ "^(?<n>a|b)\\k<n>(x)?\\2$", "aa|bbxx", "ab", CODE },
		{ "^\\1(a)$", "a", "aa", CODE },
		{ "(?<=😀)a(?!b)", "😀a|x😀ac", "a|😀ab", CODE },
		{ "$^|a$", "|a|ba", "b|ab", AUTOMATON | CODE },
		{ "^-\\-[\\-]$", "---", "--", AUTOMATON | CODE },
		{ "\\@\\_", "x@_", "@", AUTOMATON | CODE },
	};

	check_rows(rows, ARRAY_LEN(rows));
}
END_TEST

START_TEST(what_ecma_refuses_is_refused)
{
	static const char *const patterns[] = {
		"\\a", "\\e", "\\h", "\\R", "\\A", "\\Z", "\\z", "\\G", "\\K", "\\Q", "\\N", "\\X", "\\x4", "\\01", "\\1", "\\é", "\\", "(?i)a", "(?P<n>a)",
		"(?>a)", "(?|a)", "(?#a)", "a++", "a**", "a{,3}", "{", "}", "]", "[", "(", ")", "[[:alpha:]]]", "[\\w-a]", "[z-a]", "a{2,1}", "(?=a)*", "\\b+",
		"\\p{Greek}", "\\p{Foo}", "\\p{Script=Foo}", "\\p{^L}", "\\p{lu}", "\\pL", "\\k<n>", "(?<n>a)(?<n>b)", "\\u{110000}",
	};

	for (size_t i = 0; i < ARRAY_LEN(patterns); i++) {
		struct pattern_pair p;
		ck_assert_msg(!pair_open(&p, span_str(patterns[i])), "%s", patterns[i]);
		ck_assert_msg(*pair_reason(&p), "%s", patterns[i]);
		pair_close(&p);
	}
}
END_TEST

static void refused_as(const char *pattern, const char *words)
{
	struct pattern_pair p;

	ck_assert_msg(!pair_open(&p, span_str(pattern)), "%s", pattern);
	ck_assert_msg(strstr(pair_reason(&p), words) != NULL, "%s: %s", pattern, pair_reason(&p));
	ck_assert_uint_eq(p.automaton.f.items[0].at.line, 1);
	pair_close(&p);
}

START_TEST(reasons_name_the_place)
{
	refused_as("^ab++$", "at byte 5: a quantifier after a quantifier");
	refused_as("abc\\q", "at byte 5: no such escape");
	refused_as("(?<=a+)b", "lookbehind assertion is not fixed length");
	refused_as("^(?:(a)|b)*\\1$", "forgets");
}
END_TEST

static size_t table_bytes(const struct image *img, struct schema_pattern *out)
{
	size_t n;
	const struct schema_pattern *p = image_table(img, IMAGE_SCHEMA_PATTERNS, sizeof *p, &n);

	ck_assert_uint_eq(n, 1);
	*out = p[0];
	return image_section(img, IMAGE_SCHEMA_DFA).n;
}

static void has_states(const char *pattern, unsigned states, unsigned symbols)
{
	struct schema_pattern row;
	struct pattern_pair p;

	ck_assert(pair_open(&p, span_str(pattern)) && p.has_automaton);
	(void)table_bytes(&p.automaton.img, &row);
	unsigned width = row.seconds == SCHEMA_NO_PAIRS ? symbols : symbols * (symbols + 1);
	ck_assert_msg(row.matched == width && row.entries == states * width, "%s: %u entries, %u a state", pattern, row.entries, row.matched);
	pair_close(&p);
}

/* Counted by hand: the dead state, the matched one, and one for each way to go on. */
START_TEST(automata_are_the_smallest)
{
	has_states("^x-", 4, 3);
	has_states("x", 3, 2);
	has_states(".*", 2, 1);
	has_states("(?:a|b|[cd])*", 2, 1);
	has_states("^(?:ab|cb)$", 5, 3);
	has_states("^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$", 39, 3);
	has_states("(?:a|b)*a(?:a|b){2}$", 10, 3);
	has_states("^(?:a?){20}$", 23, 2);
	has_states("^[a-z]{1,1900}$", 1903, 2);  /* too large to go by pairs */
}
END_TEST

/* Look-aheads at the beginning are patterns of their own. */
START_TEST(conditions_at_the_beginning_are_automata)
{
	static const struct row rows[] = {
		{ "^(?=.*\\d)(?=.*[a-z])(?!.*\\s).{4,}$", "abc1|1zzzz|é1ab", "abcd|1234|ab1|abc 1|", AUTOMATON | CODE },
		{ "^(?!x-)", "|a|x", "x-|x-a", AUTOMATON | CODE },
		{ "^(?=a|b)", "a|bc", "|c|ca", AUTOMATON | CODE },
		{ "^(?!a$|b$)(?:a|b|c)+$", "c|ab|ba", "a|b||d", AUTOMATON | CODE },
		{ "^(?=)(?!^b)(?=a$|b)", "a", "ab|b", AUTOMATON | CODE },
		{ "^(?!)", "", "|a", AUTOMATON | CODE },
		{ "^(?=(\\p{L}))x?\\b", "a|x", "1|", AUTOMATON | CODE },
	};

	check_rows(rows, ARRAY_LEN(rows));
}
END_TEST

START_TEST(what_is_too_large_is_left_to_pcre)
{
	static const struct row rows[] = {
		{ "(a|b)*a(a|b){12}$", "abbbbbbbbbbbb", "bbbbbbbbbbbbb", CODE },
		{ "^.{1,2000}$", "a|é", "|\n", CODE },
		{ "^(?:a{1,300}){1,300}$", "aaa", "b", CODE },
		{ "b|(?=a)", "a", "c", CODE },
		{ "^(?=(?!b)a)", "a", "b", CODE },
		{ "^(?=(a))\\1", "a", "b", CODE },
	};

	check_rows(rows, ARRAY_LEN(rows));
}
END_TEST

static void open_hostile(const char *piece, size_t bytes, const char *end)
{
	struct schema_pattern row;
	struct pattern_pair p;
	struct buf text;

	buf_init(&text, 0);
	while (text.n < bytes)
		buf_puts(&text, piece);
	buf_puts(&text, end);
	if (pair_open(&p, buf_span(&text))) {
		ck_assert_uint_le(table_bytes(&p.automaton.img, &row), 256 << 10);
		(void)pair_judge(&p, SPAN_LIT("aaaaaaaaaaaaaaaaaaaa"));
	} else {
		ck_assert(*pair_reason(&p));
	}
	pair_close(&p);
	buf_fini(&text);
}

/* Each ends, by a verdict or a reason, well before the time that a test has. */
START_TEST(hostile_patterns_cost_little)
{
	open_hostile("((a{1,1000}){1,1000})", 1, "");
	open_hostile("((((a?){100}){100}){100}){100}", 1, "");
	open_hostile("(((((((((){1000}){1000}){1000}){1000}){1000}){1000}){1000}){1000})", 1, "");
	open_hostile("(){65535}", 1, "");
	open_hostile("a", 64 << 10, "");
	open_hostile("a|", 64 << 10, "b");
	open_hostile("a?", 64 << 10, "");
	open_hostile("(a*)*", 64 << 10, "b");
	open_hostile(".*", 64 << 10, "b");
	open_hostile("[a-z]", 64 << 10, "$");
	open_hostile("(?:", 64 << 10, "");
	open_hostile("[", 64 << 10, "]");
	open_hostile("(?:a{1,65535}){1,65535}|", 1, "b");
	open_hostile("\\p{L}\\p{N}\\P{Lu}[^\\p{P}]", 2000, "");
	open_hostile("(?=.*[a-z]{1,9})", 2000, "");
}
END_TEST

START_TEST(classes_of_any_size_cost_little)
{
	struct buf text;
	struct pattern_pair p;

	buf_init(&text, 0);
	buf_puts(&text, "^[");
	for (unsigned c = 0x100; c < 0xd000; c += 3)
		buf_printf(&text, "\\u%04x", c);
	buf_puts(&text, "]+$");
	if (pair_open(&p, buf_span(&text))) {
		ck_assert_int_eq(pair_judge(&p, SPAN_LIT("\xc4\x80\xc4\x83")).code, '1');
		ck_assert_int_eq(pair_judge(&p, SPAN_LIT("\xc4\x81")).code, '0');
	}
	pair_close(&p);
	buf_fini(&text);
}
END_TEST

/* One dear match is decided; many of them end with the budget. */
START_TEST(dear_matches_are_paid_for)
{
	static const char schema[] = "{\"items\":{\"pattern\":\"^(?!(?=a)(a+)+$)\"}}";
	struct engine e;
	struct buf many;

	ck_assert(engine_open(&e, span_str(schema), DIALECT_ASYNCAPI, NULL, NULL));
	ck_assert_int_eq(engine_judge(&e, span_str("[\"aaaaaaaaa!\"]")), SCHEMA_VALID);
	buf_init(&many, 0);
	buf_addch(&many, '[');
	for (int i = 0; i < 5000; i++)
		buf_puts(&many, i ? ",\"aaaaaaaaa!\"" : "\"aaaaaaaaa!\"");
	buf_addch(&many, ']');
	ck_assert_int_eq(engine_judge(&e, buf_span(&many)), SCHEMA_UNDECIDABLE);
	buf_fini(&many);
	engine_close(&e);
}
END_TEST

START_TEST(names_are_tested_unescaped)
{
	struct engine e;

	ck_assert(engine_open(&e, span_str("{\"patternProperties\":{\"^a\\\"b$\":{\"type\":\"null\"}},\"additionalProperties\":false}"), DIALECT_ASYNCAPI, NULL, NULL));
	ck_assert_int_eq(engine_judge(&e, span_str("{\"a\\u0022b\":null}")), SCHEMA_VALID);
	ck_assert_int_eq(engine_judge(&e, span_str("{\"a\\\"b\":1}")), SCHEMA_INVALID);
	ck_assert_int_eq(engine_judge(&e, span_str("{\"a\":null}")), SCHEMA_INVALID);
	engine_close(&e);
}
END_TEST

UNIT_MAIN("pattern", traps_between_ecma_and_pcre, what_ecma_refuses_is_refused, reasons_name_the_place, automata_are_the_smallest,
          conditions_at_the_beginning_are_automata, what_is_too_large_is_left_to_pcre, hostile_patterns_cost_little, classes_of_any_size_cost_little, dear_matches_are_paid_for,
          names_are_tested_unescaped)
