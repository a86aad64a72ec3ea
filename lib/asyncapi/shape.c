/* Every object of a document against the table of objects and fields: unknown, missing
 * and mistyped fields, references that lead nowhere. Each object is walked once however
 * many references name it. Owner: asyncapi; runs in the loader and the tool. */
#include <stdlib.h>

#include "asyncapi/model.h"
#include "base/hash.h"

enum shape_object {
	SHAPE_ANYTHING,
#define OBJECT(id, name, severity) SHAPE_##id,
#define FIELD(...)
#define WORDS(...)
#define RANGE(...)
#include "asyncapi/shape.def"
#undef OBJECT
#undef FIELD
#undef WORDS
#undef RANGE
	SHAPE_COUNT
};

enum shape_many { SHAPE_ONE, SHAPE_LIST, SHAPE_MAP };
enum shape_kind {
	SHAPE_STRING, SHAPE_NUMBER, SHAPE_BOOLEAN, SHAPE_MAPPING,       /* plain */
	SHAPE_URL, SHAPE_EMAIL, SHAPE_EXPRESSION,                       /* texts of a form */
	SHAPE_STRING_OR_NULL, SHAPE_ANY, SHAPE_SCHEMA, SHAPE_SCHEMA_OR_STRING, SHAPE_REFERENCE, SHAPE_OBJECT, SHAPE_REQUIREMENT, SHAPE_SECURITY, SHAPE_CUSTOM
};
enum shape_flag { REQ = 1, REF = 2, KEY = 4, UNIQ = 8 };

struct shape_field {
	enum shape_object object;
	const char *name;
	enum asyncapi_version since, until;
	enum shape_many many;
	enum shape_kind kind;
	enum shape_object child;
	unsigned flags;
};

static const struct {
	const char *name;
	enum finding_severity unknown;
} objects[SHAPE_COUNT] = {
#define OBJECT(id, text, severity) [SHAPE_##id] = { text, FINDING_##severity },
#define FIELD(...)
#define WORDS(...)
#define RANGE(...)
#include "asyncapi/shape.def"
#undef OBJECT
#undef FIELD
#undef WORDS
#undef RANGE
};

static const struct {
	enum shape_object object;
	const char *field, *words;
} word_lists[] = {
#define OBJECT(id, text, severity)
#define FIELD(...)
#define WORDS(object, field, list) { SHAPE_##object, field, list },
#define RANGE(...)
#include "asyncapi/shape.def"
#undef OBJECT
#undef FIELD
#undef WORDS
#undef RANGE
};

static const struct {
	enum shape_object object;
	const char *field;
	int64_t min, max;
} ranges[] = {
#define OBJECT(id, text, severity)
#define FIELD(...)
#define WORDS(...)
#define RANGE(object, field, min, max) { SHAPE_##object, field, min, max },
#include "asyncapi/shape.def"
#undef OBJECT
#undef FIELD
#undef WORDS
#undef RANGE
};

