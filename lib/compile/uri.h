/* URI references, RFC 3986: what bases and $ref are made of. */
#pragma once

#include "base/arena.h"
#include "base/buf.h"

#define URI_MAX 2048u                   /* bytes: every base below a long one would be long too */

/* ref (without its fragment) against base, NUL-terminated into out. E_LIMIT: longer than
 * URI_MAX. A base that is a relative reference itself is joined in the same way. */
int uri_resolve(struct buf *out, const char *base, struct span ref) MUST_CHECK;
/* What stands after #, "" when nothing does; *url is what stands before. */
struct span uri_fragment(struct span ref, struct span *url);
/* file:// of an absolute path. */
const char *uri_of_path(struct arena *a, const char *path);
