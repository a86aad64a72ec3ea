/* The codecs: streams of other writers are read, bounds hold, what is written can be read. */
#include "compress/compress.h"
#include "unit.h"
#include "vector.h"

#define CAP (1 << 16)

static const struct {
	const char *name;
	enum compress_codec codec;
} streams[] = {
	{ "gzip", COMPRESS_GZIP }, { "gzip/two-members", COMPRESS_GZIP }, { "snappy/raw", COMPRESS_SNAPPY },
	{ "snappy/xerial", COMPRESS_SNAPPY }, { "lz4", COMPRESS_LZ4 }, { "zstd", COMPRESS_ZSTD },
	{ "zstd/no-size", COMPRESS_ZSTD }, { "zstd/two-frames", COMPRESS_ZSTD },
};

static struct compress *z;
static struct buf out;

static void setup(void)
{
	z = compress_new();
	ck_assert_ptr_nonnull(z);
	buf_init(&out, 0);
}

static void teardown(void)
{
	compress_free(z);
	buf_fini(&out);
}

static int inflate_all(enum compress_codec codec, struct span in, size_t cap)
{
	buf_clear(&out);
	return compress_inflate(z, codec, in, &out, cap);
}

START_TEST(inflates_what_others_wrote)
{
	setup();
	for (size_t i = 0; i < ARRAY_LEN(streams); i++) {
		struct span in = vector("compress/%s", streams[i].name);
		ck_assert_msg(inflate_all(streams[i].codec, in, CAP) == 0, "%s", streams[i].name);
		ck_assert(span_eq(buf_span(&out), vector("compress/plain")));
	}
	ck_assert_int_eq(inflate_all(COMPRESS_NONE, SPAN_LIT("abc"), 3), 0);
	ck_assert(span_is(buf_span(&out), "abc"));
	teardown();
}
END_TEST

START_TEST(appends_to_what_is_there)
{
	setup();
	buf_puts(&out, "before");
	ck_assert_int_eq(compress_inflate(z, COMPRESS_ZSTD, vector("compress/zstd"), &out, 600), 0);
	ck_assert_uint_eq(out.n, 606);
	ck_assert_int_eq(memcmp(out.p, "before{", 7), 0);
	teardown();
}
END_TEST

/* The plain text has 600 bytes: they fit into 600 exactly, 599 are too few. */
START_TEST(cap_is_exact)
{
	setup();
	for (size_t i = 0; i < ARRAY_LEN(streams); i++) {
		struct span in = vector("compress/%s", streams[i].name);
		ck_assert_int_eq(inflate_all(streams[i].codec, in, 600), 0);
		ck_assert_msg(inflate_all(streams[i].codec, in, 599) == E_LIMIT, "%s", streams[i].name);
		ck_assert_uint_le(out.n, 599);
	}
	ck_assert_int_eq(inflate_all(COMPRESS_NONE, SPAN_LIT("abc"), 2), E_LIMIT);
	teardown();
}
END_TEST

START_TEST(cut_streams_end)
{
	setup();
	for (size_t i = 0; i < ARRAY_LEN(streams); i++) {
		struct span in = vector("compress/%s", streams[i].name);
		for (size_t n = 0; n < in.n; n++) {
			uint8_t *cut = malloc(n + 1);
			memcpy(cut, in.p, n);
			int error = inflate_all(streams[i].codec, span_of(cut, n), CAP);
			/* a cut between two members, blocks or frames is a shorter stream */
			if (error == 0)
				ck_assert_uint_lt(out.n, 600);
			else
				ck_assert(error == E_TRUNCATED || error == E_MALFORMED);
			free(cut);
		}
	}
	teardown();
}
END_TEST

START_TEST(changed_bits_end)
{
	setup();
	for (size_t i = 0; i < ARRAY_LEN(streams); i++) {
		struct span in = vector("compress/%s", streams[i].name);
		uint8_t *p = malloc(in.n);
		for (size_t bit = 0; bit < 8 * in.n; bit++) {
			memcpy(p, in.p, in.n);
			p[bit / 8] ^= (uint8_t)(1 << bit % 8);
			(void)!inflate_all(streams[i].codec, span_of(p, in.n), CAP);
			ck_assert_uint_le(out.n, CAP);
		}
		free(p);
	}
	teardown();
}
END_TEST

