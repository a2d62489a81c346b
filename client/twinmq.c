#include "config.h"

#include "client/twinmq.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/twinmq_private.h"
#include "common/base/clock.h"
#include "common/base/container_of.h"
#include "common/protocol/codes.h"
#include "common/base/mem.h"

#define NAME_SERVERS_MAX 16
#define ROUTE_AGE_MS 30000

void
twinmq_error_set(struct twinmq_error *error, int32_t code, const char *format, ...)
{
	va_list args;

	error->code = code;
	va_start(args, format);
	vsnprintf(error->text, sizeof error->text, format, args);
	va_end(args);
	for (char *c = error->text; *c != '\0'; c++)
		if ((unsigned char)*c < 0x20)
			*c = ' ';
}

void
twinmq_error_of_reply(struct twinmq_error *error, struct slice address, const struct command *reply)
{
	struct slice remark = reply->remark, line;

	/* RocketMQ puts a link to its questions page on the next line. */
	if (!slice_next(&remark, '\n', &line) || slice_trim(line).len == 0)
		line = SLICE("no reason given");
	line = slice_trim(line);
	twinmq_error_set(error, reply->code, "%.*s says: %.*s (code %d, %s)", (int)address.len,
	    address.data, line.len > 300 ? 300 : (int)line.len, line.data, (int)reply->code,
	    response_code_name(reply->code));
}

int
twinmq_fail(struct twinmq *mq, const struct twinmq_error *error)
{
	mq->error = *error;
	return -1;
}

const struct twinmq_error *
twinmq_error(const struct twinmq *mq)
{
	return &mq->error;
}

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

/* Cuts the list at ; , and blanks. 0, or -1 with *error. */
static int
read_name_servers(struct twinmq *mq, const char *list, struct twinmq_error *error)
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

struct twinmq *
twinmq_open(const struct twinmq_options *options, struct twinmq_error *error)
{
	struct twinmq *mq = mem_zalloc(sizeof *mq);

	mq->timeout_ms = options->timeout_ms > 0 ? options->timeout_ms : TWINMQ_TIMEOUT_MS;
	mq->route_age_ms = options->route_age_ms > 0 ? options->route_age_ms : ROUTE_AGE_MS;
	mq->on_request = options->on_request;
	mq->context = options->context;
	mq->tell_failed.run = twinmq_calls_tell_failed;
	membership_init(&mq->membership, mq);
	mq->loop = options->loop;
	if (mq->loop == NULL) {
		mq->loop = &mq->own_loop;
		mq->owns_loop = true;
		loop_init(mq->loop, 0);
	}
	if (read_name_servers(mq,
		options->name_servers != NULL ? options->name_servers : TWINMQ_NAME_SERVERS,
		error) == -1) {
		twinmq_close(mq);
		return NULL;
	}
	return mq;
}

void
twinmq_close(struct twinmq *mq)
{
	mq->closing = true;
	strmap_release(&mq->peers, peer_free);
	twinmq_calls_end(mq);
	membership_release(&mq->membership);
	transaction_producers_detach(mq);
	route_cache_release(mq);
	if (mq->owns_loop)
		loop_release(&mq->own_loop);
	for (size_t i = 0; i < mq->n_name_servers; i++)
		free(mq->name_servers[i]);
	free(mq->name_servers);
	/* A lent loop that was asked for the end of its turn still needs the handle, and frees it.
	 */
	if (mq->owns_loop || !mq->tell_failed.asked)
		free(mq);
}

struct loop *
twinmq_loop(struct twinmq *mq)
{
	return mq->loop;
}

/* The end of a twinmq_run. */
struct run_end {
	struct timer timer;
	struct twinmq *mq;
};

static void
on_run_end(struct timer *self)
{
	twinmq_stop(container_of(self, struct run_end, timer)->mq);
}

void
twinmq_run(struct twinmq *mq, int run_ms)
{
	struct run_end end = { .timer.due = on_run_end, .mq = mq };

	mq->stopped = false;
	if (run_ms >= 0)
		loop_set_timer(mq->loop, &end.timer, clock_mono_ms() + run_ms);
	/* The loop's own stop may be one that a blocking call left behind. */
	while (!mq->stopped)
		loop_run(mq->loop);
	loop_drop_timer(mq->loop, &end.timer);
}

void
twinmq_stop(struct twinmq *mq)
{
	mq->stopped = true;
	loop_stop(mq->loop);
}

const char *
twinmq_name_server(const struct twinmq *mq, size_t index)
{
	return index < mq->n_name_servers ? mq->name_servers[index] : NULL;
}

void
waiting_done(struct waiting *waiting, const struct twinmq_error *error)
{
	waiting->done = true;
	waiting->failed = error != NULL;
	if (error != NULL)
		waiting->mq->error = *error;
	loop_stop(waiting->mq->loop);
}

int
waiting_wait(struct waiting *waiting)
{
	while (!waiting->done)
		loop_run(waiting->mq->loop);
	return waiting->failed ? -1 : 0;
}
