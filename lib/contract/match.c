/* How a topic finds its declarations: exact addresses by hash, templates by their parts,
 * rules by glob, and the nearest name for one that has none. Owner: contract; runs in
 * workers. */
#include "base/hash.h"
#include "contract/internal.h"

#define NEAR_LIMIT 5u                   /* edits */
#define NEAR_NAMES 4096u                /* names compared at most */
#define NEAR_TEMPLATES 256u
#define NEAR_BYTES 255u

static void set_bit(uint32_t *words, size_t i)
{
	words[i / 32] |= 1u << i % 32;
}

/* Iterative, with one resumption point: linear in practice, n*m at worst. */
bool contract_glob(struct span pattern, struct span text)
{
	size_t p = 0, t = 0, star = SIZE_MAX, resume = 0;

	while (t < text.n) {
		if (p < pattern.n && pattern.p[p] == '*') {
			star = p++;
			resume = t;
		} else if (p < pattern.n && (pattern.p[p] == '?' || pattern.p[p] == text.p[t])) {
			p++;
			t++;
		} else if (star != SIZE_MAX) {
			p = star + 1;
			t = ++resume;
		} else {
			return false;
		}
	}
	while (p < pattern.n && pattern.p[p] == '*')
		p++;
	return p == pattern.n;
}

/* ---- templates ---- */

struct template_match {
	const struct contract *c;
	const struct contract_part *parts;
	uint32_t nparts;
	struct span topic;
	/* (part, position) pairs that are known to lead nowhere: no backtracking twice */
	uint8_t dead[CONTRACT_MAX_PARTS][(CONTRACT_MAX_TOPIC + 8) / 8];
};

static bool value_is_listed(const struct contract *c, const struct contract_part *part, struct span value)
{
	const struct image_str *values = contract_items(&c->t, part->values);

	for (uint32_t i = 0; i < part->values.n; i++)
		if (span_eq(image_str_span(&c->img, values[i]), value))
			return true;
	return part->values.n == 0;
}

static bool value_is_allowed(const struct contract *c, const struct contract_part *part, struct span value)
{
	struct contract *scratch = (struct contract *)c;   /* its buffers are no part of what is found */

	if (!value_is_listed(c, part, value))
		return false;
	if (part->schema == SCHEMA_ANY)
		return true;
	for (enum typed_form form = TYPED_FIRST; form <= TYPED_PARSED; form++) {
		buf_clear(&scratch->text);
		if (contract_typed(scratch, value, part->types, form, &scratch->text) &&
		    schema_run(c->runner, part->schema, buf_span(&scratch->text)) == SCHEMA_VALID)
			return true;
	}
	return false;
}

static bool template_from(struct template_match *m, uint32_t part, size_t at);

/* Lazily: the shortest value that lets the rest match. */
static bool parameter_from(struct template_match *m, uint32_t i, size_t at)
{
	const struct contract_part *part = &m->parts[i];

	for (size_t end = at + 1; end <= m->topic.n && m->topic.p[end - 1] != part->stop; end++)
		if (template_from(m, i + 1, end) && value_is_allowed(m->c, part, span_of(m->topic.p + at, end - at)))
			return true;
	return false;
}

static bool template_from(struct template_match *m, uint32_t i, size_t at)
{
	if (i == m->nparts)
		return at == m->topic.n;
	if (m->dead[i][at / 8] >> at % 8 & 1)
		return false;

	const struct contract_part *part = &m->parts[i];
	struct span text = image_str_span(&m->c->img, part->text);
	bool found;
	if (part->parameter)
		found = parameter_from(m, i, at);
	else
		found = text.n <= m->topic.n - at && memcmp(m->topic.p + at, text.p, text.n) == 0 && template_from(m, i + 1, at + text.n);
	if (!found)
		m->dead[i][at / 8] |= (uint8_t)(1u << at % 8);
	return found;
}

