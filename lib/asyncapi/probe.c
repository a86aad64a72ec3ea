/* Records made for a message and tried on the compiled contract; where Kafka cannot have
 * the channel, on the schemas of its messages. Owner: asyncapi; loader and tool. */
#include "asyncapi/probe.h"

int probe_open(struct probe *p, struct asyncapi *a, const struct image *img)
{
	*p = (struct probe){ .a = a, .c = contract_open(img), .runner = schema_runner_new(img, NULL) };
	if (p->c && p->runner)
		return 0;
	probe_close(p);
	return E_NOMEM;
}

void probe_close(struct probe *p)
{
	contract_close(p->c);
	if (p->runner)
		schema_runner_free(p->runner);
	*p = (struct probe){ 0 };
}

const char *probe_part_word(enum probe_part part)
{
	static const char *const words[] = { "key", "headers", "payload" };

	return words[part];
}

const struct model_schema *probe_schema(const struct model_message *m, enum probe_part part)
{
	return part == PROBE_KEY ? &m->key : part == PROBE_HEADERS ? &m->headers : &m->payload;
}

/* ---- JSON to the bytes of a record ---- */

struct scratch {
	struct findings f;
	struct tree_set *set;
	struct tree_node *root;          /* NULL: no JSON */
};

static void scratch_open(struct scratch *s, const char *json)
{
	findings_init(&s->f, 4);
	s->set = tree_set_new(&s->f, NULL);
	struct tree_file *file = s->set ? tree_parse(s->set, "sample.json", json, strlen(json)) : NULL;
	s->root = file ? file->root : NULL;
}

static void scratch_close(struct scratch *s)
{
	if (s->set)
		tree_set_free(s->set);
	findings_fini(&s->f);
}

/* Texts are their bytes, null is null, anything else its JSON. */
static struct span bytes_of(struct arena *a, const struct tree_node *node)
{
	struct buf json;
	const char *copy;

	if (node->kind == TREE_NULL)
		return SPAN_NULL;
	if (tree_is_string(node)) {
		copy = arena_strndup(a, node->text.p, node->text.n);
		return copy ? span_of(copy, node->text.n) : SPAN_NULL;
	}
	buf_init(&json, 0);
	tree_to_json(node, &json);
	copy = arena_strndup(a, json.p, json.n);
	struct span out = copy ? span_of(copy, json.n) : SPAN_NULL;
	buf_fini(&json);
	return out;
}

static void add_header(struct arena *a, struct probe_record *r, struct span name, const struct tree_node *value)
{
	const char *copy = r->view.nheaders < PROBE_HEADERS_MAX ? arena_strndup(a, name.p, name.n) : NULL;

	if (copy)
		r->headers[r->view.nheaders++] = (struct record_header){ span_of(copy, name.n), bytes_of(a, value) };
}

static void set_headers(struct arena *a, struct probe_record *r, const struct tree_node *map)
{
	tree_each(item, map->kind == TREE_MAP ? map : NULL) {
		if (item->kind != TREE_SEQ)
			add_header(a, r, item->key, item);
		tree_each(one, item->kind == TREE_SEQ ? item : NULL)
			add_header(a, r, item->key, one);
	}
	r->view.headers = r->headers;
}

/* Text content is the text; JSON content is the JSON. */
static bool set_bytes(struct arena *a, const struct model_message *m, struct probe_record *r, enum probe_part part)
{
	struct scratch s;

	if (!r->part[part])
		return true;
	scratch_open(&s, r->part[part]);
	if (s.root && part == PROBE_KEY)
		r->view.key = bytes_of(a, s.root);
	else if (s.root && part == PROBE_HEADERS)
		set_headers(a, r, s.root);
	else if (s.root && m->mode == CONTRACT_TEXT)
		r->view.value = bytes_of(a, s.root);
	else if (s.root)
		r->view.value = span_str(r->part[part]);
	bool good = s.root != NULL;
	scratch_close(&s);
	return good;
}

/* ---- making ---- */

static const char *text_of(struct arena *a, const struct buf *b)
{
	return b->n ? arena_strndup(a, b->p, b->n) : NULL;
}

