/* Prints what the model makes of documents, for tests/show/asyncapi-parser: every message
 * and operation with its traits merged and its references followed, one a line:
 *
 *   {"file": "a.yaml", "what": "message", "at": ["channels", "lights", ...], "object": {...}}
 *
 * A place that holds itself is "(circle)". Owner: tests. */
#include <stdio.h>
#include <stdlib.h>

#include "asyncapi/model.h"

#define MOST_BYTES (64u << 20)          /* of one line */

struct printer {
	struct asyncapi_document *d;
	struct buf at, out;
};

/* Containers around a node, innermost first. */
struct around {
	const struct around *up;
	const struct tree_node *node;
};

static void add_node(struct buf *out, struct tree_node *node, const struct around *up, bool data);

static bool is_around(const struct around *up, const struct tree_node *node)
{
	while (up && up->node != node)
		up = up->up;
	return up;
}

static void add_key(struct buf *out, struct span key)
{
	buf_addch(out, '"');
	buf_json_escape(out, key);
	buf_puts(out, "\":");
}

/* Members that hold data, where $ref is a name like any other; those of a map of names do not. */
static bool is_data(const struct tree_node *map, struct span key)
{
	static const char *const names = "properties|patternProperties|definitions|$defs|dependencies";

	if (text_is_one_of(map->key, names))
		return false;
	return text_is_one_of(key, "examples|example|default|const|enum") || (key.n > 2 && memcmp(key.p, "x-", 2) == 0);
}

static void add_members(struct buf *out, const struct tree_node *node, const struct around *up, bool data)
{
	struct around here = { up, node };
	bool map = node->kind == TREE_MAP;

	buf_addch(out, map ? '{' : '[');
	tree_each(it, node) {
		if (it != node->first)
			buf_addch(out, ',');
		if (map)
			add_key(out, it->key);
		add_node(out, it, &here, data || (map && is_data(node, it->key)));
	}
	buf_addch(out, map ? '}' : ']');
}

static void add_node(struct buf *out, struct tree_node *node, const struct around *up, bool data)
{
	struct tree_node *to = data ? node : tree_deref(node);

	if (buf_error(out))
		return;
	if (!to)
		buf_puts(out, "\"(nowhere)\"");
	else if (is_around(up, to))
		buf_puts(out, "\"(circle)\"");
	else if (to->kind == TREE_MAP || to->kind == TREE_SEQ)
		add_members(out, to, up, data);
	else
		tree_to_json(to, out);
}

/* ---- messages and operations ---- */

static size_t enter(struct printer *p, struct span key)
{
	size_t n = p->at.n;

	buf_puts(&p->at, n ? ",\"" : "\"");
	buf_json_escape(&p->at, key);
	buf_addch(&p->at, '"');
	return n;
}

static struct tree_node *object_at(struct tree_node *node)
{
	struct tree_node *object = node ? tree_deref(node) : NULL;

	return object && object->kind == TREE_MAP ? object : NULL;
}

static void add_holder(struct printer *p, struct tree_node *object, unsigned depth);

/* The messages that an operation, its reply or its channel has, by name or in a list. */
static void add_messages(struct printer *p, struct tree_node *messages)
{
	bool map = messages->kind == TREE_MAP;

	buf_addch(&p->out, map ? '{' : '[');
	tree_each(it, messages) {
		struct tree_node *message = object_at(it);
		if (it != messages->first)
			buf_addch(&p->out, ',');
		if (map)
			add_key(&p->out, it->key);
		add_node(&p->out, message ? merge_traits(p->d, message) : it, NULL, false);
	}
	buf_addch(&p->out, map ? '}' : ']');
}

static void add_member(struct printer *p, struct tree_node *it, unsigned depth)
{
	struct tree_node *object = object_at(it);

	if (depth && object && text_is_one_of(it->key, "channel|reply"))
		add_holder(p, object, depth - 1);
	else if (span_is(it->key, "messages"))
		add_messages(p, object ? object : it);
	else
		add_node(&p->out, it, NULL, false);
}

