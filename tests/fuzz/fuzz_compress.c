/* codec, stream: inflated within 1 MiB; what came out is written and read again. */
#include "compress/compress.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	const size_t cap = 1 << 20;
	struct buf plain, packed, again;

	if (n < 1)
		return 0;
	struct compress *z = compress_new();
	struct span in = span_of(p + 1, n - 1);
	buf_init(&plain, 0);
	buf_init(&packed, 0);
	buf_init(&again, 0);
	int error = compress_inflate(z, p[0] & 7, in, &plain, cap);
	INVARIANT(plain.n <= cap);
	if (!error) {
		INVARIANT(compress_deflate(z, p[0] & 7, buf_span(&plain), in, &packed) == 0);
		INVARIANT(compress_inflate(z, p[0] & 7, buf_span(&packed), &again, cap) == 0);
		INVARIANT(again.n == plain.n && (again.n == 0 || memcmp(again.p, plain.p, again.n) == 0));
	}
	buf_fini(&again);
	buf_fini(&packed);
	buf_fini(&plain);
	compress_free(z);
	return 0;
}
