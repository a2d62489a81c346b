#include "config.h"

#include "nameserver/options.h"

#include <stdio.h>

#define OPTION_SETTINGS struct namesrv_settings
#include "common/base/path.h"
#include "common/config/option_rows.h"

#define DEFAULT_PORT 9876
#define ONE_LOOP "the name server is one loop on one thread, without pools or queues"
#define BY_KERNEL "left to the kernel, which sizes it by itself"
#define NO_NETTY "a matter of Netty, which is not used here"
#define NO_SLAVES_ACT "no slave is ever shown as a master"

const char *const namesrv_sections[] = { "namesrv", NULL };

const struct option namesrv_options[] = {
	NUMBER("listenPort", listen_port, "9876", 0, UINT16_MAX, NULL,
	    "the port for brokers, clients and tools; 0: any, the log says which", FILE_ONLY),
	TEXT("bindAddress", bind_address, "0.0.0.0", "the address to listen on", FILE_ONLY),
	TEXT("storePath", store_path, NULL,
	    "the directory of namesrv.db, which holds the KV pairs; unset: namesrv in the home "
	    "directory, or namesrv-PORT when listenPort is not 9876",
	    FILE_ONLY),
	TEXT("kvConfigPath", kv_config_path, NULL,
	    "a kvConfig.json of RocketMQ; if it is there, its pairs are taken over when namesrv.db "
	    "is made",
	    FILE_ONLY),
	SWITCH("orderMessageEnable", order_message_enable, "false",
	    "tell clients the queues of ordered topics (namespace ORDER_TOPIC_CONFIG) with the "
	    "route",
	    LIVE),
	SWITCH("returnOrderTopicConfigToBroker", return_order_topic_config_to_broker, "true",
	    "tell brokers that register which topics are ordered", LIVE),
	SWITCH("deleteTopicWithBrokerRegistration", delete_topic_with_broker_registration, "true",
	    "a topic that a broker no longer registers leaves that broker", LIVE),
	SWITCH("enableTopicList", enable_topic_list, "true",
	    "answer the lists of the topics of a cluster, of system topics and of unit topics",
	    LIVE),
	SWITCH("enableAllTopicList", enable_all_topic_list, "true", "answer the list of all topics",
	    LIVE),
	NUMBER("scanNotActiveBrokerInterval", scan_not_active_broker_interval, "5000", 10, 3600000,
	    "ms", "how often silent brokers are looked for", LIVE),
	NUMBER("brokerChannelExpiredTime", broker_channel_expired_time, "120000", 100, 86400000,
	    "ms", "a broker that was silent for longer is gone, unless it asked for another time",
	    LIVE),
	NUMBER("serverChannelMaxIdleTimeSeconds", server_channel_max_idle_time_seconds, "120", 1,
	    86400, "seconds", "a connection without traffic for longer is closed"),
	NUMBER("maxConnections", max_connections, "10000", 16, 1000000, NULL,
	    "more connections than that are closed at once; silent ones make room first"),
	NUMBER("maxConnectionsPerAddress", max_connections_per_address, "5000", 0, 1000000, NULL,
	    "more connections than that from one address are closed at once; 0: no limit"),
	NUMBER("serverChannelMaxSilentTimeSeconds", server_channel_max_silent_time_seconds, "15", 1,
	    86400, "seconds", "a connection that made no request for longer is closed"),
	NUMBER("serverWriteBufferMaxBytes", server_write_buffer_max_bytes, "134217728", 4194304,
	    INT64_C(1) << 40, "bytes",
	    "when more than this waits for peers that do not read, the slowest connections are "
	    "closed"),
	NUMBER("maxRegisteredBrokers", limits.max_brokers, "1000", 1, 1000000, NULL,
	    "a broker that registers beyond this many, slaves included, is refused", LIVE),
	NUMBER("maxRegisteredTopics", limits.max_topics, "500000", 100, 100000000, NULL,
	    "a registration is refused that brings the topics of all brokers above this; a topic "
	    "counts once for each broker that has it",
	    LIVE),
	NUMBER("maxKvPairs", max_kv_pairs, "10000", 1, 10000000, NULL,
	    "a KV pair beyond this many is refused", LIVE),
	NUMBER("maxKvBytes", max_kv_bytes, "16777216", 1024, 1 << 30, "bytes",
	    "a KV pair is refused that brings the keys and values of all pairs above this", LIVE),
	TEXT("logFile", log_file, NULL, "the file to log to; unset: stderr", FILE_ONLY),
	CHOICE("logLevel", log_level, "info", log_levels, "how much is said", LIVE),

	/* NamesrvConfig */
	IGNORED("rocketmqHome", "no installation directory is needed"),
	IGNORED("configStorePath", "changes over the network are kept in namesrv.db"),
	IGNORED("productEnvName", "no other environment is asked for routes"),
	IGNORED("clusterTest", "no other environment is asked for routes"),
	IGNORED("clientRequestThreadPoolNums", ONE_LOOP),
	IGNORED("clientRequestThreadPoolQueueCapacity", ONE_LOOP),
	IGNORED("defaultThreadPoolNums", ONE_LOOP),
	IGNORED("defaultThreadPoolQueueCapacity", ONE_LOOP),
	IGNORED("unRegisterBrokerQueueCapacity", ONE_LOOP),
	IGNORED("supportActingMaster", NO_SLAVES_ACT),
	IGNORED("notifyMinBrokerIdChanged", NO_SLAVES_ACT),
	IGNORED("enableControllerInNamesrv", "there is no controller"),
	IGNORED("needWaitForService", "routes are answered from the first registration on"),
	IGNORED("waitSecondsForService", "routes are answered from the first registration on"),
	IGNORED("configBlackList",
	    "keys that name addresses, paths or files never change over the network"),

	/* NettyServerConfig */
	IGNORED("serverWorkerThreads", ONE_LOOP),
	IGNORED("serverCallbackExecutorThreads", ONE_LOOP),
	IGNORED("serverSelectorThreads", ONE_LOOP),
	IGNORED("serverOnewaySemaphoreValue", ONE_LOOP),
	IGNORED("serverAsyncSemaphoreValue", ONE_LOOP),
	IGNORED("serverSocketSndBufSize", BY_KERNEL),
	IGNORED("serverSocketRcvBufSize", BY_KERNEL),
	IGNORED("serverSocketBacklog", "always 1024"),
	IGNORED("writeBufferHighWaterMark",
	    "always 4 MiB: a connection with more unsent bytes is not read"),
	IGNORED("writeBufferLowWaterMark", "follows the high mark"),
	IGNORED("serverPooledByteBufAllocatorEnable", NO_NETTY),
	IGNORED("serverNettyWorkerGroupEnable", NO_NETTY),
	IGNORED("useEpollNativeSelector", "epoll is always used where there is one"),
	IGNORED("enableShutdownGracefully", "a stop always lets answers leave"),
	IGNORED(
	    "shutdownWaitTimeSeconds", "a stop takes as long as answers need, 1 second at most"),

	{ .name = NULL },
};

/* One for each port: several name servers may share a home, as in RocketMQ. */
static char *
default_store(int64_t port)
{
	char name[32];

	if (port == 0 || port == DEFAULT_PORT)
		return path_at_home("namesrv");
	snprintf(name, sizeof name, "namesrv-%d", (int)port);
	return path_at_home(name);
}

void
namesrv_options_complete(void *to)
{
	struct namesrv_settings *settings = to;

	if (settings->store_path == NULL)
		settings->store_path = default_store(settings->listen_port);
}
