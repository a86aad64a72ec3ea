/* Frames and headers. A frame on the wire is int32 size, header, body; "frame" here is
 * without the size. Spans borrow the caller's bytes. */
#pragma once

#include "base/buf.h"
#include "base/cursor.h"
#include "kafka/api.h"

#define KAFKA_SIZE_BYTES 4

struct kafka_request {
	int16_t key, version;
	int32_t correlation;
	struct span client_id;         /* may be null */
	const struct kafka_api *api;   /* NULL: key not spoken */
	size_t body;                   /* offset of the body in the frame */
};

/* Reads a request's header; frame may be the first part only.
 *   E_TRUNCATED    more bytes are needed; when key, version and correlation (8 bytes)
 *                  were there, they are set, else key is -1
 *   E_UNSUPPORTED  key or version not spoken: key, version, correlation, client_id and
 *                  api are set, body is not. ApiVersions: answer with
 *                  kafka_versions_refuse; a real Produce v0-2 too is refused here;
 *                  all else: close, as a broker does
 *   E_MALFORMED    close */
int kafka_request_open(struct kafka_request *r, struct span frame) MUST_CHECK;

struct kafka_response {
	int32_t correlation;
	size_t body;                   /* offset of the body in the frame */
};

/* E_TRUNCATED: more bytes are needed; E_MALFORMED. */
int kafka_response_open(struct kafka_response *r, const struct kafka_api *api, int16_t version, struct span frame) MUST_CHECK;

/* Starts a response frame in out: size to be filled by kafka_frame_end, correlation, and
 * an empty tag section where the version has one. Returns the frame's start in out. */
size_t kafka_frame_begin(struct buf *out, const struct kafka_api *api, int16_t version, int32_t correlation);
/* Fills the size of the frame that began at start: out's sticky error, or E_LIMIT. */
int kafka_frame_end(struct buf *out, size_t start) MUST_CHECK;
