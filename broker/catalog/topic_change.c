#include "config.h"

#include "broker/catalog/topic_change.h"

#include <stddef.h>
#include <stdlib.h>

#include "broker/catalog/system_topic.h"
#include "broker/cluster/masters.h"
#include "broker/cluster/register.h"
#include "broker/state/checkpoint.h"
#include "broker/state/limit.h"
#include "broker/state/offset.h"
#include "broker/state/stats.h"
#include "broker/store/store.h"
#include "common/base/buf.h"
#include "common/base/container_of.h"
#include "common/base/log.h"
#include "common/base/mem.h"
#include "common/protocol/name.h"

/*
 * A change goes to meta.db, then into the tables on loop 0, then back to the requesting loop. Thus
 * changes take effect in the order of their commits.
 */
struct change {
	struct task task;
	struct broker *broker;
	struct change_done done;
	struct meta_job *job; /* of a deletion that has not passed all loops */
	int n_passed;         /* of the loops */
	void (*apply)(struct change *change);
	struct register_wait wait;
	bool registers; /* the change is done only after a registration */
	void (*undo)(struct change *change);
	int status;
	bool tell;
	size_t n;
	union {
		struct topic *topics; /* n of them */
		struct group *groups;
	};
};

static struct loop *
first_loop(const struct broker *broker)
{
	return broker_main_loop(broker);
}

/* ---- rows ------------------------------------------------------------ */

static void
put_topic_row(struct meta_job *job, const struct topic *topic)
{
	struct arena arena = { 0 };
	struct topic_config config = topic_to_config(topic, &arena);
	struct buf buf = { 0 };
	struct json_out out;

	json_out_init(&out, &buf);
	topic_config_write(&out, &config);
	meta_job_put(job, META_TOPIC, slice_of(topic->name), buf_slice(&buf));
	buf_release(&buf);
	arena_release(&arena);
}

static void
put_group_row(struct meta_job *job, const struct group *group)
{
	struct buf buf = { 0 };
	struct json_out out;

	json_out_init(&out, &buf);
	group_write(&out, group);
	meta_job_put(job, META_GROUP, slice_of(group->name), buf_slice(&buf));
	buf_release(&buf);
}

/* ---- the way of a change --------------------------------------------- */

static struct change *
change_new(struct broker *broker, const struct change_done *done)
{
	struct change *change = mem_zalloc(sizeof *change);

	change->broker = broker;
	change->done = *done;
	return change;
}

static void
run_home(struct task *task, void *receiver)
{
	struct change *change = container_of(task, struct change, task);

	if (change->done.done != NULL)
		change->done.done(change->done.context, receiver, change->status);
	free(change->topics);
	free(change);
}

static void
go_home(struct change *change)
{
	change->task.run = run_home;
	loop_post(change->done.loop, &change->task);
}

/* The reply waits for the name servers: the client may request the topic's route next. */
static void
on_registered(struct register_wait *wait)
{
	go_home(container_of(wait, struct change, wait));
}

/* On loop 0. */
static void
on_kept(struct meta_job *job, struct loop *reply_loop)
{
	struct change *change = job->context;

	(void)reply_loop;
	change->status = job->status;
	if (job->status == 0 && change->apply != NULL)
		change->apply(change);
	if (job->status != 0) {
		log_error("cannot store a change of topics or groups, it has no effect");
		if (change->undo != NULL)
			change->undo(change);
	}
	meta_job_free(job);
	change->wait.done = on_registered;
	if (change->status == 0 && change->registers)
		registrar_topics_changed_wait(change->broker->registrar, &change->wait);
	else
		go_home(change);
}

static void
submit(struct change *change, struct meta_job *job)
{
	job->reply_loop = first_loop(change->broker);
	job->done = on_kept;
	job->context = change;
	store_meta(change->broker->store, job);
}

static void *
copy_list(const void *list, size_t n, size_t size)
{
	return memcpy(mem_alloc(n * size), list, n * size);
}

/* ---- topics ---------------------------------------------------------- */

struct slice
topic_name_refusal(const struct broker *broker, struct slice name, struct arena *arena)
{
	if (slice_trim(name).len == 0)
		return SLICE("The specified topic is blank.");
	if (name.len > RECORD_TOPIC_MAX)
		return SLICE("The specified topic is longer than topic max length 127.");
	if (!name_is_valid(name))
		return SLICE("The specified topic contains illegal characters, allowing only "
			     "^[%|a-zA-Z0-9_-]+$");
	if (topic_is_system(broker, name))
		return arena_printf(arena, "The topic[%.*s] is conflict with system topic.",
		    (int)name.len, name.data);
	return SLICE_NONE;
}

bool
topics_fit(struct broker *broker, const struct topic *list, size_t n)
{
	size_t n_new = 0;
	struct topic known;

	for (size_t i = 0; i < n; i++)
		n_new += !topics_find(broker->topics, slice_of(list[i].name), &known);
	return n_new == 0 ||
	       limits_allow(broker->limits, LIMIT_TOPICS, topics_count(broker->topics) + n_new);
}

/* A request cannot create a system topic; a send makes that of traces where it goes. */
static void
tell(struct broker *broker, const struct topic *topic)
{
	if (broker->settings->auto_create_topic_on_all_brokers &&
	    !topic_is_system(broker, slice_of(topic->name)))
		masters_tell(broker->masters, slice_of(topic->name));
}

