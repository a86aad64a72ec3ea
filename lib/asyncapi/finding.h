/* The findings of lib/asyncapi by name, so that code, severity and meaning stand once:
 * in finding.def. */
#pragma once

#include "tree/finding.h"

enum asyncapi_finding {
#define FINDING(name, code, severity, meaning) AF_##name,
#include "asyncapi/finding.def"
#undef FINDING
	AF_COUNT
};

struct asyncapi_finding_row {
	const char *code;
	enum finding_severity severity;
	const char *meaning;
};

const struct asyncapi_finding_row *asyncapi_finding(enum asyncapi_finding id);
/* Adds one with the row's code and severity. */
#define asyncapi_find(f, id, at, ...) \
	finding_add(f, asyncapi_finding(AF_##id)->severity, asyncapi_finding(AF_##id)->code, at, __VA_ARGS__)
