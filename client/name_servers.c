#include "config.h"

#include "client/name_servers.h"

#include <stdlib.h>
#include <string.h>

#include "client/call.h"
#include "client/error.h"
#include "client/handle.h"
#include "common/base/mem.h"

#define NAME_SERVERS_MAX 16

const char *
twinmq_address_fault(struct slice text)
{
	const char *colon = memrchr(text.data, ':', text.len);
	int32_t port;

	if (colon == NULL || colon == text.data)
		return "it is not HOST:PORT";
	for (const char *c = text.data; c < colon; c++)
		if ((unsigned char)*c <= ' ' || *c == 0x7f)
			return "a host has no blanks or control characters";
	struct slice digits = { colon + 1, text.len - (size_t)(colon + 1 - text.data) };
	for (size_t i = 0; i < digits.len; i++)
		if (digits.data[i] < '0' || digits.data[i] > '9')
			return "a port is 1 to 65535";
	if (slice_to_int32(digits, &port) == -1 || port < 1 || port > 65535)
		return "a port is 1 to 65535";
	return NULL;
}

int
name_servers_read(struct twinmq *mq, const char *list, struct twinmq_error *error)
{
	static const char separators[] = ";, \t\n";

	mq->name_servers = mem_zalloc((NAME_SERVERS_MAX + 1) * sizeof *mq->name_servers);
	while (*(list += strspn(list, separators)) != '\0') {
		size_t len = strcspn(list, separators);
		const char *fault = twinmq_address_fault((struct slice){ list, len });

		if (fault != NULL) {
			twinmq_error_set(error, TWINMQ_BAD_ARGUMENT, "name server \"%.*s\": %s",
			    (int)len, list, fault);
			return -1;
		}
		if (mq->n_name_servers == NAME_SERVERS_MAX) {
			twinmq_error_set(error, TWINMQ_BAD_ARGUMENT, "more than %d name servers",
			    NAME_SERVERS_MAX);
			return -1;
		}
		mq->name_servers[mq->n_name_servers++] = mem_strndup(list, len);
		list += len;
	}
	if (mq->n_name_servers != 0)
		return 0;
	twinmq_error_set(
	    error, TWINMQ_BAD_ARGUMENT, "the list of name servers is empty: give HOST:PORT");
	return -1;
}

void
name_servers_release(struct twinmq *mq)
{
	for (size_t i = 0; i < mq->n_name_servers; i++)
		free(mq->name_servers[i]);
	free(mq->name_servers);
}

const char *
twinmq_name_server(const struct twinmq *mq, size_t index)
{
	return index < mq->n_name_servers ? mq->name_servers[index] : NULL;
}

/* ---- one after the other ---- */

struct name_server_call {
	struct twinmq *mq;
	struct arena arena;
	struct command request;
	size_t first; /* index of the first one tried */
	size_t tried;
	struct buf why;
	twinmq_reply_fn *done;
	void *arg;
};

static void ask_next(struct name_server_call *call);

static void
end_name_server_call(struct name_server_call *call, const struct twinmq_error *error,
    const struct command *reply, struct slice body)
{
	call->done(call->arg, error, reply, body);
	buf_release(&call->why);
	arena_release(&call->arena);
	free(call);
}

static void
on_name_server_reply(
    void *arg, const struct twinmq_error *error, const struct command *reply, struct slice body)
{
	struct name_server_call *call = arg;
	struct twinmq *mq = call->mq;

	if (error == NULL) {
		mq->at_name_server = (call->first + call->tried) % mq->n_name_servers;
		end_name_server_call(call, NULL, reply, body);
		return;
	}
	buf_printf(&call->why, "%s%s", call->why.len != 0 ? "; " : "", error->text);
	if (++call->tried < mq->n_name_servers && !mq->closing) {
		ask_next(call);
		return;
	}
	struct twinmq_error all;
	twinmq_error_set(
	    &all, TWINMQ_NO_NAME_SERVER, "no name server answers: %s", buf_text(&call->why));
	end_name_server_call(call, &all, NULL, SLICE(""));
}

static void
ask_next(struct name_server_call *call)
{
	struct twinmq *mq = call->mq;
	const char *address = mq->name_servers[(call->first + call->tried) % mq->n_name_servers];

	twinmq_call_async(mq, slice_of(address), &call->request, SLICE(""), mq->timeout_ms,
	    on_name_server_reply, call);
}

void
twinmq_call_name_server_async(
    struct twinmq *mq, const struct command *request, twinmq_reply_fn *done, void *arg)
{
	struct name_server_call *call = mem_zalloc(sizeof *call);

	call->mq = mq;
	call->first = mq->at_name_server;
	call->done = done;
	call->arg = arg;
	command_copy(&call->request, request, &call->arena);
	ask_next(call);
}

int
twinmq_call_name_server(struct twinmq *mq, const struct command *request, struct arena *arena,
    struct twinmq_reply *reply)
{
	struct blocking_call call = { { .mq = mq }, arena, reply };

	*reply = (struct twinmq_reply){ .body = SLICE("") };
	twinmq_call_name_server_async(mq, request, blocking_call_done, &call);
	if (waiting_wait(&call.waiting) == -1)
		return -1;
	return reply_check(mq, slice_of(mq->name_servers[mq->at_name_server]), reply);
}
