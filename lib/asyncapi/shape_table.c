/* Looking things up in the tables of shape.def. Owner: asyncapi; runs in the loader and
 * the tool. */
#include "asyncapi/shape.h"

const struct shape_row shape_objects[SHAPE_COUNT] = {
#define OBJECT(id, text, unknown) [SHAPE_##id] = { text, SHAPE_##unknown },
#include "asyncapi/shape.def"
};

static const struct {
	enum shape_object object;
	const char *field, *words;
} word_lists[] = {
#define WORDS(object, field, list) { SHAPE_##object, field, list },
#include "asyncapi/shape.def"
};

static const struct {
	enum shape_object object;
	const char *field;
	int64_t min, max;
} ranges[] = {
#define RANGE(object, field, min, max) { SHAPE_##object, field, min, max },
#include "asyncapi/shape.def"
};

static const struct {
	enum shape_object object;
	const char *versions;
} bindings[] = {
#define BINDING(object, versions, text) { SHAPE_##object, versions },
#include "asyncapi/shape.def"
};

static const struct {
	enum shape_object object;
	const char *field, *versions;
} eras[] = {
#define ONLY(object, field, versions) { SHAPE_##object, field, versions },
#include "asyncapi/shape.def"
};

static const struct shape_choice choices[] = {
#define CHOICE(object, field, word, wants, forbids) { SHAPE_##object, field, word, wants, forbids },
#include "asyncapi/shape.def"
};

/* The version range is two macro arguments by the time FIELD sees it. */
static const struct shape_field fields[] = {
#define FIELD(...) FIELD_(__VA_ARGS__)
#define FIELD_(object, name, since, until, many, kind, child, flags) \
	{ SHAPE_##object, name, since, until, SHAPE_##many, SHAPE_##kind, SHAPE_##child, flags },
#include "asyncapi/shape.def"
#undef FIELD_
};

/* ---- fields ---- */

/* First row of each object, counted once; every caller would count the same. */
static const uint16_t *starts(void)
{
	static uint16_t first[SHAPE_COUNT + 1];

	if (first[SHAPE_COUNT])
		return first;
	for (size_t i = 0; i < ARRAY_LEN(fields); i++)
		first[fields[i].object]++;
	for (size_t i = 0, sum = 0; i <= SHAPE_COUNT; i++) {
		size_t n = first[i];
		first[i] = (uint16_t)sum;
		sum += n;
	}
	return first;
}

const struct shape_field *shape_fields(enum shape_object object, const struct shape_field **end)
{
	const uint16_t *first = starts();

	*end = &fields[first[object + 1]];
	return &fields[first[object]];
}

static bool is_in(const struct shape_field *field, enum asyncapi_version v)
{
	return field->since <= v && v <= field->until;
}

const struct shape_field *shape_find(enum shape_object object, enum asyncapi_version v, struct span name)
{
	const struct shape_field *end, *field = shape_fields(object, &end);

	for (; field < end; field++)
		if (is_in(field, v) && span_is(name, field->name))
			return field;
	return NULL;
}

bool shape_has(enum shape_object object, struct span name)
{
	const struct shape_field *end, *field = shape_fields(object, &end);

	for (; field < end; field++)
		if (span_is(name, field->name))
			return true;
	return false;
}

/* Levenshtein. */
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

const char *shape_nearest(enum shape_object object, enum asyncapi_version v, struct span name)
{
	const struct shape_field *end, *field = shape_fields(object, &end);
	const char *best = NULL;
	unsigned least = 3;

	for (; field < end; field++) {
		unsigned d = is_in(field, v) ? distance(name, field->name) : least;
		if (d < least) {
			least = d;
			best = field->name;
		}
	}
	return best;
}

/* ---- what a field may hold ---- */

const char *shape_words(const struct shape_field *field)
{
	for (size_t i = 0; i < ARRAY_LEN(word_lists); i++)
		if (word_lists[i].object == field->object && strcmp(word_lists[i].field, field->name) == 0)
			return word_lists[i].words;
	return NULL;
}

bool shape_range(const struct shape_field *field, int64_t *min, int64_t *max)
{
	for (size_t i = 0; i < ARRAY_LEN(ranges); i++) {
		if (ranges[i].object != field->object || strcmp(ranges[i].field, field->name) != 0)
			continue;
		*min = ranges[i].min;
		*max = ranges[i].max;
		return true;
	}
	return false;
}

/* ---- bindings ---- */

const char *shape_binding_versions(enum shape_object object)
{
	for (size_t i = 0; i < ARRAY_LEN(bindings); i++)
		if (bindings[i].object == object)
			return bindings[i].versions;
	return NULL;
}

bool shape_binding_has(enum shape_object object, const char *field, struct span version)
{
	for (size_t i = 0; i < ARRAY_LEN(eras); i++)
		if (eras[i].object == object && strcmp(eras[i].field, field) == 0)
			return text_is_one_of(version, eras[i].versions);
	return true;
}

const struct shape_choice *shape_choice(enum shape_object object, size_t i)
{
	for (size_t k = 0; k < ARRAY_LEN(choices); k++)
		if (choices[k].object == object && i-- == 0)
			return &choices[k];
	return NULL;
}
