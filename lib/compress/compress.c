/* The four codecs in both directions, bounded. Owner: compress; workers. */
#include <lz4frame.h>
#include <snappy-c.h>
#include <stdlib.h>
#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

#include "base/cursor.h"
#include "compress/compress.h"

#define GZIP_WINDOW (15 + 16)           /* largest window, gzip wrapper */
#define STEP (32 * 1024)                /* output grows by at least this */
#define LZ4_HEADER_MIN 7                /* magic, flags, block descriptor, header checksum */
#define ZSTD_LEVEL 3
#define ZSTD_TRUST 128                  /* a claimed size is believed up to this times the input */
#define SNAPPY_RATIO_MAX 22             /* a 3-byte copy gives at most 64 bytes */
#define XERIAL_HEADER 16
#define XERIAL_BLOCK (32 * 1024)        /* of the Java writer */

static const uint8_t xerial_magic[8] = { 0x82, 'S', 'N', 'A', 'P', 'P', 'Y', 0 };

struct compress {
	z_stream inflate, deflate;
	bool has_inflate, has_deflate;
	LZ4F_dctx *lz4;
	ZSTD_DCtx *zstd_in;
	ZSTD_CCtx *zstd_out;
};

struct compress *compress_new(void)
{
	return calloc(1, sizeof(struct compress));
}

void compress_free(struct compress *z)
{
	if (!z)
		return;
	if (z->has_inflate)
		inflateEnd(&z->inflate);
	if (z->has_deflate)
		deflateEnd(&z->deflate);
	LZ4F_freeDecompressionContext(z->lz4);
	ZSTD_freeDCtx(z->zstd_in);
	ZSTD_freeCCtx(z->zstd_out);
	free(z);
}

const char *compress_word(enum compress_codec codec)
{
	static const char *const words[] = { "none", "gzip", "snappy", "lz4", "zstd" };

	return (unsigned)codec < ARRAY_LEN(words) ? words[codec] : "unknown";
}

/* One call into a codec: reads from in, writes at most n bytes behind out, moves both on.
 * 0: go on; E_EOF: the stream ended and in is used up; else the error. */
typedef int (*step_fn)(struct compress *z, struct span *in, struct buf *out, size_t n);

/* Runs a codec's steps. One byte over the cap is allowed for, so that a stream that fits
 * exactly can be told from one that goes on. A step without progress ends the run. */
static int drive(struct compress *z, step_fn step, struct span in, struct buf *out, size_t cap, size_t want)
{
	size_t end = out->n + cap;

	for (;;) {
		size_t left = end - out->n + 1;
		if (out->cap == out->n && !buf_reserve(out, want < left ? want : left))
			return buf_error(out);
		size_t n = out->cap - out->n, before = out->n + (size_t)in.p;
		int error = step(z, &in, out, n < left ? n : left);
		if (out->n > end) {
			out->n = end;
			return E_LIMIT;
		}
		if (error)
			return error == E_EOF ? 0 : error;
		if (out->n + (size_t)in.p == before)
			return in.n ? E_MALFORMED : E_TRUNCATED;
	}
}

static void advance(struct span *in, size_t n)
{
	in->p += n;
	in->n -= n;
}

/* A first size for the output, from what came and not from what it claims. */
static size_t first_size(struct span in)
{
	return STEP + 4 * in.n;
}

/* ---- gzip ---- */

static int gzip_open(struct compress *z)
{
	if (z->has_inflate)
		return inflateReset(&z->inflate) == Z_OK ? 0 : E_NOMEM;
	if (inflateInit2(&z->inflate, GZIP_WINDOW) != Z_OK)
		return E_NOMEM;
	z->has_inflate = true;
	return 0;
}

/* Members may follow each other, RFC 1952 2.2. */
static int gzip_step(struct compress *z, struct span *in, struct buf *out, size_t n)
{
	z_stream *s = &z->inflate;
	unsigned avail_in = in->n < UINT32_MAX ? (unsigned)in->n : UINT32_MAX;
	unsigned avail_out = n < UINT32_MAX ? (unsigned)n : UINT32_MAX;

	s->next_in = (uint8_t *)(uintptr_t)in->p;
	s->avail_in = avail_in;
	s->next_out = out->p + out->n;
	s->avail_out = avail_out;
	int rc = inflate(s, Z_NO_FLUSH);
	advance(in, avail_in - s->avail_in);
	out->n += avail_out - s->avail_out;
	switch (rc) {
	case Z_STREAM_END:
		if (in->n == 0)
			return E_EOF;
		return inflateReset(s) == Z_OK ? 0 : E_MALFORMED;
	case Z_OK:
	case Z_BUF_ERROR:
		return 0;
	case Z_MEM_ERROR:
		return E_NOMEM;
	default:
		return E_MALFORMED;
	}
}

static int gzip_inflate(struct compress *z, struct span in, struct buf *out, size_t cap)
{
	int error = gzip_open(z);

	return error ? error : drive(z, gzip_step, in, out, cap, first_size(in));
}

