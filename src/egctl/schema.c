/* egctl schema: JSON values, one a line, against a schema of any dialect. Owner: egctl. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "compile/compile.h"
#include "egctl/egctl.h"
#include "egctl/lines.h"
#include "egctl/option.h"

#define MAX_FINDINGS 1000
#define MAX_LINE ((size_t)64 << 20)     /* what the engine takes by default */

struct schema {
	struct egctl *e;
	const char *schema, *file;
	enum schema_dialect dialect;
	struct compile_options options;
	struct findings f;
	struct tree_set *set;
	struct buf bytes;                /* the image */
	struct image img;
	struct schema_runner *runner;
	uint32_t root;
	struct arena arena;              /* of one report */
	struct buf out;                  /* of one line */
	bool failed;                     /* a line is not valid */
};

/* ---- one value ---- */

static void add_text(struct buf *out, const char *name, const char *text)
{
	buf_printf(out, "\"%s\":\"", name);
	buf_json_escape(out, span_str(text));
	buf_addch(out, '"');
}

static void add_json(struct buf *out, uint64_t line, enum schema_verdict v, const struct schema_report *r)
{
	buf_printf(out, "{\"line\":%llu,\"valid\":%s", (unsigned long long)line, v == SCHEMA_VALID ? "true" : "false");
	if (v == SCHEMA_UNDECIDABLE) {
		buf_puts(out, ",\"verdict\":\"undecidable\",");
		add_text(out, "reason", r->reason);
	}
	buf_puts(out, ",\"errors\":[");
	for (size_t i = 0; i < r->n; i++) {
		buf_puts(out, i ? ",{" : "{");
		add_text(out, "instance", r->errors[i].instance);
		buf_addch(out, ',');
		add_text(out, "keyword", r->errors[i].keyword);
		buf_addch(out, ',');
		add_text(out, "message", r->errors[i].message);
		buf_addch(out, '}');
	}
	buf_puts(out, r->more ? "],\"more\":true}\n" : "]}\n");
}

static void add_words(const struct egctl *e, struct buf *out, uint64_t line, enum schema_verdict v, const struct schema_report *r)
{
	static const char *const words[] = { "valid", "invalid", "undecidable" };

	buf_printf(out, "%llu: %s%s%s", (unsigned long long)line, egctl_paint(e, v == SCHEMA_VALID ? PAINT_GOOD : v == SCHEMA_INVALID ? PAINT_BAD : PAINT_WARN), words[v],
	           egctl_paint(e, PAINT_PLAIN));
	if (v == SCHEMA_UNDECIDABLE)
		buf_printf(out, " %s", r->reason);
	for (size_t i = 0; i < r->n; i++)
		buf_printf(out, "%s%s%s%s", i ? "; " : " ", r->errors[i].instance, *r->errors[i].instance ? ": " : "", r->errors[i].message);
	buf_puts(out, r->more ? "; and more\n" : "\n");
}

static void judge(struct schema *s, uint64_t line, struct span value)
{
	struct schema_report report = { .arena = &s->arena };
	enum schema_verdict v = schema_run(s->runner, s->root, value);

	if (v != SCHEMA_VALID) {
		s->failed = true;
		arena_reset(&s->arena);
		v = schema_explain(s->runner, s->root, value, &report);
	}
	if (s->e->json)
		add_json(&s->out, line, v, &report);
	else
		add_words(s->e, &s->out, line, v, &report);
	fwrite(s->out.p, 1, s->out.n, stdout);
	buf_clear(&s->out);
}

static bool is_blank(struct span line)
{
	size_t i = 0;

	while (i < line.n && (line.p[i] == ' ' || line.p[i] == '\t' || line.p[i] == '\r'))
		i++;
	return i == line.n;
}

static int judge_lines(struct schema *s, int fd)
{
	const char *name = s->file ? s->file : "standard input";
	struct lines l;
	struct span line;

	lines_init(&l, fd, MAX_LINE, true);
	while (lines_next(&l, &line) && !ferror(stdout))
		if (!is_blank(line))
			judge(s, l.line, line);
	int error = l.error;
	lines_fini(&l);
	if (error)
		return egctl_fail(s->e, "cannot read %s: %s", name, strerror(error));
	if (fflush(stdout) != 0 || ferror(stdout))
		return egctl_fail(s->e, "cannot write the answers: %s", strerror(errno));
	return s->failed ? EGCTL_FINDINGS : EGCTL_GOOD;
}

static int judge_file(struct schema *s)
{
	bool given = s->file && strcmp(s->file, "-") != 0;
	int fd = given ? open(s->file, O_RDONLY | O_CLOEXEC) : STDIN_FILENO;

	if (fd < 0)
		return egctl_fail(s->e, "cannot open %s: %s", s->file, strerror(errno));
	int r = judge_lines(s, fd);
	if (given)
		close(fd);
	return r;
}

