#ifndef BROKER_TOPIC_H
#define BROKER_TOPIC_H

/*
 * The topics of this broker. A table in memory with one lock (a leaf), loaded
 * from meta.db at start. Changes are made here first and kept by a meta job
 * that the caller sends. Any thread; answers are copied out.
 */

#include <stdbool.h>

#include "common/topic_config.h"

struct topics;

struct topic {
	char name[128];
	int32_t read_queues;
	int32_t write_queues;
	int32_t perm;
	int32_t sys_flag;
	bool order;
	bool multi_tag;
	bool system; /* made at start; not to be created, deleted or (some) sent to by clients */
};

struct topics *topics_new(void);
void topics_free(struct topics *topics);
bool topics_find(struct topics *topics, struct slice name, struct topic *out);
/* Adds or replaces; the data version grows. */
void topics_put(struct topics *topics, const struct topic *topic);
bool topics_remove(struct topics *topics, struct slice name);
struct data_version topics_version(struct topics *topics);
void topics_set_version(struct topics *topics, const struct data_version *version);
/* A snapshot in order of names; the caller frees it. */
struct topic *topics_list(struct topics *topics, size_t *n);
/* As meta.db, registration and GET_ALL_TOPIC_CONFIG write it. */
struct topic_config topic_to_config(const struct topic *topic);
int topic_from_config(const struct topic_config *config, struct topic *topic);

#endif
