#include "config.h"

#include "t/replay/replay.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/json/json.h"
#include "common/protocol/codes.h"

#define DEPTH_MAX 32

/* The requests that TwinMQ answers: a request that is not here is not played. */
static const int32_t scope[] = {
	/* messages */
	REQUEST_SEND_MESSAGE,
	REQUEST_SEND_MESSAGE_V2,
	REQUEST_SEND_BATCH_MESSAGE,
	REQUEST_PULL_MESSAGE,
	REQUEST_LITE_PULL_MESSAGE,
	REQUEST_QUERY_MESSAGE,
	REQUEST_VIEW_MESSAGE_BY_ID,
	/* offsets */
	REQUEST_QUERY_CONSUMER_OFFSET,
	REQUEST_UPDATE_CONSUMER_OFFSET,
	REQUEST_SEARCH_OFFSET_BY_TIMESTAMP,
	REQUEST_GET_MAX_OFFSET,
	REQUEST_GET_MIN_OFFSET,
	REQUEST_GET_EARLIEST_MSG_STORETIME,
	REQUEST_GET_ALL_CONSUMER_OFFSET,
	/* clients */
	REQUEST_HEART_BEAT,
	REQUEST_UNREGISTER_CLIENT,
	REQUEST_GET_CONSUMER_LIST_BY_GROUP,
	REQUEST_CHECK_CLIENT_CONFIG,
	REQUEST_GET_CONSUMER_CONNECTION_LIST,
	REQUEST_GET_PRODUCER_CONNECTION_LIST,
	REQUEST_GET_ALL_PRODUCER_INFO,
	/* topics and groups */
	REQUEST_UPDATE_AND_CREATE_TOPIC,
	REQUEST_DELETE_TOPIC_IN_BROKER,
	REQUEST_GET_ALL_TOPIC_CONFIG,
	REQUEST_GET_TOPIC_CONFIG,
	REQUEST_GET_SYSTEM_TOPIC_LIST_FROM_BROKER,
	REQUEST_GET_TOPIC_STATS_INFO,
	REQUEST_UPDATE_AND_CREATE_SUBSCRIPTIONGROUP,
	REQUEST_GET_ALL_SUBSCRIPTIONGROUP_CONFIG,
	REQUEST_GET_SUBSCRIPTIONGROUP_CONFIG,
	REQUEST_DELETE_SUBSCRIPTIONGROUP,
	REQUEST_GET_CONSUME_STATS,
	REQUEST_GET_BROKER_CONSUME_STATS,
	REQUEST_QUERY_TOPIC_CONSUME_BY_WHO,
	/* the broker itself */
	REQUEST_GET_BROKER_RUNTIME_INFO,
	REQUEST_VIEW_BROKER_STATS_DATA,
	REQUEST_GET_BROKER_CONFIG,
	REQUEST_UPDATE_BROKER_CONFIG,
	REQUEST_CLEAN_EXPIRED_CONSUMEQUEUE,
	REQUEST_INVOKE_BROKER_TO_RESET_OFFSET,
	REQUEST_CLEAN_UNUSED_TOPIC,
	REQUEST_DELETE_EXPIRED_COMMITLOG,
	/* the name server */
	REQUEST_PUT_KV_CONFIG,
	REQUEST_GET_KV_CONFIG,
	REQUEST_DELETE_KV_CONFIG,
	REQUEST_GET_KVLIST_BY_NAMESPACE,
	REQUEST_GET_ROUTEINFO_BY_TOPIC,
	REQUEST_GET_BROKER_CLUSTER_INFO,
	REQUEST_WIPE_WRITE_PERM_OF_BROKER,
	REQUEST_ADD_WRITE_PERM_OF_BROKER,
	REQUEST_GET_ALL_TOPIC_LIST_FROM_NAMESERVER,
	REQUEST_DELETE_TOPIC_IN_NAMESRV,
	REQUEST_GET_TOPICS_BY_CLUSTER,
	REQUEST_GET_SYSTEM_TOPIC_LIST_FROM_NS,
	REQUEST_GET_UNIT_TOPIC_LIST,
	REQUEST_GET_HAS_UNIT_SUB_TOPIC_LIST,
	REQUEST_GET_HAS_UNIT_SUB_UNUNIT_TOPIC_LIST,
	REQUEST_GET_NAMESRV_CONFIG,
	REQUEST_UPDATE_NAMESRV_CONFIG,
};

