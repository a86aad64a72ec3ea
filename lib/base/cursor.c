/* Varints, spans and counts read from borrowed bytes. Owner: base; every process. */
#include "base/cursor.h"

static uint64_t read_uvarlong(struct cursor *c, unsigned max_bytes)
{
	uint64_t v = 0;

	for (unsigned i = 0; i < max_bytes; i++) {
		uint8_t b = cursor_u8(c);
		v |= (uint64_t)(b & 0x7f) << (7 * i);
		if (!(b & 0x80))
			return v;
	}
	cursor_fail(c, E_MALFORMED);
	return 0;
}

uint32_t cursor_uvarint(struct cursor *c)
{
	uint64_t v = read_uvarlong(c, 5);

	if (v > UINT32_MAX) {
		cursor_fail(c, E_MALFORMED);
		return 0;
	}
	return (uint32_t)v;
}

int32_t cursor_varint(struct cursor *c)
{
	uint32_t v = cursor_uvarint(c);

	return (int32_t)(v >> 1) ^ -(int32_t)(v & 1);
}

int64_t cursor_varlong(struct cursor *c)
{
	uint64_t v = read_uvarlong(c, 10);

	return (int64_t)(v >> 1) ^ -(int64_t)(v & 1);
}

struct cursor cursor_sub(struct cursor *c, int64_t n)
{
	if (n < 0)
		cursor_fail(c, E_MALFORMED);
	const uint8_t *p = cursor_take(c, n < 0 ? 0 : (size_t)n);
	if (!p)
		return (struct cursor){ c->end, c->end, c->error };
	return cursor_of(p, (size_t)n);
}

struct span cursor_rest(struct cursor *c)
{
	struct span s = { c->p, cursor_left(c) };

	c->p = c->end;
	return s;
}

static struct span take_span(struct cursor *c, int64_t n)
{
	if (n == -1)
		return SPAN_NULL;
	if (n < 0) {
		cursor_fail(c, E_MALFORMED);
		return SPAN_NULL;
	}
	const uint8_t *p = cursor_take(c, (size_t)n);
	return p ? span_of(p, (size_t)n) : SPAN_NULL;
}

struct span cursor_string16(struct cursor *c)
{
	int16_t n = (int16_t)cursor_be16(c);

	return c->error ? SPAN_NULL : take_span(c, n);
}

struct span cursor_bytes32(struct cursor *c)
{
	int32_t n = (int32_t)cursor_be32(c);

	return c->error ? SPAN_NULL : take_span(c, n);
}

struct span cursor_compact(struct cursor *c)
{
	uint32_t n = cursor_uvarint(c);

	return c->error ? SPAN_NULL : take_span(c, (int64_t)n - 1);
}

struct span cursor_varbytes(struct cursor *c)
{
	int32_t n = cursor_varint(c);

	return c->error ? SPAN_NULL : take_span(c, n);
}

static int32_t check_count(struct cursor *c, int64_t n, size_t min_size)
{
	if (c->error)
		return 0;
	if (n < -1 || (n > 0 && (uint64_t)n * min_size > cursor_left(c))) {
		cursor_fail(c, E_MALFORMED);
		return 0;
	}
	return (int32_t)n;
}

int32_t cursor_array32(struct cursor *c, size_t min_size)
{
	return check_count(c, (int32_t)cursor_be32(c), min_size);
}

int32_t cursor_compact_array(struct cursor *c, size_t min_size)
{
	return check_count(c, (int64_t)cursor_uvarint(c) - 1, min_size);
}
