#ifndef STORE_STORE_H
#define STORE_STORE_H

/*
 * The store: one log of records in SQLite segments, the queue and key blocks
 * that index it, and meta.db. Its threads (writer, readers, closer) are inside;
 * loops talk to it with jobs; a finished job is posted to the inbox of its reply loop.
 *
 *   store_open -> (load: store_each_*; one tail_new per loop) -> store_start
 *     ... jobs ... -> store_stop -> store_close
 *
 * Everything before store_start and after store_stop belongs to the main thread.
 */

#include <stdbool.h>
#include <stdint.h>

#include "broker/store/half/half.h"
#include "broker/store/log/chunk.h"
#include "broker/store/timed/timed.h"
#include "common/base/slice.h"
#include "common/filter/filter.h"
#include "common/net/loop.h"
#include "common/protocol/ha.h"
#include "common/protocol/record.h"

#define STORE_KEPT_QUEUES 64

enum store_flush {
	STORE_FLUSH_ASYNC, /* the answer leaves after the commit (survives kill -9) */
	STORE_FLUSH_SYNC,  /* ... after the sync (survives a power cut) */
};

struct store_options {
	const char *path;     /* directory; created if missing */
	const char *log_path; /* where the segments are; NULL: log/ in path */
	enum store_flush flush;
	int flush_interval_ms; /* ASYNC: a sync at least this often */
	int gather_us;         /* an append waits so long for others at most; 0: not at all */
	int64_t segment_bytes; /* a segment is closed when its WAL is this long */
	int64_t tail_bytes;    /* newest records kept in memory */
	int64_t queued_bytes;  /* more than this waiting for the writer: store_is_busy */
	int n_readers;
	const char *kept_topic;    /* see store_keep_from; lent, NULL: none */
	const char *settled_topic; /* see store_keep_unsettled; lent, NULL: none */
	int disk_refuse_percent;   /* partition fuller than this: appends are refused */
	int64_t timed_window;      /* timed messages of each clock in memory, about */
	int64_t
	    half_wait_ms; /* until a half message found at the start is due, when it does not say */
	int64_t dedup_max_keys; /* remembered at a time, of all topics */
	const char *vfs;        /* NULL: SQLite's default; tests plant faults with another */
	bool cuts;           /* the log ends at cut_at from now on: what is behind goes, and what */
	int64_t cut_at;      /* ... it did; the tables of meta.h stay as they are */
	unsigned tricks_off; /* sqlite/trick.h: for tests and measurements, else 0 */
	struct host store_host; /* brokerIP1:listenPort, goes into each record */
};

struct store;
struct tail;

/*
 * Locks and opens the store, replays the end of the last run. NULL on failure:
 * *why is one sentence with the cause, the place and the remedy (caller frees).
 */
struct store *store_open(const struct store_options *options, char **why);
/*
 * The loops that append and pull. Each gets the commit notices, from which its tail (tails[i]
 * belongs to loops[i]) serves pulls.
 */
void store_start(struct store *store, struct loop *loops, struct tail **tails, int n_loops);
/* Finishes what was submitted, syncs, ends the threads. Jobs are posted to their reply loops. */
void store_stop(struct store *store);
/* Fails what loops submitted after that, as the loops are stopped one by one.
 */
void store_refuse_late(struct store *store);
void store_close(struct store *store);

/* ---- appending ------------------------------------------------------- */

enum append_status {
	APPEND_OK,
	APPEND_FAILED,    /* commit or sync failed: nothing was acknowledged */
	APPEND_DISK_FULL, /* refused before, or by SQLITE_FULL */
	APPEND_CANCELLED, /* by append_cancel */
	APPEND_NOT_OPEN,  /* the half message is not as append->half asks, or the timed one not as
	                     append->timed: nothing was stored */
	/* Of an append with dedup; nothing was stored: */
	APPEND_DUPLICATE, /* its records were stored before: dedup says where */
	APPEND_MIXED,     /* some of them were, some were not */
	APPEND_KEYS_FULL, /* store_options.dedup_max_keys are remembered */
};

