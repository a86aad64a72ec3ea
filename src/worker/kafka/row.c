/* The table of what happens to each API. Owner: worker. */
#include "worker/kafka/row.h"

static const struct kafka_row rows[ROW_COUNT] = {
#define ROW(NAME, way_, flags_, holds_, request_, response_) \
	[ROW_INDEX_##NAME] = { .key = KAFKA_##NAME, .way = ROW_##way_, .flags = flags_, .holds = holds_, \
	                       .request = request_, .response = response_ },
#include "worker/kafka/api.def"
#undef ROW
};

#define ROW(NAME, ...) [KAFKA_##NAME] = ROW_INDEX_##NAME + 1,
static const uint8_t by_key[KAFKA_KEY_MAX] = {
#include "worker/kafka/api.def"
};
#undef ROW

const struct kafka_row *kafka_row_find(int16_t key)
{
	if (key < 0 || key >= KAFKA_KEY_MAX || by_key[key] == 0)
		return NULL;
	return &rows[by_key[key] - 1];
}
