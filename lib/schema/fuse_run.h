/* What the files of the fused executor share: its tables, and the state of one run. */
#pragma once

#include "json/scan.h"
#include "schema/fuse.h"
#include "schema/private.h"

/* Scanning and judging one text. Functions take the place of a value's first byte and
 * return that after its last, or NULL: malformed, or not valid, or run.reason. */
struct fuse {
	const struct fuse_program *t;
	const struct fuse_key **learned;
	const uint8_t *base, *end;
	uintptr_t last;                 /* place of the text's last byte */
	unsigned depth_max;
	size_t names;                   /* of open objects, in the runner's stack */
	unsigned turns;                 /* guesses of choices that failed: beyond some, they look ahead */
	struct fuse_member {
		const struct fuse_key *key;     /* or NULL */
		struct fuse_value value;        /* left to judge */
	} member;                       /* of fuse_member */
	bool punt;                      /* something odd: the tree executor judges the whole text */
	struct run run;                 /* for what the tree executor's instructions judge */
};

static inline const void *fuse_data(const struct fuse *f, uint32_t off)
{
	return f->t->data + off;
}

static inline const uint32_t *fuse_list(const struct fuse *f, uint32_t off, uint32_t *n)
{
	const uint32_t *list = fuse_data(f, off);

	*n = list[0];
	return list + 1;
}

/* fuse.c: any value by any rule. */
const uint8_t *fuse_judge(struct fuse *f, struct fuse_value v, const uint8_t *p, unsigned depth);
/* All nodes of the list hold for the value at p. */
const uint8_t *fuse_tree(struct fuse *f, uint32_t nodes, const uint8_t *p, unsigned depth);

/* fuse_key.c: the way of a member whose name was not foreseen. p: after the name's quote.
 * Where the value begins, with f->member filled, or NULL. Other rules that the value must
 * satisfy have been judged. */
const uint8_t *fuse_member(struct fuse *f, const struct fuse_object *o, const uint8_t *p, unsigned depth, size_t names);
/* The same for an object without keys and such rules: only the name must be new. */
const uint8_t *fuse_name(struct fuse *f, const uint8_t *p, size_t names);
/* Is it none of the names from `names` on? Beyond FUSE_NAMES_IN_LINE of them that is left
 * to fuse_names_differ. */
bool fuse_is_new(struct fuse *f, struct fuse_name name, size_t names);
/* No two names from `names` on are the same. */
bool fuse_names_differ(struct fuse *f, size_t names);

#define FUSE_NAMES_IN_LINE 16           /* up to which each new name is compared with those before */
#define FUSE_NAME_SHORT 15              /* bytes of a name that is hashed at once */

/* Of a short name; FUSE_NAME_SHORT + 1 bytes can be read at p. What stands behind the name is
 * masked out, without a branch on its length. */
static inline uint32_t fuse_short_hash(const uint8_t *p, size_t n, uint64_t seed)
{
	static const uint8_t keep[32] = { [0 ... 15] = 0xff };
	uint64_t head, tail, head_mask, tail_mask;

	memcpy(&head, p, 8);
	memcpy(&tail, p + 8, 8);
	memcpy(&head_mask, keep + 16 - n, 8);
	memcpy(&tail_mask, keep + 24 - n, 8);
	__uint128_t product = (__uint128_t)((head & head_mask) ^ seed) * ((tail & tail_mask) ^ (seed | 1));
	return (uint32_t)(product >> 64) ^ (uint32_t)product;
}
