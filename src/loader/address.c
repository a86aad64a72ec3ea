/* Addresses as people write them, and whether two of them are one socket. No name is
 * looked up: the loader has no network. Owner: loader. */
#include <arpa/inet.h>
#include <ctype.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <unistd.h>

#include "loader/config.h"

static bool host_is_sound(struct span host)
{
	for (size_t i = 0; i < host.n; i++)
		if (!isalnum(host.p[i]) && !memchr(".-_", host.p[i], 3))
			return false;
	return host.n < 254;
}

static bool v6_is_sound(struct span host)
{
	char text[INET6_ADDRSTRLEN];
	struct in6_addr a;

	if (host.n == 0 || host.n >= sizeof text)
		return false;
	memcpy(text, host.p, host.n);
	text[host.n] = 0;
	return inet_pton(AF_INET6, text, &a) == 1;
}

static bool port_of(struct span text, uint32_t *port)
{
	*port = 0;
	for (size_t i = 0; i < text.n; i++) {
		if (!isdigit(text.p[i]) || i == 5)
			return false;
		*port = *port * 10 + (uint32_t)(text.p[i] - '0');
	}
	return *port > 0 && *port <= 65535;
}

bool config_address_parse(struct config *c, struct span text, struct config_address *out)
{
	const uint8_t *colon = text.n ? memrchr(text.p, ':', text.n) : NULL;

	if (!colon)
		return false;
	struct span host = span_of(text.p, (size_t)(colon - text.p)), port = span_of(colon + 1, text.n - host.n - 1);
	bool v6 = host.n > 2 && host.p[0] == '[' && host.p[host.n - 1] == ']';
	if (v6)
		host = span_of(host.p + 1, host.n - 2);
	if (span_is(host, "*"))
		host.n = 0;
	if (!(v6 ? v6_is_sound(host) : host_is_sound(host)) || !port_of(port, &out->port))
		return false;
	out->host = arena_strndup(tree_set_arena(c->set), host.p, host.n);
	return out->host != NULL;
}

/* ---- the same socket ---- */

/* An IPv4 address as its IPv6-mapped form, so that there is one kind to compare. */
static bool literal(const char *host, struct in6_addr *out)
{
	struct in_addr v4;

	if (inet_pton(AF_INET6, host, out) == 1)
		return true;
	if (inet_pton(AF_INET, strcasecmp(host, "localhost") == 0 ? "127.0.0.1" : host, &v4) != 1)
		return false;
	memset(out, 0, sizeof *out);
	out->s6_addr[10] = out->s6_addr[11] = 0xff;
	memcpy(out->s6_addr + 12, &v4, 4);
	return true;
}

static bool is_loopback(const struct in6_addr *a)
{
	return IN6_IS_ADDR_LOOPBACK(a) || (IN6_IS_ADDR_V4MAPPED(a) && a->s6_addr[12] == 127);
}

static bool is_every_address(const char *host)
{
	return *host == 0 || strcmp(host, "::") == 0 || strcmp(host, "0.0.0.0") == 0;
}

static bool is_of_interface(const struct in6_addr *a, const struct ifaddrs *i)
{
	if (!i->ifa_addr)
		return false;
	if (i->ifa_addr->sa_family == AF_INET6)
		return memcmp(&((const struct sockaddr_in6 *)(const void *)i->ifa_addr)->sin6_addr, a, sizeof *a) == 0;
	return i->ifa_addr->sa_family == AF_INET && IN6_IS_ADDR_V4MAPPED(a) &&
	       memcmp(&((const struct sockaddr_in *)(const void *)i->ifa_addr)->sin_addr, a->s6_addr + 12, 4) == 0;
}

static bool is_own_address(const struct in6_addr *a)
{
	struct ifaddrs *all;
	bool own = is_loopback(a);

	if (own || getifaddrs(&all) < 0)
		return own;
	for (struct ifaddrs *i = all; i && !own; i = i->ifa_next)
		own = is_of_interface(a, i);
	freeifaddrs(all);
	return own;
}

/* ---- networks ---- */

static bool has_bits_behind(const struct settings_network *n)
{
	for (uint32_t i = n->bits; i < 128; i++)
		if (n->address[i / 8] >> (7 - i % 8) & 1)
			return true;
	return false;
}

bool config_network_parse(struct span text, struct settings_network *out)
{
	char copy[INET6_ADDRSTRLEN + 4], *slash, *end = NULL;
	struct in6_addr a;

	if (text.n == 0 || text.n >= sizeof copy)
		return false;
	memcpy(copy, text.p, text.n);
	copy[text.n] = 0;
	slash = strchr(copy, '/');
	if (slash)
		*slash++ = 0;
	if (strcasecmp(copy, "localhost") == 0 || !literal(copy, &a))
		return false;
	uint32_t most = strchr(copy, ':') ? 128 : 32, bits = most;
	if (slash && (!isdigit((unsigned char)*slash) || (bits = (uint32_t)strtoul(slash, &end, 10), *end) || bits > most))
		return false;
	memcpy(out->address, &a, sizeof out->address);
	out->bits = bits + 128 - most;
	return !has_bits_behind(out);
}

bool config_address_is_same(const struct config_address *upstream, const char *bind_host, uint32_t bind_port)
{
	struct in6_addr up, bound;
	char name[256] = "";

	if (upstream->port != bind_port)
		return false;
	if (strcasecmp(upstream->host, bind_host) == 0)
		return true;
	(void)gethostname(name, sizeof name - 1);
	if (!literal(upstream->host, &up))
		return is_every_address(bind_host) && strcasecmp(upstream->host, name) == 0;
	if (is_every_address(bind_host))
		return is_own_address(&up);
	return literal(bind_host, &bound) && memcmp(&up, &bound, sizeof up) == 0;
}
