/* The table of what happens to each API: rows in api.def. Worker-private. */
#pragma once

#include "base/buf.h"
#include "kafka/versions.h"
#include "worker/kafka/link.h"

enum row_way { ROW_FORWARD, ROW_ANSWER, ROW_INSPECT, ROW_REWRITE };

#define ROW_EARLY 1u
#define ROW_WHOLE_ANSWER 2u              /* its answers are read whole, whatever their addresses */

struct kafka_row {
	int16_t key;
	enum row_way way;
	unsigned flags;
	bool (*holds)(struct session *s, const struct kafka_request *r);
	/* p, n, owner: as reader_ops.whole; the frame with its size. r->api may lack r->version. */
	int (*request)(struct session *s, const struct kafka_request *r, uint8_t *p, size_t n, struct block **owner);
	/* Appends the whole frame for the client to out; nothing: the frame passes as it came. */
	int (*response)(struct session *s, const struct exchange *e, struct span body, struct buf *out);
};

const struct kafka_row *kafka_row_find(int16_t key);   /* NULL: not spoken */

#define ROW(NAME, way, flags, holds, request, response) ROW_INDEX_##NAME,
enum kafka_row_index {
#include "worker/kafka/api.def"
	ROW_COUNT
};
#undef ROW

/* Sends a request on as it came. */
int request_forward(struct session *s, const struct kafka_row *row, const struct kafka_request *r, uint8_t *p, size_t n, struct block **owner) MUST_CHECK;
/* The same without waiting for an answer. */
int request_send(struct session *s, uint8_t *p, size_t n, struct block **owner) MUST_CHECK;
/* Answers a request that is not sent on; frame: the whole answer. */
int request_answer(struct session *s, const struct kafka_row *row, const struct kafka_request *r, struct span frame) MUST_CHECK;

/* produce.c */
bool produce_holds(struct session *s, const struct kafka_request *r);
int produce_request(struct session *s, const struct kafka_request *r, uint8_t *p, size_t n, struct block **owner);
int produce_response(struct session *s, const struct exchange *e, struct span body, struct buf *out);
/* Writes the answer of a request of which every partition was refused. */
int produce_refused(struct session *s, const struct exchange *e) MUST_CHECK;
void produce_merge_free(struct session *s, struct exchange_merge *m);
/* versions.c, sasl.c */
bool versions_holds(struct session *s, const struct kafka_request *r);
int versions_request(struct session *s, const struct kafka_request *r, uint8_t *p, size_t n, struct block **owner);
int versions_response(struct session *s, const struct exchange *e, struct span body, struct buf *out);
bool sasl_holds(struct session *s, const struct kafka_request *r);
int sasl_request(struct session *s, const struct kafka_request *r, uint8_t *p, size_t n, struct block **owner);
int sasl_response(struct session *s, const struct exchange *e, struct span body, struct buf *out);
int authenticate_request(struct session *s, const struct kafka_request *r, uint8_t *p, size_t n, struct block **owner);
int authenticate_response(struct session *s, const struct exchange *e, struct span body, struct buf *out);
int token_request(struct session *s, uint8_t *p, size_t n, struct block **owner) MUST_CHECK;
void token_response(struct session *s, struct span token);
/* route.c */
int addresses_response(struct session *s, const struct exchange *e, struct span body, struct buf *out);
int metadata_response(struct session *s, const struct exchange *e, struct span body, struct buf *out);
/* The body only, for produce.c. */
int addresses_rewrite_body(struct session *s, const struct exchange *e, struct span body, struct buf *out);
