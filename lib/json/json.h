/* JSON texts, RFC 8259 to the letter, over bytes that nobody vouches for: UTF-8 is
 * checked, lone surrogates are refused, \u0000 is accepted, a byte order mark is not.
 * Nothing outside the span decides anything. Duplicate keys (escaped spellings included) are
 * malformed: consumers disagree on which one wins, so no verdict could hold for all.
 *
 * A text becomes a tape: one entry of 16 bytes a value, in order; a member is the entry
 * of its key followed by that of its value. */
#pragma once

#include "base/base.h"

enum json_type { JSON_NULL, JSON_FALSE, JSON_TRUE, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT, JSON_TYPE_COUNT };

enum json_flag {
	JSON_DECODED = 1,      /* a string with escapes: off is into the side buffer */
	JSON_INTEGER = 2,      /* a number without fraction and exponent */
};

struct json_entry {
	uint8_t type, flags;
	uint16_t unused;
	uint32_t off;          /* scalar: its text, strings without quotes; container: its bracket */
	uint32_t len;          /* scalar: bytes of the text; container: items or members */
	uint32_t next;         /* entry after the value and all below it */
};

/* What walks a tape needs: a tape that was built, or a constant of an image. */
struct json_doc {
	const struct json_entry *entries;
	const uint8_t *text, *side;
};

struct json_tape {
	struct span text;              /* borrowed */
	struct json_entry *entries;    /* owned, grows only */
	uint32_t n, cap;
	uint8_t *side;                 /* owned: decoded strings, each after a struct json_origin */
	size_t side_n, side_cap;
	uint32_t *cells;               /* owned: hash set of keys */
	size_t cells_cap;
	uint64_t seed;                 /* of that set */
	unsigned depth_max;
	struct json_pad {              /* room for a copy; owned, grows only */
		uint8_t *p;
		size_t cap;
	} pad;
	const char *what;              /* after a failure: why */
	size_t where;                  /* and the offset in the text */
};

/* Before each decoded string of the side buffer: where it stood. */
struct json_origin {
	uint32_t off, len;
};

void json_tape_init(struct json_tape *t, unsigned depth_max, uint64_t seed);
void json_tape_fini(struct json_tape *t);
/* E_MALFORMED, E_LIMIT (deeper than depth_max, over 4 GiB), E_NOMEM. The text must live
 * as long as the tape is looked at; entry 0 is the whole. */
int json_tape_build(struct json_tape *t, struct span text) MUST_CHECK;
/* The one value at *where of a text that has slack (json/scan.h), inside `depth` open
 * containers; *where: after it. Offsets count from the text's start. */
int json_tape_part(struct json_tape *t, struct span text, size_t *where, unsigned depth) MUST_CHECK;
#define JSON_TOO_DEEP "nested too deeply"      /* `what` of a text deeper than depth_max */

static inline struct json_doc json_tape_doc(const struct json_tape *t)
{
	return (struct json_doc){ t->entries, t->text.p, t->side };
}

/* The decoded text of a string, or the spelling of a number or literal. */
static inline struct span json_text(const struct json_doc *d, uint32_t at)
{
	const struct json_entry *e = &d->entries[at];

	return span_of((e->flags & JSON_DECODED ? d->side : d->text) + e->off, e->len);
}

/* Offset of the value in the text; of a string, that of its quote. */
size_t json_offset(const struct json_doc *d, uint32_t at);
/* The value of a member, or 0. */
uint32_t json_member(const struct json_doc *d, uint32_t object, struct span name);
/* Numbers by value, strings by text, objects without order. *steps counts down; at 0
 * the answer is false. Neither may be deeper than a tape's depth_max allows. */
bool json_equal(const struct json_doc *a, uint32_t at, const struct json_doc *b, uint32_t bt, uint64_t *steps);
/* Equal values have equal hashes. */
uint64_t json_hash(const struct json_doc *d, uint32_t at, uint64_t seed);

/* ---- strings ---- */

/* The inside of a string; out holds raw.n bytes. false: a bad escape, half a pair. */
bool json_unescape(struct span raw, uint8_t *out, size_t *n) MUST_CHECK;
/* Code points of well-formed UTF-8. */
size_t json_length(struct span text);

/* ---- numbers: digits * 10^exp, of any length, exact ---- */

struct json_decimal {
	const uint8_t *p;      /* from the first to the last digit that is not 0; a point may stand between */
	size_t digits;         /* 0: zero */
	int64_t exp;           /* beyond +-JSON_EXP_MAX it stays there */
	bool negative;         /* never for zero */
};

#define JSON_EXP_MAX ((int64_t)1 << 60)

struct json_decimal json_decimal(struct span spelling);
int json_decimal_compare(const struct json_decimal *a, const struct json_decimal *b);
bool json_decimal_is_integer(const struct json_decimal *d);
bool json_decimal_to_i64(const struct json_decimal *d, int64_t *out);
/* Is d a whole multiple of m * 10^exp? 0 < m < 2^63, without zeros at its end. */
bool json_decimal_is_multiple(const struct json_decimal *d, uint64_t m, int64_t exp);
uint64_t json_decimal_hash(const struct json_decimal *d, uint64_t seed);
/* A number without fraction and exponent, of at most 18 digits. */
bool json_small_integer(struct span spelling, int64_t *out);
