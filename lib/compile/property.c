/* Which characters have a Unicode property: PCRE2 is asked once for each, over all
 * characters, so that both kinds of automata mean the same and no table of Unicode is
 * kept here. Owner: compile; the loader and the tool. */
#include <stdio.h>
#include <stdlib.h>

#include "base/utf8.h"
#include "compile/dfa.h"
#include "compile/internal.h"

#define PROPERTIES_MAX 32
#define WORK_OF_ONE 1000000u
#define ALL_BYTES ((size_t)5 << 20)     /* of all characters, one after the other */

struct property {
	char text[80];
	struct buf ranges;              /* struct property_range[] */
	bool good;
};

struct properties {
	struct property known[PROPERTIES_MAX];
	size_t n;
	struct buf all;
};

struct properties *properties_new(void)
{
	struct properties *p = calloc(1, sizeof *p);

	if (p)
		buf_init(&p->all, ALL_BYTES);
	return p;
}

void properties_free(struct properties *p)
{
	if (!p)
		return;
	for (size_t i = 0; i < p->n; i++)
		buf_fini(&p->known[i].ranges);
	buf_fini(&p->all);
	free(p);
}

static bool fill_all(struct buf *all)
{
	uint8_t bytes[4];

	for (uint32_t c = all->n ? 0x110000 : 0; c < 0x110000; c++) {
		if (c < 0xd800 || c > 0xdfff)
			buf_add(all, bytes, utf8_encode(c, bytes));
	}
	return buf_error(all) == 0;
}

static pcre2_code *compile(const char *text, char sign)
{
	char pattern[100];
	PCRE2_SIZE where;
	int error, n = snprintf(pattern, sizeof pattern, "\\%c{%s}++", sign, text);

	if (n < 0 || (size_t)n >= sizeof pattern)
		return NULL;
	return pcre2_compile((PCRE2_SPTR)pattern, (size_t)n, PCRE2_UTF | PCRE2_ANCHORED, &error, &where, NULL);
}

/* Bytes of the run that begins at `at`. */
static size_t run_length(const pcre2_code *code, const struct buf *all, size_t at, pcre2_match_data *match)
{
	int n = pcre2_match(code, all->p, all->n, at, PCRE2_NO_UTF_CHECK, match, NULL);

	return n > 0 ? pcre2_get_ovector_pointer(match)[1] - at : 0;
}

static uint32_t character_at(const struct buf *all, size_t at)
{
	return utf8_decode(all->p + at, utf8_len(all->p + at, all->n - at));
}

static uint32_t character_before(const struct buf *all, size_t at)
{
	do
		at--;
	while ((all->p[at] & 0xc0) == 0x80);
	return character_at(all, at);
}

static void find_ranges(struct property *p, const struct buf *all, const pcre2_code *in, const pcre2_code *out, pcre2_match_data *match)
{
	for (size_t at = 0; at < all->n;) {
		size_t n = run_length(in, all, at, match), gap = run_length(out, all, at + n, match);
		struct property_range r = { 0 };
		if (n) {
			r.low = character_at(all, at);
			r.high = character_before(all, at + n);
			buf_add(&p->ranges, &r, sizeof r);
		}
		if (n + gap == 0)
			return;
		at += n + gap;
		p->good = at == all->n;
	}
}

static void learn(struct properties *all, struct property *p)
{
	pcre2_code *in = compile(p->text, 'p'), *out = compile(p->text, 'P');
	pcre2_match_data *match = pcre2_match_data_create(1, NULL);

	if (in && out && match && fill_all(&all->all))
		find_ranges(p, &all->all, in, out, match);
	p->good = p->good && !buf_error(&p->ranges);
	pcre2_match_data_free(match);
	pcre2_code_free(in);
	pcre2_code_free(out);
}

static struct property *find(struct properties *p, const char *text, uint64_t *work)
{
	for (size_t i = 0; i < p->n; i++) {
		if (strcmp(p->known[i].text, text) == 0)
			return &p->known[i];
	}
	if (p->n == PROPERTIES_MAX || *work < WORK_OF_ONE)
		return NULL;
	struct property *fresh = &p->known[p->n++];
	*work -= WORK_OF_ONE;
	snprintf(fresh->text, sizeof fresh->text, "%s", text);
	buf_init(&fresh->ranges, 0);
	learn(p, fresh);
	return fresh;
}

const struct property_range *property_ranges(struct properties *p, const struct ecma_item *item, size_t *n, uint64_t *work)
{
	char text[80];
	int len = snprintf(text, sizeof text, "%s%s%.*s", item->negated ? "^" : "", item->prefix, (int)item->name.n, (const char *)item->name.p);
	struct property *found = p && len > 0 && (size_t)len < sizeof text ? find(p, text, work) : NULL;

	if (!found || !found->good)
		return NULL;
	*n = found->ranges.n / sizeof(struct property_range);
	return found->ranges.p ? (const void *)found->ranges.p : (const void *)"";
}
