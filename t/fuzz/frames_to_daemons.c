/*
 * frames_to_daemons: sends mutated recorded frames to a name server and a broker, and sees whether
 * they live.
 *
 *   frames_to_daemons [-s SEED] [-t SECONDS] [-p SECONDS] [-d FOLDER] NAMESRV BROKER
 *   frames_to_daemons -f FILE... NAMESRV BROKER      sends these frames, in their order, once
 *
 * Both are HOST:PORT. Each round takes recorded requests, changes them and sends them to the daemon
 * for which they were recorded (one in ten to the other one), on as many connections as there are.
 * After each round both daemons have -p seconds (30) to reply to a good request. A daemon that does
 * not is dead or hangs: the frames of that round are written to FOLDER (.), one file each, for -f,
 * and named with the seed. The same seed sends the same frames.
 *
 * Exit status: 0 both live, 1 one does not, 2 wrong arguments or no recording.
 */

#include "config.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/mem.h"
#include "common/base/wire.h"
#include "common/protocol/codes.h"
#include "common/protocol/command.h"
#include "t/fuzz/mutate.h"
#include "t/lib/raw.h"
#include "t/lib/recording.h"

#define ROUND 64
#define N_CONNECTIONS 8
#define SEND_SECONDS 10

enum target { NAMESRV, BROKER, N_TARGETS };

static const char *const target_names[N_TARGETS] = { "mqnamesrv", "mqbroker" };

struct recorded {
	struct good_frame frame;
	enum target target;
};

/* A frame that was sent. */
struct sent {
	struct buf bytes;
	enum target target;
};

struct run {
	const char *addresses[N_TARGETS];
	struct raw connections[N_TARGETS][N_CONNECTIONS]; /* fd -1: none */
	struct recorded *recorded;
	size_t n_recorded, capacity;
	uint64_t seed, state;
	int ping_ms;
	const char *folder;
	struct sent round[ROUND];
	size_t n_sent;
	uint64_t n_connections, n_reply_bytes;
};

/* ---- the recording ---- */

static struct slice
copy(struct slice slice)
{
	char *bytes = mem_alloc(slice.len + 1);

	if (slice.len > 0)
		memcpy(bytes, slice.data, slice.len);
	return (struct slice){ bytes, slice.len };
}

static void
keep(const struct vector *vector, void *arg)
{
	struct run *run = arg;

	if (!vector->to_server || vector->header.data == NULL)
		return;
	if (run->n_recorded == run->capacity) {
		run->capacity = run->capacity * 2 + 1024;
		run->recorded = mem_realloc(run->recorded, run->capacity * sizeof *run->recorded);
	}
	run->recorded[run->n_recorded++] = (struct recorded){
		.frame = { vector->codec, copy(vector->header), copy(vector->body) },
		.target =
		    slice_is(json_member_text(vector->json, "peer"), "namesrv") ? NAMESRV : BROKER,
	};
}

static void
forget(struct run *run)
{
	for (size_t i = 0; i < run->n_recorded; i++) {
		free((char *)(uintptr_t)run->recorded[i].frame.header.data);
		free((char *)(uintptr_t)run->recorded[i].frame.body.data);
	}
	free(run->recorded);
}

/* ---- connections ---- */

