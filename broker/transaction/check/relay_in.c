#include "config.h"

/*
 * What this master does for another one that has no member of a group
 * (RELAY_CHECK): the question goes to a member that is connected here. Who asked is
 * remembered, because the client sends its END to the master that it heard the
 * question from, which is not the one that has the half message: it is sent on.
 */

#include "broker/transaction/check/check_private.h"

#include <inttypes.h>
#include <pthread.h>
#include <stddef.h>
#include <stdlib.h>

#include "broker/cluster/masters.h"
#include "broker/consumers/push.h"
#include "common/base/clock.h"
#include "common/base/container_of.h"
#include "common/protocol/codes.h"
#include "common/base/log.h"
#include "common/base/mem.h"
#include "common/net/resolve.h"
#include "common/base/strmap.h"
#include "common/protocol/headers.h"

#define TIMEOUT_MS 3000
#define REMEMBERED_MAX 65536
#define REMEMBER_MS 3600000

/* Whose question a member was asked. Oldest first. */
struct asker {
	struct asker *next, *prev;
	int64_t until_ms;
	char *master;
	char key[];
};

struct relay_in {
	struct broker *broker;
	struct loop *loop;
	struct check_members *members;
	pthread_mutex_t lock; /* a leaf: ENDs come on any loop */
	struct strmap askers; /* below the lock: key -> struct asker */
	struct asker *oldest, *newest;
};

/* A question on its way to loop 0 and back. */
struct relayed_check {
	struct task task;
	struct relay_in *relay_in;
	struct loop *reply_loop;
	struct ticket ticket;
	struct arena arena;
	struct relay_check_header header;
	struct slice body;
	struct slice key; /* of the answer */
	struct conn_id asked;
	int32_t code;
};

/* An END on its way to loop 0, to the other master, and back. */
struct forward {
	struct task task;
	struct relay_in *relay_in;
	struct loop *reply_loop;
	struct ticket ticket;
	struct arena arena;
	struct command command;
	struct slice master;
	struct slice key;
	int32_t code;
	struct slice remark;
};

static void
to_loop_0(struct relay_in *relay_in, struct loop *here, struct task *task,
    void (*run)(struct task *task, void *receiver))
{
	task->run = run;
	if (here == relay_in->loop)
		run(task, here);
	else
		loop_post(relay_in->loop, task);
}

/* ---- who asked ------------------------------------------------------- */

/* Positions alone are not unique among masters; ids may be long. */
static struct slice
key_of(struct arena *arena, int64_t position, struct slice transaction_id)
{
	return arena_printf(arena, "%" PRId64 ":%016" PRIx64, position, slice_hash(transaction_id));
}

static void
forget_locked(struct relay_in *relay_in, struct asker *asker)
{
	strmap_take(&relay_in->askers, slice_of(asker->key));
	*(asker->prev != NULL ? &asker->prev->next : &relay_in->oldest) = asker->next;
	*(asker->next != NULL ? &asker->next->prev : &relay_in->newest) = asker->prev;
	free(asker->master);
	free(asker);
}

static void
remember(struct relay_in *relay_in, struct slice key, struct slice master)
{
	struct asker *asker = mem_zalloc(sizeof *asker + key.len + 1);
	int64_t now_ms = clock_mono_ms();

	asker->until_ms = now_ms + REMEMBER_MS;
	asker->master = slice_dup(master);
	memcpy(asker->key, key.data, key.len);
	pthread_mutex_lock(&relay_in->lock);
	struct asker *old = strmap_find(&relay_in->askers, key);

	if (old != NULL)
		forget_locked(relay_in, old);
	while (relay_in->oldest != NULL &&
	       (relay_in->askers.n >= REMEMBERED_MAX || relay_in->oldest->until_ms <= now_ms))
		forget_locked(relay_in, relay_in->oldest);
	asker->prev = relay_in->newest;
	*(asker->prev != NULL ? &asker->prev->next : &relay_in->oldest) = asker;
	relay_in->newest = asker;
	strmap_put(&relay_in->askers, key, asker);
	pthread_mutex_unlock(&relay_in->lock);
}

