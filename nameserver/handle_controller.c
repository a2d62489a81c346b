#include "config.h"

/*
 * Requests of brokers and tools to the quorum, under the names and codes of RocketMQ's controller.
 * Each is a job: it is decided and finished on the quorum's thread, and answered on loop 0.
 */

#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/container_of.h"
#include "common/base/mem.h"
#include "common/json/json_body.h"
#include "common/protocol/codes.h"
#include "common/protocol/controller.h"
#include "nameserver/namesrv.h"
#include "nameserver/quorum/quorum.h"

enum {
	JOBS_MAX = 4096,          /* at the quorum at one time */
	NAMES_MAX = 1024,         /* of one GET_SYNC_STATE_DATA */
	ELECT_RETRY_MS = 100,     /* an election waits for the end of a lease */
	ELECT_TIMEOUT_MS = 10000, /* of the whole */
};

struct controller_job {
	struct quorum_job job;
	struct namesrv *namesrv;
	struct loop *loop;
	struct ticket ticket;
	struct arena arena; /* what the request says, and the answer */
	const void *header; /* in the arena */
	const struct slice *names;
	size_t n_names;
	struct sync_set set;
	/* of an election */
	struct timer again;
	int64_t began_ms;
	bool wait, waited;
	/* the answer */
	int32_t code;
	struct slice remark;
	const struct field *fields;
	const void *answer;
	struct slice body;
};

static struct controller_job *
controller_job_of(struct quorum_job *job)
{
	return container_of(job, struct controller_job, job);
}

/* ---- The way of a job ---- */

static void
controller_job_free(struct controller_job *job)
{
	job->namesrv->n_controller_jobs--;
	arena_release(&job->arena);
	free(job);
}

static void
controller_fail(struct controller_job *job, int32_t code, const char *remark)
{
	job->code = code;
	job->remark = slice_of(remark);
}

/* Of a server that does not lead, or led no longer when the quorum should have agreed. */
static void
refuse_no_leader(struct controller_job *job)
{
	const struct quorum_peer *leader = quorum_leader(job->namesrv->quorum);

	job->code = RESPONSE_CONTROLLER_NOT_LEADER;
	job->remark =
	    leader != NULL && leader->id != quorum_id(job->namesrv->quorum)
		? arena_printf(&job->arena, "this name server does not lead the quorum: ask %s",
		      leader->address)
		: SLICE("the quorum of name servers has no leader now");
}

static void
controller_done(struct quorum_job *base, struct loop *loop)
{
	struct controller_job *job = controller_job_of(base);
	struct reply reply = { 0 };

	if (base->status != QUORUM_AGREED)
		refuse_no_leader(job);
	reply.code = job->code;
	reply.remark = job->remark;
	reply.fields = job->answer != NULL ? job->fields : NULL;
	reply.header = job->answer;
	reply.body = job->body;
	ticket_reply(loop, &job->ticket, &reply);
	controller_job_free(job);
}

/*
 * The text of a header that is in the request; the job's copy. Headers are structs of slices and
 * numbers: the table says which are which.
 */
static const void *
copy_header(struct arena *arena, const struct handler *handler, const void *header)
{
	char *copy = arena_alloc(arena, handler->header_size);

	memcpy(copy, header, handler->header_size);
	for (const struct field *field = handler->fields; !field_is_end(field); field++) {
		struct slice text;

		if (!field_is_text(field))
			continue;
		memcpy(&text, copy + field->offset, sizeof text);
		if (text.data != NULL)
			text = arena_copy(arena, text);
		memcpy(copy + field->offset, &text, sizeof text);
	}
	return copy;
}

static enum verdict
refuse_no_quorum(struct request *request)
{
	return request_refuse(request, RESPONSE_REQUEST_CODE_NOT_SUPPORTED,
	    "this name server takes part in no quorum: its quorumPeers is not set");
}

