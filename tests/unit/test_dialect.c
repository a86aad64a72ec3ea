/* Dialects of JSON Schema: base URIs, anchors, what hides beside $ref, the dynamic scope,
 * vocabularies, drafts within drafts. Expectations are those of the specifications and of
 * RFC 3986. Schemas are written with ' for ". */
#include <unistd.h>

#include "compile/compile.h"
#include "compile/uri.h"
#include "schema/layout.h"
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

/* Served as http://x/given.json while a test has put something there. */
static char given[] = "/tmp/test_dialect.XXXXXX";

static char *quoted(const char *text)
{
	char *copy = strdup(text);

	for (char *p = copy; *p; p++)
		*p = *p == '\'' ? '"' : *p;
	return copy;
}

/* member: the schema in a document that is none itself; NULL: the whole. */
static void open_at(struct bench *t, enum schema_dialect dialect, const char *text, const char *member)
{
	char *schema = quoted(text);

	memset(t, 0, sizeof *t);
	findings_init(&t->f, 100);
	t->set = tree_set_new(&t->f, NULL);
	ck_assert_int_eq(tree_map_uri(t->set, "http://x/given.json", given), 0);
	image_builder_init(&t->b);
	buf_init(&t->bytes, 0);
	t->c = compile_new(&t->b, &t->f, NULL);
	struct tree_file *file = tree_parse(t->set, "schema.json", schema, strlen(schema));
	ck_assert_msg(file && file->root, "%s: %s", schema, t->f.n ? t->f.items[0].message : "");
	t->error = compile_schema(t->c, member ? tree_get(file->root, member) : file->root, dialect, &t->root);
	if (!t->error)
		t->error = compile_finish(t->c);
	free(schema);
	if (t->error)
		return;
	ck_assert_int_eq(image_finish(&t->b, 1, &t->bytes), 0);
	ck_assert_int_eq(image_open(&t->img, t->bytes.p, t->bytes.n), 0);
	ck_assert_int_eq(schema_verify(&t->img), 0);
	t->r = schema_runner_new(&t->img, NULL);
	ck_assert_ptr_nonnull(t->r);
}

static void open_bench(struct bench *t, enum schema_dialect dialect, const char *text)
{
	open_at(t, dialect, text, NULL);
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

static size_t count_ops(const struct bench *t, enum schema_op op)
{
	size_t n, found = 0;
	const struct schema_instr *code = image_table(&t->img, IMAGE_SCHEMA_CODE, sizeof *code, &n);

	for (size_t i = 0; i < n; i++)
		found += code[i].op == op;
	return found;
}

static void give(const char *text)
{
	char *copy = quoted(text);
	FILE *f = strstr(given, "XXXXXX") ? fdopen(mkstemp(given), "w") : fopen(given, "w");

	ck_assert_ptr_nonnull(f);
	ck_assert_int_ge(fputs(copy, f), 0);
	ck_assert_int_eq(fclose(f), 0);
	free(copy);
}

/* `valid` and `invalid` hold instances, a line each. */
struct row {
	enum schema_dialect dialect;
	const char *schema, *valid, *invalid;
};

static void all_are(struct bench *t, const struct row *row, const char *instances, enum schema_verdict verdict)
{
	char *copy = quoted(instances), *save = NULL;

	for (char *s = strtok_r(copy, "\n", &save); s; s = strtok_r(NULL, "\n", &save))
		ck_assert_msg(schema_run(t->r, t->root, span_str(s)) == verdict, "%s\n%s: expected %s", row->schema, s, verdict == SCHEMA_VALID ? "valid" : "invalid");
	free(copy);
}

static void check_rows(const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct bench t;
		open_bench(&t, rows[i].dialect, rows[i].schema);
		ck_assert_msg(t.error == 0, "%s: %s", rows[i].schema, t.f.n ? t.f.items[0].message : "no finding");
		all_are(&t, &rows[i], rows[i].valid, SCHEMA_VALID);
		all_are(&t, &rows[i], rows[i].invalid, SCHEMA_INVALID);
		close_bench(&t);
	}
}

