#ifndef MESSAGES_PAGE_H
#define MESSAGES_PAGE_H

/* What every page does: it opens a handle, and ends with a line of what came. One thread. */

#include <stdbool.h>
#include <stddef.h>

#include "client/twinmq_consumer.h"

#define PAGE_PATIENCE_MS 30000

/* The name servers are those of $NAMESRV_ADDR, else ./quickstart's. */
struct twinmq *page_open(void);
/* The key of all messages of this run; other messages of the topic are not ours. */
struct slice page_key(void);
bool page_is_ours(const struct message_delivery *delivery);
/* A consumer of the group that reads its topics from the first message on. */
struct push_consumer *page_consume(
    struct twinmq *mq, const struct consumer_options *options, const char *topic);
/* A producer that ends the program when it cannot be made; a send that ends it when it fails. */
struct producer *page_producer(struct twinmq *mq);
void page_send(struct producer *producer, struct twinmq *mq, const struct message *message);
/* Runs until twinmq_stop, for 30 seconds at most. Says whether n messages came that were wanted. */
int page_end(struct twinmq *mq, const char *page, const int *n_came, int n_wanted);
/* Ends the program. */
void page_fail(const char *what, const struct twinmq_error *error) __attribute__((noreturn));

#endif
