/* The control channel: what master, children, and the tool say to each other over
 * seqpacket sockets. One fixed-size message, descriptors beside it; a message of another
 * size or magic is refused. Texts longer than one message go as several TEXT messages
 * before the one that they belong to.
 *
 * To control.sock (mode 0600, peer credentials checked) a client sends one request and
 * reads TEXT messages, then one ANSWER. */
#pragma once

#include "base/fd.h"
#include "heritage.h"

#define CONTROL_MAGIC 0x65764743u        /* changes with the layout below */
#define CONTROL_TEXT_MAX 2048

/* type, who sends it to whom, what else is in the message */
#define CONTROL_TYPES(ROW) \
	ROW(PREPARE, "master to child: fd is the image of `generation`; answer PREPARED within 5 s") \
	ROW(COMMIT, "master to child: `generation` is in force from the next frame on; answer COMMITTED") \
	ROW(DROP, "master to child: forget the prepared `generation`; no answer") \
	ROW(SLOTS, "master to worker: accept on exactly the slots in the map; no answer") \
	ROW(REOPEN, "master to child: fd is the new log target; no answer") \
	ROW(QUIT, "master to child: finish what is in flight, then exit 0") \
	ROW(STOP, "master to child: close and exit 0 at once") \
	ROW(READY, "child to master: started; a worker accepts nothing before its first COMMIT and SLOTS") \
	ROW(PREPARED, "child to master: `generation` can be used, or error < 0 and the reason in text") \
	ROW(COMMITTED, "child to master: `generation` judges all that follows") \
	ROW(CONNECTION, "worker to worker, through the master: fd is a fresh, unread connection of `slot`, for worker `worker`") \
	ROW(IMAGE, "loader to master: the end of a run; error 0 and an fd, or error < 0; findings came as TEXT") \
	ROW(TEXT, "a part of a longer text, to be concatenated") \
	ROW(ANSWER, "master to a client of control.sock, and to admin after each reload: the outcome in error, the last text") \
	ROW(STATUS, "client to master: answered with lines of text") \
	ROW(RELOAD, "client or admin to master: run the loader and commit; answered when it is in force or refused") \
	ROW(REOPEN_LOGS, "client to master: as SIGUSR1") \
	ROW(END_STOP, "client to master: as SIGTERM; answered by the end of the connection") \
	ROW(END_QUIT, "client to master: as SIGQUIT; answered by the end of the connection") \
	ROW(UPGRADE, "client to master: as SIGUSR2")

enum control_type {
#define CONTROL_ENUM(id, what) CONTROL_##id,
	CONTROL_TYPES(CONTROL_ENUM)
#undef CONTROL_ENUM
	CONTROL_TYPE_COUNT
};

struct control_message {
	uint32_t magic;
	uint32_t type;                           /* enum control_type */
	uint32_t worker;                         /* index of the worker that it is about */
	int32_t error;                           /* 0 or negative E_* */
	uint64_t generation;
	uint32_t text_n;                         /* bytes of text, no terminator counted */
	uint32_t slot;                           /* heritage slot of a CONNECTION */
	uint8_t slots[HERITAGE_SLOTS_MAX / 8];   /* bit i: this worker accepts on heritage slot i */
	char text[CONTROL_TEXT_MAX];             /* UTF-8, NUL-terminated */
};

/* Sends one message; fd -1: none goes along. E_AGAIN: the socket is full, E_EOF. */
int control_send(int sock, const struct control_message *m, int fd) MUST_CHECK;
/* Receives one; *fd is -1 or a descriptor that is now the caller's. E_AGAIN, E_EOF,
 * E_MALFORMED: not one of ours (what came with it is closed). */
int control_recv(int sock, struct control_message *m, int *fd) MUST_CHECK;

/* A message of this type with everything else zero. */
struct control_message control_of(enum control_type type, uint64_t generation);
/* Puts text in, cut at a character when it is too long. */
void control_set_text(struct control_message *m, const char *text);
/* Sends a text of any length as TEXT messages. */
int control_send_text(int sock, const char *text, size_t n) MUST_CHECK;

static inline bool control_has_slot(const struct control_message *m, size_t slot)
{
	return slot < HERITAGE_SLOTS_MAX && m->slots[slot / 8] >> slot % 8 & 1;
}

static inline void control_set_slot(struct control_message *m, size_t slot)
{
	m->slots[slot / 8] |= (uint8_t)(1u << slot % 8);
}

/* Where a master listens whose configuration does not say: $RUNTIME_DIRECTORY/control.sock
 * (systemd), /run/event-gateway/control.sock for root, else below $XDG_RUNTIME_DIR, else
 * below /tmp with the user's number. Returns buf. */
const char *control_default_path(char *buf, size_t n);