static bool make_part(struct arena *a, const struct model_message *m, unsigned variant, enum probe_part part, const struct sample_edit *edit, const char **json)
{
	const struct model_schema *s = probe_schema(m, part);
	bool free_form = part == PROBE_PAYLOAD && (m->mode == CONTRACT_FREE || !s->node);
	struct buf out;

	*json = NULL;
	if (edit ? edit->path.n == 0 && !edit->text : !s->node && !free_form)
		return true;
	if (!edit && free_form) {
		*json = "{}";
		return true;
	}
	if (s->foreign)
		return false;
	buf_init(&out, 1u << 18);
	bool made = sample_schema(a, s->node, variant, edit, &out);
	*json = made ? text_of(a, &out) : NULL;
	buf_fini(&out);
	return *json != NULL;
}

static bool set_parts(struct arena *a, const struct model_message *m, struct probe_record *out)
{
	for (enum probe_part part = 0; part < PROBE_PARTS; part++)
		if (!set_bytes(a, m, out, part))
			return false;
	return true;
}

bool probe_make(struct arena *a, const struct model_message *m, unsigned variant, enum probe_part edited, const struct sample_edit *edit, struct probe_record *out)
{
	const char *topic = out->topic;

	*out = (struct probe_record){ .topic = topic ? topic : "" };
	for (enum probe_part part = 0; part < PROBE_PARTS; part++)
		if (!make_part(a, m, variant, part, part == edited ? edit : NULL, &out->part[part]))
			return false;
	return set_parts(a, m, out);
}

bool probe_change(struct arena *a, const struct model_message *m, const struct probe_record *from, enum probe_part part, const char *json, struct probe_record *out)
{
	*out = (struct probe_record){ .topic = from->topic };
	memcpy(out->part, from->part, sizeof out->part);
	out->part[part] = json;
	return set_parts(a, m, out);
}

/* ---- topics ---- */

static const struct model_parameter *parameter_of(const struct model_channel *channel, struct span name)
{
	for (const struct model_parameter *p = channel->parameters; p; p = p->next)
		if (span_eq(p->name, name))
			return p;
	return NULL;
}

static void add_parameter(struct arena *a, struct buf *out, const struct model_parameter *p)
{
	const struct tree_node *value = p ? tree_item(p->values, 0) : NULL;
	struct scratch s;
	struct buf json;

	if (!value && p)
		value = tree_item(tree_get(p->node, "examples"), 0) ? tree_item(tree_get(p->node, "examples"), 0) : tree_get(p->node, "default");
	if (tree_is_string(value)) {
		buf_add(out, value->text.p, value->text.n);
		return;
	}
	buf_init(&json, 4096);
	if (p && p->schema.node && sample_schema(a, p->schema.node, 0, NULL, &json)) {
		buf_addch(&json, 0);
		scratch_open(&s, (const char *)json.p);
		struct span text = s.root ? bytes_of(a, s.root) : SPAN_NULL;
		buf_add(out, text.n ? text.p : (const uint8_t *)"", text.n);
		scratch_close(&s);
	} else {
		buf_addch(out, '1');
	}
	buf_fini(&json);
}

const char *probe_topic(struct arena *a, const struct model_channel *channel)
{
	struct buf out;

	if (!channel->address)
		return "";
	if (channel->literal || !address_is_template(channel->address))
		return channel->address;
	buf_init(&out, 4096);
	for (const char *at = channel->address; *at;) {
		const char *close = *at == '{' ? strchr(at, '}') : NULL;
		if (!close) {
			buf_addch(&out, *at++);
			continue;
		}
		add_parameter(a, &out, parameter_of(channel, span_of(at + 1, (size_t)(close - at - 1))));
		at = close + 1;
	}
	const char *text = text_of(a, &out);
	buf_fini(&out);
	return text ? text : "";
}

/* ---- judging ---- */

#define ERRORS_MAX 16u

/* out: also why, or NULL. */
static enum schema_verdict judge_part(struct probe *p, struct arena *a, const struct model_message *m, enum probe_part part, const struct probe_record *r, struct probe_verdict *out)
{
	const struct model_schema *s = probe_schema(m, part);
	const char *json = r->part[part] ? r->part[part] : part == PROBE_HEADERS ? "{}" : "null";

	if (!s->node || (part == PROBE_PAYLOAD && m->mode == CONTRACT_FREE))
		return SCHEMA_VALID;
	if (s->foreign || (part == PROBE_PAYLOAD && m->mode == CONTRACT_UNDECIDABLE))
		return SCHEMA_UNDECIDABLE;
	enum schema_verdict v = schema_run(p->runner, s->root, span_str(json));
	struct schema_report report = { .arena = a, .max = ERRORS_MAX };
	if (v != SCHEMA_INVALID || !out || schema_explain(p->runner, s->root, span_str(json), &report) != SCHEMA_INVALID || report.n == 0)
		return v;
	const char *place = *report.errors->instance ? report.errors->instance : probe_part_word(part);
	const char *text = arena_printf(a, "%s: %s: %s", m->name, place, report.errors->message);
	out->text = text ? text : "";
	out->part = probe_part_word(part);
	out->errors = report.errors;
	out->nerrors = report.n;
	return v;
}

