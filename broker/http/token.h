#ifndef BROKER_TOKEN_H
#define BROKER_TOKEN_H

/*
 * The file httpTokenFile, so that a script on the broker's host needs no command to get a token:
 * the token in it is one of the account http-token, an admin unless an operator changes its role.
 * At the start, by one thread.
 */

#include "common/account/account.h"

#define TOKEN_ACCOUNT "http-token"

/*
 * Makes a missing file, with mode 0600, and makes its token one of the account, which is made as
 * well when it is missing. name: of the token; the one that had it before is over,
 * also when the file is refused. 0, or -1 after
 * one line in the log: the file cannot be read or made, others may read it, or it has no token.
 */
int token_register(struct accounts *accounts, const char *path, struct slice name);

#endif
