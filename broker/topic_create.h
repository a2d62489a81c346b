#ifndef BROKER_TOPIC_CREATE_H
#define BROKER_TOPIC_CREATE_H

/*
 * Topics and groups that come into being or change: the rules, and all that
 * follows from a change (meta.db, the name servers, the other masters of the
 * cluster). Any loop. Source: protocol description 5.1, 5.3.
 */

#include <stdbool.h>
#include <stdint.h>

#include "broker/broker.h"
#include "broker/group.h"
#include "broker/topic.h"

/* Names that are not sent to, created or deleted by clients. */
bool topic_is_system(const struct broker *broker, struct slice name);
/* The part of them that a send is refused for (16). */
bool topic_is_forbidden(struct slice name);

/*
 * The topic for a send; made from the template (defaultTopic of the request) when it
 * does not exist and that is allowed. False: it does not exist, and *why says why (lent, static).
 */
bool topic_find_or_create(struct broker *broker, struct slice name, struct slice template_name,
    int32_t wanted_queues, int32_t sys_flag, struct topic *topic, const char **why);
/* %RETRY% and %DLQ% of a group. False when the group's name is too long to have one. */
bool topic_find_or_create_retry(struct broker *broker, struct slice group, int32_t queues, struct topic *topic);
bool topic_find_or_create_dead(struct broker *broker, struct slice group, struct topic *topic);
/* The group, made with defaults if that is allowed. False: code 26. */
bool group_find_or_create(struct broker *broker, struct slice name, struct group *group);

/*
 * A change by an administrator: in force at once; done (may be NULL) is called on
 * the loop with 0 when it is kept on disk, or with -1.
 */
typedef void topic_kept_fn(void *context, struct loop *loop, int status);
void topic_change(struct broker *broker, struct loop *loop, const struct topic *topic, bool tell_masters,
    topic_kept_fn *done, void *context);
void topic_delete(struct broker *broker, struct loop *loop, struct slice name, topic_kept_fn *done, void *context);
void group_change(struct broker *broker, struct loop *loop, const struct group *group, topic_kept_fn *done,
    void *context);
void group_delete(struct broker *broker, struct loop *loop, struct slice name, bool with_offsets,
    topic_kept_fn *done, void *context);

/* Before the loops run: what meta.db holds, topics that only the log knows, and the system's own. */
void topics_and_groups_load(struct broker *broker);

#endif
