#include "config.h"

#include "bench/bench.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "common/base/clock.h"

int
bench_fail(struct bench *bench, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(bench->error, sizeof bench->error, format, args);
	va_end(args);
	return -1;
}

int
bench_fail_mq(struct bench *bench, const char *what)
{
	return bench_fail(bench, "%s: %s", what, twinmq_error(bench->mq)->text);
}

void
bench_figure(struct bench *bench, const char *name, double value)
{
	if (bench->n_figures < FIGURES_MAX)
		bench->figures[bench->n_figures++] = (struct figure){ name, value };
}

struct slice
bench_subscription(const struct bench *bench)
{
	return bench->settings->filters
	           ? SLICE("price > 5 AND region = 'north' AND WAIT IS NOT NULL")
	           : SLICE("*");
}

size_t
bench_n_links(const struct bench *bench)
{
	return (size_t)bench->settings->n_connections * bench->n_brokers;
}

int
bench_load_init(struct bench *bench, struct load *load, size_t n_links, uint32_t n_slots)
{
	load_init(load, &bench->loop, bench->settings->timeout_ms, n_links, n_slots);
	load->context = bench;
	for (size_t i = 0; i < n_links; i++) {
		struct link *link = &load->links.all[i];

		link->broker = (uint32_t)(i % bench->n_brokers);
		/* Connections start with different queues. */
		link->turn = (uint32_t)(i / bench->n_brokers);
		if (link_set_address(link, bench->brokers[link->broker].address) == -1)
			return bench_fail(bench, "%s of broker %s cannot be resolved",
			    link->address, bench->brokers[link->broker].name);
	}
	return 0;
}

uint32_t
bench_next_queue(struct bench *bench, struct link *link)
{
	const struct settings *settings = bench->settings;
	uint32_t turn = link->turn++;
	uint32_t topic = turn % settings->n_topics;
	uint32_t id = turn / settings->n_topics % settings->n_queues;

	return (topic * bench->n_brokers + link->broker) * settings->n_queues + id;
}

/* ---- what is measured ---- */

static void
sample(struct bench *bench, struct usage *usage)
{
	const struct settings *settings = bench->settings;

	bench->has_usage =
	    settings->n_pids != 0 && usage_of(settings->pids, settings->n_pids, usage) == 0;
	if (bench->has_usage && usage->anonymous_bytes > bench->anonymous_max)
		bench->anonymous_max = usage->anonymous_bytes;
}

void
bench_note_idle(struct bench *bench)
{
	struct usage idle;

	sample(bench, &idle);
	bench->anonymous_idle = bench->has_usage ? idle.anonymous_bytes : 0;
}

void
bench_on_measure(struct load *load, bool begins)
{
	struct bench *bench = load->context;

	sample(bench, begins ? &bench->before : &bench->after);
	*(begins ? &bench->self_before : &bench->self_after) = usage_of_self();
}

static void
on_second(struct load *load)
{
	struct bench *bench = load->context;
	const struct counts *counts = &load->counts;
	struct usage now;
	double seconds = (double)(clock_mono_us() - counts->began_us) / 1e6;

	if (load->measuring)
		sample(bench, &now);
	if (bench->settings->quiet || !isatty(STDERR_FILENO))
		return;
	if (load->measuring)
		fprintf(stderr, "\r%4.0f s  %10.0f/s  p50 %.3f ms  p99 %.3f ms  failed %llu ",
		    seconds, (double)counts->n_good / seconds,
		    (double)histogram_quantile(&counts->latency, 0.5) / 1e3,
		    (double)histogram_quantile(&counts->latency, 0.99) / 1e3,
		    (unsigned long long)counts->n_failed);
	else
		fprintf(stderr, "\r%-60s", load->over ? "" : "warming up");
	fflush(stderr);
}

void
bench_load_run(struct bench *bench, struct load *load)
{
	const struct settings *settings = bench->settings;

	if (load->on_measure == NULL)
		load->on_measure = bench_on_measure;
	load->on_second = on_second;
	load->warm_up_ms = settings->warm_up_ms;
	load->duration_ms = settings->duration_ms;
	links_open(&load->links);
	load_run(load);
	bench->counts = load->counts;
	bench->sent = load->counts;
	if (!settings->quiet && isatty(STDERR_FILENO))
		fprintf(stderr, "\r%-70s\r", "");
}
