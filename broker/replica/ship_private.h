#ifndef BROKER_SHIP_PRIVATE_H
#define BROKER_SHIP_PRIVATE_H

/* ship.c has the thread, the port and what is common to all slaves; ship_link.c one slave;
 * meta_ship.c what it gets of meta.db. All of it belongs to the thread that ships, but for what the
 * lock guards. */

#include <pthread.h>
#include <stdatomic.h>
#include <sys/uio.h>

#include "broker/replica/recent.h"
#include "broker/replica/ship.h"
#include "common/net/outbox.h"

#define SHIP_GUESTS 16

enum link_kind {
	LINK_NEW,    /* it has not said what it is */
	LINK_APACHE, /* RocketMQ's stream */
	LINK_TWIN,   /* ours */
	LINK_CLOSED, /* it is freed at the end of the turn, or when its read of the log is back */
};

struct ship_link {
	struct ship *ship;
	struct ship_link *next_link;
	enum link_kind kind;
	int fd;
	struct event *readable, *writable;
	struct outbox box;
	char in[1024];
	size_t in_len;
	char address[64];
	char host[64]; /* the same without port */
	int64_t broker_id;
	int64_t next;      /* log position to be sent next */
	int64_t copied;    /* the slave has the log up to here */
	int64_t meta_sent; /* changes of meta.db that it was sent; -1: a snapshot is due */
	int64_t meta_copied;
	bool wants_meta;
	bool reading;
	bool was_in_sync;
	/* With a quorum: it is in sync when it has the log up to here (0: it is not waited for). */
	int64_t join_at;
	bool joined;
	int64_t since_ms;                     /* wall */
	int64_t heard_ms, sent_ms, caught_ms; /* monotonic */
	int64_t n_bytes, n_bytes_before, bytes_per_second;
};

struct ship {
	struct store_listener listener; /* first */
	struct broker *broker;
	struct loop loop;
	pthread_t thread;
	bool started, stopped;
	bool settled; /* the quorum has said once who is in sync */
	int listen_fd;
	struct event *acceptable;
	struct ship_link *links;
	struct ship_link *closed;
	size_t n_links;
	struct recent records, changes;
	int64_t end; /* of the log, as far as it was heard of */
	int64_t meta_seq;
	struct turn_end turn;
	struct timer tick;
	struct timer gate_tick; /* when replies have waited too long */
	bool gate_ticks;
	struct iovec *pieces;
	int n_lines; /* of the log, of this minute */
	int64_t lines_since_ms;
	_Atomic uint64_t n_refused;
	pthread_mutex_t lock; /* a leaf: the rest */
	struct ship_guest guests[SHIP_GUESTS];
	struct slave_view views[SHIP_LINKS_MAX];
	size_t n_views;
	int64_t view_end;
};

/* ship.c */
/* Something is to be sent, or was heard: at the end of the turn. */
void ship_stir(struct ship *ship);
/* The guest with this token, which cannot come again; false: there is none. */
bool ship_admit(struct ship *ship, const char *token, struct ship_guest *guest);
/* Whether the log may have another line about links. */
bool ship_may_log(struct ship *ship);
/* The first slave of all wants the news from now on. */
void ship_listen(struct ship *ship);

/* ship_link.c */
/* Takes the socket. */
struct ship_link *link_new(struct ship *ship, int fd, const struct sockaddr *peer);
/* The link stays readable until the end of the turn. why: a sentence for the log, NULL: none. */
void link_close(struct ship_link *link, const char *why);
/* Puts what is there into its outbox, as far as it has room, and sends. It may close. */
void link_pump(struct ship_link *link);
/* Each second. It may close. */
void link_tick(struct ship_link *link, int64_t now_ms);
bool link_is_in_sync(const struct ship_link *link, int64_t now_ms);
/* A frame without parts. */
void link_send_frame(struct ship_link *link, enum ha_kind kind, int64_t position, int64_t meta_seq,
    struct slice payload);

/* meta_ship.c */
/* Sends what is due of meta.db at link->next; false: nothing is. */
bool meta_ship_pump(struct ship_link *link);
/* Drops what is each broker's own from the news. */
void meta_ship_filter(struct store_news *news);

#endif
