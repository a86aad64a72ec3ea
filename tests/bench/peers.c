/* yyjson beside the engine, parsing only, with one block of memory for every record. */
#include <stdlib.h>

#include "tests/bench/bench.h"
#include "tests/bench/peers/yyjson.h"

static void *pool;
static size_t pool_size;

bool peers_open(size_t longest)
{
	pool_size = yyjson_read_max_memory_usage(longest, 0);
	pool = malloc(pool_size);
	return pool != NULL;
}

void peers_close(void)
{
	free(pool);
}

size_t peer_yyjson(const struct records *r)
{
	size_t good = 0;

	for (size_t i = 0; i < r->n; i++) {
		yyjson_alc alc;
		yyjson_alc_pool_init(&alc, pool, pool_size);
		yyjson_doc *doc = yyjson_read_opts((char *)(uintptr_t)r->of[i].p, r->of[i].n, 0, &alc, NULL);
		good += doc != NULL;
		yyjson_doc_free(doc);
	}
	return good;
}
