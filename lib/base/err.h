/* Error codes: every fallible function returns 0 or one of these negatives.
 * Shared by all processes; the texts are for logs, not for the wire. */
#pragma once

enum err {
	E_OK = 0,
	E_NOMEM = -1,        /* an allocation failed */
	E_TRUNCATED = -2,    /* the input ends inside a field */
	E_MALFORMED = -3,    /* the input breaks its format */
	E_LIMIT = -4,        /* a configured or built-in bound was reached */
	E_UNSUPPORTED = -5,  /* well formed, but not something that we judge or speak */
	E_CHECKSUM = -6,     /* CRC or digest differs */
	E_NOENT = -7,        /* no such thing */
	E_EXIST = -8,        /* there already */
	E_SYS = -9,          /* a system call failed; errno says why */
	E_AGAIN = -10,       /* would block; try when told */
	E_EOF = -11,         /* the peer has finished sending */
	E_STATE = -12,       /* not allowed now */
	E_FINDINGS = -13,    /* findings were recorded; see the list */
};

#define MUST_CHECK __attribute__((warn_unused_result))

const char *err_text(int err);
