#ifndef BROKER_HANDLE_CLIENT_H
#define BROKER_HANDLE_CLIENT_H

/* The connection is about to close: its client leaves its groups. On the connection's loop. */

struct broker;
struct conn;

void client_connection_closed(struct broker *broker, struct conn *conn);

#endif
