/* JSON to a tree: RFC 8259, strictly, every node with its place. Texts without escapes
 * stay in the file's source. Not recursive. Owner: tree; runs in the loader and the tool. */
#include "base/buf.h"
#include "base/utf8.h"
#include "tree/private.h"

struct reader {
	struct builder *b;
	const uint8_t *p, *end;
	const uint8_t *seen;            /* line and column are those of this byte */
	uint32_t line, column;
};

/* Moves line and column up to p. A place is asked for in ascending order only, so that
 * a file of one long line costs no more than others. */
static void locate(struct reader *r)
{
	for (; r->seen < r->p; r->seen++) {
		uint8_t c = *r->seen;
		if (c == '\n' || (c == '\r' && (r->seen + 1 == r->end || r->seen[1] != '\n'))) {
			r->line++;
			r->column = 1;
		} else if ((c & 0xc0) != 0x80) {
			r->column++;
		}
	}
}

static void fail(struct reader *r, const char *what)
{
	locate(r);
	build_stop(r->b, "json-syntax", r->line, r->column, "%s", what);
}

static void skip_space(struct reader *r)
{
	while (r->p < r->end && (*r->p == ' ' || *r->p == '\t' || *r->p == '\n' || *r->p == '\r'))
		r->p++;
}

static bool at(const struct reader *r, char c)
{
	return r->p < r->end && *r->p == (uint8_t)c;
}

static bool hex4(struct reader *r, uint32_t *out)
{
	uint32_t v = 0;

	if (r->end - r->p < 4)
		return false;
	for (int i = 0; i < 4; i++) {
		uint8_t c = r->p[i], low = c | 0x20;
		if (c >= '0' && c <= '9')
			v = v << 4 | (uint32_t)(c - '0');
		else if (low >= 'a' && low <= 'f')
			v = v << 4 | (uint32_t)(low - 'a' + 10);
		else
			return false;
	}
	r->p += 4;
	*out = v;
	return true;
}

static const char bad_pair[] = "half of a surrogate pair; write both halves, as in \\uD83D\\uDE00";

/* After the \u. */
static bool unicode_escape(struct reader *r, struct buf *out)
{
	uint8_t bytes[4];
	uint32_t cp, low;

	if (!hex4(r, &cp)) {
		fail(r, "\\u without four hexadecimal digits; write it as \\u00e9");
		return false;
	}
	if (cp >= 0xd800 && cp <= 0xdfff) {
		bool pair = cp < 0xdc00 && r->end - r->p >= 6 && r->p[0] == '\\' && r->p[1] == 'u';
		if (pair)
			r->p += 2;
		if (!pair || !hex4(r, &low) || low < 0xdc00 || low > 0xdfff) {
			fail(r, bad_pair);
			return false;
		}
		cp = 0x10000 + ((cp - 0xd800) << 10) + (low - 0xdc00);
	}
	buf_add(out, bytes, utf8_encode(cp, bytes));
	return true;
}

static bool escape(struct reader *r, struct buf *out)
{
	static const char plain[] = "\"\"\\\\//b\bf\fn\nr\rt\t";

	if (at(r, 'u')) {
		r->p++;
		return unicode_escape(r, out);
	}
	for (const char *s = plain; r->p < r->end && *s; s += 2) {
		if (*r->p == (uint8_t)s[0]) {
			buf_addch(out, s[1]);
			r->p++;
			return true;
		}
	}
	fail(r, "no such escape; JSON has \\\" \\\\ \\/ \\b \\f \\n \\r \\t and \\uXXXX");
	return false;
}

/* Bytes up to the next quote, backslash or control character. */
static struct span run(struct reader *r)
{
	const uint8_t *from = r->p;

	while (r->p < r->end && *r->p != '"' && *r->p != '\\' && *r->p >= 0x20)
		r->p++;
	return span_of(from, (size_t)(r->p - from));
}

static bool escaped_rest(struct reader *r, struct buf *out)
{
	while (at(r, '\\')) {
		r->p++;
		if (!escape(r, out))
			return false;
		struct span s = run(r);
		buf_add(out, s.p, s.n);
	}
	return true;
}

/* At the opening quote. */
static bool string(struct reader *r, struct span *out)
{
	struct buf b;

	r->p++;
	*out = run(r);
	if (at(r, '\\')) {
		buf_init(&b, 0);
		buf_add(&b, out->p, out->n);
		bool good = escaped_rest(r, &b);
		*out = span_of(buf_error(&b) ? NULL : arena_strndup(&r->b->set->arena, b.p, b.n), b.n);
		buf_fini(&b);
		if (good && !out->p)
			build_no_memory(r->b);
		if (!good || !out->p)
			return false;
	}
	if (!at(r, '"')) {
		fail(r, r->p == r->end
		            ? "the text ends inside a string; close it with \""
		            : "a control character inside a string; write it as an escape, such as \\n or \\t");
		return false;
	}
	r->p++;
	return true;
}

