/* What a worker is made of, without its loop: frames cut out of bytes, memory with a
 * budget, deadlines, the stream's queue. Sessions are judged by tests/system/test_session.py. */
#include <arpa/inet.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cursor.h"
#include "feed.h"
#include "kafka/api.h"
#include "unit.h"
#include "worker/failures.h"
#include "worker/kafka/names.h"
#include "worker/kafka/row.h"
#include "worker/peers.h"
#include "worker/stream.h"
#include "worker/wheel.h"

/* ---- reader: frames whose first body byte is 'H' are held, others pass ---- */

static int head(void *ctx, struct span first, struct reader_plan *plan)
{
	struct cursor c = cursor_span(first);
	uint32_t n = cursor_be32(&c);

	(void)ctx;
	if (n == 0 || n > 1000)
		return E_MALFORMED;
	uint8_t kind = cursor_u8(&c);
	if (c.error)
		return E_AGAIN;
	plan->size = 4 + n;
	plan->hold = kind == 'H';
	return 0;
}

static const struct reader_ops ops = { .head = head, .whole = seen_whole, .part = seen_part, .in_scratch = true };

static void add_frame(struct buf *b, char kind, size_t n)
{
	buf_be32(b, (uint32_t)n);
	buf_addch(b, kind);
	for (size_t i = 1; i < n; i++)
		buf_addch(b, (char)('a' + i % 26));
}

START_TEST(frames_come_out_whole_however_they_are_cut)
{
	struct buf in;
	struct blocks bs;

	buf_init(&in, 0);
	blocks_init(&bs, 1 << 20);
	add_frame(&in, 'H', 300);
	add_frame(&in, 'P', 1);
	add_frame(&in, 'P', 200);
	add_frame(&in, 'H', 1);
	add_frame(&in, 'H', 60);
	for (size_t step = 1; step <= in.n; step++) {
		struct reader r = { 0 };
		struct seen s = { 0 };
		ck_assert_int_eq(feed(&r, &bs, &ops, &s, buf_span(&in), step), 0);
		ck_assert_uint_eq(s.whole, 3);
		ck_assert_uint_eq(s.parts, 2);
		ck_assert_uint_eq(r.frames, 5);
		ck_assert(span_eq(buf_span(&s.bytes), buf_span(&in)));
		ck_assert(reader_is_between_frames(&r));
		ck_assert_uint_eq(bs.used, 0);
		buf_fini(&s.bytes);
	}
	blocks_fini(&bs);
	buf_fini(&in);
}
END_TEST

START_TEST(a_stopped_reader_begins_no_frame_and_loses_none)
{
	struct buf in;
	struct blocks bs;

	buf_init(&in, 0);
	blocks_init(&bs, 1 << 20);
	add_frame(&in, 'H', 3);
	add_frame(&in, 'P', 9);
	for (int i = 0; i < 4; i++)
		add_frame(&in, 'H', 2);
	add_frame(&in, 'P', 2);
	add_frame(&in, 'H', 200);
	add_frame(&in, 'P', 1);
	for (size_t step = 1; step <= in.n; step++) {
		struct reader r = { 0 };
		struct seen s = { .stops = &r };
		ck_assert_int_eq(feed(&r, &bs, &ops, &s, buf_span(&in), step), 0);
		ck_assert_uint_eq(s.whole, 6);
		ck_assert_uint_eq(s.parts, 3);
		ck_assert(span_eq(buf_span(&s.bytes), buf_span(&in)));
		ck_assert_uint_eq(bs.used, 0);
		buf_fini(&s.bytes);
	}
	struct reader r = { 0 };
	struct seen s = { .stops = &r };
	struct iovec iov = { in.p, 40 };
	ck_assert_int_eq(reader_received(&r, &ops, &s, &bs, &iov, 1, 40), 0);
	ck_assert_uint_eq(s.whole, 1);
	ck_assert_uint_eq(r.nkept, 40 - 7);
	reader_fini(&r, &bs);
	ck_assert_uint_eq(bs.used, 0);
	blocks_fini(&bs);
	buf_fini(&in);
	buf_fini(&s.bytes);
}
END_TEST

