#ifndef BROKER_SEND_FRONT_H
#define BROKER_SEND_FRONT_H

/*
 * What the fronts of SEND_MESSAGE and of its relatives share: the fields of a request to a
 * send_question, a send_outcome to the reply. On the loop of the request.
 */

#include "broker/send/send.h"

/* Makes what their replies share. At start and end. */
void send_front_start(struct broker *broker);
void send_front_end(struct broker *broker);
/* Of a request whose header is a struct send_header; lent for the time of the request. */
struct send_question send_front_question(const struct request *request);
/* Replies to the ticket. */
void send_front_reply(
    struct loop *loop, const struct ticket *ticket, const struct send_outcome *result);
/* The request's own reply: it was refused at once. */
enum verdict send_front_refuse(struct request *request, const struct send_outcome *refusal);

#endif
