/* What systemd is told (sd_notify(3), Type=notify-reload's protocol). Runs in the master;
 * nothing happens outside systemd or in a build without it. */
#include "config.h"

#include "base/clock.h"
#include "master/internal.h"

#ifdef HAVE_SYSTEMD
#include <systemd/sd-daemon.h>

void notify_ready(const struct master *m)
{
	(void)sd_notifyf(0, "READY=1\nSTATUS=serving, %u workers, generation %llu", m->nworkers,
	                 (unsigned long long)m->generation);
}

void notify_reloading(void)
{
	(void)sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%llu", (unsigned long long)clock_us());
}

void notify_stopping(void)
{
	(void)sd_notify(0, "STOPPING=1");
}

void notify_watchdog(void)
{
	uint64_t limit_us;

	if (sd_watchdog_enabled(0, &limit_us) > 0)
		(void)sd_notify(0, "WATCHDOG=1");
}
#else
void notify_ready(const struct master *m)
{
	(void)m;
}

void notify_reloading(void)
{
}

void notify_stopping(void)
{
}

void notify_watchdog(void)
{
}
#endif
