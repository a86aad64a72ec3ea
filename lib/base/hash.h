/* Checksums and hashes. crc32c is Castagnoli (RFC 3720 B.4), as Kafka's record
 * batch v2 and our image use it; hash64 is a seeded non-cryptographic mix. */
#pragma once

#include "base/base.h"

uint32_t crc32c(uint32_t crc, const void *p, size_t n);  /* start with 0; continues */
uint64_t hash64(const void *p, size_t n, uint64_t seed);
