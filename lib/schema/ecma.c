/* ECMA-262 patterns, u-mode, read by their own grammar: the same letters mean other
 * things elsewhere ($, ., \s, \v, [^] and many more), and what other languages accept is
 * an error here. Without a tree to fill it takes no memory. Owner: schema; the loader,
 * the tool, and format `regex` in workers. */
#include "base/utf8.h"
#include "schema/ecma.h"

#define GROUPS_MAX 200
#define NESTING_MAX 100
#define TREE_BYTES_MAX ((size_t)64 << 20)
#define BACKSPACE 8

struct pattern {
	const uint8_t *p, *end, *start;
	struct ecma *e;
	bool keep;                      /* the tree, not the verdict alone */
	bool failed;
	unsigned groups, nnames, nesting, captured;
	struct span names[GROUPS_MAX];
	unsigned named[GROUPS_MAX];
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

/* ---- the tree ---- */

static uint32_t add_node(struct pattern *x, struct ecma_node n)
{
	if (x->keep)
		buf_add(&x->e->nodes, &n, sizeof n);
	return x->keep && !buf_error(&x->e->nodes) ? (uint32_t)(x->e->nodes.n / sizeof n) - 1 : ECMA_NO_NODE;
}

static struct ecma_node *node_at(struct pattern *x, uint32_t at)
{
	return (struct ecma_node *)(void *)x->e->nodes.p + at;
}

static uint32_t add_leaf(struct pattern *x, enum ecma_kind kind, uint32_t value)
{
	return add_node(x, (struct ecma_node){ .kind = (uint8_t)kind, .value = value });
}

struct children {
	uint32_t first, last, n;
};

static void add_child(struct pattern *x, struct children *c, uint32_t node)
{
	if (node == ECMA_NO_NODE)
		return;
	if (c->n++)
		node_at(x, c->last)->next = node;
	else
		c->first = node;
	c->last = node;
}

/* A lone child stands for itself. */
static uint32_t add_parent(struct pattern *x, enum ecma_kind kind, const struct children *c)
{
	if (c->n == 1)
		return c->first;
	return add_node(x, (struct ecma_node){ .kind = (uint8_t)(c->n ? kind : ECMA_EMPTY), .first = c->first });
}

static void add_item(struct pattern *x, struct ecma_item item)
{
	if (x->keep)
		buf_add(&x->e->items, &item, sizeof item);
}

static uint32_t items_used(const struct pattern *x)
{
	return (uint32_t)(x->e->items.n / sizeof(struct ecma_item));
}

static uint32_t add_set(struct pattern *x, uint32_t first, bool negated)
{
	return add_node(x, (struct ecma_node){ .kind = ECMA_SET, .negated = negated, .first = first, .value = items_used(x) - first });
}

/* ---- characters ---- */

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

/* After \u. Half of a surrogate pair stays one: it matches nothing. */
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
	*c = v;
	return true;
}

/* A character escape after the backslash; the letter is not taken yet. */
static bool character_escape(struct pattern *x, uint32_t *out, bool in_class)
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
	if (memchr("^$\\.*+?()[]{}|/", c, 15) || (in_class && c == '-'))
		return true;
	if (c > 0x20 && c < 0x7f && !is_digit(c) && !(low >= 'a' && low <= 'z')) {
		x->e->lenient = true;
		return true;
	}
	x->p--;
	return fail(x, "no such escape in ECMA-262");
}

/* Names are exact in ECMA-262; PCRE2 would take them in any case, and others too. */
static const struct {
	const char *ecma, *pcre;
} categories[] = {
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
	{ "Unassigned", "Cn" }, { "L", "L" }, { "Lu", "Lu" }, { "Ll", "Ll" }, { "Lt", "Lt" }, { "Lm", "Lm" }, { "Lo", "Lo" },
	{ "M", "M" }, { "Mn", "Mn" }, { "Mc", "Mc" }, { "Me", "Me" }, { "N", "N" }, { "Nd", "Nd" }, { "Nl", "Nl" }, { "No", "No" },
	{ "P", "P" }, { "Pc", "Pc" }, { "Pd", "Pd" }, { "Ps", "Ps" }, { "Pe", "Pe" }, { "Pi", "Pi" }, { "Pf", "Pf" },
	{ "Po", "Po" }, { "S", "S" }, { "Sm", "Sm" }, { "Sc", "Sc" }, { "Sk", "Sk" }, { "So", "So" }, { "Z", "Z" }, { "Zs", "Zs" },
	{ "Zl", "Zl" }, { "Zp", "Zp" }, { "C", "C" }, { "Cc", "Cc" }, { "Cf", "Cf" }, { "Cs", "Cs" }, { "Co", "Co" },
	{ "Cn", "Cn" },
};

