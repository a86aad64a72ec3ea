/* Content types: what a payload's bytes are before a schema sees them. No type named is
 * JSON. Owner: asyncapi; runs in the loader and the tool. */
#include <strings.h>

#include "asyncapi/model.h"

/* An item without * is a whole media type. First match wins. */
static const struct {
	const char *glob;
	enum contract_mode mode;
} contents[] = {
	{ "application/json", CONTRACT_JSON }, { "text/json", CONTRACT_JSON }, { "*+json", CONTRACT_JSON },
	{ "application/x-json", CONTRACT_JSON }, { "application/x-ndjson", CONTRACT_UNDECIDABLE }, { "*avro*", CONTRACT_UNDECIDABLE },
	{ "*protobuf*", CONTRACT_UNDECIDABLE }, { "*xml", CONTRACT_UNDECIDABLE }, { "text/*", CONTRACT_TEXT },
};

static bool glob(const char *pattern, const char *text)
{
	if (*pattern == '*')
		return glob(pattern + 1, text) || (*text && glob(pattern, text + 1));
	return *pattern == *text && (*text == 0 || glob(pattern + 1, text + 1));
}

/* Lower case, without parameters and blanks. */
static void media_type(struct span text, char *out, size_t cap)
{
	size_t n = 0;

	for (size_t i = 0; i < text.n && text.p[i] != ';' && n + 1 < cap; i++)
		if (text.p[i] != ' ' && text.p[i] != '\t')
			out[n++] = text.p[i] >= 'A' && text.p[i] <= 'Z' ? (char)(text.p[i] + 32) : (char)text.p[i];
	out[n] = 0;
}

static enum contract_mode mode_of(const char *type)
{
	for (size_t i = 0; i < ARRAY_LEN(contents); i++)
		if (glob(contents[i].glob, type))
			return contents[i].mode;
	return CONTRACT_UNDECIDABLE;
}

enum contract_mode content_mode(struct asyncapi_document *d, struct tree_node *content_type, const struct model_schema *payload, const char **reason)
{
	char type[128] = "";

	*reason = "";
	if (payload->foreign) {
		const char *text = arena_printf(d->a->arena, "its schema is in %s, which this build does not judge", payload->foreign);
		*reason = text ? text : "";
		return CONTRACT_UNDECIDABLE;
	}
	if (!tree_is_string(content_type))
		return payload->node ? CONTRACT_JSON : CONTRACT_FREE;
	media_type(content_type->text, type, sizeof type);
	enum contract_mode mode = mode_of(type);
	if (mode == CONTRACT_JSON || (mode == CONTRACT_TEXT && payload->node))
		return mode;
	/* Without a schema, or with one of plain bytes, nothing is said of the content. */
	if (!payload->node || schema_is_binary(payload->node))
		return CONTRACT_FREE;
	asyncapi_find(d->a->f, CONTENT_TYPE, tree_location(content_type),
		"payloads of type %s cannot be judged by this schema: records of this message are undecidable; use application/json, or set the action of undecidable", type);
	const char *text = arena_printf(d->a->arena, "its content type is %s, which this build does not judge", type);
	*reason = text ? text : "";
	return CONTRACT_UNDECIDABLE;
}
