/* The base layer: cursors, buffers, arenas, checksums, UTF-8. */
#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/cursor.h"
#include "base/hash.h"
#include "base/list.h"
#include "base/slab.h"
#include "base/utf8.h"
#include "unit.h"

START_TEST(cursor_reads_what_buf_wrote)
{
	static const int64_t longs[] = { 0, -1, 1, 63, -64, 64, INT32_MIN, INT64_MAX, INT64_MIN };
	struct buf b;

	buf_init(&b, 0);
	for (size_t i = 0; i < ARRAY_LEN(longs); i++)
		buf_varlong(&b, longs[i]);
	buf_be16(&b, 0x1234);
	buf_be64(&b, 0x0102030405060708u);
	buf_varint(&b, INT32_MIN);
	buf_uvarint(&b, UINT32_MAX);
	struct cursor c = cursor_span(buf_span(&b));
	for (size_t i = 0; i < ARRAY_LEN(longs); i++)
		ck_assert_int_eq(cursor_varlong(&c), longs[i]);
	ck_assert_uint_eq(cursor_be16(&c), 0x1234);
	ck_assert_uint_eq(cursor_be64(&c), 0x0102030405060708u);
	ck_assert_int_eq(cursor_varint(&c), INT32_MIN);
	ck_assert_uint_eq(cursor_uvarint(&c), UINT32_MAX);
	ck_assert_int_eq(c.error, 0);
	ck_assert_uint_eq(cursor_left(&c), 0);
	buf_fini(&b);
}
END_TEST

START_TEST(cursor_error_is_sticky)
{
	struct cursor c = cursor_of("\x00\x00\x00", 3);

	ck_assert_uint_eq(cursor_be32(&c), 0);
	ck_assert_int_eq(c.error, E_TRUNCATED);
	ck_assert_uint_eq(cursor_u8(&c), 0);
	ck_assert_ptr_null(cursor_take(&c, 0));
}
END_TEST

START_TEST(an_empty_place_of_nothing_is_one)
{
	struct cursor c = cursor_span(SPAN_NULL);

	ck_assert_ptr_nonnull(cursor_take(&c, 0));
	ck_assert_uint_eq(cursor_left(&c), 0);
	ck_assert_int_eq(c.error, 0);
}
END_TEST

START_TEST(cursor_refuses_lying_lengths)
{
	struct cursor c = cursor_of("\xff\xfe", 2);
	ck_assert(span_is_null(cursor_string16(&c)));
	ck_assert_int_eq(c.error, E_MALFORMED);

	c = cursor_of("\xff\xff", 2);
	ck_assert(span_is_null(cursor_string16(&c)));
	ck_assert_int_eq(c.error, 0);

	c = cursor_of("\x7f\xff\xff\xff....", 8);
	ck_assert_int_eq(cursor_array32(&c, 1), 0);
	ck_assert_int_eq(c.error, E_MALFORMED);

	c = cursor_of("\xff\xff\xff\xff\xff\x01", 6);
	cursor_uvarint(&c);
	ck_assert_int_eq(c.error, E_MALFORMED);
}
END_TEST

START_TEST(crc32c_has_the_published_values)
{
	uint8_t zeros[32] = { 0 }, ones[32];

	memset(ones, 0xff, sizeof ones);
	ck_assert_uint_eq(crc32c(0, zeros, 32), 0x8a9136aau);       /* RFC 3720 B.4 */
	ck_assert_uint_eq(crc32c(0, ones, 32), 0x62a8ab43u);
	ck_assert_uint_eq(crc32c(0, "123456789", 9), 0xe3069283u);
	ck_assert_uint_eq(crc32c(crc32c(0, "1234", 4), "56789", 5), 0xe3069283u);
}
END_TEST