static const char *const binaries[] = {
	"ASCII", "ASCII_Hex_Digit", "AHex", "Alphabetic", "Alpha", "Any", "Bidi_Control", "Bidi_C", "Bidi_Mirrored", "Bidi_M",
	"Case_Ignorable", "CI", "Cased", "Changes_When_Casefolded", "CWCF", "Changes_When_Casemapped", "CWCM",
	"Changes_When_Lowercased", "CWL", "Changes_When_NFKC_Casefolded", "CWKCF", "Changes_When_Titlecased", "CWT",
	"Changes_When_Uppercased", "CWU", "Dash", "Default_Ignorable_Code_Point", "DI", "Deprecated", "Dep", "Diacritic", "Dia",
	"Emoji", "Emoji_Component", "EComp", "Emoji_Modifier", "EMod", "Emoji_Modifier_Base", "EBase", "Emoji_Presentation",
	"EPres", "Extended_Pictographic", "ExtPict", "Extender", "Ext", "Grapheme_Base", "Gr_Base", "Grapheme_Extend", "Gr_Ext",
	"Hex_Digit", "Hex", "IDS_Binary_Operator", "IDSB", "IDS_Trinary_Operator", "IDST", "ID_Continue", "IDC", "ID_Start", "IDS",
	"Ideographic", "Ideo", "Join_Control", "Join_C", "Logical_Order_Exception", "LOE", "Lowercase", "Lower", "Math",
	"Noncharacter_Code_Point", "NChar", "Pattern_Syntax", "Pat_Syn", "Pattern_White_Space", "Pat_WS", "Quotation_Mark",
	"QMark", "Radical", "Regional_Indicator", "RI", "Sentence_Terminal", "STerm", "Soft_Dotted", "SD", "Terminal_Punctuation",
	"Term", "Unified_Ideograph", "UIdeo", "Uppercase", "Upper", "Variation_Selector", "VS", "White_Space", "space",
	"XID_Continue", "XIDC", "XID_Start", "XIDS",
};

/* As PCRE2 spells it; null when there is none of that name. */
static struct span category_name(struct span name)
{
	for (size_t i = 0; i < ARRAY_LEN(categories); i++) {
		if (span_is(name, categories[i].ecma))
			return span_str(categories[i].pcre);
	}
	return SPAN_NULL;
}

static struct span lone_name(struct span name)
{
	for (size_t i = 0; i < ARRAY_LEN(binaries); i++) {
		if (span_is(name, binaries[i]))
			return name;
	}
	return category_name(name);
}

/* Which scripts there are PCRE2 says. */
static struct span script_name(struct span name)
{
	bool good = name.n > 1 && name.p[0] >= 'A' && name.p[0] <= 'Z' && name.p[1] >= 'a' && name.p[1] <= 'z';

	return good ? name : SPAN_NULL;
}

static bool is_name(uint8_t c)
{
	return is_digit(c) || c == '_' || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
}

