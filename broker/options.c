#include "config.h"

#include "broker/options.h"

#include "broker/state/producer_group.h"
#include "common/protocol/assignment.h"

#define OPTION_SETTINGS struct broker_settings
#include "common/config/option_rows.h"

const char *const broker_sections[] = { "broker", NULL };

static const char *const roles[] = {
	[BROKER_ASYNC_MASTER] = "ASYNC_MASTER",
	[BROKER_SYNC_MASTER] = "SYNC_MASTER",
	[BROKER_SLAVE] = "SLAVE",
	NULL,
};

static const char *const flush_types[] = {
	[FLUSH_SYNC] = "SYNC_FLUSH",
	[FLUSH_ASYNC] = "ASYNC_FLUSH",
	NULL,
};

static const char *const request_modes[] = {
	[REQUEST_MODE_PULL] = "PULL",
	[REQUEST_MODE_POP] = "POP",
	NULL,
};

const char *
broker_role_name(int role)
{
	return roles[role];
}

const struct option broker_options[] = {
	/* identity and addresses */
	TEXT("brokerClusterName", broker_cluster_name, "DefaultCluster",
	    "the cluster of this broker"),
	TEXT("brokerName", broker_name, NULL,
	    "the name of a master, different for each, and of its slaves; unset: the host's name"),
	NUMBER("brokerId", broker_id, "0", 0, INT32_MAX, NULL,
	    "the id of the broker within its name; a master has 0, each slave one of its own "
	    "above 0"),
	CHOICE("brokerRole", broker_role, "ASYNC_MASTER", roles,
	    "what the broker does: a master stores messages, a SYNC_MASTER confirms one when a "
	    "slave has it too, a SLAVE copies its master"),
	ROW("namesrvAddr", OPTION_ADDRESSES, namesrv_addr, NULL,
	    "the name servers, HOST:PORT separated by ; (the broker registers with each "
	    "of them)",
	    FILE_ONLY),
	TEXT("brokerIP1", broker_ip1, NULL,
	    "the address that clients connect to; unset: the address of the interface "
	    "that reaches the name servers",
	    FILE_ONLY),
	TEXT("brokerIP2", broker_ip2, NULL,
	    "the address that slaves connect to; unset: as brokerIP1", FILE_ONLY),
	TEXT("bindAddress", bind_address, "0.0.0.0", "the address of the listening ports",
	    FILE_ONLY),
	NUMBER("listenPort", listen_port, "10911", 0, 65534, NULL,
	    "the port for clients; the broker also opens the ports listenPort - 2 and "
	    "listenPort + 1; 0: any free ones"),
	SWITCH("connectBackCheck", connect_back_check, "true",
	    "at start, connect to the advertised address and check that this broker "
	    "replies"),
	TEXT("regionId", region_id, "DefaultRegion",
	    "the region that stored messages and replies to sends name"),
	NUMBER("brokerPermission", broker_permission, "6", 2, 7, NULL,
	    "6: read and write, 4: only read, 2: only write; the broker registers a "
	    "change at once",
	    LIVE),
	NUMBER("registerNameServerPeriod", register_name_server_period, "30000", 1000, 60000, "ms",
	    "the time between two registrations with the name servers", LIVE),
	NUMBER("registerBrokerTimeoutMills", register_broker_timeout_mills, "6000", 100, 60000,
	    "ms", "how long the broker waits for the reply of a name server", LIVE),
	NUMBER("brokerHeartbeatInterval", broker_heartbeat_interval, "1000", 100, 60000, "ms",
	    "the time between two heartbeats to a connected name server", LIVE),
	NUMBER("brokerNotActiveTimeoutMillis", broker_not_active_timeout_millis, "10000", 500,
	    600000, "ms",
	    "name servers remove the broker from routes after this time without a "
	    "heartbeat",
	    LIVE),

	/* copies */
	SWITCH("enableControllerMode", enable_controller_mode, "false",
	    "the quorum of name servers decides whether this broker is a master or a slave, and a "
	    "master writes only while it has their lease; brokerRole is where a new store begins"),
	ROW("controllerAddr", OPTION_ADDRESSES, controller_addr, NULL,
	    "the name servers of the quorum, witness included, HOST:PORT separated by ;; unset: "
	    "namesrvAddr",
	    FILE_ONLY),
	ROW("haMasterAddress", OPTION_ADDRESSES, ha_master_address, NULL,
	    "of a slave: the replication port of its master, HOST:PORT; unset: the name servers "
	    "know it",
	    FILE_ONLY),
	SWITCH("slaveReadEnable", slave_read_enable, "false",
	    "a master sends consumers that are far behind to a slave, and a slave keeps those "
	    "that read from it",
	    LIVE),
	NUMBER("haSendHeartbeatInterval", ha_send_heartbeat_interval, "5000", 100, 60000, "ms",
	    "how long a RocketMQ broker at the other end of a replication link hears nothing "
	    "before a sign of life",
	    LIVE),
	NUMBER("haHousekeepingInterval", ha_housekeeping_interval, "20000", 1000, 600000, "ms",
	    "a replication link ends when the other end is silent for this long", LIVE),
	NUMBER("slaveTimeout", slave_timeout, "3000", 1, 600000, "ms",
	    "of a SYNC_MASTER: a send that waits longer for a slave gets the reply "
	    "FLUSH_SLAVE_TIMEOUT",
	    LIVE),
	NUMBER("inSyncReplicas", in_sync_replicas, "1", 1, 100, "copies",
	    "of a SYNC_MASTER: a message is confirmed when so many brokers have it, the master "
	    "included; 1 counts as 2 while a slave is in sync",
	    LIVE),
	NUMBER("minInSyncReplicas", min_in_sync_replicas, "1", 1, 100, "copies",
	    "of a SYNC_MASTER: while fewer brokers are in sync, the master included, sends get "
	    "the reply SLAVE_NOT_AVAILABLE at once",
	    LIVE),
	NUMBER("haMaxGapNotInSync", ha_max_gap_not_in_sync, "268435456", 0, INT64_MAX, "bytes",
	    "a slave that is further behind is not in sync", LIVE),
	NUMBER("maxSlaveLinks", max_slave_links, "16", 1, 64, "connections",
	    "at most this many connections to the replication port; one that has said nothing yet "
	    "makes room",
	    LIVE),

	/* topics and groups */
	SWITCH("autoCreateTopicEnable", auto_create_topic_enable, "true",
	    "create a missing topic when its first message arrives", LIVE),
	SWITCH("autoCreateTopicOnAllBrokers", auto_create_topic_on_all_brokers, "true",
	    "create a topic that is new here on the other masters of the cluster too", LIVE),
	NUMBER("defaultTopicQueueNums", default_topic_queue_nums, "8", 1, 1024, "queues",
	    "a topic that a message creates has at most this many queues", LIVE),
	SWITCH("autoCreateSubscriptionGroup", auto_create_subscription_group, "true",
	    "create a consumer group when its first consumer arrives", LIVE),
	SWITCH("clusterTopicEnable", cluster_topic_enable, "true",
	    "allow clients to use the topic with the name of the cluster"),
	SWITCH("brokerTopicEnable", broker_topic_enable, "true",
	    "allow clients to use the topic with the name of the broker"),
	SWITCH("enableTopicMessageTypeCheck", enable_topic_message_type_check, "false",
	    "refuse a message whose kind contradicts the attribute message.type of its topic",
	    LIVE),
	SWITCH("enableMixedMessageType", enable_mixed_message_type, "false",
	    "allow MIXED, all kinds, as the attribute message.type of a topic", LIVE),
	SWITCH("traceOn", trace_on, "true",
	    "tell clients that write traces to do so, in replies to sends and in messages", LIVE),
	SWITCH("traceTopicEnable", trace_topic_enable, "false",
	    "create the topic for message traces at start"),
	TEXT("msgTraceTopicName", msg_trace_topic_name, "RMQ_SYS_TRACE_TOPIC",
	    "the topic for message traces"),
	NUMBER("messageTraceEntries", message_trace_entries, "65536", 0, 10000000, "entries",
	    "how many deliveries and acknowledgements the broker remembers for the traces of "
	    "messages, at 88 bytes each"),
	NUMBER("sqlTimeLimit", sql_time_limit, "5000", 0, 600000, "ms",
	    "how long a query of mqadmin sql may take; 0: no queries", LIVE),
	NUMBER("sqlMaxRows", sql_max_rows, "10000", 1, 1000000, "rows",
	    "how many rows the result of a query may have", LIVE),
	SWITCH("trendEnable", trend_enable, "true",
	    "keep the messages in and out and the lags of the last 24 hours, and watch the "
	    "thresholds of the options alarm..."),
	NUMBER("alarmLag", alarm_lag, "100000", 0, INT64_MAX, "messages",
	    "a group that is so far behind is an alarm; 0: none", LIVE),
	NUMBER("alarmDiskUsed", alarm_disk_used, "90", 0, 100, "percent",
	    "so much of the store's partition in use is an alarm; 0: none", LIVE),
	NUMBER("alarmParkedTransactions", alarm_parked_transactions, "1", 0, INT64_MAX,
	    "transactions",
	    "so many transactions whose checks nobody answered are an alarm; 0: none", LIVE),
	SWITCH("storeReplyMessageEnable", store_reply_message_enable, "true",
	    "store the replies to requests of clients, in the topic of the cluster with the "
	    "suffix _REPLY_TOPIC",
	    LIVE),

	/* limits on what requests create */
	NUMBER("maxTopics", max_topics, "100000", 1, 130000, "topics",
	    "the broker creates no more topics; one registration has room for this many, "
	    "whatever their names",
	    LIVE),
	NUMBER("maxGroups", max_groups, "50000", 1, 1000000, "groups",
	    "the broker creates no more consumer groups", LIVE),
	NUMBER("maxProducerGroups", max_producer_groups, "10000", 1, 1000000, "groups",
	    "at most this many producer groups have settings of their own", LIVE),
	NUMBER("maxHeartbeatEntries", max_heartbeat_entries, "20000", 1, 1000000, "entries",
	    "the broker refuses a heartbeat with more groups and subscriptions, or one "
	    "after which its connection has more groups",
	    LIVE),
	NUMBER("maxClientMemory", max_client_memory, "268435456", 65536, INT64_C(1) << 34, "bytes",
	    "while the groups and subscriptions of all clients take more memory, the "
	    "broker refuses heartbeats that add any",
	    LIVE),
	NUMBER("maxConsumerOffsets", max_consumer_offsets, "2000000", 1, 100000000, "offsets",
	    "the broker keeps offsets of at most this many queues, counted for each group", LIVE),
	NUMBER("maxUnknownGroupOffsets", max_unknown_group_offsets, "10000", 0, 100000000,
	    "offsets",
	    "at most this many of them belong to groups that do not exist here; the "
	    "broker forgets these after a day without a commit",
	    LIVE),
	NUMBER("maxTimers", max_timers, "10000000", 0, 1000000000, "messages",
	    "the broker takes no more timed messages while so many wait", LIVE),
	NUMBER("maxStatistics", max_statistics, "200000", 1, 10000000, "series",
	    "further topics and groups count only in the totals; the broker forgets a "
	    "series that counted nothing for a day",
	    LIVE),
	NUMBER("maxTrendSeries", max_trend_series, "20000", 1, 1000000, "series",
	    "at most so many topics and groups that moved within a day have a trend", LIVE),
	NUMBER("dedupMaxKeys", dedup_max_keys, "2000000", 1, 1000000000, "keys",
	    "the broker remembers the unique keys of at most this many messages, of all topics "
	    "with a dedup.window; when there are so many, such topics take no more messages"),
	NUMBER("httpMaxStreams", http_max_streams, "100", 0, 100000, "streams",
	    "at most this many event streams of HTTP are open at a time", LIVE),
	NUMBER("maxMessageRequestModes", max_message_request_modes, "10000", 0, 1000000, "settings",
	    "at most this many pairs of a topic and a group have a request mode of their own",
	    LIVE),
	NUMBER("maxReplyMemory", max_reply_memory, "67108864", 65536, INT64_C(1) << 34, "bytes",
	    "while the replies on their way to requesters take more memory, the broker refuses "
	    "further ones",
	    LIVE),

	NUMBER("maxQueueLocks", max_queue_locks, "100000", 0, 10000000, "locks",
	    "ordered consumers of all groups hold locks on at most this many queues", LIVE),

	/* store */
	TEXT("storePathRootDir", store_path_root_dir, NULL,
	    "the directory of the store; unset: store in the home directory", FILE_ONLY),
	TEXT("storePathCommitLog", store_path_commit_log, NULL,
	    "the directory of the log's segments; unset: log in storePathRootDir", FILE_ONLY),
	NUMBER("mappedFileSizeCommitLog", mapped_file_size_commit_log, "268435456", 65536,
	    INT64_C(1) << 40, "bytes",
	    "the broker closes a log segment at this size; expired messages leave the "
	    "disk by whole segments"),
	CHOICE("flushDiskType", flush_disk_type, "SYNC_FLUSH", flush_types,
	    "SYNC_FLUSH: the reply to a send follows the sync to disk, and the message "
	    "survives a power cut; ASYNC_FLUSH: the reply follows the write, and the "
	    "message survives only the death of the process"),
	NUMBER("flushIntervalCommitLog", flush_interval_commit_log, "500", 1, 60000, "ms",
	    "with ASYNC_FLUSH, the time between two syncs of the log; a power cut may "
	    "lose what was stored in this time and while a sync ran",
	    LIVE),
	NUMBER("commitGatherTime", commit_gather_time, "300", 0, 100000, "us",
	    "the longest time that a send waits for others to share its commit; it waits only "
	    "while sends are frequent, a lone one never; 0: none does"),
	NUMBER("syncFlushTimeout", sync_flush_timeout, "5000", 100, 600000, "ms",
	    "with SYNC_FLUSH, a send that waits longer for the disk gets the reply "
	    "FLUSH_DISK_TIMEOUT",
	    LIVE),
	TEXT("deleteWhen", delete_when, "04",
	    "the hours of the day at which the broker removes expired segments, 00 to 23, "
	    "separated by ;",
	    LIVE),
	NUMBER("fileReservedTime", file_reserved_time, "72", 0, 876000, "hours",
	    "how long the broker keeps messages, read or unread", LIVE),
	NUMBER("diskMaxUsedSpaceRatio", disk_max_used_space_ratio, "75", 10, 95, "percent",
	    "above this usage of the disk, the broker removes expired segments at any "
	    "hour; from 85 on it removes the oldest segments, expired or not; from 90 on "
	    "it refuses sends",
	    LIVE),
	NUMBER("flushConsumerOffsetInterval", flush_consumer_offset_interval, "5000", 10, 600000,
	    "ms", "the time between two commits of the offsets that consumers reported", LIVE),
	NUMBER("tailCacheSize", tail_cache_size, "12582912", 65536, INT64_C(1) << 34, "bytes",
	    "the memory for the newest part of the log; reads of this part need no disk"),

	/* sending */
	NUMBER("maxMessageSize", max_message_size, "4194304", 1024, 15728640, "bytes",
	    "the largest body of a message", LIVE),
	NUMBER("sendThreadPoolQueueCapacity", send_thread_pool_queue_capacity, "10000", 1, 1000000,
	    "requests",
	    "at most this many sends wait for the writer; the broker refuses further ones "
	    "as busy",
	    LIVE),
	NUMBER("waitTimeMillsInSendQueue", wait_time_mills_in_send_queue, "2000", 1, 600000, "ms",
	    "the broker refuses a send as busy that waits longer for the writer; clients "
	    "wait 3 s; RocketMQ's 200 ms refuses sends at every slow sync of a disk",
	    LIVE),
	NUMBER("startAcceptSendRequestTimeStamp", start_accept_send_request_time_stamp, "0", 0,
	    INT64_MAX, "ms", "the broker refuses sends before this time (since 1970)", LIVE),

	/* pulling and querying */
	SWITCH("longPollingEnable", long_polling_enable, "true",
	    "hold a pull that finds nothing until a message arrives or the pull times out", LIVE),
	NUMBER("shortPollingTimeMills", short_polling_time_mills, "1000", 10, 60000, "ms",
	    "without long polling, how long the broker holds a pull that finds nothing", LIVE),
	SWITCH("notifyConsumerIdsChangedEnable", notify_consumer_ids_changed_enable, "true",
	    "tell the consumers of a group at once when one joins or leaves", LIVE),
	NUMBER("rebalanceLockMaxLiveTime", rebalance_lock_max_live_time, "60000", 100,
	    INT64_C(86400000), "ms",
	    "an ordered consumer that does not ask again for so long loses its lock on a queue",
	    LIVE),
	NUMBER("rebalanceLockRestartWait", rebalance_lock_restart_wait, "30000", 0,
	    INT64_C(86400000), "ms",
	    "for this time after a start, a queue that a group consumed before is kept for the "
	    "ordered consumer that held it: it may still count on its lock"),
	SWITCH("enablePropertyFilter", enable_property_filter, "true",
	    "consumers may subscribe with SQL92 expressions on the properties of messages", LIVE),
	NUMBER("maxTransferBytesOnMessageInMemory", max_transfer_bytes_on_message_in_memory,
	    "262144", 1024, 8388608, "bytes", "one pull gets at most this many bytes", LIVE),
	NUMBER("maxTransferCountOnMessageInMemory", max_transfer_count_on_message_in_memory, "32",
	    1, 65536, "messages", "one pull gets at most this many messages", LIVE),
	NUMBER("defaultQueryMaxNum", default_query_max_num, "32", 1, 10000, "messages",
	    "one query by unique key gets at most this many messages", LIVE),
	NUMBER("maxMsgsNumBatch", max_msgs_num_batch, "64", 1, 1024, "messages",
	    "one query by key gets at most this many messages", LIVE),
	NUMBER("accessMessageInMemoryMaxRatio", access_message_in_memory_max_ratio, "40", 0, 100,
	    "percent",
	    "a group without offsets starts at the first message of a queue if everything "
	    "stored since then fits into this part of the machine's memory",
	    LIVE),

	/* dividing queues, and popping */
	SWITCH("serverLoadBalancerEnable", server_load_balancer_enable, "true",
	    "divide the queues of a topic among the clients that ask for their share; false: each "
	    "gets all queues",
	    LIVE),
	CHOICE("defaultMessageRequestMode", default_message_request_mode, "PULL", request_modes,
	    "how clients that ask get the messages of a topic, unless mqadmin setConsumeMode said "
	    "it for their group",
	    LIVE),
	NUMBER("defaultPopShareQueueNum", default_pop_share_queue_num, "-1", -1, 1000000, "clients",
	    "with the default mode POP, a client also pops the queues of this many others; -1, 0: "
	    "all queues",
	    LIVE),
	NUMBER("maxPopPollingSize", max_pop_polling_size, "100000", 0, 10000000, "pops",
	    "at most this many pops wait for messages; the broker answers others at once "
	    "(POLLING_FULL)",
	    LIVE),
	NUMBER("popPollingSize", pop_polling_size, "1024", 1, 10000000, "pops",
	    "at most this many of them are of one group and queue", LIVE),
	SWITCH("enablePopMessageThreshold", enable_pop_message_threshold, "true",
	    "give a group nothing more of a queue with popInflightMessageThreshold messages that "
	    "it has not acknowledged",
	    LIVE),
	NUMBER("popInflightMessageThreshold", pop_inflight_message_threshold, "10000", 1, 1000000,
	    "messages",
	    "a group may have this many messages of one queue before it acknowledges them", LIVE),
	NUMBER("popCkMaxBufferSize", pop_ck_max_buffer_size, "200000", 1, 100000000, "pops",
	    "at most this many pops of all groups wait for acknowledgements, each of up to 32 "
	    "messages; the broker refuses others as busy",
	    LIVE),

	/* delayed and transaction messages */
	TEXT("messageDelayLevel", message_delay_level,
	    "1s 5s 10s 30s 1m 2m 3m 4m 5m 6m 7m 8m 9m 10m 20m 30m 1h 2h",
	    "the delays of levels 1, 2, ..., each a number and s, m, h or d"),
	SWITCH("timerWheelEnable", timer_wheel_enable, "true",
	    "take messages with a time of their own (TIMER_DELAY_SEC, TIMER_DELAY_MS, "
	    "TIMER_DELIVER_MS, __STARTDELIVERTIME)",
	    LIVE),
	NUMBER("timerMaxDelaySec", timer_max_delay_sec, "31536000", 1, 315360000, "seconds",
	    "a message whose time is further away is refused", LIVE),
	NUMBER("timerWindow", timer_window, "100000", 1000, 100000000, "messages",
	    "about so many timed messages, those that are due next, have their times in memory; "
	    "each takes 60 bytes there"),
	SWITCH("recallMessageEnable", recall_message_enable, "true",
	    "allow senders to recall timed messages", LIVE),
	SWITCH("rejectTransactionMessage", reject_transaction_message, "false",
	    "refuse transaction messages", LIVE),
	NUMBER("transactionTimeOut", transaction_time_out, "6000", 1, INT64_C(86400000), "ms",
	    "how long a half message waits before the broker asks its producer, unless "
	    "the message has a time of its own",
	    LIVE),
	NUMBER("transactionCheckInterval", transaction_check_interval, "60000", 1,
	    INT64_C(86400000), "ms", "the time between two checks of a half message", LIVE),
	NUMBER("transactionCheckMax", transaction_check_max, "15", 1, 60000, "times",
	    "after this many checks the broker parks the message in "
	    "TRANS_CHECK_MAX_TIME_TOPIC",
	    LIVE),
	NUMBER("transactionCheckRate", transaction_check_rate, "2000", 1, 1000000, "a second",
	    "the broker checks at most this many half messages, even if more are due", LIVE),
	CHOICE("transactionPolicy", transaction_policy, "first-wins", transaction_policies,
	    "the decision that counts for producer groups without a setting of mqadmin: "
	    "the first one, or (commit-wins-once) the sender's commit also after the "
	    "rollback of a check",
	    LIVE),
	ROW("transactionCheckUrlAllow", OPTION_ADDRESSES, transaction_check_url_allow, NULL,
	    "the addresses, HOST:PORT separated by ;, that URLs of producer groups may "
	    "use (only http); unset: the broker asks no URL",
	    FILE_ONLY),
	NUMBER("transactionCheckUrlTimeout", transaction_check_url_timeout, "3000", 50, 60000, "ms",
	    "how long the broker waits for the reply of such a URL", LIVE),

	/* the process */
	NUMBER("ioThreads", io_threads, "1", 1, 64, "threads",
	    "event loops that share the connections; one is enough for a two-core machine"),
	NUMBER("readThreads", read_threads, "1", 1, 64, "threads",
	    "threads that read messages from disk"),
	NUMBER("maxConnections", max_connections, "20000", 1, 1000000, NULL,
	    "the broker closes further connections at once; connections without a request "
	    "make room first"),
	NUMBER("maxConnectionsPerAddress", max_connections_per_address, "10000", 0, 1000000, NULL,
	    "the broker closes further connections from one address at once; 0: no limit"),
	NUMBER("serverChannelMaxSilentTimeSeconds", server_channel_max_silent_time_seconds, "15", 1,
	    86400, "seconds", "the broker closes a connection that makes no request for this long"),
	NUMBER("serverWriteBufferMaxBytes", server_write_buffer_max_bytes, "536870912", 4194304,
	    INT64_C(1) << 40, "bytes",
	    "when unsent replies take more memory, the broker closes the slowest "
	    "connections"),
	NUMBER("serverChannelMaxIdleTimeSeconds", server_channel_max_idle_time_seconds, "120", 0,
	    86400, "seconds",
	    "the broker closes a connection after this time without traffic; 0: never"),
	HTTP_OPTION_ROWS,
	TEXT("httpTokenFile", http_token_file, NULL,
	    "the file with a token of the account http-token, for scripts on this host; the broker "
	    "makes it when it is missing, readable by its user alone; unset: http-token in "
	    "storePathRootDir",
	    FILE_ONLY),
	TEXT("logFile", log_file, NULL,
	    "the broker appends its log to this file; unset: standard error", FILE_ONLY),
	CHOICE("logLevel", log_level, "info", log_levels, "the least level of the lines in the log",
	    LIVE),

	/* refused when true: nobody may believe that they work */
	SWITCH("aclEnable", acl_enable, "false", "true is refused: no access control yet"),
	SWITCH("authenticationEnabled", authentication_enabled, "false",
	    "true is refused: no access control yet"),
	SWITCH("authorizationEnabled", authorization_enabled, "false",
	    "true is refused: no access control yet"),
	SWITCH("useTLS", use_tls, "false", "true is refused: no TLS yet"),
	SWITCH("enableDLegerCommitLog", enable_dleger_commit_log, "false",
	    "true is refused: no replication yet"),

	ALIAS("mapedFileSizeCommitLog", "mappedFileSizeCommitLog"),
	ALIAS("haSlaveFallbehindMax", "haMaxGapNotInSync"),

	/* no keys of any RocketMQ, but files that people copy have them */
	WRONG("autoCreateSubscriptionGrop", "autoCreateSubscriptionGroup", ""),
	WRONG("mapfedFileSizeCommitLog", "mappedFileSizeCommitLog", ""),
	WRONG("mapfedFileSizeConsumeQueue", NULL,
	    "the key is mappedFileSizeConsumeQueue (mapedFileSizeConsumeQueue up to 4.5.1), in "
	    "bytes, 20 for each entry, not in entries; without effect here: a queue's index grows "
	    "as needed"),
	WRONG("diskMaxUsedSpaceRation", "diskMaxUsedSpaceRatio",
	    "from 85 on the broker removes the oldest messages, whatever the value"),
	WRONG("storePathCommit", "storePathCommitLog", ""),
	WRONG("storePathCommitlog", "storePathCommitLog", ""),
	WRONG("storePathConsumeQueue", NULL,
	    "the queue index is part of the log below storePathRootDir"),
	WRONG("storePathConsumerQueue", NULL,
	    "the queue index is part of the log below storePathRootDir"),
	WRONG("storePathIndex", NULL, "the key index is part of the log below storePathRootDir"),
	WRONG("storePathpoint", NULL, "the broker needs no checkpoint file in storePathRootDir"),
	WRONG("storeCheckpoint", NULL, "the broker needs no checkpoint file in storePathRootDir"),
	WRONG("storePathAbort", NULL, "the broker needs no abort mark in storePathRootDir"),
	WRONG("abortFile", NULL, "the broker needs no abort mark in storePathRootDir"),
	WRONG("checkTransactionMessageEnable", NULL,
	    "the key is rejectTransactionMessage and means the opposite"),
	WRONG("brokerIP", "brokerIP1", ""),

#include "broker/options_ignored.inc"

	{ .name = NULL },
};
