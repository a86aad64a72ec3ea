/* Expectations by name from tests/unit/vectors/: kafka.txt was written by Kafka's own classes,
 * compress.txt by Python's codecs. */
#pragma once

#include "base/base.h"

/* The bytes of a vector, kept until the process ends; fails the test when there is none. The
 * allocation has exactly the vector's size, so that sanitizers see a byte read too far. */
struct span vector(const char *fmt, ...) PRINTF_LIKE(1, 2);
/* n bytes, likewise kept. */
uint8_t *vector_alloc(size_t n);
