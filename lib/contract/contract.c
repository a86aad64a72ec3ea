/* The opened contract: its tables, its names, its scratch. Owner: contract; runs in
 * workers, one each per generation. */
#include <stdlib.h>

#include "contract/internal.h"

#define ARENA_BLOCK 4096

bool contract_tables_open(struct contract_tables *t, const struct image *img)
{
	size_t nroot;

	*t = (struct contract_tables){ .img = img };
	t->root = image_table(img, IMAGE_CONTRACT, sizeof *t->root, &nroot);
	t->topics = image_table(img, IMAGE_TOPICS, sizeof *t->topics, &t->ntopics);
	t->templates = image_table(img, IMAGE_TEMPLATES, sizeof *t->templates, &t->ntemplates);
	t->channels = image_table(img, IMAGE_CHANNELS, sizeof *t->channels, &t->nchannels);
	t->messages = image_table(img, IMAGE_MESSAGES, sizeof *t->messages, &t->nmessages);
	t->rules = image_table(img, IMAGE_RULES, sizeof *t->rules, &t->nrules);
	t->hash = image_table(img, IMAGE_TOPIC_HASH, sizeof *t->hash, &t->nhash);
	t->data = image_section(img, IMAGE_CONTRACT_DATA).p;
	if (nroot != 1 || !t->root || !t->topics || !t->templates || !t->channels || !t->messages || !t->rules || !t->hash)
		return false;
	t->clusters = contract_items(t, t->root->clusters);
	t->documents = contract_items(t, t->root->documents);
	return true;
}

struct contract *contract_open(const struct image *img)
{
	struct contract *c = calloc(1, sizeof *c);

	if (!c)
		return NULL;
	c->img = *img;
	c->runner = schema_runner_new(img, NULL);
	if (!c->runner || !contract_tables_open(&c->t, &c->img)) {
		contract_close(c);
		return NULL;
	}
	buf_init(&c->text, 0);
	buf_init(&c->headers, 0);
	arena_init(&c->arena, ARENA_BLOCK, 0);
	return c;
}

void contract_close(struct contract *c)
{
	if (!c)
		return;
	if (c->runner)
		schema_runner_free(c->runner);
	buf_fini(&c->text);
	buf_fini(&c->headers);
	arena_fini(&c->arena);
	free(c);
}

const char *contract_document_name(const struct contract *c, uint32_t document)
{
	return document < c->t.root->documents.n ? image_text(&c->img, c->t.documents[document].name) : "";
}

const char *contract_topic_name(const struct contract *c, const struct contract_topic *t)
{
	return t->index < c->t.ntopics ? image_text(&c->img, c->t.topics[t->index].name) : "";
}

const char *contract_channel_name(const struct contract *c, uint32_t channel)
{
	return channel < c->t.nchannels ? image_text(&c->img, c->t.channels[channel].name) : "";
}

const char *contract_message_name(const struct contract *c, uint32_t message)
{
	return message < c->t.nmessages ? image_text(&c->img, c->t.messages[message].name) : "";
}