static int gzip_deflate(struct compress *z, struct span in, struct buf *out)
{
	z_stream *s = &z->deflate;

	if (!z->has_deflate && deflateInit2(s, Z_DEFAULT_COMPRESSION, Z_DEFLATED, GZIP_WINDOW, 8, Z_DEFAULT_STRATEGY) != Z_OK)
		return E_NOMEM;
	z->has_deflate = true;
	if (in.n > UINT32_MAX || deflateReset(s) != Z_OK)
		return E_LIMIT;
	size_t bound = deflateBound(s, in.n);
	if (bound > UINT32_MAX || !buf_reserve(out, bound))
		return buf_error(out) ? buf_error(out) : E_LIMIT;
	s->next_in = (uint8_t *)(uintptr_t)in.p;
	s->avail_in = (unsigned)in.n;
	s->next_out = out->p + out->n;
	s->avail_out = (unsigned)bound;
	if (deflate(s, Z_FINISH) != Z_STREAM_END)
		return E_NOMEM;
	out->n += bound - s->avail_out;
	return 0;
}

/* ---- snappy ---- */

static bool is_xerial(struct span in)
{
	return in.n >= XERIAL_HEADER && memcmp(in.p, xerial_magic, sizeof xerial_magic) == 0;
}

static int snappy_block(struct span in, struct buf *out, size_t end)
{
	size_t n;

	if (snappy_uncompressed_length((const char *)in.p, in.n, &n) != SNAPPY_OK)
		return E_MALFORMED;
	if (n / SNAPPY_RATIO_MAX > in.n)
		return E_MALFORMED;
	if (n > end - out->n)
		return E_LIMIT;
	if (!buf_reserve(out, n ? n : 1))
		return buf_error(out);
	if (snappy_uncompress((const char *)in.p, in.n, (char *)out->p + out->n, &n) != SNAPPY_OK)
		return E_MALFORMED;
	out->n += n;
	return 0;
}

static int snappy_inflate(struct span in, struct buf *out, size_t cap)
{
	size_t end = out->n + cap;

	if (!is_xerial(in))
		return in.n ? snappy_block(in, out, end) : E_TRUNCATED;
	struct cursor c = cursor_of(in.p + XERIAL_HEADER, in.n - XERIAL_HEADER);
	while (cursor_left(&c)) {
		int32_t n = (int32_t)cursor_be32(&c);
		struct cursor block = cursor_sub(&c, n);
		if (c.error)
			return c.error;
		int error = snappy_block(cursor_rest(&block), out, end);
		if (error)
			return error;
	}
	return 0;
}

static int snappy_put(struct span in, struct buf *out)
{
	size_t n = snappy_max_compressed_length(in.n);

	if (!buf_reserve(out, n))
		return buf_error(out);
	if (snappy_compress((const char *)in.p, in.n, (char *)out->p + out->n, &n) != SNAPPY_OK)
		return E_NOMEM;
	out->n += n;
	return 0;
}

static int snappy_deflate(struct span in, struct span like, struct buf *out)
{
	if (!is_xerial(like))
		return snappy_put(in, out);
	buf_add(out, like.p, XERIAL_HEADER);
	while (in.n && !buf_error(out)) {
		size_t n = in.n < XERIAL_BLOCK ? in.n : XERIAL_BLOCK, at = out->n;
		buf_be32(out, 0);
		int error = snappy_put(span_of(in.p, n), out);
		if (error)
			return error;
		uint32_t size = __builtin_bswap32((uint32_t)(out->n - at - 4));
		memcpy(out->p + at, &size, sizeof size);
		advance(&in, n);
	}
	return buf_error(out);
}

/* ---- lz4 ---- */

/* Kafka's profile of the frame format: version 1, independent blocks, no dictionary. */
static int lz4_check(struct span in)
{
	static const uint8_t magic[4] = { 0x04, 0x22, 0x4d, 0x18 };

	if (in.n < LZ4_HEADER_MIN)
		return E_TRUNCATED;
	uint8_t flags = in.p[4];
	if (memcmp(in.p, magic, sizeof magic) != 0 || flags >> 6 != 1 || flags & 0x02)
		return E_MALFORMED;
	return flags & 0x20 && !(flags & 0x01) ? 0 : E_UNSUPPORTED;
}

static int lz4_step(struct compress *z, struct span *in, struct buf *out, size_t n)
{
	size_t read = in->n;
	size_t hint = LZ4F_decompress(z->lz4, out->p + out->n, &n, in->p, &read, NULL);

	if (LZ4F_isError(hint))
		return strcmp(LZ4F_getErrorName(hint), "ERROR_allocation_failed") == 0 ? E_NOMEM : E_MALFORMED;
	advance(in, read);
	out->n += n;
	if (hint)
		return 0;
	return in->n ? E_MALFORMED : E_EOF;
}

static int lz4_inflate(struct compress *z, struct span in, struct buf *out, size_t cap)
{
	int error = lz4_check(in);

	if (error)
		return error;
	if (!z->lz4 && LZ4F_isError(LZ4F_createDecompressionContext(&z->lz4, LZ4F_VERSION)))
		return E_NOMEM;
	LZ4F_resetDecompressionContext(z->lz4);
	return drive(z, lz4_step, in, out, cap, first_size(in));
}

