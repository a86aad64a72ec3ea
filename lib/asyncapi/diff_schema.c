/* Two schemas compared aspect by aspect: each keyword is a condition that all instances
 * must meet, so an aspect that asks less, or the same, refuses nothing new. What is not
 * understood is claimed both ways and stands or falls with its proof. Owner: asyncapi;
 * loader and tool. */
#include "asyncapi/diff_internal.h"
#include "json/json.h"
#include "schema/layout.h"

#define REFUSED (1u << WAY_REFUSED)
#define ACCEPTED (1u << WAY_ACCEPTED)
#define TYPES_TOLD 3u                   /* by name; more are told by what is left */
#define VALUES_TOLD 12u                 /* of an enum, one by one */

struct seen {
	const struct seen *next;
	const struct tree_node *old, *new;
};

/* Two schemas at one place. `one` and `two` are maps: true is {}. */
struct meet {
	struct diff_run *run;
	const struct diff_pair *pair;
	const struct diff_place *place;
	enum schema_dialect dialect;
	struct tree_node *old, *new;     /* as they stand; NULL: no schema there */
	struct tree_node *one, *two;     /* resolved; NULL: {} */
	const struct seen *seen;
	bool branch;                     /* below anyOf or oneOf */
};

static void compare(struct meet *from, const struct diff_place *place, struct tree_node *old, struct tree_node *new);

/* ---- claims ---- */

static void claim_with(struct meet *m, enum diff_kind kind, unsigned ways, const char *detail, const struct tree_node *at, const char *const *texts, size_t n, bool exact)
{
	const struct tree_node *where = at ? at : m->two ? m->two : m->one;
	struct diff_claim claim = { .kind = kind, .ways = ways, .place = m->place, .detail = detail, .texts = texts, .ntexts = n, .exact = exact, .branch = m->branch,
		.old = m->one, .new = m->two,
		.at = where ? tree_location(where) : (struct location){ 0 } };

	if (ways)
		diff_claim(m->run, m->pair, &claim);
}

/* texts that may show it. */
static void claim_texts(struct meet *m, enum diff_kind kind, unsigned ways, const char *detail, const struct tree_node *at, const char *const *texts, size_t n)
{
	claim_with(m, kind, ways, detail, at, texts, n, false);
}

/* texts that are what the words of the kind say. */
static void claim_exact(struct meet *m, enum diff_kind kind, unsigned ways, const char *detail, const struct tree_node *at, const char *const *texts, size_t n)
{
	claim_with(m, kind, ways, detail, at, texts, n, true);
}

static void claim_other(struct meet *m, const char *name, struct tree_node *old, struct tree_node *new)
{
	claim_texts(m, DIFF_OTHER, REFUSED | ACCEPTED, name, new ? new : old, NULL, 0);
}

static const char *json_of(struct diff_run *run, const struct tree_node *node)
{
	struct buf out;

	buf_init(&out, 0);
	tree_to_json(node, &out);
	const char *text = buf_error(&out) ? NULL : arena_strndup(run->arena, out.p, out.n);
	buf_fini(&out);
	run->no_memory |= !text;
	return text ? text : "";
}

static struct tree_node *keyword(const struct tree_node *map, const char *name)
{
	return tree_get(map, name);
}

/* ---- type ---- */

static const struct {
	const char *word, *called, *text;
	uint32_t bit;
} types[] = {
	{ "null", "null", "null", SCHEMA_TYPE_NULL }, { "boolean", "true or false", "true", SCHEMA_TYPE_BOOLEAN }, { "integer", "a whole number", "1", SCHEMA_TYPE_INTEGER },
	{ "number", "a number with a fraction", "1.5", SCHEMA_TYPE_NUMBER }, { "string", "a text", "\"text\"", SCHEMA_TYPE_STRING }, { "array", "an array", "[]", SCHEMA_TYPE_ARRAY },
	{ "object", "an object", "{}", SCHEMA_TYPE_OBJECT },
};

static uint32_t type_of_word(const struct tree_node *word)
{
	for (size_t i = 0; tree_is_string(word) && i < ARRAY_LEN(types); i++)
		if (span_is(word->text, types[i].word))
			return types[i].bit == SCHEMA_TYPE_NUMBER ? SCHEMA_TYPE_NUMBER | SCHEMA_TYPE_INTEGER : types[i].bit;
	return 0;
}