bool contract_template_matches(const struct contract *c, const struct contract_template *template, struct span topic)
{
	struct template_match m;

	if (topic.n > CONTRACT_MAX_TOPIC || topic.n < template->literals)
		return false;
	m.c = c;
	m.parts = contract_items(&c->t, template->parts);
	m.nparts = template->parts.n;
	m.topic = topic;
	memset(m.dead, 0, sizeof m.dead[0] * m.nparts);
	return template_from(&m, 0, 0);
}

/* ---- a topic ---- */

static uint32_t exact_entry(const struct contract *c, uint32_t cluster, struct span topic)
{
	size_t mask = c->t.nhash - 1;

	for (size_t i = hash64(topic.p, topic.n, cluster) & mask; c->t.hash[i]; i = (i + 1) & mask) {
		const struct contract_entry *e = &c->t.topics[c->t.hash[i] - 1];
		if (e->cluster == cluster && span_eq(image_str_span(&c->img, e->name), topic))
			return c->t.hash[i] - 1;
	}
	return CONTRACT_NONE;
}

static bool document_is_taken(const struct contract *c, const struct contract_topic *t, uint32_t document)
{
	struct declaration_walk w = declaration_walk(c, t);
	const struct contract_declaration *d;

	while ((d = declaration_next(&w)))
		if (d->document == document)
			return true;
	return false;
}

/* Of each document its nearest template: they are sorted so that this is the first. An
 * exact address beats the templates of its own document. */
static void find_templates(const struct contract *c, uint32_t cluster, struct span topic, struct contract_topic *t)
{
	const struct contract_cluster *row = &c->t.clusters[cluster];

	for (uint32_t i = 0; i < row->ntemplates; i++) {
		const struct contract_template *template = &c->t.templates[row->first_template + i];
		if (document_is_taken(c, t, template->document) || !contract_template_matches(c, template, topic))
			continue;
		if (t->nentries == CONTRACT_TOPIC_ENTRIES) {
			t->crowded = true;
			break;
		}
		t->entries[t->nentries++] = template->entry;
	}
}

static void find_rules(const struct contract *c, uint32_t cluster, struct span topic, struct contract_topic *t)
{
	for (size_t i = 0; i < c->t.nrules; i++) {
		const struct contract_rule *r = &c->t.rules[i];
		struct span glob = image_str_span(&c->img, r->topics);
		if ((r->cluster == CONTRACT_NONE || r->cluster == cluster) && (glob.n == 0 || contract_glob(glob, topic)))
			set_bit(t->rules, i);
	}
}

static bool rules_are_empty(const struct contract_topic *t)
{
	for (unsigned i = 0; i < CONTRACT_RULE_WORDS; i++)
		if (t->rules[i])
			return false;
	return true;
}

static void raise(uint8_t *strictest, enum action a)
{
	if (a > *strictest)
		*strictest = (uint8_t)a;
}

static void raise_by_actions(const struct contract *c, struct contract_topic *t, struct image_str message, const struct contract_actions *own)
{
	static const enum verdict possible[] = { VERDICT_INVALID, VERDICT_AMBIGUOUS, VERDICT_UNDECIDABLE };

	for (size_t i = 0; i < ARRAY_LEN(possible); i++)
		raise(&t->strictest, contract_action(c, t, message, own, possible[i]));
}

static void strictest_by_rules(const struct contract *c, struct contract_topic *t)
{
	struct declaration_walk w = declaration_walk(c, t);
	const struct contract_declaration *d;

	while ((d = declaration_next(&w))) {
		const uint32_t *messages = contract_items(&c->t, d->messages);
		raise_by_actions(c, t, (struct image_str){ 0, 0 }, &d->actions);
		for (uint32_t i = 0; i < d->messages.n; i++)
			raise_by_actions(c, t, c->t.messages[messages[i]].name, &c->t.messages[messages[i]].actions);
	}
}

static void sum_up(const struct contract *c, struct contract_topic *t, uint32_t entry)
{
	const struct contract_entry *e = &c->t.topics[entry];

	t->needs_headers |= e->needs_headers != 0;
	raise(&t->strictest, e->strictest);
}

