#ifndef CLIENT_ERROR_H
#define CLIENT_ERROR_H

/* Errors of the client as one line of text. Any thread. */

#include "client/twinmq.h"

/* Control characters in the text become blanks. */
void twinmq_error_set(struct twinmq_error *error, int32_t code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* The code and the first line of the remark in a reply that refuses a request. */
void twinmq_error_of_reply(
    struct twinmq_error *error, struct slice address, const struct command *reply);

#endif
