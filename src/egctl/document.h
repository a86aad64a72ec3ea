/* A document read the way the gateway reads it, for the commands that work offline. */
#pragma once

#include "asyncapi/asyncapi.h"
#include "egctl/egctl.h"

struct document {
	struct findings f;
	struct tree_set *set;
	struct asyncapi *a;
	struct tree_file *file;          /* NULL: could not be read */
	struct buf bytes;                /* its image */
	struct image img;
	bool judges;                     /* the image is there and sound */
};

/* Files that stand for URIs: the --resource options of a command. */
#define RESOURCES_MAX 64u
struct resources {
	struct resource {
		char *uri;               /* own, with the path behind it */
		const char *path;
	} items[RESOURCES_MAX];
	size_t n;
};

/* "URI=FILE"; false when it is not, or one too many. */
bool resources_add(struct resources *r, const char *text);
void resources_fini(struct resources *r);

/* Reads, checks and compiles; the findings say what is wrong, sorted. E_NOMEM or a bug of
 * ours (E_MALFORMED) when it could not come that far. */
int document_open(struct document *d, const char *path, const struct resources *resources) MUST_CHECK;
/* The same for commands that judge by it: its errors go to stderr. EGCTL_CANNOT with them;
 * close it in any case. */
int document_use(struct document *d, const struct egctl *e, const char *path, const struct resources *resources);
void document_close(struct document *d);
