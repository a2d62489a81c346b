#include "config.h"

/*
 * The bodies of recorded frames, read and written again: the same members with
 * the same values, whatever generation wrote them.
 */

#include <criterion/criterion.h>

#include "common/protocol/codes.h"
#include "common/protocol/connection_list.h"
#include "common/protocol/headers.h"
#include "common/protocol/heartbeat.h"
#include "common/protocol/kv_table.h"
#include "common/protocol/lock_batch.h"
#include "common/protocol/message_queue.h"
#include "common/protocol/name_list.h"
#include "common/protocol/queue_offset.h"
#include "common/protocol/queue_stats.h"
#include "common/protocol/registration.h"
#include "common/protocol/route.h"
#include "t/unit/json_equal.h"
#include "t/unit/vectors.h"

TestSuite(golden_bodies, .timeout = 60, .init = vectors_require);

/* Reads the body and writes what it has read. 0 or -1. */
typedef int again_fn(struct arena *arena, const struct vector *vector, struct json_out *out);

static int
route_again(struct arena *arena, const struct vector *vector, struct json_out *out)
{
	struct route route;
	bool quoted = memmem(vector->body.data, vector->body.len, "brokerAddrs\":{\"", 15) != NULL;

	if (route_read(arena, vector->body, &route) == -1)
		return -1;
	route_write(out, &route, quoted ? ROUTE_QUOTED_KEYS : ROUTE_BARE_KEYS);
	return 0;
}

static int
cluster_info_again(struct arena *arena, const struct vector *vector, struct json_out *out)
{
	struct cluster_info info;

	if (cluster_info_read(arena, vector->body, &info) == -1)
		return -1;
	cluster_info_write(out, &info);
	return 0;
}

static int
heartbeat_again(struct arena *arena, const struct vector *vector, struct json_out *out)
{
	struct heartbeat heartbeat;

	if (heartbeat_read(arena, vector->body, &heartbeat) == -1)
		return -1;
	heartbeat_write(out, &heartbeat);
	return 0;
}

static bool
is_compressed(const struct vector *vector)
{
	const struct json *header = json_parse(vector->arena, vector->header);

	return json_is_true(json_member(json_member(header, "extFields"), "compressed"));
}

static int
registration_again(struct arena *arena, const struct vector *vector, struct json_out *out)
{
	const struct json *header = json_parse(arena, vector->header);
	struct registration registration;
	int64_t crc = json_member_int64(json_member(header, "extFields"), "bodyCrc32", 0);

	cr_assert_eq(
	    registration_crc(vector->body), (int32_t)crc, "%s:%d", vector->path, vector->line);
	if (registration_read(arena, vector->body, false,
		(int32_t)json_member_int64(header, "version", 0), &registration) == -1)
		return -1;
	registration_write(out, &registration);
	return 0;
}

static int
topic_table_again(struct arena *arena, const struct vector *vector, struct json_out *out)
{
	struct topic_table table;

	if (topic_table_read(arena, json_parse(arena, vector->body), &table) == -1)
		return -1;
	topic_table_write(out, &table);
	return 0;
}

static int
data_version_again(struct arena *arena, const struct vector *vector, struct json_out *out)
{
	struct data_version version;

	if (data_version_read(json_parse(arena, vector->body), &version) == -1)
		return -1;
	data_version_write(out, &version);
	return 0;
}

static int
kv_table_again(struct arena *arena, const struct vector *vector, struct json_out *out)
{
	const struct ext *pairs;
	size_t n;

	if (kv_table_read(arena, vector->body, &pairs, &n) == -1)
		return -1;
	kv_table_write(out, pairs, n);
	return 0;
}

static int
topic_list_again(struct arena *arena, const struct vector *vector, struct json_out *out)
{
	struct topic_list list;

	if (topic_list_read(arena, vector->body, &list) == -1)
		return -1;
	topic_list_write(out, &list);
	return 0;
}

static int
names_again(struct arena *arena, const struct vector *vector, struct json_out *out)
{
	const char *member =
	    vector->of == REQUEST_GET_CONSUMER_LIST_BY_GROUP ? "consumerIdList" : "groupList";
	const struct slice *names;
	size_t n;

	if (name_list_read(arena, vector->body, member, &names, &n) == -1)
		return -1;
	name_list_write(out, member, names, n);
	return 0;
}

static int
topic_stats_again(struct arena *arena, const struct vector *vector, struct json_out *out)
{
	const struct queue_stats *stats;
	size_t n;

	if (topic_stats_read(arena, vector->body, &stats, &n) == -1)
		return -1;
	topic_stats_write(out, stats, n);
	return 0;
}

static int
consume_stats_again(struct arena *arena, const struct vector *vector, struct json_out *out)
{
	struct consume_stats stats;

	if (consume_stats_read(arena, vector->body, &stats) == -1)
		return -1;
	consume_stats_write(out, &stats);
	return 0;
}

