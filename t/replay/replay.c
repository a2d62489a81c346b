/*
 * replay: plays recorded requests of real clients again and compares the
 * answers with the recorded ones.
 *
 *   replay [-v] [-t MS] NAMESRV BROKER FILE...
 *
 * Both are HOST:PORT; the broker's fast port is two below. Each file is a
 * conversation (the README of the recordings describes it): its requests go
 * out in their order, on as many connections, with topics, groups and opaques
 * as recorded. Topics that were there when it was recorded, as its routes
 * tell, are created before. Rewritten is only what depends on the run:
 * positions of messages, times that are looked for, how long a pull may wait.
 *
 * Each difference that has no excuse is a line; -v prints the excused ones
 * too. Then a line with the counts. Exit status: 0 no difference without
 * excuse, 1 some, 2 it cannot be played.
 */

#include "config.h"

#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/mem.h"
#include "common/protocol/codes.h"
#include "common/protocol/record.h"
#include "common/protocol/route.h"
#include "t/replay/replay.h"
#include "t/replay/replay_talk.h"

#define HOLD_MS "20"        /* how long a pull is held that got nothing, instead of 15 to 30 s */
#define HOLD_LONG_MS "2000" /* and one that was woken, or answered at once */
#define SETTLE_TRIES 20
#define SETTLE_MS 100
#define OWN_OPAQUE 1000000 /* of what is asked again, apart from the recorded ones */

struct player {
	const char *name_server;
	const char *broker;
	char fast_broker[128];
	int timeout_ms;
	bool verbose;
	int32_t next_opaque;
	struct arena arena;      /* reset after each answer */
	const char *path;        /* of the difference at hand */
	const struct line *line; /* the recorded answer, and its request */
	const struct line *request;
	size_t n_compared, n_excused, n_different;
	bool differs;
};

/* ---- talking ---- */

static const char *
address_of(const struct player *player, struct slice peer)
{
	if (slice_is(peer, "namesrv"))
		return player->name_server;
	if (slice_is(peer, "broker"))
		return player->broker;
	return slice_is(peer, "broker-vip") ? player->fast_broker : NULL;
}

static int
put_request(struct raw *raw, const struct command *request, struct slice body, const char **why)
{
	struct buf bytes = { 0 };
	int status;

	command_encode(&bytes, request, body, body.len);
	status = raw_send(raw, buf_slice(&bytes), why);
	buf_release(&bytes);
	return status;
}

/* The next answer; what the server asks in between is nobody's to answer here. */
static int
next_reply(struct arena *arena, struct raw *raw, struct replay_reply *reply, const char **why)
{
	struct frame frame;

	do {
		if (raw_receive(raw, &frame, why) == -1)
			return -1;
		frame.header = arena_copy(arena, frame.header);
		frame.body = arena_copy(arena, frame.body);
		if (command_decode(arena, &frame, &reply->command) != COMMAND_OK) {
			*why = "the answer cannot be read";
			return -1;
		}
	} while ((reply->command.flag & COMMAND_FLAG_RESPONSE) == 0);
	reply->body = frame.body;
	return 0;
}

static int
call(struct player *player, struct raw *raw, const struct command *request,
    struct replay_reply *reply, const char **why)
{
	if (put_request(raw, request, SLICE(""), why) == -1)
		return -1;
	return next_reply(&player->arena, raw, reply, why);
}

/* The answer with that opaque; others are kept for those who wait for them. */
static int
await(struct talk *talk, int conn, int32_t opaque, struct replay_reply *reply, const char **why)
{
	for (struct early **link = &talk->early; *link != NULL; link = &(*link)->next)
		if ((*link)->conn == conn && (*link)->reply.command.opaque == opaque) {
			*reply = (*link)->reply;
			*link = (*link)->next;
			return 0;
		}
	while (next_reply(&talk->arena, &talk->conns[conn], reply, why) == 0) {
		if (reply->command.opaque == opaque)
			return 0;

		struct early *early = arena_alloc(&talk->arena, sizeof *early);

		*early = (struct early){ talk->early, conn, *reply };
		talk->early = early;
	}
	return -1;
}

