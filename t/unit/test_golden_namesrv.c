#include "config.h"

/*
 * What recorded clients, tools and brokers asked a name server of RocketMQ, asked
 * again of ours: the same code, the fields that the recorded answer has, and for
 * routes, clusters and lists of pairs the same body. The brokers and pairs that the
 * recorded answer tells of are registered first.
 */

#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/json/json_body.h"
#include "common/protocol/codes.h"
#include "common/protocol/command.h"
#include "common/protocol/registration.h"
#include "common/protocol/route.h"
#include "t/lib/raw.h"
#include "t/unit/json_equal.h"
#include "t/unit/vectors.h"

TestSuite(golden_namesrv, .timeout = 120, .init = vectors_require);

#define MAX_WAITING 64

struct waiting { /* a recorded request whose recorded answer has not come yet */
	bool used;
	int64_t conn;
	int32_t opaque;
	struct buf frame;
	int32_t code;
};

struct player {
	pid_t pid;
	char directory[64];
	char address[32];
	struct raw raw;
	struct arena arena;
	const char *path; /* of the file that is played */
	struct waiting waiting[MAX_WAITING];
	struct command registered[8]; /* brokers, as 104 names them */
	size_t n_registered;
	struct arena identities;
	int32_t counter;
	int compared;
};

/* ---- The name server ---- */

static void
start(struct player *player)
{
	char log[96], store[96], text[4096] = "", *at = NULL;
	const char *build = getenv("BUILDDIR");
	char program[512];

	snprintf(player->directory, sizeof player->directory, "/tmp/twinmq-golden.XXXXXX");
	cr_assert_not_null(mkdtemp(player->directory));
	snprintf(log, sizeof log, "%s/log", player->directory);
	snprintf(store, sizeof store, "storePath=%s", player->directory);
	snprintf(program, sizeof program, "%s/mqnamesrv", build != NULL ? build : ".");
	player->pid = fork();
	if (player->pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that fails leaves none behind */
		cr_assert_not_null(freopen(log, "w", stderr));
		execl(program, program, "-o", "listenPort=0", "-o", store, NULL);
		_exit(127);
	}
	for (int i = 0; i < 500 && at == NULL; i++) {
		FILE *file = fopen(log, "r");

		usleep(10000);
		if (file == NULL)
			continue;
		text[fread(text, 1, sizeof text - 1, file)] = '\0';
		at = strstr(text, "port=");
		fclose(file);
	}
	cr_assert_not_null(at, "%s did not get ready: %s", program, text);
	snprintf(player->address, sizeof player->address, "127.0.0.1:%d", atoi(at + 5));
	cr_assert_eq(raw_open(&player->raw, player->address, 5000, &(const char *){ NULL }), 0);
}

static void
stop(struct player *player)
{
	static const char *const files[] = { "log", "namesrv.db", "namesrv.db-wal" };
	char path[96];
	int status;

	raw_close(&player->raw);
	kill(player->pid, SIGTERM);
	waitpid(player->pid, &status, 0);
	cr_assert_eq(status, 0);
	for (size_t i = 0; i < 3; i++) {
		snprintf(path, sizeof path, "%s/%s", player->directory, files[i]);
		unlink(path);
	}
	rmdir(player->directory);
	arena_release(&player->arena);
	arena_release(&player->identities);
}

/* Bytes out, and (unless oneway) an answer in, decoded; lent until the next exchange. */
static void
exchange(struct player *player, struct slice bytes, struct command *reply, struct slice *body)
{
	struct frame frame;
	const char *why = "";

	cr_assert_eq(raw_send(&player->raw, bytes, &why), 0, "%s", why);
	if (reply == NULL)
		return;
	cr_assert_eq(raw_receive(&player->raw, &frame, &why), 0, "%s: %.*s: %s", player->path,
	    (int)bytes.len, bytes.data, why);
	cr_assert_eq(command_decode(&player->arena, &frame, reply), COMMAND_OK);
	*body = frame.body;
}