static void undeclared(const struct contract *c, struct contract_topic *t)
{
	t->undeclared_action = contract_action(c, t, (struct image_str){ 0, 0 }, &c->t.root->policy, VERDICT_UNDECLARED);
	t->strictest = t->undeclared_action;
	t->any_policy = t->undeclared_action != ACTION_OBSERVE;
}

static const struct contract_declaration *only_declaration(const struct contract *c, const struct contract_topic *t)
{
	struct declaration_walk w = declaration_walk(c, t);
	const struct contract_declaration *d = declaration_next(&w);

	return d && !t->crowded && !declaration_next(&w) ? d : NULL;
}

static void find_shortcuts(const struct contract *c, struct contract_topic *t)
{
	const struct contract_declaration *d = only_declaration(c, t);

	if (d && d->messages.n == 1) {
		uint32_t message = *(const uint32_t *)contract_items(&c->t, d->messages);
		t->lone = contract_payload_decides(&c->t.messages[message]) ? message : CONTRACT_NONE;
	} else if (d && d->selectors.n > 0) {
		t->only = d;
	}
}

void contract_find(const struct contract *c, uint32_t cluster, struct span topic, struct contract_topic *out)
{
	*out = (struct contract_topic){ .index = CONTRACT_NONE, .lone = CONTRACT_NONE };
	if (cluster >= c->t.root->clusters.n || span_is_null(topic))
		return;
	uint32_t exact = exact_entry(c, cluster, topic);
	if (exact != CONTRACT_NONE) {
		memcpy(out->rules, c->t.topics[exact].rules, sizeof out->rules);
		out->entries[out->nentries++] = exact;
	} else {
		find_rules(c, cluster, topic, out);
	}
	if (exact == CONTRACT_NONE || c->t.topics[exact].other_templates)
		find_templates(c, cluster, topic, out);
	if (out->nentries == 0) {
		undeclared(c, out);
		return;
	}
	out->index = out->entries[0];
	out->any_policy = true;
	find_shortcuts(c, out);
	for (unsigned i = 0; i < out->nentries; i++)
		sum_up(c, out, out->entries[i]);
	if (!rules_are_empty(out)) {
		out->strictest = ACTION_OBSERVE;
		strictest_by_rules(c, out);
	}
}

static bool is_undeclared_ruled(const struct contract *c, uint32_t cluster)
{
	if (c->t.root->policy.of[VERDICT_UNDECLARED] != ACTION_OBSERVE)
		return true;
	for (size_t i = 0; i < c->t.nrules; i++) {
		const struct contract_rule *r = &c->t.rules[i];
		uint8_t a = r->actions.of[VERDICT_UNDECLARED];
		if ((r->cluster == CONTRACT_NONE || r->cluster == cluster) && a != CONTRACT_ACTION_UNSET && a != ACTION_OBSERVE)
			return true;
	}
	return false;
}

bool contract_is_empty(const struct contract *c, uint32_t cluster)
{
	if (cluster >= c->t.root->clusters.n)
		return true;
	const struct contract_cluster *row = &c->t.clusters[cluster];
	return row->ntopics == 0 && row->ntemplates == 0 && !is_undeclared_ruled(c, cluster);
}

/* ---- the declarations of a found topic ---- */

struct declaration_walk declaration_walk(const struct contract *c, const struct contract_topic *t)
{
	return (struct declaration_walk){ .c = c, .t = t };
}

const struct contract_declaration *declaration_next(struct declaration_walk *w)
{
	if (w->left == 0) {
		if (w->next_entry >= w->t->nentries)
			return NULL;
		const struct contract_entry *e = &w->c->t.topics[w->t->entries[w->next_entry++]];
		w->at = contract_items(&w->c->t, e->declarations);
		w->left = e->declarations.n;
	}
	w->left--;
	return w->at++;
}

/* ---- the nearest name ---- */