/* Whether slaves have it, of an append that is APPEND_OK: only a producer is told. */
enum append_copy {
	COPY_UNASKED,  /* the answer did not wait for slaves */
	COPY_DONE,     /* as many slaves as the gate asks for have committed it */
	COPY_NO_SLAVE, /* too few slaves were in sync: the answer did not wait */
	COPY_TIMEOUT,  /* the slaves did not confirm it in time */
};

enum append_state {
	APPEND_QUEUED,
	APPEND_TAKEN,   /* the writer works on it: queue_offset and position are set */
	APPEND_DROPPED, /* cancelled in time: done is called with APPEND_CANCELLED, nothing is
	                   stored */
};

/* Stands for a unique key of a topic, in this process; low 0: the record has none. */
struct dedup_key {
	uint64_t high, low;
};

struct dedup_item {
	struct dedup_key key;
	int64_t position; /* answer of APPEND_DUPLICATE: of the record that was stored before */
};

/* The keys of an append whose records are not to be stored twice. */
struct append_dedup {
	uint64_t topic_hash;
	int64_t window_ms;
	int32_t queue_id;  /* that the sender is told; answer of APPEND_DUPLICATE: the first's */
	struct pool *pool; /* whose memory this is; NULL: malloc's */
	struct dedup_item items[]; /* one per record */
};

struct append {
	struct task task;
	struct loop *reply_loop;
	void (*done)(struct append *append,
	    struct loop *reply_loop); /* on the reply loop; owns the append again */
	_Atomic int state;            /* enum append_state */
	enum append_status status;
	enum append_copy copy;   /* answer */
	bool copy_unasked;       /* it does not wait for slaves (WAIT=false) */
	int64_t queue_offset;    /* of the first record */
	int64_t position;        /* of the first record; the others follow back to back */
	int64_t store_timestamp; /* ms */
	uint32_t n_records;
	uint32_t size; /* bytes of all records */
	char *records; /* inside the append's own memory; readable until append_free */
	void *context; /* the submitter's */
	bool frees;    /* of the broker's own: it also passes a disk above its limit, as the log
	                  shrinks by it in the end */
	struct half_change half;    /* op HALF_OP_NONE: an ordinary one */
	struct timed_change timed;  /* op TIMED_OP_NONE: likewise */
	struct append *companion;   /* stored right behind this one, in the same commit; freed with
	                               it. NULL: none */
	struct slice topic;         /* inside records */
	struct append_dedup *dedup; /* freed with it; NULL: stored whatever its keys are */
};

/*
 * Lays out n >= 1 records of one queue: memory, encoding, CRC, tag hash and
 * key hashes are done here, on the caller's thread. store_host of the records
 * is set; queue_offset, position and store_timestamp need not be.
 */
struct append *append_new(const struct store *store, struct record *records, size_t n);
/* Of one record, whose properties were read already; in memory of its reply loop, which frees it.
 */
struct append *append_new_known(const struct store *store, struct loop *reply_loop,
    struct record *record, const struct known_properties *known);
/* The tag hash that the queue entries carry, when it is not that of the TAGS property (one for
 * all). */
void append_set_tag_hash(struct append *append, int64_t tag_hash);
/*
 * Its records are stored unless records with the same unique keys of the topic were stored in the
 * window before. A key that is empty counts for nothing. -1: two of the keys are equal.
 */
struct dedup_wish {
	struct slice topic; /* that the records are for, wherever they wait */
	int64_t window_ms;
	int32_t queue_id;                /* that the sender is told */
	const struct slice *unique_keys; /* one per record */
};
int append_set_dedup(struct append *append, const struct dedup_wish *wish);
void append_free(struct append *append);
/* Gathered, and posted to the writer at the end of the loop's turn. */
void store_append(struct store *store, struct append *append);
/* True when the writer had not taken it yet; done is called all the same. Any thread. */
bool append_cancel(struct append *append);
/* Too much waits for the writer: refuse with SYSTEM_BUSY before building an append. Any thread. */
bool store_is_busy(const struct store *store);

