/* Claims about records and their proof: a record is made for the side that is said to
 * accept it, and both compiled contracts are asked. Owner: asyncapi; loader and tool. */
#include <stdarg.h>
#include <stdio.h>

#include "asyncapi/diff_internal.h"

#define TEXTS_MAX 24u
#define TEXT_MAX 1024
#define CLAIMS_MAX 2000u               /* proofs of one comparison */

static const struct {
	const char *code, *words, *keywords;
	unsigned breaks;
	bool schema;
} kinds[DIFF_KIND_COUNT] = {
#define SCHEMA 0, true
#define PRODUCERS DIFF_PRODUCERS, false
#define CONSUMERS DIFF_CONSUMERS, false
#define BOTH DIFF_PRODUCERS | DIFF_CONSUMERS, false
#define NOBODY 0, false
#define CHANGE(id, code, effect, records, keywords) [DIFF_##id] = { code, records, keywords, effect },
#include "asyncapi/diff.def"
#undef CHANGE
};

const char *diff_code(enum diff_kind kind)
{
	return kinds[kind].code;
}

const char *diff_text(struct diff_run *run, const char *fmt, ...)
{
	char text[TEXT_MAX];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof text, fmt, args);
	va_end(args);
	const char *copy = arena_strdup(run->arena, text);
	run->no_memory |= !copy;
	return copy ? copy : "";
}

/* The words of a kind with its places filled in; a second one may be wanted or not. */
static const char *words_with(struct diff_run *run, enum diff_kind kind, const char *first, const char *second)
{
	const char *words = kinds[kind].words, *one = strstr(words, "%s"), *two = one ? strstr(one + 2, "%s") : NULL;

	if (!one)
		return words;
	if (!two)
		return diff_text(run, "%.*s%s%s", (int)(one - words), words, first, one + 2);
	return diff_text(run, "%.*s%s%.*s%s%s", (int)(one - words), words, first, (int)(two - one - 2), one + 2, second, two + 2);
}

static struct diff_change *new_change(struct diff_run *run, enum diff_kind kind, struct location at)
{
	struct diff *out = run->out;

	if (out->n == out->cap) {
		size_t cap = out->cap ? out->cap * 2 : 16;
		struct diff_change *grown = arena_array(run->arena, cap, sizeof *grown);
		if (!grown) {
			run->no_memory = true;
			return NULL;
		}
		if (out->n)
			memcpy(grown, out->changes, out->n * sizeof *grown);
		out->changes = grown;
		out->cap = cap;
	}
	struct diff_change *change = &out->changes[out->n++];
	*change = (struct diff_change){ .kind = kind, .breaks = kinds[kind].breaks, .at = at, .channel = "", .message = "", .part = "", .pointer = "", .text = "", .witness = "", .reason = "" };
	return change;
}

struct diff_change *diff_add(struct diff_run *run, enum diff_kind kind, struct location at, const char *first, const char *second)
{
	struct diff_change *change = new_change(run, kind, at);

	if (change)
		change->text = words_with(run, kind, first, second);
	return change;
}

/* ---- records that prove ---- */

/* One way of a claim: `from` accepts, `to` does not. */
struct proof {
	struct diff_run *run;
	const struct diff_claim *claim;
	struct probe *from, *to;
	const struct model_channel *from_channel, *to_channel;
	const struct model_message *from_message, *to_message;
	const char *from_topic, *to_topic;
	const char *pointer;             /* of the place */
	struct probe_record *record;
	struct probe_verdict accepted, refused;
};

/* A record that several messages accept passes unless a policy says otherwise. */
static bool is_acceptance(enum verdict v)
{
	return v == VERDICT_VALID || v == VERDICT_AMBIGUOUS;
}

static bool is_refusal(enum verdict v)
{
	return v == VERDICT_INVALID || v == VERDICT_UNDECLARED || v == VERDICT_UNDECIDABLE;
}

static struct probe_verdict judge(const struct proof *p, bool by_from, bool explain)
{
	p->record->topic = by_from ? p->from_topic : p->to_topic;
	struct probe_verdict v = probe_judge(by_from ? p->from : p->to, &p->run->scratch, by_from ? p->from_channel : p->to_channel, p->record, explain);
	p->record->topic = p->from_topic;
	return v;
}

static bool make(struct proof *p, const struct model_message *m, unsigned variant, const struct sample_edit *edit)
{
	const struct diff_place *place = p->claim->place;

	p->record->topic = p->from_topic;
	return probe_make(&p->run->scratch, m, variant, place ? place->part : PROBE_PAYLOAD, edit, p->record);
}

