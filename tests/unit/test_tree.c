/* Located documents: places, YAML's core schema, JSON, references, hostile input. */
#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "tree/private.h"
#include "unit.h"

static struct findings found;
static struct tree_set *set;
static char folder[64];

static void begin(void)
{
	findings_init(&found, 100);
	set = tree_set_new(&found, NULL);
	strcpy(folder, "/tmp/test_tree.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
}

static void end(void)
{
	char command[100];

	tree_set_free(set);
	findings_fini(&found);
	snprintf(command, sizeof command, "rm -rf '%s'", folder);
	ck_assert_int_eq(system(command), 0);
}

static struct tree_node *parse(const char *name, const char *text)
{
	struct tree_file *f = tree_parse(set, name, text, strlen(text));

	return f ? f->root : NULL;
}

static const char *path_of(const char *name)
{
	static char path[4][200];
	static unsigned turn;

	turn = (turn + 1) % 4;
	snprintf(path[turn], sizeof path[turn], "%s/%s", folder, name);
	return path[turn];
}

static const char *put(const char *name, const char *text)
{
	const char *path = path_of(name);
	FILE *f = fopen(path, "w");

	ck_assert_ptr_nonnull(f);
	fputs(text, f);
	fclose(f);
	return path;
}

static const char *last_finding(void)
{
	static char line[4096];
	struct buf b;

	ck_assert_uint_gt(found.n, 0);
	buf_init(&b, 0);
	finding_print(&b, &found.items[found.n - 1]);
	snprintf(line, sizeof line, "%.*s", (int)b.n, (char *)b.p);
	buf_fini(&b);
	return line;
}

/* The last finding's line begins so. */
static void ck_finding(const char *start)
{
	const char *line = last_finding();

	ck_assert_msg(strncmp(line, start, strlen(start)) == 0, "\"%s\" does not begin with \"%s\"", line, start);
	ck_assert_msg(strstr(line, "; ") != NULL, "\"%s\" has no remedy", line);
}

static void ck_refused(const char *name, const char *text, const char *start)
{
	ck_assert_ptr_null(parse(name, text));
	ck_finding(start);
}

static void ck_json(const struct tree_node *n, const char *expected)
{
	struct buf b;

	ck_assert_msg(n != NULL, "no tree: %s", found.n ? last_finding() : "and no finding");
	buf_init(&b, 0);
	tree_to_json(n, &b);
	buf_addch(&b, 0);
	ck_assert_str_eq((char *)b.p, expected);
	buf_fini(&b);
}

static void ck_at(const struct tree_node *n, uint32_t line, uint32_t column)
{
	ck_assert_ptr_nonnull(n);
	ck_assert_uint_eq(n->line, line);
	ck_assert_uint_eq(n->column, column);
}

/* ---- places ---- */

START_TEST(yaml_nodes_know_their_place)
{
	begin();
	struct tree_node *root = parse("a.yaml", "# one\nchannels:\n  lights:\n    - 'é': \"ü\"\n      b: [1, x]\n");
	ck_at(root, 2, 1);
	struct tree_node *item = tree_pointer(root, "/channels/lights/0");
	ck_at(item, 4, 7);
	ck_at(tree_get(item, "é"), 4, 12);
	ck_assert_uint_eq(tree_get(item, "é")->key_column, 7);
	ck_at(tree_pointer(root, "/channels/lights/0/b/1"), 5, 14);
	ck_assert_str_eq(tree_path(tree_pointer(root, "/channels/lights/0/b/1")), "/channels/lights/0/b/1");
	ck_assert_uint_eq(tree_key_location(tree_get(item, "b")).line, 5);
	ck_assert_uint_eq(tree_key_location(item).column, 7);
	end();
}
END_TEST

START_TEST(json_nodes_know_their_place)
{
	begin();
	struct tree_node *root = parse("a.json", "{\r\n  \"é\": [true,\n\t{\"x\": \"\\u00e9\"}]}");
	ck_at(root, 1, 1);
	ck_at(tree_get(root, "é"), 2, 8);
	ck_assert_uint_eq(tree_get(root, "é")->key_column, 3);
	ck_at(tree_pointer(root, "/é/1/x"), 3, 8);
	ck_assert_int_eq(tree_pointer(root, "/é/1/x")->kind, TREE_STRING);
	ck_json(root, "{\"é\":[true,{\"x\":\"é\"}]}");
	end();
}
END_TEST

START_TEST(a_byte_order_mark_is_no_column)
{
	begin();
	ck_at(tree_get(parse("a.yaml", "\xef\xbb\xbf" "a: 1"), "a"), 1, 4);
	ck_at(tree_get(parse("b.json", "\xef\xbb\xbf{\"a\":1}"), "a"), 1, 6);
	end();
}
END_TEST

START_TEST(pointers_unescape_and_count)
{
	begin();
	struct tree_node *root = parse("a.yaml", "{\"a/b\": {\"m~n\": [10, 11]}, \"\": 5, \"~1\": 6}");
	ck_json(tree_pointer(root, "/a~1b/m~0n/1"), "11");
	ck_json(tree_pointer(root, "/"), "5");
	ck_json(tree_pointer(root, "/~01"), "6");
	ck_assert_ptr_eq(tree_pointer(root, ""), root);
	ck_assert_ptr_null(tree_pointer(root, "/a~1b/m~0n/01"));
	ck_assert_ptr_null(tree_pointer(root, "/a~1b/m~0n/2"));
	ck_assert_ptr_null(tree_pointer(root, "/a~1b/m~0n/-"));
	ck_assert_ptr_null(tree_pointer(root, "a~1b"));
	ck_assert_str_eq(tree_path(tree_pointer(root, "/a~1b/m~0n/0")), "/a~1b/m~0n/0");
	end();
}
END_TEST

START_TEST(large_containers_are_found_by_index)
{
	struct buf b;
	char name[32];

	begin();
	buf_init(&b, 0);
	buf_puts(&b, "{\"map\":{");
	for (int i = 0; i < 5000; i++)
		buf_printf(&b, "%s\"key-%d\":%d", i ? "," : "", i, i);
	buf_puts(&b, "},\"seq\":[");
	for (int i = 0; i < 5000; i++)
		buf_printf(&b, "%s%d", i ? "," : "", i);
	buf_puts(&b, "]}");
	struct tree_file *f = tree_parse(set, "a.json", (char *)b.p, b.n);
	ck_assert_ptr_nonnull(f);
	for (int i = 0; i < 5000; i++) {
		snprintf(name, sizeof name, "/map/key-%d", i);
		ck_assert_ptr_nonnull(tree_pointer(f->root, name));
		snprintf(name, sizeof name, "%d", i);
		ck_assert(span_is(tree_item(tree_get(f->root, "seq"), (uint32_t)i)->text, name));
	}
	ck_assert_ptr_null(tree_pointer(f->root, "/map/key-5000"));
	buf_fini(&b);
	end();
}
END_TEST

/* ---- YAML ---- */

/* YAML 1.2.2, 10.3.2. */
START_TEST(plain_scalars_follow_the_core_schema)
{
	begin();
	ck_json(parse("a.yaml", "- null\n- ~\n- Null\n- NULL\n-\n- x\n"), "[null,null,null,null,null,\"x\"]");
	end();
}
END_TEST

START_TEST(words_of_yaml_1_1_are_texts)
{
	begin();
	ck_json(parse("a.yaml", "[true, True, FALSE, tRUE, on, off, yes, no, y, N]"),
	        "[true,true,false,\"tRUE\",\"on\",\"off\",\"yes\",\"no\",\"y\",\"N\"]");
	ck_json(parse("b.yaml", "[1_000, 0b11, 12:30:45, 2026-01-02, 0o8, 1e, ., +, -, .e5, 1.2.3, 0x, -0x1]"),
	        "[\"1_000\",\"0b11\",\"12:30:45\",\"2026-01-02\",\"0o8\",\"1e\",\".\",\"+\",\"-\",\".e5\",\"1.2.3\","
	        "\"0x\",\"-0x1\"]");
	end();
}
END_TEST

START_TEST(numbers_are_spelled_exactly)
{
	begin();
	ck_json(
	    parse(
		"a.yaml",
		"[+1, -1, 007, -007, 0x10, 0xFFFFFFFFFFFFFFFFFF, 0o17, .5, -.5, 1., 0, -0, 00, 1e3, +1.50E-07, 1.e5]"),
	    "[1,-1,7,-7,16,4722366482869645213695,15,0.5,-0.5,1.0,0,-0,0,1e3,1.50E-07,1.0e5]");
	ck_json(parse("b.yaml", "123456789012345678901234567890.123456789012345678901234567890"),
	        "123456789012345678901234567890.123456789012345678901234567890");
	ck_json(parse("c.json", "[-0, 1E+2, 12345678901234567890123, 0.10]"), "[-0,1E+2,12345678901234567890123,0.10]");
	end();
}
END_TEST

START_TEST(quotes_and_tags_decide)
{
	begin();
	ck_json(parse("a.yaml", "['1', \"true\", !!str 1, !!int \"7\", !!float 1, !!bool \"true\", !!null '', ! 5, "
	                        "!!map {a: 1}, !!seq [1]]"),
	        "[\"1\",\"true\",\"1\",7,1,true,null,\"5\",{\"a\":1},[1]]");
	ck_refused("b.yaml", "a: !!int x", "b.yaml:1:4: error yaml-tag:");
	ck_refused("c.yaml", "a: !Ref x", "c.yaml:1:4: error yaml-tag:");
	ck_refused("d.yaml", "a: !!binary aGk=", "d.yaml:1:4: error yaml-tag:");
	ck_refused("e.yaml", "a: !!seq {}", "e.yaml:1:4: error yaml-tag:");
	end();
}
END_TEST

START_TEST(keys_are_texts)
{
	begin();
	ck_json(parse("a.yaml", "200: ok\ntrue: 1\n\"\": 2\n1.50: 3\n"),
	        "{\"200\":\"ok\",\"true\":1,\"\":2,\"1.50\":3}");
	ck_refused("b.yaml", "[a, b]: 1", "b.yaml:1:1: error key-not-string:");
	ck_refused("c.yaml", "? {a: 1}\n: 1", "c.yaml:1:3: error key-not-string:");
	ck_refused("d.yaml", "?\n: 1", "d.yaml:1:2: error key-not-string:");
	end();
}
END_TEST

START_TEST(every_duplicate_is_told)
{
	begin();
	ck_assert_ptr_null(parse("a.yaml", "a: 1\nb:\n  c: 1\n  c: 2\n\"a\": 3\n"));
	ck_assert_uint_eq(found.errors, 2);
	findings_sort(&found);
	ck_assert_uint_eq(found.items[0].at.line, 4);
	ck_assert_uint_eq(found.items[0].at.column, 3);
	ck_finding("a.yaml:5:1: error duplicate-key: \"a\" is there already, at line 1;");
	ck_refused("b.json", "{\"a\":1,\"\\u0061\":2}", "b.json:1:8: error duplicate-key:");
	ck_refused("c.json", "{\"1\":1,\"2\":1,\"3\":1,\"4\":1,\"5\":1,\"6\":1,\"7\":1,\"8\":1,\"9\":1,\n\"1\":2}",
	           "c.json:2:1: error duplicate-key:");
	end();
}
END_TEST

START_TEST(what_json_cannot_say_is_refused)
{
	begin();
	ck_refused("a.yaml", "a:\n  - .inf", "a.yaml:2:5: error not-finite:");
	ck_refused("b.yaml", "a: .NaN", "b.yaml:1:4: error not-finite:");
	ck_refused("c.yaml", "base: &b {x: 1}\nd:\n  <<: *b\n", "c.yaml:3:3: error merge-key:");
	ck_refused("d.yaml", "a: 1\n---\nb: 2\n", "d.yaml:2:1: error yaml-documents:");
	ck_json(parse("e.yaml", "'<<': 1"), "{\"<<\":1}");
	ck_json(parse("f.yaml", "# nothing\n"), "null");
	end();
}
END_TEST

START_TEST(aliases_are_copies_with_their_own_key)
{
	begin();
	struct tree_node *root = parse("a.yaml", "a: &x {k: [1]}\nb: *x\n&y c: d\ne: *y\n*y : f\n");
	ck_assert_ptr_null(root);                /* c and *y are the same name */
	root = parse("b.yaml", "a: &x {k: [1]}\nb: *x\nc: [*x]\n");
	ck_json(root, "{\"a\":{\"k\":[1]},\"b\":{\"k\":[1]},\"c\":[{\"k\":[1]}]}");
	ck_assert_uint_eq(tree_get(root, "b")->key_line, 2);
	ck_assert_str_eq(tree_path(tree_pointer(root, "/c/0/k/0")), "/c/0/k/0");
	ck_refused("c.yaml", "a: &x [1, *x]", "c.yaml:1:11: error yaml-alias:");
	ck_refused("d.yaml", "a: *none", "d.yaml:1:4: error yaml-alias:");
	end();
}
END_TEST

START_TEST(yaml_errors_have_a_place_and_a_remedy)
{
	begin();
	ck_refused("a.yaml", "a: 1\n b: 2\n", "a.yaml:2:3: error yaml-syntax: mapping values are not allowed");
	ck_refused("b.yaml", "a:\n\t- 1\n", "b.yaml:2:1: error yaml-syntax:");
	ck_refused("c.yaml", "a: [1, 2\n", "c.yaml:2:1: error yaml-syntax:");
	ck_refused("d.yaml", "a: \"x\n", "d.yaml:2:1: error yaml-syntax:");
	ck_refused("e.yaml", "a: b\nc: \x01\n", "e.yaml:2:4: error yaml-syntax:");
	ck_refused("f.yaml", "a: \xc3(\n", "f.yaml:1:4: error invalid-utf8: byte 0xc3");
	ck_refused("g.yaml", "é: \xed\xa0\x80\n", "g.yaml:1:4: error invalid-utf8:");
	ck_refused("h.yaml", "\xff\xfe" "a", "h.yaml:1:1: error invalid-utf8:");
	end();
}
END_TEST

/* ---- JSON ---- */

START_TEST(json_escapes_are_decoded)
{
	begin();
	struct tree_node *n = parse("a.json", "[\"\\ud83d\\uDE00\\/\\\"\\\\\\b\\f\\n\\r\\t\\u0000x\"]");
	ck_assert_ptr_nonnull(n);
	ck_assert(span_eq(n->first->text, SPAN_LIT("\xf0\x9f\x98\x80/\"\\\b\f\n\r\t\0x")));
	ck_json(parse("b.yaml", " {\"a\": \"\\ud83d\\ude00\",\n\t\"b\": 1}"), "{\"a\":\"\xf0\x9f\x98\x80\",\"b\":1}");
	end();
}
END_TEST

/* From the RFC 8259 grammar: each is refused at the place that the editor should show. */
START_TEST(json_is_strict)
{
	static const struct {
		const char *text, *at;
	} bad[] = {
		{ "", "1:1" },
		{ " ", "1:2" },
		{ "{", "1:2" },
		{ "[1,]", "1:4" },
		{ "{\"a\":1,}", "1:8" },
		{ "[1 2]", "1:4" },
		{ "{\"a\" 1}", "1:6" },
		{ "{a:1}", "1:2" },
		{ "{'a':1}", "1:2" },
		{ "[01]", "1:3" },
		{ "[+1]", "1:2" },
		{ "[1.]", "1:4" },
		{ "[.5]", "1:2" },
		{ "[1e]", "1:4" },
		{ "[-]", "1:3" },
		{ "[tru]", "1:2" },
		{ "[NaN]", "1:2" },
		{ "\"a", "1:3" },
		{ "\"\\x\"", "1:3" },
		{ "\"\\u12\"", "1:4" },
		{ "\"\\ud800\"", "1:8" },
		{ "\"\\ud800\\u0041\"", "1:14" },
		{ "\"\\udc00\"", "1:8" },
		{ "\"a\nb\"", "1:3" },
		{ "\"a\tb\"", "1:3" },
		{ "1 2", "1:3" },
		{ "[1]]", "1:4" },
		{ "// x\n1", "1:1" },
		{ "{\"a\":1 \"b\":2}", "1:8" },
		{ "[\n1,\n\n,2]", "4:1" },
		{ "nulls", "1:5" },
		{ "[1}", "1:3" },
		{ "-01", "1:3" },
		{ "\v1", "1:1" },
	};

	begin();
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		char start[64], name[32];
		snprintf(name, sizeof name, "%zu.json", i);
		snprintf(start, sizeof start, "%zu.json:%s: error json-syntax:", i, bad[i].at);
		ck_refused(name, bad[i].text, start);
	}
	end();
}
END_TEST

