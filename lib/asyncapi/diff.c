/* Documents side by side: channels by address or name, operations, messages by name, and
 * their parts. Owner: asyncapi; loader and tool. */
#include "asyncapi/diff_internal.h"
#include "asyncapi/explain.h"

#define SCRATCH_MAX (64u << 20)         /* bytes that one record may take to make */

/* ---- matching ---- */

static bool same_text(const char *a, const char *b)
{
	return a && b && strcmp(a, b) == 0;
}

enum channel_match { BY_BOTH, BY_ADDRESS, BY_NAME, MATCHES };

static bool channels_match(const struct model_channel *a, const struct model_channel *b, enum channel_match how)
{
	bool name = same_text(a->name, b->name), address = same_text(a->address, b->address);

	return how == BY_BOTH ? name && (address || (!a->address && !b->address)) : how == BY_ADDRESS ? address : name;
}

struct channel_list {
	const struct model_channel **items;
	const struct model_channel **twins;     /* of the other side; NULL: none */
	size_t n;
};

static int list_channels(struct diff_run *run, const struct probe *p, struct channel_list *out)
{
	size_t n = 0;

	for (const struct asyncapi_document *d = p->a->documents; d; d = d->next)
		for (const struct model_channel *channel = d->channels; channel; channel = channel->next)
			n++;
	*out = (struct channel_list){ .items = arena_array(run->arena, n + 1, sizeof *out->items), .twins = arena_array(run->arena, n + 1, sizeof *out->twins) };
	if (!out->items || !out->twins)
		return E_NOMEM;
	for (const struct asyncapi_document *d = p->a->documents; d; d = d->next)
		for (const struct model_channel *channel = d->channels; channel; channel = channel->next)
			out->items[out->n++] = channel;
	return 0;
}

static void match_channels(struct channel_list *old, struct channel_list *new)
{
	for (enum channel_match how = BY_BOTH; how < MATCHES; how++)
		for (size_t i = 0; i < old->n; i++)
			for (size_t k = 0; k < new->n && !old->twins[i]; k++)
				if (!new->twins[k] && channels_match(old->items[i], new->items[k], how)) {
					old->twins[i] = new->items[k];
					new->twins[k] = old->items[i];
				}
}

/* ---- messages ---- */

static bool same_part(struct diff_run *run, const struct model_schema *a, const struct model_schema *b)
{
	if (!a->node || !b->node)
		return a->node == b->node;
	return a->dialect == b->dialect && same_text(a->foreign ? a->foreign : "", b->foreign ? b->foreign : "") && same_schema(run, a->node, b->node);
}

static const struct model_message *message_named(const struct model_channel *channel, const char *name)
{
	for (const struct model_message *m = channel->messages; m; m = m->next)
		if (strcmp(m->name, name) == 0)
			return m;
	return NULL;
}

static bool same_message(struct diff_run *run, const struct model_message *a, const struct model_message *b)
{
	return a->mode == b->mode && same_part(run, &a->payload, &b->payload) && same_part(run, &a->headers, &b->headers) && same_part(run, &a->key, &b->key);
}

/* Names need not be unique: the n-th of a name is that of the other side. */
static const struct model_message *message_of_rank(const struct model_message *m, const struct model_channel *own, const struct model_channel *other)
{
	const struct model_message *found = other->messages;
	unsigned rank = 0;

	for (const struct model_message *o = own->messages; o != m; o = o->next)
		rank += strcmp(o->name, m->name) == 0;
	for (; found; found = found->next)
		if (strcmp(found->name, m->name) == 0 && rank-- == 0)
			break;
	return found;
}

/* One that only got another name judges the same. */
static const struct model_message *message_like(struct diff_run *run, const struct model_message *m, const struct model_channel *own, const struct model_channel *other)
{
	const struct model_message *named = message_of_rank(m, own, other);

	for (const struct model_message *o = named ? NULL : other->messages; o; o = o->next)
		if (!message_named(own, o->name) && same_message(run, m, o))
			return o;
	return named;
}

static void compare_policy(struct diff_run *run, const struct diff_pair *pair)
{
	static const enum verdict verdicts[] = { VERDICT_INVALID, VERDICT_AMBIGUOUS, VERDICT_UNDECIDABLE };
	struct asyncapi_policy usual = asyncapi_policy_default();
	struct asyncapi_policy old = policy_nearest(pair->old->policy, usual), new = policy_nearest(pair->new->policy, usual);

	for (size_t i = 0; i < ARRAY_LEN(verdicts); i++) {
		uint8_t was = old.action[verdicts[i]], is = new.action[verdicts[i]];
		if (was == is)
			continue;
		const char *actions = diff_text(run, "%s, now it is %s", action_word((enum action)was), action_word((enum action)is));
		struct diff_change *change = diff_add(run, is > was ? DIFF_POLICY_TIGHTER : DIFF_POLICY_LOOSER, tree_key_location(pair->new->node), verdict_word(verdicts[i]), actions);
		if (!change)
			return;
		change->channel = pair->new_channel->name;
		change->message = pair->new->name;
	}
}

