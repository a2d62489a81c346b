#include "config.h"

/* Offsets of consumer groups: queried, committed, and listed for the tools. */

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "broker/consumers/commit_offset.h"
#include "broker/consumers/lock_queues.h"
#include "broker/context.h"
#include "broker/state/group.h"
#include "broker/state/offset.h"
#include "broker/state/topic.h"
#include "broker/store/store.h"
#include "broker/store/tail/tail.h"
#include "common/base/mem.h"
#include "common/json/json_body.h"
#include "common/protocol/codes.h"
#include "common/protocol/headers.h"
#include "common/protocol/name.h"

#define NOT_FOUND "Not found, V3_0_6_SNAPSHOT maybe this group consumer boot first"

/* ---- 14 -------------------------------------------------------------- */

static const struct reply not_found = {
	.code = RESPONSE_QUERY_NOT_FOUND,
	.remark = { NOT_FOUND, sizeof NOT_FOUND - 1 },
};

static enum verdict
reply_offset(struct request *request, int64_t offset)
{
	struct offset_reply *answer = arena_zalloc(request->arena, sizeof *answer);

	answer->offset = offset;
	return request_reply(request, offset_reply_fields, answer);
}

/* Whether what was stored from this position on is little: RocketMQ asks whether it is in memory.
 */
static bool
is_recent(const struct broker *broker, int64_t position)
{
	int64_t memory = (int64_t)sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE);
	int64_t ratio = broker->settings->access_message_in_memory_max_ratio;
	struct store_stats stats;

	store_get_stats(broker->store, &stats);
	return stats.max_position - position <= memory / 100 * ratio;
}

/* The first message of the queue, of a log that is long. */
static void
on_first_read(struct read_job *job, struct loop *loop)
{
	const struct worker *worker = loop->context;
	struct ticket *ticket = job->context;
	struct offset_reply start = { 0 };
	struct reply reply = { .fields = offset_reply_fields, .header = &start };
	struct record first;

	if (job->status != READ_FOUND || job->chunk == NULL ||
	    record_decode(job->chunk->data, job->chunk->len, &first) == -1 ||
	    !is_recent(worker->broker, first.position))
		reply = not_found;
	ticket_reply(loop, ticket, &reply);
	free(ticket);
	read_job_free(job);
}

static enum verdict
read_first(struct request *request, const struct tail_queue *queue)
{
	struct read_job *job = read_queue_new(
	    queue->number, 0, &(struct pull_limits){ .max_messages = 1, .max_scan = 1 });
	struct ticket *ticket = mem_alloc(sizeof *ticket);

	*ticket = request_ticket(request);
	job->reply_loop = request->loop;
	job->done = on_first_read;
	job->context = ticket;
	store_read(request_broker(request)->store, job);
	return VERDICT_LATER;
}

/*
 * A group that has no offset yet starts at 0 as long as the whole queue is
 * there and not old, whatever its clients were told to do: so clients expect
 * it. Else they decide themselves (22). A 5.x proxy asks not to be given the 0.
 */
static enum verdict
query_offset_begin(struct request *request)
{
	const struct query_offset_header *header = request->header;
	struct worker *worker = request_worker(request);
	struct store_stats stats;
	int64_t offset = offsets_find(
	    worker->broker->offsets, header->consumer_group, header->topic, header->queue_id);

	if (offset >= 0)
		return reply_offset(request, offset);
	const struct tail_queue *queue = tail_find(worker->tail, header->topic, header->queue_id);

	if (!header->set_zero || (queue != NULL && queue->min_offset > 0))
		return request_refuse(request, RESPONSE_QUERY_NOT_FOUND, NOT_FOUND);
	store_get_stats(worker->broker->store, &stats);
	if (queue == NULL || queue->max_offset == 0 ||
	    is_recent(worker->broker, stats.min_position))
		return reply_offset(request, 0);
	return read_first(request, queue);
}

/* ---- 15 -------------------------------------------------------------- */

/* A commit whose reply waits for the writer. */
struct offset_commit {
	struct ticket ticket;
	struct meta_job *copied; /* its reply waits for slaves, too; NULL: it does not */
};

static void
end_commit(struct offset_commit *commit, struct loop *loop, const char *why)
{
	struct reply reply = { .code = RESPONSE_SUCCESS };

	if (why != NULL)
		reply = (struct reply){ .code = RESPONSE_SYSTEM_ERROR, .remark = slice_of(why) };
	ticket_reply(loop, &commit->ticket, &reply);
	free(commit);
}

static void
on_copied(struct meta_job *job, struct loop *loop)
{
	const char *why = NULL;

	if (job->status == -1)
		why = "the offset counts, but the broker's disk did not take it";
	else if (job->copy_timeout)
		why = "the offset counts, but a slave did not confirm it in slaveTimeout";
	end_commit(job->context, loop, why);
	meta_job_free(job);
}