/* After \p or \P. */
static bool property(struct pattern *x, bool negated)
{
	static const struct { const char *ecma, *pcre; struct span (*name)(struct span); } kinds[] = {
		{ "General_Category=", "", category_name }, { "gc=", "", category_name },
		{ "Script_Extensions=", "scx:", script_name }, { "scx=", "scx:", script_name },
		{ "Script=", "sc:", script_name }, { "sc=", "sc:", script_name }, { "", "", lone_name },
	};
	struct ecma_item item = { .negated = negated };
	size_t kind = 0;

	if (!take(x, '{'))
		return fail(x, "\\p without a name; write \\p{L}");
	while (!starts(x, kinds[kind].ecma))
		kind++;
	x->p += strlen(kinds[kind].ecma);
	for (item.name = span_of(x->p, 0); x->p < x->end && is_name(*x->p); x->p++)
		item.name.n++;
	item.prefix = kinds[kind].pcre;
	item.name = kinds[kind].name(item.name);
	if (!item.name.p || !take(x, '}'))
		return fail(x, "no such property; write \\p{L}, \\p{Alphabetic} or \\p{Script=Greek}");
	add_item(x, item);
	return true;
}

#define LAST 0x10ffff

static const struct class {
	char letter;
	uint8_t n;
	uint32_t ranges[12][2];
} classes[] = {
	{ 'd', 1, { { '0', '9' } } },
	{ 'D', 2, { { 0, '0' - 1 }, { '9' + 1, LAST } } },
	{ 'w', 4, { { '0', '9' }, { 'A', 'Z' }, { '_', '_' }, { 'a', 'z' } } },
	{ 'W', 5, { { 0, '0' - 1 }, { '9' + 1, 'A' - 1 }, { 'Z' + 1, '_' - 1 }, { '_' + 1, 'a' - 1 }, { 'z' + 1, LAST } } },
	{ 's', 10, { { 9, 13 }, { ' ', ' ' }, { 0xa0, 0xa0 }, { 0x1680, 0x1680 }, { 0x2000, 0x200a }, { 0x2028, 0x2029 },
	             { 0x202f, 0x202f }, { 0x205f, 0x205f }, { 0x3000, 0x3000 }, { 0xfeff, 0xfeff } } },
	{ 'S', 11, { { 0, 8 }, { 14, 0x1f }, { 0x21, 0x9f }, { 0xa1, 0x167f }, { 0x1681, 0x1fff }, { 0x200b, 0x2027 },
	             { 0x202a, 0x202e }, { 0x2030, 0x205e }, { 0x2060, 0x2fff }, { 0x3001, 0xfefe }, { 0xff00, LAST } } },
};

/* A class escape after the backslash; false when it is none. */
static bool class_escape(struct pattern *x)
{
	if (take(x, 'p')) {
		(void)property(x, false);
		return true;
	}
	if (take(x, 'P')) {
		(void)property(x, true);
		return true;
	}
	for (size_t i = 0; i < ARRAY_LEN(classes); i++) {
		if (!take(x, classes[i].letter))
			continue;
		for (unsigned k = 0; k < classes[i].n; k++)
			add_item(x, (struct ecma_item){ .low = classes[i].ranges[k][0], .high = classes[i].ranges[k][1] });
		return true;
	}
	return false;
}

/* ---- classes ---- */

/* One end of a range; *set: it was a class escape, already added. */
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
	return character_escape(x, c, true);
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
	high = low;
	if (range) {
		x->p++;
		if (!class_atom(x, &high, &set))
			return false;
		if (set || high < low)
			return fail(x, "a range that does not go from a lower to a higher character");
	}
	add_item(x, (struct ecma_item){ .low = low, .high = high });
	return true;
}

/* After the [. */
static uint32_t class(struct pattern *x)
{
	bool negated = take(x, '^');
	uint32_t first = items_used(x);

	while (!take(x, ']')) {
		if (x->p == x->end)
			fail(x, "a [ without its ]");
		if (x->failed || !class_range(x))
			return ECMA_NO_NODE;
	}
	return add_set(x, first, negated);
}

/* ---- terms ---- */

static uint32_t disjunction(struct pattern *x);

static uint32_t back_reference(struct pattern *x)
{
	unsigned n = 0;

	for (; x->p < x->end && is_digit(*x->p); x->p++)
		n = n < 10000 ? n * 10 + (unsigned)(*x->p - '0') : n;
	if (n > x->groups)
		fail(x, "a back reference to a group that is not there");
	return add_leaf(x, ECMA_REFERENCE, n);
}

