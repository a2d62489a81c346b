#include "config.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/resource.h>

#include "bench/bench.h"
#include "bench/summary.h"
#include "bench/target.h"
#include "common/base/log.h"

#define STATUS_VOID 1
#define STATUS_CANNOT 2

static void
print_usage(struct buf *out)
{
	buf_append_text(out, "usage: mqbench MODE [FLAGS]\nmodes:\n");
	for (const struct mode *mode = bench_modes; mode->name != NULL; mode++)
		buf_printf(out, "  %-12s  %s\n", mode->name, mode->help);
	buf_append_text(out, "mqbench MODE -h lists the flags of a mode.\n");
}

static void
print_mode_help(const struct mode *mode, struct buf *out)
{
	buf_printf(out, "usage: mqbench %s [FLAGS]\n%s\n", mode->name, mode->help);
	args_print_help(mode->flags, out);
	args_print_help(settings_common_flags, out);
}

static void
write_out(FILE *to, struct buf *text)
{
	fwrite(text->data, 1, text->len, to);
	fflush(to);
	buf_release(text);
}

/* Prints one line with the error. */
static int
refuse(struct buf *what)
{
	fprintf(stderr, "mqbench: %s; mqbench -h lists what there is\n", buf_text(what));
	buf_release(what);
	return STATUS_CANNOT;
}

static const struct mode *
find_mode(const char *name)
{
	for (const struct mode *mode = bench_modes; mode->name != NULL; mode++)
		if (strcmp(mode->name, name) == 0)
			return mode;
	return NULL;
}

/* Each connection needs a file descriptor. */
static void
raise_limits(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

/* ---- a run ---- */

static int
open_bench(struct bench *bench)
{
	struct twinmq_options options = {
		.name_servers = bench->settings->name_servers,
		.timeout_ms = bench->settings->timeout_ms,
		.loop = &bench->loop,
	};
	struct twinmq_error error;

	loop_init(&bench->loop, 0);
	if (getrandom(&bench->run, sizeof bench->run, 0) != sizeof bench->run)
		fatal("no random number");
	/* Like clients' ids, but the last 16 digits are the message's number. */
	unique_id_make(bench->id_begin);
	bench->id_begin[UNIQUE_ID_LEN - STENCIL_ID_DIGITS] = '\0';
	bench->mq = twinmq_open(&options, &error);
	if (bench->mq == NULL)
		return bench_fail(bench, "%s", error.text);
	bench_note_idle(bench);
	return target_find_brokers(bench);
}

static void
close_bench(struct bench *bench)
{
	if (bench->mq != NULL)
		twinmq_close(bench->mq);
	loop_release(&bench->loop);
	for (uint32_t i = 0; i < bench->n_brokers; i++) {
		free(bench->brokers[i].name);
		free(bench->brokers[i].address);
	}
	free(bench->brokers);
	free(bench->queues);
	ledger_release(&bench->ledger);
}

static int
run(const struct mode *mode, const struct settings *settings)
{
	struct bench *bench = calloc(1, sizeof *bench);
	struct buf out = { 0 };
	int status = STATUS_CANNOT;

	if (bench == NULL)
		fatal("no memory");
	bench->mode = mode;
	bench->settings = settings;
	if (open_bench(bench) == 0 && mode->run(bench) == 0) {
		if (settings->json)
			summary_json(bench, &out);
		else
			summary_text(bench, &out);
		write_out(stdout, &out);
		status = proof_holds(&bench->proof) ? 0 : STATUS_VOID;
	} else {
		fprintf(stderr, "mqbench: %s\n", bench->error);
	}
	close_bench(bench);
	free(bench);
	return status;
}

int
main(int argc, char **argv)
{
	struct settings settings;
	struct args args;
	struct buf text = { 0 };

	signal(SIGPIPE, SIG_IGN);
	log_init("mqbench", LOG_LEVEL_WARN);
	raise_limits();
	if (argc < 2 || strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "--help") == 0) {
		print_usage(&text);
		write_out(argc < 2 ? stderr : stdout, &text);
		return argc < 2 ? STATUS_CANNOT : 0;
	}
	if (strcmp(argv[1], "-V") == 0 || strcmp(argv[1], "--version") == 0) {
		puts("mqbench (TwinMQ) " PACKAGE_VERSION);
		return 0;
	}
	const struct mode *mode = find_mode(argv[1]);
	if (mode == NULL) {
		buf_printf(&text, "there is no mode \"%s\"", argv[1]);
		return refuse(&text);
	}
	if (args_parse(&args, mode->flags, settings_common_flags, argc - 1, argv + 1, &text) == -1)
		return refuse(&text);
	if (args_has(&args, 'h')) {
		print_mode_help(mode, &text);
		write_out(stdout, &text);
		return 0;
	}
	if (settings_read(&settings, &args, &text) == -1)
		return refuse(&text);
	return run(mode, &settings);
}
