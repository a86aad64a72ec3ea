/* Records as people write them, one a line: a bare value, an object with topic, key,
 * headers and value, or what `kcat -J` prints. */
#pragma once

#include "contract/contract.h"
#include "tree/tree.h"

#define RECORD_MAX_HEADERS 1024

struct record_line {
	struct record_view view;
	struct span topic;               /* null: not named */
	const char *error;               /* not NULL: the line is no record */
	/* own: */
	struct findings f;
	struct tree_set *set;
	struct buf value, key, header_bytes;
	struct record_header headers[RECORD_MAX_HEADERS];
	size_t header_at[RECORD_MAX_HEADERS];  /* start of each value in header_bytes */
};

/* One for a whole run: lines reuse its memory. */
void record_line_init(struct record_line *r);
void record_line_fini(struct record_line *r);
/* bare: the line is the value itself. Spans live until the next line. */
void record_line_read(struct record_line *r, struct span line, bool bare);
