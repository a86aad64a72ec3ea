/* Instances of schemas, made from their trees: for examples that a person reads and for
 * records that prove what a change of a document breaks. What is made here is a proposal:
 * the caller judges it by the compiled schema before it says anything of it. */
#pragma once

#include "asyncapi/model.h"

#define SAMPLE_STEPS 32u                /* of a path into an instance */
#define SAMPLE_VARIANTS 12u             /* worth trying: branches, values and sizes differ */

/* A place in an instance: names of members; of an array its items are "0". */
struct sample_path {
	struct span steps[SAMPLE_STEPS];
	size_t n;
};

/* One place that is not as its schema wants it. */
struct sample_edit {
	struct sample_path path;
	const char *text;                /* JSON to stand there; NULL: nothing, the member is left out */
};

/* A JSON text that the schema should accept, appended to out; with the edit in it. False:
 * none can be made in this variant. Odd variants have optional members too. */
bool sample_schema(struct arena *a, struct tree_node *schema, unsigned variant, const struct sample_edit *edit, struct buf *out);

/* ---- sample_text.c ---- */

/* A text of the format; NULL when there is none here. */
const char *sample_format(struct span format);
/* A text that the pattern of ECMA-262 should match somewhere, with at least `length`
 * characters if repetition allows; false for what is not understood here. */
bool sample_pattern(struct span pattern, unsigned variant, size_t length, struct buf *out);

/* ---- sample_wish.c: the keywords that hold for one value, gathered ---- */

struct wish_schema {                    /* a schema in force for a member or an item */
	struct wish_schema *next;
	struct tree_node *node;
};

struct wish_member {
	struct wish_member *next;
	struct span name;
	struct wish_schema *schemas;
	bool required;
};

struct wish {
	struct arena *arena;
	unsigned variant;
	bool impossible;
	uint32_t types;                  /* bits of enum contract_type; CONTRACT_TYPE_MASK: any */
	bool integer;                    /* numbers are whole */
	struct tree_node *fixed;         /* the value itself: const, of an enum, an example */
	struct tree_node *least, *most, *multiple;
	bool above, below;               /* the bounds themselves are out */
	int64_t min_length, max_length, min_items, max_items, min_members;   /* max -1: none */
	struct span pattern, format;
	bool unique;
	struct wish_member *members, **tail;
	struct wish_schema *items, *tuple, **tuple_tail, *additional;
};

/* Of all schemas in the list together. */
void wish_gather(struct wish *w, struct arena *a, struct wish_schema *schemas, unsigned variant);
