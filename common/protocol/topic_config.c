#include "config.h"

#include "common/protocol/topic_config.h"

#include "common/json/json_body.h"

/* As of a TopicConfig that was made without saying more. */
#define DEFAULT_QUEUES 16
#define DEFAULT_PERM (PERM_READ | PERM_WRITE)

static const char *const filter_types[] = { "SINGLE_TAG", "MULTI_TAG" };

int
topic_config_read(const struct json *json, struct topic_config *config)
{
	if (!json_is_object(json))
		return -1;

	const struct json *attributes = json_member(json, "attributes");

	*config = (struct topic_config){
		.name = json_member_text(json, "topicName"),
		.read_queues = json_member_int32(json, "readQueueNums", DEFAULT_QUEUES),
		.write_queues = json_member_int32(json, "writeQueueNums", DEFAULT_QUEUES),
		.perm = json_member_int32(json, "perm", DEFAULT_PERM),
		.sys_flag = json_member_int32(json, "topicSysFlag", 0),
		.order = json_member_bool(json, "order", false),
		.multi_tag =
		    json_enum(json_member(json, "topicFilterType"), filter_types, 2, 0) == 1,
	};
	if (json_is_object(attributes))
		config->attributes = attributes->text;
	return config->name.len != 0 ? 0 : -1;
}

void
topic_config_write(struct json_out *out, const struct topic_config *config)
{
	json_open_object(out);
	if (config->attributes.data != NULL) {
		json_key(out, "attributes");
		json_put_raw(out, config->attributes);
	}
	json_member_put_bool(out, "order", config->order);
	json_member_put_int(out, "perm", config->perm);
	json_member_put_int(out, "readQueueNums", config->read_queues);
	json_member_put_text(out, "topicFilterType", filter_types[config->multi_tag]);
	json_member_put_slice(out, "topicName", config->name);
	json_member_put_int(out, "topicSysFlag", config->sys_flag);
	json_member_put_int(out, "writeQueueNums", config->write_queues);
	json_close_object(out);
}

int
data_version_read(const struct json *json, struct data_version *version)
{
	if (!json_is_object(json))
		return -1;
	*version = (struct data_version){
		.timestamp =
		    json_member_int64(json, "timestamp", json_member_int64(json, "timestatmp", 0)),
		.counter = json_member_int64(json, "counter", 0),
		.state_version = json_member_int64(json, "stateVersion", 0),
	};
	return 0;
}

void
data_version_write(struct json_out *out, const struct data_version *version)
{
	json_open_object(out);
	json_member_put_int(out, "counter", version->counter);
	if (version->state_version != 0)
		json_member_put_int(out, "stateVersion", version->state_version);
	json_member_put_int(out, "timestamp", version->timestamp);
	json_close_object(out);
}

bool
data_version_equal(const struct data_version *a, const struct data_version *b)
{
	return a->timestamp == b->timestamp && a->counter == b->counter &&
	       a->state_version == b->state_version;
}

static int
read_topic(struct arena *arena, const struct json *json, void *item)
{
	(void)arena;
	return topic_config_read(json, item);
}

int
topic_table_read(struct arena *arena, const struct json *json, struct topic_table *table)
{
	*table = (struct topic_table){ 0 };
	if (!json_is_object(json))
		return -1;
	data_version_read(json_member(json, "dataVersion"), &table->version);
	table->topics = json_items(arena, json_member(json, "topicConfigTable"), JSON_OBJECT,
	    sizeof *table->topics, read_topic, &table->n_topics);
	return table->topics != NULL ? 0 : -1;
}

void
topic_table_write(struct json_out *out, const struct topic_table *table)
{
	json_open_object(out);
	json_key(out, "dataVersion");
	data_version_write(out, &table->version);
	json_key(out, "topicConfigTable");
	json_open_object(out);
	for (size_t i = 0; i < table->n_topics; i++) {
		json_key_slice(out, table->topics[i].name);
		topic_config_write(out, &table->topics[i]);
	}
	json_close_object(out);
	json_close_object(out);
}
