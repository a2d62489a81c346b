/*
 * resends: sends messages with unique keys again and again, to a broker that is killed meanwhile,
 * and checks that each is stored once.
 *
 *   resends HOST:PORT TOPIC N WINDOW [PIDFILE]
 *
 * N messages go to queue 0. Each round has WINDOW sends on their way: new messages, those that had
 * no reply when the broker died, some twice, and old ones once more. At the end each is sent once
 * more. Every reply about one message must be the same, and the queue must have N messages. Four
 * times, when a third of a round has its replies, the process that PIDFILE names gets kill -9;
 * somebody starts it again.
 *
 * It prints sent=, resent=, deaths=, refused=, contradictions= and end=. Exit status: 0 as
 * promised, 1 not so, 2 wrong use.
 */

#include "config.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/arena.h"
#include "common/base/mem.h"
#include "common/protocol/codes.h"
#include "common/protocol/command.h"
#include "t/lib/raw.h"

#define ID_BYTES 32
#define PATIENCE_MS 30000
#define PAUSE_US 20000
#define TRIES_MAX 3000 /* to connect: a minute */
#define KILLS 4
#define LATELY 5000 /* old messages are among so many */

/* What the broker said about it; offset -1: nothing yet. */
struct sent {
	int64_t offset;
	char id[ID_BYTES];
};

struct resends {
	const char *address;
	const char *topic;
	struct raw raw;
	struct sent *list;
	int32_t n, window, next;
	int32_t *open; /* first sends without a reply */
	int32_t n_open;
	const char *pid_file; /* NULL: nobody is killed */
	int32_t n_kills;
	unsigned seed;
	struct arena arena;
	int64_t n_sent, n_resent, n_deaths, n_refused, n_contradictions;
};

static void
connect_again(struct resends *all)
{
	const char *why = "";

	for (int i = 0; i < TRIES_MAX; i++) {
		if (raw_open(&all->raw, all->address, PATIENCE_MS, &why) == 0)
			return;
		usleep(PAUSE_US);
	}
	fprintf(stderr, "resends: %s: %s\n", all->address, why);
	exit(1);
}

static void
put_send(struct resends *all, struct buf *out, int32_t number)
{
	struct slice properties = arena_printf(&all->arena, "UNIQ_KEY\x01KEY%08d\x02", number);
	const struct ext ext[] = { { SLICE("a"), SLICE("PG") },
		{ SLICE("b"), slice_of(all->topic) }, { SLICE("c"), SLICE("TBW102") },
		{ SLICE("d"), SLICE("1") }, { SLICE("e"), SLICE("0") }, { SLICE("f"), SLICE("0") },
		{ SLICE("g"), SLICE("1700000000000") }, { SLICE("h"), SLICE("0") },
		{ SLICE("i"), properties }, { SLICE("j"), SLICE("0") },
		{ SLICE("k"), SLICE("false") }, { SLICE("m"), SLICE("false") } };
	struct command command = {
		.codec = FRAME_JSON,
		.code = REQUEST_SEND_MESSAGE_V2,
		.version = 407,
		.opaque = number,
		.ext = ext,
		.n_ext = sizeof ext / sizeof *ext,
	};

	command_encode(out, &command, SLICE("once"), strlen("once"));
	all->n_sent++;
}

static int64_t
number_of(const struct command *reply, const char *field)
{
	int64_t number = -1;

	slice_to_int64(command_ext(reply, field), &number);
	return number;
}

static void
note_reply(struct resends *all, const struct command *reply)
{
	struct sent *sent = &all->list[reply->opaque];
	struct slice id = command_ext(reply, "msgId");
	int64_t offset = number_of(reply, "queueOffset");

	if (reply->code != RESPONSE_SUCCESS || id.len != ID_BYTES) {
		all->n_refused++;
		return;
	}
	if (sent->offset == -1) {
		sent->offset = offset;
		memcpy(sent->id, id.data, ID_BYTES);
		return;
	}
	all->n_resent++;
	if (sent->offset != offset || memcmp(sent->id, id.data, ID_BYTES) != 0)
		all->n_contradictions++;
}

/* -1: the connection ended. */
static int
take_replies(struct resends *all, int32_t n)
{
	const char *why;

	for (int32_t i = 0; i < n; i++) {
		struct frame frame;
		struct command reply;

		if (raw_receive(&all->raw, &frame, &why) == -1 ||
		    command_decode(&all->arena, &frame, &reply) != COMMAND_OK)
			return -1;
		note_reply(all, &reply);
	}
	return 0;
}

static void
kill_if_due(struct resends *all)
{
	FILE *file = NULL;
	long pid = 0;

	if (all->pid_file == NULL || all->n_kills == KILLS ||
	    all->next < (all->n_kills + 1) * (all->n / (KILLS + 1)) ||
	    (file = fopen(all->pid_file, "r")) == NULL)
		return;
	if (fscanf(file, "%ld", &pid) == 1 && pid > 1 && kill((pid_t)pid, SIGKILL) == 0)
		all->n_kills++;
	fclose(file);
}

