/* ApiVersions (KIP-35, KIP-511, KIP-584): what a client may send through us is the
 * intersection of the broker's answer and our table. */
#pragma once

#include "kafka/frame.h"

/* A lower maximum than the table's, for instance while topic ids cannot be resolved. */
struct kafka_cap {
	int16_t key, max;
};

/* body: the broker's answer to an ApiVersions request of this version. Appends the whole
 * response frame to out: keys that we do not speak are gone, ranges are intersected,
 * Produce keeps the broker's minimum (librdkafka turns compression off without v0), the
 * finalized feature transaction.version is lowered to 1 when Produce is capped below 12
 * or TxnOffsetCommit or EndTxn below 5 (KIP-890), all else is kept. An error answer, also
 * one in v0 format for a newer request, is passed on with its keys intersected.
 * E_MALFORMED, E_TRUNCATED, E_NOMEM, E_LIMIT. */
int kafka_versions_intersect(int16_t version, int32_t correlation, struct span body, const struct kafka_cap *caps, size_t ncaps, struct buf *out) MUST_CHECK;

/* Answer to an ApiVersions request newer than we speak: UNSUPPORTED_VERSION in v0 format
 * with the versions of ApiVersions, upon which clients ask again on this connection. */
int kafka_versions_refuse(int32_t correlation, struct buf *out) MUST_CHECK;

/* Answer from our table alone: no broker is known yet. version must be spoken. */
int kafka_versions_local(int16_t version, int32_t correlation, struct buf *out) MUST_CHECK;

/* Appends the request frame, size included, that asks the same in nobody's name: ClusterId
 * null, NodeId -1 (KIP-1242). frame: without size; r: its header. */
int kafka_versions_unname(const struct kafka_request *r, struct span frame, struct buf *out) MUST_CHECK;

/* KIP-511 request body v3+: ClientSoftwareName and -Version; null below v3. */
int kafka_versions_client(int16_t version, struct span body, struct span *name, struct span *client_version) MUST_CHECK;
