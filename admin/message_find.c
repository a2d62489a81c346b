#include "config.h"

#include <stdio.h>
#include <stdlib.h>

#include "admin/message.h"
#include "common/base/mem.h"
#include "common/protocol/name_list.h"

/* The record at a position of a broker's log. */
static int
view_at(struct admin *admin, struct slice address, int64_t position, struct record *record)
{
	struct view_message_header header = { .offset = position };
	struct admin_request ask = { .address = address,
		.code = REQUEST_VIEW_MESSAGE_BY_ID,
		.fields = view_message_header_fields,
		.header = &header };
	struct twinmq_reply reply;

	if (admin_ask(admin, &ask, &reply) == -1)
		return -1;
	return record_decode(reply.body.data, reply.body.len, record);
}

static bool
is_same_host(const struct host *a, const struct host *b)
{
	return a->ip_len == b->ip_len && a->port == b->port && memcmp(a->ip, b->ip, a->ip_len) == 0;
}

/* A broker that moved still has the records that it stored as this host. */
static int
view_moved(
    struct admin *admin, const struct host *host, int64_t position, struct found_message *found)
{
	struct targets brokers;

	if (admin_cluster_brokers(admin, SLICE_NONE, 0, &brokers) == -1)
		return -1;
	for (size_t i = 0; i < brokers.n; i++) {
		found->address = brokers.list[i].address;
		if (view_at(admin, found->address, position, &found->record) == 0 &&
		    is_same_host(&found->record.store_host, host))
			return 0;
	}
	return -1;
}

int
message_view(struct admin *admin, struct slice id, struct found_message *found)
{
	bool failed_before = admin->failed;
	struct host host;
	int64_t position;

	if (message_id_parse(id, &host, &position) == -1)
		return -1;
	found->address = host_text(&admin->arena, &host);
	if (view_at(admin, found->address, position, &found->record) == 0 &&
	    is_same_host(&found->record.store_host, &host))
		return 0;
	int status = view_moved(admin, &host, position, found);

	admin->failed = failed_before; /* admin_fail is the caller's */
	return status;
}

/* The index has hashes only, so compare the key in the message. */
static bool
has_key(const struct record *record, const struct key_query *query)
{
	struct slice keys = property_find(record->properties, "KEYS"), key;

	if (query->unique)
		return slice_equal(property_find(record->properties, "UNIQ_KEY"), query->key);
	while (keys.len != 0 && slice_next(&keys, ' ', &key))
		if (slice_equal(key, query->key))
			return true;
	return false;
}

static int
compare_records(const void *left, const void *right)
{
	const struct record *a = &((const struct found_message *)left)->record,
			    *b = &((const struct found_message *)right)->record;
	int order =
	    (a->store_timestamp > b->store_timestamp) - (a->store_timestamp < b->store_timestamp);

	return order != 0 ? order : (a->position > b->position) - (a->position < b->position);
}

static int
query_broker(struct admin *admin, const struct key_query *query, struct slice address,
    struct found_message **list, size_t *n)
{
	struct query_message_header header = {
		.topic = query->topic,
		.key = query->key,
		.max_messages = query->max_messages,
		.begin_timestamp = query->begin_ms,
		.end_timestamp = query->end_ms,
		.unique_key = query->unique,
	};
	struct admin_request ask = { address, REQUEST_QUERY_MESSAGE, query_message_header_fields,
		&header, SLICE("") };
	struct twinmq_reply reply;
	struct record record;

	if (admin_ask(admin, &ask, &reply) == -1)
		return twinmq_error(admin->mq)->code == RESPONSE_QUERY_NOT_FOUND
		           ? 0
		           : admin_fail_call(admin);
	if (reply.command.remark.len != 0)
		admin_remark(admin, address, reply.command.remark);
	while (pulled_next(&reply.body, SLICE_NONE, &record)) {
		if (!has_key(&record, query))
			continue;
		*list = mem_realloc(*list, (*n + 1) * sizeof **list);
		(*list)[(*n)++] = (struct found_message){ record, address };
	}
	return 0;
}

int
message_query(struct admin *admin, const struct key_query *query, struct found_messages *found)
{
	struct targets brokers;
	struct found_message *list = NULL;
	size_t n = 0, n_failed = 0;

	if (admin_topic_brokers(admin, query->topic, &brokers) == -1)
		return -1;
	for (size_t i = 0; i < brokers.n; i++)
		n_failed += query_broker(admin, query, brokers.list[i].address, &list, &n) == -1;
	struct found_message *kept = arena_alloc(&admin->arena, (n + 1) * sizeof *kept);
	if (n != 0) {
		qsort(list, n, sizeof *list, compare_records);
		memcpy(kept, list, n * sizeof *list);
	}
	free(list);
	*found = (struct found_messages){ kept, n };
	return n_failed != 0 && n_failed == brokers.n ? -1 : 0;
}

/* ---- one message, by either of its ids ---- */

/* Finds a unique id in one topic. 1: found, 0: not found, -1 after admin_fail. */
static int
find_in_topic(
    struct admin *admin, struct slice topic, struct slice id, struct found_message *message)
{
	struct key_query query = { topic, id, true, MESSAGE_UNIQUE_KEY_MAX, 0, INT64_MAX };
	struct found_messages found;

	if (message_query(admin, &query, &found) == -1)
		return -1;
	if (found.n == 0)
		return 0;
	*message = found.list[0];
	return 1;
}

/* Tries all topics, because brokers index unique ids together with their topics. */
static int
find_in_all_topics(struct admin *admin, struct slice id, struct found_message *message)
{
	struct admin_request ask = { .code = REQUEST_GET_ALL_TOPIC_LIST_FROM_NAMESERVER };
	struct twinmq_reply reply;
	struct topic_list list;

	if (admin_must(admin, &ask, &reply) == -1)
		return -1;
	if (topic_list_read(&admin->arena, reply.body, &list) == -1)
		return admin_bad_body(admin, &ask);
	for (size_t i = 0; i < list.n_topics; i++) {
		int n = find_in_topic(admin, list.topics[i], id, message);

		if (n != 0)
			return n;
	}
	return 0;
}

int
message_find(
    struct admin *admin, struct slice id, struct slice topic, struct found_message *message)
{
	char why[sizeof admin->error] = "it is no offset id";

	if (message_view(admin, id, message) == 0)
		return 0;
	if (twinmq_error(admin->mq)->code != 0)
		snprintf(why, sizeof why, "%s", twinmq_error(admin->mq)->text);
	int n = topic.data != NULL ? find_in_topic(admin, topic, id, message)
	                           : find_in_all_topics(admin, id, message);
	if (n == 1)
		return 0;
	return admin_fail(admin,
	    "no message has the id %.*s; as an offset id: %s; as a unique id: not found",
	    (int)id.len, id.data, why);
}

struct slice
message_offset_id(struct admin *admin, const struct record *record)
{
	return message_id(&admin->arena, &record->store_host, record->position);
}

struct slice
message_name(struct admin *admin, const struct record *record)
{
	struct slice unique_id = property_find(record->properties, "UNIQ_KEY");

	return unique_id.data != NULL ? unique_id : message_offset_id(admin, record);
}
