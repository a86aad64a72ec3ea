/* The scanner accepts what jansson accepts, and sees the same in it. Left out is where the
 * two differ by intention: numbers above a double, NUL in keys, depth; and a byte of zero,
 * which jansson skips after a number: no JSON text has one. */
#include "fuzz.h"
#include "fuzz_jansson.h"
#include "json/json.h"

#define DEPTH 100

static uint32_t print(const struct json_doc *d, uint32_t at, struct buf *out)
{
	static const char letters[] = { [JSON_NULL] = '0', [JSON_FALSE] = 'f', [JSON_TRUE] = 't', [JSON_NUMBER] = 'n', [JSON_STRING] = 's', [JSON_ARRAY] = '[', [JSON_OBJECT] = '{' };
	const struct json_entry *e = &d->entries[at];
	uint32_t i = at + 1, children = 0;

	INVARIANT(e->type < JSON_TYPE_COUNT && e->next > at);
	buf_addch(out, letters[e->type]);
	if (e->type == JSON_STRING)
		jansson_put_text(out, json_text(d, at).p, e->len);
	if (e->type < JSON_ARRAY)
		return e->next;
	for (; i < e->next; children++) {
		if (e->type == JSON_OBJECT)
			i = print(d, i, out);
		i = print(d, i, out);
	}
	INVARIANT(i == e->next && children == e->len);
	buf_addch(out, ']');
	return i;
}

static void places_are_true(const struct json_tape *t)
{
	struct json_doc d = json_tape_doc(t);

	for (uint32_t i = 0; i < t->n; i++) {
		static const char firsts[] = { [JSON_NULL] = 'n', [JSON_FALSE] = 'f', [JSON_TRUE] = 't', [JSON_STRING] = '"', [JSON_ARRAY] = '[', [JSON_OBJECT] = '{' };
		size_t off = json_offset(&d, i);
		INVARIANT(off < t->text.n);
		INVARIANT(d.entries[i].type == JSON_NUMBER || t->text.p[off] == firsts[d.entries[i].type]);
	}
}

static void equals_itself(const struct json_tape *t, struct span text)
{
	struct json_doc d = json_tape_doc(t);
	uint64_t steps = UINT64_MAX;
	struct json_tape again;

	json_tape_init(&again, DEPTH, 2);
	INVARIANT(json_tape_build(&again, text) == 0);
	struct json_doc e = json_tape_doc(&again);
	INVARIANT(json_equal(&d, 0, &e, 0, &steps));
	INVARIANT(json_hash(&d, 0, 3) == json_hash(&e, 0, 3));
	json_tape_fini(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct json_tape t;
	struct buf ours, theirs;
	bool skip = false;

	json_tape_init(&t, DEPTH, 1);
	buf_init(&ours, 0);
	buf_init(&theirs, 0);
	int error = json_tape_build(&t, span_of(bytes, n));
	bool accepted = jansson_print(bytes, n, &theirs, &skip);
	INVARIANT(error || !n || !memchr(bytes, 0, n));
	skip |= n && memchr(bytes, 0, n);
	INVARIANT(error == 0 || error == E_MALFORMED || error == E_LIMIT);
	INVARIANT(error == 0 || (t.what && t.where <= n));
	INVARIANT(skip || error == E_LIMIT || accepted == (error == 0));
	if (error == 0) {
		struct json_doc d = json_tape_doc(&t);
		(void)print(&d, 0, &ours);
		INVARIANT(skip || span_eq(buf_span(&ours), buf_span(&theirs)));
		places_are_true(&t);
		equals_itself(&t, span_of(bytes, n));
	}
	buf_fini(&ours);
	buf_fini(&theirs);
	json_tape_fini(&t);
	return 0;
}