static uint32_t type_of_value(const struct tree_node *v)
{
	static const uint32_t of_kind[] = { [TREE_NULL] = SCHEMA_TYPE_NULL, [TREE_BOOL] = SCHEMA_TYPE_BOOLEAN, [TREE_NUMBER] = SCHEMA_TYPE_NUMBER | SCHEMA_TYPE_INTEGER,
		[TREE_STRING] = SCHEMA_TYPE_STRING, [TREE_SEQ] = SCHEMA_TYPE_ARRAY, [TREE_MAP] = SCHEMA_TYPE_OBJECT };

	return of_kind[v->kind];
}

static bool has_const(const struct meet *m)
{
	return m->dialect != DIALECT_OPENAPI30 && m->dialect != DIALECT_DRAFT4;
}

static uint32_t type_mask(const struct meet *m, const struct tree_node *schema)
{
	struct tree_node *type = keyword(schema, "type"), *nullable = keyword(schema, "nullable");
	uint32_t all = type ? 0 : SCHEMA_TYPE_MASK;

	for (struct tree_node *word = type && type->kind == TREE_SEQ ? type->first : type; word; word = type->kind == TREE_SEQ ? word->next : NULL)
		all |= type_of_word(word);
	if (type && m->dialect == DIALECT_OPENAPI30 && nullable && nullable->kind == TREE_BOOL && nullable->truth)
		all |= SCHEMA_TYPE_NULL;
	return all;
}

/* What type, const and enum leave. */
static uint32_t types_of(const struct meet *m, const struct tree_node *schema)
{
	struct tree_node *one = keyword(schema, "const"), *several = keyword(schema, "enum");
	uint32_t all = type_mask(m, schema), values = 0;

	tree_each(v, several)
		values |= type_of_value(v);
	all &= several ? values : SCHEMA_TYPE_MASK;
	return one && has_const(m) ? all & type_of_value(one) : all;
}

static bool same_optional(struct meet *m, const char *name)
{
	struct tree_node *old = keyword(m->one, name), *new = keyword(m->two, name);

	return old && new ? same_value(m->run, old, new) : !old && !new;
}

static struct tree_node *values_of(const struct meet *m, const struct tree_node *schema, bool *single)
{
	struct tree_node *one = has_const(m) ? keyword(schema, "const") : NULL;

	*single = one != NULL;
	return one ? one : keyword(schema, "enum");
}

/* Types that went or came: each by name, many by what is left. */
static void tell_types(struct meet *m, uint32_t mask, uint32_t rest, unsigned way, const struct tree_node *at)
{
	const char *texts[ARRAY_LEN(types)], *left = "";
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_LEN(types); i++) {
		if (mask & types[i].bit)
			texts[n++] = types[i].text;
		if (rest & types[i].bit && !(types[i].bit == SCHEMA_TYPE_INTEGER && rest & SCHEMA_TYPE_NUMBER))
			left = diff_text(m->run, "%s%s%s", left, *left ? " or " : "", types[i].bit == SCHEMA_TYPE_NUMBER ? "a number" : types[i].called);
	}
	if (n >= TYPES_TOLD && *left) {
		claim_exact(m, DIFF_TYPE, way, diff_text(m->run, "anything but %s", left), at, texts, n);
		return;
	}
	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		if (mask & types[i].bit)
			claim_exact(m, DIFF_TYPE, way, types[i].called, at, &types[i].text, 1);
}

static void aspect_type(struct meet *m)
{
	/* headers are an object whatever the schema says */
	uint32_t possible = m->place->part == PROBE_HEADERS && m->place->path.n == 0 ? SCHEMA_TYPE_OBJECT : SCHEMA_TYPE_MASK;
	uint32_t old = types_of(m, m->one) & possible, new = types_of(m, m->two) & possible;
	struct tree_node *at = keyword(m->two, "type");

	bool single;
	/* Values that were lost or gained are told by name. */
	if (values_of(m, m->one, &single) && values_of(m, m->two, &single) && same_optional(m, "type"))
		return;
	tell_types(m, old & ~new, new, REFUSED, at);
	tell_types(m, new & ~old, old, ACCEPTED, at);
}

/* ---- const and enum ---- */

static bool has_value(struct tree_node *values, bool single, const struct tree_node *v)
{
	for (struct tree_node *other = single ? values : values->first; other; other = single ? NULL : other->next)
		if (same_data(other, v))
			return true;
	return false;
}

