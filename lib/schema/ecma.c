/* ECMA-262 patterns, u-mode, to PCRE2: read by their own grammar and written anew, since
 * the same letters mean other things there ($, ., \s, \v, [^] and many more). What one
 * language accepts and the other does not is an error here. Owner: schema; the loader,
 * the tool, and format `regex` in workers. */
#include "base/utf8.h"
#include "schema/private.h"

#define GROUPS_MAX 200
#define NESTING_MAX 100
#define REPEAT_MAX 65535                /* PCRE2's own */
#define BACKSPACE 8
#define NO_CHARACTER UINT32_MAX         /* half of a surrogate pair: matches nothing */

struct pattern {
	const uint8_t *p, *end, *start;
	struct buf *out;
	struct schema_ecma *e;
	struct span names[GROUPS_MAX];
	unsigned named[GROUPS_MAX];
	unsigned groups, nnames, nesting;
	bool failed;
};

static bool fail(struct pattern *x, const char *what)
{
	if (!x->failed) {
		x->e->what = what;
		x->e->where = (size_t)(x->p - x->start);
	}
	x->failed = true;
	return false;
}

static void put(struct pattern *x, const char *s)
{
	if (x->out)
		buf_puts(x->out, s);
}

static void put_character(struct pattern *x, uint32_t c)
{
	if (!x->out)
		return;
	if (c == NO_CHARACTER)
		buf_puts(x->out, "(*FAIL)");
	else if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'))
		buf_addch(x->out, (char)c);
	else
		buf_printf(x->out, "\\x{%x}", c);
}

static bool at(const struct pattern *x, char c)
{
	return x->p < x->end && *x->p == (uint8_t)c;
}

static bool take(struct pattern *x, char c)
{
	if (!at(x, c))
		return false;
	x->p++;
	return true;
}

static bool starts(const struct pattern *x, const char *s)
{
	size_t n = strlen(s);

	return (size_t)(x->end - x->p) >= n && memcmp(x->p, s, n) == 0;
}

static bool is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

static bool next_character(struct pattern *x, uint32_t *c)
{
	size_t len = utf8_len(x->p, (size_t)(x->end - x->p));

	if (!len)
		return fail(x, "the pattern is not UTF-8");
	*c = utf8_decode(x->p, len);
	x->p += len;
	return true;
}

/* ---- groups: counted before anything refers to them ---- */

static struct span group_name(struct pattern *x)
{
	const uint8_t *from = x->p;

	while (x->p < x->end && *x->p != '>' && *x->p != ')')
		x->p++;
	struct span name = span_of(from, (size_t)(x->p - from));
	bool good = name.n && !is_digit(name.p[0]);
	for (size_t i = 0; i < name.n; i++) {
		uint8_t c = name.p[i], low = c | 0x20;
		good &= (low >= 'a' && low <= 'z') || is_digit(c) || c == '_' || c == '$' || c >= 0x80;
	}
	if (!good || !take(x, '>'))
		fail(x, "a bad group name; write (?<name>...)");
	return name;
}

static void count_group(struct pattern *x)
{
	if (at(x, '?')) {
		if (!starts(x, "?<") || starts(x, "?<=") || starts(x, "?<!"))
			return;
		x->p += 2;
		struct span name = group_name(x);
		for (unsigned i = 0; i < x->nnames; i++) {
			if (span_eq(x->names[i], name))
				fail(x, "two groups of one name");
		}
		if (x->nnames == GROUPS_MAX) {
			fail(x, "more than 200 groups");
			return;
		}
		x->named[x->nnames] = x->groups + 1;
		x->names[x->nnames++] = name;
	}
	if (++x->groups > GROUPS_MAX)
		fail(x, "more than 200 groups");
}

static void count_groups(struct pattern *x)
{
	bool in_class = false;

	while (x->p < x->end && !x->failed) {
		uint8_t c = *x->p++;
		if (c == '\\' && x->p < x->end)
			x->p++;
		else if (c == '[')
			in_class = true;
		else if (c == ']')
			in_class = false;
		else if (c == '(' && !in_class)
			count_group(x);
	}
	x->p = x->start;
}

/* ---- escapes ---- */