/* Where our broker keeps what the recorded one kept at that position; by the unique key of the
 * message. */
struct kept {
	struct kept *next;
	int64_t recorded;
	int64_t ours;
};

static struct kept *kept;

static void
remember_position(const struct replay_reply *recorded, const struct replay_reply *ours)
{
	struct host host;
	struct kept position, *copy;

	if (message_id_parse(command_ext(&recorded->command, "msgId"), &host, &position.recorded) ==
		-1 ||
	    message_id_parse(command_ext(&ours->command, "msgId"), &host, &position.ours) == -1)
		return;
	copy = mem_alloc(sizeof *copy);
	*copy = (struct kept){ kept, position.recorded, position.ours };
	kept = copy;
}

static struct slice
position_of(struct arena *arena, struct slice recorded)
{
	int64_t position;

	if (slice_to_int64(recorded, &position) == 0)
		for (const struct kept *one = kept; one != NULL; one = one->next)
			if (one->recorded == position)
				return arena_printf(arena, "%" PRId64, one->ours);
	return recorded;
}

/* Fields that depend on the run; value NULL: the position of a message, or how long a pull may
 * wait. */
static const struct {
	int32_t code;
	const char *key;
	const char *value;
} rewritten[] = {
	{ REQUEST_PULL_MESSAGE, "suspendTimeoutMillis", NULL },
	{ REQUEST_LITE_PULL_MESSAGE, "suspendTimeoutMillis", NULL },
	{ REQUEST_QUERY_MESSAGE, "beginTimestamp", "0" },
	{ REQUEST_QUERY_MESSAGE, "endTimestamp", "9223372036854775807" },
	{ REQUEST_VIEW_MESSAGE_BY_ID, "offset", NULL },
};

static bool
is_pull(int32_t code)
{
	return code == REQUEST_PULL_MESSAGE || code == REQUEST_LITE_PULL_MESSAGE;
}

static struct slice
value_of_run(struct arena *arena, int32_t code, struct slice recorded, const struct line *reply)
{
	if (!is_pull(code))
		return position_of(arena, recorded);
	if (reply != NULL && (reply->command.code == RESPONSE_SUCCESS ||
				 reply->command.code == RESPONSE_PULL_RETRY_IMMEDIATELY))
		return SLICE(HOLD_LONG_MS);
	return SLICE(HOLD_MS);
}

static void
rewrite(struct arena *arena, struct command *command, const struct line *reply)
{
	struct ext *ext = arena_alloc(arena, command->n_ext * sizeof *ext + 1);

	for (size_t i = 0; i < command->n_ext; i++) {
		ext[i] = command->ext[i];
		for (size_t j = 0; j < sizeof rewritten / sizeof rewritten[0]; j++) {
			if (command->code != rewritten[j].code ||
			    !slice_is(ext[i].key, rewritten[j].key))
				continue;
			ext[i].value =
			    rewritten[j].value != NULL
				? slice_of(rewritten[j].value)
				: value_of_run(arena, command->code, ext[i].value, reply);
		}
	}
	command->ext = command->ext != NULL ? ext : NULL;
}

/* ---- what was there before ---- */

