/* Names of topics by cluster and id. Owner: worker. */
#include <stdlib.h>

#include "base/hash.h"
#include "worker/kafka/names.h"

#define NAMES_MAX 65536u
#define SLOTS_FIRST 64u
#define TEXT_BLOCK 4096u

void topic_names_init(struct topic_names *t)
{
	*t = (struct topic_names){ 0 };
	arena_init(&t->texts, TEXT_BLOCK, 0);
}

void topic_names_fini(struct topic_names *t)
{
	free(t->slots);
	arena_fini(&t->texts);
	*t = (struct topic_names){ 0 };
}

static struct topic_name *slot_of(struct topic_name *slots, size_t mask, uint64_t cluster, const uint8_t *id)
{
	size_t at = (size_t)hash64(id, sizeof slots->id, cluster);

	for (;; at++) {
		struct topic_name *s = &slots[at & mask];
		if (!s->text || (s->cluster == cluster && memcmp(s->id, id, sizeof s->id) == 0))
			return s;
	}
}

struct span topic_names_find(const struct topic_names *t, uint64_t cluster, const uint8_t *id)
{
	if (!t->slots)
		return SPAN_NULL;
	const struct topic_name *s = slot_of(t->slots, t->mask, cluster, id);
	return s->text ? span_of(s->text, s->n) : SPAN_NULL;
}

static void forget(struct topic_names *t)
{
	free(t->slots);
	t->slots = NULL;
	t->mask = t->n = 0;
	arena_reset(&t->texts);
}

static bool grow(struct topic_names *t)
{
	size_t slots = t->slots ? 2 * (t->mask + 1) : SLOTS_FIRST;
	struct topic_name *more = calloc(slots, sizeof *more);

	if (!more)
		return false;
	for (size_t i = 0; t->slots && i <= t->mask; i++)
		if (t->slots[i].text)
			*slot_of(more, slots - 1, t->slots[i].cluster, t->slots[i].id) = t->slots[i];
	free(t->slots);
	t->slots = more;
	t->mask = slots - 1;
	return true;
}

void topic_names_learn(struct topic_names *t, uint64_t cluster, const uint8_t *id, struct span name)
{
	if (!span_is_null(topic_names_find(t, cluster, id)))
		return;
	if (t->n == NAMES_MAX)
		forget(t);
	if ((!t->slots || 2 * (t->n + 1) > t->mask + 1) && !grow(t)) {
		forget(t);
		return;
	}
	const char *text = arena_strndup(&t->texts, name.p, name.n);
	if (!text) {
		forget(t);
		return;
	}
	struct topic_name *s = slot_of(t->slots, t->mask, cluster, id);
	*s = (struct topic_name){ .cluster = cluster, .text = text, .n = (uint32_t)name.n };
	memcpy(s->id, id, sizeof s->id);
	t->n++;
}