static void
apply_topics(struct change *change)
{
	for (size_t i = 0; i < change->n; i++) {
		const struct topic *topic = &change->topics[i];
		bool is_new = topics_put(change->broker->topics, topic);

		log_info("topic %s name=%s read=%d write=%d perm=%d",
		    is_new ? "created" : "changed", topic->name, topic->read_queues,
		    topic->write_queues, topic->perm);
		if (is_new && change->tell)
			tell(change->broker, topic);
	}
}

void
topic_change(struct broker *broker, const struct topic *list, size_t n, bool tell_masters,
    const struct change_done *done)
{
	struct change *change = change_new(broker, done);
	struct meta_job *job = meta_job_new();

	change->apply = apply_topics;
	change->registers = true;
	change->tell = tell_masters;
	change->topics = copy_list(list, n, sizeof *list);
	change->n = n;
	for (size_t i = 0; i < n; i++)
		put_topic_row(job, &list[i]);
	submit(change, job);
}

/*
 * A deletion passes every loop before it goes to the writer. A send that passed its checks before
 * the deletion reaches the writer at the end of its loop's turn. After the deletion it would create
 * the topic's queues again, and a restart the topic.
 */
static void
run_pass(struct task *task, void *receiver)
{
	struct change *change = container_of(task, struct change, task);
	const struct broker *broker = change->broker;

	(void)receiver;
	if (change->n_passed < broker->n_workers)
		loop_post(&broker->daemon->loops[change->n_passed++], &change->task);
	else
		submit(change, change->job);
}

static void
pass_loops(struct change *change, struct meta_job *job)
{
	change->job = job;
	change->task.run = run_pass;
	run_pass(&change->task, NULL);
}

static void
apply_delete(struct change *change)
{
	struct slice name = slice_of(change->topics->name);

	offsets_remove_topic(change->broker->offsets, name);
	checkpoints_drop(change->broker->checkpoints, SLICE_NONE, name);
	stats_forget(change->broker->stats, name);
	log_info("topic deleted name=%s", change->topics->name);
}

static void
undo_delete(struct change *change)
{
	topics_put(change->broker->topics, change->topics);
}

void
topic_delete(struct broker *broker, struct slice name, const struct change_done *done)
{
	struct change *change = change_new(broker, done);
	struct meta_job *job = meta_job_new();

	/* First remove it from the table: later sends are refused or create it anew. */
	change->topics = mem_alloc(sizeof *change->topics);
	if (topics_find(broker->topics, name, change->topics)) {
		topics_remove(broker->topics, name);
		change->undo = undo_delete;
	} else {
		topic_init(change->topics, name);
	}
	change->apply = apply_delete;
	change->registers = true;
	meta_job_remove(job, META_TOPIC, name);
	meta_job_remove_offsets_of_topic(job, name);
	job->drop_topic = slice_dup(name);
	pass_loops(change, job);
}

/* ---- groups ---------------------------------------------------------- */

bool
groups_fit(struct broker *broker, const struct group *list, size_t n)
{
	size_t n_new = 0;
	struct group known;

	for (size_t i = 0; i < n; i++)
		n_new += !groups_find(broker->groups, slice_of(list[i].name), &known);
	return n_new == 0 ||
	       limits_allow(broker->limits, LIMIT_GROUPS, groups_count(broker->groups) + n_new);
}

static void
apply_groups(struct change *change)
{
	for (size_t i = 0; i < change->n; i++) {
		groups_put(change->broker->groups, &change->groups[i]);
		log_info("group changed name=%s", change->groups[i].name);
	}
}

void
group_change(
    struct broker *broker, const struct group *list, size_t n, const struct change_done *done)
{
	struct change *change = change_new(broker, done);
	struct meta_job *job = meta_job_new();

	change->apply = apply_groups;
	change->groups = copy_list(list, n, sizeof *list);
	change->n = n;
	for (size_t i = 0; i < n; i++)
		put_group_row(job, &list[i]);
	submit(change, job);
}

static void
apply_group_delete(struct change *change)
{
	struct slice name = slice_of(change->groups->name);

	groups_remove(change->broker->groups, name);
	if (change->tell)
		offsets_remove_group(change->broker->offsets, name);
	checkpoints_drop(change->broker->checkpoints, name, SLICE_NONE);
	log_info("group deleted name=%s offsets=%s", change->groups->name,
	    change->tell ? "too" : "kept");
}

void
group_delete(
    struct broker *broker, struct slice name, bool with_offsets, const struct change_done *done)
{
	struct change *change = change_new(broker, done);
	struct meta_job *job = meta_job_new();

	change->apply = apply_group_delete;
	change->tell = with_offsets;
	change->groups = mem_alloc(sizeof *change->groups);
	group_init(change->groups, name);
	meta_job_remove(job, META_GROUP, name);
	if (with_offsets)
		meta_job_remove_offsets_of_group(job, name);
	submit(change, job);
}

/* ---- in force already ------------------------------------------------ */

void
topic_keep(struct broker *broker, const struct topic *topic, bool tell_masters)
{
	struct meta_job *job = meta_job_new();

	/*
	 * Before the message that the topic was made for: a delayed message in the log of a crash
	 * is delivered if its topic exists, and dropped if not.
	 */
	job->before_appends = true;
	put_topic_row(job, topic);
	submit(change_new(broker, &(struct change_done){ first_loop(broker), NULL, NULL }), job);
	if (tell_masters)
		tell(broker, topic);
	registrar_topics_changed(broker->registrar);
}

void
group_keep(struct broker *broker, const struct group *group)
{
	struct meta_job *job = meta_job_new();

	put_group_row(job, group);
	submit(change_new(broker, &(struct change_done){ first_loop(broker), NULL, NULL }), job);
}
