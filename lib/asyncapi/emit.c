/* The model to the contract's sections of an image: schemas compiled, rows written once
 * per message, entries per cluster. Owner: asyncapi; runs in the loader and the tool. */
#include <stdlib.h>
#include <strings.h>

#include "asyncapi/model.h"
#include "base/hash.h"

struct emit {
	struct asyncapi *a;
	struct image_builder *b;
	struct compile *c;
	const struct contract_input *in;
	struct contract_root root;
	bool failed;
};

/* A channel on its way into one cluster. */
struct placed {
	struct model_channel *channel;
	uint32_t document, row;         /* in the contract's tables */
	bool template;
};

/* ---- schemas ---- */

static void compile_one(struct emit *e, struct model_schema *s)
{
	if (!s->node || s->foreign)
		return;
	int r = compile_schema(e->c, s->node, s->dialect, &s->root);
	if (r == 0)
		return;
	s->root = SCHEMA_NONE;
	e->failed = true;
	e->a->no_memory |= r == E_NOMEM;
}

static void compile_channel(struct emit *e, struct model_channel *channel)
{
	for (struct model_parameter *p = channel->parameters; p; p = p->next)
		compile_one(e, &p->schema);
	for (struct model_message *m = channel->messages; m; m = m->next) {
		compile_one(e, &m->payload);
		compile_one(e, &m->headers);
		compile_one(e, &m->key);
	}
}

/* ---- policy ---- */

static struct contract_actions actions_of(const struct emit *e, const struct asyncapi_document *d, struct asyncapi_policy p)
{
	struct contract_actions out = { { 0 } };

	/* What somebody uploads may tighten the configured policy, never loosen it. */
	p = d->origin == ASYNCAPI_UPLOADED ? policy_strictest(p, e->in->policy) : policy_nearest(p, e->in->policy);
	memcpy(out.of, p.action, sizeof p.action);
	out.of[VERDICT_VALID] = ACTION_OBSERVE;
	return out;
}

static uint8_t strictest_of(const struct contract_actions *actions)
{
	uint8_t strictest = ACTION_OBSERVE;

	for (unsigned v = VERDICT_INVALID; v < VERDICT_COUNT; v++)
		if (v != VERDICT_UNDECLARED && actions->of[v] > strictest)
			strictest = actions->of[v];
	return strictest;
}

/* ---- rows ---- */

static struct image_str intern(struct emit *e, const char *text)
{
	return image_intern(e->b, span_str(text));
}

static uint32_t header_items(struct tree_node *schema)
{
	schema = schema && schema->kind == TREE_MAP ? tree_deref(schema) : NULL;
	struct tree_node *items = tree_get(schema, "items");

	return items ? schema_types(items) : 0;
}

struct named_header {
	struct span name;
	uint32_t types, items;
	size_t order;
};

static int by_header_name(const void *x, const void *y)
{
	const struct named_header *a = x, *b = y;
	int order = memcmp(a->name.p, b->name.p, a->name.n < b->name.n ? a->name.n : b->name.n);

	if (order || a->name.n != b->name.n)
		return order ? order : a->name.n < b->name.n ? -1 : 1;
	return a->order < b->order ? -1 : 1;
}

static size_t count_headers(struct tree_node *schema, unsigned depth)
{
	schema = depth && schema && schema->kind == TREE_MAP ? tree_deref(schema) : NULL;
	struct tree_node *properties = tree_get(schema, "properties");
	size_t n = properties ? properties->count : 0;

	tree_each(item, tree_get(schema, "allOf"))
		n += count_headers(item, depth - 1);
	return n;
}

/* Properties of the schema and of what it is allOf; of a name met again the first counts. */
static void collect_headers(struct tree_node *schema, unsigned depth, struct named_header *out, size_t *n)
{
	schema = depth && schema && schema->kind == TREE_MAP ? tree_deref(schema) : NULL;
	tree_each(property, tree_get(schema, "properties")) {
		out[*n] = (struct named_header){ property->key, schema_types(property), header_items(property), *n };
		(*n)++;
	}
	tree_each(item, tree_get(schema, "allOf"))
		collect_headers(item, depth - 1, out, n);
}