START_TEST(flow_yaml_is_no_bad_json)
{
	begin();
	ck_json(parse("a.yaml", "{a: 1, b: [x, 'y',],}"), "{\"a\":1,\"b\":[\"x\",\"y\"]}");
	ck_json(parse("-", "[1, # one\n 2]"), "[1,2]");
	ck_assert_uint_eq(found.n, 0);
	end();
}
END_TEST

START_TEST(text_survives_the_way_to_json)
{
	begin();
	ck_json(parse("a.yaml", "a: |\n  one\n  \"two\"\\\nb: >-\n  x\n  y\n"),
	        "{\"a\":\"one\\n\\\"two\\\"\\\\\\n\",\"b\":\"x y\"}");
	end();
}
END_TEST

/* ---- limits ---- */

static char *repeated(const char *text, size_t times)
{
	size_t n = strlen(text);
	char *p = malloc(n * times + 1);

	for (size_t i = 0; i < times; i++)
		memcpy(p + i * n, text, n);
	p[n * times] = 0;
	return p;
}

START_TEST(depth_is_bounded)
{
	static const char *const units[] = { "[", "{\"a\":", "[[{\"a\":[" };

	begin();
	for (size_t i = 0; i < ARRAY_LEN(units); i++) {
		char *deep = repeated(units[i], 400000);
		ck_assert_ptr_null(parse("a.json", deep));
		ck_assert_ptr_nonnull(strstr(last_finding(), "limit-depth"));
		ck_assert_ptr_null(parse("a.yaml", deep));
		ck_assert_ptr_nonnull(strstr(last_finding(), "limit-depth"));
		free(deep);
	}
	char *open = repeated("[", 128), *close = repeated("]", 128), text[300];
	snprintf(text, sizeof text, "%s%s", open, close);
	ck_assert_ptr_nonnull(parse("good.json", text));
	ck_assert_ptr_nonnull(parse("good.yaml", text));
	free(open);
	free(close);
	end();
}
END_TEST

