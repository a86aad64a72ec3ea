/* URI references against a base: RFC 3986 5.2. Texts stay as they are written, but for
 * dot segments. Owner: compile; the loader and the tool. */
#include "compile/uri.h"

/* p NULL: the part is absent, which differs from an empty one. */
struct uri {
	struct span scheme, authority, path, query;
};

static bool is_letter(uint8_t c)
{
	return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}

static size_t scheme_length(struct span s)
{
	size_t i = 0;

	while (i < s.n && (is_letter(s.p[i]) || (i && (s.p[i] == '+' || s.p[i] == '-' || s.p[i] == '.' || (s.p[i] >= '0' && s.p[i] <= '9')))))
		i++;
	return i < s.n && s.p[i] == ':' ? i : 0;
}

static struct span take(struct span *s, size_t n)
{
	struct span head = span_of(s->p, n);

	*s = span_of(s->p + n, s->n - n);
	return head;
}

static size_t length_until(struct span s, uint8_t stop)
{
	const uint8_t *p = s.n ? memchr(s.p, stop, s.n) : NULL;

	return p ? (size_t)(p - s.p) : s.n;
}

/* RFC 3986 appendix B, without a fragment. */
static struct uri parse(struct span s)
{
	struct uri u = { 0 };
	size_t n = scheme_length(s);

	if (n) {
		u.scheme = take(&s, n);
		(void)take(&s, 1);
	}
	struct span rest = take(&s, length_until(s, '?'));
	if (s.n)
		u.query = span_of(s.p + 1, s.n - 1);
	if (rest.n >= 2 && rest.p[0] == '/' && rest.p[1] == '/') {
		(void)take(&rest, 2);
		u.authority = take(&rest, length_until(rest, '/'));
	}
	u.path = rest;
	return u;
}

/* 5.2.4 over what stands in out from `from` on. */
static void remove_dots(struct buf *out, size_t from)
{
	uint8_t *p = out->p + from, *w = p, *end = out->p + out->n;

	while (p < end) {
		size_t n = 1 + length_until(span_of(p + 1, (size_t)(end - p - 1)), '/');
		bool last = p + n == end;
		if (n == 2 && memcmp(p, "/.", 2) == 0) {
			if (last)
				*w++ = '/';
		} else if (n == 3 && memcmp(p, "/..", 3) == 0) {
			while (w > out->p + from && *--w != '/')
				;
			if (last)
				*w++ = '/';
		} else {
			memmove(w, p, n);
			w += n;
		}
		p += n;
	}
	out->n = (size_t)(w - out->p);
}

static void add(struct buf *out, struct span s)
{
	if (s.n)
		buf_add(out, s.p, s.n);
}

/* 5.2.3: the base's path up to its last slash. */
static void add_folder(struct buf *out, const struct uri *base)
{
	size_t n = base->path.n;

	if (base->authority.p && n == 0)
		buf_addch(out, '/');
	while (n && base->path.p[n - 1] != '/')
		n--;
	add(out, span_of(base->path.p, n));
}

static void recompose(struct buf *out, const struct uri *base, const struct uri *ref)
{
	bool own = ref->scheme.p != NULL, placed = own || ref->authority.p, here = !placed && ref->path.n == 0;
	struct span scheme = own ? ref->scheme : base->scheme, authority = placed ? ref->authority : base->authority;

	add(out, scheme);
	buf_puts(out, scheme.p ? ":" : "");
	buf_puts(out, authority.p ? "//" : "");
	add(out, authority);
	size_t path = out->n;
	if (!placed && !here && ref->path.p[0] != '/')
		add_folder(out, base);
	add(out, here ? base->path : ref->path);
	if (!buf_error(out) && out->n > path && out->p[path] == '/')
		remove_dots(out, path);
	struct span query = here && !ref->query.p ? base->query : ref->query;
	buf_puts(out, query.p ? "?" : "");
	add(out, query);
}

int uri_resolve(struct buf *out, const char *base, struct span ref)
{
	struct uri b = parse(span_str(base)), r = parse(ref);

	buf_clear(out);
	recompose(out, &b, &r);
	size_t n = out->n;
	buf_addch(out, 0);
	if (buf_error(out))
		return buf_error(out);
	return n > URI_MAX ? E_LIMIT : 0;
}

struct span uri_fragment(struct span ref, struct span *url)
{
	size_t n = length_until(ref, '#');

	*url = span_of(ref.p, n);
	return n < ref.n ? span_of(ref.p + n + 1, ref.n - n - 1) : SPAN_LIT("");
}

const char *uri_of_path(struct arena *a, const char *path)
{
	static const char plain[] = "-._~/";
	struct buf out;

	buf_init(&out, 0);
	buf_puts(&out, "file://");
	for (; *path; path++) {
		uint8_t c = (uint8_t)*path;
		if (is_letter(c) || (c >= '0' && c <= '9') || strchr(plain, c))
			buf_addch(&out, (char)c);
		else
			buf_printf(&out, "%%%02X", c);
	}
	const char *uri = buf_error(&out) ? NULL : arena_strndup(a, out.p, out.n);
	buf_fini(&out);
	return uri;
}