/* Levenshtein within a band of `limit` around the diagonal; limit + 1 when farther. */
static unsigned edit_distance(struct span a, struct span b, unsigned limit)
{
	uint16_t row[NEAR_BYTES + 1];

	if (a.n > NEAR_BYTES || b.n > NEAR_BYTES || (a.n > b.n ? a.n - b.n : b.n - a.n) > limit)
		return limit + 1;
	for (size_t j = 0; j <= b.n; j++)
		row[j] = (uint16_t)j;
	for (size_t i = 1; i <= a.n; i++) {
		size_t from = i > limit ? i - limit : 1, to = i + limit < b.n ? i + limit : b.n;
		unsigned diagonal = row[from - 1], best = limit + 1;

		row[from - 1] = from == 1 ? (uint16_t)i : (uint16_t)(limit + 1);
		for (size_t j = from; j <= to; j++) {
			unsigned above = j == i + limit ? limit + 1 : row[j];
			unsigned cost = diagonal + (a.p[i - 1] != b.p[j - 1]);
			if (above + 1 < cost)
				cost = above + 1;
			if (row[j - 1] + 1u < cost)
				cost = row[j - 1] + 1u;
			diagonal = row[j];
			row[j] = (uint16_t)cost;
			if (cost < best)
				best = cost;
		}
		if (best > limit)
			return limit + 1;
	}
	return row[b.n];
}

/* The same against a template, whose parameters take one or more characters for free. */
static unsigned template_distance(const struct contract *c, const struct contract_template *template, struct span topic, unsigned limit)
{
	const struct contract_part *parts = contract_items(&c->t, template->parts);
	uint16_t row[NEAR_BYTES + 1], last[NEAR_BYTES + 1];

	for (size_t i = 0; i <= topic.n; i++)
		row[i] = (uint16_t)i;
	for (uint32_t k = 0; k < template->parts.n; k++) {
		struct span text = parts[k].parameter ? SPAN_LIT("*") : image_str_span(&c->img, parts[k].text);
		for (size_t j = 0; j < text.n; j++) {
			memcpy(last, row, sizeof row);
			row[0] = (uint16_t)(last[0] + 1);
			for (size_t i = 1; i <= topic.n; i++) {
				unsigned replace = last[i - 1] + (!parts[k].parameter && text.p[j] != topic.p[i - 1]);
				unsigned cost = last[i] + 1u < replace ? last[i] + 1u : replace, more = row[i - 1] + !parts[k].parameter;
				row[i] = (uint16_t)(more < cost ? more : cost);
			}
		}
	}
	return row[topic.n] <= limit ? row[topic.n] : limit + 1;
}

static unsigned near_limit(size_t n)
{
	unsigned third = (unsigned)(n / 3);

	return third < 1 ? 1 : third < NEAR_LIMIT ? third : NEAR_LIMIT;
}

static uint32_t less(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

const char *contract_nearest_topic(const struct contract *c, uint32_t cluster, struct span topic)
{
	uint32_t best = CONTRACT_NONE;

	if (cluster >= c->t.root->clusters.n || topic.n == 0 || topic.n > NEAR_BYTES)
		return "";
	const struct contract_cluster *row = &c->t.clusters[cluster];
	unsigned distance = near_limit(topic.n) + 1;
	for (uint32_t i = 0; i < less(row->ntopics, NEAR_NAMES) && distance > 1; i++) {
		unsigned d = edit_distance(topic, image_str_span(&c->img, c->t.topics[row->first_topic + i].name), distance - 1);
		best = d < distance ? row->first_topic + i : best;
		distance = d < distance ? d : distance;
	}
	for (uint32_t i = 0; i < less(row->ntemplates, NEAR_TEMPLATES) && distance > 1; i++) {
		const struct contract_template *template = &c->t.templates[row->first_template + i];
		unsigned d = template_distance(c, template, topic, distance - 1);
		best = d < distance ? template->entry : best;
		distance = d < distance ? d : distance;
	}
	return best == CONTRACT_NONE ? "" : image_text(&c->img, c->t.topics[best].name);
}