static bool hex(struct pattern *x, unsigned digits, uint32_t *out)
{
	uint32_t v = 0;

	for (unsigned i = 0; i < digits; i++, x->p++) {
		uint8_t c = x->p < x->end ? *x->p : 0, low = c | 0x20;
		if (!is_digit(c) && !(low >= 'a' && low <= 'f'))
			return fail(x, "hexadecimal digits are missing; write \\xHH, \\uHHHH or \\u{H...}");
		v = v << 4 | (uint32_t)(is_digit(c) ? c - '0' : low - 'a' + 10);
	}
	*out = v;
	return true;
}

/* After \u. */
static bool unicode(struct pattern *x, uint32_t *c)
{
	uint32_t v = 0, low;

	if (take(x, '{')) {
		for (uint32_t digit; !at(x, '}'); v = v << 4 | digit) {
			if (!hex(x, 1, &digit) || v > 0x10ffff)
				return fail(x, "no such character; the last is \\u{10FFFF}");
		}
		if (x->p[-1] == '{' || v > 0x10ffff)
			return fail(x, "no such character; the last is \\u{10FFFF}");
		x->p++;
	} else {
		if (!hex(x, 4, &v))
			return false;
		const uint8_t *here = x->p;
		if (v >= 0xd800 && v < 0xdc00 && starts(x, "\\u") && !starts(x, "\\u{")) {
			x->p += 2;
			if (!hex(x, 4, &low))
				return false;
			if (low >= 0xdc00 && low <= 0xdfff)
				v = 0x10000 + ((v - 0xd800) << 10) + (low - 0xdc00);
			else
				x->p = here;
		}
	}
	*c = v >= 0xd800 && v <= 0xdfff ? NO_CHARACTER : v;
	return true;
}

/* A character escape after the backslash; the letter is not taken yet. */
static bool character_escape(struct pattern *x, uint32_t *out)
{
	static const char plain[] = "t\tn\nv\vf\fr\r";
	uint8_t c = x->p < x->end ? *x->p : 0, low = c | 0x20;

	if (x->p == x->end)
		return fail(x, "a backslash at the end");
	x->p++;
	for (const char *s = plain; *s; s += 2) {
		if (c == (uint8_t)s[0]) {
			*out = (uint8_t)s[1];
			return true;
		}
	}
	if (c == 'c') {
		low = x->p < x->end ? *x->p | 0x20 : 0;
		if (low < 'a' || low > 'z')
			return fail(x, "\\c without a letter");
		*out = *x->p++ & 31;
		return true;
	}
	if (c == 'x')
		return hex(x, 2, out);
	if (c == 'u')
		return unicode(x, out);
	if (c == '0' && !(x->p < x->end && is_digit(*x->p))) {
		*out = 0;
		return true;
	}
	*out = c;
	if (memchr("^$\\.*+?()[]{}|/", c, 15))
		return true;
	if (c > 0x20 && c < 0x7f && !is_digit(c) && !(low >= 'a' && low <= 'z')) {
		x->e->lenient = true;
		return true;
	}
	x->p--;
	return fail(x, "no such escape in ECMA-262");
}

#define SPACES "\\x{9}-\\x{d}\\x{20}\\x{a0}\\x{1680}\\x{2000}-\\x{200a}\\x{2028}\\x{2029}\\x{202f}\\x{205f}\\x{3000}\\x{feff}"
#define NOT_SPACES                                                                                                    \
	"\\x{0}-\\x{8}\\x{e}-\\x{1f}\\x{21}-\\x{9f}\\x{a1}-\\x{167f}\\x{1681}-\\x{1fff}\\x{200b}-\\x{2027}"             \
	"\\x{202a}-\\x{202e}\\x{2030}-\\x{205e}\\x{2060}-\\x{2fff}\\x{3001}-\\x{d7ff}\\x{e000}-\\x{fefe}\\x{ff00}-\\x{10ffff}"

