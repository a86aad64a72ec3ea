/* The field table and the walker over it. Owner: kafka; workers. */
#include "kafka/field.h"
#include "kafka/rows.h"

#define UNTAGGED KAFKA_UNTAGGED
#define TOP INT16_MAX

static const struct kafka_field rows[ROW_COUNT + 1] = {
#define REQUEST(NAME) { #NAME, 0, TOP, KAFKA_STRUCT, KAFKA_ROLE_NONE, -1, UNTAGGED },
#define RESPONSE(NAME) { #NAME, 0, TOP, KAFKA_STRUCT, KAFKA_ROLE_NONE, -1, UNTAGGED },
#define FIELD(depth, name, type, from, to, tag, role) { #name, from, to, KAFKA_##type, KAFKA_ROLE_##role, depth, tag },
#include "kafka/field.def"
#undef REQUEST
#undef RESPONSE
#undef FIELD
	[ROW_COUNT] = { NULL, 0, TOP, KAFKA_STRUCT, KAFKA_ROLE_NONE, -1, UNTAGGED },
};

enum state { STATE_ENTRY, STATE_FIELDS, STATE_TAGS, STATE_TAG, STATE_TAG_SIZE, STATE_TAG_VALUE, STATE_TAG_END,
	     STATE_ENTRY_END, STATE_SCALARS, STATE_END };

/* What a step found. */
enum found { FOUND_ITEM, FOUND_NOTHING, FOUND_MORE_NEEDED };

static const uint8_t fixed_size[] = {
	[KAFKA_BOOL] = 1, [KAFKA_INT8] = 1, [KAFKA_INT16] = 2, [KAFKA_UINT16] = 2, [KAFKA_INT32] = 4,
	[KAFKA_UINT32] = 4, [KAFKA_INT64] = 8, [KAFKA_FLOAT64] = 8, [KAFKA_UUID] = 16,
};

const struct kafka_field *kafka_fields(const struct kafka_api *api, enum kafka_side side)
{
	return &rows[(side == KAFKA_REQUEST ? api->request : api->response) + 1];
}

void kafka_walk_init(struct kafka_walk *w, const struct kafka_api *api, enum kafka_side side, int16_t version, size_t size)
{
	const struct kafka_field *first = kafka_fields(api, side);

	INVARIANT(kafka_api_has(api, version));
	w->p = w->limit = NULL;
	w->offset = 0;
	w->size = size;
	w->error = 0;
	w->done = false;
	w->flexible = kafka_api_is_flexible(api, version);
	w->version = version;
	w->depth = 0;
	w->ncarry = 0;
	w->skip = 0;
	w->levels[0] = (struct kafka_level){ .first = first, .row = first, .left = 1, .state = STATE_ENTRY };
}

void kafka_walk_feed(struct kafka_walk *w, const void *p, size_t n)
{
	w->p = p;
	w->limit = w->p + n;
}

static enum found fail(struct kafka_walk *w, int error)
{
	w->error = error;
	return FOUND_NOTHING;
}

/* n bytes in one piece, n <= 16; NULL: more is needed, or w->error. */
static const uint8_t *take(struct kafka_walk *w, size_t n)
{
	size_t have = (size_t)(w->limit - w->p);

	if (w->size - w->offset < n) {
		w->error = E_TRUNCATED;
		return NULL;
	}
	if (likely(w->ncarry == 0 && have >= n)) {
		w->p += n;
		w->offset += n;
		return w->p - n;
	}
	size_t more = n - w->ncarry < have ? n - w->ncarry : have;
	if (more)
		memcpy(w->carry + w->ncarry, w->p, more);
	w->p += more;
	w->ncarry += (uint8_t)more;
	if (w->ncarry < n)
		return NULL;
	w->ncarry = 0;
	w->offset += n;
	return w->carry;
}