/* Values of one side that the other has not, each by name; those that `type` beside them
 * never let in are missed by nobody. */
static void tell_lost(struct meet *m, struct tree_node *values, bool single, struct tree_node *other, bool other_single, unsigned way)
{
	uint32_t possible = type_mask(m, way == REFUSED ? m->one : m->two);
	unsigned told = 0;

	for (struct tree_node *v = single ? values : values->first; v && told < VALUES_TOLD; v = single ? NULL : v->next) {
		if (has_value(other, other_single, v) || !(type_of_value(v) & possible))
			continue;
		const char *texts[] = { json_of(m->run, v) };
		claim_exact(m, DIFF_VALUE, way, texts[0], way == REFUSED ? other : v, texts, 1);
		told++;
	}
}

/* Texts that are none of the values; at most 4. */
static size_t texts_beside(struct meet *m, struct tree_node *values, bool single, const char **texts)
{
	static const char *const candidates[] = { "\"another text\"", "\"a\"", "7", "null" };
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_LEN(candidates); i++) {
		bool taken = false;
		for (struct tree_node *v = single ? values : values->first; v; v = single ? NULL : v->next)
			taken |= strcmp(json_of(m->run, v), candidates[i]) == 0;
		if (!taken)
			texts[n++] = candidates[i];
	}
	return n;
}

static void aspect_values(struct meet *m)
{
	bool old_single, new_single;
	struct tree_node *old = values_of(m, m->one, &old_single), *new = values_of(m, m->two, &new_single);
	bool both = (keyword(m->one, "const") && keyword(m->one, "enum")) || (keyword(m->two, "const") && keyword(m->two, "enum"));

	if (both && !same_optional(m, "enum"))
		claim_other(m, "enum", keyword(m->one, "enum"), keyword(m->two, "enum"));
	if (old && new) {
		tell_lost(m, old, old_single, new, new_single, REFUSED);
		tell_lost(m, new, new_single, old, old_single, ACCEPTED);
	} else if (old || new) {
		struct tree_node *set = old ? old : new;
		const char *texts[4];
		size_t n = texts_beside(m, set, old ? old_single : new_single, texts);
		claim_exact(m, DIFF_VALUES, new ? REFUSED : ACCEPTED, json_of(m->run, set), new, texts, n);
	}
}

/* ---- bounds ---- */

struct bound {
	struct tree_node *at;            /* NULL: none */
	bool itself_out;
};

static int order(const struct tree_node *a, const struct tree_node *b)
{
	struct json_decimal x = json_decimal(a->text), y = json_decimal(b->text);

	return json_decimal_compare(&x, &y);
}

/* The sharper of `minimum` and `exclusiveMinimum`, or their opposites (sign -1). */
static struct bound bound_of(const struct tree_node *schema, const char *plain, const char *exclusive, int sign)
{
	struct tree_node *p = keyword(schema, plain), *x = keyword(schema, exclusive);
	struct bound b = { p && p->kind == TREE_NUMBER ? p : NULL, x && x->kind == TREE_BOOL && x->truth };

	if (!x || x->kind != TREE_NUMBER)
		return b;
	if (!b.at || order(x, b.at) * sign >= 0)
		b = (struct bound){ x, true };
	return b;
}

static int sharper(const struct bound *a, const struct bound *b, int sign)
{
	if (!a->at || !b->at)
		return (a->at != NULL) - (b->at != NULL);
	int o = order(a->at, b->at) * sign;
	return o ? o : a->itself_out - b->itself_out;
}

/* Values that the sharper bound refuses: its neighbour, itself, and the looser bound. */
static size_t texts_beyond(struct diff_run *run, const struct bound *sharp, const struct bound *loose, int sign, const char **texts)
{
	int64_t n;
	size_t count = 0;

	if (json_small_integer(sharp->at->text, &n)) {
		texts[count++] = diff_text(run, "%lld", (long long)(n - sign));
		int64_t twice = 2 * n - sign;
		texts[count++] = diff_text(run, "%s%lld.5", twice < 0 ? "-" : "", (long long)(twice < 0 ? -twice : twice) / 2);
	}
	if (sharp->itself_out)
		texts[count++] = json_of(run, sharp->at);
	if (loose->at && !loose->itself_out)
		texts[count++] = json_of(run, loose->at);
	return count;
}

