/* Any bytes are a document or findings that say why not, each of them one line. */
#include "asyncapi/asyncapi.h"
#include "fuzz.h"

static void print_all(const struct findings *f)
{
	struct buf line;

	buf_init(&line, 0);
	for (size_t i = 0; i < f->n; i++)
		finding_print(&line, &f->items[i]);
	INVARIANT(buf_error(&line) == 0 && !memchr(line.p ? (char *)line.p : "", '\n', line.n));
	buf_fini(&line);
}

static void check_servers(const struct asyncapi *a)
{
	const struct asyncapi_server *servers;
	size_t n = asyncapi_kafka_servers(a, &servers);

	for (size_t i = 0; i < n; i++)
		INVARIANT(servers[i].port > 0 && *servers[i].host && *servers[i].name);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	static const struct tree_limits limits = { .nodes = 20000, .depth = 40 };
	struct findings f;

	findings_init(&f, 50);
	struct tree_set *set = tree_set_new(&f, &limits);
	INVARIANT(set);
	struct asyncapi *a = asyncapi_new(set, &f);
	INVARIANT(a);
	if (!asyncapi_add(a, tree_parse(set, "a.yaml", (const char *)bytes, n), ASYNCAPI_CONFIGURED))
		INVARIANT(f.errors > 0);
	check_servers(a);
	findings_sort(&f);
	print_all(&f);
	asyncapi_free(a);
	tree_set_free(set);
	findings_fini(&f);
	return 0;
}
