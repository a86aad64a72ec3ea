/* How the tool reaches a running gateway: HTTP to its admin, and the master's control.sock. */
#pragma once

#include "base/buf.h"

#define CLIENT_ADMIN_DEFAULT "127.0.0.1:9664"

/* GET path from an admin at HOST:PORT, or at the path of a Unix socket. 0 and the HTTP
 * status and body, or a negative error with *why for people. */
int client_get(const char *admin, const char *path, int *status, struct buf *body, const char **why) MUST_CHECK;