START_TEST(a_billion_laughs_die_early)
{
	struct buf b;

	begin();
	buf_init(&b, 0);
	buf_puts(&b, "a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol, lol]\n");
	for (int i = 1; i < 12; i++)
		buf_printf(&b, "a%d: &a%d [*a%d, *a%d, *a%d, *a%d, *a%d, *a%d, *a%d, *a%d, *a%d, *a%d]\n", i, i, i - 1,
		           i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1);
	ck_assert_ptr_null(tree_parse(set, "a.yaml", (char *)b.p, b.n));
	ck_assert_ptr_nonnull(strstr(last_finding(), "limit-nodes"));
	ck_assert_uint_lt(tree_set_arena(set)->total, 256u << 20);
	buf_fini(&b);
	end();
}
END_TEST

START_TEST(aliases_cannot_nest_beyond_the_limit)
{
	struct buf b;

	begin();
	buf_init(&b, 0);
	buf_puts(&b, "- &a0 [1]\n");
	for (int i = 1; i < 200; i++)
		buf_printf(&b, "- &a%d [*a%d]\n", i, i - 1);
	ck_assert_ptr_null(tree_parse(set, "a.yaml", (char *)b.p, b.n));
	ck_assert_ptr_nonnull(strstr(last_finding(), "limit-depth"));
	buf_fini(&b);
	end();
}
END_TEST

