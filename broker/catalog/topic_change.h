#ifndef BROKER_TOPIC_CHANGE_H
#define BROKER_TOPIC_CHANGE_H

/*
 * Changes of topics and groups, independent of the protocol, and their
 * consequences: meta.db, the name servers, the other masters of the cluster,
 * and the offsets and counters of deleted topics and groups. Any loop.
 */

#include "broker/context.h"
#include "broker/state/group.h"
#include "broker/state/topic.h"

/* On the requesting loop: 0 if the change is on disk and in force; -1: nothing has changed. */
typedef void topic_changed_fn(void *context, struct loop *loop, int status);

/* The receiver of the result. */
struct change_done {
	struct loop *loop; /* the requesting one */
	topic_changed_fn *done;
	void *context;
};

/*
 * Why no request may create, change or delete a topic of this name, in the arena; absent: requests
 * may.
 */
struct slice topic_name_refusal(
    const struct broker *broker, struct slice name, struct arena *arena);
/* Whether the new ones of these fit below maxTopics or maxGroups. Counts a refusal. */
bool topics_fit(struct broker *broker, const struct topic *list, size_t n);
bool groups_fit(struct broker *broker, const struct group *list, size_t n);

/* tell: the other masters of the cluster also create a topic that is new here. */
void topic_change(struct broker *broker, const struct topic *list, size_t n, bool tell,
    const struct change_done *done);
void topic_delete(struct broker *broker, struct slice name, const struct change_done *done);
void group_change(
    struct broker *broker, const struct group *list, size_t n, const struct change_done *done);
void group_delete(
    struct broker *broker, struct slice name, bool with_offsets, const struct change_done *done);

/* Only writes a change to meta.db that is already in force; logs a failure. */
void topic_keep(struct broker *broker, const struct topic *topic, bool tell);
void group_keep(struct broker *broker, const struct group *group);

#endif
