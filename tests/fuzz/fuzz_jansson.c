/* jansson's reading of a text, as letters. */
#include <jansson.h>

#include "fuzz_jansson.h"

void jansson_put_text(struct buf *out, const void *p, size_t n)
{
	buf_printf(out, "%zu:", n);
	buf_add(out, p, n);
}

static void print(json_t *v, struct buf *out)
{
	static const char letters[] = { [JSON_NULL] = '0', [JSON_FALSE] = 'f', [JSON_TRUE] = 't', [JSON_INTEGER] = 'n', [JSON_REAL] = 'n', [JSON_STRING] = 's', [JSON_ARRAY] = '[', [JSON_OBJECT] = '{' };
	const char *key;
	json_t *child;
	size_t i;

	buf_addch(out, letters[json_typeof(v)]);
	if (json_is_string(v))
		jansson_put_text(out, json_string_value(v), json_string_length(v));
	json_array_foreach(v, i, child)
		print(child, out);
	json_object_foreach(v, key, child) {
		buf_addch(out, 's');
		jansson_put_text(out, key, strlen(key));
		print(child, out);
	}
	if (json_is_array(v) || json_is_object(v))
		buf_addch(out, ']');
}

bool jansson_print(const uint8_t *bytes, size_t n, struct buf *out, bool *skip)
{
	json_error_t error;
	json_t *v = json_loadb((const char *)bytes, n, JSON_ALLOW_NUL | JSON_DECODE_ANY | JSON_DECODE_INT_AS_REAL | JSON_REJECT_DUPLICATES, &error);

	if (v) {
		print(v, out);
		json_decref(v);
		return true;
	}
	enum json_error_code code = json_error_code(&error);
	*skip = code == json_error_numeric_overflow || code == json_error_null_byte_in_key || code == json_error_stack_overflow;
	return false;
}
