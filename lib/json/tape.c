/* The scanner: bytes to a tape, in one pass, without recursion: the `next` of an open
 * container holds its parent. Tokens are scanned by the quick loops of scan.h; one that
 * is malformed is read again, byte by byte, to say why. Owner: json; workers, the loader
 * and the tool. */
#include <stdlib.h>

#include "base/hash.h"
#include "base/utf8.h"
#include "json/json.h"
#include "json/scan.h"

#define NO_PARENT UINT32_MAX
#define PAIRWISE 8                      /* members up to which keys are compared in pairs */

struct scan {
	struct json_tape *t;
	const uint8_t *p, *end;
	uint32_t open;                  /* innermost open container */
	unsigned depth;
	int error;
};

void json_tape_init(struct json_tape *t, unsigned depth_max, uint64_t seed)
{
	*t = (struct json_tape){ .depth_max = depth_max, .seed = seed };
}

void json_tape_fini(struct json_tape *t)
{
	free(t->entries);
	free(t->side);
	free(t->cells);
	json_pad_fini(&t->pad);
	*t = (struct json_tape){ 0 };
}

static bool fail(struct scan *s, int error, const char *what)
{
	if (!s->error) {
		s->error = error;
		s->t->what = what;
		s->t->where = (size_t)(s->p - s->t->text.p);
	}
	return false;
}

static bool malformed(struct scan *s, const char *what)
{
	return fail(s, E_MALFORMED, what);
}

static bool grow(struct scan *s)
{
	struct json_tape *t = s->t;
	uint32_t cap = t->cap ? t->cap * 2 : 256;
	struct json_entry *more = cap > t->cap ? realloc(t->entries, cap * sizeof *more) : NULL;

	if (!more)
		return fail(s, E_NOMEM, "out of memory");
	t->entries = more;
	t->cap = cap;
	return true;
}

static inline bool put(struct scan *s, enum json_type type, unsigned flags, size_t off, size_t len)
{
	struct json_tape *t = s->t;

	if (t->n == t->cap && !grow(s))
		return false;
	t->entries[t->n] = (struct json_entry){ (uint8_t)type, (uint8_t)flags, 0, (uint32_t)off, (uint32_t)len, t->n + 1 };
	t->n++;
	return true;
}

static inline void skip_space(struct scan *s)
{
	s->p = json_scan_space(s->p, s->end);
}

static inline bool at(const struct scan *s, uint8_t c)
{
	return s->p < s->end && *s->p == c;
}

/* ---- strings ---- */

/* What is wrong with the string whose inside begins at from. */
static bool bad_string(struct scan *s, const uint8_t *from)
{
	for (s->p = from; s->p < s->end && *s->p != '"';) {
		if (*s->p < 0x20)
			return malformed(s, "a control character inside a string");
		size_t len = utf8_len(s->p, (size_t)(s->end - s->p));
		if (!len)
			return malformed(s, "bytes that are not UTF-8");
		s->p += *s->p == '\\' && s->end - s->p > 1 ? 2 : len;
	}
	return malformed(s, s->p >= s->end ? "the text ends inside a string" : "a bad escape, or half of a surrogate pair");
}

static bool decode(struct scan *s, struct span raw)
{
	struct json_tape *t = s->t;
	size_t start = (t->side_n + 7) & ~(size_t)7, need = start + sizeof(struct json_origin) + raw.n, n;

	if (need > t->side_cap) {
		uint8_t *more = realloc(t->side, need * 2);
		if (!more)
			return fail(s, E_NOMEM, "out of memory");
		t->side = more;
		t->side_cap = need * 2;
	}
	struct json_origin origin = { (uint32_t)(raw.p - t->text.p), (uint32_t)raw.n };
	memcpy(t->side + start, &origin, sizeof origin);
	start += sizeof origin;
	if (start > UINT32_MAX)
		return fail(s, E_LIMIT, "more than 4 GiB of strings with escapes");
	if (!json_unescape(raw, t->side + start, &n))
		return malformed(s, "a bad escape, or half of a surrogate pair");
	t->side_n = start + n;
	return put(s, JSON_STRING, JSON_DECODED, start, n);
}