static struct contract_list emit_headers(struct emit *e, struct tree_node *schema)
{
	size_t cap = count_headers(schema, 8), n = 0;
	struct contract_list list = { 0, 0 };
	struct named_header *found = cap ? model_alloc(e->a, cap * sizeof *found) : NULL;

	if (!found)
		return list;
	collect_headers(schema, 8, found, &n);
	qsort(found, n, sizeof *found, by_header_name);
	for (size_t i = 0; i < n; i++) {
		if (i > 0 && span_eq(found[i].name, found[i - 1].name))
			continue;
		struct contract_header row = { image_intern(e->b, found[i].name), found[i].types, found[i].items };
		uint32_t off = image_append(e->b, IMAGE_CONTRACT_DATA, &row, sizeof row, 4);
		if (list.n++ == 0)
			list.off = off;
	}
	return list;
}

static struct contract_part_rule part_rule(const struct model_schema *s)
{
	struct contract_part_rule rule = { .mode = CONTRACT_FREE, .schema = SCHEMA_ANY };

	if (!s->node)
		return rule;
	rule.mode = s->foreign ? CONTRACT_UNDECIDABLE : CONTRACT_JSON;
	rule.schema = s->foreign ? SCHEMA_ANY : s->root;
	rule.types = s->types;
	return rule;
}

static const char *foreign_reason(struct emit *e, const struct model_message *m)
{
	const struct model_schema *s = m->key.foreign ? &m->key : &m->headers;

	if (*m->reason || !s->foreign)
		return m->reason;
	const char *text = arena_printf(e->a->arena, "its schema is in %s, which this build does not judge", s->foreign);
	return text ? text : "";
}

static uint32_t emit_message(struct emit *e, const struct model_channel *channel, struct model_message *m, uint32_t document, uint32_t row)
{
	struct contract_message out = {
		.name = intern(e, m->name), .reason = intern(e, foreign_reason(e, m)), .channel = row, .document = document,
		.payload = part_rule(&m->payload), .headers = part_rule(&m->headers), .key = part_rule(&m->key),
		.tombstone = channel->compacted, .actions = actions_of(e, channel->document, m->policy), .location = m->identity->line,
	};

	out.payload.mode = (uint32_t)m->mode;
	out.payload.types = 0;
	if (out.headers.mode == CONTRACT_JSON)
		out.known_headers = emit_headers(e, m->headers.node);
	m->index = image_append(e->b, IMAGE_MESSAGES, &out, sizeof out, 4) / (uint32_t)sizeof out;
	return m->index;
}

/* What a channel without a word on messages lets pass: anything, counted by its name. */
static void emit_open_message(struct emit *e, struct model_channel *channel, uint32_t document, uint32_t row)
{
	struct model_message *m = model_alloc(e->a, sizeof *m);

	if (!m)
		return;
	*m = (struct model_message){ .name = channel->name, .node = channel->node, .identity = channel->node, .reason = "", .mode = CONTRACT_FREE, .policy = channel->policy };
	channel->messages = m;
	(void)emit_message(e, channel, m, document, row);
}

static uint32_t emit_channel(struct emit *e, struct model_channel *channel, uint32_t document)
{
	struct contract_channel out = { intern(e, channel->name), intern(e, channel->address), document, 0 };
	uint32_t row = image_append(e->b, IMAGE_CHANNELS, &out, sizeof out, 4) / (uint32_t)sizeof out;

	for (struct model_message *m = channel->messages; m; m = m->next)
		(void)emit_message(e, channel, m, document, row);
	if (channel->open)
		emit_open_message(e, channel, document, row);
	return row;
}

/* ---- declarations ---- */

static struct contract_message *message_row(struct emit *e, uint32_t index)
{
	return image_mutable(e->b, IMAGE_MESSAGES, index * (uint32_t)sizeof(struct contract_message));
}

static void tighten(struct contract_actions *a, const struct contract_actions *by)
{
	for (unsigned v = 0; v < VERDICT_COUNT; v++)
		if (by->of[v] > a->of[v])
			a->of[v] = by->of[v];
}

