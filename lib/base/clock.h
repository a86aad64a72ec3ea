/* Monotonic and wall time. */
#pragma once

#include <stdint.h>

uint64_t clock_ms(void);          /* monotonic, for timers and deadlines */
uint64_t clock_us(void);          /* monotonic */
int64_t clock_wall_ms(void);      /* since 1970, for people and records only */
/* RFC 3339 in UTC with milliseconds; buf holds at least 25 bytes. */
const char *clock_rfc3339(int64_t wall_ms, char *buf);
