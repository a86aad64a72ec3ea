/* Whether two schemas judge alike, seen from their trees: equal but for annotations, with
 * references followed. Owner: asyncapi; loader and tool. */
#include "asyncapi/diff_internal.h"
#include "json/json.h"

#define STEPS_MAX 2000000u
#define DEPTH_MAX 512u

/* Pairs that are equal, or are being compared: a loop that finds no difference has none. */
struct same_memo {
	struct same_memo *next;
	const struct tree_node *a, *b;
};

static const char *const annotations[] = {
	"title", "description", "default", "examples", "example", "readOnly", "writeOnly", "deprecated", "externalDocs", "discriminator", "xml", "$comment",
	"$id", "id", "$anchor", "$dynamicAnchor", "$recursiveAnchor", "definitions", "$defs", "contentEncoding", "contentMediaType", "contentSchema",
};

bool is_annotation(struct span keyword)
{
	if (keyword.n > 2 && memcmp(keyword.p, "x-", 2) == 0)
		return true;
	for (size_t i = 0; i < ARRAY_LEN(annotations); i++)
		if (span_is(keyword, annotations[i]))
			return true;
	return false;
}

static bool same_scalar(const struct tree_node *a, const struct tree_node *b)
{
	if (a->kind == TREE_BOOL)
		return a->truth == b->truth;
	if (a->kind == TREE_STRING)
		return span_eq(a->text, b->text);
	if (a->kind != TREE_NUMBER)
		return true;
	struct json_decimal x = json_decimal(a->text), y = json_decimal(b->text);
	return json_decimal_compare(&x, &y) == 0;
}

bool same_data(const struct tree_node *a, const struct tree_node *b)
{
	if (a->kind != b->kind || a->count != b->count)
		return false;
	if (a->kind != TREE_MAP && a->kind != TREE_SEQ)
		return same_scalar(a, b);
	const struct tree_node *other = b->first;
	tree_each(item, a) {
		const struct tree_node *twin = a->kind == TREE_MAP ? tree_get_span(b, item->key) : other;
		if (!twin || !same_data(item, twin))
			return false;
		other = other ? other->next : NULL;
	}
	return true;
}

static bool same_within(struct diff_run *run, struct tree_node *a, struct tree_node *b, unsigned depth);

/* Maps of schemas, such as properties: every name counts. */
static bool same_named(struct diff_run *run, struct tree_node *a, struct tree_node *b, unsigned depth)
{
	if (a->kind != TREE_MAP || b->kind != TREE_MAP || a->count != b->count)
		return false;
	tree_each(item, a) {
		struct tree_node *twin = tree_get_span(b, item->key);
		if (!twin || !same_within(run, item, twin, depth))
			return false;
	}
	return true;
}

static bool same_list(struct diff_run *run, struct tree_node *a, struct tree_node *b, unsigned depth)
{
	struct tree_node *other = b->first;

	if (a->count != b->count)
		return false;
	for (struct tree_node *item = a->first; item; item = item->next, other = other->next)
		if (!same_within(run, item, other, depth))
			return false;
	return true;
}

static bool is_one_of(struct span key, const char *const *words, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (span_is(key, words[i]))
			return true;
	return false;
}

static bool same_keyword(struct diff_run *run, struct tree_node *a, struct tree_node *b, unsigned depth)
{
	static const char *const named[] = { "properties", "patternProperties", "dependencies", "dependentSchemas" };
	static const char *const data[] = { "const", "enum", "required", "type", "dependentRequired" };

	if (is_one_of(a->key, data, ARRAY_LEN(data)))
		return same_data(a, b);
	if (is_one_of(a->key, named, ARRAY_LEN(named)))
		return same_named(run, a, b, depth);
	if (a->kind == TREE_SEQ && b->kind == TREE_SEQ)
		return same_list(run, a, b, depth);
	return same_within(run, a, b, depth);
}

static size_t count_keywords(const struct tree_node *map)
{
	size_t n = 0;

	tree_each(item, map)
		n += !is_annotation(item->key) && !span_is(item->key, "$ref");
	return n;
}

static bool same_keywords(struct diff_run *run, struct tree_node *a, struct tree_node *b, unsigned depth)
{
	if (count_keywords(a) != count_keywords(b))
		return false;
	tree_each(item, a) {
		struct tree_node *twin = tree_get_span(b, item->key);
		if (is_annotation(item->key) || span_is(item->key, "$ref"))
			continue;
		if (!twin || !same_keyword(run, item, twin, depth))
			return false;
	}
	return true;
}

static bool is_known(struct diff_run *run, const struct tree_node *a, const struct tree_node *b)
{
	for (const struct same_memo *m = run->memo; m; m = m->next)
		if (m->a == a && m->b == b)
			return true;
	struct same_memo *fresh = arena_alloc(run->arena, sizeof *fresh);
	if (!fresh) {
		run->no_memory = true;
		return false;
	}
	*fresh = (struct same_memo){ run->memo, a, b };
	run->memo = fresh;
	return false;
}

/* Siblings of a reference count where the dialect says so; here they always do, which can
 * only see a difference too many. */
static bool same_within(struct diff_run *run, struct tree_node *a, struct tree_node *b, unsigned depth)
{
	if (depth > DEPTH_MAX || ++run->steps > STEPS_MAX)
		return false;
	bool a_refers = tree_is_reference(a), b_refers = tree_is_reference(b);
	if ((a_refers || b_refers) && is_known(run, a, b))
		return true;
	struct tree_node *ta = a_refers ? tree_deref(a) : a, *tb = b_refers ? tree_deref(b) : b;
	if (!ta || !tb)
		return false;
	if (ta != a || tb != b)
		return (!a_refers || count_keywords(a) == 0) && (!b_refers || count_keywords(b) == 0) && same_within(run, ta, tb, depth + 1);
	if (a->kind != b->kind)
		return false;
	return a->kind == TREE_MAP ? same_keywords(run, a, b, depth + 1) : same_data(a, b);
}

static bool same_with(struct diff_run *run, struct tree_node *a, struct tree_node *b, bool (*same)(struct diff_run *, struct tree_node *, struct tree_node *, unsigned))
{
	struct same_memo *known = run->memo;

	run->steps = 0;
	bool equal = same(run, a, b, 0);
	/* A difference was found below some pair that was taken for equal on the way. */
	if (!equal)
		run->memo = known;
	return equal;
}

bool same_value(struct diff_run *run, struct tree_node *a, struct tree_node *b)
{
	return same_with(run, a, b, same_keyword);
}

bool same_schema(struct diff_run *run, struct tree_node *a, struct tree_node *b)
{
	return same_with(run, a, b, same_within);
}
