/* Owned, growing bytes. A failed growth is sticky: later writes do nothing and
 * buf_error says so, so that writers check once at the end. */
#pragma once

#include "base/base.h"

struct buf {
	uint8_t *p;
	size_t n, cap;
	size_t limit;    /* most bytes, 0: none */
	int error;       /* 0, E_NOMEM or E_LIMIT */
};

void buf_init(struct buf *b, size_t limit);
void buf_fini(struct buf *b);
void buf_clear(struct buf *b);                 /* empty, keeps the memory, clears the error */
bool buf_reserve(struct buf *b, size_t more);  /* room for more bytes at p + n */
void buf_add(struct buf *b, const void *p, size_t n);
void buf_addch(struct buf *b, char c);
void buf_puts(struct buf *b, const char *s);
void buf_printf(struct buf *b, const char *fmt, ...) PRINTF_LIKE(2, 3);
uint8_t *buf_extend(struct buf *b, size_t n);  /* n fresh zeroed bytes, NULL on failure */

static inline int buf_error(const struct buf *b)
{
	return b->error;
}

static inline struct span buf_span(const struct buf *b)
{
	return span_of(b->p, b->n);
}

/* Big-endian and Kafka varints; see cursor.h for their readers. */
void buf_u8(struct buf *b, uint8_t v);
void buf_be16(struct buf *b, uint16_t v);
void buf_be32(struct buf *b, uint32_t v);
void buf_be64(struct buf *b, uint64_t v);
void buf_uvarint(struct buf *b, uint32_t v);
void buf_varint(struct buf *b, int32_t v);      /* zigzag */
void buf_varlong(struct buf *b, int64_t v);     /* zigzag */

/* s as the inside of a JSON string, RFC 8259 7; bytes that are no UTF-8 become U+FFFD. */
void buf_json_escape(struct buf *b, struct span s);
