#include "config.h"

#include "common/protocol/name_list.h"

#include "common/json/json_body.h"

void
name_list_write(struct json_out *out, const char *member, const struct slice *names, size_t n_names)
{
	json_open_object(out);
	json_key(out, member);
	json_put_texts(out, names, n_names);
	json_close_object(out);
}

int
name_list_read(struct arena *arena, struct slice body, const char *member,
    const struct slice **names, size_t *n_names)
{
	const struct json *json = json_parse(arena, body);

	*names =
	    json_is_object(json) ? json_texts(arena, json_member(json, member), n_names) : NULL;
	return *names != NULL ? 0 : -1;
}

void
topic_list_write(struct json_out *out, const struct topic_list *list)
{
	json_open_object(out);
	if (list->broker_addr.data != NULL)
		json_member_put_slice(out, "brokerAddr", list->broker_addr);
	json_key(out, "topicList");
	json_put_texts(out, list->topics, list->n_topics);
	json_close_object(out);
}

int
topic_list_read(struct arena *arena, struct slice body, struct topic_list *list)
{
	const struct json *json = json_parse(arena, body);

	list->broker_addr = json_member_text(json, "brokerAddr");
	list->topics = json_is_object(json)
	                   ? json_texts(arena, json_member(json, "topicList"), &list->n_topics)
	                   : NULL;
	return list->topics != NULL ? 0 : -1;
}
