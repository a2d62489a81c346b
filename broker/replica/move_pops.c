#include "config.h"

#include "broker/replica/move_pops.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "broker/state/revive_record.h"
#include "common/base/mem.h"
#include "common/json/json_body.h"

/* What names a pop: the same in all records about it. */
static struct slice
name_of(struct arena *arena, const struct group_queue *queue, int64_t start, int64_t pop_time)
{
	if (queue->topic.len == 0 || queue->group.len == 0 || queue->topic.len > RECORD_TOPIC_MAX ||
	    queue->group.len > UINT8_MAX)
		return SLICE_NONE;
	return arena_printf(arena, "%.*s@%.*s@%" PRId32 "@%" PRId64 "@%" PRId64,
	    (int)queue->topic.len, queue->topic.data, (int)queue->group.len, queue->group.data,
	    queue->queue_id, start, pop_time);
}

static struct slice
name_of_json(struct arena *arena, const struct json *json)
{
	const struct group_queue queue = {
		.group = json_member_text(json, "c"),
		.topic = json_member_text(json, "t"),
		.queue_id = json_member_int32(json, "q", -1),
	};

	return name_of(
	    arena, &queue, json_member_int64(json, "so", -1), json_member_int64(json, "pt", -1));
}

/* False: it is none of ours to make. */
static bool
read_checkpoint(const struct json *json, struct checkpoint *it)
{
	const struct json *distance = json_member(json, "d");
	int64_t n = json_member_int64(json, "n", 0);

	*it = (struct checkpoint){
		.queue = { .group = json_member_text(json, "c"),
		    .topic = json_member_text(json, "t"),
		    .queue_id = json_member_int32(json, "q", -1) },
		.id = -1,
		.start_offset = json_member_int64(json, "so", -1),
		.pop_time = json_member_int64(json, "pt", -1),
		.invisible_ms = json_member_int64(json, "it", -1),
		.settled = (uint32_t)json_member_int64(json, "bm", 0),
		.n = (uint32_t)n,
	};
	if (n < 1 || n > CHECKPOINT_MESSAGES_MAX || it->queue.queue_id < 0 ||
	    it->start_offset < 0 || it->pop_time < 0 || it->pop_time > INT64_MAX / 4 ||
	    it->invisible_ms < 0 || it->invisible_ms > INT64_MAX / 4)
		return false;
	const struct json *at =
	    distance != NULL && distance->type == JSON_ARRAY ? distance->first : NULL;

	for (uint32_t i = 0; i < it->n; i++) {
		int64_t number = i;

		if (at != NULL &&
		    (json_int64(at, &number) == -1 || number < 0 || number > INT32_MAX))
			return false;
		it->distance[i] = (int32_t)number;
		at = at != NULL ? at->next : NULL;
	}
	it->next_offset = it->start_offset + it->distance[it->n - 1] + 1;
	it->settled &= (uint32_t)((UINT64_C(1) << it->n) - 1);
	return true;
}

static void
take_pop(struct move_pops *pops, struct arena *arena, const struct json *json)
{
	struct slice name = name_of_json(arena, json);
	struct checkpoint checkpoint;

	if (name.data == NULL || !read_checkpoint(json, &checkpoint))
		return;
	struct slice group = checkpoint.queue.group, topic = checkpoint.queue.topic;
	struct waiting_pop *pop = mem_alloc(sizeof *pop + group.len + topic.len), *old;

	memcpy(pop->text, group.data, group.len);
	memcpy(pop->text + group.len, topic.data, topic.len);
	pop->checkpoint = checkpoint;
	pop->checkpoint.queue.group.data = pop->text;
	pop->checkpoint.queue.topic.data = pop->text + group.len;
	old = strmap_put(&pops->pops, name, pop);
	if (old != NULL)
		pop->checkpoint.settled |= old->checkpoint.settled;
	free(old);
}

static void
settle(struct waiting_pop *pop, const struct json *number)
{
	struct checkpoint *it = &pop->checkpoint;
	int64_t offset;

	if (number == NULL || json_int64(number, &offset) == -1)
		return;
	for (uint32_t i = 0; i < it->n; i++)
		if (it->start_offset + it->distance[i] == offset)
			it->settled |= UINT32_C(1) << i;
}

static void
take_ack(struct move_pops *pops, struct arena *arena, const struct json *json)
{
	struct slice name = name_of_json(arena, json);
	struct waiting_pop *pop = name.data != NULL ? strmap_find(&pops->pops, name) : NULL;
	const struct json *list = json_member(json, "aol");

	if (pop == NULL)
		return;
	if (list != NULL && list->type == JSON_ARRAY)
		for (const struct json *at = list->first; at != NULL; at = at->next)
			settle(pop, at);
	else
		settle(pop, json_member(json, "ao"));
}

void
move_pops_take(struct move_pops *pops, const struct record *record)
{
	struct slice tag = property_find(record->properties, "TAGS");
	struct arena arena = { 0 };
	const struct json *json = json_parse(&arena, record->body);

	if (json_is_object(json)) {
		if (slice_is(tag, "ck"))
			take_pop(pops, &arena, json);
		else if (slice_is(tag, "ack") || slice_is(tag, "bAck"))
			take_ack(pops, &arena, json);
	}
	arena_release(&arena);
}

void
move_pops_take_ours(struct move_pops *pops, const struct record *record)
{
	struct arena arena = { 0 };
	struct revive_record revive;

	if (revive_record_read(record->body, &revive) == 0 && revive.kind == REVIVE_CHECKPOINT) {
		const struct checkpoint *it = &revive.checkpoint;
		struct slice name = name_of(&arena, &it->queue, it->start_offset, it->pop_time);

		if (name.data != NULL)
			strmap_put(&pops->ours, name, pops);
	}
	arena_release(&arena);
}

bool
move_pops_has(const struct move_pops *pops, struct slice name)
{
	return strmap_find(&pops->ours, name) != NULL;
}

int64_t
move_pops_count(const struct move_pops *pops)
{
	int64_t n = 0;

	for (const struct strmap_entry *entry = NULL;
	     (entry = strmap_next(&pops->pops, entry)) != NULL;) {
		const struct waiting_pop *pop = entry->value;

		n += pop->checkpoint.n - (uint32_t)__builtin_popcount(pop->checkpoint.settled);
	}
	return n;
}

void
move_pops_release(struct move_pops *pops)
{
	strmap_release(&pops->pops, free);
	strmap_release(&pops->ours, NULL);
}