/* NULL: the reply is a refusal. */
static struct controller_job *
controller_job_new(struct request *request, const struct quorum_job_kind *kind)
{
	struct namesrv *namesrv = namesrv_of(request);
	struct controller_job *job;

	if (namesrv->quorum == NULL) {
		refuse_no_quorum(request);
		return NULL;
	}
	if (namesrv->n_controller_jobs >= JOBS_MAX) {
		request_refuse(request, RESPONSE_SYSTEM_BUSY,
		    "%d requests wait for the quorum already", JOBS_MAX);
		return NULL;
	}
	job = mem_zalloc(sizeof *job);
	job->job.kind = kind;
	job->job.loop = job->loop = request->loop;
	job->namesrv = namesrv;
	job->ticket = request_ticket(request);
	job->began_ms = clock_mono_ms();
	if (request->handler->fields != NULL)
		job->header = copy_header(&job->arena, request->handler, request->header);
	namesrv->n_controller_jobs++;
	return job;
}

static enum verdict
controller_begin(struct request *request, const struct quorum_job_kind *kind)
{
	struct controller_job *job = controller_job_new(request, kind);

	if (job == NULL)
		return VERDICT_REPLY;
	quorum_post(job->namesrv->quorum, &job->job);
	return VERDICT_LATER;
}

/* ---- Answers, on the quorum's thread ---- */

static const struct {
	int32_t code;
	const char *remark;
} refusals[] = {
	[QUORUM_DONE] = { RESPONSE_SUCCESS, NULL },
	[QUORUM_NO_GROUP] = { RESPONSE_CONTROLLER_BROKER_NEED_TO_BE_REGISTERED,
	    "the quorum does not know this brokerName" },
	[QUORUM_NO_REPLICA] = { RESPONSE_CONTROLLER_INVALID_REPLICAS,
	    "the quorum does not know a replica with this brokerId" },
	[QUORUM_ID_TAKEN] = { RESPONSE_CONTROLLER_BROKER_ID_INVALID,
	    "this brokerId is not the next one, or belongs to another broker" },
	[QUORUM_OTHER_EPOCH] = { RESPONSE_CONTROLLER_FENCED_MASTER_EPOCH,
	    "the masterEpoch is another one by now" },
	[QUORUM_OTHER_SET_EPOCH] = { RESPONSE_CONTROLLER_FENCED_SYNC_STATE_SET_EPOCH,
	    "the syncStateSetEpoch is another one by now" },
	[QUORUM_NOT_MASTER] = { RESPONSE_CONTROLLER_INVALID_MASTER,
	    "another replica is the master" },
	[QUORUM_NOT_IN_SYNC] = { RESPONSE_CONTROLLER_ELECT_MASTER_FAILED,
	    "this replica is not in sync: acknowledged messages would be lost" },
	[QUORUM_SAME_SET] = { RESPONSE_CONTROLLER_ALTER_SYNC_STATE_SET_FAILED,
	    "the set is the same as before" },
	[QUORUM_SET_WITHOUT_MASTER] = { RESPONSE_CONTROLLER_ALTER_SYNC_STATE_SET_FAILED,
	    "the set has no master" },
	[QUORUM_FULL] = { RESPONSE_SYSTEM_BUSY,
	    "the quorum takes no more brokers: 1024 names with 16 replicas each" },
	[QUORUM_BAD] = { RESPONSE_CONTROLLER_INVALID_REQUEST,
	    "a name, address or code does not fit" },
};

static bool
refused(struct controller_job *job)
{
	enum quorum_outcome outcome = job->job.decided ? job->job.outcome : QUORUM_DONE;

	controller_fail(job, refusals[outcome].code, refusals[outcome].remark);
	return outcome != QUORUM_DONE;
}

/* NULL: the answer says that it is not there. */
static const struct quorum_group *
group_or_fail(struct controller_job *job, const struct quorum_view *view, struct slice name)
{
	const struct quorum_group *group = quorum_state_find(view->state, name);

	if (group == NULL)
		controller_fail(
		    job, refusals[QUORUM_NO_GROUP].code, refusals[QUORUM_NO_GROUP].remark);
	return group;
}

static struct slice
master_address(struct controller_job *job, const struct quorum_group *group)
{
	const struct quorum_replica *master = quorum_group_find(group, group->master);

	return master != NULL ? arena_copy(&job->arena, slice_of(master->address)) : SLICE_NONE;
}

static void
answer_master(
    struct controller_job *job, const struct quorum_group *group, const struct field *fields)
{
	struct master_reply *answer = arena_zalloc(&job->arena, sizeof *answer);

