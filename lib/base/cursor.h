/* Borrowed bytes, read in order, with a sticky error: after the first failure all
 * reads yield zero and nothing moves, so that decoders are straight lines and ask
 * once at the end. Kafka's primitive types, KIP-482 compact forms included. */
#pragma once

#include "base/base.h"

struct cursor {
	const uint8_t *p, *end;
	int error;               /* 0, E_TRUNCATED or E_MALFORMED */
};

static inline struct cursor cursor_of(const void *p, size_t n)
{
	const uint8_t *start = p ? p : (const uint8_t *)"";   /* arithmetic on NULL is undefined */

	return (struct cursor){ start, start + n, 0 };
}

static inline struct cursor cursor_span(struct span s)
{
	return cursor_of(s.p, s.n);
}

static inline size_t cursor_left(const struct cursor *c)
{
	return (size_t)(c->end - c->p);
}

static inline void cursor_fail(struct cursor *c, int error)
{
	if (!c->error)
		c->error = error;
	c->p = c->end;
}

/* n bytes, or NULL after failing. n == 0 gives a non-NULL empty place. */
static inline const uint8_t *cursor_take(struct cursor *c, size_t n)
{
	if (unlikely(c->error || cursor_left(c) < n)) {
		cursor_fail(c, E_TRUNCATED);
		return NULL;
	}
	const uint8_t *p = c->p;
	c->p += n;
	return p;
}

static inline void cursor_skip(struct cursor *c, size_t n)
{
	(void)cursor_take(c, n);
}

static inline uint8_t cursor_u8(struct cursor *c)
{
	const uint8_t *p = cursor_take(c, 1);
	return p ? *p : 0;
}

static inline uint16_t cursor_be16(struct cursor *c)
{
	const uint8_t *p = cursor_take(c, 2);
	return p ? (uint16_t)(p[0] << 8 | p[1]) : 0;
}

static inline uint32_t cursor_be32(struct cursor *c)
{
	uint32_t v = 0;
	const uint8_t *p = cursor_take(c, 4);
	if (p)
		memcpy(&v, p, 4);
	return __builtin_bswap32(v);
}

static inline uint64_t cursor_be64(struct cursor *c)
{
	uint64_t v = 0;
	const uint8_t *p = cursor_take(c, 8);
	if (p)
		memcpy(&v, p, 8);
	return __builtin_bswap64(v);
}

uint32_t cursor_uvarint(struct cursor *c);   /* at most 5 bytes, 32 bits */
int32_t cursor_varint(struct cursor *c);     /* zigzag */
int64_t cursor_varlong(struct cursor *c);    /* zigzag, at most 10 bytes */

/* The next n bytes as a cursor of their own; fails both when they are not there. */
struct cursor cursor_sub(struct cursor *c, int64_t n);
/* All that is left. */
struct span cursor_rest(struct cursor *c);

/* Lengths: -1 (classic, varint) or 0 (compact) is null, anything below fails. */
struct span cursor_string16(struct cursor *c);       /* int16 length */
struct span cursor_bytes32(struct cursor *c);        /* int32 length */
struct span cursor_compact(struct cursor *c);        /* uvarint length + 1 */
struct span cursor_varbytes(struct cursor *c);       /* zigzag length, record fields */
/* Array counts: -1 for null; refused when count * min_size exceeds what is left. */
int32_t cursor_array32(struct cursor *c, size_t min_size);
int32_t cursor_compact_array(struct cursor *c, size_t min_size);