/* The version range is two macro arguments by the time FIELD sees it. */
#define OBJECT(id, text, severity)
#define WORDS(...)
#define RANGE(...)
#define FIELD(...) FIELD_(__VA_ARGS__)
#define FIELD_(object, name, since, until, many, kind, child, flags) \
	{ SHAPE_##object, name, since, until, SHAPE_##many, SHAPE_##kind, SHAPE_##child, flags },
static const struct shape_field fields[] = {
#include "asyncapi/shape.def"
};
#undef OBJECT
#undef WORDS
#undef RANGE
#undef FIELD
#undef FIELD_

struct walk {
	struct asyncapi_document *d;
	struct findings *f;
};

static void check_object(struct walk *w, struct tree_node *node, enum shape_object object);

static bool field_is_in(const struct shape_field *field, enum shape_object object, enum asyncapi_version v)
{
	return field->object == object && field->since <= v && v <= field->until;
}

static const struct shape_field *find_field(const struct walk *w, enum shape_object object, struct span name)
{
	for (size_t i = 0; i < ARRAY_LEN(fields); i++)
		if (field_is_in(&fields[i], object, w->d->version) && span_is(name, fields[i].name))
			return &fields[i];
	return NULL;
}

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

static void mistyped(struct walk *w, const struct tree_node *node, const char *wanted)
{
	const char *hint = strcmp(wanted, "a string") == 0 && (node->kind == TREE_NUMBER || node->kind == TREE_BOOL) ? "; put it in quotes" : "";

	asyncapi_find(w->f, FIELD_TYPE, tree_location(node), "%.*s is %s; it must be %s%s", node->key.n ? (int)node->key.n : 7,
		node->key.n ? (const char *)node->key.p : "an item", kind_word(node), wanted, hint);
}

/* Siblings of $ref "SHALL be ignored": whoever wrote them expects otherwise. */
static struct tree_node *follow(struct walk *w, struct tree_node *node)
{
	if (!tree_is_reference(node))
		return node;
	tree_each(sibling, node)
		if (!span_is(sibling->key, "$ref") && !was_seen(w, sibling, SHAPE_ANYTHING))
			asyncapi_find(w->f, REF_SIBLING, tree_key_location(sibling), "%.*s beside $ref is ignored; move it to what $ref names",
				(int)sibling->key.n, sibling->key.p);
	return tree_deref(node);
}

static void check_message_or_list(struct walk *w, struct tree_node *node)
{
	struct tree_node *several = tree_get(node, "oneOf");

	if (!several) {
		check_object(w, node, SHAPE_MESSAGE);
		return;
	}
	if (several->kind != TREE_SEQ) {
		mistyped(w, several, "a list");
		return;
	}
	tree_each(item, several) {
		struct tree_node *message = follow(w, item);
		if (message)
			check_object(w, message, SHAPE_MESSAGE);
	}
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

static const struct {
	enum tree_kind kind;
	const char *wanted;
} plain_kinds[] = {
	[SHAPE_STRING] = { TREE_STRING, "a string" }, [SHAPE_NUMBER] = { TREE_NUMBER, "a number" },
	[SHAPE_BOOLEAN] = { TREE_BOOL, "true or false" }, [SHAPE_MAPPING] = { TREE_MAP, "a mapping" },
	[SHAPE_URL] = { TREE_STRING, "a string" }, [SHAPE_EMAIL] = { TREE_STRING, "a string" }, [SHAPE_EXPRESSION] = { TREE_STRING, "a string" },
};

static void check_text(struct walk *w, enum shape_kind kind, const struct tree_node *node)
{
	static const struct {
		bool (*is)(struct span);
		const char *wanted;
	} forms[] = {
		[SHAPE_URL] = { text_is_uri, "an absolute URI such as https://example.com/path" },
		[SHAPE_EMAIL] = { text_is_email, "an address such as name@example.com" },
		[SHAPE_EXPRESSION] = { text_is_expression, "a runtime expression such as $message.header#/correlationId" },
	};

	if (kind >= SHAPE_URL && !forms[kind].is(node->text))
		asyncapi_find(w->f, FIELD_FORM, tree_location(node), "%.*s must be %s", (int)node->key.n, node->key.p, forms[kind].wanted);
}

static void check_words(struct walk *w, const struct shape_field *field, const struct tree_node *node)
{
	for (size_t i = 0; i < ARRAY_LEN(word_lists); i++)
		if (word_lists[i].object == field->object && strcmp(word_lists[i].field, field->name) == 0 && tree_is_string(node) &&
		    !text_is_one_of(node->text, word_lists[i].words))
			asyncapi_find(w->f, FIELD_WORD, tree_location(node), "%s cannot be %.*s; it is one of %s", field->name, (int)node->text.n, node->text.p,
				word_lists[i].words);
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
	for (size_t i = 0; i < ARRAY_LEN(ranges); i++) {
		long long min = ranges[i].min, max = ranges[i].max;
		if (ranges[i].object != field->object || strcmp(ranges[i].field, field->name) != 0)
			continue;
		if (node->kind == TREE_NUMBER && !is_in_range(node->text, min, max))
			asyncapi_find(w->f, FIELD_RANGE, tree_location(node), "%s cannot be %.*s; it is an integer from %lld to %lld", field->name, (int)node->text.n,
				node->text.p, min, max);
		if (node->kind == TREE_STRING && ((long long)node->text.n < min || (long long)node->text.n > max))
			asyncapi_find(w->f, FIELD_RANGE, tree_location(node), "%s has %zu characters; it may have %lld to %lld", field->name, node->text.n, min, max);
	}
}

static void check_value(struct walk *w, const struct shape_field *field, struct tree_node *node)
{
	if (field->flags & REF)
		node = follow(w, node);
	if (!node)
		return;
	switch (field->kind) {
	case SHAPE_STRING:
	case SHAPE_NUMBER:
	case SHAPE_BOOLEAN:
	case SHAPE_MAPPING:
	case SHAPE_URL:
	case SHAPE_EMAIL:
	case SHAPE_EXPRESSION:
		if (node->kind != plain_kinds[field->kind].kind)
			mistyped(w, node, plain_kinds[field->kind].wanted);
		else
			check_text(w, field->kind, node);
		break;
	case SHAPE_STRING_OR_NULL:
		if (node->kind != TREE_STRING && node->kind != TREE_NULL)
			mistyped(w, node, "a string or null");
		break;
	case SHAPE_SCHEMA:
		if (node->kind != TREE_MAP && node->kind != TREE_BOOL)
			mistyped(w, node, "a schema: a mapping, true or false");
		break;
	case SHAPE_SCHEMA_OR_STRING:
		if (node->kind != TREE_MAP && node->kind != TREE_BOOL && node->kind != TREE_STRING)
			mistyped(w, node, "a schema or, in the first binding version, a string");
		break;
	case SHAPE_REFERENCE:
		if (!tree_is_reference(node))
			asyncapi_find(w->f, REF_WANTED, tree_location(node), "a reference belongs here; write {$ref: \"#/…\"}");
		break;
	case SHAPE_REQUIREMENT:
		requirement_check(w->d, node);
		break;
	case SHAPE_SECURITY:
		check_scheme(w, node);
		break;
	case SHAPE_CUSTOM:
		check_message_or_list(w, node);
		break;
	case SHAPE_OBJECT:
		check_object(w, node, field->child);
		break;
	case SHAPE_ANY:
		break;
	}
	check_words(w, field, node);
	check_range(w, field, node);
}

static void check_key(struct walk *w, const struct tree_node *node)
{
	if (!text_is_name(node->key))
		asyncapi_find(w->f, NAME_FORM, tree_key_location(node), "the name %.*s may hold letters, digits, dots, _ and - only", (int)node->key.n, node->key.p);
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
	tree_each(item, node) {
		if (field->flags & KEY)
			check_key(w, item);
		check_value(w, field, item);
	}
	if (field->flags & UNIQ)
		unique_check(w->d, node, field->name);
	if (field->child == SHAPE_TAG && w->d->version < V30)
		tags_check(w->d, node);
}

/* ---- an object ---- */

static unsigned distance(struct span a, const char *b)
{
	unsigned row[64];
	size_t n = strlen(b);

	if (a.n >= ARRAY_LEN(row) || n >= ARRAY_LEN(row))
		return ARRAY_LEN(row);
	for (size_t j = 0; j <= n; j++)
		row[j] = (unsigned)j;
	for (size_t i = 1; i <= a.n; i++) {
		unsigned diagonal = row[0];
		row[0] = (unsigned)i;
		for (size_t j = 1; j <= n; j++) {
			unsigned cost = diagonal + (a.p[i - 1] != (uint8_t)b[j - 1]);
			diagonal = row[j];
			cost = row[j] + 1 < cost ? row[j] + 1 : cost;
			row[j] = row[j - 1] + 1 < cost ? row[j - 1] + 1 : cost;
		}
	}
	return row[n];
}

static const char *nearest_field(const struct walk *w, enum shape_object object, struct span name)
{
	const char *best = NULL;
	unsigned least = 3;

	for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
		if (!field_is_in(&fields[i], object, w->d->version))
			continue;
		unsigned d = distance(name, fields[i].name);
		if (d < least) {
			least = d;
			best = fields[i].name;
		}
	}
	return best;
}

static bool is_of_other_version(enum shape_object object, struct span name)
{
	for (size_t i = 0; i < ARRAY_LEN(fields); i++)
		if (fields[i].object == object && span_is(name, fields[i].name))
			return true;
	return false;
}

static void unknown_field(struct walk *w, const struct tree_node *node, enum shape_object object)
{
	const char *near = nearest_field(w, object, node->key);
	const struct asyncapi_finding_row *row = asyncapi_finding(AF_FIELD_UNKNOWN);
	struct location at = tree_key_location(node);
	int n = (int)node->key.n;

	if (near)
		finding_add(w->f, objects[object].unknown, row->code, at, "%s has no field %.*s; did you mean %s?", objects[object].name, n, node->key.p, near);
	else if (is_of_other_version(object, node->key))
		finding_add(w->f, objects[object].unknown, row->code, at, "%s has no field %.*s in this version of AsyncAPI; remove it or change the version",
			objects[object].name, n, node->key.p);
	else
		finding_add(w->f, objects[object].unknown, row->code, at, "%s has no field %.*s; remove it or name it x-%.*s", objects[object].name,
			n, node->key.p, n, node->key.p);
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
			asyncapi_find(w->f, EXTENSION_PLACE, tree_key_location(node), "%s has no effect in %s; put it in %s", extensions[i].name, objects[object].name,
				i == 0 ? "a server, channel, operation or message" : "a server");
		else if (i == 0)
			policy_check(w->d, node);
		return;
	}
	asyncapi_find(w->f, EXTENSION_UNKNOWN, tree_key_location(node), "%.*s is no extension of this gateway; known are %s, %s and %s", (int)node->key.n,
		node->key.p, extensions[0].name, extensions[1].name, extensions[2].name);
}

static void check_required(struct walk *w, const struct tree_node *node, enum shape_object object)
{
	for (size_t i = 0; i < ARRAY_LEN(fields); i++)
		if (field_is_in(&fields[i], object, w->d->version) && (fields[i].flags & REQ) && !tree_get(node, fields[i].name))
			asyncapi_find(w->f, FIELD_MISSING, tree_location(node), "%s must have the field %s", objects[object].name, fields[i].name);
}

static void check_object(struct walk *w, struct tree_node *node, enum shape_object object)
{
	if (was_seen(w, node, object))
		return;
	if (node->kind != TREE_MAP) {
		mistyped(w, node, objects[object].name);
		return;
	}
	check_required(w, node, object);
	tree_each(member, node) {
		const struct shape_field *field = find_field(w, object, member->key);
		if (field)
			check_field(w, field, member);
		else if (member->key.n >= 2 && memcmp(member->key.p, "x-", 2) == 0)
			check_extension(w, member, object);
		else
			unknown_field(w, member, object);
	}
}

void shape_check(struct asyncapi_document *d)
{
	struct walk w = { d, d->a->f };

	check_object(&w, d->root, SHAPE_ROOT);
}
