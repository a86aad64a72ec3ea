/* Findings of the build side: everything that is wrong with a configuration, a
 * document or a schema, gathered in one run and printed in order.
 *
 *   FILE:LINE:COLUMN: error|warning|info CODE: what is wrong; what would be right
 */
#pragma once

#include "base/arena.h"
#include "base/buf.h"

enum finding_severity { FINDING_INFO, FINDING_WARNING, FINDING_ERROR };

/* Where in a file; line and column start at 1, column counts characters. line 0: the
 * file as a whole. file NULL: no file (a flag, the environment): print `origin` in it. */
struct location {
	const char *file;
	uint32_t line, column;
};

struct finding {
	enum finding_severity severity;
	const char *code;            /* stable, kebab-case: "yaml-syntax", "ref-not-found" */
	struct location at;
	const char *message;         /* "what is wrong; what would be right" */
};

struct findings {
	struct arena arena;          /* owns all texts */
	struct finding *items;
	size_t n, cap, max;          /* beyond max (0: 1000) only counted */
	size_t errors, warnings;
};

void findings_init(struct findings *f, size_t max);
void findings_fini(struct findings *f);
/* The very same finding twice is one. */
void finding_add(struct findings *f, enum finding_severity severity, const char *code, struct location at,
                 const char *fmt, ...) PRINTF_LIKE(5, 6);
/* Is an error known at exactly that place? */
bool finding_is_error_at(const struct findings *f, struct location at);
#define finding_error(f, code, at, ...) finding_add(f, FINDING_ERROR, code, at, __VA_ARGS__)
#define finding_warning(f, code, at, ...) finding_add(f, FINDING_WARNING, code, at, __VA_ARGS__)
/* By file, line, column; stable. */
void findings_sort(struct findings *f);
/* One finding as its line, without the newline. */
void finding_print(struct buf *out, const struct finding *f);
const char *finding_severity_word(enum finding_severity s);
