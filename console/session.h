#ifndef CONSOLE_SESSION_H
#define CONSOLE_SESSION_H

/*
 * Sessions of logged-in people by their id, in memory, so that a restart logs everybody out. There
 * are at most SESSIONS_MAX; the one that was used longest ago makes room. Pointers are lent until
 * the next call. One thread.
 */

#include <stdint.h>
#include <sys/queue.h>

#include "common/account/account.h"

#define SESSIONS_MAX 1000
#define SESSION_ID_SIZE 65 /* 256 random bits in hexadecimal digits, with a NUL */

struct session {
	TAILQ_ENTRY(session) entry; /* in the order of their last use */
	char id[SESSION_ID_SIZE];   /* of the cookie */
	char csrf[SESSION_ID_SIZE]; /* what our own pages send along */
	char name[ACCOUNT_NAME_MAX + 1];
	int64_t mark; /* of the account at the login: another one ends the session */
	int64_t created_ms, used_ms;
};

struct sessions;

struct sessions *sessions_new(int64_t idle_ms, int64_t max_ms);
void sessions_free(struct sessions *sessions);
/* A session after a login; NULL: there are no random bits. */
struct session *session_add(
    struct sessions *sessions, const struct account *account, int64_t now_ms);
/* NULL: none of that id, or it is over. The account is as it is now. Counts as a use. */
struct session *session_find(struct sessions *sessions, struct accounts *accounts, struct slice id,
    int64_t now_ms, struct account *account);
void session_remove(struct sessions *sessions, struct session *session);

#endif
