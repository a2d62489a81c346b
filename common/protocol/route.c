#include "config.h"

#include "common/protocol/route.h"

#include <inttypes.h>
#include <stdio.h>

#include "common/json/json_body.h"
#include "common/protocol/name.h"

static void
write_address(
    struct json_out *out, const struct broker_address *address, enum route_dialect dialect)
{
	char id[24];

	if (dialect == ROUTE_BARE_KEYS) {
		json_key_number(out, address->id);
	} else {
		snprintf(id, sizeof id, "%" PRId64, address->id);
		json_key(out, id);
	}
	json_put_slice(out, address->address);
}

void
broker_data_write(
    struct json_out *out, const struct broker_data *broker, enum route_dialect dialect)
{
	json_open_object(out);
	json_key(out, "brokerAddrs");
	json_open_object(out);
	for (size_t i = 0; i < broker->n_addresses; i++)
		write_address(out, &broker->addresses[i], dialect);
	json_close_object(out);
	json_member_put_slice(out, "brokerName", broker->name);
	if (broker->cluster.data != NULL)
		json_member_put_slice(out, "cluster", broker->cluster);
	if (broker->acting_master != ACTING_MASTER_UNSAID)
		json_member_put_bool(
		    out, "enableActingMaster", broker->acting_master == ACTING_MASTER_YES);
	if (broker->zone.data != NULL)
		json_member_put_slice(out, "zoneName", broker->zone);
	json_close_object(out);
}

static void
write_queue(struct json_out *out, const struct queue_data *queue)
{
	json_open_object(out);
	json_member_put_slice(out, "brokerName", queue->broker_name);
	json_member_put_int(out, "perm", queue->perm);
	json_member_put_int(out, "readQueueNums", queue->read_queues);
	json_member_put_int(out, "topicSynFlag", queue->sys_flag); /* 3.2.6, 4.2.0, Go */
	json_member_put_int(out, "topicSysFlag", queue->sys_flag); /* since 4.9 */
	json_member_put_int(out, "writeQueueNums", queue->write_queues);
	json_close_object(out);
}

void
route_write(struct json_out *out, const struct route *route, enum route_dialect dialect)
{
	json_open_object(out);
	json_key(out, "brokerDatas");
	json_open_array(out);
	for (size_t i = 0; i < route->n_brokers; i++)
		broker_data_write(out, &route->brokers[i], dialect);
	json_close_array(out);
	json_key(out, "filterServerTable");
	json_open_object(out);
	for (size_t i = 0; i < route->n_filter_servers; i++) {
		json_key_slice(out, route->filter_servers[i].broker_address);
		json_put_texts(
		    out, route->filter_servers[i].servers, route->filter_servers[i].n_servers);
	}
	json_close_object(out);
	if (route->order_conf.data != NULL)
		json_member_put_slice(out, "orderTopicConf", route->order_conf);
	json_key(out, "queueDatas");
	json_open_array(out);
	for (size_t i = 0; i < route->n_queues; i++)
		write_queue(out, &route->queues[i]);
	json_close_array(out);
	json_close_object(out);
}

static int
read_address(struct arena *arena, const struct json *json, void *item)
{
	struct broker_address *address = item;

	(void)arena;
	address->address = json_text(json);
	if (address->address.data == NULL || name_fault(NAME_ADDRESS, address->address) != NULL)
		return -1;
	return slice_to_int64(json->name, &address->id);
}

static int
read_broker(struct arena *arena, const struct json *json, void *item)
{
	struct broker_data *broker = item;
	const struct json *acting = json_member(json, "enableActingMaster");

	if (name_member(json, "cluster", NAME_CLUSTER, &broker->cluster) == -1 ||
	    name_member(json, "brokerName", NAME_BROKER, &broker->name) == -1 ||
	    name_member(json, "zoneName", NAME_LABEL, &broker->zone) == -1)
		return -1;
	if (acting != NULL && acting->type == JSON_BOOL)
		broker->acting_master = acting->boolean ? ACTING_MASTER_YES : ACTING_MASTER_NO;
	broker->addresses = json_items(arena, json_member(json, "brokerAddrs"), JSON_OBJECT,
	    sizeof *broker->addresses, read_address, &broker->n_addresses);
	return broker->name.data != NULL && broker->addresses != NULL ? 0 : -1;
}

