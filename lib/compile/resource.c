/* Schema resources: which base URI, dialect and anchors hold where, and where a reference
 * leads. A schema is walked once when it is met, so that what $id and $anchor name in it
 * is known before anything refers to it; enum, const and unknown keywords hold data and
 * are not walked. Nothing is fetched. Owner: compile; the loader and the tool. */
#include <stdlib.h>

#include "compile/internal.h"
#include "compile/uri.h"

bool resource_is_plain(const struct compile_resource *r)
{
	return r->root == NULL;
}

static struct compile_resource *no_memory(struct compile *c)
{
	c->error = E_NOMEM;
	return NULL;
}

static bool put(struct compile *c, const void *of, uint32_t kind, struct span name, void *value)
{
	if (map_put(&c->names, of, kind, name, value))
		return true;
	c->error = E_NOMEM;
	return false;
}

static struct compile_resource *find_uri(struct compile *c, enum schema_dialect given, const char *uri)
{
	return map_find(&c->names, NULL, MAP_OF(MAP_URI, given), span_str(uri));
}

/* The first one keeps the name. */
static void put_uri(struct compile *c, struct compile_resource *r, const char *uri)
{
	if (!find_uri(c, r->given, uri))
		(void)put(c, NULL, MAP_OF(MAP_URI, r->given), span_str(uri), r);
}

static struct compile_resource *add_resource(struct compile *c, struct compile_resource like, const char *uri)
{
	struct compile_resource *r = uri ? arena_alloc(&c->arena, sizeof *r) : NULL;

	if (!r)
		return no_memory(c);
	*r = like;
	r->uri = arena_strdup(&c->arena, uri);
	if (!r->uri)
		return no_memory(c);
	r->number = c->nresources++;
	put_uri(c, r, r->uri);
	return r;
}

/* Valid until the next one; NULL after a finding. */
static const char *resolve(struct compile *c, const struct compile_resource *in, const struct tree_node *at, struct span ref)
{
	int e = uri_resolve(&c->uri, in->uri, ref);

	if (e == E_LIMIT)
		compile_error(c, at, "limit-uri", "the URI is longer than %u bytes with its base; use a shorter one", URI_MAX);
	else if (e < 0)
		c->error = e;
	return e == 0 ? (const char *)c->uri.p : NULL;
}

/* ---- what a schema says about itself ---- */

static struct tree_node *id_of(struct tree_node *schema, enum schema_dialect dialect)
{
	return tree_get(schema, dialect == DIALECT_DRAFT4 ? "id" : "$id");
}

static bool is_hidden(const struct tree_node *schema, enum schema_dialect dialect)
{
	return dialect_ref_hides(dialect) && tree_is_reference(schema);
}

/* false when the name is taken. */
static bool put_anchor(struct compile *c, struct compile_resource *in, const struct tree_node *at, struct tree_node *schema, struct span name)
{
	const struct tree_node *other = map_find(&c->names, in, MAP_ANCHOR, name);

	if (!other || other == schema)
		return put(c, in, MAP_ANCHOR, name, schema);
	compile_error(c, at, "schema-anchor", "the anchor %.*s is at line %u already; name this one differently", (int)name.n, (const char *)name.p, other->line);
	return false;
}

static bool is_text(struct compile *c, const struct tree_node *v)
{
	if (v->kind != TREE_STRING)
		compile_error(c, v, "schema-keyword", "%.*s is a text", (int)v->key.n, (const char *)v->key.p);
	return v->kind == TREE_STRING;
}

static void take_anchors(struct compile *c, struct compile_resource *in, struct tree_node *schema)
{
	enum schema_dialect d = in->rules.dialect;
	struct tree_node *anchor = tree_get(schema, "$anchor"), *dynamic = tree_get(schema, "$dynamicAnchor"), *recursive = tree_get(schema, "$recursiveAnchor");

	if (d < DIALECT_2019_09)
		return;
	if (anchor && is_text(c, anchor))
		(void)put_anchor(c, in, anchor, schema, anchor->text);
	if (d == DIALECT_2020_12 && dynamic && is_text(c, dynamic) && put_anchor(c, in, dynamic, schema, dynamic->text))
		dynamic_declare(c, in, schema, dynamic->text);
	if (d == DIALECT_2019_09 && recursive && recursive->kind == TREE_BOOL && recursive->truth && schema == in->root)
		dynamic_declare(c, in, schema, SPAN_LIT(""));
}

static struct compile_resource *begin_resource(struct compile *c, const struct compile_resource *in, struct tree_node *schema, const struct tree_node *id, struct compile_rules rules, const char *uri)
{
	const struct compile_resource *other = find_uri(c, in->given, uri);
	struct compile_resource like = { .root = schema, .rules = rules, .given = in->given };

	if (other)
		finding_warning(c->f, "schema-id", tree_location(id), "%s names the schema at line %u already, where references lead; name this one differently", uri, other->root->line);
	return add_resource(c, like, uri);
}

