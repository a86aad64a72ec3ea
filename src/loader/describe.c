/* What an image puts in force, as -T prints it: options as they would be written, then
 * clusters, listeners and the contract. Owner: loader. */
#include "contract/layout.h"
#include "loader/loader.h"
#include "loader/option.h"

static void describe_options(struct buf *out, const struct settings_view *v, const struct image *img)
{
	for (size_t i = 0; i < option_count; i++) {
		buf_printf(out, "%s: ", option_rows[i].name);
		option_print(&option_rows[i], v->settings, img, out);
		buf_addch(out, '\n');
	}
}

static void describe_tls(struct buf *out, const struct settings_view *v, uint32_t tls)
{
	if (tls)
		buf_printf(out, ", TLS%s%s", v->tls[tls - 1].cert.len ? ", own certificate" : "", v->tls[tls - 1].ca.len ? ", own authorities" : "");
}

static void describe_cluster(struct buf *out, const struct settings_view *v, const struct image *img, const struct settings_cluster *c)
{
	buf_printf(out, "cluster %s:", image_text(img, c->name));
	for (uint32_t i = 0; i < c->nservers; i++) {
		const struct settings_server *s = &v->servers[c->first_server + i];
		buf_printf(out, " %s:%u", image_text(img, s->host), s->port);
	}
	describe_tls(out, v, c->tls);
	if (c->proxy_protocol)
		buf_printf(out, ", PROXY protocol v%u", c->proxy_protocol);
	buf_addch(out, '\n');
}

static void describe_listener(struct buf *out, const struct settings_view *v, const struct image *img, const struct settings_listener *l)
{
	buf_printf(out, "listener %s: cluster %s, bind", image_text(img, l->name), image_text(img, v->clusters[l->cluster].name));
	for (uint32_t i = 0; i < l->nbinds; i++) {
		const struct settings_bind *b = &v->binds[l->first_bind + i];
		const char *host = image_text(img, b->host);
		if (b->broker < 0)
			buf_printf(out, " %s:%u", *host ? host : "*", b->port);
	}
	if (l->nranges == 0)
		buf_printf(out, ", broker ports %u-%u", l->broker_port_base, l->broker_port_base + l->broker_port_count - 1);
	for (uint32_t i = 0; i < l->nranges; i++) {
		const struct settings_range *r = &v->ranges[l->first_range + i];
		buf_printf(out, ", brokers %u-%u at ports %u-%u", r->first_id, r->first_id + r->n - 1, r->port, r->port + r->n - 1);
	}
	const char *advertise = image_text(img, l->advertise_host);
	buf_printf(out, "%s%s", *advertise ? ", advertise " : "", advertise);
	describe_tls(out, v, l->tls);
	if (l->nnetworks)
		buf_printf(out, ", PROXY protocol from %u network%s", l->nnetworks, l->nnetworks == 1 ? "" : "s");
	buf_addch(out, '\n');
}

static void describe_actions(struct buf *out, const struct contract_actions *a)
{
	const char *separator = "";

	for (unsigned v = VERDICT_INVALID; v < VERDICT_COUNT; v++) {
		buf_printf(out, "%s%s %s", separator, verdict_word((enum verdict)v), action_word((enum action)a->of[v]));
		separator = ", ";
	}
}

static const void *items(const struct image *img, struct contract_list list, size_t size)
{
	return image_at(img, IMAGE_CONTRACT_DATA, list.off, list.n * size);
}

static void describe_declaration(struct buf *out, const struct image *img, const struct contract_declaration *d)
{
	size_t nchannels, nmessages;
	const struct contract_channel *channels = image_table(img, IMAGE_CHANNELS, sizeof *channels, &nchannels);
	const struct contract_message *messages = image_table(img, IMAGE_MESSAGES, sizeof *messages, &nmessages);
	const uint32_t *ids = items(img, d->messages, sizeof *ids);

	if (d->channel < nchannels)
		buf_printf(out, "  channel %s\n", image_text(img, channels[d->channel].name));
	for (uint32_t i = 0; ids && i < d->messages.n; i++) {
		const struct contract_message *m = &messages[ids[i]];
		const char *reason = image_text(img, m->reason);
		buf_printf(out, "    message %s: ", image_text(img, m->name));
		describe_actions(out, &m->actions);
		buf_printf(out, "%s%s\n", *reason ? "; undecidable: " : "", reason);
	}
}

static void describe_contract(struct buf *out, const struct settings_view *v, const struct image *img)
{
	size_t ntopics;
	const struct contract_entry *topics = image_table(img, IMAGE_TOPICS, sizeof *topics, &ntopics);

	for (size_t i = 0; i < ntopics; i++) {
		const struct contract_declaration *d = items(img, topics[i].declarations, sizeof *d);
		buf_printf(out, "topic %s of cluster %s\n", image_text(img, topics[i].name), image_text(img, v->clusters[topics[i].cluster].name));
		for (uint32_t k = 0; d && k < topics[i].declarations.n; k++)
			describe_declaration(out, img, &d[k]);
	}
}

int loader_describe(const struct buf *image, struct buf *out)
{
	struct image img;
	struct settings_view view;
	int e = image_open(&img, image->p, image->n);

	if (e == 0)
		e = settings_open(&view, &img);
	if (e == 0)
		e = contract_verify(&img);
	if (e < 0)
		return e;
	describe_options(out, &view, &img);
	for (size_t i = 0; i < view.nclusters; i++)
		describe_cluster(out, &view, &img, &view.clusters[i]);
	for (size_t i = 0; i < view.nlisteners; i++)
		describe_listener(out, &view, &img, &view.listeners[i]);
	describe_contract(out, &view, &img);
	return buf_error(out);
}
