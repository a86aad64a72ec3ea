/* A channel for a person: operations, marks of messages, a refused record. What it says of
 * records was judged before. Owner: asyncapi; runs in the tool. */
#include "asyncapi/explain.h"

/* ---- channels ---- */

static bool is_called(const struct model_channel *channel, const char *name)
{
	const struct tree_node *address = tree_get(channel->node, "address");

	return strcmp(channel->name, name) == 0 || (channel->address && strcmp(channel->address, name) == 0) || (tree_is_string(address) && span_is(address->text, name));
}

size_t explain_channels(struct probe *p, const char *topic, const struct model_channel **out, size_t cap)
{
	struct contract_topic found;
	size_t n = 0;

	contract_find(p->c, 0, span_str(topic), &found);
	const char *address = contract_topic_name(p->c, &found);
	for (struct asyncapi_document *d = p->a->documents; d; d = d->next)
		for (const struct model_channel *channel = d->channels; channel && n < cap; channel = channel->next)
			if (*address ? channel->address && strcmp(channel->address, address) == 0 : is_called(channel, topic))
				out[n++] = channel;
	return n;
}

/* ---- operations ---- */

struct operations {
	struct arena *arena;
	struct explain_operation *first, **tail;
};

static void add(struct operations *all, struct explain_operation o)
{
	struct explain_operation *copy = arena_alloc(all->arena, sizeof *copy);

	if (!copy)
		return;
	*copy = o;
	*all->tail = copy;
	all->tail = &copy->next;
}

static const char *text_or_empty(struct arena *a, struct span text)
{
	const char *copy = text.n ? arena_strndup(a, text.p, text.n) : NULL;

	return copy ? copy : "";
}

static void add_of_3(struct operations *all, const struct model_channel *channel)
{
	tree_each(item, tree_get(channel->document->root, "operations")) {
		struct tree_node *operation = tree_deref(item);
		struct tree_node *reply = tree_get(operation, "reply"), *at = tree_get(operation, "channel"), *action = tree_get(operation, "action");
		reply = reply ? tree_deref(reply) : NULL;
		struct tree_node *back = tree_get(reply, "channel");
		bool sends = tree_is_string(action) && span_is(action->text, "send");
		const char *name = text_or_empty(all->arena, item->key);
		if (at && tree_deref(at) == channel->node)
			add(all, (struct explain_operation){ .name = name, .sends = sends, .messages = tree_get(operation, "messages") });
		if (back && tree_deref(back) == channel->node)
			add(all, (struct explain_operation){ .name = name, .sends = !sends, .reply = true, .messages = tree_get(reply, "messages") });
	}
}

/* 2.x tells what others may do: who publishes is not the application. */
static void add_of_2(struct operations *all, const struct model_channel *channel)
{
	static const char *const words[] = { "publish", "subscribe" };

	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		struct tree_node *operation = tree_get(channel->node, words[i]);
		if (!operation)
			continue;
		struct tree_node *merged = merge_traits(channel->document, operation), *id = tree_get(merged, "operationId");
		struct tree_node *message = tree_get(merged, "message");
		add(all, (struct explain_operation){ .name = tree_is_string(id) ? text_or_empty(all->arena, id->text) : "", .sends = i == 1,
			.only = message ? tree_deref(message) : NULL });
	}
}

struct explain_operation *explain_operations(struct arena *a, const struct model_channel *channel)
{
	struct operations all = { .arena = a };

	all.tail = &all.first;
	if (channel->document->version < V30)
		add_of_2(&all, channel);
	else
		add_of_3(&all, channel);
	return all.first;
}

static bool is_one_of(struct tree_node *list, const struct model_message *m)
{
	tree_each(item, list)
		if (tree_deref(item) == m->identity)
			return true;
	return false;
}

bool explain_carries(const struct explain_operation *o, const struct model_channel *channel, const struct model_message *m)
{
	if (channel->document->version >= V30)
		return !o->messages || is_one_of(o->messages, m);
	struct tree_node *several = tree_get(o->only, "oneOf");
	return !o->only || (several ? is_one_of(several, m) : o->only == m->identity);
}

/* ---- marks ---- */

#define MARK_DEPTH 8u

