/* Kafka's four codecs with bounds: the output never passes a cap, memory follows what
 * was really inflated and not what a header claims, a stream that makes no progress
 * ends. Contexts are reused: nothing is allocated per block in steady state. */
#pragma once

#include "base/buf.h"

/* The numbers of a record batch's attributes, bits 0-2. */
enum compress_codec { COMPRESS_NONE, COMPRESS_GZIP, COMPRESS_SNAPPY, COMPRESS_LZ4, COMPRESS_ZSTD, COMPRESS_COUNT };

#define COMPRESS_WINDOW_LOG_MAX 23      /* zstd window: 8 MiB */

/* Contexts for both directions; belongs to one thread. */
struct compress;

struct compress *compress_new(void);                 /* NULL: no memory */
void compress_free(struct compress *z);

const char *compress_word(enum compress_codec codec); /* "none", "gzip" … as compression.type says it */

/* Appends the plain form of in to out, at most cap bytes of it.
 *   E_LIMIT        more than cap bytes, or a zstd window over 8 MiB, or out's own limit
 *   E_TRUNCATED    the stream ends early
 *   E_MALFORMED    not a stream of this codec, a bad checksum, or bytes after its end
 *   E_UNSUPPORTED  codec 5-7; an lz4 frame with linked blocks or a dictionary
 *   E_NOMEM
 * On an error out holds what was inflated so far. gzip: several members; snappy: one
 * raw block or xerial's framing; lz4: one frame; zstd: several frames. */
int compress_inflate(struct compress *z, enum compress_codec codec, struct span in, struct buf *out, size_t cap) MUST_CHECK;

/* Appends the compressed form of in to out. like: the stream that in came from, or null:
 * snappy keeps its framing. Levels are the Java client's defaults. E_NOMEM, E_LIMIT
 * (out's own), E_UNSUPPORTED. */
int compress_deflate(struct compress *z, enum compress_codec codec, struct span in, struct span like, struct buf *out) MUST_CHECK;