START_TEST(files_are_bounded_in_size_and_number)
{
	struct tree_limits l = { .file_bytes = 10, .files = 2, .total_bytes = 15 };

	begin();
	tree_set_free(set);
	set = tree_set_new(&found, &l);
	ck_assert_ptr_null(tree_load(set, put("big.yaml", "aaaaaaaaaaa")));
	ck_assert_ptr_nonnull(strstr(last_finding(), "limit-file:"));
	ck_refused("big", "aaaaaaaaaaa", "big: error limit-file:");
	ck_assert_ptr_nonnull(parse("1", "aaaaaaaa"));
	ck_refused("2", "aaaaaaaa", "2: error limit-bytes:");
	ck_assert_ptr_nonnull(parse("2", "a"));
	ck_refused("3", "a", "3: error limit-files:");
	end();
}
END_TEST

/* ---- references ---- */

static struct tree_node *deref_at(struct tree_file *f, const char *pointer)
{
	ck_assert_msg(f != NULL, "no file: %s", found.n ? last_finding() : "");
	struct tree_node *n = tree_pointer(f->root, pointer);
	ck_assert_ptr_nonnull(n);
	return tree_deref(n);
}

START_TEST(references_lead_within_a_file)
{
	begin();
	struct tree_file *f =
	    tree_load(set, put("a.yaml", "a: {$ref: '#/b', type: ignored}\nb: {$ref: '#/c~1d/x%20y/0'}\nc/d: {x y: "
	                                 "[7]}\nself: {$ref: '#'}\nroot: {$ref: '#/a'}\n"));
	ck_json(deref_at(f, "/a"), "7");
	ck_json(deref_at(f, "/root"), "7");
	ck_assert_ptr_eq(deref_at(f, "/self"), f->root);
	ck_assert_ptr_eq(tree_deref(tree_get(f->root, "c/d")), tree_get(f->root, "c/d"));
	ck_assert_uint_eq(found.n, 0);
	end();
}
END_TEST