static void resolves(const char *base, const char *ref, const char *uri)
{
	struct buf out;

	buf_init(&out, 0);
	ck_assert_int_eq(uri_resolve(&out, base, span_str(ref)), 0);
	ck_assert_str_eq((const char *)out.p, uri);
	buf_fini(&out);
}

/* RFC 3986 5.4, the fragments left out: what our references have is taken off before. */
START_TEST(uris_resolve_as_the_rfc_shows)
{
	static const char *const rows[][2] = {
		{ "g:h", "g:h" }, { "g", "http://a/b/c/g" }, { "./g", "http://a/b/c/g" }, { "g/", "http://a/b/c/g/" }, { "/g", "http://a/g" },
		{ "//g", "http://g" }, { "?y", "http://a/b/c/d;p?y" }, { "g?y", "http://a/b/c/g?y" }, { ";x", "http://a/b/c/;x" }, { "g;x", "http://a/b/c/g;x" },
		{ "", "http://a/b/c/d;p?q" }, { ".", "http://a/b/c/" }, { "./", "http://a/b/c/" }, { "..", "http://a/b/" }, { "../", "http://a/b/" },
		{ "../g", "http://a/b/g" }, { "../..", "http://a/" }, { "../../", "http://a/" }, { "../../g", "http://a/g" }, { "../../../g", "http://a/g" },
		{ "../../../../g", "http://a/g" }, { "/./g", "http://a/g" }, { "/../g", "http://a/g" }, { "g.", "http://a/b/c/g." }, { ".g", "http://a/b/c/.g" },
		{ "g..", "http://a/b/c/g.." }, { "..g", "http://a/b/c/..g" }, { "./../g", "http://a/b/g" }, { "./g/.", "http://a/b/c/g/" }, { "g/./h", "http://a/b/c/g/h" },
		{ "g/../h", "http://a/b/c/h" }, { "g;x=1/./y", "http://a/b/c/g;x=1/y" }, { "g;x=1/../y", "http://a/b/c/y" }, { "g?y/./x", "http://a/b/c/g?y/./x" },
		{ "g?y/../x", "http://a/b/c/g?y/../x" },
	};
	struct arena a;

	arena_init(&a, 4096, 0);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		resolves("http://a/b/c/d;p?q", rows[i][0], rows[i][1]);
	resolves("http://a", "g", "http://a/g");
	resolves("urn:a:b", "", "urn:a:b");
	resolves("schema.json", "other.json", "other.json");
	resolves("file:///a/b.json", "../c%20d", "file:///c%20d");
	ck_assert_str_eq(uri_of_path(&a, "/a b/c%.json"), "file:///a%20b/c%25.json");
	arena_fini(&a);
}
END_TEST

