/* The API table. Owner: kafka; workers. */
#include "kafka/api.h"
#include "kafka/rows.h"

static const struct kafka_api apis[] = {
#define API(key, NAME, name, min, max, flexible) { key, min, max, flexible, ROW_REQUEST_##NAME, ROW_RESPONSE_##NAME, #name },
#include "kafka/api.def"
#undef API
};

/* Position + 1 in apis, by key. */
static const uint8_t positions[KAFKA_KEY_MAX + 1] = {
#define API(key, NAME, name, min, max, flexible) [key] = API_POSITION_##NAME + 1,
#include "kafka/api.def"
#undef API
};

const struct kafka_api *kafka_api_find(int16_t key)
{
	if (key < 0 || key > KAFKA_KEY_MAX || !positions[key])
		return NULL;
	return &apis[positions[key] - 1];
}

size_t kafka_api_count(void)
{
	return ARRAY_LEN(apis);
}

const struct kafka_api *kafka_api_at(size_t i)
{
	return i < ARRAY_LEN(apis) ? &apis[i] : NULL;
}
