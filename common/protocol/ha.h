#ifndef COMMON_HA_H
#define COMMON_HA_H

/*
 * How a broker's log is copied to its slaves, at listenPort + 1 of the master. Pure functions: they
 * know no sockets. Any thread. Numbers are big-endian.
 *
 * RocketMQ's stream (DefaultHAConnection, DefaultHAClient of 4.2.0 to 5.3.3): the slave reports a
 * log position as 8 bytes, the first time where its log ends; 0: it has none. The master answers
 * with blocks: position (8), size (4), bytes of the log. Size 0 is a heartbeat.
 *
 * TwinMQ's own stream: the slave asks HA_HELLO (7021) at the master's ordinary port and gets a
 * token. Its stream begins with HA_MARK and the token, then come reports of HA_REPORT_BYTES. The
 * master sends frames (struct ha_frame).
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/json/json.h"

/* ---- RocketMQ's stream ----------------------------------------------- */

#define HA_APACHE_REPORT_BYTES 8
#define HA_APACHE_HEAD_BYTES 12

/* A block of the log; the bytes follow its head. */
struct ha_apache_head {
	int64_t position;
	uint32_t size; /* 0: a heartbeat */
};

void ha_apache_head_write(const struct ha_apache_head *head, char *at);
struct ha_apache_head ha_apache_head_read(const char *at);

/* ---- TwinMQ's stream ------------------------------------------------- */

#define HA_MARK UINT64_C(0x8054574e4d510001) /* negative as a long: no report of RocketMQ's */
#define HA_MARK_BYTES 8
#define HA_TOKEN_BYTES 16 /* hex digits */
#define HA_REPORT_BYTES 24
#define HA_FRAME_HEAD_BYTES 48
#define HA_PAYLOAD_MAX (20 << 20) /* the largest record, and some more */

/* From the slave: after each commit, and each second. */
struct ha_report {
	int64_t position; /* committed up to here; with SYNC_FLUSH, synced */
	int64_t meta_seq; /* ha_frame.meta_seq of the newest change of meta.db that it has */
	int64_t wall_ms;  /* its clock */
};

void ha_report_write(const struct ha_report *report, char *at);
struct ha_report ha_report_read(const char *at);

enum ha_kind {
	HA_BLOCK = 1,  /* whole records from `position` on */
	HA_META_BEGIN, /* a snapshot of meta.db begins: all that the slave has of it goes */
	HA_META,       /* changes that are a part of the snapshot */
	HA_META_END,   /* it is complete; meta_seq says what it contains */
	HA_CHANGES,    /* changes, to be applied when the slave's log has got to `position` */
	HA_HEARTBEAT,  /* each second */
};

struct ha_frame {
	enum ha_kind kind;
	uint32_t epoch; /* of the master */
	int64_t position;
	int64_t meta_seq;     /* changes of meta.db since the master's start, up to this frame */
	int64_t max_position; /* the end of the master's log */
	int64_t wall_ms;      /* the master's clock */
	struct slice payload;
};

/*
 * Writes the head of a frame, HA_FRAME_HEAD_BYTES: length of the payload (4), CRC-32 of all that
 * follows it (4), kind (1), zeros (3), epoch (4), the four numbers (8 each). The payload stands in
 * pieces, which are sent behind it; frame->payload is not looked at.
 */
void ha_frame_head_write(
    const struct ha_frame *frame, const struct slice *pieces, size_t n_pieces, char *at);
/*
 * Reads the frame at the begin of the bytes; its payload points into them. Returns its whole size,
 * 0 when bytes are missing (*wanted: so many are needed at least), -1 when it is malformed or its
 * CRC differs.
 */
int64_t ha_frame_read(struct slice bytes, struct ha_frame *frame, size_t *wanted);

/* The hash that the queue entry of a record carries, when it is not that of its TAGS. */
struct ha_tag {
	int64_t position; /* of the record */
	int64_t hash;
};