static void compare_bounds(struct meet *m, enum diff_kind kind, struct bound old, struct bound new, int sign)
{
	const char *texts[4];
	int o = sharper(&new, &old, sign);

	if (o == 0)
		return;
	const struct bound *sharp = o > 0 ? &new : &old;
	size_t n = texts_beyond(m->run, sharp, o > 0 ? &old : &new, sign, texts);
	const char *detail = diff_text(m->run, "%.*s%s", (int)sharp->at->text.n, (const char *)sharp->at->text.p, sharp->itself_out ? " or equal to it" : "");
	claim_exact(m, kind, o > 0 ? REFUSED : ACCEPTED, detail, new.at, texts, n);
}

static void aspect_bounds(struct meet *m)
{
	compare_bounds(m, DIFF_MINIMUM, bound_of(m->one, "minimum", "exclusiveMinimum", 1), bound_of(m->two, "minimum", "exclusiveMinimum", 1), 1);
	compare_bounds(m, DIFF_MAXIMUM, bound_of(m->one, "maximum", "exclusiveMaximum", -1), bound_of(m->two, "maximum", "exclusiveMaximum", -1), -1);
}

static void aspect_multiple(struct meet *m)
{
	struct tree_node *old = keyword(m->one, "multipleOf"), *new = keyword(m->two, "multipleOf");
	const char *texts[] = { old ? json_of(m->run, old) : "1", new ? json_of(m->run, new) : "1", "1", "7", "1.5" };

	if (old && new && same_data(old, new))
		return;
	if (new)
		claim_texts(m, DIFF_MULTIPLE, REFUSED, json_of(m->run, new), new, texts, ARRAY_LEN(texts));
	if (old)
		claim_texts(m, DIFF_MULTIPLE, ACCEPTED, json_of(m->run, old), new, texts, ARRAY_LEN(texts));
}

/* ---- sizes ---- */

/* A value of this many characters, items or members. */
static const char *sized(struct diff_run *run, enum diff_kind kind, int64_t n)
{
	struct buf out;
	bool text = kind == DIFF_MIN_LENGTH || kind == DIFF_MAX_LENGTH, items = kind == DIFF_MIN_ITEMS || kind == DIFF_MAX_ITEMS;

	buf_init(&out, 1u << 16);
	buf_addch(&out, text ? '"' : items ? '[' : '{');
	for (int64_t i = 0; i < n && i < 8192; i++) {
		if (text)
			buf_addch(&out, 'x');
		else if (items)
			buf_printf(&out, "%s%lld", i ? "," : "", (long long)i);
		else
			buf_printf(&out, "%s\"m%lld\":1", i ? "," : "", (long long)i);
	}
	buf_addch(&out, text ? '"' : items ? ']' : '}');
	const char *copy = buf_error(&out) ? NULL : arena_strndup(run->arena, out.p, out.n);
	buf_fini(&out);
	return copy ? copy : "null";
}

static void aspect_sizes(struct meet *m)
{
	static const struct {
		const char *keyword;
		enum diff_kind kind;
		int sign;                    /* 1: at least, -1: at most */
	} rows[] = {
		{ "minLength", DIFF_MIN_LENGTH, 1 }, { "maxLength", DIFF_MAX_LENGTH, -1 }, { "minItems", DIFF_MIN_ITEMS, 1 }, { "maxItems", DIFF_MAX_ITEMS, -1 },
		{ "minProperties", DIFF_MIN_MEMBERS, 1 }, { "maxProperties", DIFF_MAX_MEMBERS, -1 },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct bound old = { keyword(m->one, rows[i].keyword), false }, new = { keyword(m->two, rows[i].keyword), false };
		int o = sharper(&new, &old, rows[i].sign);
		int64_t n = 0;
		if (o == 0)
			continue;
		const struct bound *sharp = o > 0 ? &new : &old;
		(void)json_small_integer(sharp->at->text, &n);
		const char *texts[] = { sized(m->run, rows[i].kind, n - rows[i].sign) };
		claim_exact(m, rows[i].kind, o > 0 ? REFUSED : ACCEPTED, json_of(m->run, sharp->at), new.at, texts, 1);
	}
}

/* ---- texts ---- */

