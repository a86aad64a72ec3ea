/* What a child inherits from the master, and nothing else: every other descriptor is
 * closed before the child starts its work. Filled by the master between fork and the
 * child's main; the child owns it from then on. */
#pragma once

#include "base/base.h"

#define HERITAGE_SLOTS_MAX 4096

/* One listening socket; all workers hold all, the master's map says who accepts. */
struct heritage_slot {
	int fd;
	uint32_t bind;                 /* index in IMAGE_BINDS of the generation that opened it */
	uint16_t port;                 /* that it is bound to */
	int32_t broker;                /* -1 bootstrap, else broker-port index */
	uint32_t listener;             /* index in IMAGE_LISTENERS */
	uint32_t member;               /* 0..n-1 within its reuseport set */
};

struct heritage {
	int control;                   /* seqpacket to the master; EOF means: orphan rule */
	int log;                       /* target of log lines */
	int stats, topology;           /* memfd regions, lib/shm; -1 when unused */
	int image;                     /* committed image, -1: none yet */
	uint32_t worker, nworkers;     /* index of this worker */
	struct heritage_slot *slots;
	size_t nslots;
};
