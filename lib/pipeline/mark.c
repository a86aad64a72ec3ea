/* The mark stage: a message whose policy is mark carries the reason in a header.
 * Owner: the adapter's process. */
#include <stdio.h>

#include "base/clock.h"
#include "base/utf8.h"
#include "pipeline/stages.h"

#define TAIL "]}"

struct text {
	char *p;
	size_t n, cap;
};

static bool put(struct text *t, const char *s, size_t n)
{
	if (t->cap - t->n < n)
		return false;
	memcpy(t->p + t->n, s, n);
	t->n += n;
	return true;
}

/* One character of a JSON string; *used is what it takes of s. */
static bool put_char(struct text *t, const char *s, size_t left, size_t *used)
{
	unsigned char c = (unsigned char)*s;
	char escaped[8];

	*used = 1;
	if (c == '"' || c == '\\') {
		escaped[0] = '\\';
		escaped[1] = (char)c;
		return put(t, escaped, 2);
	}
	if (c < 0x20 || c == 0x7f)
		return put(t, escaped, (size_t)snprintf(escaped, sizeof escaped, "\\u%04x", c));
	size_t len = utf8_len((const uint8_t *)s, left);
	if (len == 0)
		return put(t, "\xef\xbf\xbd", 3);
	*used = len;
	return put(t, s, len);
}

/* s as a JSON string, cut at a character when there is no room; false: not even a part. */
static bool put_string(struct text *t, const char *s)
{
	size_t left = strlen(s), used;
	size_t room = t->cap;

	if (t->cap - t->n < 16)
		return false;
	put(t, "\"", 1);
	t->cap -= 4;                     /* for "…" and the quote */
	while (left > 0 && put_char(t, s, left, &used)) {
		s += used;
		left -= used;
	}
	t->cap = room;
	if (left > 0)
		put(t, "\xe2\x80\xa6", 3);
	return put(t, "\"", 1);
}

static const char *error_text(struct pipeline *p, const struct judgement_report *r, size_t i)
{
	const struct schema_error *e = &r->errors[i];
	const char *s = arena_printf(p->arena, "%s%s%s: %s", r->message, *r->message ? ": " : "", e->instance, e->message);

	return s ? s : "";
}

static struct span reason(struct pipeline *p, const struct judgement_report *r)
{
	struct text t = { .p = arena_alloc(p->arena, MARK_BYTES), .cap = MARK_BYTES - sizeof TAIL + 1 };
	char ts[32];

	if (!t.p) {
		p->error = E_NOMEM;
		return SPAN_NULL;
	}
	t.n = (size_t)snprintf(t.p, t.cap, "{\"ts\":\"%s\",\"errors\":[", clock_rfc3339(p->wall_ms, ts));
	if (r->nerrors == 0)
		put_string(&t, r->text ? r->text : "");
	for (size_t i = 0; i < r->nerrors; i++) {
		size_t before = t.n;
		if ((i > 0 && !put(&t, ",", 1)) || !put_string(&t, error_text(p, r, i))) {
			t.n = before;
			break;
		}
	}
	t.cap += sizeof TAIL - 1;
	put(&t, TAIL, sizeof TAIL - 1);
	return span_of(t.p, t.n);
}

static NOINLINE enum stage_result mark(struct pipeline *p, struct message_view *m)
{
	pipeline_explain(p, m);
	struct span value = reason(p, &m->report);
	if (!p->error)
		pipeline_add_header(p, m, SPAN_LIT(MARK_HEADER), value);
	return STAGE_CHANGED;
}

enum stage_result stage_mark(struct pipeline *p, struct message_view *m)
{
	return likely(m->judgement.action != ACTION_MARK) ? STAGE_PASS : mark(p, m);
}
