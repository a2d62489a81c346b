#include "config.h"

/* Records: one that was read, written and read again is the same, and has a right CRC then. */

#include "common/protocol/record.h"
#include "t/fuzz/fuzz.h"

static void
check(const struct record *record)
{
	size_t size = record_size(record);
	char *bytes = malloc(size);
	struct record again;

	must(bytes != NULL);
	record_encode(record, bytes);
	must(record_decode(bytes, size, &again) == 0 && record_check(&again));
	must(slice_equal(record->body, again.body) && slice_equal(record->topic, again.topic));
	must(slice_equal(record->properties, again.properties));
	must(record->position == again.position && record->sys_flag == again.sys_flag);
	record_place(bytes, 1, 2, 3);
	must(record_decode(bytes, size, &again) == 0);
	must(again.queue_offset == 1 && again.position == 2 && again.store_timestamp == 3);
	must(slice_equal(record->body, again.body));
	free(bytes);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *at = (const char *)data;
	size_t left = size;
	struct record record;

	while (record_decode(at, left, &record) == 0) {
		must(record.size <= left);
		(void)record_check(&record);
		check(&record);
		at += record.size;
		left -= record.size;
	}
	return 0;
}
