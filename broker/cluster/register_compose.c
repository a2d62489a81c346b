#include "config.h"

#include "broker/cluster/register_compose.h"

#include <stdlib.h>

#include "broker/state/topic.h"
#include "common/base/mem.h"
#include "common/protocol/frame.h"
#include "common/protocol/registration.h"

#define HEADER_ROOM 65536     /* bytes of a frame that the body leaves to the header */
#define PLAIN_TOPIC_BYTES 160 /* of a topic in JSON, without its name, which stands there twice */
#define PLAIN_ATTRIBUTES_BYTES 200 /* of a topic that has any */

struct register_broker_header
register_header(const struct broker *broker, const struct register_message *message)
{
	return (struct register_broker_header){
		.broker_name = slice_of(broker->settings->broker_name),
		.broker_addr = slice_of(broker->address),
		.cluster_name = slice_of(broker->settings->broker_cluster_name),
		.ha_server_addr = slice_of(broker->ha_address),
		.broker_id = atomic_load(&broker->id),
		.body_crc32 = registration_crc(buf_slice(&message->body)),
		.compressed = message->compressed,
		.heartbeat_timeout_ms = broker->settings->broker_not_active_timeout_millis,
		.master_epoch = atomic_load(&broker->master_epoch),
	};
}

/* A broker that may not be read or written says so of each of its topics. */
static struct topic_config
config_of(const struct broker *broker, const struct topic *topic, struct arena *arena)
{
	struct topic_config config = topic_to_config(topic, arena);
	int32_t allowed = (int32_t)broker->settings->broker_permission;

	if ((allowed & (PERM_READ | PERM_WRITE)) != (PERM_READ | PERM_WRITE))
		config.perm = allowed;
	return config;
}

/*
 * The compressed form has a tenth to a half of the plain one's bytes, but name servers before 4.4
 * cannot read it: it is for registrations that are too large otherwise.
 */
static bool
is_large(const struct topic *topics, size_t n)
{
	size_t bytes = 0;

	for (size_t i = 0; i < n; i++)
		bytes += PLAIN_TOPIC_BYTES + 2 * strlen(topics[i].name) +
		         (topics[i].attributes.set != 0 ? PLAIN_ATTRIBUTES_BYTES : 0);
	return bytes > FRAME_MAX_BYTES - HEADER_ROOM;
}

/* Frees the topics. */
static void
compose(const struct broker *broker, struct topic *topics, struct data_version version,
    struct register_message *message)
{
	size_t n = message->n_topics;
	struct topic_config *configs = mem_alloc(n * sizeof *configs);
	struct registration registration = { .table = { version, configs, n } };
	struct arena arena = { 0 };
	struct json_out out;

	for (size_t i = 0; i < n; i++)
		configs[i] = config_of(broker, &topics[i], &arena);
	message->told = version.counter;
	message->compressed = is_large(topics, n);
	json_out_init(&out, &message->body);
	if (message->compressed)
		registration_write_compressed(&message->body, &registration);
	else
		registration_write(&out, &registration);
	arena_release(&arena);
	free(configs);
	free(topics);
}

void
register_compose(const struct broker *broker, struct register_message *message)
{
	struct data_version version;
	struct topic *topics = topics_list(broker->topics, &message->n_topics, &version);

	compose(broker, topics, version, message);
}

bool
register_compose_changes(
    const struct broker *broker, int64_t told, struct register_message *message)
{
	struct data_version version;
	struct topic *topics = topics_changed(broker->topics, told, &message->n_topics, &version);

	if (message->n_topics == 0)
		return false;
	compose(broker, topics, version, message);
	return true;
}

bool
register_fits(const struct register_message *message)
{
	return message->body.len <= FRAME_MAX_BYTES - HEADER_ROOM;
}
