/* The image: one position-independent block that the loader builds and all workers
 * share, read-only. Here only the container: a header, then sections; every reference
 * is a u32 offset into a section or an index into a table that a section is. What the
 * sections hold belongs to the modules that name them.
 *
 * Nothing in an image is trusted: image_open checks magic, version, size, checksum and
 * section bounds; each module's verifier then checks its own offsets once. Any byte may
 * be wrong, and nothing worse than a refusal happens. */
#pragma once

#include "base/buf.h"

#define IMAGE_MAGIC "EVGWIMG\n"
#define IMAGE_VERSION 1u
#define IMAGE_MAX_BYTES (512u << 20)
#define IMAGE_ALIGN 64u           /* of every section */
#define IMAGE_SLACK 64u           /* zero bytes after the last section, for wide loads */

/* A module's sections are rows here; the order is the layout. */
enum image_section {
	IMAGE_STRINGS,           /* NUL-terminated texts of every module */
	IMAGE_SETTINGS,          /* one struct settings, src/settings.h */
	IMAGE_CLUSTERS,          /* struct settings_cluster[] */
	IMAGE_SERVERS,           /* struct settings_server[], bootstrap addresses */
	IMAGE_LISTENERS,         /* struct settings_listener[] */
	IMAGE_BINDS,             /* struct settings_bind[], listening addresses */
	IMAGE_RANGES,            /* struct settings_range[], of broker ports by ids */
	IMAGE_NETWORKS,          /* struct settings_network[], of proxies before listeners */
	IMAGE_TLS,               /* struct settings_tls[] */
	IMAGE_TLS_DATA,          /* certificates and keys in PEM: keep the image where it is */
	IMAGE_CONTRACT,          /* lib/contract: struct contract_root */
	IMAGE_TOPICS,            /* lib/contract: exact topics, sorted */
	IMAGE_TOPIC_HASH,        /* lib/contract */
	IMAGE_TEMPLATES,         /* lib/contract: topic templates */
	IMAGE_CHANNELS,          /* lib/contract */
	IMAGE_MESSAGES,          /* lib/contract */
	IMAGE_RULES,             /* lib/contract: policies */
	IMAGE_CONTRACT_DATA,     /* lib/contract: u32 lists and whatever else it needs */
	IMAGE_SCHEMA_ROOTS,      /* lib/schema */
	IMAGE_SCHEMA_NODES,      /* lib/schema */
	IMAGE_SCHEMA_PROPS,      /* lib/schema */
	IMAGE_SCHEMA_CODE,       /* lib/schema: u32 words: lists, tables */
	IMAGE_SCHEMA_DATA,       /* lib/schema: constants, hash tables, bytes */
	IMAGE_SCHEMA_PATTERNS,   /* lib/schema */
	IMAGE_SCHEMA_DFA,        /* lib/schema: tables of patterns */
	IMAGE_SCHEMA_REGEX,      /* lib/schema: serialised PCRE2 */
	IMAGE_SCHEMA_COLD,       /* lib/schema: keyword locations and texts for reports */
	IMAGE_FUSE_ROOTS,        /* lib/schema/fuse.h, this and the next ones */
	IMAGE_FUSE_KEYS,
	IMAGE_FUSE_OBJECTS,
	IMAGE_FUSE_ARRAYS,
	IMAGE_FUSE_TYPES,
	IMAGE_FUSE_CHOICES,
	IMAGE_FUSE_WORDS,
	IMAGE_FUSE_DATA,
	IMAGE_SECTION_COUNT
};

struct image_range {
	uint32_t off, len;       /* from the base of the image; off is IMAGE_ALIGNed */
};

struct image_header {
	char magic[8];
	uint32_t version;
	uint32_t size;           /* whole image, slack included */
	uint32_t crc;            /* crc32c of all bytes after this field */
	uint32_t nsections;
	uint64_t generation;
	struct image_range sections[IMAGE_SECTION_COUNT];
};

/* A NUL-terminated text in IMAGE_STRINGS; off 0 is "". */
struct image_str {
	uint32_t off, len;
};

/* ---- run side ---- */

struct image {
	const uint8_t *base;
	size_t size;
};

/* Checks the container and fills img; the bytes stay the caller's. */
int image_open(struct image *img, const void *base, size_t size) MUST_CHECK;
/* Maps a sealed memfd MAP_PRIVATE|PROT_READ and opens it; E_STATE when not sealed. */
int image_map(struct image *img, int fd) MUST_CHECK;
void image_unmap(struct image *img);
uint64_t image_generation(const struct image *img);

/* A section as a table of `size`-byte items; *n is their count. A length that is no
 * multiple of size gives NULL and 0. */
const void *image_table(const struct image *img, enum image_section s, size_t size, size_t *n);
struct span image_section(const struct image *img, enum image_section s);
/* len bytes at off of a section; NULL when out of bounds. */
const void *image_at(const struct image *img, enum image_section s, uint32_t off, size_t len);
/* "" when the reference is out of bounds or not terminated. */
const char *image_text(const struct image *img, struct image_str s);
struct span image_str_span(const struct image *img, struct image_str s);
bool image_str_is_sound(const struct image *img, struct image_str s);

/* ---- build side ---- */

struct image_builder {
	struct buf sections[IMAGE_SECTION_COUNT];
	int error;               /* sticky: E_NOMEM, E_LIMIT */
	uint32_t *intern;        /* string table for image_intern, owned */
	size_t intern_cap, intern_n;
};

void image_builder_init(struct image_builder *b);
void image_builder_fini(struct image_builder *b);
/* Appends to a section, aligned to align (a power of two); returns the offset in the
 * section. The bytes may be NULL: zeroes. */
uint32_t image_append(struct image_builder *b, enum image_section s, const void *p, size_t n, size_t align);
uint32_t image_used(const struct image_builder *b, enum image_section s);
/* For patching what was appended; valid until the next append to that section. */
void *image_mutable(struct image_builder *b, enum image_section s, uint32_t off);
/* Interned: equal texts share one place. */
struct image_str image_intern(struct image_builder *b, struct span text);
/* The whole image, checksum and generation set, into out. */
int image_finish(struct image_builder *b, uint64_t generation, struct buf *out) MUST_CHECK;
