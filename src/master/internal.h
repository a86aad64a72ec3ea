/* State of the master, for the files of src/master only. */
#pragma once

#include <event2/event.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/list.h"
#include "control.h"
#include "image/image.h"
#include "master/master.h"
#include "settings.h"
#include "shm/stats.h"
#include "shm/topology.h"

struct master;

/* ---- child.c ---- */

enum child_kind { CHILD_WORKER, CHILD_ADMIN, CHILD_LOADER, CHILD_KIND_COUNT };

/* What may happen next stands beside each state; child_set_state is the one that changes it. */
enum child_state {
	CHILD_NONE,          /* no process: spawned at once, or when its timer fires */
	CHILD_STARTING,      /* forked, READY awaited */
	CHILD_WAITING,       /* READY; waits until no reload is under way */
	CHILD_PREPARING,     /* PREPARE of the committed generation sent, PREPARED awaited */
	CHILD_COMMITTING,    /* COMMIT sent, COMMITTED awaited */
	CHILD_SERVING,       /* a worker gets slots */
	CHILD_LEAVING,       /* told to quit or stop, or killed; its death is awaited */
};

struct child {
	struct master *master;
	enum child_kind kind;
	enum child_state state;
	uint32_t index;              /* of a worker */
	pid_t pid;
	int control;                 /* our end; -1 */
	struct event *readable, *timer;
	unsigned early_deaths;       /* in a row, before SERVING */
	uint64_t since_ms;           /* entered state */
	bool stuck;                  /* no heartbeat for WATCH_STUCK_MS: it has no slots */
	bool pending;                /* an answer of this child is awaited by the reload */
	uint8_t slots[HERITAGE_SLOTS_MAX / 8];   /* last map sent */
};

int children_init(struct master *m);
void children_fini(struct master *m);
void child_spawn(struct child *c);
int child_send(struct child *c, const struct control_message *message, int fd) MUST_CHECK;
void child_kill(struct child *c, const char *why);
void children_reap(struct master *m);
size_t children_alive(const struct master *m);
/* Tells every child to leave: CONTROL_QUIT or CONTROL_STOP. */
void children_leave(struct master *m, enum control_type how);
bool children_all_serving(const struct master *m);
/* Sends PREPARE to those that wait; called when no reload is under way. */
void children_admit(struct master *m);
#define child_each(c, m) for (struct child *c = (m)->children; c < (m)->children + (m)->nchildren; c++)

/* ---- slot.c ---- */

struct slots {
	struct heritage_slot *items;
	size_t n;
};

/* Opens the reuseport set of each bind; on failure *why says which address and why. */
int slots_open(struct slots *s, const struct settings_view *v, const struct image *img, uint32_t members, struct buf *why) MUST_CHECK;
void slots_close(struct slots *s);
/* Recomputes who accepts and tells the workers whose map changed. */
void slots_share(struct master *m);

/* ---- reload.c ---- */

enum reload_state { RELOAD_IDLE, RELOAD_LOADING, RELOAD_PREPARING, RELOAD_COMMITTING };

struct reload {
	enum reload_state state;
	bool again;                  /* asked for once more while one was under way */
	struct child loader;
	struct buf findings;         /* of the run under way, then of the last one */
	int fd;                      /* image that is being prepared, -1 */
	struct image image;
	struct settings_view settings;
	uint64_t generation;         /* that it will be */
	struct event *deadline;
	int error;                   /* of the last run */
};

int reload_init(struct master *m) MUST_CHECK;
void reload_fini(struct master *m);
void reload_request(struct master *m);
/* The first run, before there are children: blocks. */
int reload_first(struct master *m) MUST_CHECK;
/* Figures of the generation in force, for the scrape. */
void reload_publish(struct master *m);
void reload_on_loader(struct master *m, const struct control_message *message, int fd);
void reload_on_child(struct child *c, const struct control_message *message);
/* A child died or the loader ended without an image. */
void reload_on_death(struct child *c);

/* ---- server.c ---- */

struct server {
	int fd;
	char path[108];
	struct event *readable;
	struct list clients;
};

int server_open(struct master *m, struct buf *why) MUST_CHECK;
void server_close(struct master *m);
/* The reload that clients wait for is over. */
void server_answer_reload(struct master *m);

/* ---- watch.c ---- */

#define WATCH_STUCK_MS 2000u
#define WATCH_DEAD_MS 10000u
void watch_workers(struct master *m);

/* ---- privilege.c ---- */

struct identity {
	uid_t uid;
	gid_t gid;
	bool drop;                   /* the master is root */
};

int identity_find(struct identity *id, const char *user) MUST_CHECK;
/* For good, and verified. keep_read: CAP_DAC_READ_SEARCH stays, for the loader. */
int privilege_drop(const struct identity *id, bool keep_read) MUST_CHECK;
void privilege_limit_loader(void);

/* ---- notify.c ---- */

void notify_ready(const struct master *m);
void notify_reloading(void);
void notify_stopping(void);
void notify_watchdog(void);

/* ---- master.c ---- */

enum master_state { MASTER_STARTING, MASTER_RUNNING, MASTER_QUITTING, MASTER_STOPPING };

struct master {
	const struct master_options *options;
	enum master_state state;
	struct event_base *base;
	struct event *tick;
	struct event *signals[8];
	struct child *children;          /* workers, then admin */
	size_t nchildren;
	uint32_t nworkers;
	struct slots slots;
	struct reload reload;
	struct server server;
	struct identity identity;
	int log_fd;
	int stats_fd, topology_fd;
	struct stats stats;
	struct stats_writer counters;
	int image_fd;                    /* committed */
	struct image image;
	struct settings_view settings;
	uint64_t generation;
	uint64_t leave_deadline_ms;
	uint64_t ticked_ms, awake_ms;    /* last look at the heartbeats; after the last pause of our own */
	int exit_code;
	uint64_t log_dropped;            /* lines lost, as far as they are counted */
	int ready_fd;                    /* of -D's caller, until it has been told; -1 */
};

void master_reopen_log(struct master *m);
void master_leave(struct master *m, enum master_state how);
/* A child reached SERVING, or a reload ended: say READY when all is there. */
void master_check_ready(struct master *m);
