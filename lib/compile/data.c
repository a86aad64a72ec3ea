/* Constants, names and tables in the image's DATA section. Owner: compile; the loader and
 * the tool. */
#include <stdlib.h>

#include "compile/internal.h"

static uint32_t append(struct compile *c, const void *p, size_t n, size_t align)
{
	return image_append(c->b, IMAGE_SCHEMA_DATA, p, n, align);
}

uint32_t data_text(struct compile *c, struct span text)
{
	uint32_t off = append(c, text.p, text.n, 1);

	/* A terminator that no length counts: reports print names as texts. */
	(void)append(c, "", 1, 1);
	return off;
}

uint32_t data_words(struct compile *c, const uint32_t *words, size_t n)
{
	return append(c, words, n * sizeof *words, 4);
}

uint32_t data_list(struct compile *c, const uint32_t *words, size_t items, size_t width)
{
	uint32_t n = (uint32_t)items;
	uint32_t off = append(c, &n, sizeof n, 4);

	(void)data_words(c, words, items * width);
	return off;
}

/* Decoded texts are put together; the entries then count from there. */
static int put_texts(struct json_doc *doc, struct json_entry *entries, uint32_t n, struct buf *texts)
{
	for (uint32_t i = 0; i < n; i++) {
		if (entries[i].type >= JSON_ARRAY) {
			entries[i].off = 0;
			continue;
		}
		struct span text = json_text(doc, i);
		entries[i].off = (uint32_t)texts->n;
		entries[i].len = (uint32_t)text.n;
		entries[i].flags &= (uint8_t)~JSON_DECODED;
		buf_add(texts, text.p, text.n);
	}
	return buf_error(texts);
}

static uint32_t put_value(struct compile *c, const struct json_tape *tape)
{
	struct json_doc doc = json_tape_doc(tape);
	struct json_entry *entries = malloc(tape->n * sizeof *entries);
	struct schema_value v = { .n = tape->n };
	struct buf texts;

	if (!entries) {
		c->error = E_NOMEM;
		return 0;
	}
	buf_init(&texts, 0);
	memcpy(entries, tape->entries, tape->n * sizeof *entries);
	if (put_texts(&doc, entries, tape->n, &texts) < 0)
		c->error = E_NOMEM;
	v.text = append(c, texts.p, texts.n, 1);
	v.len = (uint32_t)texts.n;
	v.entries = append(c, entries, tape->n * sizeof *entries, 8);
	buf_fini(&texts);
	free(entries);
	return append(c, &v, sizeof v, 4);
}

uint32_t data_value(struct compile *c, const struct tree_node *value)
{
	struct json_tape tape;
	struct buf text;
	uint32_t off = 0;

	buf_init(&text, 0);
	json_tape_init(&tape, 1000, 0);
	tree_to_json(value, &text);
	int e = buf_error(&text) ? buf_error(&text) : json_tape_build(&tape, buf_span(&text));
	if (e == 0)
		off = put_value(c, &tape);
	else
		c->error = e;
	json_tape_fini(&tape);
	buf_fini(&text);
	return off;
}

static uint32_t put_slots(struct compile *c, const struct schema_row *rows, size_t n, uint32_t *mask)
{
	size_t cap = 2;

	while (cap < n * 2)
		cap *= 2;
	uint32_t *slots = calloc(cap, sizeof *slots);
	*mask = (uint32_t)cap - 1;
	if (!slots) {
		c->error = E_NOMEM;
		return 0;
	}
	for (uint32_t i = 0; i < n; i++) {
		uint32_t k = rows[i].hash & *mask;
		while (slots[k])
			k = (k + 1) & *mask;
		slots[k] = i + 1;
	}
	uint32_t off = data_words(c, slots, cap);
	free(slots);
	return off;
}

uint32_t data_table(struct compile *c, const struct data_row *rows, size_t n)
{
	struct schema_row *out = calloc(n + 1, sizeof *out);
	struct schema_table t = { .first = image_used(c->b, IMAGE_SCHEMA_PROPS) / (uint32_t)sizeof *out, .count = (uint32_t)n };

	if (!out) {
		c->error = E_NOMEM;
		return 0;
	}
	for (size_t i = 0; i < n; i++)
		out[i] = (struct schema_row){ .off = data_text(c, rows[i].name), .len = (uint32_t)rows[i].name.n,
		                              .hash = schema_name_hash(rows[i].name), .node = rows[i].node, .required = rows[i].required };
	t.slots = put_slots(c, out, n, &t.mask);
	image_append(c->b, IMAGE_SCHEMA_PROPS, out, n * sizeof *out, 4);
	free(out);
	return append(c, &t, sizeof t, 4);
}
