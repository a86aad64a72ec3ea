/* Produce requests and answers: against what Kafka's own classes write. */
#include "kafka/batch.h"
#include "kafka/produce.h"
#include "unit.h"
#include "vector.h"

static struct arena arena;
static struct buf out;

static void setup(void)
{
	arena_init(&arena, 4096, 0);
	buf_init(&out, 0);
}

static void teardown(void)
{
	arena_fini(&arena);
	buf_fini(&out);
}

static int open_frame(struct kafka_produce *p, struct span frame)
{
	struct kafka_request r;

	int error = kafka_request_open(&r, frame);
	return error ? error : kafka_produce_open(p, &r, frame, &arena);
}

/* The request of a vector, which has its size in front. */
static struct kafka_produce opened(int version)
{
	struct span v = vector("produce/v%d", version);
	struct kafka_produce p;

	ck_assert_int_eq(open_frame(&p, span_of(v.p + 4, v.n - 4)), 0);
	return p;
}

static void same(struct span want)
{
	ck_assert_int_eq(buf_error(&out), 0);
	ck_assert_msg(span_eq(buf_span(&out), want), "differs: %zu bytes, not %zu", out.n, want.n);
}

START_TEST(takes_requests_apart)
{
	setup();
	for (int v = 3; v <= 13; v++) {
		struct kafka_produce p = opened(v);
		ck_assert_int_eq(p.version, v);
		ck_assert_int_eq(p.acks, -1);
		ck_assert_int_eq(p.correlation, -5);
		ck_assert(v == 9 ? span_is(p.transactional_id, "tx") : span_is_null(p.transactional_id));
		ck_assert_uint_eq(p.ntopics, 2);
		ck_assert_uint_eq(p.npartitions, 3);
		ck_assert(v < 13 ? span_is(p.topics[1].name, "bb") : p.topics[1].id.p[7] == 3);
		ck_assert_int_eq(span_is_null(p.topics[1].id), v < 13);
		ck_assert_uint_eq(p.topics[1].first, 2);
		ck_assert_uint_eq(p.topics[1].count, 1);
		ck_assert_int_eq(p.partitions[1].index, 1);
		ck_assert_uint_eq(p.partitions[1].topic, 0);
		ck_assert(span_is_null(p.partitions[1].records));
		ck_assert_int_eq(p.partitions[2].index, 2);
		ck_assert(span_eq(p.partitions[2].records, vector("batch/none")));
	}
	teardown();
}
END_TEST

START_TEST(refuses_cut_requests)
{
	static const int versions[] = { 3, 9, 13 };

	setup();
	for (size_t i = 0; i < ARRAY_LEN(versions); i++) {
		struct span v = vector("produce/v%d", versions[i]);
		for (size_t n = 0; n < v.n - 4; n++) {
			struct kafka_produce p;
			uint8_t *cut = malloc(n + 1);
			memcpy(cut, v.p + 4, n);
			ck_assert_int_lt(open_frame(&p, span_of(cut, n)), 0);
			free(cut);
		}
		uint8_t *longer = calloc(1, v.n);
		struct kafka_produce p;
		memcpy(longer, v.p + 4, v.n - 4);
		ck_assert_int_eq(open_frame(&p, span_of(longer, v.n - 3)), E_MALFORMED);
		free(longer);
	}
	teardown();
}
END_TEST

/* Flips every bit; whatever is still a request must be writable again as it was. */
START_TEST(survives_changed_bits)
{
	setup();
	struct span v = vector("produce/v9");
	for (size_t bit = 0; bit < 8 * (v.n - 4); bit++) {
		struct kafka_produce p;
		uint8_t *frame = malloc(v.n - 4);
		memcpy(frame, v.p + 4, v.n - 4);
		frame[bit / 8] ^= (uint8_t)(1 << bit % 8);
		arena_reset(&arena);
		if (open_frame(&p, span_of(frame, v.n - 4)) == 0 && p.api->key == KAFKA_PRODUCE && p.npartitions == 3) {
			static const struct kafka_edit keep[3];
			buf_clear(&out);
			ck_assert_int_eq(kafka_produce_rewrite(&p, keep, &out), 0);
		}
		free(frame);
	}
	teardown();
}
END_TEST

START_TEST(memory_is_bounded_by_the_arena)
{
	struct span v = vector("produce/v9");
	struct kafka_produce p;

	arena_init(&arena, 64, 64);
	ck_assert_int_eq(open_frame(&p, span_of(v.p + 4, v.n - 4)), E_NOMEM);
	arena_fini(&arena);
}
END_TEST

