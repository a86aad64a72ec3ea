/* What the files of lib/tree share and nobody else sees: the set, and the builder that
 * both readers (json.c, yaml.c) feed. */
#pragma once

#include "tree/tree.h"

#define TREE_DEPTH_MAX 1024             /* whatever a caller asks: walks over a tree recurse */
#define TREE_INDEX_FROM 8               /* containers with more children get an index */

struct tree_folder {
	struct tree_folder *next;
	const char *path;                /* canonical, without a slash at the end */
	size_t n;
	int fd;                          /* O_PATH */
};

struct tree_mapping {
	struct tree_mapping *next;
	const char *uri, *path;
};

struct tree_set {
	struct arena arena;
	struct findings *findings;
	struct tree_limits limits;
	struct tree_file *files;
	size_t nfiles, nodes, bytes;
	struct tree_folder *folders;
	struct tree_mapping *mappings;
	uint64_t seed;                   /* of the indexes' hashes */
	unsigned resolving;              /* references being resolved inside one another */
};

/* Children are linked in reverse while their container is open; build_leave turns them. */
struct builder {
	struct tree_set *set;
	struct tree_file *file;
	struct findings *findings;       /* of the set, or of a trial */
	struct tree_node *open;          /* innermost open container */
	struct tree_node *root;
	unsigned depth;
	bool has_key;                    /* the next node is the value of this key: */
	struct span key;
	uint32_t key_line, key_column;
	bool failed;                     /* a finding was recorded: the tree is not handed out */
	bool stopped;                    /* reading on makes no sense */
};

void build_error(struct builder *b, const char *code, uint32_t line, uint32_t column, const char *fmt, ...)
    PRINTF_LIKE(5, 6);
void build_stop(struct builder *b, const char *code, uint32_t line, uint32_t column, const char *fmt, ...)
    PRINTF_LIKE(5, 6);
void build_key(struct builder *b, struct span key, uint32_t line, uint32_t column);
/* NULL when the builder has stopped. A map or a sequence stays open until build_leave. */
struct tree_node *build_add(struct builder *b, enum tree_kind kind, uint32_t line, uint32_t column);
void build_leave(struct builder *b);
/* A copy of an anchored node in the place of its alias. */
void build_alias(struct builder *b, const struct tree_node *anchored, uint32_t line, uint32_t column);
/* Out of memory, said in one place. */
void build_no_memory(struct builder *b);

/* Both leave the tree in b->root, or stop with findings. */
void tree_read_json(struct builder *b);
void tree_read_yaml(struct builder *b);

/* A plain scalar of the YAML 1.2 core schema. */
enum tree_plain {
	PLAIN_STRING,
	PLAIN_NULL,
	PLAIN_TRUE,
	PLAIN_FALSE,
	PLAIN_NUMBER,
	PLAIN_NOT_FINITE,
	PLAIN_TOO_LONG,
	PLAIN_NOMEM
};
/* number: the JSON spelling in a when PLAIN_NUMBER. */
enum tree_plain tree_plain(struct arena *a, struct span text, struct span *number);

/* A member by name, or an item by its number. */
struct tree_node *tree_child(const struct tree_node *node, struct span name);
/* Takes the next reference token off a JSON Pointer, unescaped; false at its end, and
 * at a rest that does not begin with a slash. */
bool tree_pointer_next(struct span *rest, struct buf *token);
/* Line and column of a byte of the file's source. */
void tree_locate(const struct tree_file *file, size_t offset, uint32_t *line, uint32_t *column);
/* openat2's rules without openat2; path has no "." or ".." in it. */
int tree_open_walk(int dirfd, const char *path, int flags);
/* The parts of a set that references use. NULL after a finding at `at`. */
struct tree_file *tree_load_reference(struct tree_node *at, const char *path);
struct tree_file *tree_load_mapped(struct tree_node *at, const struct tree_mapping *m);
