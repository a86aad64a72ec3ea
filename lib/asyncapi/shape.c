/* Every object of a document against the table of objects and fields: unknown, missing
 * and mistyped fields, references that lead nowhere. Each object is walked once however
 * many references name it, and what a reference names waits its turn, so that no chain of
 * references costs stack. Owner: asyncapi; runs in the loader and the tool. */
#include <stdlib.h>

#include "asyncapi/shape.h"
#include "base/hash.h"
#include "schema/ecma.h"
#include "schema/layout.h"

/* Named by a reference, still to be looked at. */
struct pending {
	struct pending *next;
	const struct shape_field *field;
	struct tree_node *node;
	struct span version;
};

struct walk {
	struct asyncapi_document *d;
	struct findings *f;
	enum shape_object object;       /* at hand */
	struct span version;            /* of the binding at hand; null: none, or one that we do not know */
	struct pending *pending, **tail;
};

static void check_object(struct walk *w, struct tree_node *node, enum shape_object object);
static void check_value(struct walk *w, const struct shape_field *field, struct tree_node *node);

/* ---- seen ---- */

static const void **seen_cell(struct asyncapi *a, const void *key)
{
	size_t mask = a->capseen - 1;

	for (size_t i = hash64(&key, sizeof key, 0) & mask;; i = (i + 1) & mask)
		if (a->seen[i] == NULL || a->seen[i] == key)
			return &a->seen[i];
}

static bool seen_grow(struct asyncapi *a)
{
	size_t n = a->capseen;
	const void **old = a->seen;

	if (a->nseen * 2 < n)
		return true;
	const void **fresh = calloc(n ? n * 2 : 1024, sizeof *fresh);
	if (!fresh)
		return false;
	a->seen = fresh;
	a->capseen = n ? n * 2 : 1024;
	for (size_t i = 0; i < n; i++)
		if (old[i])
			*seen_cell(a, old[i]) = old[i];
	free(old);
	return true;
}

/* The pair as one key: nodes are far larger than the number of objects. */
static bool was_seen(struct walk *w, const struct tree_node *node, enum shape_object object)
{
	const void *key = (const char *)node + object;

	_Static_assert(SHAPE_COUNT < sizeof(struct tree_node), "an object's number must stay inside its node");
	if (!seen_grow(w->d->a)) {
		w->d->a->no_memory = true;
		return true;
	}
	const void **cell = seen_cell(w->d->a, key);
	if (*cell)
		return true;
	*cell = key;
	w->d->a->nseen++;
	return false;
}

/* ---- what a field may be ---- */

static const char *kind_word(const struct tree_node *node)
{
	static const char *const words[] = {
		[TREE_NULL] = "null", [TREE_BOOL] = "a boolean", [TREE_NUMBER] = "a number",
		[TREE_STRING] = "a string", [TREE_SEQ] = "a list", [TREE_MAP] = "a mapping",
	};

	return words[node->kind];
}

