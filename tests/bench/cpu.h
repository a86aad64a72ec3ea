/* Processor time of this thread. */
#pragma once

double cpu_ns(void);
