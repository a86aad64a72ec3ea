/* Headers, ApiVersions, addresses, streamed answers: against what Kafka's own classes write. */
#include "kafka/address.h"
#include "kafka/topics.h"
#include "kafka/versions.h"
#include "unit.h"
#include "vector.h"

static const struct kafka_api *api(int key)
{
	const struct kafka_api *a = kafka_api_find((int16_t)key);

	ck_assert_ptr_nonnull(a);
	return a;
}

static void same(const struct buf *out, struct span want, const char *what)
{
	ck_assert_int_eq(buf_error(out), 0);
	size_t at = 0;
	while (at < out->n && at < want.n && out->p[at] == want.p[at])
		at++;
	ck_assert_msg(span_eq(buf_span(out), want), "%s: %zu bytes, not %zu, differ from byte %zu on", what, out->n, want.n, at);
}

/* ---- headers ---- */

START_TEST(finds_apis)
{
	ck_assert_str_eq(api(KAFKA_PRODUCE)->name, "Produce");
	ck_assert_ptr_null(kafka_api_find(-1));
	ck_assert_ptr_null(kafka_api_find(4));
	ck_assert_ptr_null(kafka_api_find(INT16_MAX));
	for (size_t i = 0; i < kafka_api_count(); i++)
		ck_assert_ptr_eq(kafka_api_find(kafka_api_at(i)->key), kafka_api_at(i));
	ck_assert_ptr_null(kafka_api_at(kafka_api_count()));
	ck_assert(!kafka_api_has(api(KAFKA_PRODUCE), 2));
	ck_assert(kafka_api_has(api(KAFKA_PRODUCE), 13));
}
END_TEST

/* RequestHeader v1: key 3, version 1, correlation -2, client id "me", body ff. */
START_TEST(reads_classic_request_header)
{
	static const uint8_t frame[] = { 0, 3, 0, 1, 0xff, 0xff, 0xff, 0xfe, 0, 2, 'm', 'e', 0xff };
	struct kafka_request r;

	ck_assert_int_eq(kafka_request_open(&r, span_of(frame, sizeof frame)), 0);
	ck_assert_int_eq(r.correlation, -2);
	ck_assert(span_is(r.client_id, "me"));
	ck_assert_uint_eq(r.body, 12);
	ck_assert_str_eq(r.api->name, "Metadata");
	for (size_t n = 0; n < 12; n++)
		ck_assert_int_eq(kafka_request_open(&r, span_of(frame, n)), E_TRUNCATED);
	ck_assert_int_eq(r.key, 3);
}
END_TEST

/* v2: the client id keeps its int16 length, tags follow: one, number 5, two bytes. */
START_TEST(reads_flexible_request_header)
{
	static const uint8_t frame[] = { 0, 3, 0, 9, 0, 0, 0, 7, 0xff, 0xff, 1, 5, 2, 'a', 'b', 0xee };
	struct kafka_request r;

	ck_assert_int_eq(kafka_request_open(&r, span_of(frame, sizeof frame)), 0);
	ck_assert(span_is_null(r.client_id));
	ck_assert_uint_eq(r.body, 15);
	for (size_t n = 0; n < 15; n++)
		ck_assert_int_eq(kafka_request_open(&r, span_of(frame, n)), E_TRUNCATED);
}
END_TEST

START_TEST(refuses_what_is_not_spoken)
{
	static const uint8_t produce2[] = { 0, 0, 0, 2, 0, 0, 0, 7, 0, 1, 'c', 0, 1 };
	static const uint8_t versions6[] = { 0, 18, 0, 6, 0, 0, 0, 8, 0, 1, 'c', 0, 1 };
	static const uint8_t vote[] = { 0, 52, 0, 0, 0, 0, 0, 9, 0, 1, 'c' };
	static const uint8_t bad[] = { 0, 3, 0, 1, 0, 0, 0, 9, 0xff, 0xfe, 'c' };
	struct kafka_request r;

	ck_assert_int_eq(kafka_request_open(&r, span_of(produce2, sizeof produce2)), E_UNSUPPORTED);
	ck_assert_int_eq(r.key, KAFKA_PRODUCE);
	ck_assert_int_eq(r.version, 2);
	ck_assert(span_is(r.client_id, "c"));
	ck_assert_int_eq(kafka_request_open(&r, span_of(versions6, sizeof versions6)), E_UNSUPPORTED);
	ck_assert_int_eq(r.key, KAFKA_API_VERSIONS);
	ck_assert_int_eq(r.correlation, 8);
	ck_assert_int_eq(kafka_request_open(&r, span_of(vote, sizeof vote)), E_UNSUPPORTED);
	ck_assert_ptr_null(r.api);
	ck_assert_int_eq(kafka_request_open(&r, span_of(bad, sizeof bad)), E_MALFORMED);
}
END_TEST