/* ---- the schema ---- */

static int compile(struct schema *s)
{
	struct tree_file *file = tree_load(s->set, s->schema);
	struct image_builder b;

	if (!file)
		return E_FINDINGS;
	/* $schema beats --dialect; AsyncAPI and OpenAPI have no say of their own in it. */
	if (tree_get(file->root, "$schema") && (s->dialect == DIALECT_ASYNCAPI || s->dialect == DIALECT_OPENAPI30))
		s->dialect = DIALECT_2020_12;
	image_builder_init(&b);
	struct compile *c = compile_new(&b, &s->f, &s->options);
	int r = c ? compile_schema(c, file->root, s->dialect, &s->root) : E_NOMEM;
	if (r == 0)
		r = compile_finish(c);
	if (r == 0)
		r = image_finish(&b, 1, &s->bytes);
	if (c)
		compile_free(c);
	image_builder_fini(&b);
	return r;
}

static int load(struct schema *s)
{
	int r = compile(s);

	if (r == 0)
		r = image_open(&s->img, s->bytes.p, s->bytes.n);
	if (r == 0)
		r = schema_verify(&s->img);
	s->runner = r == 0 ? schema_runner_new(&s->img, NULL) : NULL;
	return r == 0 && !s->runner ? E_NOMEM : r;
}

static void print_findings(struct schema *s)
{
	struct buf line;

	findings_sort(&s->f);
	buf_init(&line, 0);
	for (size_t i = 0; i < s->f.n; i++) {
		buf_clear(&line);
		finding_print(&line, &s->f.items[i]);
		fprintf(stderr, "%.*s\n", (int)line.n, (const char *)line.p);
	}
	buf_fini(&line);
}

static int run(struct schema *s)
{
	int r = load(s);

	print_findings(s);
	if (r == 0)
		return judge_file(s);
	return egctl_fail(s->e, "%s cannot be used: %s", s->schema, r == E_FINDINGS ? "see the errors above" : err_text(r));
}

/* ---- arguments ---- */

/* A file name with = in it is rarer than a URI with one. */
static bool take_resource(struct schema *s, const char *value)
{
	const char *equals = strrchr(value, '=');
	char *uri = equals && equals > value && equals[1] ? strndup(value, (size_t)(equals - value)) : NULL;
	bool good = uri && tree_map_uri(s->set, uri, equals + 1) == 0;

	free(uri);
	return good;
}

static bool take_option(void *into, enum option_id id, const char *value, int word)
{
	/* In the order of the option's words. */
	static const enum schema_dialect dialects[] = {
		DIALECT_ASYNCAPI, DIALECT_DRAFT4, DIALECT_DRAFT6, DIALECT_DRAFT7, DIALECT_2019_09, DIALECT_2020_12, DIALECT_OPENAPI30,
	};
	struct schema *s = into;

	if (id == OPTION_SCHEMA_RESOURCE)
		return take_resource(s, value);
	if (id == OPTION_SCHEMA_DIALECT) {
		s->dialect = dialects[word];
	} else if (id == OPTION_SCHEMA_PLAN) {
		s->options.plan = true;
	} else if (id == OPTION_SCHEMA_CONTENT) {
		s->options.content = true;
	} else {
		s->options.formats = id == OPTION_SCHEMA_FORMATS;
		s->options.formats_set = true;
	}
	return true;
}

static int take_arguments(struct schema *s, int argc, char **argv)
{
	int n = options_take(s->e, argc, argv, take_option, s);

	if (n < 0)
		return EGCTL_CANNOT;
	if (n < 1 || n > 2)
		return egctl_usage(s->e, n ? "one schema and one file of values, no more" : "no schema");
	s->schema = argv[0];
	s->file = n > 1 ? argv[1] : NULL;
	return run(s);
}

int egctl_schema(struct egctl *e, int argc, char **argv)
{
	struct schema s = { .e = e, .dialect = DIALECT_2020_12 };

	findings_init(&s.f, MAX_FINDINGS);
	buf_init(&s.bytes, 0);
	buf_init(&s.out, 0);
	arena_init(&s.arena, 16 << 10, 0);
	s.set = tree_set_new(&s.f, NULL);
	int r = s.set ? take_arguments(&s, argc, argv) : egctl_fail(e, "no memory");
	schema_runner_free(s.runner);
	tree_set_free(s.set);
	arena_fini(&s.arena);
	buf_fini(&s.out);
	buf_fini(&s.bytes);
	findings_fini(&s.f);
	return r;
}