/* The schema of a member, through references and allOf; *required when any asks for it. */
static struct tree_node *member_schema(struct tree_node *schema, struct span name, unsigned depth, bool *required)
{
	schema = depth && schema && schema->kind == TREE_MAP ? tree_deref(schema) : NULL;
	struct tree_node *found = tree_get_span(tree_get(schema, "properties"), name);

	tree_each(word, tree_get(schema, "required"))
		*required |= tree_is_string(word) && span_eq(word->text, name);
	tree_each(item, tree_get(schema, "allOf")) {
		struct tree_node *other = member_schema(item, name, depth - 1, required);
		found = found ? found : other;
	}
	return found;
}

/* The texts that a schema admits; NULL when it admits others too. One text is a list of one. */
static struct tree_node *constants(struct tree_node *schema, bool *single)
{
	schema = schema && schema->kind == TREE_MAP ? tree_deref(schema) : NULL;
	struct tree_node *one = tree_get(schema, "const"), *several = tree_get(schema, "enum");

	*single = one != NULL;
	if (one)
		return tree_is_string(one) ? one : NULL;
	if (!several || several->kind != TREE_SEQ || !several->count)
		return NULL;
	tree_each(value, several)
		if (!tree_is_string(value))
			return NULL;
	return several;
}

static bool are_disjoint(struct tree_node *a, bool a_single, struct tree_node *b, bool b_single)
{
	for (struct tree_node *x = a_single ? a : a->first; x; x = a_single ? NULL : x->next)
		for (struct tree_node *y = b_single ? b : b->first; y; y = b_single ? NULL : y->next)
			if (span_eq(x->text, y->text))
				return false;
	return true;
}

/* Whether no other message of the channel admits a value of this member. */
static bool tells_apart(const struct model_channel *channel, const struct model_message *m, enum probe_part part, struct span name, struct tree_node *values, bool single)
{
	for (const struct model_message *other = channel->messages; other; other = other->next) {
		const struct model_schema *s = probe_schema(other, part);
		bool required = false, other_single = false;
		if (other == m)
			continue;
		struct tree_node *theirs = s->foreign ? NULL : constants(member_schema(s->node, name, MARK_DEPTH, &required), &other_single);
		if (!theirs || !are_disjoint(values, single, theirs, other_single))
			return false;
	}
	return true;
}

static const char *mark_text(struct arena *a, enum probe_part part, struct span name, struct tree_node *values, bool single)
{
	struct buf out;

	buf_init(&out, 4096);
	buf_printf(&out, "%s /%.*s is", probe_part_word(part), (int)name.n, (const char *)name.p);
	for (struct tree_node *v = single ? values : values->first; v; v = single ? NULL : v->next)
		buf_printf(&out, "%s\"%.*s\"", v == values || v == values->first ? " " : " or ", (int)v->text.n, (const char *)v->text.p);
	const char *text = buf_error(&out) ? NULL : arena_strndup(a, out.p, out.n);
	buf_fini(&out);
	return text ? text : "";
}

static const char *mark_in(struct arena *a, const struct model_channel *channel, const struct model_message *m, enum probe_part part, struct tree_node *schema, unsigned depth)
{
	struct tree_node *root = probe_schema(m, part)->node;

	schema = depth && schema && schema->kind == TREE_MAP ? tree_deref(schema) : NULL;
	tree_each(property, tree_get(schema, "properties")) {
		bool required = false, single = false;
		struct tree_node *values = constants(member_schema(root, property->key, MARK_DEPTH, &required), &single);
		if (values && required && tells_apart(channel, m, part, property->key, values, single))
			return mark_text(a, part, property->key, values, single);
	}
	tree_each(item, tree_get(schema, "allOf")) {
		const char *found = mark_in(a, channel, m, part, item, depth - 1);
		if (*found)
			return found;
	}
	return "";
}

const char *explain_mark(struct arena *a, const struct model_channel *channel, const struct model_message *m)
{
	static const enum probe_part parts[] = { PROBE_HEADERS, PROBE_PAYLOAD };
	const char *found = "";

	for (size_t i = 0; i < ARRAY_LEN(parts) && *found == 0; i++) {
		const struct model_schema *s = probe_schema(m, parts[i]);
		if (s->node && !s->foreign)
			found = mark_in(a, channel, m, parts[i], s->node, MARK_DEPTH);
	}
	return found;
}