/* Without a topic there is no contract: each message by its schemas. */
static struct probe_verdict judge_plainly(struct probe *p, struct arena *a, const struct model_channel *channel, const struct probe_record *r, bool explain)
{
	struct probe_verdict out = { .verdict = VERDICT_INVALID, .message = CONTRACT_NONE, .text = "", .part = "" };
	unsigned yes = 0, undecidable = 0;

	for (const struct model_message *m = channel->messages; m; m = m->next) {
		enum schema_verdict all = SCHEMA_VALID;
		for (enum probe_part part = 0; part < PROBE_PARTS && all != SCHEMA_INVALID; part++) {
			enum schema_verdict v = judge_part(p, a, m, part, r, explain && out.nerrors == 0 ? &out : NULL);
			all = v == SCHEMA_VALID ? all : v;
		}
		undecidable += all == SCHEMA_UNDECIDABLE;
		if (all == SCHEMA_VALID && yes++ == 0)
			out.model = m;
	}
	if (yes || channel->open)
		out.verdict = yes > 1 ? VERDICT_AMBIGUOUS : VERDICT_VALID;
	else if (undecidable)
		out.verdict = VERDICT_UNDECIDABLE;
	return out;
}

struct probe_verdict probe_judge(struct probe *p, struct arena *a, const struct model_channel *channel, const struct probe_record *r, bool explain)
{
	struct contract_topic topic;
	struct judgement j;

	if (!channel->address)
		return judge_plainly(p, a, channel, r, explain);
	contract_find(p->c, 0, span_str(r->topic), &topic);
	contract_judge(p->c, &topic, &r->view, &j);
	struct probe_verdict out = { .verdict = j.verdict, .message = j.message, .text = "", .part = "" };
	if (explain) {
		struct judgement_report report = { .arena = a, .topic = span_str(r->topic) };
		contract_explain(p->c, &topic, &r->view, &j, &report);
		out.text = report.text ? report.text : "";
		out.part = report.part;
		out.errors = report.errors;
		out.nerrors = report.nerrors;
	}
	return out;
}

bool probe_is(const struct probe_verdict *v, const struct model_message *m)
{
	return v->model ? v->model == m : v->message != CONTRACT_NONE && v->message == m->index;
}

bool probe_valid(struct probe *p, struct arena *a, const struct model_channel *channel, const struct model_message *m, const char *topic, struct probe_record *out, const char **why)
{
	*why = "";
	for (unsigned i = 0; i < SAMPLE_VARIANTS * 2; i++) {
		unsigned variant = i < 2 ? 1 - i : i;          /* with optional members first */
		out->topic = topic;
		if (!probe_make(a, m, variant, PROBE_PAYLOAD, NULL, out))
			continue;
		struct probe_verdict v = probe_judge(p, a, channel, out, false);
		if (v.verdict == VERDICT_VALID && (channel->open || probe_is(&v, m)))
			return true;
		if (v.verdict == VERDICT_AMBIGUOUS && **why == 0)
			*why = probe_judge(p, a, channel, out, true).text;
	}
	return false;
}

/* ---- printing ---- */

static void add_text(struct buf *out, const char *name, const char *text)
{
	buf_printf(out, "\"%s\":\"", name);
	buf_json_escape(out, span_str(text));
	buf_puts(out, "\",");
}

void probe_print(struct buf *out, const struct probe_record *r)
{
	buf_addch(out, '{');
	if (*r->topic)
		add_text(out, "topic", r->topic);
	if (r->part[PROBE_KEY])
		buf_printf(out, "\"key\":%s,", r->part[PROBE_KEY]);
	if (r->part[PROBE_HEADERS])
		buf_printf(out, "\"headers\":%s,", r->part[PROBE_HEADERS]);
	bool is_json = r->part[PROBE_PAYLOAD] && r->view.value.p == (const uint8_t *)r->part[PROBE_PAYLOAD];
	buf_printf(out, "\"%s\":%s}", r->part[PROBE_PAYLOAD] && !is_json ? "payload" : "value", r->part[PROBE_PAYLOAD] ? r->part[PROBE_PAYLOAD] : "null");
}