START_TEST(a_held_frame_takes_memory_as_it_comes)
{
	struct buf in;
	struct blocks bs;
	struct reader r = { 0 };
	struct seen s = { 0 };

	buf_init(&in, 0);
	blocks_init(&bs, 1 << 20);
	add_frame(&in, 'H', 1000);
	ck_assert_int_eq(feed(&r, &bs, &ops, &s, span_of(in.p, 900), 7), 0);
	ck_assert_uint_eq(reader_missing(&r), 104);
	ck_assert_uint_eq(bs.used, BLOCK_MIN);
	reader_fini(&r, &bs);
	blocks_fini(&bs);
	buf_fini(&in);
}
END_TEST

/* A frame of 900 bytes stands behind `before` bytes of others, and `came` bytes of it are read with them. */
static bool is_held_in_place(size_t before, size_t came)
{
	struct buf in;
	struct blocks bs;
	struct reader r = { 0 };
	struct seen s = { 0 };

	buf_init(&in, 0);
	blocks_init(&bs, 1 << 20);
	ck_assert_int_eq(blocks_add_scratch(&bs, BLOCK_MIN - sizeof(struct block)), 0);
	for (size_t n = before; n > 0; n -= 100)
		add_frame(&in, 'P', 96);
	add_frame(&in, 'H', 896);
	const struct block *scratch = bs.scratch;
	ck_assert_int_eq(feed(&r, &bs, &ops, &s, span_of(in.p, before + came), SIZE_MAX), 0);
	bool in_place = r.held == scratch;
	ck_assert(in_place ? bs.scratch != scratch && r.start == scratch->bytes + before : bs.scratch == scratch);
	ck_assert_uint_eq(bs.used, BLOCK_MIN);
	ck_assert_int_eq(feed(&r, &bs, &ops, &s, span_of(in.p + before + came, 900 - came), SIZE_MAX), 0);
	ck_assert(span_eq(buf_span(&s.bytes), buf_span(&in)));
	ck_assert_uint_eq(bs.used, 0);
	blocks_fini(&bs);
	buf_fini(&in);
	buf_fini(&s.bytes);
	return in_place;
}

START_TEST(a_large_piece_of_a_frame_is_held_where_it_was_read)
{
	ck_assert(is_held_in_place(0, 899));
	ck_assert(is_held_in_place(0, 510));         /* an eighth of the block */
	ck_assert(is_held_in_place(3100, 600));
	ck_assert(!is_held_in_place(0, 509));
	ck_assert(!is_held_in_place(3200, 600));     /* no room for the rest */
}
END_TEST

START_TEST(a_refused_head_ends_the_reading)
{
	struct blocks bs;
	struct reader r = { 0 };
	struct seen s = { 0 };

	blocks_init(&bs, 1 << 20);
	ck_assert_int_eq(feed(&r, &bs, &ops, &s, span_of("\xff\xff\xff\xff", 4), 1), E_MALFORMED);
	reader_fini(&r, &bs);
	blocks_fini(&bs);
}
END_TEST

/* ---- names of topics ---- */

static void number(uint8_t *id, uint32_t n)
{
	memset(id, 0, 16);
	memcpy(id, &n, sizeof n);
}