static int
read_queue(struct arena *arena, const struct json *json, void *item)
{
	struct queue_data *queue = item;

	(void)arena;
	*queue = (struct queue_data){
		.broker_name = json_member_text(json, "brokerName"),
		.read_queues = json_member_int32(json, "readQueueNums", 0),
		.write_queues = json_member_int32(json, "writeQueueNums", 0),
		.perm = json_member_int32(json, "perm", 0),
		.sys_flag = json_member_int32(
		    json, "topicSysFlag", json_member_int32(json, "topicSynFlag", 0)),
	};
	if (queue->broker_name.data == NULL)
		return -1;
	return name_fault(NAME_BROKER, queue->broker_name) == NULL ? 0 : -1;
}

static int
read_filter_server(struct arena *arena, const struct json *json, void *item)
{
	struct route_filter_server *entry = item;

	entry->broker_address = json->name;
	entry->servers = json_texts(arena, json, &entry->n_servers);
	if (entry->servers == NULL || name_fault(NAME_ADDRESS, entry->broker_address) != NULL)
		return -1;
	return names_are_sound(NAME_ADDRESS, entry->servers, entry->n_servers) ? 0 : -1;
}

int
route_read(struct arena *arena, struct slice body, struct route *route)
{
	const struct json *json = json_parse(arena, body);

	*route = (struct route){ .order_conf = json_member_text(json, "orderTopicConf") };
	if (!json_is_object(json))
		return -1;
	route->brokers = json_items(arena, json_member(json, "brokerDatas"), JSON_ARRAY,
	    sizeof *route->brokers, read_broker, &route->n_brokers);
	route->queues = json_items(arena, json_member(json, "queueDatas"), JSON_ARRAY,
	    sizeof *route->queues, read_queue, &route->n_queues);
	route->filter_servers =
	    json_items(arena, json_member(json, "filterServerTable"), JSON_OBJECT,
		sizeof *route->filter_servers, read_filter_server, &route->n_filter_servers);
	return route->brokers != NULL && route->queues != NULL && route->filter_servers != NULL
	           ? 0
	           : -1;
}

struct slice
broker_data_address(const struct broker_data *broker)
{
	const struct broker_address *best = NULL;

	for (size_t i = 0; i < broker->n_addresses; i++)
		if (best == NULL || broker->addresses[i].id < best->id)
			best = &broker->addresses[i];
	return best != NULL ? best->address : SLICE_NONE;
}

void
cluster_info_write(struct json_out *out, const struct cluster_info *info)
{
	json_open_object(out);
	json_key(out, "brokerAddrTable");
	json_open_object(out);
	for (size_t i = 0; i < info->n_brokers; i++) {
		json_key_slice(out, info->brokers[i].name);
		broker_data_write(out, &info->brokers[i], ROUTE_BARE_KEYS);
	}
	json_close_object(out);
	json_key(out, "clusterAddrTable");
	json_open_object(out);
	for (size_t i = 0; i < info->n_clusters; i++) {
		json_key_slice(out, info->clusters[i].name);
		json_put_texts(
		    out, info->clusters[i].broker_names, info->clusters[i].n_broker_names);
	}
	json_close_object(out);
	json_close_object(out);
}

static int
read_cluster(struct arena *arena, const struct json *json, void *item)
{
	struct cluster_members *members = item;

	members->name = json->name;
	members->broker_names = json_texts(arena, json, &members->n_broker_names);
	if (members->broker_names == NULL || name_fault(NAME_CLUSTER, members->name) != NULL)
		return -1;
	return names_are_sound(NAME_BROKER, members->broker_names, members->n_broker_names) ? 0
	                                                                                    : -1;
}

int
cluster_info_read(struct arena *arena, struct slice body, struct cluster_info *info)
{
	const struct json *json = json_parse(arena, body);

	*info = (struct cluster_info){ 0 };
	if (!json_is_object(json))
		return -1;
	info->brokers = json_items(arena, json_member(json, "brokerAddrTable"), JSON_OBJECT,
	    sizeof *info->brokers, read_broker, &info->n_brokers);
	info->clusters = json_items(arena, json_member(json, "clusterAddrTable"), JSON_OBJECT,
	    sizeof *info->clusters, read_cluster, &info->n_clusters);
	return info->brokers != NULL && info->clusters != NULL ? 0 : -1;
}