static const struct {
	const char *ecma, *pcre;
} properties[] = {
	{ "Letter", "L" }, { "Cased_Letter", "L&" }, { "LC", "L&" }, { "Uppercase_Letter", "Lu" }, { "Lowercase_Letter", "Ll" },
	{ "Titlecase_Letter", "Lt" }, { "Modifier_Letter", "Lm" }, { "Other_Letter", "Lo" }, { "Mark", "M" },
	{ "Combining_Mark", "M" }, { "Nonspacing_Mark", "Mn" }, { "Spacing_Mark", "Mc" }, { "Enclosing_Mark", "Me" },
	{ "Number", "N" }, { "Decimal_Number", "Nd" }, { "digit", "Nd" }, { "Letter_Number", "Nl" }, { "Other_Number", "No" },
	{ "Punctuation", "P" }, { "punct", "P" }, { "Connector_Punctuation", "Pc" }, { "Dash_Punctuation", "Pd" },
	{ "Open_Punctuation", "Ps" }, { "Close_Punctuation", "Pe" }, { "Initial_Punctuation", "Pi" },
	{ "Final_Punctuation", "Pf" }, { "Other_Punctuation", "Po" }, { "Symbol", "S" }, { "Math_Symbol", "Sm" },
	{ "Currency_Symbol", "Sc" }, { "Modifier_Symbol", "Sk" }, { "Other_Symbol", "So" }, { "Separator", "Z" },
	{ "Space_Separator", "Zs" }, { "Line_Separator", "Zl" }, { "Paragraph_Separator", "Zp" }, { "Other", "C" },
	{ "Control", "Cc" }, { "cntrl", "Cc" }, { "Format", "Cf" }, { "Surrogate", "Cs" }, { "Private_Use", "Co" },
	{ "Unassigned", "Cn" },
};

/* After \p or \P. What the table lacks PCRE2 knows by the same name, or refuses. */
static bool property(struct pattern *x, bool negated)
{
	static const struct { const char *ecma, *pcre; } prefixes[] = {
		{ "General_Category=", "" }, { "gc=", "" }, { "Script_Extensions=", "scx:" }, { "scx=", "scx:" }, { "Script=", "sc:" }, { "sc=", "sc:" },
	};
	const char *prefix = "";
	struct span name;

	if (!take(x, '{'))
		return fail(x, "\\p without a name; write \\p{L}");
	for (size_t i = 0; i < ARRAY_LEN(prefixes); i++) {
		if (!starts(x, prefixes[i].ecma))
			continue;
		x->p += strlen(prefixes[i].ecma);
		prefix = prefixes[i].pcre;
		break;
	}
	for (name = span_of(x->p, 0); x->p < x->end && (is_digit(*x->p) || *x->p == '_' || (*x->p | 0x20) >= 'a') && *x->p < 0x7b; x->p++)
		name.n++;
	if (!name.n || !take(x, '}'))
		return fail(x, "a bad property name; write \\p{L} or \\p{Script=Greek}");
	for (size_t i = 0; i < ARRAY_LEN(properties); i++) {
		if (span_is(name, properties[i].ecma))
			name = span_str(properties[i].pcre);
	}
	if (x->out)
		buf_printf(x->out, "\\%c{%s%.*s}", negated ? 'P' : 'p', prefix, (int)name.n, (const char *)name.p);
	return true;
}

/* A class escape after the backslash, written as the inside of a class; false when it is none. */
static bool class_escape(struct pattern *x)
{
	uint8_t c = x->p < x->end ? *x->p : 0;

	switch (c) {
	case 'd':
		put(x, "0-9");
		break;
	case 'D':
		put(x, "\\x{0}-\\x{2f}\\x{3a}-\\x{10ffff}");
		break;
	case 'w':
		put(x, "A-Za-z0-9_");
		break;
	case 'W':
		put(x, "\\x{0}-\\x{2f}\\x{3a}-\\x{40}\\x{5b}-\\x{5e}\\x{60}\\x{7b}-\\x{10ffff}");
		break;
	case 's':
		put(x, SPACES);
		break;
	case 'S':
		put(x, NOT_SPACES);
		break;
	case 'p':
	case 'P':
		x->p++;
		(void)property(x, c == 'P');
		return true;
	default:
		return false;
	}
	x->p++;
	return true;
}

/* ---- classes ---- */