/* ---- reading --------------------------------------------------------- */

/* The bounds of a pull, and its tags. */
struct pull_limits {
	int32_t max_messages;
	int32_t max_bytes; /* of records; the first message is returned whatever its size */
	int32_t max_scan;  /* entries looked at when a filter drops them */
	const int32_t
	    *tag_codes; /* NULL: no filter. An entry passes when (int32_t)its hash is one of them */
	size_t n_tag_codes;
	/* NULL: none. Else a record passes when its properties do; tag_codes are NULL then. Lent.
	 */
	const struct filter *filter;
};

static inline bool
pull_has_filter(const struct pull_limits *limits)
{
	return limits->tag_codes != NULL || limits->filter != NULL;
}

struct body_part;

/* The reply to a pull. */
struct pull_parts {
	struct body_part *parts; /* records in order, for a reply's body */
	size_t n_parts;
	int32_t n_messages;
	int64_t next_offset; /* where the next pull begins */
};

enum read_kind {
	READ_QUEUE,    /* records of a queue from an offset on */
	READ_POSITION, /* the record at a log position */
	READ_KEY,      /* records of a topic that carry a key */
	READ_TIME,     /* the queue offset for a time */
	READ_STAMPS,   /* store timestamps of (queue, offset) pairs */
	READ_LOG,      /* records of all queues from a log position on, for a slave */
};

enum read_status {
	READ_FOUND,
	READ_NO_MATCH, /* all that was looked at was filtered; next_offset says where to go on */
	READ_NOTHING,  /* no such queue, offset, position, key */
	READ_CORRUPT,  /* a CRC or a block does not fit; logged */
	READ_FAILED,   /* I/O error; logged */
};

struct stamp_query {
	int32_t queue; /* number */
	int64_t offset;
	int64_t timestamp; /* answer, ms; 0 when there is none */
	int64_t position;  /* internal */
};

struct queue_read {
	int32_t queue; /* number (tail_queue) */
	int64_t offset;
	struct pull_limits limits; /* tag_codes and filter are the job's own */
	int64_t end_offset;        /* nothing from here on; INT64_MAX at first */
	int64_t next_offset;       /* reply: where to go on */
};

struct key_read {
	char *topic, *key; /* the job's copies */
	int32_t max_messages;
	int64_t begin_ms, end_ms; /* store timestamps wanted */
	int64_t before;           /* only records below this log position; 0: any */
	size_t max_bytes;         /* of records; the first one is returned whatever its size */
	bool more; /* reply: older ones were left out, for max_messages or for size */
};

struct time_read {
	int32_t queue; /* number */
	int64_t ms;
	bool upper;     /* the last entry <= ms instead of the first entry >= ms */
	int64_t offset; /* reply */
};

struct stamps_read {
	struct stamp_query *list; /* the job's; the replies are in it */
	size_t n;
};

struct log_read {
	int64_t position;    /* begin of a record, or the end of the log */
	size_t max_bytes;    /* of records; the first one is returned whatever its size */
	struct ha_tag *tags; /* reply, the job's: tag hashes that are not those of TAGS */
	size_t n_tags;
	int64_t next_position; /* reply: behind the last record */
};

/* A job for a reader thread, made by a function for each kind. */
struct read_job {
	struct task task;
	struct loop *reply_loop;
	void (*done)(struct read_job *job, struct loop *reply_loop);
	void *context;
	enum read_kind kind;
	union {
		struct queue_read in_queue;
		int64_t position;
		struct key_read by_key;
		struct time_read by_time;
		struct stamps_read stamps;
		struct log_read in_log;
	};
	/* the reply of every kind */
	enum read_status status;
	int32_t n_records;
	struct chunk *chunk; /* records back to back; NULL when there are none */
};

