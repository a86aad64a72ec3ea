/* Located documents: YAML 1.2 (core schema, JSON-compatible) or JSON, as one kind of
 * tree in which every node knows its file, line and column. Build side only.
 *
 * Everything lives in the arena of its tree_set. Duplicate keys, non-string keys,
 * custom tags, invalid UTF-8 and limits are findings, and the load fails. */
#pragma once

#include "base/arena.h"
#include "tree/finding.h"

enum tree_kind { TREE_NULL, TREE_BOOL, TREE_NUMBER, TREE_STRING, TREE_SEQ, TREE_MAP };

struct tree_file;

struct tree_node {
	enum tree_kind kind;
	bool truth;                    /* TREE_BOOL */
	uint32_t line, column;         /* of the value */
	uint32_t key_line, key_column; /* of the member's key, 0 outside maps */
	uint32_t count;                /* children */
	struct span key;               /* member name; null outside maps */
	struct span text;              /* TREE_STRING: decoded; TREE_NUMBER: its exact JSON spelling */
	struct tree_file *file;
	struct tree_node *parent, *next, *first;
	union {                        /* lib/tree's own */
		struct tree_node **index;   /* of large containers, for tree_get and tree_item */
		struct tree_node *target;   /* of a $ref's text, once resolved */
	};
	uint32_t index_mask;
	uint32_t place;                /* among its siblings, from 0 */
	enum tree_ref_state { REF_NEW, REF_BUSY, REF_KNOWN, REF_BROKEN } ref_state;
};

struct tree_limits {                   /* a field of 0 is its default */
	size_t file_bytes;             /* default 4 MiB */
	size_t total_bytes;            /* of all files, default 64 MiB */
	size_t nodes;                  /* default 1,000,000, alias expansion included */
	unsigned depth;                /* default 128, at most 1024 */
	size_t files;                  /* default 256 */
};

struct tree_file {
	const char *path;              /* as it appears in findings */
	struct tree_node *root;        /* NULL when it did not parse */
	struct tree_file *next;
	struct tree_set *set;
	const char *source;            /* the text, for carets; NUL-terminated */
	size_t source_n;
	const char *folder;            /* canonical folder that it was read from; "" for bytes given to tree_parse */
	const char *canonical;         /* canonical path; NULL for bytes given to tree_parse */
	const char *uri;               /* set when tree_map_uri served it: its references are relative to this */
};

/* All files that one loader run reads, with the folders that references may reach. */
struct tree_set;

struct tree_set *tree_set_new(struct findings *f, const struct tree_limits *limits /* or NULL */);
void tree_set_free(struct tree_set *s);
struct arena *tree_set_arena(struct tree_set *s);
/* References are resolved below these folders only (each document's own folder is
 * allowed by tree_load). No symlink, device, FIFO or network is followed. */
int tree_allow_folder(struct tree_set *s, const char *folder) MUST_CHECK;
/* uri, as a $ref spells it, is served from this path instead of being refused. */
int tree_map_uri(struct tree_set *s, const char *uri, const char *path) MUST_CHECK;
bool tree_uri_is_mapped(const struct tree_set *s, const char *uri);

/* NULL when it cannot be read or parsed: the findings say why. A file is read once. It
 * is read as JSON when its name ends in .json, or when it begins with { or [ and is JSON;
 * as YAML else. An empty YAML file is null. tree_parse copies the bytes; relative
 * references in them lead nowhere. */
struct tree_file *tree_load(struct tree_set *s, const char *path);
struct tree_file *tree_parse(struct tree_set *s, const char *name, const char *bytes, size_t n);

/* NULL when absent or when node is no map/sequence. */
struct tree_node *tree_get(const struct tree_node *map, const char *key);
struct tree_node *tree_get_span(const struct tree_node *map, struct span key);
struct tree_node *tree_item(const struct tree_node *seq, uint32_t index);
#define tree_each(it, node) \
	for (struct tree_node *it = (node) ? (node)->first : NULL; it; it = it->next)

/* JSON Pointer (RFC 6901) below from; NULL when nothing is there. */
struct tree_node *tree_pointer(struct tree_node *from, const char *pointer);
/* The JSON Pointer of node in its file, in the set's arena. */
const char *tree_path(const struct tree_node *node);

/* JSON Reference (draft-03): the target of {"$ref": …}, following chains; the node
 * itself when it is no reference. NULL after a finding (not found, outside the allowed
 * folders, loop, remote). Relative to the file that holds the reference. */
struct tree_node *tree_deref(struct tree_node *node);
bool tree_is_reference(const struct tree_node *node);   /* a map whose $ref is a text */
/* One step for an already extracted reference text, reported at `at`. */
struct tree_node *tree_resolve(struct tree_node *at, struct span ref);
/* The place below root that the fragment of ref names, a JSON Pointer; follow: through
 * references on the way, as tree_resolve goes. */
struct tree_node *tree_resolve_below(struct tree_node *at, struct tree_node *root, struct span ref, bool follow);
/* NUL-terminated in the arena; NULL when it is malformed or holds a NUL. */
char *tree_percent_decoded(struct arena *a, struct span s);

struct location tree_location(const struct tree_node *node);      /* of its value */
struct location tree_key_location(const struct tree_node *node);  /* of its key, else its value */
bool tree_is_string(const struct tree_node *node);
/* Exact JSON text of a node, appended. */
void tree_to_json(const struct tree_node *node, struct buf *out);
