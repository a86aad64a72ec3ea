/* Why a record was not valid: the reporting pass, slow and with texts. The nearest
 * candidate is the one with the fewest errors. Owner: contract; runs in workers, for
 * records that failed. */
#include "base/utf8.h"
#include "contract/internal.h"

#define TRIAL_ERRORS 16

struct trial {
	const struct contract_message *message;
	const char *part;
	struct schema_report report;    /* of the first part that fails */
	const char *reason;             /* of a part that fails without a schema error */
	size_t distance;
};

static struct schema_error *one_error(struct arena *a, const char *message)
{
	struct schema_error *e = arena_alloc(a, sizeof *e);

	if (e)
		*e = (struct schema_error){ .instance = "", .keyword = "", .message = message, .expected = "", .found = "" };
	return e;
}

static void fail_plainly(struct trial *trial, struct arena *a, const char *part, const char *message)
{
	trial->part = part;
	trial->report.errors = one_error(a, message);
	trial->report.n = trial->report.errors ? 1 : 0;
}

static void fail_by_schema(struct contract *c, struct trial *trial, const char *part, uint32_t root, struct span json)
{
	trial->part = part;
	if (schema_explain(c->runner, root, json, &trial->report) == SCHEMA_UNDECIDABLE)
		trial->reason = trial->report.reason;
}

static void explain_key(struct contract *c, const struct record_view *r, struct trial *trial)
{
	const struct contract_part_rule *key = &trial->message->key;

	if (!span_is_null(r->key) && key->types != 0 && !(key->types & CONTRACT_BINARY) && !utf8_is_valid(r->key.p, r->key.n)) {
		fail_plainly(trial, trial->report.arena, "key", "the key is not UTF-8 text");
		return;
	}
	buf_clear(&c->text);
	(void)contract_typed(c, r->key, key->types, TYPED_FIRST, &c->text);
	fail_by_schema(c, trial, "key", key->schema, buf_span(&c->text));
}

static void explain_headers(struct contract *c, const struct record_view *r, struct trial *trial)
{
	if (r->nheaders > CONTRACT_MAX_HEADERS) {
		trial->part = "headers";
		trial->reason = "more than 256 headers";
		return;
	}
	struct header_reading reading = contract_headers_json(c, trial->message, r, TYPED_FIRST);
	if (!span_is_null(reading.not_text)) {
		const char *text = arena_printf(trial->report.arena, "the value of %.*s is not UTF-8 text", (int)reading.not_text.n, reading.not_text.p);
		fail_plainly(trial, trial->report.arena, "headers", text ? text : "not UTF-8 text");
		return;
	}
	if (buf_error(&c->headers) == 0)
		fail_by_schema(c, trial, "headers", trial->message->headers.schema, buf_span(&c->headers));
}

static void explain_payload(struct contract *c, const struct record_view *r, struct trial *trial)
{
	struct span json;

	if (trial->message->payload.mode == CONTRACT_TEXT && !utf8_is_valid(r->value.p, r->value.n)) {
		fail_plainly(trial, trial->report.arena, "payload", "expected UTF-8 text");
		return;
	}
	if (!span_is_null(r->value) && r->value.n == 0 && trial->message->payload.mode == CONTRACT_JSON) {
		fail_plainly(trial, trial->report.arena, "payload", "expected JSON, found an empty value");
		return;
	}
	if (contract_payload_json(c, trial->message, r->value, &json))
		fail_by_schema(c, trial, "payload", trial->message->payload.schema, json);
}

static bool ends_with(const char *text, const char *end)
{
	size_t n = strlen(text), k = strlen(end);

	return n >= k && strcmp(text + n - k, end) == 0;
}

/* A wrong constant says "I am another message" louder than a missing field does. */
static size_t weight(const struct trial *trial)
{
	size_t sum = trial->report.more;

	for (size_t i = 0; i < trial->report.n; i++) {
		const char *keyword = trial->report.errors[i].keyword ? trial->report.errors[i].keyword : "";
		sum += ends_with(keyword, "/const") || ends_with(keyword, "/enum") ? 3 : 1;
	}
	return sum ? sum : 1;
}

/* The parts that differ in how much is wrong: a candidate whose key and headers fit and
 * whose payload has one error is nearer than one that fails on its headers. */
static struct trial explain_message(struct contract *c, const struct contract_message *m, const struct record_view *r, const struct judgement_report *want, struct arena *a)
{
	static const struct {
		enum match (*match)(struct contract *, const struct contract_message *, const struct record_view *);
		void (*explain)(struct contract *, const struct record_view *, struct trial *);
		const char *part;
	} parts[] = {
		{ contract_match_payload, explain_payload, "payload" },
		{ contract_match_headers, explain_headers, "headers" },
		{ contract_match_key, explain_key, "key" },
	};
	struct trial first = { .message = m, .part = "" };

	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		enum match match = parts[i].match(c, m, r);
		if (match == MATCH_YES)
			continue;
		struct trial trial = { .message = m, .part = parts[i].part,
			.report = { .arena = a, .max = TRIAL_ERRORS, .hide_values = want->hide_values } };
		bool foreign = match == MATCH_UNDECIDABLE && m->reason.len > 0;
		if (foreign)
			trial.reason = image_text(&c->img, m->reason);
		else
			parts[i].explain(c, r, &trial);
		size_t distance = first.distance + weight(&trial);
		if (*first.part == 0 || (first.report.n == 0 && trial.report.n > 0))
			first = trial;
		first.distance = distance;
	}
	return first;
}

static bool is_empty(const struct candidates *set, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		if (candidate_is_in(set, i))
			return false;
	return true;
}

