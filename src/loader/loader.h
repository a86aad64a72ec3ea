/* The loader: configuration and AsyncAPI documents in, findings or one image out. Hostile
 * input ends here: in the gateway it runs as a short-lived child of its own, with limits
 * and without rights (loader_main); for -t in the caller's process (loader_run). */
#pragma once

#include "base/buf.h"
#include "tree/finding.h"

#define LOADER_TEXT_MAX (48u << 10)      /* of the findings that travel to the master */

struct loader_input {
	const char *config;              /* -c; NULL: the default file, unless documents or brokers are given */
	const char *brokers;             /* -b; NULL: none */
	const char *listen;              /* -l; NULL: none */
	const char *const *overrides;    /* -o KEY=VALUE */
	size_t noverrides;
	const char *const *documents;    /* of the command line */
	size_t ndocuments;
	bool plan;                       /* find out, too, what is not judged while scanning */
	char **environment;
};

/* Builds the image of `generation`. 0, E_FINDINGS when a finding is an error, E_NOMEM.
 * Warnings may be there in either case; the findings are sorted. */
int loader_run(const struct loader_input *in, uint64_t generation, struct findings *f, struct buf *image) MUST_CHECK;
/* The findings as lines. */
void loader_print(const struct findings *f, struct buf *out);
/* What is in force with this image, for -T: options, clusters, listeners, contract. */
int loader_describe(const struct buf *image, struct buf *out) MUST_CHECK;
/* Path of control.sock as far as configuration and flags tell, however broken they are;
 * "" when they say nothing. */
void loader_control_path(const struct loader_input *in, char *out, size_t n);

/* The loader's process, in a child that the master has confined: runs, sends TEXT and
 * IMAGE to the master's seqpacket socket; the exit code. */
int loader_main(const struct loader_input *in, uint64_t generation, int control);
