/* Looking at tapes: members, places, equality as JSON Schema means it (1 == 1.0,
 * objects without order, true != 1). Owner: json; workers, the loader and the tool. */
#include "base/hash.h"
#include "json/json.h"

size_t json_offset(const struct json_doc *d, uint32_t at)
{
	const struct json_entry *e = &d->entries[at];
	struct json_origin origin;

	if (e->type != JSON_STRING)
		return e->off;
	if (!(e->flags & JSON_DECODED))
		return e->off - 1;
	memcpy(&origin, d->side + e->off - sizeof origin, sizeof origin);
	return origin.off - 1;
}

uint32_t json_member(const struct json_doc *d, uint32_t object, struct span name)
{
	uint32_t end = d->entries[object].next;

	for (uint32_t k = object + 1; k < end; k = d->entries[k + 1].next) {
		if (d->entries[k].len == name.n && memcmp(json_text(d, k).p, name.p, name.n) == 0)
			return k + 1;
	}
	return 0;
}

static bool numbers_equal(const struct json_doc *a, uint32_t at, const struct json_doc *b, uint32_t bt)
{
	struct json_decimal x = json_decimal(json_text(a, at)), y = json_decimal(json_text(b, bt));

	return json_decimal_compare(&x, &y) == 0;
}

static bool arrays_equal(const struct json_doc *a, uint32_t at, const struct json_doc *b, uint32_t bt, uint64_t *steps)
{
	uint32_t end = a->entries[at].next;

	for (uint32_t i = at + 1, k = bt + 1; i < end; i = a->entries[i].next, k = b->entries[k].next) {
		if (!json_equal(a, i, b, k, steps))
			return false;
	}
	return true;
}

static bool objects_equal(const struct json_doc *a, uint32_t at, const struct json_doc *b, uint32_t bt, uint64_t *steps)
{
	uint32_t end = a->entries[at].next;

	for (uint32_t k = at + 1; k < end; k = a->entries[k + 1].next) {
		uint64_t cost = b->entries[bt].len / 4;
		uint32_t other = json_member(b, bt, json_text(a, k));
		*steps -= *steps < cost ? *steps : cost;
		if (!other || !json_equal(a, k + 1, b, other, steps))
			return false;
	}
	return true;
}

bool json_equal(const struct json_doc *a, uint32_t at, const struct json_doc *b, uint32_t bt, uint64_t *steps)
{
	const struct json_entry *x = &a->entries[at], *y = &b->entries[bt];

	if (x->type != y->type || *steps == 0)
		return false;
	--*steps;
	switch (x->type) {
	case JSON_NUMBER:
		return numbers_equal(a, at, b, bt);
	case JSON_STRING:
		return x->len == y->len && memcmp(json_text(a, at).p, json_text(b, bt).p, x->len) == 0;
	case JSON_ARRAY:
		return x->len == y->len && arrays_equal(a, at, b, bt, steps);
	case JSON_OBJECT:
		return x->len == y->len && objects_equal(a, at, b, bt, steps);
	default:
		return true;
	}
}

uint64_t json_hash(const struct json_doc *d, uint32_t at, uint64_t seed)
{
	const struct json_entry *e = &d->entries[at];
	uint64_t h = e->len;
	struct json_decimal number;

	switch (e->type) {
	case JSON_NUMBER:
		number = json_decimal(json_text(d, at));
		return json_decimal_hash(&number, seed);
	case JSON_STRING:
		return hash64(json_text(d, at).p, e->len, seed);
	case JSON_ARRAY:
		for (uint32_t i = at + 1; i < e->next; i = d->entries[i].next)
			h = h * 0x9e3779b97f4a7c15u ^ json_hash(d, i, seed);
		return h;
	case JSON_OBJECT:                /* a sum: members have no order */
		for (uint32_t k = at + 1; k < e->next; k = d->entries[k + 1].next)
			h += json_hash(d, k, seed) * 3 ^ json_hash(d, k + 1, seed + 1);
		return h;
	default:
		return seed + e->type;
	}
}
