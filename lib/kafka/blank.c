/* Broker addresses in streamed responses, overwritten in place. Owner: kafka; workers. */
#include "kafka/address.h"

#define UNKNOWN_TAG 127            /* one byte, like the 0 that it replaces */
#define UNKNOWN_TAG_LONG 255       /* two bytes */

void kafka_blank_init(struct kafka_blank *b, const struct kafka_api *api, int16_t version, size_t body_size)
{
	kafka_walk_init(&b->walk, api, KAFKA_RESPONSE, version, body_size);
	b->seen = b->from = b->to = 0;
	b->nhead = 0;
	b->blind = false;
}

/* Overwrites the part of from..to that lies in the n bytes at p, which begin at seen. */
static void overwrite(const struct kafka_blank *b, uint8_t *p, size_t n)
{
	size_t first = b->from > b->seen ? b->from : b->seen;
	size_t last = b->to < b->seen + n ? b->to : b->seen + n;

	for (size_t at = first; at < last; at++)
		p[at - b->seen] = at - b->from < b->nhead ? b->head[at - b->from] : 0;
}

static size_t put_uvarint(uint8_t *p, size_t v)
{
	size_t n = 0;

	for (; v >= 0x80; v >>= 7)
		p[n++] = (uint8_t)(v | 0x80);
	p[n++] = (uint8_t)v;
	return n;
}

/* A tag section of exactly n bytes with one unknown tag: a count, a number of one or two
 * bytes, a size, zeros. false when n is too small for one. */
static bool make_head(struct kafka_blank *b, size_t n)
{
	static const uint8_t tags[] = { UNKNOWN_TAG, UNKNOWN_TAG_LONG };

	for (size_t i = 0; i < ARRAY_LEN(tags); i++) {
		b->head[0] = 1;
		size_t used = 1 + put_uvarint(b->head + 1, tags[i]);
		for (size_t width = 1; width <= 5 && used + width <= n; width++) {
			if (put_uvarint(b->head + used, n - used - width) != width)
				continue;
			b->nhead = (uint8_t)(used + width);
			return true;
		}
	}
	return false;
}

/* An array that is no tag, at the end: none in it, and an unknown tag over what follows. */
static int blank_array(struct kafka_blank *b, const struct kafka_item *item, uint8_t *p)
{
	size_t len = item->end - item->start;

	if (item->start < b->seen)
		return E_UNSUPPORTED;
	uint8_t *count = p + (item->start - b->seen);
	memset(count, 0x80, len);
	count[0] |= 1;
	count[len - 1] &= 0x7f;
	if (!make_head(b, b->walk.size - item->end))
		return E_MALFORMED;
	b->from = item->end;
	b->to = b->walk.size;
	b->blind = true;
	return 0;
}

static int blank_item(struct kafka_blank *b, const struct kafka_item *item, uint8_t *p, size_t n)
{
	if (item->event == KAFKA_EVENT_BEGIN && item->role == KAFKA_ROLE_ENDPOINTS && item->field->tag == KAFKA_UNTAGGED)
		return item->number > 0 ? blank_array(b, item, p) : 0;
	if (!item->field || item->field->role != KAFKA_ROLE_ENDPOINTS)
		return 0;
	if (item->event == KAFKA_EVENT_TAG) {
		if (item->end - item->start != 1)
			return E_UNSUPPORTED;
		p[item->start - b->seen] = UNKNOWN_TAG;
	} else if (item->event == KAFKA_EVENT_TAG_SIZE) {
		b->from = item->end;
		b->to = item->end + item->size;
	} else if (item->event == KAFKA_EVENT_TAG_END) {
		overwrite(b, p, n);
		b->from = b->to = 0;
	}
	return 0;
}

int kafka_blank_feed(struct kafka_blank *b, uint8_t *p, size_t n)
{
	struct kafka_item item;
	int error = 0;

	if (!b->blind)
		kafka_walk_feed(&b->walk, p, n);
	while (!error && !b->blind && kafka_walk_next(&b->walk, &item))
		error = blank_item(b, &item, p, n);
	if (!error)
		error = b->walk.error;
	if (error)
		return error;
	overwrite(b, p, n);
	b->seen += n;
	if (b->seen > b->walk.size)
		return E_MALFORMED;
	return b->seen < b->walk.size || b->walk.done || b->blind ? 0 : E_TRUNCATED;
}