/* One object on two channels of an address is one candidate under the stricter policy;
 * a channel that says nothing of messages adds none when another one does. */
static void add_candidates(struct emit *e, const struct placed *p, size_t n, struct model_message **out, uint32_t *count)
{
	bool closed = false;

	for (size_t i = 0; i < n; i++)
		closed |= !p[i].channel->open;
	for (size_t i = 0; i < n; i++) {
		for (struct model_message *m = p[i].channel->messages; m && !(closed && p[i].channel->open); m = m->next) {
			uint32_t k = 0;
			while (k < *count && out[k]->identity != m->identity)
				k++;
			if (k == *count)
				out[(*count)++] = m;
			else
				tighten(&message_row(e, out[k]->index)->actions, &message_row(e, m->index)->actions);
		}
	}
}

static size_t count_messages(const struct placed *p, size_t n)
{
	size_t count = 0;

	for (size_t i = 0; i < n; i++)
		for (const struct model_message *m = p[i].channel->messages; m; m = m->next)
			count++;
	return count;
}

/* The declaration of n channels of one document on one address. */
static struct contract_declaration declare(struct emit *e, const struct placed *p, size_t n)
{
	struct contract_declaration out = { .document = p->document, .channel = p->row };
	struct model_message **messages = model_alloc(e->a, (count_messages(p, n) + 1) * sizeof *messages);
	uint32_t count = 0;

	out.actions = actions_of(e, p->channel->document, p->channel->policy);
	for (size_t i = 1; i < n; i++) {
		struct contract_actions other = actions_of(e, p[i].channel->document, p[i].channel->policy);
		tighten(&out.actions, &other);
	}
	if (!messages || e->b->error)
		return out;
	add_candidates(e, p, n, messages, &count);
	if (count > CONTRACT_MAX_MESSAGES) {
		asyncapi_find(e->a->f, MESSAGES_LIMIT, tree_location(p->channel->node), "the channels of this address have more than %u messages; split it", CONTRACT_MAX_MESSAGES);
		return out;
	}
	out.messages = (struct contract_list){ image_append(e->b, IMAGE_CONTRACT_DATA, NULL, count * sizeof(uint32_t), 4), count };
	uint32_t *list = image_mutable(e->b, IMAGE_CONTRACT_DATA, out.messages.off);
	for (uint32_t i = 0; i < count && !e->b->error; i++)
		list[i] = messages[i]->index;
	out.selectors = selectors_emit(e->a, e->b, messages, count);
	return out;
}

static void sum_up(struct emit *e, struct contract_entry *entry, const struct contract_declaration *d)
{
	uint8_t strictest = strictest_of(&d->actions);

	if (d->messages.n == 0 && strictest > entry->strictest)
		entry->strictest = strictest;
	for (uint32_t i = 0; i < d->messages.n && !e->b->error; i++) {
		const uint32_t *list = image_mutable(e->b, IMAGE_CONTRACT_DATA, d->messages.off);
		const struct contract_message *m = message_row(e, list[i]);
		strictest = strictest_of(&m->actions);
		if (strictest > entry->strictest)
			entry->strictest = strictest;
		entry->needs_headers |= m->headers.mode != CONTRACT_FREE;
	}
}

/* ---- clusters ---- */

static int by_address(const void *x, const void *y)
{
	const struct placed *a = x, *b = y;

	if (a->template != b->template)
		return a->template ? 1 : -1;
	int order = strcmp(a->channel->address, b->channel->address);
	if (order)
		return order;
	return a->document != b->document ? (a->document < b->document ? -1 : 1) : a->row < b->row ? -1 : a->row > b->row;
}

static bool is_bootstrap(const struct asyncapi_cluster *cluster, const struct asyncapi_server *server)
{
	for (size_t i = 0; i < cluster->nbootstrap; i++)
		if (strcasecmp(cluster->bootstrap[i].host, server->host) == 0 && cluster->bootstrap[i].port == server->port)
			return true;
	return false;
}

