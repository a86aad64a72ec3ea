/* The correlation id of a message: records must have it where the message says. It becomes
 * a schema beside the message's own, so that workers judge it as any other rule. Owner:
 * asyncapi; runs in the loader and the tool. */
#include "asyncapi/model.h"

#define STEPS_MAX 16u

/* $message.header#/step or $message.payload#/step/... */
struct place {
	const struct tree_node *at;      /* the expression */
	struct span steps[STEPS_MAX];
	size_t nsteps;
	bool header, deep;               /* deep: it has more steps */
};

/* ---- the place ---- */

/* RFC 6901 4: ~1 is / and then ~0 is ~. */
static struct span unescaped(struct asyncapi *a, struct span token)
{
	uint8_t *out = model_alloc(a, token.n + 1);
	size_t n = 0;

	for (size_t i = 0; out && i < token.n; i++) {
		bool escape = token.p[i] == '~' && i + 1 < token.n;
		out[n++] = !escape ? token.p[i] : token.p[i + 1] == '1' ? '/' : '~';
		i += escape;
	}
	return out ? span_of(out, n) : SPAN_LIT("");
}

static void read_place(struct asyncapi *a, const struct tree_node *location, struct place *out)
{
	struct span text = location->text;
	size_t i = (size_t)((const uint8_t *)memchr(text.p, '#', text.n) - text.p) + 1;

	*out = (struct place){ .at = location, .header = text.p[strlen("$message.")] == 'h' };
	while (i < text.n) {
		const uint8_t *slash = memchr(text.p + i + 1, '/', text.n - i - 1);
		size_t end = slash ? (size_t)(slash - text.p) : text.n;
		out->deep = out->nsteps == STEPS_MAX;
		if (out->deep)
			return;
		out->steps[out->nsteps++] = unescaped(a, span_of(text.p + i + 1, end - i - 1));
		i = end;
	}
}

static bool may_be_index(struct span step)
{
	for (size_t i = 0; i < step.n; i++)
		if (step.p[i] < '0' || step.p[i] > '9')
			return false;
	return step.n > 0;
}

/* Why it cannot be looked for there; NULL when it can. */
static const char *obstacle(const struct model_message *m, const struct place *place)
{
	const struct model_schema *s = place->header ? &m->headers : &m->payload;

	if (place->nsteps == 0)
		return "its place is all of the headers or of the payload";
	if (place->deep || (place->header && place->nsteps > 1))
		return "its place is too deep";
	for (size_t i = 0; i < place->nsteps && !place->header; i++)
		if (may_be_index(place->steps[i]))
			return "its place may be in an array";
	if (!place->header && m->mode != CONTRACT_JSON)
		return "the payload is not judged as JSON";
	if (s->foreign || (s->node && s->dialect != DIALECT_ASYNCAPI))
		return "the schema there is in another format than AsyncAPI's";
	return s->types && !(s->types & CONTRACT_OBJECT) ? "the schema there admits no object" : NULL;
}

/* ---- the schema ---- */

static struct tree_node *add(struct asyncapi *a, const struct place *place, struct tree_node *parent, enum tree_kind kind, struct span key)
{
	const struct tree_node *at = place->at;
	struct tree_node *node = parent ? model_alloc(a, sizeof *node) : NULL, **end;

	if (!node)
		return NULL;
	*node = (struct tree_node){ .kind = kind, .line = at->line, .column = at->column, .key = key, .file = at->file, .parent = parent, .place = parent->count++ };
	for (end = &parent->first; *end; end = &(*end)->next)
		;
	*end = node;
	return node;
}

static void add_text(struct asyncapi *a, const struct place *place, struct tree_node *parent, struct span key, struct span text)
{
	struct tree_node *node = add(a, place, parent, TREE_STRING, key);

	if (node)
		node->text = text;
}

/* {type: object, required: [step], properties: {step: ...}}, a level for each step. */
static void require_steps(struct asyncapi *a, const struct place *place, struct tree_node *schema)
{
	for (size_t i = 0; i < place->nsteps; i++) {
		bool last = i + 1 == place->nsteps;
		add_text(a, place, schema, SPAN_LIT("type"), SPAN_LIT("object"));
		add_text(a, place, add(a, place, schema, TREE_SEQ, SPAN_LIT("required")), SPAN_NULL, place->steps[i]);
		struct tree_node *properties = add(a, place, schema, TREE_MAP, SPAN_LIT("properties"));
		schema = add(a, place, properties, last ? TREE_BOOL : TREE_MAP, place->steps[i]);
		if (schema)
			schema->truth = last;
	}
}

/* A reference to the message's own schema, which stays the one that it is. */
static void refer(struct asyncapi *a, const struct place *place, struct tree_node *list, struct tree_node *target)
{
	struct tree_node *ref = add(a, place, add(a, place, list, TREE_MAP, SPAN_NULL), TREE_STRING, SPAN_LIT("$ref"));

	if (!ref)
		return;
	ref->text = SPAN_LIT("#");
	ref->ref_state = REF_KNOWN;
	ref->target = target;
}

static void require(struct asyncapi *a, const struct place *place, struct model_schema *s)
{
	struct tree_node *schema = model_alloc(a, sizeof *schema), *presence = schema;

	if (!schema)
		return;
	*schema = (struct tree_node){ .kind = TREE_MAP, .line = place->at->line, .column = place->at->column, .file = place->at->file, .parent = place->at->parent };
	if (s->node) {
		struct tree_node *both = add(a, place, schema, TREE_SEQ, SPAN_LIT("allOf"));
		refer(a, place, both, s->node);
		presence = add(a, place, both, TREE_MAP, SPAN_NULL);
	}
	require_steps(a, place, presence);
	s->node = schema;
}

void correlation_read(struct asyncapi_document *d, struct model_message *m)
{
	struct tree_node *own = tree_get(m->node, "correlationId"), *object = own ? tree_deref(own) : NULL;
	const struct tree_node *location = tree_get(object, "location");
	struct place place;

	if (!tree_is_string(location) || !text_is_expression(location->text))
		return;
	read_place(d->a, location, &place);
	const char *why = obstacle(m, &place);
	if (why) {
		asyncapi_find(d->a->f, CORRELATION, tree_key_location(own), "the correlation id is not required of records: %s; make it required in the schema if it must be there", why);
		return;
	}
	require(d->a, &place, place.header ? &m->headers : &m->payload);
	m->correlation = model_text(d->a, location->text);
}
