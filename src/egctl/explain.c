/* egctl explain: what a document demands of a topic, with a record that is valid and one
 * that is refused for each message. Both were judged before they are shown. Owner: egctl. */
#include <stdio.h>
#include <stdlib.h>

#include "asyncapi/explain.h"
#include "egctl/document.h"
#include "egctl/option.h"

#define CHANNELS_MAX 64u

struct explain {
	struct egctl *e;
	const char *topic;
	struct resources resources;
	struct document d;
	struct probe p;
	struct arena arena;
	struct buf out;
	bool seen[ACTION_COUNT];         /* actions to say the meaning of */
};

/* The message at hand. */
struct shown {
	const struct model_channel *channel;
	const struct model_message *m;
	const struct explain_operation *operations;
	const char *topic, *mark, *why;
	struct asyncapi_policy policy;
	bool has_valid, has_refused;
	struct probe_record valid, refused;
};

/* What the client and the broker get, by action. */
static const char *const effects[ACTION_COUNT] = {
	[ACTION_OBSERVE] = "it passes; it is counted and logged",
	[ACTION_MARK] = "it passes with the header _asyncapi_eg_validation_error, which says why",
	[ACTION_DIVERT] = "it goes to the dead-letter topic; the producer gets error 87 and the reason",
	[ACTION_REJECT] = "it is refused, with what was sent to its partition in the same request; the producer gets error 87 and the reason",
};
/* What is said of an invalid record. */
static const char *const fates[ACTION_COUNT] = {
	[ACTION_OBSERVE] = "invalid", [ACTION_MARK] = "marked", [ACTION_DIVERT] = "diverted", [ACTION_REJECT] = "refused",
};
static const struct {
	enum verdict verdict;
	const char *meaning;
} verdicts[] = {
	{ VERDICT_INVALID, "no message accepts the record" },
	{ VERDICT_AMBIGUOUS, "several messages accept it" },
	{ VERDICT_UNDECIDABLE, "it cannot be judged" },
};

static void flush(struct explain *x)
{
	fwrite(x->out.p, 1, x->out.n, stdout);
	buf_clear(&x->out);
}

static const char *who(const struct explain_operation *o)
{
	return o->sends ? "the application of this document sends" : "others send, the application of this document receives";
}

/* ---- JSON ---- */

static void add_text(struct buf *out, const char *name, const char *text)
{
	buf_printf(out, "\"%s\":\"", name);
	buf_json_escape(out, span_str(text ? text : ""));
	buf_addch(out, '"');
}

static void add_operations(struct buf *out, const struct shown *s)
{
	unsigned n = 0;

	buf_puts(out, ",\"operations\":[");
	for (const struct explain_operation *o = s->operations; o; o = o->next) {
		if (!explain_carries(o, s->channel, s->m))
			continue;
		buf_puts(out, n++ ? ",{" : "{");
		add_text(out, "name", o->name);
		buf_printf(out, ",\"action\":\"%s\",\"reply\":%s}", o->sends ? "send" : "receive", o->reply ? "true" : "false");
	}
	buf_addch(out, ']');
}

static void add_record(struct buf *out, const char *name, bool has, const struct probe_record *r)
{
	buf_printf(out, ",\"%s\":", name);
	if (has)
		probe_print(out, r);
	else
		buf_puts(out, "null");
}

static void print_json(struct explain *x, const struct shown *s)
{
	struct buf *out = &x->out;

	buf_addch(out, '{');
	add_text(out, "topic", s->topic);
	buf_addch(out, ',');
	add_text(out, "channel", s->channel->name);
	buf_addch(out, ',');
	add_text(out, "address", s->channel->address);
	buf_addch(out, ',');
	add_text(out, "message", s->m->name);
	add_operations(out, s);
	buf_addch(out, ',');
	add_text(out, "told_apart_by", s->mark);
	buf_addch(out, ',');
	add_text(out, "correlation_id", s->m->correlation);
	buf_puts(out, ",\"policy\":{");
	for (size_t i = 0; i < ARRAY_LEN(verdicts); i++)
		buf_printf(out, "%s\"%s\":\"%s\"", i ? "," : "", verdict_word(verdicts[i].verdict), action_word(s->policy.action[verdicts[i].verdict]));
	buf_addch(out, '}');
	add_record(out, "valid", s->has_valid, &s->valid);
	add_record(out, "invalid", s->has_refused, &s->refused);
	buf_addch(out, ',');
	add_text(out, "reason", s->has_refused ? s->why : "");
	buf_puts(out, "}\n");
	flush(x);
}

/* ---- text ---- */