static bool names_cluster(const struct emit *e, const struct asyncapi_document *d, const struct asyncapi_cluster *cluster)
{
	for (size_t i = 0; i < e->a->nservers; i++)
		if (e->a->servers[i].document == d->name && is_bootstrap(cluster, &e->a->servers[i]))
			return true;
	return false;
}

static bool applies(const struct emit *e, const struct asyncapi_document *d, const struct asyncapi_cluster *cluster)
{
	if (names_cluster(e, d, cluster))
		return true;
	for (size_t i = 0; i < e->in->nclusters; i++)
		if (names_cluster(e, d, &e->in->clusters[i]))
			return false;
	return true;
}

static void match_rules(struct emit *e, struct contract_entry *entry, const char *address, const char *cluster)
{
	for (size_t i = 0; i < e->in->nrules && i < CONTRACT_MAX_RULES; i++) {
		const struct asyncapi_rule *r = &e->in->rules[i];
		bool matches = !r->topics || *r->topics == 0 || contract_glob(span_str(r->topics), span_str(address));
		if (matches && (!r->cluster || strcmp(r->cluster, cluster) == 0))
			entry->rules[i / 32] |= 1u << i % 32;
	}
}

static uint32_t emit_entry(struct emit *e, const struct placed *p, size_t n, uint32_t cluster)
{
	struct contract_entry entry = { .name = intern(e, p->channel->address), .cluster = cluster };
	struct contract_declaration *declarations = model_alloc(e->a, n * sizeof *declarations);
	uint32_t count = 0;

	for (size_t i = 0, k; declarations && i < n; i = k) {
		for (k = i + 1; k < n && p[k].document == p[i].document; k++)
			;
		declarations[count] = declare(e, &p[i], k - i);
		sum_up(e, &entry, &declarations[count++]);
	}
	entry.declarations = (struct contract_list){ image_append(e->b, IMAGE_CONTRACT_DATA, declarations, count * sizeof *declarations, 4), count };
	if (!p->template)
		match_rules(e, &entry, p->channel->address, e->in->clusters[cluster].name);
	return image_append(e->b, IMAGE_TOPICS, &entry, sizeof entry, 4) / (uint32_t)sizeof entry;
}

struct ranked_template {
	struct contract_template row;
	bool constrained;
};

static int by_nearness(const void *x, const void *y)
{
	const struct ranked_template *a = x, *b = y;

	if (a->row.literals != b->row.literals)
		return a->row.literals > b->row.literals ? -1 : 1;
	if (a->constrained != b->constrained)
		return a->constrained ? -1 : 1;
	return a->row.entry < b->row.entry ? -1 : a->row.entry > b->row.entry;
}

static size_t run_length(const struct placed *p, size_t i, size_t n, bool of_one_document)
{
	size_t k = i + 1;

	while (k < n && p[k].template == p[i].template && strcmp(p[k].channel->address, p[i].channel->address) == 0 &&
	       (!of_one_document || p[k].document == p[i].document))
		k++;
	return k - i;
}

static void emit_templates(struct emit *e, const struct placed *p, size_t n, uint32_t cluster, struct contract_cluster *out)
{
	struct ranked_template *rows = model_alloc(e->a, (n + 1) * sizeof *rows);
	size_t count = 0, k;

	for (size_t i = 0; rows && i < n; i += k) {
		k = run_length(p, i, n, true);
		struct ranked_template *t = &rows[count++];
		*t = (struct ranked_template){ .row = { .entry = emit_entry(e, &p[i], k, cluster), .document = p[i].document } };
		t->row.parts = address_emit(e->a, e->b, p[i].channel, &t->row.literals, &t->constrained);
	}
	if (rows)
		qsort(rows, count, sizeof *rows, by_nearness);
	out->first_template = image_used(e->b, IMAGE_TEMPLATES) / (uint32_t)sizeof(struct contract_template);
	out->ntemplates = (uint32_t)count;
	for (size_t i = 0; i < count; i++)
		(void)image_append(e->b, IMAGE_TEMPLATES, &rows[i].row, sizeof rows[i].row, 4);
}

