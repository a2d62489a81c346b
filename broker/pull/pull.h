#ifndef BROKER_PULL_H
#define BROKER_PULL_H

/*
 * Pulling, whatever protocol the request came by: a front turns its request into a pull_wish, and
 * its result, at once or later, into its reply. A pull that outlives the call is parked
 * until a message comes, or waits for a reader to fetch records that memory no longer has. All on
 * the thread of the worker's loop.
 */

#include <stdalign.h>
#include <stdint.h>
#include <sys/queue.h>

#include "broker/context.h"
#include "broker/store/store.h"

#define PULL_KEPT_BYTES 64

struct pull;

/* What a pull got. Texts live in the loop's arena. */
struct pulled {
	int32_t code; /* of common/protocol/codes.h */
	struct slice remark;
	bool reached_store; /* the offsets are set */
	int64_t next_offset, min_offset, max_offset;
	int64_t suggested_id; /* the broker of this name to ask next */
	const struct body_part
	    *parts; /* records; the receiver of the result sends or releases them */
	size_t n_parts;
};

/* The other side of a pull that outlives the call. */
struct pull_front {
	/* Called first: puts into pull->kept what the reply needs. */
	void (*keep)(struct pull *pull, const void *request);
	/* Called once; the pull is freed afterwards. */
	void (*done)(struct loop *loop, struct pull *pull, const struct pulled *pulled);
	/* A reader works for it: so many bytes may come; 0: none any more. */
	void (*expect)(struct loop *loop, struct pull *pull, size_t bytes);
};

/* A pull as it comes; texts are lent for the call. */
struct pull_wish {
	struct slice topic;
	struct slice group;
	int32_t queue_id;
	int64_t offset;
	int32_t max_messages;
	int32_t max_bytes;     /* 0: the broker's limit */
	int64_t wait_ms;       /* for a message, when there is none; 0: not at all */
	int64_t commit_offset; /* what the group has consumed; -1: not said */
	bool follows_resets;   /* a reply may say that the group's offset was reset */
	/* With own_filter the text counts, else what the member's heartbeat said. */
	bool own_filter;
	struct slice subscription, expression_type;
	struct conn_id member;
	struct host peer; /* its address */
	int64_t sub_version;
	struct arena *arena; /* of the remark and the filter */
	const struct pull_front *front;
	const void *request; /* the front's, for keep */
};

/* What is looked for; texts, codes and filter are lent for the call, or the pull's own. */
struct pull_question {
	struct slice topic;
	struct slice group;    /* for counters, resets and traces */
	struct conn_id member; /* for traces, with its address */
	struct host peer;
	int32_t queue_id;
	int64_t offset; /* where to go on looking */
	bool follows_resets;
	struct pull_limits limits;
};

struct pull {
	/* These four belong to parked.c. */
	struct timer timer;
	struct parked_pulls *parked;
	struct parked_queue *queue;
	TAILQ_ENTRY(pull) in_queue;
	const struct pull_front *front;
	alignas(8) char kept[PULL_KEPT_BYTES]; /* the front's */
	struct pull_question question;
	int64_t asked_offset; /* as it came; question.offset moves past what a filter dropped */
	int64_t deadline_ms;  /* clock_mono_ms */
			      /* the question's codes and texts follow */
};

/* True: *pulled is the result. False: the front's done will be called. */
bool pull_message(struct worker *worker, const struct pull_wish *wish, struct pulled *pulled);
/* Queues of a topic whose parked pulls are to look again. Any thread of a loop. */
void pull_look_again(
    struct broker *broker, struct slice topic, const int32_t *queue_ids, size_t n_queue_ids);
/* What a worker needs before its first pull. At start, before the loops run. */
void pull_attach(struct worker *worker);

/* Internal to this room. */
struct pull *pull_new(const struct pull_question *question);
void pull_free(struct pull *pull);

#endif
