#include "config.h"

#include "broker/options.h"

#include "broker/state/producer_group.h"

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

const struct option broker_options[] = {
	/* who and where */
	TEXT("brokerClusterName", broker_cluster_name, "DefaultCluster",
	    "the cluster that this broker belongs to"),
	TEXT("brokerName", broker_name, NULL,
	    "the name of this master, different for each; unset: the host's name"),
	NUMBER("brokerId", broker_id, "0", 0, INT32_MAX, NULL,
	    "0 for a master, which every broker is until there is replication"),
	CHOICE("brokerRole", broker_role, "ASYNC_MASTER", roles,
	    "SYNC_MASTER would wait for a slave; SLAVE is refused: there is no replication yet"),
	ROW("namesrvAddr", OPTION_ADDRESSES, namesrv_addr, NULL,
	    "the name servers, HOST:PORT separated by ; (the broker registers with each of them)",
	    FILE_ONLY),
	TEXT("brokerIP1", broker_ip1, NULL,
	    "the address that clients are told; unset: that of the interface which reaches the "
	    "name servers",
	    FILE_ONLY),
	TEXT("brokerIP2", broker_ip2, NULL, "the address that slaves are told; unset: as brokerIP1",
	    FILE_ONLY),
	TEXT("bindAddress", bind_address, "0.0.0.0", "the address that the ports are opened on",
	    FILE_ONLY),
	NUMBER("listenPort", listen_port, "10911", 0, 65534, NULL,
	    "the port for clients; the two below and above it (- 2 and + 1) are opened as well; "
	    "0: any free ones"),
	SWITCH("connectBackCheck", connect_back_check, "true",
	    "at start, connect to the advertised address to see that it leads back here"),
	TEXT("regionId", region_id, "DefaultRegion",
	    "the region that is named in the answers to sends"),
	NUMBER("brokerPermission", broker_permission, "6", 2, 7, NULL,
	    "6: read and write, 4: read alone, 2: write alone; the name servers are told at once",
	    LIVE),
	NUMBER("registerNameServerPeriod", register_name_server_period, "30000", 1000, 60000, "ms",
	    "how often the broker tells the name servers that it is there", LIVE),
	NUMBER("registerBrokerTimeoutMills", register_broker_timeout_mills, "6000", 100, 60000,
	    "ms", "how long a name server may take to answer", LIVE),
	NUMBER("brokerHeartbeatInterval", broker_heartbeat_interval, "1000", 100, 60000, "ms",
	    "how often a connected name server hears that the broker is alive", LIVE),
	NUMBER("brokerNotActiveTimeoutMillis", broker_not_active_timeout_millis, "10000", 500,
	    600000, "ms",
	    "after so long a silence name servers take the broker out of their routes", LIVE),

	/* topics and groups */
	SWITCH("autoCreateTopicEnable", auto_create_topic_enable, "true",
	    "create a topic when the first message for it arrives", LIVE),
	SWITCH("autoCreateTopicOnAllBrokers", auto_create_topic_on_all_brokers, "true",
	    "create a topic that is new here on the other masters of the cluster too", LIVE),
	NUMBER("defaultTopicQueueNums", default_topic_queue_nums, "8", 1, 1024, "queues",
	    "the most queues that a topic created by a message gets", LIVE),
	SWITCH("autoCreateSubscriptionGroup", auto_create_subscription_group, "true",
	    "create a consumer group when its first consumer arrives", LIVE),
	SWITCH("clusterTopicEnable", cluster_topic_enable, "true",
	    "let clients use the topic that is named like the cluster"),
	SWITCH("brokerTopicEnable", broker_topic_enable, "true",
	    "let clients use the topic that is named like the broker"),
	SWITCH(
	    "traceOn", trace_on, "true", "tell producers in every answer that tracing is on", LIVE),
	SWITCH("traceTopicEnable", trace_topic_enable, "false",
	    "create the topic for message traces at start"),
	TEXT("msgTraceTopicName", msg_trace_topic_name, "RMQ_SYS_TRACE_TOPIC",
	    "the topic for message traces"),

	/* what requests may create */
	NUMBER("maxTopics", max_topics, "100000", 1, 130000, "topics",
	    "more are not created; as many fit into one registration, whatever their names", LIVE),
	NUMBER("maxGroups", max_groups, "50000", 1, 1000000, "groups",
	    "more consumer groups are not created", LIVE),
	NUMBER("maxProducerGroups", max_producer_groups, "10000", 1, 1000000, "groups",
	    "more producer groups do not get settings of their own", LIVE),
	NUMBER("maxHeartbeatEntries", max_heartbeat_entries, "20000", 1, 1000000, "entries",
	    "a heartbeat is refused that has more groups and subscriptions, or that gives its "
	    "connection more groups",
	    LIVE),
	NUMBER("maxClientMemory", max_client_memory, "268435456", 65536, INT64_C(1) << 34, "bytes",
	    "heartbeats that bring anything new are refused while the groups and subscriptions of "
	    "all clients take more memory",
	    LIVE),
	NUMBER("maxConsumerOffsets", max_consumer_offsets, "2000000", 1, 100000000, "offsets",
	    "offsets of more queues, counted for each group, are not kept", LIVE),
	NUMBER("maxUnknownGroupOffsets", max_unknown_group_offsets, "10000", 0, 100000000,
	    "offsets",
	    "the part of them that may belong to groups which do not exist here; they are "
	    "forgotten after a day without a commit",
	    LIVE),
	NUMBER("maxStatistics", max_statistics, "200000", 1, 10000000, "series",
	    "more topics and groups are counted in the totals alone; a series that counted "
	    "nothing for a day is forgotten",
	    LIVE),

	/* store */
	TEXT("storePathRootDir", store_path_root_dir, NULL,
	    "the directory of everything that is kept; unset: store in the home directory",
	    FILE_ONLY),
	TEXT("storePathCommitLog", store_path_commit_log, NULL,
	    "the directory of the log's segments; unset: log in storePathRootDir", FILE_ONLY),
	NUMBER("mappedFileSizeCommitLog", mapped_file_size_commit_log, "268435456", 65536,
	    INT64_C(1) << 40, "bytes",
	    "the size at which a segment of the log is closed; expired messages leave the disk by "
	    "whole segments"),
	CHOICE("flushDiskType", flush_disk_type, "SYNC_FLUSH", flush_types,
	    "SYNC_FLUSH: a send is answered once it is on the disk and survives a power cut; "
	    "ASYNC_FLUSH: once it is written, which survives the death of the process alone"),
	NUMBER("flushIntervalCommitLog", flush_interval_commit_log, "500", 1, 60000, "ms",
	    "with ASYNC_FLUSH, how often the log is synced: what a power cut may take", LIVE),
	NUMBER("syncFlushTimeout", sync_flush_timeout, "5000", 100, 600000, "ms",
	    "with SYNC_FLUSH, how late the disk may be before a send is answered with "
	    "FLUSH_DISK_TIMEOUT",
	    LIVE),
	TEXT("deleteWhen", delete_when, "04",
	    "the hours of the day at which expired segments are removed, 00 to 23, separated by ;",
	    LIVE),
	NUMBER("fileReservedTime", file_reserved_time, "72", 0, 876000, "hours",
	    "how long messages are kept, read or unread", LIVE),
	NUMBER("diskMaxUsedSpaceRatio", disk_max_used_space_ratio, "75", 10, 95, "percent",
	    "how full the disk may be before expired segments go at any hour; from 85 on the "
	    "oldest go, expired or not, and from 90 on sends are refused",
	    LIVE),
	NUMBER("flushConsumerOffsetInterval", flush_consumer_offset_interval, "5000", 10, 600000,
	    "ms", "how often the offsets that consumers reported are committed", LIVE),
	NUMBER("tailCacheSize", tail_cache_size, "12582912", 65536, INT64_C(1) << 34, "bytes",
	    "the newest part of the log that is kept in memory; what consumers read from there "
	    "costs no read"),

	/* sending */
	NUMBER("maxMessageSize", max_message_size, "4194304", 1024, 15728640, "bytes",
	    "the largest body of a message", LIVE),
	NUMBER("sendThreadPoolQueueCapacity", send_thread_pool_queue_capacity, "10000", 1, 1000000,
	    "requests", "how many sends may wait for the writer before more are refused as busy",
	    LIVE),
	NUMBER("waitTimeMillsInSendQueue", wait_time_mills_in_send_queue, "2000", 1, 600000, "ms",
	    "how long a send may wait for the writer before it is refused as busy, below the "
	    "client's own 3 s; RocketMQ's 200 ms refuses sends whenever a disk takes a breath",
	    LIVE),
	NUMBER("startAcceptSendRequestTimeStamp", start_accept_send_request_time_stamp, "0", 0,
	    INT64_MAX, "ms", "sends before this time (since 1970) are refused", LIVE),

	/* pulling and querying */
	SWITCH("longPollingEnable", long_polling_enable, "true",
	    "hold a pull that finds nothing until a message arrives or its own time is over", LIVE),
	NUMBER("shortPollingTimeMills", short_polling_time_mills, "1000", 10, 60000, "ms",
	    "without long polling, how long a pull that finds nothing is held", LIVE),
	SWITCH("notifyConsumerIdsChangedEnable", notify_consumer_ids_changed_enable, "true",
	    "tell the consumers of a group at once when one comes or goes", LIVE),
	SWITCH("enablePropertyFilter", enable_property_filter, "false",
	    "no effect yet: SQL92 expressions are refused, tags are what filters", LIVE),
	NUMBER("maxTransferBytesOnMessageInMemory", max_transfer_bytes_on_message_in_memory,
	    "262144", 1024, 8388608, "bytes", "the most that one pull gets", LIVE),
	NUMBER("maxTransferCountOnMessageInMemory", max_transfer_count_on_message_in_memory, "32",
	    1, 65536, "messages", "the most that one pull gets", LIVE),
	NUMBER("defaultQueryMaxNum", default_query_max_num, "32", 1, 10000, "messages",
	    "the most that one query by unique key gets", LIVE),
	NUMBER("maxMsgsNumBatch", max_msgs_num_batch, "64", 1, 1024, "messages",
	    "the most that one query by key gets", LIVE),
	NUMBER("accessMessageInMemoryMaxRatio", access_message_in_memory_max_ratio, "40", 0, 100,
	    "percent",
	    "a group without offsets begins at the first message of a queue as long as what was "
	    "stored since fits into this part of the machine's memory",
	    LIVE),

	/* delayed and transaction messages */
	TEXT("messageDelayLevel", message_delay_level,
	    "1s 5s 10s 30s 1m 2m 3m 4m 5m 6m 7m 8m 9m 10m 20m 30m 1h 2h",
	    "the delays of levels 1, 2, ..., each a number and s, m, h or d"),
	SWITCH("rejectTransactionMessage", reject_transaction_message, "false",
	    "no effect yet: transaction messages are refused", LIVE),
	NUMBER("transactionTimeOut", transaction_time_out, "6000", 1, INT64_C(86400000), "ms",
	    "how long a half message waits before its producer is asked, unless it says itself",
	    LIVE),
	NUMBER("transactionCheckInterval", transaction_check_interval, "60000", 1,
	    INT64_C(86400000), "ms", "how long until it is asked about again", LIVE),
	NUMBER("transactionCheckMax", transaction_check_max, "15", 1, 60000, "times",
	    "how often it is asked about before it is parked in TRANS_CHECK_MAX_TIME_TOPIC", LIVE),
	NUMBER("transactionCheckRate", transaction_check_rate, "2000", 1, 1000000, "a second",
	    "how many half messages are looked after at most, when masses fall due together", LIVE),
	CHOICE("transactionPolicy", transaction_policy, "first-wins", transaction_policies,
	    "what counts for producer groups for which mqadmin set nothing: the first decision, or "
	    "(commit-wins-once) the sender's commit also after the rollback of a check",
	    LIVE),
	ROW("transactionCheckUrlAllow", OPTION_ADDRESSES, transaction_check_url_allow, NULL,
	    "the addresses, HOST:PORT separated by ;, that URLs of producer groups may lead to "
	    "(http alone); unset: no URL is asked",
	    FILE_ONLY),
	NUMBER("transactionCheckUrlTimeout", transaction_check_url_timeout, "3000", 50, 60000, "ms",
	    "how long such a URL may take to answer", LIVE),

	/* the process */
	NUMBER("ioThreads", io_threads, "1", 1, 64, "threads",
	    "event loops that connections are spread over; one carries a two-core machine"),
	NUMBER("readThreads", read_threads, "1", 1, 64, "threads",
	    "threads that read what is not in memory"),
	NUMBER("maxConnections", max_connections, "20000", 1, 1000000, NULL,
	    "more connections than that are closed at once; silent ones make room first"),
	NUMBER("maxConnectionsPerAddress", max_connections_per_address, "10000", 0, 1000000, NULL,
	    "more connections than that from one address are closed at once; 0: no limit"),
	NUMBER("serverChannelMaxSilentTimeSeconds", server_channel_max_silent_time_seconds, "15", 1,
	    86400, "seconds", "a connection that made no request for longer is closed"),
	NUMBER("serverWriteBufferMaxBytes", server_write_buffer_max_bytes, "536870912", 4194304,
	    INT64_C(1) << 40, "bytes",
	    "when more than this waits for peers that do not read, the slowest connections are "
	    "closed"),
	NUMBER("serverChannelMaxIdleTimeSeconds", server_channel_max_idle_time_seconds, "120", 0,
	    86400, "seconds", "a connection that is silent this long is closed; 0: never"),
	TEXT("logFile", log_file, NULL,
	    "the file that everything the broker says is appended to; unset: standard error",
	    FILE_ONLY),
	CHOICE("logLevel", log_level, "info", log_levels, "how much is said", LIVE),

	/* what must not be ignored in silence */
	SWITCH("aclEnable", acl_enable, "false", "true is refused: no access control yet"),
	SWITCH("authenticationEnabled", authentication_enabled, "false",
	    "true is refused: no access control yet"),
	SWITCH("authorizationEnabled", authorization_enabled, "false",
	    "true is refused: no access control yet"),
	SWITCH("useTLS", use_tls, "false", "true is refused: no TLS yet"),
	SWITCH("enableDLegerCommitLog", enable_dleger_commit_log, "false",
	    "true is refused: no replication yet"),
	SWITCH("enableControllerMode", enable_controller_mode, "false",
	    "true is refused: no controller yet"),

	ALIAS("mapedFileSizeCommitLog", "mappedFileSizeCommitLog"),

	/* no key of any RocketMQ, but met in files that people copy */
	WRONG("autoCreateSubscriptionGrop", "autoCreateSubscriptionGroup", ""),
	WRONG("mapfedFileSizeCommitLog", "mappedFileSizeCommitLog", ""),
	WRONG("mapfedFileSizeConsumeQueue", NULL,
	    "the key is mappedFileSizeConsumeQueue (mapedFileSizeConsumeQueue up to 4.5.1), in "
	    "bytes, 20 for each entry, not in entries; without effect here: a queue's index grows "
	    "as needed"),
	WRONG("diskMaxUsedSpaceRation", "diskMaxUsedSpaceRatio",
	    "from 85 on the oldest messages go, whatever is set"),
	WRONG("storePathCommit", "storePathCommitLog", ""),
	WRONG("storePathCommitlog", "storePathCommitLog", ""),
	WRONG("storePathConsumeQueue", NULL,
	    "the queue index is kept with the log, its place follows from storePathRootDir"),
	WRONG("storePathConsumerQueue", NULL,
	    "the queue index is kept with the log, its place follows from storePathRootDir"),
	WRONG("storePathIndex", NULL,
	    "the key index is kept with the log, its place follows from storePathRootDir"),
	WRONG("storePathpoint", NULL,
	    "the place of checkpoints follows from storePathRootDir; no such file is needed here"),
	WRONG("storeCheckpoint", NULL,
	    "the place of checkpoints follows from storePathRootDir; no such file is needed here"),
	WRONG("storePathAbort", NULL,
	    "the place of the abort mark follows from storePathRootDir; none is needed here"),
	WRONG("abortFile", NULL,
	    "the place of the abort mark follows from storePathRootDir; none is needed here"),
	WRONG("checkTransactionMessageEnable", NULL,
	    "the key is rejectTransactionMessage and says the opposite"),
	WRONG("brokerIP", "brokerIP1", ""),

#include "broker/options_ignored.inc"

	{ .name = NULL },
};
