/* The way of a message through the gateway, whatever the protocol: a message view goes
 * through the stages in order; each says what shall become of it and may add edits. A
 * protocol adapter makes the views and carries the outcome out. Nothing here knows a
 * socket or a wire format. A stage is one file and one row of stage.def. */
#pragma once

#include "base/arena.h"
#include "contract/contract.h"

/* Ascending: the strictest of several wins. */
enum stage_result {
	STAGE_PASS,
	STAGE_CHANGED,                   /* passes with the edits that were added */
	STAGE_DIVERT,
	STAGE_DROP,
	STAGE_REJECT,
};

struct message_view {
	uint32_t cluster;
	struct span topic;
	const struct contract_topic *rules;
	struct record_view record;
	int32_t index;                   /* in its batch */
	/* out, by the contract stage */
	struct judgement judgement;
	struct judgement_report report;  /* filled when explained */
	bool explained;
};

/* A header to be added to a message. */
struct edit {
	int32_t index;                   /* of the message in its batch */
	struct span name, value;
};

struct edit_list {
	struct edit *items;
	size_t n, cap;
};

struct pipeline {
	struct contract *contract;
	struct arena *arena;             /* of the request: texts and edits */
	int64_t wall_ms;                 /* for what people read */
	struct edit_list edits;          /* ascending index */
	int error;                       /* sticky: E_NOMEM */
};

struct stage {
	const char *name;
	enum stage_result (*run)(struct pipeline *p, struct message_view *m);
};

/* For a batch: no edits, no error. */
void pipeline_begin(struct pipeline *p);
enum stage_result pipeline_run(struct pipeline *p, struct message_view *m);
/* Why, in m->report; once, texts in p->arena. */
void pipeline_explain(struct pipeline *p, struct message_view *m);
void pipeline_add_header(struct pipeline *p, struct message_view *m, struct span name, struct span value);

/* The header that mark adds: {"ts":"…","errors":["…"]}, at most MARK_BYTES. */
#define MARK_HEADER "_asyncapi_eg_validation_error"
#define MARK_BYTES 512u