static int
connections_again(struct arena *arena, const struct vector *vector, struct json_out *out)
{
	struct connection_list list;

	if (connection_list_read(arena, vector->body, &list) == -1)
		return -1;
	connection_list_write(out, &list);
	return 0;
}

static int
queue_offsets_again(struct arena *arena, const struct vector *vector, struct json_out *out)
{
	int32_t code = vector->of != 0 ? vector->of : vector->code;
	const char *member =
	    code == REQUEST_GET_CONSUMER_STATUS_FROM_CLIENT ? "messageQueueTable" : "offsetTable";
	const struct queue_offset *offsets;
	size_t n;

	if (queue_offsets_read(arena, vector->body, member, &offsets, &n) == -1)
		return -1;
	queue_offsets_write(out, member, offsets, n);
	return 0;
}

static int
lock_again(struct arena *arena, const struct vector *vector, struct json_out *out)
{
	struct lock_batch batch;

	if (lock_batch_read(arena, vector->body, &batch) == -1)
		return -1;
	lock_batch_write(out, &batch);
	return 0;
}

static int
lock_reply_again(struct arena *arena, const struct vector *vector, struct json_out *out)
{
	const struct message_queue *queues;
	size_t n;

	if (lock_reply_read(arena, vector->body, &queues, &n) == -1)
		return -1;
	lock_reply_write(out, queues, n);
	return 0;
}

#define ANSWER true
#define REQUEST false

struct body_kind {
	int32_t code;
	bool reply;
	again_fn *again;
	int least; /* how many of them the recording must have, so that the test has tested
	              something */
};

static const struct body_kind kinds[] = {
	{ REQUEST_GET_ROUTEINFO_BY_TOPIC, ANSWER, route_again, 100 },
	{ REQUEST_GET_BROKER_CLUSTER_INFO, ANSWER, cluster_info_again, 5 },
	{ REQUEST_HEART_BEAT, REQUEST, heartbeat_again, 100 },
	{ REQUEST_REGISTER_BROKER, REQUEST, registration_again, 5 },
	{ REQUEST_GET_ALL_TOPIC_CONFIG, ANSWER, topic_table_again, 2 },
	{ REQUEST_QUERY_DATA_VERSION, REQUEST, data_version_again, 2 },
	{ REQUEST_QUERY_DATA_VERSION, ANSWER, data_version_again, 1 },
	{ REQUEST_GET_BROKER_RUNTIME_INFO, ANSWER, kv_table_again, 2 },
	{ REQUEST_GET_KVLIST_BY_NAMESPACE, ANSWER, kv_table_again, 2 },
	{ REQUEST_GET_ALL_TOPIC_LIST_FROM_NAMESERVER, ANSWER, topic_list_again, 2 },
	{ REQUEST_GET_TOPICS_BY_CLUSTER, ANSWER, topic_list_again, 1 },
	{ REQUEST_GET_SYSTEM_TOPIC_LIST_FROM_BROKER, ANSWER, topic_list_again, 1 },
	{ REQUEST_QUERY_TOPIC_CONSUME_BY_WHO, ANSWER, names_again, 2 },
	{ REQUEST_GET_CONSUMER_LIST_BY_GROUP, ANSWER, names_again, 50 },
	{ REQUEST_GET_TOPIC_STATS_INFO, ANSWER, topic_stats_again, 2 },
	{ REQUEST_GET_CONSUME_STATS, ANSWER, consume_stats_again, 5 },
	{ REQUEST_GET_CONSUMER_CONNECTION_LIST, ANSWER, connections_again, 5 },
	{ REQUEST_GET_PRODUCER_CONNECTION_LIST, ANSWER, connections_again, 2 },
	{ REQUEST_RESET_CONSUMER_CLIENT_OFFSET, REQUEST, queue_offsets_again, 2 },
	{ REQUEST_INVOKE_BROKER_TO_RESET_OFFSET, ANSWER, queue_offsets_again, 2 },
	{ REQUEST_GET_CONSUMER_STATUS_FROM_CLIENT, ANSWER, queue_offsets_again, 1 },
	{ REQUEST_LOCK_BATCH_MQ, REQUEST, lock_again, 5 },
	{ REQUEST_UNLOCK_BATCH_MQ, REQUEST, lock_again, 5 },
	{ REQUEST_LOCK_BATCH_MQ, ANSWER, lock_reply_again, 5 },
};

#define N_KINDS (sizeof kinds / sizeof *kinds)

/* What newer generations add and we have no use for; stateVersion only where it is 0. */
static const char *const dropped[] = { "heartbeatFingerprint", "withoutSub", "mappingDataVersion",
	"topicQueueMappingDetailMap", "topicQueueMappingInfoMap", "stateVersion", "consumerTable",
	"onlyThisBroker", "topicPutTps", NULL };
