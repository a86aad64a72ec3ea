/* Texts of formats and of patterns. A pattern is read in one pass and written as it is
 * read: each choice takes one way, each repetition as few rounds as its bounds and the
 * wished length allow. Owner: asyncapi; runs in the loader and the tool. */
#include "asyncapi/sample.h"

static const struct {
	const char *format, *text;
} formats[] = {
	{ "date", "2026-01-02" }, { "time", "03:04:05Z" }, { "date-time", "2026-01-02T03:04:05Z" }, { "duration", "PT1H" },
	{ "email", "someone@example.com" }, { "idn-email", "someone@example.com" }, { "hostname", "example.com" }, { "idn-hostname", "example.com" },
	{ "ipv4", "192.0.2.1" }, { "ipv6", "2001:db8::1" }, { "uri", "https://example.com/1" }, { "uri-reference", "/1" },
	{ "iri", "https://example.com/1" }, { "iri-reference", "/1" }, { "uri-template", "/{id}" }, { "json-pointer", "/a" },
	{ "relative-json-pointer", "0/a" }, { "uuid", "123e4567-e89b-42d3-a456-426614174000" }, { "regex", "^a$" }, { "byte", "dGV4dA==" },
};

const char *sample_format(struct span format)
{
	for (size_t i = 0; i < ARRAY_LEN(formats); i++)
		if (span_is(format, formats[i].format))
			return formats[i].text;
	return NULL;
}

/* ---- patterns ---- */

#define GROUPS_MAX 32u                  /* nested */
#define ROUNDS_MAX 4096u

struct reader {
	const uint8_t *p, *end;
	unsigned variant, depth;
	size_t grow;                     /* rounds beyond the least that a repetition may take */
	struct buf *out;
	bool silent;                     /* a way that is not taken */
	bool bad;
};

static void read_ways(struct reader *r);

static void add_code_point(struct buf *out, uint32_t c)
{
	if (c < 0x80) {
		buf_addch(out, (char)c);
	} else if (c < 0x800) {
		buf_addch(out, (char)(0xc0 | c >> 6));
		buf_addch(out, (char)(0x80 | (c & 0x3f)));
	} else {
		buf_addch(out, (char)(0xe0 | c >> 12));
		buf_addch(out, (char)(0x80 | (c >> 6 & 0x3f)));
		buf_addch(out, (char)(0x80 | (c & 0x3f)));
	}
}

static uint32_t read_hex(struct reader *r, int digits)
{
	uint32_t c = 0;

	for (; digits; digits--, r->p++) {
		uint8_t d = r->p < r->end ? *r->p | 0x20 : 0;
		if (d >= '0' && d <= '9')
			c = c * 16 + (d - '0');
		else if (d >= 'a' && d <= 'f')
			c = c * 16 + (d - 'a' + 10u);
		else
			r->bad = true;
	}
	return c;
}

/* After the backslash: a character that fits; its class's other members are not looked for. */
static uint32_t read_escape(struct reader *r)
{
	static const char classes[] = "dDwWsStnrfv0", members[] = "1aa-  \t\n\r\f\v\0";
	uint8_t c = r->p < r->end ? *r->p++ : 0;
	const char *at = c ? strchr(classes, c) : NULL;

	if (c == 'x')
		return read_hex(r, 2);
	if (c == 'u')
		return read_hex(r, 4);
	r->bad |= c == 0 || c >= 0x80 || c == 'p' || c == 'P' || c == 'k' || c == 'c' || (c >= '1' && c <= '9');
	if (c == 'S')
		return 'a';
	return at ? (uint8_t)members[at - classes] : c;
}

static uint32_t read_plain(struct reader *r)
{
	uint32_t c = *r->p++;
	int more = c >= 0xf0 ? 3 : c >= 0xe0 ? 2 : c >= 0xc0 ? 1 : 0;

	if (!more)
		return c;
	r->bad |= more == 3;
	c &= 0x3fu >> more;
	for (; more && r->p < r->end; more--)
		c = c << 6 | (*r->p++ & 0x3f);
	return c;
}

struct range {
	uint32_t from, to;
};

static bool in_ranges(const struct range *ranges, size_t n, uint32_t c)
{
	for (size_t i = 0; i < n; i++)
		if (c >= ranges[i].from && c <= ranges[i].to)
			return true;
	return false;
}

static void add_escaped_class(struct range *ranges, size_t *n, uint8_t letter)
{
	static const struct {
		uint8_t letter;
		struct range range;
	} rows[] = { { 'd', { '0', '9' } }, { 'w', { 'a', 'z' } }, { 'w', { 'A', 'Z' } }, { 'w', { '0', '9' } }, { 'w', { '_', '_' } }, { 's', { ' ', ' ' } }, { 's', { '\t', '\r' } } };

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (rows[i].letter == letter)
			ranges[(*n)++] = rows[i].range;
}

static size_t read_ranges(struct reader *r, struct range *ranges, size_t cap)
{
	size_t n = 0;

	while (r->p < r->end && *r->p != ']' && !r->bad) {
		if (n + 8 > cap) {
			r->bad = true;
			break;
		}
		if (*r->p == '\\' && r->p + 1 < r->end && strchr("dws", r->p[1]) && r->p[1]) {
			add_escaped_class(ranges, &n, r->p[1]);
			r->p += 2;
			continue;
		}
		r->bad |= *r->p == '\\' && r->p + 1 < r->end && r->p[1] && strchr("DWSpPb", r->p[1]);
		uint32_t from = *r->p == '\\' ? (r->p++, read_escape(r)) : read_plain(r), to = from;
		if (r->p + 1 < r->end && *r->p == '-' && r->p[1] != ']') {
			r->p++;
			to = *r->p == '\\' ? (r->p++, read_escape(r)) : read_plain(r);
		}
		ranges[n++] = (struct range){ from, to };
	}
	return n;
}

