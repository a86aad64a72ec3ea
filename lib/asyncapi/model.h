/* The model that every version is read into: what the contract, the linter and the
 * tester look at. Internal to lib/asyncapi; everything lives in the tree_set's arena. */
#pragma once

#include "asyncapi/asyncapi.h"
#include "asyncapi/finding.h"
#include "contract/layout.h"

enum asyncapi_version { V20, V21, V22, V23, V24, V25, V26, V30, V31 };

/* What a schemaFormat tells us to do. */
struct model_schema {
	struct tree_node *node;            /* NULL: no rule */
	enum schema_dialect dialect;
	const char *foreign;               /* not NULL: a format that we cannot judge, by its name */
	uint32_t root;                     /* program, once compiled */
	uint32_t types;                    /* enum contract_type */
};

struct model_message {
	struct model_message *next;        /* of the channel */
	const char *name;
	struct tree_node *node;            /* traits merged */
	struct tree_node *identity;        /* as the document has it: one object named twice is one message */
	struct model_schema payload, headers, key;
	enum contract_mode mode;           /* of the payload */
	const char *reason;                /* why CONTRACT_UNDECIDABLE */
	const char *correlation;           /* where records must have their correlation id, NULL: nowhere */
	struct asyncapi_policy policy;     /* the nearest x-eventgateway-policy, unset where none says */
	uint32_t index;                    /* row in IMAGE_MESSAGES, CONTRACT_NONE before */
};

struct model_parameter {
	struct model_parameter *next;
	struct span name;
	bool described;
	struct tree_node *node;            /* NULL: not described, or a reference that leads nowhere */
	struct tree_node *values;          /* enum, 3.x */
	struct model_schema schema;        /* 2.x */
};

struct model_channel {
	struct model_channel *next;        /* of the document, in its order */
	struct asyncapi_document *document;
	const char *name;                  /* its key */
	const char *address;               /* Kafka topic or template; NULL: cannot carry Kafka records */
	bool literal;                      /* address comes from bindings.kafka.topic: no parameters */
	bool open;                         /* says nothing of messages: anything goes */
	bool compacted;                    /* cleanup.policy has compact */
	struct tree_node *node;
	struct model_message *messages, **tail;
	size_t nmessages;
	struct model_parameter *parameters;
	struct asyncapi_policy policy;     /* channel's, else its servers' */
};

#define MODEL_MAX_MESSAGES CONTRACT_MAX_MESSAGES   /* of one channel */

struct model_operation {
	struct model_operation *next;
	struct tree_node *node;            /* traits merged */
	const struct tree_node *channel;
	struct asyncapi_policy policy;
};

struct asyncapi_document {
	struct asyncapi_document *next;
	struct asyncapi *a;
	const char *name;
	struct tree_file *file;
	struct tree_node *root;
	enum asyncapi_version version;
	enum asyncapi_origin origin;
	bool off_kafka;                    /* has servers, none of them Kafka's */
	struct model_operation *operations;  /* 3.x: those with a policy of their own */
	struct model_channel *channels, **tail;
};

struct asyncapi {
	struct tree_set *set;
	struct arena *arena;               /* the set's */
	struct findings *f;
	struct asyncapi_document *documents, **tail;
	size_t ndocuments;
	struct asyncapi_server *servers;   /* arena; grows by doubling */
	size_t nservers, capservers;
	const void **seen;                 /* (node, object) pairs that shape.c has walked */
	size_t nseen, capseen;
	bool no_memory;
};

/* Memory of the run; NULL after setting a->no_memory. */
void *model_alloc(struct asyncapi *a, size_t n);
const char *model_text(struct asyncapi *a, struct span text);

/* shape.c: fields, kinds and references of every object, as findings. */
void shape_check(struct asyncapi_document *d);

/* merge.c: the object with its traits, by the version's precedence; the node itself when
 * it has none. */
struct tree_node *merge_traits(struct asyncapi_document *d, struct tree_node *object);

