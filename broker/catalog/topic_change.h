#ifndef BROKER_TOPIC_CHANGE_H
#define BROKER_TOPIC_CHANGE_H

/*
 * Changes of topics and groups, whatever protocol they come by, and all that
 * follows: meta.db, the name servers, the other masters of the cluster, and
 * the offsets and counters of deleted ones. Any loop.
 */

#include "broker/context.h"
#include "broker/state/group.h"
#include "broker/state/topic.h"

/* On the loop that asked: 0 when it is kept on disk and in force, or -1 and nothing has changed. */
typedef void topic_changed_fn(void *context, struct loop *loop, int status);

/* Where the result of a change goes. */
struct change_done {
	struct loop *loop; /* that asks */
	topic_changed_fn *done;
	void *context;
};

/*
 * Why no request may create, change or delete a topic of this name, in the arena; absent: it may.
 */
struct slice topic_name_refusal(
    const struct broker *broker, struct slice name, struct arena *arena);
/* Whether the new ones of these fit below maxTopics or maxGroups. A refusal is counted. */
bool topics_fit(struct broker *broker, const struct topic *list, size_t n);
bool groups_fit(struct broker *broker, const struct group *list, size_t n);

/* tell: a topic that is new here is created on the other masters of the cluster too. */
void topic_change(struct broker *broker, const struct topic *list, size_t n, bool tell,
    const struct change_done *done);
void topic_delete(struct broker *broker, struct slice name, const struct change_done *done);
void group_change(
    struct broker *broker, const struct group *list, size_t n, const struct change_done *done);
void group_delete(
    struct broker *broker, struct slice name, bool with_offsets, const struct change_done *done);

/* The change is in force already and is only written to meta.db; a failure is logged. */
void topic_keep(struct broker *broker, const struct topic *topic, bool tell);
void group_keep(struct broker *broker, const struct group *group);

#endif
