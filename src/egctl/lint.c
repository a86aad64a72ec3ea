/* egctl lint: every finding of AsyncAPI documents, for people, scripts and code review.
 * Owner: egctl. */
#include <stdio.h>
#include <stdlib.h>

#include "config.h"
#include "egctl/document.h"
#include "egctl/egctl.h"

#define MAX_OPTIONS 64

struct lint;

struct lint_format {
	const char *name;
	void (*begin)(struct lint *l);
	void (*finding)(struct lint *l, const struct document *d, const struct finding *f);
	void (*end)(struct lint *l);
};

struct lint {
	struct egctl *e;
	const struct lint_format *format;
	enum finding_severity fail_on;
	const char *ignored[MAX_OPTIONS];
	struct resource resources[MAX_OPTIONS];
	size_t nignored, nresources;
	struct buf out;                  /* of one finding */
	size_t printed, failing, documents;
};

static void flush(struct lint *l)
{
	fwrite(l->out.p, 1, l->out.n, stdout);
	buf_clear(&l->out);
}

/* ---- text ---- */

static void add_source_line(struct buf *out, const struct tree_file *file, struct location at)
{
	const char *p = file->source, *end = file->source + file->source_n;

	for (uint32_t line = 1; line < at.line && p; line++) {
		p = memchr(p, '\n', (size_t)(end - p));
		p = p ? p + 1 : NULL;
	}
	if (!p || p > end)
		return;
	const char *stop = memchr(p, '\n', (size_t)(end - p));
	size_t n = (size_t)((stop ? stop : end) - p), before = 0;
	if (n > 200)
		return;                                      /* no help on a screen */
	buf_puts(out, "    ");
	buf_add(out, p, n);
	buf_puts(out, "\n    ");
	for (uint32_t column = 1; column < at.column && before < n; before++) {
		buf_addch(out, p[before] == '\t' ? '\t' : ' ');
		while (before + 1 < n && ((uint8_t)p[before + 1] & 0xc0) == 0x80)
			before++;
		column++;
	}
	buf_puts(out, "^\n");
}

static const struct tree_file *file_of(const struct document *d, const char *path)
{
	for (const struct tree_file *file = d->file; file; file = file->next)
		if (path && file->source && strcmp(file->path, path) == 0)
			return file;
	return NULL;
}

static void print_text(struct lint *l, const struct document *d, const struct finding *f)
{
	static const enum egctl_paint paints[] = { PAINT_DIM, PAINT_WARN, PAINT_BAD };
	const struct tree_file *file = l->e->colour ? file_of(d, f->at.file) : NULL;

	buf_puts(&l->out, egctl_paint(l->e, paints[f->severity]));
	finding_print(&l->out, f);
	buf_puts(&l->out, egctl_paint(l->e, PAINT_PLAIN));
	buf_addch(&l->out, '\n');
	if (file && f->at.line)
		add_source_line(&l->out, file, f->at);
	flush(l);
}

static void end_text(struct lint *l)
{
	if (l->e->colour)
		printf("%zu document%s, %zu finding%s\n", l->documents, l->documents == 1 ? "" : "s", l->printed, l->printed == 1 ? "" : "s");
}

/* ---- JSON ---- */

static void add_text(struct buf *out, const char *name, const char *text)
{
	buf_printf(out, "\"%s\":\"", name);
	buf_json_escape(out, span_str(text ? text : ""));
	buf_addch(out, '"');
}

static void print_json(struct lint *l, const struct document *d, const struct finding *f)
{
	(void)d;
	buf_addch(&l->out, '{');
	add_text(&l->out, "file", f->at.file);
	buf_printf(&l->out, ",\"line\":%u,\"column\":%u,", f->at.line, f->at.column);
	add_text(&l->out, "severity", finding_severity_word(f->severity));
	buf_addch(&l->out, ',');
	add_text(&l->out, "code", f->code);
	buf_addch(&l->out, ',');
	add_text(&l->out, "message", f->message);
	buf_puts(&l->out, "}\n");
	flush(l);
}