static uint32_t named_reference(struct pattern *x)
{
	struct span name = take(x, '<') ? group_name(x) : SPAN_NULL;

	if (!name.p)
		fail(x, "\\k without a name; write \\k<name>");
	for (unsigned i = 0; i < x->nnames; i++) {
		if (span_eq(name, x->names[i]))
			return add_leaf(x, ECMA_REFERENCE, x->named[i]);
	}
	fail(x, "\\k names a group that is not there");
	return ECMA_NO_NODE;
}

/* After the backslash. */
static uint32_t escape(struct pattern *x)
{
	uint32_t first = items_used(x), c = 0;

	if (x->p < x->end && *x->p >= '1' && *x->p <= '9')
		return back_reference(x);
	if (take(x, 'k'))
		return named_reference(x);
	if (class_escape(x))
		return add_set(x, first, false);
	(void)character_escape(x, &c, false);
	return add_leaf(x, ECMA_CHARACTER, c);
}

/* After the ( and its kind. */
static uint32_t group_body(struct pattern *x, struct ecma_node n)
{
	if (++x->nesting > NESTING_MAX) {
		fail(x, "groups nested deeper than 100");
		return ECMA_NO_NODE;
	}
	n.first = disjunction(x);
	x->nesting--;
	if (!take(x, ')'))
		fail(x, "a ( without its )");
	return add_node(x, n);
}

/* After the (; *repeats: may a quantifier follow? */
static uint32_t group(struct pattern *x, bool *repeats)
{
	static const struct { const char *spelling; struct ecma_node n; } kinds[] = {
		{ "?:", { .kind = ECMA_GROUP } },
		{ "?=", { .kind = ECMA_LOOK } },
		{ "?!", { .kind = ECMA_LOOK, .negated = true } },
		{ "?<=", { .kind = ECMA_LOOK, .behind = true } },
		{ "?<!", { .kind = ECMA_LOOK, .behind = true, .negated = true } },
	};

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		if (!starts(x, kinds[i].spelling))
			continue;
		x->p += strlen(kinds[i].spelling);
		*repeats = kinds[i].n.kind == ECMA_GROUP;
		return group_body(x, kinds[i].n);
	}
	if (starts(x, "?<")) {
		x->p += 2;
		(void)group_name(x);
	} else if (at(x, '?')) {
		fail(x, "no such group in ECMA-262");
	}
	return x->failed ? ECMA_NO_NODE : group_body(x, (struct ecma_node){ .kind = ECMA_GROUP, .value = ++x->captured });
}

static bool count(struct pattern *x, uint32_t *n)
{
	const uint8_t *from = x->p;
	uint64_t v = 0;

	for (; x->p < x->end && is_digit(*x->p); x->p++)
		v = v < UINT32_MAX ? v * 10 + (uint64_t)(*x->p - '0') : v;
	if (x->p == from)
		return fail(x, "a { that is no count; write {n}, {n,} or {n,m}, or \\{");
	*n = v > ECMA_REPEAT_MAX ? ECMA_REPEAT_MAX + 1 : (uint32_t)v;
	return true;
}

/* After the {. */
static bool counted(struct pattern *x, uint32_t *min, uint32_t *max)
{
	if (!count(x, min))
		return false;
	*max = *min;
	if (take(x, ',')) {
		*max = ECMA_NO_MAX;
		if (!at(x, '}') && !count(x, max))
			return false;
	}
	if (!take(x, '}') || *max < *min)
		return fail(x, "a bad count; write {n}, {n,} or {n,m} with n <= m");
	if (*min > ECMA_REPEAT_MAX || (*max > ECMA_REPEAT_MAX && *max != ECMA_NO_MAX))
		return fail(x, "a count above 65535; use minLength or maxLength");
	return true;
}

