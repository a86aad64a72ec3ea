/* Produce v0 to v2: message sets that are not judged here. Worker-private. */
#pragma once

#include "worker/kafka/row.h"

/* Every partition is answered with UNSUPPORTED_VERSION, which clients of that age know; with
 * acks=0 the connection closes. frame: without its size. */
int legacy_refuse(struct session *s, const struct kafka_request *r, struct span frame) MUST_CHECK;
