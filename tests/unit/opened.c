/* A document to an opened image: the way of the tool. */
#include "opened.h"

static int build(struct opened *o)
{
	struct asyncapi_cluster cluster = { .name = "main" };
	struct contract_input in = { .policy = asyncapi_policy_default(), .clusters = &cluster, .nclusters = 1 };
	struct image_builder b;

	image_builder_init(&b);
	struct compile *c = compile_new(&b, &o->f, NULL);
	int r = asyncapi_contract(o->a, &b, c, &in);
	if (r == 0)
		r = compile_finish(c);
	compile_free(c);
	if (r == 0)
		r = image_finish(&b, 1, &o->bytes);
	image_builder_fini(&b);
	return r;
}

void opened_open(struct opened *o, const char *text)
{
	struct buf line;

	*o = (struct opened){ 0 };
	findings_init(&o->f, 100);
	o->set = tree_set_new(&o->f, NULL);
	o->a = asyncapi_new(o->set, &o->f);
	buf_init(&o->bytes, 0);
	arena_init(&o->arena, 4096, 0);
	(void)asyncapi_add(o->a, tree_parse(o->set, "doc.yaml", text, strlen(text)), ASYNCAPI_CONFIGURED);
	int r = build(o);
	buf_init(&line, 0);
	for (size_t i = 0; i < o->f.n && (r || o->f.errors); i++) {
		buf_clear(&line);
		finding_print(&line, &o->f.items[i]);
		printf("%.*s\n", (int)line.n, (const char *)line.p);
	}
	buf_fini(&line);
	ck_assert_int_eq(r, 0);
	ck_assert_uint_eq(o->f.errors, 0);
	ck_assert_int_eq(image_open(&o->img, o->bytes.p, o->bytes.n), 0);
	ck_assert_int_eq(schema_verify(&o->img), 0);
	ck_assert_int_eq(contract_verify(&o->img), 0);
	ck_assert_int_eq(probe_open(&o->p, o->a, &o->img), 0);
}

void opened_close(struct opened *o)
{
	probe_close(&o->p);
	arena_fini(&o->arena);
	buf_fini(&o->bytes);
	asyncapi_free(o->a);
	tree_set_free(o->set);
	findings_fini(&o->f);
}
