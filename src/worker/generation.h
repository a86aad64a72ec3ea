/* An image in use by this worker: mapped, verified, with its contract opened. Built beside
 * the one in force and swapped by one pointer between two frames. Worker-private. */
#pragma once

#include "contract/contract.h"
#include "settings.h"

struct generation {
	struct image image;
	struct settings_view settings;
	struct contract *contract;
	struct ssl_ctx_st **tls;         /* by row of settings.tls */
	uint64_t number;
};

/* Of a row + 1 as settings have it; NULL: plain text. */
static inline struct ssl_ctx_st *generation_tls(const struct generation *g, uint32_t row)
{
	return row ? g->tls[row - 1] : NULL;
}

/* fd stays the caller's. On failure *out is untouched and *why says what was wrong. */
int generation_open(struct generation **out, int fd, const char **why) MUST_CHECK;
void generation_close(struct generation *g);     /* NULL is fine */
