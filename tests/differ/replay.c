/* Replays tests/differ/cases: pairs of schema and instance on which validators disagreed,
 * with the verdict of the specification, which `why` names. Owner: tests. */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/fd.h"
#include "engine.h"

static unsigned wrong;

static void expect(struct engine *e, const char *file, const struct tree_node *instances, enum schema_verdict verdict)
{
	tree_each(it, instances) {
		INVARIANT(it->kind == TREE_STRING);
		enum schema_verdict v = engine_judge(e, it->text);
		if (v == verdict)
			continue;
		printf("%s: %.*s: verdict %u, expected %u\n", file, (int)it->text.n, (const char *)it->text.p, v, verdict);
		wrong++;
	}
}

static void replay(const char *file, const struct tree_node *c)
{
	const struct tree_node *dialect = tree_get(c, "dialect"), *schema = tree_get(c, "schema"), *why = tree_get(c, "why");
	enum schema_dialect d;
	struct engine e;
	struct buf text;

	INVARIANT(dialect && schema && why && engine_dialect(dialect->text, &d));
	buf_init(&text, 0);
	tree_to_json(schema, &text);
	if (engine_open(&e, buf_span(&text), d, NULL, NULL)) {
		expect(&e, file, tree_get(c, "valid"), SCHEMA_VALID);
		expect(&e, file, tree_get(c, "invalid"), SCHEMA_INVALID);
	} else {
		printf("%s: refused: %s\n", file, e.f.n ? e.f.items[0].message : "");
		wrong++;
	}
	engine_close(&e);
	buf_fini(&text);
}

static size_t replay_file(const char *path)
{
	struct findings f;
	size_t n = 0;

	findings_init(&f, 10);
	struct tree_set *set = tree_set_new(&f, NULL);
	struct tree_file *file = tree_load(set, path);
	if (file && file->root) {
		tree_each(it, file->root) {
			replay(path, it);
			n++;
		}
	} else {
		printf("%s: %s\n", path, f.n ? f.items[0].message : "");
		wrong++;
	}
	tree_set_free(set);
	findings_fini(&f);
	return n;
}

int main(void)
{
	const char *top = getenv("top_srcdir");
	struct dirent **names;
	char folder[512], path[1024];
	size_t cases = 0;

	snprintf(folder, sizeof folder, "%s/tests/differ/cases", top ? top : ".");
	int n = scandir(folder, &names, NULL, alphasort);
	for (int i = 0; i < n; i++) {
		snprintf(path, sizeof path, "%s/%s", folder, names[i]->d_name);
		cases += names[i]->d_name[0] != '.' ? replay_file(path) : 0;
		free(names[i]);
	}
	if (n >= 0)
		free(names);
	printf("%zu cases, %u wrong\n", cases, wrong);
	return cases && !wrong ? EXIT_SUCCESS : EXIT_FAILURE;
}
