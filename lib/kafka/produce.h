/* Produce v3-v13: the request taken apart so that partitions can be refused or their
 * records replaced, and the answer put together from the broker's and our own. */
#pragma once

#include "base/arena.h"
#include "kafka/frame.h"

struct kafka_produce_topic {
	struct span name;              /* null from v13 */
	struct span id;                /* 16 bytes from v13, else null */
	uint32_t first, count;         /* of its partitions */
	uint32_t start, partitions, tags, end; /* in the body: the entry, its partition count, what
	                                * follows the partitions, the end */
};

struct kafka_produce_partition {
	uint32_t topic;                /* index of its topic */
	int32_t index;
	struct span records;           /* null: none sent */
	uint32_t start, field, tags, end; /* in the body: the entry, its records with their length, what
	                                * follows them, the end */
};

struct kafka_produce {
	const struct kafka_api *api;
	int16_t version, acks;
	int32_t correlation;
	struct span frame;             /* null after kafka_produce_keep */
	size_t body;                   /* offset in frame */
	struct span transactional_id;  /* null: none */
	uint32_t topics_at, tags_at;   /* in the body: the topic count, what follows the topics */
	struct kafka_produce_topic *topics;
	struct kafka_produce_partition *partitions;   /* all, in the request's order */
	uint32_t ntopics, npartitions;
};

/* frame: whole, without size; r: its header. Arrays are taken from a, spans borrow the
 * frame. E_TRUNCATED, E_MALFORMED (close), E_NOMEM. */
int kafka_produce_open(struct kafka_produce *p, const struct kafka_request *r, struct span frame, struct arena *a) MUST_CHECK;

/* Copies into a what kafka_produce_answer needs once the frame is gone: topics and partition
 * indices without records. dst may not be src. E_NOMEM. */
int kafka_produce_keep(struct kafka_produce *dst, const struct kafka_produce *src, struct arena *a) MUST_CHECK;

enum kafka_decision { KAFKA_KEEP, KAFKA_DROP, KAFKA_REPLACE };

struct kafka_edit {
	enum kafka_decision decision;
	struct span records;           /* REPLACE: the new record set */
};

/* Appends the request as the broker shall get it, size included, to out: edits[i] is for
 * partitions[i]. Topics without a partition go. Header, tags and all else stay. When every
 * partition is kept, send the original bytes instead; when every one is dropped, nothing. */
int kafka_produce_rewrite(const struct kafka_produce *p, const struct kafka_edit *edits, struct buf *out) MUST_CHECK;

struct kafka_record_error {
	int32_t index;                 /* of the record in its batch */
	struct span message;           /* may be null */
};

/* Our answer for one partition. Only final errors: 87, 44, 29, 10. */
struct kafka_refusal {
	int16_t error;                 /* 0: the broker answers */
	const struct kafka_record_error *records;  /* ascending; from v8 */
	size_t nrecords;
	struct span message;           /* error_message; from v8; may be null */
};

#define KAFKA_REPEAT_LONE 1u       /* a lone record error is written twice: librdkafka names the
                                    * culprit only then (facts: measured); Java keeps a map */

/* Appends the whole response frame in the request's order of topics and partitions, p's
 * version and correlation. refusals[i] is for partitions[i]; answer: the body of the broker's
 * response for the others (addresses rewritten already), null when none was asked.
 * E_MALFORMED: the broker's answer breaks its format or misses a partition that it was
 * sent: close, never invent. a: scratch. */
int kafka_produce_answer(const struct kafka_produce *p, const struct kafka_refusal *refusals, struct span answer, unsigned flags, struct arena *a, struct buf *out) MUST_CHECK;