static void compare_words(struct meet *m, enum diff_kind kind, struct tree_node *old, struct tree_node *new)
{
	static const char *const texts[] = { "\"text\"", "\"\"", "\"1\"", "\"A\"", "\"~\"", "\"a b\"" };

	if (old && new && same_data(old, new))
		return;
	if (new)
		claim_texts(m, kind, REFUSED, json_of(m->run, new), new, texts, ARRAY_LEN(texts));
	if (old)
		claim_texts(m, kind, ACCEPTED, json_of(m->run, old), new, texts, ARRAY_LEN(texts));
}

static void aspect_pattern(struct meet *m)
{
	compare_words(m, DIFF_PATTERN, keyword(m->one, "pattern"), keyword(m->two, "pattern"));
}

/* A format that nobody asserts judges nothing. */
static struct tree_node *asserted_format(const struct tree_node *schema)
{
	struct tree_node *format = keyword(schema, "format");
	enum schema_format f = tree_is_string(format) ? schema_format_find(format->text) : SCHEMA_FORMAT_COUNT;

	return f != SCHEMA_FORMAT_COUNT && schema_format_is_asserted(f) ? format : NULL;
}

static void aspect_format(struct meet *m)
{
	/* From 2019-09 on a format is an annotation unless somebody asks for more. */
	if (m->dialect == DIALECT_2019_09 || m->dialect == DIALECT_2020_12)
		return;
	compare_words(m, DIFF_FORMAT, asserted_format(m->one), asserted_format(m->two));
}

/* ---- arrays ---- */

static bool is_true(const struct tree_node *v)
{
	return v && v->kind == TREE_BOOL && v->truth;
}

static void aspect_unique(struct meet *m)
{
	static const char *const texts[] = { "[1,1]", "[\"a\",\"a\"]", "[null,null]", "[{},{}]" };
	bool old = is_true(keyword(m->one, "uniqueItems")), new = is_true(keyword(m->two, "uniqueItems"));

	if (old != new)
		claim_exact(m, DIFF_UNIQUE, new ? REFUSED : ACCEPTED, "", keyword(m->two, "uniqueItems"), texts, ARRAY_LEN(texts));
}

static bool step(struct meet *m, struct diff_place *out, struct span name, const char *called)
{
	*out = *m->place;
	out->name = called;
	if (out->path.n == SAMPLE_STEPS)
		return false;
	out->path.steps[out->path.n++] = name;
	return true;
}

static void aspect_items(struct meet *m)
{
	struct tree_node *old = keyword(m->one, "items"), *new = keyword(m->two, "items");
	struct tree_node *old_first = keyword(m->one, "prefixItems"), *new_first = keyword(m->two, "prefixItems");
	bool tuples = old_first || new_first || (old && old->kind == TREE_SEQ) || (new && new->kind == TREE_SEQ);
	struct diff_place place;

	if (!tuples && (old || new)) {
		if (step(m, &place, SPAN_LIT("0"), diff_text(m->run, "an item of %s", m->place->name)))
			compare(m, &place, old, new);
		else if (!old || !new || !same_schema(m->run, old, new))
			claim_other(m, "items", old, new);
		return;
	}
	static const char *const parts[] = { "items", "prefixItems", "additionalItems" };
	for (size_t i = 0; tuples && i < ARRAY_LEN(parts); i++)
		if (!same_optional(m, parts[i])) {
			claim_other(m, parts[i], keyword(m->one, parts[i]), keyword(m->two, parts[i]));
			return;
		}
}

/* ---- objects ---- */

/* "`a`" below the payload, "`a.b`" below `a`, "header `a`" of the headers. */
static const char *called(struct meet *m, struct span name)
{
	const char *parent = m->place->name;
	size_t n = strlen(parent);

	if (m->place->path.n == 0)
		return diff_text(m->run, "%s`%.*s`", m->place->part == PROBE_HEADERS ? "header " : m->place->part == PROBE_KEY ? "the key's " : "", (int)name.n, (const char *)name.p);
	if (n && parent[n - 1] == '`')
		return diff_text(m->run, "%.*s.%.*s`", (int)(n - 1), parent, (int)name.n, (const char *)name.p);
	return diff_text(m->run, "`%.*s` of %s", (int)name.n, (const char *)name.p, parent);
}

static bool requires(const struct tree_node *schema, struct span name)
{
	tree_each(word, keyword(schema, "required"))
		if (tree_is_string(word) && span_eq(word->text, name))
			return true;
	return false;
}