	answer->cluster_name = arena_copy(&job->arena, slice_of(group->cluster));
	answer->broker_name = arena_copy(&job->arena, slice_of(group->name));
	answer->master_id = group->master;
	answer->master_address = master_address(job, group);
	answer->master_epoch = (int32_t)group->epoch;
	answer->set_epoch = (int32_t)group->set_epoch;
	job->fields = fields;
	job->answer = answer;
}

static struct sync_set
set_of(const struct quorum_group *group, int64_t ids[static QUORUM_REPLICAS_MAX])
{
	struct sync_set set = { .ids = ids, .epoch = (int32_t)group->set_epoch };

	for (size_t i = 0; i < group->n_replicas; i++)
		if (group->replicas[i].in_sync)
			ids[set.n++] = group->replicas[i].id;
	return set;
}

static void
answer_set(struct controller_job *job, const struct quorum_group *group)
{
	int64_t ids[QUORUM_REPLICAS_MAX];
	struct sync_set set = set_of(group, ids);
	struct buf text = { 0 };
	struct json_out out;

	json_out_init(&out, &text);
	sync_set_write(&out, &set);
	job->body = json_finish(&out, &job->arena);
}

/* ---- CONTROLLER_GET_NEXT_BROKER_ID, CONTROLLER_APPLY_BROKER_ID ---- */

static void
next_id_finish(struct quorum_job *base, const struct quorum_view *view)
{
	struct controller_job *job = controller_job_of(base);
	const struct next_id_header *header = job->header;
	const struct quorum_group *group = quorum_state_find(view->state, header->broker_name);
	struct next_id_reply *answer = arena_zalloc(&job->arena, sizeof *answer);

	*answer = (struct next_id_reply){ header->cluster_name, header->broker_name,
		group != NULL ? group->next_id : 1 };
	job->fields = next_id_reply_fields;
	job->answer = answer;
}

static const struct quorum_job_kind next_id_kind = { NULL, next_id_finish, controller_done };

static enum verdict
next_id_begin(struct request *request)
{
	return controller_begin(request, &next_id_kind);
}

static bool
apply_id_decide(struct quorum_job *base, const struct quorum_view *view)
{
	struct controller_job *job = controller_job_of(base);
	const struct apply_id_header *header = job->header;
	struct slice rest = header->check_code, address = { 0 };

	(void)view;
	slice_next(&rest, ';', &address);
	base->command = (struct quorum_command){
		.op = QUORUM_APPLY_ID,
		.cluster = header->cluster_name,
		.name = header->broker_name,
		.id = header->id,
		.address = address,
		.check_code = header->check_code,
	};
	base->outcome = quorum_state_check(view->state, &base->command);
	return true;
}

static void
apply_id_finish(struct quorum_job *base, const struct quorum_view *view)
{
	struct controller_job *job = controller_job_of(base);
	const struct apply_id_header *header = job->header;
	struct next_id_reply *answer = arena_zalloc(&job->arena, sizeof *answer);

	(void)view;
	if (refused(job))
		return;
	*answer = (struct next_id_reply){ header->cluster_name, header->broker_name, 0 };
	job->fields = next_id_reply_fields;
	job->answer = answer;
}

static const struct quorum_job_kind apply_id_kind = { apply_id_decide, apply_id_finish,
	controller_done };

static enum verdict
apply_id_begin(struct request *request)
{
	const struct apply_id_header *header = request->header;

	/* Texts of a command are short; longer ones are refused before they are put anywhere. */
	if (header->check_code.len > QUORUM_TEXT_MAX)
		return request_refuse(request, RESPONSE_CONTROLLER_INVALID_REQUEST,
		    "the registerCheckCode is longer than %d bytes", QUORUM_TEXT_MAX);
	return controller_begin(request, &apply_id_kind);
}

/* ---- CONTROLLER_REGISTER_BROKER ---- */

static bool
register_controller_decide(struct quorum_job *base, const struct quorum_view *view)
{
	struct controller_job *job = controller_job_of(base);
	const struct register_controller_header *header = job->header;
	const struct quorum_group *group = quorum_state_find(view->state, header->broker_name);
	const struct quorum_replica *replica =
	    group != NULL ? quorum_group_find(group, header->broker_id) : NULL;

	base->command = (struct quorum_command){
		.op = QUORUM_ADDRESS,
		.name = header->broker_name,
		.id = header->broker_id,
		.address = header->broker_address,
	};
	return replica != NULL && !slice_is(header->broker_address, replica->address);
}