static const int32_t settling[] = {
	REQUEST_QUERY_MESSAGE,
	REQUEST_GET_ROUTEINFO_BY_TOPIC,
	REQUEST_GET_BROKER_CLUSTER_INFO,
	REQUEST_GET_ALL_TOPIC_LIST_FROM_NAMESERVER,
	REQUEST_GET_CONSUME_STATS,
	REQUEST_GET_CONSUMER_LIST_BY_GROUP,
	REQUEST_GET_CONSUMER_CONNECTION_LIST,
	REQUEST_GET_PRODUCER_CONNECTION_LIST,
	REQUEST_GET_TOPIC_STATS_INFO,
};

/* Objects whose keys are data: names, addresses, numbers. Their values are compared, one for all.
 */
static const char *const maps[] = {
	"brokerAddrs",
	"brokerAddrTable",
	"clusterAddrTable",
	"consumeStatsList",
	"data",
	"filterServerTable",
	"offsetTable",
	"subscriptionGroupTable",
	"subscriptionTable",
	"topicConfigTable",
};

static bool
is_among(const int32_t *codes, size_t n, int32_t code)
{
	for (size_t i = 0; i < n; i++)
		if (codes[i] == code)
			return true;
	return false;
}

bool
replay_in_scope(int32_t code)
{
	return is_among(scope, sizeof scope / sizeof scope[0], code);
}

bool
replay_settles(int32_t code)
{
	return is_among(settling, sizeof settling / sizeof settling[0], code);
}

struct comparison {
	struct arena *arena;
	replay_difference_fn *differs;
	void *arg;
};