START_TEST(references_are_relative_to_their_base)
{
	static const struct row rows[] = {
		{ DIALECT_2020_12, "{'$id':'http://x/a/b.json','$ref':'c.json','$defs':{'c':{'$id':'c.json','type':'string'},'d':{'$id':'/c.json','type':'null'}}}", "'s'", "null" },
		{ DIALECT_2020_12, "{'$id':'http://x/a/b.json','$ref':'/c.json','$defs':{'c':{'$id':'c.json','type':'string'},'d':{'$id':'/c.json','type':'null'}}}", "null", "'s'" },
		{ DIALECT_2020_12, "{'$id':'http://x/a/','properties':{'p':{'$id':'f/','items':{'$ref':'i.json'}}},'$defs':{'i':{'$id':'http://x/a/f/i.json','type':'integer'}}}", "{'p':[1]}", "{'p':['s']}" },
		/* "#/..." is relative to the nearest $id. */
		{ DIALECT_DRAFT7, "{'$id':'http://x/r','definitions':{'t':{'type':'null'}},'properties':{'p':{'$id':'q','definitions':{'t':{'type':'string'}},'items':{'$ref':'#/definitions/t'}}}}",
		  "{'p':['s']}", "{'p':[null]}" },
		{ DIALECT_DRAFT4, "{'id':'http://x/r','properties':{'p':{'id':'q','definitions':{'t':{'type':'string'}},'items':{'$ref':'#/definitions/t'}}}}", "{'p':['s']}", "{'p':[1]}" },
		{ DIALECT_2019_09, "{'$ref':'urn:uuid:1','$defs':{'u':{'$id':'urn:uuid:1','$ref':'#/$defs/s','$defs':{'s':{'type':'string'}}}}}", "'s'", "1" },
		/* Up to draft-07 an $id beside $ref does nothing. */
		{ DIALECT_DRAFT7, "{'$id':'http://x/a/','definitions':{'one':{'$id':'http://x/b/t','type':'string'},'two':{'$id':'t','type':'integer'}},'allOf':[{'$id':'http://x/b/','$ref':'t'}]}", "1",
		  "'s'" },
		/* Names of properties, data and unknown keywords are no identifiers. */
		{ DIALECT_DRAFT7, "{'definitions':{'e':{'enum':[{'$id':'http://x/t','type':'null'}]},'t':{'$id':'http://x/t','type':'string'}},'$ref':'http://x/t'}", "'s'", "null" },
		{ DIALECT_2020_12, "{'unknown':{'a':{'$id':'http://x/t','type':'null'}},'$defs':{'t':{'$id':'http://x/t','type':'string'}},'$ref':'http://x/t'}", "'s'", "null" },
		{ DIALECT_2020_12, "{'properties':{'$id':{'type':'string'},'$ref':{'type':'integer'},'$anchor':true}}", "{'$id':'a','$ref':1}", "{'$id':1}\n{'$ref':'a'}" },
		{ DIALECT_2020_12, "{'const':{'$ref':'#/nowhere'}}", "{'$ref':'#/nowhere'}", "{}" },
		{ DIALECT_2020_12, "{'properties':{'p':{'$ref':'#/unknown/deep/0'}},'unknown':{'deep':[{'type':'null'}]}}", "{'p':null}", "{'p':1}" },
		{ DIALECT_2020_12, "{'properties':{'p':{'$ref':'#/$defs/a~1b%25'}},'$defs':{'a/b%':{'type':'null'}}}", "{'p':null}", "{'p':1}" },
		{ DIALECT_2020_12, "{'properties':{'p':{'$ref':'#'}},'additionalProperties':false}", "{'p':{'p':{}}}", "{'p':{'q':1}}" },
	};

	check_rows(rows, ARRAY_LEN(rows));
}
END_TEST

START_TEST(anchors_name_places_of_one_resource)
{
	static const struct row rows[] = {
		{ DIALECT_2020_12, "{'$ref':'#a','$defs':{'x':{'$anchor':'a','type':'string'}}}", "'s'", "1" },
		{ DIALECT_2019_09, "{'$id':'http://x/r','$ref':'s#a','$defs':{'x':{'$anchor':'a','type':'null'},'s':{'$id':'s','$defs':{'x':{'$anchor':'a','type':'string'}}}}}", "'s'", "null" },
		{ DIALECT_DRAFT6, "{'$ref':'#a','definitions':{'x':{'$id':'#a','type':'string'}}}", "'s'", "1" },
		{ DIALECT_DRAFT4, "{'$ref':'#a','definitions':{'x':{'id':'#a','type':'string'}}}", "'s'", "1" },
		{ DIALECT_DRAFT7, "{'$ref':'http://x/r#a','definitions':{'x':{'$id':'http://x/r#a','type':'string'}}}", "'s'", "1" },
		{ DIALECT_2020_12, "{'$ref':'#a','$defs':{'e':{'enum':[{'$anchor':'a'}]},'x':{'$anchor':'a','type':'string'}}}", "'s'", "{'$anchor':'a'}" },
	};

	check_rows(rows, ARRAY_LEN(rows));
}
END_TEST

START_TEST(a_reference_hides_its_siblings_up_to_draft_07)
{
#define SIBLING "{'properties':{'p':{'$ref':'#/definitions/d','maxItems':1}},'definitions':{'d':{'type':'array'}}}"
	static const struct row rows[] = {
		{ DIALECT_DRAFT4, SIBLING, "{'p':[1,2]}", "{'p':1}" },
		{ DIALECT_DRAFT6, SIBLING, "{'p':[1,2]}", "{'p':1}" },
		{ DIALECT_DRAFT7, SIBLING, "{'p':[1,2]}", "{'p':1}" },
		{ DIALECT_2019_09, SIBLING, "{'p':[1]}", "{'p':[1,2]}\n{'p':1}" },
		{ DIALECT_2020_12, SIBLING, "{'p':[1]}", "{'p':[1,2]}\n{'p':1}" },
	};

	check_rows(rows, ARRAY_LEN(rows));
}
END_TEST

