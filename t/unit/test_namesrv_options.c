#include "config.h"

#include "nameserver/options.h"

#include <criterion/criterion.h>
#include <stdlib.h>

#include "t/unit/manual.h"

TestSuite(namesrv_options, .timeout = 10);

Test(namesrv_options, the_manual_has_each_row)
{
	manual_has_options("namesrv.ini.5", namesrv_options);
}

/* Every setting of RocketMQ's name servers 4.2.0, 4.9.8, 5.3.3, as getNamesrvConfig names them. */
static const char *const theirs[] = { "rocketmqHome", "kvConfigPath", "configStorePath",
	"productEnvName", "clusterTest", "orderMessageEnable", "returnOrderTopicConfigToBroker",
	"clientRequestThreadPoolNums", "defaultThreadPoolNums",
	"clientRequestThreadPoolQueueCapacity", "defaultThreadPoolQueueCapacity",
	"scanNotActiveBrokerInterval", "unRegisterBrokerQueueCapacity", "supportActingMaster",
	"enableAllTopicList", "enableTopicList", "notifyMinBrokerIdChanged",
	"enableControllerInNamesrv", "needWaitForService", "waitSecondsForService",
	"deleteTopicWithBrokerRegistration", "configBlackList", "bindAddress", "listenPort",
	"serverWorkerThreads", "serverCallbackExecutorThreads", "serverSelectorThreads",
	"serverOnewaySemaphoreValue", "serverAsyncSemaphoreValue",
	"serverChannelMaxIdleTimeSeconds", "serverSocketSndBufSize", "serverSocketRcvBufSize",
	"writeBufferHighWaterMark", "writeBufferLowWaterMark", "serverSocketBacklog",
	"serverNettyWorkerGroupEnable", "serverPooledByteBufAllocatorEnable",
	"enableShutdownGracefully", "shutdownWaitTimeSeconds", "useEpollNativeSelector" };

Test(namesrv_options, every_key_of_rocketmq_is_known)
{
	for (size_t i = 0; i < sizeof theirs / sizeof *theirs; i++)
		cr_expect_not_null(
		    option_find(namesrv_options, slice_of(theirs[i])), "%s", theirs[i]);
}

Test(namesrv_options, the_shipped_file_has_no_diagnostics)
{
	struct namesrv_settings settings = { 0 };
	struct option_set set;
	struct diagnostics diagnostics = { 0 };
	struct buf path = { 0 };
	const char *root = getenv("SRCDIR");

	option_set_init(&set, namesrv_options, &settings);
	buf_printf(&path, "%s/etc/namesrv.ini", root != NULL ? root : "..");
	cr_assert_eq(option_load_file(&set, buf_text(&path), namesrv_sections, &diagnostics), 0);
	cr_assert_eq(diagnostics.n, 0);
	cr_assert_eq(settings.listen_port, 9876);
	option_set_release(&set);
	diagnostics_release(&diagnostics);
	buf_release(&path);
}
