/* jansson's reading of a text, apart from lib/json, whose names are the same. */
#pragma once

#include "base/buf.h"

/* Accepted? Then its structure in letters, as fuzz_json.c prints it. *skip: refused for
 * what lib/json means to accept. */
bool jansson_print(const uint8_t *bytes, size_t n, struct buf *out, bool *skip);
void jansson_put_text(struct buf *out, const void *p, size_t n);