START_TEST(drafts_differ_where_they_do)
{
	static const struct row rows[] = {
		{ DIALECT_DRAFT4, "{'type':'integer'}", "1\n1000000000000000000000", "1.0\n1e2" },
		{ DIALECT_DRAFT6, "{'type':'integer'}", "1\n1.0\n1e2", "1.5" },
		{ DIALECT_DRAFT4, "{'minimum':1,'exclusiveMinimum':true,'maximum':3,'exclusiveMaximum':false}", "2\n3", "1\n1.0\n4" },
		{ DIALECT_DRAFT6, "{'exclusiveMinimum':1}", "2", "1" },
		{ DIALECT_DRAFT4, "{'const':1,'contains':false,'propertyNames':false,'if':true,'then':false}", "2\n{'a':1}\n[1]", "" },
		{ DIALECT_DRAFT6, "{'if':true,'then':false}", "1", "" },
		{ DIALECT_DRAFT7, "{'dependentRequired':{'a':['b']},'unevaluatedProperties':false,'minContains':2,'contains':true}", "{'a':1}\n[1]", "[]" },
		{ DIALECT_2019_09, "{'dependentRequired':{'a':['b']},'dependentSchemas':{'c':{'required':['d']}}}", "{'a':1,'b':1}\n{'c':1,'d':1}", "{'a':1}\n{'c':1}" },
		{ DIALECT_2019_09, "{'items':[{'type':'string'}],'additionalItems':false}", "['s']\n[]", "[1]\n['s',1]" },
		{ DIALECT_2020_12, "{'prefixItems':[{'type':'string'}],'items':false,'additionalItems':true}", "['s']\n[]", "[1]\n['s',1]" },
		{ DIALECT_2019_09, "{'prefixItems':[false]}", "[1]", "" },
		{ DIALECT_2019_09, "{'contains':{'const':1},'minContains':2,'maxContains':3}", "[1,1]\n[1,1,1,2]", "[1]\n[1,1,1,1]" },
		{ DIALECT_2019_09, "{'contains':{'const':1},'minContains':0}", "[]\n[2]\n[1]", "" },
		/* From 2020-12 on contains evaluates what it matches. */
		{ DIALECT_2019_09, "{'contains':{'const':1},'unevaluatedItems':false}", "", "[1]" },
		{ DIALECT_2020_12, "{'contains':{'const':1},'unevaluatedItems':false}", "[1,1]", "[1,2]" },
		{ DIALECT_2020_12, "{'anyOf':[{'properties':{'a':{'type':'string'}}},{'properties':{'b':true},'required':['b']}],'unevaluatedProperties':false}", "{'a':'s'}\n{'a':'s','b':1}\n{}", "{'c':1}\n{'a':'s','c':1}" },
		{ DIALECT_2020_12, "{'format':'ipv4'}", "'x'", "" },
		{ DIALECT_DRAFT6, "{'format':'ipv4'}", "'127.0.0.1'", "'x'" },
		{ DIALECT_OPENAPI30, "{'type':'string','nullable':true}", "null\n's'", "1" },
		{ DIALECT_OPENAPI30, "{'minimum':1,'exclusiveMinimum':true}", "2", "1" },
		{ DIALECT_OPENAPI30, "{'properties':{},'patternProperties':{'.':false}}", "{'a':1}", "" },
		{ DIALECT_2020_12, "{'enum':[]}", "", "1" },
	};

	check_rows(rows, ARRAY_LEN(rows));
}
END_TEST

