/* What every file may use: fixed-width types, sizes, assertions, and the
 * borrowed byte span. Owner: base. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/err.h"

#define ARRAY_LEN(a) (sizeof(a) / sizeof *(a))
#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)
#define NOINLINE __attribute__((noinline))      /* keeps a big frame out of its callers */
#if defined(__SANITIZE_ADDRESS__)        /* gcc */
#define WITH_ASAN 1
#elif defined(__has_feature)             /* clang */
#if __has_feature(address_sanitizer)
#define WITH_ASAN 1
#endif
#endif
#define PRINTF_LIKE(f, a) __attribute__((format(printf, f, a)))

/* A broken invariant of our own, never peer data: stops the process, in release
 * builds too. */
#define INVARIANT(x) ((x) ? (void)0 : invariant_broken(#x, __FILE__, __LINE__))
_Noreturn void invariant_broken(const char *what, const char *file, int line);

/* Borrowed bytes: not terminated, not owned. p == NULL means absent (Kafka's
 * null), which differs from a present span of length 0. */
struct span {
	const uint8_t *p;
	size_t n;
};

#define SPAN_NULL ((struct span){ NULL, 0 })
#define SPAN_LIT(s) ((struct span){ (const uint8_t *)(s), sizeof(s) - 1 })

static inline struct span span_of(const void *p, size_t n)
{
	return (struct span){ p, n };
}

static inline struct span span_str(const char *s)
{
	return (struct span){ (const uint8_t *)s, s ? strlen(s) : 0 };
}

static inline bool span_is_null(struct span s)
{
	return s.p == NULL;
}

static inline bool span_eq(struct span a, struct span b)
{
	return a.n == b.n && (a.p == NULL) == (b.p == NULL) && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

static inline bool span_is(struct span a, const char *s)
{
	return a.p && a.n == strlen(s) && memcmp(a.p, s, a.n) == 0;
}