static bool take_uvarint(struct kafka_walk *w, uint32_t *v)
{
	for (;;) {
		if (w->size - w->offset <= w->ncarry) {
			w->error = E_TRUNCATED;
			return false;
		}
		if (w->p == w->limit)
			return false;
		w->carry[w->ncarry++] = *w->p++;
		if (!(w->carry[w->ncarry - 1] & 0x80))
			break;
		if (w->ncarry == 5) {
			w->error = E_MALFORMED;
			return false;
		}
	}
	struct cursor c = cursor_of(w->carry, w->ncarry);
	*v = cursor_uvarint(&c);
	w->offset += w->ncarry;
	w->ncarry = 0;
	w->error = c.error;
	return !c.error;
}

static int64_t integer(enum kafka_type type, const uint8_t *p)
{
	struct cursor c = cursor_of(p, fixed_size[type]);

	switch (type) {
	case KAFKA_INT16: return (int16_t)cursor_be16(&c);
	case KAFKA_UINT16: return cursor_be16(&c);
	case KAFKA_INT32: return (int32_t)cursor_be32(&c);
	case KAFKA_UINT32: return cursor_be32(&c);
	case KAFKA_INT64: return (int64_t)cursor_be64(&c);
	case KAFKA_BOOL: return cursor_u8(&c);
	case KAFKA_INT8: return (int8_t)cursor_u8(&c);
	default: return 0;
	}
}

static enum found take_fixed(struct kafka_walk *w, enum kafka_type type, struct kafka_item *item)
{
	const uint8_t *p = take(w, fixed_size[type]);

	if (!p)
		return FOUND_MORE_NEEDED;
	item->end = w->offset;
	item->number = integer(type, p);
	if (type == KAFKA_UUID) {
		item->bytes = span_of(p, 16);
		item->size = 16;
	}
	return FOUND_ITEM;
}

/* A length or a count, -1 is null. */
static bool take_length(struct kafka_walk *w, size_t width, int64_t *n)
{
	uint32_t v = 0;

	if (w->flexible) {
		if (!take_uvarint(w, &v))
			return false;
		*n = (int64_t)v - 1;
	} else {
		const uint8_t *p = take(w, width);
		if (!p)
			return false;
		*n = integer(width == 2 ? KAFKA_INT16 : KAFKA_INT32, p);
	}
	if (*n >= -1 && (*n < 0 || (uint64_t)*n <= w->size - w->offset))
		return true;
	w->error = *n < -1 ? E_MALFORMED : E_TRUNCATED;
	return false;
}

/* The next n bytes are the item's content: given at once when the chunk has them all, else
 * the item is held until they have gone by. */
static enum found take_content(struct kafka_walk *w, size_t n, struct kafka_item *item)
{
	size_t have = (size_t)(w->limit - w->p);

	item->size = n;
	item->end = w->offset + n;
	w->offset += n;
	if (have >= n) {
		item->bytes = span_of(w->p ? w->p : (const uint8_t *)"", n);
		w->p += n;
		return FOUND_ITEM;
	}
	w->skip = n;
	w->held = *item;
	return FOUND_NOTHING;
}

static enum found take_scalar(struct kafka_walk *w, enum kafka_type type, struct kafka_item *item)
{
	int64_t n;

	if (type <= KAFKA_UUID)
		return take_fixed(w, type, item);
	if (!take_length(w, type == KAFKA_STRING ? 2 : 4, &n))
		return FOUND_MORE_NEEDED;
	if (n < 0) {
		item->end = w->offset;
		item->bytes = SPAN_NULL;
		return FOUND_ITEM;
	}
	return take_content(w, (size_t)n, item);
}

static enum kafka_type scalar_of(enum kafka_type array)
{
	switch (array) {
	case KAFKA_INT8S: return KAFKA_INT8;
	case KAFKA_INT16S: return KAFKA_INT16;
	case KAFKA_INT32S: return KAFKA_INT32;
	case KAFKA_INT64S: return KAFKA_INT64;
	default: return KAFKA_STRING;
	}
}

static void push(struct kafka_walk *w, const struct kafka_field *f, int64_t entries)
{
	bool structs = f->type <= KAFKA_STRUCTS;

	INVARIANT(w->depth + 1 < KAFKA_DEPTH_MAX);
	w->levels[++w->depth] = (struct kafka_level){
		.field = f, .first = f + 1, .row = f + 1,
		.left = entries < 0 ? 0 : (uint32_t)entries,
		.state = entries <= 0 ? STATE_END : structs ? STATE_ENTRY : STATE_SCALARS,
	};
}

