/* BUILD side: AsyncAPI documents (2.0 to 2.6, 3.0, 3.1; any patch or suffix) to one
 * model, its findings, and the contract that workers judge with. Runs in the loader and
 * in the tool; nothing here outlives one run.
 *
 *   a = asyncapi_new(set, findings);
 *   asyncapi_add(a, tree_load(set, "lights.yaml"), ASYNCAPI_CONFIGURED);  // each document
 *   asyncapi_kafka_servers(a, &servers);                                  // default of -b
 *   asyncapi_contract(a, builder, compile, &input);                       // then compile_finish
 *   asyncapi_check_examples(a, image);                                    // of the finished image
 *
 * Wrong things are errors, things that we do not know or do not judge are warnings, all
 * located; the codes are the rows of finding.def. Texts live as long as the tree_set. */
#pragma once

#include "compile/compile.h"
#include "contract/contract.h"
#include "image/image.h"
#include "tree/tree.h"

struct asyncapi;
struct asyncapi_document;

/* Who vouches for a document: servers, listeners and dial mappings of an uploaded one
 * take no force. */
enum asyncapi_origin { ASYNCAPI_CONFIGURED, ASYNCAPI_UPLOADED };

/* Borrows both, which must outlive it. NULL: no memory. */
struct asyncapi *asyncapi_new(struct tree_set *s, struct findings *f);
void asyncapi_free(struct asyncapi *a);

/* Reads one document. NULL when it is no AsyncAPI document of a version that we know (the
 * findings say why); a document with errors is returned too, so that all findings of a
 * run are gathered: look at findings->errors before trusting it. */
struct asyncapi_document *asyncapi_add(struct asyncapi *a, struct tree_file *file, enum asyncapi_origin origin);
size_t asyncapi_count(const struct asyncapi *a);

/* A server of a configured document that speaks `kafka` or `kafka-secure`. */
struct asyncapi_server {
	const char *document, *name;       /* the file's path; the key in `servers` */
	const char *host;                  /* IPv6 without brackets */
	uint16_t port;                     /* 9092 when the document names none */
	bool secure;                       /* kafka-secure: TLS */
	const char *listener;              /* x-eventgateway-listener: "host:port", "" when absent */
	const struct asyncapi_dial *dials; /* x-eventgateway-dial-mapping */
	size_t ndials;
	struct location at;
};

/* "broker address as Kafka says it" -> "address to dial". */
struct asyncapi_dial {
	const char *from, *to;
};

/* In document order; *servers points to n of them. Comma lists in one server's host
 * (`a:9092,b:9092`, seen in the wild) become several entries of equal name. */
size_t asyncapi_kafka_servers(const struct asyncapi *a, const struct asyncapi_server **servers);

/* ---- the contract ---- */

#define ASYNCAPI_UNSET 0xffu

/* enum action per enum verdict, or ASYNCAPI_UNSET. That of VERDICT_VALID is not used. */
struct asyncapi_policy {
	uint8_t action[VERDICT_COUNT];
};

/* { invalid: reject, undeclared: observe, ambiguous: observe, undecidable: reject } */
struct asyncapi_policy asyncapi_policy_default(void);
/* Reads a mapping such as {invalid: mark} of a configuration or a document over *p; every
 * wrong member is a finding. Members other than verdicts are skipped when `others`. */
void asyncapi_policy_read(struct findings *f, const struct tree_node *map, bool others, struct asyncapi_policy *p);

/* One row of `rules`. For each verdict the first rule decides that matches topic, message
 * and cluster and sets that verdict; rules beat x-eventgateway-policy, which beats `policy`. */
struct asyncapi_rule {
	const char *topics;                /* glob: * is any run, ? any one character; NULL: all */
	const char *message;               /* name; NULL: all */
	const char *cluster;               /* name; NULL: all */
	struct asyncapi_policy policy;
	struct location at;
};

/* In the order of IMAGE_CLUSTERS.
 *
 * Which documents apply to a cluster: all of them, but a configured document one of whose
 * kafka servers is a bootstrap address of some cluster applies to those clusters alone. */
struct asyncapi_cluster {
	const char *name;
	const struct asyncapi_address {
		const char *host;
		uint16_t port;
	} *bootstrap;
	size_t nbootstrap;
};

struct contract_input {
	struct asyncapi_policy policy;     /* every verdict set */
	const struct asyncapi_rule *rules;
	size_t nrules;                     /* at most CONTRACT_MAX_RULES, else a finding */
	const struct asyncapi_cluster *clusters;
	size_t nclusters;
	bool any_document;                 /* documents_agree: any */
};

/* Writes the contract's sections of the image and compiles every schema that they name.
 * E_FINDINGS when something is wrong; call it all the same after errors in asyncapi_add,
 * for the findings that only a compiler can make. */
int asyncapi_contract(struct asyncapi *a, struct image_builder *b, struct compile *c, const struct contract_input *in) MUST_CHECK;

/* The documents' own examples, judged by the programs of the finished image: an example
 * that its message refuses is a warning. E_NOMEM only. */
int asyncapi_check_examples(struct asyncapi *a, const struct image *img) MUST_CHECK;
/* Records made for each message and judged: one that several messages accept is a warning,
 * with the record. E_NOMEM only. */
int asyncapi_check_messages(struct asyncapi *a, const struct image *img) MUST_CHECK;
/* Components that nothing leads to, as infos. E_NOMEM only. */
int asyncapi_check_unused(struct asyncapi *a) MUST_CHECK;
