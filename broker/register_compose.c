#include "config.h"

#include "broker/register_compose.h"

#include <stdlib.h>

#include "broker/topic.h"
#include "common/mem.h"
#include "common/registration.h"

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

size_t
register_compose(const struct broker *broker, struct buf *text)
{
	size_t n;
	struct topic *topics = topics_list(broker->topics, &n);
	struct topic_config *configs = mem_alloc(n * sizeof *configs);
	struct registration registration = { .table = {
						 topics_version(broker->topics), configs, n } };
	struct json_out out;

	for (size_t i = 0; i < n; i++)
		configs[i] = config_of(broker, &topics[i]);
	json_out_init(&out, text);
	registration_write(&out, &registration);
	free(configs);
	free(topics);
	return n;
}