START_TEST(reads_response_headers)
{
	static const uint8_t frame[] = { 0, 0, 0, 7, 0, 0xee };
	struct kafka_response r;

	ck_assert_int_eq(kafka_response_open(&r, api(KAFKA_METADATA), 8, span_of(frame, 4)), 0);
	ck_assert_uint_eq(r.body, 4);
	ck_assert_int_eq(kafka_response_open(&r, api(KAFKA_METADATA), 9, span_of(frame, sizeof frame)), 0);
	ck_assert_uint_eq(r.body, 5);
	ck_assert_int_eq(r.correlation, 7);
	ck_assert_int_eq(kafka_response_open(&r, api(KAFKA_METADATA), 9, span_of(frame, 4)), E_TRUNCATED);
	ck_assert_int_eq(kafka_response_open(&r, api(KAFKA_API_VERSIONS), 4, span_of(frame, sizeof frame)), 0);
	ck_assert_uint_eq(r.body, 4);
}
END_TEST

/* ---- ApiVersions ---- */

START_TEST(intersects_versions)
{
	static const struct kafka_cap caps[] = { { KAFKA_PRODUCE, 11 }, { KAFKA_FETCH, 12 } };
	struct buf out;

	buf_init(&out, 0);
	for (int16_t v = 0; v <= 5; v++) {
		struct span before = vector("versions/v%d/before", v);
		buf_clear(&out);
		ck_assert_int_eq(kafka_versions_intersect(v, 6, before, NULL, 0, &out), 0);
		same(&out, vector("versions/v%d/after", v), "intersection");
		buf_clear(&out);
		ck_assert_int_eq(kafka_versions_intersect(v, 6, before, caps, 2, &out), 0);
		same(&out, vector("versions/v%d/capped", v), "capped intersection");
	}
	buf_fini(&out);
}
END_TEST

/* What librdkafka 2.0.2's mock cluster answers to version 3; clients look at the code only. */
START_TEST(passes_a_refusal_in_no_format)
{
	static const uint8_t mock[] = { 0, 35, 1, 0, 18, 0, 0, 0, 2, 0, 0, 0, 0 };
	static const uint8_t bare[] = { 0, 0, 0, 10, 0, 0, 0, 6, 0, 35, 0, 0, 0, 0 };
	struct buf out;

	buf_init(&out, 0);
	ck_assert_int_eq(kafka_versions_intersect(3, 6, span_of(mock, sizeof mock), NULL, 0, &out), 0);
	same(&out, span_of(bare, sizeof bare), "bare refusal");
	buf_fini(&out);
}
END_TEST

START_TEST(passes_a_refusal_in_v0_format)
{
	struct buf out;

	buf_init(&out, 0);
	for (int16_t v = 0; v <= 5; v++) {
		buf_clear(&out);
		ck_assert_int_eq(kafka_versions_intersect(v, 6, vector("versions/refusal/before"), NULL, 0, &out), 0);
		same(&out, vector("versions/refusal/after"), "refusal");
	}
	buf_clear(&out);
	ck_assert_int_eq(kafka_versions_refuse(6, &out), 0);
	same(&out, vector("versions/refusal/local"), "local refusal");
	buf_fini(&out);
}
END_TEST

/* Our own table as an answer is a broker that speaks all of it: the intersection changes nothing,
 * and Produce begins at 0. */
START_TEST(answers_versions_alone)
{
	struct buf local, out;

	buf_init(&local, 0);
	buf_init(&out, 0);
	for (int16_t v = 0; v <= 5; v++) {
		buf_clear(&local);
		buf_clear(&out);
		ck_assert_int_eq(kafka_versions_local(v, 6, &local), 0);
		ck_assert_int_eq(kafka_versions_intersect(v, 6, span_of(local.p + 8, local.n - 8), NULL, 0, &out), 0);
		same(&out, buf_span(&local), "local answer");
	}
	/* v4: error, compact count, then Produce: key 0, min 0, max 13, tags */
	ck_assert_int_eq(memcmp(local.p + 8 + 3, "\0\0\0\0\0\x0d\0", 7), 0);
	buf_fini(&local);
	buf_fini(&out);
}
END_TEST