static void
register_controller_finish(struct quorum_job *base, const struct quorum_view *view)
{
	struct controller_job *job = controller_job_of(base);
	const struct register_controller_header *header = job->header;
	const struct quorum_group *group;

	if (refused(job) || (group = group_or_fail(job, view, header->broker_name)) == NULL)
		return;
	if (quorum_group_find(group, header->broker_id) == NULL) {
		controller_fail(job, RESPONSE_CONTROLLER_BROKER_NEED_TO_BE_REGISTERED,
		    refusals[QUORUM_NO_REPLICA].remark);
		return;
	}
	answer_master(job, group, register_controller_reply_fields);
	answer_set(job, group);
}

static const struct quorum_job_kind register_controller_kind = { register_controller_decide,
	register_controller_finish, controller_done };

static enum verdict
register_controller_begin(struct request *request)
{
	return controller_begin(request, &register_controller_kind);
}

/* ---- CONTROLLER_GET_REPLICA_INFO ---- */

static void
replica_info_finish(struct quorum_job *base, const struct quorum_view *view)
{
	struct controller_job *job = controller_job_of(base);
	const struct replica_info_header *header = job->header;
	const struct quorum_group *group = quorum_state_find(view->state, header->broker_name);

	if (group == NULL) {
		controller_fail(job, RESPONSE_CONTROLLER_BROKER_METADATA_NOT_EXIST,
		    refusals[QUORUM_NO_GROUP].remark);
		return;
	}
	answer_master(job, group, replica_info_reply_fields);
	answer_set(job, group);
}

static const struct quorum_job_kind replica_info_kind = { NULL, replica_info_finish,
	controller_done };

static enum verdict
replica_info_begin(struct request *request)
{
	return controller_begin(request, &replica_info_kind);
}

/* ---- CONTROLLER_GET_SYNC_STATE_DATA ---- */

static void
put_replicas(struct json_out *out, const struct quorum_group *group, const struct quorum_view *view,
    bool in_sync)
{
	json_key(out, in_sync ? "inSyncReplicas" : "notInSyncReplicas");
	json_open_array(out);
	for (size_t i = 0; i < group->n_replicas; i++) {
		const struct quorum_replica *replica = &group->replicas[i];
		struct slice name = slice_of(group->name);

		if (replica->in_sync != in_sync)
			continue;
		json_open_object(out);
		json_member_put_bool(out, "alive",
		    quorum_leases_alive(view->leases, name, replica->id, view->now_ms));
		json_member_put_text(out, "brokerAddress", replica->address);
		json_member_put_int(out, "brokerId", replica->id);
		json_member_put_text(out, "brokerName", group->name);
		json_member_put_int(
		    out, "maxOffset", quorum_leases_position(view->leases, name, replica->id));
		json_close_object(out);
	}
	json_close_array(out);
}

static void
put_group(struct json_out *out, const struct quorum_group *group, const struct quorum_view *view)
{
	const struct quorum_replica *master = quorum_group_find(group, group->master);

	json_key(out, group->name);
	json_open_object(out);
	put_replicas(out, group, view, true);
	if (master != NULL)
		json_member_put_text(out, "masterAddress", master->address);
	if (master != NULL)
		json_member_put_int(out, "masterBrokerId", master->id);
	json_member_put_int(out, "masterEpoch", group->epoch);
	put_replicas(out, group, view, false);
	json_member_put_int(out, "syncStateSetEpoch", group->set_epoch);
	json_close_object(out);
}

static void
sync_state_finish(struct quorum_job *base, const struct quorum_view *view)
{
	struct controller_job *job = controller_job_of(base);
	struct buf text = { 0 };
	struct json_out out;

	json_out_init(&out, &text);
	json_open_object(&out);
	json_key(&out, "replicasInfoTable");
	json_open_object(&out);
	for (size_t i = 0; i < job->n_names; i++) {
		const struct quorum_group *group = quorum_state_find(view->state, job->names[i]);

		if (group != NULL)
			put_group(&out, group, view);
	}
	json_close_object(&out);
	json_close_object(&out);
	job->body = json_finish(&out, &job->arena);
}

static const struct quorum_job_kind sync_state_kind = { NULL, sync_state_finish, controller_done };