static enum found take_begin(struct kafka_walk *w, const struct kafka_field *f, struct kafka_item *item)
{
	const uint8_t *p;

	switch (f->type) {
	case KAFKA_STRUCT:
		item->number = 1;
		break;
	case KAFKA_NULLABLE_STRUCT:
		p = take(w, 1);
		if (!p)
			return FOUND_MORE_NEEDED;
		item->number = *p & 0x80 ? -1 : 1;
		break;
	default:
		if (!take_length(w, 4, &item->number))
			return FOUND_MORE_NEEDED;
	}
	item->event = KAFKA_EVENT_BEGIN;
	item->end = w->offset;
	push(w, f, item->number);
	return FOUND_ITEM;
}

static enum found take_field(struct kafka_walk *w, const struct kafka_field *f, struct kafka_item *item)
{
	item->event = KAFKA_EVENT_VALUE;
	item->field = f;
	item->role = f->role;
	return f->type < KAFKA_STRUCT ? take_scalar(w, f->type, item) : take_begin(w, f, item);
}

static bool is_here(const struct kafka_walk *w, const struct kafka_field *f, int depth)
{
	return f->depth == depth && w->version >= f->from && w->version <= f->to;
}

static enum found step_fields(struct kafka_walk *w, struct kafka_level *l, struct kafka_item *item)
{
	const struct kafka_field *f = l->row;
	int depth = w->depth;

	while (f->depth >= depth && !(is_here(w, f, depth) && f->tag == UNTAGGED))
		f++;
	l->row = f;
	if (f->depth < depth) {
		l->state = w->flexible ? STATE_TAGS : STATE_ENTRY_END;
		return FOUND_NOTHING;
	}
	enum found found = take_field(w, f, item);
	if (found != FOUND_MORE_NEEDED)
		l->row = f + 1;
	return found;
}

static enum found step_tags(struct kafka_walk *w, struct kafka_level *l, struct kafka_item *item)
{
	if (!take_uvarint(w, &l->tags))
		return FOUND_MORE_NEEDED;
	item->event = KAFKA_EVENT_TAGS;
	item->number = l->tags;
	item->end = w->offset;
	l->state = STATE_TAG;
	return FOUND_ITEM;
}

static enum found step_tag(struct kafka_walk *w, struct kafka_level *l, struct kafka_item *item)
{
	if (!l->tags) {
		l->state = STATE_ENTRY_END;
		return FOUND_NOTHING;
	}
	if (!take_uvarint(w, &l->tag_number))
		return FOUND_MORE_NEEDED;
	item->event = KAFKA_EVENT_TAG;
	item->number = l->tag_number;
	item->end = w->offset;
	l->tag = l->first;
	while (l->tag->depth >= w->depth && !(is_here(w, l->tag, w->depth) && l->tag->tag == l->tag_number))
		l->tag++;
	if (l->tag->depth < w->depth || l->tag_number >= UNTAGGED)
		l->tag = NULL;
	item->field = l->tag;
	item->role = l->tag ? l->tag->role : KAFKA_ROLE_NONE;
	l->state = STATE_TAG_SIZE;
	return FOUND_ITEM;
}

static enum found step_tag_size(struct kafka_walk *w, struct kafka_level *l, struct kafka_item *item)
{
	uint32_t size;

	if (!take_uvarint(w, &size))
		return FOUND_MORE_NEEDED;
	if (size > w->size - w->offset)
		return fail(w, E_TRUNCATED);
	item->event = KAFKA_EVENT_TAG_SIZE;
	item->number = l->tag_number;
	item->field = l->tag;
	item->size = size;
	item->end = w->offset;
	l->tag_end = w->offset + size;
	l->state = STATE_TAG_VALUE;
	return FOUND_ITEM;
}

