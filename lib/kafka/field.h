/* One table of every field of every request and response that we speak (field.def), and
 * the walker that it drives. Nobody decodes a layout by hand: address, topic and record
 * fields are found by their role. Encodings: classic, and KIP-482 compact with tags. */
#pragma once

#include "base/cursor.h"
#include "kafka/api.h"

enum kafka_type {
	KAFKA_BOOL, KAFKA_INT8, KAFKA_INT16, KAFKA_UINT16, KAFKA_INT32, KAFKA_UINT32, KAFKA_INT64, KAFKA_FLOAT64, KAFKA_UUID,
	KAFKA_STRING, KAFKA_BYTES, KAFKA_RECORDS,
	KAFKA_STRUCT,            /* its fields follow, one deeper */
	KAFKA_NULLABLE_STRUCT,   /* the same after an int8: negative is null */
	KAFKA_STRUCTS,           /* an array of such */
	KAFKA_BOOLS, KAFKA_INT8S, KAFKA_INT16S, KAFKA_INT32S, KAFKA_INT64S, KAFKA_UUIDS, KAFKA_STRINGS,   /* arrays */
};

/* What the gateway does with a field. A host, port or topic field has always a role. */
enum kafka_role {
	KAFKA_ROLE_NONE,
	KAFKA_ROLE_NODE,         /* id of the broker that HOST and PORT, which follow, belong to */
	KAFKA_ROLE_HOST,         /* of a broker: rewritten */
	KAFKA_ROLE_PORT,
	KAFKA_ROLE_ENDPOINTS,    /* the array of addresses at the end of a streamed response: blanked */
	KAFKA_ROLE_TOPIC,        /* a topic's name */
	KAFKA_ROLE_TOPIC_ID,     /* a topic's uuid */
	KAFKA_ROLE_TOPICS,       /* array of structs: one entry a topic */
	KAFKA_ROLE_PARTITIONS,   /* array: one entry a partition */
	KAFKA_ROLE_PARTITION,    /* index */
	KAFKA_ROLE_RECORDS,
	KAFKA_ROLE_ACKS,
	KAFKA_ROLE_TRANSACTION,  /* transactional id */
	KAFKA_ROLE_ERROR,        /* error code */
	KAFKA_ROLE_LEADER,       /* node id of a partition's leader in Metadata */
	KAFKA_ROLE_API_KEY, KAFKA_ROLE_API_MIN, KAFKA_ROLE_API_MAX,   /* ApiVersions' entries */
	KAFKA_ROLE_FEATURE,      /* name of a finalized feature; its levels follow */
	KAFKA_ROLE_FEATURE_LEVEL,
	KAFKA_ROLE_CLIENT_NAME, KAFKA_ROLE_CLIENT_VERSION,            /* KIP-511 */
	KAFKA_ROLE_MEANT_CLUSTER, KAFKA_ROLE_MEANT_NODE,              /* KIP-1242: whom the client takes us for */
	KAFKA_ROLE_FOREIGN,      /* a host, port or pattern that is no broker's and no topic's name: passed */
};

#define KAFKA_UNTAGGED 0xff

struct kafka_field {
	const char *name;
	int16_t from, to;        /* versions that have it, both included */
	uint8_t type, role;      /* enum kafka_type, enum kafka_role */
	int8_t depth;            /* 0: of the request or response itself; -1: begins one */
	uint8_t tag;             /* KAFKA_UNTAGGED */
};

#define KAFKA_DEPTH_MAX 8

/* The walk in events; an empty or null array is BEGIN, END:
 *   body    ENTRY field... [tags] ENTRY_END
 *   field   VALUE
 *         | BEGIN (ENTRY field... [tags] ENTRY_END)... END      structs
 *         | BEGIN VALUE... END                                  arrays of scalars
 *   tags    TAGS (TAG TAG_SIZE field TAG_END)...                flexible versions; the content
 *                                                               of an unknown one is a VALUE */
enum kafka_event {
	KAFKA_EVENT_VALUE,
	KAFKA_EVENT_BEGIN,
	KAFKA_EVENT_ENTRY,
	KAFKA_EVENT_TAGS,
	KAFKA_EVENT_TAG,
	KAFKA_EVENT_TAG_SIZE,
	KAFKA_EVENT_TAG_END,
	KAFKA_EVENT_ENTRY_END,
	KAFKA_EVENT_END,
};

struct kafka_item {
	enum kafka_event event;
	uint8_t role;            /* of field */
	const struct kafka_field *field;  /* of the value, array or struct; NULL: the body, an unknown tag */
	size_t start, end;       /* in the body: the value with its length, the count, number or size that
	                          * the event stands for; ENTRY, ENTRY_END, END, TAG_END: both the place */
	int64_t number;          /* VALUE: an integer; BEGIN: entries, -1 null; TAGS: how many; TAG: which */
	size_t size;             /* of a string, bytes, or a tag's content */
	struct span bytes;       /* string, bytes, records, uuid, unknown tag; null: absent, or cut by the
	                          * end of a chunk (then size > 0). Valid until the next step */
};

struct kafka_level {
	const struct kafka_field *field;
	const struct kafka_field *first, *row;   /* its first and its next field */
	const struct kafka_field *tag;           /* of the tag under way, NULL unknown */
	size_t tag_end;
	uint32_t left;           /* entries */
	uint32_t tags;           /* tags left, this one included */
	uint32_t tag_number;
	uint8_t state;
};

/* Resumable: bytes come in chunks, nothing is kept of them but a cut field of at most 16
 * bytes; strings and bytes are skipped by length. Given the whole body as one chunk it is
 * an ordinary decoder. */
struct kafka_walk {
	const uint8_t *p, *limit;   /* unread bytes of the chunk */
	size_t offset, size;        /* next byte's offset in the body; of the body */
	int error;                  /* 0, E_TRUNCATED, E_MALFORMED: sticky */
	bool done;
	bool flexible;
	int16_t version;
	uint8_t depth;
	uint8_t ncarry;
	uint8_t carry[16];          /* the cut field's first bytes */
	size_t skip;                /* bytes left of a value that is longer than its chunk */
	struct kafka_item held;     /* that value's item */
	struct kafka_level levels[KAFKA_DEPTH_MAX];
};

enum kafka_side { KAFKA_REQUEST, KAFKA_RESPONSE };


/* First field of a request or response; the last is followed by one of depth -1. */
const struct kafka_field *kafka_fields(const struct kafka_api *api, enum kafka_side side);

void kafka_walk_init(struct kafka_walk *w, const struct kafka_api *api, enum kafka_side side, int16_t version, size_t size);
/* The next chunk; all items of the one before have been taken. */
void kafka_walk_feed(struct kafka_walk *w, const void *p, size_t n);
/* false: the chunk is used up (more must be fed), all is done, or w->error. */
bool kafka_walk_next(struct kafka_walk *w, struct kafka_item *item);

/* init and feed of a whole body. */
static inline void kafka_walk_whole(struct kafka_walk *w, const struct kafka_api *api, enum kafka_side side, int16_t version, struct span body)
{
	kafka_walk_init(w, api, side, version, body.n);
	kafka_walk_feed(w, body.p, body.n);
}

/* After the last item of a whole body: 0, or why it is none. */
static inline int kafka_walk_error(const struct kafka_walk *w)
{
	return w->error ? w->error : w->done ? 0 : E_TRUNCATED;
}
