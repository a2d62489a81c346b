#ifndef BROKER_TOPIC_CHANGE_H
#define BROKER_TOPIC_CHANGE_H

/*
 * Changes of topics and groups, and all that follows: meta.db, the name
 * servers, the other masters of the cluster, offsets and counters of what is
 * gone. Any loop.
 */

#include "broker/context.h"
#include "broker/state/group.h"
#include "broker/state/topic.h"

/* On the loop that asked: 0 when it is kept on disk and in force, or -1 and nothing has changed. */
typedef void topic_changed_fn(void *context, struct loop *loop, int status);

/* tell: a topic that is new here is created on the other masters of the cluster too. */
void topic_change(struct broker *broker, struct loop *loop, const struct topic *list, size_t n,
    bool tell, topic_changed_fn *done, void *context);
void topic_delete(struct broker *broker, struct loop *loop, struct slice name,
    topic_changed_fn *done, void *context);
void group_change(struct broker *broker, struct loop *loop, const struct group *list, size_t n,
    topic_changed_fn *done, void *context);
void group_delete(struct broker *broker, struct loop *loop, struct slice name, bool with_offsets,
    topic_changed_fn *done, void *context);

/* For what is in force already: it only has to be kept; a failure is logged. */
void topic_keep(struct broker *broker, const struct topic *topic, bool tell);
void group_keep(struct broker *broker, const struct group *group);

#endif
