/* Formats, by the RFCs that define them: what holds and what does not, corners that the
 * JSON Schema test suite has and some that it lacks. */
#include "schema/layout.h"
#include "unit.h"

/* Texts stand between bars. */
struct row {
	const char *format, *yes, *no;
};

static void check_texts(const struct row *row, const char *texts, bool holds)
{
	enum schema_format f = schema_format_find(span_str(row->format));

	ck_assert_int_ne(f, SCHEMA_FORMAT_COUNT);
	for (const char *s = texts; *s;) {
		size_t n = strcspn(s, "|");
		char *exact = malloc(n ? n : 1);         /* a block of its own: ASan sees one byte too far */
		memcpy(exact, s, n);
		bool is = schema_format_holds(f, JSON_STRING, span_of(exact, n));
		ck_assert_msg(is == holds, "%s: \"%.*s\" is %d", row->format, (int)n, s, is);
		free(exact);
		s += n + (s[n] == '|');
	}
}

static void check_rows(const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		check_texts(&rows[i], rows[i].yes, true);
		check_texts(&rows[i], rows[i].no, false);
	}
}

/* RFC 3339, 5.6 and 5.7, appendix A. */
START_TEST(times)
{
	static const struct row rows[] = {
		{ "date", "2020-02-29|2000-02-29|0001-01-01|1999-12-31", "2021-02-29|1900-02-29|2020-13-01|2020-00-01|2020-01-00|2020-01-32|2020-1-1|2020-01-01Z|20200101|2020-01-0x" },
		{ "time", "00:00:00Z|23:59:59.1234567890123+00:00|23:59:60Z|22:59:60-01:00|15:59:60.5-08:00", "24:00:00Z|00:60:00Z|00:00:61Z|22:59:60Z|23:59:60+01:00|00:00:00|00:00:00.Z|00:00:00,1Z|00:00:00+24:00|00:00:00+0000" },
		{ "date-time", "1985-04-12T23:20:50.52Z|1996-12-19t16:39:57-08:00|1990-12-31T23:59:60Z", "1985-04-12 23:20:50Z|1985-04-12T23:20:50|1985-04-31T00:00:00Z|1985-04-12T|" "1985-04-12T23:20:5\xd9\xa3Z" },
		{ "duration", "P4Y|PT0S|P1M|PT1M|P2W|P1Y2M3DT4H5M6S|PT36H", "P|PT|P1Y2W|P1S|1Y|PT1D|P1H|P1D2H|P2D1Y|P1YT|PT1.5S|P" "\xd9\xa3Y" },
	};

	check_rows(rows, ARRAY_LEN(rows));
}
END_TEST

/* RFC 4291, 2.2; RFC 2673, 3.2. */
START_TEST(addresses)
{
	static const struct row rows[] = {
		{ "ipv4", "0.0.0.0|255.255.255.255|192.168.0.1", "256.0.0.1|1.2.3|1.2.3.4.5|01.2.3.4|1.2.3.4 |1..2.3|.1.2.3|1.2.3.|0x1.2.3.4|1.2.3.1000|1,2,3,4" },
		{ "ipv6", "::|::1|1::|1:2:3:4:5:6:7:8|1::8|1:2:3:4:5:6:7::|::2:3:4:5:6:7:8|::ffff:192.0.2.1|1:2:3:4:5:6:1.2.3.4|1:2::1.2.3.4|ABCD:ef01::|1::3:4:5:6:7:8",
		  ":|:::|1:2:3:4:5:6:7|1:2:3:4:5:6:7:8:9|1::2::3|:1:2:3:4:5:6:7:8|1:2:3:4:5:6:7:8:|12345::|g::|::1.2.3|::1.2.3.256|1:2:3:4:5:6:7:1.2.3.4|1.2.3.4|1.2.3.4::|::1%eth0|"
		  "1:2:3:4:5:6:7:8::|::1:2:3:4:5:6:7:8|1::1:2:3:4:5:6:1.2.3.4|1:2:3:4:5:1.2.3.4|1:|::1 " },
	};

	check_rows(rows, ARRAY_LEN(rows));
}
END_TEST

#define L63 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

