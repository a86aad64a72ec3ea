/* What the schema sections of an image hold, for its writer (lib/compile) and its
 * readers (lib/schema). Fixed widths, no pointers; an offset counts from its section.
 *
 *   ROOTS  u32[]: nodes that callers name. Roots 0 and 1 are ANY and NONE, nodes 0 and 1.
 *   NODES  struct schema_node[]: one a (sub)schema: a run of instructions.
 *   CODE   struct schema_instr[]: cheap ones first; all must hold.
 *   PROPS  struct schema_row[]: names of `properties`, `required`, string enums.
 *   DATA   texts, lists, tables, constants.
 *   PATTERNS  struct schema_pattern[].
 *   DFA    tables of those that are automata.
 *   REGEX  struct schema_regexes, then PCRE2's serialised form: of those that are none.
 *   COLD   NUL-terminated texts for reports. */
#pragma once

#include "base/buf.h"
#include "json/json.h"

#define SCHEMA_NO_NODE UINT32_MAX
#define SCHEMA_NODE_ANY 0u
#define SCHEMA_NODE_NONE 1u

enum schema_type {               /* bits of TYPE's operand */
	SCHEMA_TYPE_NULL = 1, SCHEMA_TYPE_BOOLEAN = 2, SCHEMA_TYPE_INTEGER = 4, SCHEMA_TYPE_NUMBER = 8,
	SCHEMA_TYPE_STRING = 16, SCHEMA_TYPE_ARRAY = 32, SCHEMA_TYPE_OBJECT = 64,
	SCHEMA_TYPE_MASK = 127,
};

enum schema_op {
#define OP(name, a, b) SCHEMA_OP_##name,
#include "schema/op.def"
#undef OP
	SCHEMA_OP_COUNT
};

enum schema_operand {            /* what an operand is, for the verifier */
	OPERAND_NONE,            /* 0 */
	OPERAND_MASK,            /* of types */
	OPERAND_NODE,
	OPERAND_NODE_OPT,        /* or SCHEMA_NO_NODE */
	OPERAND_NODES,           /* list of nodes */
	OPERAND_PAIRS,           /* list of (any number, node), by number */
	OPERAND_TEXT,            /* DATA offset of a text; the length is operand b */
	OPERAND_LENGTH,
	OPERAND_VALUE,           /* DATA offset of a struct schema_value */
	OPERAND_VALUES,          /* list of those */
	OPERAND_TABLE,           /* DATA offset of a struct schema_table */
	OPERAND_OBJECT,          /* DATA offset of a struct schema_object */
	OPERAND_NEEDS,           /* list of (name offset, name length, list of (name offset, name length)) */
	OPERAND_BRANCHES,        /* list of (name offset, name length, node) */
	OPERAND_REGEX,           /* index of a pattern */
	OPERAND_COLD,            /* COLD: a text for reports */
	OPERAND_FORMAT,          /* enum schema_format */
	OPERAND_CONTENT,         /* bits of enum schema_content */
};

enum schema_node_flag {
	SCHEMA_NODE_TRACKS = 1,  /* has unevaluated*: needs to know which children were evaluated */
};

struct schema_node {
	uint32_t first, count;   /* instructions */
	uint32_t flags;
	uint32_t resource;       /* schema resource, for $dynamicRef */
};

enum schema_instr_flag {
	SCHEMA_SMALL = 1,        /* NUMBER bounds: c holds the value as i64 */
	SCHEMA_COUNTS = 4,       /* CONTAINS: what matches is evaluated */
	SCHEMA_SYNTAX_INTEGER = 2,  /* TYPE: draft-04, 1.0 is no integer */
};

struct schema_instr {
	uint16_t op, flags;
	uint32_t where;          /* COLD: JSON Pointer of the keyword */
	uint32_t a, b;
	int64_t c;
};

/* A list in DATA: n, then n items of the operand's width in words. */