static void
ask(struct player *player, int32_t code, const struct ext *ext, size_t n_ext, struct slice body)
{
	struct command command = {
		.code = code, .version = 479, .opaque = 1, .ext = ext, .n_ext = n_ext
	};
	struct command reply;
	struct slice ignored;
	struct buf bytes = { 0 };

	command_encode(&bytes, &command, body, body.len);
	exchange(player, buf_slice(&bytes), &reply, &ignored);
	cr_assert_eq(reply.code, 0, "%s: arranging with %d: %.*s", player->path, code,
	    (int)reply.remark.len, reply.remark.data);
	buf_release(&bytes);
}

/* ---- What must be there for the recorded answer ---- */

static void
forget_brokers(struct player *player)
{
	for (size_t i = 0; i < player->n_registered; i++)
		ask(player, REQUEST_UNREGISTER_BROKER, player->registered[i].ext,
		    player->registered[i].n_ext, SLICE_NONE);
	player->n_registered = 0;
	arena_reset(&player->identities);
}

static void
register_member(struct player *player, const struct broker_data *broker,
    const struct broker_address *address, struct slice ha_address, const struct topic_config *topic)
{
	struct registration registration = { .table = { .version = { 1, ++player->counter, 0 },
						 .topics = topic,
						 .n_topics = topic != NULL } };
	struct ext *ext = arena_alloc(&player->identities, 8 * sizeof *ext);
	struct arena *arena = &player->identities;
	size_t n = 0;
	struct buf text = { 0 };
	struct json_out out;

	ext[n++] = (struct ext){ SLICE("brokerName"), arena_copy(arena, broker->name) };
	ext[n++] = (struct ext){ SLICE("brokerAddr"), arena_copy(arena, address->address) };
	ext[n++] = (struct ext){ SLICE("clusterName"), arena_copy(arena, broker->cluster) };
	ext[n++] = (struct ext){ SLICE("brokerId"), arena_printf(arena, "%d", (int)address->id) };
	ext[n++] = (struct ext){ SLICE("haServerAddr"), arena_copy(arena, ha_address) };
	if (broker->acting_master != ACTING_MASTER_UNSAID)
		ext[n++] = (struct ext){ SLICE("enableActingMaster"),
			broker->acting_master == ACTING_MASTER_YES ? SLICE("true")
								   : SLICE("false") };
	json_out_init(&out, &text);
	registration_write(&out, &registration);
	ask(player, REQUEST_REGISTER_BROKER, ext, n, buf_slice(&text));
	cr_assert_lt(player->n_registered, 8);
	player->registered[player->n_registered++] = (struct command){ .ext = ext, .n_ext = 4 };
	buf_release(&text);
}

/* All members of the broker; one that has lost its master had one to bring the topic. */
static void
register_broker(
    struct player *player, const struct broker_data *broker, const struct topic_config *topic)
{
	struct broker_address gone = { MASTER_ID, SLICE("127.0.0.1:1") };
	bool has_master = broker->n_addresses != 0 && broker->addresses[0].id == MASTER_ID;

	if (!has_master)
		register_member(player, broker, &gone, SLICE("127.0.0.1:2"), topic);
	for (size_t i = 0; i < broker->n_addresses; i++)
		register_member(player, broker, &broker->addresses[i], SLICE("127.0.0.1:2"), topic);
	if (!has_master)
		ask(player, REQUEST_UNREGISTER_BROKER,
		    player->registered[player->n_registered - broker->n_addresses - 1].ext, 4,
		    SLICE_NONE);
}

static void
arrange_route(struct player *player, struct slice topic, const struct vector *recorded)
{
	struct route route;

	forget_brokers(player);
	if (recorded->code != RESPONSE_SUCCESS)
		return;
	cr_assert_eq(route_read(recorded->arena, recorded->body, &route), 0);
	for (size_t i = 0; i < route.n_queues; i++) {
		const struct queue_data *queues = &route.queues[i];
		struct topic_config config = {
			.name = topic,
			.read_queues = queues->read_queues,
			.write_queues = queues->write_queues,
			.perm = queues->perm,
			.sys_flag = queues->sys_flag,
		};

		for (size_t b = 0; b < route.n_brokers; b++)
			if (slice_equal(route.brokers[b].name, queues->broker_name))
				register_broker(player, &route.brokers[b], &config);
	}
}

static void
arrange_cluster(struct player *player, const struct vector *recorded)
{
	struct cluster_info info;

	forget_brokers(player);
	cr_assert_eq(cluster_info_read(recorded->arena, recorded->body, &info), 0);
	for (size_t i = 0; i < info.n_brokers; i++)
		register_broker(player, &info.brokers[i], NULL);
}