static void
copy_commit(struct offset_commit *commit, const struct broker *broker)
{
	struct meta_job *job = commit->copied;
	struct meta_change *change = &job->changes[0];
	int64_t offset = offsets_find(
	    broker->offsets, slice_of(change->key), slice_of(change->topic), change->queue_id);

	if (offset >= 0)
		change->offset = offset; /* what counts now */
	job->done = on_copied;
	job->context = commit;
	store_meta(broker->store, job);
}

static void
on_committed(void *context, struct loop *loop, const char *why)
{
	struct offset_commit *commit = context;
	const struct worker *worker = loop->context;

	if (why == NULL && commit->copied != NULL) {
		copy_commit(commit, worker->broker);
		return;
	}
	if (commit->copied != NULL)
		meta_job_free(commit->copied);
	end_commit(commit, loop, why);
}

/*
 * What a SYNC_MASTER has acknowledged is on its slave. Clients commit oneway, or with a pull: what
 * nobody waits for goes with the next flushConsumerOffsetInterval.
 */
static struct offset_commit *
new_commit(struct request *request, const struct offset_row *row)
{
	struct offset_commit *commit = mem_alloc(sizeof *commit);
	const struct broker *broker = request_broker(request);

	*commit = (struct offset_commit){ .ticket = request_ticket(request) };
	if (broker->settings->broker_role == BROKER_SYNC_MASTER && !commit->ticket.oneway) {
		commit->copied = meta_job_new();
		commit->copied->reply_loop = request->loop;
		meta_job_put_offset(
		    commit->copied, row->group, row->topic, row->queue_id, row->offset);
	}
	return commit;
}

static enum verdict
commit_copied(struct request *request, const struct offset_row *row)
{
	struct offset_commit *commit = new_commit(request, row);

	if (commit->copied == NULL) {
		free(commit);
		return VERDICT_REPLY;
	}
	copy_commit(commit, request_broker(request));
	return VERDICT_LATER;
}

/* Offsets of topics or queues that do not exist are accepted and forgotten. */
static enum verdict
update_offset_begin(struct request *request)
{
	const struct update_offset_header *header = request->header;
	struct broker *broker = request_broker(request);
	struct offset_row row = { header->consumer_group, header->topic, header->queue_id,
		header->commit_offset };
	struct topic topic;
	struct group group;
	const char *why;

	if (!name_is_valid(header->consumer_group))
		return request_refuse(
		    request, RESPONSE_SYSTEM_ERROR, "the group's name is illegal");
	if (header->commit_offset < 0 || header->queue_id < 0 ||
	    !topics_find(broker->topics, header->topic, &topic) ||
	    (header->queue_id >= topic.read_queues && header->queue_id >= topic.write_queues))
		return VERDICT_REPLY;
	bool group_exists = groups_find(broker->groups, header->consumer_group, &group);

	if (group_exists)
		lock_queues_hear(broker, request->loop, conn_id_of(request->conn), &row);
	switch (commit_offset(request_worker(request), &row, group_exists, &why)) {
	case COMMIT_KEPT:
		if (broker->settings->broker_role != BROKER_SYNC_MASTER)
			break;
		return commit_copied(request, &row);
	case COMMIT_REFUSED:
		return request_refuse(request, RESPONSE_SYSTEM_ERROR, "%s", why);
	case COMMIT_BEYOND_END:
		commit_offset_later(request_worker(request), &row, group_exists, on_committed,
		    new_commit(request, &row));
		return VERDICT_LATER;
	}
	return VERDICT_REPLY;
}

/* ---- 43: {"offsetTable":{"topic@group":{0:12,1:13}}} ----------------- */

struct offset_listing {
	struct json_out out;
	struct slice group, topic; /* whose queues are being written; absent: none */
	struct arena *arena;
};

static void
close_queues(struct offset_listing *listing)
{
	if (listing->topic.data != NULL)
		json_close_object(&listing->out);
}

/* Rows of one group and topic come one after the other. */
static void
on_row(void *arg, const struct offset_row *row)
{
	struct offset_listing *listing = arg;
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

static enum verdict
get_all_offsets_begin(struct request *request)
{
	struct offset_listing listing = { .arena = request->arena };
	struct buf text = { 0 };

	json_out_init(&listing.out, &text);
	json_open_object(&listing.out);
	json_key(&listing.out, "offsetTable");
	json_open_object(&listing.out);
	offsets_each(request_broker(request)->offsets, SLICE_NONE, SLICE_NONE, on_row, &listing);
	close_queues(&listing);
	json_close_object(&listing.out);
	json_close_object(&listing.out);
	return request_reply_body(request, json_finish(&listing.out, request->arena));
}

const struct handler offset_handlers[] = {
	HANDLER_TYPED(QUERY_CONSUMER_OFFSET, query_offset_header, query_offset_begin, 0),
	HANDLER_TYPED(
	    UPDATE_CONSUMER_OFFSET, update_offset_header, update_offset_begin, HANDLER_FREQUENT),
	HANDLER_PLAIN(GET_ALL_CONSUMER_OFFSET, get_all_offsets_begin, 0),
	{ .name = NULL },
};