static enum found step_tag_value(struct kafka_walk *w, struct kafka_level *l, struct kafka_item *item)
{
	if (!l->tag) {
		item->event = KAFKA_EVENT_VALUE;
		l->state = STATE_TAG_END;
		return take_content(w, l->tag_end - w->offset, item);
	}
	enum found found = take_field(w, l->tag, item);
	if (found != FOUND_MORE_NEEDED)
		l->state = STATE_TAG_END;
	return found;
}

static enum found step_tag_end(struct kafka_walk *w, struct kafka_level *l, struct kafka_item *item)
{
	if (w->offset != l->tag_end)
		return fail(w, E_MALFORMED);
	l->tags--;
	l->state = STATE_TAG;
	item->event = KAFKA_EVENT_TAG_END;
	item->field = l->tag;
	return FOUND_ITEM;
}

static enum found step_entry(struct kafka_level *l, struct kafka_item *item)
{
	l->row = l->first;
	l->state = STATE_FIELDS;
	item->event = KAFKA_EVENT_ENTRY;
	item->field = l->field;
	item->role = l->field ? l->field->role : KAFKA_ROLE_NONE;
	return FOUND_ITEM;
}

static enum found step_entry_end(struct kafka_walk *w, struct kafka_level *l, struct kafka_item *item)
{
	item->event = KAFKA_EVENT_ENTRY_END;
	item->field = l->field;
	item->role = l->field ? l->field->role : KAFKA_ROLE_NONE;
	l->state = --l->left ? STATE_ENTRY : STATE_END;
	if (w->depth > 0)
		return FOUND_ITEM;
	if (w->offset != w->size)
		return fail(w, E_MALFORMED);
	w->done = true;
	return FOUND_ITEM;
}

static enum found step_scalars(struct kafka_walk *w, struct kafka_level *l, struct kafka_item *item)
{
	if (!l->left) {
		l->state = STATE_END;
		return FOUND_NOTHING;
	}
	item->event = KAFKA_EVENT_VALUE;
	item->field = l->field;
	item->role = l->field->role;
	enum found found = take_scalar(w, scalar_of(l->field->type), item);
	if (found != FOUND_MORE_NEEDED)
		l->left--;
	return found;
}

static enum found step_end(struct kafka_walk *w, struct kafka_level *l, struct kafka_item *item)
{
	item->event = KAFKA_EVENT_END;
	item->field = l->field;
	item->role = l->field->role;
	w->depth--;
	return FOUND_ITEM;
}

static enum found step(struct kafka_walk *w, struct kafka_item *item)
{
	struct kafka_level *l = &w->levels[w->depth];

	*item = (struct kafka_item){ .start = w->offset, .end = w->offset };
	switch ((enum state)l->state) {
	case STATE_ENTRY: return step_entry(l, item);
	case STATE_FIELDS: return step_fields(w, l, item);
	case STATE_TAGS: return step_tags(w, l, item);
	case STATE_TAG: return step_tag(w, l, item);
	case STATE_TAG_SIZE: return step_tag_size(w, l, item);
	case STATE_TAG_VALUE: return step_tag_value(w, l, item);
	case STATE_TAG_END: return step_tag_end(w, l, item);
	case STATE_ENTRY_END: return step_entry_end(w, l, item);
	case STATE_SCALARS: return step_scalars(w, l, item);
	case STATE_END: return step_end(w, l, item);
	}
	return FOUND_NOTHING;
}

static bool skip_held(struct kafka_walk *w, struct kafka_item *item)
{
	size_t have = (size_t)(w->limit - w->p);
	size_t n = w->skip < have ? w->skip : have;

	w->p += n;
	w->skip -= n;
	if (w->skip)
		return false;
	*item = w->held;
	return true;
}

bool kafka_walk_next(struct kafka_walk *w, struct kafka_item *item)
{
	if (w->skip)
		return skip_held(w, item);
	while (!w->error && !w->done) {
		enum found found = step(w, item);
		if (w->error)
			return false;
		if (found == FOUND_ITEM)
			return true;
		if (found == FOUND_MORE_NEEDED || w->skip)
			return w->skip ? skip_held(w, item) : false;
	}
	return false;
}
