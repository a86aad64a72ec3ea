/* The table of findings. Owner: asyncapi; runs in the loader and the tool. */
#include "asyncapi/finding.h"

static const struct asyncapi_finding_row rows[AF_COUNT] = {
#define FINDING(name, code, severity, meaning) [AF_##name] = { code, FINDING_##severity, meaning },
#include "asyncapi/finding.def"
#undef FINDING
};

const struct asyncapi_finding_row *asyncapi_finding(enum asyncapi_finding id)
{
	return &rows[id];
}
