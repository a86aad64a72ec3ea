/* A document to an image in this process: what the loader does for the gateway. Owner:
 * egctl. */
#include <stdio.h>
#include <stdlib.h>

#include "egctl/document.h"

#define MAX_FINDINGS 10000

bool resources_add(struct resources *r, const char *text)
{
	char *copy = r->n < RESOURCES_MAX ? strdup(text) : NULL, *equals = copy ? strrchr(copy, '=') : NULL;

	if (!equals) {
		free(copy);
		return false;
	}
	*equals = 0;
	r->items[r->n++] = (struct resource){ copy, equals + 1 };
	return true;
}

void resources_fini(struct resources *r)
{
	for (size_t i = 0; i < r->n; i++)
		free(r->items[i].uri);
	r->n = 0;
}

/* The image of one document, whatever cluster it names. */
static int compile(struct document *d)
{
	struct asyncapi_cluster cluster = { .name = "main" };
	struct contract_input in = { .policy = asyncapi_policy_default(), .clusters = &cluster, .nclusters = 1 };
	struct image_builder b;

	image_builder_init(&b);
	struct compile *c = compile_new(&b, &d->f, NULL);
	int r = c ? asyncapi_contract(d->a, &b, c, &in) : E_NOMEM;
	if (r == 0)
		r = compile_finish(c);
	if (r == 0)
		r = image_finish(&b, 1, &d->bytes);
	compile_free(c);
	image_builder_fini(&b);
	return r;
}

static int verify(struct document *d)
{
	int r = image_open(&d->img, d->bytes.p, d->bytes.n);

	if (r == 0)
		r = schema_verify(&d->img);
	if (r == 0)
		r = contract_verify(&d->img);
	d->judges = r == 0;
	return r;
}

static int read_document(struct document *d, const char *path, const struct resources *resources)
{
	for (size_t i = 0; resources && i < resources->n; i++) {
		int r = tree_map_uri(d->set, resources->items[i].uri, resources->items[i].path);
		if (r < 0)
			return r;
	}
	d->file = tree_load(d->set, path);
	if (!asyncapi_add(d->a, d->file, ASYNCAPI_CONFIGURED))
		return d->f.errors ? E_FINDINGS : E_NOMEM;
	int r = compile(d);
	if (r == 0)
		r = verify(d);
	if (r == 0)
		r = asyncapi_check_examples(d->a, &d->img);
	r = r ? r : asyncapi_check_messages(d->a, &d->img);
	return r ? r : asyncapi_check_unused(d->a);
}

int document_open(struct document *d, const char *path, const struct resources *resources)
{
	*d = (struct document){ 0 };
	findings_init(&d->f, MAX_FINDINGS);
	buf_init(&d->bytes, 0);
	d->set = tree_set_new(&d->f, NULL);
	d->a = d->set ? asyncapi_new(d->set, &d->f) : NULL;
	int r = d->a ? read_document(d, path, resources) : E_NOMEM;
	findings_sort(&d->f);
	return r == E_FINDINGS ? 0 : r;
}

static void print_errors(const struct findings *f)
{
	struct buf line;

	buf_init(&line, 0);
	for (size_t i = 0; i < f->n; i++) {
		if (f->items[i].severity < FINDING_ERROR)
			continue;
		buf_clear(&line);
		finding_print(&line, &f->items[i]);
		fprintf(stderr, "%.*s\n", (int)line.n, (const char *)line.p);
	}
	buf_fini(&line);
}

int document_use(struct document *d, const struct egctl *e, const char *path, const struct resources *resources)
{
	int r = document_open(d, path, resources);

	if (r < 0)
		return egctl_fail(e, "%s: %s", path, err_text(r));
	print_errors(&d->f);
	return d->f.errors || !d->judges ? egctl_fail(e, "%s cannot be used to judge records", path) : EGCTL_GOOD;
}

void document_close(struct document *d)
{
	asyncapi_free(d->a);
	if (d->set)
		tree_set_free(d->set);
	buf_fini(&d->bytes);
	findings_fini(&d->f);
}
