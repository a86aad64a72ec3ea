/* Clocks. Owner: base; every process. */
#include <stdio.h>
#include <time.h>

#include "base/clock.h"

static uint64_t read_ns(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

uint64_t clock_ms(void)
{
	return read_ns(CLOCK_MONOTONIC) / 1000000u;
}

uint64_t clock_us(void)
{
	return read_ns(CLOCK_MONOTONIC) / 1000u;
}

int64_t clock_wall_ms(void)
{
	return (int64_t)(read_ns(CLOCK_REALTIME) / 1000000u);
}

const char *clock_rfc3339(int64_t wall_ms, char *buf)
{
	time_t s = (time_t)(wall_ms / 1000);
	struct tm tm;
	char day[21];

	gmtime_r(&s, &tm);
	strftime(day, sizeof day, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(buf, 25, "%.19s.%03uZ", day, (unsigned)(wall_ms % 1000) % 1000u);
	return buf;
}