START_TEST(topic_names_are_kept_by_cluster_and_bounded)
{
	struct topic_names t;
	uint8_t id[16];
	char text[16];
	uint32_t n = 0, known = 0;

	topic_names_init(&t);
	number(id, 1);
	ck_assert(span_is_null(topic_names_find(&t, 7, id)));
	topic_names_learn(&t, 7, id, SPAN_LIT("a"));
	topic_names_learn(&t, 7, id, SPAN_LIT("never again"));
	topic_names_learn(&t, 8, id, SPAN_LIT("b"));
	ck_assert(span_is(topic_names_find(&t, 7, id), "a"));
	ck_assert(span_is(topic_names_find(&t, 8, id), "b"));
	for (; n < 200000; n++) {
		number(id, n);
		snprintf(text, sizeof text, "t%u", n);
		topic_names_learn(&t, 9, id, span_str(text));
		ck_assert(span_is(topic_names_find(&t, 9, id), text));
	}
	for (uint32_t i = 0; i < n; i++) {
		number(id, i);
		struct span found = topic_names_find(&t, 9, id);
		snprintf(text, sizeof text, "t%u", i);
		ck_assert(span_is_null(found) || span_is(found, text));
		known += !span_is_null(found);
	}
	ck_assert_uint_eq(known, t.n);
	ck_assert_uint_le(t.n, 65536);
	topic_names_fini(&t);
}
END_TEST

/* ---- addresses of clients ---- */

static struct peer_address peer_number(uint32_t n)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(0x0a000000 + n) };

	return peer_address_of((struct sockaddr *)&a);
}

START_TEST(peers_are_counted_whatever_comes_and_goes)
{
	static uint32_t want[500];
	struct peers p = { 0 };
	uint32_t random = 1;
	size_t used = 0;

	for (int i = 0; i < 200000; i++) {
		random = random * 1664525u + 1013904223u;
		uint32_t n = (random >> 8) % ARRAY_LEN(want);
		struct peer_address a = peer_number(n);
		if (random >> 31) {
			ck_assert_int_eq(peers_join(&p, &a, 3), want[n] < 3);
			want[n] += want[n] < 3;
		} else if (want[n] > 0) {
			peers_leave(&p, &a);
			want[n]--;
		}
	}
	for (uint32_t n = 0; n < ARRAY_LEN(want); n++) {
		struct peer_address a = peer_number(n);
		used += want[n] > 0;
		while (want[n] > 0) {
			peers_leave(&p, &a);
			want[n]--;
		}
	}
	ck_assert_uint_gt(used, 0);
	ck_assert_uint_eq(p.used, 0);
	peers_fini(&p);
}
END_TEST

START_TEST(an_ipv6_network_is_one_address)
{
	struct sockaddr_in6 a = { .sin6_family = AF_INET6 }, b = a, c = a, mapped = a;
	struct sockaddr_in four = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7f000001) };

	ck_assert_int_eq(inet_pton(AF_INET6, "2001:db8:1:2::1", &a.sin6_addr), 1);
	ck_assert_int_eq(inet_pton(AF_INET6, "2001:db8:1:2:ffff::9", &b.sin6_addr), 1);
	ck_assert_int_eq(inet_pton(AF_INET6, "2001:db8:1:3::1", &c.sin6_addr), 1);
	ck_assert_int_eq(inet_pton(AF_INET6, "::ffff:127.0.0.1", &mapped.sin6_addr), 1);
	struct peer_address of_a = peer_address_of((struct sockaddr *)&a), of_b = peer_address_of((struct sockaddr *)&b);
	struct peer_address of_c = peer_address_of((struct sockaddr *)&c), of_m = peer_address_of((struct sockaddr *)&mapped);
	struct peer_address of_4 = peer_address_of((struct sockaddr *)&four);
	ck_assert_mem_eq(&of_a, &of_b, sizeof of_a);
	ck_assert_mem_ne(&of_a, &of_c, sizeof of_a);
	ck_assert_mem_eq(&of_m, &of_4, sizeof of_m);
}
END_TEST

/* ---- memory ---- */

START_TEST(a_server_that_failed_is_tried_first_by_one_in_a_while)
{
	static struct failures f;
	uint64_t now = 1000;

	ck_assert(!failures_avoid(&f, 7, now));
	failures_note(&f, 7, 0, now);
	ck_assert(failures_avoid(&f, 7, now));
	ck_assert(!failures_avoid(&f, 8, now));
	ck_assert(failures_avoid(&f, 7, now + FAILURES_AGAIN_MS - 1));
	now += FAILURES_AGAIN_MS;
	ck_assert(!failures_avoid(&f, 7, now));
	ck_assert(failures_avoid(&f, 7, now));
	failures_clear(&f, 8);
	failures_clear(&f, 7 + FAILURES_MAX);
	ck_assert(failures_avoid(&f, 7, now));
	failures_clear(&f, 7);
	ck_assert(!failures_avoid(&f, 7, now));
}
END_TEST