START_TEST(reads_the_client_software)
{
	struct span name, version;

	ck_assert_int_eq(kafka_versions_client(3, vector("versions/v3/request"), &name, &version), 0);
	ck_assert(span_is(name, "librdkafka"));
	ck_assert(span_is(version, "2.16.1"));
	ck_assert_int_eq(kafka_versions_client(0, vector("versions/v0/request"), &name, &version), 0);
	ck_assert(span_is_null(name));
}
END_TEST

START_TEST(asks_in_nobodys_name)
{
	struct span named = vector("versions/v5/named");
	struct span frame = span_of(named.p + KAFKA_SIZE_BYTES, named.n - KAFKA_SIZE_BYTES);
	struct kafka_request r;
	struct buf out;

	buf_init(&out, 0);
	ck_assert_int_eq(kafka_request_open(&r, frame), 0);
	ck_assert_int_eq(kafka_versions_unname(&r, frame, &out), 0);
	same(&out, vector("versions/v5/unnamed"), "request without a name");
	for (size_t n = r.body; n < frame.n; n++) {
		buf_clear(&out);
		ck_assert_int_lt(kafka_versions_unname(&r, span_of(frame.p, n), &out), 0);
	}
	buf_fini(&out);
}
END_TEST

/* ---- topic ids ---- */

static const uint8_t id_a[16] = { [7] = 1, [15] = 2 }, id_b[16] = { [7] = 3, [15] = 4 };

START_TEST(asks_for_names_of_topics)
{
	const uint8_t *ids[] = { id_a, id_b };
	struct buf out;

	buf_init(&out, 0);
	ck_assert_int_eq(kafka_topics_ask(6, SPAN_LIT("me"), ids, 2, &out), 0);
	same(&out, vector("topics/ask"), "look-up");
	buf_fini(&out);
}
END_TEST

static void note_topic(void *ctx, int16_t error, struct span name, struct span id)
{
	unsigned *n = ctx;

	ck_assert_uint_eq(id.n, 16);
	ck_assert_mem_eq(id.p, *n == 0 ? id_a : id_b, 16);
	ck_assert_int_eq(error, *n == 0 ? 0 : KAFKA_ERROR_UNKNOWN_TOPIC_ID);
	ck_assert(*n == 0 ? span_is(name, "a") : span_is_null(name));
	(*n)++;
}

START_TEST(reads_names_of_topics)
{
	struct span answer = vector("topics/answer");
	unsigned n = 0;

	ck_assert_int_eq(kafka_topics_read(answer, note_topic, &n), 0);
	ck_assert_uint_eq(n, 2);
	for (size_t cut = 0; cut < answer.n; cut++) {
		n = 0;
		ck_assert_int_lt(kafka_topics_read(span_of(answer.p, cut), note_topic, &n), 0);
	}
}
END_TEST

/* ---- addresses ---- */

struct seen {
	int brokers, topics;
	char topic[16];
	uint8_t id[16];
	char host[16];
};

static bool place(void *ctx, struct kafka_address *a)
{
	struct seen *seen = ctx;
	char want[32];

	snprintf(want, sizeof want, "b%d.internal", a->node);
	ck_assert(span_is(a->host, want));
	ck_assert_int_eq(a->port, 9092);
	seen->brokers++;
	snprintf(seen->host, sizeof seen->host, "gw");
	a->host = span_str(seen->host);
	a->port = 20000 + a->node;
	return a->node != 3;
}

static bool is_left_out(void *ctx, int32_t node)
{
	(void)ctx;
	return node == 3;
}

static void learn(void *ctx, struct span name, struct span id)
{
	struct seen *seen = ctx;

	seen->topics++;
	memcpy(seen->topic, name.p, name.n);
	memcpy(seen->id, id.p, 16);
}

/* Rewrites vector NAME/before and compares with NAME/after. */
static struct seen rewrite(int key, int16_t version, const char *name)
{
	struct seen seen = { 0 };
	struct kafka_address_ops ops = { place, is_left_out, learn, &seen };
	struct buf out;

	buf_init(&out, 0);
	ck_assert_int_eq(kafka_address_rewrite(api(key), version, vector("%s/before", name), &ops, &out), 0);
	same(&out, vector("%s/after", name), name);
	buf_fini(&out);
	return seen;
}

