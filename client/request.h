#ifndef CLIENT_REQUEST_H
#define CLIENT_REQUEST_H

/* Requests of a handle that wait for the reply of a consumer; see twinmq.h. A part of the handle.
 */

struct twinmq;

/* When the handle closes, all end with TWINMQ_CLOSED. */
void requests_init(struct twinmq *mq);

#endif
