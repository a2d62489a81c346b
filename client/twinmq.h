#ifndef CLIENT_TWINMQ_H
#define CLIENT_TWINMQ_H

/*
 * libtwinmq: a small RocketMQ client in C. A handle knows the name servers, and has a cache of
 * routes and one connection per peer. Producers, pulls and plain calls for tools use it.
 *
 * Each operation exists twice: asynchronous (..._async calls a function with the result, on the
 * handle's loop) and blocking (runs the loop until the result is there). Many handles may share one
 * loop; each has connections of its own.
 *
 * Threads: a handle and all objects made from it belong to one thread. Blocking calls must not be
 * made from a callback.
 *
 * Ownership: arguments are lent for the call; an asynchronous call copies what it keeps. The result
 * of a blocking call lives in the caller's arena. Arguments of callbacks are lent until they
 * return.
 *
 * Errors: 0, or -1 and twinmq_error has one line that says what, where, and what to do. Durations
 * are milliseconds, times are milliseconds since 1970.
 */

#include <stdbool.h>
#include <stdint.h>

#include "common/net/conn.h"
#include "common/net/loop.h"
#include "common/protocol/command.h"
#include "common/protocol/message_queue.h"
#include "common/protocol/record.h"
#include "common/protocol/route.h"

#define TWINMQ_NAME_SERVERS "127.0.0.1:9876;127.0.0.1:9877"
#define TWINMQ_TIMEOUT_MS 3000

/* ---- the handle ---- */

struct twinmq;

struct twinmq_options {
	/* host:port, separated by ; , or blanks; NULL: TWINMQ_NAME_SERVERS */
	const char *name_servers;
	int timeout_ms;    /* of one request, and of connecting; 0: TWINMQ_TIMEOUT_MS */
	int route_age_ms;  /* cached routes are renewed when older than this; 0: 30000 */
	struct loop *loop; /* lent; NULL: a loop of its own, run by the blocking calls */
	/* A request of a peer, such as a notification; NULL: ignored. */
	void (*on_request)(
	    void *context, struct conn *conn, const struct command *command, struct slice body);
	void *context;
};

/* Codes of errors of the client itself. The codes of peers are above 0. */
enum twinmq_code {
	TWINMQ_UNREACHABLE = -1, /* not connected, or the connection was lost */
	TWINMQ_TIMEOUT = -2,
	TWINMQ_BAD_ANSWER = -3,
	TWINMQ_BAD_ARGUMENT = -4,
	TWINMQ_NO_QUEUE = -5,       /* the topic has no suitable queue */
	TWINMQ_NO_NAME_SERVER = -6, /* no name server replied */
	TWINMQ_CLOSED = -7,         /* the handle was closed meanwhile */
};

struct twinmq_error {
	int32_t code;
	char text[512]; /* one line, no line end */
};

/* NULL when the text is HOST:PORT with a port of 1 to 65535, else what is wrong, for a message. */
const char *twinmq_address_fault(struct slice text);
/* NULL when options are wrong, and *error says which. */
struct twinmq *twinmq_open(const struct twinmq_options *options, struct twinmq_error *error);
/* Closes the connections. Operations in flight end with TWINMQ_CLOSED before it returns. */
void twinmq_close(struct twinmq *mq);
/* The error of the last blocking call that failed; lent until the next blocking call. */
const struct twinmq_error *twinmq_error(const struct twinmq *mq);
struct loop *twinmq_loop(struct twinmq *mq);
/* Runs the loop for run_ms (-1: for ever) or until twinmq_stop, which a callback may call. */
void twinmq_run(struct twinmq *mq, int run_ms);
void twinmq_stop(struct twinmq *mq);
/*
 * From at_ms of clock_mono_ms on, nothing waits for replies any more: requests have at most the
 * time until then, and twinmq_run returns. 0: there is no such time.
 */
void twinmq_set_deadline(struct twinmq *mq, int64_t at_ms);
/* The addresses as given, by index; NULL behind the last. */
const char *twinmq_name_server(const struct twinmq *mq, size_t index);

/* ---- plain calls ---- */

struct twinmq_reply {
	struct command command; /* its code is the peer's */
	struct slice body;
};

/* error is NULL when a reply came, whatever its code. */
typedef void twinmq_reply_fn(
    void *arg, const struct twinmq_error *error, const struct command *reply, struct slice body);