/* ---- GitHub annotations ---- */

/* https://docs.github.com/actions: workflow commands; % and line ends are escaped. */
static void add_escaped(struct buf *out, const char *text, bool property)
{
	for (; text && *text; text++) {
		if (*text == '%' || *text == '\n' || *text == '\r' || (property && (*text == ',' || *text == ':')))
			buf_printf(out, "%%%02X", (unsigned char)*text);
		else
			buf_addch(out, *text);
	}
}

static void print_github(struct lint *l, const struct document *d, const struct finding *f)
{
	static const char *const words[] = { "notice", "warning", "error" };

	(void)d;
	buf_printf(&l->out, "::%s file=", words[f->severity]);
	add_escaped(&l->out, f->at.file, true);
	buf_printf(&l->out, ",line=%u,col=%u,title=%s::", f->at.line ? f->at.line : 1, f->at.column ? f->at.column : 1, f->code);
	add_escaped(&l->out, f->message, false);
	buf_addch(&l->out, '\n');
	flush(l);
}

/* ---- SARIF 2.1.0 ---- */

static void begin_sarif(struct lint *l)
{
	(void)l;
	printf("{\"$schema\":\"https://json.schemastore.org/sarif-2.1.0.json\",\"version\":\"2.1.0\",\"runs\":[{\"tool\":{\"driver\":"
	       "{\"name\":\"egctl lint\",\"version\":\"%s\"}},\"columnKind\":\"unicodeCodePoints\",\"results\":[",
	       PACKAGE_VERSION);
}

static void print_sarif(struct lint *l, const struct document *d, const struct finding *f)
{
	static const char *const levels[] = { "note", "warning", "error" };

	(void)d;
	buf_puts(&l->out, l->printed ? ",{" : "{");
	add_text(&l->out, "ruleId", f->code);
	buf_printf(&l->out, ",\"level\":\"%s\",\"message\":{", levels[f->severity]);
	add_text(&l->out, "text", f->message);
	buf_puts(&l->out, "},\"locations\":[{\"physicalLocation\":{\"artifactLocation\":{");
	add_text(&l->out, "uri", f->at.file);
	buf_puts(&l->out, "}");
	if (f->at.line)
		buf_printf(&l->out, ",\"region\":{\"startLine\":%u,\"startColumn\":%u}", f->at.line, f->at.column ? f->at.column : 1);
	buf_puts(&l->out, "}}]}");
	flush(l);
}

static void end_sarif(struct lint *l)
{
	(void)l;
	printf("]}]}\n");
}

static const struct lint_format formats[] = {
	{ "text", NULL, print_text, end_text },
	{ "json", NULL, print_json, NULL },
	{ "github", NULL, print_github, NULL },
	{ "sarif", begin_sarif, print_sarif, end_sarif },
};

/* ---- documents ---- */

static bool is_ignored(const struct lint *l, const char *code)
{
	for (size_t i = 0; i < l->nignored; i++)
		if (strcmp(l->ignored[i], code) == 0)
			return true;
	return false;
}

static int lint_document(struct lint *l, const char *path)
{
	struct document d;
	int r = document_open(&d, path, l->resources, l->nresources);

	l->documents++;
	for (size_t i = 0; i < d.f.n; i++) {
		const struct finding *f = &d.f.items[i];
		if (is_ignored(l, f->code))
			continue;
		l->format->finding(l, &d, f);
		l->printed++;
		l->failing += f->severity >= l->fail_on;
	}
	document_close(&d);
	return r < 0 ? egctl_fail(l->e, "%s: %s", path, err_text(r)) : EGCTL_GOOD;
}

/* ---- options ---- */

