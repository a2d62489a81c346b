#include "config.h"
#include "common/protocol/name.h"

#include "broker/catalog/system_topic.h"

#include "broker/state/group.h"
#include "broker/state/topic.h"
#include "broker/store/half/half.h"
#include "broker/store/timed/timed.h"

#define BOTH (PERM_READ | PERM_WRITE)
#define TEMPLATE (BOTH | PERM_INHERIT)

/* The source of the name; a setting gives the number of queues of a template. */
enum system_name {
	SYSTEM_NAME_FIXED,
	SYSTEM_NAME_TEMPLATE, /* only when autoCreateTopicEnable */
	SYSTEM_NAME_CLUSTER,
	SYSTEM_NAME_BROKER,
	SYSTEM_NAME_REPLY,  /* <cluster>_REPLY_TOPIC */
	SYSTEM_NAME_TRACE,  /* only when traceTopicEnable */
	SYSTEM_NAME_REVIVE, /* REVIVE_TOPIC_PREFIX<cluster> */
};

/* Rows with 0 queues only reserve a name; the start does not create these topics. */
static const struct system_topic_row {
	const char *name;
	enum system_name kind;
	int32_t queues;
	int32_t perm;
	bool forbidden; /* to senders */
} rows[] = {
	{ TOPIC_TEMPLATE, SYSTEM_NAME_TEMPLATE, -1, TEMPLATE, false },
	{ TOPIC_TEMPLATE_4_3, SYSTEM_NAME_TEMPLATE, -1, TEMPLATE, false },
	{ "SCHEDULE_TOPIC_XXXX", SYSTEM_NAME_FIXED, 18, BOTH, true },
	{ "BenchmarkTest", SYSTEM_NAME_FIXED, 1024, BOTH, false },
	{ HALF_TOPIC, SYSTEM_NAME_FIXED, 1, BOTH, true },
	{ "RMQ_SYS_TRACE_TOPIC", SYSTEM_NAME_TRACE, 1, BOTH, false },
	{ HALF_EVENT_TOPIC, SYSTEM_NAME_FIXED, N_EVENT_QUEUES, BOTH, true },
	{ TIMED_TOPIC, SYSTEM_NAME_FIXED, N_TIMED_QUEUES, BOTH, true },
	{ HALF_PARKED_TOPIC, SYSTEM_NAME_FIXED, 1, BOTH, true },
	{ "SELF_TEST_TOPIC", SYSTEM_NAME_FIXED, 1, BOTH, true },
	{ "OFFSET_MOVED_EVENT", SYSTEM_NAME_FIXED, 1, BOTH, true },
	{ NULL, SYSTEM_NAME_CLUSTER, 16, TEMPLATE, false },
	{ NULL, SYSTEM_NAME_BROKER, 1, TEMPLATE, false },
	{ NULL, SYSTEM_NAME_REPLY, 1, BOTH, false },
	{ NULL, SYSTEM_NAME_REVIVE, 1, BOTH, true },
};

#define N_ROWS (sizeof rows / sizeof *rows)

static const char *const groups[] = {
	"TOOLS_CONSUMER",
	"FILTERSRV_CONSUMER",
	"SELF_TEST_C_GROUP",
	"CID_ONS-HTTP-PROXY",
	"CID_ONSAPI_PULL",
	"CID_ONSAPI_PERMISSION",
	"CID_ONSAPI_OWNER",
};

bool
group_is_system(struct slice name)
{
	for (size_t i = 0; i < sizeof groups / sizeof groups[0]; i++)
		if (slice_is(name, groups[i]))
			return true;
	return false;
}

#define REPLY_SUFFIX "_REPLY_TOPIC"

