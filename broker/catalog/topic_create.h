#ifndef BROKER_TOPIC_CREATE_H
#define BROKER_TOPIC_CREATE_H

/*
 * Topics and groups that requests create by using them. They exist at once;
 * meta.db, the name servers and the other masters receive them in the
 * background. After a crash, a start finds topics that meta.db lacks in the
 * log. Any loop. Source: protocol description 5.1, 5.3.
 */

#include <stdbool.h>
#include <stdint.h>

#include "broker/catalog/system_topic.h"
#include "broker/context.h"
#include "broker/state/group.h"
#include "broker/state/topic.h"

/* A send's data about its topic. */
struct topic_wish {
	struct slice name;
	struct slice template_name;
	int32_t queues;   /* the topic gets at most as many as its template has */
	int32_t sys_flag; /* of a new topic */
};

/*
 * The topic for a send. Creates a missing topic from the template (defaultTopic of the request) if
 * the settings allow it. False: the topic does not exist; *why is the reason (static).
 */
bool topic_find_or_create(
    struct broker *broker, const struct topic_wish *wish, struct topic *topic, const char **why);
/*
 * %RETRY% and %DLQ% of a group. False: *why is the reason, as above. A retry topic that has fewer
 * queues than retryQueueNums of its group gets the rest. unit_mode: of a new one, the clients are
 * those of a unit.
 */
bool topic_find_or_create_retry(struct broker *broker, struct slice group, int32_t queues,
    bool unit_mode, struct topic *topic, const char **why);
bool topic_find_or_create_dead(
    struct broker *broker, struct slice group, struct topic *topic, const char **why);
/* The group, created with defaults if allowed. False: code 26, and *why as above. */
bool group_find_or_create(
    struct broker *broker, struct slice name, struct group *group, const char **why);

/* Before the loops run: what meta.db holds, topics that only the log knows, and the system's own.
 */
void topics_and_groups_load(struct broker *broker);

#endif