/* A list of anything, which a resource around it narrows. */
#define LIST "'list':{'$id':'list','items':{'$dynamicRef':'#item'},'$defs':{'any':{'$dynamicAnchor':'item'}}}"
#define LISTS                                                                                                                         \
	"{'$id':'http://x/r','properties':{'s':{'$id':'strings','$ref':'list','$defs':{'i':{'$dynamicAnchor':'item','type':'string'}}},"  \
	"'n':{'$id':'numbers','$ref':'list','$defs':{'i':{'$dynamicAnchor':'item','type':'number'}}},'l':{'$ref':'list'}},'$defs':{" LIST "}}"

START_TEST(the_outermost_dynamic_anchor_wins)
{
	static const struct row rows[] = {
		{ DIALECT_2020_12, LISTS, "{'s':['a'],'n':[1],'l':[null,1,'a']}", "{'s':[1]}\n{'n':['a']}" },
		/* $anchor takes no part, nor does $ref. */
		{ DIALECT_2020_12, "{'$id':'http://x/r','$ref':'list','$defs':{'i':{'$anchor':'item','type':'string'}," LIST "}}", "[1]", "" },
		{ DIALECT_2020_12, "{'$id':'http://x/r','$ref':'l','$defs':{'i':{'$dynamicAnchor':'item','type':'string'},'l':{'$id':'l','items':{'$ref':'#item'},'$defs':{'any':{'$dynamicAnchor':'item'}}}}}", "[1]",
		  "" },
		/* Without a dynamic anchor where it leads first, $dynamicRef is $ref. */
		{ DIALECT_2020_12, "{'$id':'http://x/r','$ref':'l','$defs':{'i':{'$dynamicAnchor':'item','type':'string'},'l':{'$id':'l','items':{'$dynamicRef':'#item'},'$defs':{'any':{'$anchor':'item'}}}}}", "[1]",
		  "" },
		{ DIALECT_2019_09,
		  "{'$id':'http://x/strict','$recursiveAnchor':true,'$ref':'tree','unevaluatedProperties':false,'$defs':{'t':{'$id':'tree','$recursiveAnchor':true,'properties':{'data':true,'next':{'$recursiveRef':'#'}}}}}",
		  "{'data':1,'next':{'data':1}}", "{'dat':1}\n{'next':{'dat':1}}" },
		{ DIALECT_2019_09,
		  "{'$id':'http://x/loose','$ref':'tree','unevaluatedProperties':false,'$defs':{'t':{'$id':'tree','$recursiveAnchor':true,'properties':{'data':true,'next':{'$recursiveRef':'#'}}}}}",
		  "{'next':{'dat':1}}", "{'dat':1}" },
	};

	check_rows(rows, ARRAY_LEN(rows));
}
END_TEST

START_TEST(the_dynamic_scope_costs_nothing_without_a_choice)
{
	struct bench t;

	open_bench(&t, DIALECT_2020_12, "{'$id':'http://x/r','$ref':'list','$defs':{" LIST "}}");
	ck_assert_int_eq(t.error, 0);
	ck_assert_uint_eq(count_ops(&t, SCHEMA_OP_DYNAMIC), 0);
	close_bench(&t);
	open_bench(&t, DIALECT_2020_12, LISTS);
	ck_assert_uint_eq(count_ops(&t, SCHEMA_OP_DYNAMIC), 1);
	close_bench(&t);
}
END_TEST

START_TEST(drafts_stand_within_drafts)
{
	static const struct row rows[] = {
		{ DIALECT_2020_12, "{'properties':{'p':{'$id':'http://x/7','$schema':'http://json-schema.org/draft-07/schema#','items':[{'$ref':'#/definitions/s','maxLength':1}],'definitions':{'s':{'type':'string'}}}}}",
		  "{'p':['long']}", "{'p':[1]}" },
		{ DIALECT_2020_12, "{'properties':{'p':{'id':'http://x/4','$schema':'http://json-schema.org/draft-04/schema#','type':'integer'}},'type':'object'}", "{'p':1}", "{'p':1.0}" },
		{ DIALECT_DRAFT7, "{'definitions':{'d':{'$id':'http://x/12','$schema':'https://json-schema.org/draft/2020-12/schema','prefixItems':[{'type':'string'}],'format':'ipv4'}},'$ref':'http://x/12'}", "['s']\n'x'",
		  "[1]" },
		/* $schema of the whole beats what the caller says. */
		{ DIALECT_2020_12, "{'$schema':'http://json-schema.org/draft-04/schema#','type':'integer'}", "1", "1.0" },
		{ DIALECT_DRAFT4, "{'$schema':'https://json-schema.org/draft/2020-12/schema','const':1}", "1", "2" },
		{ DIALECT_DRAFT4, "{'$schema':'https://spec.openapis.org/oas/3.1/dialect/base','const':1}", "1", "2" },
	};

	check_rows(rows, ARRAY_LEN(rows));
}
END_TEST

