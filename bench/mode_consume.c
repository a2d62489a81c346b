#include "config.h"

#include "bench/bench.h"
#include "bench/consumer.h"
#include "bench/sender.h"
#include "bench/target.h"

/*
 * A group consumes a backlog, or the messages that a sender sends meanwhile. Each message is
 * verified when it arrives, so consuming is the proof. At the end the committed offsets are read.
 */

static void
finish(struct bench *bench, struct consumer *consumer)
{
	unsigned long long n;

	if (consumer_commit_all(consumer) == -1 || target_ask_ends(bench, &n) == -1)
		return;
	bench->proof.n_counted = n;
	proof_finish(bench);
}

static void
on_consume_measure(struct load *load, bool begins)
{
	struct consumer *consumer = (struct consumer *)load;

	load->context = consumer->bench;
	bench_on_measure(load, begins);
}

/* Measures from the first pull to the last message. */
static void
consume_backlog(struct bench *bench, struct consumer *consumer)
{
	consumer->load.on_measure = on_consume_measure;
	consumer->load.times_itself = false;
	load_measure(&consumer->load, true);
	load_start(&consumer->load);
	consumer_wait_all(consumer);
	load_measure(&consumer->load, false);
	bench->counts = consumer->load.counts;
	finish(bench, consumer);
}

int
mode_consume(struct bench *bench)
{
	struct consumer consumer;

	if (target_make_topics(bench) == -1 || sender_fill(bench, bench->settings->n_fill) == -1 ||
	    proof_wait_visible(bench) == -1)
		return -1;
	if (consumer_init(&consumer, bench) == 0)
		consume_backlog(bench, &consumer);
	consumer_release(&consumer);
	return bench->error[0] != '\0' ? -1 : 0;
}

/* ---- and produce ---- */

struct both {
	struct sender sender; /* first member: callbacks get its load */
	struct consumer consumer;
};

static bool
counts_all(const struct both *both)
{
	return both->consumer.bench->settings->n_messages != 0;
}

static void
measure_both(struct both *both, bool begins)
{
	load_measure(&both->consumer.load, begins);
	bench_on_measure(&both->sender.load, begins);
}

/* With --messages, the run ends when the last one is consumed. */
static void
on_both_measure(struct load *load, bool begins)
{
	struct both *both = (struct both *)load;

	if (begins || !counts_all(both))
		measure_both(both, begins);
}

/* Consumed messages are the result; sent ones are additional figures. */
static void
run_both(struct bench *bench, struct both *both)
{
	struct load *sending = &both->sender.load;
	double seconds;

	load_start(&both->consumer.load);
	sending->on_measure = on_both_measure;
	if (!counts_all(both))
		both->consumer.timed_by = sending;
	bench_load_run(bench, sending);
	consumer_wait_all(&both->consumer);
	if (counts_all(both))
		measure_both(both, false);
	bench->counts = both->consumer.load.counts;
	bench->counts.n_failed += sending->counts.n_failed;
	seconds = counts_seconds(&sending->counts);
	bench_figure(
	    bench, "sent_per_second", seconds > 0 ? (double)sending->counts.n_good / seconds : 0);
	bench_figure(
	    bench, "send_p50_us", (double)histogram_quantile(&sending->counts.latency, 0.5));
	bench_figure(
	    bench, "send_p99_us", (double)histogram_quantile(&sending->counts.latency, 0.99));
	bench_figure(
	    bench, "send_p99_9_us", (double)histogram_quantile(&sending->counts.latency, 0.999));
	bench_figure(bench, "send_max_us", (double)sending->counts.latency.max_us);
	finish(bench, &both->consumer);
}

int
mode_both(struct bench *bench)
{
	struct both both;

	if (target_make_topics(bench) == -1)
		return -1;
	if (consumer_init(&both.consumer, bench) == 0) {
		if (sender_init(&both.sender, bench) == 0)
			run_both(bench, &both);
		sender_release(&both.sender);
	}
	consumer_release(&both.consumer);
	return bench->error[0] != '\0' ? -1 : 0;
}
