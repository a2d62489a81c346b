#ifndef BENCH_BENCH_H
#define BENCH_BENCH_H

/*
 * A run: what it was asked for, where its messages go, what was counted and what was proven. The
 * modes fill it, the report prints it.
 */

#include "bench/ledger.h"
#include "bench/load.h"
#include "bench/usage.h"
#include "bench/proof.h"
#include "bench/settings.h"
#include "client/twinmq.h"

struct bench_broker {
	char *name;
	char *address;
};

/* Index: (topic * brokers + broker) * queues of a topic + id. */
struct bench_queue {
	uint32_t topic, broker;
	int32_t id;
	int64_t begin, end; /* offsets before the run, and after it */
	int64_t committed;  /* of the group; -1: none */
};

/* Lines of a mode's own in the report. */
#define FIGURES_MAX 16
struct figure {
	const char *name; /* in JSON; its unit is its last part */
	double value;
};

struct bench {
	const struct settings *settings;
	const struct mode *mode;
	struct loop loop;
	struct twinmq *mq;
	uint64_t run;                     /* tells its bodies from those of others */
	char id_begin[UNIQUE_ID_LEN + 1]; /* what its unique ids begin with */
	struct bench_broker *brokers;
	uint32_t n_brokers;
	struct bench_queue *queues;
	uint32_t n_queues;
	struct ledger ledger;
	/* What was measured. */
	struct counts counts;
	struct usage before, after; /* of the brokers */
	struct usage self_before, self_after;
	int64_t anonymous_max, anonymous_idle; /* bytes */
	bool has_usage;
	struct figure figures[FIGURES_MAX];
	size_t n_figures;
	struct proof proof;
	char error[600]; /* why it could not be run */
};

struct mode {
	const char *name; /* NULL ends the table */
	const char *help;
	const struct flag *flags;
	/* 0, or -1 and bench->error says why. */
	int (*run)(struct bench *bench);
	const char *unit; /* what is counted */
};

extern const struct mode bench_modes[]; /* modes.c */

/* -1, for who fails with it. */
int bench_fail(struct bench *bench, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The same with what the last blocking call said. */
int bench_fail_mq(struct bench *bench, const char *what);
void bench_figure(struct bench *bench, const char *name, double value);

/* As many connections as the settings say. */
size_t bench_n_links(const struct bench *bench);
/* A load with n_links, spread over the brokers. */
int bench_load_init(struct bench *bench, struct load *load, size_t n_links, uint32_t n_slots);
/* What the brokers use before anything is asked of them. */
void bench_note_idle(struct bench *bench);
/* As bench_load_run calls it; for who measures more than one load at once. */
void bench_on_measure(struct load *load, bool begins);
/* Measures it: usage of the brokers, progress, and its counts become the run's. */
void bench_load_run(struct bench *bench, struct load *load);
/* The queue that is this link's next. */
uint32_t bench_next_queue(struct bench *bench, struct link *link);

int mode_send(struct bench *bench);
int mode_transaction(struct bench *bench);
int mode_pull(struct bench *bench);
int mode_consume(struct bench *bench);
int mode_both(struct bench *bench);
int mode_route(struct bench *bench);
int mode_register(struct bench *bench);
int mode_connect(struct bench *bench);
int mode_first(struct bench *bench);

#endif