START_TEST(a_property_named_ref_is_no_reference)
{
	begin();
	struct tree_node *n = parse("a.yaml", "$ref: {type: string}");
	ck_assert_ptr_eq(tree_deref(n), n);
	end();
}
END_TEST

START_TEST(references_are_relative_to_their_file)
{
	begin();
	ck_assert_int_eq(mkdir(path_of("common"), 0700), 0);
	put("common/messages.yaml", "m: {$ref: './schemas%2Fs.json#/x'}\nn: {$ref: '../a.yaml#/b'}\n");
	ck_assert_int_eq(mkdir(path_of("common/schemas"), 0700), 0);
	put("common/schemas/s.json", "{\"x\": {\"type\": \"integer\"}}");
	struct tree_file *f = tree_load(
	    set, put("a.yaml", "a: {$ref: 'common/messages.yaml#/m'}\nb: 5\nc: {$ref: 'common/messages.yaml#/n'}\n"));
	struct tree_node *target = deref_at(f, "/a");
	ck_json(target, "{\"type\":\"integer\"}");
	ck_assert_str_eq(target->file->path, path_of("common/schemas/s.json"));
	ck_assert_ptr_eq(deref_at(f, "/c"), tree_get(f->root, "b"));
	end();
}
END_TEST

START_TEST(a_pointer_passes_through_references)
{
	begin();
	put("c.yaml", "lights: {messages: {on: {$ref: '#/m'}}}\nm: {name: on}\n");
	struct tree_file *f = tree_load(set, put("a.yaml",
		"channels:\n  lights: {$ref: 'c.yaml#/lights'}\nop: {$ref: '#/channels/lights/messages/on/name'}\n"));
	ck_json(deref_at(f, "/op"), "\"on\"");
	end();
}
END_TEST

