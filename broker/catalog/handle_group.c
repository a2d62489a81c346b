#include "config.h"

/* Tools create, change, delete and list subscription groups. */

#include <stdlib.h>

#include "broker/catalog/reply_after_commit.h"
#include "broker/catalog/topic_change.h"
#include "broker/context.h"
#include "broker/state/group.h"
#include "broker/state/limit.h"
#include "broker/state/offset.h"
#include "common/base/utf8.h"
#include "common/json/json_body.h"
#include "common/protocol/codes.h"
#include "common/protocol/headers.h"
#include "common/protocol/name.h"

#define SHOWN_KEY_BYTES 100 /* of a peer's key, in a remark */

static enum verdict
change(struct request *request, const struct group *list, size_t n)
{
	struct broker *broker = request_broker(request);

	if (!groups_fit(broker, list, n))
		return request_refuse(
		    request, RESPONSE_SYSTEM_ERROR, "%s", limit_remark(LIMIT_GROUPS));
	group_change(broker, list, n,
	    &(struct change_done){
		request->loop, reply_after_commit, reply_after_commit_new(request) });
	return VERDICT_LATER;
}

/* RocketMQ 5.3.3 has no attribute of groups, so every key is unknown. NULL, or the reason. */
static const char *
attributes_fault(const struct json *attributes, struct arena *arena)
{
	if (attributes == NULL || attributes->n_children == 0)
		return NULL;
	struct slice key = utf8_cut(attributes->first->name, SHOWN_KEY_BYTES);

	if (key.len != 0) /* its + or - */
		key = (struct slice){ key.data + 1, key.len - 1 };
	return arena_printf(
	    arena, "no subscription group: unsupported key: %.*s", (int)key.len, key.data)
	    .data;
}

/* NULL, or why this group is invalid. */
static const char *
read_group(const struct json *json, struct group *group, struct arena *arena)
{
	const char *fault = group_read(json, group);

	if (fault != NULL)
		return arena_printf(arena, "no subscription group: %s", fault).data;
	fault = name_new_fault(NAME_GROUP, slice_of(group->name));
	if (fault != NULL)
		return arena_printf(arena, "no subscription group: groupName %s", fault).data;
	return attributes_fault(json_member(json, "attributes"), arena);
}

static enum verdict
update_group_begin(struct request *request)
{
	struct group group;
	const char *why =
	    read_group(json_parse(request->arena, request->body), &group, request->arena);

	if (why != NULL)
		return request_refuse(request, RESPONSE_SYSTEM_ERROR, "the body is %s", why);
	return change(request, &group, 1);
}

static enum verdict
update_group_list_begin(struct request *request)
{
	const struct json *json = json_parse(request->arena, request->body);
	const struct json *list = json_member(json, "groupConfigList");
	size_t n = list != NULL ? list->n_children : 0, i = 0;

	if (list == NULL || list->type != JSON_ARRAY)
		return request_refuse(
		    request, RESPONSE_SYSTEM_ERROR, "the body has no groupConfigList");
	if (!limits_allow(request_broker(request)->limits, LIMIT_GROUPS, n))
		return request_refuse(
		    request, RESPONSE_SYSTEM_ERROR, "%s", limit_remark(LIMIT_GROUPS));
	struct group *groups = arena_alloc(request->arena, n * sizeof *groups);

	for (const struct json *at = list->first; at != NULL; at = at->next, i++) {
		const char *why = read_group(at, &groups[i], request->arena);

		if (why != NULL)
			return request_refuse(request, RESPONSE_SYSTEM_ERROR,
			    "element %zu of groupConfigList is %s", i, why);
	}
	return change(request, groups, n);
}

static enum verdict
get_all_groups_begin(struct request *request)
{
	struct broker *broker = request_broker(request);
	struct data_version version = groups_version(broker->groups);
	struct buf text = { 0 };
	struct json_out out;
	size_t n;
	struct group *groups = groups_list(broker->groups, &n);

	json_out_init(&out, &text);
	json_open_object(&out);
	json_key(&out, "dataVersion");
	data_version_write(&out, &version);
	json_key(&out, "subscriptionGroupTable");
	json_open_object(&out);
	for (size_t i = 0; i < n; i++) {
		json_key(&out, groups[i].name);
		group_write(&out, &groups[i]);
	}
	json_close_object(&out);
	json_close_object(&out);
	free(groups);
	return request_reply_body(request, json_finish(&out, request->arena));
}

static enum verdict
get_group_begin(struct request *request)
{
	const struct group_header *header = request->header;
	struct group group;
	struct buf text = { 0 };
	struct json_out out;

	if (!groups_find(request_broker(request)->groups, header->group, &group))
		return request_refuse(request, RESPONSE_SUBSCRIPTION_GROUP_NOT_EXIST,
		    "subscription group not exist, %.*s", (int)header->group.len,
		    header->group.data);
	json_out_init(&out, &text);
	group_write(&out, &group);
	return request_reply_body(request, json_finish(&out, request->arena));
}

static enum verdict
delete_group_begin(struct request *request)
{
	const struct delete_group_header *header = request->header;

	if (!name_is_valid(header->group_name))
		return request_refuse(
		    request, RESPONSE_SYSTEM_ERROR, "the group's name is illegal");
	if (group_is_internal(header->group_name))
		return request_refuse(request, RESPONSE_SYSTEM_ERROR,
		    "%.*s is the broker's own group and cannot be deleted",
		    (int)header->group_name.len, header->group_name.data);
	group_delete(request_broker(request), header->group_name,
	    header->remove_offset || header->clean_offset,
	    &(struct change_done){
		request->loop, reply_after_commit, reply_after_commit_new(request) });
	return VERDICT_LATER;
}

const struct handler group_handlers[] = {
	HANDLER_PLAIN(UPDATE_AND_CREATE_SUBSCRIPTIONGROUP, update_group_begin, HANDLER_ADMIN),
	HANDLER_PLAIN(
	    UPDATE_AND_CREATE_SUBSCRIPTIONGROUP_LIST, update_group_list_begin, HANDLER_ADMIN),
	HANDLER_PLAIN(GET_ALL_SUBSCRIPTIONGROUP_CONFIG, get_all_groups_begin, 0),
	HANDLER_TYPED(GET_SUBSCRIPTIONGROUP_CONFIG, group_header, get_group_begin, 0),
	HANDLER_TYPED(
	    DELETE_SUBSCRIPTIONGROUP, delete_group_header, delete_group_begin, HANDLER_ADMIN),
	{ .name = NULL },
};
