/* contentEncoding base64 (RFC 4648 4) and contentMediaType application/json, when the
 * program asserts them. Owner: schema; workers, the loader and the tool. */
#include "schema/private.h"

static int base64_value(uint8_t c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

static bool base64_decode(struct span s, struct buf *out)
{
	size_t n = s.n, pad = 0;
	uint32_t word = 0;

	buf_clear(out);
	for (; n && pad < 2 && s.p[n - 1] == '='; n--)
		pad++;
	if (s.n % 4 != 0)
		return false;
	for (size_t i = 0; i < n; i++) {
		int v = base64_value(s.p[i]);
		if (v < 0)
			return false;
		word = word << 6 | (uint32_t)v;
		if (i % 4 == 1)
			buf_u8(out, (uint8_t)(word >> 4));
		else if (i % 4 == 2)
			buf_u8(out, (uint8_t)(word >> 2));
		else if (i % 4 == 3)
			buf_u8(out, (uint8_t)word);
	}
	return true;
}

bool content_holds(struct run *run, uint32_t content, struct span text)
{
	struct schema_runner *r = run->runner;

	if (content & SCHEMA_CONTENT_BASE64) {
		if (!base64_decode(text, &r->decoded))
			return false;
		text = span_of(r->decoded.p ? r->decoded.p : (const uint8_t *)"", r->decoded.n);
		if (buf_error(&r->decoded))
			run_undecidable(run, "out of memory");
	}
	if (!(content & SCHEMA_CONTENT_JSON) || run->reason)
		return true;
	int error = json_tape_build(&r->content, text);
	if (error && error != E_MALFORMED)
		run_undecidable(run, r->content.what);
	return error == 0;
}
