/* The tables of shape.def and binding.def: objects, their fields, and what a field may
 * hold. Internal to lib/asyncapi. */
#pragma once

#include "asyncapi/model.h"

enum shape_object {
	SHAPE_ANYTHING,
#define OBJECT(id, name, unknown) SHAPE_##id,
#include "asyncapi/shape.def"
	SHAPE_COUNT
};

enum shape_many { SHAPE_ONE, SHAPE_LIST, SHAPE_MAP };
enum shape_kind {
	SHAPE_STRING, SHAPE_NUMBER, SHAPE_BOOLEAN, SHAPE_MAPPING,       /* plain */
	SHAPE_URL, SHAPE_EMAIL, SHAPE_EXPRESSION, SHAPE_PATTERN, SHAPE_RELATIVE,     /* texts of a form */
	SHAPE_STRING_OR_NULL, SHAPE_SCALAR, SHAPE_WORD_OR_WORDS, SHAPE_ANY,
	SHAPE_SCHEMA, SHAPE_SCHEMA_OR_STRING, SHAPE_SCHEMA_OR_OLD, SHAPE_SCHEMA_OR_NUMBER, SHAPE_SCHEMAS, SHAPE_DEPENDENCY, SHAPE_FORMATTED,
	SHAPE_REFERENCE, SHAPE_OBJECT, SHAPE_REQUIREMENT, SHAPE_SECURITY, SHAPE_MESSAGES,
};
enum shape_flag { REQ = 1, REF = 2, KEY = 4, UNIQ = 8, SOME = 16, TMPL = 32 };

/* What a field that an object has not is. LATER: a warning in 2.x, an error since 3.0. */
enum shape_unknown { SHAPE_OPEN, SHAPE_WARNING, SHAPE_LATER, SHAPE_ERROR };

struct shape_field {
	enum shape_object object;
	const char *name;
	enum asyncapi_version since, until;
	enum shape_many many;
	enum shape_kind kind;
	enum shape_object child;
	unsigned flags;
};

struct shape_row {
	const char *name;
	enum shape_unknown unknown;
};
extern const struct shape_row shape_objects[SHAPE_COUNT];

/* Of the alternatives of one object: with `word` in `field`, it has `wants` and not `forbids`. */
struct shape_choice {
	enum shape_object object;
	const char *field, *word, *wants, *forbids;
};

/* Rows of an object follow one another: *end is behind its last. */
const struct shape_field *shape_fields(enum shape_object object, const struct shape_field **end);
const struct shape_field *shape_find(enum shape_object object, enum asyncapi_version v, struct span name);
/* The field of that version with the most similar name, NULL when none is near. */
const char *shape_nearest(enum shape_object object, enum asyncapi_version v, struct span name);
bool shape_has(enum shape_object object, struct span name);     /* in some version */
/* "a|b|c", or NULL: any text. */
const char *shape_words(const struct shape_field *field);
/* False: the field has no bounds. */
bool shape_range(const struct shape_field *field, int64_t *min, int64_t *max);
/* Binding versions: "0.3.0|0.4.0", or NULL when the object is no binding. */
const char *shape_binding_versions(enum shape_object object);
/* Whether that version of the binding has the field. */
bool shape_binding_has(enum shape_object object, const char *field, struct span version);
/* The i-th alternative of an object; NULL behind the last. */
const struct shape_choice *shape_choice(enum shape_object object, size_t i);
