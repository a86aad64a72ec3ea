/* An image in use by this worker. Owner: worker. */
#include <stdlib.h>

#include "schema/schema.h"
#include "worker/generation.h"
#include "worker/tls.h"

static int add_tls(struct generation *g, uint32_t row, bool server, const char **why)
{
	if (row == 0)
		return 0;
	const struct settings_tls *t = &g->settings.tls[row - 1];
	struct tls_material m = {
		settings_blob_span(&g->image, t->cert), settings_blob_span(&g->image, t->key), settings_blob_span(&g->image, t->ca),
	};
	if (g->tls[row - 1])
		return E_MALFORMED;              /* one row, one owner */
	g->tls[row - 1] = server ? tls_server(&m, why) : tls_client(&m, why);
	return g->tls[row - 1] ? 0 : E_STATE;
}

static int fill_tls(struct generation *g, const char **why)
{
	const struct settings_view *v = &g->settings;
	int error = 0;

	g->tls = calloc(v->ntls + 1, sizeof *g->tls);
	if (!g->tls)
		return E_NOMEM;
	for (size_t i = 0; i < v->nclusters && !error; i++)
		error = add_tls(g, v->clusters[i].tls, false, why);
	for (size_t i = 0; i < v->nlisteners && !error; i++)
		error = add_tls(g, v->listeners[i].tls, true, why);
	return error;
}

static int fill(struct generation *g, int fd, const char **why)
{
	*why = "the image cannot be mapped or is damaged";
	int error = image_map(&g->image, fd);
	if (error)
		return error;
	*why = "the image's settings are not sound";
	error = settings_open(&g->settings, &g->image);
	if (error)
		return error;
	*why = "no memory for TLS";
	error = fill_tls(g, why);
	if (error)
		return error;
	*why = "the image's schemas are not sound";
	error = schema_verify(&g->image);
	if (error)
		return error;
	*why = "the image's contract is not sound";
	error = contract_verify(&g->image);
	if (error)
		return error;
	*why = "no memory for the contract";
	g->contract = contract_open(&g->image);
	return g->contract ? 0 : E_NOMEM;
}

int generation_open(struct generation **out, int fd, const char **why)
{
	struct generation *g = calloc(1, sizeof *g);

	*why = "no memory";
	if (!g)
		return E_NOMEM;
	int error = fill(g, fd, why);
	if (error) {
		generation_close(g);
		return error;
	}
	g->number = image_generation(&g->image);
	*out = g;
	return 0;
}

void generation_close(struct generation *g)
{
	if (!g)
		return;
	if (g->contract)
		contract_close(g->contract);
	for (size_t i = 0; g->tls && i < g->settings.ntls; i++)
		tls_context_free(g->tls[i]);
	free(g->tls);
	if (g->image.base)
		image_unmap(&g->image);
	free(g);
}