/* The payload of HA_BLOCK: number of tags (4), the tags (16 each), the records. */
struct ha_block {
	struct slice tags; /* as they were sent */
	size_t n_tags;
	struct slice records;
};

void ha_tags_write(struct buf *buf, const struct ha_tag *tags, size_t n_tags);
/* 0, or -1 when it is malformed. */
int ha_block_read(struct slice payload, struct ha_block *block);
struct ha_tag ha_block_tag(const struct ha_block *block, size_t i);

/* The values are those of enum meta_op and enum meta_table (store.h), and stay as they are. */
enum ha_op { HA_SET, HA_REMOVE, HA_REMOVE_OF_GROUP, HA_REMOVE_OF_TOPIC, HA_DROP_TOPIC, N_HA_OPS };
enum ha_table {
	HA_TOPIC,
	HA_GROUP,
	HA_SETTING,
	HA_PRODUCER_GROUP,
	HA_OFFSET,
	N_HA_TABLES,
};

/* A change of meta.db. Texts that the operation does not have are empty. */
struct ha_change {
	enum ha_op op;
	enum ha_table table;
	struct slice key;   /* HA_OFFSET: the group */
	struct slice value; /* HA_SET, but for HA_OFFSET */
	struct slice topic; /* HA_OFFSET, HA_DROP_TOPIC */
	int32_t queue_id;   /* HA_OFFSET */
	int64_t offset;     /* HA_OFFSET: HA_SET */
};

/*
 * The payload of HA_META and HA_CHANGES is one behind the other: operation (1), table (1), zeros
 * (2), queue id (4), offset (8), then key, value and topic, each behind its length (4).
 */
void ha_change_write(struct buf *buf, const struct ha_change *change);
/* The next one, which points into the bytes: 1, 0 at the end, -1 when what is left is none. */
int ha_change_next(struct slice *rest, struct ha_change *change);

/* ---- HA_HELLO (7021) ------------------------------------------------- */

#define HA_EPOCHS_MAX 65536 /* of a log; a body with more is refused */

/* A master began to write here. */
struct ha_epoch {
	int64_t epoch;
	int64_t start; /* log position */
};

/* A log as the two ends tell each other. */
struct ha_log {
	int64_t min_position, max_position; /* equal: it is empty */
	const struct ha_epoch *epochs;      /* oldest first; before the first one: epoch 0 */
	size_t n_epochs;
	bool forgot; /* before the first one there were others, which nobody knows any more */
};

#define HA_START_EMPTY (-1)

/*
 * Where the slave's log has to end, so that what the master sends from there on continues it: the
 * end of what both logs have in common. HA_START_EMPTY: the master has nothing that continues it,
 * or so many epochs were forgotten that nobody can tell. An empty log begins where the master's
 * does.
 */
int64_t ha_stream_from(const struct ha_log *slave, const struct ha_log *master);

/* The body of the request. */
struct ha_hello {
	struct slice broker_name;
	struct slice cluster_name;
	struct slice version; /* of TwinMQ */
	int64_t broker_id;
	struct ha_log log;
	bool can_read_meta; /* it wants meta.db too */
};

/* The body of the reply. */
struct ha_welcome {
	struct slice role; /* "MASTER" */
	struct ha_log log; /* the master's */
	int64_t stream_from;
	struct slice token;      /* HA_TOKEN_BYTES hex digits, good for one stream, for a minute */
	struct slice ha_address; /* where to open the stream */
};

/* Readers return 0, or -1 when the body has another form. What they read lives in the arena or
 * points into the body. */
void ha_hello_write(struct json_out *out, const struct ha_hello *hello);
int ha_hello_read(struct arena *arena, struct slice body, struct ha_hello *hello);
void ha_welcome_write(struct json_out *out, const struct ha_welcome *welcome);
int ha_welcome_read(struct arena *arena, struct slice body, struct ha_welcome *welcome);

#endif
