/* Evens out what the kernel's hash and respawned workers leave uneven: a worker with more than
 * its share of sessions passes a fresh connection on, unread, to the sibling that has the
 * fewest. Worker-private. */
#pragma once

#include "base/base.h"

struct slot;
struct worker;

/* Passes fd, accepted at this slot, on through the master. true: it is gone, and closed here. */
bool balance_pass(struct worker *w, const struct slot *slot, int fd);
/* At the start and once a tick: so many more may be passed. */
void balance_tick(struct worker *w);