/* ---- a refused record ---- */

struct refusal {
	struct probe *p;
	struct arena *arena;
	const struct model_channel *channel;
	const struct model_message *m;
	const struct probe_record *valid;
	struct probe_record *out;
	const char **why;
};

static bool is_refused(struct refusal *r, enum probe_part part, const char *json)
{
	if (!probe_change(r->arena, r->m, r->valid, part, json, r->out))
		return false;
	struct probe_verdict v = probe_judge(r->p, r->arena, r->channel, r->out, true);
	*r->why = v.text;
	if (v.verdict != VERDICT_INVALID || *v.text == 0)
		return false;
	/* Nearest to another message it would explain that one. */
	return !r->channel->address || strncmp(v.text, r->m->name, strlen(r->m->name)) == 0;
}

/* The object with another text for one member, NULL: without it. */
static const char *with_member(struct refusal *r, const struct tree_node *object, const struct tree_node *changed, const char *text)
{
	struct buf out;
	size_t n = 0;

	buf_init(&out, 1u << 18);
	buf_addch(&out, '{');
	tree_each(item, object) {
		if (item == changed && !text)
			continue;
		buf_puts(&out, n++ ? ",\"" : "\"");
		buf_json_escape(&out, item->key);
		buf_puts(&out, "\":");
		if (item == changed)
			buf_puts(&out, text);
		else
			tree_to_json(item, &out);
	}
	buf_addch(&out, '}');
	const char *json = buf_error(&out) ? NULL : arena_strndup(r->arena, out.p, out.n);
	buf_fini(&out);
	return json;
}

static const char *of_another_type(const struct tree_node *value)
{
	return value->kind == TREE_NUMBER ? "true" : value->kind == TREE_STRING ? "0" : "\"text\"";
}

/* A member that tells which message it is is no good example of what is wrong with one. */
static bool is_constant(struct refusal *r, enum probe_part part, struct span name)
{
	bool required = false, single = false;

	return constants(member_schema(probe_schema(r->m, part)->node, name, MARK_DEPTH, &required), &single) && single;
}

static bool refuse_member(struct refusal *r, enum probe_part part, const struct tree_node *object, bool leave_out)
{
	for (const struct tree_node *item = object->first; item; item = item->next) {
		if (!leave_out && is_constant(r, part, item->key))
			continue;
		const char *json = with_member(r, object, item, leave_out ? NULL : of_another_type(item));
		if (json && is_refused(r, part, json))
			return true;
	}
	return false;
}

static bool refuse_part(struct refusal *r, enum probe_part part)
{
	struct findings f;
	bool found = false;

	if (!r->valid->part[part])
		return is_refused(r, part, part == PROBE_HEADERS ? "{\"x\":\"text\"}" : "\"text\"");
	findings_init(&f, 4);
	struct tree_set *set = tree_set_new(&f, NULL);
	struct tree_file *file = set ? tree_parse(set, "sample.json", r->valid->part[part], strlen(r->valid->part[part])) : NULL;
	const struct tree_node *root = file ? file->root : NULL;
	if (root && root->kind == TREE_MAP)
		found = refuse_member(r, part, root, false) || refuse_member(r, part, root, true);
	if (root && !found && part != PROBE_HEADERS)
		found = is_refused(r, part, of_another_type(root)) || is_refused(r, part, "\"text\"") || is_refused(r, part, NULL);
	if (set)
		tree_set_free(set);
	findings_fini(&f);
	return found;
}

bool explain_refused(struct probe *p, struct arena *a, const struct model_channel *channel, const struct model_message *m, const struct probe_record *valid, struct probe_record *out, const char **why)
{
	static const enum probe_part order[] = { PROBE_PAYLOAD, PROBE_KEY, PROBE_HEADERS };
	struct refusal r = { p, a, channel, m, valid, out, why };

	for (size_t i = 0; i < ARRAY_LEN(order); i++)
		if (refuse_part(&r, order[i]))
			return true;
	return false;
}
