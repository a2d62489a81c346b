#ifndef COMMON_RECORD_H
#define COMMON_RECORD_H

/*
 * A stored message: the record that fills the log, a pull's body, and the
 * bodies of look-ups. Source: protocol description 4.1-4.6 (MessageDecoder,
 * CommitLog). Numbers are big-endian. Any thread.
 *
 * record_encode leaves queue offset, physical offset and store timestamp to
 * the writer, which patches them with record_place when it knows them.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "common/base/arena.h"
#include "common/base/buf.h"
#include "common/base/slice.h"

#define RECORD_MAGIC_V1 0xDAA320A7u
#define RECORD_MAGIC_V2 0xDAA320ABu /* two bytes of topic length */
#define RECORD_BLANK_MAGIC 0xCBD43194u
#define RECORD_BLANK_BYTES 8
#define RECORD_MIN_BYTES 91 /* IPv4 hosts, empty body, topic and properties */
#define RECORD_TOPIC_MAX 127
#define RECORD_PROPERTIES_MAX 32767

/* Offsets of the fixed fields that the store patches or reads without decoding the rest. */
/* The end of a file of RocketMQ's log, where the next record did not fit: size up to the end of the
 * file (4), magic (4); what follows is no log. */
#define RECORD_MAGIC_BLANK 0xCBD43194u
#define RECORD_BLANK_BYTES 8
#define RECORD_AT_SIZE 0
#define RECORD_AT_BODY_CRC 8
#define RECORD_AT_QUEUE_ID 12
#define RECORD_AT_QUEUE_OFFSET 20
#define RECORD_AT_POSITION 28
#define RECORD_AT_SYS_FLAG 36
#define RECORD_AT_BORN_TIMESTAMP 40

#define SYS_FLAG_COMPRESSED 0x1
#define SYS_FLAG_MULTI_TAGS 0x2
#define SYS_FLAG_TRANSACTION 0xC
#define SYS_FLAG_PREPARED 0x4
#define SYS_FLAG_COMMIT 0x8
#define SYS_FLAG_ROLLBACK 0xC
#define SYS_FLAG_BORN_HOST_V6 0x10
#define SYS_FLAG_STORE_HOST_V6 0x20

/* An address in a record. */
struct host {
	uint8_t ip[16];
	uint8_t ip_len; /* 4 or 16 */
	uint16_t port;
};

struct record {
	uint32_t size;
	uint32_t body_crc; /* CRC-32 of the body & 0x7fffffff */
	bool crc_stands;   /* encoding: body_crc is already the CRC of this body */
	int32_t queue_id;
	int32_t flag;
	int64_t queue_offset;
	int64_t position;
	int32_t sys_flag;
	int64_t born_timestamp; /* ms */
	struct host born_host;
	int64_t store_timestamp; /* ms */
	struct host store_host;
	int32_t reconsume_times;
	int64_t prepared_offset;
	struct slice body;
	struct slice topic;
	struct slice properties;
	struct slice added; /* encoding: pairs to stand behind the properties, ended by 0x02 */
};

/* Size of the record that record_encode will make. */
size_t record_size(const struct record *record);
/*
 * Writes record_size bytes and returns their number. Computes the CRC unless crc_stands, and
 * sets the host bits of sysFlag. Properties that do not fit are fatal.
 */
size_t record_encode(const struct record *record, char *at);
/* Whether its properties and the added ones are too long to be encoded. */
bool record_properties_exceed(const struct record *record);
void record_place(char *at, int64_t queue_offset, int64_t position, int64_t store_timestamp);
/* Decodes the record at data, which its parts point into. 0, or -1 when malformed or cut off. */
int record_decode(const char *data, size_t len, struct record *record);
bool record_is_blank(struct slice bytes);
/* The topic of a record that record_encode made; points into the record. */
struct slice record_topic(const char *at);
/* The properties of the whole record at data, without a look at the rest. -1: it is cut off. */
int record_properties(const char *data, size_t len, struct slice *properties);
/*
 * Apache's broker fills the end of each of its commit log files with a blank: its size, which
 * counts to the end of the file, and a magic number; what follows means nothing. Such a log has
 * blanks at the same positions here. Returns the size; 0: there is no blank at data.
 */