static void tell_required(struct meet *m, const struct tree_node *schema, const struct tree_node *other, unsigned way)
{
	static const char *const without[] = { NULL };
	struct diff_place place;

	tree_each(word, keyword(schema, "required")) {
		if (!tree_is_string(word) || requires(other, word->text))
			continue;
		if (!step(m, &place, word->text, called(m, word->text)))
			continue;
		struct meet there = *m;
		there.place = &place;
		there.one = there.two = NULL;
		claim_exact(&there, DIFF_REQUIRED, way, "", way == REFUSED ? word : m->two ? m->two : word, without, 1);
	}
}

static void aspect_required(struct meet *m)
{
	tell_required(m, m->two, m->one, REFUSED);
	tell_required(m, m->one, m->two, ACCEPTED);
}

/* What a side asks of a member: by its name, else as one that is not named. False: a
 * pattern may ask more, which is not looked into. */
static bool member_schema(const struct tree_node *schema, struct span name, struct tree_node **out)
{
	*out = tree_get_span(keyword(schema, "properties"), name);
	if (!*out)
		*out = keyword(schema, "additionalProperties");
	return keyword(schema, "patternProperties") == NULL;
}

static void compare_member(struct meet *m, struct span name)
{
	struct tree_node *old, *new;
	struct diff_place place;
	bool plain_old = member_schema(m->one, name, &old), plain_new = member_schema(m->two, name, &new);
	bool named = tree_get_span(keyword(m->one, "properties"), name) && tree_get_span(keyword(m->two, "properties"), name);

	if (!step(m, &place, name, called(m, name))) {
		claim_other(m, "properties", old, new);
		return;
	}
	/* Patterns are the same on both sides: of a member that both name only this can differ. */
	if ((plain_old && plain_new) || named)
		compare(m, &place, old, new);
	else
		claim_other(m, "patternProperties", keyword(m->one, "patternProperties"), keyword(m->two, "patternProperties"));
}

static void aspect_members(struct meet *m)
{
	struct tree_node *old = keyword(m->one, "properties"), *new = keyword(m->two, "properties");
	struct tree_node *old_patterns = keyword(m->one, "patternProperties"), *new_patterns = keyword(m->two, "patternProperties");
	struct tree_node *old_more = keyword(m->one, "additionalProperties"), *new_more = keyword(m->two, "additionalProperties");
	struct meet unnamed = *m;
	bool patterns_are_same = (!old_patterns && !new_patterns) || (old_patterns && new_patterns && old_patterns->count == new_patterns->count);
	struct diff_place place;

	tree_each(item, patterns_are_same ? old_patterns : NULL) {
		struct tree_node *twin = tree_get_span(new_patterns, item->key);
		patterns_are_same = patterns_are_same && twin && same_schema(m->run, item, twin);
	}
	if (!patterns_are_same)
		claim_other(m, "patternProperties", old_patterns, new_patterns);
	tree_each(property, patterns_are_same ? new : NULL)
		compare_member(m, property->key);
	tree_each(property, patterns_are_same ? old : NULL)
		if (!tree_get_span(new, property->key))
			compare_member(m, property->key);
	if ((!old_more && !new_more) || !step(&unnamed, &place, SPAN_LIT("another member"), diff_text(m->run, "a member of %s that is not declared", m->place->name)))
		return;
	if (!patterns_are_same && !(old_more && new_more && same_schema(m->run, old_more, new_more)))
		claim_other(m, "additionalProperties", old_more, new_more);
	else
		compare(m, &place, old_more, new_more);
}

/* ---- branches ---- */

static bool has_same(struct meet *m, struct tree_node *list, struct tree_node *schema)
{
	tree_each(item, list)
		if (same_schema(m->run, item, schema))
			return true;
	return false;
}

/* Branches of each side that the other has not; NULL and more than one are possible. */
static size_t unmatched(struct meet *m, struct tree_node *list, struct tree_node *other, struct tree_node **only)
{
	size_t n = 0;

	*only = NULL;
	tree_each(item, list) {
		if (other && has_same(m, other, item))
			continue;
		*only = item;
		n++;
	}
	return n;
}

