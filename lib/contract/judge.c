/* A record in, a verdict and an action out: every candidate of every declaring document
 * is tried on key, headers and payload. The valid case allocates nothing once the scratch
 * has grown to the largest part seen. Owner: contract; runs in workers. */
#include "base/utf8.h"
#include "contract/internal.h"

#define KEPT_SCRATCH (1u << 20)         /* bytes; larger scratch goes back after the record */

static enum match from_schema(enum schema_verdict v)
{
	return v == SCHEMA_VALID ? MATCH_YES : v == SCHEMA_INVALID ? MATCH_NO : MATCH_UNDECIDABLE;
}

static enum match run_buf(struct contract *c, uint32_t root, const struct buf *json)
{
	return buf_error(json) ? MATCH_UNDECIDABLE : from_schema(schema_run(c->runner, root, buf_span(json)));
}

static bool is_text(struct span text, uint32_t types)
{
	return (types & CONTRACT_BINARY) || types == 0 || utf8_is_valid(text.p, text.n);
}

enum match contract_match_key(struct contract *c, const struct contract_message *m, const struct record_view *r)
{
	if (m->key.mode == CONTRACT_FREE)
		return MATCH_YES;
	if (m->key.mode == CONTRACT_UNDECIDABLE)
		return MATCH_UNDECIDABLE;
	if (!is_text(r->key, m->key.types))
		return MATCH_NO;
	buf_clear(&c->text);
	(void)contract_typed(c, r->key, m->key.types, TYPED_FIRST, &c->text);
	enum match first = run_buf(c, m->key.schema, &c->text);
	if (first != MATCH_NO)
		return first;
	buf_clear(&c->text);
	if (!contract_typed(c, r->key, m->key.types, TYPED_PARSED, &c->text))
		return first;
	return run_buf(c, m->key.schema, &c->text);
}

enum match contract_match_headers(struct contract *c, const struct contract_message *m, const struct record_view *r)
{
	if (m->headers.mode == CONTRACT_FREE)
		return MATCH_YES;
	if (m->headers.mode == CONTRACT_UNDECIDABLE || r->nheaders > CONTRACT_MAX_HEADERS)
		return MATCH_UNDECIDABLE;
	struct header_reading reading = contract_headers_json(c, m, r, TYPED_FIRST);
	if (!span_is_null(reading.not_text))
		return MATCH_NO;
	enum match first = run_buf(c, m->headers.schema, &c->headers);
	if (first != MATCH_NO || !reading.other)
		return first;
	(void)contract_headers_json(c, m, r, TYPED_PARSED);
	return run_buf(c, m->headers.schema, &c->headers);
}

enum match contract_match_payload(struct contract *c, const struct contract_message *m, const struct record_view *r)
{
	struct span json;

	if (m->payload.mode == CONTRACT_FREE || (m->tombstone && span_is_null(r->value)))
		return MATCH_YES;
	if (m->payload.mode == CONTRACT_UNDECIDABLE)
		return MATCH_UNDECIDABLE;
	if (m->payload.mode == CONTRACT_TEXT && !utf8_is_valid(r->value.p, r->value.n))
		return MATCH_NO;
	if (!contract_payload_json(c, m, r->value, &json))
		return MATCH_UNDECIDABLE;
	return from_schema(schema_run(c->runner, m->payload.schema, json));
}

/* A part that fails outweighs one that cannot be judged. */
enum match contract_match_message(struct contract *c, const struct contract_message *m, const struct record_view *r)
{
	static enum match (*const parts[])(struct contract *, const struct contract_message *, const struct record_view *) = {
		contract_match_key, contract_match_headers, contract_match_payload,
	};
	enum match all = MATCH_YES;

	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		enum match part = parts[i](c, m, r);
		if (part == MATCH_NO)
			return MATCH_NO;
		if (part == MATCH_UNDECIDABLE)
			all = MATCH_UNDECIDABLE;
	}
	return all;
}

/* ---- policy ---- */

static bool rule_says(const struct contract_rule *r, struct image_str message, enum verdict v)
{
	return r->actions.of[v] != CONTRACT_ACTION_UNSET && (r->message.len == 0 || r->message.off == message.off);
}

enum action contract_action(const struct contract *c, const struct contract_topic *t, struct image_str message, const struct contract_actions *own, enum verdict v)
{
	for (size_t i = 0; i < c->t.nrules; i++)
		if ((t->rules[i / 32] >> i % 32 & 1) && rule_says(&c->t.rules[i], message, v))
			return c->t.rules[i].actions.of[v];
	return own->of[v];
}

/* ---- one document ---- */

struct tally {
	unsigned yes, undecidable, tried;
	uint32_t first_yes, first_undecidable, last_tried;  /* messages */
};

static void try_one(struct contract *c, uint32_t message, const struct record_view *r, struct tally *tally)
{
	enum match match = contract_match_message(c, &c->t.messages[message], r);

	tally->tried++;
	tally->last_tried = message;
	if (match == MATCH_YES && tally->yes++ == 0)
		tally->first_yes = message;
	if (match == MATCH_UNDECIDABLE && tally->undecidable++ == 0)
		tally->first_undecidable = message;
}

static struct tally try_all(struct contract *c, const struct contract_declaration *d, const struct record_view *r)
{
	struct tally tally = { 0, 0, 0, CONTRACT_NONE, CONTRACT_NONE, CONTRACT_NONE };
	const uint32_t *messages = contract_items(&c->t, d->messages);
	struct candidates set;

	contract_candidates(c, d, r, &set);
	for (uint32_t word = 0; word * 32 < d->messages.n; word++)
		for (uint32_t left = set.bits[word]; left; left &= left - 1)
			try_one(c, messages[word * 32 + (uint32_t)__builtin_ctz(left)], r, &tally);
	return tally;
}

