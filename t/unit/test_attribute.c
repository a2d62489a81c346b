#include "config.h"

#include <criterion/criterion.h>

#include "broker/state/attribute.h"

TestSuite(attribute, .timeout = 20);

/* The attributes as JSON after a change, or the reason against it. */
static struct slice
change(const char *now, const char *changes, bool create, struct arena *arena)
{
	struct attributes attributes;

	attributes_read(&attributes, json_parse(arena, slice_of(now)));

	struct slice why = attributes_change(&attributes, slice_of(changes), create, arena);

	return why.data != NULL ? why : attributes_json(&attributes, arena);
}

Test(attribute, changes)
{
	static const struct {
		const char *now, *changes;
		bool create;
		const char *after;
	} cases[] = {
		{ "{}", "", true, "{}" },
		{ "{}", "+message.type=FIFO", true, "{\"message.type\":\"FIFO\"}" },
		{ "{}", "+queue.type=BatchCQ,+cleanup.policy=COMPACTION,", true,
		    "{\"cleanup.policy\":\"COMPACTION\",\"queue.type\":\"BatchCQ\"}" },
		{ "{\"message.type\":\"FIFO\"}", "+message.type=DELAY", false,
		    "{\"message.type\":\"DELAY\"}" },
		{ "{\"message.type\":\"FIFO\"}", "-message.type", false, "{}" },
		{ "{\"message.type\":\"FIFO\"}", "+dedup.window=604800", false,
		    "{\"dedup.window\":\"604800\",\"message.type\":\"FIFO\"}" },
		{ "{}", "+reserve.time=-1", false, "{\"reserve.time\":\"-1\"}" },
		{ "{}", "-message.type", true,
		    "only add attribute is supported while creating topic. key: message.type" },
		{ "{}", "-message.type", false,
		    "attempt to delete a nonexistent key: message.type" },
		{ "{}", "+message.type=fifo", true,
		    "message.type: value is not in set: [UNSPECIFIED, NORMAL, FIFO, DELAY, "
		    "TRANSACTION, MIXED]" },
		{ "{}", "+queue.type=SimpleCQ", false,
		    "attempt to update an unchangeable attribute. key: queue.type" },
		{ "{\"queue.type\":\"SimpleCQ\"}", "-queue.type", false,
		    "attempt to update an unchangeable attribute. key: queue.type" },
		{ "{}", "+colour=red", true, "unsupported key: colour" },
		{ "{}", "+message.type=FIFO,+message.type=FIFO", true,
		    "alter duplication key. key: message.type" },
		{ "{\"message.type\":\"FIFO\"}", "-message.type,+message.type=DELAY", false,
		    "alter duplication key. key: message.type" },
		{ "{}", "message.type=FIFO", true,
		    "add/alter attribute format is wrong: message.type" },
		{ "{}", "message.type", true, "delete attribute format is wrong: message.type" },
		{ "{}", "+message.type=", true,
		    "add/alter attribute format is wrong: +message.type" },
		{ "{}", "+a+b=1", true, "kv string format wrong: +a+b" },
		{ "{}", "+=1", true, "kv string format wrong: +" },
		{ "{}", ",+a=1", true, "delete attribute format is wrong: " },
		{ "{}", "+dedup.window=604801", true,
		    "dedup.window: value is not in range(0, 604800)" },
		{ "{}", "+dedup.window=-1", true,
		    "dedup.window: value is not in range(0, 604800)" },
		{ "{}", "+dedup.window=1h", true, "dedup.window: value is not a number" },
		{ "{}", "+reserve.time=99999999999999999999", true,
		    "reserve.time: value is not a number" },
	};
	struct arena arena = { 0 };

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct slice after =
		    change(cases[i].now, cases[i].changes, cases[i].create, &arena);

		cr_assert(slice_is(after, cases[i].after), "case %zu: %.*s", i, (int)after.len,
		    after.data);
	}
	arena_release(&arena);
}

Test(attribute, changes_as_an_object)
{
	struct arena arena = { 0 };
	struct attributes attributes = { 0 };
	const struct json *changes =
	    json_parse(&arena, SLICE("{\"+message.type\":\"DELAY\",\"+dedup.window\":60}"));

	cr_assert_null(attributes_change_json(&attributes, changes, true, &arena).data);
	cr_assert_eq(attributes_message_type(&attributes), MESSAGE_DELAY);
	cr_assert_eq(attributes.values[ATTRIBUTE_DEDUP_WINDOW], 60);
	changes = json_parse(&arena, SLICE("{\"-message.type\":\"\"}"));
	cr_assert_null(attributes_change_json(&attributes, changes, false, &arena).data);
	cr_assert_eq(attributes_message_type(&attributes), MESSAGE_NORMAL);
	cr_assert_null(attributes_change_json(&attributes, NULL, false, &arena).data);
	changes = json_parse(&arena, SLICE("{{\"a\":1}:\"b\"}"));
	cr_assert_not_null(attributes_change_json(&attributes, changes, false, &arena).data);
	arena_release(&arena);
}

Test(attribute, unknown_ones_in_a_row_are_left_out)
{
	struct arena arena = { 0 };
	struct attributes attributes;
	const struct json *row = json_parse(&arena,
	    SLICE("{\"message.type\":\"FIFO\",\"priority\":\"7\",\"queue.type\":\"Other\"}"));

	cr_assert_eq(attributes_read(&attributes, row), 2);
	cr_assert(slice_is(attributes_json(&attributes, &arena), "{\"message.type\":\"FIFO\"}"));
	cr_assert_eq(attributes_read(&attributes, NULL), 0);
	cr_assert_eq(attributes.set, 0);
	arena_release(&arena);
}

Test(attribute, a_request_makes_the_same)
{
	struct arena arena = { 0 };
	struct attributes first = { 0 }, second = { 0 };

	attributes_change(&first, SLICE("+message.type=MIXED,+reserve.time=7,+queue.type=SimpleCQ"),
	    true, &arena);
	attributes_change(&second, attributes_request(&first, &arena), true, &arena);
	cr_assert_arr_eq(&first, &second, sizeof first);
	arena_release(&arena);
}
