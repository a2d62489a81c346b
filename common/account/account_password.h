#ifndef COMMON_ACCOUNT_PASSWORD_H
#define COMMON_ACCOUNT_PASSWORD_H

/*
 * A password as it is stored: "$scrypt$ln=15,r=8,p=1$SALT$HASH", with base64 in the letters of
 * URLs. The cost can be raised later, and old ones still count. Any thread; each call with a
 * password takes about 100 ms and 32 MB.
 */

#include <stdbool.h>

#include "common/base/slice.h"

#define PASSWORD_STORED_SIZE 128 /* with its NUL */
#define PASSWORD_RANDOM_SIZE 24  /* of password_random, with its NUL: 100 bits */

/* 0, or -1: there is no memory. */
int password_hash(struct slice password, char stored[PASSWORD_STORED_SIZE]);
/*
 * In constant time. A stored form that is none (an empty one, too) fits no password, and costs as
 * much as another.
 */
bool password_fits(struct slice password, const char *stored);
/* A password that is easy to read and to type: "xxxxx-xxxxx-xxxxx-xxxxx". */
void password_random(char text[PASSWORD_RANDOM_SIZE]);

#endif
