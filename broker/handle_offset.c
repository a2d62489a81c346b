#include "config.h"

/* How far consumer groups are: asked, told, and all of it for the tools. */

#include "broker/handlers.h"

#include <stdio.h>

#include "broker/broker.h"
#include "broker/offset.h"
#include "broker/topic.h"
#include "common/codes.h"
#include "common/headers.h"
#include "common/json_body.h"

/*
 * A group that has no offset yet starts at 0 as long as the whole queue is
 * there, whatever its clients were told to do: so clients expect it. Else
 * they decide themselves (22). A 5.x proxy asks not to be given the 0.
 */
enum verdict
query_offset_begin(struct request *request)
{
	const struct query_offset_header *header = request->header;
	struct offset_answer *answer = arena_zalloc(request->arena, sizeof *answer);

	answer->offset = offsets_find(request_broker(request)->offsets, header->consumer_group,
	    header->topic, header->queue_id);
	if (answer->offset < 0) {
		const struct tail_queue *queue =
		    tail_find(request_worker(request)->tail, header->topic, header->queue_id);

		if (!header->set_zero || (queue != NULL && queue->min_offset > 0))
			return request_refuse(request, RESPONSE_QUERY_NOT_FOUND,
			    "Not found, V3_0_6_SNAPSHOT maybe this group consumer boot first");
		answer->offset = 0;
	}
	return request_answer(request, offset_answer_fields, answer);
}

/* Offsets of topics or queues that do not exist are accepted and forgotten. */
enum verdict
update_offset_begin(struct request *request)
{
	const struct update_offset_header *header = request->header;
	struct broker *broker = request_broker(request);
	struct topic topic;

	if (!name_is_valid(header->consumer_group))
		return request_refuse(
		    request, RESPONSE_SYSTEM_ERROR, "the group's name is illegal");
	if (header->commit_offset < 0 || header->queue_id < 0 ||
	    !topics_find(broker->topics, header->topic, &topic) ||
	    (header->queue_id >= topic.read_queues && header->queue_id >= topic.write_queues))
		return VERDICT_REPLY;
	offsets_put(broker->offsets, header->consumer_group, header->topic, header->queue_id,
	    header->commit_offset);
	return VERDICT_REPLY;
}

/* ---- 43: {"offsetTable":{"topic@group":{0:12,1:13}}} ----------------- */

struct listing {
	struct json_out out;
	struct slice group, topic; /* whose queues are being written; absent: none */
	struct arena *arena;
};

static void
close_queues(struct listing *listing)
{
	if (listing->topic.data != NULL)
		json_close_object(&listing->out);
}

/* Rows of one group and topic come one after the other. */
static void
on_row(void *arg, const struct offset_row *row)
{
	struct listing *listing = arg;
	char id[16];

	if (!slice_equal(row->group, listing->group) || !slice_equal(row->topic, listing->topic)) {
		close_queues(listing);
		listing->group = row->group;
		listing->topic = row->topic;
		json_key_slice(
		    &listing->out, arena_printf(listing->arena, "%.*s@%.*s", (int)row->topic.len,
				       row->topic.data, (int)row->group.len, row->group.data));
		json_open_object(&listing->out);
	}
	snprintf(id, sizeof id, "%d", row->queue_id);
	json_key(&listing->out, id);
	json_put_int(&listing->out, row->offset);
}

enum verdict
get_all_offsets_begin(struct request *request)
{
	struct listing listing = { .arena = request->arena };
	struct buf text = { 0 };

	json_out_init(&listing.out, &text);
	json_open_object(&listing.out);
	json_key(&listing.out, "offsetTable");
	json_open_object(&listing.out);
	offsets_each(request_broker(request)->offsets, SLICE_NONE, SLICE_NONE, on_row, &listing);
	close_queues(&listing);
	json_close_object(&listing.out);
	json_close_object(&listing.out);
	return request_answer_body(request, json_finish(&listing.out, request->arena));
}
