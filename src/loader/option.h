/* The options that are no list: what each is called, what it may be, where it goes.
 * Owner: loader; the rows are option.def. */
#pragma once

#include "base/buf.h"
#include "settings.h"

enum option_type { OPTION_COUNT, OPTION_SIZE, OPTION_TIME, OPTION_WORD, OPTION_TEXT };

/* What sees a changed value first. RESTART: a reload leaves the old one and says so. */
enum option_force { FORCE_NEXT_RECORD, FORCE_NEXT_CONNECTION, FORCE_RELOAD, FORCE_RESTART };

struct option_row {
	const char *name;                /* dotted path in the configuration */
	enum option_type type;
	uint32_t offset, size;           /* of its field in struct settings */
	const char *initial;
	uint64_t low, high;              /* COUNT, bytes, milliseconds */
	const char *words;
	enum option_force force;
	const char *help;
};

extern const struct option_row option_rows[];
extern const size_t option_count;

const struct option_row *option_find(struct span name);
/* Some option's name goes on after this one and a dot. */
bool option_is_group(struct span name);
const char *option_force_word(enum option_force force);
/* EVENTGATEWAY_LIMITS_FRAME for limits.frame. */
void option_environment(const struct option_row *row, char *out, size_t n);

#define OPTION_WHY_MAX 320

/* Reads text and puts it in the row's field; a TEXT goes to the builder. E_MALFORMED
 * leaves the field and fills why: what is wrong; what would be right. */
int option_set(const struct option_row *row, struct span text, struct settings *s, struct image_builder *b,
               char why[OPTION_WHY_MAX]) MUST_CHECK;
/* The field as it would be written in the configuration. */
void option_print(const struct option_row *row, const struct settings *s, const struct image *img, struct buf *out);

/* The closest of several names to a word that is none of them. */
struct nearest {
	struct span word;
	const char *best;
	unsigned distance;
};

struct nearest nearest_to(struct span word);
void nearest_try(struct nearest *n, const char *name);
/* NULL when none is near enough to be a slip of the pen. */
const char *nearest_name(const struct nearest *n);