/* One end of a range; *set: it was a class escape, already written. */
static bool class_atom(struct pattern *x, uint32_t *c, bool *set)
{
	*set = false;
	if (!take(x, '\\'))
		return next_character(x, c);
	*set = class_escape(x);
	if (*set)
		return !x->failed;
	if (take(x, 'b')) {
		*c = BACKSPACE;
		return true;
	}
	return character_escape(x, c);
}

static bool class_range(struct pattern *x)
{
	uint32_t low, high;
	bool set;

	if (!class_atom(x, &low, &set))
		return false;
	bool range = at(x, '-') && x->p + 1 < x->end && x->p[1] != ']';
	if (set && range)
		return fail(x, "a range that begins with a class, such as [\\w-a]; escape the - ");
	if (set)
		return true;
	if (!range) {
		if (low != NO_CHARACTER)
			put_character(x, low);
		return true;
	}
	x->p++;
	const size_t written = x->out ? x->out->n : 0;
	if (!class_atom(x, &high, &set))
		return false;
	if (set || low == NO_CHARACTER || high == NO_CHARACTER || high < low) {
		if (x->out)
			x->out->n = written;
		return fail(x, "a range that does not go from a lower to a higher character");
	}
	put_character(x, low);
	put(x, "-");
	put_character(x, high);
	return true;
}

static bool class(struct pattern *x)
{
	bool negated = take(x, '^');

	if (take(x, ']')) {
		put(x, negated ? "[\\x{0}-\\x{10ffff}]" : "(*FAIL)");
		return true;
	}
	size_t open = x->out ? x->out->n : 0;
	put(x, negated ? "[^" : "[");
	size_t inside = x->out ? x->out->n : 1;
	while (!at(x, ']')) {
		if (x->p == x->end)
			return fail(x, "a [ without its ]");
		if (!class_range(x))
			return false;
	}
	x->p++;
	if (x->out && x->out->n == inside) {     /* nothing that can match was in it */
		x->out->n = open;
		put(x, negated ? "[\\x{0}-\\x{10ffff}]" : "(*FAIL)");
		return true;
	}
	put(x, "]");
	return true;
}

/* ---- terms ---- */

static bool disjunction(struct pattern *x);

static bool back_reference(struct pattern *x)
{
	unsigned n = 0;

	for (; x->p < x->end && is_digit(*x->p); x->p++)
		n = n < 10000 ? n * 10 + (unsigned)(*x->p - '0') : n;
	if (n > x->groups)
		return fail(x, "a back reference to a group that is not there");
	if (x->out)
		buf_printf(x->out, "(?:\\g{%u})", n);
	return true;
}

static bool named_reference(struct pattern *x)
{
	if (!take(x, '<'))
		return fail(x, "\\k without a name; write \\k<name>");
	struct span name = group_name(x);
	for (unsigned i = 0; i < x->nnames; i++) {
		if (!span_eq(name, x->names[i]))
			continue;
		if (x->out)
			buf_printf(x->out, "(?:\\g{%u})", x->named[i]);
		return !x->failed;
	}
	return fail(x, "\\k names a group that is not there");
}

static bool escape(struct pattern *x)
{
	uint32_t c;

	if (x->p < x->end && *x->p >= '1' && *x->p <= '9')
		return back_reference(x);
	if (take(x, 'k'))
		return named_reference(x);
	size_t open = x->out ? x->out->n : 0;
	put(x, "[");
	if (class_escape(x)) {
		put(x, "]");
		return !x->failed;
	}
	if (x->out)
		x->out->n = open;
	if (!character_escape(x, &c))
		return false;
	put_character(x, c);
	return true;
}

/* After the (; *repeats: may a quantifier follow? */
static bool group(struct pattern *x, bool *repeats)
{
	static const struct { const char *ecma; bool repeats; } kinds[] = {
		{ "?:", true }, { "?=", false }, { "?!", false }, { "?<=", false }, { "?<!", false },
	};
	const char *kind = "";

	*repeats = true;
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		if (starts(x, kinds[i].ecma)) {
			kind = kinds[i].ecma;
			*repeats = kinds[i].repeats;
		}
	}
	x->p += strlen(kind);
	if (!*kind && starts(x, "?<")) {
		x->p += 2;
		(void)group_name(x);
	} else if (!*kind && at(x, '?')) {
		return fail(x, "no such group in ECMA-262");
	}
	put(x, "(");
	put(x, kind);
	if (++x->nesting > NESTING_MAX)
		return fail(x, "groups nested deeper than 100");
	if (!disjunction(x))
		return false;
	x->nesting--;
	if (!take(x, ')'))
		return fail(x, "a ( without its )");
	put(x, ")");
	return true;
}

