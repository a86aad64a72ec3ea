/* side, key, version, chunk size, body: a request or response of any API, walked whole and in chunks. Both walks
 * meet the same items and end alike; an item lies within the body, behind the one before. */
#include "fuzz.h"
#include "kafka/field.h"

struct digest {
	uint64_t items;                /* FNV-1a over what an item says of the body */
	int error;
};

static void add(struct digest *d, uint64_t n)
{
	d->items = (d->items ^ n) * 0x100000001b3u;
}

static void note(struct digest *d, const struct kafka_item *item, size_t *behind, size_t n)
{
	INVARIANT(item->start >= *behind && item->end >= item->start && item->end <= n);
	INVARIANT(item->event != KAFKA_EVENT_VALUE || !item->field || item->role == item->field->role);
	*behind = item->start;
	add(d, item->event);
	add(d, item->start);
	add(d, item->end);
	add(d, (uint64_t)item->number);
	add(d, item->size);
}

static struct digest walk(const struct kafka_api *api, enum kafka_side side, int16_t version, struct span body, size_t chunk)
{
	struct digest d = { 0 };
	struct kafka_item item;
	struct kafka_walk w;
	size_t behind = 0, at = 0;

	kafka_walk_init(&w, api, side, version, body.n);
	do {
		size_t n = body.n - at < chunk ? body.n - at : chunk;
		kafka_walk_feed(&w, body.p + at, n);
		while (kafka_walk_next(&w, &item))
			note(&d, &item, &behind, body.n);
		at += n;
	} while (at < body.n && !w.error);
	d.error = kafka_walk_error(&w);
	return d;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	const struct kafka_api *api = n < 4 ? NULL : kafka_api_find(p[1]);

	if (!kafka_api_has(api, n < 4 ? 0 : p[2]))
		return 0;
	enum kafka_side side = p[0] & 1 ? KAFKA_RESPONSE : KAFKA_REQUEST;
	struct span body = span_of(p + 4, n - 4);
	struct digest whole = walk(api, side, p[2], body, body.n + 1), cut = walk(api, side, p[2], body, 1 + p[3]);
	INVARIANT((whole.error == 0) == (cut.error == 0));
	INVARIANT(whole.error || whole.items == cut.items);
	return 0;
}
