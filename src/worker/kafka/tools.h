/* Working memory of the Kafka adapter, one per worker, reused by every request; nothing in
 * it outlives the frame. */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "compress/compress.h"
#include "contract/contract.h"
#include "kafka/api.h"
#include "kafka/batch.h"
#include "shm/topology.h"
#include "worker/kafka/names.h"

/* The brokers of a cluster as last read from the shared region or learned here. */
struct broker_table {
	uint64_t key, stamp;
	size_t n;
	struct topology_broker brokers[TOPOLOGY_BROKERS_MAX];
};

struct kafka_tools {
	struct compress *compress;
	struct buf out;                  /* a frame being written */
	struct buf body;                 /* part of one */
	struct buf plain;                /* a batch's records, inflated */
	struct buf scratch;              /* of an edited batch */
	struct buf marks;                /* edited batches of a request */
	struct arena arena;              /* of the request that is judged */
	struct record_header *headers;
	size_t headers_cap;
	struct topic_names names;        /* outlive frames */
	struct broker_table *tables[TOPOLOGY_CLUSTERS_MAX];
	size_t ntables;
	uint32_t requests[KAFKA_KEY_MAX], locals[KAFKA_KEY_MAX];   /* series by API key, + 1 */
	uint32_t codecs[KAFKA_BATCH_CODEC + 1];                      /* likewise by codec */
	struct record_series *series;    /* of records_total, by what is counted; a cache */
};

int kafka_tools_init(struct kafka_tools *t) MUST_CHECK;
void kafka_tools_fini(struct kafka_tools *t);
/* Gives back what one big request grew. */
void kafka_tools_trim(struct kafka_tools *t);
/* Another generation is in force: indices into the one before mean nothing now. */
void kafka_tools_renew(struct kafka_tools *t);
