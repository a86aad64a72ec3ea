/* A document read the way the gateway reads it, for the commands that work offline. */
#pragma once

#include "asyncapi/asyncapi.h"

struct document {
	struct findings f;
	struct tree_set *set;
	struct asyncapi *a;
	struct tree_file *file;          /* NULL: could not be read */
	struct buf bytes;                /* its image */
	struct image img;
	bool judges;                     /* the image is there and sound */
};

struct resource {
	const char *uri, *path;
};

/* Reads, checks and compiles; the findings say what is wrong, sorted. E_NOMEM or a bug of
 * ours (E_MALFORMED) when it could not come that far. */
int document_open(struct document *d, const char *path, const struct resource *resources, size_t nresources) MUST_CHECK;
void document_close(struct document *d);
