#ifndef ADMIN_MOVE_H
#define ADMIN_MOVE_H

/*
 * Moving in: a slave of ours takes the place of the RocketMQ master that it follows (request
 * MOVE_IN of the slave). Here is what both brokers say, and the checks that come before the switch.
 * Texts live in the run's arena. One thread.
 */

#include "admin/admin.h"
#include "common/protocol/move_in.h"

enum move_weight {
	MOVE_STOPS,   /* clients would lose messages or their way to them */
	MOVE_LOSES,   /* something does not come along */
	MOVE_DIFFERS, /* what comes along behaves otherwise, or is worth knowing */
};

struct move_finding {
	struct move_finding *next;
	const char *id;
	enum move_weight weight;
	struct slice what, advice; /* a sentence; what to do */
};

/* What a broker says about itself. */
struct move_side {
	struct slice address; /* absent: not known */
	bool answers;
	struct slice why; /* it does not */
	const struct ext *settings, *counters;
	size_t n_settings, n_counters;
	const struct json *topics, *groups; /* bodies of 21 and 201; NULL: not told */
};

struct move {
	struct admin *admin; /* lent */
	struct move_side slave, master;
	struct move_in_status view; /* as the slave sees it */
	struct slice cluster, broker_name;
	struct slice registered; /* the slave's address as the name servers have it */
	size_t n_other_masters;  /* of the cluster */
	size_t n_other_slaves;   /* of the name */
	struct move_finding *first, **last;
	size_t n_stops;
};

/* Asks the slave that -b names, its master, and the name servers. 0, or -1 after admin_fail. */
int move_survey(struct move *move);
/* Asks the slave how far it is. 0, or -1: admin_fail was not called. */
int move_look(struct move *move, struct move_in_status *view);
/* Tells it to become the master; otherwise the same. */
int move_order(struct move *move, bool force, struct move_in_status *view);
/* Asks both brokers for their topics and groups once more. */
void move_ask_tables(struct move *move);
/* Where the log of the broker ends; -1: it does not answer. */
int64_t move_log_end(struct move *move, struct slice address);
/* Absent: the broker does not have the setting. */
struct slice move_setting(const struct move_side *side, const char *name);
/* The role that the new master gets: -m, else that of the old one. */
struct slice move_role(const struct move *move);

/* The slave has the topics and groups of its master, as far as both tell them. */
bool move_has_tables(const struct move *move);
/* Runs all checks; the findings are those that stop first. */
void move_check(struct move *move);
void move_report(const struct move *move);

#endif
