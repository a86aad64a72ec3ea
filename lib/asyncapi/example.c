/* The documents' own examples against their schemas, by the programs of the finished
 * image: a document that refuses its own examples lies in one of the two places. Owner:
 * asyncapi; runs in the loader and the tool. */
#include "asyncapi/model.h"

struct trial {
	struct asyncapi *a;
	struct schema_runner *runner;
	struct buf json;
};

static void tell(struct trial *t, const struct model_message *m, const struct tree_node *node, const char *part, const struct schema_report *report)
{
	const struct schema_error *e = report->errors;

	if (report->n)
		asyncapi_find(t->a->f, EXAMPLE, tree_location(node), "this example's %s is refused by the message %s: %s: %s", part, m->name,
			*e->instance ? e->instance : part, e->message);
}

static void try_part(struct trial *t, const struct model_message *m, const struct model_schema *s, const struct tree_node *node, const char *part)
{
	if (!node || !s->node || s->foreign)
		return;
	buf_clear(&t->json);
	tree_to_json(node, &t->json);
	if (buf_error(&t->json) || schema_run(t->runner, s->root, buf_span(&t->json)) != SCHEMA_INVALID)
		return;
	struct schema_report report = { .arena = t->a->arena, .max = 1 };
	(void)schema_explain(t->runner, s->root, buf_span(&t->json), &report);
	tell(t, m, node, part, &report);
}

static void try_message(struct trial *t, const struct model_message *m)
{
	tree_each(example, tree_get(m->node, "examples")) {
		if (m->mode == CONTRACT_JSON || m->mode == CONTRACT_TEXT)
			try_part(t, m, &m->payload, tree_get(example, "payload"), "payload");
		try_part(t, m, &m->headers, tree_get(example, "headers"), "headers");
	}
}

int asyncapi_check_examples(struct asyncapi *a, const struct image *img)
{
	struct trial t = { .a = a, .runner = schema_runner_new(img, NULL) };

	if (!t.runner)
		return E_NOMEM;
	buf_init(&t.json, 0);
	for (struct asyncapi_document *d = a->documents; d; d = d->next)
		for (struct model_channel *channel = d->channels; channel; channel = channel->next)
			for (struct model_message *m = channel->messages; m; m = m->next)
				try_message(&t, m);
	buf_fini(&t.json);
	schema_runner_free(t.runner);
	return 0;
}
