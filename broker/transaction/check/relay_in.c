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

struct check_errands {
	struct broker *broker;
	struct loop *loop;
	struct check_members *members;
	pthread_mutex_t lock; /* a leaf: ENDs come on any loop */
	struct strmap askers; /* below the lock: key -> struct asker */
	struct asker *oldest, *newest;
};

/* A question on its way to loop 0 and back. */
struct errand {
	struct task task;
	struct check_errands *errands;
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
	struct check_errands *errands;
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
to_loop_0(struct check_errands *errands, struct loop *here, struct task *task,
    void (*run)(struct task *task, void *receiver))
{
	task->run = run;
	if (here == errands->loop)
		run(task, here);
	else
		loop_post(errands->loop, task);
}

/* ---- who asked ------------------------------------------------------- */

/* Positions alone are not unique among masters; ids may be long. */
static struct slice
key_of(struct arena *arena, int64_t position, struct slice transaction_id)
{
	return arena_printf(arena, "%" PRId64 ":%016" PRIx64, position, slice_hash(transaction_id));
}

static void
forget_locked(struct check_errands *errands, struct asker *asker)
{
	strmap_take(&errands->askers, slice_of(asker->key));
	*(asker->prev != NULL ? &asker->prev->next : &errands->oldest) = asker->next;
	*(asker->next != NULL ? &asker->next->prev : &errands->newest) = asker->prev;
	free(asker->master);
	free(asker);
}

static void
remember(struct check_errands *errands, struct slice key, struct slice master)
{
	struct asker *asker = mem_zalloc(sizeof *asker + key.len + 1);
	int64_t now_ms = clock_mono_ms();

	asker->until_ms = now_ms + REMEMBER_MS;
	asker->master = slice_dup(master);
	memcpy(asker->key, key.data, key.len);
	pthread_mutex_lock(&errands->lock);
	struct asker *old = strmap_find(&errands->askers, key);

	if (old != NULL)
		forget_locked(errands, old);
	while (errands->oldest != NULL &&
	       (errands->askers.n >= REMEMBERED_MAX || errands->oldest->until_ms <= now_ms))
		forget_locked(errands, errands->oldest);
	asker->prev = errands->newest;
	*(asker->prev != NULL ? &asker->prev->next : &errands->oldest) = asker;
	errands->newest = asker;
	strmap_put(&errands->askers, key, asker);
	pthread_mutex_unlock(&errands->lock);
}

/* The master that is to hear an END with this key (arena); absent: it is for us. */
static struct slice
recall(struct check_errands *errands, struct slice key, struct arena *arena)
{
	struct slice master = SLICE_NONE;

	pthread_mutex_lock(&errands->lock);
	const struct asker *asker = strmap_find(&errands->askers, key);

	if (asker != NULL)
		master = arena_copy(arena, slice_of(asker->master));
	pthread_mutex_unlock(&errands->lock);
	return master;
}

/* ---- the question ---------------------------------------------------- */

static void
run_reply(struct task *task, void *receiver)
{
	struct errand *errand = container_of(task, struct errand, task);
	struct reply reply = { .code = errand->code };

	if (errand->code == RESPONSE_SYSTEM_BUSY)
		reply.remark = SLICE("the members of the group are busy or silent");
	else if (errand->code != RESPONSE_SUCCESS)
		reply.remark = SLICE("no member of the group is connected here");
	ticket_reply(receiver, &errand->ticket, &reply);
	arena_release(&errand->arena);
	free(errand);
}

static void
finish(struct errand *errand, int32_t code)
{
	errand->code = code;
	errand->task.run = run_reply;
	if (errand->reply_loop == errand->errands->loop)
		run_reply(&errand->task, errand->reply_loop);
	else
		loop_post(errand->reply_loop, &errand->task);
}

static void
on_pushed(void *context, struct loop *reply_loop, enum push_result result)
{
	struct errand *errand = context;

	(void)reply_loop;
	if (result != PUSH_SENT)
		check_members_refused(errand->errands->members, errand->header.group, errand->asked,
		    errand->key, clock_mono_ms());
	finish(errand, result == PUSH_SENT ? RESPONSE_SUCCESS : RESPONSE_SYSTEM_BUSY);
}

static struct host
born_host(const struct errand *errand)
{
	struct sockaddr_storage address;
	socklen_t len;

	/* Copied texts end in NUL. */
	if (errand->header.born_host.data != NULL &&
	    resolve(errand->header.born_host.data, true, &address, &len, NULL) == 0)
		return host_of((const struct sockaddr *)&address);
	return (struct host){ .ip_len = 4 };
}

/* On loop 0. */
static void
run_errand(struct task *task, void *receiver)
{
	struct errand *errand = container_of(task, struct errand, task);
	struct check_errands *errands = errand->errands;
	const struct check_transaction_header *check = &errand->header.check;
	struct host born = born_host(errand);
	int64_t now_ms = clock_mono_ms();
	struct check_member member;
	enum check_choice choice = check_members_choose(
	    errands->members, errand->header.group, &born, now_ms, &errand->arena, &member);

	if (choice != CHECK_CHOSEN) {
		finish(errand,
		    choice == CHECK_LATER ? RESPONSE_SYSTEM_BUSY : RESPONSE_QUERY_NOT_FOUND);
		return;
	}
	if (errand->header.probe) {
		finish(errand, RESPONSE_SUCCESS);
		return;
	}
	errand->key = key_of(&errand->arena, check->commit_log_offset, check->transaction_id);
	errand->asked = member.conn;
	remember(errands, errand->key, check->broker_name);
	check_members_asked(
	    errands->members, errand->header.group, member.conn, errand->key, now_ms);
	push_check(errands->broker, receiver, member.conn, check, errand->body, on_pushed, errand);
}

static enum verdict
relay_check_begin(struct request *request)
{
	struct broker *broker = request_broker(request);
	struct errand *errand = mem_zalloc(sizeof *errand);

	errand->errands = broker->transaction_checks->errands;
	errand->reply_loop = request->loop;
	errand->ticket = request_ticket(request);
	errand->header = *(const struct relay_check_header *)request->header;
	for (const struct field *field = relay_check_header_fields; field->key != NULL; field++) {
		struct slice *text = (void *)((char *)&errand->header + field->offset);

		if (field_is_text(field))
			*text = arena_copy(&errand->arena, *text);
	}
	errand->body = arena_copy(&errand->arena, request->body);
	to_loop_0(errand->errands, request->loop, &errand->task, run_errand);
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
	struct check_errands *errands = forward->errands;

	(void)receiver;
	check_members_answered(errands->members, forward->key, clock_mono_ms());
	if (!masters_ask(errands->broker->masters, forward->master, &forward->command, SLICE(""),
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
	struct check_errands *errands = request_broker(request)->transaction_checks->errands;

	if (!header->from_check)
		return false;
	struct slice key = key_of(request->arena, header->commit_log_offset,
	    header->transaction_id.len != 0 ? header->transaction_id : header->msg_id);
	struct slice master = recall(errands, key, request->arena);

	if (master.data == NULL)
		return false;
	struct forward *forward = mem_zalloc(sizeof *forward);

	forward->errands = errands;
	forward->reply_loop = request->loop;
	forward->ticket = request_ticket(request);
	forward->master = arena_copy(&forward->arena, master);
	forward->key = arena_copy(&forward->arena, key);
	copy_command(forward, request);
	to_loop_0(errands, request->loop, &forward->task, run_forward);
	return true;
}

/* ---- beginning and end ----------------------------------------------- */

struct check_errands *
check_errands_new(struct broker *broker, struct check_members *members)
{
	struct check_errands *errands = mem_zalloc(sizeof *errands);

	errands->broker = broker;
	errands->loop = &broker->daemon->loops[0];
	errands->members = members;
	pthread_mutex_init(&errands->lock, NULL);
	return errands;
}

void
check_errands_free(struct check_errands *errands)
{
	while (errands->oldest != NULL)
		forget_locked(errands, errands->oldest);
	strmap_release(&errands->askers, NULL);
	pthread_mutex_destroy(&errands->lock);
	free(errands);
}

const struct handler relay_in_handlers[] = {
	HANDLER_TYPED(RELAY_CHECK, relay_check_header, relay_check_begin, HANDLER_ADMIN),
	{ .name = NULL },
};
