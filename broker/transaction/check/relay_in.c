#include "config.h"

/*
 * What this master does for another one that has no member of a group connected (RELAY_CHECK): it
 * hands the question to a member here. The member sends its END to the master that asked it, which
 * is this one; so each question is remembered with the master that has the half message, and the
 * END goes on to that master's registered address.
 *
 * Only another master of the cluster is served (relay_key.h). A probe may wait until its key is
 * confirmed. A question with a key that is not confirmed is refused at once, because it brings a
 * body that would have to wait too; a master always sends a probe first.
 */

#include "broker/transaction/check/check_private.h"

#include <inttypes.h>
#include <pthread.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/queue.h>

#include "broker/cluster/masters.h"
#include "broker/consumers/push.h"
#include "broker/transaction/check/relay_key.h"
#include "broker/transaction/decide/decide.h"
#include "common/base/clock.h"
#include "common/base/container_of.h"
#include "common/base/log.h"
#include "common/base/mem.h"
#include "common/base/strmap.h"
#include "common/net/resolve.h"
#include "common/protocol/codes.h"
#include "common/protocol/headers.h"

#define TIMEOUT_MS 3000
#define REMEMBERED_MAX 65536
#define REMEMBER_MS 3600000
#define CONFIRMING_MAX 32 /* probes that wait until their key is confirmed */
#define LINE_EVERY_MS 1000

/* The master whose question a member was asked. */
struct asker {
	TAILQ_ENTRY(asker) link;
	int64_t until_ms;
	char *master;
	char key[];
};

struct relay_in {
	struct broker *broker;
	struct loop *loop;
	struct check_members *members;
	struct relay_keys *keys;
	int n_confirming;
	bool stopped;
	int64_t next_line_ms;
	pthread_mutex_t lock;           /* a leaf, of what follows: ENDs come on any loop */
	struct strmap askers;           /* key -> struct asker */
	TAILQ_HEAD(, asker) askers_age; /* the same, oldest first */
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
	struct slice peer; /* of the connection that it came on */
	struct slice key;  /* of the END that replies to it */
	struct conn_id asked;
	struct reply reply;
};

/* An END on its way to loop 0, to the other master, and back. */
struct forward {
	struct task task;
	struct relay_in *relay_in;
	struct loop *reply_loop;
	transaction_done_fn *done;
	void *context;
	struct arena arena;
	struct command command;
	struct slice master;
	struct slice key;
	enum transaction_outcome outcome;
	struct slice why;
};

static void
to_loop_0(struct relay_in *relay_in, struct loop *here, struct task *task,
    void (*run)(struct task *task, void *receiver))
{
	task->run = run;
	loop_call(relay_in->loop, here, task);
}

/* ---- the masters that asked ------------------------------------------- */

/* A position alone may exist on several masters. The id is hashed, as it may be long. */
static struct slice
key_of(struct arena *arena, int64_t position, struct slice transaction_id)
{
	return arena_printf(arena, "%" PRId64 ":%016" PRIx64, position, slice_hash(transaction_id));
}

static void
forget_locked(struct relay_in *relay_in, struct asker *asker)
{
	strmap_take(&relay_in->askers, slice_of(asker->key));
	TAILQ_REMOVE(&relay_in->askers_age, asker, link);
	free(asker->master);
	free(asker);
}

static bool
is_outdated_locked(const struct relay_in *relay_in, const struct asker *oldest, int64_t now_ms)
{
	return oldest != NULL &&
	       (relay_in->askers.n >= REMEMBERED_MAX || oldest->until_ms <= now_ms);
}

static void
remember(struct relay_in *relay_in, struct slice key, struct slice master)
{
	struct asker *asker = mem_zalloc(sizeof *asker + key.len + 1), *other;
	int64_t now_ms = clock_mono_ms();

	asker->until_ms = now_ms + REMEMBER_MS;
	asker->master = slice_dup(master);
	memcpy(asker->key, key.data, key.len);
	pthread_mutex_lock(&relay_in->lock);
	if ((other = strmap_find(&relay_in->askers, key)) != NULL)
		forget_locked(relay_in, other);
	while (is_outdated_locked(relay_in, other = TAILQ_FIRST(&relay_in->askers_age), now_ms))
		forget_locked(relay_in, other);
	TAILQ_INSERT_TAIL(&relay_in->askers_age, asker, link);
	strmap_put(&relay_in->askers, key, asker);
	pthread_mutex_unlock(&relay_in->lock);
}

