#include "config.h"

/* Properties, and the small texts beside them: tags, names, message ids. */

#include "common/protocol/name.h"
#include "common/protocol/record.h"
#include "t/fuzz/fuzz.h"

static void
must_be_same(struct slice properties, struct slice again)
{
	struct slice name, value, name_again, value_again;

	while (property_next(&properties, &name, &value)) {
		must(name.len != 0 && value.len != 0);
		must(property_next(&again, &name_again, &value_again));
		must(slice_equal(name, name_again) && slice_equal(value, value_again));
		(void)tag_hash(value);
		(void)name_is_valid(value);
	}
	must(!property_next(&again, &name_again, &value_again));
}

static void
check_copy(struct slice properties)
{
	static const char *const none[] = { NULL };
	struct buf copy = { 0 };

	property_copy_without(&copy, properties, none);
	must_be_same(properties, buf_slice(&copy));
	buf_release(&copy);
}

/* By what was read, or by a walk: what is left is the same. */
static void
check_drop(struct slice properties)
{
	static const char *const names[] = { "DELAY", "REAL_TOPIC", NULL };
	struct known_properties known;
	struct arena arena = { 0 };
	struct buf copy = { 0 };

	property_copy_without(&copy, properties, names);
	properties_read(properties, &known);
	must_be_same(
	    properties_drop(properties, &known, PROPERTY_DELAY | PROPERTY_REAL_TOPIC, &arena),
	    buf_slice(&copy));
	arena_release(&arena);
	buf_release(&copy);
}

static void
check_id(struct slice text)
{
	struct arena arena = { 0 };
	struct host host;
	int64_t position;

	if (message_id_parse(text, &host, &position) == 0)
		must(slice_equal_nocase(message_id(&arena, &host, position), text));
	arena_release(&arena);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice text = { (const char *)data, size };
	struct slice tags = property_find(text, "TAGS");

	must(tags.data == NULL || tags.len != 0);
	check_copy(text);
	check_drop(text);
	check_id(text);
	(void)tag_hash(text);
	return 0;
}
