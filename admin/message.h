#ifndef ADMIN_MESSAGE_H
#define ADMIN_MESSAGE_H

/* Stored messages, for the commands that look them up: finding them, showing them. */

#include "admin/admin.h"

/* A message, and the broker that has it now: one that moved is not where its records say. */
struct found_message {
	struct record record;
	struct slice address;
};

struct found_messages {
	const struct found_message *list; /* in the run's arena */
	size_t n;
};

/*
 * By offset id, at the broker that it names; when that cannot be reached, at the broker that has
 * the record of that host now. 0, or -1 when it is no id or no broker has the message; the client's
 * error says why, admin_fail was not called.
 */
int message_view(struct admin *admin, struct slice id, struct found_message *found);
/*
 * Messages of a topic with this key, on all its brokers, oldest first. 0 also when there are none;
 * -1 after admin_fail.
 */
struct key_query {
	struct slice topic;
	struct slice key;
	bool unique; /* the id that the producer gave */
	int32_t max_messages;
	int64_t begin_ms, end_ms;
};
int message_query(struct admin *admin, const struct key_query *query, struct found_messages *found);

#define MESSAGE_UNIQUE_KEY_MAX 32
/*
 * By either kind of id: both are tried, because they look alike. topic: where a unique id is looked
 * for; absent: in all topics. 0, or -1 after admin_fail.
 */
int message_find(
    struct admin *admin, struct slice id, struct slice topic, struct found_message *message);

/* The unique id, else the offset id. */
struct slice message_name(struct admin *admin, const struct record *record);
struct slice message_offset_id(struct admin *admin, const struct record *record);

/* What a consumer group did with a message. */
struct message_track {
	struct slice group;
	const char *type; /* RocketMQ's name of it, static */
	struct slice why; /* absent, or why it is not known */
};
/*
 * Asks about each group that reads the topic. 0, or -1 after admin_fail; a group about which nobody
 * knows is no failure.
 */
int message_tracks(struct admin *admin, const struct found_message *found,
    const struct message_track **tracks, size_t *n);

#define SHOW_TRACKS 1u /* also the state in each consumer group */
/* Shows all fields and the body; with -F it writes the body to a file. 0, or -1 after admin_fail.
 */
int message_show(struct admin *admin, const struct found_message *found, unsigned what);

#define FLAG_BODY_FILE                                                                             \
	{                                                                                          \
		'F', "bodyFile", FLAG_TEXT, "FILE", FLAG_LOCAL, 0, 0,                              \
		    "write the body of the (first) message to this file"                           \
	}

#endif