static int lz4_deflate(struct span in, struct buf *out)
{
	LZ4F_preferences_t prefs = { .frameInfo = { .blockSizeID = LZ4F_max64KB, .blockMode = LZ4F_blockIndependent } };
	size_t bound = LZ4F_compressFrameBound(in.n, &prefs);

	if (!buf_reserve(out, bound))
		return buf_error(out);
	size_t n = LZ4F_compressFrame(out->p + out->n, bound, in.p, in.n, &prefs);
	if (LZ4F_isError(n))
		return E_NOMEM;
	out->n += n;
	return 0;
}

/* ---- zstd ---- */

static int zstd_open(struct compress *z)
{
	if (!z->zstd_in)
		z->zstd_in = ZSTD_createDCtx();
	if (!z->zstd_in)
		return E_NOMEM;
	ZSTD_DCtx_reset(z->zstd_in, ZSTD_reset_session_only);
	return ZSTD_isError(ZSTD_DCtx_setParameter(z->zstd_in, ZSTD_d_windowLogMax, COMPRESS_WINDOW_LOG_MAX)) ? E_NOMEM : 0;
}

static int zstd_error(size_t rc)
{
	switch (ZSTD_getErrorCode(rc)) {
	case ZSTD_error_frameParameter_windowTooLarge: return E_LIMIT;
	case ZSTD_error_memory_allocation: return E_NOMEM;
	case ZSTD_error_srcSize_wrong: return E_TRUNCATED;
	default: return E_MALFORMED;
	}
}

static int zstd_step(struct compress *z, struct span *in, struct buf *out, size_t n)
{
	ZSTD_inBuffer src = { in->p, in->n, 0 };
	ZSTD_outBuffer dst = { out->p + out->n, n, 0 };
	size_t rc = ZSTD_decompressStream(z->zstd_in, &dst, &src);

	advance(in, src.pos);
	out->n += dst.pos;
	if (ZSTD_isError(rc))
		return zstd_error(rc);
	return rc == 0 && in->n == 0 ? E_EOF : 0;
}

/* A frame that says its size, and fits, is inflated in one pass without a window. */
static size_t zstd_size(struct span in)
{
	unsigned long long size = ZSTD_getFrameContentSize(in.p, in.n);
	size_t most = STEP + ZSTD_TRUST * in.n;

	if (size == ZSTD_CONTENTSIZE_UNKNOWN || size == ZSTD_CONTENTSIZE_ERROR)
		return first_size(in);
	return size + 1 < most ? (size_t)size + 1 : most;
}

static int zstd_inflate(struct compress *z, struct span in, struct buf *out, size_t cap)
{
	int error = zstd_open(z);

	if (error)
		return error;
	size_t want = zstd_size(in);
	if (want <= cap && !buf_reserve(out, want))
		return buf_error(out);
	return drive(z, zstd_step, in, out, cap, want);
}

static int zstd_deflate(struct compress *z, struct span in, struct buf *out)
{
	size_t bound = ZSTD_compressBound(in.n);

	if (!z->zstd_out)
		z->zstd_out = ZSTD_createCCtx();
	if (!z->zstd_out)
		return E_NOMEM;
	if (!buf_reserve(out, bound))
		return buf_error(out);
	size_t n = ZSTD_compressCCtx(z->zstd_out, out->p + out->n, bound, in.p, in.n, ZSTD_LEVEL);
	if (ZSTD_isError(n))
		return E_NOMEM;
	out->n += n;
	return 0;
}

/* ---- all ---- */

static int copy(struct span in, struct buf *out, size_t cap)
{
	if (in.n > cap)
		return E_LIMIT;
	buf_add(out, in.p, in.n);
	return buf_error(out);
}

int compress_inflate(struct compress *z, enum compress_codec codec, struct span in, struct buf *out, size_t cap)
{
	switch (codec) {
	case COMPRESS_NONE: return copy(in, out, cap);
	case COMPRESS_GZIP: return gzip_inflate(z, in, out, cap);
	case COMPRESS_SNAPPY: return snappy_inflate(in, out, cap);
	case COMPRESS_LZ4: return lz4_inflate(z, in, out, cap);
	case COMPRESS_ZSTD: return zstd_inflate(z, in, out, cap);
	default: return E_UNSUPPORTED;
	}
}

int compress_deflate(struct compress *z, enum compress_codec codec, struct span in, struct span like, struct buf *out)
{
	switch (codec) {
	case COMPRESS_NONE: return copy(in, out, SIZE_MAX);
	case COMPRESS_GZIP: return gzip_deflate(z, in, out);
	case COMPRESS_SNAPPY: return snappy_deflate(in, like, out);
	case COMPRESS_LZ4: return lz4_deflate(in, out);
	case COMPRESS_ZSTD: return zstd_deflate(z, in, out);
	default: return E_UNSUPPORTED;
	}
}