static struct contract_cluster emit_cluster(struct emit *e, const struct placed *all, size_t nall, uint32_t cluster)
{
	struct contract_cluster out = { .first_topic = image_used(e->b, IMAGE_TOPICS) / (uint32_t)sizeof(struct contract_entry) };
	struct placed *p = model_alloc(e->a, (nall + 1) * sizeof *p);
	size_t n = 0, i = 0;

	if (!p)
		return out;
	for (size_t k = 0; k < nall; k++)
		if (applies(e, all[k].channel->document, &e->in->clusters[cluster]))
			p[n++] = all[k];
	qsort(p, n, sizeof *p, by_address);
	for (size_t k; i < n && !p[i].template; i += k, out.ntopics++) {
		k = run_length(p, i, n, false);
		(void)emit_entry(e, &p[i], k, cluster);
	}
	emit_templates(e, p + i, n - i, cluster, &out);
	return out;
}

static bool declares(struct emit *e, const struct contract_entry *entry, uint32_t document)
{
	const struct contract_declaration *d = image_mutable(e->b, IMAGE_CONTRACT_DATA, entry->declarations.off);

	for (uint32_t i = 0; i < entry->declarations.n; i++)
		if (d[i].document == document)
			return true;
	return false;
}

/* An exact topic looks at templates only where one of another document may match too. */
static void mark_others(struct emit *e, const struct contract_cluster *cluster)
{
	bool *has_template = model_alloc(e->a, e->a->ndocuments + 1);

	if (!has_template)
		return;
	for (uint32_t k = 0; k < cluster->ntemplates; k++) {
		const struct contract_template *t = image_mutable(e->b, IMAGE_TEMPLATES, (cluster->first_template + k) * (uint32_t)sizeof *t);
		has_template[t->document] = true;
	}
	for (uint32_t i = 0; i < cluster->ntopics; i++) {
		struct contract_entry *entry = image_mutable(e->b, IMAGE_TOPICS, (cluster->first_topic + i) * (uint32_t)sizeof *entry);
		for (uint32_t d = 0; d < e->a->ndocuments && !entry->other_templates; d++)
			entry->other_templates = has_template[d] && !declares(e, entry, d);
	}
}

static void emit_hash(struct emit *e, const struct contract_cluster *clusters, size_t n)
{
	uint32_t topics = image_used(e->b, IMAGE_TOPICS) / (uint32_t)sizeof(struct contract_entry), cells = 8;

	while (cells < topics * 2 + 2)
		cells *= 2;
	(void)image_append(e->b, IMAGE_TOPIC_HASH, NULL, cells * sizeof(uint32_t), 4);
	if (e->b->error)
		return;
	uint32_t *cell = image_mutable(e->b, IMAGE_TOPIC_HASH, 0);
	for (size_t c = 0; c < n; c++) {
		for (uint32_t i = 0; i < clusters[c].ntopics; i++) {
			uint32_t index = clusters[c].first_topic + i;
			const struct contract_entry *entry = image_mutable(e->b, IMAGE_TOPICS, index * (uint32_t)sizeof *entry);
			const uint8_t *name = image_mutable(e->b, IMAGE_STRINGS, entry->name.off);
			size_t at = hash64(name, entry->name.len, c) & (cells - 1);
			while (cell[at])
				at = (at + 1) & (cells - 1);
			cell[at] = index + 1;
		}
	}
}

static void emit_clusters(struct emit *e, const struct placed *all, size_t n)
{
	struct contract_cluster *rows = model_alloc(e->a, (e->in->nclusters + 1) * sizeof *rows);

	if (!rows)
		return;
	for (uint32_t i = 0; i < e->in->nclusters; i++) {
		rows[i] = emit_cluster(e, all, n, i);
		if (!e->b->error)
			mark_others(e, &rows[i]);
	}
	emit_hash(e, rows, e->in->nclusters);
	e->root.clusters = (struct contract_list){ image_append(e->b, IMAGE_CONTRACT_DATA, rows, e->in->nclusters * sizeof *rows, 4), (uint32_t)e->in->nclusters };
}

/* ---- rules ---- */