static const char *mode_word(enum contract_mode mode)
{
	static const char *const words[CONTRACT_MODE_COUNT] = { "as anything", "as JSON", "as text", "not at all" };

	return words[mode];
}

/* How bytes become what the schemas see. */
static void compare_reading(struct diff_run *run, const struct diff_pair *pair)
{
	static const struct diff_place payload = { .part = PROBE_PAYLOAD, .name = "payload" };
	static const char *const null[] = { NULL }, *const texts[] = { "\"text\"", "{}", "1" };
	const struct model_message *old = pair->old, *new = pair->new;
	struct location at = tree_key_location(new->node);

	if (old->mode != new->mode && old->payload.node && new->payload.node && !old->payload.foreign && !new->payload.foreign) {
		const char *detail = diff_text(run, "%s, and now %s,", mode_word(old->mode), mode_word(new->mode));
		struct diff_place place = payload;
		place.name = detail;
		diff_claim(run, pair, &(struct diff_claim){ .kind = DIFF_CONTENT, .ways = 3, .place = &place, .detail = "", .texts = texts, .ntexts = ARRAY_LEN(texts), .at = at });
	}
	bool was = pair->old_channel->compacted, is = pair->new_channel->compacted;
	if (was != is)
		diff_claim(run, pair, &(struct diff_claim){ .kind = DIFF_TOMBSTONE, .ways = was ? 1u << WAY_REFUSED : 1u << WAY_ACCEPTED, .place = &payload, .detail = "",
			.texts = null, .ntexts = 1, .exact = true, .at = at });
}

/* Records that were one message alone and now are several. */
static void check_ambiguity(struct diff_run *run, const struct diff_pair *pair)
{
	for (unsigned variant = 0; variant < SAMPLE_VARIANTS; variant++) {
		arena_reset(&run->scratch);
		struct probe_record *r = arena_alloc(&run->scratch, sizeof *r);
		if (!r)
			return;
		r->topic = pair->old_topic;
		if (!probe_make(&run->scratch, pair->old, variant, PROBE_PAYLOAD, NULL, r))
			continue;
		if (probe_judge(run->old, &run->scratch, pair->old_channel, r, false).verdict != VERDICT_VALID)
			continue;
		r->topic = pair->new_topic;
		struct probe_verdict v = probe_judge(run->new, &run->scratch, pair->new_channel, r, true);
		if (v.verdict != VERDICT_AMBIGUOUS)
			continue;
		struct diff_change *change = diff_add(run, DIFF_MESSAGE_AMBIGUOUS, tree_key_location(pair->new->node), pair->old->name, "");
		struct buf out;
		buf_init(&out, 1u << 20);
		probe_print(&out, r);
		if (change) {
			change->channel = pair->new_channel->name;
			change->message = pair->new->name;
			change->witness = diff_text(run, "%.*s", (int)out.n, (const char *)out.p);
			change->reason = diff_text(run, "%s", v.text);
		}
		buf_fini(&out);
		return;
	}
}

static void compare_messages(struct diff_run *run, const struct diff_pair *pair)
{
	for (enum probe_part part = 0; part < PROBE_PARTS; part++)
		diff_schemas(run, pair, part);
	compare_reading(run, pair);
	compare_policy(run, pair);
	check_ambiguity(run, pair);
}

/* One that the other side lacks. */
static void claim_lone(struct diff_run *run, const struct diff_pair *pair, enum diff_kind kind, enum diff_way way)
{
	const struct model_message *m = way == WAY_REFUSED ? pair->old : pair->new;

	diff_claim(run, pair, &(struct diff_claim){ .kind = kind, .ways = 1u << way, .detail = m->name, .at = tree_key_location(m->node) });
}

static void compare_all_messages(struct diff_run *run, const struct diff_pair *channels)
{
	struct diff_pair pair = *channels;

	for (const struct model_message *m = pair.old_channel->messages; m; m = m->next) {
		pair.old = m;
		pair.new = message_like(run, m, pair.old_channel, pair.new_channel);
		if (pair.new)
			compare_messages(run, &pair);
		else
			claim_lone(run, &pair, DIFF_MESSAGE_REMOVED, WAY_REFUSED);
	}
	for (const struct model_message *m = pair.new_channel->messages; m; m = m->next) {
		pair.old = NULL;
		pair.new = m;
		if (!message_like(run, m, pair.new_channel, pair.old_channel))
			claim_lone(run, &pair, DIFF_MESSAGE_ADDED, WAY_ACCEPTED);
	}
}