/* However many sessions meet the same address at once. */
START_TEST(the_next_address_of_a_name_comes_after_one_that_failed)
{
	static struct failures f;

	ck_assert_uint_eq(failures_turn(&f, 7, 3), 3);
	failures_note(&f, 7, 0, 1000);
	failures_note(&f, 7, 0, 1000);
	ck_assert_uint_eq(failures_turn(&f, 7, 0), 1);
	failures_clear(&f, 7);
	ck_assert_uint_eq(failures_turn(&f, 7, 0), 1);
	failures_note(&f, 7 + FAILURES_MAX, 4, 1000);
	ck_assert_uint_eq(failures_turn(&f, 7, 0), 0);
	ck_assert_uint_eq(failures_turn(&f, 7 + FAILURES_MAX, 0), 5);
}
END_TEST

START_TEST(the_budget_binds_only_what_can_wait)
{
	struct blocks bs;

	blocks_init(&bs, 2 * BLOCK_MIN);
	struct block *a = block_get(&bs, 100, BLOCK_WITHIN_LIMIT), *b = block_get(&bs, 100, BLOCK_WITHIN_LIMIT);
	ck_assert(a && b);
	ck_assert_ptr_null(block_get(&bs, 1, BLOCK_WITHIN_LIMIT));
	struct block *c = block_get(&bs, 10000, BLOCK_BEYOND_LIMIT);
	ck_assert_ptr_nonnull(c);
	ck_assert_uint_ge(c->cap, 10000);
	block_put(&bs, a);
	block_put(&bs, b);
	block_put(&bs, c);
	ck_assert_uint_eq(bs.used, 0);
	ck_assert_ptr_null(block_get(&bs, SIZE_MAX, BLOCK_BEYOND_LIMIT));
	blocks_fini(&bs);
}
END_TEST

START_TEST(the_last_quarter_is_for_who_holds_little)
{
	struct blocks bs;
	struct block *got[8];
	size_t n = 0;

	blocks_init(&bs, 8 * BLOCK_MIN);
	ck_assert_int_eq(blocks_level(&bs), BLOCKS_AMPLE);
	while ((got[n] = block_get(&bs, 1, BLOCK_WITHIN_SHARE)))
		n++;
	ck_assert_uint_eq(n, 6);
	ck_assert_int_eq(blocks_level(&bs), BLOCKS_SHORT);
	while (n < ARRAY_LEN(got) && (got[n] = block_get(&bs, 1, BLOCK_WITHIN_LIMIT)))
		n++;
	ck_assert_uint_eq(n, 8);
	ck_assert_int_eq(blocks_level(&bs), BLOCKS_SCARCE);
	while (n > 0)
		block_put(&bs, got[--n]);
	blocks_fini(&bs);
}
END_TEST

/* n of them at once. */
static void use_blocks(struct blocks *bs, size_t n, size_t bytes)
{
	struct block *got[64];

	ck_assert_uint_le(n, ARRAY_LEN(got));
	for (size_t i = 0; i < n; i++)
		ck_assert_ptr_nonnull(got[i] = block_get(bs, bytes, BLOCK_WITHIN_LIMIT));
	for (size_t i = 0; i < n; i++)
		block_put(bs, got[i]);
}

START_TEST(what_was_idle_since_the_last_trim_goes)
{
	struct blocks bs;
	const size_t n = 16, bytes = 200 << 10, size = 256 << 10;

	blocks_init(&bs, 64 << 20);
	use_blocks(&bs, n, bytes);
	ck_assert_uint_eq(bs.idle, n * size);
	blocks_trim(&bs);                        /* all were needed */
	ck_assert_uint_eq(bs.idle, n * size);
	use_blocks(&bs, 10, bytes);
	blocks_trim(&bs);
	ck_assert_uint_eq(bs.idle, 10 * size);
	blocks_trim(&bs);                        /* a few are kept for the next */
	ck_assert_uint_eq(bs.idle, 1 << 20);
	use_blocks(&bs, 1, 10 << 20);
	blocks_trim(&bs);
	blocks_trim(&bs);
	ck_assert_uint_eq(bs.idle, 1 << 20);
	blocks_fini(&bs);
}
END_TEST

