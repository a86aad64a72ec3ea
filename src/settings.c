/* Settings of an image, verified: every index and text in bounds. Owner: loader's
 * format; read by master, workers and admin. */
#include "settings.h"

#define SERVERS_MAX 4096u
#define PORT_MAX 65535u

static bool texts_are_sound(const struct image *img, const struct image_str *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!image_str_is_sound(img, s[i]))
			return false;
	return true;
}

static bool range_fits(uint32_t first, uint32_t n, size_t total)
{
	return first <= total && n <= total - first;
}

struct span settings_blob_span(const struct image *img, struct settings_blob b)
{
	return b.len ? span_of(image_at(img, IMAGE_TLS_DATA, b.off, b.len), b.len) : SPAN_NULL;
}

static bool blob_is_sound(const struct image *img, struct settings_blob b)
{
	return b.len == 0 || image_at(img, IMAGE_TLS_DATA, b.off, b.len);
}

static bool tls_is_sound(const struct settings_view *v, const struct image *img)
{
	for (size_t i = 0; i < v->ntls; i++) {
		const struct settings_tls *t = &v->tls[i];
		if (!blob_is_sound(img, t->cert) || !blob_is_sound(img, t->key) || !blob_is_sound(img, t->ca) || !t->cert.len != !t->key.len)
			return false;
	}
	return true;
}

int32_t settings_broker_slot(const struct settings_view *v, const struct settings_listener *l, int32_t id)
{
	if (id < 0)
		return -1;
	if (l->nranges == 0)
		return (int32_t)((uint32_t)id % l->broker_port_count);
	for (uint32_t i = 0; i < l->nranges; i++) {
		const struct settings_range *r = &v->ranges[l->first_range + i];
		if ((uint32_t)id - r->first_id < r->n)
			return (int32_t)(r->slot + (uint32_t)id - r->first_id);
	}
	return -1;
}

uint32_t settings_slot_port(const struct settings_view *v, const struct settings_listener *l, int32_t slot)
{
	for (uint32_t i = 0; i < l->nranges; i++) {
		const struct settings_range *r = &v->ranges[l->first_range + i];
		if ((uint32_t)slot - r->slot < r->n)
			return r->port + (uint32_t)slot - r->slot;
	}
	return l->broker_port_base + (uint32_t)slot;
}

/* Slots without a gap, as many as there are broker ports. */
static bool ranges_are_sound(const struct settings_view *v, const struct settings_listener *l)
{
	uint64_t slots = 0;

	if (!range_fits(l->first_range, l->nranges, v->nranges))
		return false;
	for (uint32_t i = 0; i < l->nranges; i++) {
		const struct settings_range *r = &v->ranges[l->first_range + i];
		if (r->n == 0 || r->port == 0 || (uint64_t)r->port + r->n - 1 > PORT_MAX || r->slot != slots || r->first_id > INT32_MAX - r->n)
			return false;
		slots += r->n;
	}
	return l->nranges == 0 || slots == l->broker_port_count;
}

static bool clusters_are_sound(const struct settings_view *v, const struct image *img)
{
	for (size_t i = 0; i < v->nclusters; i++) {
		const struct settings_cluster *c = &v->clusters[i];
		if (!texts_are_sound(img, &c->name, 1) || c->nservers == 0 || !range_fits(c->first_server, c->nservers, v->nservers) ||
		    c->tls > v->ntls || c->proxy_protocol > 2)
			return false;
	}
	for (size_t i = 0; i < v->nservers; i++)
		if (!texts_are_sound(img, &v->servers[i].host, 1) || v->servers[i].port == 0 || v->servers[i].port > PORT_MAX)
			return false;
	return v->nservers <= SERVERS_MAX;
}

static bool listeners_are_sound(const struct settings_view *v, const struct image *img)
{
	for (size_t i = 0; i < v->nlisteners; i++) {
		const struct settings_listener *l = &v->listeners[i];
		if (!texts_are_sound(img, (const struct image_str[]){ l->name, l->advertise_host }, 2) ||
		    l->cluster >= v->nclusters || !range_fits(l->first_bind, l->nbinds, v->nbinds) ||
		    l->broker_port_count == 0 || l->broker_port_base == 0 || l->tls > v->ntls ||
		    (l->tls && v->tls[l->tls - 1].cert.len == 0) || !range_fits(l->first_network, l->nnetworks, v->nnetworks) ||
		    !ranges_are_sound(v, l) || (uint64_t)l->broker_port_base + l->broker_port_count - 1 > PORT_MAX)
			return false;
	}
	return true;
}

static bool networks_are_sound(const struct settings_view *v)
{
	for (size_t i = 0; i < v->nnetworks; i++)
		if (v->networks[i].bits > 128)
			return false;
	return true;
}

static bool binds_are_sound(const struct settings_view *v, const struct image *img)
{
	for (size_t i = 0; i < v->nbinds; i++) {
		const struct settings_bind *b = &v->binds[i];
		if (!texts_are_sound(img, &b->host, 1) || b->port > PORT_MAX || b->listener >= v->nlisteners ||
		    b->broker < -1 || b->broker >= (int64_t)v->listeners[b->listener].broker_port_count)
			return false;
	}
	return true;
}

int settings_open(struct settings_view *v, const struct image *img)
{
	size_t n;

	v->settings = image_table(img, IMAGE_SETTINGS, sizeof *v->settings, &n);
	if (!v->settings || n != 1)
		return E_MALFORMED;
	v->clusters = image_table(img, IMAGE_CLUSTERS, sizeof *v->clusters, &v->nclusters);
	v->servers = image_table(img, IMAGE_SERVERS, sizeof *v->servers, &v->nservers);
	v->listeners = image_table(img, IMAGE_LISTENERS, sizeof *v->listeners, &v->nlisteners);
	v->binds = image_table(img, IMAGE_BINDS, sizeof *v->binds, &v->nbinds);
	v->tls = image_table(img, IMAGE_TLS, sizeof *v->tls, &v->ntls);
	v->ranges = image_table(img, IMAGE_RANGES, sizeof *v->ranges, &v->nranges);
	v->networks = image_table(img, IMAGE_NETWORKS, sizeof *v->networks, &v->nnetworks);
	if (!v->clusters || !v->servers || !v->listeners || !v->binds || !v->tls || !v->ranges || !v->networks)
		return E_MALFORMED;
	const struct settings *s = v->settings;
	if (s->workers == 0 || s->workers > 1024 || s->limit_connections == 0 || s->limit_frame == 0 ||
	    !texts_are_sound(img, (const struct image_str[]){ s->admin_bind, s->store, s->log_file, s->control, s->user }, 5))
		return E_MALFORMED;
	return tls_is_sound(v, img) && networks_are_sound(v) && clusters_are_sound(v, img) && listeners_are_sound(v, img) && binds_are_sound(v, img) ? 0 : E_MALFORMED;
}