START_TEST(bombs_stay_small)
{
	static const struct {
		const char *name;
		enum compress_codec codec;
	} bombs[] = { { "gzip", COMPRESS_GZIP }, { "lz4", COMPRESS_LZ4 }, { "zstd", COMPRESS_ZSTD } };

	setup();
	for (size_t i = 0; i < ARRAY_LEN(bombs); i++) {
		ck_assert_int_eq(inflate_all(bombs[i].codec, vector("bomb/%s", bombs[i].name), CAP), E_LIMIT);
		ck_assert_uint_eq(out.n, CAP);
		ck_assert_uint_le(out.cap, 4 * CAP);
	}
	ck_assert_int_eq(inflate_all(COMPRESS_SNAPPY, vector("bomb/snappy"), CAP - 1), E_LIMIT);
	ck_assert_uint_eq(out.n, 0);
	teardown();
}
END_TEST

/* A snappy block of 5 bytes that claims 4 GiB, and an xerial one that claims 2 GiB of input. */
START_TEST(claims_are_not_believed)
{
	static const uint8_t xerial[] = { 0x82, 'S', 'N', 'A', 'P', 'P', 'Y', 0, 0, 0, 0, 1, 0, 0, 0, 1, 0x7f, 0xff, 0xff, 0xff };

	setup();
	ck_assert_int_eq(inflate_all(COMPRESS_SNAPPY, SPAN_LIT("\xff\xff\xff\xff\x0f"), SIZE_MAX / 2), E_MALFORMED);
	ck_assert_int_eq(inflate_all(COMPRESS_SNAPPY, span_of(xerial, sizeof xerial), CAP), E_TRUNCATED);
	ck_assert_uint_le(out.cap, 64);
	teardown();
}
END_TEST

START_TEST(refuses_what_kafka_does_not_use)
{
	setup();
	ck_assert_int_eq(inflate_all(COMPRESS_LZ4, vector("compress/lz4/linked"), CAP), E_UNSUPPORTED);
	ck_assert_int_eq(inflate_all(COMPRESS_ZSTD, vector("compress/zstd/window-16MiB"), CAP), E_LIMIT);
	ck_assert_int_eq(inflate_all((enum compress_codec)5, SPAN_LIT("x"), CAP), E_UNSUPPORTED);
	ck_assert_int_eq(compress_deflate(z, (enum compress_codec)5, SPAN_LIT("x"), SPAN_NULL, &out), E_UNSUPPORTED);
	ck_assert_str_eq(compress_word(COMPRESS_ZSTD), "zstd");
	ck_assert_str_eq(compress_word((enum compress_codec)5), "unknown");
	compress_free(NULL);
	teardown();
}
END_TEST

START_TEST(refuses_bytes_after_the_end)
{
	static const char *const names[] = { "gzip", "lz4", "zstd" };
	static const enum compress_codec codecs[] = { COMPRESS_GZIP, COMPRESS_LZ4, COMPRESS_ZSTD };

	setup();
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		struct span in = vector("compress/%s", names[i]);
		uint8_t *p = calloc(1, in.n + 4);
		memcpy(p, in.p, in.n);
		ck_assert_int_lt(inflate_all(codecs[i], span_of(p, in.n + 4), CAP), 0);
		free(p);
	}
	teardown();
}
END_TEST

START_TEST(writes_what_it_reads)
{
	struct buf packed;

	setup();
	buf_init(&packed, 0);
	struct span text = vector("compress/plain");
	for (size_t i = 0; i < ARRAY_LEN(streams); i++) {
		struct span like = vector("compress/%s", streams[i].name);
		buf_clear(&packed);
		ck_assert_int_eq(compress_deflate(z, streams[i].codec, text, like, &packed), 0);
		ck_assert_int_eq(memcmp(packed.p, like.p, 2), 0);
		ck_assert_int_eq(inflate_all(streams[i].codec, buf_span(&packed), CAP), 0);
		ck_assert(span_eq(buf_span(&out), text));
	}
	struct buf small;
	for (size_t i = 0; i < ARRAY_LEN(streams); i++) {
		buf_init(&small, 8);
		ck_assert_int_eq(compress_deflate(z, streams[i].codec, text, vector("compress/%s", streams[i].name), &small), E_LIMIT);
		buf_fini(&small);
	}
	buf_fini(&packed);
	teardown();
}
END_TEST

UNIT_MAIN("compress", inflates_what_others_wrote, appends_to_what_is_there, cap_is_exact, cut_streams_end, changed_bits_end,
	  bombs_stay_small, claims_are_not_believed, refuses_what_kafka_does_not_use, refuses_bytes_after_the_end, writes_what_it_reads)
