/* UTF-8, RFC 3629: no overlong forms, no surrogates, at most U+10FFFF. */
#pragma once

#include "base/base.h"

/* Length of the well-formed sequence at p, 0 when it is none or is cut. */
size_t utf8_len(const uint8_t *p, size_t n);
bool utf8_is_valid(const uint8_t *p, size_t n);
/* Decodes a sequence that utf8_len accepted. */
uint32_t utf8_decode(const uint8_t *p, size_t len);
/* Writes cp to out (at least 4 bytes); returns its length. */
size_t utf8_encode(uint32_t cp, uint8_t *out);
