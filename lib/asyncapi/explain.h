/* What a document demands of a topic, for a person: who sends what, how its messages are
 * told apart, and a record that is refused. */
#pragma once

#include "asyncapi/probe.h"

/* The channels that a topic belongs to; of a document without Kafka, or when the topic is
 * no topic, those whose name or address it is. The number of them, at most cap. */
size_t explain_channels(struct probe *p, const char *topic, const struct model_channel **out, size_t cap);

struct explain_operation {
	struct explain_operation *next;
	const char *name;                /* "" without one */
	bool sends;                      /* the application of the document does; else it receives */
	bool reply;                      /* by the reply of that operation */
	struct tree_node *messages;      /* of 3.x: its list, NULL: all of the channel's */
	struct tree_node *only;          /* of 2.x: its message or oneOf */
};

/* In the order of the document. */
struct explain_operation *explain_operations(struct arena *a, const struct model_channel *channel);
bool explain_carries(const struct explain_operation *o, const struct model_channel *channel, const struct model_message *m);

/* "payload /command is \"dim\"" when a constant tells the message from all others of the
 * channel, "" when only trying all of them tells. */
const char *explain_mark(struct arena *a, const struct model_channel *channel, const struct model_message *m);

/* A record that differs in one place from a valid one and is refused; false when none was
 * found. *why: the reason that the gateway gives. */
bool explain_refused(struct probe *p, struct arena *a, const struct model_channel *channel, const struct model_message *m, const struct probe_record *valid, struct probe_record *out, const char **why);
