/* The container: what was appended is found again, and no changed byte passes. */
#include "image/image.h"
#include "unit.h"

static void build(struct buf *out)
{
	struct image_builder b;
	uint32_t words[] = { 1, 2, 3 };

	image_builder_init(&b);
	struct image_str one = image_intern(&b, span_str("one"));
	struct image_str again = image_intern(&b, span_str("one"));
	ck_assert_uint_eq(one.off, again.off);
	image_append(&b, IMAGE_TOPICS, words, sizeof words, 4);
	image_append(&b, IMAGE_SETTINGS, &one, sizeof one, 4);
	buf_init(out, 0);
	ck_assert_int_eq(image_finish(&b, 7, out), 0);
	image_builder_fini(&b);
}

START_TEST(sections_come_back)
{
	struct buf out;
	struct image img;
	size_t n;

	build(&out);
	ck_assert_int_eq(image_open(&img, out.p, out.n), 0);
	ck_assert_uint_eq(image_generation(&img), 7);
	const uint32_t *words = image_table(&img, IMAGE_TOPICS, 4, &n);
	ck_assert_uint_eq(n, 3);
	ck_assert_uint_eq(words[2], 3);
	const struct image_str *s = image_at(&img, IMAGE_SETTINGS, 0, sizeof *s);
	ck_assert_str_eq(image_text(&img, *s), "one");
	ck_assert_str_eq(image_text(&img, (struct image_str){ 2, 1 }), "");
	ck_assert_ptr_null(image_at(&img, IMAGE_TOPICS, 8, 5));
	buf_fini(&out);
}
END_TEST

START_TEST(every_changed_byte_is_refused)
{
	struct buf out;
	struct image img;

	build(&out);
	for (size_t i = 0; i < out.n; i++) {
		out.p[i] ^= 0x40;
		ck_assert_int_lt(image_open(&img, out.p, out.n), 0);
		out.p[i] ^= 0x40;
	}
	for (size_t n = 0; n < out.n; n++)
		ck_assert_int_lt(image_open(&img, out.p, n), 0);
	buf_fini(&out);
}
END_TEST

START_TEST(thousands_of_strings_stay_apart)
{
	struct image_builder b;
	struct buf out;
	struct image img;
	struct image_str refs[3000];
	char text[16];

	image_builder_init(&b);
	for (int i = 0; i < 3000; i++) {
		snprintf(text, sizeof text, "name-%d", i);
		refs[i] = image_intern(&b, span_str(text));
	}
	buf_init(&out, 0);
	ck_assert_int_eq(image_finish(&b, 1, &out), 0);
	ck_assert_int_eq(image_open(&img, out.p, out.n), 0);
	for (int i = 0; i < 3000; i++) {
		snprintf(text, sizeof text, "name-%d", i);
		ck_assert_str_eq(image_text(&img, refs[i]), text);
	}
	image_builder_fini(&b);
	buf_fini(&out);
}
END_TEST

UNIT_MAIN("image", sections_come_back, every_changed_byte_is_refused, thousands_of_strings_stay_apart)
