/* Lines to records. JSON texts inside a line keep their exact numbers: they are never
 * turned into a double on the way. Owner: egctl. */
#include "egctl/record.h"

void record_line_init(struct record_line *r)
{
	*r = (struct record_line){ 0 };
	buf_init(&r->value, 0);
	buf_init(&r->key, 0);
	buf_init(&r->header_bytes, 0);
}

static void drop_tree(struct record_line *r)
{
	if (!r->set)
		return;
	tree_set_free(r->set);
	findings_fini(&r->f);
	r->set = NULL;
}

void record_line_fini(struct record_line *r)
{
	drop_tree(r);
	buf_fini(&r->value);
	buf_fini(&r->key);
	buf_fini(&r->header_bytes);
}

/* ---- base64, RFC 4648 4 ---- */

static int digit64(uint8_t c)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *at = c ? strchr(alphabet, c) : NULL;

	return at ? (int)(at - alphabet) : -1;
}

static bool add_base64(struct buf *out, struct span text)
{
	uint32_t bits = 0;
	unsigned have = 0;
	size_t n = text.n;

	while (n && text.p[n - 1] == '=' && text.n - n < 2)
		n--;
	for (size_t i = 0; i < n; i++) {
		int digit = digit64(text.p[i]);
		if (digit < 0)
			return false;
		bits = bits << 6 | (uint32_t)digit;
		have += 6;
		if (have >= 8) {
			have -= 8;
			buf_addch(out, (char)(bits >> have & 0xff));
		}
	}
	return text.n % 4 == 0 && n % 4 != 1;
}

/* ---- parts ---- */

static struct span bytes_of(const struct buf *b, size_t from)
{
	return span_of(b->p ? b->p + from : (const uint8_t *)"", b->n - from);
}

/* Texts are the bytes; null is null; anything else is its JSON. */
static bool add_text(struct buf *out, const struct tree_node *node)
{
	if (!node || node->kind == TREE_NULL)
		return false;
	if (tree_is_string(node))
		buf_add(out, node->text.p, node->text.n);
	else
		tree_to_json(node, out);
	return true;
}

static void read_value(struct record_line *r, const struct tree_node *root)
{
	const struct tree_node *value = tree_get(root, "value"), *raw = tree_get(root, "payload"), *coded = tree_get(root, "valueBase64");

	r->view.value = SPAN_NULL;
	if (tree_is_string(coded)) {
		if (!add_base64(&r->value, coded->text))
			r->error = "valueBase64 is no base64";
		r->view.value = bytes_of(&r->value, 0);
	} else if (raw && !value) {
		if (add_text(&r->value, raw))
			r->view.value = bytes_of(&r->value, 0);
	} else if (value && value->kind != TREE_NULL) {
		tree_to_json(value, &r->value);
		r->view.value = bytes_of(&r->value, 0);
	}
}

static void read_key(struct record_line *r, const struct tree_node *root)
{
	const struct tree_node *coded = tree_get(root, "keyBase64");

	r->view.key = SPAN_NULL;
	if (tree_is_string(coded)) {
		if (!add_base64(&r->key, coded->text))
			r->error = "keyBase64 is no base64";
		r->view.key = bytes_of(&r->key, 0);
	} else if (add_text(&r->key, tree_get(root, "key"))) {
		r->view.key = bytes_of(&r->key, 0);
	}
}

static void add_header(struct record_line *r, struct span name, const struct tree_node *value)
{
	size_t i = r->view.nheaders, from = r->header_bytes.n;

	if (i == RECORD_MAX_HEADERS) {
		r->error = "more than 1,024 headers";
		return;
	}
	r->headers[i].name = name;
	r->header_at[i] = from;
	r->headers[i].value = add_text(&r->header_bytes, value) ? span_of((const uint8_t *)"", r->header_bytes.n - from) : SPAN_NULL;
	r->view.nheaders++;
}

/* {"name": "value"}, {"name": ["one", "two"]}, or kcat's ["name", "value", ...]. */
static void read_headers(struct record_line *r, const struct tree_node *headers)
{
	if (headers && headers->kind == TREE_MAP) {
		tree_each(item, headers) {
			if (item->kind != TREE_SEQ)
				add_header(r, item->key, item);
			else
				tree_each(one, item)
					add_header(r, item->key, one);
		}
	} else if (headers && headers->kind == TREE_SEQ) {
		for (const struct tree_node *name = headers->first; name && name->next; name = name->next->next)
			add_header(r, tree_is_string(name) ? name->text : SPAN_LIT(""), name->next);
	} else if (headers && headers->kind != TREE_NULL) {
		r->error = "headers are an object of names and values";
	}
	/* header_bytes has its final place now */
	for (size_t i = 0; i < r->view.nheaders; i++)
		if (!span_is_null(r->headers[i].value) && r->headers[i].value.n)
			r->headers[i].value.p = r->header_bytes.p + r->header_at[i];
	r->view.headers = r->headers;
}

static void read_object(struct record_line *r, struct span line)
{
	findings_init(&r->f, 10);
	r->set = tree_set_new(&r->f, NULL);
	const struct tree_file *file = r->set ? tree_parse(r->set, "line.json", (const char *)line.p, line.n) : NULL;
	const struct tree_node *root = file ? file->root : NULL;

	if (!root || root->kind != TREE_MAP) {
		r->error = r->f.n ? r->f.items[0].message : "a record is an object with topic, key, headers and value";
		return;
	}
	const struct tree_node *topic = tree_get(root, "topic");
	if (tree_is_string(topic))
		r->topic = topic->text;
	read_value(r, root);
	read_key(r, root);
	read_headers(r, tree_get(root, "headers"));
}

void record_line_read(struct record_line *r, struct span line, bool bare)
{
	drop_tree(r);
	buf_clear(&r->value);
	buf_clear(&r->key);
	buf_clear(&r->header_bytes);
	r->view = (struct record_view){ 0 };
	r->topic = SPAN_NULL;
	r->error = NULL;
	if (bare)
		r->view.value = line;
	else
		read_object(r, line);
}
