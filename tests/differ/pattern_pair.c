/* One pattern in both of its forms, for tests. */
#include "pattern_pair.h"

static bool open_as(struct engine *e, struct span pattern, bool backtrack)
{
	struct compile_options options = { .backtrack = backtrack };
	struct buf schema;

	buf_init(&schema, 0);
	buf_puts(&schema, "{\"pattern\":\"");
	buf_json_escape(&schema, pattern);
	buf_puts(&schema, "\"}");
	bool good = engine_open(e, buf_span(&schema), DIALECT_ASYNCAPI, &options, NULL);
	buf_fini(&schema);
	return good;
}

bool pair_open(struct pattern_pair *p, struct span pattern)
{
	*p = (struct pattern_pair){ 0 };
	bool good = open_as(&p->automaton, pattern, false);
	p->has_code = open_as(&p->code, pattern, true);
	p->has_automaton = good && image_section(&p->automaton.img, IMAGE_SCHEMA_DFA).n > 0;
	INVARIANT(good || !p->has_code);         /* what has no automaton is PCRE2's */
	return good;
}

void pair_close(struct pattern_pair *p)
{
	engine_close(&p->automaton);
	engine_close(&p->code);
}

const char *pair_reason(const struct pattern_pair *p)
{
	return p->automaton.f.n ? p->automaton.f.items[0].message : "";
}

bool pair_is_lenient(const struct pattern_pair *p)
{
	return p->automaton.f.n && strcmp(p->automaton.f.items[0].code, "pattern-escape") == 0;
}

static char judge(struct engine *e, bool exists, struct span instance)
{
	static const char letters[] = { [SCHEMA_VALID] = '1', [SCHEMA_INVALID] = '0', [SCHEMA_UNDECIDABLE] = '?' };

	return exists ? letters[engine_judge(e, instance)] : '-';
}

struct pair_verdict pair_judge(struct pattern_pair *p, struct span text)
{
	struct buf instance;

	buf_init(&instance, 0);
	buf_addch(&instance, '"');
	buf_json_escape(&instance, text);
	buf_addch(&instance, '"');
	struct pair_verdict v = {
		judge(&p->automaton, p->has_automaton, buf_span(&instance)),
		judge(&p->code, p->has_code, buf_span(&instance)),
	};
	buf_fini(&instance);
	INVARIANT(v.automaton != '?');
	INVARIANT(v.automaton == v.code || v.automaton == '-' || v.code == '-' || v.code == '?');
	return v;
}
