/* Texts without a type of their own - keys, header values, topic parameters - as the
 * JSON that a schema can see. A string schema takes the raw text; any other takes the
 * text when it is exactly one JSON value of a type that the schema admits; where both
 * are admitted both readings are tried, string first. Owner: contract; runs in workers. */
#include "base/utf8.h"
#include "contract/internal.h"

/* Headers that libraries and brokers add by themselves: a schema that does not name them
 * cannot forbid them. A name that ends in * is a prefix. */
static const char *const framework_headers[] = {
	"_asyncapi_eg_*", "__connect.*", "__key_schema_id", "__value_schema_id", "__TypeId__", "__ContentTypeId__", "__KeyTypeId__",
	"apicurio.*", "b3", "X-B3-*", "baggage", "content-type", "kafka_*", "spring_json_header_types", "traceparent", "tracestate",
	"uber-trace-id", "uberctx-*", "x-datadog-*",
};

static bool is_framework_header(struct span name)
{
	for (size_t i = 0; i < ARRAY_LEN(framework_headers); i++)
		if (contract_glob(span_str(framework_headers[i]), name))
			return true;
	return false;
}

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static uint32_t json_type(uint8_t first)
{
	switch (first) {
	case '"': return CONTRACT_STRING;
	case '{': return CONTRACT_OBJECT;
	case '[': return CONTRACT_ARRAY;
	case 't': case 'f': return CONTRACT_BOOL;
	case 'n': return CONTRACT_NULL;
	default: return CONTRACT_NUMBER;
	}
}

/* Exactly one JSON value, not a string, of an admitted type? */
static bool reads_as_json(struct contract *c, struct span text, uint32_t types)
{
	if (text.n == 0 || is_blank(text.p[0]) || is_blank(text.p[text.n - 1]))
		return false;
	uint32_t type = json_type(text.p[0]);
	return type != CONTRACT_STRING && (types & type) && schema_run(c->runner, SCHEMA_ANY, text) == SCHEMA_VALID;
}

static void add_string(struct buf *out, struct span text)
{
	buf_addch(out, '"');
	buf_json_escape(out, text);
	buf_addch(out, '"');
}

bool contract_typed(struct contract *c, struct span text, uint32_t types, enum typed_form form, struct buf *out)
{
	bool takes_text = (types & ~CONTRACT_BINARY) == 0 || (types & CONTRACT_STRING);

	if (span_is_null(text)) {
		buf_puts(out, "null");
		return form == TYPED_FIRST;
	}
	bool parsed = (form == TYPED_PARSED || !takes_text) && reads_as_json(c, text, types);
	if (parsed)
		buf_add(out, text.p, text.n);
	else
		add_string(out, text);
	return form == TYPED_FIRST || (takes_text && parsed);
}

/* ---- headers ---- */

static const struct contract_header *known_header(const struct contract *c, const struct contract_message *m, struct span name)
{
	const struct contract_header *rows = contract_items(&c->t, m->known_headers);
	size_t low = 0, high = m->known_headers.n;

	while (low < high) {
		size_t middle = (low + high) / 2;
		struct span have = image_str_span(&c->img, rows[middle].name);
		size_t n = have.n < name.n ? have.n : name.n;
		int order = n ? memcmp(have.p, name.p, n) : 0;
		if (order == 0 && have.n == name.n)
			return &rows[middle];
		if (order < 0 || (order == 0 && have.n < name.n))
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

static bool is_repeated(const struct record_view *r, size_t i, size_t from, size_t to)
{
	for (size_t k = from; k < to; k++)
		if (span_eq(r->headers[k].name, r->headers[i].name))
			return true;
	return false;
}

/* All values of the name of header i as an array of what the schema's items admit. */
static void add_array(struct contract *c, const struct record_view *r, size_t i, uint32_t items)
{
	buf_addch(&c->headers, '[');
	for (size_t k = i, n = 0; k < r->nheaders; k++) {
		if (!span_eq(r->headers[k].name, r->headers[i].name))
			continue;
		if (n++)
			buf_addch(&c->headers, ',');
		(void)contract_typed(c, r->headers[k].value, items, TYPED_FIRST, &c->headers);
	}
	buf_addch(&c->headers, ']');
}

static bool is_array_header(const struct contract_header *h)
{
	return h && (h->types & CONTRACT_ARRAY) && !(h->types & CONTRACT_STRING);
}

/* A name given twice: the last wins, as Kafka's lastHeader, unless the schema wants an
 * array; that takes all, in order. */
static void add_header(struct contract *c, const struct contract_message *m, const struct record_view *r, size_t i, enum typed_form form, struct header_reading *reading)
{
	struct span name = r->headers[i].name, value = r->headers[i].value;
	const struct contract_header *known = known_header(c, m, name);
	uint32_t types = known ? known->types : 0;

	if (!known && is_framework_header(name))
		return;
	bool array = is_array_header(known) && (is_repeated(r, i, i + 1, r->nheaders) || span_is_null(value) || !reads_as_json(c, value, types));
	if (array ? is_repeated(r, i, 0, i) : is_repeated(r, i, i + 1, r->nheaders))
		return;
	if (is_array_header(known) && is_repeated(r, i, 0, i))
		return;
	if (c->headers.n > 1)
		buf_addch(&c->headers, ',');
	add_string(&c->headers, name);
	buf_addch(&c->headers, ':');
	if (array) {
		add_array(c, r, i, known->items);
		return;
	}
	size_t start = c->headers.n;
	if (form == TYPED_FIRST) {
		(void)contract_typed(c, value, types, TYPED_FIRST, &c->headers);
		reading->other |= (types & CONTRACT_STRING) && !span_is_null(value) && reads_as_json(c, value, types);
		if (types && !(types & CONTRACT_BINARY) && !utf8_is_valid(value.p, value.n))
			reading->not_text = name;
	} else if (!contract_typed(c, value, types, TYPED_PARSED, &c->headers)) {
		c->headers.n = start;
		(void)contract_typed(c, value, types, TYPED_FIRST, &c->headers);
	}
}

struct header_reading contract_headers_json(struct contract *c, const struct contract_message *m, const struct record_view *r, enum typed_form form)
{
	struct header_reading reading = { false, SPAN_NULL };

	buf_clear(&c->headers);
	buf_addch(&c->headers, '{');
	for (size_t i = 0; i < r->nheaders; i++)
		add_header(c, m, r, i, form, &reading);
	buf_addch(&c->headers, '}');
	return reading;
}

/* ---- payload ---- */

bool contract_payload_json(struct contract *c, const struct contract_message *m, struct span value, struct span *json)
{
	if (span_is_null(value)) {
		*json = SPAN_LIT("null");
		return true;
	}
	*json = value;
	if (m->payload.mode != CONTRACT_TEXT)
		return true;
	buf_clear(&c->text);
	add_string(&c->text, value);
	*json = buf_span(&c->text);
	return buf_error(&c->text) == 0;
}
