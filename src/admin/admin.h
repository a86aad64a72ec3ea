/* The admin process: HTTP for operators and their tools, beside the workers, so that a
 * scrape costs no record any time. Spawned by the master, unprivileged like workers. */
#pragma once

#include "heritage.h"

/* Runs until the master says so or is gone; returns the exit code. */
int admin_main(const struct heritage *h);
