#include "config.h"

#include "broker/state/limit.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/mem.h"

#define LOG_AGAIN_MS 60000

static const struct limit_row {
	const char *option;
	const char *counter;
	size_t setting; /* its place in struct broker_settings */
	const char *remark;
} rows[N_LIMITS] = {
	[LIMIT_TOPICS] = { "maxTopics", "refusedTopics",
	    offsetof(struct broker_settings, max_topics),
	    "this broker has as many topics as maxTopics allows: delete some, or raise it" },
	[LIMIT_GROUPS] = { "maxGroups", "refusedGroups",
	    offsetof(struct broker_settings, max_groups),
	    "this broker has as many consumer groups as maxGroups allows: delete some, or raise "
	    "it" },
	[LIMIT_PRODUCER_GROUPS] = { "maxProducerGroups", "refusedProducerGroups",
	    offsetof(struct broker_settings, max_producer_groups),
	    "as many producer groups have settings as maxProducerGroups allows: delete some, or "
	    "raise it" },
	[LIMIT_HEARTBEAT_ENTRIES] = { "maxHeartbeatEntries", "refusedHeartbeatEntries",
	    offsetof(struct broker_settings, max_heartbeat_entries),
	    "more groups and subscriptions than maxHeartbeatEntries allows one connection: use "
	    "several clients, or raise it" },
	[LIMIT_CLIENT_MEMORY] = { "maxClientMemory", "refusedClientMemory",
	    offsetof(struct broker_settings, max_client_memory),
	    "the groups and subscriptions of all clients take as much memory as maxClientMemory "
	    "allows: raise it" },
	[LIMIT_CONSUMER_OFFSETS] = { "maxConsumerOffsets", "refusedConsumerOffsets",
	    offsetof(struct broker_settings, max_consumer_offsets),
	    "this broker has as many consumer offsets as maxConsumerOffsets allows: delete "
	    "groups, or raise it" },
	[LIMIT_UNKNOWN_GROUP_OFFSETS] = { "maxUnknownGroupOffsets", "refusedUnknownGroupOffsets",
	    offsetof(struct broker_settings, max_unknown_group_offsets),
	    "this broker has no such group, and as many offsets of unknown groups as "
	    "maxUnknownGroupOffsets allows: create the group first" },
	[LIMIT_TIMERS] = { "maxTimers", "refusedTimers",
	    offsetof(struct broker_settings, max_timers),
	    "timer message is under flow control: as many wait as maxTimers allows" },
	[LIMIT_STATISTICS] = { "maxStatistics", "refusedStatistics",
	    offsetof(struct broker_settings, max_statistics),
	    "as many topics and groups are counted as maxStatistics allows" },
	[LIMIT_QUEUE_LOCKS] = { "maxQueueLocks", "refusedQueueLocks",
	    offsetof(struct broker_settings, max_queue_locks),
	    "as many queues are locked as maxQueueLocks allows: raise it" },
	[LIMIT_POP_POLLING] = { "maxPopPollingSize", "refusedPopPolling",
	    offsetof(struct broker_settings, max_pop_polling_size),
	    "as many pops wait as maxPopPollingSize, or for one queue popPollingSize, allows" },
	[LIMIT_POP_INFLIGHT] = { "popInflightMessageThreshold", "refusedPopInflight",
	    offsetof(struct broker_settings, pop_inflight_message_threshold),
	    "as many messages of a queue are not acknowledged as popInflightMessageThreshold "
	    "allows" },
	[LIMIT_POP_CHECKPOINTS] = { "popCkMaxBufferSize", "refusedPopCheckpoints",
	    offsetof(struct broker_settings, pop_ck_max_buffer_size),
	    "as many pops are not acknowledged as popCkMaxBufferSize allows: acknowledge "
	    "messages, or raise it" },
	[LIMIT_REQUEST_MODES] = { "maxMessageRequestModes", "refusedMessageRequestModes",
	    offsetof(struct broker_settings, max_message_request_modes),
	    "as many groups and topics have a request mode as maxMessageRequestModes allows: raise "
	    "it" },
	[LIMIT_REPLY_MEMORY] = { "maxReplyMemory", "refusedReplies",
	    offsetof(struct broker_settings, max_reply_memory),
	    "the replies on their way to requesters take as much memory as maxReplyMemory allows: "
	    "retry later, or raise it" },
	[LIMIT_TREND_SERIES] = { "maxTrendSeries", "refusedTrendSeries",
	    offsetof(struct broker_settings, max_trend_series),
	    "as many topics and groups have a trend as maxTrendSeries allows" },
	[LIMIT_DEDUP_KEYS] = { "dedupMaxKeys", "refusedDedupKeys",
	    offsetof(struct broker_settings, dedup_max_keys),
	    "[OVERLOAD]system busy, as many unique keys are remembered as dedupMaxKeys allows: "
	    "retry later, raise it, or shorten the dedup.window of topics" },
	[LIMIT_HTTP_STREAMS] = { "httpMaxStreams", "refusedHttpStreams",
	    offsetof(struct broker_settings, http_max_streams),
	    "as many event streams are open as httpMaxStreams allows: raise it" },
	[LIMIT_SLAVE_LINKS] = { "maxSlaveLinks", "refusedSlaveLinks",
	    offsetof(struct broker_settings, max_slave_links),
	    "as many slaves are connected as maxSlaveLinks allows: raise it" },
};

struct limits {
	const struct broker_settings *settings;
	struct {
		_Atomic uint64_t n;
		_Atomic int64_t logged_ms; /* monotonic; 0: never */
	} refused[N_LIMITS];
};

struct limits *
limits_new(const struct broker_settings *settings)
{
	struct limits *limits = mem_zalloc(sizeof *limits);

	limits->settings = settings;
	return limits;
}

void
limits_free(struct limits *limits)
{
	free(limits);
}

int64_t
limits_value(const struct limits *limits, enum limit which)
{
	const char *at = (const char *)limits->settings + rows[which].setting;

	return *(const int64_t *)(const void *)at;
}

void
limits_refuse(struct limits *limits, enum limit which, uint64_t n)
{
	uint64_t all = atomic_fetch_add(&limits->refused[which].n, n) + n;
	int64_t before = atomic_load(&limits->refused[which].logged_ms);
	int64_t now = clock_mono_ms();

	if ((before != 0 && now - before < LOG_AGAIN_MS) ||
	    !atomic_compare_exchange_strong(&limits->refused[which].logged_ms, &before, now))
		return;
	log_warn("a limit is reached, requests are refused limit=%s value=%" PRId64
		 " refused=%" PRIu64,
	    rows[which].option, limits_value(limits, which), all);
}

bool
limits_allow(struct limits *limits, enum limit which, uint64_t wanted)
{
	if (wanted <= (uint64_t)limits_value(limits, which))
		return true;
	limits_refuse(limits, which, 1);
	return false;
}

uint64_t
limits_refused(const struct limits *limits, enum limit which)
{
	return atomic_load(&limits->refused[which].n);
}

const char *
limit_option(enum limit which)
{
	return rows[which].option;
}

const char *
limit_counter(enum limit which)
{
	return rows[which].counter;
}

const char *
limit_remark(enum limit which)
{
	return rows[which].remark;
}
