/* The master: supervises. It spawns, reaps and signals; it owns every listening socket,
 * shared region, log target and the committed image for life. It parses nothing that a
 * stranger wrote and holds no client data: documents and configuration are read by the
 * loader, whose image it opens only after verification.
 *
 * One blocking point, the event loop of master_main. Files: child.c processes, slot.c
 * listening sockets and who accepts on them, reload.c prepare-store-commit, server.c
 * control.sock, watch.c heartbeats, privilege.c what children may do, notify.c systemd. */
#pragma once

#include "heritage.h"

struct loader_input;

/* What the children run; main.c knows them, so that the master includes none of them. */
struct master_programs {
	int (*worker)(const struct heritage *h);
	int (*admin)(const struct heritage *h);
	/* Sends findings as TEXT, then IMAGE, to the seqpacket socket `control`. */
	int (*loader)(const struct loader_input *input, uint64_t generation, int control);
};

struct master_options {
	struct master_programs programs;
	const struct loader_input *input;
	const char *pid_file;            /* NULL: none */
	int ready_fd;                    /* -1, or gets one byte: 0 when clients are served, or the exit code */
};

/* Exit codes of the daemon, event-gateway(8). */
enum { EXIT_GOOD = 0, EXIT_CONFIGURATION = 1, EXIT_USAGE = 2, EXIT_BIND = 3, EXIT_INTERNAL = 4 };

/* Makes this process what a loader is, for -t: no rights but reading, bounded in memory
 * and time. E_NOENT: no user to become. */
int master_confine(void) MUST_CHECK;
/* Runs until it is told to stop; returns one of the exit codes. */
int master_main(const struct master_options *options);
