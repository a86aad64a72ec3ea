/* egctl test: records against a document, without a broker and without the gateway.
 * Owner: egctl. */
#include <stdio.h>
#include <stdlib.h>

#include "egctl/document.h"
#include "egctl/option.h"
#include "egctl/record.h"
#include "json/json.h"

struct test {
	struct egctl *e;
	const char *document, *topic, *file;
	bool summary;
	struct resources resources;
	struct document d;
	struct contract *c;
	struct arena arena;
	struct record_line record;
	struct buf out;
	uint64_t line;
	struct tally *tallies;           /* --summary: of each channel and message */
	size_t ntallies, captallies;
	bool failed, unreadable, no_memory;
};

struct tally {
	const char *channel, *message;   /* of the image */
	uint64_t of[VERDICT_COUNT];
};

static void flush(struct test *t)
{
	fwrite(t->out.p, 1, t->out.n, stdout);
	buf_clear(&t->out);
}

static void add_text(struct buf *out, const char *name, struct span text)
{
	buf_printf(out, "\"%s\":\"", name);
	buf_json_escape(out, text);
	buf_addch(out, '"');
}

/* ---- summary ---- */

static struct tally *tally_of(struct test *t, const char *channel, const char *message)
{
	for (size_t i = 0; i < t->ntallies; i++)
		if (strcmp(t->tallies[i].channel, channel) == 0 && strcmp(t->tallies[i].message, message) == 0)
			return &t->tallies[i];
	if (t->ntallies == t->captallies) {
		size_t cap = t->captallies ? t->captallies * 2 : 16;
		struct tally *grown = realloc(t->tallies, cap * sizeof *grown);
		if (!grown) {
			t->no_memory = true;
			return NULL;
		}
		t->tallies = grown;
		t->captallies = cap;
	}
	struct tally *fresh = &t->tallies[t->ntallies++];
	*fresh = (struct tally){ .channel = channel, .message = message };
	return fresh;
}

/* A record that no message accepts is counted with the nearest one. */
static void count(struct test *t, const struct judgement *j, const struct judgement_report *r)
{
	struct tally *tally = tally_of(t, r->channel, r->message);

	if (tally)
		tally->of[j->verdict]++;
}

static int by_name(const void *x, const void *y)
{
	const struct tally *a = x, *b = y;
	int order = strcmp(a->channel, b->channel);

	return order ? order : strcmp(a->message, b->message);
}

static void print_tally_json(struct test *t, const struct tally *tally)
{
	buf_addch(&t->out, '{');
	add_text(&t->out, "channel", span_str(tally->channel));
	buf_addch(&t->out, ',');
	add_text(&t->out, "message", span_str(tally->message));
	for (int v = 0; v < VERDICT_COUNT; v++)
		buf_printf(&t->out, ",\"%s\":%llu", verdict_word((enum verdict)v), (unsigned long long)tally->of[v]);
	buf_puts(&t->out, "}\n");
	flush(t);
}

static const char *channel_shown(const struct tally *tally)
{
	return *tally->channel ? tally->channel : "(undeclared)";
}

static int width(int least, const char *text)
{
	size_t n = json_length(span_str(text));

	return (int)n > least ? (int)n : least;
}

/* Columns of people's width, whatever the bytes are. */
static void print_padded(const char *text, int columns)
{
	printf("%s%*s  ", text, columns - (int)json_length(span_str(text)), "");
}

static void print_table(struct test *t)
{
	int channel = width(0, "CHANNEL"), message = width(0, "MESSAGE");

	for (size_t i = 0; i < t->ntallies; i++) {
		channel = width(channel, channel_shown(&t->tallies[i]));
		message = width(message, t->tallies[i].message);
	}
	fputs(egctl_paint(t->e, PAINT_BOLD), stdout);
	print_padded("CHANNEL", channel);
	print_padded("MESSAGE", message);
	for (int v = 0; v < VERDICT_COUNT; v++)
		printf("%s%11s", v ? " " : "", verdict_word((enum verdict)v));
	printf("%s\n", egctl_paint(t->e, PAINT_PLAIN));
	for (size_t i = 0; i < t->ntallies; i++) {
		print_padded(channel_shown(&t->tallies[i]), channel);
		print_padded(*t->tallies[i].message ? t->tallies[i].message : "-", message);
		for (int v = 0; v < VERDICT_COUNT; v++)
			printf("%s%11llu", v ? " " : "", (unsigned long long)t->tallies[i].of[v]);
		putchar('\n');
	}
}

static void print_summary(struct test *t)
{
	if (t->ntallies)
		qsort(t->tallies, t->ntallies, sizeof *t->tallies, by_name);
	if (!t->e->json)
		print_table(t);
	for (size_t i = 0; t->e->json && i < t->ntallies; i++)
		print_tally_json(t, &t->tallies[i]);
}

/* ---- one record ---- */

