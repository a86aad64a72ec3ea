/* Judges one partition's record set on its original bytes. Worker-private. */
#pragma once

#include "kafka/produce.h"
#include "pipeline/pipeline.h"

struct session;

#define JUDGE_PLAIN_MAX (64u << 20)      /* bytes that a batch may inflate to */
#define JUDGE_TEXTS_MAX 64u              /* bad records of a partition that get a text */
#define JUDGE_HEADERS_MAX 10000          /* of one record */

struct partition_outcome {
	struct kafka_edit edit;          /* what the broker gets; REPLACE: records in tools->marks, by offset below */
	struct kafka_refusal refusal;    /* what the client gets when edit drops it; texts in p->arena */
	size_t marked_at, marked_n;      /* REPLACE: place in tools->marks */
};

/* 0, or E_NOMEM. */
int judge_partition(struct session *s, struct pipeline *p, const struct message_view *like, struct span records,
                    int32_t partition, struct partition_outcome *out) MUST_CHECK;
