/* Where each request and response begins in the field table; private to lib/kafka. */
#pragma once

#include "kafka/field.h"

enum {
#define API(key, NAME, name, min, max, flexible) API_POSITION_##NAME,
#include "kafka/api.def"
#undef API
};

/* A row's number is its position in this enumeration. */
#define ROW_JOIN(a, b) a##b
#define ROW_NAME(line) ROW_JOIN(ROW_LINE_, line)

enum {
#define REQUEST(NAME) ROW_REQUEST_##NAME,
#define RESPONSE(NAME) ROW_RESPONSE_##NAME,
#define FIELD(depth, name, type, from, to, tag, role) ROW_NAME(__LINE__),
#include "kafka/field.def"
#undef REQUEST
#undef RESPONSE
#undef FIELD
	ROW_COUNT
};
