#ifndef BROKER_CHECK_PRIVATE_H
#define BROKER_CHECK_PRIVATE_H

/*
 * What the parts of asking share. Loop 0.
 *
 *   due.c          which half messages are due, and how fast they are looked after
 *   check_one.c      what becomes of one
 *   check_member.c   which member of a group to ask, and which not for a while
 *   relay_out.c    members that are connected to another master
 *   relay_in.c   what is done for other masters that have no member
 *   check_url.c      the URL of a group; url.c, which are allowed
 */

#include <sys/queue.h>

#include "broker/store/half/half.h"
#include "broker/transaction/check/check.h"
#include "broker/transaction/check/check_table.h"
#include "common/protocol/headers.h"
#include "common/protocol/record.h"

/* The question, the same for every member. */
struct check_question {
	struct slice group;
	struct slice topic; /* where the message goes when it is committed */
	struct slice keys;
	struct host born_host; /* of its producer */
	struct check_transaction_header header;
	struct slice body; /* its record, as with CHECK_TRANSACTION_STATE */
};

struct transaction_checks {
	struct broker *broker;
	struct loop *loop;
	struct check_members *members;
	struct relay_out *relay_out;
	struct relay_in *relay_in;
	struct relay_keys *relay_keys;
	struct check_urls *urls;
	struct check_due *due; /* due.c's own */
	bool stopped;
	LIST_HEAD(, check) at_hand; /* check_one.c */
	size_t n_at_hand, n_reading, n_bytes;
	int64_t lines_ms;
	int n_lines;
};

/* check_one.c */
void check_begin(struct transaction_checks *checks, const struct half *half);
/* What is done about the half message at this position: a state's name, or NULL: nothing now. */
const char *check_state_of(const struct transaction_checks *checks, int64_t position);
/* At the end. */
void checks_drop(struct transaction_checks *checks);
/* due.c: there is room for another one. */
void checks_pump(struct transaction_checks *checks);

/* Whether there is somebody to ask. */
enum check_choice {
	CHECK_CHOSEN,
	CHECK_BUSY, /* there is, but it has too many open questions or does not answer */
	CHECK_NOBODY,
};

/* ---- check_member.c: the connections of a group ---------- */

struct check_members;
struct clients;

struct check_member {
	struct conn_id conn;
	struct host host;
	struct slice id; /* of the client */
};

struct check_members *check_members_new(struct clients *clients);
void check_members_free(struct check_members *members);
/* The connection from born; else one from the same address; else the next one. Texts in the arena.
 */
enum check_choice check_members_choose(struct check_members *members, struct slice group,
    const struct host *born, int64_t now_ms, struct arena *arena, struct check_member *chosen);
/* One ask is on its way, and will be answered under this key; an older one of this key never was.
 */
void check_members_asked(struct check_members *members, struct slice group, struct conn_id conn,
    struct slice key, int64_t now_ms);
/* It could not take the ask. */
void check_members_refused(struct check_members *members, struct slice group, struct conn_id conn,
    struct slice key, int64_t now_ms);
void check_members_answered(struct check_members *members, struct slice key, int64_t now_ms);
/* Some times a second: a member that was silent for silent_ms is left alone for a while. */
void check_members_tick(struct check_members *members, int64_t silent_ms, int64_t now_ms);
/*
 * The retry delay of a half message when no member of this group can be asked. It grows with the
 * time for which this has been so; at most max_ms.
 */
int64_t check_members_retry_delay_ms(
    struct check_members *members, struct slice group, int64_t max_ms, int64_t now_ms);

/* ---- relay_out.c: members that are connected elsewhere -- */

struct relay_out;

typedef void check_found_fn(void *context, enum check_choice choice, struct slice master);

struct relay_out *relay_out_new(struct broker *broker, struct relay_keys *keys);
/* Nobody waits for what is on its way any more. */
void relay_out_stop(struct relay_out *relay_out);
void relay_out_free(struct relay_out *relay_out);
/* Looks for another master that has somebody of the group to ask. found is called once, perhaps at
 * once. */
void relay_out_find(
    struct relay_out *relay_out, struct slice group, check_found_fn *found, void *context);
/* Asks there. */
void relay_out_ask(
    struct relay_out *relay_out, struct slice master, const struct check_question *question);

/* ---- relay_in.c -------------------------------------- */

struct relay_in;
struct relay_keys;

struct relay_in *relay_in_new(
    struct broker *broker, struct check_members *members, struct relay_keys *keys);
/* What comes from now on is answered as busy. */
void relay_in_stop(struct relay_in *relay_in);
void relay_in_free(struct relay_in *relay_in);

/* ---- check_url.c ----------------------------------------- */

struct check_urls;
struct buf;
struct evhttp_uri;

/* url.c: its HOST:PORT, as in transactionCheckUrlAllow; NULL and *why when it is none
 * of ours. */
struct evhttp_uri *transaction_url_parse(struct slice url, struct buf *address, const char **why);

struct check_urls *check_urls_new(struct broker *broker);
/* Answers that come from now on are dropped. */
void check_urls_stop(struct check_urls *urls);
void check_urls_free(struct check_urls *urls);
/* The group's URL (arena), and the address that it leads to. */
enum check_choice check_urls_choose(struct check_urls *urls, struct slice group, int64_t now_ms,
    struct arena *arena, struct slice *url, struct host *host);
/* The retry delay after CHECK_BUSY. */
int64_t check_urls_retry_delay_ms(struct check_urls *urls, struct slice group, int64_t now_ms);
/* The reply becomes a decision. The question is copied. */
void check_urls_ask(
    struct check_urls *urls, struct slice url, const struct check_question *question);

#endif
