#include "config.h"

#include <stdio.h>
#include <string.h>

#include "admin/cluster.h"

#define PROBE_BODY "mqcluster was here"
#define PULL_HOLD_MS 2000

static bool
has_id(const struct broker_data *broker, int id)
{
	for (size_t i = 0; i < broker->n_addresses; i++)
		if (broker->addresses[i].id == id)
			return true;
	return false;
}

static bool
has_port(const struct broker_data *broker, int port)
{
	for (size_t i = 0; i < broker->n_addresses; i++) {
		struct slice address = broker->addresses[i].address;
		const char *colon = memrchr(address.data, ':', address.len);
		int32_t number;

		if (colon != NULL &&
		    slice_to_int32((struct slice){ colon + 1,
				       address.len - (size_t)(colon + 1 - address.data) },
			&number) == 0 &&
		    number == port)
			return true;
	}
	return false;
}

int
cluster_is_answered(struct twinmq *mq)
{
	struct arena arena = { 0 };
	struct cluster_info info;
	int result = twinmq_cluster_info(mq, &arena, &info);

	arena_release(&arena);
	return result;
}

int
cluster_is_registered(const struct cluster *cluster, struct twinmq *mq, const struct role *role)
{
	struct arena arena = { 0 };
	struct cluster_info info;
	int result = twinmq_cluster_info(mq, &arena, &info);

	for (size_t i = 0; result == 0 && i < info.n_brokers; i++) {
		const struct broker_data *broker = &info.brokers[i];

		if (slice_is(broker->name, role->broker_name) &&
		    (cluster->quorum_peers != NULL ? has_port(broker, role->port)
						   : has_id(broker, role->broker_id)))
			result = 1;
	}
	arena_release(&arena);
	return result;
}

/* 0 when the sent message is read back from its place, else -1 and *error. */
static int
read_back(struct twinmq *mq, const struct send_result *sent, struct arena *arena,
    struct twinmq_error *error)
{
	struct pull_spec pull = {
		.queue = sent->queue,
		.offset = sent->queue_offset,
		.max_messages = 1,
		.hold_ms = PULL_HOLD_MS,
	};
	struct pull_result result;
	struct record record;

	if (twinmq_pull(mq, &pull, arena, &result) == -1) {
		*error = *twinmq_error(mq);
		return -1;
	}
	if (result.status == PULL_FOUND && pulled_next(&result.records, SLICE_NONE, &record) &&
	    slice_is(property_find(record.properties, "UNIQ_KEY"), sent->unique_id))
		return 0;
	error->code = TWINMQ_BAD_ANSWER;
	snprintf(error->text, sizeof error->text, "%.*s took a message, but does not return it",
	    (int)sent->queue.broker_name.len, sent->queue.broker_name.data);
	return -1;
}

int
cluster_probe_broker(struct twinmq *mq, const char *broker_name, struct twinmq_error *error)
{
	struct arena arena = { 0 };
	struct message message = {
		.topic = slice_of(broker_name), /* each broker has a topic of its own name */
		.body = SLICE(PROBE_BODY),
		.broker_name = slice_of(broker_name),
		.queue_id = 0,
	};
	struct producer *producer =
	    producer_new(mq, &(struct producer_options){ .group = "MQCLUSTER" });
	struct send_result sent;
	int result = producer_send(producer, &message, &arena, &sent);

	if (result == -1)
		*error = *twinmq_error(mq);
	else
		result = read_back(mq, &sent, &arena, error);
	producer_free(producer);
	arena_release(&arena);
	return result;
}
