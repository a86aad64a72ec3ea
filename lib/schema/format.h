/* Format functions, one a row of format.def, over a decoded, well-formed UTF-8 text. */
#pragma once

#include "schema/layout.h"

#define FORMAT(id, name, function, asserted) FORMAT_DECLARE_##asserted(function)
#define FORMAT_DECLARE_STRINGS(f) bool f(struct span s);
#define FORMAT_DECLARE_NUMBERS(f) bool f(struct span s);
#define FORMAT_DECLARE_NOTHING(f)
#include "schema/format.def"
#undef FORMAT

static inline bool format_is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

static inline bool format_is_letter(uint8_t c)
{
	return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}

static inline bool format_is_hex(uint8_t c)
{
	return format_is_digit(c) || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
}
