/* What changed between two documents, and whom it breaks.
 *
 * A change that refuses records that were accepted breaks producers: backward compatibility
 * forbids it. One that lets in records that were refused breaks consumers: forward
 * compatibility forbids it. Each such claim about records has a witness: a record that both
 * compiled contracts were asked about. A change of a schema for which none was found, or
 * that is not understood here, is `unproven`: nobody can tell, so it counts as breaking. */
#pragma once

#include "asyncapi/probe.h"

enum diff_kind {
#define CHANGE(id, code, effect, records, keywords) DIFF_##id,
#include "asyncapi/diff.def"
#undef CHANGE
	DIFF_KIND_COUNT
};

enum diff_breaks { DIFF_PRODUCERS = 1, DIFF_CONSUMERS = 2 };
enum diff_compatibility { DIFF_BACKWARD, DIFF_FORWARD, DIFF_FULL };

struct diff_change {
	enum diff_kind kind;
	unsigned breaks;                 /* bits of enum diff_breaks; 0: nobody */
	bool unproven;                   /* it may break them; no record was found that shows it */
	const char *channel, *message;   /* names; "" where none is concerned */
	const char *part, *pointer;      /* "payload" and a JSON Pointer into it, or "" */
	const char *text;                /* "records without `sentAt` were accepted, now refused" */
	const char *witness;             /* a record as `egctl test` reads it, or "" */
	const char *reason;              /* why one side refuses it */
	struct location at;              /* in the new document, in the old one for what is gone */
};

struct diff {
	struct diff_change *changes;     /* in the order of the documents */
	size_t n, cap;
};

/* The code of a kind, stable. */
const char *diff_code(enum diff_kind kind);

/* Texts and changes live in the arena. E_NOMEM only. */
int asyncapi_diff(struct probe *old, struct probe *new, struct arena *a, struct diff *out) MUST_CHECK;
/* Whether the change is forbidden. */
bool diff_is_breaking(const struct diff_change *change, enum diff_compatibility c);