static void print_channel(struct explain *x, const struct model_channel *channel, const char *topic)
{
	struct buf *out = &x->out;

	buf_printf(out, "%s%s%s: channel %s of %s", egctl_paint(x->e, PAINT_BOLD), x->topic, egctl_paint(x->e, PAINT_PLAIN), channel->name, channel->document->name);
	if (!channel->address)
		buf_puts(out, ", which no Kafka topic is held to");
	else if (strcmp(channel->address, x->topic) != 0)
		buf_printf(out, ", address %s%s%s", channel->address, strcmp(topic, x->topic) ? ", for example " : "", strcmp(topic, x->topic) ? topic : "");
	buf_addch(out, '\n');
	flush(x);
}

static void print_operations(struct explain *x, const struct model_channel *channel, const struct explain_operation *operations)
{
	struct buf *out = &x->out;

	if (!operations)
		buf_puts(out, "  no operation says who sends here\n");
	for (const struct explain_operation *o = operations; o; o = o->next) {
		unsigned n = 0;
		buf_printf(out, "  %s ", who(o));
		for (const struct model_message *m = channel->messages; m; m = m->next)
			if (explain_carries(o, channel, m))
				buf_printf(out, "%s%s", n++ ? ", " : "", m->name);
		buf_puts(out, n ? "" : "nothing");
		if (*o->name)
			buf_printf(out, " (%s %s)", o->reply ? "reply of" : "operation", o->name);
		buf_addch(out, '\n');
	}
	if (!channel->messages)
		buf_puts(out, channel->open ? "  it says nothing of messages: any record may be sent\n" : "  it has no message: none may be sent\n");
	flush(x);
}

static const char *about(const struct model_message *m, struct arena *a)
{
	struct tree_node *text = tree_get(m->node, "summary");

	text = tree_is_string(text) ? text : tree_get(m->node, "title");
	return tree_is_string(text) ? arena_strndup(a, text->text.p, text->text.n) : NULL;
}

static const char *mark_of(const struct shown *s)
{
	if (s->channel->nmessages <= 1)
		return "it is the only message of the channel";
	return *s->mark ? s->mark : "no single constant; key, headers and payload must fit it and no other message";
}

static void add_parts(struct buf *out, const struct model_message *m)
{
	for (enum probe_part part = 0; part < PROBE_PARTS; part++) {
		const struct model_schema *s = probe_schema(m, part);
		const char *word = s->foreign ? "not judged" : s->node && !(part == PROBE_PAYLOAD && m->mode != CONTRACT_JSON && m->mode != CONTRACT_TEXT) ? "by its schema" : part == PROBE_PAYLOAD && m->mode == CONTRACT_UNDECIDABLE ? "not judged" : "anything";
		buf_printf(out, "%s%s %s", part ? ", " : "    ", probe_part_word(part), word);
	}
	buf_addch(out, '\n');
}

static void print_text(struct explain *x, const struct shown *s)
{
	struct buf *out = &x->out;
	const char *text = about(s->m, &x->arena);

	buf_printf(out, "\n  %s%s%s%s%s\n", egctl_paint(x->e, PAINT_BOLD), s->m->name, egctl_paint(x->e, PAINT_PLAIN), text ? ": " : "", text ? text : "");
	buf_printf(out, "    told apart: %s\n", mark_of(s));
	add_parts(out, s->m);
	if (s->m->correlation)
		buf_printf(out, "    correlation id required at %s\n", s->m->correlation);
	if (s->has_valid) {
		buf_printf(out, "    %svalid%s    ", egctl_paint(x->e, PAINT_GOOD), egctl_paint(x->e, PAINT_PLAIN));
		probe_print(out, &s->valid);
		buf_addch(out, '\n');
	} else {
		const char *why = *s->m->reason ? s->m->reason : s->why;
		buf_printf(out, "    no valid record could be made for an example%s%s\n", *why ? ": " : "", why);
	}
	if (s->has_refused) {
		buf_printf(out, "    %s%-9s%s", egctl_paint(x->e, PAINT_BAD), fates[s->policy.action[VERDICT_INVALID]], egctl_paint(x->e, PAINT_PLAIN));
		probe_print(out, &s->refused);
		buf_printf(out, "\n             %s\n", s->why);
	} else if (s->has_valid) {
		buf_puts(out, "    no record was found that is refused\n");
	}
	buf_puts(out, "    policy:");
	for (size_t i = 0; i < ARRAY_LEN(verdicts); i++) {
		enum action a = (enum action)s->policy.action[verdicts[i].verdict];
		buf_printf(out, "%s %s %s", i ? "," : "", verdict_word(verdicts[i].verdict), action_word(a));
		x->seen[a] = true;
	}
	buf_addch(out, '\n');
	flush(x);
}

