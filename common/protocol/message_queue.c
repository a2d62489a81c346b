#include "config.h"

#include "common/protocol/message_queue.h"

#include "common/json/json_body.h"
#include "common/protocol/name.h"

int
message_queue_read(const struct json *json, struct message_queue *queue)
{
	if (name_member(json, "topic", NAME_TOPIC, &queue->topic) == -1 ||
	    name_member(json, "brokerName", NAME_BROKER, &queue->broker_name) == -1)
		return -1;
	queue->id = json_member_int32(json, "queueId", 0);
	return queue->topic.data != NULL && queue->broker_name.data != NULL ? 0 : -1;
}

void
message_queue_write(struct json_out *out, const struct message_queue *queue)
{
	json_open_object(out);
	json_member_put_slice(out, "brokerName", queue->broker_name);
	json_member_put_int(out, "queueId", queue->id);
	json_member_put_slice(out, "topic", queue->topic);
	json_close_object(out);
}

void
message_queue_write_key(struct json_out *out, const struct message_queue *queue)
{
	json_open_object_key(out);
	message_queue_write(out, queue);
	json_close_object_key(out);
}