/* In schemas every fault has the code that the compiler gives it too. */
#define find_wrong(w, id, ...) \
	finding_add((w)->f, FINDING_ERROR, asyncapi_finding((w)->object == SHAPE_SCHEMA_OBJECT || (w)->object == SHAPE_OPENAPI_SCHEMA ? AF_SCHEMA_KEYWORD : AF_##id)->code, __VA_ARGS__)

static void mistyped(struct walk *w, const struct tree_node *node, const char *wanted)
{
	const char *hint = strcmp(wanted, "a string") == 0 && (node->kind == TREE_NUMBER || node->kind == TREE_BOOL) ? "; put it in quotes" : "";

	find_wrong(w, FIELD_TYPE, tree_location(node), "%.*s is %s; it must be %s%s", node->key.n ? (int)node->key.n : 7,
		node->key.n ? (const char *)node->key.p : "an item", kind_word(node), wanted, hint);
}

static void check_reference_text(struct walk *w, const struct tree_node *ref)
{
	if (!schema_format_holds(SCHEMA_FORMAT_URI_REFERENCE, JSON_STRING, ref->text))
		find_wrong(w, FIELD_FORM, tree_location(ref), "$ref must be a URI reference; write %%20 for a blank, as in \"./a%%20file.yaml#/pointer\"");
}

/* Siblings of $ref "SHALL be ignored": whoever wrote them expects otherwise. In schemas the
 * compiler says so, of those that count. */
static void warn_of_siblings(struct walk *w, struct tree_node *node)
{
	tree_each(sibling, node)
		if (!span_is(sibling->key, "$ref") && !was_seen(w, sibling, SHAPE_ANYTHING))
			asyncapi_find(w->f, REF_SIBLING, tree_key_location(sibling), "%.*s beside $ref is ignored; move it to what $ref names",
				(int)sibling->key.n, sibling->key.p);
}

static void add_pending(struct walk *w, const struct shape_field *field, struct tree_node *node)
{
	struct pending *p = model_alloc(w->d->a, sizeof *p);

	if (!p)
		return;
	*p = (struct pending){ NULL, field, node, w->version };
	*w->tail = p;
	w->tail = &p->next;
}

static bool is_schema_kind(enum shape_kind kind)
{
	return kind >= SHAPE_SCHEMA && kind <= SHAPE_DEPENDENCY;
}

/* What the reference names is put off. A 2.x channel keeps the fields beside its $ref. */
static void follow(struct walk *w, const struct shape_field *field, struct tree_node *node)
{
	struct tree_node *target = tree_deref(node);

	check_reference_text(w, tree_get(node, "$ref"));
	if (field->child == SHAPE_CHANNEL2)
		check_object(w, node, SHAPE_CHANNEL2);
	else if (!is_schema_kind(field->kind))
		warn_of_siblings(w, node);
	if (target)
		add_pending(w, field, target);
}

/* ---- schemas ---- */

static void check_schema(struct walk *w, const struct shape_field *field, struct tree_node *node)
{
	bool openapi = field->child == SHAPE_OPENAPI_SCHEMA, boolean = !openapi || strcmp(field->name, "additionalProperties") == 0;

	if (node->kind == TREE_MAP)
		check_object(w, node, openapi ? SHAPE_OPENAPI_SCHEMA : SHAPE_SCHEMA_OBJECT);
	else if (node->kind != TREE_BOOL || !boolean)
		mistyped(w, node, "a schema: a mapping, true or false");
}

/* A schema, or a list of what `one` takes: `items`, `dependencies`. */
static void check_schema_or_list(struct walk *w, const struct shape_field *field, struct tree_node *node)
{
	static const struct shape_field item = { .object = SHAPE_SCHEMA_OBJECT, .name = "items", .kind = SHAPE_SCHEMA, .flags = REF };

	if (node->kind != TREE_SEQ) {
		check_schema(w, field, node);
		return;
	}
	if (field->kind == SHAPE_SCHEMAS && !node->first)
		find_wrong(w, FIELD_RANGE, tree_location(node), "items lists no schema; name at least one");
	tree_each(one, node) {
		if (field->kind == SHAPE_SCHEMAS)
			check_value(w, &item, one);
		else if (one->kind != TREE_STRING)
			mistyped(w, one, "a string");
	}
}

/* What is in a language that we know is looked at; the rest is judged, or not, by its own
 * rules. */
static void check_language(struct walk *w, const struct tree_node *format, struct tree_node *schema)
{
	static const struct shape_field inners[] = {
		[SCHEMA_PLAIN] = { .object = SHAPE_MULTI_FORMAT, .name = "schema", .kind = SHAPE_SCHEMA, .flags = REF },
		[SCHEMA_OPENAPI] = { .object = SHAPE_MULTI_FORMAT, .name = "schema", .kind = SHAPE_SCHEMA, .child = SHAPE_OPENAPI_SCHEMA, .flags = REF },
	};
	enum schema_language language = tree_is_string(format) ? schema_language(format->text) : SCHEMA_PLAIN;

	if (language != SCHEMA_OTHER)
		check_value(w, &inners[language], schema);
}

/* 3.x: the format stands around the schema. */
static void check_formatted(struct walk *w, struct tree_node *node)
{
	struct tree_node *schema = tree_get(node, "schema");

	if (schema)
		check_object(w, node, SHAPE_MULTI_FORMAT);
	check_language(w, schema ? tree_get(node, "schemaFormat") : NULL, schema ? schema : node);
}

static void check_messages(struct walk *w, struct tree_node *node)
{
	check_object(w, node, tree_get(node, "oneOf") ? SHAPE_ONE_OF : SHAPE_MESSAGE);
}

/* ---- security ---- */

static enum shape_object scheme_object(const struct tree_node *node)
{
	static const struct {
		const char *type;
		enum shape_object object;
	} types[] = {
		{ "userPassword", SHAPE_SCHEME_PLAIN }, { "X509", SHAPE_SCHEME_PLAIN }, { "symmetricEncryption", SHAPE_SCHEME_PLAIN },
		{ "asymmetricEncryption", SHAPE_SCHEME_PLAIN }, { "plain", SHAPE_SCHEME_PLAIN }, { "scramSha256", SHAPE_SCHEME_PLAIN },
		{ "scramSha512", SHAPE_SCHEME_PLAIN }, { "gssapi", SHAPE_SCHEME_PLAIN }, { "apiKey", SHAPE_SCHEME_API_KEY },
		{ "httpApiKey", SHAPE_SCHEME_HTTP_API_KEY }, { "http", SHAPE_SCHEME_HTTP }, { "oauth2", SHAPE_SCHEME_OAUTH2 },
		{ "openIdConnect", SHAPE_SCHEME_OPENID },
	};
	const struct tree_node *type = tree_get(node, "type"), *scheme = tree_get(node, "scheme");

	for (size_t i = 0; tree_is_string(type) && i < ARRAY_LEN(types); i++) {
		if (!span_is(type->text, types[i].type))
			continue;
		bool bearer = types[i].object == SHAPE_SCHEME_HTTP && tree_is_string(scheme) && span_is(scheme->text, "bearer");
		return bearer ? SHAPE_SCHEME_BEARER : types[i].object;
	}
	return SHAPE_ANYTHING;
}

static void check_scheme(struct walk *w, struct tree_node *node)
{
	enum shape_object object = scheme_object(node);
	const struct tree_node *type = tree_get(node, "type");

	if (node->kind != TREE_MAP)
		mistyped(w, node, "a security scheme");
	else if (object != SHAPE_ANYTHING)
		check_object(w, node, object);
	else if (type)
		asyncapi_find(w->f, SECURITY_TYPE, tree_location(type), "this is no type of a security scheme; write for example scramSha512, plain, X509 or oauth2");
	else
		asyncapi_find(w->f, FIELD_MISSING, tree_location(node), "a security scheme must have the field type");
}

/* ---- kinds ---- */

/* Fields whose values are of these kinds of node, and in words. */
#define NODE(kind) (1u << TREE_##kind)
static const struct {
	unsigned kinds;
	const char *wanted;
} plain_kinds[] = {
	[SHAPE_STRING] = { NODE(STRING), "a string" }, [SHAPE_NUMBER] = { NODE(NUMBER), "a number" },
	[SHAPE_BOOLEAN] = { NODE(BOOL), "true or false" }, [SHAPE_MAPPING] = { NODE(MAP), "a mapping" },
	[SHAPE_URL] = { NODE(STRING), "a string" }, [SHAPE_EMAIL] = { NODE(STRING), "a string" }, [SHAPE_EXPRESSION] = { NODE(STRING), "a string" },
	[SHAPE_PATTERN] = { NODE(STRING), "a string" }, [SHAPE_RELATIVE] = { NODE(STRING), "a string" },
	[SHAPE_STRING_OR_NULL] = { NODE(STRING) | NODE(NULL), "a string or null" },
	[SHAPE_SCALAR] = { NODE(STRING) | NODE(NUMBER) | NODE(BOOL) | NODE(NULL), "a string, a number, true, false or null" },
};

/* In the compiler's words. */
static void check_pattern(struct walk *w, const struct tree_node *node)
{
	struct ecma e;

	if (ecma_parse(&e, node->text))
		asyncapi_find(w->f, PATTERN, tree_location(node), "the pattern breaks ECMA-262 at byte %zu: %s", e.where + 1, e.what ? e.what : "it is too long");
	ecma_free(&e);
}

static bool text_is_reference(struct span t)
{
	return schema_format_holds(SCHEMA_FORMAT_URI_REFERENCE, JSON_STRING, t);
}

static void check_text(struct walk *w, enum shape_kind kind, const struct tree_node *node)
{
	static const struct {
		bool (*is)(struct span);
		const char *wanted;
	} forms[] = {
		[SHAPE_URL] = { text_is_uri, "an absolute URI such as https://example.com/path" },
		[SHAPE_EMAIL] = { text_is_email, "an address such as name@example.com" },
		[SHAPE_EXPRESSION] = { text_is_expression, "a runtime expression such as $message.header#/correlationId" },
		[SHAPE_RELATIVE] = { text_is_reference, "a URI reference such as #/components/schemas/NAME" },
	};

	if (kind == SHAPE_PATTERN)
		check_pattern(w, node);
	else if (kind < ARRAY_LEN(forms) && forms[kind].is && !forms[kind].is(node->text))
		find_wrong(w, FIELD_FORM, tree_location(node), "%.*s must be %s", (int)node->key.n, node->key.p, forms[kind].wanted);
}

static void check_words(struct walk *w, const struct shape_field *field, const struct tree_node *node)
{
	const char *words = tree_is_string(node) ? shape_words(field) : NULL;

	if (words && !text_is_one_of(node->text, words))
		find_wrong(w, FIELD_WORD, tree_location(node), "%s cannot be %.*s; it is one of %s", field->name, (int)node->text.n, node->text.p, words);
}

/* Integers only; one too long for int64_t is out of every range. */
static bool is_in_range(struct span number, int64_t min, int64_t max)
{
	int64_t value = 0;
	bool minus = number.n && number.p[0] == '-', overflow = false;

	for (size_t i = minus; i < number.n; i++) {
		if (number.p[i] < '0' || number.p[i] > '9')
			return false;
		overflow |= __builtin_mul_overflow(value, 10, &value) || __builtin_sub_overflow(value, number.p[i] - '0', &value);
	}
	if (!minus)
		overflow |= __builtin_mul_overflow(value, -1, &value);
	return !overflow && min <= value && value <= max;
}

static void check_range(struct walk *w, const struct shape_field *field, const struct tree_node *node)
{
	int64_t min, max;

	if ((node->kind != TREE_NUMBER && node->kind != TREE_STRING) || !shape_range(field, &min, &max))
		return;
	if (node->kind == TREE_NUMBER && !is_in_range(node->text, min, max))
		find_wrong(w, FIELD_RANGE, tree_location(node), "%s cannot be %.*s; it is an integer from %lld to %lld", field->name, (int)node->text.n,
			node->text.p, (long long)min, (long long)max);
	if (node->kind == TREE_STRING && ((long long)node->text.n < min || (long long)node->text.n > max))
		find_wrong(w, FIELD_RANGE, tree_location(node), "%s has %zu characters; it may have %lld to %lld", field->name, node->text.n, (long long)min,
			(long long)max);
}

static void check_word_list(struct walk *w, const struct shape_field *field, const struct tree_node *node)
{
	check_words(w, field, node);
	if (node->kind == TREE_STRING)
		return;
	if (node->kind != TREE_SEQ) {
		mistyped(w, node, "a string or a list of strings");
		return;
	}
	if (!node->first)
		find_wrong(w, FIELD_RANGE, tree_location(node), "%s is an empty list; name at least one", field->name);
	tree_each(item, node) {
		if (item->kind != TREE_STRING)
			mistyped(w, item, "a string");
		else
			check_words(w, field, item);
	}
	unique_check(w->d, node, field->name);
}

static bool is_above_zero(struct span number)
{
	for (size_t i = 0; i < number.n && number.p[i] != 'e' && number.p[i] != 'E'; i++) {
		if (number.p[i] == '-')
			return false;
		if (number.p[i] >= '1' && number.p[i] <= '9')
			return true;
	}
	return false;
}

static void check_multiple(struct walk *w, const struct shape_field *field, const struct tree_node *node)
{
	if ((field->object == SHAPE_SCHEMA_OBJECT || field->object == SHAPE_OPENAPI_SCHEMA) && strcmp(field->name, "multipleOf") == 0 && node->kind == TREE_NUMBER && !is_above_zero(node->text))
		find_wrong(w, FIELD_RANGE, tree_location(node), "multipleOf is a number above 0");
}

static void check_plain(struct walk *w, const struct shape_field *field, struct tree_node *node)
{
	if (plain_kinds[field->kind].kinds >> node->kind & 1)
		check_text(w, field->kind, node);
	else
		mistyped(w, node, plain_kinds[field->kind].wanted);
}

static void check_reference(struct walk *w, struct tree_node *node)
{
	if (!tree_is_reference(node))
		asyncapi_find(w->f, REF_WANTED, tree_location(node), "a reference belongs here; write {$ref: \"#/…\"}");
	else
		check_reference_text(w, tree_get(node, "$ref"));
}

/* What is made of other values, and has a check of its own. */
static void check_made(struct walk *w, const struct shape_field *field, struct tree_node *node)
{
	switch (field->kind) {
	case SHAPE_WORD_OR_WORDS:
		check_word_list(w, field, node);
		break;
	case SHAPE_SCHEMA:
		check_schema(w, field, node);
		break;
	case SHAPE_SCHEMAS:
	case SHAPE_DEPENDENCY:
		check_schema_or_list(w, field, node);
		break;
	case SHAPE_FORMATTED:
		check_formatted(w, node);
		break;
	case SHAPE_SCHEMA_OR_STRING:
	case SHAPE_SCHEMA_OR_OLD:                        /* a text in the first version of its binding alone */
		if (node->kind != TREE_STRING || (field->kind == SHAPE_SCHEMA_OR_OLD && w->d->version >= V30))
			check_schema(w, field, node);
		break;
	case SHAPE_SCHEMA_OR_NUMBER:
		if (node->kind != TREE_NUMBER)
			check_schema(w, field, node);
		break;
	case SHAPE_REFERENCE:
		check_reference(w, node);
		break;
	case SHAPE_REQUIREMENT:
		requirement_check(w->d, node);
		break;
	case SHAPE_SECURITY:
		check_scheme(w, node);
		break;
	case SHAPE_MESSAGES:
		check_messages(w, node);
		break;
	case SHAPE_OBJECT:
		check_object(w, node, field->child);
		break;
	default:                                         /* anything may stand there */
		break;
	}
}

static void check_value(struct walk *w, const struct shape_field *field, struct tree_node *node)
{
	/* 2.x: the format stands beside the schema, and beside a reference to it. */
	if (field->kind == SHAPE_FORMATTED && w->d->version < V30) {
		check_language(w, tree_get(node->parent, "schemaFormat"), node);
		return;
	}
	if ((field->flags & REF) && tree_is_reference(node)) {
		follow(w, field, node);
		return;
	}
	if (field->kind < ARRAY_LEN(plain_kinds))
		check_plain(w, field, node);
	else
		check_made(w, field, node);
	if (field->kind == SHAPE_STRING)
		check_words(w, field, node);
	check_range(w, field, node);
	check_multiple(w, field, node);
}

static void check_key(struct walk *w, const struct shape_field *field, const struct tree_node *node)
{
	if ((field->flags & KEY) && !text_is_name(node->key))
		asyncapi_find(w->f, NAME_FORM, tree_key_location(node), "the name %.*s may hold letters, digits, dots, _ and - only", (int)node->key.n, node->key.p);
	if ((field->flags & TMPL) && (node->key.n == 0 || !schema_format_holds(SCHEMA_FORMAT_URI_TEMPLATE, JSON_STRING, node->key)))
		asyncapi_find(w->f, NAME_FORM, tree_key_location(node), "a channel's name is its address, a URI template (RFC 6570); write for example lights.{id}");
}

static void check_field(struct walk *w, const struct shape_field *field, struct tree_node *node)
{
	if (field->many == SHAPE_ONE) {
		check_value(w, field, node);
		return;
	}
	enum tree_kind wanted = field->many == SHAPE_LIST ? TREE_SEQ : TREE_MAP;
	if (node->kind != wanted) {
		mistyped(w, node, wanted == TREE_SEQ ? "a list" : "a mapping");
		return;
	}
	if ((field->flags & SOME) && !node->first)
		find_wrong(w, FIELD_RANGE, tree_location(node), "%s is empty; name at least one", field->name);
	tree_each(item, node) {
		check_key(w, field, item);
		check_value(w, field, item);
	}
	if (field->flags & UNIQ)
		unique_check(w->d, node, field->name);
	if (field->child == SHAPE_TAG && w->d->version < V30)
		tags_check(w->d, node);
}

/* ---- an object ---- */

static enum finding_severity severity_of(const struct walk *w, enum shape_unknown unknown)
{
	return unknown == SHAPE_ERROR || (unknown == SHAPE_LATER && w->d->version >= V30) ? FINDING_ERROR : FINDING_WARNING;
}

static void unknown_field(struct walk *w, const struct tree_node *node, enum shape_object object)
{
	enum shape_unknown unknown = shape_objects[object].unknown;
	const char *near = shape_nearest(object, w->d->version, node->key), *name = shape_objects[object].name;
	const char *code = asyncapi_finding(AF_FIELD_UNKNOWN)->code;
	struct location at = tree_key_location(node);
	int n = (int)node->key.n;

	if (unknown == SHAPE_OPEN)
		return;
	if (!span_is_null(w->version) && !shape_binding_has(object, "*", w->version))
		unknown = SHAPE_LATER;
	enum finding_severity severity = severity_of(w, unknown);
	if (near)
		finding_add(w->f, severity, code, at, "%s has no field %.*s; did you mean %s?", name, n, node->key.p, near);
	else if (shape_has(object, node->key))
		finding_add(w->f, severity, code, at, "%s has no field %.*s in this version of AsyncAPI; remove it or change the version", name, n, node->key.p);
	else
		finding_add(w->f, severity, code, at, "%s has no field %.*s; remove it or name it x-%.*s", name, n, node->key.p, n, node->key.p);
}

/* A field of another version of its binding. */
static void check_era(struct walk *w, const struct shape_field *field, const struct tree_node *node)
{
	if (span_is_null(w->version) || shape_binding_has(field->object, field->name, w->version))
		return;
	finding_add(w->f, severity_of(w, SHAPE_LATER), asyncapi_finding(AF_BINDING_FIELD)->code, tree_key_location(node),
		"version %.*s of this binding has no field %s; remove it or set bindingVersion", (int)w->version.n, w->version.p, field->name);
}

/* Where an extension of ours means something. */
static const struct {
	const char *name;
	enum shape_object objects[9];
} extensions[] = {
	{ "x-eventgateway-policy", { SHAPE_SERVER, SHAPE_CHANNEL2, SHAPE_CHANNEL, SHAPE_OPERATION2, SHAPE_OPERATION, SHAPE_OPERATION_TRAIT, SHAPE_MESSAGE, SHAPE_MESSAGE_TRAIT } },
	{ "x-eventgateway-listener", { SHAPE_SERVER } },
	{ "x-eventgateway-dial-mapping", { SHAPE_SERVER } },
};

static bool extension_belongs(size_t i, enum shape_object object)
{
	for (const enum shape_object *o = extensions[i].objects; *o; o++)
		if (*o == object)
			return true;
	return false;
}

static void check_extension(struct walk *w, const struct tree_node *node, enum shape_object object)
{
	const char *prefix = "x-eventgateway-";

	if (node->key.n < strlen(prefix) || memcmp(node->key.p, prefix, strlen(prefix)) != 0)
		return;
	for (size_t i = 0; i < ARRAY_LEN(extensions); i++) {
		if (!span_is(node->key, extensions[i].name))
			continue;
		if (!extension_belongs(i, object))
			asyncapi_find(w->f, EXTENSION_PLACE, tree_key_location(node), "%s has no effect in %s; put it in %s", extensions[i].name, shape_objects[object].name,
				i == 0 ? "a server, channel, operation or message" : "a server");
		else if (i == 0)
			policy_check(w->d, node);
		return;
	}
	asyncapi_find(w->f, EXTENSION_UNKNOWN, tree_key_location(node), "%.*s is no extension of this gateway; known are %s, %s and %s", (int)node->key.n,
		node->key.p, extensions[0].name, extensions[1].name, extensions[2].name);
}

/* x-, then letters, digits, dots, _ and -. */
static bool is_extension(struct span name)
{
	return name.n > 2 && memcmp(name.p, "x-", 2) == 0 && text_is_name(span_of(name.p + 2, name.n - 2));
}

static void check_required(struct walk *w, const struct tree_node *node, enum shape_object object)
{
	const struct shape_field *end, *field = shape_fields(object, &end);

	for (; field < end; field++)
		if ((field->flags & REQ) && field->since <= w->d->version && w->d->version <= field->until && !tree_get(node, field->name))
			asyncapi_find(w->f, FIELD_MISSING, tree_location(node), "%s must have the field %s", shape_objects[object].name, field->name);
	if (object == SHAPE_EXAMPLE && w->d->version >= V22 && !tree_get(node, "payload") && !tree_get(node, "headers"))
		asyncapi_find(w->f, FIELD_MISSING, tree_location(node), "an example must have payload, headers or both");
}

/* "0.3.0" of the binding; without one, or with latest, the last that there is. */
static struct span binding_version(struct walk *w, const struct tree_node *node, const char *versions)
{
	const struct tree_node *named = tree_get(node, "bindingVersion");
	const char *last = strrchr(versions, '|');

	if (!tree_is_string(named) || span_is(named->text, "latest"))
		return span_str(last ? last + 1 : versions);
	if (text_is_one_of(named->text, versions))
		return named->text;
	asyncapi_find(w->f, BINDING_VERSION, tree_location(named), "%.*s is no version of this binding that is known here (%s), so fields of all are let pass",
		(int)named->text.n, named->text.p, versions);
	return SPAN_NULL;
}

/* Some alternative must hold, and where the field has a word, that word's. */
static void check_choice(struct walk *w, const struct tree_node *node, enum shape_object object)
{
	const struct shape_choice *choice = shape_choice(object, 0), *first = choice;
	const struct tree_node *word = choice ? tree_get(node, choice->field) : NULL;
	bool held = !choice;

	for (size_t i = 0; choice; choice = shape_choice(object, ++i)) {
		bool meant = !word || (tree_is_string(word) && span_is(word->text, choice->word));
		bool holds = (!*choice->wants || tree_get(node, choice->wants)) && !(*choice->forbids && tree_get(node, choice->forbids));
		first = meant ? choice : first;
		held |= (meant && holds) || (word && !tree_is_string(word));
	}
	if (!held)
		finding_add(w->f, severity_of(w, SHAPE_LATER), asyncapi_finding(AF_BINDING_CHOICE)->code, tree_location(word ? word : node), "with %s: %s, this binding %s%s%s%s%s",
			first->field, first->word, *first->wants ? "must have " : "", first->wants, *first->wants && *first->forbids ? " and " : "",
			*first->forbids ? "must not have " : "", first->forbids);
}

static void check_members(struct walk *w, struct tree_node *node, enum shape_object object)
{
	tree_each(member, node) {
		const struct shape_field *field = shape_find(object, w->d->version, member->key);
		if (field) {
			check_era(w, field, member);
			check_field(w, field, member);
		} else if (is_extension(member->key)) {
			check_extension(w, member, object);
		} else {
			unknown_field(w, member, object);
		}
	}
}

static void check_object(struct walk *w, struct tree_node *node, enum shape_object object)
{
	enum shape_object outer = w->object;
	struct span outer_version = w->version;

	if (was_seen(w, node, object))
		return;
	if (node->kind != TREE_MAP) {
		mistyped(w, node, shape_objects[object].name);
		return;
	}
	w->object = object;
	if (shape_binding_versions(object))
		w->version = binding_version(w, node, shape_binding_versions(object));
	check_required(w, node, object);
	check_choice(w, node, object);
	if (object == SHAPE_SCHEMA_OBJECT)
		schema_doubt(w->d, node);
	check_members(w, node, object);
	w->object = outer;
	w->version = outer_version;
}

void shape_check(struct asyncapi_document *d)
{
	struct walk w = { .d = d, .f = d->a->f };

	w.tail = &w.pending;
	check_object(&w, d->root, SHAPE_ROOT);
	for (struct pending *p = w.pending; p; p = p->next) {
		w.object = p->field->object;
		w.version = p->version;
		check_value(&w, p->field, p->node);
	}
}
