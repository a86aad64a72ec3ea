/* URI references, RFC 3986: what bases and $ref are made of. */
#pragma once

#include "base/arena.h"
#include "base/buf.h"

/* ref (without its fragment) against base, in the arena; NULL: no memory. A base that is
 * a relative reference itself is joined in the same way. */
const char *uri_resolve(struct arena *a, const char *base, struct span ref);
/* What stands after #, "" when nothing does; *url is what stands before. */
struct span uri_fragment(struct span ref, struct span *url);
/* file:// of an absolute path. */
const char *uri_of_path(struct arena *a, const char *path);
