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
	r->uri = uri;
	r->number = c->nresources++;
	put_uri(c, r, uri);
	return r;
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

/* The resource that $id begins, or the one around when it names nothing but a place. */
static struct compile_resource *take_id(struct compile *c, struct compile_resource *in, struct tree_node *schema, const struct tree_node *id, struct compile_rules rules)
{
	struct span url, fragment = uri_fragment(id->text, &url);
	const char *uri = uri_resolve(&c->arena, in->uri, url);
	struct compile_resource *r = in;

	if (!uri)
		return no_memory(c);
	if (schema == in->root) {
		in->uri = uri;
		in->rules = rules;
		put_uri(c, in, uri);
	} else if (url.n && strcmp(uri, in->uri) != 0) {
		struct compile_resource like = { .root = schema, .rules = rules, .given = in->given };
		r = add_resource(c, like, uri);
	}
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
		(void)dialect_take(c, in, dialect, &rules);
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
	const char *uri = url.n ? uri_resolve(&c->arena, from->uri, url) : from->uri;

	if (!uri)
		return no_memory(c);
	struct compile_resource *r = url.n ? find_uri(c, from->given, uri) : from;
	if (r)
		return r;
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

/* In a document that is no schema itself, such as one of AsyncAPI, its own rules hold: the
 * pointer goes through references, and a schema with an $id may refer to the rest. */
static struct tree_node *place_below(struct compile *c, const struct compile_resource *r, struct tree_node *ref, const char *pointer)
{
	struct tree_node *whole = r->root->file->root, *own = r->root == whole ? NULL : tree_pointer(r->root, pointer);

	if (place_of(c, whole, r->given))
		return tree_resolve_below(ref, r->root, ref->text, false);
	return own ? own : tree_resolve_below(ref, whole, ref->text, true);
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
		*schema = *place ? place_below(c, r, ref, place) : r->root;
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