START_TEST(idle_blocks_make_room_for_those_in_use)
{
	struct blocks bs;

	blocks_init(&bs, 64 << 20);
	use_blocks(&bs, 20, 1000 << 10);
	ck_assert_uint_eq(bs.idle, 20 << 20);
	struct block *b = block_get(&bs, 10 << 20, BLOCK_WITHIN_LIMIT);
	ck_assert_uint_eq(bs.used, 16 << 20);
	ck_assert_uint_eq(bs.idle, 0);
	block_put(&bs, b);
	ck_assert_uint_eq(bs.idle, 16 << 20);
	blocks_fini(&bs);
}
END_TEST

/* ---- deadlines ---- */

START_TEST(deadlines_come_due_once_and_never_early)
{
	struct wheel *w = malloc(sizeof *w);
	struct wheel_entry soon, late, moved;

	wheel_init(w, 1000);
	wheel_entry_init(&soon);
	wheel_entry_init(&late);
	wheel_entry_init(&moved);
	wheel_set(w, &soon, 2000);
	wheel_set(w, &late, 1000 + 10 * WHEEL_TICK_MS * WHEEL_SLOTS);
	wheel_set(w, &moved, 1500);
	wheel_set(w, &moved, 5000);
	ck_assert_ptr_null(wheel_next(w, 1999));
	ck_assert_ptr_eq(wheel_next(w, 2000 + WHEEL_TICK_MS), &soon);
	ck_assert_ptr_null(wheel_next(w, 4999));
	ck_assert_ptr_eq(wheel_next(w, 5000 + WHEEL_TICK_MS), &moved);
	ck_assert_ptr_null(wheel_next(w, late.due - 1));
	ck_assert_ptr_eq(wheel_next(w, late.due + WHEEL_TICK_MS), &late);
	ck_assert_ptr_null(wheel_next(w, late.due * 2));
	free(w);
}
END_TEST

/* ---- streams ---- */

struct pair {
	struct event_base *base;
	struct blocks blocks;
	struct stream_pool pool;
	struct stream stream;
	int peer;
};

static void ignore(struct stream *s, enum stream_event ev)
{
	(void)s, (void)ev;
}

static void pair_init(struct pair *p)
{
	int fd[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fd), 0);
	p->base = event_base_new();
	blocks_init(&p->blocks, 1 << 20);
	stream_pool_init(&p->pool, p->base, &p->blocks);
	stream_init(&p->stream, &p->pool, ignore);
	p->peer = fd[1];
	stream_open(&p->stream, fd[0], STREAM_OPEN);
}

static void pair_fini(struct pair *p)
{
	stream_close(&p->stream);
	stream_pool_fini(&p->pool);
	blocks_fini(&p->blocks);
	event_base_free(p->base);
	close(p->peer);
}

