#ifndef COMMON_ACCOUNT_LIMIT_H
#define COMMON_ACCOUNT_LIMIT_H

/*
 * How often somebody may fail to log in. Each address, each name, and all together have a number of
 * failures that come back with time. An attempt takes one before the password is looked at, and a
 * success gives it back, so that attempts at once do not count as one.
 *
 * An address from which a name logged in lately is known for that name: only the address counts
 * then. Failures of a stranger elsewhere do not lock out the people at that address.
 *
 * The tables have a fixed size. In a full one the entry that is nearest to innocence makes room, so
 * a crowd of addresses gains little, and the total stays. The time is the caller's, monotonic. One
 * thread at a time.
 */

#include <stdint.h>

#include "common/base/slice.h"

/* Failures at once, and the time in which one comes back. */
#define LOGIN_ADDRESS_BURST 10
#define LOGIN_ADDRESS_MS 6000
#define LOGIN_NAME_BURST 20
#define LOGIN_NAME_MS 3000
#define LOGIN_TOTAL_BURST 60
#define LOGIN_TOTAL_MS 1000

struct login_limit;

struct login_who {
	struct slice address; /* any bytes */
	struct slice name;
};

struct login_limit *login_limit_new(void);
void login_limit_free(struct login_limit *limit);
/* 0: an attempt may be made, and counts as a failure until it is known. Else ms to wait. */
int64_t login_limit_take(struct login_limit *limit, const struct login_who *who, int64_t now_ms);
/* An attempt that was taken is no failure: it succeeded, or was not made. */
void login_limit_give_back(struct login_limit *limit, const struct login_who *who, int64_t now_ms);
/* The name has logged in from there. */
void login_limit_know(struct login_limit *limit, const struct login_who *who, int64_t now_ms);

#endif