/* A name twice is written twice, so the answer is bounded by the names. */
static enum verdict
sync_state_begin(struct request *request)
{
	struct controller_job *job;
	const struct slice *names;
	size_t n;

	names = json_texts(request->arena, json_parse(request->arena, request->body), &n);
	if (names == NULL || n > NAMES_MAX)
		return request_refuse(request, RESPONSE_CONTROLLER_INVALID_REQUEST,
		    "the body is no list of at most %d broker names", NAMES_MAX);
	job = controller_job_new(request, &sync_state_kind);
	if (job == NULL)
		return VERDICT_REPLY;
	job->n_names = n;
	job->names = arena_alloc(&job->arena, (n + 1) * sizeof *names);
	for (size_t i = 0; i < n; i++)
		((struct slice *)(uintptr_t)job->names)[i] = arena_copy(&job->arena, names[i]);
	quorum_post(job->namesrv->quorum, &job->job);
	return VERDICT_LATER;
}

/* ---- CONTROLLER_GET_METADATA_INFO: any server of the quorum answers ---- */

static enum verdict
metadata_begin(struct request *request)
{
	const struct quorum *quorum = namesrv_of(request)->quorum;
	const struct quorum_peers *servers;
	const struct quorum_peer *leader;
	struct metadata_reply *answer = arena_zalloc(request->arena, sizeof *answer);
	struct buf peers = { 0 };

	if (quorum == NULL)
		return refuse_no_quorum(request);
	servers = quorum_servers(quorum);
	leader = quorum_leader(quorum);
	for (size_t i = 0; i < servers->n; i++)
		buf_printf(&peers, "%s%lld-%s", i > 0 ? ";" : "", (long long)servers->peers[i].id,
		    servers->peers[i].address);
	answer->group = quorum_is_automatic(quorum) ? SLICE("automatic") : SLICE("byHand");
	if (leader != NULL) {
		answer->leader_id = arena_printf(request->arena, "%lld", (long long)leader->id);
		answer->leader_address = slice_of(leader->address);
	}
	answer->is_leader = quorum_is_leader(quorum);
	answer->peers = arena_copy(request->arena, buf_slice(&peers));
	buf_release(&peers);
	return request_reply(request, metadata_reply_fields, answer);
}

/* ---- CONTROLLER_ALTER_SYNC_STATE_SET ---- */

static bool
alter_set_decide(struct quorum_job *base, const struct quorum_view *view)
{
	struct controller_job *job = controller_job_of(base);
	const struct alter_set_header *header = job->header;

	(void)view;
	base->command = (struct quorum_command){
		.op = QUORUM_ALTER,
		.name = header->broker_name,
		.id = header->master_id,
		.epoch = (uint32_t)header->master_epoch,
		.set_epoch = (uint32_t)job->set.epoch,
		.n_ids = job->set.n,
	};
	for (size_t i = 0; i < job->set.n; i++)
		base->command.ids[i] = job->set.ids[i];
	return true;
}

static void
alter_set_finish(struct quorum_job *base, const struct quorum_view *view)
{
	struct controller_job *job = controller_job_of(base);
	const struct alter_set_header *header = job->header;
	struct alter_set_reply *answer = arena_zalloc(&job->arena, sizeof *answer);
	const struct quorum_group *group;

	if (refused(job) || (group = group_or_fail(job, view, header->broker_name)) == NULL)
		return;
	answer->set_epoch = (int32_t)group->set_epoch;
	job->fields = alter_set_reply_fields;
	job->answer = answer;
	answer_set(job, group);
}

static const struct quorum_job_kind alter_set_kind = { alter_set_decide, alter_set_finish,
	controller_done };

static enum verdict
alter_set_begin(struct request *request)
{
	struct controller_job *job;
	struct sync_set set;

	if (sync_set_read(request->arena, request->body, &set) == -1 || set.n > QUORUM_REPLICAS_MAX)
		return request_refuse(request, RESPONSE_CONTROLLER_INVALID_REQUEST,
		    "the body is no SyncStateSet of at most %d replicas", QUORUM_REPLICAS_MAX);
	job = controller_job_new(request, &alter_set_kind);
	if (job == NULL)
		return VERDICT_REPLY;
	job->set = set;
	job->set.ids = (const int64_t *)(const void *)arena_copy(
	    &job->arena, (struct slice){ (const char *)set.ids, set.n * sizeof *set.ids })
	                   .data;
	quorum_post(job->namesrv->quorum, &job->job);
	return VERDICT_LATER;
}