START_TEST(rewrites_metadata)
{
	char name[32];

	for (int16_t v = 0; v <= 13; v++) {
		snprintf(name, sizeof name, "metadata/v%d", v);
		struct seen seen = rewrite(KAFKA_METADATA, v, name);
		ck_assert_int_eq(seen.brokers, 3);
		ck_assert_int_eq(seen.topics, v >= 10);
		ck_assert_int_eq(kafka_address_teaches(api(KAFKA_METADATA), v), v >= 10);
		if (v < 10)
			continue;
		ck_assert_str_eq(seen.topic, "a");
		ck_assert_int_eq(memcmp(seen.id, "\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0\2", 16), 0);
	}
}
END_TEST

START_TEST(rewrites_coordinators)
{
	static const int nodes[] = { 2, 3, -1 };
	char name[32];

	for (int v = 0; v <= 6; v++) {
		for (size_t i = 0; i < ARRAY_LEN(nodes); i++) {
			snprintf(name, sizeof name, "coordinator/v%d/%d", v, nodes[i]);
			rewrite(KAFKA_FIND_COORDINATOR, (int16_t)v, name);
		}
	}
}
END_TEST

START_TEST(rewrites_other_addresses)
{
	char name[32];

	for (int v = 0; v <= 2; v++) {
		snprintf(name, sizeof name, "cluster/v%d", v);
		rewrite(KAFKA_DESCRIBE_CLUSTER, (int16_t)v, name);
	}
	for (int v = 10; v <= 13; v++) {
		snprintf(name, sizeof name, "produce-endpoints/v%d", v);
		rewrite(KAFKA_PRODUCE, (int16_t)v, name);
	}
	for (int v = 1; v <= 2; v++) {
		snprintf(name, sizeof name, "acknowledge/v%d", v);
		rewrite(KAFKA_SHARE_ACKNOWLEDGE, (int16_t)v, name);
	}
}
END_TEST

START_TEST(learns_topics_that_were_created)
{
	struct seen seen = { 0 };
	struct kafka_address_ops ops = { .broker = place, .topic = learn, .ctx = &seen };
	struct buf out;

	buf_init(&out, 0);
	struct span body = vector("create-topics/v7");
	ck_assert_int_eq(kafka_address_rewrite(api(KAFKA_CREATE_TOPICS), 7, body, &ops, &out), 0);
	same(&out, body, "CreateTopics");
	ck_assert_int_eq(seen.topics, 1);
	ck_assert_str_eq(seen.topic, "a");
	ck_assert(kafka_address_teaches(api(KAFKA_CREATE_TOPICS), 7));
	ck_assert(kafka_address_teaches(api(KAFKA_DESCRIBE_TOPIC_PARTITIONS), 0));
	ck_assert(!kafka_address_teaches(api(KAFKA_FETCH), 18));
	buf_fini(&out);
}
END_TEST

START_TEST(knows_which_responses_carry_addresses)
{
	ck_assert_int_eq(kafka_address_way(api(KAFKA_METADATA), 0), KAFKA_ADDRESS_REWRITE);
	ck_assert_int_eq(kafka_address_way(api(KAFKA_FIND_COORDINATOR), 3), KAFKA_ADDRESS_REWRITE);
	ck_assert_int_eq(kafka_address_way(api(KAFKA_FIND_COORDINATOR), 4), KAFKA_ADDRESS_REWRITE);
	ck_assert_int_eq(kafka_address_way(api(KAFKA_DESCRIBE_CLUSTER), 0), KAFKA_ADDRESS_REWRITE);
	ck_assert_int_eq(kafka_address_way(api(KAFKA_PRODUCE), 9), KAFKA_ADDRESS_NONE);
	ck_assert_int_eq(kafka_address_way(api(KAFKA_PRODUCE), 10), KAFKA_ADDRESS_REWRITE);
	ck_assert_int_eq(kafka_address_way(api(KAFKA_FETCH), 15), KAFKA_ADDRESS_NONE);
	ck_assert_int_eq(kafka_address_way(api(KAFKA_FETCH), 16), KAFKA_ADDRESS_BLANK);
	ck_assert_int_eq(kafka_address_way(api(KAFKA_SHARE_FETCH), 1), KAFKA_ADDRESS_BLANK);
	ck_assert_int_eq(kafka_address_way(api(KAFKA_SHARE_ACKNOWLEDGE), 1), KAFKA_ADDRESS_REWRITE);
	ck_assert_int_eq(kafka_address_way(api(KAFKA_DESCRIBE_GROUPS), 5), KAFKA_ADDRESS_NONE);
}
END_TEST

