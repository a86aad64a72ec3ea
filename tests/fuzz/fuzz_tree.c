/* Any bytes are a tree or a finding. A tree is the same after a way through JSON. */
#include "fuzz.h"
#include "tree/tree.h"

static void round_trip(struct tree_set *set, const struct tree_node *root)
{
	struct buf first, second;

	buf_init(&first, 0);
	buf_init(&second, 0);
	tree_to_json(root, &first);
	struct tree_file *again = tree_parse(set, "again.json", (const char *)first.p, first.n);
	INVARIANT(again);
	tree_to_json(again->root, &second);
	INVARIANT(span_eq(buf_span(&first), buf_span(&second)));
	buf_fini(&first);
	buf_fini(&second);
}

static void walk(struct tree_node *n)
{
	INVARIANT(n->line > 0 && n->column > 0);
	(void)tree_deref(n);
	tree_each(it, n) {
		INVARIANT(it->parent == n);
		INVARIANT(n->kind != TREE_MAP || tree_get_span(n, it->key) == it);
		walk(it);
	}
}

static void print_all(const struct findings *f)
{
	struct buf line;

	buf_init(&line, 0);
	for (size_t i = 0; i < f->n; i++)
		finding_print(&line, &f->items[i]);
	INVARIANT(buf_error(&line) == 0 && !memchr(line.p ? (char *)line.p : "", '\n', line.n));
	buf_fini(&line);
}

static void read_as(const char *name, const uint8_t *bytes, size_t n)
{
	static const struct tree_limits limits = { .nodes = 20000, .depth = 40 };
	struct findings f;

	findings_init(&f, 20);
	struct tree_set *set = tree_set_new(&f, &limits);
	INVARIANT(set);
	struct tree_file *file = tree_parse(set, name, (const char *)bytes, n);
	INVARIANT((file == NULL) == (f.errors > 0));
	if (file) {
		walk(file->root);
		round_trip(set, file->root);
	}
	findings_sort(&f);
	print_all(&f);
	tree_set_free(set);
	findings_fini(&f);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	read_as("a.yaml", bytes, n);
	read_as("a.json", bytes, n);
	return 0;
}
