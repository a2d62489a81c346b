#include "config.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "broker/store/store.h"
#include "common/base/mem.h"
#include "t/lib/store_rig.h"

TestSuite(copy_gate, .timeout = 60);

/* ---- the listener ---------------------------------------------------- */

struct ear {
	struct store_listener listener;
	struct store_news *heard[16];
	size_t n;
};

static void
on_heard(struct store_listener *listener, struct store_news *news)
{
	struct ear *ear = (struct ear *)listener;

	cr_assert_lt(ear->n, 16);
	ear->heard[ear->n++] = news;
}

static void
ear_release(struct ear *ear)
{
	for (size_t i = 0; i < ear->n; i++)
		store_news_free(ear->heard[i]);
}

static void
open_with_ear(struct rig *rig, struct ear *ear)
{
	rig_init(rig);
	*ear = (struct ear){ .listener = { .loop = &rig->loop, .heard = on_heard } };
	rig->listener = &ear->listener;
	rig_open(rig);
}

Test(copy_gate, a_listener_hears_records_and_their_tags)
{
	struct rig rig;
	struct ear ear;
	struct outcome first, second;

	open_with_ear(&rig, &ear);
	rig_fill(&rig, &(struct sample){ .topic = "T" }, 1);
	cr_assert_eq(ear.n, 0, "it does not want to");
	atomic_store(&ear.listener.wanted, true);
	first = rig_append(&rig, &(struct sample){ .topic = "T", .n = 2 });
	append_set_tag_hash(
	    rig_submit(&rig, &(struct sample){ .topic = "T", .tags = "a" }, &second), 9);
	rig_wait(&rig);
	cr_assert_eq(ear.n, 2);
	cr_assert_eq(ear.heard[0]->chunk->position, first.position);
	cr_assert_eq(ear.heard[0]->position, first.position + first.size);
	cr_assert_eq(ear.heard[0]->chunk->len, first.size);
	cr_assert_eq(ear.heard[0]->n_tags, 0);
	cr_assert_eq(ear.heard[1]->n_tags, 1);
	cr_assert_eq(ear.heard[1]->tags[0].position, second.position);
	cr_assert_eq(ear.heard[1]->tags[0].hash, 9);
	free(first.records);
	free(second.records);
	ear_release(&ear);
	rig_release(&rig);
}

Test(copy_gate, a_listener_hears_changes_of_meta_db)
{
	struct rig rig;
	struct ear ear;
	struct meta_job *job = meta_job_new();
	struct ha_change change;

	open_with_ear(&rig, &ear);
	atomic_store(&ear.listener.wanted, true);
	rig_fill(&rig, &(struct sample){ .topic = "T" }, 1);
	job->drop_topic = mem_strdup("T");
	meta_job_remove(job, META_TOPIC, SLICE("T"));
	meta_job_put_offset(job, SLICE("G"), SLICE("U"), 3, 99);
	cr_assert_eq(rig_meta(&rig, job), 0);
	cr_assert_eq(ear.n, 2);
	cr_assert_eq(ear.heard[1]->meta_seq, 1);
	cr_assert_null(ear.heard[1]->chunk);
	cr_assert_eq(ear.heard[1]->position, ear.heard[0]->position);
	struct slice rest = buf_slice(&ear.heard[1]->changes);

	cr_assert_eq(ha_change_next(&rest, &change), 1);
	cr_assert_eq(change.op, HA_DROP_TOPIC);
	cr_assert(slice_is(change.topic, "T"));
	cr_assert_eq(ha_change_next(&rest, &change), 1);
	cr_assert_eq(change.op, HA_REMOVE);
	cr_assert_eq(change.table, HA_TOPIC);
	cr_assert(slice_is(change.key, "T"));
	cr_assert_eq(ha_change_next(&rest, &change), 1);
	cr_assert_eq(change.table, HA_OFFSET);
	cr_assert(slice_is(change.key, "G"));
	cr_assert_eq(change.queue_id, 3);
	cr_assert_eq(change.offset, 99);
	cr_assert_eq(ha_change_next(&rest, &change), 0);
	ear_release(&ear);
	rig_release(&rig);
}

/* ---- the gate -------------------------------------------------------- */

static void
open_gated(struct rig *rig)
{
	rig_init(rig);
	rig->copies = true;
	rig->copy_timeout_ms = 600000;
	rig_open(rig);
}

/* The appends leave at the end of a turn. */
static void
turn(struct rig *rig)
{
	loop_stop(&rig->loop);
	loop_run(&rig->loop);
}

static bool
is_stored(struct rig *rig)
{
	struct store_stats stats;

	store_get_stats(rig->store, &stats);
	return stats.max_position > 0;
}

static bool
is_changed(struct rig *rig)
{
	struct store_stats stats;

	store_get_stats(rig->store, &stats);
	return stats.meta_seq == 1;
}

static int64_t
log_end(struct rig *rig)
{
	struct store_stats stats;

	store_get_stats(rig->store, &stats);
	return stats.max_position;
}

Test(copy_gate, without_slaves_nothing_waits)
{
	struct rig rig;

	open_gated(&rig);
	struct outcome outcome = rig_append(&rig, &(struct sample){ .topic = "T" });
	cr_assert_eq(outcome.status, APPEND_OK);
	cr_assert_eq(outcome.copy, COPY_NO_SLAVE);
	free(outcome.records);
	rig_release(&rig);
}

