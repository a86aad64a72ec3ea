/* egctl lint: every finding of AsyncAPI documents, for people, scripts and code review.
 * Owner: egctl. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "config.h"
#include "egctl/document.h"
#include "egctl/option.h"

#define IGNORED_MAX 64
#define CODES_MAX 512
#define EXCERPT_MAX 200                 /* bytes of a source line that help on a screen */

/* A finding of any of the documents, and its source line where a terminal shows it. */
struct shown {
	struct finding f;
	size_t order;
	uint32_t rule;                   /* in lint.codes */
	const char *excerpt;             /* NULL: none */
};

struct lint;

struct lint_format {
	void (*begin)(struct lint *l);
	void (*finding)(struct lint *l, const struct shown *s);
	void (*end)(struct lint *l);
};

struct lint {
	struct egctl *e;
	const struct lint_format *format;
	enum finding_severity fail_on;
	const char *ignored[IGNORED_MAX];
	size_t nignored;
	struct resources resources;
	struct arena arena;              /* texts of `all` */
	struct shown *all;
	size_t nall, capall;
	const char *codes[CODES_MAX];    /* those met, in order */
	uint32_t ncodes;
	struct buf out;                  /* of one finding */
	size_t printed, failing, documents;
};

static void flush(struct lint *l)
{
	fwrite(l->out.p, 1, l->out.n, stdout);
	buf_clear(&l->out);
}

/* ---- text ---- */

/* The line of a place and a caret below its column. */
static void add_excerpt(struct buf *out, const struct tree_file *file, struct location at)
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
	if (n > EXCERPT_MAX)
		return;
	buf_puts(out, "    ");
	for (size_t i = 0; i < n; i++)
		buf_addch(out, (uint8_t)p[i] < 0x20 && p[i] != '\t' ? ' ' : p[i]);
	buf_puts(out, "\n    ");
	for (uint32_t column = 1; column < at.column && before < n; before++, column++) {
		buf_addch(out, p[before] == '\t' ? '\t' : ' ');
		while (before + 1 < n && ((uint8_t)p[before + 1] & 0xc0) == 0x80)
			before++;
	}
	buf_puts(out, "^\n");
}

static const char *excerpt_of(struct lint *l, const struct document *d, const struct finding *f)
{
	const struct tree_file *file = d->file;
	const char *text = NULL;

	while (file && f->at.file && (!file->source || strcmp(file->path, f->at.file) != 0))
		file = file->next;
	if (!file || !f->at.file || f->at.line == 0)
		return NULL;
	add_excerpt(&l->out, file, f->at);
	if (buf_error(&l->out) == 0 && l->out.n)
		text = arena_strndup(&l->arena, l->out.p, l->out.n);
	buf_clear(&l->out);
	return text;
}