/* A channel that says nothing of its messages lets all pass. */
static void compare_openness(struct diff_run *run, const struct diff_pair *channels)
{
	static const struct diff_place payload = { .part = PROBE_PAYLOAD, .name = "payload" };
	static const char *const texts[] = { "{}", "\"text\"", "[]", "1", "null" };
	static const struct model_message anything = { .name = "", .reason = "", .mode = CONTRACT_FREE };
	struct diff_pair pair = *channels;
	bool closed = pair.old_channel->open;

	if (pair.old_channel->open == pair.new_channel->open)
		return;
	pair.old = closed ? &anything : NULL;
	pair.new = closed ? NULL : &anything;
	diff_claim(run, &pair, &(struct diff_claim){ .kind = DIFF_CHANNEL_CLOSED, .ways = closed ? 1u << WAY_REFUSED : 1u << WAY_ACCEPTED, .place = &payload, .detail = "",
		.texts = texts, .ntexts = ARRAY_LEN(texts), .exact = true, .at = tree_key_location(pair.new_channel->node) });
}

/* ---- parameters ---- */

static const struct model_parameter *parameter_named(const struct model_channel *channel, struct span name)
{
	for (const struct model_parameter *p = channel->parameters; p; p = p->next)
		if (span_eq(p->name, name))
			return p;
	return NULL;
}

static bool has_text(struct tree_node *list, struct span text)
{
	tree_each(item, list)
		if (tree_is_string(item) && span_eq(item->text, text))
			return true;
	return false;
}

/* The channel's example topic with another value for one parameter. */
static const char *topic_with(struct diff_run *run, const struct model_channel *channel, struct span name, struct span value)
{
	struct buf out;

	buf_init(&out, 4096);
	for (const char *at = channel->address; *at;) {
		const char *close = *at == '{' ? strchr(at, '}') : NULL;
		struct span inside = close ? span_of(at + 1, (size_t)(close - at - 1)) : SPAN_NULL;
		const struct model_parameter *p = close ? parameter_named(channel, inside) : NULL;
		const struct tree_node *first = p ? tree_item(p->values, 0) : NULL;
		if (!close)
			buf_addch(&out, *at++);
		else if (span_eq(inside, name))
			buf_add(&out, value.p, value.n);
		else if (tree_is_string(first))
			buf_add(&out, first->text.p, first->text.n);
		else
			buf_addch(&out, '1');
		at = close ? close + 1 : at;
	}
	const char *text = diff_text(run, "%.*s", (int)out.n, (const char *)out.p);
	buf_fini(&out);
	return text;
}

static void claim_topic(struct diff_run *run, const struct diff_pair *channels, const struct model_channel *of, struct span name, struct span value, enum diff_way way, struct location at)
{
	struct diff_pair pair = *channels;

	pair.old_topic = pair.new_topic = topic_with(run, of, name, value);
	pair.old = pair.old_channel->messages;
	pair.new = pair.new_channel->messages;
	diff_claim(run, &pair, &(struct diff_claim){ .kind = DIFF_PARAMETER, .ways = 1u << way, .detail = pair.old_topic, .at = at });
}

static void compare_parameter(struct diff_run *run, const struct diff_pair *pair, const struct model_parameter *old, const struct model_parameter *new)
{
	struct location at = new->node ? tree_key_location(new->node) : tree_key_location(pair->new_channel->node);

	tree_each(v, old->values)
		if (new->values && tree_is_string(v) && !has_text(new->values, v->text))
			claim_topic(run, pair, pair->old_channel, old->name, v->text, WAY_REFUSED, at);
	tree_each(v, new->values)
		if (old->values && tree_is_string(v) && !has_text(old->values, v->text))
			claim_topic(run, pair, pair->new_channel, new->name, v->text, WAY_ACCEPTED, at);
	if ((old->values != NULL) != (new->values != NULL))
		claim_topic(run, pair, new->values ? pair->old_channel : pair->new_channel, old->name, SPAN_LIT("another-value"), new->values ? WAY_REFUSED : WAY_ACCEPTED, at);
	bool schemas = old->schema.node || new->schema.node;
	if (!schemas || (old->schema.node && new->schema.node && same_schema(run, old->schema.node, new->schema.node)))
		return;
	claim_topic(run, pair, pair->old_channel, old->name, SPAN_LIT("1"), WAY_REFUSED, at);
	claim_topic(run, pair, pair->new_channel, new->name, SPAN_LIT("1"), WAY_ACCEPTED, at);
}

static void compare_parameters(struct diff_run *run, const struct diff_pair *pair)
{
	if (!pair->old_channel->address || !same_text(pair->old_channel->address, pair->new_channel->address))
		return;
	for (const struct model_parameter *p = pair->old_channel->parameters; p; p = p->next) {
		const struct model_parameter *twin = parameter_named(pair->new_channel, p->name);
		if (twin)
			compare_parameter(run, pair, p, twin);
	}
}