/* limits->tag_codes is copied. */
struct read_job *read_queue_new(int32_t queue, int64_t offset, const struct pull_limits *limits);
struct read_job *read_position_new(int64_t position);
/* Texts are copied. The newest records of any time; narrow job->by_key before it is submitted. */
struct read_job *read_key_new(struct slice topic, struct slice key, int32_t max_messages);
struct read_job *read_time_new(int32_t queue, int64_t ms, bool upper);
/* Takes the list, which was allocated with mem_alloc. */
struct read_job *read_stamps_new(struct stamp_query *list, size_t n);
/*
 * READ_NOTHING: the log has nothing there (yet, or any more), or no record begins there. A blank of
 * an Apache log comes alone: its 8 bytes, and next_position behind it.
 */
struct read_job *read_log_new(int64_t position, size_t max_bytes);
void read_job_free(struct read_job *job);
void store_read(struct store *store, struct read_job *job);

/* ---- records of another broker's log ---------------------------------- */

enum apply_status {
	APPLY_OK,
	APPLY_FAILED, /* commit or sync failed */
	APPLY_DISK_FULL,
	APPLY_MISPLACED, /* it does not begin where the log ends; nothing was stored */
	APPLY_CORRUPT,   /* not whole records of these positions, or a wrong CRC; likewise */
};

/*
 * A stretch of a master's log. The records keep their places, queue offsets and timestamps. A
 * record whose queue offset is not the queue's next one begins the queue's next life there: its
 * topic was deleted and made again, or the log begins in the middle. An empty log begins where its
 * first job does.
 *
 * A blank (record.h) counts as its size says; where it ends the chunk, 8 bytes of it are enough.
 * After a failure a part may have been stored: `end` says how much.
 */
struct apply_job {
	struct task task;
	struct loop *reply_loop; /* the caller's */
	void (*done)(struct apply_job *job, struct loop *reply_loop);
	void *context;
	struct chunk *chunk; /* the job's reference */
	struct ha_tag *tags; /* the job's, mem_alloc: of records whose tag hash is not that of
	                        TAGS, in order */
	size_t n_tags;
	enum apply_status status;
	int64_t end; /* answer: where the log ends now */
};

/* Takes the chunk and the tags. */
struct apply_job *apply_job_new(struct chunk *chunk, struct ha_tag *tags, size_t n_tags);
void apply_job_free(struct apply_job *job);
/* For a slave, whose log nobody else appends to. One job is one commit, as a rule. */
void store_apply(struct store *store, struct apply_job *job);

/*
 * The log up to this position was written by a RocketMQ broker, which notes in its own way what
 * became of half messages and timed ones: there these records change neither table. 0: none of the
 * log; INT64_MAX: all of it, at a slave that follows such a broker. It is a setting in meta.db, so
 * that slaves get it before the log; a job that puts the setting changes it. Any thread.
 */
#define STORE_ROCKETMQ_END "rocketmqLogEnd"
int64_t store_rocketmq_end(const struct store *store);

/* ---- meta.db --------------------------------------------------------- */

enum meta_table {
	META_TOPIC,          /* name -> JSON of the topic's configuration */
	META_GROUP,          /* name -> JSON of the subscription group */
	META_SETTING,        /* name -> value that updateBrokerConfig set, and data versions */
	META_PRODUCER_GROUP, /* name -> JSON of the settings of a group of producers */
	META_OFFSET,         /* (group, topic, queue id) -> next offset to consume */
};

enum meta_op {
	META_SET,
	META_REMOVE,
	META_REMOVE_OF_GROUP, /* OFFSET: all rows of the group */
	META_REMOVE_OF_TOPIC, /* OFFSET: all rows of the topic */
};

