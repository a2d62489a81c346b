#include "config.h"

/*
 * What tools say about groups and topics: a group's body, and changes of attributes as text and as
 * JSON. What was taken is written, and is taken again. The first byte chooses the kind.
 */

#include "broker/state/attribute.h"
#include "broker/state/group.h"
#include "t/fuzz/fuzz.h"

static void
try_group(struct arena *arena, struct slice body)
{
	struct group group, again;
	struct buf text = { 0 };
	struct json_out out;

	if (group_read(json_parse(arena, body), &group) != NULL)
		return;
	must(retry_policy_delay_ms(&group.retry_policy, group.retry_max) >= 0);
	must(retry_policy_delay_ms(&group.retry_policy, INT32_MIN) >= 0);
	must(retry_policy_delay_ms(&group.retry_policy, INT32_MAX) <= RETRY_DELAY_MAX_MS);
	json_out_init(&out, &text);
	group_write(&out, &group);
	must(group_read(json_parse(arena, buf_slice(&text)), &again) == NULL);
	must(again.retry_max == group.retry_max);
	buf_release(&text);
}

/* A change that was allowed makes attributes that can be kept, and asked for again. */
static void
check_kept(struct arena *arena, const struct attributes *attributes)
{
	struct attributes again = { 0 };
	struct slice row = attributes_json(attributes, arena);

	must(attributes_read(&again, json_parse(arena, row)) == 0);
	must(memcmp(&again, attributes, sizeof again) == 0);
	again = (struct attributes){ 0 };
	must(attributes_change(&again, attributes_request(attributes, arena), true, arena).data ==
	     NULL);
	must(memcmp(&again, attributes, sizeof again) == 0);
}

static void
try_changes(struct arena *arena, struct slice changes)
{
	struct attributes attributes = { 0 };

	for (int create = 1; create >= 0; create--)
		if (attributes_change(&attributes, changes, create == 1, arena).data == NULL)
			check_kept(arena, &attributes);
		else
			attributes = (struct attributes){ 0 };
}

static void
try_change_object(struct arena *arena, struct slice body)
{
	struct attributes attributes = { 0 };

	if (attributes_change_json(&attributes, json_parse(arena, body), true, arena).data == NULL)
		check_kept(arena, &attributes);
}

static void (*const kinds[])(
    struct arena *arena, struct slice text) = { try_group, try_changes, try_change_object };

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena = { 0 };

	if (size > 0)
		kinds[data[0] % (sizeof kinds / sizeof *kinds)](
		    &arena, (struct slice){ (const char *)data + 1, size - 1 });
	arena_release(&arena);
	return 0;
}