static void print_json(struct test *t, struct span topic, const struct judgement *j, const struct judgement_report *r)
{
	buf_printf(&t->out, "{\"line\":%llu,", (unsigned long long)t->line);
	add_text(&t->out, "topic", topic);
	buf_addch(&t->out, ',');
	add_text(&t->out, "channel", span_str(r->channel));
	buf_addch(&t->out, ',');
	add_text(&t->out, "message", span_str(r->message));
	buf_printf(&t->out, ",\"verdict\":\"%s\",\"action\":\"%s\",", verdict_word(j->verdict), action_word(j->action));
	add_text(&t->out, "reason", span_str(r->text));
	buf_puts(&t->out, ",\"errors\":[");
	for (size_t i = 0; i < r->nerrors; i++) {
		buf_puts(&t->out, i ? ",{" : "{");
		add_text(&t->out, "part", span_str(r->part));
		buf_addch(&t->out, ',');
		add_text(&t->out, "instance", span_str(r->errors[i].instance));
		buf_addch(&t->out, ',');
		add_text(&t->out, "keyword", span_str(r->errors[i].keyword));
		buf_addch(&t->out, ',');
		add_text(&t->out, "message", span_str(r->errors[i].message));
		buf_addch(&t->out, '}');
	}
	buf_puts(&t->out, "]}\n");
	flush(t);
}

static void print_text(struct test *t, struct span topic, const struct judgement *j, const struct judgement_report *r)
{
	bool good = j->verdict == VERDICT_VALID;

	buf_printf(&t->out, "%llu: %s%s%s %.*s", (unsigned long long)t->line, egctl_paint(t->e, good ? PAINT_GOOD : PAINT_BAD), verdict_word(j->verdict),
		egctl_paint(t->e, PAINT_PLAIN), (int)topic.n, topic.n ? (const char *)topic.p : "");
	if (good)
		buf_printf(&t->out, " %s\n", r->message);
	else
		buf_printf(&t->out, " %s\n", r->text);
	flush(t);
}

static void judge(struct test *t, struct span topic)
{
	struct contract_topic found;
	struct judgement j;
	struct judgement_report report = { .arena = &t->arena, .topic = topic };

	contract_find(t->c, 0, topic, &found);
	contract_judge(t->c, &found, &t->record.view, &j);
	t->failed |= j.verdict != VERDICT_VALID;
	arena_reset(&t->arena);
	contract_explain(t->c, &found, &t->record.view, &j, &report);
	if (t->summary)
		count(t, &j, &report);
	else
		(t->e->json ? print_json : print_text)(t, topic, &j, &report);
}

static void test_line(struct test *t, struct span line)
{
	struct record_line *r = &t->record;

	t->line++;
	if (line.n == 0)
		return;
	record_line_read(r, line, t->topic != NULL);
	struct span topic = t->topic ? span_str(t->topic) : r->topic;
	if (!r->error && span_is_null(topic))
		r->error = "the record names no topic; give one with -t";
	if (!r->error) {
		judge(t, topic);
		return;
	}
	(void)egctl_fail(t->e, "line %llu: %s", (unsigned long long)t->line, r->error);
	t->unreadable = true;
}

static int test_lines(struct test *t, FILE *in)
{
	char *line = NULL;
	size_t cap = 0;
	ssize_t n;

	while ((n = getline(&line, &cap, in)) >= 0) {
		if (n > 0 && line[n - 1] == '\n')
			n--;
		test_line(t, span_of(line, (size_t)n));
	}
	free(line);
	if (ferror(in))
		return egctl_fail(t->e, "cannot read %s", t->file ? t->file : "standard input");
	if (t->summary)
		print_summary(t);
	if (t->no_memory)
		return egctl_fail(t->e, "no memory");
	return t->unreadable ? EGCTL_CANNOT : t->failed ? EGCTL_FINDINGS : EGCTL_GOOD;
}

static int run(struct test *t)
{
	int r = document_use(&t->d, t->e, t->document, &t->resources);
	FILE *in = NULL;

	t->c = r == EGCTL_GOOD ? contract_open(&t->d.img) : NULL;
	if (r == EGCTL_GOOD && !t->c)
		r = egctl_fail(t->e, "no memory");
	if (r == EGCTL_GOOD) {
		in = t->file && strcmp(t->file, "-") != 0 ? fopen(t->file, "re") : stdin;
		r = in ? test_lines(t, in) : egctl_fail(t->e, "cannot open %s", t->file);
	}
	if (in && in != stdin)
		fclose(in);
	contract_close(t->c);
	document_close(&t->d);
	return r;
}

static bool take_option(void *into, enum option_id id, const char *value, int word)
{
	struct test *t = into;

	(void)word;
	if (id == OPTION_TEST_RESOURCE)
		return resources_add(&t->resources, value);
	if (id == OPTION_TEST_TOPIC)
		t->topic = value;
	else
		t->summary = true;
	return true;
}

int egctl_test(struct egctl *e, int argc, char **argv)
{
	struct test t = { .e = e };
	int n = options_take(e, argc, argv, take_option, &t), r = EGCTL_CANNOT;

	record_line_init(&t.record);
	arena_init(&t.arena, 4096, 0);
	buf_init(&t.out, 0);
	if (n == 1 || n == 2) {
		t.document = argv[0];
		t.file = n == 2 ? argv[1] : NULL;
		r = run(&t);
	} else if (n >= 0) {
		r = egctl_usage(e, "wants a document, and a topic or records that name theirs");
	}
	buf_fini(&t.out);
	arena_fini(&t.arena);
	record_line_fini(&t.record);
	resources_fini(&t.resources);
	free(t.tallies);
	return r;
}
