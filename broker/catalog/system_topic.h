#ifndef BROKER_SYSTEM_TOPIC_H
#define BROKER_SYSTEM_TOPIC_H

/*
 * Topics and groups that every broker has. Each start creates them anew; they
 * are not on disk. Any thread, except for system_topics_add.
 * Source: protocol description 5.1-5.3.
 */

#include "broker/context.h"
#include "common/base/arena.h"

#define TOPIC_TEMPLATE "TBW102"                          /* defaultTopic of all clients ... */
#define TOPIC_TEMPLATE_4_3 "AUTO_CREATE_TOPIC_KEY_TOPIC" /* ... but 4.3.0 */

/* What pops record, see broker/pop; then the name of the cluster. */
#define REVIVE_TOPIC_PREFIX "rmq_sys_REVIVE_LOG_"

/* Names that clients and administrators may not create or delete. */
bool topic_is_system(const struct broker *broker, struct slice name);
/* The names to which the broker refuses sends (code 16). */
bool topic_is_forbidden(struct slice name);
/* Those names, for GET_SYSTEM_TOPIC_LIST_FROM_BROKER; in the arena. */
const struct slice *system_topic_names(const struct broker *broker, struct arena *arena, size_t *n);
/* A group that every broker has. */
bool group_is_system(struct slice name);
/* Adds them to the tables; before the loops run. */
void system_topics_add(struct broker *broker);

#endif