/* ---- CONTROLLER_ELECT_MASTER ---- */

/* Whom the election takes. 0: nobody now; the outcome says why. */
static int64_t
elected(const struct elect_header *header, const struct quorum_group *group,
    const struct quorum_view *view, enum quorum_outcome *outcome)
{
	const struct quorum_replica *replica = quorum_group_find(group, header->broker_id);

	*outcome = QUORUM_NOT_IN_SYNC;
	if (!header->designate && group->epoch != 0)
		return quorum_leases_candidate(view->leases, group, view->unclean, view->now_ms);
	if (replica == NULL) {
		*outcome = QUORUM_NO_REPLICA;
		return 0;
	}
	return replica->in_sync || view->unclean || group->epoch == 0 ? replica->id : 0;
}

/* Waits for the end of the lease of the present master, who gets no other one meanwhile. */
static bool
elect_decide(struct quorum_job *base, const struct quorum_view *view)
{
	struct controller_job *job = controller_job_of(base);
	const struct elect_header *header = job->header;
	const struct quorum_group *group = quorum_state_find(view->state, header->broker_name);
	int64_t id;

	job->wait = false;
	base->outcome = QUORUM_NO_GROUP;
	if (group == NULL || (id = elected(header, group, view, &base->outcome)) == 0)
		return false;
	base->outcome = QUORUM_DONE;
	if (id == group->master &&
	    !quorum_leases_over(view->leases, header->broker_name, view->now_ms))
		return false;
	if (group->epoch != 0 &&
	    !quorum_leases_over(view->leases, header->broker_name, view->now_ms)) {
		if (!header->designate)
			return false;
		quorum_leases_designate(view->leases, header->broker_name, id, view->now_ms);
		job->wait = job->waited = true;
		return false;
	}
	base->command = (struct quorum_command){
		.op = QUORUM_PROMOTE,
		.name = header->broker_name,
		.id = id,
		.epoch = group->epoch,
		.unclean = view->unclean,
	};
	return true;
}

static void
answer_election(struct controller_job *job, const struct quorum_group *group)
{
	int64_t ids[QUORUM_REPLICAS_MAX];
	struct sync_set set = set_of(group, ids);
	struct buf text = { 0 };
	struct json_out out;

	answer_master(job, group, elect_reply_fields);
	json_out_init(&out, &text);
	json_open_object(&out);
	json_key(&out, "brokerMemberGroup");
	json_open_object(&out);
	json_key(&out, "brokerAddrs");
	json_open_object(&out);
	for (size_t i = 0; i < group->n_replicas; i++) {
		json_key_number(&out, group->replicas[i].id);
		json_put_text(&out, group->replicas[i].address);
	}
	json_close_object(&out);
	json_member_put_text(&out, "brokerName", group->name);
	json_member_put_text(&out, "cluster", group->cluster);
	json_close_object(&out);
	json_key(&out, "syncStateSet");
	json_open_array(&out);
	for (size_t i = 0; i < set.n; i++)
		json_put_int(&out, set.ids[i]);
	json_close_array(&out);
	json_close_object(&out);
	job->body = json_finish(&out, &job->arena);
}

static void
elect_finish(struct quorum_job *base, const struct quorum_view *view)
{
	struct controller_job *job = controller_job_of(base);
	const struct elect_header *header = job->header;
	const struct quorum_group *group = quorum_state_find(view->state, header->broker_name);

	if (job->wait)
		return;
	controller_fail(job, refusals[base->outcome].code, refusals[base->outcome].remark);
	if (base->outcome == QUORUM_NO_REPLICA)
		job->code = RESPONSE_CONTROLLER_ELECT_MASTER_FAILED;
	if (group == NULL || base->outcome != QUORUM_DONE)
		return;
	answer_election(job, group);
	if (!base->decided && !job->waited)
		controller_fail(job, RESPONSE_CONTROLLER_MASTER_STILL_EXIST,
		    "the master is alive: nothing was changed");
}

static void
on_elect_again(struct timer *timer)
{
	struct controller_job *job = container_of(timer, struct controller_job, again);

	quorum_post(job->namesrv->quorum, &job->job);
}

