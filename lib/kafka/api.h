/* The APIs that we speak: what is not in this table is cut from the ApiVersions answer.
 * Rows: api.def, field.def. No sockets, clock or log anywhere in lib/kafka. */
#pragma once

#include "base/base.h"

enum kafka_key {
#define API(key, NAME, name, min, max, flexible) KAFKA_##NAME = key,
#include "kafka/api.def"
#undef API
};

#define KAFKA_KEY_MAX 127            /* keys are below; see kafka_api_find */

struct kafka_api {
	int16_t key;
	int16_t min, max;            /* versions that we pass, both included */
	int16_t flexible;            /* first version with compact fields and tags, KAFKA_NEVER: none */
	uint16_t request, response;  /* first rows in the field table */
	const char *name;            /* "Produce" */
};

#define KAFKA_NEVER INT16_MAX

const struct kafka_api *kafka_api_find(int16_t key);   /* NULL: not spoken */
size_t kafka_api_count(void);
const struct kafka_api *kafka_api_at(size_t i);        /* ascending keys */

static inline bool kafka_api_has(const struct kafka_api *a, int16_t version)
{
	return a && version >= a->min && version <= a->max;
}

static inline bool kafka_api_is_flexible(const struct kafka_api *a, int16_t version)
{
	return version >= a->flexible;
}

/* Header versions: request 1 or 2 (2 has tags), response 0 or 1; an ApiVersions
 * response has always header 0, so that a client can read it before it knows us. */
static inline int kafka_request_header(const struct kafka_api *a, int16_t version)
{
	return kafka_api_is_flexible(a, version) ? 2 : 1;
}

static inline int kafka_response_header(const struct kafka_api *a, int16_t version)
{
	return a->key != KAFKA_API_VERSIONS && kafka_api_is_flexible(a, version) ? 1 : 0;
}

/* Error codes on the wire that we read or write. */
enum kafka_error {
	KAFKA_ERROR_NONE = 0,
	KAFKA_ERROR_CORRUPT_MESSAGE = 2,
	KAFKA_ERROR_UNKNOWN_TOPIC_OR_PARTITION = 3,
	KAFKA_ERROR_LEADER_NOT_AVAILABLE = 5,
	KAFKA_ERROR_NOT_LEADER_OR_FOLLOWER = 6,
	KAFKA_ERROR_REQUEST_TIMED_OUT = 7,
	KAFKA_ERROR_MESSAGE_TOO_LARGE = 10,
	KAFKA_ERROR_NETWORK_EXCEPTION = 13,
	KAFKA_ERROR_COORDINATOR_NOT_AVAILABLE = 15,
	KAFKA_ERROR_NOT_ENOUGH_REPLICAS = 19,
	KAFKA_ERROR_NOT_ENOUGH_REPLICAS_AFTER_APPEND = 20,
	KAFKA_ERROR_TOPIC_AUTHORIZATION_FAILED = 29,
	KAFKA_ERROR_UNSUPPORTED_VERSION = 35,
	KAFKA_ERROR_INVALID_REQUEST = 42,
	KAFKA_ERROR_POLICY_VIOLATION = 44,
	KAFKA_ERROR_DUPLICATE_SEQUENCE_NUMBER = 46,
	KAFKA_ERROR_KAFKA_STORAGE_ERROR = 56,
	KAFKA_ERROR_FENCED_LEADER_EPOCH = 74,
	KAFKA_ERROR_INVALID_RECORD = 87,
	KAFKA_ERROR_UNKNOWN_TOPIC_ID = 100,
};