static inline bool string(struct scan *s)
{
	const uint8_t *from = s->p + 1;
	unsigned flags;
	const uint8_t *e = json_scan_string(from, s->end, &flags);

	if (unlikely(!e || e >= s->end))
		return bad_string(s, from);
	s->p = e + 1;
	if (unlikely(flags & JSON_SCAN_ESCAPES))
		return decode(s, span_of(from, (size_t)(e - from)));
	return put(s, JSON_STRING, 0, (size_t)(from - s->t->text.p), (size_t)(e - from));
}

/* ---- numbers and literals ---- */

static inline bool number(struct scan *s)
{
	const uint8_t *from = s->p;
	struct json_digits d;
	const uint8_t *e = json_scan_number(from, s->end, &d);

	if (unlikely(e > s->end))               /* digits of somebody else follow */
		e = json_scan_number_rare(from, s->end, &d);
	if (unlikely(!e)) {
		s->p = d.p;
		return malformed(s, "a number without a digit where one must stand, or with a zero before others");
	}
	s->p = e;
	return put(s, JSON_NUMBER, d.integer ? JSON_INTEGER : 0, (size_t)(from - s->t->text.p), (size_t)(e - from));
}

static bool literal(struct scan *s, enum json_type type, const char *word)
{
	size_t n = strlen(word);

	if ((size_t)(s->end - s->p) < n || memcmp(s->p, word, n) != 0)
		return malformed(s, "neither a value nor one of null, true, false");
	s->p += n;
	return put(s, type, 0, (size_t)(s->p - n - s->t->text.p), n);
}

/* ---- containers ---- */

static bool key_is_twice(struct scan *s)
{
	s->p = s->t->text.p + s->t->entries[s->open].off;
	return malformed(s, "an object with the same key twice");
}

static bool keys_differ_pairwise(struct scan *s, uint32_t first)
{
	struct json_doc d = json_tape_doc(s->t);

	for (uint32_t a = first; a < s->t->n; a = d.entries[a + 1].next) {
		for (uint32_t b = d.entries[a + 1].next; b < s->t->n; b = d.entries[b + 1].next) {
			if (d.entries[a].len == d.entries[b].len && span_eq(json_text(&d, a), json_text(&d, b)))
				return key_is_twice(s);
		}
	}
	return true;
}

static bool keys_differ_hashed(struct scan *s, uint32_t first, uint32_t members)
{
	struct json_tape *t = s->t;
	struct json_doc d = json_tape_doc(t);
	size_t cap = 64;

	while (cap < (size_t)members * 2)
		cap *= 2;
	if (cap > t->cells_cap) {
		uint32_t *more = realloc(t->cells, cap * sizeof *more);
		if (!more)
			return fail(s, E_NOMEM, "out of memory");
		t->cells = more;
		t->cells_cap = cap;
	}
	memset(t->cells, 0, cap * sizeof *t->cells);
	for (uint32_t k = first; k < t->n; k = d.entries[k + 1].next) {
		struct span key = json_text(&d, k);
		size_t i = hash64(key.p, key.n, t->seed) & (cap - 1);
		for (; t->cells[i]; i = (i + 1) & (cap - 1)) {
			if (span_eq(json_text(&d, t->cells[i]), key))
				return key_is_twice(s);
		}
		t->cells[i] = k;
	}
	return true;
}

static bool leave(struct scan *s)
{
	struct json_entry *e = &s->t->entries[s->open];
	uint32_t parent = e->next;

	s->p++;
	e->next = s->t->n;
	if (e->type == JSON_OBJECT && e->len > 1) {
		bool good = e->len <= PAIRWISE ? keys_differ_pairwise(s, s->open + 1) : keys_differ_hashed(s, s->open + 1, e->len);
		if (!good)
			return false;
	}
	s->open = parent;
	s->depth--;
	return true;
}

