#ifndef BROKER_CONTEXT_H
#define BROKER_CONTEXT_H

/*
 * The broker's objects. program.c builds them in broker_start; handlers reach
 * them through request_broker and request_worker. This header is the ground of
 * the broker's rooms: it includes nothing of broker/ but the options, so a file
 * includes the modules that it uses.
 */

#include <stdbool.h>
#include <stdatomic.h>
#include <stdint.h>

#include "broker/options.h"
#include "common/base/buf.h"
#include "common/daemon/daemon.h"

/* What belongs to one loop; loop->context points here. */
struct worker {
	struct broker *broker;
	struct loop *loop;
	struct tail *tail;
	struct readahead *readahead;     /* what was read for pulls to come */
	struct parked_pulls *parked;     /* long polling */
	struct inflight *inflight;       /* sends that are with the writer */
	struct topic_memo *sent_to;      /* the topic of the last send */
	struct topic_memo *committed_to; /* ... and of the last commit of a transaction */
	struct filter_cache *filters;    /* SQL92 expressions of heartbeats and pulls */
	uint32_t next_queue;             /* for sends that leave the choice to us */
	/* pops without messages */
	struct waiting_pops *waiting;
};

struct broker {
	struct daemon *daemon;
	struct broker_settings *settings; /* members that are not live never change */
	struct store *store;
	struct topics *topics;
	struct topic_turns *topic_turns; /* of their changes */
	struct groups *groups;
	struct limits *limits;
	struct offsets *offsets;
	struct clients *clients;
	struct queue_locks *queue_locks;
	/* which groups pop, and what they have popped */
	struct request_modes *request_modes;
	struct checkpoints *checkpoints;
	struct pops *pops;
	struct replica_record *replica_record; /* what this replica knows about itself */
	struct {
		int64_t files, messages;
	} cut;                  /* ends of the log that are kept beside it, as of the start */
	struct lease *lease;    /* NULL: no quorum decides about roles */
	_Atomic bool held_back; /* the name servers are not to hear of it yet */
	/* With a quorum: its log may have an end that no other replica has; pulls are refused. */
	_Atomic bool unagreed;
	_Atomic int master_epoch; /* that this broker is the master of; 0: none */
	_Atomic int64_t
	    id; /* among brokers of its name; 0: a master. A slave gets it of a quorum */
	struct registrar *registrar;           /* tells the name servers; loop 0 */
	struct return_offsets *return_offsets; /* of a slave, to its master; else NULL */
	struct delays *delays;                 /* messages with a delay level; loop 0 */
	struct timed_messages *timed;          /* messages with a time of their own; loop 0 */
	struct producer_groups *producer_groups;
	struct replies *replies;
	struct deliveries *deliveries; /* of messages to clients, for traces */
	struct transactions *transactions;
	struct transaction_checks *transaction_checks; /* loop 0 */
	struct masters *masters;                       /* the others of the cluster; loop 0 */
	struct sql_service *sql;                       /* queries over all of this */
	struct trends *trends;                         /* of the last day; NULL: off */
	struct timers *timers;                         /* periodic work; loop 0 */
	struct replica *replica;                       /* how far a slave has copied its master */
	struct follower *follower;                     /* ... and who does it; NULL: a master */
	struct move_in *move_in; /* ends the following of a RocketMQ master; NULL: likewise */
	struct stats *stats;
	struct ship *ship; /* sends the log to slaves; NULL: this is a slave */
	int ha_socket;     /* listens on listenPort + 1, until ship has it; -1: none */
	struct server *server;
	struct handler *slave_commands; /* what a slave serves instead of broker_families */
	struct broker_http *http;       /* the HTTP port */
	int http_port;                  /* 0: there is none */
	struct worker *workers;         /* one per loop */
	struct tail **tails;            /* the same, as the store wants them */
	int n_workers;
	struct host host;                   /* advertised: brokerIP1:listenPort */
	char *address;                      /* the same as text */
	struct buf added_properties[2];     /* behind those of each message; the second: traceOn */
	struct reply_stencil send_reply[2]; /* of a message that was stored; the second: traceOn */
	char *ha_address;                   /* brokerIP2:listenPort + 1 */
	int64_t boot_ms;                    /* wall clock */
};

static inline struct broker *
request_broker(const struct request *request)
{
	struct daemon *daemon = server_context(request->server);
	return daemon->context;
}

/*
 * A slave stores what its master stored and nothing of its own: it refuses writes, and no module
 * that writes by itself runs there. The role does not change while the process runs. Any thread.
 */
#define BROKER_SLAVE_REFUSAL                                                                       \
	"service not available now: this broker is a slave, which stores only what its master "    \
	"does; ask the master"

static inline bool
broker_is_slave(const struct broker *broker)
{
	return broker->settings->broker_role == BROKER_SLAVE;
}

/* Loop 0, which runs on the main thread. */
static inline struct loop *
broker_main_loop(const struct broker *broker)
{
	return &broker->daemon->loops[0];
}

static inline struct loop *
broker_loop(const struct broker *broker, uint32_t index)
{
	return &broker->daemon->loops[index];
}

static inline struct worker *
request_worker(const struct request *request)
{
	return request->loop->context;
}

extern const struct handler *const broker_families[]; /* commands.c */
extern const struct program broker_program;           /* program.c */

/* For tests that plant faults, before daemon_main: the VFS that the store uses. Lent. */
void broker_use_vfs(const char *name);
/* ... and for measurements: what the store does without (bits of sqlite/trick.h). */
void broker_without_tricks(unsigned tricks);

#endif
