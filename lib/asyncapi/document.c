/* A document from its first line to its model: version, shape, servers, channels. Owner:
 * asyncapi; runs in the loader and the tool. */
#include <stdlib.h>

#include "asyncapi/model.h"

struct asyncapi *asyncapi_new(struct tree_set *s, struct findings *f)
{
	struct asyncapi *a = calloc(1, sizeof *a);

	if (!a)
		return NULL;
	a->set = s;
	a->arena = tree_set_arena(s);
	a->f = f;
	a->tail = &a->documents;
	return a;
}

void asyncapi_free(struct asyncapi *a)
{
	if (!a)
		return;
	free(a->seen);
	free(a);
}

void *model_alloc(struct asyncapi *a, size_t n)
{
	void *p = arena_alloc(a->arena, n);

	if (!p)
		a->no_memory = true;
	return p;
}

const char *model_text(struct asyncapi *a, struct span text)
{
	const char *copy = arena_strndup(a->arena, text.p, text.n);

	if (!copy)
		a->no_memory = true;
	return copy ? copy : "";
}

/* ---- version ---- */

static bool take_number(const char **p, unsigned *value)
{
	const char *start = *p;

	for (*value = 0; **p >= '0' && **p <= '9' && *value < 100000; (*p)++)
		*value = *value * 10 + (unsigned)(**p - '0');
	return *p > start;
}

/* major.minor.patch[-suffix]; the patch and the suffix change nothing. */
static bool parse_version(const char *p, unsigned *major, unsigned *minor)
{
	unsigned patch;

	if (!take_number(&p, major) || *p++ != '.' || !take_number(&p, minor) || *p++ != '.' || !take_number(&p, &patch))
		return false;
	return *p == 0 || (*p == '-' && p[1]);
}

static bool version_of(unsigned major, unsigned minor, enum asyncapi_version *v)
{
	if (major == 2 && minor <= 6)
		*v = (enum asyncapi_version)(V20 + minor);
	else if (major == 3 && minor <= 1)
		*v = (enum asyncapi_version)(V30 + minor);
	else
		return false;
	return true;
}

static bool read_version(struct asyncapi *a, const struct tree_node *root, enum asyncapi_version *v)
{
	const struct tree_node *node = tree_get(root, "asyncapi");
	unsigned major, minor;

	if (!node) {
		asyncapi_find(a->f, NOT_ASYNCAPI, tree_location(root), "this is no AsyncAPI document; the first line of one is for example asyncapi: 3.0.0");
		return false;
	}
	if (!tree_is_string(node)) {
		asyncapi_find(a->f, VERSION, tree_location(node), "the version must be a string of three numbers; write for example asyncapi: 3.0.0");
		return false;
	}
	const char *text = model_text(a, node->text);
	if (!parse_version(text, &major, &minor)) {
		asyncapi_find(a->f, VERSION, tree_location(node), "\"%s\" is no version; write for example 2.6.0 or 3.0.0", text);
		return false;
	}
	if (!version_of(major, minor, v)) {
		asyncapi_find(a->f, VERSION, tree_location(node), "AsyncAPI %s is not known here; known are 2.0 to 2.6, 3.0 and 3.1", text);
		return false;
	}
	return true;
}

/* ---- a document ---- */

static void read_model(struct asyncapi_document *d)
{
	shape_check(d);
	servers_read(d);
	registry_check(d);
	if (d->version < V30)
		channels_read2(d);
	else
		channels_read3(d);
	if (d->version < V30)
		ids_check(d);
	if (!d->channels && (d->version >= V30 || tree_get(d->root, "channels")))
		asyncapi_find(d->a->f, NO_CHANNELS, (struct location){ d->name, 0, 0 }, "the document declares no channel, so nothing is held to it");
}

struct asyncapi_document *asyncapi_add(struct asyncapi *a, struct tree_file *file, enum asyncapi_origin origin)
{
	enum asyncapi_version version;

	if (!file || !file->root)
		return NULL;
	if (file->root->kind != TREE_MAP) {
		asyncapi_find(a->f, NOT_ASYNCAPI, tree_location(file->root), "this is no AsyncAPI document; one is a mapping that begins with asyncapi: 3.0.0");
		return NULL;
	}
	if (!read_version(a, file->root, &version))
		return NULL;
	struct asyncapi_document *d = model_alloc(a, sizeof *d);
	if (!d)
		return NULL;
	*d = (struct asyncapi_document){ .a = a, .name = file->path, .file = file, .root = file->root, .version = version, .origin = origin };
	d->tail = &d->channels;
	read_model(d);
	*a->tail = d;
	a->tail = &d->next;
	a->ndocuments++;
	return d;
}

size_t asyncapi_count(const struct asyncapi *a)
{
	return a->ndocuments;
}

size_t asyncapi_kafka_servers(const struct asyncapi *a, const struct asyncapi_server **servers)
{
	*servers = a->servers;
	return a->nservers;
}