START_TEST(metaschemas_are_at_hand)
{
	static const struct row rows[] = {
		{ DIALECT_DRAFT4, "{'$ref':'http://json-schema.org/draft-04/schema#'}", "{'minimum':1,'exclusiveMinimum':true}", "{'minimum':'1'}\n{'required':[]}\n{'properties':{'a':true}}" },
		{ DIALECT_DRAFT6, "{'$ref':'http://json-schema.org/draft-06/schema'}", "{'const':1}\ntrue", "{'exclusiveMinimum':true}\n1" },
		{ DIALECT_DRAFT7, "{'$ref':'http://json-schema.org/draft-07/schema#'}", "{'if':{}}", "{'items':{'type':'int'}}" },
		{ DIALECT_2019_09, "{'$ref':'https://json-schema.org/draft/2019-09/schema'}", "{'items':[{}]}", "{'items':[{'type':1}]}\n{'minLength':-1}" },
		{ DIALECT_2020_12, "{'$ref':'https://json-schema.org/draft/2020-12/schema'}", "{'prefixItems':[{}]}", "{'items':[{}]}\n{'$defs':{'a':{'minLength':-1}}}" },
		{ DIALECT_2020_12, "{'$ref':'https://json-schema.org/draft/2020-12/meta/core'}", "{'minLength':-1}", "{'$id':1}" },
	};

	check_rows(rows, ARRAY_LEN(rows));
}
END_TEST

START_TEST(a_metaschema_chooses_vocabularies)
{
#define V "'$vocabulary':{'https://json-schema.org/draft/2020-12/vocab/core':true,'https://json-schema.org/draft/2020-12/vocab/applicator':true"
#define META "{'$schema':'https://json-schema.org/draft/2020-12/schema','$id':'http://x/given.json'," V
#define USES(rest) "{'$schema':'http://x/given.json'," rest "}"
	static const struct row quiet[] = {
		{ DIALECT_2020_12, USES("'properties':{'n':{'minimum':10},'bad':false},'required':['r']"), "{'n':1}", "{'bad':1}" },
	};
	static const struct row formats[] = {
		{ DIALECT_2020_12, USES("'format':'ipv4','minimum':10"), "'127.0.0.1'\n1", "'x'" },
	};
	struct bench t;

	give(META "}}");
	check_rows(quiet, ARRAY_LEN(quiet));
	give(META ",'https://json-schema.org/draft/2020-12/vocab/format-assertion':false,'http://x/other':false}}");
	check_rows(formats, ARRAY_LEN(formats));
	give(META ",'http://x/other':true}}");
	open_bench(&t, DIALECT_2020_12, USES("'minimum':1"));
	ck_assert_int_eq(t.error, E_FINDINGS);
	ck_assert_ptr_nonnull(strstr(t.f.items[0].message, "http://x/other"));
	close_bench(&t);
	unlink(given);
}
END_TEST

START_TEST(only_what_was_given_is_read)
{
	static const struct row rows[] = {
		{ DIALECT_2020_12, "{'$ref':'http://x/given.json'}", "'s'", "1" },
		{ DIALECT_2020_12, "{'$id':'http://x/a','$ref':'given.json#/$defs/n'}", "1", "'s'" },
		{ DIALECT_2020_12, "{'$ref':'http://x/given.json#n'}", "1", "'s'" },
		{ DIALECT_DRAFT7, "{'$ref':'http://x/given.json'}", "'s'", "1" },
	};
	struct bench t;

	give("{'type':'string','$defs':{'n':{'$anchor':'n','type':'number'}}}");
	check_rows(rows, ARRAY_LEN(rows));
	open_bench(&t, DIALECT_2020_12, "{'$ref':'http://x/other.json'}");
	ck_assert_int_eq(t.error, E_FINDINGS);
	ck_assert_str_eq(t.f.items[0].code, "ref-remote");
	close_bench(&t);
	unlink(given);
}
END_TEST

