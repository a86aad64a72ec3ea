/* Working memory of the Kafka adapter. Owner: worker. */
#include <stdlib.h>

#include "worker/kafka/record.h"
#include "worker/kafka/tools.h"

#define ARENA_BLOCK (64u << 10)
#define TRIM_ABOVE (4u << 20)            /* a buffer that one big request grew beyond this goes back */

int kafka_tools_init(struct kafka_tools *t)
{
	t->compress = compress_new();
	t->series = calloc(RECORD_SERIES_CACHED, sizeof *t->series);
	arena_init(&t->arena, ARENA_BLOCK, 0);
	topic_names_init(&t->names);
	return t->compress && t->series ? 0 : E_NOMEM;
}

static struct buf *const *buffers(struct kafka_tools *t, struct buf *list[5])
{
	list[0] = &t->out;
	list[1] = &t->body;
	list[2] = &t->plain;
	list[3] = &t->scratch;
	list[4] = &t->marks;
	return list;
}

void kafka_tools_fini(struct kafka_tools *t)
{
	struct buf *list[5];

	for (int i = 0; i < 5; i++)
		buf_fini(buffers(t, list)[i]);
	arena_fini(&t->arena);
	topic_names_fini(&t->names);
	for (size_t i = 0; i < t->ntables; i++)
		free(t->tables[i]);
	if (t->compress)
		compress_free(t->compress);
	free(t->headers);
	free(t->series);
}

void kafka_tools_trim(struct kafka_tools *t)
{
	struct buf *list[5];

	for (int i = 0; i < 5; i++) {
		struct buf *b = buffers(t, list)[i];
		if (b->cap > TRIM_ABOVE)
			buf_fini(b);
	}
}

void kafka_tools_renew(struct kafka_tools *t)
{
	memset(t->series, 0, RECORD_SERIES_CACHED * sizeof *t->series);
}
