#ifndef STORE_BASE_H
#define STORE_BASE_H

/*
 * What all rooms of the store stand on: settings, places, counters, mailboxes. It knows none of
 * the rooms and none of the threads. struct store begins with it.
 *
 *   options, dir, loops      set at open and start, read by all threads
 *   segments, write_blocks,
 *   counters, inboxes        any thread
 *   queues                   main before start and after stop, else the writer
 */

#include <stdatomic.h>

#include "broker/store/inbox.h"
#include "broker/store/index/queue_table.h"
#include "broker/store/log/segments.h"
#include "broker/store/log/write_block.h"
#include "broker/store/store.h"

#define STORE_LEVEL_INFO "level%d" /* info of a segment: offset of that queue of kept_topic */

struct store_counters {
	_Atomic int64_t min_position, max_position, synced_position;
	_Atomic int64_t earliest_ms;
	_Atomic int64_t wal_bytes; /* written to the live segment's WAL */
	_Atomic int64_t n_messages, n_bytes, n_commits;
	_Atomic int64_t meta_seq; /* changes of meta.db */
	_Atomic int64_t queued_bytes;
	_Atomic int64_t commit_max_us;
	_Atomic int64_t n_open, n_parked, n_revocable; /* half messages */
	_Atomic int64_t next_due_ms;
	_Atomic int64_t n_dedup_keys, n_duplicates;
	_Atomic int64_t n_timed, n_timed_in_memory;
	_Atomic int64_t timed_due_ms[N_TIMED_CLOCKS];
	_Atomic bool timed_carry;
	_Atomic int64_t rocketmq_end; /* store_rocketmq_end */
};

struct store_base {
	struct store_options options; /* texts: the store's copies */
	struct log_dir dir;
	struct segments segments;
	struct write_blocks write_blocks;
	struct store_counters counters;
	struct inboxes inboxes;
	struct queue_table queues;
	/* Offset + 1 for each queue of options.kept_topic; 0: it needs nothing. */
	_Atomic int64_t kept_from[STORE_KEPT_QUEUES];
	_Atomic int64_t unsettled_from; /* the same of options.settled_topic */
	bool keeping;                   /* closer: it was logged that segments stay */
	struct loop *loops;
	struct tail **tails;
	int n_loops;
};

static inline const struct store_base *
store_base(const struct store *store)
{
	return (const struct store_base *)(const void *)store;
}

#endif