static void
arrange_pair(struct player *player, const struct command *request, const struct vector *recorded)
{
	const struct json *ext =
	    json_member(json_parse(recorded->arena, recorded->header), "extFields");
	struct ext pair[] = { { SLICE("namespace"), command_ext(request, "namespace") },
		{ SLICE("key"), command_ext(request, "key") },
		{ SLICE("value"), json_member_text(ext, "value") } };

	if (recorded->code == RESPONSE_SUCCESS)
		ask(player, REQUEST_PUT_KV_CONFIG, pair, 3, SLICE_NONE);
	else
		ask(player, REQUEST_DELETE_KV_CONFIG, pair, 2, SLICE_NONE);
}

/* A slave was told of a master that the file may not show. */
static void
arrange_registration(
    struct player *player, const struct command *request, const struct vector *recorded)
{
	const struct json *ext =
	    json_member(json_parse(recorded->arena, recorded->header), "extFields");
	struct broker_data broker = { .name = command_ext(request, "brokerName"),
		.cluster = command_ext(request, "clusterName") };
	struct broker_address master = { MASTER_ID, json_member_text(ext, "masterAddr") };

	forget_brokers(player);
	if (master.address.data != NULL)
		register_member(
		    player, &broker, &master, json_member_text(ext, "haServerAddr"), NULL);
}

static void
arrange(struct player *player, const struct command *request, const struct vector *recorded)
{
	switch (request->code) {
	case REQUEST_GET_ROUTEINFO_BY_TOPIC:
		arrange_route(player, command_ext(request, "topic"), recorded);
		break;
	case REQUEST_GET_BROKER_CLUSTER_INFO:
		arrange_cluster(player, recorded);
		break;
	case REQUEST_GET_KV_CONFIG:
		arrange_pair(player, request, recorded);
		break;
	case REQUEST_REGISTER_BROKER:
		arrange_registration(player, request, recorded);
		break;
	default:
		break;
	}
}

/* ---- Comparing ---- */

/* What we say besides; key1 is a pair that another recording has left. */
static const char *const added[] = { "topicSynFlag", "key1", NULL };

static bool
is_compared_body(int32_t code)
{
	return code == REQUEST_GET_ROUTEINFO_BY_TOPIC || code == REQUEST_GET_BROKER_CLUSTER_INFO ||
	       code == REQUEST_GET_KVLIST_BY_NAMESPACE;
}

static void
compare(struct player *player, const struct command *request, const struct vector *recorded,
    const struct command *reply, struct slice body)
{
	const struct json *ext =
	    json_member(json_parse(recorded->arena, recorded->header), "extFields");
	struct buf where = { 0 };

	cr_assert_eq(reply->code, recorded->code, "%s:%d: code %d: %d, not %d: %.*s",
	    recorded->path, recorded->line, request->code, reply->code, recorded->code,
	    (int)reply->remark.len, reply->remark.data);
	for (const struct json *field = ext != NULL ? ext->first : NULL; field != NULL;
	     field = field->next)
		cr_assert_not_null(
		    command_ext(reply, arena_copy(recorded->arena, field->name).data).data,
		    "%s:%d: code %d: no field %.*s", recorded->path, recorded->line, request->code,
		    (int)field->name.len, field->name.data);
	if (is_compared_body(request->code) && recorded->body.len != 0)
		cr_assert(json_equal(json_parse(recorded->arena, recorded->body),
			      json_parse(recorded->arena, body), NULL, added, &where),
		    "%s:%d: %s\n%.*s\n%.*s", recorded->path, recorded->line, buf_text(&where),
		    (int)recorded->body.len, recorded->body.data, (int)body.len, body.data);
	buf_release(&where);
	player->compared++;
}

/* ---- Playing ---- */

static struct waiting *
find_waiting(struct player *player, int64_t conn, int32_t opaque)
{
	for (size_t i = 0; i < MAX_WAITING; i++)
		if (player->waiting[i].used && player->waiting[i].conn == conn &&
		    player->waiting[i].opaque == opaque)
			return &player->waiting[i];
	return NULL;
}