START_TEST(writes_requests_without_partitions)
{
	static const struct kafka_edit without_a0[] = { { .decision = KAFKA_DROP }, { .decision = KAFKA_KEEP }, { .decision = KAFKA_KEEP } };
	static const struct kafka_edit keep[3];

	setup();
	struct kafka_edit only_b2[] = { { .decision = KAFKA_DROP }, { .decision = KAFKA_DROP }, { KAFKA_REPLACE, vector("batch/none/marked") } };
	for (int v = 3; v <= 13; v++) {
		struct kafka_produce p = opened(v);
		buf_clear(&out);
		ck_assert_int_eq(kafka_produce_rewrite(&p, without_a0, &out), 0);
		same(vector("produce/v%d/without-a0", v));
		buf_clear(&out);
		ck_assert_int_eq(kafka_produce_rewrite(&p, only_b2, &out), 0);
		same(vector("produce/v%d/only-b2-marked", v));
		buf_clear(&out);
		ck_assert_int_eq(kafka_produce_rewrite(&p, keep, &out), 0);
		same(vector("produce/v%d", v));
	}
	teardown();
}
END_TEST

static const struct kafka_record_error it = { 1, SPAN_LIT("it") };
static const struct kafka_record_error two[] = { { 0, SPAN_LIT("first") }, { 2, { NULL, 0 } } };
static const struct kafka_refusal a0[] = { { 87, &it, 1, SPAN_LIT("one bad") }, { 0 }, { 0 } };
static const struct kafka_refusal all[] = {
	{ 87, two, 2, SPAN_LIT("two bad") }, { 44, NULL, 0, { NULL, 0 } }, { 10, NULL, 0, SPAN_LIT("too big") },
};

START_TEST(merges_answers)
{
	setup();
	for (int v = 3; v <= 13; v++) {
		struct kafka_produce p = opened(v), kept;
		ck_assert_int_eq(kafka_produce_keep(&kept, &p, &arena), 0);
		struct span broker = vector("answer/v%d/broker", v);
		buf_clear(&out);
		ck_assert_int_eq(kafka_produce_answer(&kept, a0, broker, 0, &arena, &out), 0);
		same(vector("answer/v%d/merged", v));
		buf_clear(&out);
		ck_assert_int_eq(kafka_produce_answer(&kept, a0, broker, KAFKA_REPEAT_LONE, &arena, &out), 0);
		same(vector("answer/v%d/repeated", v));
	}
	teardown();
}
END_TEST

START_TEST(answers_alone)
{
	setup();
	for (int v = 3; v <= 13; v++) {
		struct kafka_produce p = opened(v);
		buf_clear(&out);
		ck_assert_int_eq(kafka_produce_answer(&p, all, SPAN_NULL, KAFKA_REPEAT_LONE, &arena, &out), 0);
		same(vector("answer/v%d/local", v));
	}
	teardown();
}
END_TEST

/* The broker answered a1 and b2; whoever waits for a0 too must not be told a story. */
START_TEST(invents_no_answer)
{
	static const struct kafka_refusal none[3];

	setup();
	struct kafka_produce p = opened(9);
	struct span broker = vector("answer/v9/broker");
	ck_assert_int_eq(kafka_produce_answer(&p, none, broker, 0, &arena, &out), E_MALFORMED);
	buf_clear(&out);
	ck_assert_int_eq(kafka_produce_answer(&p, none, SPAN_NULL, 0, &arena, &out), E_MALFORMED);
	for (size_t n = 0; n < broker.n; n++) {
		buf_clear(&out);
		ck_assert_int_lt(kafka_produce_answer(&p, a0, span_of(broker.p, n), 0, &arena, &out), 0);
	}
	teardown();
}
END_TEST

START_TEST(keeping_needs_memory)
{
	struct arena small;

	setup();
	arena_init(&small, 64, 64);
	struct kafka_produce p = opened(9), kept;
	ck_assert_int_eq(kafka_produce_keep(&kept, &p, &small), E_NOMEM);
	arena_fini(&small);
	teardown();
}
END_TEST

UNIT_MAIN("kafka_produce", takes_requests_apart, refuses_cut_requests, survives_changed_bits, memory_is_bounded_by_the_arena,
	  writes_requests_without_partitions, merges_answers, answers_alone, invents_no_answer, keeping_needs_memory)