START_TEST(what_is_missing_is_named)
{
	begin();
	struct tree_file *f = tree_load(set, put("a.yaml", "s: {Light: 1, Dim: 2}\na:\n  $ref: '#/s/Lamp'\nb: {$ref: "
	                                                   "'none.yaml'}\nc: {$ref: '#name'}\nd: {$ref: '#/s/%zz'}\n"));
	ck_assert_ptr_null(deref_at(f, "/a"));
	ck_assert_uint_eq(found.items[0].at.line, 3);
	ck_assert_uint_eq(found.items[0].at.column, 9);
	ck_assert_str_eq(found.items[0].code, "ref-not-found");
	ck_assert_ptr_nonnull(strstr(last_finding(), "which has \"Light\", \"Dim\""));
	ck_assert_ptr_null(deref_at(f, "/b"));
	ck_assert_ptr_nonnull(strstr(last_finding(), "ref-not-found: there is no file"));
	ck_assert_ptr_null(deref_at(f, "/c"));
	ck_assert_ptr_nonnull(strstr(last_finding(), ":4:") ? NULL : strstr(last_finding(), "ref-syntax"));
	ck_assert_ptr_null(deref_at(f, "/d"));
	ck_assert_ptr_nonnull(strstr(last_finding(), "ref-syntax"));
	ck_assert_uint_eq(found.errors, 4);
	ck_assert_ptr_null(deref_at(f, "/d"));
	ck_assert_uint_eq(found.errors, 4);
	end();
}
END_TEST

START_TEST(circles_are_found)
{
	begin();
	put("b.yaml", "x: {$ref: 'a.yaml#/far'}\n");
	struct tree_file *f = tree_load(set, put("a.yaml", "a: {$ref: '#/b'}\nb: {$ref: '#/a'}\nself: {$ref: "
	                                                   "'#/self'}\nin: {$ref: '#/in/x'}\nfar: {$ref: 'b.yaml#/x'}\n"
	                                                   "tree: {properties: {child: {$ref: '#/tree'}}}\n"));
	static const char *const loops[] = { "/a", "/self", "/in", "/far" };
	for (size_t i = 0; i < ARRAY_LEN(loops); i++) {
		ck_assert_ptr_null(deref_at(f, loops[i]));
		ck_assert_ptr_nonnull(strstr(last_finding(), "ref-loop"));
	}
	ck_assert_ptr_eq(deref_at(f, "/tree/properties/child"), tree_get(f->root, "tree"));
	end();
}
END_TEST

/* Each level names the one below twice: 2^40 steps when nothing is remembered. */
START_TEST(a_net_of_references_stays_cheap)
{
	struct buf b;

	begin();
	buf_init(&b, 0);
	buf_puts(&b, "a0: {x: {x: 1}}\n");
	for (int i = 1; i < 40; i++)
		buf_printf(&b, "a%d: {x: {$ref: '#/a%d/x'}, y: {$ref: '#/a%d/y/x'}}\n", i, i - 1, i - 1);
	struct tree_file *f = tree_parse(set, "a.yaml", (char *)b.p, b.n);
	ck_assert_ptr_nonnull(f);
	ck_json(deref_at(f, "/a39/x"), "{\"x\":1}");
	ck_assert_ptr_null(deref_at(f, "/a39/y"));
	buf_fini(&b);
	end();
}
END_TEST

static void ck_ref_refused(const char *ref, const char *code)
{
	char text[300];
	size_t before = found.errors;
	static int serial;
	char name[32];

	snprintf(name, sizeof name, "docs/r%d.yaml", serial++);
	snprintf(text, sizeof text, "a: {$ref: \"%s\"}\n", ref);
	struct tree_file *f = tree_load(set, put(name, text));
	ck_assert_msg(deref_at(f, "/a") == NULL, "%s was followed", ref);
	ck_assert_uint_eq(found.errors, before + 1);
	ck_assert_msg(strcmp(found.items[found.n - 1].code, code) == 0, "%s: %s", ref, last_finding());
	ck_assert_uint_eq(found.items[found.n - 1].at.column, 11);
}

