#include "config.h"

#include "nameserver/options.h"

#include <stdio.h>

#define OPTION_SETTINGS struct namesrv_settings
#include "common/base/path.h"
#include "common/config/option_rows.h"

#define DEFAULT_PORT 9876
#define ONE_LOOP "the name server is one loop on one thread, without pools or queues"
#define BY_KERNEL "the kernel chooses the sizes"
#define NO_NETTY "the name server does not use Netty"
#define NO_SLAVES_ACT "the name server never presents a slave as a master"

const char *const namesrv_sections[] = { "namesrv", NULL };

const struct option namesrv_options[] = {
	NUMBER("listenPort", listen_port, "9876", 0, UINT16_MAX, NULL,
	    "the port for brokers, clients and tools; 0: any free one, which the log "
	    "names",
	    FILE_ONLY),
	TEXT("bindAddress", bind_address, "0.0.0.0", "the address to listen on", FILE_ONLY),
	TEXT("storePath", store_path, NULL,
	    "the directory of namesrv.db, which holds the KV pairs; unset: namesrv in the home "
	    "directory, or namesrv-PORT when listenPort is not 9876",
	    FILE_ONLY),
	TEXT("kvConfigPath", kv_config_path, NULL,
	    "a kvConfig.json of RocketMQ; the name server copies its pairs when it "
	    "creates namesrv.db",
	    FILE_ONLY),
	SWITCH("orderMessageEnable", order_message_enable, "false",
	    "add the queues of ordered topics (namespace ORDER_TOPIC_CONFIG) to routes", LIVE),
	SWITCH("returnOrderTopicConfigToBroker", return_order_topic_config_to_broker, "true",
	    "tell brokers at registration which topics are ordered", LIVE),
	SWITCH("deleteTopicWithBrokerRegistration", delete_topic_with_broker_registration, "true",
	    "remove a topic from a broker that no longer registers it", LIVE),
	SWITCH("enableTopicList", enable_topic_list, "true",
	    "list the topics of a cluster, the system topics and the unit topics on "
	    "request",
	    LIVE),
	SWITCH("enableAllTopicList", enable_all_topic_list, "true", "list all topics on request",
	    LIVE),
	NUMBER("scanNotActiveBrokerInterval", scan_not_active_broker_interval, "5000", 10, 3600000,
	    "ms", "the time between two searches for silent brokers", LIVE),
	NUMBER("brokerChannelExpiredTime", broker_channel_expired_time, "120000", 100, 86400000,
	    "ms",
	    "the name server removes a broker after this time without a sign of life, "
	    "unless the broker gave another time",
	    LIVE),
	NUMBER("serverChannelMaxIdleTimeSeconds", server_channel_max_idle_time_seconds, "120", 1,
	    86400, "seconds",
	    "the name server closes a connection after this time without traffic"),
	NUMBER("maxConnections", max_connections, "10000", 16, 1000000, NULL,
	    "the name server closes further connections at once; connections without a "
	    "request make room first"),
	NUMBER("maxConnectionsPerAddress", max_connections_per_address, "5000", 0, 1000000, NULL,
	    "the name server closes further connections from one address at once; 0: no "
	    "limit"),
	NUMBER("serverChannelMaxSilentTimeSeconds", server_channel_max_silent_time_seconds, "15", 1,
	    86400, "seconds",
	    "the name server closes a connection that makes no request for this long"),
	NUMBER("serverWriteBufferMaxBytes", server_write_buffer_max_bytes, "134217728", 4194304,
	    INT64_C(1) << 40, "bytes",
	    "when unsent replies take more memory, the name server closes the slowest "
	    "connections"),
	NUMBER("maxRegisteredBrokers", limits.max_brokers, "1000", 1, 1000000, NULL,
	    "the name server refuses further brokers, slaves included", LIVE),
	NUMBER("maxRegisteredTopics", limits.max_topics, "500000", 100, 100000000, NULL,
	    "the name server refuses a registration that exceeds this number of topics of "
	    "all brokers; a topic counts once for each broker that has it",
	    LIVE),
	NUMBER("maxKvPairs", max_kv_pairs, "10000", 1, 10000000, NULL,
	    "the name server refuses further KV pairs", LIVE),
	NUMBER("maxKvBytes", max_kv_bytes, "16777216", 1024, 1 << 30, "bytes",
	    "the name server refuses a KV pair if the keys and values of all pairs exceed "
	    "this size",
	    LIVE),
	HTTP_OPTION_ROWS,
	NUMBER("consolePort", console.port, "8080", 0, UINT16_MAX, NULL,
	    "the port of the console for browsers; when another program has it, there is no "
	    "console; 0: no console"),
	TEXT("consoleBindAddress", console.bind_address, "127.0.0.1",
	    "the address of the port of the console", FILE_ONLY),
	TEXT("consoleAllowedHosts", console.allowed_hosts, NULL,
	    "further names of this host, separated by blanks, by which browsers may address the "
	    "console",
	    FILE_ONLY),
	TEXT("consoleNamesrvAddr", console.name_servers, NULL,
	    "the name servers that the console asks, host:port separated by ;; unset: this one. "
	    "What it changes at name servers, it changes at these",
	    FILE_ONLY),
	NUMBER("consoleSessionIdleTimeout", console.session_idle, "1800000", 1000, 604800000, "ms",
	    "a login ends after this time without a request; an open page makes requests"),
	NUMBER("consoleSessionMaxTime", console.session_max, "43200000", 1000, 2592000000, "ms",
	    "a login ends after this time in any case"),
	TEXT("quorumPeers", quorum.peers, NULL,
	    "the name servers that agree on the masters of broker names, this one included: "
	    "ID-HOST:PORT[:QUORUMPORT] separated by ;, the same text on all of them; PORT is their "
	    "listenPort, QUORUMPORT is PORT + 2 when it is absent; unset: no quorum",
	    FILE_ONLY),
	NUMBER("quorumId", quorum.id, "1", 1, 1000000, NULL,
	    "the ID of this name server in quorumPeers", FILE_ONLY),
	TEXT("quorumStorePath", quorum.store_path, NULL,
	    "the directory of the log of the quorum; unset: quorum in storePath", FILE_ONLY),
	SWITCH("enableElectUncleanMaster", quorum.elect_unclean_master, "false",
	    "promote a replica that is not in sync when no other one is alive: acknowledged "
	    "messages "
	    "may be lost",
	    LIVE),
	SWITCH("quorumRecover", quorum.recover, "false",
	    "if the log of the quorum knows other servers than quorumPeers, quorumPeers counts: "
	    "the others are dead for ever",
	    FILE_ONLY),
	SWITCH("witness", witness, "false",
	    "vote in the quorum and do nothing else: no routes, no console, no HTTP", FILE_ONLY),
	TEXT("logFile", log_file, NULL,
	    "the name server appends its log to this file; unset: standard error", FILE_ONLY),
	CHOICE("logLevel", log_level, "info", log_levels, "the least level of the lines in the log",
	    LIVE),

	/* NamesrvConfig */
	IGNORED("rocketmqHome", "the name server needs no installation directory"),
	IGNORED("configStorePath", "namesrv.db keeps the changes made over the network"),
	IGNORED("productEnvName", "the name server asks no other environment for routes"),
	IGNORED("clusterTest", "the name server asks no other environment for routes"),
	IGNORED("clientRequestThreadPoolNums", ONE_LOOP),
	IGNORED("clientRequestThreadPoolQueueCapacity", ONE_LOOP),
	IGNORED("defaultThreadPoolNums", ONE_LOOP),
	IGNORED("defaultThreadPoolQueueCapacity", ONE_LOOP),
	IGNORED("unRegisterBrokerQueueCapacity", ONE_LOOP),
	IGNORED("supportActingMaster", NO_SLAVES_ACT),
	IGNORED("notifyMinBrokerIdChanged", NO_SLAVES_ACT),
	IGNORED("enableControllerInNamesrv", "a name server with quorumPeers is a controller"),
	IGNORED(
	    "needWaitForService", "the name server gives routes from the first registration on"),
	IGNORED(
	    "waitSecondsForService", "the name server gives routes from the first registration on"),
	IGNORED(
	    "configBlackList", "requests never change keys that name addresses, paths or files"),

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
	    "always 4 MiB: the name server does not read a connection with more unsent bytes"),
	IGNORED("writeBufferLowWaterMark", "follows the high mark"),
	IGNORED("serverPooledByteBufAllocatorEnable", NO_NETTY),
	IGNORED("serverNettyWorkerGroupEnable", NO_NETTY),
	IGNORED("useEpollNativeSelector", "the name server always uses epoll where it exists"),
	IGNORED("enableShutdownGracefully", "a stop always sends the pending replies"),
	IGNORED("shutdownWaitTimeSeconds", "a stop waits for pending replies, at most 1 second"),

	{ .name = NULL },
};

/* A store for each port: several name servers may share a home, as in RocketMQ. */
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
