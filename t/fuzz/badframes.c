/*
 * badframes: sends what no client should send, and sees what comes back.
 *
 *   badframes HOST:PORT broker|namesrv [PART OF A NAME]
 *
 * Where the opaque of a request can be known, an answer with an error is
 * wanted, else the end of the connection; in either case a good client on a
 * connection of its own must be served right afterwards. One line for each
 * case: "ok NAME" or "not ok NAME: reason". At the end a line "held", and many
 * connections stay as they are (frames begun and not sent on, a byte now and
 * then) until the server closes them all or ten seconds have gone.
 * Exit status: 0, or 2 when it cannot be used.
 */

#include "config.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/arena.h"
#include "common/base/clock.h"
#include "common/base/utf8.h"
#include "common/protocol/command.h"
#include "t/fuzz/badframes.h"
#include "t/lib/raw.h"

#define PATIENCE_MS 4000
#define HELD 60
#define HELD_MS 10000
#define DROP_MS 200 /* between two bytes of those that drip */

/* Why nothing may have come back; NULL: that is as expected. */
static const char *
silence(enum expectation expectation, const char *why)
{
	if (strcmp(why, "no answer in time") == 0)
		return "neither an answer nor the end of the connection";
	return expectation == CLOSED || expectation == EITHER ? NULL : "closed without an answer";
}

static const char *
judge(enum expectation expectation, const struct command *command)
{
	if (!utf8_is_valid(command->remark))
		return "its remark is not UTF-8";
	if (command->opaque != BADFRAMES_OPAQUE)
		return "the answer is not to this request";
	if (expectation == CLOSED)
		return "answered, but the opaque was not to be known";
	return command->code == 0 && expectation != ANSWERED ? "it was accepted" : NULL;
}

/* What came back: NULL when it is as expected, else why not. */
static const char *
outcome(struct raw *raw, enum expectation expectation)
{
	struct arena arena = { 0 };
	struct command command;
	struct frame frame;
	const char *why = NULL;
	bool told; /* a broker tells its clients of others: that is no answer */

	do {
		told = false;
		if (raw_receive(raw, &frame, &why) == -1)
			why = silence(expectation, why);
		else if (command_decode(&arena, &frame, &command) != COMMAND_OK)
			why = "the answer cannot be read";
		else if (!(told = (command.flag & COMMAND_FLAG_RESPONSE) == 0))
			why = judge(expectation, &command);
	} while (told);
	arena_release(&arena);
	return why;
}

static const char *
run_case(const char *address, const struct bad *bad)
{
	struct buf bytes = { 0 };
	struct raw raw;
	const char *why;

	bad->build(&bytes);
	if (raw_open(&raw, address, PATIENCE_MS, &why) == 0) {
		/* The peer may have closed before it had all: what it says is read in any case. */
		(void)raw_send(&raw, buf_slice(&bytes), &why);
		if (bad->expectation == CLOSED)
			shutdown(raw.fd, SHUT_WR);
		why = outcome(&raw, bad->expectation);
	}
	raw_close(&raw);
	buf_release(&bytes);
	return why;
}

static const char *
serve_good_client(struct raw *good)
{
	struct buf request = { 0 };
	const char *why;

	badframes_unknown_code(&request);
	if (raw_send(good, buf_slice(&request), &why) == 0)
		why = outcome(good, REFUSED);
	buf_release(&request);
	return why;
}

static void
report(const char *name, const char *why)
{
	if (why == NULL)
		printf("ok %s\n", name);
	else
		printf("not ok %s: %s\n", name, why);
	fflush(stdout);
}

/* Sends a byte to each that is still open; how many are. */
static int
drip(struct raw *held, int n)
{
	int open = 0;

	for (int i = 0; i < n; i++) {
		char byte;

		if (held[i].fd == -1)
			continue;
		if (recv(held[i].fd, &byte, 1, MSG_DONTWAIT) == 0 ||
		    send(held[i].fd, "x", 1, MSG_NOSIGNAL) == -1) {
			close(held[i].fd);
			held[i].fd = -1;
		} else {
			open++;
		}
	}
	return open;
}

/* Frames of nearly 16 MiB that are begun; half of them go on, a byte at a time. */
static const char *
hold(const char *address, struct raw *good)
{
	static struct raw held[HELD];
	struct buf begin = { 0 };
	int64_t end = clock_mono_ms() + HELD_MS;
	const char *why = NULL;
	int open = HELD;

	buf_put_u32(&begin, FRAME_MAX_BYTES - 100);
	buf_put_u32(&begin, 1000);
	memset(buf_reserve(&begin, 900), '{', 900);
	begin.len += 900;
	for (int i = 0; i < HELD && why == NULL; i++)
		if (raw_open(&held[i], address, PATIENCE_MS, &why) == 0)
			(void)raw_send(&held[i], buf_slice(&begin), &why);
	buf_release(&begin);
	printf("held\n");
	fflush(stdout);
	while (why == NULL && open > 0) {
		why = serve_good_client(good);
		open = drip(held, HELD);
		if (open > 0 && clock_mono_ms() > end)
			why = "some are still open";
		poll(NULL, 0, DROP_MS);
	}
	for (int i = 0; i < HELD; i++)
		raw_close(&held[i]);
	return why;
}

int
main(int argc, char **argv)
{
	struct raw good;
	const char *why;

	if (argc != 3 && argc != 4) {
		fputs("use: badframes HOST:PORT broker|namesrv [PART OF A NAME]\n", stderr);
		return 2;
	}
	for (const struct bad *bad = badframes_cases; bad->name != NULL; bad++) {
		if (bad->only != NULL && strcmp(bad->only, argv[2]) != 0)
			continue;
		if (argc == 4 && strstr(bad->name, argv[3]) == NULL)
			continue;
		why = run_case(argv[1], bad);
		if (why == NULL && raw_open(&good, argv[1], PATIENCE_MS, &why) == 0) {
			why = serve_good_client(&good);
			raw_close(&good);
		}
		report(bad->name, why);
	}
	if (argc == 4)
		return 0;
	if (raw_open(&good, argv[1], PATIENCE_MS, &why) == 0)
		why = hold(argv[1], &good);
	report("frames that never end are closed, a good client is served meanwhile", why);
	raw_close(&good);
	return 0;
}