START_TEST(borrowed_bytes_that_do_not_fit_are_copied_and_arrive_in_order)
{
	struct pair p;
	static uint8_t bytes[1 << 20], got[1 << 20];
	size_t n = 0;

	pair_init(&p);
	for (size_t i = 0; i < sizeof bytes; i++)
		bytes[i] = (uint8_t)(i * 31 >> 3);
	ck_assert_int_eq(stream_lend(&p.stream, span_of(bytes, sizeof bytes / 2)), 0);
	ck_assert_int_eq(stream_lend(&p.stream, span_of(bytes + sizeof bytes / 2, sizeof bytes / 2)), 0);
	ck_assert_int_eq(stream_flush(&p.stream), 0);
	ck_assert(stream_is_full(&p.stream));
	uint8_t *kept = malloc(sizeof bytes);
	memcpy(kept, bytes, sizeof bytes);
	memset(bytes, 0, sizeof bytes);
	stream_finish(&p.stream);
	for (ssize_t r; n < sizeof got && (r = read(p.peer, got + n, sizeof got - n)) != 0;) {
		if (r > 0)
			n += (size_t)r;
		event_base_loop(p.base, EVLOOP_ONCE | EVLOOP_NONBLOCK);  /* it writes when it hears that there is room */
		ck_assert_int_eq(stream_flush(&p.stream), 0);
	}
	ck_assert_uint_eq(n, sizeof got);
	ck_assert_int_eq(memcmp(got, kept, n), 0);
	ck_assert_int_eq(p.stream.state, STREAM_FINISHED);
	ck_assert_uint_eq(p.blocks.used, 0);
	free(kept);
	pair_fini(&p);
}
END_TEST

START_TEST(what_is_queued_before_the_connection_waits_for_it)
{
	struct event_base *base = event_base_new();
	struct blocks blocks;
	struct stream_pool pool;
	struct stream s;
	int fd[2];
	char text[5] = "hello", got[8];

	blocks_init(&blocks, 1 << 20);
	stream_pool_init(&pool, base, &blocks);
	stream_init(&s, &pool, ignore);
	ck_assert_int_eq(stream_lend(&s, span_of(text, 5)), 0);
	ck_assert_int_eq(stream_flush(&s), 0);
	memset(text, 0, sizeof text);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fd), 0);
	stream_open(&s, fd[0], STREAM_CONNECTING);
	stream_abandon(&s);
	close(fd[1]);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fd), 0);
	stream_open(&s, fd[0], STREAM_CONNECTING);
	ck_assert_int_eq(stream_connected(&s), 0);
	ck_assert_int_eq(stream_flush(&s), 0);
	ck_assert_int_eq(read(fd[1], got, sizeof got), 5);
	ck_assert_int_eq(memcmp(got, "hello", 5), 0);
	stream_close(&s);
	close(fd[1]);
	stream_pool_fini(&pool);
	blocks_fini(&blocks);
	event_base_free(base);
}
END_TEST

/* ---- the table ---- */

START_TEST(every_api_that_is_spoken_has_a_row)
{
	for (size_t i = 0; i < kafka_api_count(); i++) {
		const struct kafka_api *api = kafka_api_at(i);
		const struct kafka_row *row = kafka_row_find(api->key);
		ck_assert_msg(row && row->key == api->key, "%s has no row", api->name);
		for (int16_t v = api->min; v <= api->max; v++)
			ck_assert_msg(kafka_address_way(api, v) != KAFKA_ADDRESS_REWRITE || row->response,
			              "%s %d tells addresses, and its row lets it pass", api->name, v);
	}
	ck_assert_ptr_null(kafka_row_find(-1));
	ck_assert_ptr_null(kafka_row_find(KAFKA_KEY_MAX));
}
END_TEST

UNIT_MAIN("worker", every_api_that_is_spoken_has_a_row,
          frames_come_out_whole_however_they_are_cut, a_stopped_reader_begins_no_frame_and_loses_none, a_held_frame_takes_memory_as_it_comes,
          a_large_piece_of_a_frame_is_held_where_it_was_read,
          a_refused_head_ends_the_reading, topic_names_are_kept_by_cluster_and_bounded, peers_are_counted_whatever_comes_and_goes,
          an_ipv6_network_is_one_address, a_server_that_failed_is_tried_first_by_one_in_a_while,
          the_next_address_of_a_name_comes_after_one_that_failed, the_budget_binds_only_what_can_wait,
          the_last_quarter_is_for_who_holds_little, what_was_idle_since_the_last_trim_goes, idle_blocks_make_room_for_those_in_use,
          deadlines_come_due_once_and_never_early, borrowed_bytes_that_do_not_fit_are_copied_and_arrive_in_order,
          what_is_queued_before_the_connection_waits_for_it)
