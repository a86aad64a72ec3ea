/* Error texts. Owner: base; runs in every process. */
#include "base/err.h"

static const char *const texts[] = {
	[-E_OK] = "no error",
	[-E_NOMEM] = "out of memory",
	[-E_TRUNCATED] = "input ends too early",
	[-E_MALFORMED] = "malformed input",
	[-E_LIMIT] = "limit reached",
	[-E_UNSUPPORTED] = "not supported",
	[-E_CHECKSUM] = "checksum mismatch",
	[-E_NOENT] = "not found",
	[-E_EXIST] = "exists already",
	[-E_SYS] = "system call failed",
	[-E_AGAIN] = "would block",
	[-E_EOF] = "end of input",
	[-E_STATE] = "not allowed in this state",
	[-E_FINDINGS] = "findings were reported",
};

const char *err_text(int err)
{
	unsigned i = (unsigned)-err;

	return err <= 0 && i < sizeof texts / sizeof *texts ? texts[i] : "unknown error";
}
