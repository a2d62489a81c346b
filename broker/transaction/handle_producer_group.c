#include "config.h"

/* Settings of producer groups: administrators change, delete and list them. */

#include <stdlib.h>

#include "broker/catalog/reply_after_commit.h"
#include "broker/context.h"
#include "broker/state/limit.h"
#include "broker/state/producer_group.h"
#include "broker/store/store.h"
#include "broker/transaction/check/check.h"
#include "common/base/container_of.h"
#include "common/base/mem.h"
#include "common/json/json_body.h"
#include "common/protocol/codes.h"
#include "common/protocol/headers.h"
#include "common/protocol/name.h"

/*
 * A change goes to meta.db, then into the table on loop 0, then back to the loop of the request.
 * One loop makes all changes of the table, so that they take effect in the order of their commits.
 */
struct group_change {
	struct task task;
	struct broker *broker;
	struct loop *asked;
	struct reply_after_commit *reply;
	struct arena arena;
	struct producer_group group;
	bool is_deletion;
	int status;
};

static void
run_home(struct task *task, void *receiver)
{
	struct group_change *change = container_of(task, struct group_change, task);

	reply_after_commit(change->reply, receiver, change->status);
	arena_release(&change->arena);
	free(change);
}

/* On loop 0. */
static void
on_kept(struct meta_job *job, struct loop *reply_loop)
{
	struct group_change *change = job->context;
	struct producer_groups *groups = change->broker->producer_groups;

	(void)reply_loop;
	change->status = job->status;
	meta_job_free(job);
	if (change->status == 0 && change->is_deletion)
		producer_groups_remove(groups, change->group.name);
	else if (change->status == 0)
		producer_groups_put(groups, &change->group);
	if (!change->is_deletion)
		producer_groups_unclaim(groups);
	change->task.run = run_home;
	loop_post(change->asked, &change->task);
}

/* value absent: the row goes. */
static enum verdict
keep(struct request *request, const struct producer_group *group, struct slice value)
{
	struct broker *broker = request_broker(request);
	struct group_change *change = mem_zalloc(sizeof *change);
	struct meta_job *job = meta_job_new();

	change->broker = broker;
	change->asked = request->loop;
	change->reply = reply_after_commit_new(request);
	change->group = (struct producer_group){
		.name = arena_copy(&change->arena, group->name),
		.policy = group->policy,
		.check_url = arena_copy(&change->arena, group->check_url),
	};
	change->is_deletion = value.data == NULL;
	job->reply_loop = broker_main_loop(broker);
	job->done = on_kept;
	job->context = change;
	if (change->is_deletion)
		meta_job_remove(job, META_PRODUCER_GROUP, group->name);
	else
		meta_job_put(job, META_PRODUCER_GROUP, group->name, value);
	store_meta(broker->store, job);
	return VERDICT_LATER;
}

static enum verdict
update_producer_group_begin(struct request *request)
{
	const struct producer_group_settings_header *header = request->header;
	struct broker *broker = request_broker(request);
	struct producer_group group;
	struct buf json = { 0 };
	const char *why;

	if (!name_is_valid(header->group))
		return request_refuse(
		    request, RESPONSE_INVALID_PARAMETER, "the group's name is illegal");
	producer_groups_find(broker->producer_groups, header->group, request->arena, &group);
	if (header->policy.data != NULL &&
	    transaction_policy_parse(header->policy, &group.policy) == -1)
		return request_refuse(request, RESPONSE_INVALID_PARAMETER,
		    "policy is neither %s nor %s", transaction_policy_name(POLICY_FIRST_WINS),
		    transaction_policy_name(POLICY_COMMIT_WINS_ONCE));
	if (header->check_url.data != NULL)
		group.check_url = slice_trim(header->check_url);
	if (header->check_url.len != 0 && group.check_url.len != 0 &&
	    transaction_url_check(broker->settings, group.check_url, &why) == -1)
		return request_refuse(request, RESPONSE_INVALID_PARAMETER, "checkUrl: %s", why);
	if (!limits_allow(broker->limits, LIMIT_PRODUCER_GROUPS,
		producer_groups_claim(broker->producer_groups, group.name))) {
		producer_groups_unclaim(broker->producer_groups);
		return request_refuse(
		    request, RESPONSE_SYSTEM_ERROR, "%s", limit_remark(LIMIT_PRODUCER_GROUPS));
	}
	producer_group_to_json(&group, &json);
	enum verdict verdict = keep(request, &group, buf_slice(&json));

	buf_release(&json);
	return verdict;
}

static enum verdict
delete_producer_group_begin(struct request *request)
{
	const struct producer_group_settings_header *header = request->header;
	struct producer_group group;

	if (!producer_groups_find(
		request_broker(request)->producer_groups, header->group, request->arena, &group))
		return request_refuse(request, RESPONSE_QUERY_NOT_FOUND,
		    "nothing is set for the producer group %.*s", (int)header->group.len,
		    header->group.data);
	return keep(request, &group, SLICE_NONE);
}

static enum verdict
list_producer_groups_begin(struct request *request)
{
	struct buf text = { 0 }, one = { 0 };
	struct json_out out;
	size_t n;
	const struct producer_group *groups =
	    producer_groups_list(request_broker(request)->producer_groups, request->arena, &n);

	json_out_init(&out, &text);
	json_open_object(&out);
	json_key(&out, "groups");
	json_open_array(&out);
	for (size_t i = 0; i < n; i++) {
		one.len = 0;
		producer_group_to_json(&groups[i], &one);
		json_put_raw(&out, buf_slice(&one));
	}
	json_close_array(&out);
	json_close_object(&out);
	buf_release(&one);
	return request_reply_body(request, json_finish(&out, request->arena));
}

const struct handler producer_group_handlers[] = {
	HANDLER_TYPED(UPDATE_PRODUCER_GROUP, producer_group_settings_header,
	    update_producer_group_begin, HANDLER_ADMIN),
	HANDLER_TYPED(DELETE_PRODUCER_GROUP, producer_group_settings_header,
	    delete_producer_group_begin, HANDLER_ADMIN),
	HANDLER_PLAIN(LIST_PRODUCER_GROUPS, list_producer_groups_begin, 0),
	{ .name = NULL },
};
