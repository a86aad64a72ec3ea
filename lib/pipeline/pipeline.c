/* Runs a message through the stages. Owner: the adapter's process. */
#include "pipeline/stages.h"

static const struct stage stages[] = {
#define STAGE(name_) { #name_, stage_##name_ },
#include "pipeline/stage.def"
#undef STAGE
};

void pipeline_begin(struct pipeline *p)
{
	p->edits = (struct edit_list){ 0 };
	p->error = 0;
}

enum stage_result pipeline_run(struct pipeline *p, struct message_view *m)
{
	enum stage_result worst = STAGE_PASS;

	for (size_t i = 0; i < ARRAY_LEN(stages); i++) {
		enum stage_result r = stages[i].run(p, m);
		if (r > worst)
			worst = r;
		if (worst > STAGE_CHANGED)
			break;
	}
	return worst;
}

void pipeline_explain(struct pipeline *p, struct message_view *m)
{
	if (m->explained)
		return;
	m->explained = true;
	m->report = (struct judgement_report){ .arena = p->arena, .topic = m->topic, .cluster = m->cluster };
	contract_explain(p->contract, m->rules, &m->record, &m->judgement, &m->report);
}

static bool grow(struct pipeline *p)
{
	struct edit_list *l = &p->edits;
	size_t cap = l->cap ? l->cap * 2 : 16;
	struct edit *items = arena_array(p->arena, cap, sizeof *items);

	if (!items) {
		p->error = E_NOMEM;
		return false;
	}
	if (l->n)
		memcpy(items, l->items, l->n * sizeof *items);
	l->items = items;
	l->cap = cap;
	return true;
}

void pipeline_add_header(struct pipeline *p, struct message_view *m, struct span name, struct span value)
{
	struct edit_list *l = &p->edits;

	if (l->n == l->cap && !grow(p))
		return;
	l->items[l->n++] = (struct edit){ m->index, name, value };
}