/* The master that is to hear an END with this key (arena); absent: it is for us. */
static struct slice
recall(struct relay_in *relay_in, struct slice key, struct arena *arena)
{
	struct slice master = SLICE_NONE;

	pthread_mutex_lock(&relay_in->lock);
	const struct asker *asker = strmap_find(&relay_in->askers, key);

	if (asker != NULL)
		master = arena_copy(arena, slice_of(asker->master));
	pthread_mutex_unlock(&relay_in->lock);
	return master;
}

/* ---- the question ---------------------------------------------------- */

static void
run_reply(struct task *task, void *receiver)
{
	struct relayed_check *relayed = container_of(task, struct relayed_check, task);
	struct reply reply = { .code = relayed->code };

	if (relayed->code == RESPONSE_SYSTEM_BUSY)
		reply.remark = SLICE("the members of the group are busy or silent");
	else if (relayed->code != RESPONSE_SUCCESS)
		reply.remark = SLICE("no member of the group is connected here");
	ticket_reply(receiver, &relayed->ticket, &reply);
	arena_release(&relayed->arena);
	free(relayed);
}

static void
finish(struct relayed_check *relayed, int32_t code)
{
	relayed->code = code;
	relayed->task.run = run_reply;
	if (relayed->reply_loop == relayed->relay_in->loop)
		run_reply(&relayed->task, relayed->reply_loop);
	else
		loop_post(relayed->reply_loop, &relayed->task);
}

static void
on_pushed(void *context, struct loop *reply_loop, enum push_result result)
{
	struct relayed_check *relayed = context;

	(void)reply_loop;
	if (result != PUSH_SENT)
		check_members_refused(relayed->relay_in->members, relayed->header.group,
		    relayed->asked, relayed->key, clock_mono_ms());
	finish(relayed, result == PUSH_SENT ? RESPONSE_SUCCESS : RESPONSE_SYSTEM_BUSY);
}

static struct host
born_host(const struct relayed_check *relayed)
{
	struct sockaddr_storage address;
	socklen_t len;

	/* Copied texts end in NUL. */
	if (relayed->header.born_host.data != NULL &&
	    resolve(relayed->header.born_host.data, true, &address, &len, NULL) == 0)
		return host_of((const struct sockaddr *)&address);
	return (struct host){ .ip_len = 4 };
}

/* On loop 0. */
static void
run_relayed(struct task *task, void *receiver)
{
	struct relayed_check *relayed = container_of(task, struct relayed_check, task);
	struct relay_in *relay_in = relayed->relay_in;
	const struct check_transaction_header *check = &relayed->header.check;
	struct host born = born_host(relayed);
	int64_t now_ms = clock_mono_ms();
	struct check_member member;
	enum check_choice choice = check_members_choose(
	    relay_in->members, relayed->header.group, &born, now_ms, &relayed->arena, &member);

	if (choice != CHECK_CHOSEN) {
		finish(relayed,
		    choice == CHECK_LATER ? RESPONSE_SYSTEM_BUSY : RESPONSE_QUERY_NOT_FOUND);
		return;
	}
	if (relayed->header.probe) {
		finish(relayed, RESPONSE_SUCCESS);
		return;
	}
	relayed->key = key_of(&relayed->arena, check->commit_log_offset, check->transaction_id);
	relayed->asked = member.conn;
	remember(relay_in, relayed->key, check->broker_name);
	check_members_asked(
	    relay_in->members, relayed->header.group, member.conn, relayed->key, now_ms);
	push_check(
	    relay_in->broker, receiver, member.conn, check, relayed->body, on_pushed, relayed);
}

static enum verdict
relay_check_begin(struct request *request)
{
	struct broker *broker = request_broker(request);
	struct relayed_check *relayed = mem_zalloc(sizeof *relayed);

	relayed->relay_in = broker->transaction_checks->relay_in;
	relayed->reply_loop = request->loop;
	relayed->ticket = request_ticket(request);
	relayed->header = *(const struct relay_check_header *)request->header;
	for (const struct field *field = relay_check_header_fields; field->key != NULL; field++) {
		struct slice *text = (void *)((char *)&relayed->header + field->offset);

		if (field_is_text(field))
			*text = arena_copy(&relayed->arena, *text);
	}
	relayed->body = arena_copy(&relayed->arena, request->body);
	to_loop_0(relayed->relay_in, request->loop, &relayed->task, run_relayed);
	return VERDICT_LATER;
}

