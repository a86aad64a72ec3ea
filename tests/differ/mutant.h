/* A compiled image whose schema sections are changed in place: the verifier refuses it, or
 * every run on it ends within its budget and inside its memory. */
#pragma once

#include "engine.h"

struct mutant_edit {
	uint32_t at;                   /* of the bytes that may change, mutant_size() of them */
	uint8_t byte;
};

/* Builds the image. */
void mutant_open(void);
void mutant_close(void);
size_t mutant_size(void);
uint8_t mutant_byte(uint32_t at);
/* The schema section that the byte is of, from 0. */
size_t mutant_section(uint32_t at);
/* Changes, verifies, judges when the verifier lets it pass, changes back. */
bool mutant_passes(const struct mutant_edit *edits, size_t n);