static bool digits(struct reader *r)
{
	const uint8_t *from = r->p;

	while (r->p < r->end && *r->p >= '0' && *r->p <= '9')
		r->p++;
	return r->p > from;
}

/* RFC 8259 6. */
static bool number(struct reader *r, struct span *out)
{
	const uint8_t *from = r->p;

	if (at(r, '-'))
		r->p++;
	if (at(r, '0'))
		r->p++;
	else if (!digits(r))
		return false;
	if (at(r, '.')) {
		r->p++;
		if (!digits(r))
			return false;
	}
	if (at(r, 'e') || at(r, 'E')) {
		r->p++;
		if (at(r, '+') || at(r, '-'))
			r->p++;
		if (!digits(r))
			return false;
	}
	*out = span_of(from, (size_t)(r->p - from));
	return r->p == r->end || !((*r->p >= '0' && *r->p <= '9') || *r->p == '.');
}

static bool word(struct reader *r, const char *text)
{
	size_t n = strlen(text);

	if ((size_t)(r->end - r->p) < n || memcmp(r->p, text, n) != 0)
		return false;
	r->p += n;
	return true;
}

static void scalar(struct reader *r)
{
	struct tree_node *n;

	locate(r);
	uint32_t line = r->line, column = r->column;
	struct span text;
	if (at(r, '"')) {
		if (string(r, &text) && (n = build_add(r->b, TREE_STRING, line, column)))
			n->text = text;
	} else if (at(r, '-') || (r->p < r->end && *r->p >= '0' && *r->p <= '9')) {
		if (!number(r, &text))
			fail(r, "no JSON number; numbers look like 0, -12, 3.5 or 1e9, without a leading zero or plus");
		else if ((n = build_add(r->b, TREE_NUMBER, line, column)))
			n->text = text;
	} else if (word(r, "true")) {
		if ((n = build_add(r->b, TREE_BOOL, line, column)))
			n->truth = true;
	} else if (word(r, "false")) {
		(void)build_add(r->b, TREE_BOOL, line, column);
	} else if (word(r, "null")) {
		(void)build_add(r->b, TREE_NULL, line, column);
	} else {
		fail(r, r->p == r->end ? "the text ends where a value is expected; complete it"
		                       : "no value starts here; write an object, an array, a string in \", a number, "
		                         "true, false or null");
	}
}

/* At a member's name; ends after its colon. */
static void member(struct reader *r)
{
	struct span key;

	skip_space(r);
	locate(r);
	uint32_t line = r->line, column = r->column;
	if (!at(r, '"')) {
		fail(r, at(r, '}') ? "a comma before }; remove the comma" : "no member's name; write one in \"");
		return;
	}
	if (!string(r, &key))
		return;
	build_key(r->b, key, line, column);
	skip_space(r);
	if (!at(r, ':')) {
		fail(r, "no : after a member's name; write one");
		return;
	}
	r->p++;
}

/* true: the container has a child, which is next. */
static bool opens(struct reader *r, enum tree_kind kind, char close)
{
	locate(r);
	r->p++;
	if (!build_add(r->b, kind, r->line, r->column))
		return false;
	skip_space(r);
	if (at(r, close)) {
		r->p++;
		build_leave(r->b);
		return false;
	}
	if (kind == TREE_MAP)
		member(r);
	return true;
}

/* One value, or the opening of one; true when another value follows at once. */
static bool value(struct reader *r)
{
	skip_space(r);
	if (at(r, '{'))
		return opens(r, TREE_MAP, '}');
	if (at(r, '['))
		return opens(r, TREE_SEQ, ']');
	scalar(r);
	return false;
}

/* What may follow a value; true when that is another one. */
static bool next(struct reader *r)
{
	while (r->b->open && !r->b->stopped) {
		bool map = r->b->open->kind == TREE_MAP;
		skip_space(r);
		if (at(r, ',')) {
			r->p++;
			if (map)
				member(r);
			skip_space(r);
			if (!map && at(r, ']'))
				fail(r, "a comma before ]; remove the comma");
			return true;
		}
		if (!at(r, map ? '}' : ']')) {
			fail(r, map ? "neither , nor } after a member; write one"
			            : "neither , nor ] after an item; write one");
			return false;
		}
		r->p++;
		build_leave(r->b);
	}
	return false;
}

void tree_read_json(struct builder *b)
{
	const uint8_t *p = (const uint8_t *)b->file->source;
	struct reader r = { .b = b, .p = p, .end = p + b->file->source_n, .seen = p, .line = 1, .column = 1 };

	bool more = true;
	while (more && !b->stopped)
		more = value(&r) || next(&r);
	skip_space(&r);
	if (!b->stopped && r.p < r.end)
		fail(&r, "text after the end of the document; remove it");
}