static bool is_one_word_of(const char *words, const char *word, size_t n)
{
	for (; *words; words += strcspn(words, "|"), words += *words == '|')
		if (strcspn(words, "|") == n && memcmp(words, word, n) == 0)
			return true;
	return false;
}

/* At the place or below it; what misses a member is told of the object around it. */
static bool is_within(const struct proof *p, const char *instance)
{
	size_t n = strlen(p->pointer);

	if (p->claim->kind == DIFF_REQUIRED)
		n = (size_t)(strrchr(p->pointer, '/') - p->pointer);
	if (strncmp(instance, p->pointer, n) != 0)
		return false;
	return p->claim->kind == DIFF_REQUIRED ? instance[n] == 0 : instance[n] == 0 || instance[n] == '/';
}

/* The refusal is this change's doing: all that is said to be wrong is there. */
static bool is_attributed(const struct proof *p)
{
	const char *keywords = kinds[p->claim->kind].keywords;

	if (p->refused.nerrors == 0 || strcmp(p->refused.part, probe_part_word(p->claim->place->part)) != 0)
		return false;
	for (size_t i = 0; i < p->refused.nerrors; i++) {
		const struct schema_error *e = &p->refused.errors[i];
		const char *keyword = e->keyword && strrchr(e->keyword, '/') ? strrchr(e->keyword, '/') + 1 : "";
		if (!is_within(p, e->instance ? e->instance : ""))
			return false;
		if (*keywords != '*' && !is_one_word_of(keywords, keyword, strlen(keyword)))
			return false;
	}
	return true;
}

/* The same record with another text at the place is accepted by both: so it is the place. */
static bool has_control(struct proof *p, const struct model_message *m, unsigned variant, const char *const *texts, size_t n)
{
	for (size_t i = 0; i <= n; i++) {
		struct sample_edit edit = { .path = p->claim->place->path, .text = i < n ? texts[i] : NULL };
		if (make(p, m, variant, &edit) && is_acceptance(judge(p, true, false).verdict) && is_acceptance(judge(p, false, false).verdict))
			return true;
	}
	return false;
}

static bool is_felt(struct proof *p)
{
	p->accepted = judge(p, true, false);
	if (!is_acceptance(p->accepted.verdict))
		return false;
	p->refused = judge(p, false, true);
	return is_refusal(p->refused.verdict);
}

static bool shows_text(struct proof *p, const struct model_message *m, unsigned variant, const char *const *texts, size_t n, size_t i)
{
	const struct diff_claim *claim = p->claim;
	struct sample_edit edit = { .path = claim->place->path, .text = texts[i] };
	bool exact = claim->exact && i < claim->ntexts;

	if (!make(p, m, variant, &edit) || !is_felt(p))
		return false;
	if ((exact && !claim->branch) || is_attributed(p))
		return true;
	if (!exact && *kinds[claim->kind].keywords != '*')
		return false;
	return has_control(p, m, variant, texts, n) && make(p, m, variant, &edit) && is_felt(p);
}

/* A record of the message itself, whatever is in it. */
static bool shows_message(struct proof *p, unsigned variant)
{
	if (!make(p, p->from_message, variant, NULL) || !is_felt(p))
		return false;
	if (p->claim->kind == DIFF_PARAMETER)
		return p->refused.verdict == VERDICT_UNDECLARED;
	return p->accepted.verdict == VERDICT_AMBIGUOUS || probe_is(&p->accepted, p->from_message);
}

/* Texts of the claim, then what the schemas make there: the accepting side's own first. */
static size_t gather_texts(struct proof *p, const char **texts)
{
	const struct diff_claim *claim = p->claim;
	bool from_old = p->from == p->run->old;
	struct tree_node *schemas[] = { from_old ? claim->old : claim->new, from_old ? claim->new : claim->old };
	size_t n = 0;

	for (size_t i = 0; i < claim->ntexts && n < TEXTS_MAX; i++)
		texts[n++] = claim->texts[i];
	for (size_t side = 0; side < ARRAY_LEN(schemas); side++) {
		for (unsigned variant = 0; schemas[side] && variant < SAMPLE_VARIANTS && n < TEXTS_MAX; variant++) {
			struct buf out;
			buf_init(&out, 1u << 16);
			if (sample_schema(&p->run->scratch, schemas[side], variant, NULL, &out)) {
				const char *copy = arena_strndup(&p->run->scratch, out.p, out.n);
				if (copy)
					texts[n++] = copy;
			}
			buf_fini(&out);
		}
	}
	return n;
}

