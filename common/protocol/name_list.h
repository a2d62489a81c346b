#ifndef COMMON_NAME_LIST_H
#define COMMON_NAME_LIST_H

/*
 * Bodies that list names: of clients, groups, topics. Source: protocol description
 * 3.3, 3.4.
 * Readers return 0, or -1 when the body has another form. What they read lives
 * in the arena or points into the body. Any thread.
 */

#include <stddef.h>

#include "common/json/json.h"

/* One member that is a list of names: consumerIdList (38), groupList (300). */
void name_list_write(
    struct json_out *out, const char *member, const struct slice *names, size_t n_names);
int name_list_read(struct arena *arena, struct slice body, const char *member,
    const struct slice **names, size_t *n_names);

/* TopicList (206, 224, 304, 305, 311-313). */
struct topic_list {
	struct slice broker_addr; /* absent when there is none */
	const struct slice *topics;
	size_t n_topics;
};

void topic_list_write(struct json_out *out, const struct topic_list *list);
int topic_list_read(struct arena *arena, struct slice body, struct topic_list *list);

#endif
