/* One run: configuration, documents, contract, image. Owner: loader; in the gateway it
 * runs in a confined child, for -t and -T in the process that was started. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "control.h"
#include "loader/config.h"
#include "loader/image.h"

#define FINDINGS_IN_PRINT "... and %zu more\n"

/* What one run holds; freed as a whole. */
struct run {
	struct config *config;
	struct image_builder builder;
	struct tree_set *set;
	struct asyncapi *documents;
	struct compile *compile;
};

static void run_fini(struct run *r)
{
	if (r->compile)
		compile_free(r->compile);
	if (r->documents)
		asyncapi_free(r->documents);
	if (r->set)
		tree_set_free(r->set);
	image_builder_fini(&r->builder);
	free(r->config);
}

static int run_init(struct run *r, const struct loader_input *in, struct findings *f)
{
	struct compile_options options = { .plan = in->plan };

	*r = (struct run){ 0 };
	image_builder_init(&r->builder);
	r->config = calloc(1, sizeof *r->config);
	r->set = tree_set_new(f, NULL);
	r->documents = r->set ? asyncapi_new(r->set, f) : NULL;
	r->compile = compile_new(&r->builder, f, &options);
	if (!r->config || !r->documents || !r->compile)
		return E_NOMEM;
	*r->config = (struct config){ .in = in, .f = f, .set = r->set, .b = &r->builder, .folder = "" };
	return 0;
}

static void read_documents(struct run *r)
{
	for (size_t i = 0; i < r->config->ndocuments; i++) {
		struct tree_file *file = tree_load(r->set, r->config->documents[i].path);
		if (file)
			(void)asyncapi_add(r->documents, file, ASYNCAPI_CONFIGURED);
	}
}

static struct asyncapi_cluster *contract_clusters(struct config *c)
{
	struct arena *a = tree_set_arena(c->set);
	struct asyncapi_cluster *out = arena_array(a, c->nclusters + 1, sizeof *out);

	for (size_t i = 0; out && i < c->nclusters; i++) {
		const struct config_cluster *k = &c->clusters[i];
		struct asyncapi_address *addresses = arena_array(a, k->nservers + 1, sizeof *addresses);
		for (size_t j = 0; addresses && j < k->nservers; j++)
			addresses[j] = (struct asyncapi_address){ k->servers[j].host, (uint16_t)k->servers[j].port };
		out[i] = (struct asyncapi_cluster){ k->name, addresses, addresses ? k->nservers : 0 };
	}
	return out;
}

static int build_contract(struct run *r)
{
	struct config *c = r->config;
	const struct settings *s = &c->settings;
	struct contract_input in = {
		.policy = asyncapi_policy_default(), .rules = c->rules, .nrules = c->nrules,
		.clusters = contract_clusters(c), .nclusters = c->nclusters, .any_document = s->documents_agree == 1,
	};

	if (!in.clusters)
		return E_NOMEM;
	in.policy.action[VERDICT_INVALID] = (uint8_t)s->policy_invalid;
	in.policy.action[VERDICT_UNDECLARED] = (uint8_t)s->policy_undeclared;
	in.policy.action[VERDICT_AMBIGUOUS] = (uint8_t)s->policy_ambiguous;
	in.policy.action[VERDICT_UNDECIDABLE] = (uint8_t)s->policy_undecidable;
	int e = asyncapi_contract(r->documents, &r->builder, r->compile, &in);
	return e < 0 ? e : compile_finish(r->compile);
}

/* The image is opened here as the workers will: what they would refuse is a bug of ours,
 * and must not get as far as them. */
static int check_image(struct run *r, const struct buf *bytes, struct findings *f)
{
	struct image img;
	struct settings_view view;
	int e = image_open(&img, bytes->p, bytes->n);

	if (e == 0)
		e = settings_open(&view, &img);
	if (e == 0)
		e = schema_verify(&img);
	if (e == 0)
		e = contract_verify(&img);
	if (e == 0) {
		e = asyncapi_check_examples(r->documents, &img);
		e = e ? e : asyncapi_check_messages(r->documents, &img);
		return e ? e : asyncapi_check_unused(r->documents);
	}
	finding_error(f, "image-unsound", config_flag("loader"), "the image that was built does not verify (%s); please report this with the documents", err_text(e));
	return E_FINDINGS;
}

static int build(struct run *r, uint64_t generation, struct findings *f, struct buf *image)
{
	config_read(r->config);
	read_documents(r);
	config_complete(r->config, r->documents);
	int e = build_contract(r);
	if (e < 0 && e != E_FINDINGS)
		return e;
	if (f->errors)
		return E_FINDINGS;
	loader_emit_settings(r->config);
	e = image_finish(&r->builder, generation, image);
	if (e == 0)
		e = check_image(r, image, f);
	return e == 0 && f->errors ? E_FINDINGS : e;
}

int loader_run(const struct loader_input *in, uint64_t generation, struct findings *f, struct buf *image)
{
	struct run r;
	int e = run_init(&r, in, f);

	if (e == 0)
		e = build(&r, generation, f, image);
	run_fini(&r);
	findings_sort(f);
	return e;
}

void loader_print(const struct findings *f, struct buf *out)
{
	for (size_t i = 0; i < f->n; i++) {
		finding_print(out, &f->items[i]);
		buf_addch(out, '\n');
	}
	if (f->errors + f->warnings > f->n)
		buf_printf(out, FINDINGS_IN_PRINT, f->errors + f->warnings - f->n);
}

void loader_control_path(const struct loader_input *in, char *out, size_t n)
{
	struct findings ignored;
	struct run r;

	*out = 0;
	findings_init(&ignored, 16);
	if (run_init(&r, in, &ignored) == 0) {
		config_read(r.config);
		struct image_str path = r.config->settings.control;
		if (path.len)
			snprintf(out, n, "%s", (const char *)image_mutable(&r.builder, IMAGE_STRINGS, path.off));
	}
	run_fini(&r);
	findings_fini(&ignored);
}

/* ---- as a process ---- */

static int send_result(int control, int error, uint64_t generation, const struct buf *image)
{
	struct control_message m = control_of(CONTROL_IMAGE, generation);
	int fd = error ? -1 : fd_memfd_sealed("event-gateway-image", image->p, image->n);

	m.error = error ? error : fd < 0 ? fd : 0;
	int e = control_send(control, &m, fd);
	if (fd >= 0)
		close(fd);
	return e;
}

static int send_findings(int control, const struct findings *f)
{
	struct buf text;

	buf_init(&text, 0);
	loader_print(f, &text);
	size_t n = text.n < LOADER_TEXT_MAX ? text.n : LOADER_TEXT_MAX;
	int e = buf_error(&text) ? buf_error(&text) : control_send_text(control, (const char *)text.p, n);
	buf_fini(&text);
	return e;
}

int loader_main(const struct loader_input *in, uint64_t generation, int control)
{
	struct findings f;
	struct buf image;
	int flags = fcntl(control, F_GETFL);

	/* Nothing else is done here: sending may wait for the master. */
	if (flags < 0 || fcntl(control, F_SETFL, flags & ~O_NONBLOCK) < 0)
		return EXIT_FAILURE;
	findings_init(&f, 1000);
	buf_init(&image, 0);
	int error = loader_run(in, generation, &f, &image);
	int e = send_findings(control, &f);
	if (e == 0)
		e = send_result(control, error, generation, &image);
	buf_fini(&image);
	findings_fini(&f);
	return e < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
