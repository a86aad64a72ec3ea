/* Which servers could not be reached lately, so that only one session in a while meets one
 * that is down before another that works, and which of a name's addresses comes next. A
 * server is the hash of its host and port. Worker-private. */
#pragma once

#include "base/base.h"

#define FAILURES_MAX 256u                /* another of the same slot is forgotten: it only fails once more */
#define FAILURES_AGAIN_MS 10000u         /* until a server that failed is tried first again */

struct failure {
	uint64_t server;
	uint64_t since;                  /* ms; 0: it works, as far as is known */
	unsigned turn;                   /* the address of its name that was not tried yet */
};

struct failures {
	struct failure slots[FAILURES_MAX];
};

void failures_note(struct failures *f, uint64_t server, unsigned turn, uint64_t now);
void failures_clear(struct failures *f, uint64_t server);
/* Should others be tried before it? Once in FAILURES_AGAIN_MS the answer is no, for one caller. */
bool failures_avoid(struct failures *f, uint64_t server, uint64_t now);
/* Which address of its name to try; `otherwise` when it is not known. */
unsigned failures_turn(const struct failures *f, uint64_t server, unsigned otherwise);