/* ---- operations ---- */

static const char *names_of(struct diff_run *run, const struct model_channel *channel, const struct explain_operation *o)
{
	const char *text = "";

	for (const struct model_message *m = channel->messages; m; m = m->next)
		if (explain_carries(o, channel, m))
			text = diff_text(run, "%s%s%s", text, *text ? ", " : "", m->name);
	return *text ? text : "what the channel has";
}

static bool does(struct explain_operation *all, const struct model_channel *channel, bool sends, const struct model_message *m)
{
	for (; all; all = all->next)
		if (all->sends == sends && (!m || explain_carries(all, channel, m)))
			return true;
	return false;
}

static void lose(struct diff_run *run, const struct model_channel *channel, bool sends, const char *what, struct location at)
{
	struct diff_change *change = diff_add(run, sends ? DIFF_OPERATION_LOST_SENDER : DIFF_OPERATION_LOST_RECEIVER, at, what, "");

	if (change)
		change->channel = channel->name;
}

/* Each way by the channel as a whole, else by message. */
static void compare_operations(struct diff_run *run, const struct diff_pair *pair)
{
	struct explain_operation *old = explain_operations(run->arena, pair->old_channel), *new = explain_operations(run->arena, pair->new_channel);
	struct location at = tree_key_location(pair->new_channel->node);

	for (int sends = 0; sends < 2; sends++) {
		bool did = does(old, pair->old_channel, sends, NULL), now = does(new, pair->new_channel, sends, NULL);
		for (const struct explain_operation *o = old; o && did && !now; o = o->next)
			if (o->sends == (bool)sends)
				lose(run, pair->new_channel, sends, names_of(run, pair->old_channel, o), at);
		for (const struct model_message *m = pair->old_channel->messages; m && did && now; m = m->next) {
			const struct model_message *twin = message_named(pair->new_channel, m->name);
			if (twin && does(old, pair->old_channel, sends, m) && !does(new, pair->new_channel, sends, twin))
				lose(run, pair->new_channel, sends, m->name, at);
		}
		if (did || !now)
			continue;
		struct diff_change *change = diff_add(run, DIFF_OPERATION_ADDED, at, sends ? "sends" : "receives", "");
		if (change)
			change->channel = pair->new_channel->name;
	}
}

/* ---- channels ---- */

static bool declares(const struct probe *p, const char *topic)
{
	struct contract_topic found;

	contract_find(p->c, 0, span_str(topic), &found);
	return found.index != CONTRACT_NONE;
}

static void compare_channels(struct diff_run *run, const struct model_channel *old, const struct model_channel *new)
{
	struct diff_pair pair = { .old_channel = old, .new_channel = new, .old_topic = probe_topic(run->arena, old), .new_topic = probe_topic(run->arena, new) };

	if (!same_text(old->address, new->address) && (old->address || new->address)) {
		struct diff_change *change = diff_add(run, DIFF_CHANNEL_MOVED, tree_key_location(new->node), old->address ? old->address : "none",
			new->address ? new->address : "none");
		if (change)
			change->channel = new->name;
	} else if (declares(run->new, pair.old_topic)) {
		pair.new_topic = pair.old_topic;       /* of a template, the same topic for both */
	} else {
		pair.old_topic = pair.new_topic;
	}
	compare_parameters(run, &pair);
	compare_operations(run, &pair);
	compare_openness(run, &pair);
	if (!old->open && !new->open)
		compare_all_messages(run, &pair);
}

static void tell_lone(struct diff_run *run, const struct model_channel *channel, enum diff_kind kind)
{
	struct diff_change *change = diff_add(run, kind, tree_key_location(channel->node), channel->address ? channel->address : channel->name, "");

	if (change)
		change->channel = channel->name;
}

int asyncapi_diff(struct probe *old, struct probe *new, struct arena *a, struct diff *out)
{
	struct diff_run run = { .old = old, .new = new, .arena = a, .out = out };
	struct channel_list before, after;

	*out = (struct diff){ 0 };
	if (list_channels(&run, old, &before) < 0 || list_channels(&run, new, &after) < 0)
		return E_NOMEM;
	arena_init(&run.scratch, 1u << 16, SCRATCH_MAX);
	match_channels(&before, &after);
	for (size_t i = 0; i < before.n; i++) {
		if (before.twins[i])
			compare_channels(&run, before.items[i], before.twins[i]);
		else
			tell_lone(&run, before.items[i], DIFF_CHANNEL_REMOVED);
	}
	for (size_t i = 0; i < after.n; i++)
		if (!after.twins[i])
			tell_lone(&run, after.items[i], DIFF_CHANNEL_ADDED);
	arena_fini(&run.scratch);
	return run.no_memory || old->a->no_memory || new->a->no_memory ? E_NOMEM : 0;
}