static void
elect_done(struct quorum_job *base, struct loop *loop)
{
	struct controller_job *job = controller_job_of(base);

	if (base->status == QUORUM_AGREED && job->wait && !job->namesrv->stopping &&
	    clock_mono_ms() - job->began_ms < ELECT_TIMEOUT_MS) {
		job->again.due = on_elect_again;
		loop_set_timer(loop, &job->again, clock_mono_ms() + ELECT_RETRY_MS);
		return;
	}
	if (job->wait)
		controller_fail(job, RESPONSE_CONTROLLER_ELECT_MASTER_FAILED,
		    "the lease of the master did not end in time");
	controller_done(base, loop);
}

static const struct quorum_job_kind elect_kind = { elect_decide, elect_finish, elect_done };

static enum verdict
elect_begin(struct request *request)
{
	return controller_begin(request, &elect_kind);
}

/* ---- CLEAN_BROKER_DATA ---- */

static bool
clean_decide(struct quorum_job *base, const struct quorum_view *view)
{
	struct controller_job *job = controller_job_of(base);
	const struct clean_broker_header *header = job->header;
	const struct quorum_group *group = quorum_state_find(view->state, header->broker_name);

	base->command = (struct quorum_command){ .op = QUORUM_CLEAN, .name = header->broker_name };
	base->outcome = QUORUM_DONE;
	if (header->ids.data != NULL && header->ids.len > 0)
		slice_to_int64(header->ids, &base->command.id);
	for (size_t i = 0; group != NULL && !header->living && i < group->n_replicas; i++) {
		int64_t id = group->replicas[i].id;

		if ((base->command.id == 0 || base->command.id == id) &&
		    quorum_leases_alive(view->leases, header->broker_name, id, view->now_ms)) {
			controller_fail(job, RESPONSE_CONTROLLER_INVALID_CLEAN_BROKER_METADATA,
			    "the replica is alive: nothing was changed");
			return false;
		}
	}
	return true;
}

static void
clean_finish(struct quorum_job *base, const struct quorum_view *view)
{
	(void)view;
	if (base->decided && refused(controller_job_of(base)))
		controller_job_of(base)->code = RESPONSE_CONTROLLER_INVALID_CLEAN_BROKER_METADATA;
}

static const struct quorum_job_kind clean_kind = { clean_decide, clean_finish, controller_done };

static enum verdict
clean_begin(struct request *request)
{
	const struct clean_broker_header *header = request->header;
	int64_t id;

	if (header->ids.data != NULL && header->ids.len > 0 &&
	    (slice_to_int64(header->ids, &id) == -1 || id < 1))
		return request_refuse(request, RESPONSE_CONTROLLER_INVALID_CLEAN_BROKER_METADATA,
		    "one brokerId at a time can be cleaned");
	return controller_begin(request, &clean_kind);
}

/* ---- RENEW_LEASE ---- */

static bool
renew_lease_decide(struct quorum_job *base, const struct quorum_view *view)
{
	struct controller_job *job = controller_job_of(base);
	const struct renew_lease_header *header = job->header;
	const struct quorum_group *group = quorum_state_find(view->state, header->broker_name);
	int64_t id = header->broker_id;

	base->outcome = QUORUM_DONE;
	if (group == NULL || quorum_group_find(group, id) == NULL ||
	    header->known_epoch > (int32_t)group->epoch)
		return false;
	quorum_leases_heard(
	    view->leases, header->broker_name, id, header->max_offset, view->now_ms);
	if (header->given_up && group->master == id)
		quorum_leases_given_up(view->leases, header->broker_name);
	base->command = (struct quorum_command){
		.op = QUORUM_PROMOTE, .name = header->broker_name, .epoch = group->epoch, .id = id
	};
	if (group->epoch == 0 || !header->wants_master)
		return header->wants_master;
	/*
	 * A master that was started anew begins an epoch: its disk may have lost what the slaves
	 * have. One of these that has more becomes the master instead.
	 */
	if (group->master != id || header->given_up ||
	    header->master_epoch == (int32_t)group->epoch ||
	    quorum_leases_designated(view->leases, group, view->now_ms) != 0)
		return false;
	base->command.id = quorum_leases_candidate(view->leases, group, false, view->now_ms);
	if (base->command.id == 0)
		base->command.id = id;
	return true;
}