/* A record that one message accepts is valid although a sibling cannot be judged. */
static enum verdict verdict_of(const struct tally *tally)
{
	if (tally->yes == 1)
		return VERDICT_VALID;
	if (tally->yes > 1)
		return VERDICT_AMBIGUOUS;
	return tally->undecidable ? VERDICT_UNDECIDABLE : VERDICT_INVALID;
}

/* The verdict may concern each candidate: the strictest of their actions. */
static enum action strictest_action(const struct contract *c, const struct contract_topic *t, const struct contract_declaration *d, enum verdict v)
{
	const uint32_t *messages = contract_items(&c->t, d->messages);
	enum action strictest = ACTION_OBSERVE;

	if (d->messages.n == 0)
		return contract_action(c, t, (struct image_str){ 0, 0 }, &d->actions, v);
	for (uint32_t i = 0; i < d->messages.n; i++) {
		const struct contract_message *m = &c->t.messages[messages[i]];
		enum action a = contract_action(c, t, m->name, &m->actions, v);
		if (a > strictest)
			strictest = a;
	}
	return strictest;
}

/* A refused record that can be one message only is a bad one of that message. */
static uint32_t message_of(const struct tally *tally)
{
	if (tally->yes)
		return tally->first_yes;
	if (tally->undecidable)
		return tally->first_undecidable;
	return tally->tried == 1 ? tally->last_tried : CONTRACT_NONE;
}

static struct judgement judge_declaration(struct contract *c, const struct contract_topic *t, const struct contract_declaration *d, const struct record_view *r)
{
	struct tally tally = try_all(c, d, r);
	struct judgement j = { .verdict = verdict_of(&tally), .document = d->document, .message = message_of(&tally) };

	j.channel = j.message == CONTRACT_NONE ? d->channel : c->t.messages[j.message].channel;
	j.action = j.verdict == VERDICT_VALID ? ACTION_OBSERVE : strictest_action(c, t, d, j.verdict);
	return j;
}

/* ---- all documents ---- */

/* Strictest action first; of equal ones the verdict that says most. */
static bool is_worse(const struct judgement *a, const struct judgement *b)
{
	static const uint8_t rank[VERDICT_COUNT] = { [VERDICT_AMBIGUOUS] = 1, [VERDICT_UNDECIDABLE] = 2, [VERDICT_INVALID] = 3 };

	return a->action != b->action ? a->action > b->action : rank[a->verdict] > rank[b->verdict];
}

static void drop_large_scratch(struct contract *c)
{
	if (unlikely(c->text.cap > KEPT_SCRATCH)) {
		buf_fini(&c->text);
		buf_init(&c->text, 0);
	}
	if (unlikely(c->headers.cap > KEPT_SCRATCH)) {
		buf_fini(&c->headers);
		buf_init(&c->headers, 0);
	}
}

static struct judgement nothing_fits(const struct contract *c, const struct contract_topic *t)
{
	struct judgement j = { .verdict = VERDICT_UNDECIDABLE, .channel = CONTRACT_NONE, .message = CONTRACT_NONE, .document = CONTRACT_NONE };

	j.action = contract_action(c, t, (struct image_str){ 0, 0 }, &c->t.root->policy, VERDICT_UNDECIDABLE);
	return j;
}

/* The message that the record must be if its payload is valid; CONTRACT_NONE: not so simple. */
static uint32_t likely_message(const struct contract *c, const struct contract_topic *t, const struct record_view *r)
{
	if (likely(t->lone != CONTRACT_NONE) || !t->only)
		return t->lone;
	uint32_t chosen = contract_choose(c, t->only, r);
	return chosen != CONTRACT_NONE && contract_payload_decides(&c->t.messages[chosen]) ? chosen : CONTRACT_NONE;
}

/* Most records can be one message only, and are valid: nothing is gathered then. */
static bool is_plainly_valid(struct contract *c, const struct contract_topic *t, const struct record_view *r, struct judgement *out)
{
	uint32_t message = likely_message(c, t, r);

	if (message == CONTRACT_NONE || span_is_null(r->value))
		return false;
	const struct contract_message *m = &c->t.messages[message];
	if (schema_run(c->runner, m->payload.schema, r->value) != SCHEMA_VALID)
		return false;
	*out = (struct judgement){ VERDICT_VALID, ACTION_OBSERVE, m->channel, message, m->document };
	return true;
}

static struct judgement undeclared(const struct contract_topic *t)
{
	return (struct judgement){ VERDICT_UNDECLARED, t->undeclared_action, CONTRACT_NONE, CONTRACT_NONE, CONTRACT_NONE };
}

static NOINLINE void judge_all(struct contract *c, const struct contract_topic *t, const struct record_view *r, struct judgement *out)
{
	struct declaration_walk w = declaration_walk(c, t);
	const struct contract_declaration *d;
	bool first = true;

	*out = undeclared(t);
	while ((d = declaration_next(&w))) {
		struct judgement j = judge_declaration(c, t, d, r);
		bool accepted = j.verdict == VERDICT_VALID;
		if (first || (accepted && c->t.root->any_document) || (!accepted && (out->verdict == VERDICT_VALID || is_worse(&j, out))))
			*out = j;
		first = false;
		if (accepted && c->t.root->any_document)
			break;
	}
	drop_large_scratch(c);
}

void contract_judge(struct contract *c, const struct contract_topic *t, const struct record_view *r, struct judgement *out)
{
	if (likely(is_plainly_valid(c, t, r, out)))
		return;
	if (t->index == CONTRACT_NONE)
		*out = undeclared(t);
	else if (unlikely(t->crowded))
		*out = nothing_fits(c, t);
	else
		judge_all(c, t, r, out);
}
