#ifndef NAMESERVER_QUORUM_H
#define NAMESERVER_QUORUM_H

/*
 * The quorum of name servers: a thread with a libuv loop that runs libraft. Its log and snapshots
 * lie in a directory of their own. Other threads give it jobs. A job is answered by the leader
 * only, and after the quorum has agreed on something since the job came (an entry, or a barrier
 * that many jobs share): so an answer is never older than the job, even at a leader that was frozen
 * or cut off.
 *
 * The leader promotes a replica when the lease of the master is over, and only one that is in
 * sync; with enableElectUncleanMaster any. A quorum of less than three servers promotes nothing by
 * itself: one of two cannot tell whether the other one is dead or cut off.
 */

#include "common/net/loop.h"
#include "nameserver/quorum/quorum_leases.h"
#include "nameserver/quorum/quorum_peers.h"
#include "nameserver/quorum/quorum_state.h"

struct quorum;

enum { QUORUM_LEASE_MS = 3000 };

struct quorum_options {
	int64_t id;
	const char *peers;        /* quorumPeers */
	const char *directory;    /* made when it is not there */
	const char *bind_address; /* NULL: all */
	bool unclean;             /* enableElectUncleanMaster */
	bool recover;             /* quorumRecover: see quorum_start */
};

enum quorum_status {
	QUORUM_AGREED,
	QUORUM_NOT_LEADER, /* ask another server, see quorum_leader */
	QUORUM_LOST,       /* the leadership ended meanwhile: it may have happened or not */
};

struct quorum_job;

/* What a job sees on the thread of the quorum. */
struct quorum_view {
	const struct quorum_state *state;
	struct quorum_leases *leases;
	int64_t now_ms;
	bool unclean;
};

struct quorum_job_kind {
	/*
	 * Looks at the state, which may be a little old. True: the job's command is put to the
	 * quorum. False: what is known already is agreed on. May be NULL.
	 */
	bool (*decide)(struct quorum_job *job, const struct quorum_view *view);
	/* It was agreed: takes what the answer says from the state. */
	void (*finish)(struct quorum_job *job, const struct quorum_view *view);
	/* On the loop that it came from; frees the job. */
	void (*done)(struct quorum_job *job, struct loop *loop);
};

/* Embedded in a struct of the caller. Posted to the quorum and back. */
struct quorum_job {
	struct task task;
	const struct quorum_job_kind *kind;
	struct loop *loop;
	struct quorum_command command; /* its texts are the job's */
	bool decided;                  /* the command was put to the quorum */
	enum quorum_status status;
	enum quorum_outcome outcome; /* of the command */
	/* internal */
	struct quorum *quorum;
	struct quorum_job *next;
};

/*
 * NULL after one line in the log that says why it cannot start. A log that knows other servers than
 * quorumPeers is such a reason, unless `recover` is set: then what this server knows counts, and
 * the servers of quorumPeers are the quorum from now on, without asking the former ones. Two
 * quorums may result when these live; so an operator has to say that they do not.
 */
struct quorum *quorum_start(const struct quorum_options *options);
/* Waits for the thread. Jobs that are on their way come back first. NULL is allowed. */
void quorum_stop(struct quorum *quorum);
/* kind, loop and what the kind's functions need are set. Any thread. */
void quorum_post(struct quorum *quorum, struct quorum_job *job);
/*
 * The leader as this server knows it; NULL: none. Any thread. It may be another one by now.
 */
const struct quorum_peer *quorum_leader(const struct quorum *quorum);
bool quorum_is_leader(const struct quorum *quorum);
const struct quorum_peers *quorum_servers(const struct quorum *quorum);
int64_t quorum_id(const struct quorum *quorum);
/* enableElectUncleanMaster was changed; it counts from the next election on. Any thread. */
void quorum_set_unclean(struct quorum *quorum, bool unclean);
/* Promotes by itself. */
bool quorum_is_automatic(const struct quorum *quorum);

#endif