/* Of those that the record may be, or of all when it may be none. Trials report into the
 * scratch arena; the winner is explained once more for keeps. */
static struct trial nearest(struct contract *c, const struct contract_declaration *d, const struct record_view *r, struct judgement_report *want)
{
	const uint32_t *messages = contract_items(&c->t, d->messages);
	const struct contract_message *best = NULL;
	size_t distance = SIZE_MAX;
	struct candidates set;

	contract_candidates(c, d, r, &set);
	bool none = is_empty(&set, d->messages.n);
	for (uint32_t i = 0; i < d->messages.n && d->messages.n > 1; i++) {
		if (!none && !candidate_is_in(&set, i))
			continue;
		const struct contract_message *m = &c->t.messages[messages[i]];
		arena_reset(&c->arena);
		struct trial trial = explain_message(c, m, r, want, &c->arena);
		if (trial.distance < distance) {
			distance = trial.distance;
			best = m;
		}
	}
	arena_reset(&c->arena);
	if (!best && d->messages.n)
		best = &c->t.messages[messages[0]];
	return best ? explain_message(c, best, r, want, want->arena) : (struct trial){ .part = "" };
}

static const char *or_empty(const char *s)
{
	return s ? s : "";
}

/* Where the first error is: "/lumens", "headers /trace", "key". */
static const char *place(const struct judgement_report *report, const char *part, const struct schema_error *e)
{
	const char *instance = or_empty(e->instance);

	if (strcmp(part, "payload") == 0)
		return *instance ? instance : part;
	return or_empty(*instance ? arena_printf(report->arena, "%s %s", part, instance) : part);
}

static const char *what_was_wrong(const struct judgement_report *report, const struct schema_error *e)
{
	if (*or_empty(e->expected) == 0 || *or_empty(e->found) == 0)
		return or_empty(e->message);
	return or_empty(arena_printf(report->arena, "expected %s, found %s", e->expected, e->found));
}

static void tell_errors(struct judgement_report *report, const struct trial *trial)
{
	const struct schema_error *e = trial->report.errors;
	const char *name = *report->message ? report->message : report->channel;

	if (trial->report.n == 0) {
		report->text = or_empty(arena_printf(report->arena, "%s: %s cannot be judged: %s", name, *trial->part ? trial->part : "record",
			*or_empty(trial->reason) ? trial->reason : "no memory"));
		return;
	}
	report->text = or_empty(arena_printf(report->arena, "%s: %s: %s", name, place(report, trial->part, e), what_was_wrong(report, e)));
}

static void explain_declaration(struct contract *c, const struct contract_declaration *d, const struct record_view *r, const struct judgement *j, struct judgement_report *report)
{
	if (d->messages.n == 0) {
		report->text = or_empty(arena_printf(report->arena, "%s: the channel declares no message, so none may be sent", report->channel));
		return;
	}
	struct trial trial = j->verdict == VERDICT_UNDECIDABLE && j->message != CONTRACT_NONE
				     ? explain_message(c, &c->t.messages[j->message], r, report, report->arena)
				     : nearest(c, d, r, report);
	report->message = image_text(&c->img, trial.message->name);
	report->channel = contract_channel_name(c, trial.message->channel);
	report->part = trial.part;
	report->errors = trial.report.errors;
	report->nerrors = trial.report.n;
	tell_errors(report, &trial);
}

static void explain_ambiguous(struct contract *c, const struct contract_declaration *d, const struct record_view *r, struct judgement_report *report)
{
	const uint32_t *messages = contract_items(&c->t, d->messages);
	struct buf names;

	buf_init(&names, 1024);
	for (uint32_t i = 0; i < d->messages.n; i++) {
		const struct contract_message *m = &c->t.messages[messages[i]];
		if (contract_match_message(c, m, r) == MATCH_YES)
			buf_printf(&names, "%s%s", names.n ? ", " : "", image_text(&c->img, m->name));
	}
	report->text = or_empty(arena_printf(report->arena, "%s: matches several messages: %.*s; exactly one may match", report->channel, (int)names.n,
		names.p ? (const char *)names.p : ""));
	buf_fini(&names);
}

static void explain_undeclared(struct contract *c, struct judgement_report *report)
{
	report->part = "topic";
	report->text = "no document declares this topic";
	if (span_is_null(report->topic))
		return;
	const char *near = contract_nearest_topic(c, report->cluster, report->topic);
	const char *text = *near ? arena_printf(report->arena, "no document declares the topic %.*s; the nearest is %s", (int)report->topic.n, report->topic.p, near)
				 : arena_printf(report->arena, "no document declares the topic %.*s", (int)report->topic.n, report->topic.p);
	if (text)
		report->text = text;
}

void contract_explain(struct contract *c, const struct contract_topic *t, const struct record_view *r, const struct judgement *j, struct judgement_report *out)
{
	struct declaration_walk w = declaration_walk(c, t);
	const struct contract_declaration *d;

	out->document = contract_document_name(c, j->document);
	out->channel = contract_channel_name(c, j->channel);
	out->message = contract_message_name(c, j->message);
	out->part = out->text = "";
	out->errors = NULL;
	out->nerrors = 0;
	if (j->verdict == VERDICT_VALID)
		return;
	if (j->verdict == VERDICT_UNDECLARED) {
		explain_undeclared(c, out);
		return;
	}
	if (t->crowded)
		out->text = "more than 8 documents have a template for this topic";
	while ((d = declaration_next(&w))) {
		if (d->document != j->document)
			continue;
		if (j->verdict == VERDICT_AMBIGUOUS)
			explain_ambiguous(c, d, r, out);
		else
			explain_declaration(c, d, r, j, out);
		return;
	}
}