/* An operation of 3.x with its reply, and the channels of both. */
static void add_holder(struct printer *p, struct tree_node *object, unsigned depth)
{
	buf_addch(&p->out, '{');
	tree_each(it, object) {
		if (it != object->first)
			buf_addch(&p->out, ',');
		add_key(&p->out, it->key);
		add_member(p, it, depth);
	}
	buf_addch(&p->out, '}');
}

static void print(struct printer *p, const char *what, struct tree_node *object)
{
	buf_clear(&p->out);
	if (p->d->version >= V30 && *what == 'o')
		add_holder(p, object, 2);
	else
		add_node(&p->out, object, NULL, false);
	INVARIANT(!buf_error(&p->out));
	printf("{\"file\":\"%s\",\"what\":\"%s\",\"at\":[%.*s],\"object\":%.*s}\n", p->d->name, what, (int)p->at.n, (const char *)p->at.p, (int)p->out.n,
		(const char *)p->out.p);
}

static void print_merged(struct printer *p, const char *what, struct tree_node *node)
{
	struct tree_node *object = object_at(node);

	if (object)
		print(p, what, merge_traits(p->d, object));
}

static void print_each(struct printer *p, const char *what, struct tree_node *map)
{
	tree_each(it, object_at(map)) {
		size_t n = enter(p, it->key);
		print_merged(p, what, it);
		p->at.n = n;
	}
}

static void print_map(struct printer *p, const char *what, struct tree_node *holder, const char *key)
{
	size_t n = enter(p, span_str(key));

	print_each(p, what, tree_get(holder, key));
	p->at.n = n;
}

static void print_message2(struct printer *p, struct tree_node *message)
{
	struct tree_node *several = tree_get(object_at(message), "oneOf");
	size_t n = enter(p, SPAN_LIT("message")), i = 0;

	if (!several)
		print_merged(p, "message", message);
	tree_each(it, several) {
		char number[24];
		snprintf(number, sizeof number, "%zu", i++);
		size_t outer = enter(p, SPAN_LIT("oneOf"));
		(void)enter(p, span_str(number));
		print_merged(p, "message", it);
		p->at.n = outer;
	}
	p->at.n = n;
}

static void print_operation2(struct printer *p, struct tree_node *channel, const char *key)
{
	struct tree_node *operation = object_at(tree_get(channel, key));
	size_t n = enter(p, span_str(key));

	if (operation) {
		struct tree_node *merged = merge_traits(p->d, operation);
		print(p, "operation", merged);
		print_message2(p, tree_get(merged, "message"));
	}
	p->at.n = n;
}

static void print_channels(struct printer *p, struct tree_node *holder)
{
	size_t n = enter(p, SPAN_LIT("channels"));

	tree_each(it, object_at(tree_get(holder, "channels"))) {
		struct tree_node *channel = object_at(it);
		size_t outer = enter(p, it->key);
		if (p->d->version < V30) {
			print_operation2(p, channel, "publish");
			print_operation2(p, channel, "subscribe");
		} else {
			print_map(p, "message", channel, "messages");
		}
		p->at.n = outer;
	}
	p->at.n = n;
}

static void print_holder(struct printer *p, struct tree_node *holder)
{
	print_channels(p, holder);
	print_map(p, "message", holder, "messages");
	if (p->d->version >= V30)
		print_map(p, "operation", holder, "operations");
}

static void print_file(const char *path)
{
	struct findings f;

	findings_init(&f, 0);
	struct tree_set *set = tree_set_new(&f, NULL);
	struct asyncapi *a = asyncapi_new(set, &f);
	INVARIANT(set && a);
	struct printer p = { .d = asyncapi_add(a, tree_load(set, path), ASYNCAPI_CONFIGURED) };
	buf_init(&p.at, 0);
	buf_init(&p.out, MOST_BYTES);
	if (p.d) {
		print_holder(&p, p.d->root);
		size_t n = enter(&p, SPAN_LIT("components"));
		print_holder(&p, tree_get(p.d->root, "components"));
		p.at.n = n;
	}
	buf_fini(&p.out);
	buf_fini(&p.at);
	asyncapi_free(a);
	tree_set_free(set);
	findings_fini(&f);
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		print_file(argv[i]);
	return EXIT_SUCCESS;
}