static void
wait_case(enum store_flush flush)
{
	struct rig rig;
	struct outcome outcomes[3];

	rig_init(&rig);
	rig.copies = true;
	rig.copy_timeout_ms = 600000;
	rig.options.flush = flush;
	rig.options.queued_bytes = 100;
	rig_open(&rig);
	store_copies_enough(rig.store, true);
	rig_submit(&rig, &(struct sample){ .topic = "T" }, &outcomes[0]);
	rig_submit(&rig, &(struct sample){ .topic = "T" }, &outcomes[1])->copy_unasked = true;
	while (rig.outstanding == 2)
		turn(&rig);
	rig_until(&rig, is_stored);
	cr_assert_eq(rig.outstanding, 1, "one does not wait");
	cr_assert_eq(outcomes[1].copy, COPY_UNASKED);
	cr_assert(store_is_busy(rig.store), "what waits for slaves counts");
	store_copied(rig.store, log_end(&rig) - 1, 0);
	cr_assert_eq(rig.outstanding, 1, "the slave does not have all of it");
	store_copied(rig.store, log_end(&rig), 0);
	rig_wait(&rig);
	cr_assert_eq(outcomes[0].status, APPEND_OK);
	cr_assert_eq(outcomes[0].copy, COPY_DONE);
	cr_assert_not(store_is_busy(rig.store));
	for (int i = 0; i < 2; i++)
		free(outcomes[i].records);
	rig_release(&rig);
}

Test(copy_gate, a_reply_waits_for_the_slave)
{
	wait_case(STORE_FLUSH_ASYNC);
	wait_case(STORE_FLUSH_SYNC);
}

Test(copy_gate, a_slave_that_is_too_slow_is_told)
{
	struct rig rig;
	struct outcome outcome;

	rig_init(&rig);
	rig.copies = true;
	rig_open(&rig);
	cr_assert_eq(store_copies_expire(rig.store), INT64_MAX);
	store_copies_enough(rig.store, true);
	rig_submit(&rig, &(struct sample){ .topic = "T" }, &outcome);
	while (rig.outstanding != 0) {
		turn(&rig);
		store_copies_expire(rig.store);
	}
	cr_assert_eq(outcome.status, APPEND_OK);
	cr_assert_eq(outcome.copy, COPY_TIMEOUT);
	free(outcome.records);
	rig_release(&rig);
}

static void
on_changed(struct meta_job *job, struct loop *loop)
{
	(void)loop;
	*(bool *)job->context = true;
	meta_job_free(job);
}

Test(copy_gate, a_change_of_meta_db_waits_too)
{
	struct rig rig;
	struct meta_job *job = meta_job_new();
	bool done = false;

	open_gated(&rig);
	store_copies_enough(rig.store, true);
	meta_job_put(job, META_SETTING, SLICE("name"), SLICE("value"));
	job->reply_loop = &rig.loop;
	job->done = on_changed;
	job->context = &done;
	store_meta(rig.store, job);
	rig_until(&rig, is_changed);
	store_copied(rig.store, 0, 0);
	loop_drain(&rig.loop);
	cr_assert_not(done);
	store_copied(rig.store, 0, 1);
	/* The writer may only now hold it: then it lets it go itself. */
	while (!done)
		loop_drain(&rig.loop);
	rig_release(&rig);
}

/* ---- what consumers see ---------------------------------------------- */

static int64_t
seen(struct rig *rig)
{
	loop_drain(&rig->loop);
	const struct tail_queue *queue = tail_find(rig->tail, SLICE("T"), 0);

	return queue != NULL ? queue->max_offset : 0;
}

/* One more record; returns when it is committed. */
static void
store_one(struct rig *rig, struct outcome *outcome)
{
	int64_t end = log_end(rig);

	rig_submit(rig, &(struct sample){ .topic = "T" }, outcome);
	while (log_end(rig) == end)
		turn(rig);
}

Test(copy_gate, consumers_see_what_slaves_have)
{
	struct rig rig;
	struct outcome outcomes[5];

	rig_init(&rig);
	rig.copies = rig.hides = true;
	rig.copy_timeout_ms = 600000;
	rig_open(&rig);
	store_one(&rig, &outcomes[0]);
	cr_assert_eq(seen(&rig), 1, "without slaves all is seen");

	store_copies_enough(rig.store, true);
	store_one(&rig, &outcomes[1]);
	cr_assert_eq(seen(&rig), 1);
	store_one(&rig, &outcomes[2]);
	store_copied(rig.store, outcomes[0].position, 0);
	cr_assert_eq(seen(&rig), 1);
	store_copied(rig.store, log_end(&rig), 0);
	cr_assert_eq(seen(&rig), 3);
	rig_wait(&rig);

	store_set_copy_timeout(rig.store, 0);
	store_one(&rig, &outcomes[3]);
	while (rig.outstanding != 0) {
		store_copies_expire(rig.store);
		turn(&rig);
	}
	cr_assert_eq(outcomes[3].copy, COPY_TIMEOUT);
	cr_assert_eq(seen(&rig), 3, "an answer in time is no copy");
	store_copies_enough(rig.store, false);
	cr_assert_eq(seen(&rig), 4, "nobody is promoted who lacks it");

	store_copies_enough(rig.store, true);
	store_one(&rig, &outcomes[4]);
	rig_close(&rig); /* while one is hidden */
	for (int i = 0; i < 5; i++)
		free(outcomes[i].records);
	rig_release(&rig);
}

Test(copy_gate, the_end_of_the_store_lets_all_go)
{
	struct rig rig;
	struct outcome outcome;

	open_gated(&rig);
	store_copies_enough(rig.store, true);
	rig_submit(&rig, &(struct sample){ .topic = "T" }, &outcome);
	turn(&rig);
	rig_until(&rig, is_stored);
	rig_close(&rig);
	cr_assert_eq(rig.outstanding, 0);
	cr_assert_eq(outcome.status, APPEND_OK);
	cr_assert_eq(outcome.copy, COPY_TIMEOUT);
	free(outcome.records);
	rig_release(&rig);
}
