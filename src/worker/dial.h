/* Reaching a server by name or address without ever blocking the loop: literal addresses
 * directly, names by evdns. One attempt; the session counts and times them. */
#pragma once

#include "base/base.h"

struct session;
struct worker;
struct dial;

struct dial_target {
	char host[256];
	uint16_t port;
	unsigned turn;                   /* the n-th time that this target is tried: the n-th of its addresses */
};

/* Ends in session_connected or session_unreachable, perhaps before it returns. Keeps
 * s->dial while a name is being resolved. */
void dial_start(struct worker *w, struct session *s, const struct dial_target *target);
size_t dial_size(void);                  /* of an object of worker->dials */
void dial_cancel(struct dial *d);        /* NULL is fine */
