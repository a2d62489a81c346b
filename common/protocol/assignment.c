#include "config.h"

#include "common/protocol/assignment.h"

#include "common/json/json_body.h"
#include "common/protocol/name.h"

#define N_MODES 2

static const char *const mode_names[N_MODES] = {
	[REQUEST_MODE_PULL] = "PULL",
	[REQUEST_MODE_POP] = "POP",
};

int
assignment_query_read(struct arena *arena, struct slice body, struct assignment_query *query)
{
	const struct json *json = json_parse(arena, body);

	*query = (struct assignment_query){ 0 };
	if (name_member(json, "topic", NAME_TOPIC, &query->topic) == -1 ||
	    name_member(json, "consumerGroup", NAME_GROUP, &query->group) == -1 ||
	    name_member(json, "clientId", NAME_CLIENT_ID, &query->client_id) == -1 ||
	    name_member(json, "strategyName", NAME_LABEL, &query->strategy) == -1 ||
	    query->topic.len == 0 || query->group.len == 0)
		return -1;
	query->model = message_model_read(json_member(json, "messageModel"), MODEL_CLUSTERING);
	return 0;
}

void
assignment_reply_write(struct json_out *out, const struct message_queue *queues, size_t n_queues,
    enum request_mode mode)
{
	json_open_object(out);
	if (queues != NULL) {
		json_key(out, "messageQueueAssignments");
		json_open_array(out);
		for (size_t i = 0; i < n_queues; i++) {
			json_open_object(out);
			json_key(out, "messageQueue");
			message_queue_write(out, &queues[i]);
			json_member_put_text(out, "mode", mode_names[mode]);
			json_close_object(out);
		}
		json_close_array(out);
	}
	json_close_object(out);
}

const char *
request_mode_name(enum request_mode mode)
{
	return mode_names[mode];
}

int
request_mode_read(struct arena *arena, struct slice body, struct request_mode_setting *setting)
{
	const struct json *json = json_parse(arena, body);
	const struct json *mode = json_member(json, "mode");
	int index = mode == NULL ? REQUEST_MODE_PULL : json_enum(mode, mode_names, N_MODES, -1);

	*setting = (struct request_mode_setting){ 0 };
	if (index == -1 || name_member(json, "topic", NAME_TOPIC, &setting->topic) == -1 ||
	    name_member(json, "consumerGroup", NAME_GROUP, &setting->group) == -1 ||
	    setting->topic.len == 0 || setting->group.len == 0)
		return -1;
	setting->mode = (enum request_mode)index;
	setting->share_queues = json_member_int32(json, "popShareQueueNum", 0);
	return 0;
}

void
request_mode_write(struct json_out *out, const struct request_mode_setting *setting)
{
	json_open_object(out);
	json_member_put_slice(out, "consumerGroup", setting->group);
	json_member_put_text(out, "mode", mode_names[setting->mode]);
	json_member_put_int(out, "popShareQueueNum", setting->share_queues);
	json_member_put_slice(out, "topic", setting->topic);
	json_close_object(out);
}

void
request_modes_write(
    struct json_out *out, const struct request_mode_setting *list, size_t n_settings)
{
	json_open_object(out);
	json_key(out, "messageRequestModeMap");
	json_open_object(out);
	for (size_t i = 0; i < n_settings; i++) {
		if (i == 0 || !slice_equal(list[i].topic, list[i - 1].topic)) {
			json_key_slice(out, list[i].topic);
			json_open_object(out);
		}
		json_key_slice(out, list[i].group);
		request_mode_write(out, &list[i]);
		if (i + 1 == n_settings || !slice_equal(list[i].topic, list[i + 1].topic))
			json_close_object(out);
	}
	json_close_object(out);
	json_close_object(out);
}
