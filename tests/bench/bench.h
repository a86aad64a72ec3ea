/* What the files of the benchmark share: records in memory, engines, peers, and a count
 * of the calls that take memory from the heap. */
#pragma once

#include "base/buf.h"

/* allocations.c: calls of malloc and its relatives since the process began. */
uint64_t allocations(void);

/* records.c: lines of a file, one after the other in memory as they were in the file. */
struct records {
	struct buf text;
	struct span *of;
	size_t n, bytes, longest;
};

/* false when there is none; records_fini in any case. */
bool records_read(struct records *r, const char *path);
void records_fini(struct records *r);

/* engine.c: the engine of this tree. */
struct engine;

/* Compiles a schema file as the tool does; its $schema says the dialect, draft-07 by
 * default. Resources are URI=FILE, cut in place. NULL after the findings were printed. */
struct engine *engine_new(const char *schema, char *const *resources, size_t n);
void engine_free(struct engine *e);
/* One pass; how many records are valid. syntax: for the schema that accepts all. */
size_t engine_judge(struct engine *e, const struct records *r, bool syntax);
void engine_print_verdicts(struct engine *e, const struct records *r);

/* peers.c, peer_jansson.c: others, parsing only. A pass returns how many records were accepted. */
bool peers_open(size_t longest);
void peers_close(void);
size_t peer_yyjson(const struct records *r);
size_t peer_jansson(const struct records *r);
