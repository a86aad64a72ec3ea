/* What the fused sections of an image hold: the same schemas as IMAGE_SCHEMA_CODE, laid
 * out for one walk over the bytes that scans and judges at once, without a tape. Made by
 * lib/compile/fuse*.c out of the nodes and instructions, so that both executors have one
 * meaning; run by fuse.c.
 *
 * A "set" is a conjunction of nodes: all that must hold for one value, with $ref and
 * allOf resolved, and oneOf, anyOf, not, if wherever the value's type or a property that
 * tells the branches apart decides. What is left goes to the tree executor, value by
 * value: FUSE_TREE.
 *
 *   FUSE_ROOTS    struct fuse_value[], one a root
 *   FUSE_KEYS     struct fuse_key[]: the properties of objects
 *   FUSE_OBJECTS, FUSE_ARRAYS, FUSE_TYPES, FUSE_CHOICES, FUSE_WORDS
 *   FUSE_DATA     u32 lists: a count, then the items; texts; bounds */
#pragma once

#include "schema/layout.h"

enum fuse_op {
	FUSE_ANY,          /* any JSON value */
	FUSE_NONE,         /* none */
	FUSE_NULL,
	FUSE_BOOLEAN,
	FUSE_STRING,
	FUSE_LENGTH,       /* string; arg: DATA, struct fuse_range of code points */
	FUSE_WORD,         /* string; arg: index of struct fuse_words */
	FUSE_TEXT,         /* string; arg: DATA, list of instructions */
	FUSE_INTEGER,
	FUSE_NATURAL,      /* integer >= 0 */
	FUSE_WITHIN,       /* integer; arg: DATA, struct fuse_range */
	FUSE_NUMBER,
	FUSE_POSITIVE,     /* number >= 0 */
	FUSE_BETWEEN,      /* number; arg: DATA, struct fuse_bounds */
	FUSE_FIGURE,       /* number; arg: DATA, list of instructions */
	FUSE_OBJECT,       /* arg: index */
	FUSE_ARRAY,        /* arg: index */
	FUSE_TYPE,         /* by the value's first byte; arg: index of struct fuse_types */
	FUSE_CHOICE,       /* object, by one property's text; arg: index */
	FUSE_TREE,         /* arg: DATA, list of nodes, all of which must hold */
	FUSE_OP_COUNT
};

struct fuse_value {
	uint32_t op, arg;
};

#define FUSE_NAME_MAX 30                /* longer names: the rest is in DATA */
#define FUSE_NO_KEY UINT16_MAX
#define FUSE_KEYS_MAX 4096

enum fuse_key_flag {
	FUSE_ODD = 1,                   /* never told by its first bytes: long, escaped, or more than a name to judge */
	FUSE_BARE = 2,                  /* `required` only: judged as a member without a key */
	FUSE_WHOLE = 4,                 /* what patterns demand of the name is in the value */
};

struct fuse_key {                       /* 64 bytes */
	uint8_t text[32];               /* the name, a quote, a colon; odd: 0xff, which begins no value */
	uint64_t bit;                   /* of its index, modulo 64 */
	struct fuse_value value;
	uint32_t ignore;                /* a bit for each byte of text that does not count; odd: 0 */
	uint16_t index;                 /* in its object */
	uint8_t step;                   /* bytes of text that count; odd: 0 */
	uint8_t flags;
	uint32_t name, len;             /* DATA: all of it */
};

enum fuse_object_flag {
	FUSE_NAMES = 1,                 /* nodes that each name must satisfy */
	FUSE_PATTERNS = 2,              /* rules by pattern of the name */
};

struct fuse_object {                    /* 64 bytes */
	uint32_t first, count;          /* keys */
	uint32_t learned;               /* index of this object's count + 1 learned successors */
	uint32_t flags;
	struct fuse_value rest;         /* of members without a key or pattern */
	uint64_t required;              /* of the first 64 keys, a bit each */
	uint32_t min, max;              /* members */
	uint32_t slots, mask;           /* DATA: list of mask + 1 slots, each a key or FUSE_NO_KEY, by fuse_slot */
	uint32_t more;                  /* DATA: struct fuse_more, 0: none */
	uint32_t unused;
	uint64_t multiplier;            /* of fuse_slot: most names have a slot of their own */
};