static bool count(struct pattern *x, uint32_t *n)
{
	const uint8_t *from = x->p;
	uint64_t v = 0;

	for (; x->p < x->end && is_digit(*x->p); x->p++)
		v = v < UINT32_MAX ? v * 10 + (uint64_t)(*x->p - '0') : v;
	if (x->p == from)
		return fail(x, "a { that is no count; write {n}, {n,} or {n,m}, or \\{");
	*n = v > REPEAT_MAX ? REPEAT_MAX + 1 : (uint32_t)v;
	return true;
}

static bool counted(struct pattern *x)
{
	uint32_t min, max;

	if (!count(x, &min))
		return false;
	max = min;
	bool open = false;
	if (take(x, ',')) {
		open = at(x, '}');
		if (!open && !count(x, &max))
			return false;
	}
	if (!take(x, '}') || (!open && max < min))
		return fail(x, "a bad count; write {n}, {n,} or {n,m} with n <= m");
	if (min > REPEAT_MAX || max > REPEAT_MAX)
		return fail(x, "a count above 65535; use minLength or maxLength");
	if (x->out && open)
		buf_printf(x->out, "{%u,}", min);
	else if (x->out)
		buf_printf(x->out, "{%u,%u}", min, max);
	return true;
}

static bool quantifier(struct pattern *x, bool repeats)
{
	bool is_one = at(x, '*') || at(x, '+') || at(x, '?');

	if (!is_one && !at(x, '{'))
		return true;
	if (!repeats)
		return fail(x, "nothing to repeat before a quantifier");
	uint8_t c = *x->p++;
	if (is_one && x->out)
		buf_addch(x->out, (char)c);
	if (!is_one && !counted(x))
		return false;
	if (take(x, '?'))
		put(x, "?");
	if (at(x, '*') || at(x, '+') || at(x, '?') || at(x, '{'))
		return fail(x, "a quantifier after a quantifier");
	return true;
}

static bool term(struct pattern *x)
{
	bool repeats = true;
	uint32_t c;

	if (starts(x, "\\b") || starts(x, "\\B")) {
		put(x, x->p[1] == 'b' ? "\\b" : "\\B");
		x->p += 2;
		return quantifier(x, false);
	}
	if (at(x, '^') || at(x, '$')) {
		put(x, *x->p++ == '^' ? "\\A" : "\\z");
		return quantifier(x, false);
	}
	if (take(x, '.')) {
		put(x, "[^\\n\\r\\x{2028}\\x{2029}]");
	} else if (take(x, '(')) {
		if (!group(x, &repeats))
			return false;
	} else if (take(x, '[')) {
		if (!class(x))
			return false;
	} else if (take(x, '\\')) {
		if (!escape(x))
			return false;
	} else {
		if (memchr("*+?{}]", *x->p, 6))
			return fail(x, "a special character that nothing explains; put a backslash before it");
		if (!next_character(x, &c))
			return false;
		put_character(x, c);
	}
	return quantifier(x, repeats);
}

static bool disjunction(struct pattern *x)
{
	while (x->p < x->end && *x->p != ')') {
		if (take(x, '|'))
			put(x, "|");
		else if (!term(x))
			return false;
	}
	return !x->failed;
}

int schema_ecma_translate(struct span pattern, struct buf *out, struct schema_ecma *e)
{
	struct pattern x = { .p = pattern.p, .start = pattern.p, .end = pattern.p + pattern.n, .out = out, .e = e };

	*e = (struct schema_ecma){ 0 };
	count_groups(&x);
	if (!x.failed && disjunction(&x) && x.p < x.end)
		fail(&x, "a ) without its (");
	return x.failed ? E_MALFORMED : 0;
}
