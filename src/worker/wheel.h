/* Deadlines of sessions, coarse and cheap: a ring of lists, turned by one timer of the
 * worker. Moving a deadline later costs nothing: the entry is looked at when its old
 * slot comes round and put where it belongs then. Worker-private. */
#pragma once

#include "base/list.h"

#define WHEEL_TICK_MS 250u
#define WHEEL_SLOTS 512u                 /* 128 s round; later deadlines go round again */

struct wheel_entry {
	struct list node;
	uint64_t due;                    /* clock_ms */
};

struct wheel {
	struct list slots[WHEEL_SLOTS];
	uint64_t turned;                 /* ticks since the clock's zero that were handled */
};

void wheel_init(struct wheel *w, uint64_t now);
void wheel_entry_init(struct wheel_entry *e);
/* Due at or after `due`; an earlier deadline than before moves the entry at once. */
void wheel_set(struct wheel *w, struct wheel_entry *e, uint64_t due);
void wheel_remove(struct wheel_entry *e);
/* The next entry that is due, taken out; NULL when there is none. */
struct wheel_entry *wheel_next(struct wheel *w, uint64_t now);
