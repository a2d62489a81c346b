#ifndef BROKER_PROGRESS_H
#define BROKER_PROGRESS_H

/*
 * How far groups are behind, for the tools: gathered on the loop of the
 * request, completed with store times by a reader. Belongs to one request.
 */

#include "broker/context.h"
#include "broker/state/client.h"
#include "broker/state/topic.h"
#include "common/protocol/queue_stats.h"

/* One topic of one group: its queues are progress->rows[first .. first + n). */
struct progress_topic {
	struct slice group;
	double tps;
	size_t first, n;
};

struct progress_report {
	struct arena arena;
	struct consume_progress *rows;
	size_t n_rows, cap_rows;
	struct progress_topic *topics; /* of one group next to each other */
	size_t n_topics, cap_topics;
	struct ticket ticket;
	const struct broker *broker;
	/* Composes the body on the ticket's loop, with all that is above. */
	void (*write)(struct json_out *out, const struct progress_report *report);
};

struct progress_report *progress_report_new(const struct request *request,
    void (*write)(struct json_out *out, const struct progress_report *report));
/*
 * The queues of the topics that the group has offsets of, or of one topic (present), but not of
 * those that it does not subscribe to while it is online. ordered_only: skip the others.
 */
void progress_report_add(struct progress_report *report, const struct request *request,
    struct slice group, struct slice topic, bool ordered_only);
/*
 * How many messages the group is behind in n queues of the topic from the first one on: over all
 * that consumers read, the sum of what a report shows. Never below 0. On the worker's loop.
 */
int64_t progress_lag(
    struct worker *worker, struct slice group, struct slice topic, int32_t first, int32_t n);
/* Whether a report shows the topic: not one that the group, online, does not subscribe to. */
bool progress_shows(const struct client_group *online, struct slice topic);
/* Answers when the store times are known; frees the report. */
enum verdict progress_report_send(struct progress_report *report, const struct request *request);

#endif
