/* A compiled image of which some bytes are others: each five bytes of the input are a place
 * and a byte. */
#include <stdlib.h>

#include "../differ/mutant.h"
#include "fuzz.h"

#define EDIT_BYTES 5
#define EDITS_MAX 16

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct mutant_edit edits[EDITS_MAX];
	static bool is_open;
	size_t count = 0;

	if (!is_open)
		mutant_open();
	if (!is_open)
		atexit(mutant_close);
	is_open = true;
	for (; count < EDITS_MAX && n >= EDIT_BYTES; count++, bytes += EDIT_BYTES, n -= EDIT_BYTES) {
		uint32_t at;
		memcpy(&at, bytes, sizeof at);
		edits[count] = (struct mutant_edit){ at % (uint32_t)mutant_size(), bytes[4] };
	}
	(void)mutant_passes(edits, count);
	return 0;
}
