/* Settings of an image: what is sound opens; an index, a port or a text out of bounds is
 * refused, whichever it is, and no change of a byte leads outside of the image. */
#include "settings.h"
#include "unit.h"

/* One cluster of two servers, one listener with an address and two broker ports. */
struct parts {
	struct settings settings;
	struct settings_cluster cluster;
	struct settings_server servers[2];
	struct settings_listener listener;
	struct settings_bind binds[3];
	struct settings_tls tls;
	struct settings_range ranges[2];
	struct settings_network network;
};

static struct parts sound_parts(struct image_builder *b)
{
	struct image_str host = image_intern(b, SPAN_LIT("127.0.0.1")), name = image_intern(b, SPAN_LIT("main"));

	return (struct parts){
		.settings = { .workers = 2, .limit_connections = 10, .limit_frame = 1 << 20, .admin_bind = host },
		.cluster = { name, 0, 2, 1, 0 },
		.servers = { { host, 9092, 0 }, { host, 65535, 0 } },
		.listener = { .name = name, .nbinds = 3, .broker_port_base = 19200, .broker_port_count = 2, .nranges = 2, .nnetworks = 1 },
		.ranges = { { 1001, 1, 19200, 0 }, { 7, 1, 19201, 1 } },
		.network = { { 0 }, 128 },
		.tls = { .ca = { 0, 4 } },
		.binds = { { host, 19092, 0, -1, 0 }, { host, 19200, 0, 0, 0 }, { host, 19201, 0, 1, 0 } },
	};
}

static void emit(struct image_builder *b, const struct parts *p, struct buf *out)
{
	image_append(b, IMAGE_SETTINGS, &p->settings, sizeof p->settings, 8);
	image_append(b, IMAGE_CLUSTERS, &p->cluster, sizeof p->cluster, 4);
	image_append(b, IMAGE_SERVERS, p->servers, sizeof p->servers, 4);
	image_append(b, IMAGE_LISTENERS, &p->listener, sizeof p->listener, 4);
	image_append(b, IMAGE_TLS, &p->tls, sizeof p->tls, 4);
	image_append(b, IMAGE_TLS_DATA, "PEM!", 4, 1);
	image_append(b, IMAGE_BINDS, p->binds, sizeof p->binds, 4);
	image_append(b, IMAGE_RANGES, p->ranges, sizeof p->ranges, 4);
	image_append(b, IMAGE_NETWORKS, &p->network, sizeof p->network, 4);
	ck_assert_int_eq(image_finish(b, 7, out), 0);
}

static int open_bytes(struct settings_view *v, struct image *img, const struct buf *bytes)
{
	int e = image_open(img, bytes->p, bytes->n);

	return e < 0 ? e : settings_open(v, img);
}

/* What settings_open says after change has been made to sound parts. */
static int verdict_after(void (*change)(struct parts *p))
{
	struct image_builder b;
	struct buf bytes;
	struct image img;
	struct settings_view v;

	image_builder_init(&b);
	buf_init(&bytes, 0);
	struct parts p = sound_parts(&b);
	change(&p);
	emit(&b, &p, &bytes);
	int e = open_bytes(&v, &img, &bytes);
	buf_fini(&bytes);
	image_builder_fini(&b);
	return e;
}