/* After the bracket. */
static uint32_t read_class(struct reader *r)
{
	struct range ranges[64];
	bool negated = r->p < r->end && *r->p == '^';

	r->p += negated;
	size_t n = read_ranges(r, ranges, ARRAY_LEN(ranges));
	r->bad |= r->p >= r->end || (n == 0 && !negated);
	r->p += r->p < r->end;
	if (!negated)
		return n ? ranges[r->variant % n].from : 0;
	for (uint32_t c = 'a'; c <= '~'; c++)
		if (!in_ranges(ranges, n, c))
			return c;
	for (uint32_t c = ' '; c < 'a'; c++)
		if (!in_ranges(ranges, n, c))
			return c;
	r->bad = true;
	return 0;
}

/* After the parenthesis. Assertions are not looked at: what they refuse, the judge refuses. */
static void read_group(struct reader *r)
{
	bool silent = r->silent;

	if (r->p < r->end && *r->p == '?') {
		r->p++;
		r->bad |= r->p + 1 >= r->end;
		bool named = !r->bad && *r->p == '<' && r->p[1] != '=' && r->p[1] != '!';
		r->silent |= !r->bad && *r->p != ':' && !named;
		r->p += !r->bad && *r->p == '<' && !named;
		while (named && r->p < r->end && *r->p != '>')
			r->p++;
		r->p++;
	}
	if (++r->depth > GROUPS_MAX)
		r->bad = true;
	if (!r->bad)
		read_ways(r);
	r->depth--;
	r->silent = silent;
	r->bad |= r->p >= r->end || *r->p != ')';
	r->p += r->p < r->end;
}

static bool read_digits(struct reader *r, size_t *out)
{
	const uint8_t *from = r->p;

	for (*out = 0; r->p < r->end && *r->p >= '0' && *r->p <= '9' && *out < ROUNDS_MAX; r->p++)
		*out = *out * 10 + (size_t)(*r->p - '0');
	return r->p > from;
}

/* Bounds of the repetition that follows an atom; 1 and 1 without one. */
static void read_rounds(struct reader *r, size_t *least, size_t *most)
{
	const uint8_t *from = r->p;

	*least = *most = 1;
	if (r->p < r->end && strchr("*+?", *r->p)) {
		*least = *r->p == '+';
		*most = *r->p == '?' ? 1 : SIZE_MAX;
		r->p++;
	} else if (r->p < r->end && *r->p == '{') {
		r->p++;
		bool counted = read_digits(r, least), open = counted && r->p < r->end && *r->p == ',';
		*most = *least;
		r->p += open;
		if (open && !read_digits(r, most))
			*most = SIZE_MAX;
		if (!counted || r->p >= r->end || *r->p != '}') {
			r->p = from;             /* a brace that stands for itself */
			*least = *most = 1;
			return;
		}
		r->p++;
	} else {
		return;
	}
	r->p += r->p < r->end && *r->p == '?';
}

static void read_atom(struct reader *r)
{
	uint8_t c = *r->p;
	uint32_t point = 'a';

	if (c == '(') {
		r->p++;
		read_group(r);
		return;
	}
	if (c == '^' || c == '$' || (c == '\\' && r->p + 1 < r->end && (r->p[1] | 0x20) == 'b')) {
		r->p += c == '\\' ? 2 : 1;
		return;
	}
	if (c == '[' || c == '\\' || c == '.')
		r->p++;
	if (c == '[')
		point = read_class(r);
	else if (c == '\\')
		point = read_escape(r);
	else if (c != '.')
		point = read_plain(r);
	if (!r->silent && !r->bad)
		add_code_point(r->out, point);
}

static void read_term(struct reader *r)
{
	const uint8_t *atom = r->p, *after;
	size_t start = r->out->n, least, most;

	read_atom(r);
	after = r->p;
	read_rounds(r, &least, &most);
	const uint8_t *next = r->p;
	if (r->bad || r->silent || after == next)
		return;
	size_t rounds = most - least > r->grow ? least + r->grow : most;
	if (rounds > ROUNDS_MAX)
		r->bad = true;
	if (rounds == 0)
		r->out->n = start;
	for (size_t i = 1; i < rounds && !r->bad && r->out->n < ROUNDS_MAX; i++) {
		r->p = atom;
		read_atom(r);
	}
	r->p = next;
}

/* a|b|c up to the end or a parenthesis that closes; the variant says which is taken. */
static void read_ways(struct reader *r)
{
	size_t start = r->out->n;
	bool silent = r->silent;

	for (unsigned way = 0; !r->bad; way++) {
		if (way > 0 && way <= r->variant && !silent)
			r->out->n = start;
		r->silent = silent || way > r->variant;
		while (r->p < r->end && *r->p != '|' && *r->p != ')' && !r->bad)
			read_term(r);
		if (r->p >= r->end || *r->p != '|')
			break;
		r->p++;
	}
	r->silent = silent;
}

bool sample_pattern(struct span pattern, unsigned variant, size_t length, struct buf *out)
{
	size_t start = out->n;

	for (size_t grow = 0;; grow = grow ? grow * 2 : 1) {
		struct reader r = { .p = pattern.p, .end = pattern.p + pattern.n, .variant = variant, .grow = grow, .out = out };
		out->n = start;
		read_ways(&r);
		if (r.bad || r.p < r.end || buf_error(out))
			return false;
		if (out->n - start >= length)
			return true;
		if (grow >= length || grow >= ROUNDS_MAX)
			break;
	}
	for (size_t n = out->n - start; n < length && n < ROUNDS_MAX; n++)
		buf_addch(out, 'x');
	return true;
}
