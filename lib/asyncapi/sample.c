/* The writer of instances: what was wished of a value, as JSON. Owner: asyncapi; runs in
 * the loader and the tool. */
#include <stdio.h>
#include <stdlib.h>

#include "asyncapi/sample.h"
#include "json/json.h"

#define DEPTH_MAX 24u
#define OPTIONAL_DEPTH 5u               /* optional members are left out below */
#define LENGTH_MAX 4096
#define ITEMS_MAX 64

struct writer {
	struct arena *arena;
	const struct sample_edit *edit;
	unsigned variant;
	struct buf *out;
};

/* Where a value stands: how deep, how much of the edit's path led here, how many like it
 * came before. */
struct place {
	unsigned depth, matched, serial;
};

static bool write_value(struct writer *w, struct wish_schema *schemas, struct place at);

static bool is_optional_wanted(const struct writer *w, struct place at)
{
	return w->variant % 2 == 1 && at.depth < OPTIONAL_DEPTH;
}

/* ---- scalars ---- */

/* False: none, or one beyond what a double counts in ones. */
static bool number_of(const struct tree_node *node, double *out)
{
	char text[64];

	*out = 0;
	if (!node || node->text.n >= sizeof text)
		return false;
	memcpy(text, node->text.p, node->text.n);
	text[node->text.n] = 0;
	*out = strtod(text, NULL);
	return *out < 9e15 && *out > -9e15;
}

static bool write_whole(struct writer *w, const struct wish *wish, unsigned serial)
{
	double least, most, step = 0;
	bool has_least = number_of(wish->least, &least), has_most = number_of(wish->most, &most);
	int64_t n = 1;

	if (has_most && most < 1)
		n = (int64_t)most - (most < (double)(int64_t)most) - (wish->below && most == (double)(int64_t)most);
	if (has_least && least >= 1)
		n = (int64_t)least + (least > (double)(int64_t)least) + (wish->above && least == (double)(int64_t)least);
	if (has_most && wish->below && most == 1)
		n = 0;
	if (number_of(wish->multiple, &step) && step >= 1 && step == (double)(int64_t)step)
		n = (n + (int64_t)step - (n > 0)) / (int64_t)step * (int64_t)step;
	int64_t steps = (int64_t)serial + w->variant / 4;      /* other values in later variants */
	n += (has_most && !has_least ? -steps : steps) * (step >= 1 ? (int64_t)step : 1);
	buf_printf(w->out, "%lld", (long long)n);
	return true;
}

static bool write_number(struct writer *w, const struct wish *wish, unsigned serial)
{
	double least, most;
	bool has_least = number_of(wish->least, &least), has_most = number_of(wish->most, &most);

	if (wish->multiple && !wish->least && !wish->most)
		buf_add(w->out, wish->multiple->text.p, wish->multiple->text.n);
	else if (has_least && has_most && most - least < 2)
		buf_printf(w->out, "%.15g", (least + most) / 2);
	else if (has_least && !wish->above && !wish->integer && serial == 0 && least != (double)(int64_t)least)
		buf_add(w->out, wish->least->text.p, wish->least->text.n);
	else
		return write_whole(w, wish, serial);
	return true;
}

/* A plain text, stretched and cut to its bounds. */
static void add_plain(struct buf *text, const struct wish *wish, unsigned serial)
{
	buf_puts(text, "text");
	if (serial)
		buf_printf(text, "%u", serial);
	while ((int64_t)text->n < wish->min_length && text->n < LENGTH_MAX)
		buf_addch(text, 'x');
	if (wish->max_length >= 0 && (int64_t)text->n > wish->max_length)
		text->n = (size_t)wish->max_length;
}

/* Later variants stretch what may be long. */
static size_t length_of(const struct writer *w, const struct wish *wish)
{
	return wish->min_length == 0 && wish->max_length < 0 && w->variant >= 8 ? 24 : (size_t)wish->min_length;
}

