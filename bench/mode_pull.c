#include "config.h"

#include <fcntl.h>
#include <unistd.h>

#include "bench/bench.h"
#include "bench/payload.h"
#include "bench/ranges.h"
#include "bench/sender.h"
#include "bench/target.h"

/*
 * Pulls a backlog: again and again from memory, like many consumers that keep up, or cold, each
 * message once from the disk. Each message is verified when it arrives.
 */

static void
on_first_time(struct range_reader *reader, const struct range *range, int64_t offset,
    const struct record *record)
{
	proof_take(reader->bench, range->queue, offset, record);
}

/* In later rounds the ledger has it already; check the bytes only. */
static void
on_any_time(struct range_reader *reader, const struct range *range, int64_t offset,
    const struct record *record)
{
	struct proof *proof = &reader->bench->proof;
	uint64_t number;
	int64_t due_us;

	(void)range;
	if (record->queue_offset != offset)
		proof->n_elsewhere++;
	if (payload_read(record->body, reader->bench->run, &number, &due_us) != PAYLOAD_GOOD)
		proof->n_corrupt++;
}

/* Drops the page cache, so that pulls read the disk. 0 or -1. */
static int
drop_page_cache(struct bench *bench)
{
	int fd = open("/proc/sys/vm/drop_caches", O_WRONLY | O_CLOEXEC);
	int status = 0;

	sync();
	if (fd == -1 || write(fd, "1", 1) != 1)
		status = bench_fail(bench, "--cold must drop the page cache, which only root may "
					   "(/proc/sys/vm/drop_caches)");
	if (fd != -1)
		close(fd);
	return status;
}

static int
fill(struct bench *bench)
{
	unsigned long long n;

	if (target_make_topics(bench) == -1 || sender_fill(bench, bench->settings->n_fill) == -1 ||
	    proof_wait_visible(bench) == -1 || target_ask_ends(bench, &n) == -1)
		return -1;
	return 0;
}

/* Proves the backlog: one round before the measured time. */
static int
read_once(struct bench *bench)
{
	struct range_reader reader;
	int status = reader_init(
	    &reader, bench, bench->n_brokers, bench->settings->window, bench->settings->max_pulled);

	reader.on_record = on_first_time;
	if (status == 0)
		load_run(&reader.load);
	bench->proof.n_unreadable += reader.n_given_up;
	reader_release(&reader);
	return status;
}

int
mode_pull(struct bench *bench)
{
	const struct settings *settings = bench->settings;
	struct settings once = *settings;
	struct range_reader reader;

	if (fill(bench) == -1 || (settings->cold && drop_page_cache(bench) == -1) ||
	    (!settings->cold && read_once(bench) == -1))
		return -1;
	/* A cold run has no duration; it ends when all is read. */
	once.duration_ms = once.warm_up_ms = 0;
	if (settings->cold)
		bench->settings = &once;
	if (reader_init(&reader, bench, bench_n_links(bench), settings->window,
		settings->max_pulled) == 0) {
		reader.again = !settings->cold;
		reader.load.n_enough = settings->n_messages;
		reader.on_record = settings->cold ? on_first_time : on_any_time;
		bench_load_run(bench, &reader.load);
		bench->proof.n_unreadable += reader.n_given_up;
	}
	bench->settings = settings;
	bench_figure(bench, "pulls_that_brought_nothing", (double)reader.n_empty);
	reader_release(&reader);
	if (bench->error[0] != '\0')
		return -1;
	proof_finish(bench);
	return 0;
}