START_TEST(nothing_outside_the_folders_is_read)
{
	begin();
	ck_assert_int_eq(mkdir(path_of("docs"), 0700), 0);
	put("secret.yaml", "root: x\n");
	put("docs/real.yaml", "x: 1\n");
	ck_assert_int_eq(symlink("../secret.yaml", path_of("docs/link.yaml")), 0);
	ck_assert_int_eq(symlink("real.yaml", path_of("docs/near.yaml")), 0);
	ck_assert_int_eq(symlink("..", path_of("docs/up")), 0);
	ck_assert_int_eq(mkfifo(path_of("docs/pipe.yaml"), 0600), 0);
	ck_assert_int_eq(mkdir(path_of("docs/dir.yaml"), 0700), 0);
	ck_ref_refused("/etc/passwd", "ref-outside");
	ck_ref_refused("/proc/self/environ", "ref-outside");
	ck_ref_refused("../secret.yaml", "ref-outside");
	ck_ref_refused("../../../../../../etc/passwd", "ref-outside");
	ck_ref_refused("x/../../secret.yaml", "ref-outside");
	ck_ref_refused("%2e%2e/secret.yaml", "ref-outside");
	ck_ref_refused("link.yaml", "ref-outside");
	ck_ref_refused("near.yaml", "ref-outside");
	ck_ref_refused("up/secret.yaml", "ref-outside");
	ck_ref_refused("pipe.yaml", "file-unreadable");
	ck_ref_refused("dir.yaml", "file-unreadable");
	ck_ref_refused("real.yaml%00.json", "ref-syntax");
	ck_ref_refused("http://example.com/a.yaml", "ref-remote");
	ck_ref_refused("file:///etc/passwd", "ref-remote");
	ck_ref_refused("//example.com/a.yaml", "ref-remote");
	ck_ref_refused("", "ref-syntax");
	end();
}
END_TEST

START_TEST(a_link_named_by_the_user_is_followed)
{
	begin();
	ck_assert_int_eq(mkdir(path_of("real"), 0700), 0);
	put("real/a.yaml", "a: {$ref: b.yaml}\n");
	put("real/b.yaml", "b: 1\n");
	ck_assert_int_eq(symlink("real/a.yaml", path_of("a.yaml")), 0);
	struct tree_file *f = tree_load(set, path_of("a.yaml"));
	ck_json(deref_at(f, "/a"), "{\"b\":1}");
	ck_assert_ptr_eq(tree_load(set, path_of("real/a.yaml")), f);
	end();
}
END_TEST

START_TEST(an_allowed_folder_is_reached)
{
	begin();
	ck_assert_int_eq(mkdir(path_of("docs"), 0700), 0);
	ck_assert_int_eq(mkdir(path_of("lib"), 0700), 0);
	put("lib/x.yaml", "1");
	struct tree_file *f = tree_load(set, put("docs/a.yaml", "a: {$ref: '../lib/x.yaml'}\n"));
	ck_assert_int_eq(tree_allow_folder(set, path_of("lib")), 0);
	ck_json(deref_at(f, "/a"), "1");
	ck_assert_int_lt(tree_allow_folder(set, path_of("none")), 0);
	end();
}
END_TEST

START_TEST(the_walk_holds_without_openat2)
{
	begin();
	ck_assert_int_eq(mkdir(path_of("d"), 0700), 0);
	put("d/x", "1");
	ck_assert_int_eq(symlink("d", path_of("link")), 0);
	ck_assert_int_eq(symlink("x", path_of("d/y")), 0);
	int dir = open(folder, O_PATH | O_DIRECTORY);
	int fd = tree_open_walk(dir, "d/x", O_RDONLY);
	ck_assert_int_ge(fd, 0);
	close(fd);
	ck_assert_int_lt(tree_open_walk(dir, "link/x", O_RDONLY), 0);
	ck_assert_int_lt(tree_open_walk(dir, "d/y", O_RDONLY), 0);
	ck_assert_int_lt(tree_open_walk(dir, "d/../../x", O_RDONLY), 0);
	ck_assert_int_lt(tree_open_walk(dir, "/etc/passwd", O_RDONLY), 0);
	close(dir);
	end();
}
END_TEST