static void
keep_request(struct player *player, const struct vector *vector, int64_t conn, int32_t opaque)
{
	struct waiting *waiting = player->waiting;

	while (waiting < player->waiting + MAX_WAITING - 1 && waiting->used)
		waiting++;
	waiting->used = true;
	waiting->conn = conn;
	waiting->opaque = opaque;
	waiting->code = vector->code;
	waiting->frame.len = 0;
	buf_put_u32(&waiting->frame, (uint32_t)(4 + vector->header.len + vector->body.len));
	buf_put_u32(&waiting->frame, (uint32_t)vector->codec << 24 | (uint32_t)vector->header.len);
	buf_append_slice(&waiting->frame, vector->header);
	buf_append_slice(&waiting->frame, vector->body);
}

static void
remember_registered(struct player *player, const struct command *request)
{
	static const char *const keys[] = { "brokerName", "brokerAddr", "clusterName", "brokerId" };
	struct ext *ext = arena_alloc(&player->identities, 4 * sizeof *ext);

	for (size_t i = 0; i < 4; i++)
		ext[i] = (struct ext){ slice_of(keys[i]),
			arena_copy(&player->identities, command_ext(request, keys[i])) };
	player->registered[player->n_registered++] = (struct command){ .ext = ext, .n_ext = 4 };
}

static void
play_reply(struct player *player, const struct vector *recorded, struct waiting *waiting)
{
	struct frame frame;
	struct command request, reply;
	struct slice body;
	size_t need;

	cr_assert_eq(frame_read(waiting->frame.data, waiting->frame.len, &frame, &need), FRAME_OK);
	cr_assert_eq(command_decode(recorded->arena, &frame, &request), COMMAND_OK);
	arrange(player, &request, recorded);
	exchange(player, buf_slice(&waiting->frame), &reply, &body);
	if (request.code == REQUEST_REGISTER_BROKER)
		remember_registered(player, &request);
	compare(player, &request, recorded, &reply, body);
	waiting->used = false;
}

static void
play(const struct vector *vector, void *arg)
{
	struct player *player = arg;
	int64_t conn = json_member_int64(vector->json, "conn", 0);
	int32_t opaque = json_member_int32(vector->json, "opaque", -1);
	struct waiting *waiting;

	if (vector->probe || !vector->whole ||
	    !slice_is(json_member_text(vector->json, "peer"), "namesrv"))
		return;
	if (player->path == NULL || strcmp(player->path, vector->path) != 0)
		for (size_t i = 0; i < MAX_WAITING; i++)
			player->waiting[i].used = false;
	player->path = vector->path;
	if (slice_is(vector->kind, "request"))
		keep_request(player, vector, conn, opaque);
	waiting = slice_is(vector->kind, "response") ? find_waiting(player, conn, opaque) : NULL;
	if (waiting != NULL && waiting->code == vector->of)
		play_reply(player, vector, waiting);
	arena_reset(&player->arena);
}

Test(golden_namesrv, replies_as_recorded)
{
	struct player *player = calloc(1, sizeof *player);

	start(player);
	vectors_each(play, player);
	cr_assert_gt(player->compared, 400, "only %d answers were compared", player->compared);
	stop(player);
	for (size_t i = 0; i < MAX_WAITING; i++)
		buf_release(&player->waiting[i].frame);
	free(player);
}

/* Frames that were broken on purpose: whatever is said to them, the server lives on. */
static void
send_broken(const struct vector *vector, void *arg)
{
	struct player *player = arg;
	struct raw raw;
	struct frame frame;
	const char *why = "";

	if (!slice_is(vector->kind, "malformed"))
		return;
	cr_assert_eq(raw_open(&raw, player->address, 100, &why), 0, "%s", why);
	if (raw_send(&raw, vector->raw, &why) == 0)
		raw_receive(&raw, &frame, &why);
	raw_close(&raw);
	ask(player, REQUEST_GET_BROKER_CLUSTER_INFO, NULL, 0, SLICE_NONE);
	player->compared++;
}

Test(golden_namesrv, broken_frames)
{
	struct player *player = calloc(1, sizeof *player);

	start(player);
	vectors_each(send_broken, player);
	cr_assert_gt(player->compared, 10);
	stop(player);
	free(player);
}