uint32_t record_blank(const char *data, size_t len);
/* Whether the body still has its stored CRC. */
bool record_check(const struct record *record);

/* Host of a socket address; an IPv4-mapped one becomes IPv4. Others: 0.0.0.0:0. */
struct host host_of(const struct sockaddr *address);
/* "1.2.3.4:10911", "[::1]:10911"; into the arena. */
struct slice host_text(struct arena *arena, const struct host *host);

/* Offset message id: hex of store host and position (protocol description 4.2). */
struct slice message_id(struct arena *arena, const struct host *store_host, int64_t position);
/* Changes the position in an id; the host stays. */
void message_id_move(char *id, size_t len, int64_t position);
int message_id_parse(struct slice id, struct host *store_host, int64_t *position);

/* Properties: name 0x01 value 0x02 ... (the last 0x02 may be missing). */
/* Absent when missing. The last of equal names counts, as in Java's map. */
struct slice property_find(struct slice properties, const char *name);
/* The first of equal names: of a batch's message, its own before that of the batch. */
struct slice property_first(struct slice properties, const char *name);
/* Those that a broker looks at in each message, found in one walk; absent when not there. */
struct known_properties {
	struct slice tags, keys, unique_key, delay, transaction, producer_group;
	struct slice real_topic, real_queue; /* of what waits on a system topic */
	struct slice due;                    /* DELAY_DUE, of a delayed message that waits */
	struct slice immunity;               /* how long nobody asks about a half message, s */
	struct slice cluster;                /* CLUSTER: a broker stored it before */
	/* Of timed messages: when, as the sender and (timer_out_ms) as the broker says. */
	struct slice timer_delay_sec, timer_delay_ms, timer_deliver_ms, start_deliver_time;
	struct slice timer_out_ms;
	struct slice timer_delete; /* TIMER_DEL_UNIQKEY: which other one to recall */
	bool repeated;             /* one of these stands there more than once */
};
void properties_read(struct slice properties, struct known_properties *known);
/* Those of them that need not stay: bits of a set. */
enum {
	PROPERTY_DELAY = 1,
	PROPERTY_TRANSACTION = 2,
	PROPERTY_REAL_TOPIC = 4,
	PROPERTY_REAL_QUEUE = 8,
	PROPERTY_DUE = 16,
};
/* The properties in which those were found, without a set of them; lent, or in the arena. */
struct slice properties_drop(struct slice properties, const struct known_properties *known,
    unsigned dropped, struct arena *arena);
/*
 * Walks them: *rest starts as the whole text; false at the end. Pairs without
 * name or value are skipped.
 */
bool property_next(struct slice *rest, struct slice *name, struct slice *value);
/* Behind what buf holds, which may lack its last 0x02. */
void property_append(struct buf *buf, struct slice name, struct slice value);
/* Copies all but the named ones (NULL-terminated list), each ended by 0x02. */
void property_copy_without(struct buf *buf, struct slice properties, const char *const *names);

/*
 * Java's String.hashCode of UTF-8 text, sign-extended; 0 for absent or empty
 * (protocol description 4.6).
 */
int64_t tag_hash(struct slice tag);
/*
 * The next tag of a subscription text such as "a || b", trimmed; *rest moves behind it. Only "||"
 * separates: "a|b" is one tag. Empty tags are skipped. False at the end.
 */
bool tags_next(struct slice *rest, struct slice *tag);

/* One message of a batch body (protocol description 4.5). */
struct batch_item {
	int32_t flag;
	struct slice body;
	struct slice properties;
};

/* The next one: 1, 0 at the end, -1 when what is left is no message. */
int batch_next(struct slice *rest, struct batch_item *item);
void batch_append(struct buf *buf, const struct batch_item *item);

#endif
