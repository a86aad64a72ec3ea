/* Before the first byte of a connection: the PROXY header by which a proxy in front of us says
 * who its client is, and by which we say it to a broker. Worker-private. */
#pragma once

#include "worker/proxy.h"

struct session;
struct settings_listener;
struct worker;

struct greeting {
	size_t n;
	uint8_t bytes[PROXY_MOST];
};

/* Do connections of this address begin with a header? */
bool greeting_is_due(const struct worker *w, const struct settings_listener *l, const struct sockaddr *from);
/* Takes what is there of it, and no byte behind it. 0: it is whole, s->told and s->peer are
 * set and s->greeting is gone. E_AGAIN, E_EOF, E_SYS; E_MALFORMED: the log says why; E_LIMIT: the
 * client's address has as many connections as it may have. */
int greeting_read(struct session *s) MUST_CHECK;
/* Says to the broker, on a connection that is new, who the client is; nothing where its
 * cluster wants none. E_SYS. */
int greeting_send(struct session *s) MUST_CHECK;
/* The client's address, for people; "" when it is not known. */
const char *greeting_client(const struct session *s, char *out, size_t n);
/* The address that the client connected to, of what its proxy said. false: nothing was said. */
bool greeting_server(const struct session *s, char *out, size_t n);