static bool some_message_is_named(const struct asyncapi *a, const char *name)
{
	for (const struct asyncapi_document *d = a->documents; d; d = d->next)
		for (const struct model_channel *channel = d->channels; channel; channel = channel->next)
			for (const struct model_message *m = channel->messages; m; m = m->next)
				if (strcmp(m->name, name) == 0)
					return true;
	return false;
}

static uint32_t cluster_index(struct emit *e, const struct asyncapi_rule *r)
{
	for (uint32_t i = 0; r->cluster && i < e->in->nclusters; i++)
		if (strcmp(e->in->clusters[i].name, r->cluster) == 0)
			return i;
	if (r->cluster)
		asyncapi_find(e->a->f, RULE_CLUSTER, r->at, "no cluster is named %s; name one of `clusters`", r->cluster);
	return CONTRACT_NONE;
}

static void emit_rules(struct emit *e)
{
	if (e->in->nrules > CONTRACT_MAX_RULES) {
		asyncapi_find(e->a->f, RULES_LIMIT, e->in->rules[CONTRACT_MAX_RULES].at, "more than %u rules; join some by a glob", CONTRACT_MAX_RULES);
		return;
	}
	for (size_t i = 0; i < e->in->nrules; i++) {
		const struct asyncapi_rule *r = &e->in->rules[i];
		struct contract_rule row = { .topics = intern(e, r->topics ? r->topics : ""), .message = intern(e, r->message ? r->message : ""),
			.cluster = cluster_index(e, r) };
		memcpy(row.actions.of, r->policy.action, sizeof r->policy.action);
		if (r->message && *r->message && !some_message_is_named(e->a, r->message))
			asyncapi_find(e->a->f, RULE_MESSAGE, r->at, "no document has a message named %s, so the rule never matches", r->message);
		(void)image_append(e->b, IMAGE_RULES, &row, sizeof row, 4);
	}
	e->root.nrules = (uint32_t)e->in->nrules;
}

/* ---- everything ---- */

static size_t count_channels(const struct asyncapi *a)
{
	size_t n = 0;

	for (const struct asyncapi_document *d = a->documents; d; d = d->next)
		for (const struct model_channel *channel = d->channels; channel; channel = channel->next)
			n++;
	return n;
}

static void emit_documents(struct emit *e, struct placed *placed, size_t *n)
{
	struct contract_document *rows = model_alloc(e->a, (e->a->ndocuments + 1) * sizeof *rows);
	uint32_t index = 0;

	for (struct asyncapi_document *d = e->a->documents; d && rows; d = d->next, index++) {
		rows[index] = (struct contract_document){ intern(e, d->name) };
		for (struct model_channel *channel = d->channels; channel; channel = channel->next) {
			compile_channel(e, channel);
			if (channel->address)
				placed[(*n)++] = (struct placed){ channel, index, emit_channel(e, channel, index),
					!channel->literal && address_is_template(channel->address) };
		}
	}
	e->root.documents = (struct contract_list){ image_append(e->b, IMAGE_CONTRACT_DATA, rows, index * sizeof *rows, 4), index };
}

int asyncapi_contract(struct asyncapi *a, struct image_builder *b, struct compile *c, const struct contract_input *in)
{
	struct emit e = { .a = a, .b = b, .c = c, .in = in };
	struct placed *placed = model_alloc(a, (count_channels(a) + 1) * sizeof *placed);
	size_t errors = a->f->errors, n = 0;

	if (!placed)
		return E_NOMEM;
	memcpy(e.root.policy.of, in->policy.action, sizeof in->policy.action);
	e.root.policy.of[VERDICT_VALID] = ACTION_OBSERVE;
	e.root.any_document = in->any_document;
	emit_documents(&e, placed, &n);
	emit_rules(&e);
	emit_clusters(&e, placed, n);
	(void)image_append(b, IMAGE_CONTRACT, &e.root, sizeof e.root, 4);
	if (b->error)
		return b->error;
	if (a->no_memory)
		return E_NOMEM;
	return e.failed || a->f->errors > errors ? E_FINDINGS : 0;
}
