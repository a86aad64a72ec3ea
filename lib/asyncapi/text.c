/* Forms of texts that the specification asks for. Owner: asyncapi; runs in the loader and
 * the tool. */
#include "asyncapi/model.h"
#include "schema/layout.h"

static bool is_letter(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

bool text_is_uri(struct span t)
{
	return schema_format_holds(SCHEMA_FORMAT_URI, JSON_STRING, t);
}

bool text_is_email(struct span t)
{
	return schema_format_holds(SCHEMA_FORMAT_EMAIL, JSON_STRING, t);
}

/* $message.header#/pointer or $message.payload#/pointer. */
bool text_is_expression(struct span t)
{
	static const char *const starts[] = { "$message.header#", "$message.payload#" };
	size_t i = 0;

	for (size_t k = 0; k < ARRAY_LEN(starts) && i == 0; k++)
		if (t.n >= strlen(starts[k]) && memcmp(t.p, starts[k], strlen(starts[k])) == 0)
			i = strlen(starts[k]);
	if (i == 0 || (i < t.n && t.p[i] != '/'))
		return false;
	for (; i < t.n; i++)
		if (t.p[i] == '~' && (i + 1 == t.n || (t.p[i + 1] != '0' && t.p[i + 1] != '1')))
			return false;
	return true;
}

bool text_is_name(struct span t)
{
	for (size_t i = 0; i < t.n; i++)
		if (!is_letter(t.p[i]) && !is_digit(t.p[i]) && !strchr("._-", t.p[i]))
			return false;
	return t.n > 0;
}

bool text_is_one_of(struct span t, const char *words)
{
	for (const char *p = words; p; p = strchr(p, '|') ? strchr(p, '|') + 1 : NULL)
		if (strcspn(p, "|") == t.n && memcmp(p, t.p, t.n) == 0)
			return true;
	return false;
}
