/* Log lines: one write of at most 4 KiB each, never blocking; what could not be
 * written is counted. [alert] means a bug of ours or the system failing, and the
 * tests fail on any such line.
 *
 *   text:  2026-01-02T03:04:05.678Z info worker[123]: message key=value ...
 *   json:  {"time":"…","level":"info","process":"worker","pid":123,"msg":"…","key":"value"}
 */
#pragma once

#include "base/base.h"

enum log_level { LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_NOTICE, LOG_LEVEL_WARN, LOG_LEVEL_ERROR, LOG_LEVEL_ALERT };
enum log_format { LOG_FORMAT_TEXT, LOG_FORMAT_JSON };

/* A field of a structured line; value bytes are a peer's and are escaped. */
struct log_field {
	const char *key;
	struct span value;
};

void log_open(int fd, const char *process);    /* target; not owned; default stderr */
void log_configure(enum log_format format, enum log_level level);
bool log_is_on(enum log_level level);
uint64_t log_dropped(void);                    /* lines lost so far */

void log_line(enum log_level level, const char *fmt, ...) PRINTF_LIKE(2, 3);
void log_fields(enum log_level level, const char *message, const struct log_field *fields, size_t n);

#define log_debug(...) (log_is_on(LOG_LEVEL_DEBUG) ? log_line(LOG_LEVEL_DEBUG, __VA_ARGS__) : (void)0)
#define log_info(...) log_line(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_notice(...) log_line(LOG_LEVEL_NOTICE, __VA_ARGS__)
#define log_warn(...) log_line(LOG_LEVEL_WARN, __VA_ARGS__)
#define log_error(...) log_line(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_alert(...) log_line(LOG_LEVEL_ALERT, __VA_ARGS__)

/* "debug" ... "alert"; false when the word is none of them. */
bool log_level_parse(const char *word, enum log_level *level);
