/* What is seen of judged records: counters by topic, message, verdict and action, and a
 * structured line for each that was not valid. Worker-private. */
#pragma once

#include "pipeline/pipeline.h"
#include "worker/kafka/link.h"

#define RECORD_SERIES_CACHED 1024u       /* a power of two */

/* Where records_total of these labels lies. */
struct record_series {
	uint64_t key;                    /* of the labels, 0: free */
	uint32_t series;
};

/* Runs of equal outcomes are counted at once: most batches are one. */
struct record_tally {
	struct session *session;
	const struct contract_topic *rules;
	struct span topic;
	struct judgement last;
	uint64_t n;
};

void record_tally_end(struct record_tally *t);

static inline bool record_is_like_last(const struct record_tally *t, const struct judgement *j)
{
	const struct judgement *l = &t->last;

	return t->n > 0 && l->verdict == j->verdict && l->action == j->action && l->channel == j->channel && l->message == j->message;
}

static inline void record_tally(struct record_tally *t, const struct judgement *j)
{
	if (unlikely(!record_is_like_last(t, j))) {
		record_tally_end(t);
		t->last = *j;
	}
	t->n++;
}

/* One line about a record that was refused, marked or only observed; rate-limited. */
void record_log(struct session *s, struct pipeline *p, struct message_view *m, int32_t partition);
/* One line about a batch that is refused as a whole or could not be judged. */
void record_log_batch(struct session *s, struct span topic, int32_t partition, const char *what);
