/* egctl diff: what changed between two documents, and whom it breaks, with the record that
 * shows it. Owner: egctl. */
#include <stdio.h>
#include <stdlib.h>

#include "asyncapi/diff.h"
#include "egctl/document.h"
#include "egctl/option.h"

struct diff_command {
	struct egctl *e;
	enum diff_compatibility compatibility;
	struct resources resources;
	struct document old, new;
	struct arena arena;
	struct diff diff;
	struct buf out;
	size_t breaking;
};

static void flush(struct diff_command *c)
{
	fwrite(c->out.p, 1, c->out.n, stdout);
	buf_clear(&c->out);
}

static void add_text(struct buf *out, const char *name, const char *text)
{
	buf_printf(out, "\"%s\":\"", name);
	buf_json_escape(out, span_str(text ? text : ""));
	buf_puts(out, "\",");
}

static void print_json(struct diff_command *c, const struct diff_change *change, bool breaking)
{
	struct buf *out = &c->out;
	bool both = change->breaks == (DIFF_PRODUCERS | DIFF_CONSUMERS);

	buf_addch(out, '{');
	add_text(out, "file", change->at.file);
	buf_printf(out, "\"line\":%u,\"column\":%u,", change->at.line, change->at.column);
	add_text(out, "code", diff_code(change->kind));
	add_text(out, "channel", change->channel);
	add_text(out, "message", change->message);
	add_text(out, "part", change->part);
	add_text(out, "pointer", change->pointer);
	add_text(out, "text", change->text);
	buf_printf(out, "\"breaks\":[%s%s%s],\"breaking\":%s,\"proven\":%s,", change->breaks & DIFF_PRODUCERS ? "\"producers\"" : "", both ? "," : "",
		change->breaks & DIFF_CONSUMERS ? "\"consumers\"" : "", breaking ? "true" : "false", change->unproven ? "false" : "true");
	buf_printf(out, "\"witness\":%s,", *change->witness ? change->witness : "null");
	add_text(out, "reason", change->reason);
	out->n--;                                            /* the last comma */
	buf_puts(out, "}\n");
	flush(c);
}

static const char *whom(unsigned breaks)
{
	static const char *const words[] = { "nobody", "producers", "consumers", "producers and consumers" };

	return words[breaks & 3];
}

static void print_text(struct diff_command *c, const struct diff_change *change, bool breaking)
{
	struct buf *out = &c->out;

	buf_printf(out, "%s%-10s%s ", egctl_paint(c->e, breaking ? PAINT_BAD : PAINT_GOOD), breaking ? "breaking" : "compatible", egctl_paint(c->e, PAINT_PLAIN));
	if (change->at.file)
		buf_printf(out, "%s:%u:%u: ", change->at.file, change->at.line, change->at.column);
	buf_printf(out, "%s%s%s: %s (%s %s)\n", change->channel, *change->message ? " " : "", change->message, change->text, change->unproven ? "may break" : "breaks", whom(change->breaks));
	if (*change->witness)
		buf_printf(out, "             %s\n", change->witness);
	if (*change->reason)
		buf_printf(out, "             %s\n", change->reason);
	flush(c);
}

static const char *const modes[] = { "backward", "forward", "full" };

static int report(struct diff_command *c)
{
	for (size_t i = 0; i < c->diff.n; i++) {
		bool breaking = diff_is_breaking(&c->diff.changes[i], c->compatibility);
		c->breaking += breaking;
		(c->e->json ? print_json : print_text)(c, &c->diff.changes[i], breaking);
	}
	if (!c->e->json && c->diff.n)
		printf("%zu change%s, %zu against %s compatibility\n", c->diff.n, c->diff.n == 1 ? "" : "s", c->breaking, modes[c->compatibility]);
	return c->breaking ? EGCTL_FINDINGS : EGCTL_GOOD;
}

static int compare(struct diff_command *c)
{
	struct probe old, new;

	if (probe_open(&old, c->old.a, &c->old.img) < 0)
		return egctl_fail(c->e, "no memory");
	int r = probe_open(&new, c->new.a, &c->new.img);
	if (r == 0) {
		r = asyncapi_diff(&old, &new, &c->arena, &c->diff);
		probe_close(&new);
	}
	probe_close(&old);
	return r < 0 ? egctl_fail(c->e, "%s", err_text(r)) : report(c);
}

static int run(struct diff_command *c, const char *old, const char *new)
{
	int r = document_use(&c->old, c->e, old, &c->resources), s = document_use(&c->new, c->e, new, &c->resources);

	r = r == EGCTL_GOOD && s == EGCTL_GOOD ? compare(c) : EGCTL_CANNOT;
	document_close(&c->old);
	document_close(&c->new);
	return r;
}

static bool take_option(void *into, enum option_id id, const char *value, int word)
{
	struct diff_command *c = into;

	if (id == OPTION_DIFF_RESOURCE)
		return resources_add(&c->resources, value);
	c->compatibility = (enum diff_compatibility)word;
	return true;
}

int egctl_diff(struct egctl *e, int argc, char **argv)
{
	struct diff_command c = { .e = e, .compatibility = DIFF_BACKWARD };
	int n = options_take(e, argc, argv, take_option, &c), r = EGCTL_CANNOT;

	arena_init(&c.arena, 1u << 14, 0);
	buf_init(&c.out, 0);
	if (n == 2)
		r = run(&c, argv[0], argv[1]);
	else if (n >= 0)
		r = egctl_usage(e, "wants two documents");
	buf_fini(&c.out);
	arena_fini(&c.arena);
	resources_fini(&c.resources);
	return r;
}
