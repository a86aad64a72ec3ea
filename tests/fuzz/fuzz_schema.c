/* Any bytes are a schema or findings that say why not. A schema's image passes the
 * verifier; on every instance all executors agree, and the report has an error exactly
 * when the verdict is invalid. The first line is a dialect and a schema, each further
 * line an instance. */
#include "../differ/engine.h"
#include "fuzz.h"

static const struct schema_limits limits = { .depth = 40, .steps = 2000, .steps_per_byte = 32 };

static struct span line(struct span *rest)
{
	const uint8_t *end = rest->n ? memchr(rest->p, '\n', rest->n) : NULL;
	struct span s = span_of(rest->p, end ? (size_t)(end - rest->p) : rest->n);

	rest->p += end ? s.n + 1 : s.n;
	rest->n -= end ? s.n + 1 : s.n;
	return s;
}

static void judge_all(struct engine *e, struct span instances)
{
	while (instances.n)
		(void)engine_judge(e, line(&instances));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	enum schema_dialect d = DIALECT_ASYNCAPI;
	struct span rest = span_of(bytes, n), schema = line(&rest);
	const uint8_t *space = schema.n ? memchr(schema.p, ' ', schema.n) : NULL;
	struct engine e;

	if (space && engine_dialect(span_of(schema.p, (size_t)(space - schema.p)), &d)) {
		schema.n -= (size_t)(space + 1 - schema.p);
		schema.p = space + 1;
	}
	if (engine_open(&e, schema, d, NULL, &limits))
		judge_all(&e, rest);
	engine_close(&e);
	return 0;
}