struct meta_change {
	enum meta_op op;
	enum meta_table table;
	char *key;   /* OFFSET: the group; OF_TOPIC: NULL */
	char *value; /* SET, but for OFFSET */
	char *topic; /* OFFSET; OF_GROUP: NULL */
	int32_t queue_id;
	int64_t offset; /* OFFSET: SET */
};

/* Changes that are committed together; texts are owned by the job. */
struct meta_job {
	struct task task;
	struct loop *reply_loop;
	void (*done)(
	    struct meta_job *job, struct loop *reply_loop); /* may be NULL: freed silently */
	void *context;
	struct meta_change *changes;
	size_t n, cap;
	char *drop_topic;    /* also forget the queues of this topic (offsets begin at 0 again) */
	bool before_appends; /* appends behind it need it: it is committed before they are */
	int status;          /* 0, or -1: nothing was changed */
	bool copy_timeout;   /* answer: it was changed, and slaves did not confirm it in time */
};

struct meta_job *meta_job_new(void);
void meta_job_free(struct meta_job *job);
/* They copy the texts. */
void meta_job_put(
    struct meta_job *job, enum meta_table table, struct slice key, struct slice value);
void meta_job_remove(struct meta_job *job, enum meta_table table, struct slice key);
void meta_job_put_offset(
    struct meta_job *job, struct slice group, struct slice topic, int32_t queue_id, int64_t offset);
void meta_job_remove_offset(
    struct meta_job *job, struct slice group, struct slice topic, int32_t queue_id);
void meta_job_remove_offsets_of_group(struct meta_job *job, struct slice group);
void meta_job_remove_offsets_of_topic(struct meta_job *job, struct slice topic);
/* Committed and synced before done is called. */
void store_meta(struct store *store, struct meta_job *job);

/* At start, before store_start: calls back with each row; slices are lent. */
void store_each_meta(struct store *store, enum meta_table table,
    void (*row)(void *arg, struct slice key, struct slice value), void *arg);
void store_each_offset(struct store *store,
    void (*row)(
	void *arg, struct slice group, struct slice topic, int32_t queue_id, int64_t offset),
    void *arg);
/* Topics that the log has queues of: to find those whose configuration was lost. */
void store_each_queue(struct store *store,
    void (*row)(
	void *arg, struct slice topic, int32_t queue_id, int64_t min_offset, int64_t max_offset),
    void *arg);

/*
 * After topics are known: remembers the keys of the records that a topic's window reaches. `topic`
 * says the window of a topic, ms; 0: it has none; -1: records of other topics wait there.
 */
struct dedup_topics {
	int64_t max_window_ms;
	int64_t (*window_ms)(void *arg, struct slice topic);
	void *arg;
};
void store_load_dedup(struct store *store, const struct dedup_topics *topics);

/* ---- copies ---------------------------------------------------------- */

/* One commit, as a listener gets it; the listener frees it with store_news_free. */
struct store_news {
	struct task task;
	struct store_listener *listener;
	int64_t position; /* the end of the log after it, records included */
	int64_t meta_seq; /* changes of meta.db since the start, those included */
	/* Records were committed: */
	struct chunk *chunk; /* NULL: none */
	struct ha_tag *tags; /* tag hashes that are not those of the TAGS of these records */
	size_t n_tags;
	/* Or meta.db was changed: the changes in the form of ha_change_write. */
	struct buf changes;
};

/*
 * Is told each commit in order, on its own loop, while it wants to. The first news after `wanted`
 * was set need not be that of the first commit after it: position and meta_seq show it.
 */
struct store_listener {
	struct loop *loop;
	void (*heard)(struct store_listener *listener, struct store_news *news);
	_Atomic bool wanted; /* any thread */
};

/* Where the log is now; cheaper than store_get_stats. Any thread. */
struct store_bounds {
	int64_t min_position, max_position;
	int64_t meta_seq;
};
void store_get_bounds(const struct store *store, struct store_bounds *bounds);