START_TEST(a_mapped_uri_is_its_base)
{
	begin();
	const char *s = put("s.json", "{\"x\": {\"$ref\": \"../other/o.json#/y\"}, \"z\": {\"$ref\": \"none.json\"}}");
	ck_assert_int_eq(tree_map_uri(set, "https://example.com/schemas/s.json", s), 0);
	ck_assert_int_eq(tree_map_uri(set, "https://example.com/other/o.json", put("o.json", "{\"y\": 3}")), 0);
	struct tree_file *f = tree_load(set, put("a.yaml", "a: {$ref: 'https://example.com/schemas/s.json#/x'}\nb: "
	                                                   "{$ref: 'https://example.com/schemas/s.json#/z'}\n"));
	ck_json(deref_at(f, "/a"), "3");
	ck_assert_ptr_null(deref_at(f, "/b"));
	ck_assert_ptr_nonnull(strstr(last_finding(), "s.json:1:53: error ref-remote"));
	end();
}
END_TEST

START_TEST(bytes_have_no_folder)
{
	begin();
	struct tree_node *n = parse("upload.yaml", "$ref: /etc/passwd");
	ck_assert_ptr_null(tree_deref(n));
	ck_finding("upload.yaml:1:7: error ref-outside:");
	end();
}
END_TEST

START_TEST(unreadable_files_are_named)
{
	begin();
	ck_assert_ptr_null(tree_load(set, path_of("none.yaml")));
	ck_assert_ptr_nonnull(strstr(last_finding(), "none.yaml: error file-unreadable: cannot read"));
	ck_assert_ptr_null(tree_load(set, folder));
	ck_assert_ptr_nonnull(strstr(last_finding(), "is no regular file"));
	ck_assert_int_eq(mkfifo(path_of("pipe"), 0600), 0);
	ck_assert_ptr_null(tree_load(set, path_of("pipe")));
	ck_assert_ptr_nonnull(strstr(last_finding(), "is no regular file"));
	end();
}
END_TEST

/* ---- findings ---- */

START_TEST(findings_sort_and_are_bounded)
{
	struct findings f;

	findings_init(&f, 3);
	finding_error(&f, "two", ((struct location){ "a", 2, 1 }), "x; y");
	finding_warning(&f, "one", ((struct location){ "a", 1, 9 }), "x; y");
	finding_error(&f, "two", ((struct location){ "a", 2, 1 }), "x; y");
	finding_error(&f, "three", ((struct location){ "a", 2, 1 }), "x; y");
	finding_error(&f, "four", ((struct location){ "a", 2, 1 }), "x; y");
	ck_assert_uint_eq(f.n, 3);
	ck_assert_uint_eq(f.errors, 3);
	ck_assert_uint_eq(f.warnings, 1);
	findings_sort(&f);
	ck_assert_str_eq(f.items[0].code, "one");
	ck_assert_str_eq(f.items[1].code, "two");
	ck_assert_str_eq(f.items[2].code, "three");
	findings_fini(&f);
}
END_TEST

START_TEST(a_finding_cannot_steer_a_terminal)
{
	begin();
	ck_refused("a\x1b[2J.yaml", "a: 1\n\"x\\e]0;\\a\": 1\n\"x\\e]0;\\a\": 1\n",
	           "a\\x1b[2J.yaml:3:1: error duplicate-key: \"x\\x1b]0;\\x07\"");
	end();
}
END_TEST

UNIT_MAIN("tree", yaml_nodes_know_their_place, json_nodes_know_their_place, a_byte_order_mark_is_no_column,
          pointers_unescape_and_count, large_containers_are_found_by_index, plain_scalars_follow_the_core_schema,
          words_of_yaml_1_1_are_texts, numbers_are_spelled_exactly, quotes_and_tags_decide, keys_are_texts,
          every_duplicate_is_told, what_json_cannot_say_is_refused, aliases_are_copies_with_their_own_key,
          yaml_errors_have_a_place_and_a_remedy, json_escapes_are_decoded, json_is_strict, flow_yaml_is_no_bad_json,
          text_survives_the_way_to_json, depth_is_bounded, a_billion_laughs_die_early,
          aliases_cannot_nest_beyond_the_limit, files_are_bounded_in_size_and_number, references_lead_within_a_file,
          a_property_named_ref_is_no_reference, references_are_relative_to_their_file,
          a_pointer_passes_through_references, what_is_missing_is_named, circles_are_found,
          a_net_of_references_stays_cheap, nothing_outside_the_folders_is_read, a_link_named_by_the_user_is_followed,
          an_allowed_folder_is_reached, the_walk_holds_without_openat2, a_mapped_uri_is_its_base, bytes_have_no_folder,
          unreadable_files_are_named, findings_sort_and_are_bounded, a_finding_cannot_steer_a_terminal)