static bool take_format(struct lint *l, const char *value)
{
	for (size_t i = 0; i < ARRAY_LEN(formats); i++)
		if (strcmp(formats[i].name, value) == 0)
			l->format = &formats[i];
	return l->format && strcmp(l->format->name, value) == 0;
}

static bool take_fail_on(struct lint *l, const char *value)
{
	for (int s = FINDING_INFO; s <= FINDING_ERROR; s++) {
		if (strcmp(finding_severity_word((enum finding_severity)s), value) != 0)
			continue;
		l->fail_on = (enum finding_severity)s;
		return true;
	}
	return false;
}

static bool take_ignore(struct lint *l, const char *value)
{
	if (l->nignored == MAX_OPTIONS)
		return false;
	l->ignored[l->nignored++] = value;
	return true;
}

static bool take_resource(struct lint *l, const char *value)
{
	char *copy = strdup(value), *equals = copy ? strrchr(copy, '=') : NULL;

	if (!equals || l->nresources == MAX_OPTIONS) {
		free(copy);
		return false;
	}
	*equals = 0;
	l->resources[l->nresources++] = (struct resource){ copy, equals + 1 };
	return true;
}

static const struct {
	const char *name;
	bool (*take)(struct lint *l, const char *value);
	const char *wants;
} options[] = {
	{ "--format", take_format, "text, json, sarif or github" },
	{ "--fail-on", take_fail_on, "error, warning or info" },
	{ "--ignore", take_ignore, "the code of a finding" },
	{ "--resource", take_resource, "URI=FILE" },
};

/* Number of arguments used, 0: no option, -1: a wrong one, complained about. */
static int take_option(struct lint *l, char **argv, int left)
{
	for (size_t i = 0; i < ARRAY_LEN(options); i++) {
		size_t n = strlen(options[i].name);
		if (strncmp(argv[0], options[i].name, n) != 0 || (argv[0][n] && argv[0][n] != '='))
			continue;
		const char *value = argv[0][n] ? argv[0] + n + 1 : left > 1 ? argv[1] : NULL;
		if (value && options[i].take(l, value))
			return argv[0][n] ? 1 : 2;
		(void)egctl_usage(l->e, "%s wants %s", options[i].name, options[i].wants);
		return -1;
	}
	if (argv[0][0] != '-' || !argv[0][1])
		return 0;
	(void)egctl_usage(l->e, "no such option: %s", argv[0]);
	return -1;
}

static void lint_free(struct lint *l)
{
	for (size_t i = 0; i < l->nresources; i++)
		free((char *)l->resources[i].uri);
	buf_fini(&l->out);
}

static int lint_all(struct lint *l, int argc, char **argv)
{
	int worst = EGCTL_GOOD;

	if (l->format->begin)
		l->format->begin(l);
	for (int i = 0; i < argc; i++) {
		int r = lint_document(l, argv[i]);
		worst = r > worst ? r : worst;
	}
	if (l->format->end)
		l->format->end(l);
	return worst ? worst : l->failing ? EGCTL_FINDINGS : EGCTL_GOOD;
}

int egctl_lint(struct egctl *e, int argc, char **argv)
{
	struct lint l = { .e = e, .format = &formats[e->json ? 1 : 0], .fail_on = FINDING_ERROR };
	int documents = 0, used;
	bool only_documents = false;

	buf_init(&l.out, 0);
	for (int i = 1; i < argc; i += used) {
		used = 1;
		if (!only_documents && strcmp(argv[i], "--") == 0) {
			only_documents = true;
			continue;
		}
		int taken = only_documents ? 0 : take_option(&l, argv + i, argc - i);
		if (taken < 0) {
			lint_free(&l);
			return EGCTL_CANNOT;
		}
		if (taken == 0)
			argv[documents++] = argv[i];
		used = taken ? taken : 1;
	}
	int r = documents ? lint_all(&l, documents, argv) : egctl_usage(e, "no document");
	lint_free(&l);
	return r;
}