/* Uses code, remark, ext and codec of the request. address: "host:port". */
void twinmq_call_async(struct twinmq *mq, struct slice address, const struct command *request,
    struct slice body, int timeout_ms, twinmq_reply_fn *done, void *arg);
/* Sends a request that wants no reply. */
void twinmq_send_oneway(
    struct twinmq *mq, struct slice address, const struct command *request, struct slice body);
/* -1 also when the reply's code is not 0. *reply is then filled, and empty when no reply came. */
int twinmq_call(struct twinmq *mq, struct slice address, const struct command *request,
    struct slice body, struct arena *arena, struct twinmq_reply *reply);
/* One of several calls that are under way together. */
struct twinmq_call {
	struct slice address; /* absent: the name servers, as below */
	struct command request;
	struct slice body; /* not for name servers */
	/* filled: as of twinmq_call */
	int result;
	struct twinmq_reply reply;
	struct twinmq_error error; /* when the result is -1 */
};
/* Sends all of them at once, and returns when each has its result. */
void twinmq_call_all(struct twinmq *mq, struct twinmq_call *calls, size_t n, struct arena *arena);
/* Tries one name server after the other until one replies. The error names all that did not. */
void twinmq_call_name_server_async(
    struct twinmq *mq, const struct command *request, twinmq_reply_fn *done, void *arg);
int twinmq_call_name_server(struct twinmq *mq, const struct command *request, struct arena *arena,
    struct twinmq_reply *reply);

/* Asks a name server for the route, not the cache. */
int twinmq_route(struct twinmq *mq, struct slice topic, struct arena *arena, struct route *route);
/* The route from the cache, else from a name server; lent until the callback returns. */
typedef void twinmq_route_fn(
    void *arg, const struct twinmq_error *error, const struct route *route);
void twinmq_route_async(struct twinmq *mq, struct slice topic, twinmq_route_fn *done, void *arg);
int twinmq_cluster_info(struct twinmq *mq, struct arena *arena, struct cluster_info *info);

/* ---- producer ---- */

struct producer;

struct producer_options {
	const char *group; /* NULL: "TWINMQ_PRODUCER" */
	int timeout_ms;    /* of one attempt; 0: TWINMQ_TIMEOUT_MS */
	int retries;       /* more attempts, on another master if there is one; 0: 2, -1: none */
	int compress_over_bytes; /* bodies of this size and more are deflated; 0: 4096, -1: never */
	enum frame_codec codec;
};

struct message {
	struct slice topic;
	struct slice tags; /* absent: none */
	struct slice keys; /* separated by blanks; absent: none */
	struct slice body;
	const struct ext *properties; /* of the user */
	size_t n_properties;
	int32_t flag;
	/* Delivered later, at most one of these. Brokers of 4.x have levels only. */
	int32_t delay_level;   /* of the broker's messageDelayLevel, from 1; 0: none */
	int64_t delay_ms;      /* 0: none */
	int64_t deliver_at_ms; /* 0: none */
	/* Messages with equal keys go to one queue as long as the route is the same; absent: any.
	 */
	struct slice sharding_key;
	bool no_wait; /* the reply need not wait for the disk (WAIT=false) */
	bool oneway;  /* no reply; done as soon as the connection has the message */
	bool half;    /* of a transaction (twinmq_transaction.h); delay_level does not count */
	bool reply;   /* to a request: producer_reply_async sets it */
	/* The broker and queue; absent and -1: the producer chooses. */
	struct slice broker_name;
	int32_t queue_id;
};

#define MESSAGE_ANY_QUEUE (-1)
#define UNIQUE_ID_LEN 32

struct send_result {
	/* RESPONSE_SUCCESS, or FLUSH_DISK_TIMEOUT, FLUSH_SLAVE_TIMEOUT, SLAVE_NOT_AVAILABLE */
	int32_t code;
	struct message_queue queue;
	const char *address;  /* of the broker, "host:port"; lives as long as the handle */
	int64_t queue_offset; /* of a batch: the first; oneway: -1 */
	/* Offset id; of a batch: all, separated by commas; oneway: empty. */
	struct slice message_id;
	char unique_id[UNIQUE_ID_LEN + 1]; /* of a batch: the first */
};

typedef void send_done_fn(
    void *arg, const struct twinmq_error *error, const struct send_result *result);

struct producer *producer_new(struct twinmq *mq, const struct producer_options *options);
void producer_free(struct producer *producer); /* nothing may be in flight */
void producer_send_async(
    struct producer *producer, const struct message *message, send_done_fn *done, void *arg);