START_TEST(rewriting_cut_answers_fails)
{
	struct seen seen = { 0 };
	struct kafka_address_ops ops = { place, is_left_out, learn, &seen };
	struct span whole = vector("metadata/v12/before");
	struct buf out;

	buf_init(&out, 0);
	for (size_t n = 0; n < whole.n; n++) {
		uint8_t *p = malloc(n + 1);
		memcpy(p, whole.p, n);
		buf_clear(&out);
		ck_assert_int_eq(kafka_address_rewrite(api(KAFKA_METADATA), 12, span_of(p, n), &ops, &out) != 0, 1);
		free(p);
	}
	uint8_t *longer = calloc(1, whole.n + 1);
	memcpy(longer, whole.p, whole.n);
	ck_assert_int_eq(kafka_address_rewrite(api(KAFKA_METADATA), 12, span_of(longer, whole.n + 1), &ops, &out), E_MALFORMED);
	free(longer);
	buf_fini(&out);
}
END_TEST

/* Every changed bit gives an answer or an error, in a bounded number of steps. */
START_TEST(walking_garbage_ends)
{
	struct span whole = vector("acknowledge/v1/before");

	for (size_t bit = 0; bit < 8 * whole.n; bit++) {
		struct kafka_walk w;
		struct kafka_item item;
		size_t steps = 0;
		uint8_t *p = malloc(whole.n);
		memcpy(p, whole.p, whole.n);
		p[bit / 8] ^= (uint8_t)(1 << bit % 8);
		kafka_walk_whole(&w, api(KAFKA_SHARE_ACKNOWLEDGE), KAFKA_RESPONSE, 1, span_of(p, whole.n));
		while (kafka_walk_next(&w, &item))
			ck_assert_uint_lt(steps++, 20 * whole.n);
		free(p);
	}
}
END_TEST

/* ---- streamed answers ---- */

static bool has(struct span s, const char *needle)
{
	return memmem(s.p, s.n, needle, strlen(needle)) != NULL;
}

/* What the walker finds, as text: to be compared however the bytes were cut. */
static uint64_t walk_in_chunks(int key, int16_t version, struct span body, size_t chunk)
{
	struct kafka_walk w;
	struct kafka_item item;
	uint64_t sum = 0;

	kafka_walk_init(&w, api(key), KAFKA_RESPONSE, version, body.n);
	for (size_t at = 0; at < body.n; at += chunk) {
		kafka_walk_feed(&w, body.p + at, body.n - at < chunk ? body.n - at : chunk);
		while (kafka_walk_next(&w, &item))
			sum = sum * 31 + item.event * 7 + item.start * 3 + item.end * 5 + (uint64_t)item.number + item.size + item.role;
	}
	ck_assert_int_eq(kafka_walk_error(&w), 0);
	return sum;
}

START_TEST(walks_alike_in_any_chunks)
{
	for (int v = 4; v <= 18; v++) {
		struct span body = vector("fetch/v%d", v);
		uint64_t whole = walk_in_chunks(KAFKA_FETCH, (int16_t)v, body, body.n);
		for (size_t chunk = 1; chunk < 20; chunk++)
			ck_assert_uint_eq(walk_in_chunks(KAFKA_FETCH, (int16_t)v, body, chunk), whole);
	}
}
END_TEST

static uint8_t *blanked(int key, int16_t version, struct span body, size_t chunk)
{
	struct kafka_blank b;
	uint8_t *copy = malloc(body.n);

	memcpy(copy, body.p, body.n);
	kafka_blank_init(&b, api(key), version, body.n);
	for (size_t at = 0; at < body.n; at += chunk) {
		size_t n = body.n - at < chunk ? body.n - at : chunk;
		uint8_t *piece = malloc(n);
		memcpy(piece, copy + at, n);
		ck_assert_int_eq(kafka_blank_feed(&b, piece, n), 0);
		memcpy(copy + at, piece, n);
		free(piece);
	}
	return copy;
}

/* The answer is still one of its version, of the same size, without addresses; Java's decoder
 * (facts 1: unknown tags are kept) sees no NodeEndpoints in it. */
