/* Checks that are no matter of one field: names that must be unique, security schemes
 * that must exist. Owner: asyncapi; runs in the loader and the tool. */
#include <stdlib.h>

#include "asyncapi/model.h"

/* ---- twins ---- */

/* Something that must be unique: its text, and where it stands. */
struct named {
	struct span text;
	const struct tree_node *at;
};

static int by_text(const void *x, const void *y)
{
	const struct named *a = x, *b = y;
	size_t n = a->text.n < b->text.n ? a->text.n : b->text.n;
	int order = n ? memcmp(a->text.p, b->text.p, n) : 0;

	if (order || a->text.n != b->text.n)
		return order ? order : a->text.n < b->text.n ? -1 : 1;
	if (a->at->line != b->at->line)
		return a->at->line < b->at->line ? -1 : 1;
	return a->at->column < b->at->column ? -1 : a->at->column > b->at->column;
}

/* Moves the second and later ones of equal text to the front; returns how many. One place
 * reached twice through references is no twin. */
static size_t twins(struct named *list, size_t n)
{
	size_t found = 0;

	qsort(list, n, sizeof *list, by_text);
	for (size_t i = 1; i < n; i++)
		if (span_eq(list[i].text, list[i - 1].text) && (list[i].at->line != list[i - 1].at->line || list[i].at->column != list[i - 1].at->column))
			list[found++] = list[i];
	return found;
}

void unique_check(struct asyncapi_document *d, const struct tree_node *list, const char *field)
{
	struct named *items = list->count > 1 ? model_alloc(d->a, list->count * sizeof *items) : NULL;
	struct buf json;
	size_t n = 0;

	if (!items)
		return;
	buf_init(&json, 0);
	tree_each(item, list) {
		buf_clear(&json);
		tree_to_json(item, &json);
		items[n++] = (struct named){ span_str(model_text(d->a, buf_span(&json))), item };
	}
	buf_fini(&json);
	n = twins(items, n);
	for (size_t i = 0; i < n; i++)
		asyncapi_find(d->a->f, ITEM_TWICE, tree_location(items[i].at), "this item of %s is there twice; remove one", field);
}

void tags_check(struct asyncapi_document *d, const struct tree_node *tags)
{
	struct named *names = tags->count > 1 ? model_alloc(d->a, tags->count * sizeof *names) : NULL;
	size_t n = 0;

	tree_each(tag, names ? tags : NULL) {
		const struct tree_node *name = tree_get(tag, "name");
		if (tree_is_string(name))
			names[n++] = (struct named){ name->text, name };
	}
	n = names ? twins(names, n) : 0;
	for (size_t i = 0; i < n; i++)
		asyncapi_find(d->a->f, TAG_TWICE, tree_location(names[i].at), "the tag %.*s is there twice; remove one", (int)names[i].text.n, names[i].text.p);
}

/* ---- security requirements, 2.x ---- */

static bool has_scope(struct tree_node *scheme, struct span scope)
{
	tree_each(flow, tree_get(scheme, "flows"))
		if (tree_get_span(tree_get(flow, "scopes"), scope))
			return true;
	return false;
}

static void check_scopes(struct asyncapi_document *d, struct tree_node *scheme, struct tree_node *scopes)
{
	struct tree_node *type = tree_get(scheme, "type");
	bool oauth2 = tree_is_string(type) && span_is(type->text, "oauth2"), openid = tree_is_string(type) && span_is(type->text, "openIdConnect");

	unique_check(d, scopes, "scopes");
	if (scopes->first && tree_is_string(type) && !oauth2 && !openid)
		asyncapi_find(d->a->f, SECURITY_SCOPES, tree_location(scopes), "only oauth2 and openIdConnect have scopes; %.*s needs an empty list", (int)type->text.n, type->text.p);
	tree_each(scope, scopes) {
		if (!tree_is_string(scope))
			asyncapi_find(d->a->f, FIELD_TYPE, tree_location(scope), "a scope is a string");
		else if (oauth2 && !has_scope(scheme, scope->text))
			asyncapi_find(d->a->f, SECURITY_SCOPES, tree_location(scope), "no flow of the scheme has the scope %.*s", (int)scope->text.n, scope->text.p);
	}
}

void requirement_check(struct asyncapi_document *d, const struct tree_node *requirement)
{
	struct tree_node *schemes = tree_get(tree_get(d->root, "components"), "securitySchemes");

	if (requirement->kind != TREE_MAP) {
		asyncapi_find(d->a->f, FIELD_TYPE, tree_location(requirement), "a security requirement is a mapping of schemes to scopes; write {NAME: []}");
		return;
	}
	tree_each(item, requirement) {
		struct tree_node *scheme = tree_get_span(schemes, item->key);
		if (!scheme)
			asyncapi_find(d->a->f, SECURITY_SCHEME, tree_key_location(item), "no security scheme is named %.*s; define it under components.securitySchemes",
				(int)item->key.n, item->key.p);
		if (item->kind != TREE_SEQ)
			asyncapi_find(d->a->f, FIELD_TYPE, tree_location(item), "the scopes of a security requirement are a list; write [] when there are none");
		else
			check_scopes(d, scheme ? tree_deref(scheme) : NULL, item);
	}
}

/* ---- ids, 2.x ---- */

struct ids {
	struct named *list;
	size_t n;
};

static void note_id(struct ids *ids, const struct tree_node *object, const char *field)
{
	const struct tree_node *id = tree_get(object, field);

	if (tree_is_string(id))
		ids->list[ids->n++] = (struct named){ id->text, id };
}

static void note_operation(struct asyncapi_document *d, struct ids *ids, struct tree_node *operation)
{
	if (operation && operation->kind == TREE_MAP)
		note_id(ids, merge_traits(d, operation), "operationId");
}

static void tell_twins(struct asyncapi_document *d, struct ids *ids, const char *field)
{
	size_t n = twins(ids->list, ids->n);

	for (size_t i = 0; i < n; i++)
		asyncapi_find(d->a->f, ID_TWICE, tree_location(ids->list[i].at), "the %s %.*s is there twice; ids are unique in a document", field,
			(int)ids->list[i].text.n, ids->list[i].text.p);
}

void ids_check(struct asyncapi_document *d)
{
	struct tree_node *channels = tree_get(d->root, "channels");
	size_t nchannels = channels ? channels->count : 0, nmessages = 0;

	for (const struct model_channel *channel = d->channels; channel; channel = channel->next)
		nmessages += channel->nmessages;
	struct ids operations = { .list = model_alloc(d->a, (nchannels * 2 + 1) * sizeof(struct named)) };
	struct ids messages = { .list = model_alloc(d->a, (nmessages + 1) * sizeof(struct named)) };
	if (!operations.list || !messages.list)
		return;
	for (const struct model_channel *channel = d->channels; channel; channel = channel->next) {
		note_operation(d, &operations, tree_get(channel->node, "publish"));
		note_operation(d, &operations, tree_get(channel->node, "subscribe"));
		for (const struct model_message *m = channel->messages; m; m = m->next)
			note_id(&messages, m->node, "messageId");
	}
	tell_twins(d, &operations, "operationId");
	tell_twins(d, &messages, "messageId");
}
