/* A document compiled to its image and opened, as the tool does it: for tests of what is
 * said of documents. */
#pragma once

#include "asyncapi/probe.h"
#include "unit.h"

struct opened {
	struct findings f;
	struct tree_set *set;
	struct asyncapi *a;
	struct buf bytes;
	struct image img;
	struct probe p;
	struct arena arena;
};

void opened_open(struct opened *o, const char *text);
void opened_close(struct opened *o);
