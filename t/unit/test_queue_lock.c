#include "config.h"

#include <criterion/criterion.h>

#include "broker/state/queue_lock.h"

#include "broker/store/store.h"

TestSuite(queue_lock, .timeout = 20);

#define LEASE_MS 60000
#define RESERVED_MS 30000

static struct queue_locks *locks;
static struct arena arena;
static int64_t now_ms;

static void
set_up(void)
{
	locks = queue_locks_new(0);
	now_ms = 1000;
}

static void
tear_down(void)
{
	queue_locks_free(locks);
	arena_release(&arena);
}

/* In the time after a start. */
static void
set_up_restarted(void)
{
	locks = queue_locks_new(RESERVED_MS);
	now_ms = 1000;
}

static struct lock_asker
asker(const char *group, const char *client_id, uint64_t conn)
{
	return (struct lock_asker){ slice_of(group), slice_of(client_id), { 0, conn }, now_ms,
		LEASE_MS, 100 };
}

static bool
take(const char *group, const char *client_id, uint64_t conn, int32_t queue_id)
{
	struct lock_asker from = asker(group, client_id, conn);
	struct lock_wish wish = { { SLICE("T"), SLICE("b"), queue_id }, true, false };

	cr_assert_eq(queue_locks_take(locks, &from, &wish, 1), 0);
	return wish.held;
}

/* The connections to tell, each a digit. */
static int
number_of(const struct lock_waiters *waiters)
{
	int number = 0;

	for (size_t i = 0; i < waiters->n; i++)
		number = number * 10 + (int)waiters->list[i].conn.number;
	return number;
}

static int
give_back(const char *group, const char *client_id, int32_t first, int32_t last)
{
	struct lock_asker from = asker(group, client_id, 0);
	struct message_queue queues[16];
	size_t n = 0;

	for (int32_t i = first; i <= last; i++)
		queues[n++] = (struct message_queue){ SLICE("T"), SLICE("b"), i };
	struct lock_waiters waiters = queue_locks_give_back(locks, &from, queues, n, &arena);

	return number_of(&waiters);
}

static int
expire(void)
{
	struct lock_waiters waiters = queue_locks_expire(locks, now_ms, &arena);

	return number_of(&waiters);
}

Test(queue_lock, one_holder, .init = set_up, .fini = tear_down)
{
	cr_assert(take("G", "a", 1, 0));
	cr_assert(take("G", "a", 1, 0), "again");
	cr_assert_not(take("G", "b", 2, 0));
	cr_assert(take("H", "b", 2, 0), "another group");
	cr_assert(take("G", "b", 2, 1), "another queue");
	cr_assert_eq(queue_locks_count(locks), 3);
}

Test(queue_lock, who_asked_in_vain_is_told, .init = set_up, .fini = tear_down)
{
	for (int32_t i = 0; i < 4; i++)
		cr_assert(take("G", "a", 1, i));
	cr_assert_not(take("G", "b", 2, 0));
	cr_assert_not(take("G", "b", 2, 1));
	cr_assert_not(take("G", "c", 3, 2));
	cr_assert_eq(give_back("G", "b", 0, 3), 0, "b has none");
	cr_assert_eq(give_back("G", "a", 0, 3), 23, "each once");
	cr_assert_eq(queue_locks_count(locks), 0);
	cr_assert(take("G", "b", 2, 0));
	cr_assert_eq(give_back("G", "b", 0, 0), 0, "nobody waits any more");
}

Test(queue_lock, who_leaves_leaves_all, .init = set_up, .fini = tear_down)
{
	for (int32_t i = 0; i < 4; i++)
		cr_assert(take("G", i < 3 ? "a" : "b", 1, i));
	cr_assert(take("H", "a", 1, 0));
	queue_locks_leave(locks, SLICE("G"), SLICE("a"), now_ms);
	queue_locks_leave(locks, SLICE("G"), SLICE("nobody"), now_ms);
	queue_locks_leave(locks, SLICE("none"), SLICE("a"), now_ms);
	cr_assert_eq(queue_locks_count(locks), 2);
	cr_assert(take("G", "c", 3, 0));
	cr_assert_not(take("G", "c", 3, 3));
	cr_assert_not(take("H", "c", 3, 0));
}

Test(queue_lock, leases_end, .init = set_up, .fini = tear_down)
{
	cr_assert(take("G", "a", 1, 0));
	now_ms += LEASE_MS / 2;
	cr_assert(take("G", "a", 1, 1));
	cr_assert_not(take("G", "b", 2, 0));
	now_ms += LEASE_MS / 2 - 1;
	cr_assert_eq(expire(), 0);
	cr_assert_not(take("G", "b", 2, 0));
	now_ms++;
	cr_assert_eq(expire(), 2, "who waits is told");
	cr_assert(take("G", "b", 2, 0));
	cr_assert_not(take("G", "b", 2, 1));
	now_ms += LEASE_MS;
	cr_assert(take("G", "c", 3, 1), "without a call of expire");
}

