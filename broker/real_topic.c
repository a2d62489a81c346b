#include "config.h"

#include "broker/real_topic.h"

#include <inttypes.h>

void
real_topic_keep(struct record *record, struct arena *arena)
{
	struct slice old = record->properties;
	const char *separator = old.len != 0 && old.data[old.len - 1] != '\x02' ? "\x02" : "";

	record->properties = arena_printf(arena,
	    "%.*s%sREAL_TOPIC\x01%.*s\x02REAL_QID\x01%" PRId32 "\x02", (int)old.len, old.data,
	    separator, (int)record->topic.len, record->topic.data, record->queue_id);
}

bool
real_topic_restore(struct record *record, const char *const *dropped, struct arena *arena)
{
	struct slice topic = property_find(record->properties, "REAL_TOPIC");
	int32_t queue_id;
	struct buf properties = { 0 };

	if (!name_is_valid(topic) ||
	    slice_to_int32(property_find(record->properties, "REAL_QID"), &queue_id) == -1 ||
	    queue_id < 0)
		return false;
	property_copy_without(&properties, record->properties, dropped);
	record->properties = arena_copy(arena, buf_slice(&properties));
	buf_release(&properties);
	record->topic = topic;
	record->queue_id = queue_id;
	return true;
}
