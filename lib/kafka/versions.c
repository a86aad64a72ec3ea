/* ApiVersions answers. Owner: kafka; workers. */
#include "kafka/edit.h"
#include "kafka/versions.h"

/* KIP-890: with transaction.version 2 a client leaves it to the broker to add partitions to a
 * transaction, which the broker does from these versions on. */
static const struct kafka_cap implicit_add[] = {
	{ KAFKA_PRODUCE, 12 }, { KAFKA_TXN_OFFSET_COMMIT, 5 }, { KAFKA_END_TXN, 5 },
};

struct intersect {
	struct edit edit;
	const struct kafka_cap *caps;
	size_t ncaps;
	int16_t key, min, max;         /* of the entry under way */
	size_t min_at, max_at;
	bool is_transaction_version;
	bool below_implicit_add;
};

static int16_t highest(const struct intersect *x, const struct kafka_api *api)
{
	int16_t max = api->max;

	for (size_t i = 0; i < x->ncaps; i++)
		if (x->caps[i].key == api->key && x->caps[i].max < max)
			max = x->caps[i].max;
	return max;
}

static void note_implicit_add(struct intersect *x, int16_t max)
{
	for (size_t i = 0; i < ARRAY_LEN(implicit_add); i++)
		if (implicit_add[i].key == x->key && max < implicit_add[i].max)
			x->below_implicit_add = true;
}

static void end_key(struct intersect *x)
{
	const struct kafka_api *api = kafka_api_find(x->key);
	int16_t max = api && highest(x, api) < x->max ? highest(x, api) : x->max;
	int16_t min = api && api->min > x->min && x->key != KAFKA_PRODUCE ? api->min : x->min;

	note_implicit_add(x, max);
	if (!api || min > max || max < api->min) {
		edit_drop(&x->edit);
		return;
	}
	edit_patch16(&x->edit, x->min_at, min);
	edit_patch16(&x->edit, x->max_at, max);
}

static void take_level(struct intersect *x, const struct kafka_item *item)
{
	if (!x->is_transaction_version || !x->below_implicit_add || item->number <= 1)
		return;
	edit_replace(&x->edit, item);
	buf_be16(x->edit.out, 1);
}

static void take_value(struct intersect *x, const struct kafka_item *item)
{
	switch (item->role) {
	case KAFKA_ROLE_API_KEY:
		x->key = (int16_t)item->number;
		break;
	case KAFKA_ROLE_API_MIN:
		x->min = (int16_t)item->number;
		x->min_at = edit_upto(&x->edit, item->start);
		break;
	case KAFKA_ROLE_API_MAX:
		x->max = (int16_t)item->number;
		x->max_at = edit_upto(&x->edit, item->start);
		edit_upto(&x->edit, item->end);
		end_key(x);
		break;
	case KAFKA_ROLE_FEATURE:
		x->is_transaction_version = span_is(item->bytes, "transaction.version");
		break;
	case KAFKA_ROLE_FEATURE_LEVEL:
		take_level(x, item);
		break;
	}
}

/* A broker that does not speak the request's version answers in v0 format. */
static bool is_refusal(struct span body)
{
	struct cursor c = cursor_span(body);

	return cursor_be16(&c) == KAFKA_ERROR_UNSUPPORTED_VERSION;
}

static const struct kafka_api *api_versions(void)
{
	return kafka_api_find(KAFKA_API_VERSIONS);
}

/* All that clients need of a refusal is its code: then they ask again in version 0.
 * librdkafka's mock cluster sends what follows it in no format of any version. */
static int refuse_bare(int32_t correlation, struct buf *out)
{
	size_t start = kafka_frame_begin(out, api_versions(), 0, correlation);

	buf_be16(out, KAFKA_ERROR_UNSUPPORTED_VERSION);
	buf_be32(out, 0);
	return kafka_frame_end(out, start);
}

