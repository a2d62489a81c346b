#ifndef COMMON_TOPIC_CONFIG_H
#define COMMON_TOPIC_CONFIG_H

/*
 * The configuration of a topic, as brokers keep, register and answer it.
 * Source: protocol description 3.3 (TopicConfig, DataVersion). Any thread.
 */

#include <stdbool.h>
#include <stdint.h>

#include "common/json/json.h"

#define PERM_INHERIT 1
#define PERM_WRITE 2
#define PERM_READ 4

#define TOPIC_FLAG_UNIT 1     /* bits of topicSysFlag: it belongs to a unit, ... */
#define TOPIC_FLAG_UNIT_SUB 2 /* ... or units subscribe to it */

struct topic_config {
	struct slice name;
	int32_t read_queues;
	int32_t write_queues;
	int32_t perm;
	int32_t sys_flag;
	bool order;
	bool multi_tag;          /* topicFilterType MULTI_TAG */
	struct slice attributes; /* JSON object of a 5.x client, absent when there is none */
};

struct data_version {
	int64_t timestamp; /* ms */
	int64_t counter;
	int64_t state_version; /* 5.x, else 0 */
};

/* TopicConfigSerializeWrapper (21, 103): the topics of a broker. */
struct topic_table {
	struct data_version version;
	const struct topic_config *topics;
	size_t n_topics;
};

/* 0, or -1 when it is no such object. Slices point into the parsed text. */
int topic_config_read(const struct json *json, struct topic_config *config);
void topic_config_write(struct json_out *out, const struct topic_config *config);
/* Takes the spelling of 3.2.6 too, "timestatmp". */
int data_version_read(const struct json *json, struct data_version *version);
void data_version_write(struct json_out *out, const struct data_version *version);
bool data_version_equal(const struct data_version *a, const struct data_version *b);
static inline void
data_version_next(struct data_version *version, int64_t now_ms)
{
	version->timestamp = now_ms;
	version->counter++;
}
int topic_table_read(struct arena *arena, const struct json *json, struct topic_table *table);
void topic_table_write(struct json_out *out, const struct topic_table *table);

#endif
