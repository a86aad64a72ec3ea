/* What only a record can prove: that two messages of a channel accept the same one, which
 * their document says none may. A record is made for each message and judged as a worker
 * would. And what no record can be: schemas whose own bounds contradict each other. Owner:
 * asyncapi; runs in the loader and the tool. */
#include "asyncapi/probe.h"

#define DOUBT_MESSAGES 128u              /* of one channel that records are made for */
#define DOUBT_VARIANTS 2u

/* ---- two messages, one record ---- */

static const char *printed(struct arena *a, const struct probe_record *r)
{
	struct buf text;

	buf_init(&text, 400);
	probe_print(&text, r);
	size_t n = text.n && text.p[text.n - 1] == '\n' ? text.n - 1 : text.n;
	const char *out = buf_error(&text) ? "" : arena_strndup(a, text.p, n);
	buf_fini(&text);
	return out ? out : "";
}

/* True when told: one record is enough. */
static bool doubt_message(struct asyncapi *a, struct probe *p, struct arena *arena, const struct model_channel *channel, const struct model_message *m)
{
	for (unsigned variant = 0; variant < DOUBT_VARIANTS; variant++) {
		struct probe_record r = { .topic = probe_topic(arena, channel) };
		if (!probe_make(arena, m, variant, PROBE_PAYLOAD, NULL, &r))
			return false;
		struct probe_verdict v = probe_judge(p, arena, channel, &r, true);
		if (v.verdict != VERDICT_AMBIGUOUS)
			continue;
		asyncapi_find(a->f, MESSAGE_AMBIGUOUS, tree_key_location(m->identity), "%s; such a record is %s; let a const tell them apart", v.text ? v.text : "several messages match", printed(arena, &r));
		return true;
	}
	return false;
}

static void doubt_channel(struct asyncapi *a, struct probe *p, struct arena *arena, const struct model_channel *channel)
{
	unsigned n = 0;

	if (channel->nmessages < 2 || !channel->address)
		return;
	for (const struct model_message *m = channel->messages; m && n < DOUBT_MESSAGES; m = m->next, n++) {
		arena_reset(arena);
		if (doubt_message(a, p, arena, channel, m))
			return;
	}
}

int asyncapi_check_messages(struct asyncapi *a, const struct image *img)
{
	struct arena arena;
	struct probe p;
	int r = probe_open(&p, a, img);

	if (r < 0)
		return r;
	arena_init(&arena, 1 << 14, 0);
	for (struct asyncapi_document *d = a->documents; d; d = d->next)
		for (struct model_channel *channel = d->channels; channel; channel = channel->next)
			doubt_channel(a, &p, &arena, channel);
	arena_fini(&arena);
	probe_close(&p);
	return 0;
}

/* ---- bounds that leave nothing ---- */

static bool small_integer(const struct tree_node *node, long long *out)
{
	long long value = 0;
	size_t i = node && node->kind == TREE_NUMBER && node->text.p[0] == '-';

	if (!node || node->kind != TREE_NUMBER || node->text.n - i > 17)
		return false;
	for (size_t k = i; k < node->text.n; k++) {
		if (node->text.p[k] < '0' || node->text.p[k] > '9')
			return false;
		value = value * 10 + (node->text.p[k] - '0');
	}
	*out = i ? -value : value;
	return true;
}

/* Kinds of values that a type lets in, as bits of enum tree_kind; all for an unknown word. */
static unsigned kinds_of(const struct tree_node *type)
{
	static const struct {
		const char *word;
		unsigned kinds;
	} types[] = {
		{ "null", 1u << TREE_NULL }, { "boolean", 1u << TREE_BOOL }, { "integer", 1u << TREE_NUMBER }, { "number", 1u << TREE_NUMBER },
		{ "string", 1u << TREE_STRING }, { "array", 1u << TREE_SEQ }, { "object", 1u << TREE_MAP },
	};

	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		if (span_is(type->text, types[i].word))
			return types[i].kinds;
	return ~0u;
}

static bool enum_has_no_type(const struct tree_node *values, const struct tree_node *type)
{
	if (!tree_is_string(type) || !values || values->kind != TREE_SEQ || !values->first)
		return false;
	tree_each(value, values)
		if (kinds_of(type) >> value->kind & 1)
			return false;
	return true;
}

/* Only what is surely different: 1.0 may be 1, and objects have their members in any order. */
static bool are_different(const struct tree_node *a, const struct tree_node *b)
{
	long long x, y;

	if (a->kind != b->kind)
		return true;
	if (a->kind == TREE_NUMBER)
		return small_integer(a, &x) && small_integer(b, &y) && x != y;
	return a->kind == TREE_STRING ? !span_eq(a->text, b->text) : a->kind == TREE_BOOL && a->truth != b->truth;
}

static bool is_outside(const struct tree_node *constant, const struct tree_node *values)
{
	if (!constant || !values || values->kind != TREE_SEQ || !values->first)
		return false;
	tree_each(value, values)
		if (!are_different(constant, value))
			return false;
	return true;
}

static void doubt_values(struct asyncapi_document *d, struct tree_node *schema)
{
	const struct tree_node *type = tree_get(schema, "type"), *values = tree_get(schema, "enum"), *constant = tree_get(schema, "const");

	if (enum_has_no_type(values, type))
		asyncapi_find(d->a->f, SCHEMA_EMPTY, tree_location(type), "no value of enum is of type %.*s, so that nothing fits; change one of the two", (int)type->text.n, type->text.p);
	if (constant && tree_is_string(type) && !(kinds_of(type) >> constant->kind & 1))
		asyncapi_find(d->a->f, SCHEMA_EMPTY, tree_location(constant), "this const is not of type %.*s, so that nothing fits; change one of the two", (int)type->text.n, type->text.p);
	if (is_outside(constant, values))
		asyncapi_find(d->a->f, SCHEMA_EMPTY, tree_location(constant), "this const is no value of enum, so that nothing fits; keep one of the two");
}

static void doubt_required(struct asyncapi_document *d, struct tree_node *schema)
{
	struct tree_node *properties = tree_get(schema, "properties"), *required = tree_get(schema, "required");

	if (!required || required->kind != TREE_SEQ)
		return;
	tree_each(name, required) {
		struct tree_node *property = tree_is_string(name) ? tree_get_span(properties, name->text) : NULL;
		if (property && property->kind == TREE_BOOL && !property->truth)
			asyncapi_find(d->a->f, SCHEMA_EMPTY, tree_location(name), "%.*s is required, and its schema is false, so that no object fits; remove one of the two", (int)name->text.n, name->text.p);
	}
}

void schema_doubt(struct asyncapi_document *d, struct tree_node *schema)
{
	static const struct {
		const char *least, *most;
	} bounds[] = {
		{ "minimum", "maximum" }, { "minLength", "maxLength" }, { "minItems", "maxItems" }, { "minProperties", "maxProperties" },
	};
	long long least, most;

	for (size_t i = 0; i < ARRAY_LEN(bounds); i++) {
		struct tree_node *low = tree_get(schema, bounds[i].least), *high = tree_get(schema, bounds[i].most);
		if (small_integer(low, &least) && small_integer(high, &most) && least > most)
			asyncapi_find(d->a->f, SCHEMA_EMPTY, tree_location(low), "%s is above %s, so that no value of this type fits; swap them", bounds[i].least, bounds[i].most);
	}
	doubt_values(d, schema);
	doubt_required(d, schema);
}