static void check_blank(int key, int16_t version, struct span body, size_t chunk, const char *secret)
{
	struct kafka_walk w;
	struct kafka_item item;
	uint8_t *copy = blanked(key, version, body, chunk);
	struct span after = span_of(copy, body.n);

	ck_assert(!has(after, secret));
	kafka_walk_whole(&w, api(key), KAFKA_RESPONSE, version, after);
	while (kafka_walk_next(&w, &item)) {
		ck_assert_int_ne(item.role, KAFKA_ROLE_HOST);
		ck_assert_int_ne(item.event == KAFKA_EVENT_TAG && item.role == KAFKA_ROLE_ENDPOINTS, 1);
	}
	ck_assert_int_eq(kafka_walk_error(&w), 0);
	free(copy);
}

START_TEST(blanks_fetch_endpoints)
{
	for (int v = 16; v <= 18; v++) {
		struct span body = vector("fetch/v%d/endpoints", v);
		ck_assert(has(body, "b2.internal"));
		for (size_t chunk = 1; chunk <= body.n; chunk++)
			check_blank(KAFKA_FETCH, (int16_t)v, body, chunk, "internal");
	}
}
END_TEST

START_TEST(leaves_fetch_without_endpoints_alone)
{
	for (int v = 4; v <= 18; v++) {
		struct span body = vector("fetch/v%d", v);
		uint8_t *copy = blanked(KAFKA_FETCH, (int16_t)v, body, 13);
		ck_assert_int_eq(memcmp(copy, body.p, body.n), 0);
		free(copy);
	}
}
END_TEST

START_TEST(blanks_share_fetch_endpoints)
{
	static const int counts[] = { 1, 2, 9, 10, 130 };

	for (int v = 1; v <= 2; v++) {
		for (size_t i = 0; i < ARRAY_LEN(counts); i++) {
			struct span body = vector("share-fetch/v%d/%d", v, counts[i]);
			ck_assert(has(body, "b0"));
			check_blank(KAFKA_SHARE_FETCH, (int16_t)v, body, body.n, "b0");
			check_blank(KAFKA_SHARE_FETCH, (int16_t)v, body, 100, "b0");
		}
		struct span none = vector("share-fetch/v%d/0", v);
		uint8_t *copy = blanked(KAFKA_SHARE_FETCH, (int16_t)v, none, 7);
		ck_assert_int_eq(memcmp(copy, none.p, none.n), 0);
		free(copy);
	}
}
END_TEST

START_TEST(blanking_broken_answers_fails)
{
	struct span body = vector("fetch/v17/endpoints");
	struct kafka_blank b;
	uint8_t *copy = malloc(body.n + 1);

	memcpy(copy, body.p, body.n);
	kafka_blank_init(&b, api(KAFKA_FETCH), 17, body.n - 1);
	ck_assert_int_lt(kafka_blank_feed(&b, copy, body.n - 1), 0);
	kafka_blank_init(&b, api(KAFKA_FETCH), 17, body.n + 1);
	ck_assert_int_lt(kafka_blank_feed(&b, copy, body.n + 1), 0);
	free(copy);
}
END_TEST

/* A tag number in two bytes could be cut after the first: not what a broker writes. */
START_TEST(refuses_a_padded_tag_number)
{
	/* v16: throttle, error, session, no topics, one tag, number 0 in two bytes, size 1 */
	static const uint8_t body[] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 0x80, 0, 1, 1 };
	struct kafka_blank b;
	uint8_t copy[sizeof body];

	memcpy(copy, body, sizeof body);
	kafka_blank_init(&b, api(KAFKA_FETCH), 16, sizeof body);
	ck_assert_int_eq(kafka_blank_feed(&b, copy, sizeof body), E_UNSUPPORTED);
}
END_TEST

UNIT_MAIN("kafka_fields", finds_apis, reads_classic_request_header, reads_flexible_request_header, refuses_what_is_not_spoken,
	  reads_response_headers, intersects_versions, passes_a_refusal_in_v0_format,
	  passes_a_refusal_in_no_format, answers_versions_alone,
	  reads_the_client_software, asks_in_nobodys_name, asks_for_names_of_topics, reads_names_of_topics, rewrites_metadata, rewrites_coordinators, rewrites_other_addresses,
	  learns_topics_that_were_created, knows_which_responses_carry_addresses, rewriting_cut_answers_fails,
	  walking_garbage_ends, walks_alike_in_any_chunks, blanks_fetch_endpoints, leaves_fetch_without_endpoints_alone,
	  blanks_share_fetch_endpoints, blanking_broken_answers_fails, refuses_a_padded_tag_number)