/* ---- the topic ---- */

static void show_message(struct explain *x, const struct model_channel *channel, const struct model_message *m, const struct explain_operation *operations, const char *topic)
{
	struct shown *s = arena_alloc(&x->arena, sizeof *s);

	if (!s)
		return;
	*s = (struct shown){ .channel = channel, .m = m, .operations = operations, .topic = topic, .why = "" };
	s->mark = channel->nmessages > 1 ? explain_mark(&x->arena, channel, m) : "";
	s->policy = policy_nearest(m->policy, asyncapi_policy_default());
	s->has_valid = probe_valid(&x->p, &x->arena, channel, m, topic, &s->valid, &s->why);
	s->has_refused = s->has_valid && explain_refused(&x->p, &x->arena, channel, m, &s->valid, &s->refused, &s->why);
	(x->e->json ? print_json : print_text)(x, s);
}

static void show_channel(struct explain *x, const struct model_channel *channel)
{
	struct contract_topic found;
	struct explain_operation *operations = explain_operations(&x->arena, channel);

	contract_find(x->p.c, 0, span_str(x->topic), &found);
	const char *topic = found.index != UINT32_MAX ? x->topic : probe_topic(&x->arena, channel);
	if (!x->e->json) {
		print_channel(x, channel, topic);
		print_operations(x, channel, operations);
	}
	for (const struct model_message *m = channel->messages; m && !(channel->open && !x->e->json); m = m->next)
		show_message(x, channel, m, operations, topic);
}

static int show_undeclared(struct explain *x)
{
	const char *near = contract_nearest_topic(x->p.c, 0, span_str(x->topic));
	enum action a = (enum action)asyncapi_policy_default().action[VERDICT_UNDECLARED];

	if (x->e->json) {
		buf_addch(&x->out, '{');
		add_text(&x->out, "topic", x->topic);
		buf_addch(&x->out, ',');
		add_text(&x->out, "nearest", near);
		buf_printf(&x->out, ",\"policy\":{\"undeclared\":\"%s\"}}\n", action_word(a));
	} else {
		buf_printf(&x->out, "%s: no channel of the document is this topic%s%s\n", x->topic, *near ? "; the nearest is " : "", near);
		buf_printf(&x->out, "  undeclared   %s: %s\n", action_word(a), effects[a]);
	}
	flush(x);
	return EGCTL_FINDINGS;
}

static void print_legend(struct explain *x)
{
	putchar('\n');
	for (size_t i = 0; i < ARRAY_LEN(verdicts); i++)
		printf("  %-12s %s\n", verdict_word(verdicts[i].verdict), verdicts[i].meaning);
	for (int a = ACTION_COUNT - 1; a >= 0; a--)
		if (x->seen[a])
			printf("  %-12s %s\n", action_word((enum action)a), effects[a]);
}

static int explain_topic(struct explain *x)
{
	const struct model_channel *channels[CHANNELS_MAX];

	if (probe_open(&x->p, x->d.a, &x->d.img) < 0)
		return egctl_fail(x->e, "no memory");
	size_t n = explain_channels(&x->p, x->topic, channels, CHANNELS_MAX);
	for (size_t i = 0; i < n; i++) {
		if (i && !x->e->json)
			putchar('\n');
		show_channel(x, channels[i]);
	}
	if (n && !x->e->json)
		print_legend(x);
	int r = n ? EGCTL_GOOD : show_undeclared(x);
	probe_close(&x->p);
	return r;
}

static bool take_option(void *into, enum option_id id, const char *value, int word)
{
	struct explain *x = into;

	(void)id;
	(void)word;
	return resources_add(&x->resources, value);
}

int egctl_explain(struct egctl *e, int argc, char **argv)
{
	struct explain x = { .e = e };
	int n = options_take(e, argc, argv, take_option, &x), r = EGCTL_CANNOT;

	arena_init(&x.arena, 1u << 14, 0);
	buf_init(&x.out, 0);
	if (n == 2) {
		x.topic = argv[1];
		r = document_use(&x.d, e, argv[0], &x.resources);
		r = r == EGCTL_GOOD ? explain_topic(&x) : r;
		document_close(&x.d);
	} else if (n >= 0) {
		r = egctl_usage(e, "wants a document and a topic");
	}
	buf_fini(&x.out);
	arena_fini(&x.arena);
	resources_fini(&x.resources);
	return r;
}
