/* Log lines. Owner: base; every process. The line is built on the stack: logging
 * allocates nothing and cannot fail in a way that a caller must handle. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/utf8.h"

#define LINE_MAX_BYTES 4096

struct line {
	char bytes[LINE_MAX_BYTES];
	size_t n;
};

static struct {
	int fd;
	const char *process;
	enum log_format format;
	enum log_level level;
	uint64_t dropped;
} target = { STDERR_FILENO, "event-gateway", LOG_FORMAT_TEXT, LOG_LEVEL_INFO, 0 };

static const char *const level_words[] = { "debug", "info", "notice", "warn", "error", "alert" };

void log_open(int fd, const char *process)
{
	target.fd = fd;
	target.process = process;
}

void log_configure(enum log_format format, enum log_level level)
{
	target.format = format;
	target.level = level;
}

bool log_is_on(enum log_level level)
{
	return level >= target.level;
}

uint64_t log_dropped(void)
{
	return target.dropped;
}

bool log_level_parse(const char *word, enum log_level *level)
{
	for (size_t i = 0; i < ARRAY_LEN(level_words); i++) {
		if (strcmp(word, level_words[i]) == 0) {
			*level = (enum log_level)i;
			return true;
		}
	}
	return false;
}

static void put(struct line *l, const char *s, size_t n)
{
	size_t room = sizeof l->bytes - 1 - l->n;     /* one byte for the newline */

	n = n < room ? n : room;
	memcpy(l->bytes + l->n, s, n);
	l->n += n;
}

static void puts_line(struct line *l, const char *s)
{
	put(l, s, strlen(s));
}

/* One event, one line: control bytes and what is no UTF-8 never reach the log. */
static void put_escaped(struct line *l, struct span s)
{
	for (size_t i = 0; i < s.n;) {
		size_t len = utf8_len(s.p + i, s.n - i);
		uint8_t c = s.p[i];
		char hex[8];
		if (len > 1 || (len == 1 && c >= 0x20 && c != 0x7f && c != '"' && c != '\\')) {
			put(l, (const char *)s.p + i, len);
		} else if (c == '"' || c == '\\') {
			put(l, (char[]){ '\\', (char)c }, 2);
		} else {
			snprintf(hex, sizeof hex, "\\u%04x", c);
			put(l, hex, 6);
		}
		i += len ? len : 1;
	}
}

static void put_quoted(struct line *l, struct span s)
{
	put(l, "\"", 1);
	put_escaped(l, s);
	put(l, "\"", 1);
}

static void open_text(struct line *l, enum log_level level, const char *message)
{
	char time[25], head[96];

	snprintf(head, sizeof head, "%s %s%s%s %s[%d]: ", clock_rfc3339(clock_wall_ms(), time),
	         level == LOG_LEVEL_ALERT ? "[" : "", level_words[level], level == LOG_LEVEL_ALERT ? "]" : "",
	         target.process, (int)getpid());
	puts_line(l, head);
	puts_line(l, message);
}

static void open_json(struct line *l, enum log_level level, const char *message)
{
	char time[25], head[160];

	snprintf(head, sizeof head, "{\"time\":\"%s\",\"level\":\"%s\",\"process\":\"%s\",\"pid\":%d,\"msg\":",
	         clock_rfc3339(clock_wall_ms(), time), level_words[level], target.process, (int)getpid());
	puts_line(l, head);
	put_quoted(l, span_str(message));
}

static void put_field(struct line *l, const struct log_field *f)
{
	bool json = target.format == LOG_FORMAT_JSON;

	puts_line(l, json ? ",\"" : " ");
	puts_line(l, f->key);
	puts_line(l, json ? "\":" : "=");
	put_quoted(l, f->value);
}

static void emit(struct line *l)
{
	if (target.format == LOG_FORMAT_JSON) {
		l->n = l->n < sizeof l->bytes - 2 ? l->n : sizeof l->bytes - 2;
		put(l, "}", 1);
	}
	l->bytes[l->n++] = '\n';
	ssize_t w;
	do
		w = write(target.fd, l->bytes, l->n);
	while (w < 0 && errno == EINTR);
	if (w != (ssize_t)l->n)
		target.dropped++;
}

void log_fields(enum log_level level, const char *message, const struct log_field *fields, size_t n)
{
	struct line l;

	if (!log_is_on(level))
		return;
	l.n = 0;
	(target.format == LOG_FORMAT_JSON ? open_json : open_text)(&l, level, message);
	for (size_t i = 0; i < n; i++)
		put_field(&l, &fields[i]);
	emit(&l);
}

void log_line(enum log_level level, const char *fmt, ...)
{
	char message[LINE_MAX_BYTES - 256];
	va_list ap;

	if (!log_is_on(level))
		return;
	va_start(ap, fmt);
	vsnprintf(message, sizeof message, fmt, ap);
	va_end(ap);
	for (char *c = message; *c; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			*c = ' ';
	log_fields(level, message, NULL, 0);
}
