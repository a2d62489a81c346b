#ifndef BROKER_MOVE_SCAN_H
#define BROKER_MOVE_SCAN_H

/*
 * What still waits in a log that was copied from a RocketMQ broker. That broker keeps it apart from
 * the log, so it is told from the queues of its system topics and from its progress, which a slave
 * has copied (apache_meta.h). Nothing is changed. Loop 0.
 *
 *   half messages   those of HALF_TOPIC behind the progress of CID_RMQ_SYS_TRANS whose queue offset
 *                   no record of HALF_EVENT_TOPIC with the tag "d" names; of copies that checks
 *                   have stored the oldest, and none when one of them is named
 *   timed messages  those of TIMED_TOPIC that are due at the time up to which RocketMQ has read its
 *                   wheel, or later; of copies that its wheel has carried (rolled) the newest, and
 *                   none whose deletion stands there too
 *   pops            those of the revive topics behind the progress of their group, and those that
 *                   the wheel will bring there (move_pops.h)
 *
 * Source: TransactionalMessageServiceImpl and TimerMessageStore of 5.3.3.
 */

#include "broker/context.h"
#include "broker/replica/move_pops.h"

/* The progress of RocketMQ's wheel, ms of the wall clock, is kept as an offset of this group. */
#define WHEEL_GROUP "CID_RMQ_SYS_WHEEL_TIMER"
#define HALF_GROUP "CID_RMQ_SYS_TRANS"

struct waiting_half {
	uint64_t key; /* of its unique key */
	int64_t position;
	bool ended;
};

struct waiting_timer {
	uint64_t key;   /* of its topic, unique key and time */
	uint64_t plain; /* ... without the topic: deletions of older versions name it so */
	int64_t position;
	int64_t due_ms;
};

struct move_scan;

/*
 * Begins to read; records from the log position `end` on are not RocketMQ's. done is called once,
 * later, unless the scan is stopped.
 */
struct move_scan *move_scan_start(
    struct broker *broker, int64_t end, void (*done)(void *arg, bool failed), void *arg);
/* Before store_stop. NULL is ignored, as in the next one. */
void move_scan_stop(struct move_scan *scan);
/* After done, or after the last task of the store ran. */
void move_scan_free(struct move_scan *scan);

/* The results, in the order of the log; the scan's. */
const struct waiting_half *move_scan_halves(const struct move_scan *scan, size_t *n);
const struct waiting_timer *move_scan_timers(const struct move_scan *scan, size_t *n);
const struct move_pops *move_scan_pops(const struct move_scan *scan);
/* Whether the half message at this queue offset was ended by a record that the scan has read. */
bool move_scan_is_ended(const struct move_scan *scan, int32_t queue_id, int64_t queue_offset);

#endif