int producer_send(struct producer *producer, const struct message *message, struct arena *arena,
    struct send_result *result);
/* Sends all messages to one queue of the first message's topic, in one request. */
void producer_send_batch_async(struct producer *producer, const struct message *messages, size_t n,
    send_done_fn *done, void *arg);
int producer_send_batch(struct producer *producer, const struct message *messages, size_t n,
    struct arena *arena, struct send_result *result);
/* RocketMQ's name of the code, "SEND_OK" for example; NULL: the message was not stored. */
const char *send_status_name(int32_t code);

/* ---- requests and replies ---- */

/* What a consumer answered. */
struct message_reply {
	struct slice body; /* uncompressed */
	struct slice tags, keys;
	struct slice properties; /* property_find has them */
};

typedef void request_done_fn(
    void *arg, const struct twinmq_error *error, const struct message_reply *reply);

/*
 * Sends the message, and waits for the reply of one consumer of its topic, which the broker brings.
 * The producer's group registers with every master before its first request. done is called once:
 * with TWINMQ_TIMEOUT when no reply came within timeout_ms of this call.
 */
void producer_request_async(struct producer *producer, const struct message *message,
    int timeout_ms, request_done_fn *done, void *arg);
int producer_request(struct producer *producer, const struct message *message, int timeout_ms,
    struct arena *arena, struct message_reply *reply);
/*
 * Replies to a request that a consumer has, also within on_message. An error means that the
 * requester does not have the reply, or that this is not known.
 */
void producer_reply_async(struct producer *producer, const struct record *request,
    struct slice body, send_done_fn *done, void *arg);

/* ---- pulling ---- */

enum pull_status {
	PULL_FOUND,
	PULL_NOTHING_NEW, /* the end of the queue */
	PULL_NO_MATCH,    /* none of the messages has these tags; continue at next_offset */
	PULL_BAD_OFFSET,  /* outside the queue; continue at next_offset */
};

struct pull_spec {
	struct message_queue queue;
	struct slice group;        /* absent: TOOLS_CONSUMER */
	struct slice subscription; /* "*", or tags separated by ||; absent: "*" */
	/* The group's registered subscription of this version applies instead; 0: there is none */
	int64_t registered_version;
	int64_t offset;
	int32_t max_messages; /* 0: 32 */
	int hold_ms;          /* how long the broker may wait for a new message; 0: not at all */
};

struct pull_result {
	enum pull_status status;
	int64_t next_offset, min_offset, max_offset;
	struct slice records; /* walk with pulled_next */
};

typedef void pull_done_fn(
    void *arg, const struct twinmq_error *error, const struct pull_result *result);

void twinmq_pull_async(
    struct twinmq *mq, const struct pull_spec *pull, pull_done_fn *done, void *arg);
int twinmq_pull(struct twinmq *mq, const struct pull_spec *pull, struct arena *arena,
    struct pull_result *result);
/* The next whole record that matches the subscription (absent: all); false at the end. */
bool pulled_next(struct slice *records, struct slice subscription, struct record *record);
/*
 * The uncompressed body, in the arena if it was compressed. 0, or -1 when it is damaged, compressed
 * in an unknown way, or larger than max_bytes.
 */
int record_plain_body(
    const struct record *record, size_t max_bytes, struct arena *arena, struct slice *body);

/* Offsets of a queue count messages from 0. */
int twinmq_min_offset(struct twinmq *mq, const struct message_queue *queue, int64_t *offset);
int twinmq_max_offset(
    struct twinmq *mq, const struct message_queue *queue, int64_t *offset); /* behind the last */
int twinmq_offset_at(
    struct twinmq *mq, const struct message_queue *queue, int64_t time_ms, int64_t *offset);
int twinmq_earliest_time(
    struct twinmq *mq, const struct message_queue *queue, int64_t *time_ms); /* -1: none */
/* *offset is -1 when the group has none. */
int twinmq_group_offset(
    struct twinmq *mq, const struct message_queue *queue, struct slice group, int64_t *offset);
int twinmq_set_group_offset(
    struct twinmq *mq, const struct message_queue *queue, struct slice group, int64_t offset);

/* ---- ids ---- */

/*
 * Makes a unique id as Java clients do: address, process, start, time since the month began,
 * counter. 32 hexadecimal digits and a NUL. Any thread.
 */
void unique_id_make(char id[static UNIQUE_ID_LEN + 1]);

#endif
