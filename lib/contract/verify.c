/* Every offset and index of the contract's sections, checked once when a generation is
 * prepared: after this, judging follows them blindly. Owner: contract; runs in workers. */
#include "contract/internal.h"

static bool list_is_sound(const struct contract_tables *t, struct contract_list l, size_t size)
{
	size_t n = image_section(t->img, IMAGE_CONTRACT_DATA).n;

	return l.off % 4 == 0 && l.off <= n && l.n <= (n - l.off) / size;
}

static bool text_is_sound(const struct contract_tables *t, struct image_str s)
{
	return image_str_is_sound(t->img, s);
}

static bool range_is_sound(uint32_t first, uint32_t n, size_t total)
{
	return first <= total && n <= total - first;
}

static bool actions_are_sound(const struct contract_actions *a, bool may_be_unset)
{
	for (unsigned v = 0; v < VERDICT_COUNT; v++)
		if (a->of[v] >= ACTION_COUNT && !(may_be_unset && a->of[v] == CONTRACT_ACTION_UNSET))
			return false;
	return true;
}

static bool root_is_sound(const struct contract_tables *t)
{
	const struct contract_root *r = t->root;

	return actions_are_sound(&r->policy, false) && list_is_sound(t, r->clusters, sizeof *t->clusters) &&
	       list_is_sound(t, r->documents, sizeof *t->documents) && r->nrules == t->nrules && t->nrules <= CONTRACT_MAX_RULES;
}

static bool cluster_is_sound(const struct contract_tables *t, const struct contract_cluster *cluster)
{
	return range_is_sound(cluster->first_topic, cluster->ntopics, t->ntopics) &&
	       range_is_sound(cluster->first_template, cluster->ntemplates, t->ntemplates);
}

/* As many bits as there are messages. */
static bool set_is_sound(const struct contract_tables *t, struct contract_list l, uint32_t nmessages)
{
	return l.n == (nmessages + 31) / 32 && list_is_sound(t, l, sizeof(uint32_t));
}

static bool slots_are_sound(const struct contract_tables *t, struct contract_list l, uint32_t nvalues)
{
	bool has_free = false;

	if (!list_is_sound(t, l, sizeof(uint32_t)) || l.n == 0 || (l.n & (l.n - 1)) != 0)
		return false;
	const uint32_t *slots = contract_items(t, l);
	for (uint32_t i = 0; i < l.n; i++) {
		if (slots[i] > nvalues)
			return false;
		has_free |= slots[i] == 0;
	}
	return has_free;
}

static bool selector_is_sound(const struct contract_tables *t, const struct contract_selector *s, uint32_t nmessages)
{
	if (s->place >= CONTRACT_PLACE_COUNT || s->nsteps > CONTRACT_MAX_STEPS || (s->place != CONTRACT_AT_KEY && s->nsteps == 0) ||
	    !list_is_sound(t, s->values, sizeof(struct contract_value)) || !slots_are_sound(t, s->slots, s->values.n) || !set_is_sound(t, s->other, nmessages) || !set_is_sound(t, s->absent, nmessages))
		return false;
	for (uint32_t i = 0; i < CONTRACT_MAX_STEPS; i++)
		if (!text_is_sound(t, s->steps[i]))
			return false;
	const struct contract_value *values = contract_items(t, s->values);
	for (uint32_t i = 0; i < s->values.n; i++)
		if (!text_is_sound(t, values[i].text) || !set_is_sound(t, values[i].candidates, nmessages))
			return false;
	return true;
}

static bool selectors_are_sound(const struct contract_tables *t, const struct contract_declaration *d)
{
	if (d->selectors.n > CONTRACT_MAX_SELECTORS || !list_is_sound(t, d->selectors, sizeof(struct contract_selector)))
		return false;
	const struct contract_selector *selectors = contract_items(t, d->selectors);
	for (uint32_t i = 0; i < d->selectors.n; i++)
		if (!selector_is_sound(t, &selectors[i], d->messages.n))
			return false;
	return true;
}

static bool declaration_is_sound(const struct contract_tables *t, const struct contract_declaration *d)
{
	if (d->document >= t->root->documents.n || d->channel >= t->nchannels || !actions_are_sound(&d->actions, false) ||
	    d->messages.n > CONTRACT_MAX_MESSAGES || !list_is_sound(t, d->messages, sizeof(uint32_t)) || !selectors_are_sound(t, d))
		return false;
	const uint32_t *messages = contract_items(t, d->messages);
	for (uint32_t i = 0; i < d->messages.n; i++)
		if (messages[i] >= t->nmessages)
			return false;
	return true;
}