/* A row of meta.db; texts that the table does not have are empty. Lent. */
struct meta_row {
	enum meta_table table;
	struct slice key, value, topic;
	int32_t queue_id;
	int64_t offset;
};

/*
 * All rows as they are at one moment, read on a connection of its own: any thread that may wait for
 * a disk. *meta_seq: so many changes are in them, and perhaps some more. 0, or -1 after a line in
 * the log.
 */
int store_read_meta(struct store *store, int64_t *meta_seq,
    void (*found)(void *arg, const struct meta_row *row), void *arg);

/* Before store_start. The listener must live until store_stop; one at most. */
void store_listen(struct store *store, struct store_listener *listener);
void store_news_free(struct store_news *news);

/*
 * The copy gate of a SYNC_MASTER: the replies of a commit leave when slaves have it. Before
 * store_start; without it, nothing waits. At first there are too few slaves.
 */
void store_wait_for_copies(struct store *store, int timeout_ms);
/*
 * Before store_start, with the former: the tails hear of a commit when slaves have it, however long
 * that takes, or when too few are in sync.
 */
void store_hide_uncopied(struct store *store);
/* A reply waits so long at most, from now on. Any thread. */
void store_set_copy_timeout(struct store *store, int timeout_ms);
/* Whether enough slaves are in sync; false: what is committed from now on does not wait. Any
 * thread, as of the next two. */
void store_copies_enough(struct store *store, bool enough);
/*
 * Nobody calls the other functions any more: no reply waits from now on. What
 * store_hide_until_copied has hidden stays hidden.
 */
void store_copies_end(struct store *store);
/* Enough slaves have the log up to here, and so many changes of meta.db. */
void store_copied(struct store *store, int64_t position, int64_t meta_seq);
/* Lets go what has waited for too long. When to call again: clock_mono_ms, INT64_MAX: never. */
int64_t store_copies_expire(struct store *store);

/*
 * A master that needs a lease to write: appends are refused from until_ms (of clock_mono_ms) on,
 * and what was committed later than that is not said to be stored. 1: the lease has ended, or there
 * was none yet. Never called: no lease is needed. Any thread.
 */
void store_write_until(struct store *store, int64_t until_ms);

/* ---- looking after it ------------------------------------------------ */

struct store_stats {
	int64_t min_position, max_position; /* of the log */
	int64_t earliest_ms;                /* store timestamp of the oldest record, -1: none */
	int64_t n_messages;                 /* appended since the start */
	int64_t n_bytes;
	int64_t n_commits;
	int64_t n_segments;
	int64_t meta_seq;       /* changes of meta.db since the start */
	int64_t unsynced_bytes; /* ASYNC: committed, not yet synced */
	int64_t queued_bytes;   /* waiting for the writer */
	int64_t commit_max_us;  /* longest commit since the last call */
	int64_t disk_total,
	    disk_free; /* bytes of the store's partition that can be had, as df counts */
	int64_t n_dedup_keys, n_duplicates; /* remembered now; answered since the start */
	bool writable;
	const char *write_block; /* why not, one sentence; lent, static per state */
};

void store_get_stats(const struct store *store, struct store_stats *stats); /* any thread */
/*
 * Unlinks segments whose newest record is older than this, but never the live one. One that waits
 * for its checkpoint is not copied any more. Any thread.
 */
void store_expire(struct store *store, int64_t before_ms);
/*
 * Entries of a queue (0 .. STORE_KEPT_QUEUES - 1) of options.kept_topic are needed from this offset
 * on: a segment with a record of them does not expire, whatever its age. At first a queue needs
 * nothing; appends with TIMED_LEVEL change it. Before store_start.
 */
void store_keep_from(struct store *store, int32_t queue_id, int64_t offset);
/* The same for queue 0 of options.settled_topic. */
void store_keep_unsettled(struct store *store, int64_t offset);
/* Unlinks the oldest closed segment whatever its age (disk pressure). Any thread. */
void store_expire_oldest(struct store *store);

#endif