static bool write_string(struct writer *w, const struct wish *wish, unsigned serial)
{
	const char *format = wish->format.n ? sample_format(wish->format) : NULL;
	struct buf text;
	bool made = true;

	buf_init(&text, 1u << 16);
	if (wish->pattern.n)
		made = sample_pattern(wish->pattern, w->variant / 2 + serial, length_of(w, wish), &text);
	else if (format)
		buf_puts(&text, format);
	else
		add_plain(&text, wish, serial);
	buf_addch(w->out, '"');
	buf_json_escape(w->out, span_of(text.n ? text.p : (const uint8_t *)"", text.n));
	buf_addch(w->out, '"');
	made = made && buf_error(&text) == 0;
	buf_fini(&text);
	return made;
}

/* ---- containers ---- */

static struct place below(const struct writer *w, struct place at, struct span step, bool *edited)
{
	const struct sample_path *path = w->edit ? &w->edit->path : NULL;
	bool on_path = path && at.matched == at.depth && at.depth < path->n && span_eq(path->steps[at.depth], step);

	*edited = on_path && at.depth + 1 == path->n;
	return (struct place){ at.depth + 1, on_path ? at.depth + 1 : at.matched, 0 };
}

static struct wish_schema *schemas_of_item(const struct wish *wish, int64_t i)
{
	struct wish_schema *s = wish->tuple;

	for (int64_t k = 0; s && k < i; k++)
		s = s->next;
	if (!s)
		return wish->items;
	struct wish_schema *one = arena_alloc(wish->arena, sizeof *one);
	if (one)
		*one = (struct wish_schema){ NULL, s->node };
	return one;
}

static bool leads_below(const struct writer *w, struct place at)
{
	return w->edit && at.matched == at.depth && at.depth < w->edit->path.n;
}

static bool write_array(struct writer *w, const struct wish *wish, struct place at)
{
	int64_t n = wish->min_items;

	for (struct wish_schema *s = wish->tuple; s && w->variant % 2 == 1 && n < ITEMS_MAX; s = s->next)
		n++;
	if (n == 0 && wish->max_items != 0 && (is_optional_wanted(w, at) || leads_below(w, at)))
		n = 1;
	if (wish->max_items >= 0 && n > wish->max_items)
		n = wish->max_items;
	if (n > ITEMS_MAX)
		return false;
	buf_addch(w->out, '[');
	for (int64_t i = 0; i < n; i++) {
		bool edited;
		struct place there = below(w, at, i == 0 ? SPAN_LIT("0") : SPAN_LIT(""), &edited);
		there.serial = wish->unique ? (unsigned)i : 0;
		buf_puts(w->out, i ? "," : "");
		if (edited)
			buf_puts(w->out, w->edit->text ? w->edit->text : "null");
		else if (!write_value(w, schemas_of_item(wish, i), there))
			return false;
	}
	buf_addch(w->out, ']');
	return true;
}

static void add_name(struct writer *w, struct span name, size_t *count)
{
	buf_puts(w->out, (*count)++ ? ",\"" : "\"");
	buf_json_escape(w->out, name);
	buf_puts(w->out, "\":");
}

/* False when a member that must be there cannot be made. */
static bool write_member(struct writer *w, const struct wish_member *m, struct wish_schema *schemas, struct place at, size_t *count)
{
	bool edited;
	struct place there = below(w, at, m->name, &edited);
	bool wanted = m->required || is_optional_wanted(w, at) || there.matched == there.depth;
	size_t before = w->out->n, members = *count;

	if (edited && !w->edit->text)
		return true;
	if (!edited && !wanted)
		return true;
	add_name(w, m->name, count);
	if (edited)
		buf_puts(w->out, w->edit->text);
	else if (!write_value(w, schemas, there)) {
		w->out->n = before;
		*count = members;
		return !m->required && there.matched != there.depth;
	}
	return true;
}