/* ---- the answer ------------------------------------------------------ */

static void
run_answered(struct task *task, void *receiver)
{
	struct forward *forward = container_of(task, struct forward, task);
	struct reply reply = { .code = forward->code, .remark = forward->remark };

	ticket_reply(receiver, &forward->ticket, &reply);
	arena_release(&forward->arena);
	free(forward);
}

static void
on_forwarded(void *arg, const struct command *answer, struct slice body)
{
	struct forward *forward = arg;

	(void)body;
	forward->code = answer != NULL ? answer->code : RESPONSE_SYSTEM_ERROR;
	forward->remark =
	    answer != NULL
		? arena_copy(&forward->arena, answer->remark)
		: SLICE("the master that has the half message does not answer; it will ask again");
	if (forward->code != RESPONSE_SUCCESS)
		log_debug("an answer was not taken by another master master=%s code=%d",
		    forward->master.data, forward->code);
	forward->task.run = run_answered;
	loop_post(forward->reply_loop, &forward->task);
}

/* On loop 0. */
static void
run_forward(struct task *task, void *receiver)
{
	struct forward *forward = container_of(task, struct forward, task);
	struct relay_in *relay_in = forward->relay_in;

	(void)receiver;
	check_members_answered(relay_in->members, forward->key, clock_mono_ms());
	if (!masters_ask(relay_in->broker->masters, forward->master, &forward->command, SLICE(""),
		TIMEOUT_MS, on_forwarded, forward))
		on_forwarded(forward, NULL, SLICE_NONE);
}

/* As it came, and who sent it. */
static void
copy_command(struct forward *forward, const struct request *request)
{
	const struct command *command = request->command;
	struct ext *ext = arena_alloc(&forward->arena, (command->n_ext + 1) * sizeof *ext);

	for (size_t i = 0; i < command->n_ext; i++)
		ext[i] = (struct ext){ arena_copy(&forward->arena, command->ext[i].key),
			arena_copy(&forward->arena, command->ext[i].value) };
	ext[command->n_ext] = (struct ext){ SLICE(TRANSACTION_RELAYED_FOR),
		arena_printf(&forward->arena, "%s at %s", conn_peer_text(request->conn),
		    request_broker(request)->settings->broker_name) };
	forward->command = (struct command){
		.codec = FRAME_JSON,
		.code = command->code,
		.language = command->language,
		.version = command->version,
		.ext = ext,
		.n_ext = command->n_ext + 1,
	};
}

bool
transaction_relay_end(struct request *request)
{
	const struct end_transaction_header *header = request->header;
	struct relay_in *relay_in = request_broker(request)->transaction_checks->relay_in;

	if (!header->from_check)
		return false;
	struct slice key = key_of(request->arena, header->commit_log_offset,
	    header->transaction_id.len != 0 ? header->transaction_id : header->msg_id);
	struct slice master = recall(relay_in, key, request->arena);

	if (master.data == NULL)
		return false;
	struct forward *forward = mem_zalloc(sizeof *forward);

	forward->relay_in = relay_in;
	forward->reply_loop = request->loop;
	forward->ticket = request_ticket(request);
	forward->master = arena_copy(&forward->arena, master);
	forward->key = arena_copy(&forward->arena, key);
	copy_command(forward, request);
	to_loop_0(relay_in, request->loop, &forward->task, run_forward);
	return true;
}

/* ---- beginning and end ----------------------------------------------- */

struct relay_in *
relay_in_new(struct broker *broker, struct check_members *members)
{
	struct relay_in *relay_in = mem_zalloc(sizeof *relay_in);

	relay_in->broker = broker;
	relay_in->loop = &broker->daemon->loops[0];
	relay_in->members = members;
	pthread_mutex_init(&relay_in->lock, NULL);
	return relay_in;
}

void
relay_in_free(struct relay_in *relay_in)
{
	while (relay_in->oldest != NULL)
		forget_locked(relay_in, relay_in->oldest);
	strmap_release(&relay_in->askers, NULL);
	pthread_mutex_destroy(&relay_in->lock);
	free(relay_in);
}

const struct handler relay_in_handlers[] = {
	HANDLER_TYPED(RELAY_CHECK, relay_check_header, relay_check_begin, HANDLER_ADMIN),
	{ .name = NULL },
};
