#include "config.h"

/*
 * CONSUME_MESSAGE_DIRECTLY: a tool has one client of a group consume one message now. The record is
 * read here and forwarded to the client, whose result goes back to the tool.
 */

#include <inttypes.h>
#include <stdlib.h>

#include "broker/catalog/system_topic.h"
#include "broker/consumers/push.h"
#include "broker/context.h"
#include "broker/state/client.h"
#include "broker/store/store.h"
#include "common/base/mem.h"
#include "common/protocol/codes.h"
#include "common/protocol/headers.h"

#define CLIENT_TIMEOUT_MS 10000
#define VERSION_WITH_CONSUME_DIRECTLY 62 /* V3_1_8_SNAPSHOT */

/* A request whose record is being read. */
struct direct {
	struct ticket ticket;
	struct conn_id client;
	int64_t position;
	struct arena arena; /* of the ext fields */
	struct ext *ext;
	size_t n_ext;
};

static void
direct_free(struct direct *direct)
{
	arena_release(&direct->arena);
	free(direct);
}

/* The request's fields, and the broker's name for the client. */
static void
copy_fields(struct direct *direct, const struct command *command, const char *broker_name)
{
	struct arena *arena = &direct->arena;

	direct->ext = arena_alloc(arena, (command->n_ext + 1) * sizeof *direct->ext);
	for (size_t i = 0; i < command->n_ext; i++) {
		if (slice_is(command->ext[i].key, "brokerName"))
			continue;
		direct->ext[direct->n_ext++] = (struct ext){
			arena_copy(arena, command->ext[i].key),
			arena_copy(arena, command->ext[i].value),
		};
	}
	direct->ext[direct->n_ext++] =
	    (struct ext){ SLICE("brokerName"), arena_copy(arena, slice_of(broker_name)) };
}

/* What no consumer may see yet is not forwarded: undecided transactions, delayed messages. */
static bool
is_message(const struct read_job *job)
{
	struct record record;

	return job->status == READ_FOUND &&
	       record_decode(job->chunk->data, job->chunk->len, &record) == 0 &&
	       !topic_is_forbidden(record.topic);
}

static void
on_read(struct read_job *job, struct loop *loop)
{
	const struct worker *worker = loop->context;
	struct direct *direct = job->context;

	if (is_message(job)) {
		push_forward(worker->broker, loop,
		    &(struct push_call){
			.to = direct->client,
			.code = REQUEST_CONSUME_MESSAGE_DIRECTLY,
			.ext = direct->ext,
			.n_ext = direct->n_ext,
			.body = { job->chunk->data, job->chunk->len },
			.timeout_ms = CLIENT_TIMEOUT_MS,
		    },
		    &direct->ticket);
	} else {
		struct reply reply = { .code = RESPONSE_SYSTEM_ERROR };

		reply.remark = arena_printf(&loop->arena,
		    "no message of a consumer's topic is at the offset %" PRId64, direct->position);
		ticket_reply(loop, &direct->ticket, &reply);
	}
	direct_free(direct);
	read_job_free(job);
}

static enum verdict
refuse_client(struct request *request, const struct client *member)
{
	const struct consume_directly_header *header = request->header;

	if (member == NULL)
		return request_refuse(request, RESPONSE_SYSTEM_ERROR,
		    "The Consumer <%.*s> <%.*s> not online", (int)header->consumer_group.len,
		    header->consumer_group.data, (int)header->client_id.len,
		    header->client_id.data);
	return request_refuse(request, RESPONSE_SYSTEM_ERROR,
	    "The Consumer <%.*s> Version <%d> too low to finish, please upgrade it to "
	    "V3_1_8_SNAPSHOT",
	    (int)header->client_id.len, header->client_id.data, member->version);
}

static enum verdict
consume_directly_begin(struct request *request)
{
	const struct consume_directly_header *header = request->header;
	struct broker *broker = request_broker(request);
	struct client member;
	struct host host;
	int64_t position;

	if (message_id_parse(header->msg_id, &host, &position) == -1)
		return request_refuse(
		    request, RESPONSE_SYSTEM_ERROR, "msgId is no offset id of a message");
	if (!clients_find_member(broker->clients, header->consumer_group, header->client_id,
		request->arena, &member))
		return refuse_client(request, NULL);
	if (member.version < VERSION_WITH_CONSUME_DIRECTLY)
		return refuse_client(request, &member);

	struct direct *direct = mem_zalloc(sizeof *direct);
	struct read_job *job = read_position_new(position);

	direct->ticket = request_ticket(request);
	direct->client = member.conn;
	direct->position = position;
	copy_fields(direct, request->command, broker->settings->broker_name);
	job->reply_loop = request->loop;
	job->done = on_read;
	job->context = direct;
	store_read(broker->store, job);
	return VERDICT_LATER;
}

const struct handler directly_handlers[] = {
	HANDLER_TYPED(CONSUME_MESSAGE_DIRECTLY, consume_directly_header, consume_directly_begin,
	    HANDLER_ADMIN),
	{ .name = NULL },
};