static int
take_round(struct resends *all, int32_t n)
{
	if (take_replies(all, n / 3) == -1)
		return -1;
	kill_if_due(all);
	return take_replies(all, n - n / 3);
}

/* Sends these and waits for their replies, or for the end of the broker. */
static void
play(struct resends *all, const int32_t *numbers, int32_t n)
{
	struct buf out = { 0 };
	const char *why;

	for (int32_t i = 0; i < n; i++)
		put_send(all, &out, numbers[i]);
	if (raw_send(&all->raw, buf_slice(&out), &why) == -1 || take_round(all, n) == -1) {
		all->n_deaths++;
		raw_close(&all->raw);
		connect_again(all);
	}
	buf_release(&out);
	arena_reset(&all->arena);
}

/* The next message of a round. */
static int32_t
choose(struct resends *all, int32_t *n_open)
{
	all->seed = all->seed * 1103515245u + 12345u;
	unsigned dice = all->seed >> 16;
	int32_t back = all->next < LATELY ? all->next : LATELY;

	if (*n_open > 0)
		return all->open[--*n_open];
	if (all->next < all->n && (dice % 2 == 0 || all->next == 0))
		return all->next++;
	return all->next - 1 - (int32_t)((dice / 2) % (unsigned)back);
}

static void
play_all(struct resends *all)
{
	int32_t *numbers = mem_alloc((size_t)all->window * sizeof *numbers);

	while (all->next < all->n || all->n_open > 0) {
		int32_t first = all->next, n_open = all->n_open;

		for (int32_t i = 0; i < all->window; i++)
			numbers[i] = choose(all, &n_open);
		play(all, numbers, all->window);
		int32_t n_still = 0;

		for (int32_t i = 0; i < all->n_open; i++)
			if (all->list[all->open[i]].offset == -1)
				all->open[n_still++] = all->open[i];
		for (int32_t i = first; i < all->next; i++)
			if (all->list[i].offset == -1)
				all->open[n_still++] = i;
		all->n_open = n_still;
	}
	for (int32_t i = 0; i < all->n; i += all->window) {
		int32_t n = all->n - i < all->window ? all->n - i : all->window;

		for (int32_t k = 0; k < n; k++)
			numbers[k] = i + k;
		play(all, numbers, n);
	}
	free(numbers);
}

static int64_t
queue_end(struct resends *all)
{
	const struct ext ext[] = { { SLICE("topic"), slice_of(all->topic) },
		{ SLICE("queueId"), SLICE("0") } };
	struct command command = { .codec = FRAME_JSON,
		.code = REQUEST_GET_MAX_OFFSET,
		.version = 407,
		.ext = ext,
		.n_ext = 2 };
	struct buf out = { 0 };
	struct frame frame;
	struct command reply;
	const char *why;
	int64_t end = -1;

	command_encode(&out, &command, SLICE(""), 0);
	if (raw_send(&all->raw, buf_slice(&out), &why) == 0 &&
	    raw_receive(&all->raw, &frame, &why) == 0 &&
	    command_decode(&all->arena, &frame, &reply) == COMMAND_OK)
		end = number_of(&reply, "offset");
	buf_release(&out);
	return end;
}

/* Whether the messages have the offsets 0 .. n - 1, each once. */
static bool
each_once(const struct resends *all)
{
	bool *seen = mem_zalloc((size_t)all->n);
	bool once = true;

	for (int32_t i = 0; i < all->n && once; i++) {
		int64_t offset = all->list[i].offset;

		once = offset >= 0 && offset < all->n && !seen[offset];
		if (once)
			seen[offset] = true;
	}
	free(seen);
	return once;
}

int
main(int argc, char **argv)
{
	struct resends all = { .seed = 7 };

	if (argc != 5 && argc != 6) {
		fputs("usage: resends HOST:PORT TOPIC N WINDOW [PIDFILE]\n", stderr);
		return 2;
	}
	all.address = argv[1];
	all.topic = argv[2];
	all.n = (int32_t)strtol(argv[3], NULL, 10);
	all.window = (int32_t)strtol(argv[4], NULL, 10);
	all.pid_file = argv[5];
	all.list = mem_alloc((size_t)all.n * sizeof *all.list);
	all.open = mem_alloc((size_t)all.n * sizeof *all.open);
	for (int32_t i = 0; i < all.n; i++)
		all.list[i].offset = -1;
	connect_again(&all);
	play_all(&all);

	int64_t end = queue_end(&all);

	printf("sent=%lld\nresent=%lld\ndeaths=%lld\nrefused=%lld\ncontradictions=%lld\nend=%lld\n",
	    (long long)all.n_sent, (long long)all.n_resent, (long long)all.n_deaths,
	    (long long)all.n_refused, (long long)all.n_contradictions, (long long)end);
	bool kept = all.n_contradictions == 0 && end == all.n && each_once(&all);

	raw_close(&all.raw);
	arena_release(&all.arena);
	free(all.open);
	free(all.list);
	return kept ? 0 : 1;
}
