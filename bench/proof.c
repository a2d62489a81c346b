#include "config.h"

#include "bench/proof.h"

#include <inttypes.h>
#include <stdio.h>

#include "bench/bench.h"
#include "bench/payload.h"
#include "bench/ranges.h"
#include "bench/target.h"
#include "common/base/clock.h"

#define VISIBLE_WITHIN_US 300000000
#define ASK_AGAIN_MS 2
#define READ_LINKS 2 /* connections to each broker */
#define READ_SLOTS 8
#define READ_MESSAGES 128 /* messages a pull; brokers may return fewer */

static uint64_t *
counter_of(struct proof *proof, enum ledger_verdict verdict)
{
	switch (verdict) {
	case FOUND_RIGHT:
		return &proof->n_found;
	case FOUND_UNKNOWN:
		return &proof->n_unacknowledged;
	case FOUND_ELSEWHERE:
		return &proof->n_elsewhere;
	case FOUND_TWICE:
		return &proof->n_twice;
	case FOUND_WITHHELD:
		return &proof->n_withheld;
	case FOUND_NEVER_SENT:
		break;
	}
	return &proof->n_corrupt;
}

int64_t
proof_take(struct bench *bench, uint32_t queue, int64_t offset, const struct record *record)
{
	struct proof *proof = &bench->proof;
	uint64_t number;
	int64_t due_us;

	if (record->queue_offset != offset || record->queue_id != bench->queues[queue].id)
		proof->n_elsewhere++;
	switch (payload_read(record->body, bench->run, &number, &due_us)) {
	case PAYLOAD_FOREIGN:
		proof->n_foreign++;
		return PROOF_NOT_OURS;
	case PAYLOAD_CORRUPT:
		proof->n_corrupt++;
		return PROOF_NOT_OURS;
	case PAYLOAD_GOOD:
		break;
	}
	++*counter_of(proof, ledger_find(&bench->ledger, number, queue, offset));
	return due_us;
}

static void
on_record(struct range_reader *reader, const struct range *range, int64_t offset,
    const struct record *record)
{
	proof_take(reader->bench, range->queue, offset, record);
}

int
proof_wait_visible(struct bench *bench)
{
	struct proof *proof = &bench->proof;
	int64_t began_us = clock_mono_us();
	unsigned long long n;

	for (;;) {
		if (target_ask_ends(bench, &n) == -1)
			return -1;
		proof->n_counted = n;
		proof->visible_us = clock_mono_us() - began_us;
		if (n >= bench->ledger.n_acknowledged)
			return 0;
		if (proof->visible_us > VISIBLE_WITHIN_US)
			return bench_fail(bench,
			    "%" PRIu64 " messages were acknowledged, the queues grew by %llu",
			    bench->ledger.n_acknowledged, n);
		twinmq_run(bench->mq, ASK_AGAIN_MS);
	}
}

static void
read_all(struct bench *bench)
{
	struct range_reader reader;

	if (reader_init(&reader, bench, (size_t)READ_LINKS * bench->n_brokers, READ_SLOTS,
		READ_MESSAGES) == 0) {
		reader.on_record = on_record;
		load_run(&reader.load);
		bench->proof.n_unreadable = reader.n_given_up;
	}
	reader_release(&reader);
}

void
proof_judge(struct bench *bench)
{
	static const struct {
		const char *what;
		size_t offset;
	} faults[] = {
		{ "lost", offsetof(struct proof, n_lost) },
		{ "not where the answer said", offsetof(struct proof, n_elsewhere) },
		{ "stored twice", offsetof(struct proof, n_twice) },
		{ "visible without a commit", offsetof(struct proof, n_withheld) },
		{ "corrupt", offsetof(struct proof, n_corrupt) },
		{ "of another run", offsetof(struct proof, n_foreign) },
		{ "unreadable", offsetof(struct proof, n_unreadable) },
	};
	struct proof *proof = &bench->proof;
	struct buf why = { 0 };
	uint64_t number;
	uint32_t queue;
	int64_t offset;

	for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
		uint64_t n =
		    *(const uint64_t *)(const void *)((const char *)proof + faults[i].offset);

		if (n != 0)
			buf_printf(
			    &why, "%s%" PRIu64 " %s", why.len != 0 ? ", " : "", n, faults[i].what);
	}
	if (proof->n_lost != 0 && ledger_first_missing(&bench->ledger, &number, &queue, &offset))
		buf_printf(&why,
		    "; the first is message %" PRIu64 " at queue %d of %s, offset %" PRId64, number,
		    (int)bench->queues[queue].id, bench->brokers[bench->queues[queue].broker].name,
		    offset);
	snprintf(proof->why, sizeof proof->why, "%s", buf_text(&why));
	proof->done = true;
	buf_release(&why);
}

void
proof_finish(struct bench *bench)
{
	struct proof *proof = &bench->proof;
	const struct ledger *ledger = &bench->ledger;

	proof->n_sent = ledger->n;
	proof->n_acknowledged = ledger->n_acknowledged;
	proof->n_lost = ledger_missing(ledger);
	proof->n_unacknowledged -= ledger->n_late;
	proof->n_found += ledger->n_late - ledger->n_late_elsewhere - ledger->n_late_withheld;
	proof->n_elsewhere += ledger->n_late_elsewhere;
	proof->n_withheld += ledger->n_late_withheld;
	proof_judge(bench);
}

void
proof_read_back(struct bench *bench)
{
	struct proof *proof = &bench->proof;
	int status = proof_wait_visible(bench);

	/* Read back in any case, to find out what is missing. */
	read_all(bench);
	proof_finish(bench);
	if (status == -1 && proof->why[0] == '\0')
		snprintf(proof->why, sizeof proof->why, "%.*s", (int)sizeof proof->why - 1,
		    bench->error);
}

bool
proof_holds(const struct proof *proof)
{
	return proof->done && proof->why[0] == '\0';
}
