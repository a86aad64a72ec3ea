/* Names of members that the fused executor did not foresee: the hash table, names with
 * escapes, patternProperties and propertyNames, and names without a key, of which no two
 * may be the same. Owner: schema; workers, the loader and the tool. */
#include <stdlib.h>

#include "base/hash.h"
#include "schema/fuse_run.h"

struct name {
	struct span raw, text;          /* as it stands; decoded, with 16 bytes readable at its start */
};

/* ---- known names ---- */

static bool key_is(const struct fuse *f, const struct fuse_key *k, struct span text)
{
	return k->len == text.n && memcmp(fuse_data(f, k->name), text.p, text.n) == 0;
}

static const struct fuse_key *find_key(const struct fuse *f, const struct fuse_object *o, struct span text)
{
	const uint32_t *slots = (const uint32_t *)fuse_data(f, o->slots) + 1;

	if (o->count == 0)
		return NULL;
	for (uint32_t i = fuse_slot(text.p, text.n, o->multiplier, o->mask); slots[i] != FUSE_NO_KEY; i = (i + 1) & o->mask) {
		const struct fuse_key *k = &f->t->keys[o->first + slots[i]];
		if (key_is(f, k, text))
			return k;
	}
	return NULL;
}

/* ---- names without a key ---- */

static bool decode(struct fuse *f, struct span raw, struct span *text)
{
	struct buf *b = &f->run.runner->decoded;
	size_t n;

	buf_clear(b);
	if (!buf_reserve(b, raw.n + 16)) {
		run_undecidable(&f->run, "out of memory");
		return false;
	}
	if (!json_unescape(raw, b->p, &n))
		return false;
	memset(b->p + n, 0, 16);
	*text = span_of(b->p, n);
	return true;
}

static uint32_t name_hash(const struct fuse *f, struct span text)
{
	uint64_t seed = f->run.runner->seed;

	return text.n <= FUSE_NAME_SHORT ? fuse_short_hash(text.p, text.n, seed) : (uint32_t)hash64(text.p, text.n, seed);
}

/* Equal hashes are rare; then the names are read again where they stand. */
static bool names_are_equal(struct fuse *f, uint32_t a, uint32_t b)
{
	const uint8_t *p = f->base + a, *q = f->base + b;
	unsigned escapes_p, escapes_q;
	const uint8_t *p_end = json_scan_string(p, f->end, &escapes_p), *q_end = json_scan_string(q, f->end, &escapes_q);

	if ((escapes_p | escapes_q) & JSON_SCAN_ESCAPES)
		f->punt = true;
	return span_eq(span_of(p, (size_t)(p_end - p)), span_of(q, (size_t)(q_end - q)));
}

bool fuse_is_new(struct fuse *f, struct fuse_name name, size_t names)
{
	const struct fuse_name *all = f->run.runner->names;

	for (size_t i = names; i < f->names && f->names - names < FUSE_NAMES_IN_LINE; i++) {
		if (unlikely(all[i].hash == name.hash) && names_are_equal(f, all[i].off, name.off))
			return false;
	}
	return true;
}

static bool grow_names(struct fuse *f)
{
	struct schema_runner *r = f->run.runner;
	size_t cap = r->names_cap ? r->names_cap * 2 : 256;
	struct fuse_name *more = realloc(r->names, cap * sizeof *more);

	if (!more) {
		run_undecidable(&f->run, "out of memory");
		return false;
	}
	r->names = more;
	r->names_cap = cap;
	return true;
}

/* The runner's stack of names: those of this object lie from `names` on. */
static bool push_name(struct fuse *f, const struct name *n, size_t names)
{
	struct schema_runner *r = f->run.runner;
	struct fuse_name name = { name_hash(f, n->text), (uint32_t)(n->raw.p - f->base) };

	if (!fuse_is_new(f, name, names) || (f->names == r->names_cap && !grow_names(f)))
		return false;
	r->names[f->names++] = name;
	return true;
}

/* p: after a name's quote. Its end, or NULL. */
static inline const uint8_t *scan_name(struct fuse *f, const uint8_t *p, struct name *n, unsigned *flags)
{
	const uint8_t *e = json_scan_string(p, f->end, flags);

	if (unlikely(!e || e >= f->end))
		return NULL;
	n->raw = n->text = span_of(p, (size_t)(e - p));
	if (unlikely(*flags & JSON_SCAN_ESCAPES) && !decode(f, n->raw, &n->text))
		return NULL;
	return e;
}

