/* A compiled model that records are made for and tried on: what it says of a record is
 * what the gateway would say. */
#pragma once

#include "asyncapi/sample.h"

struct probe {
	struct asyncapi *a;
	struct contract *c;
	struct schema_runner *runner;
};

/* Of a verified image that asyncapi_contract made of the model; both must outlive it. */
int probe_open(struct probe *p, struct asyncapi *a, const struct image *img) MUST_CHECK;
void probe_close(struct probe *p);

enum probe_part { PROBE_KEY, PROBE_HEADERS, PROBE_PAYLOAD, PROBE_PARTS };
const char *probe_part_word(enum probe_part part);
const struct model_schema *probe_schema(const struct model_message *m, enum probe_part part);

#define PROBE_HEADERS_MAX 64u

/* A record that was made: its parts as JSON, and as bytes. All in the arena. */
struct probe_record {
	const char *topic;               /* "" for a channel that Kafka cannot have */
	const char *part[PROBE_PARTS];   /* JSON, NULL: null */
	struct record_view view;
	struct record_header headers[PROBE_HEADERS_MAX];
};

/* A topic of the channel: its address with values for its parameters; "" without one. */
const char *probe_topic(struct arena *a, const struct model_channel *channel);

/* A proposal for a record of the message: the part with the edit in it (of a whole part
 * without a text: null); edit NULL: none. False when no part can be made in this variant. */
bool probe_make(struct arena *a, const struct model_message *m, unsigned variant, enum probe_part part, const struct sample_edit *edit, struct probe_record *out);
/* A record with another text in one part: JSON, NULL for null. */
bool probe_change(struct arena *a, const struct model_message *m, const struct probe_record *from, enum probe_part part, const char *json, struct probe_record *out);

struct probe_verdict {
	enum verdict verdict;
	uint32_t message;                /* row of the image; CONTRACT_NONE: none, or no Kafka channel */
	const struct model_message *model;  /* of a channel that Kafka cannot have */
	/* why not valid, when it was asked for: */
	const char *text, *part;
	const struct schema_error *errors;  /* of one part of the nearest message */
	size_t nerrors;
};

/* What becomes of the record in this channel. explain: with the reason, in the arena. */
struct probe_verdict probe_judge(struct probe *p, struct arena *a, const struct model_channel *channel, const struct probe_record *r, bool explain);
/* A record that is valid, and this message. False when none was found; *why says so when
 * what fits it fits others too, else it is "". */
bool probe_valid(struct probe *p, struct arena *a, const struct model_channel *channel, const struct model_message *m, const char *topic, struct probe_record *out, const char **why);
bool probe_is(const struct probe_verdict *v, const struct model_message *m);

/* {"topic":…,"key":…,"headers":…,"value":…}: as `egctl test` reads it. */
void probe_print(struct buf *out, const struct probe_record *r);
