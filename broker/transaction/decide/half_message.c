#include "config.h"

#include "broker/transaction/decide/half_message.h"

#include "broker/delay/real_topic.h"

void
transaction_divert(struct record *record, struct arena *arena)
{
	real_topic_keep(record, arena);
	record->topic = SLICE(HALF_TOPIC);
	record->queue_id = 0;
	record->sys_flag &= ~SYS_FLAG_TRANSACTION;
}

int64_t
transaction_immunity_ms(
    const struct broker_settings *settings, const struct known_properties *known)
{
	return half_immunity_ms(known->immunity, settings->transaction_time_out);
}

bool
transaction_restore(
    struct record *record, const struct known_properties *known, struct arena *arena)
{
	record->sys_flag = (record->sys_flag & ~SYS_FLAG_TRANSACTION) | SYS_FLAG_COMMIT;
	return real_topic_restore(
	    record, known, PROPERTY_TRANSACTION | PROPERTY_REAL_TOPIC | PROPERTY_REAL_QUEUE, arena);
}

struct slice
transaction_id(struct arena *arena, const struct record *half)
{
	struct slice id = property_find(half->properties, "UNIQ_KEY");

	return id.len != 0 ? id : message_id(arena, &half->store_host, half->position);
}