/* RFC 1123, 2.1; RFC 5890 to 5893. */
START_TEST(host_names)
{
	static const struct row rows[] = {
		{ "hostname", "a|a-b.c|1.2.3|" L63 "|xn--4gbwdl.xn--wgbh1c|" L63 "." L63 "." L63 ".aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
		  ".|a.|.a|a..b|-a|a-|a_b|" L63 "a|ab--cd|xn--x|a b|é|" L63 "." L63 "." L63 "." L63 },
		{ "idn-hostname", "é.example|例え。テスト|실례|faß|a．b", "〮한|é--|a..é|é.|\xe2\x80\x8d|" L63 "." L63 "." L63 "." L63 "|" L63 "é" },
		/* 5893, 2: rule 4; rule 1 where another label runs from right to left */
		{ "idn-hostname", "א|א0|א.a|مثال.إختبار", "א0٠|0a.א|א.0|a.0.א" },
		{ "hostname", "xn--4dbc.a", "xn--4dbc.0a" },
	};

	check_rows(rows, ARRAY_LEN(rows));
	ck_assert(schema_format_holds(SCHEMA_FORMAT_LDH_HOSTNAME, JSON_STRING, span_str("ab--cd.example")));
	ck_assert(!schema_format_holds(SCHEMA_FORMAT_LDH_HOSTNAME, JSON_STRING, span_str("-a.example")));
}
END_TEST

/* RFC 5321, 4.1.2; RFC 6531. */
START_TEST(mailboxes)
{
	static const struct row rows[] = {
		{ "email", "a@b|a.b+c=d@e.f|\"a b@c\"@d|\"\\\"\"@d|a@[127.0.0.1]|a@[IPv6:::1]|!#$%&'*+-/=?^_`{}~@d",
		  "a|@b|a@|a..b@c|.a@b|a.@b|a b@c|\"a@b|\"\"\"@b|a@[300.0.0.1]|a@[::1]|é@b|a@é|a@b@c" },
		{ "idn-email", "é@é.example|실례@실례.테스트", "é|@é|é@-é" },
	};

	check_rows(rows, ARRAY_LEN(rows));
}
END_TEST

/* RFC 3986, 3987, 6570. */
START_TEST(references)
{
	static const struct row rows[] = {
		{ "uri", "a:|http://a|http://[::1]:80/|http://u:p@h:1/p/a;b=c?q/?#f/?|urn:a:b|http://a/%20|http://[v1.a:b]/|a+-.1:b", "//a|a|1a:b|http://a b|http://a/%2|http://a/é|http://[1]|http://a:b:c@d:x|http://a\\b|http://a/\"|a:[|:a|http://h/#a#b" },
		{ "uri-reference", "|a/b|//a|#f|?q|./a:b|/a", "a b|a\\b|%zz|#a#b|1:2|{" },
		{ "iri", "http://é/ü?ö#ä|a:b?\xee\x80\x80", "é/a|http://a/\xee\x80\x80|http://a b" },
		{ "iri-reference", "é/ü|?\xee\x80\x80", "é |\xee\x80\x80" },
		{ "uri-template", "|a'b|{a}|{+a,b*}|{a:12}|{?a.b}|{a%20b}|/x{/y}[z]", "{|}|{}|{a|a}|{a b}|{a:0}|{a:12345}|{a,}|{a..b}|a b|a\"|a<|a^|%g0|{a%2}" },
		{ "json-pointer", "|/|/a~0b~1|//|/é", "a|/~|/~2|#/a" },
		{ "relative-json-pointer", "0|1/a|10#|0/", "|01|-1|1a|/a|1##|+1" },
		{ "uuid", "00000000-0000-0000-0000-000000000000|ABCDEFab-1234-5678-9abc-DEF012345678",
		  "00000000-0000-0000-0000-00000000000|00000000-0000-0000-0000-0000000000000|00000000_0000-0000-0000-000000000000|g0000000-0000-0000-0000-000000000000|"
		  "0000000:-0000-0000-0000-000000000000|0000000@-0000-0000-0000-000000000000|0000000`-0000-0000-0000-000000000000|0000000/-0000-0000-0000-000000000000|"
		  "000000\xc2\xb0-0000-0000-0000-000000000000|00000000-0000-0000-0000-00000000000G|00000000-0000-0000-0000-00000000000\x10" },
		{ "regex", "|a|^(?<n>a)\\k<n>$|\\p{L}|[\\-]", "(|\\a|a{2,1}|[z-a]|\\-|\\@|(?i)a" },
	};

	check_rows(rows, ARRAY_LEN(rows));
}
END_TEST

UNIT_MAIN("format", times, addresses, host_names, mailboxes, references)