/* What we say for the sake of older ones, who did not say it themselves. */
static const char *const added[] = { "topicSynFlag", "expressionType", NULL };

static const struct body_kind *
kind_of(const struct vector *vector)
{
	bool reply = slice_is(vector->kind, "response");
	int32_t code = reply ? vector->of : vector->code;

	for (size_t i = 0; i < N_KINDS; i++)
		if (kinds[i].code == code && kinds[i].reply == reply)
			return &kinds[i];
	return NULL;
}

static void
check_again(const struct vector *vector, void *arg)
{
	int *counts = arg;
	const struct body_kind *kind = kind_of(vector);
	struct buf text = { 0 }, where = { 0 };
	struct json_out out;
	const struct json *ours;

	if (kind == NULL || vector->body.len == 0 || !vector->whole || vector->probe)
		return;
	if (kind->code == REQUEST_REGISTER_BROKER && is_compressed(vector))
		return;
	json_out_init(&out, &text);
	cr_assert_eq(kind->again(vector->arena, vector, &out), 0, "%s:%d: not read: %.*s",
	    vector->path, vector->line, (int)vector->body.len, vector->body.data);
	ours = json_parse(vector->arena, buf_slice(&text));
	cr_assert_not_null(ours, "%s:%d: what we write is not read: %s", vector->path, vector->line,
	    buf_text(&text));
	cr_assert(json_equal(json_parse(vector->arena, vector->body), ours, dropped, added, &where),
	    "%s:%d: %s\n%.*s\n%s", vector->path, vector->line, buf_text(&where),
	    (int)vector->body.len, vector->body.data, buf_text(&text));
	counts[kind - kinds]++;
	buf_release(&text);
	buf_release(&where);
}

Test(golden_bodies, what_was_read_is_written_alike)
{
	int counts[N_KINDS] = { 0 };

	vectors_each(check_again, counts);
	for (size_t i = 0; i < N_KINDS; i++)
		cr_expect_geq(counts[i], kinds[i].least, "code %d %s: only %d recorded bodies",
		    kinds[i].code, kinds[i].reply ? "answers" : "requests", counts[i]);
}

/* Clients that cut brokerAddrs by hand need it as the recorded servers write it. */
static void
check_addresses(const struct vector *vector, void *arg)
{
	int *count = arg;
	const char *begin, *end;
	struct buf text = { 0 };
	struct json_out out;

	if (!slice_is(vector->kind, "response") || vector->of != REQUEST_GET_ROUTEINFO_BY_TOPIC ||
	    vector->body.len == 0)
		return;
	begin = memmem(vector->body.data, vector->body.len, "\"brokerAddrs\"", 13);
	cr_assert_not_null(begin);
	end = memchr(begin, '}', (size_t)(vector->body.data + vector->body.len - begin));
	json_out_init(&out, &text);
	cr_assert_eq(route_again(vector->arena, vector, &out), 0);
	cr_assert_not_null(memmem(text.data, text.len, begin, (size_t)(end - begin + 1)),
	    "%s:%d: no %.*s in %s", vector->path, vector->line, (int)(end - begin + 1), begin,
	    buf_text(&text));
	buf_release(&text);
	(*count)++;
}

Test(golden_bodies, addresses_of_brokers_are_the_same_bytes)
{
	int count = 0;

	vectors_each(check_addresses, &count);
	cr_assert_gt(count, 100);
}

static void
check_compressed(const struct vector *vector, void *arg)
{
	int *count = arg;
	struct registration first, second;
	struct buf packed = { 0 }, texts[2] = { { 0 }, { 0 } };
	struct json_out out;

	if (vector->code != REQUEST_REGISTER_BROKER || slice_is(vector->kind, "response") ||
	    !is_compressed(vector))
		return;
	cr_assert_eq(registration_read(vector->arena, vector->body, true, 407, &first), 0, "%s:%d",
	    vector->path, vector->line);
	cr_assert_gt(first.table.n_topics, 5);
	registration_write_compressed(&packed, &first);
	cr_assert_eq(registration_read(vector->arena, buf_slice(&packed), true, 407, &second), 0);
	json_out_init(&out, &texts[0]);
	registration_write(&out, &first);
	json_out_init(&out, &texts[1]);
	registration_write(&out, &second);
	cr_assert(slice_equal(buf_slice(&texts[0]), buf_slice(&texts[1])));
	buf_release(&packed);
	buf_release(&texts[0]);
	buf_release(&texts[1]);
	(*count)++;
}

Test(golden_bodies, compressed_registrations)
{
	int count = 0;

	vectors_each(check_compressed, &count);
	cr_assert_gt(count, 0);
}
