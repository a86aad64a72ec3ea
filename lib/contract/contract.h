/* RUN side of the contract: cluster and topic in, channels, messages and policy out;
 * a record in, a verdict and an action out. Knows no protocol and allocates nothing
 * for a valid record. */
#pragma once

#include "base/arena.h"
#include "image/image.h"
#include "schema/schema.h"

enum verdict { VERDICT_VALID, VERDICT_INVALID, VERDICT_UNDECLARED, VERDICT_AMBIGUOUS, VERDICT_UNDECIDABLE, VERDICT_COUNT };
/* Ascending severity: the strictest of several policies wins. */
enum action { ACTION_OBSERVE, ACTION_MARK, ACTION_DIVERT, ACTION_REJECT, ACTION_COUNT };

const char *verdict_word(enum verdict v);     /* "valid" … */
const char *action_word(enum action a);       /* "observe" … */

struct record_header {
	struct span name, value;      /* value may be null */
};

/* A record as the contract sees it; borrowed bytes. */
struct record_view {
	struct span key, value;       /* null differs from empty */
	const struct record_header *headers;
	size_t nheaders;
};

/* A verified contract of one image plus the scratch to judge with: worker-private. */
struct contract;

int contract_verify(const struct image *img) MUST_CHECK;       /* its sections; schema_verify is separate */
struct contract *contract_open(const struct image *img);       /* of a verified image; NULL: no memory */
void contract_close(struct contract *c);

#define CONTRACT_TOPIC_ENTRIES 8u        /* the exact address and templates of other documents */
#define CONTRACT_RULE_WORDS 8u           /* 256 rules */

struct contract_declaration;

/* Everything that concerns one topic of one cluster; lives as long as the generation does,
 * into whose image its pointer leads. */
struct contract_topic {
	uint32_t index;               /* of the matched entry; UINT32_MAX: undeclared */
	bool any_policy;              /* some verdict leads to an action but observe, or is counted by message:
	                               * false means that the bytes need not be looked at */
	bool needs_headers;           /* fill record_view.headers */
	uint8_t undeclared_action;    /* enum action, when undeclared */
	uint8_t strictest;            /* enum action: strictest that any verdict of the topic can lead to */
	/* lib/contract's own: */
	uint8_t nentries;
	bool crowded;                 /* more templates than fit: every record is undecidable */
	uint32_t lone;                /* the message that every record must be, where its JSON payload alone decides;
	                               * UINT32_MAX: not so simple */
	const struct contract_declaration *only;      /* the only declaration, where selectors choose; else NULL */
	uint32_t entries[CONTRACT_TOPIC_ENTRIES];     /* nearest first */
	uint32_t rules[CONTRACT_RULE_WORDS];          /* bit set: the rule's topics match */
};

/* cluster: index in IMAGE_CLUSTERS. */
void contract_find(const struct contract *c, uint32_t cluster, struct span topic, struct contract_topic *out);
/* Nothing at all is declared or ruled for this cluster: requests need no inspection. */
bool contract_is_empty(const struct contract *c, uint32_t cluster);
/* The declared topic with the most similar name, "" when none is near. */
const char *contract_nearest_topic(const struct contract *c, uint32_t cluster, struct span topic);

struct judgement {
	enum verdict verdict;
	enum action action;           /* of that verdict; OBSERVE when valid */
	uint32_t channel, message;    /* image indices for contract_*_name; UINT32_MAX: none */
	uint32_t document;
};

void contract_judge(struct contract *c, const struct contract_topic *t, const struct record_view *r, struct judgement *out);

/* Why: the reporting pass over a record that was not valid. Texts in report->arena. */
struct judgement_report {
	struct arena *arena;
	bool hide_values;
	struct span topic;            /* in, may be null: named in the text of an undeclared topic */
	uint32_t cluster;             /* in, with topic */
	const char *document, *channel, *message;   /* nearest message when none matched; "" unknown */
	const char *part;             /* "payload", "headers", "key", "topic" or "" of the first error */
	struct schema_error *errors;  /* of the nearest candidate; instance pointers are within the part */
	size_t nerrors;
	const char *text;             /* one line for a person: "lightMeasured: /lumens: expected integer >= 0, found true" */
};

void contract_explain(struct contract *c, const struct contract_topic *t, const struct record_view *r, const struct judgement *j, struct judgement_report *out);

/* Names for logs and metrics, stable across generations; "" when unknown. */
const char *contract_document_name(const struct contract *c, uint32_t document);
const char *contract_topic_name(const struct contract *c, const struct contract_topic *t);  /* the declared address */
const char *contract_channel_name(const struct contract *c, uint32_t channel);
const char *contract_message_name(const struct contract *c, uint32_t message);
