/* Copying a body with changes. Owner: kafka; workers. */
#include "kafka/edit.h"

void edit_init(struct edit *e, struct span body, bool flexible, struct buf *out)
{
	e->body = body;
	e->copied = 0;
	e->out = out;
	e->flexible = flexible;
	e->drop = false;
	e->depth = 0;
}

size_t edit_upto(struct edit *e, size_t offset)
{
	if (offset > e->copied) {
		buf_add(e->out, e->body.p + e->copied, offset - e->copied);
		e->copied = offset;
	}
	return e->out->n;
}

void edit_replace(struct edit *e, const struct kafka_item *item)
{
	edit_upto(e, item->start);
	e->copied = item->end;
}

void edit_drop(struct edit *e)
{
	e->drop = true;
}

static void patch(struct edit *e, size_t at, const void *p, size_t n)
{
	if (!buf_error(e->out))
		memcpy(e->out->p + at, p, n);
}

void edit_patch16(struct edit *e, size_t at, int16_t v)
{
	uint16_t raw = __builtin_bswap16((uint16_t)v);

	patch(e, at, &raw, sizeof raw);
}

void edit_patch32(struct edit *e, size_t at, int32_t v)
{
	uint32_t raw = __builtin_bswap32((uint32_t)v);

	patch(e, at, &raw, sizeof raw);
}

void edit_string(struct edit *e, struct span s)
{
	if (e->flexible)
		buf_uvarint(e->out, span_is_null(s) ? 0 : (uint32_t)s.n + 1);
	else
		buf_be16(e->out, span_is_null(s) ? UINT16_MAX : (uint16_t)s.n);
	buf_add(e->out, s.p, s.n);
}

/* Puts a varint in the place of len bytes at at. */
static void splice(struct edit *e, size_t at, size_t len, uint32_t v)
{
	struct buf *out = e->out;
	size_t end = out->n;

	buf_uvarint(out, v);
	if (buf_error(out))
		return;
	uint8_t varint[5];
	size_t n = out->n - end, tail = end - at - len;
	memcpy(varint, out->p + end, n);
	if (n > len && !buf_reserve(out, n - len))
		return;
	memmove(out->p + at + n, out->p + at + len, tail);
	memcpy(out->p + at, varint, n);
	out->n = end - len + n;
}

static struct edit_level *push(struct edit *e, const struct kafka_item *item)
{
	INVARIANT(e->depth < ARRAY_LEN(e->levels));
	struct edit_level *l = &e->levels[e->depth++];
	l->at = edit_upto(e, item->start);
	l->entry = edit_upto(e, item->end);
	l->len = l->entry - l->at;
	l->entries = item->number;
	l->dropped = 0;
	l->size = item->size;
	return l;
}

static void follow_entry_end(struct edit *e, const struct kafka_item *item)
{
	if (e->depth == 0)
		return;
	struct edit_level *l = &e->levels[e->depth - 1];
	edit_upto(e, item->start);
	if (e->drop) {
		if (!buf_error(e->out))
			e->out->n = l->entry;
		l->dropped++;
	}
	e->drop = false;
	l->entry = e->out->n;
}

static void follow_end(struct edit *e)
{
	struct edit_level *l = &e->levels[--e->depth];

	if (!l->dropped)
		return;
	if (e->flexible)
		splice(e, l->at, l->len, (uint32_t)(l->entries - l->dropped) + 1);
	else
		edit_patch32(e, l->at, (int32_t)(l->entries - l->dropped));
}

static void follow_tag_end(struct edit *e, const struct kafka_item *item)
{
	struct edit_level *l = &e->levels[--e->depth];
	size_t size = edit_upto(e, item->start) - l->entry;

	if (size != l->size && !buf_error(e->out))
		splice(e, l->at, l->len, (uint32_t)size);
}

void edit_follow(struct edit *e, const struct kafka_item *item)
{
	switch (item->event) {
	case KAFKA_EVENT_BEGIN:
	case KAFKA_EVENT_TAG_SIZE:
		push(e, item);
		break;
	case KAFKA_EVENT_ENTRY_END:
		follow_entry_end(e, item);
		break;
	case KAFKA_EVENT_END:
		follow_end(e);
		break;
	case KAFKA_EVENT_TAG_END:
		follow_tag_end(e, item);
		break;
	default:
		break;
	}
}

int edit_end(struct edit *e, const struct kafka_walk *w)
{
	int error = kafka_walk_error(w);

	if (error)
		return error;
	edit_upto(e, e->body.n);
	return buf_error(e->out);
}
