/* jansson as a peer, parsing only; the tool uses it elsewhere. */
#include <jansson.h>

#include "tests/bench/bench.h"

size_t peer_jansson(const struct records *r)
{
	size_t good = 0;

	for (size_t i = 0; i < r->n; i++) {
		json_t *value = json_loadb((const char *)r->of[i].p, r->of[i].n, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
		good += value != NULL;
		json_decref(value);
	}
	return good;
}