static void change_nothing(struct parts *p) { (void)p; }
static void no_workers(struct parts *p) { p->settings.workers = 0; }
static void many_workers(struct parts *p) { p->settings.workers = 1u << 20; }
static void no_connections(struct parts *p) { p->settings.limit_connections = 0; }
static void no_frame(struct parts *p) { p->settings.limit_frame = 0; }
static void text_outside(struct parts *p) { p->settings.control = (struct image_str){ 1u << 30, 4 }; }
static void text_unterminated(struct parts *p) { p->settings.user = (struct image_str){ p->cluster.name.off, 2 }; }
static void cluster_without_servers(struct parts *p) { p->cluster.nservers = 0; }
static void cluster_past_servers(struct parts *p) { p->cluster.nservers = 3; }
static void cluster_wraps(struct parts *p) { p->cluster.first_server = UINT32_MAX; }
static void server_without_port(struct parts *p) { p->servers[1].port = 0; }
static void server_port(struct parts *p) { p->servers[1].port = 65536; }
static void listener_cluster(struct parts *p) { p->listener.cluster = 1; }
static void listener_past_binds(struct parts *p) { p->listener.nbinds = 4; }
static void listener_ports(struct parts *p) { p->listener.broker_port_base = 65535; }
static void listener_wraps(struct parts *p) { p->listener.broker_port_count = UINT32_MAX; }
static void cluster_tls(struct parts *p) { p->cluster.tls = 2; }
static void listener_tls(struct parts *p) { p->listener.tls = 2; }
static void listener_tls_without_certificate(struct parts *p) { p->listener.tls = 1; }
static void tls_key_without_certificate(struct parts *p) { p->tls.key = (struct settings_blob){ 0, 4 }; }
static void tls_past_its_data(struct parts *p) { p->tls.ca = (struct settings_blob){ 2, 3 }; }
static void tls_wraps(struct parts *p) { p->tls.ca = (struct settings_blob){ UINT32_MAX, 8 }; }
static void range_past_its_table(struct parts *p) { p->listener.nranges = 3; }
static void range_of_nobody(struct parts *p) { p->ranges[1].n = 0; }
static void range_port(struct parts *p) { p->ranges[1].port = 65536; }
static void range_with_a_gap(struct parts *p) { p->ranges[1].slot = 2; }
static void ranges_of_more(struct parts *p) { p->ranges[1].n = 2; }
static void network_past_its_table(struct parts *p) { p->listener.first_network = 1; }
static void network_bits(struct parts *p) { p->network.bits = 129; }
static void cluster_proxy(struct parts *p) { p->cluster.proxy_protocol = 3; }
static void bind_listener(struct parts *p) { p->binds[0].listener = 1; }
static void bind_broker(struct parts *p) { p->binds[2].broker = 2; }
static void bind_negative(struct parts *p) { p->binds[2].broker = -2; }
static void bind_port(struct parts *p) { p->binds[2].port = 70000; }

START_TEST(sound_settings_open)
{
	ck_assert_int_eq(verdict_after(change_nothing), 0);
}
END_TEST

static void (*const unsound[])(struct parts *p) = {
	no_workers, many_workers, no_connections, no_frame, text_outside, text_unterminated, cluster_without_servers,
	cluster_past_servers, cluster_wraps, server_without_port, server_port, listener_cluster, listener_past_binds,
	range_past_its_table, range_of_nobody, range_port, range_with_a_gap, ranges_of_more, network_past_its_table, network_bits, cluster_proxy,
	listener_ports, listener_wraps, bind_listener, bind_broker, bind_negative, bind_port, cluster_tls, listener_tls, listener_tls_without_certificate, tls_key_without_certificate, tls_past_its_data, tls_wraps,
};

START_TEST(unsound_settings_are_refused)
{
	ck_assert_int_eq(verdict_after(unsound[_i]), E_MALFORMED);
}
END_TEST

START_TEST(views_show_what_was_written)
{
	struct image_builder b;
	struct buf bytes;
	struct image img;
	struct settings_view v;

	image_builder_init(&b);
	buf_init(&bytes, 0);
	struct parts p = sound_parts(&b);
	emit(&b, &p, &bytes);
	ck_assert_int_eq(open_bytes(&v, &img, &bytes), 0);
	ck_assert_uint_eq(v.nclusters, 1);
	ck_assert_uint_eq(v.nservers, 2);
	ck_assert_uint_eq(v.nbinds, 3);
	ck_assert_str_eq(image_text(&img, v.listeners[0].name), "main");
	ck_assert_str_eq(image_text(&img, v.binds[2].host), "127.0.0.1");
	ck_assert_int_eq(v.binds[2].broker, 1);
	buf_fini(&bytes);
	image_builder_fini(&b);
}
END_TEST

