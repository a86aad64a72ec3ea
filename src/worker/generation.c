/* An image in use by this worker. Owner: worker. */
#include <stdlib.h>

#include "schema/schema.h"
#include "worker/generation.h"

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
	if (g->image.base)
		image_unmap(&g->image);
	free(g);
}
