#ifndef BENCH_BENCH_H
#define BENCH_BENCH_H

/*
 * One run of mqbench: its settings, brokers and queues, what was counted and what was proven. The
 * mode fills it, summary.c prints it. One thread.
 */

#include "bench/ledger.h"
#include "bench/load.h"
#include "bench/proof.h"
#include "bench/settings.h"
#include "bench/usage.h"
#include "client/twinmq.h"

struct bench_broker {
	char *name;
	char *address;
};

/* Index: (topic * brokers + broker) * queues of a topic + id. */
struct bench_queue {
	uint32_t topic, broker;
	int32_t id;
	int64_t begin, end; /* its next offset before and after the run */
	int64_t committed;  /* of the group; -1: none */
};

/* Additional lines of a mode in the summary. */
#define FIGURES_MAX 16
struct figure {
	const char *name; /* in JSON; its last part is the unit */
	double value;
};

struct bench {
	const struct settings *settings;
	const struct mode *mode;
	struct loop loop;
	struct twinmq *mq;
	uint64_t run;                     /* random; marks the bodies of this run */
	char id_begin[UNIQUE_ID_LEN + 1]; /* the beginning of its unique ids */
	struct bench_broker *brokers;
	uint32_t n_brokers;
	struct bench_queue *queues;
	uint32_t n_queues;
	struct ledger ledger;
	/* What was measured. */
	struct counts counts;
	struct counts sent; /* of the load that bench_load_run played; mode both counts another */
	struct usage before, after; /* of the brokers */
	struct usage self_before, self_after;
	int64_t anonymous_max, anonymous_idle; /* bytes */
	bool has_usage;
	struct figure figures[FIGURES_MAX];
	size_t n_figures;
	struct proof proof;
	char error[600]; /* the reason why it could not run; "" when it could */
};

struct mode {
	const char *name; /* NULL ends the table */
	const char *help;
	const struct flag *flags;
	/* 0, or -1 and bench->error says why. */
	int (*run)(struct bench *bench);
	const char *unit; /* of what is counted, "messages" */
};

extern const struct mode bench_modes[]; /* modes.c */

/* Sets bench->error unless it is set; returns -1. */
int bench_fail(struct bench *bench, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The same, with the client's last error behind the text. */
int bench_fail_mq(struct bench *bench, const char *what);
void bench_figure(struct bench *bench, const char *name, double value);

/* What consumers subscribe with. */
struct slice bench_subscription(const struct bench *bench);
/* The number of connections that the settings want. */
size_t bench_n_links(const struct bench *bench);
/* A load with n_links, spread over the brokers. */
int bench_load_init(struct bench *bench, struct load *load, size_t n_links, uint32_t n_slots);
/* Notes the brokers' memory before the first request. */
void bench_note_idle(struct bench *bench);
/* Begins or ends measuring. bench_load_run does it; needed where several loads run at once. */
void bench_on_measure(struct load *load, bool begins);
/* Runs and measures the load: usage of the brokers, progress; its counts become the run's. */
void bench_load_run(struct bench *bench, struct load *load);
/* The next queue for a request over the link. */
uint32_t bench_next_queue(struct bench *bench, struct link *link);

int mode_send(struct bench *bench);
int mode_transaction(struct bench *bench);
int mode_pull(struct bench *bench);
int mode_consume(struct bench *bench);
int mode_pop(struct bench *bench);
int mode_both(struct bench *bench);
int mode_route(struct bench *bench);
int mode_register(struct bench *bench);
int mode_connect(struct bench *bench);
int mode_first(struct bench *bench);

#endif