START_TEST(each_broker_has_its_slot)
{
	struct settings_range ranges[] = { { 1001, 3, 19300, 0 }, { 7, 1, 19310, 3 } };
	struct settings_view v = { .ranges = ranges, .nranges = 2 };
	struct settings_listener by_id = { .broker_port_count = 4, .nranges = 2 }, modulo = { .broker_port_base = 19200, .broker_port_count = 16 };

	ck_assert_int_eq(settings_broker_slot(&v, &by_id, 1003), 2);
	ck_assert_int_eq(settings_broker_slot(&v, &by_id, 7), 3);
	ck_assert_int_eq(settings_broker_slot(&v, &by_id, 1004), -1);
	ck_assert_int_eq(settings_broker_slot(&v, &by_id, -1), -1);
	ck_assert_uint_eq(settings_slot_port(&v, &by_id, 2), 19302);
	ck_assert_uint_eq(settings_slot_port(&v, &by_id, 3), 19310);
	ck_assert_int_eq(settings_broker_slot(&v, &modulo, 1003), 1003 % 16);
	ck_assert_uint_eq(settings_slot_port(&v, &modulo, 1003 % 16), 19200 + 1003 % 16);
}
END_TEST

/* Reads all that a view promises; a sanitizer or a fault tells when it lies. */
static size_t touch(const struct settings_view *v, const struct image *img)
{
	size_t n = strlen(image_text(img, v->settings->admin_bind)) + strlen(image_text(img, v->settings->control));

	for (size_t i = 0; i < v->nclusters; i++)
		for (uint32_t s = 0; s < v->clusters[i].nservers; s++)
			n += strlen(image_text(img, v->servers[v->clusters[i].first_server + s].host));
	for (size_t i = 0; i < v->nlisteners; i++)
		for (uint32_t k = 0; k < v->listeners[i].nbinds; k++)
			n += v->binds[v->listeners[i].first_bind + k].port + strlen(image_text(img, v->clusters[v->listeners[i].cluster].name));
	for (size_t i = 0; i < v->ntls; i++) {
		struct span pem = settings_blob_span(img, v->tls[i].ca);
		for (size_t k = 0; k < pem.n; k++)
			n += pem.p[k];
	}
	return n;
}

START_TEST(no_byte_leads_outside)
{
	struct image_builder b;
	struct buf bytes;
	size_t opened = 0, refused = 0, read = 0;

	image_builder_init(&b);
	buf_init(&bytes, 0);
	struct parts p = sound_parts(&b);
	emit(&b, &p, &bytes);
	for (size_t at = sizeof(struct image_header); at < bytes.n; at++) {
		static const uint8_t values[] = { 0, 1, 0x7f, 0x80, 0xff };
		for (size_t k = 0; k < ARRAY_LEN(values); k++) {
			uint8_t old = bytes.p[at];
			bytes.p[at] = values[k];
			struct image img = { bytes.p, bytes.n };     /* past the checksum, which a hostile builder would fix */
			struct settings_view v;
			if (settings_open(&v, &img) == 0) {
				opened++;
				read += touch(&v, &img);
			} else {
				refused++;
			}
			bytes.p[at] = old;
		}
	}
	ck_assert_uint_gt(opened, 0);
	ck_assert_uint_gt(refused, 0);
	ck_assert_uint_gt(read, 0);
	buf_fini(&bytes);
	image_builder_fini(&b);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("settings");
	TCase *tc = tcase_create("settings");

	tcase_add_test(tc, sound_settings_open);
	tcase_add_loop_test(tc, unsound_settings_are_refused, 0, ARRAY_LEN(unsound));
	tcase_add_test(tc, views_show_what_was_written);
	tcase_add_test(tc, each_broker_has_its_slot);
	tcase_add_test(tc, no_byte_leads_outside);
	suite_add_tcase(s, tc);
	return unit_run(s);
}
