/* The contract's sections in an image: written by lib/asyncapi, verified and read by
 * lib/contract. All fields little words of the machine, no pointers; a `struct
 * contract_list` is a run of items in IMAGE_CONTRACT_DATA. */
#pragma once

#include "contract/contract.h"

#define CONTRACT_MAX_RULES (CONTRACT_RULE_WORDS * 32)
#define CONTRACT_MAX_PARTS 32u          /* of a template */
#define CONTRACT_NONE UINT32_MAX
#define CONTRACT_ACTION_UNSET 0xffu

struct contract_list {
	uint32_t off, n;                /* bytes into IMAGE_CONTRACT_DATA, items */
};

/* enum action of each enum verdict. */
struct contract_actions {
	uint8_t of[8];                  /* VERDICT_COUNT used, the rest 0 */
};

/* IMAGE_CONTRACT: exactly one. */
struct contract_root {
	struct contract_actions policy;
	struct contract_list clusters;  /* struct contract_cluster, index as IMAGE_CLUSTERS */
	struct contract_list documents; /* struct contract_document */
	uint32_t any_document;          /* 1: one accepting document suffices */
	uint32_t nrules;                /* in IMAGE_RULES */
};

struct contract_cluster {
	uint32_t first_topic, ntopics;         /* in IMAGE_TOPICS: exact addresses, sorted by name */
	uint32_t first_template, ntemplates;   /* in IMAGE_TEMPLATES: most literal characters first */
};

struct contract_document {
	struct image_str name;
};

/* What one document says of one address: the messages of all its channels there. */
struct contract_declaration {
	uint32_t document;
	uint32_t channel;               /* of the first of its channels there */
	struct contract_list messages;  /* u32, in IMAGE_MESSAGES: candidates; none: nothing may be sent */
	struct contract_actions actions;       /* when there are no candidates */
	struct contract_list selectors; /* struct contract_selector: what tells the candidates apart */
};

#define CONTRACT_MAX_MESSAGES 1024u     /* candidates of a declaration */
#define CONTRACT_MAX_SELECTORS 4u
#define CONTRACT_MAX_STEPS 3u           /* of a path into a payload */

enum contract_place { CONTRACT_AT_KEY, CONTRACT_AT_HEADER, CONTRACT_AT_PAYLOAD, CONTRACT_PLACE_COUNT };

/* A text of the record that rules messages out before any schema runs: a message whose schema
 * wants another constant there cannot match. Sets of candidates are bits, by their index in
 * the declaration's list. */
struct contract_selector {
	uint32_t place;                 /* enum contract_place */
	uint32_t nsteps;                /* 0: the key itself; 1: the header; of a payload its members' names */
	struct image_str steps[CONTRACT_MAX_STEPS];
	struct contract_list values;    /* struct contract_value */
	struct contract_list slots;     /* u32[power of two] by contract_value_hash: row + 1, 0 is free; linear probing; one at least is free */
	struct contract_list other;     /* u32 of bits: with a value that is none of these */
	struct contract_list absent;    /* u32 of bits: without any value there */
};

struct contract_value {
	struct image_str text;
	struct contract_list candidates;       /* u32 of bits */
};

/* Of a constant's first and last bytes and its length: a record is looked up once, and what
 * collides is compared. */
static inline uint32_t contract_value_hash(struct span text)
{
	uint64_t head = 0, tail = 0;
	size_t n = text.n < 8 ? text.n : 8;

	if (n) {
		memcpy(&head, text.p, n);
		memcpy(&tail, text.p + text.n - n, n);
	}
	head = head * UINT64_C(0x9e3779b97f4a7c15) ^ tail ^ text.n;
	head = (head ^ head >> 32) * UINT64_C(0xff51afd7ed558ccd);    /* names differ in their last letters */
	return (uint32_t)(head >> 32);
}

