/* Stages, for pipeline.c's table and for each other's files. */
#pragma once

#include "pipeline/pipeline.h"

#define STAGE(name) enum stage_result stage_##name(struct pipeline *p, struct message_view *m);
#include "pipeline/stage.def"
#undef STAGE