/* What few objects have. */
struct fuse_more {
	uint32_t required;              /* DATA: list of keys from the 65th on that are required */
	uint32_t needs;                 /* DATA: list of (key, key): the first demands the second */
	uint32_t groups;                /* DATA: words: min, max, branches; of each its keys' count and keys: from min
	                                 * to max of the branches have all their keys there */
	uint32_t patterns;              /* DATA: list of (regex, op, arg) */
	uint32_t names;                 /* DATA: list of nodes for each name */
};

struct fuse_array {
	uint32_t min, max;              /* items */
	uint32_t tuple, count;          /* DATA: struct fuse_value[count] */
	struct fuse_value rest;
};

enum fuse_type { FUSE_IS_NUMBER, FUSE_IS_NULL, FUSE_IS_BOOLEAN, FUSE_IS_STRING, FUSE_IS_ARRAY, FUSE_IS_OBJECT, FUSE_TYPE_COUNT };

struct fuse_types {
	struct fuse_value by[FUSE_TYPE_COUNT];
};

#define FUSE_FREE UINT32_MAX

struct fuse_case {
	uint32_t text, len;             /* DATA */
	struct fuse_value value;
};

struct fuse_choice {
	uint32_t name, len;             /* DATA */
	uint32_t cases;                 /* DATA: list of 2^n struct fuse_case, by fuse_slot; free: len FUSE_FREE */
	struct fuse_value other, absent;
	uint32_t watched;               /* 1: `absent` is an object that refuses the name */
};

#define FUSE_WORDS_MAX 32
#define FUSE_WORD_MAX 31                /* bytes */
#define FUSE_WORD_SLOTS 256
#define FUSE_WORD_SHIFT 56

struct fuse_words {                     /* an enum of few short texts */
	uint64_t multiplier;            /* perfect hash: slot[mix * multiplier >> FUSE_WORD_SHIFT] */
	uint8_t slot[FUSE_WORD_SLOTS];  /* index of a word */
	uint32_t ignore[FUSE_WORDS_MAX];        /* a bit for each byte that does not count */
	uint8_t text[FUSE_WORDS_MAX][32];       /* with the quote that ends it */
};

struct fuse_range {                     /* DATA, 8-aligned */
	int64_t min, max;
};

/* min * 10^-min_scale <= value <= max * 10^-max_scale, exactly; INT64_MIN, INT64_MAX: none. */
struct fuse_bounds {                    /* DATA, 8-aligned */
	int64_t min, max;               /* below 10^18 in magnitude */
	uint16_t min_scale, max_scale;  /* at most 18 */
	uint16_t above, below;          /* 1: the bound itself is out */
	uint64_t small;                 /* 1: whole, and below FUSE_SMALL in magnitude or none */
};

#define FUSE_SMALL 1000000000           /* times ten to the ninth it fits 64 bits */

/* All but the first n of 32 bytes. */
static inline uint32_t fuse_ignore(size_t n)
{
	return n < 32 ? UINT32_MAX << n : 0;
}

/* Tells names of up to 16 bytes apart, most others too: the first and last eight bytes,
 * without a branch. Reads eight bytes at p: of a text with slack, or of a padded copy. */
static inline uint64_t fuse_mix(const uint8_t *p, size_t n)
{
	static const uint64_t masks[9] = { 0, 0xff, 0xffff, 0xffffff, 0xffffffff, 0xffffffffff, 0xffffffffffff, 0xffffffffffffff, UINT64_MAX };
	size_t have = n < 8 ? n : 8;
	uint64_t head, tail, mask = masks[have];

	memcpy(&head, p, 8);
	memcpy(&tail, p + n - have, 8);
#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
	mask = __builtin_bswap64(mask);
#endif
	return (head & mask) ^ (tail & mask) * 0x9e3779b97f4a7c15u ^ (uint64_t)n << 56;
}

#define FUSE_MULTIPLIER 0x9e3779b97f4a7c15u

/* Where a name or text is looked for first in a table of mask + 1 slots; then in the next
 * ones, up to a free slot. */
static inline uint32_t fuse_slot(const uint8_t *p, size_t n, uint64_t multiplier, uint32_t mask)
{
	return (uint32_t)(fuse_mix(p, n) * multiplier >> 40) & mask;
}
