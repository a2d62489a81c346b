#include "config.h"

#include "broker/delay/real_topic.h"

#include <string.h>

#include "common/base/itoa.h"
#include "common/protocol/name.h"

#define TOPIC "REAL_TOPIC"
#define QUEUE "REAL_QID"
#define ADDED_BYTES (sizeof TOPIC + sizeof QUEUE + ITOA_MAX + 4)

void
real_topic_keep(struct record *record, struct arena *arena)
{
	struct slice old = record->properties, topic = record->topic;
	char *text = arena_alloc(arena, old.len + topic.len + ADDED_BYTES), *at = text;

	if (old.len != 0)
		at = mempcpy(at, old.data, old.len);
	if (old.len != 0 && at[-1] != '\x02')
		*at++ = '\x02';
	at = mempcpy(at, TOPIC "\x01", strlen(TOPIC) + 1);
	at = mempcpy(at, topic.data, topic.len);
	at = mempcpy(at, "\x02" QUEUE "\x01", strlen(QUEUE) + 2);
	at += itoa_put(at, record->queue_id);
	*at++ = '\x02';
	record->properties = (struct slice){ text, (size_t)(at - text) };
}

bool
real_topic_restore(struct record *record, const struct known_properties *known, unsigned dropped,
    struct arena *arena)
{
	int32_t queue_id;

	if (!name_is_valid(known->real_topic) ||
	    slice_to_int32(known->real_queue, &queue_id) == -1 || queue_id < 0)
		return false;
	record->properties = properties_drop(record->properties, known, dropped, arena);
	record->topic = known->real_topic;
	record->queue_id = queue_id;
	return true;
}