int kafka_versions_intersect(int16_t version, int32_t correlation, struct span body, const struct kafka_cap *caps, size_t ncaps, struct buf *out)
{
	struct intersect x = { .caps = caps, .ncaps = ncaps };
	struct kafka_walk walk;
	struct kafka_item item;
	size_t before = out->n, start = kafka_frame_begin(out, api_versions(), version, correlation);
	bool refused = is_refusal(body);

	if (refused)
		version = 0;
	edit_init(&x.edit, body, kafka_api_is_flexible(api_versions(), version), out);
	kafka_walk_whole(&walk, api_versions(), KAFKA_RESPONSE, version, body);
	while (kafka_walk_next(&walk, &item)) {
		if (item.event == KAFKA_EVENT_VALUE)
			take_value(&x, &item);
		edit_follow(&x.edit, &item);
	}
	int error = edit_end(&x.edit, &walk);
	if (error && error != E_NOMEM && refused && !buf_error(out)) {
		out->n = before;
		return refuse_bare(correlation, out);
	}
	return error ? error : kafka_frame_end(out, start);
}

int kafka_versions_refuse(int32_t correlation, struct buf *out)
{
	const struct kafka_api *api = api_versions();
	size_t start = kafka_frame_begin(out, api, 0, correlation);

	buf_be16(out, KAFKA_ERROR_UNSUPPORTED_VERSION);
	buf_be32(out, 1);
	buf_be16(out, (uint16_t)api->key);
	buf_be16(out, (uint16_t)api->min);
	buf_be16(out, (uint16_t)api->max);
	return kafka_frame_end(out, start);
}

static void put_api(const struct kafka_api *api, bool flexible, struct buf *out)
{
	buf_be16(out, (uint16_t)api->key);
	buf_be16(out, api->key == KAFKA_PRODUCE ? 0 : (uint16_t)api->min);
	buf_be16(out, (uint16_t)api->max);
	if (flexible)
		buf_u8(out, 0);
}

int kafka_versions_local(int16_t version, int32_t correlation, struct buf *out)
{
	bool flexible = kafka_api_is_flexible(api_versions(), version);
	size_t start = kafka_frame_begin(out, api_versions(), version, correlation);

	buf_be16(out, KAFKA_ERROR_NONE);
	if (flexible)
		buf_uvarint(out, (uint32_t)kafka_api_count() + 1);
	else
		buf_be32(out, (uint32_t)kafka_api_count());
	for (size_t i = 0; i < kafka_api_count(); i++)
		put_api(kafka_api_at(i), flexible, out);
	if (version >= 1)
		buf_be32(out, 0);
	if (flexible)
		buf_u8(out, 0);
	return kafka_frame_end(out, start);
}

int kafka_versions_unname(const struct kafka_request *r, struct span frame, struct buf *out)
{
	struct edit edit;
	struct kafka_walk walk;
	struct kafka_item item;
	struct span body = { frame.p + r->body, frame.n - r->body };
	size_t start = out->n;

	buf_be32(out, 0);
	buf_add(out, frame.p, r->body);
	edit_init(&edit, body, kafka_api_is_flexible(r->api, r->version), out);
	kafka_walk_whole(&walk, r->api, KAFKA_REQUEST, r->version, body);
	while (kafka_walk_next(&walk, &item)) {
		if (item.event == KAFKA_EVENT_VALUE && item.role == KAFKA_ROLE_MEANT_CLUSTER) {
			edit_replace(&edit, &item);
			edit_string(&edit, SPAN_NULL);
		} else if (item.event == KAFKA_EVENT_VALUE && item.role == KAFKA_ROLE_MEANT_NODE) {
			edit_replace(&edit, &item);
			buf_be32(out, UINT32_MAX);
		}
		edit_follow(&edit, &item);
	}
	int error = edit_end(&edit, &walk);
	return error ? error : kafka_frame_end(out, start);
}

int kafka_versions_client(int16_t version, struct span body, struct span *name, struct span *client_version)
{
	struct kafka_walk walk;
	struct kafka_item item;

	*name = *client_version = SPAN_NULL;
	kafka_walk_whole(&walk, api_versions(), KAFKA_REQUEST, version, body);
	while (kafka_walk_next(&walk, &item)) {
		if (item.role == KAFKA_ROLE_CLIENT_NAME)
			*name = item.bytes;
		else if (item.role == KAFKA_ROLE_CLIENT_VERSION)
			*client_version = item.bytes;
	}
	return kafka_walk_error(&walk);
}