/* Texts that the branches make, so that each may show what it adds or takes. */
static size_t branch_texts(struct meet *m, struct tree_node *list, const char **texts, size_t cap)
{
	size_t n = 0;

	tree_each(item, list) {
		struct buf out;
		buf_init(&out, 1u << 16);
		if (n < cap && sample_schema(m->run->arena, item, 0, NULL, &out)) {
			texts[n] = arena_strndup(m->run->arena, out.p, out.n);
			n += texts[n] != NULL;
		}
		buf_fini(&out);
	}
	return n;
}

/* ways of branches that came or went. all: conditions that all hold; any: any of them;
 * one: exactly one, where each may undo another. */
static void compare_branches(struct meet *m, const char *name, unsigned came, unsigned went)
{
	struct tree_node *old = keyword(m->one, name), *new = keyword(m->two, name), *lost, *gained;
	size_t nlost = unmatched(m, old, new, &lost), ngained = unmatched(m, new, old, &gained);
	const char *texts[16];

	if (nlost == 0 && ngained == 0 && (!old || !new || old->count == new->count))
		return;
	if (nlost == 1 && ngained == 1 && old->count == new->count && came != (REFUSED | ACCEPTED)) {
		struct meet inner = *m;
		inner.branch |= went == REFUSED;             /* anyOf */
		compare(&inner, m->place, lost, gained);
		return;
	}
	unsigned ways = (ngained ? came : 0) | (nlost ? went : 0);
	if (!old || !new)                    /* a first condition, or none any more */
		ways = new ? REFUSED : ACCEPTED;
	if (ways == 0)
		ways = REFUSED | ACCEPTED;
	size_t n = branch_texts(m, old, texts, 8);
	n += branch_texts(m, new, texts + n, 8);
	claim_texts(m, DIFF_OTHER, ways, name, new ? new : old, texts, n);
}

static void aspect_branches(struct meet *m)
{
	compare_branches(m, "allOf", REFUSED, ACCEPTED);
	compare_branches(m, "anyOf", ACCEPTED, REFUSED);
	compare_branches(m, "oneOf", REFUSED | ACCEPTED, REFUSED | ACCEPTED);
}

/* ---- what is not looked into ---- */

static const char *const looked_into[] = {
	"type", "nullable", "const", "enum", "minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum", "multipleOf", "minLength", "maxLength", "minItems", "maxItems",
	"minProperties", "maxProperties", "pattern", "format", "uniqueItems", "items", "prefixItems", "additionalItems", "required", "properties", "patternProperties",
	"additionalProperties", "allOf", "anyOf", "oneOf", "$ref",
};

static bool is_looked_into(struct span name)
{
	for (size_t i = 0; i < ARRAY_LEN(looked_into); i++)
		if (span_is(name, looked_into[i]))
			return true;
	return is_annotation(name);
}

static void aspect_rest(struct meet *m)
{
	tree_each(item, m->two) {
		struct tree_node *twin = tree_get_span(m->one, item->key);
		if (!is_looked_into(item->key) && (!twin || !same_value(m->run, item, twin)))
			claim_other(m, diff_text(m->run, "%.*s", (int)item->key.n, (const char *)item->key.p), twin, item);
	}
	tree_each(item, m->one)
		if (!is_looked_into(item->key) && !tree_get_span(m->two, item->key))
			claim_other(m, diff_text(m->run, "%.*s", (int)item->key.n, (const char *)item->key.p), item, NULL);
}

static void (*const aspects[])(struct meet *m) = {
	aspect_type, aspect_values, aspect_bounds, aspect_multiple, aspect_sizes, aspect_pattern, aspect_format, aspect_required, aspect_members,
	aspect_unique, aspect_items, aspect_branches, aspect_rest,
};

/* ---- a place ---- */

static bool is_refused_whole(const struct tree_node *schema)
{
	return schema && schema->kind == TREE_BOOL && !schema->truth;
}

/* A map, NULL for what asks nothing. False: its reference leads nowhere, or its siblings
 * count beside it. */
static bool resolve(const struct meet *m, struct tree_node *schema, struct tree_node **out)
{
	*out = NULL;
	if (!schema || schema->kind != TREE_MAP)
		return true;
	*out = tree_deref(schema);
	if (!*out)
		return false;
	if ((*out)->kind != TREE_MAP) {
		bool all = (*out)->kind == TREE_BOOL && (*out)->truth;
		*out = NULL;
		return all;
	}
	bool counted = m->dialect == DIALECT_2019_09 || m->dialect == DIALECT_2020_12;
	return !counted || *out == schema || schema->count == 1;
}

