#ifndef BROKER_TRANSACTION_CHECK_PRIVATE_H
#define BROKER_TRANSACTION_CHECK_PRIVATE_H

/*
 * What the parts of asking share. Loop 0.
 *
 *   transaction_check.c          which half messages are due, how fast; what becomes of each
 *   transaction_check_member.c   which member of a group to ask, and which not for a while
 *   transaction_check_relay.c    members that are connected to another master; the way back of their answers
 *   transaction_check_url.c      the URL of a group; transaction_url.c, which are allowed
 */

#include "broker/transaction_check.h"
#include "common/headers.h"
#include "common/record.h"

/* What is asked, whoever is asked. */
struct check_question {
	struct slice group;
	struct slice topic; /* where the message goes when it is committed */
	struct slice keys;
	struct host born_host; /* who sent it */
	struct check_transaction_header header;
	struct slice body; /* its record, as with CHECK_TRANSACTION_STATE */
};

/* Whether there is somebody to ask. */
enum check_choice {
	CHECK_CHOSEN,
	CHECK_LATER,  /* there is, but busy, or silent of late */
	CHECK_NOBODY,
};

/* ---- transaction_check_member.c: the connections of a group ---------- */

struct check_members;
struct clients;

struct check_member {
	struct conn_id conn;
	struct host host;
	struct slice id; /* of the client */
};

struct check_members *check_members_new(struct clients *clients);
void check_members_free(struct check_members *members);
/* The connection from born; else one from the same address; else the next one. Texts in the arena. */
enum check_choice check_members_choose(struct check_members *members, struct slice group, const struct host *born,
    int64_t now_ms, struct arena *arena, struct check_member *chosen);
/* One ask is on its way, and will be answered under this key; an older one of this key never was. */
void check_members_asked(struct check_members *members, struct slice group, struct conn_id conn, struct slice key,
    int64_t now_ms);
/* It could not take the ask. */
void check_members_refused(struct check_members *members, struct slice group, struct conn_id conn, struct slice key,
    int64_t now_ms);
void check_members_answered(struct check_members *members, struct slice key, int64_t now_ms);
/* Some times a second: who was silent for silent_ms is left alone for a while. */
void check_members_tick(struct check_members *members, int64_t silent_ms, int64_t now_ms);
/*
 * How long to wait when nobody can be asked about a half message of this group: longer, the longer
 * this has been so; at most max_ms.
 */
int64_t check_members_patience_ms(struct check_members *members, struct slice group, int64_t max_ms, int64_t now_ms);

/* ---- transaction_check_url.c ----------------------------------------- */

struct check_urls;
struct buf;
struct evhttp_uri;

/* transaction_url.c: its HOST:PORT, as in transactionCheckUrlAllow; NULL and *why when it is none of ours. */
struct evhttp_uri *transaction_url_parse(struct slice url, struct buf *address, const char **why);

struct check_urls *check_urls_new(struct broker *broker);
void check_urls_free(struct check_urls *urls);
/* The group's URL (arena), and the address that it leads to. */
enum check_choice check_urls_choose(struct check_urls *urls, struct slice group, int64_t now_ms, struct arena *arena,
    struct slice *url, struct host *host);
/* The answer becomes a vote. The question is copied. */
void check_urls_ask(struct check_urls *urls, struct slice url, const struct check_question *question);

#endif
