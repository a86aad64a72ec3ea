/* Forms of texts that the specification asks for. Owner: asyncapi; runs in the loader and
 * the tool. */
#include "asyncapi/model.h"

static bool is_letter(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

/* RFC 3986: a scheme, then no character that a URI cannot hold. */
bool text_is_uri(struct span t)
{
	size_t i = 0;

	while (i < t.n && (is_letter(t.p[i]) || (i > 0 && (is_digit(t.p[i]) || strchr("+-.", t.p[i])))))
		i++;
	if (i == 0 || i == t.n || t.p[i] != ':' || i + 1 == t.n)
		return false;
	for (i++; i < t.n; i++)
		if (t.p[i] <= ' ' || t.p[i] >= 0x7f || strchr("\"<>\\^`{|}", t.p[i]))
			return false;
	return true;
}

bool text_is_email(struct span t)
{
	const uint8_t *at = t.n ? memchr(t.p, '@', t.n) : NULL;
	size_t local = at ? (size_t)(at - t.p) : 0, domain = at ? t.n - local - 1 : 0;

	if (local == 0 || domain == 0 || memchr(at + 1, '@', domain))
		return false;
	for (size_t i = 0; i < t.n; i++)
		if (t.p[i] <= ' ' || t.p[i] == 0x7f)
			return false;
	return is_letter(at[1]) || is_digit(at[1]);
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
