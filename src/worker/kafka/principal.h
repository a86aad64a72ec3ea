/* Who the client of a session is, by SASL: the user that its token claims, known once the broker has said
 * yes. The gateway proves nothing itself; it reads what both sides say. Worker-private. */
#pragma once

#include "base/base.h"

struct session;

/* SaslHandshake: the exchange of tokens that follows is of this mechanism. Does every token of the client
 * have one of the broker? */
bool principal_begin(struct session *s, struct span mechanism);
/* A token of the client goes to the broker. */
void principal_claim(struct session *s, struct span token);
/* The broker's answer to it; good: it is no error. */
void principal_answer(struct session *s, bool good, struct span token);
/* The user, empty while nobody is known; borrowed from the session. */
struct span principal_user(const struct session *s);
void principal_fini(struct session *s);
