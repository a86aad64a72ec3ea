/* From a complete configuration to the settings sections of an image. */
#pragma once

#include "loader/config.h"

/* The configuration is without errors: every listener names a cluster that exists. */
void loader_emit_settings(struct config *c);
