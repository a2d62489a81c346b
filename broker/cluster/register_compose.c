#include "config.h"

#include "broker/cluster/register_compose.h"

#include <stdlib.h>

#include "broker/state/topic.h"
#include "common/base/mem.h"
#include "common/protocol/registration.h"

struct register_broker_header
register_header(const struct broker *broker, struct slice body)
{
	return (struct register_broker_header){
		.broker_name = slice_of(broker->settings->broker_name),
		.broker_addr = slice_of(broker->address),
		.cluster_name = slice_of(broker->settings->broker_cluster_name),
		.ha_server_addr = slice_of(broker->ha_address),
		.broker_id = broker->settings->broker_id,
		.body_crc32 = registration_crc(body),
		.heartbeat_timeout_ms = broker->settings->broker_not_active_timeout_millis,
	};
}

/* A broker that may not be read or written says so of each of its topics. */
static struct topic_config
config_of(const struct broker *broker, const struct topic *topic)
{
	struct topic_config config = topic_to_config(topic);
	int32_t allowed = (int32_t)broker->settings->broker_permission;

	if ((allowed & (PERM_READ | PERM_WRITE)) != (PERM_READ | PERM_WRITE))
		config.perm = allowed;
	return config;
}

/* Frees the topics. */
static void
compose(const struct broker *broker, struct buf *text, struct topic *topics, size_t n,
    struct data_version version)
{
	struct topic_config *configs = mem_alloc(n * sizeof *configs);
	struct registration registration = { .table = { version, configs, n } };
	struct json_out out;

	for (size_t i = 0; i < n; i++)
		configs[i] = config_of(broker, &topics[i]);
	json_out_init(&out, text);
	registration_write(&out, &registration);
	free(configs);
	free(topics);
}

size_t
register_compose(const struct broker *broker, struct buf *text, int64_t *told)
{
	struct data_version version;
	size_t n;
	struct topic *topics = topics_list(broker->topics, &n, &version);

	compose(broker, text, topics, n, version);
	*told = version.counter;
	return n;
}

size_t
register_compose_changes(const struct broker *broker, struct buf *text, int64_t *told)
{
	struct data_version version;
	size_t n;
	struct topic *topics = topics_changed(broker->topics, *told, &n, &version);

	if (n != 0) {
		compose(broker, text, topics, n, version);
		*told = version.counter;
	}
	return n;
}