static bool find_witness(struct proof *p)
{
	const char *texts[TEXTS_MAX];
	const struct model_message *bases[] = { p->from_message, p->to_message };

	arena_reset(&p->run->scratch);
	p->record = arena_alloc(&p->run->scratch, sizeof *p->record);
	if (!p->record)
		return false;
	for (unsigned variant = 0; !p->claim->place && variant < SAMPLE_VARIANTS; variant++)
		if (shows_message(p, variant))
			return true;
	size_t n = p->claim->place ? gather_texts(p, texts) : 0;
	for (size_t base = 0; base < ARRAY_LEN(bases) && n; base++)
		for (size_t i = 0; bases[base] && i < n; i++)
			for (unsigned variant = 0; variant < SAMPLE_VARIANTS; variant++)
				if (shows_text(p, bases[base], variant, texts, n, i))
					return true;
	return false;
}

/* ---- claims ---- */

static const char *pointer_of(struct diff_run *run, const struct sample_path *path)
{
	struct buf out;

	buf_init(&out, TEXT_MAX);
	for (size_t i = 0; i < path->n; i++) {
		buf_addch(&out, '/');
		for (size_t k = 0; k < path->steps[i].n; k++) {
			char c = (char)path->steps[i].p[k];
			if (c == '~' || c == '/')
				buf_puts(&out, c == '~' ? "~0" : "~1");
			else
				buf_addch(&out, c);
		}
	}
	const char *text = diff_text(run, "%.*s", (int)out.n, out.n ? (const char *)out.p : "");
	buf_fini(&out);
	return text;
}

static const char *sentence(struct diff_run *run, const struct diff_claim *claim, enum diff_way way, bool proven)
{
	static const char *const proven_words[] = { "were accepted, now refused", "were refused, now accepted" };
	static const char *const unproven_words[] = { "may have been accepted and now be refused: cannot tell", "may have been refused and now be accepted: cannot tell" };
	const char *records = words_with(run, claim->kind, claim->place ? claim->place->name : claim->detail, claim->detail);

	return diff_text(run, "%s %s", records, (proven ? proven_words : unproven_words)[way]);
}

static const char *keep_record(struct diff_run *run, const struct probe_record *r)
{
	struct buf out;

	buf_init(&out, 1u << 20);
	probe_print(&out, r);
	const char *text = buf_error(&out) ? NULL : arena_strndup(run->arena, out.p, out.n);
	buf_fini(&out);
	run->no_memory |= !text;
	return text ? text : "";
}

static void claim_way(struct diff_run *run, const struct diff_pair *pair, const struct diff_claim *claim, enum diff_way way)
{
	bool refused = way == WAY_REFUSED;
	struct proof p = { .run = run, .claim = claim, .from = refused ? run->old : run->new, .to = refused ? run->new : run->old,
		.from_channel = refused ? pair->old_channel : pair->new_channel, .to_channel = refused ? pair->new_channel : pair->old_channel,
		.from_message = refused ? pair->old : pair->new, .to_message = refused ? pair->new : pair->old,
		.from_topic = refused ? pair->old_topic : pair->new_topic, .to_topic = refused ? pair->new_topic : pair->old_topic,
		.pointer = claim->place ? pointer_of(run, &claim->place->path) : "" };
	bool proven = p.from_message && find_witness(&p);
	struct diff_change *change = new_change(run, claim->kind, claim->at);

	if (!change)
		return;
	change->text = sentence(run, claim, way, proven);
	change->breaks = refused ? DIFF_PRODUCERS : DIFF_CONSUMERS;
	change->unproven = !proven;
	change->channel = pair->new_channel ? pair->new_channel->name : pair->old_channel->name;
	change->message = pair->new ? pair->new->name : pair->old ? pair->old->name : "";
	change->part = claim->place ? probe_part_word(claim->place->part) : "";
	change->pointer = p.pointer;
	change->witness = proven ? keep_record(run, p.record) : "";
	change->reason = proven ? diff_text(run, "%s", p.refused.text) : "";
}

void diff_claim(struct diff_run *run, const struct diff_pair *pair, const struct diff_claim *claim)
{
	if (++run->claims == CLAIMS_MAX) {
		struct diff_change *change = diff_add(run, DIFF_TOO_MANY, claim->at, "", "");
		if (change)
			change->unproven = true;
	}
	for (enum diff_way way = WAY_REFUSED; way <= WAY_ACCEPTED && run->claims < CLAIMS_MAX; way++)
		if (claim->ways & 1u << way)
			claim_way(run, pair, claim, way);
}

bool diff_is_breaking(const struct diff_change *change, enum diff_compatibility c)
{
	static const unsigned forbidden[] = { DIFF_PRODUCERS, DIFF_CONSUMERS, DIFF_PRODUCERS | DIFF_CONSUMERS };

	return (change->breaks & forbidden[c]) != 0;
}