START_TEST(what_is_wrong_in_a_dialect_is_located)
{
	static const struct {
		enum schema_dialect dialect;
		const char *schema, *code, *words;
	} rows[] = {
		{ DIALECT_2020_12, "{'exclusiveMinimum':true}", "schema-keyword", "number since draft-06" },
		{ DIALECT_DRAFT4, "{'exclusiveMinimum':1}", "schema-keyword", "true or false in draft-04" },
		{ DIALECT_2020_12, "{'items':[{}]}", "schema-keyword", "prefixItems" },
		{ DIALECT_DRAFT4, "{'not':true}", "schema-type", "draft-04" },
		{ DIALECT_2020_12, "{'$ref':'#nowhere'}", "ref-not-found", "no anchor \"nowhere\"" },
		{ DIALECT_2020_12, "{'$ref':'#/a/b'}", "ref-not-found", "no \"a\"" },
		{ DIALECT_DRAFT7, "{'$ref':1}", "schema-keyword", "URI reference" },
		{ DIALECT_2019_09, "{'$id':'#a'}", "schema-keyword", "$anchor" },
		{ DIALECT_2020_12, "{'$defs':{'a':{'$anchor':'x'},'b':{'$anchor':'x'}}}", "schema-anchor", "already" },
		{ DIALECT_2020_12, "{'$schema':'http://x/unknown'}", "schema-dialect", "--resource" },
		{ DIALECT_2020_12, "{'allOf':[{'$ref':'#'}]}", "schema-loop", "without end" },
		{ DIALECT_DRAFT7, "{'$ref':'#/definitions/a','definitions':{'a':{'$ref':'#/definitions/a'}}}", "ref-loop", "itself" },
		{ DIALECT_2019_09, "{'$recursiveRef':'#/a'}", "schema-keyword", "$ref for other places" },
		{ DIALECT_2019_09, "{'dependentRequired':{'a':'b'}}", "schema-keyword", "list of property names" },
		{ DIALECT_2020_12, "{'contains':true,'minContains':-1}", "schema-keyword", "whole number" },
		{ DIALECT_2020_12, "{'minContains':'1'}", "schema-keyword", "whole number" },
		{ DIALECT_2020_12, "{'prefixItems':{}}", "schema-keyword", "list" },
		{ DIALECT_2020_12, "{'$id':1}", "schema-keyword", "text" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct bench t;
		open_bench(&t, rows[i].dialect, rows[i].schema);
		ck_assert_msg(t.error == E_FINDINGS && t.f.errors == 1, "%s: %zu errors", rows[i].schema, t.f.errors);
		const struct finding *f = &t.f.items[0];
		ck_assert_msg(strcmp(f->code, rows[i].code) == 0 && strstr(f->message, rows[i].words), "%s: %s %s", rows[i].schema, f->code, f->message);
		ck_assert_uint_eq(f->at.line, 1);
		close_bench(&t);
	}
}
END_TEST

START_TEST(what_another_dialect_has_is_a_warning)
{
	static const struct {
		enum schema_dialect dialect;
		const char *schema, *words;
	} rows[] = {
		{ DIALECT_2020_12, "{'$defs':{'a':{'$id':'http://x/a'},'b':{'$id':'http://x/a'}}}", "at line 1 already" },
		{ DIALECT_2020_12, "{'id':'x'}", "id is no keyword of 2020-12 and judges nothing; write $id" },
		{ DIALECT_DRAFT4, "{'const':1}", "enum with one value" },
		{ DIALECT_DRAFT7, "{'unevaluatedProperties':false}", "2019-09 to 2020-12 have it" },
		{ DIALECT_2020_12, "{'additionalItems':false}", "prefixItems" },
		{ DIALECT_DRAFT7, "{'dependentRequired':{}}", "write dependencies" },
		{ DIALECT_DRAFT7, "{'nullable':true}", "add null to type" },
		{ DIALECT_2020_12, "{'requierd':[]}", "did you mean required?" },
		{ DIALECT_2020_12, "{'propertys':{}}", "remove it" },
		{ DIALECT_2020_12, "{'minLenght':1}", "did you mean minLength?" },
		{ DIALECT_2020_12, "{'tpe':1}", "did you mean type?" },
		{ DIALECT_2020_12, "{'itemss':1}", "did you mean items?" },
		{ DIALECT_2020_12, "{'typo':1}", "did you mean type?" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct bench t;
		open_bench(&t, rows[i].dialect, rows[i].schema);
		ck_assert_msg(t.error == 0 && t.f.n == 1 && t.f.warnings == 1, "%s", rows[i].schema);
		ck_assert_msg(strstr(t.f.items[0].message, rows[i].words) != NULL, "%s: %s", rows[i].schema, t.f.items[0].message);
		close_bench(&t);
	}
}
END_TEST

/* Bases below a long one are long: memory would be that times their number. */
START_TEST(long_uris_are_refused)
{
	char name[2100], schema[2300];
	struct bench t;

	memset(name, 'a', sizeof name);
	name[sizeof name - 1] = 0;
	snprintf(schema, sizeof schema, "{'$id':'http://x/%s'}", name);
	open_bench(&t, DIALECT_2020_12, schema);
	ck_assert_int_eq(t.error, E_FINDINGS);
	ck_assert_str_eq(t.f.items[0].code, "limit-uri");
	close_bench(&t);
}
END_TEST

/* As AsyncAPI's multi-format schemas are. */
START_TEST(embedded_schemas_refer_to_themselves_and_their_document)
{
#define COMPONENTS "'components':{'s':{'type':'string'},'r':{'$ref':'#/components/o'},'o':{'deep':{'type':'null'}}}"
#define PAYLOAD(id)                                                                                                         \
	"{" COMPONENTS ",'payload':{" id "'properties':{'a':{'$ref':'#/components/s'},'b':{'$ref':'#/definitions/n'},"      \
	"'c':{'$ref':'#/components/r/deep'},'d':{'$ref':'#'}},'definitions':{'n':{'type':'number'}}}}"
	static const struct row rows[] = {
		{ DIALECT_DRAFT7, PAYLOAD(""), "{'a':'s','b':1,'c':null,'d':{'a':'s'}}", "{'a':1}\n{'b':'s'}\n{'c':1}\n{'d':{'a':1}}" },
		{ DIALECT_DRAFT7, PAYLOAD("'$id':'http://x/p',"), "{'a':'s','b':1,'c':null,'d':{'a':'s'}}", "{'a':1}\n{'b':'s'}\n{'c':1}\n{'d':{'a':1}}" },
		{ DIALECT_2020_12, PAYLOAD(""), "{'a':'s','b':1,'c':null,'d':{'a':'s'}}", "{'a':1}\n{'b':'s'}\n{'c':1}\n{'d':{'a':1}}" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct bench t;
		open_at(&t, rows[i].dialect, rows[i].schema, "payload");
		ck_assert_msg(t.error == 0, "%s: %s", rows[i].schema, t.f.n ? t.f.items[0].message : "no finding");
		all_are(&t, &rows[i], rows[i].valid, SCHEMA_VALID);
		all_are(&t, &rows[i], rows[i].invalid, SCHEMA_INVALID);
		close_bench(&t);
	}
}
END_TEST

UNIT_MAIN("dialect", uris_resolve_as_the_rfc_shows, references_are_relative_to_their_base, anchors_name_places_of_one_resource,
          a_reference_hides_its_siblings_up_to_draft_07, drafts_differ_where_they_do, the_outermost_dynamic_anchor_wins,
          the_dynamic_scope_costs_nothing_without_a_choice, drafts_stand_within_drafts, metaschemas_are_at_hand,
          a_metaschema_chooses_vocabularies, only_what_was_given_is_read, what_is_wrong_in_a_dialect_is_located,
          what_another_dialect_has_is_a_warning, long_uris_are_refused, embedded_schemas_refer_to_themselves_and_their_document)
