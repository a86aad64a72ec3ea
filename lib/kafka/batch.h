/* Record batch v2 (KIP-98): opened, checked, read record by record, written again with the
 * same count. Bytes are borrowed; nothing is allocated but in the caller's buffers. */
#pragma once

#include "base/buf.h"
#include "base/cursor.h"
#include "compress/compress.h"

#define KAFKA_BATCH_HEADER 61          /* bytes before the records */

/* Attributes */
#define KAFKA_BATCH_CODEC 0x07
#define KAFKA_BATCH_LOG_APPEND 0x08
#define KAFKA_BATCH_TRANSACTIONAL 0x10
#define KAFKA_BATCH_CONTROL 0x20

/* Why a batch is malformed; kafka_batch_reason gives the text. */
enum kafka_batch_fault {
	KAFKA_BATCH_OK,
#define FAULT(name, text) KAFKA_BATCH_##name,
#include "kafka/fault.def"
#undef FAULT
};

struct kafka_batch {
	struct span bytes;             /* the whole batch */
	int64_t base_offset;
	int32_t leader_epoch;
	int8_t magic;
	uint32_t crc;
	int16_t attributes;
	int32_t last_offset_delta;
	int64_t base_timestamp, max_timestamp;
	int64_t producer_id;           /* -1: none */
	int16_t producer_epoch;
	int32_t base_sequence;
	int32_t count;
	struct span body;              /* records as they came, perhaps compressed */
	struct cursor records;         /* plain and unread; valid after kafka_batch_inflate */
	struct span plain;             /* all of them */
	int32_t next;                  /* index of the next record */
	enum kafka_batch_fault fault;
};

struct kafka_record {
	int32_t index;                 /* in the batch, = its offset delta */
	int64_t timestamp;             /* ms since 1970 */
	struct span key, value;        /* null differs from empty */
	int32_t nheaders;
	struct span headers;           /* checked; for kafka_header_next */
	struct span bytes;             /* the whole record without its length */
};

/* The next batch of a record set: its header is read, nothing is checked but the bounds.
 *   E_EOF          the set is used up
 *   E_TRUNCATED    a batch is cut (legal at the end of a Fetch slice)
 *   E_UNSUPPORTED  magic 0 or 1 (b->magic says which; set has moved past it) or above 2
 *   E_MALFORMED    b->fault */
int kafka_batch_open(struct kafka_batch *b, struct cursor *set) MUST_CHECK;

/* Does the CRC-32C hold? To be asked before any refusal or edit: a batch with a bad one is
 * the broker's to answer. */
bool kafka_batch_crc_holds(const struct kafka_batch *b);

/* What a broker demands of a producer's batch: base offset 0, count > 0 and equal to
 * last_offset_delta + 1, no control bit, CreateTime, a sequence with a producer id.
 * 0 or E_MALFORMED with b->fault. */
int kafka_batch_check(struct kafka_batch *b) MUST_CHECK;

/* Makes the plain records readable, at most cap bytes; scratch is cleared and holds them when
 * the batch is compressed. Errors of compress_inflate; E_MALFORMED sets b->fault. May be
 * called again to read from the start. */
int kafka_batch_inflate(struct kafka_batch *b, struct compress *z, struct buf *scratch, size_t cap) MUST_CHECK;

/* Next record in offset order; its key, value and headers point into the plain records.
 * false at the end, or at the first malformed record: then kafka_batch_error(b) != 0. Index
 * must run 0..n-1 (a producer's batch), lengths must add up exactly and nothing may follow. */
bool kafka_batch_next(struct kafka_batch *b, struct kafka_record *r);

static inline int kafka_batch_error(const struct kafka_batch *b)
{
	return b->fault == KAFKA_BATCH_OK ? 0 : E_MALFORMED;
}

/* "a record's length is not used up" … for logs. */
const char *kafka_batch_reason(enum kafka_batch_fault fault);

/* Next of r->headers; keep a copy of the span as the iterator. */
bool kafka_header_next(struct span *headers, struct span *name, struct span *value);

/* A header to be added to one record. */
struct kafka_mark {
	int32_t index;
	struct span name, value;       /* value may be null */
};

/* Appends the batch with the marks (ascending index, several for a record allowed) to out: same
 * count, offset deltas, producer id, epoch, sequence, codec and snappy framing; new
 * lengths, count of headers and CRC. b has been inflated; all its records were sound (else
 * E_MALFORMED). The CRC must have held, or corruption would be laundered. scratch: cleared
 * working memory, another than that of inflate. E_NOMEM, E_LIMIT. */
int kafka_batch_mark(const struct kafka_batch *b, const struct kafka_mark *marks, size_t n, struct compress *z, struct buf *scratch, struct buf *out) MUST_CHECK;