/* server.c */
void servers_read(struct asyncapi_document *d);
/* The policy of these servers together, the strictest; `names` by version a list of names
 * or references, NULL: all of the document. *kafka: one of them speaks Kafka. */
struct asyncapi_policy servers_policy(struct asyncapi_document *d, struct tree_node *names, bool *kafka);

/* channel2.c, channel3.c: channels and messages of a version family. */
void channels_read2(struct asyncapi_document *d);
void channels_read3(struct asyncapi_document *d);

/* channel.c: what both share. */
struct model_channel *channel_add(struct asyncapi_document *d, struct tree_node *node, struct tree_node *keyed, struct span address, struct tree_node *servers);
struct model_message *message_add(struct model_channel *channel, struct tree_node *object, const char *name, struct asyncapi_policy policy);

/* policy.c */
struct asyncapi_policy policy_unset(void);
/* Findings of an x-eventgateway-policy; shape.c calls it once for each. */
void policy_check(struct asyncapi_document *d, const struct tree_node *map);
/* That of an object, silently; unset where it says nothing. */
struct asyncapi_policy policy_of(const struct tree_node *object);
struct asyncapi_policy policy_nearest(struct asyncapi_policy near, struct asyncapi_policy far);
struct asyncapi_policy policy_strictest(struct asyncapi_policy a, struct asyncapi_policy b);

/* format.c: *out of a schema in a document; format is the schemaFormat beside it or NULL. 3.x
 * multi-format objects are unwrapped. */
void schema_read(struct asyncapi_document *d, struct tree_node *node, struct tree_node *format, struct model_schema *out);
/* By schemaFormat: AsyncAPI or draft-07, OpenAPI 3.0, anything else. */
enum schema_language { SCHEMA_PLAIN, SCHEMA_OPENAPI, SCHEMA_OTHER };
enum schema_language schema_language(struct span format);
/* JSON types that it admits at its root: enum contract_type. */
uint32_t schema_types(struct tree_node *schema);
bool schema_is_binary(struct tree_node *schema);

/* content.c: how a payload of this content type is judged. */
enum contract_mode content_mode(struct asyncapi_document *d, struct tree_node *content_type, const struct model_schema *payload, const char **reason);

/* registry.c: schema registries, of servers and of a message. */
void registry_check(struct asyncapi_document *d);
void registry_read(struct asyncapi_document *d, struct model_message *m);
/* bindings.kafka of an object, through references; NULL when it has none. */
struct tree_node *kafka_binding(struct tree_node *object);

/* correlation.c: the correlation id becomes part of the message's schemas. */
void correlation_read(struct asyncapi_document *d, struct model_message *m);

/* address.c */
bool topic_is_possible(struct span topic);
struct model_parameter *parameters_read(struct asyncapi_document *d, struct span address, struct tree_node *channel);
/* Whether the address has {expressions}, each of them closed. */
bool address_is_template(const char *address);
/* Its parts in the image; *literals and *constrained sort it. */
struct contract_list address_emit(struct asyncapi *a, struct image_builder *b, const struct model_channel *channel, uint32_t *literals, bool *constrained);

/* doubt.c: bounds of a schema that no value can meet. */
void schema_doubt(struct asyncapi_document *d, struct tree_node *schema);

/* select.c: what tells the candidates of an address apart; struct contract_selector. */
struct contract_list selectors_emit(struct asyncapi *a, struct image_builder *b, struct model_message **messages, uint32_t n);

/* text.c */
bool text_is_uri(struct span t);
bool text_is_email(struct span t);
bool text_is_expression(struct span t);
bool text_is_name(struct span t);
bool text_is_one_of(struct span t, const char *words);     /* words: "a|b|c" */

/* lint.c */
void unique_check(struct asyncapi_document *d, const struct tree_node *list, const char *field);
void tags_check(struct asyncapi_document *d, const struct tree_node *tags);
void requirement_check(struct asyncapi_document *d, const struct tree_node *requirement);
void ids_check(struct asyncapi_document *d);