static struct slice
name_of(
    const struct broker_settings *settings, const struct system_topic_row *row, struct arena *arena)
{
	switch (row->kind) {
	case SYSTEM_NAME_FIXED:
	case SYSTEM_NAME_TEMPLATE:
	case SYSTEM_NAME_TRACE:
		return slice_of(row->name);
	case SYSTEM_NAME_CLUSTER:
		return slice_of(settings->broker_cluster_name);
	case SYSTEM_NAME_BROKER:
		return slice_of(settings->broker_name);
	case SYSTEM_NAME_REPLY:
		return arena_printf(arena, "%s" REPLY_SUFFIX, settings->broker_cluster_name);
	case SYSTEM_NAME_REVIVE:
		return arena_printf(arena, REVIVE_TOPIC_PREFIX "%s", settings->broker_cluster_name);
	}
	return SLICE_NONE;
}

static bool
is_reply_topic(const struct broker_settings *settings, struct slice name)
{
	size_t cluster_len = strlen(settings->broker_cluster_name);

	return name.len == cluster_len + strlen(REPLY_SUFFIX) &&
	       slice_starts(name, settings->broker_cluster_name) &&
	       memcmp(name.data + cluster_len, REPLY_SUFFIX, strlen(REPLY_SUFFIX)) == 0;
}

bool
topic_is_system(const struct broker *broker, struct slice name)
{
	for (size_t i = 0; i < N_ROWS; i++) {
		if (rows[i].name != NULL && slice_is(name, rows[i].name))
			return true;
	}
	return slice_starts(name, "rmq_sys_") ||
	       slice_is(name, broker->settings->broker_cluster_name) ||
	       slice_is(name, broker->settings->broker_name) ||
	       is_reply_topic(broker->settings, name);
}

bool
topic_is_forbidden(struct slice name)
{
	if (name.len == 0)
		return false;
	for (size_t i = 0; i < N_ROWS; i++) {
		if (rows[i].forbidden && rows[i].name != NULL && rows[i].name[0] == name.data[0] &&
		    slice_is(name, rows[i].name))
			return true;
	}
	return name.data[0] == REVIVE_TOPIC_PREFIX[0] && slice_starts(name, REVIVE_TOPIC_PREFIX);
}

const struct slice *
system_topic_names(const struct broker *broker, struct arena *arena, size_t *n)
{
	struct slice *names = arena_alloc(arena, N_ROWS * sizeof *names);

	*n = N_ROWS;
	for (size_t i = 0; i < N_ROWS; i++)
		names[i] = name_of(broker->settings, &rows[i], arena);
	return names;
}

/* The queues and perm after the settings; 0 queues: do not create the topic. */
static int32_t
queues_of(const struct broker_settings *settings, const struct system_topic_row *row)
{
	if (row->kind == SYSTEM_NAME_TEMPLATE)
		return settings->auto_create_topic_enable
		           ? (int32_t)settings->default_topic_queue_nums
		           : 0;
	if (row->kind == SYSTEM_NAME_TRACE)
		return settings->trace_topic_enable ? row->queues : 0;
	return row->queues;
}

static int32_t
perm_of(const struct broker_settings *settings, const struct system_topic_row *row)
{
	bool closed = (row->kind == SYSTEM_NAME_CLUSTER && !settings->cluster_topic_enable) ||
	              (row->kind == SYSTEM_NAME_BROKER && !settings->broker_topic_enable);

	return closed ? PERM_INHERIT : row->perm;
}

void
system_topics_add(struct broker *broker)
{
	const struct broker_settings *settings = broker->settings;
	struct arena arena = { 0 };

	for (size_t i = 0; i < N_ROWS; i++) {
		struct slice name = name_of(settings, &rows[i], &arena);
		int32_t queues = queues_of(settings, &rows[i]);
		struct topic topic, now;

		if (rows[i].kind == SYSTEM_NAME_TRACE)
			name = slice_of(settings->msg_trace_topic_name);
		if (queues == 0 || !name_is_valid(name))
			continue;
		topic_init(&topic, name);
		topic.read_queues = topic.write_queues = queues;
		topic.perm = perm_of(settings, &rows[i]);
		topic.system = true;
		topics_add(broker->topics, &topic, &now);
	}
	for (size_t i = 0; i < sizeof groups / sizeof *groups; i++) {
		struct group group, now;

		group_init(&group, slice_of(groups[i]));
		groups_add(broker->groups, &group, &now);
	}
	arena_release(&arena);
}