struct schema_row {
	uint32_t off, len;       /* DATA: the name */
	uint32_t hash;           /* schema_name_hash of it */
	uint32_t node;           /* SCHEMA_NO_NODE: `required` only */
	uint32_t required;       /* 0 or 1 */
	uint32_t unused;
};

struct schema_table {
	uint32_t first, count;   /* rows */
	uint32_t slots, mask;    /* DATA: u32[mask + 1], row of the table + 1, 0: free */
};

struct schema_object {
	uint32_t table;          /* DATA: a struct schema_table */
	uint32_t patterns;       /* DATA: list of (pattern, node) */
	uint32_t additional;     /* node or SCHEMA_NO_NODE */
	uint32_t required;       /* rows that are */
	uint32_t where_required, where_additional;
};

struct schema_value {
	uint32_t entries, n;     /* DATA: struct json_entry[], 8-aligned */
	uint32_t text, len;      /* DATA: what their offsets count from */
};

#define SCHEMA_NO_CODE UINT32_MAX

#define SCHEMA_NO_PAIRS UINT32_MAX
#define SCHEMA_NO_PATTERN UINT32_MAX

/* An automaton over bytes: state = table[state + symbols[byte]], where a state is the
 * index of its first entry; a small one goes two bytes at once, state = table[state +
 * symbols[byte] + seconds[next byte]], the last of seconds standing for no byte. State 0
 * never matches; a text matches when it ends in a state from `final` up, or at once in
 * `matched`. */
struct schema_pattern {
	uint32_t code;           /* index in REGEX, or SCHEMA_NO_CODE: an automaton */
	uint32_t symbols;        /* DFA: u8[256] */
	uint32_t seconds;        /* DFA: u8[257], or SCHEMA_NO_PAIRS */
	uint32_t table;          /* DFA: u16[entries] */
	uint32_t entries;
	uint32_t start, matched, final;
	uint32_t also;           /* a pattern before this one that must hold too, or SCHEMA_NO_PATTERN */
	uint32_t negated;        /* 1: it holds where it does not match */
};

struct schema_regexes {
	uint32_t n, bytes;       /* patterns; of the serialised form after this */
	uint32_t crc;            /* of those bytes: PCRE2 trusts what it decodes */
	uint32_t unused;
};

enum schema_content { SCHEMA_CONTENT_BASE64 = 1, SCHEMA_CONTENT_JSON = 2 };

enum schema_format {
#define FORMAT(id, name, function, asserted) SCHEMA_FORMAT_##id,
#include "schema/format.def"
#undef FORMAT
	SCHEMA_FORMAT_COUNT
};

/* Of a name, for tables of rows: eight bytes at a time, the last eight once more. */
static inline uint32_t schema_name_hash(struct span name)
{
	uint64_t h = name.n, w = 0;
	size_t n = name.n;

	if (n >= 8) {
		for (size_t i = 0; i + 8 < n; i += 8) {
			memcpy(&w, name.p + i, 8);
			h = (h ^ w) * 0x9e3779b97f4a7c15u;
			h ^= h >> 29;
		}
		memcpy(&w, name.p + n - 8, 8);
	} else if (n >= 4) {
		uint32_t low, high;
		memcpy(&low, name.p, 4);
		memcpy(&high, name.p + n - 4, 4);
		w = low | (uint64_t)high << 32;
	} else if (n) {
		w = name.p[0] | (uint64_t)name.p[n / 2] << 8 | (uint64_t)name.p[n - 1] << 16;
	}
	h ^= w;
	return (uint32_t)((h ^ h >> 32) * 0xd6e8feb86659fd93u >> 32);
}

/* By name; SCHEMA_FORMAT_COUNT when unknown. */
enum schema_format schema_format_find(struct span name);
bool schema_format_is_asserted(enum schema_format f);
const char *schema_format_name(enum schema_format f);
/* of an instance's number or string */
bool schema_format_holds(enum schema_format f, enum json_type type, struct span text);