static void
create_topic(struct player *player, struct slice topic, const struct queue_data *queues)
{
	struct arena *arena = &player->arena;
	struct ext ext[] = {
		{ SLICE("topic"), topic },
		{ SLICE("defaultTopic"), SLICE("TBW102") },
		{ SLICE("readQueueNums"), arena_printf(arena, "%d", (int)queues->read_queues) },
		{ SLICE("writeQueueNums"), arena_printf(arena, "%d", (int)queues->write_queues) },
		{ SLICE("perm"), arena_printf(arena, "%d", (int)queues->perm) },
		{ SLICE("topicFilterType"), SLICE("SINGLE_TAG") },
		{ SLICE("topicSysFlag"), SLICE("0") },
		{ SLICE("order"), SLICE("false") },
	};
	struct command create = { .code = REQUEST_UPDATE_AND_CREATE_TOPIC,
		.version = COMMAND_VERSION,
		.ext = ext,
		.n_ext = sizeof ext / sizeof ext[0] };
	struct command route = { .code = REQUEST_GET_ROUTEINFO_BY_TOPIC,
		.version = COMMAND_VERSION,
		.ext = ext,
		.n_ext = 1 };
	struct replay_reply reply = { .command.code = -1 };
	struct raw raw;
	const char *why;

	if (raw_open(&raw, player->broker, player->timeout_ms, &why) == 0)
		(void)call(player, &raw, &create, &reply, &why);
	raw_close(&raw);
	if (reply.command.code != 0 ||
	    raw_open(&raw, player->name_server, player->timeout_ms, &why) == -1)
		return;
	for (int i = 0; i < SETTLE_TRIES; i++) {
		route.opaque = ++player->next_opaque;
		if (call(player, &raw, &route, &reply, &why) == -1 || reply.command.code == 0)
			break;
		poll(NULL, 0, SETTLE_MS);
	}
	raw_close(&raw);
}

/* The first route of a topic says whether it was there. */
static void
create_topics(struct player *player, struct talk *talk)
{
	for (size_t i = 0; i < talk->n_lines; i++) {
		struct line *request = NULL;
		struct slice topic;
		struct route route;
		bool first = true;

		if (talk->lines[i].is_response &&
		    talk->lines[i].of == REQUEST_GET_ROUTEINFO_BY_TOPIC)
			request = talk_request_of(talk, &talk->lines[i]);
		if (request == NULL)
			continue;
		topic = command_ext(&request->command, "topic");
		for (struct line *line = talk->lines; line < request; line++)
			first &= line->command.code != REQUEST_GET_ROUTEINFO_BY_TOPIC ||
			         line->is_response ||
			         !slice_equal(command_ext(&line->command, "topic"), topic);
		if (first && talk->lines[i].command.code == 0 && !slice_is(topic, "TBW102") &&
		    route_read(&player->arena, talk->lines[i].body, &route) == 0 &&
		    route.n_queues > 0)
			create_topic(player, topic, &route.queues[0]);
		arena_reset(&player->arena);
	}
}

/* ---- playing ---- */

/* The difference with what was asked about, and its excuse. */
static const char *
explain(struct player *player, const char *what, char *text, size_t size)
{
	struct slice topic = command_ext(&player->request->command, "topic");

	snprintf(
	    text, size, "%s%s%.*s", what, topic.len > 0 ? " of " : "", (int)topic.len, topic.data);
	return replay_excuse(player->path, player->line->of, text);
}

static void
on_difference(void *arg, const char *what)
{
	struct player *player = arg;
	char text[600];
	const char *excuse = explain(player, what, text, sizeof text);

	if (excuse != NULL)
		player->n_excused++;
	else
		player->n_different++;
	if (excuse == NULL || player->verbose)
		printf("%s:%d: %d: %s%s%s\n", player->path, player->line->number,
		    (int)player->line->of, text, excuse != NULL ? " # " : "",
		    excuse != NULL ? excuse : "");
}

/* Only looks whether there is one worth asking again. */
static void
on_difference_maybe(void *arg, const char *what)
{
	struct player *player = arg;
	char text[600];

	player->differs |= explain(player, what, text, sizeof text) == NULL;
}

static struct raw *
conn_of(struct player *player, struct talk *talk, const struct line *line)
{
	const char *address = address_of(player, line->peer), *why;

	if (address == NULL)
		return NULL;
	if (!talk->open[line->conn]) {
		if (raw_open(&talk->conns[line->conn], address, player->timeout_ms, &why) == -1)
			talk_die(talk->path, line->number, why);
		talk->open[line->conn] = true;
	}
	return &talk->conns[line->conn];
}

static void
lose(struct talk *talk, int conn)
{
	raw_close(&talk->conns[conn]);
	talk->open[conn] = false;
}