static uint32_t quantifier(struct pattern *x, uint32_t child, bool repeats)
{
	struct ecma_node n = { .kind = ECMA_REPEAT, .first = child, .max = ECMA_NO_MAX };

	if (x->failed || x->p == x->end || !memchr("*+?{", *x->p, 4))
		return child;
	if (!repeats) {
		fail(x, "nothing to repeat before a quantifier");
		return ECMA_NO_NODE;
	}
	uint8_t c = *x->p++;
	if (c == '+')
		n.value = 1;
	else if (c == '?')
		n.max = 1;
	else if (c == '{' && !counted(x, &n.value, &n.max))
		return ECMA_NO_NODE;
	n.lazy = take(x, '?');
	if (x->p < x->end && memchr("*+?{", *x->p, 4))
		fail(x, "a quantifier after a quantifier");
	return add_node(x, n);
}

static uint32_t assertion(struct pattern *x)
{
	if (take(x, '^'))
		return add_leaf(x, ECMA_START, 0);
	if (take(x, '$'))
		return add_leaf(x, ECMA_END, 0);
	struct ecma_node n = { .kind = ECMA_BOUNDARY, .negated = starts(x, "\\B") };
	x->p += 2;
	return add_node(x, n);
}

/* What . leaves out. */
static uint32_t dot(struct pattern *x)
{
	uint32_t first = items_used(x);

	add_item(x, (struct ecma_item){ .low = '\n', .high = '\n' });
	add_item(x, (struct ecma_item){ .low = '\r', .high = '\r' });
	add_item(x, (struct ecma_item){ .low = 0x2028, .high = 0x2029 });
	return add_set(x, first, true);
}

static uint32_t character(struct pattern *x)
{
	uint32_t c = 0;

	if (memchr("*+?{}]", *x->p, 6))
		fail(x, "a special character that nothing explains; put a backslash before it");
	else
		(void)next_character(x, &c);
	return add_leaf(x, ECMA_CHARACTER, c);
}

static uint32_t term(struct pattern *x)
{
	bool repeats = true;
	uint32_t node;

	if (at(x, '^') || at(x, '$') || starts(x, "\\b") || starts(x, "\\B")) {
		node = assertion(x);
		repeats = false;
	} else if (take(x, '.')) {
		node = dot(x);
	} else if (take(x, '(')) {
		node = group(x, &repeats);
	} else if (take(x, '[')) {
		node = class(x);
	} else if (take(x, '\\')) {
		node = escape(x);
	} else {
		node = character(x);
	}
	return quantifier(x, node, repeats);
}

static uint32_t sequence(struct pattern *x)
{
	struct children terms = { 0 };

	while (!x->failed && x->p < x->end && *x->p != ')' && *x->p != '|')
		add_child(x, &terms, term(x));
	return add_parent(x, ECMA_SEQUENCE, &terms);
}

static uint32_t disjunction(struct pattern *x)
{
	struct children choices = { 0 };

	do
		add_child(x, &choices, sequence(x));
	while (!x->failed && take(x, '|'));
	return add_parent(x, ECMA_CHOICE, &choices);
}

static bool parse(struct ecma *e, struct span pattern, bool keep)
{
	struct pattern x;

	memset(&x, 0, offsetof(struct pattern, names));  /* the rest is written before it is read */
	x.p = x.start = pattern.p;
	x.end = pattern.p + pattern.n;
	x.e = e;
	x.keep = keep;
	count_groups(&x);
	if (x.failed)
		return false;
	(void)add_leaf(&x, ECMA_EMPTY, 0);      /* node 0 */
	e->root = disjunction(&x);
	if (!x.failed && x.p < x.end)
		fail(&x, "a ) without its (");
	return !x.failed;
}

int ecma_parse(struct ecma *e, struct span pattern)
{
	*e = (struct ecma){ 0 };
	buf_init(&e->nodes, TREE_BYTES_MAX);
	buf_init(&e->items, TREE_BYTES_MAX);
	if (!parse(e, pattern, true))
		return E_MALFORMED;
	return buf_error(&e->nodes) || buf_error(&e->items) ? E_NOMEM : 0;
}

void ecma_free(struct ecma *e)
{
	buf_fini(&e->nodes);
	buf_fini(&e->items);
}

bool ecma_check(struct span pattern)
{
	struct ecma e = { 0 };

	return parse(&e, pattern, false) && !e.lenient;
}