/* IMAGE_TOPICS: an address, exact or a template's. */
struct contract_entry {
	struct image_str name;
	struct contract_list declarations;     /* struct contract_declaration; of several documents */
	uint32_t cluster;
	uint32_t rules[CONTRACT_RULE_WORDS]; /* exact only: the rules whose topics match */
	uint8_t strictest;              /* enum action, rules aside */
	uint8_t needs_headers;
	uint8_t other_templates;        /* exact only: templates of other documents may match too */
	uint8_t reserved;
};

/* IMAGE_TEMPLATES: one document's address with parameters. */
struct contract_template {
	uint32_t entry;                 /* in IMAGE_TOPICS */
	uint32_t document;
	uint32_t literals;              /* characters outside parameters: more is nearer */
	struct contract_list parts;     /* struct contract_part */
};

/* A literal text, or a parameter that takes one or more characters. */
struct contract_part {
	struct image_str text;          /* literal; of a parameter its name */
	uint32_t parameter;             /* 0 literal, 1 parameter */
	uint32_t stop;                  /* parameter: character that it cannot hold, 0 none */
	struct contract_list values;    /* parameter: struct image_str, its enum; n 0: any value */
	uint32_t schema;                /* parameter: schema root, SCHEMA_ANY */
	uint32_t types;                 /* parameter: mask that its text is read by */
};

/* IMAGE_TOPIC_HASH: u32[power of two], exact entries by hash64(name, cluster): index + 1,
 * 0 is free; linear probing; at least one cell is free. */

/* IMAGE_CHANNELS */
struct contract_channel {
	struct image_str name, address; /* name: its key in the document */
	uint32_t document;
	uint32_t reserved;
};

/* How a part of a record is read before its schema sees it. */
enum contract_mode {
	CONTRACT_FREE,                  /* no rule */
	CONTRACT_JSON,                  /* bytes are one JSON text (payload) or typed text (key, headers) */
	CONTRACT_TEXT,                  /* bytes are UTF-8: the schema sees a JSON string */
	CONTRACT_UNDECIDABLE,           /* we cannot judge it; `reason` says why */
	CONTRACT_MODE_COUNT
};

/* JSON types that a schema admits at its root, for texts that have no type of their own:
 * keys, header values, topic parameters. 0: no type named, read as string. */
enum contract_type {
	CONTRACT_STRING = 1, CONTRACT_NUMBER = 2, CONTRACT_BOOL = 4, CONTRACT_NULL = 8, CONTRACT_OBJECT = 16, CONTRACT_ARRAY = 32,
	CONTRACT_BINARY = 64,           /* format: binary: bytes need be no UTF-8 */
	CONTRACT_TYPE_MASK = 127
};

struct contract_part_rule {
	uint32_t mode;                  /* enum contract_mode */
	uint32_t schema;                /* root */
	uint32_t types;                 /* key: mask */
	uint32_t reserved;
};

/* A header that the schema names. */
struct contract_header {
	struct image_str name;
	uint32_t types;                 /* mask of the value */
	uint32_t items;                 /* mask of an array's items */
};

/* IMAGE_MESSAGES: one message of one channel. */
struct contract_message {
	struct image_str name;
	struct image_str reason;        /* why CONTRACT_UNDECIDABLE, "" */
	uint32_t channel, document;
	struct contract_part_rule payload, headers, key;
	struct contract_list known_headers;    /* struct contract_header, sorted by name */
	uint32_t tombstone;             /* 1: a null value passes whatever the payload's schema */
	struct contract_actions actions;
	uint32_t location;              /* line in the document, for reports */
};

/* IMAGE_RULES: first match wins, per verdict. */
struct contract_rule {
	struct image_str topics;        /* glob, "" all */
	struct image_str message;       /* "" all */
	uint32_t cluster;               /* CONTRACT_NONE: all */
	struct contract_actions actions;       /* CONTRACT_ACTION_UNSET: says nothing */
};

/* Topics of a rule: * is any run of characters, ? any one. */
bool contract_glob(struct span pattern, struct span text);
