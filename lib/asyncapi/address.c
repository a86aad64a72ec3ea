/* Addresses: Kafka topics, or templates whose {parameters} a topic must fill. Owner:
 * asyncapi; runs in the loader and the tool. */
#include "asyncapi/model.h"

#define TOPIC_MAX 249u                  /* Kafka: Topic.java */

static bool is_topic_char(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
}

/* The next literal or {name} of an address; false at its end. An open brace without a
 * closing one is literal. */
static bool next_part(const uint8_t **p, const uint8_t *end, struct span *text, bool *parameter)
{
	if (*p == end)
		return false;
	const uint8_t *close = **p == '{' ? memchr(*p, '}', (size_t)(end - *p)) : NULL;
	*parameter = close != NULL;
	if (close) {
		*text = span_of(*p + 1, (size_t)(close - *p - 1));
		*p = close + 1;
		return true;
	}
	const uint8_t *open = *p + 1;
	while (open < end && !(*open == '{' && memchr(open, '}', (size_t)(end - open))))
		open++;
	*text = span_of(*p, (size_t)(open - *p));
	*p = open;
	return true;
}

bool address_is_template(const char *address)
{
	const char *open = strchr(address, '{');

	return open && strchr(open, '}');
}

bool topic_is_possible(struct span topic)
{
	const uint8_t *p = topic.p, *end = p + topic.n;
	struct span text;
	bool parameter;
	size_t n = 0;

	while (next_part(&p, end, &text, &parameter)) {
		for (size_t i = 0; !parameter && i < text.n; i++)
			if (!is_topic_char(text.p[i]))
				return false;
		n += parameter ? 1 : text.n;
	}
	return n > 0 && n <= TOPIC_MAX && !span_is(topic, ".") && !span_is(topic, "..");
}

/* ---- parameters ---- */

static struct model_parameter *read_parameter(struct asyncapi_document *d, struct span name, struct tree_node *item)
{
	struct model_parameter *p = model_alloc(d->a, sizeof *p);

	if (!p)
		return NULL;
	*p = (struct model_parameter){ .name = name, .described = item != NULL, .schema = { .root = SCHEMA_ANY } };
	p->node = item ? tree_deref(item) : NULL;
	if (!p->node || p->node->kind != TREE_MAP)
		return p;
	if (d->version >= V30) {
		p->values = tree_get(p->node, "enum");
		if (p->values && p->values->kind != TREE_SEQ)
			p->values = NULL;
	} else if (tree_get(p->node, "schema")) {
		schema_read(d, tree_get(p->node, "schema"), NULL, &p->schema);
	}
	if (tree_get(p->node, "location"))
		asyncapi_find(d->a->f, PARAMETER_LOCATION, tree_key_location(tree_get(p->node, "location")),
			"the place of a parameter in the message is not compared with the topic; the parameter itself is checked");
	return p;
}

static bool has_name(const struct model_parameter *list, struct span name)
{
	for (; list; list = list->next)
		if (span_eq(list->name, name))
			return true;
	return false;
}

static void check_parameters(struct asyncapi_document *d, const struct model_parameter *list, struct tree_node *channel)
{
	struct tree_node *map = tree_get(channel, "parameters");

	for (const struct model_parameter *p = list; p; p = p->next) {
		if (map && !p->described)
			asyncapi_find(d->a->f, PARAMETER_MISSING, tree_key_location(map), "the parameter %.*s of the address is not described; add it here", (int)p->name.n, p->name.p);
		else if (!map)
			asyncapi_find(d->a->f, PARAMETERS_MISSING, tree_location(channel), "the parameter %.*s of the address is not described; add it under parameters",
				(int)p->name.n, p->name.p);
	}
	tree_each(item, map)
		if (!has_name(list, item->key))
			asyncapi_find(d->a->f, PARAMETER_UNUSED, tree_key_location(item), "the address has no {%.*s}; remove the parameter or use it", (int)item->key.n, item->key.p);
}

struct model_parameter *parameters_read(struct asyncapi_document *d, struct span address, struct tree_node *channel)
{
	struct model_parameter *list = NULL, **tail = &list;
	struct tree_node *map = tree_get(channel, "parameters");
	const uint8_t *p = address.p, *end = p + address.n;
	struct span text;
	bool parameter;

	while (next_part(&p, end, &text, &parameter)) {
		if (!parameter || has_name(list, text))
			continue;
		*tail = read_parameter(d, text, tree_get_span(map, text));
		if (!*tail)
			break;
		tail = &(*tail)->next;
	}
	check_parameters(d, list, channel);
	return list;
}

/* ---- to the image ---- */

static struct contract_list emit_values(struct image_builder *b, const struct tree_node *values)
{
	struct contract_list list = { 0, values ? values->count : 0 };

	if (list.n == 0)
		return list;
	list.off = image_append(b, IMAGE_CONTRACT_DATA, NULL, list.n * sizeof(struct image_str), 4);
	struct image_str *out;
	uint32_t i = 0;
	tree_each(value, values) {
		struct image_str s = image_intern(b, tree_is_string(value) ? value->text : SPAN_LIT(""));
		if (b->error)
			return (struct contract_list){ 0, 0 };
		out = image_mutable(b, IMAGE_CONTRACT_DATA, list.off);
		out[i++] = s;
	}
	return list;
}

/* A dot next to a parameter ends it: `lights.{id}.on` does not take `lights.a.b.on`. */
static uint32_t stop_char(const uint8_t *start, const uint8_t *open, const uint8_t *after, const uint8_t *end)
{
	return (open > start && open[-1] == '.') || (after < end && *after == '.') ? '.' : 0;
}

static const struct model_parameter *parameter_named(const struct model_channel *channel, struct span name)
{
	for (const struct model_parameter *p = channel->parameters; p; p = p->next)
		if (span_eq(p->name, name))
			return p;
	return NULL;
}

struct contract_list address_emit(struct asyncapi *a, struct image_builder *b, const struct model_channel *channel, uint32_t *literals, bool *constrained)
{
	struct contract_part parts[CONTRACT_MAX_PARTS] = { 0 };
	const uint8_t *start = (const uint8_t *)channel->address, *end = start + strlen(channel->address), *p = start, *from = p;
	uint32_t n = 0;
	struct span text;
	bool parameter;

	*literals = 0;
	*constrained = false;
	for (; next_part(&p, end, &text, &parameter); from = p) {
		if (n == ARRAY_LEN(parts)) {
			asyncapi_find(a->f, ADDRESS_PARTS, tree_location(channel->node), "the address has more than %u parts; use fewer parameters", CONTRACT_MAX_PARTS);
			break;
		}
		struct contract_part *part = &parts[n++];
		const struct model_parameter *model = parameter ? parameter_named(channel, text) : NULL;
		*part = (struct contract_part){ .text = image_intern(b, text), .parameter = parameter, .schema = SCHEMA_ANY };
		if (!parameter)
			*literals += (uint32_t)text.n;
		else
			part->stop = stop_char(start, from, p, end);
		if (!model)
			continue;
		part->values = emit_values(b, model->values);
		part->schema = model->schema.root;
		part->types = model->schema.types;
		*constrained |= part->values.n > 0 || part->schema != SCHEMA_ANY;
	}
	return (struct contract_list){ image_append(b, IMAGE_CONTRACT_DATA, parts, n * sizeof *parts, 4), n };
}