/* The master that an END with this key goes on to (arena); absent: it is for us. */
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

	ticket_reply(receiver, &relayed->ticket, &relayed->reply);
	arena_release(&relayed->arena);
	free(relayed);
}

/* remark: static, or of the arena of relayed. */
static void
finish(struct relayed_check *relayed, int32_t code, const char *remark)
{
	relayed->reply = (struct reply){ .code = code };
	if (remark != NULL)
		relayed->reply.remark = slice_of(remark);
	relayed->task.run = run_reply;
	loop_call(relayed->reply_loop, relayed->relay_in->loop, &relayed->task);
}

static void
finish_busy(struct relayed_check *relayed)
{
	finish(relayed, RESPONSE_SYSTEM_BUSY, "the members of the group are busy or silent");
}

static void
on_pushed(void *context, struct loop *loop, enum push_result result)
{
	struct relayed_check *relayed = context;

	(void)loop;
	if (result == PUSH_SENT) {
		finish(relayed, RESPONSE_SUCCESS, NULL);
		return;
	}
	check_members_refused(relayed->relay_in->members, relayed->header.group, relayed->asked,
	    relayed->key, clock_mono_ms());
	finish_busy(relayed);
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

/* Another master of the cluster sent it. */
static void
serve(struct relayed_check *relayed)
{
	struct relay_in *relay_in = relayed->relay_in;
	const struct check_transaction_header *check = &relayed->header.check;
	struct host born = born_host(relayed);
	int64_t now_ms = clock_mono_ms();
	struct check_member member;
	enum check_choice choice = check_members_choose(
	    relay_in->members, relayed->header.group, &born, now_ms, &relayed->arena, &member);

	if (choice == CHECK_BUSY) {
		finish_busy(relayed);
	} else if (choice == CHECK_NOBODY) {
		finish(
		    relayed, RESPONSE_QUERY_NOT_FOUND, "no member of the group is connected here");
	} else if (relayed->header.probe) {
		finish(relayed, RESPONSE_SUCCESS, NULL);
	} else {
		relayed->key =
		    key_of(&relayed->arena, check->commit_log_offset, check->transaction_id);
		relayed->asked = member.conn;
		remember(relay_in, relayed->key, check->broker_name);
		check_members_asked(
		    relay_in->members, relayed->header.group, member.conn, relayed->key, now_ms);
		push_check(relay_in->broker, member.conn, check, relayed->body, on_pushed, relayed);
	}
}

/* ---- which master sent it --------------------------------------------- */

static void
refuse(struct relayed_check *relayed, const char *why)
{
	struct relay_in *relay_in = relayed->relay_in;
	struct slice name = relayed->header.check.broker_name;
	int64_t n = atomic_fetch_add_explicit(
	    &relay_in->broker->transactions->counters.relays_refused, 1, memory_order_relaxed);
	int64_t now_ms = clock_mono_ms();

	if (now_ms >= relay_in->next_line_ms) {
		relay_in->next_line_ms = now_ms + LINE_EVERY_MS;
		log_warn("a RELAY_CHECK was refused from=%.*s bname=%.*s total=%" PRId64
			 " why=\"%s\"",
		    (int)relayed->peer.len, relayed->peer.data, (int)name.len, name.data, n + 1,
		    why);
	}
	finish(relayed, RESPONSE_NO_PERMISSION, why);
}

static void
on_confirmed(void *arg, const struct command *reply, struct slice body)
{
	struct relayed_check *relayed = arg;
	struct relay_in *relay_in = relayed->relay_in;
	const struct relay_check_header *header = &relayed->header;

	(void)body;
	relay_in->n_confirming--;
	if (relay_in->stopped || reply == NULL) {
		finish(relayed, RESPONSE_SYSTEM_BUSY,
		    "the master that bname names does not say whether relayKey is its own");
	} else if (reply->code != RESPONSE_SUCCESS) {
		refuse(relayed, "the master that bname names did not send this");
	} else {
		relay_keys_confirm(relay_in->keys, header->check.broker_name, header->relay_key);
		serve(relayed);
	}
}

/* Asks the master that the request names, at its registered address, whether it sent it. */
static void
ask_back(struct relayed_check *relayed)
{
	struct relay_in *relay_in = relayed->relay_in;
	struct slice master = relayed->header.check.broker_name;
	struct command command = {
		.codec = FRAME_JSON,
		.code = REQUEST_RELAY_CHECK,
		.language = COMMAND_LANGUAGE,
		.version = COMMAND_VERSION,
	};
	struct relay_check_header header = {
		.group = relayed->header.group,
		.relay_key = relayed->header.relay_key,
		.confirm = true,
		.check.broker_name = slice_of(relay_in->broker->settings->broker_name),
	};

	fields_encode(relay_check_header_fields, &header, &relayed->arena, &command);
	relay_in->n_confirming++;
	if (masters_ask(relay_in->broker->masters, master,
		&(struct master_request){ &command, SLICE(""), TIMEOUT_MS }, on_confirmed, relayed))
		return;
	relay_in->n_confirming--;
	refuse(relayed, "bname names no other master of the cluster that can be asked now");
}

static void
run_relayed(struct task *task, void *receiver)
{
	struct relayed_check *relayed = container_of(task, struct relayed_check, task);
	struct relay_in *relay_in = relayed->relay_in;
	const struct relay_check_header *header = &relayed->header;
	struct slice master = header->check.broker_name, key = header->relay_key;

	(void)receiver;
	if (relay_in->stopped)
		finish(relayed, RESPONSE_SYSTEM_BUSY, "the broker stops");
	else if (header->confirm && relay_keys_is_ours(relay_in->keys, master, key))
		finish(relayed, RESPONSE_SUCCESS, NULL);
	else if (header->confirm)
		refuse(relayed, "relayKey is not what this master sends to the master bname");
	else if (relay_keys_is_confirmed(relay_in->keys, master, key))
		serve(relayed);
	else if (key.len == 0)
		refuse(relayed, "only a master of the cluster may ask this: relayKey is missing");
	else if (!header->probe)
		refuse(relayed, "relayKey is not confirmed: a probe has to come first");
	else if (relay_in->n_confirming >= CONFIRMING_MAX)
		finish(relayed, RESPONSE_SYSTEM_BUSY, "too many keys wait to be confirmed");
	else
		ask_back(relayed);
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
	for (const struct field *field = relay_check_header_fields; !field_is_end(field); field++) {
		struct slice *text = (void *)((char *)&relayed->header + field->offset);

		if (field_is_text(field))
			*text = arena_copy(&relayed->arena, *text);
	}
	relayed->body = arena_copy(&relayed->arena, request->body);
	relayed->peer = arena_copy(&relayed->arena, slice_of(conn_peer_text(request->conn)));
	to_loop_0(relayed->relay_in, request->loop, &relayed->task, run_relayed);
	return VERDICT_LATER;
}

/* ---- the END that replies to it --------------------------------------- */

static void
run_answered(struct task *task, void *receiver)
{
	struct forward *forward = container_of(task, struct forward, task);

	forward->done(forward->context, receiver, forward->outcome, forward->why);
	arena_release(&forward->arena);
	free(forward);
}

static enum transaction_outcome
outcome_of(int32_t code)
{
	switch (code) {
	case RESPONSE_SUCCESS:
		return TRANSACTION_DECIDED;
	case RESPONSE_TRANSACTION_SHOULD_COMMIT:
	case RESPONSE_TRANSACTION_SHOULD_ROLLBACK:
		return TRANSACTION_CONTRADICTED;
	default:
		return TRANSACTION_FAILED;
	}
}

static void
on_forwarded(void *arg, const struct command *reply, struct slice body)
{
	struct forward *forward = arg;

	(void)body;
	if (reply != NULL) {
		forward->outcome = outcome_of(reply->code);
		forward->why = arena_copy(&forward->arena, reply->remark);
	} else {
		forward->outcome = TRANSACTION_FAILED;
		forward->why = SLICE("the master that has the half message does not answer; it "
				     "will ask again");
	}
	if (forward->outcome != TRANSACTION_DECIDED)
		log_debug("another master did not take an END master=%s code=%d",
		    forward->master.data, reply != NULL ? reply->code : RESPONSE_SYSTEM_ERROR);
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
	if (!masters_ask(relay_in->broker->masters, forward->master,
		&(struct master_request){ &forward->command, SLICE(""), TIMEOUT_MS }, on_forwarded,
		forward))
		on_forwarded(forward, NULL, SLICE_NONE);
}

static int32_t
commit_or_rollback(enum half_event_kind kind)
{
	return kind == EVENT_COMMIT     ? SYS_FLAG_COMMIT
	       : kind == EVENT_ROLLBACK ? SYS_FLAG_ROLLBACK
	                                : 0;
}

/* The END as a request to the other master, in the arena of forward. */
static void
compose_end(struct forward *forward, const struct transaction_decision *decision, struct slice id)
{
	struct arena *arena = &forward->arena;
	struct slice peer = host_text(arena, &decision->who);
	struct end_transaction_header header = {
		.producer_group = arena_copy(arena, decision->group),
		.tran_state_table_offset = decision->half_offset,
		.commit_log_offset = decision->position,
		.commit_or_rollback = commit_or_rollback(decision->kind),
		.from_check = true,
		.msg_id = arena_copy(arena, id),
		.transaction_id = arena_copy(arena, id),
	};
	struct command *command = &forward->command;

	*command = (struct command){
		.codec = FRAME_JSON,
		.code = REQUEST_END_TRANSACTION,
		.language = COMMAND_LANGUAGE,
		.version = COMMAND_VERSION,
	};
	fields_encode(end_transaction_header_fields, &header, arena, command);
	struct ext *ext = arena_alloc(arena, (command->n_ext + 1) * sizeof *ext);

	memcpy(ext, command->ext, command->n_ext * sizeof *ext);
	ext[command->n_ext++] = (struct ext){ SLICE(TRANSACTION_RELAYED_FOR),
		arena_printf(arena, "%.*s at %s", (int)peer.len, peer.data,
		    forward->relay_in->broker->settings->broker_name) };
	command->ext = ext;
}

bool
transaction_relay_end(struct worker *worker, const struct transaction_decision *decision,
    struct slice id, transaction_done_fn *done, void *context)
{
	struct relay_in *relay_in = worker->broker->transaction_checks->relay_in;
	struct arena *arena = &worker->loop->arena;
	struct slice key = key_of(arena, decision->position, id);
	struct slice master = recall(relay_in, key, arena);

	if (master.data == NULL)
		return false;
	struct forward *forward = mem_zalloc(sizeof *forward);

	forward->relay_in = relay_in;
	forward->reply_loop = worker->loop;
	forward->done = done;
	forward->context = context;
	forward->master = arena_copy(&forward->arena, master);
	forward->key = arena_copy(&forward->arena, key);
	compose_end(forward, decision, id);
	to_loop_0(relay_in, worker->loop, &forward->task, run_forward);
	return true;
}

/* ---- beginning and end ----------------------------------------------- */

struct relay_in *
relay_in_new(struct broker *broker, struct check_members *members, struct relay_keys *keys)
{
	struct relay_in *relay_in = mem_zalloc(sizeof *relay_in);

	relay_in->broker = broker;
	relay_in->loop = broker_main_loop(broker);
	relay_in->members = members;
	relay_in->keys = keys;
	TAILQ_INIT(&relay_in->askers_age);
	pthread_mutex_init(&relay_in->lock, NULL);
	return relay_in;
}

void
relay_in_stop(struct relay_in *relay_in)
{
	relay_in->stopped = true;
}

void
relay_in_free(struct relay_in *relay_in)
{
	for (struct asker *asker; (asker = TAILQ_FIRST(&relay_in->askers_age)) != NULL;)
		forget_locked(relay_in, asker);
	strmap_release(&relay_in->askers, NULL);
	pthread_mutex_destroy(&relay_in->lock);
	free(relay_in);
}

const struct handler relay_in_handlers[] = {
	HANDLER_TYPED(RELAY_CHECK, relay_check_header, relay_check_begin, HANDLER_ADMIN),
	{ .name = NULL },
};