static bool has_member(const struct wish *wish, struct span name)
{
	for (const struct wish_member *m = wish->members; m; m = m->next)
		if (span_eq(m->name, name))
			return true;
	return false;
}

static bool write_object(struct writer *w, const struct wish *wish, struct place at)
{
	size_t count = 0;

	buf_addch(w->out, '{');
	for (const struct wish_member *m = wish->members; m; m = m->next)
		if (!write_member(w, m, m->schemas ? m->schemas : wish->additional, at, &count))
			return false;
	if (leads_below(w, at) && !has_member(wish, w->edit->path.steps[at.depth])) {
		struct wish_member other = { .name = w->edit->path.steps[at.depth] };
		if (!write_member(w, &other, wish->additional, at, &count))
			return false;
	}
	for (unsigned i = 1; (int64_t)count < wish->min_members && i < ITEMS_MAX; i++) {
		char name[24];
		snprintf(name, sizeof name, "member%u", i);
		struct wish_member other = { .name = span_str(name), .required = true };
		if (!write_member(w, &other, wish->additional, at, &count))
			return false;
	}
	buf_addch(w->out, '}');
	return true;
}

/* ---- a value ---- */

/* Keywords that concern one type say which it is where `type` does not. */
static uint32_t likely_type(const struct wish *wish)
{
	if (wish->members || wish->additional || wish->min_members)
		return CONTRACT_OBJECT;
	if (wish->items || wish->tuple || wish->min_items)
		return CONTRACT_ARRAY;
	if (wish->least || wish->most || wish->multiple)
		return CONTRACT_NUMBER;
	return CONTRACT_STRING;
}

static uint32_t choose_type(const struct wish *wish)
{
	static const uint32_t preferred[] = { CONTRACT_OBJECT, CONTRACT_STRING, CONTRACT_NUMBER, CONTRACT_ARRAY, CONTRACT_BOOL, CONTRACT_NULL };
	uint32_t type = likely_type(wish);

	if (wish->types & type && (wish->variant < 8 || wish->types == CONTRACT_TYPE_MASK))
		return type;
	for (size_t i = 0; i < ARRAY_LEN(preferred); i++)
		if (wish->types & preferred[i] && (wish->variant < 8 || preferred[i] != type))
			return preferred[i];
	return wish->types & type;
}

static bool write_value(struct writer *w, struct wish_schema *schemas, struct place at)
{
	struct wish wish;

	if (at.depth > DEPTH_MAX || buf_error(w->out))
		return false;
	wish_gather(&wish, w->arena, schemas, w->variant);
	if (wish.impossible)
		return false;
	if (wish.fixed && !leads_below(w, at)) {
		tree_to_json(wish.fixed, w->out);
		return true;
	}
	switch (choose_type(&wish)) {
	case CONTRACT_OBJECT:
		return write_object(w, &wish, at);
	case CONTRACT_ARRAY:
		return write_array(w, &wish, at);
	case CONTRACT_STRING:
		return write_string(w, &wish, at.serial);
	case CONTRACT_NUMBER:
		return (wish.integer ? write_whole : write_number)(w, &wish, at.serial);
	case CONTRACT_BOOL:
		buf_puts(w->out, "true");
		return true;
	case CONTRACT_NULL:
		buf_puts(w->out, "null");
		return true;
	default:
		return false;
	}
}

bool sample_schema(struct arena *a, struct tree_node *schema, unsigned variant, const struct sample_edit *edit, struct buf *out)
{
	struct wish_schema root = { NULL, schema };
	struct writer w = { .arena = a, .edit = edit, .variant = variant, .out = out };
	size_t before = out->n;

	if (edit && edit->path.n == 0) {
		buf_puts(out, edit->text ? edit->text : "null");
		return true;
	}
	if (write_value(&w, schema ? &root : NULL, (struct place){ 0, 0, 0 }) && buf_error(out) == 0)
		return true;
	out->n = before;
	return false;
}