static void
renew_lease_finish(struct quorum_job *base, const struct quorum_view *view)
{
	struct controller_job *job = controller_job_of(base);
	const struct renew_lease_header *header = job->header;
	struct renew_lease_reply *answer = arena_zalloc(&job->arena, sizeof *answer);
	const struct quorum_group *group = group_or_fail(job, view, header->broker_name);

	if (group == NULL)
		return;
	if (quorum_group_find(group, header->broker_id) == NULL) {
		controller_fail(job, RESPONSE_CONTROLLER_BROKER_NEED_TO_BE_REGISTERED,
		    refusals[QUORUM_NO_REPLICA].remark);
		return;
	}
	if (header->known_epoch > (int32_t)group->epoch) {
		controller_fail(job, RESPONSE_CONTROLLER_FENCED_MASTER_EPOCH,
		    "this broker knows a higher epoch than the quorum, whose disks lost "
		    "something: nothing is granted for this name");
		return;
	}
	*answer = (struct renew_lease_reply){
		.master_id = group->master,
		.master_address = master_address(job, group),
		.master_epoch = (int32_t)group->epoch,
		.set_epoch = (int32_t)group->set_epoch,
		.gave_way = quorum_leases_gave_up(view->leases, header->broker_name),
		.lease_ms = QUORUM_LEASE_MS,
	};
	/* After a promotion in this job the sender has not held the new epoch yet, and may now. */
	answer->granted = group->master == header->broker_id && !header->given_up &&
	                  (base->decided || header->master_epoch == (int32_t)group->epoch) &&
	                  quorum_leases_designated(view->leases, group, view->now_ms) == 0;
	if (answer->granted)
		quorum_leases_granted(view->leases, header->broker_name, view->now_ms);
	job->fields = renew_lease_reply_fields;
	job->answer = answer;
	answer_set(job, group);
}

static const struct quorum_job_kind renew_lease_kind = { renew_lease_decide, renew_lease_finish,
	controller_done };

static enum verdict
renew_lease_begin(struct request *request)
{
	return controller_begin(request, &renew_lease_kind);
}

/* ---- GET_CONTROLLER_CONFIG, UPDATE_CONTROLLER_CONFIG: of this server, which need not lead ---- */

static enum verdict
get_controller_config_begin(struct request *request)
{
	return namesrv_of(request)->quorum != NULL ? daemon_get_config(request)
	                                           : refuse_no_quorum(request);
}

static enum verdict
update_controller_config_begin(struct request *request)
{
	return namesrv_of(request)->quorum != NULL ? daemon_update_config(request)
	                                           : refuse_no_quorum(request);
}

const struct handler controller_handlers[] = {
	HANDLER_TYPED(
	    CONTROLLER_ALTER_SYNC_STATE_SET, alter_set_header, alter_set_begin, HANDLER_ADMIN),
	HANDLER_TYPED(CONTROLLER_ELECT_MASTER, elect_header, elect_begin, HANDLER_ADMIN),
	HANDLER_TYPED(CONTROLLER_REGISTER_BROKER, register_controller_header,
	    register_controller_begin, HANDLER_ADMIN),
	HANDLER_TYPED(CONTROLLER_GET_REPLICA_INFO, replica_info_header, replica_info_begin, 0),
	HANDLER_PLAIN(CONTROLLER_GET_METADATA_INFO, metadata_begin, 0),
	HANDLER_PLAIN(CONTROLLER_GET_SYNC_STATE_DATA, sync_state_begin, 0),
	HANDLER_PLAIN(UPDATE_CONTROLLER_CONFIG, update_controller_config_begin, HANDLER_ADMIN),
	HANDLER_PLAIN(GET_CONTROLLER_CONFIG, get_controller_config_begin, 0),
	HANDLER_TYPED(CLEAN_BROKER_DATA, clean_broker_header, clean_begin, HANDLER_ADMIN),
	HANDLER_TYPED(CONTROLLER_GET_NEXT_BROKER_ID, next_id_header, next_id_begin, 0),
	HANDLER_TYPED(CONTROLLER_APPLY_BROKER_ID, apply_id_header, apply_id_begin, HANDLER_ADMIN),
	HANDLER_TYPED(RENEW_LEASE, renew_lease_header, renew_lease_begin, HANDLER_ADMIN),
	{ .name = NULL },
};
