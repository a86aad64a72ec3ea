/* Broker addresses in held responses, and what those teach. Owner: kafka; workers. */
#include "kafka/address.h"
#include "kafka/edit.h"

struct rewrite {
	const struct kafka_api *api;
	const struct kafka_address_ops *ops;
	struct edit edit;
	struct kafka_address address;  /* as read so far */
	size_t node_at, error_at;      /* in out */
	bool has_error;                /* error_at is of this entry */
	bool any_left_out, unavailable;/* unavailable: this entry's error is to follow */
	int topic_depth;               /* of a topic's own fields, -1: in none */
	struct span topic, topic_id;
	int16_t topic_error;
};

static bool has_role(const struct kafka_api *api, int16_t version, enum kafka_role role)
{
	const struct kafka_field *f = kafka_fields(api, KAFKA_RESPONSE);

	for (; f->depth >= 0; f++)
		if (f->role == role && version >= f->from && version <= f->to)
			return true;
	return false;
}

enum kafka_address_way kafka_address_way(const struct kafka_api *api, int16_t version)
{
	if (has_role(api, version, KAFKA_ROLE_ENDPOINTS))
		return KAFKA_ADDRESS_BLANK;
	return has_role(api, version, KAFKA_ROLE_HOST) ? KAFKA_ADDRESS_REWRITE : KAFKA_ADDRESS_NONE;
}

bool kafka_address_teaches(const struct kafka_api *api, int16_t version)
{
	switch (api->key) {
	case KAFKA_METADATA: return version >= 10;
	case KAFKA_CREATE_TOPICS: return version >= 7;
	case KAFKA_DESCRIBE_TOPIC_PARTITIONS: return true;
	default: return false;
	}
}

/* A coordinator that must not be named: the client asks again. */
static void hide_coordinator(struct rewrite *r)
{
	r->address = (struct kafka_address){ -1, SPAN_LIT(""), -1 };
	edit_patch32(&r->edit, r->node_at, -1);
	if (r->has_error)
		edit_patch16(&r->edit, r->error_at, KAFKA_ERROR_COORDINATOR_NOT_AVAILABLE);
	else
		r->unavailable = true;
}

static void take_port(struct rewrite *r, const struct kafka_item *item)
{
	r->address.port = (int32_t)item->number;
	if (r->address.node < 0) {
		r->address.host = SPAN_LIT("");
	} else if (!r->ops->broker(r->ops->ctx, &r->address)) {
		r->any_left_out = true;
		if (r->api->key == KAFKA_FIND_COORDINATOR)
			hide_coordinator(r);
		else
			edit_drop(&r->edit);
	}
	edit_string(&r->edit, r->address.host);
	edit_replace(&r->edit, item);
	buf_be32(r->edit.out, (uint32_t)r->address.port);
}

static void take_error(struct rewrite *r, const struct kafka_item *item)
{
	if (item->field->depth == r->topic_depth)
		r->topic_error = (int16_t)item->number;
	r->error_at = edit_upto(&r->edit, item->start);
	r->has_error = true;
	if (!r->unavailable)
		return;
	edit_replace(&r->edit, item);
	buf_be16(r->edit.out, KAFKA_ERROR_COORDINATOR_NOT_AVAILABLE);
	r->unavailable = false;
}

static void take_leader(struct rewrite *r, const struct kafka_item *item)
{
	const struct kafka_address_ops *ops = r->ops;

	if (!r->any_left_out || !ops->is_left_out || !ops->is_left_out(ops->ctx, (int32_t)item->number))
		return;
	edit_replace(&r->edit, item);
	edit_patch16(&r->edit, r->error_at, KAFKA_ERROR_LEADER_NOT_AVAILABLE);
	buf_be32(r->edit.out, UINT32_MAX);
}

static void take_value(struct rewrite *r, const struct kafka_item *item)
{
	switch (item->role) {
	case KAFKA_ROLE_NODE:
		r->address.node = (int32_t)item->number;
		r->node_at = edit_upto(&r->edit, item->start);
		break;
	case KAFKA_ROLE_HOST:
		r->address.host = item->bytes;
		edit_replace(&r->edit, item);
		break;
	case KAFKA_ROLE_PORT:
		take_port(r, item);
		break;
	case KAFKA_ROLE_ERROR:
		take_error(r, item);
		break;
	case KAFKA_ROLE_LEADER:
		take_leader(r, item);
		break;
	case KAFKA_ROLE_TOPIC:
		if (item->field->depth == r->topic_depth)
			r->topic = item->bytes;
		break;
	case KAFKA_ROLE_TOPIC_ID:
		if (item->field->depth == r->topic_depth)
			r->topic_id = item->bytes;
		break;
	}
}

static void begin_entry(struct rewrite *r, const struct kafka_item *item)
{
	r->has_error = false;
	r->unavailable = false;
	if (item->role != KAFKA_ROLE_TOPICS)
		return;
	r->topic_depth = item->field->depth + 1;
	r->topic = r->topic_id = SPAN_NULL;
	r->topic_error = 0;
}

static void end_topic(struct rewrite *r)
{
	static const uint8_t zero[16];

	r->topic_depth = -1;
	if (!r->ops->topic || r->topic_error || span_is_null(r->topic) || span_is_null(r->topic_id))
		return;
	if (memcmp(r->topic_id.p, zero, sizeof zero) != 0)
		r->ops->topic(r->ops->ctx, r->topic, r->topic_id);
}

int kafka_address_rewrite(const struct kafka_api *api, int16_t version, struct span body, const struct kafka_address_ops *ops, struct buf *out)
{
	struct rewrite r = { .api = api, .ops = ops, .topic_depth = -1 };
	struct kafka_walk walk;
	struct kafka_item item;

	edit_init(&r.edit, body, kafka_api_is_flexible(api, version), out);
	kafka_walk_whole(&walk, api, KAFKA_RESPONSE, version, body);
	while (kafka_walk_next(&walk, &item)) {
		if (item.event == KAFKA_EVENT_VALUE)
			take_value(&r, &item);
		else if (item.event == KAFKA_EVENT_ENTRY)
			begin_entry(&r, &item);
		else if (item.event == KAFKA_EVENT_ENTRY_END && item.role == KAFKA_ROLE_TOPICS)
			end_topic(&r);
		edit_follow(&r.edit, &item);
	}
	return edit_end(&r.edit, &walk);
}