static bool entry_is_sound(const struct contract_tables *t, const struct contract_entry *e)
{
	if (!text_is_sound(t, e->name) || e->cluster >= t->root->clusters.n || e->strictest >= ACTION_COUNT || e->needs_headers > 1 || e->other_templates > 1 ||
	    !list_is_sound(t, e->declarations, sizeof(struct contract_declaration)))
		return false;
	const struct contract_declaration *d = contract_items(t, e->declarations);
	for (uint32_t i = 0; i < e->declarations.n; i++)
		if (!declaration_is_sound(t, &d[i]))
			return false;
	for (size_t i = t->nrules; i < CONTRACT_MAX_RULES; i++)
		if (e->rules[i / 32] >> i % 32 & 1)
			return false;
	return e->declarations.n > 0;
}

static bool part_is_sound(const struct contract_tables *t, const struct contract_part *p)
{
	if (!text_is_sound(t, p->text) || p->parameter > 1 || p->stop > 255 || p->types > CONTRACT_TYPE_MASK ||
	    !schema_root_is_known(t->img, p->schema) || !list_is_sound(t, p->values, sizeof(struct image_str)))
		return false;
	const struct image_str *values = contract_items(t, p->values);
	for (uint32_t i = 0; i < p->values.n; i++)
		if (!text_is_sound(t, values[i]))
			return false;
	return true;
}

static bool template_is_sound(const struct contract_tables *t, const struct contract_template *template)
{
	if (template->entry >= t->ntopics || template->document >= t->root->documents.n || template->parts.n > CONTRACT_MAX_PARTS ||
	    !list_is_sound(t, template->parts, sizeof(struct contract_part)))
		return false;
	const struct contract_part *parts = contract_items(t, template->parts);
	for (uint32_t i = 0; i < template->parts.n; i++)
		if (!part_is_sound(t, &parts[i]))
			return false;
	return true;
}

static bool rule_of_part_is_sound(const struct contract_tables *t, const struct contract_part_rule *p)
{
	return p->mode < CONTRACT_MODE_COUNT && p->types <= CONTRACT_TYPE_MASK && schema_root_is_known(t->img, p->schema);
}

static bool message_is_sound(const struct contract_tables *t, const struct contract_message *m)
{
	if (!text_is_sound(t, m->name) || !text_is_sound(t, m->reason) || m->channel >= t->nchannels ||
	    m->document >= t->root->documents.n || m->tombstone > 1 || !actions_are_sound(&m->actions, false) ||
	    !rule_of_part_is_sound(t, &m->payload) || !rule_of_part_is_sound(t, &m->headers) || !rule_of_part_is_sound(t, &m->key) ||
	    !list_is_sound(t, m->known_headers, sizeof(struct contract_header)))
		return false;
	const struct contract_header *h = contract_items(t, m->known_headers);
	for (uint32_t i = 0; i < m->known_headers.n; i++)
		if (!text_is_sound(t, h[i].name) || h[i].types > CONTRACT_TYPE_MASK || h[i].items > CONTRACT_TYPE_MASK)
			return false;
	return true;
}

static bool hash_is_sound(const struct contract_tables *t)
{
	bool has_free = false;

	if (t->nhash == 0 || (t->nhash & (t->nhash - 1)) != 0)
		return false;
	for (size_t i = 0; i < t->nhash; i++) {
		if (t->hash[i] > t->ntopics)
			return false;
		has_free |= t->hash[i] == 0;
	}
	return has_free;
}

static bool texts_are_sound(const struct contract_tables *t)
{
	for (uint32_t i = 0; i < t->root->documents.n; i++)
		if (!text_is_sound(t, t->documents[i].name))
			return false;
	for (size_t i = 0; i < t->nchannels; i++)
		if (!text_is_sound(t, t->channels[i].name) || !text_is_sound(t, t->channels[i].address) ||
		    t->channels[i].document >= t->root->documents.n)
			return false;
	for (size_t i = 0; i < t->nrules; i++) {
		const struct contract_rule *r = &t->rules[i];
		if (!text_is_sound(t, r->topics) || !text_is_sound(t, r->message) || !actions_are_sound(&r->actions, true) ||
		    (r->cluster != CONTRACT_NONE && r->cluster >= t->root->clusters.n))
			return false;
	}
	return true;
}

int contract_verify(const struct image *img)
{
	struct contract_tables t;

	if (!contract_tables_open(&t, img) || !root_is_sound(&t) || !texts_are_sound(&t) || !hash_is_sound(&t))
		return E_MALFORMED;
	for (uint32_t i = 0; i < t.root->clusters.n; i++)
		if (!cluster_is_sound(&t, &t.clusters[i]))
			return E_MALFORMED;
	for (size_t i = 0; i < t.ntopics; i++)
		if (!entry_is_sound(&t, &t.topics[i]))
			return E_MALFORMED;
	for (size_t i = 0; i < t.ntemplates; i++)
		if (!template_is_sound(&t, &t.templates[i]))
			return E_MALFORMED;
	for (size_t i = 0; i < t.nmessages; i++)
		if (!message_is_sound(&t, &t.messages[i]))
			return E_MALFORMED;
	return 0;
}
