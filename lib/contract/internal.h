/* What the files of lib/contract share: the opened tables and the worker's scratch. */
#pragma once

#include "base/buf.h"
#include "contract/layout.h"

#define CONTRACT_MAX_HEADERS 256u       /* of one record; beyond: undecidable */
#define CONTRACT_MAX_TOPIC 1024u        /* bytes; no template matches a longer one */

struct contract_tables {
	const struct image *img;
	const struct contract_root *root;
	const struct contract_cluster *clusters;
	const struct contract_document *documents;
	const struct contract_entry *topics;
	const struct contract_template *templates;
	const struct contract_channel *channels;
	const struct contract_message *messages;
	const struct contract_rule *rules;
	const uint32_t *hash;
	const uint8_t *data;          /* of lists */
	size_t ntopics, ntemplates, nchannels, nmessages, nrules, nhash;
};

struct contract {
	struct image img;
	struct contract_tables t;
	struct schema_runner *runner;
	struct buf text, headers;     /* rendered parts of the record at hand */
	struct arena arena;           /* trial reports of contract_explain */
};

/* Finds the sections; false when a table has no whole number of rows or no root. */
bool contract_tables_open(struct contract_tables *t, const struct image *img);
/* Items of a verified list. */
static inline const void *contract_items(const struct contract_tables *t, struct contract_list l)
{
	return t->data + l.off;
}

enum match { MATCH_YES, MATCH_NO, MATCH_UNDECIDABLE };

/* One part of a record against one message; text-typed parts try both readings. */
enum match contract_match_key(struct contract *c, const struct contract_message *m, const struct record_view *r);
enum match contract_match_headers(struct contract *c, const struct contract_message *m, const struct record_view *r);
enum match contract_match_payload(struct contract *c, const struct contract_message *m, const struct record_view *r);
enum match contract_match_message(struct contract *c, const struct contract_message *m, const struct record_view *r);

/* A text without a type of its own as JSON, appended to out. `parsed`: the reading as
 * number, literal, object or array where the mask lets both; false: no such reading. */
enum typed_form { TYPED_FIRST, TYPED_PARSED };
bool contract_typed(struct contract *c, struct span text, uint32_t types, enum typed_form form, struct buf *out);

struct header_reading {
	bool other;                   /* TYPED_PARSED reads some header differently */
	struct span not_text;         /* name of a header whose schema wants text and whose bytes are no UTF-8 */
};
/* The record's headers as a JSON object in c->headers. */
struct header_reading contract_headers_json(struct contract *c, const struct contract_message *m, const struct record_view *r, enum typed_form form);
/* A record's value as the JSON text that the payload schema sees. */
bool contract_payload_json(struct contract *c, const struct contract_message *m, struct span value, struct span *json);

/* The candidates of a declaration that a record may be, as bits of its list of messages. */
struct candidates {
	uint32_t bits[CONTRACT_MAX_MESSAGES / 32];
	bool narrowed;                /* some were ruled out */
};
void contract_candidates(const struct contract *c, const struct contract_declaration *d, const struct record_view *r, struct candidates *out);
/* The only message that the first selector leaves; CONTRACT_NONE: none, or several. */
uint32_t contract_choose(const struct contract *c, const struct contract_declaration *d, const struct record_view *r);
#define candidate_is_in(set, i) ((set)->bits[(i) / 32] >> (i) % 32 & 1)

/* A payload that its schema accepts is one of this message, whatever else the record has. */
static inline bool contract_payload_decides(const struct contract_message *m)
{
	return m->key.mode == CONTRACT_FREE && m->headers.mode == CONTRACT_FREE && m->payload.mode == CONTRACT_JSON;
}

/* Rules, then the row's own. */
enum action contract_action(const struct contract *c, const struct contract_topic *t, struct image_str message, const struct contract_actions *own, enum verdict v);

/* The declarations that concern a topic, of an exact address or of its templates. */
struct declaration_walk {
	const struct contract *c;
	const struct contract_topic *t;
	unsigned next_entry;
	const struct contract_declaration *at;
	uint32_t left;
};
struct declaration_walk declaration_walk(const struct contract *c, const struct contract_topic *t);
const struct contract_declaration *declaration_next(struct declaration_walk *w);

bool contract_template_matches(const struct contract *c, const struct contract_template *template, struct span topic);