Test(queue_lock, a_limit, .init = set_up, .fini = tear_down)
{
	struct lock_asker from = asker("G", "a", 1);
	struct lock_wish wishes[2] = { { { SLICE("T"), SLICE("b"), 0 }, false, false },
		{ { SLICE("U"), SLICE("b"), 0 }, false, false } };

	from.max = 1;
	cr_assert_eq(queue_locks_take(locks, &from, wishes, 2), 1);
	cr_assert(wishes[0].held);
	cr_assert_not(wishes[1].held);
	cr_assert_eq(queue_locks_take(locks, &from, wishes, 1), 0, "what is there goes on");
	cr_assert_eq(give_back("G", "a", 0, 0), 0);
	cr_assert_eq(queue_locks_take(locks, &from, wishes + 1, 1), 0);
}

Test(queue_lock, a_restart, .init = set_up_restarted, .fini = tear_down)
{
	struct lock_asker a = asker("G", "a", 1);
	struct lock_wish fresh = { { SLICE("T"), SLICE("b"), 9 }, false, false };

	cr_assert_eq(queue_locks_take(locks, &a, &fresh, 1), 0);
	cr_assert(fresh.held, "nobody consumed it");
	cr_assert_not(take("G", "a", 1, 0), "somebody may hold it");
	cr_assert(queue_locks_hear(locks, &a, SLICE("T"), 0), "it is to ask again");
	cr_assert_not(take("G", "b", 2, 0));
	cr_assert(take("G", "a", 1, 0));
	a.conn.number = 5;
	cr_assert_not(queue_locks_hear(locks, &a, SLICE("T"), 0), "a lock counts more");
	cr_assert(take("G", "a", 1, 0));

	queue_locks_leave(locks, SLICE("G"), SLICE("a"), now_ms);
	cr_assert(take("G", "b", 2, 0), "the holder is known, and gone");
	cr_assert_not(take("G", "b", 2, 1));
	now_ms = RESERVED_MS;
	cr_assert_not(queue_locks_are_guessed(locks, now_ms));
	cr_assert_eq(expire(), 2);
	cr_assert(take("G", "b", 2, 1));
	cr_assert(take("G", "b", 2, 2));
}

Test(queue_lock, rows_of_the_time_before, .init = set_up_restarted, .fini = tear_down)
{
	struct lock_asker a = asker("G", "a", 1);
	struct lock_wish wish = { { SLICE("T"), SLICE("b"), 0 }, true };

	cr_assert_not(queue_locks_load(locks, SLICE("somethingElse"), SLICE("1")));
	cr_assert(queue_locks_load(locks, SLICE("queueLock/G@T@0"), SLICE("a")));
	cr_assert(queue_locks_load(locks, SLICE("queueLock/G@T@1"), SLICE("a")));
	cr_assert(queue_locks_load(locks, SLICE("queueLock/G@T"), SLICE("a")));
	cr_assert(queue_locks_load(locks, SLICE("queueLock/G@T@-1"), SLICE("a")));
	cr_assert(queue_locks_load(locks, SLICE("queueLock/"), SLICE("1")));
	cr_assert_eq(queue_locks_count(locks), 2);
	cr_assert_not(queue_locks_are_guessed(locks, now_ms), "all holders are known");
	cr_assert_not(take("G", "b", 2, 0));
	queue_locks_take(locks, &a, &wish, 1);
	cr_assert(wish.held);
	cr_assert_not(wish.unsaved, "its row is there");
	cr_assert_null(queue_locks_save(locks, now_ms));
	wish.queue.id = 2;
	queue_locks_take(locks, &a, &wish, 1);
	cr_assert(wish.held && wish.unsaved);
	queue_locks_saved(locks, SLICE("G"), SLICE("a"), &wish.queue, 1);
	queue_locks_take(locks, &a, &wish, 1);
	cr_assert(wish.held && !wish.unsaved);
	struct meta_job *job = queue_locks_save(locks, now_ms);

	cr_assert_eq(job->n, 1);
	cr_assert_str_eq(job->changes[0].key, "queueLock/G@T@2");
	cr_assert_str_eq(job->changes[0].value, "a");
	meta_job_free(job);
	cr_assert_not(take("G", "b", 2, 1));
	now_ms = RESERVED_MS;
	cr_assert_eq(expire(), 2, "who asked for one whose holder did not is told");
}

Test(queue_lock, offsets_of_others_leave_room, .init = set_up_restarted, .fini = tear_down)
{
	struct lock_asker from = asker("Concurrent", "", 1);

	for (int32_t i = 0; i < 100; i++)
		cr_assert_not(queue_locks_hear(locks, &from, SLICE("T"), i));
	cr_assert_eq(queue_locks_count(locks), 50);
	cr_assert(take("G", "a", 1, 200) || queue_locks_count(locks) == 51);
}

/* As many clients as a large group has, in no time. */
Test(queue_lock, thousands, .init = set_up, .fini = tear_down)
{
	static struct lock_wish wishes[5000];
	struct lock_asker from = asker("G", "a", 1);

	from.max = 5000;
	for (int32_t i = 0; i < 5000; i++)
		wishes[i] =
		    (struct lock_wish){ { SLICE("T"), SLICE("b"), 5000 - i }, false, false };
	for (int i = 0; i < 200; i++)
		cr_assert_eq(queue_locks_take(locks, &from, wishes, 5000), 0);
	queue_locks_leave(locks, SLICE("G"), SLICE("a"), now_ms);
	cr_assert_eq(queue_locks_count(locks), 0);
}