static bool member_key(struct scan *s)
{
	skip_space(s);
	if (!at(s, '"'))
		return malformed(s, "no member's name where one must stand");
	if (!string(s))
		return false;
	skip_space(s);
	if (!at(s, ':'))
		return malformed(s, "no : after a member's name");
	s->p++;
	return true;
}

/* *more: another value must follow at once. */
static bool enter(struct scan *s, enum json_type type, bool *more)
{
	if (s->depth >= s->t->depth_max)
		return fail(s, E_LIMIT, JSON_TOO_DEEP);
	if (!put(s, type, 0, (size_t)(s->p - s->t->text.p), 0))
		return false;
	s->t->entries[s->t->n - 1].next = s->open;
	s->open = s->t->n - 1;
	s->depth++;
	s->p++;
	skip_space(s);
	*more = !at(s, type == JSON_OBJECT ? '}' : ']');
	if (!*more)
		return leave(s);
	return type == JSON_ARRAY || member_key(s);
}

static bool value(struct scan *s, bool *more)
{
	*more = false;
	if (s->open != NO_PARENT)
		s->t->entries[s->open].len++;
	skip_space(s);
	if (s->p == s->end)
		return malformed(s, "the text ends where a value must stand");
	switch (*s->p) {
	case '{':
		return enter(s, JSON_OBJECT, more);
	case '[':
		return enter(s, JSON_ARRAY, more);
	case '"':
		return string(s);
	case 't':
		return literal(s, JSON_TRUE, "true");
	case 'f':
		return literal(s, JSON_FALSE, "false");
	case 'n':
		return literal(s, JSON_NULL, "null");
	default:
		if (*s->p == '-' || (*s->p >= '0' && *s->p <= '9'))
			return number(s);
		return malformed(s, "neither a value nor one of null, true, false");
	}
}

/* What follows a value: the ends of containers, then perhaps a comma and *more. */
static bool after(struct scan *s, bool *more)
{
	*more = false;
	while (s->open != NO_PARENT) {
		bool object = s->t->entries[s->open].type == JSON_OBJECT;
		skip_space(s);
		if (at(s, ',')) {
			s->p++;
			*more = true;
			return !object || member_key(s);
		}
		if (!at(s, object ? '}' : ']'))
			return malformed(s, object ? "neither , nor } after a member" : "neither , nor ] after an item");
		if (!leave(s))
			return false;
	}
	return true;
}

/* The value at s.p, with all below it. */
static int scan_value(struct scan *s)
{
	bool more = true;

	s->t->n = 0;
	s->t->side_n = 0;
	while (more) {
		if (!value(s, &more) || (!more && !after(s, &more)))
			break;
	}
	return s->error;
}

int json_tape_build(struct json_tape *t, struct span text)
{
	struct scan s = { .t = t, .open = NO_PARENT };

	t->text = json_slack(&t->pad, text);
	s.p = t->text.p;
	if (!s.p || text.n > UINT32_MAX - 2 * JSON_SLACK) {
		fail(&s, s.p ? E_LIMIT : E_NOMEM, s.p ? "over 4 GiB" : "out of memory");
		return s.error;
	}
	s.end = s.p + text.n;
	if (scan_value(&s) == 0) {
		skip_space(&s);
		if (s.p < s.end)
			malformed(&s, "text after the end of the value");
	}
	return s.error;
}

int json_tape_part(struct json_tape *t, struct span text, size_t *where, unsigned depth)
{
	struct scan s = { .t = t, .open = NO_PARENT, .p = text.p + *where, .end = text.p + text.n, .depth = depth };

	t->text = text;
	(void)scan_value(&s);
	*where = (size_t)(s.p - text.p);
	return s.error;
}