/* Sends it, and compares the answer; that of a pull is compared where it was recorded. */
static void
play_request(struct player *player, struct talk *talk, struct line *line)
{
	struct raw *raw = conn_of(player, talk, line);
	struct line *recorded = talk_reply_to(talk, line);
	struct command request = line->command;
	int tries = replay_settles(request.code) ? SETTLE_TRIES : 1;
	struct replay_reply theirs, ours;
	const char *why;

	if (raw == NULL)
		return;
	rewrite(&player->arena, &request, recorded);
	player->path = talk->path;
	player->line = recorded;
	player->request = line;
	if (put_request(raw, &request, line->body, &why) == -1) {
		lose(talk, line->conn);
		return;
	}
	line->sent = true;
	if (recorded == NULL || is_pull(request.code))
		return;
	theirs = (struct replay_reply){ recorded->command, recorded->body };
	for (;;) {
		if (await(talk, line->conn, request.opaque, &ours, &why) == -1) {
			on_difference(player, why);
			lose(talk, line->conn);
			return;
		}
		player->differs = false;
		replay_compare(&player->arena, &theirs, &ours, on_difference_maybe, player);
		if (!player->differs || --tries == 0)
			break;
		poll(NULL, 0, SETTLE_MS);
		request.opaque = OWN_OPAQUE + ++player->next_opaque;
		(void)put_request(raw, &request, line->body, &why);
	}
	player->n_compared++;
	replay_compare(&player->arena, &theirs, &ours, on_difference, player);
	remember_position(&theirs, &ours);
}

static void
play_reply(struct player *player, struct talk *talk, struct line *recorded)
{
	struct line *request = talk_request_of(talk, recorded);
	struct replay_reply theirs = { recorded->command, recorded->body }, ours;
	const char *why;

	if (request == NULL || !request->sent || !talk->open[recorded->conn])
		return;
	player->path = talk->path;
	player->line = recorded;
	player->request = request;
	player->n_compared++;
	if (await(talk, recorded->conn, recorded->command.opaque, &ours, &why) == -1)
		on_difference(player, why);
	else
		replay_compare(&player->arena, &theirs, &ours, on_difference, player);
}

static void
play(struct player *player, const char *path)
{
	struct talk talk = { .path = path };

	talk_read(&talk);
	create_topics(player, &talk);
	for (size_t i = 0; i < talk.n_lines; i++) {
		struct line *line = &talk.lines[i];

		if (line->to_server && !line->is_response && replay_in_scope(line->command.code))
			play_request(player, &talk, line);
		else if (line->is_response && !line->to_server && is_pull(line->of))
			play_reply(player, &talk, line);
		arena_reset(&player->arena);
	}
	talk_release(&talk);
	while (kept != NULL) {
		struct kept *next = kept->next;

		free(kept);
		kept = next;
	}
}

int
main(int argc, char **argv)
{
	struct player player = { .timeout_ms = 3000 };
	const char *colon;
	int option;

	while ((option = getopt(argc, argv, "vt:")) != -1) {
		if (option == 'v')
			player.verbose = true;
		else if (option == 't')
			player.timeout_ms = (int)strtol(optarg, NULL, 10);
		else
			return 2;
	}
	if (argc - optind < 3 || (colon = strrchr(argv[optind + 1], ':')) == NULL) {
		fputs("use: replay [-v] [-t MS] NAMESRV BROKER FILE...\n", stderr);
		return 2;
	}
	player.name_server = argv[optind];
	player.broker = argv[optind + 1];
	snprintf(player.fast_broker, sizeof player.fast_broker, "%.*s:%ld",
	    (int)(colon - player.broker), player.broker, strtol(colon + 1, NULL, 10) - 2);
	for (int i = optind + 2; i < argc; i++)
		play(&player, argv[i]);
	printf("compared=%zu excused=%zu different=%zu\n", player.n_compared, player.n_excused,
	    player.n_different);
	arena_release(&player.arena);
	return player.n_different != 0;
}
