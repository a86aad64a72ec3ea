/* A fuzz target: one function, which stops the process when a property does not hold.
 * fuzz.c runs it over its corpus in make check, and over mutations of it in make fuzz;
 * the name is libFuzzer's, so that clang -fsanitize=fuzzer can drive it too. */
#pragma once

#include "base/base.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);
