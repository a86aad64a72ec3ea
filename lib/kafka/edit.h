/* A body copied with changes, following the walker: entries are dropped and values
 * replaced, counts and tag sizes are made true again. Private to lib/kafka. */
#pragma once

#include "base/buf.h"
#include "kafka/field.h"

struct edit {
	struct span body;
	size_t copied;                 /* bytes of the body that out has or that were replaced */
	struct buf *out;
	bool flexible;
	bool drop;                     /* the entry under way */
	unsigned depth;
	struct edit_level {
		size_t at, len;        /* in out: the count or tag size as it was copied */
		size_t entry;          /* in out: where the entry under way begins */
		int64_t entries, dropped;
		size_t size;           /* of the tag's content, as copied */
	} levels[2 * KAFKA_DEPTH_MAX];
};

void edit_init(struct edit *e, struct span body, bool flexible, struct buf *out);
/* To be called for every item that the walker gives, after own changes of that item. */
void edit_follow(struct edit *e, const struct kafka_item *item);
/* Copies all before offset; returns where it will stand in out. */
size_t edit_upto(struct edit *e, size_t offset);
/* The item's bytes are left out; what the caller writes to out stands for them. */
void edit_replace(struct edit *e, const struct kafka_item *item);
/* The innermost entry goes at its end. */
void edit_drop(struct edit *e);
int edit_end(struct edit *e, const struct kafka_walk *w) MUST_CHECK;

void edit_string(struct edit *e, struct span s);
/* Overwrite what has been copied to at already (see edit_upto). */
void edit_patch16(struct edit *e, size_t at, int16_t v);
void edit_patch32(struct edit *e, size_t at, int32_t v);
