/* Owned, growing bytes. Owner: base; every process. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/utf8.h"

void buf_init(struct buf *b, size_t limit)
{
	*b = (struct buf){ .limit = limit };
}

void buf_fini(struct buf *b)
{
	free(b->p);
	*b = (struct buf){ .limit = b->limit };
}

void buf_clear(struct buf *b)
{
	b->n = 0;
	b->error = 0;
}

bool buf_reserve(struct buf *b, size_t more)
{
	if (b->error)
		return false;
	if (b->cap - b->n >= more)
		return true;
	size_t need, cap = b->cap ? b->cap : 64;
	if (__builtin_add_overflow(b->n, more, &need) || (b->limit && need > b->limit)) {
		b->error = E_LIMIT;
		return false;
	}
	while (cap < need)
		cap = cap > SIZE_MAX / 2 ? need : cap * 2;
	if (b->limit && cap > b->limit)
		cap = b->limit;
	uint8_t *p = realloc(b->p, cap);
	if (!p) {
		b->error = E_NOMEM;
		return false;
	}
	b->p = p;
	b->cap = cap;
	return true;
}

void buf_add(struct buf *b, const void *p, size_t n)
{
	if (n == 0 || !buf_reserve(b, n))
		return;
	memcpy(b->p + b->n, p, n);
	b->n += n;
}

uint8_t *buf_extend(struct buf *b, size_t n)
{
	if (!buf_reserve(b, n))
		return NULL;
	uint8_t *p = b->p + b->n;
	memset(p, 0, n);
	b->n += n;
	return p;
}

void buf_addch(struct buf *b, char c)
{
	buf_add(b, &c, 1);
}

void buf_puts(struct buf *b, const char *s)
{
	buf_add(b, s, strlen(s));
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	int n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0 || !buf_reserve(b, (size_t)n + 1))
		return;
	va_start(ap, fmt);
	vsnprintf((char *)b->p + b->n, (size_t)n + 1, fmt, ap);
	va_end(ap);
	b->n += (size_t)n;
}

void buf_u8(struct buf *b, uint8_t v)
{
	buf_add(b, &v, 1);
}

void buf_be16(struct buf *b, uint16_t v)
{
	v = __builtin_bswap16(v);
	buf_add(b, &v, sizeof v);
}

void buf_be32(struct buf *b, uint32_t v)
{
	v = __builtin_bswap32(v);
	buf_add(b, &v, sizeof v);
}

void buf_be64(struct buf *b, uint64_t v)
{
	v = __builtin_bswap64(v);
	buf_add(b, &v, sizeof v);
}

static void add_uvarlong(struct buf *b, uint64_t v)
{
	uint8_t out[10];
	size_t n = 0;

	for (; v >= 0x80; v >>= 7)
		out[n++] = (uint8_t)(v | 0x80);
	out[n++] = (uint8_t)v;
	buf_add(b, out, n);
}

void buf_uvarint(struct buf *b, uint32_t v)
{
	add_uvarlong(b, v);
}

void buf_varint(struct buf *b, int32_t v)
{
	add_uvarlong(b, ((uint32_t)v << 1) ^ (uint32_t)(v >> 31));
}

void buf_varlong(struct buf *b, int64_t v)
{
	add_uvarlong(b, ((uint64_t)v << 1) ^ (uint64_t)(v >> 63));
}

static void escape_control(struct buf *b, uint8_t c)
{
	static const char shorts[] = "\bb\tt\nn\ff\rr\"\"\\\\";

	for (const char *s = shorts; *s; s += 2) {
		if ((uint8_t)*s == c) {
			buf_addch(b, '\\');
			buf_addch(b, s[1]);
			return;
		}
	}
	buf_printf(b, "\\u%04x", c);
}

void buf_json_escape(struct buf *b, struct span s)
{
	size_t i = 0;

	while (i < s.n) {
		uint8_t c = s.p[i];
		if (c < 0x20 || c == '"' || c == '\\' || c == 0x7f) {
			escape_control(b, c);
			i++;
			continue;
		}
		size_t len = utf8_len(s.p + i, s.n - i);
		if (len == 0)
			buf_puts(b, "\xef\xbf\xbd");
		else
			buf_add(b, s.p + i, len);
		i += len ? len : 1;
	}
}
