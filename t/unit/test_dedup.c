#include "config.h"

#include <criterion/criterion.h>

#include <stdlib.h>

#include "broker/store/writer/dedup.h"
#include "common/base/mem.h"
#include "common/base/wire.h"

TestSuite(dedup, .timeout = 20);

#define RECORD_BYTES 100
#define WINDOW_MS 10000

/* An append of one or two records, as dedup.c sees it. */
struct rig {
	struct append append;
	char records[2 * RECORD_BYTES];
};

static struct append *
make(struct rig *rig, uint64_t key, uint64_t second, int64_t position)
{
	struct append_dedup *wanted = mem_zalloc(sizeof *wanted + 2 * sizeof wanted->items[0]);

	*rig = (struct rig){ 0 };
	wanted->topic_hash = 7;
	wanted->window_ms = WINDOW_MS;
	wanted->queue_id = 3;
	wanted->items[0].key = (struct dedup_key){ key, key };
	wanted->items[1].key = (struct dedup_key){ second, second };
	rig->append.n_records = second != 0 ? 2 : 1;
	rig->append.records = rig->records;
	rig->append.position = position;
	rig->append.queue_offset = position / 10;
	rig->append.dedup = wanted;
	for (int i = 0; i < 2; i++)
		be32_put(rig->records + i * RECORD_BYTES + RECORD_AT_SIZE, RECORD_BYTES);
	return &rig->append;
}

/* Checks a new append, and adds it if it may be. */
static enum append_status
play(struct dedup *dedup, uint64_t key, uint64_t second, int64_t position, int64_t now_ms)
{
	struct rig rig;
	struct append *append = make(&rig, key, second, position);
	enum append_status status = dedup_check(dedup, append, now_ms);

	if (status == APPEND_OK)
		dedup_add(dedup, append, now_ms);
	free(append->dedup);
	return status;
}

Test(dedup, the_first_answers)
{
	struct dedup dedup;
	struct rig rig;

	dedup_init(&dedup, 100);
	cr_assert_eq(play(&dedup, 1, 0, 500, 0), APPEND_OK);
	dedup_settle(&dedup);
	struct append *again = make(&rig, 1, 0, 900);

	cr_assert_eq(dedup_check(&dedup, again, WINDOW_MS - 1), APPEND_DUPLICATE);
	cr_assert_eq(again->position, 500);
	cr_assert_eq(again->queue_offset, 50);
	cr_assert_eq(again->dedup->items[0].position, 500);
	free(again->dedup);
	cr_assert_eq(play(&dedup, 1, 0, 900, WINDOW_MS), APPEND_OK, "the window has ended");
	cr_assert_eq(dedup.n, 1, "its old place is gone");
	dedup_release(&dedup);
}

Test(dedup, two_records)
{
	struct dedup dedup;
	struct rig rig;

	dedup_init(&dedup, 100);
	cr_assert_eq(play(&dedup, 1, 2, 500, 0), APPEND_OK);
	struct append *again = make(&rig, 1, 2, 900);

	cr_assert_eq(dedup_check(&dedup, again, 0), APPEND_DUPLICATE);
	cr_assert_eq(again->position, 500 + RECORD_BYTES, "of the newest");
	cr_assert_eq(again->dedup->items[0].position, 500);
	cr_assert_eq(again->dedup->items[1].position, 500 + RECORD_BYTES);
	free(again->dedup);
	cr_assert_eq(play(&dedup, 2, 3, 900, 0), APPEND_MIXED);
	cr_assert_eq(play(&dedup, 3, 0, 900, 0), APPEND_OK, "what was refused is not known");
	dedup_release(&dedup);
}

Test(dedup, a_failed_commit_is_taken_back)
{
	struct dedup dedup;

	dedup_init(&dedup, 100);
	play(&dedup, 1, 0, 500, 0);
	dedup_settle(&dedup);
	play(&dedup, 2, 0, 600, 0);
	play(&dedup, 3, 4, 700, 0);
	dedup_undo(&dedup);
	cr_assert_eq(dedup.n, 1);
	cr_assert_eq(play(&dedup, 2, 0, 800, 0), APPEND_OK);
	cr_assert_eq(play(&dedup, 1, 0, 900, 0), APPEND_DUPLICATE);
	dedup_release(&dedup);
}

Test(dedup, full)
{
	struct dedup dedup;

	dedup_init(&dedup, 3);
	cr_assert_eq(play(&dedup, 1, 2, 0, 0), APPEND_OK);
	cr_assert_eq(play(&dedup, 3, 4, 0, 0), APPEND_KEYS_FULL);
	cr_assert_eq(play(&dedup, 3, 0, 0, WINDOW_MS / 2), APPEND_OK);
	cr_assert_eq(play(&dedup, 1, 0, 0, WINDOW_MS / 2), APPEND_DUPLICATE);
	cr_assert_eq(play(&dedup, 5, 0, 0, WINDOW_MS - 1), APPEND_KEYS_FULL);
	for (int i = 0; i < 100 && dedup.n == 3; i++)
		play(&dedup, 6, 7, 0, WINDOW_MS); /* each looks at some entries */
	cr_assert_leq(dedup.n, 3);
	cr_assert_eq(play(&dedup, 3, 0, 0, WINDOW_MS), APPEND_DUPLICATE, "a young one stays");
	dedup_release(&dedup);
}

Test(dedup, many_come_and_go)
{
	struct dedup dedup;

	dedup_init(&dedup, 1000000);
	for (uint64_t i = 1; i <= 100000; i++) {
		int64_t now_ms = (int64_t)i;

		cr_assert_eq(play(&dedup, i, 0, (int64_t)i, now_ms), APPEND_OK);
		dedup_settle(&dedup);
		if (i > 5000)
			cr_assert_eq(play(&dedup, i - 5000, 0, 0, now_ms), APPEND_DUPLICATE);
	}
	cr_assert_lt(dedup.n, 30000, "old ones go: %u are left of 10000 young ones", dedup.n);
	dedup_forget(&dedup, 7);
	cr_assert_eq(dedup.n, 0);
	dedup_release(&dedup);
}

Test(dedup, at_start_the_older_counts)
{
	struct dedup dedup;
	struct rig rig;
	struct dedup_entry entry = { .key = { 1, 1 }, .position = 900, .window_s = 10 };

	dedup_init(&dedup, 1);
	cr_assert(dedup_load(&dedup, &entry));
	entry.position = 500;
	cr_assert(dedup_load(&dedup, &entry));
	entry.key = (struct dedup_key){ 2, 2 };
	cr_assert_not(dedup_load(&dedup, &entry), "no room");
	struct append *again = make(&rig, 1, 0, 0);

	cr_assert_eq(dedup_check(&dedup, again, 0), APPEND_DUPLICATE);
	cr_assert_eq(again->position, 500);
	free(again->dedup);
	dedup_release(&dedup);
}