/* Long inputs take another way than short ones; a byte at a time is the shortest. */
START_TEST(crc32c_of_long_inputs_is_that_of_their_bytes)
{
	static uint8_t bytes[40000];
	uint32_t c = 0;

	for (size_t i = 0; i < sizeof bytes; i++)
		bytes[i] = (uint8_t)hash64(&i, sizeof i, 1);
	for (size_t n = 0; n < sizeof bytes; n++) {
		if (n % 97 == 0 || n % 6144 < 2)
			ck_assert_uint_eq(crc32c(0, bytes, n), c);
		c = crc32c(c, bytes + n, 1);
	}
	ck_assert_uint_eq(crc32c(crc32c(0, bytes, 12345), bytes + 12345, sizeof bytes - 12345), c);
}
END_TEST

START_TEST(utf8_is_strict)
{
	static const char *const bad[] = { "\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xff", "\xe2\x82", "\x80" };
	static const char *const good[] = { "a", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80", "\xf4\x8f\xbf\xbf" };
	uint8_t out[4];

	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		ck_assert(!utf8_is_valid((const uint8_t *)bad[i], strlen(bad[i])));
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		size_t n = strlen(good[i]);
		ck_assert_uint_eq(utf8_len((const uint8_t *)good[i], n), n);
		ck_assert_uint_eq(utf8_encode(utf8_decode((const uint8_t *)good[i], n), out), n);
		ck_assert_mem_eq(out, good[i], n);
	}
}
END_TEST

START_TEST(json_escape_survives_hostile_bytes)
{
	struct buf b;

	buf_init(&b, 0);
	buf_json_escape(&b, SPAN_LIT("a\"\\\n\x01\xff\xc3\xa9"));
	buf_addch(&b, 0);
	ck_assert_str_eq((char *)b.p, "a\\\"\\\\\\n\\u0001\xef\xbf\xbd\xc3\xa9");
	buf_fini(&b);
}
END_TEST

START_TEST(buf_limit_is_sticky)
{
	struct buf b;

	buf_init(&b, 4);
	buf_puts(&b, "1234");
	buf_puts(&b, "5");
	buf_puts(&b, "");
	ck_assert_int_eq(buf_error(&b), E_LIMIT);
	ck_assert_uint_eq(b.n, 4);
	buf_fini(&b);
}
END_TEST

START_TEST(arena_holds_its_limit_and_resets)
{
	struct arena a;

	arena_init(&a, 1024, 8192);
	ck_assert_ptr_nonnull(arena_alloc(&a, 0));
	ck_assert_ptr_null(arena_alloc(&a, 10000));
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < 100; i++)
			ck_assert_ptr_nonnull(arena_alloc(&a, 48));
		arena_reset(&a);
	}
	ck_assert_str_eq(arena_printf(&a, "%d-%s", 7, "x"), "7-x");
	arena_fini(&a);
	ck_assert_uint_eq(a.total, 0);
}
END_TEST

START_TEST(list_and_slab)
{
	struct list head, node;
	struct slab s;

	list_init(&head);
	list_init(&node);
	list_remove(&node);
	list_append(&head, &node);
	ck_assert_ptr_eq(list_first(&head), &node);
	list_remove(&node);
	ck_assert(list_is_empty(&head));
	slab_init(&s, 40, 1);
	void *a = slab_get(&s), *b = slab_get(&s);
	slab_put(&s, a);
	slab_put(&s, b);
	ck_assert_uint_eq(s.idle, 1);
	ck_assert_ptr_eq(slab_get(&s), a);
	slab_put(&s, a);
	slab_fini(&s);
}
END_TEST

START_TEST(time_prints_as_rfc3339)
{
	char out[25];

	ck_assert_str_eq(clock_rfc3339(1767323045678, out), "2026-01-02T03:04:05.678Z");
}
END_TEST

UNIT_MAIN("base", cursor_reads_what_buf_wrote, cursor_error_is_sticky, an_empty_place_of_nothing_is_one, cursor_refuses_lying_lengths,
          crc32c_has_the_published_values, crc32c_of_long_inputs_is_that_of_their_bytes, utf8_is_strict, json_escape_survives_hostile_bytes, buf_limit_is_sticky,
          arena_holds_its_limit_and_resets, list_and_slab, time_prints_as_rfc3339)