static int
open_connection(struct run *run, enum target target, struct raw *raw)
{
	struct timeval patience = { .tv_sec = SEND_SECONDS };
	const char *why;

	if (raw_open(raw, run->addresses[target], 1, &why) == -1) {
		raw_close(raw);
		raw->fd = -1;
		return -1;
	}
	run->n_connections++;
	setsockopt(raw->fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
	return 0;
}

/* Whatever came is read and dropped: a daemon must not stop because its replies pile up. */
static void
drain(struct run *run, struct raw *raw)
{
	char bytes[65536];
	ssize_t n;

	while ((n = recv(raw->fd, bytes, sizeof bytes, MSG_DONTWAIT)) > 0)
		run->n_reply_bytes += (uint64_t)n;
	if (n == 0 || (errno != EAGAIN && errno != EWOULDBLOCK)) {
		raw_close(raw);
		raw->fd = -1;
	}
}

static void
send_to(struct run *run, const struct sent *sent, size_t which)
{
	struct raw *raw = &run->connections[sent->target][which];
	const char *why;

	if (raw->fd == -1 && open_connection(run, sent->target, raw) == -1)
		return; /* the ping will tell */
	/* Behind a frame with a wrong length, the daemon would take the next ones for its body. */
	if (raw_send(raw, buf_slice(&sent->bytes), &why) == -1 || sent->bytes.len < 4 ||
	    be32_get(sent->bytes.data) + 4 != sent->bytes.len) {
		raw_close(raw);
		raw->fd = -1;
	} else {
		drain(run, raw);
	}
}

/* A good request on a connection of its own, which any daemon replies to. NULL: it did, else why
 * not. */
static const char *
ping(struct run *run, enum target target)
{
	struct ext topic = { SLICE("topic"), SLICE("TBW102") };
	struct command command = { .code = target == NAMESRV ? REQUEST_GET_ROUTEINFO_BY_TOPIC
		                                             : REQUEST_GET_BROKER_RUNTIME_INFO,
		.opaque = 1,
		.version = COMMAND_VERSION,
		.ext = &topic,
		.n_ext = 1 };
	struct buf bytes = { 0 };
	const char *why = NULL;
	struct frame frame;
	struct raw raw;

	command_encode(&bytes, &command, SLICE_NONE, 0);
	if (raw_open(&raw, run->addresses[target], run->ping_ms, &why) == 0 &&
	    raw_send(&raw, buf_slice(&bytes), &why) == 0 && raw_receive(&raw, &frame, &why) == 0)
		why = NULL;
	raw_close(&raw);
	buf_release(&bytes);
	return why;
}

/* ---- rounds ---- */

static void
save_round(const struct run *run)
{
	for (size_t i = 0; i < run->n_sent; i++) {
		const struct sent *sent = &run->round[i];
		char path[4096];
		FILE *file;

		snprintf(path, sizeof path, "%s/frame-%" PRIu64 "-%02zu.%s", run->folder, run->seed,
		    i, target_names[sent->target]);
		file = fopen(path, "wb");
		if (file == NULL ||
		    fwrite(sent->bytes.data, 1, sent->bytes.len, file) != sent->bytes.len)
			perror(path);
		if (file != NULL)
			fclose(file);
	}
}

/* Whether both daemons reply after what was sent. */
static bool
both_live(struct run *run, uint64_t n_round)
{
	for (enum target target = 0; target < N_TARGETS; target++) {
		const char *why = ping(run, target);

		if (why == NULL)
			continue;
		printf("%s does not live: %s; seed=%" PRIu64 " round=%" PRIu64
		       " frames=%s/frame-%" PRIu64 "-*\n",
		    target_names[target], why, run->seed, n_round, run->folder, run->seed);
		save_round(run);
		return false;
	}
	return true;
}

static void
play_round(struct run *run)
{
	run->n_sent = 0;
	for (size_t i = 0; i < ROUND; i++) {
		const struct recorded *one =
		    &run->recorded[mutate_below(&run->state, (uint32_t)run->n_recorded)];
		const struct recorded *two =
		    &run->recorded[mutate_below(&run->state, (uint32_t)run->n_recorded)];
		struct sent *sent = &run->round[run->n_sent++];

		sent->bytes.len = 0;
		sent->target =
		    mutate_below(&run->state, 10) == 0 ? N_TARGETS - 1 - one->target : one->target;
		mutate_frame(&sent->bytes, &one->frame, &two->frame, &run->state);
		send_to(run, sent, mutate_below(&run->state, N_CONNECTIONS));
	}
}

/* Each round has a state of its own, so that one can be played without those before it. */
static int
play(struct run *run, int64_t end_ms)
{
	uint64_t n_rounds = 0;

	while (clock_mono_ms() < end_ms) {
		run->state = run->seed + n_rounds * 1000003;
		play_round(run);
		if (!both_live(run, n_rounds++))
			return 1;
	}
	printf("seed=%" PRIu64 " rounds=%" PRIu64 " frames=%" PRIu64 " connections=%" PRIu64
	       " reply_bytes=%" PRIu64 "\n",
	    run->seed, n_rounds, n_rounds * ROUND, run->n_connections, run->n_reply_bytes);
	return 0;
}

/* Sends the frames of files, each on a connection of its own. */
static int
play_files(struct run *run, char **paths, int n)
{
	for (int i = 0; i < n; i++) {
		struct sent sent = { .target = strstr(paths[i], ".mqnamesrv") != NULL ? NAMESRV
			                                                              : BROKER };
		FILE *file = fopen(paths[i], "rb");
		size_t got;

		if (file == NULL) {
			perror(paths[i]);
			return 2;
		}
		while ((got = fread(buf_reserve(&sent.bytes, 65536), 1, 65536, file)) > 0)
			sent.bytes.len += got;
		fclose(file);
		send_to(run, &sent, (size_t)i % N_CONNECTIONS);
		buf_release(&sent.bytes);
	}
	return both_live(run, 0) ? 0 : 1;
}

static int
usage(void)
{
	fputs("usage: frames_to_daemons [-s SEED] [-t SECONDS] [-p SECONDS] [-d FOLDER] [-f "
	      "FILE...] NAMESRV BROKER\n",
	    stderr);
	return 2;
}

int
main(int argc, char **argv)
{
	struct run run = { .seed = 1, .ping_ms = 30000, .folder = "." };
	bool files = false;
	int seconds = 60, option, status;

	while ((option = getopt(argc, argv, "s:t:p:d:f")) != -1) {
		if (option == 's')
			run.seed = strtoull(optarg, NULL, 10);
		else if (option == 't')
			seconds = atoi(optarg);
		else if (option == 'p')
			run.ping_ms = atoi(optarg) * 1000;
		else if (option == 'd')
			run.folder = optarg;
		else if (option == 'f')
			files = true;
		else
			return usage();
	}
	if (argc - optind < 2)
		return usage();
	run.addresses[NAMESRV] = argv[argc - 2];
	run.addresses[BROKER] = argv[argc - 1];
	for (int i = 0; i < N_TARGETS * N_CONNECTIONS; i++)
		run.connections[i / N_CONNECTIONS][i % N_CONNECTIONS].fd = -1;
	setlinebuf(stdout);
	if (files) {
		status = play_files(&run, argv + optind, argc - optind - 2);
	} else if (recording_folder() == NULL || recording_each(keep, &run) <= 0 ||
		   run.n_recorded == 0) {
		fputs("frames_to_daemons: no recorded frames: VECTORS names no folder\n", stderr);
		status = 2;
	} else {
		status = play(&run, clock_mono_ms() + seconds * 1000);
	}
	for (int i = 0; i < N_TARGETS * N_CONNECTIONS; i++)
		raw_close(&run.connections[i / N_CONNECTIONS][i % N_CONNECTIONS]);
	for (size_t i = 0; i < ROUND; i++)
		buf_release(&run.round[i].bytes);
	forget(&run);
	return status;
}
