/* A request frame; a Produce request is taken apart, kept whole, cut, and answered with the input itself
 * taken as the broker's answer. */
#include "fuzz.h"
#include "kafka/produce.h"
#include "kafka/versions.h"

static void edit(const struct kafka_produce *p, struct arena *a, struct span body)
{
	struct kafka_edit *edits = arena_array(a, p->npartitions + 1, sizeof *edits);
	struct kafka_refusal *refusals = arena_array(a, p->npartitions + 1, sizeof *refusals);
	struct kafka_produce kept;
	struct buf out;

	buf_init(&out, 0);
	if (edits && refusals && kafka_produce_keep(&kept, p, a) == 0) {
		for (uint32_t i = 0; i < p->npartitions; i += 2) {
			edits[i].decision = KAFKA_DROP;
			refusals[i].error = KAFKA_ERROR_INVALID_RECORD;
		}
		INVARIANT(kafka_produce_rewrite(p, edits, &out) == 0);
		buf_clear(&out);
		(void)!kafka_produce_answer(&kept, refusals, body, KAFKA_REPEAT_LONE, a, &out);
	}
	buf_fini(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct span frame = span_of(p, n), name, version;
	struct kafka_request r;
	struct kafka_produce produce;
	struct arena a;

	arena_init(&a, 4096, 1 << 24);
	if (kafka_request_open(&r, frame) == 0) {
		struct span body = span_of(p + r.body, n - r.body);
		if (r.key == KAFKA_API_VERSIONS)
			(void)!kafka_versions_client(r.version, body, &name, &version);
		if (r.key == KAFKA_PRODUCE && kafka_produce_open(&produce, &r, frame, &a) == 0)
			edit(&produce, &a, body);
	}
	arena_fini(&a);
	return 0;
}