static void print_text(struct lint *l, const struct shown *s)
{
	static const enum egctl_paint paints[] = { PAINT_DIM, PAINT_WARN, PAINT_BAD };

	buf_puts(&l->out, egctl_paint(l->e, paints[s->f.severity]));
	finding_print(&l->out, &s->f);
	buf_puts(&l->out, egctl_paint(l->e, PAINT_PLAIN));
	buf_addch(&l->out, '\n');
	if (s->excerpt)
		buf_puts(&l->out, s->excerpt);
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

static void print_json(struct lint *l, const struct shown *s)
{
	const struct finding *f = &s->f;

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

static void print_github(struct lint *l, const struct shown *s)
{
	static const char *const words[] = { "notice", "warning", "error" };
	const struct finding *f = &s->f;

	buf_printf(&l->out, "::%s ", words[f->severity]);
	if (f->at.file) {
		buf_puts(&l->out, "file=");
		add_escaped(&l->out, f->at.file, true);
		buf_printf(&l->out, ",line=%u,col=%u,", f->at.line ? f->at.line : 1, f->at.column ? f->at.column : 1);
	}
	buf_printf(&l->out, "title=%s::", f->code);
	add_escaped(&l->out, f->message, false);
	buf_addch(&l->out, '\n');
	flush(l);
}

/* ---- SARIF 2.1.0 ---- */

/* A path as a URI reference, RFC 3986: relative ones stay so. */
static void add_uri(struct buf *out, const char *path)
{
	if (*path == '/')
		buf_puts(out, "file://");
	else if (memchr(path, ':', strcspn(path, "/")))
		buf_puts(out, "./");
	for (; *path; path++) {
		bool plain = (*path >= 'a' && *path <= 'z') || (*path >= 'A' && *path <= 'Z') || (*path >= '0' && *path <= '9') || strchr("-._~/:@!$&()*+,;=", *path);
		buf_printf(out, plain ? "%c" : "%%%02X", (unsigned char)*path);
	}
}

static void begin_sarif(struct lint *l)
{
	printf("{\"$schema\":\"https://json.schemastore.org/sarif-2.1.0.json\",\"version\":\"2.1.0\",\"runs\":[{\"tool\":{\"driver\":"
	       "{\"name\":\"egctl lint\",\"version\":\"%s\",\"rules\":[",
	       PACKAGE_VERSION);
	for (uint32_t i = 0; i < l->ncodes; i++)
		printf("%s{\"id\":\"%s\"}", i ? "," : "", l->codes[i]);
	printf("]}},\"columnKind\":\"unicodeCodePoints\",\"results\":[");
}

static void add_place(struct buf *out, const struct location *at)
{
	buf_puts(out, "{\"physicalLocation\":{\"artifactLocation\":{\"uri\":\"");
	add_uri(out, at->file);
	buf_puts(out, "\"}");
	if (at->line)
		buf_printf(out, ",\"region\":{\"startLine\":%u,\"startColumn\":%u}", at->line, at->column ? at->column : 1);
	buf_puts(out, "}}");
}

static void print_sarif(struct lint *l, const struct shown *s)
{
	static const char *const levels[] = { "note", "warning", "error" };

	buf_puts(&l->out, l->printed ? ",{" : "{");
	add_text(&l->out, "ruleId", s->f.code);
	buf_printf(&l->out, ",\"ruleIndex\":%u,\"level\":\"%s\",\"message\":{", s->rule, levels[s->f.severity]);
	add_text(&l->out, "text", s->f.message);
	buf_puts(&l->out, "},\"locations\":[");
	if (s->f.at.file)
		add_place(&l->out, &s->f.at);
	buf_puts(&l->out, "]}");
	flush(l);
}

static void end_sarif(struct lint *l)
{
	(void)l;
	printf("]}]}\n");
}

/* In the order of the option's words. */
enum { FORMAT_TEXT, FORMAT_JSON };
static const struct lint_format formats[] = {
	{ NULL, print_text, end_text },
	{ NULL, print_json, NULL },
	{ begin_sarif, print_sarif, end_sarif },
	{ NULL, print_github, NULL },
};

/* ---- documents ---- */

static bool is_ignored(const struct lint *l, const char *code)
{
	for (size_t i = 0; i < l->nignored; i++)
		if (strcmp(l->ignored[i], code) == 0)
			return true;
	return false;
}

static uint32_t rule_of(struct lint *l, const char *code)
{
	uint32_t i = 0;

	while (i < l->ncodes && strcmp(l->codes[i], code) != 0)
		i++;
	INVARIANT(i < CODES_MAX);
	if (i == l->ncodes)
		l->codes[l->ncodes++] = code;
	return i;
}

static bool keep(struct lint *l, const struct document *d, const struct finding *f)
{
	if (l->nall == l->capall) {
		size_t cap = l->capall ? l->capall * 2 : 64;
		struct shown *grown = realloc(l->all, cap * sizeof *grown);
		if (!grown)
			return false;
		l->all = grown;
		l->capall = cap;
	}
	struct shown *s = &l->all[l->nall];
	*s = (struct shown){ .f = *f, .order = l->nall, .excerpt = l->e->colour && l->format == &formats[FORMAT_TEXT] ? excerpt_of(l, d, f) : NULL };
	s->f.code = arena_strdup(&l->arena, f->code);
	s->f.message = arena_strdup(&l->arena, f->message);
	s->f.at.file = f->at.file ? arena_strdup(&l->arena, f->at.file) : NULL;
	if (!s->f.code || !s->f.message || (f->at.file && !s->f.at.file))
		return false;
	l->nall++;
	return true;
}

static int read_document(struct lint *l, const char *path)
{
	struct document d;
	int r = document_open(&d, path, &l->resources);

	l->documents++;
	for (size_t i = 0; i < d.f.n; i++)
		if (!is_ignored(l, d.f.items[i].code) && !keep(l, &d, &d.f.items[i]))
			r = E_NOMEM;
	document_close(&d);
	if (r < 0)
		return egctl_fail(l->e, "%s: %s", path, err_text(r));
	return access(path, R_OK) == 0 ? EGCTL_GOOD : EGCTL_CANNOT;      /* a finding says why */
}

static int by_place(const void *x, const void *y)
{
	const struct shown *a = x, *b = y;
	int file = strcmp(a->f.at.file ? a->f.at.file : "", b->f.at.file ? b->f.at.file : "");

	if (file)
		return file;
	if (a->f.at.line != b->f.at.line)
		return a->f.at.line < b->f.at.line ? -1 : 1;
	if (a->f.at.column != b->f.at.column)
		return a->f.at.column < b->f.at.column ? -1 : 1;
	return a->order < b->order ? -1 : a->order > b->order;
}

/* A file that several documents refer to is read with each of them: its findings are told once. */
static bool is_told(const struct lint *l, size_t i)
{
	const struct finding *f = &l->all[i].f;

	for (size_t k = i; k-- > 0;) {
		const struct finding *other = &l->all[k].f;
		if (other->at.line != f->at.line || other->at.column != f->at.column || strcmp(other->at.file ? other->at.file : "", f->at.file ? f->at.file : "") != 0)
			return false;
		if (strcmp(other->code, f->code) == 0 && strcmp(other->message, f->message) == 0)
			return true;
	}
	return false;
}

static void sort_findings(struct lint *l)
{
	size_t n = 0;

	if (l->nall)
		qsort(l->all, l->nall, sizeof *l->all, by_place);
	for (size_t i = 0; i < l->nall; i++) {
		l->all[n] = l->all[i];
		n += !is_told(l, n);
	}
	l->nall = n;
	for (size_t i = 0; i < n; i++)
		l->all[i].rule = rule_of(l, l->all[i].f.code);
}

static void print_findings(struct lint *l)
{
	if (l->format->begin)
		l->format->begin(l);
	for (; l->printed < l->nall; l->printed++) {
		l->format->finding(l, &l->all[l->printed]);
		l->failing += l->all[l->printed].f.severity >= l->fail_on;
	}
	if (l->format->end)
		l->format->end(l);
}

static int lint_all(struct lint *l, int argc, char **argv)
{
	int worst = EGCTL_GOOD;

	for (int i = 0; i < argc; i++) {
		int r = read_document(l, argv[i]);
		worst = r > worst ? r : worst;
	}
	sort_findings(l);
	print_findings(l);
	return worst ? worst : l->failing ? EGCTL_FINDINGS : EGCTL_GOOD;
}

/* ---- options ---- */

static bool take_option(void *into, enum option_id id, const char *value, int word)
{
	static const enum finding_severity severities[] = { FINDING_ERROR, FINDING_WARNING, FINDING_INFO };
	struct lint *l = into;

	if (id == OPTION_LINT_RESOURCE)
		return resources_add(&l->resources, value);
	if (id == OPTION_LINT_IGNORE && l->nignored == IGNORED_MAX)
		return false;
	if (id == OPTION_LINT_IGNORE)
		l->ignored[l->nignored++] = value;
	else if (id == OPTION_LINT_FORMAT)
		l->format = &formats[word];
	else
		l->fail_on = severities[word];
	return true;
}

int egctl_lint(struct egctl *e, int argc, char **argv)
{
	struct lint l = { .e = e, .format = &formats[e->json ? FORMAT_JSON : FORMAT_TEXT], .fail_on = FINDING_ERROR };
	int n = options_take(e, argc, argv, take_option, &l), r = EGCTL_CANNOT;

	buf_init(&l.out, 0);
	arena_init(&l.arena, 4096, 0);
	if (n >= 0)
		r = n ? lint_all(&l, n, argv) : egctl_usage(e, "no document");
	free(l.all);
	arena_fini(&l.arena);
	buf_fini(&l.out);
	resources_fini(&l.resources);
	return r;
}
