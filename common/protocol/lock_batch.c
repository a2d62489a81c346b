#include "config.h"

#include "common/protocol/lock_batch.h"

#include "common/json/json_body.h"
#include "common/protocol/name.h"

static void
write_queues(struct json_out *out, const struct message_queue *queues, size_t n_queues)
{
	json_open_array(out);
	for (size_t i = 0; i < n_queues; i++)
		message_queue_write(out, &queues[i]);
	json_close_array(out);
}

static int
read_message_queue(struct arena *arena, const struct json *json, void *item)
{
	(void)arena;
	return message_queue_read(json, item);
}

int
lock_batch_read(struct arena *arena, struct slice body, struct lock_batch *batch)
{
	const struct json *json = json_parse(arena, body);

	*batch = (struct lock_batch){ 0 };
	if (name_member(json, "consumerGroup", NAME_GROUP, &batch->group) == -1 ||
	    name_member(json, "clientId", NAME_CLIENT_ID, &batch->client_id) == -1 ||
	    batch->group.data == NULL || batch->client_id.data == NULL)
		return -1;
	batch->queues = json_items(arena, json_member(json, "mqSet"), JSON_ARRAY,
	    sizeof *batch->queues, read_message_queue, &batch->n_queues);
	return batch->queues != NULL ? 0 : -1;
}

void
lock_batch_write(struct json_out *out, const struct lock_batch *batch)
{
	json_open_object(out);
	json_member_put_slice(out, "clientId", batch->client_id);
	json_member_put_slice(out, "consumerGroup", batch->group);
	json_key(out, "mqSet");
	write_queues(out, batch->queues, batch->n_queues);
	json_close_object(out);
}

void
lock_reply_write(struct json_out *out, const struct message_queue *queues, size_t n_queues)
{
	json_open_object(out);
	json_key(out, "lockOKMQSet");
	write_queues(out, queues, n_queues);
	json_close_object(out);
}

int
lock_reply_read(
    struct arena *arena, struct slice body, const struct message_queue **queues, size_t *n_queues)
{
	*queues = json_body_items(
	    arena, body, "lockOKMQSet", JSON_ARRAY, sizeof **queues, read_message_queue, n_queues);
	return *queues != NULL ? 0 : -1;
}