/* The $id of a whole document is its URI, beside the one that it was read by. */
static struct compile_resource *name_document(struct compile *c, struct compile_resource *in, struct compile_rules rules, const char *uri)
{
	in->rules = rules;
	in->uri = arena_strdup(&c->arena, uri);
	if (!in->uri)
		return no_memory(c);
	put_uri(c, in, in->uri);
	return in;
}

/* The resource that $id begins, or the one around when it names nothing but a place. */
static struct compile_resource *take_id(struct compile *c, struct compile_resource *in, struct tree_node *schema, const struct tree_node *id, struct compile_rules rules)
{
	struct span url, fragment = uri_fragment(id->text, &url);
	const char *uri = resolve(c, in, id, url);
	struct compile_resource *r = in;

	if (!uri)
		return NULL;
	if (schema == in->root)
		r = name_document(c, in, rules, uri);
	else if (url.n && strcmp(uri, in->uri) != 0)
		r = begin_resource(c, in, schema, id, rules, uri);
	if (fragment.n && rules.dialect >= DIALECT_2019_09)
		compile_error(c, id, "schema-keyword", "$id with a fragment names no resource; name the place by $anchor");
	else if (fragment.n && r)
		(void)put_anchor(c, r, id, schema, fragment);
	return r;
}

/* entry: a whole document, or a schema that a caller gave. */
static struct compile_resource *enter(struct compile *c, struct compile_resource *in, struct tree_node *schema, bool entry)
{
	struct tree_node *dialect = tree_get(schema, "$schema");
	struct compile_rules rules = in->rules;

	if (dialect && (entry || tree_get(schema, "$id") || tree_get(schema, "id")) && is_text(c, dialect))
		(void)dialect_take(c, dialect, &rules);
	struct tree_node *id = is_hidden(schema, rules.dialect) ? NULL : id_of(schema, rules.dialect);
	if (id && is_text(c, id))
		return take_id(c, in, schema, id, rules);
	if (schema == in->root)
		in->rules = rules;
	else if (entry && (rules.custom || rules.dialect != in->rules.dialect))
		return add_resource(c, (struct compile_resource){ .root = in->root, .rules = rules, .given = in->given }, in->uri);
	return in;
}

/* ---- the walk ---- */

static void scan(struct compile *c, struct compile_resource *in, struct tree_node *schema, bool entry);

static void scan_children(struct compile *c, struct compile_resource *in, struct tree_node *v)
{
	tree_each(it, v)
		scan(c, in, it, false);
}

static void scan_keyword(struct compile *c, struct compile_resource *in, struct tree_node *v)
{
	const struct keyword *k = keyword_find(&in->rules, v->key);
	enum compile_shape shape = k ? k->shape : SHAPE_NONE;

	if (shape == SHAPE_SCHEMA || (shape == SHAPE_SCHEMA_OR_LIST && v->kind == TREE_MAP))
		scan(c, in, v, false);
	else if (shape == SHAPE_MAP ? v->kind == TREE_MAP : shape != SHAPE_NONE && v->kind == TREE_SEQ)
		scan_children(c, in, v);
}

/* Recursion is bounded by the tree's depth. */
static void scan(struct compile *c, struct compile_resource *in, struct tree_node *schema, bool entry)
{
	uint32_t kind = MAP_OF(MAP_PLACE, in->given);

	if (schema->kind != TREE_MAP || map_find(&c->names, schema, kind, SPAN_NULL))
		return;
	in = enter(c, in, schema, entry);
	if (!in || !put(c, schema, kind, SPAN_NULL, in))
		return;
	if (!is_hidden(schema, in->rules.dialect))
		take_anchors(c, in, schema);
	tree_each(it, schema)
		scan_keyword(c, in, it);
}

/* ---- documents ---- */

static const char *file_uri(struct compile *c, const struct tree_file *file)
{
	if (file->uri)
		return file->uri;
	return file->canonical ? uri_of_path(&c->arena, file->canonical) : file->path;
}

/* The file around a schema, as the resource that its references are relative to. */
static struct compile_resource *document_of(struct compile *c, struct tree_file *file, struct compile_rules rules, enum schema_dialect given)
{
	const char *uri = file_uri(c, file);
	struct compile_resource *r = uri ? find_uri(c, given, uri) : NULL;

	if (r && r->root == file->root)
		return r;
	return add_resource(c, (struct compile_resource){ .root = file->root, .rules = rules, .given = given }, uri);
}

struct compile_resource *resource_of_root(struct compile *c, struct tree_node *schema, enum schema_dialect dialect)
{
	if (dialect == DIALECT_ASYNCAPI || dialect == DIALECT_OPENAPI30)
		return &c->plain[dialect == DIALECT_OPENAPI30];
	struct compile_resource *document = document_of(c, schema->file, dialect_rules(dialect), dialect);
	if (document)
		scan(c, document, schema, true);
	return document ? resource_at(c, schema, document) : NULL;
}

