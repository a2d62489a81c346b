#ifndef INTERLEAVE_PLAY_H
#define INTERLEAVE_PLAY_H

/*
 * Plans played against a broker, many at a time, on one loop. Two groups of producers,
 * one of each policy, have two members each; a broker that is a child of ours is killed
 * and started again meanwhile.
 */

#include "client/twinmq_transaction.h"
#include "t/interleave/child.h"
#include "t/interleave/plan.h"
#include "t/interleave/reader.h"

#define CLIENT_ID_MAX 64
#define ANSWER_TIMEOUT_MS 15000 /* a broker that has just been started may be slow */
#define MESSAGE_ID_MAX 64

struct play;

/* A producer of its own, as if in a process of its own. */
struct member {
	struct play *play;
	struct slice group;
	bool twin;
	char client_id[CLIENT_ID_MAX];
	struct twinmq *mq;
	struct producer *producer;
	struct timer heartbeat;
	unsigned registered; /* with the broker of this life; 0: not yet */
};

/* One transaction. */
struct trial {
	struct play *play;
	struct plan plan;
	struct history history;
	struct transaction_half half; /* as the answer said, or the first check */
	bool acknowledged;            /* the answer came */
	int32_t queue_id;             /* it goes to; acknowledged */
	char message_id[MESSAGE_ID_MAX];
	size_t at_step;
	bool waits;          /* for what the step's `when` says */
	bool is_over;        /* no more steps */
	struct timer timer;  /* of the next step */
	const char *altered; /* what of the message was not as it was sent; NULL: nothing */
	unsigned n_delivered, n_parked, n_asked, n_answered, n_resumed;
};

enum play_phase {
	PLAY_DOWN, /* the broker was killed, and is to be started */
	PLAY_STARTING,
	PLAY_UP,
};

struct play_settings {
	struct plan_settings plan;
	uint32_t n_trials, n_kills;
	uint32_t window; /* trials that have steps left, at a time */
	int quiet_ms;    /* without anything new: then it is over */
	int queues;      /* of the topic */
	bool is_twinmq;  /* else nothing is known of contradictions and policies */
	const char *name_server, *broker, *broker_name, *topic;
};

struct play {
	struct play_settings settings;
	struct loop loop;
	struct child child;
	struct member members[N_GROUPS][2];
	struct reader reader;
	struct trial *trials;
	uint32_t n_begun, n_active, n_killed;
	uint32_t *kill_at; /* when so many trials have begun */
	uint64_t faults;   /* state of its random numbers */
	uint64_t tick;
	unsigned life; /* of the broker, from 1 */
	enum play_phase phase;
	int64_t started_ms, active_ms; /* when something last happened */
	int64_t answered_ms;           /* when the last two-way END was sent that has an answer */
	struct timer fault, beat;
	uint64_t n_stray; /* records that belong to no trial */
	bool failed;      /* the broker does not run, or died by itself */
};

void play_init(struct play *play, const struct play_settings *settings, const struct child *child);
void play_release(struct play *play);
/* Starts the broker and makes the topic and the groups. 0, or -1 when that cannot be. */
int play_open(struct play *play);
/*
 * All trials, until nothing happens any more; called again: until that is so once more. 0, or -1
 * when the broker failed us.
 */
int play_run(struct play *play);

/* ---- among the files of the player ---- */

/* Something happened: the next place in the order. */
uint64_t play_tick(struct play *play);
/* A trial has no more steps. */
void play_over(struct play *play);
/* The trial whose message it is; NULL, and it is counted, when there is none. */
struct trial *play_trial_of(struct play *play, const struct record *record);

void trial_begin(struct trial *trial);
void trial_release(struct trial *trial);
void trial_asked(struct trial *trial, struct member *member, const struct transaction_half *half,
    const struct record *record);
void trial_delivered(struct trial *trial, const struct record *record);
void trial_parked(struct trial *trial, const struct record *record);
/* The broker was killed: what was under way may be lost. */
void trial_killed(struct trial *trial);

int member_open(struct member *member, struct play *play, unsigned group, bool twin);
void member_close(struct member *member);
/* Asks to be registered with the broker, which tells that it is there. */
void member_beat(struct member *member);

/* Kills, and what brings the broker back. */
void faults_init(struct play *play);
/* After a trial has begun. */
void faults_step(struct play *play);
/* Starts the broker, and play->phase is PLAY_UP once it takes all that we do. 0 or -1. */
int faults_start(struct play *play);

#endif
