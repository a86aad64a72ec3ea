/* What the files of the comparison share. */
#pragma once

#include "asyncapi/diff.h"

/* Two messages, one of each document, on a channel of each; or one that the other lacks. */
struct diff_pair {
	const struct model_channel *old_channel, *new_channel;
	const struct model_message *old, *new;
	const char *old_topic, *new_topic;
};

struct same_memo;

struct diff_run {
	struct probe *old, *new;
	struct arena *arena;             /* of the result */
	struct arena scratch;            /* of one proof */
	struct diff *out;
	struct same_memo *memo;
	size_t steps;                    /* of one comparison of trees, bounded */
	size_t claims;
	bool no_memory;
};

/* A value in a part of a message: where it is, and how a person calls it. */
struct diff_place {
	enum probe_part part;
	struct sample_path path;
	const char *name;                /* "`sentAt`", "an item of `tags`", "the payload" */
};

/* ---- diff_same.c ---- */

/* Equal as judges: annotations aside, references followed on each side. False also when
 * it takes too long to see. */
bool same_schema(struct diff_run *run, struct tree_node *a, struct tree_node *b);
/* The values of one keyword. */
bool same_value(struct diff_run *run, struct tree_node *a, struct tree_node *b);
bool same_data(const struct tree_node *a, const struct tree_node *b);
bool is_annotation(struct span keyword);

/* ---- diff_prove.c ---- */

/* Which way: refused now (a record accepted by the old side), or accepted now. */
enum diff_way { WAY_REFUSED, WAY_ACCEPTED };

/* A change of a value's schema: ways is a set of bits 1 << enum diff_way. Each way is
 * proved by a record, with one of the n texts at the place (NULL: without the value), or
 * with what either side's schema makes there; or it is unproven. */
struct diff_claim {
	enum diff_kind kind;
	unsigned ways;
	const struct diff_place *place;  /* NULL: the record as a whole */
	const char *detail;              /* second %s of the words */
	const char *const *texts;
	size_t ntexts;
	bool exact;                      /* the texts are what the words say, by construction */
	bool branch;                     /* below anyOf or oneOf: other branches may decide */
	struct tree_node *old, *new;     /* the schemas there, or NULL */
	struct location at;
};
void diff_claim(struct diff_run *run, const struct diff_pair *pair, const struct diff_claim *claim);

/* A change that needs no record; the texts are those of its row's words. NULL: no memory. */
struct diff_change *diff_add(struct diff_run *run, enum diff_kind kind, struct location at, const char *first, const char *second);
const char *diff_text(struct diff_run *run, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* ---- diff_schema.c ---- */

void diff_schemas(struct diff_run *run, const struct diff_pair *pair, enum probe_part part);