static struct compile_resource *place_of(struct compile *c, const struct tree_node *schema, enum schema_dialect given)
{
	return map_find(&c->names, schema, MAP_OF(MAP_PLACE, given), SPAN_NULL);
}

struct compile_resource *resource_at(struct compile *c, struct tree_node *schema, struct compile_resource *near)
{
	struct compile_resource *in = NULL;

	if (resource_is_plain(near))
		return near;
	for (const struct tree_node *it = schema; it && !in; it = it->parent)
		in = place_of(c, it, near->given);
	if (schema->kind != TREE_MAP)
		return in ? in : near;
	/* What an unknown keyword holds is a schema once a reference leads there. */
	scan(c, in ? in : near, schema, false);
	in = place_of(c, schema, near->given);
	return in ? in : near;
}

/* ---- references ---- */

/* The root of what a URI without a fragment names; NULL after a finding. */
static struct tree_node *load(struct compile *c, struct compile_resource *from, struct tree_node *ref, struct span url, const char *uri)
{
	struct tree_file *file = from->root->file;
	struct span text = dialect_metaschema(uri);

	if (text.p && !tree_uri_is_mapped(file->set, uri)) {
		struct tree_file *meta = tree_parse(file->set, uri, (const char *)text.p, text.n);
		return meta ? meta->root : NULL;
	}
	/* A path beside the file: as it is written, which is how findings show it. */
	if (!file->uri && from->root == file->root && strcmp(from->uri, file_uri(c, file)) == 0)
		return tree_resolve(ref, url);
	return tree_resolve(ref, span_str(strncmp(uri, "file://", 7) == 0 ? uri + 7 : uri));
}

static struct compile_resource *find_resource(struct compile *c, struct compile_resource *from, struct tree_node *ref, struct span url)
{
	const char *uri = url.n ? resolve(c, from, ref, url) : from->uri;
	struct compile_resource *r = url.n && uri ? find_uri(c, from->given, uri) : from;

	if (r || !uri)
		return uri ? r : NULL;
	uri = arena_strdup(&c->arena, uri);
	if (!uri)
		return no_memory(c);
	struct tree_node *root = load(c, from, ref, url, uri);
	if (!root) {
		c->failed = true;
		return NULL;
	}
	r = document_of(c, root->file, from->rules, from->given);
	if (!r)
		return NULL;
	scan(c, r, root, true);
	put_uri(c, r, uri);
	return r;
}

/* Is the file around it no schema, such as a document of AsyncAPI? */
static bool is_embedded(struct compile *c, const struct compile_resource *r)
{
	return !place_of(c, r->root->file->root, r->given);
}

/* The outermost schema around a reference: what # means in one that is embedded. */
static struct tree_node *own_root(struct compile *c, const struct compile_resource *r, struct tree_node *ref)
{
	struct tree_node *own = r->root;

	if (own != ref->file->root)
		return own;
	for (struct tree_node *it = ref; it; it = it->parent)
		if (place_of(c, it, r->given))
			own = it;
	return own;
}

/* What an embedded schema does not hold is in the document around it, whose own rules lead
 * a pointer through references. */
static struct tree_node *place_below(struct compile *c, const struct compile_resource *r, struct tree_node *ref, const char *pointer)
{
	if (!is_embedded(c, r))
		return *pointer ? tree_resolve_below(ref, r->root, ref->text, false) : r->root;
	struct tree_node *own = tree_pointer(own_root(c, r, ref), pointer);
	return own ? own : tree_resolve_below(ref, r->root->file->root, ref->text, true);
}

bool resource_resolve(struct compile *c, struct compile_resource *from, struct tree_node *ref, struct tree_node **schema, struct compile_resource **in, struct span *fragment)
{
	struct span url, written = uri_fragment(ref->text, &url);
	struct compile_resource *r = find_resource(c, from, ref, url);
	const char *place = r ? tree_percent_decoded(&c->arena, written) : NULL;

	if (!r)
		return false;
	*schema = NULL;
	*fragment = span_str(place ? place : "");
	if (place && (*place == 0 || *place == '/'))
		*schema = place_below(c, r, ref, place);
	else if (place && !(*schema = map_find(&c->names, r, MAP_ANCHOR, *fragment)))
		compile_error(c, ref, "ref-not-found", "\"%.*s\" leads nowhere: %s has no anchor \"%s\"", (int)ref->text.n, (const char *)ref->text.p, *r->uri ? r->uri : "the schema", place);
	else if (!place)
		compile_error(c, ref, "ref-syntax", "\"%.*s\" is no URI reference; write %%25 for %%", (int)ref->text.n, (const char *)ref->text.p);
	if (!*schema) {
		c->failed = true;
		return false;
	}
	*in = resource_at(c, *schema, r);
	return true;
}