/* e: a name's end. Where its value begins, or NULL. */
static inline const uint8_t *skip_colon(const struct fuse *f, const uint8_t *e)
{
	const uint8_t *p = json_scan_space(e + 1, f->end);

	return likely(*p == ':') ? json_scan_space(p + 1, f->end) : NULL;
}

const uint8_t *fuse_name(struct fuse *f, const uint8_t *p, size_t names)
{
	unsigned flags;
	struct name n;
	const uint8_t *e = scan_name(f, p, &n, &flags);

	return e && push_name(f, &n, names) ? skip_colon(f, e) : NULL;
}

bool fuse_names_differ(struct fuse *f, size_t names)
{
	struct schema_runner *r = f->run.runner;
	size_t n = f->names - names, cap = 64;

	if (n <= FUSE_NAMES_IN_LINE)
		return true;
	while (cap < n * 2)
		cap *= 2;
	if (!run_cells(&f->run, cap))
		return false;
	for (size_t i = names; i < f->names; i++) {
		size_t cell = r->names[i].hash & (cap - 1);
		for (; r->cells[cell]; cell = (cell + 1) & (cap - 1)) {
			const struct fuse_name *other = &r->names[r->cells[cell] - 1];
			if (other->hash == r->names[i].hash && names_are_equal(f, other->off, r->names[i].off))
				return false;
		}
		r->cells[cell] = (uint32_t)i + 1;
	}
	return !f->run.reason;
}

/* ---- what else judges a member ---- */

/* A name as a value of its own: propertyNames. */
static bool name_holds(struct fuse *f, const struct fuse_object *o, struct span text)
{
	const struct fuse_more *more = fuse_data(f, o->more);
	struct json_entry entry = { JSON_STRING, 0, 0, 0, (uint32_t)text.n, 1 };
	uint32_t n;
	const uint32_t *nodes = fuse_list(f, more->names, &n);
	bool good = true;

	f->run.doc = (struct json_doc){ &entry, text.p, NULL };
	for (uint32_t i = 0; good && i < n; i++)
		good = run_node(&f->run, nodes[i], 0, NULL);
	return good;
}

/* Judges the value by each pattern that the name matches; *any: one did. The last one is
 * left to the caller. */
static bool patterns_hold(struct fuse *f, const struct fuse_object *o, struct span text, const uint8_t *p, unsigned depth, struct fuse_value *last, bool *any)
{
	const struct fuse_more *more = fuse_data(f, o->more);
	uint32_t n;
	const uint32_t *w = fuse_list(f, more->patterns, &n);

	for (; n--; w += 3) {
		if (!run_matches(&f->run, w[0], text)) {
			if (f->run.reason)
				return false;
			continue;
		}
		struct fuse_value v = { w[1], w[2] };
		if (*any && !fuse_judge(f, *last, p, depth))
			return false;
		*any = true;
		*last = v;
	}
	return true;
}

static bool special_member(struct fuse *f, const struct fuse_object *o, struct span text, const uint8_t *p, unsigned depth, struct fuse_member *m)
{
	bool any = m->key && !(m->key->flags & FUSE_BARE);

	if (o->flags & FUSE_NAMES && !name_holds(f, o, text))
		return false;
	if (o->flags & FUSE_PATTERNS && !(m->key && m->key->flags & FUSE_WHOLE) && !patterns_hold(f, o, text, p, depth, &m->value, &any))
		return false;
	if (!any)
		m->value = o->rest;
	return true;
}

const uint8_t *fuse_member(struct fuse *f, const struct fuse_object *o, const uint8_t *p, unsigned depth, size_t names)
{
	struct fuse_member m;                            /* f's own is filled last: values are judged meanwhile */
	unsigned flags;
	struct name n;
	const uint8_t *e = scan_name(f, p, &n, &flags);

	if (unlikely(!e))
		return NULL;
	m.key = find_key(f, o, n.text);
	m.value = m.key ? m.key->value : o->rest;
	if (!m.key && !push_name(f, &n, names))
		return NULL;
	p = skip_colon(f, e);
	if (unlikely(p && o->flags & (FUSE_NAMES | FUSE_PATTERNS))) {
		f->punt |= (flags & JSON_SCAN_ESCAPES) != 0;     /* the value would overwrite the decoded name */
		if (f->punt || !special_member(f, o, n.text, p, depth, &m))
			return NULL;
	}
	f->member = m;
	return p;
}