static void tell(const struct comparison *comparison, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void
tell(const struct comparison *comparison, const char *format, ...)
{
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	comparison->differs(comparison->arg, text);
}

static const char *
type_name(enum json_type type)
{
	static const char *const names[] = { "null", "a boolean", "a number", "a text", "a list",
		"an object" };

	return names[type];
}

static bool
is_map(struct slice name, const struct json *value)
{
	for (size_t i = 0; i < sizeof maps / sizeof maps[0]; i++)
		if (slice_is(name, maps[i]))
			return true;
	/* An object as key is data, whatever the map is called. */
	return value->first != NULL && value->first->key != NULL;
}

static void
compare_json(const struct comparison *comparison, const struct json *recorded,
    const struct json *ours, struct slice path, struct slice name, int depth)
{
	if (recorded->type == JSON_NULL || depth > DEPTH_MAX)
		return;
	if (recorded->type != ours->type) {
		tell(comparison, "%.*s is %s, recorded %s", (int)path.len, path.data,
		    type_name(ours->type), type_name(recorded->type));
		return;
	}
	if (recorded->type == JSON_ARRAY ||
	    (recorded->type == JSON_OBJECT && is_map(name, recorded))) {
		/* Elements are alike: what the first one has stands for all. Those of a list can be
		 * maps, those of a map are none. */
		if (recorded->first != NULL && ours->first != NULL)
			compare_json(comparison, recorded->first, ours->first,
			    arena_printf(comparison->arena, "%.*s[]", (int)path.len, path.data),
			    recorded->type == JSON_ARRAY ? name : SLICE(""), depth + 1);
		return;
	}
	for (const struct json *member = recorded->first; member != NULL; member = member->next) {
		char *key = slice_dup(member->name);
		const struct json *same = json_member(ours, key);
		struct slice below =
		    arena_printf(comparison->arena, "%.*s.%s", (int)path.len, path.data, key);

		if (same != NULL)
			compare_json(comparison, member, same, below, member->name, depth + 1);
		else if (member->type != JSON_NULL)
			tell(comparison, "no member %.*s", (int)below.len, below.data);
		free(key);
	}
}

static void
compare_bodies(const struct comparison *comparison, struct slice recorded, struct slice ours)
{
	const struct json *theirs = json_parse(comparison->arena, recorded);
	const struct json *mine = json_parse(comparison->arena, ours);

	if (recorded.len == 0)
		return;
	if (ours.len == 0)
		tell(comparison, "no body");
	else if (theirs != NULL && mine == NULL)
		tell(comparison, "the body is no JSON");
	else if (theirs != NULL)
		compare_json(comparison, theirs, mine, SLICE(""), SLICE(""), 0);
}

void
replay_compare(struct arena *arena, const struct replay_reply *recorded,
    const struct replay_reply *ours, replay_difference_fn *differs, void *arg)
{
	const struct comparison comparison = { arena, differs, arg };

	if (recorded->command.code != ours->command.code) {
		tell(&comparison, "code %d, recorded %d", (int)ours->command.code,
		    (int)recorded->command.code);
		return;
	}
	if ((ours->command.flag & COMMAND_FLAG_RESPONSE) == 0)
		tell(&comparison, "not marked as an answer");
	for (size_t i = 0; i < recorded->command.n_ext; i++) {
		char *key = slice_dup(recorded->command.ext[i].key);

		if (command_ext(&ours->command, key).data == NULL)
			tell(&comparison, "no field %s", key);
		free(key);
	}
	compare_bodies(&comparison, recorded->body, ours->body);
}

/*
 * Differences that are meant, or that come from what was there when the
 * traffic was recorded and is not here; the same ones Apache's broker 4.9.7
 * shows when it is asked again. file and what: a part of it; code 0: any.
 */
static const struct {
	const char *file;
	int32_t code;
	const char *what;
	const char *reason;
} excuses[] = {
	/* meant */
	{ "", REQUEST_LITE_PULL_MESSAGE, "recorded 3", "5.x clients need what 4.9.7 did not know" },
	{ "", REQUEST_GET_TOPIC_CONFIG, "recorded 3", "5.x tools need what 4.9.7 did not know" },
	{ "updateBrokerConfig-bad", REQUEST_UPDATE_BROKER_CONFIG, "code 1, recorded 0",
	    "a setting that is none is refused, with the nearest one" },
	{ "go-2.1.2/createTopic", REQUEST_GET_ROUTEINFO_BY_TOPIC,
	    "code 17, recorded 0 of Recgo_Created",
	    "a topic that was deleted at its broker is not on the name servers" },
	/* races of the recording */
	{ "", REQUEST_PULL_MESSAGE, "recorded 25",
	    "a pull overtook the heartbeat with its subscription" },
	{ "", REQUEST_GET_ROUTEINFO_BY_TOPIC, "code 0, recorded 17 of %RETRY%",
	    "a look before %RETRY% was registered" },
	{ "mqadmin/", REQUEST_GET_BROKER_RUNTIME_INFO, "commitLogDiskRatio_/",
	    "the key carries the path of the recorded store" },
	/* what other recordings, or requests that are not played, had brought about */
	{ "liteAssign", REQUEST_PULL_MESSAGE, "recorded 0", "the messages are those of litePull" },
	{ "pushRetry", REQUEST_PULL_MESSAGE, "",
	    "a message comes back after ten seconds, by 36 which is not played" },
	{ "4.2.0/java/live", REQUEST_PULL_MESSAGE, "code 21, recorded 19",
	    "an earlier run had filled the topic" },
	{ "requestReply", REQUEST_PULL_MESSAGE, "code 21",
	    "replies travel by 324, which is not played" },
	{ "trace", REQUEST_GET_ROUTEINFO_BY_TOPIC, "code 17, recorded 0",
	    "no earlier run left its trace topic" },
	{ "mqadmin/", REQUEST_PULL_MESSAGE, "code",
	    "the messages that the tool looks at are not in its file" },
	{ "mqadmin/", REQUEST_QUERY_MESSAGE, "code 22",
	    "the messages that the tool looks at are not in its file" },
	{ "mqadmin/", REQUEST_VIEW_MESSAGE_BY_ID, "code 1",
	    "the messages that the tool looks at are not in its file" },
	{ "mqadmin/statsAll", REQUEST_VIEW_BROKER_STATS_DATA, "code",
	    "nothing was sent before the counters are read" },
	{ "mqadmin/", REQUEST_GET_CONSUMER_CONNECTION_LIST, "code 206",
	    "the consumer that it looks at is in live" },
	{ "mqadmin/", REQUEST_INVOKE_BROKER_TO_RESET_OFFSET, "code 26",
	    "the group that it resets is in live" },
	{ "mqadmin/", REQUEST_GET_PRODUCER_CONNECTION_LIST, "code 1",
	    "the producer that it looks at is in live" },
	{ "mqadmin/", REQUEST_GET_KV_CONFIG, "code",
	    "the files are played in another order than recorded" },
	{ NULL, 0, NULL, NULL },
};

const char *
replay_excuse(const char *file, int32_t code, const char *what)
{
	for (size_t i = 0; excuses[i].reason != NULL; i++)
		if ((excuses[i].code == 0 || excuses[i].code == code) &&
		    strstr(file, excuses[i].file) != NULL && strstr(what, excuses[i].what) != NULL)
			return excuses[i].reason;
	return NULL;
}