static bool is_seen(const struct meet *m)
{
	for (const struct seen *s = m->seen; s; s = s->next)
		if (s->old == m->one && s->new == m->two)
			return true;
	return false;
}

static void compare(struct meet *from, const struct diff_place *place, struct tree_node *old, struct tree_node *new)
{
	struct meet m = *from;

	m.place = place;
	m.old = old;
	m.new = new;
	if (old && new && same_schema(m.run, old, new))
		return;
	m.one = old && old->kind == TREE_MAP ? old : NULL;
	m.two = new && new->kind == TREE_MAP ? new : NULL;
	if (is_refused_whole(old) != is_refused_whole(new)) {
		static const char *const texts[] = { "1", "\"text\"", "{}", "[]", "true", "null" };
		claim_exact(&m, DIFF_PRESENT, is_refused_whole(new) ? REFUSED : ACCEPTED, "", new ? new : old, texts, ARRAY_LEN(texts));
		return;
	}
	if (!resolve(from, old, &m.one) || !resolve(from, new, &m.two)) {
		m.one = m.two = NULL;
		claim_other(&m, "$ref", old, new);
		return;
	}
	if (is_seen(&m) || m.one == m.two)
		return;
	struct seen here = { m.seen, m.one, m.two };
	m.seen = &here;
	for (size_t i = 0; i < ARRAY_LEN(aspects); i++)
		aspects[i](&m);
}

/* ---- a part of a message ---- */

/* Keywords that change where references lead: such schemas are equal or not compared. */
static bool moves_references(const struct tree_node *node, unsigned depth)
{
	static const char *const words[] = { "$id", "id", "$anchor", "$dynamicAnchor", "$dynamicRef", "$recursiveRef" };
	bool found = depth == 0;

	for (size_t i = 0; node->kind == TREE_MAP && i < ARRAY_LEN(words); i++)
		found |= tree_is_string(tree_get(node, words[i]));
	for (const struct tree_node *it = node->kind == TREE_MAP || node->kind == TREE_SEQ ? node->first : NULL; it && !found; it = it->next)
		found = moves_references(it, depth - 1);
	return found;
}

static bool has_reference(const struct tree_node *node, unsigned depth)
{
	bool found = depth == 0 || tree_is_reference(node);

	for (const struct tree_node *it = node->kind == TREE_MAP || node->kind == TREE_SEQ ? node->first : NULL; it && !found; it = it->next)
		found = has_reference(it, depth - 1);
	return found;
}

static bool is_opaque(const struct model_schema *s)
{
	return s->node && s->dialect != DIALECT_ASYNCAPI && moves_references(s->node, 64) && has_reference(s->node, 64);
}

void diff_schemas(struct diff_run *run, const struct diff_pair *pair, enum probe_part part)
{
	static const char *const names[] = { "key", "headers", "payload" };
	const struct model_schema *old = probe_schema(pair->old, part), *new = probe_schema(pair->new, part);
	struct diff_place place = { .part = part, .name = names[part] };
	struct meet m = { .run = run, .pair = pair, .place = &place, .dialect = new->node ? new->dialect : old->dialect };

	if (!old->node && !new->node)
		return;
	m.one = old->foreign ? NULL : old->node;
	m.two = new->foreign ? NULL : new->node;
	const struct tree_node *at = new->node ? new->node : old->node;
	bool equal = old->node && new->node && same_data(old->node, new->node);
	if (old->foreign || new->foreign) {
		bool same_format = old->foreign && new->foreign && strcmp(old->foreign, new->foreign) == 0;
		if (!same_format || !equal)
			claim_texts(&m, DIFF_FOREIGN, REFUSED | ACCEPTED, new->foreign ? new->foreign : old->foreign, at, NULL, 0);
	} else if (old->node && new->node && old->dialect != new->dialect) {
		claim_texts(&m, DIFF_DIALECT, REFUSED | ACCEPTED, "", at, NULL, 0);
	} else if (is_opaque(old) || is_opaque(new)) {
		if (!equal)
			claim_texts(&m, DIFF_OTHER, REFUSED | ACCEPTED, "a schema with identifiers of its own", at, NULL, 0);
	} else {
		compare(&m, &place, old->node, new->node);
	}
}
