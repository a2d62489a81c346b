#include "config.h"

#include "broker/store/index/queue_table.h"

#include <criterion/criterion.h>
#include <stdio.h>

TestSuite(queue_table, .timeout = 30);

static struct queue *
find(const struct queue_table *table, const char *topic, int32_t queue_id)
{
	struct slice name = slice_of(topic);

	return queue_table_find(table, queue_hash(name, queue_id), name, queue_id);
}

/* Many added and removed in turns: the rest stays found, what went is not. */
Test(queue_table, found_by_name_and_number)
{
	struct queue_table table;
	char topic[16];
	enum { N = 2000 };

	queue_table_init(&table);
	cr_assert_null(find(&table, "T0", 0));
	cr_assert_null(queue_table_at(&table, 0));
	for (int i = 0; i < N; i++) {
		snprintf(topic, sizeof topic, "T%d", i / 4);
		cr_assert_eq(queue_table_add(&table, slice_of(topic), i % 4, -1)->number, i);
		if (i % 3 == 2)
			queue_table_remove(&table, queue_table_at(&table, i - 1));
	}
	for (int i = 0; i < N; i++) {
		bool gone = i % 3 == 1 && i + 1 < N;

		snprintf(topic, sizeof topic, "T%d", i / 4);
		struct queue *queue = find(&table, topic, i % 4);
		cr_assert_eq(queue == NULL, gone, "%d", i);
		cr_assert_eq(queue_table_at(&table, i), queue);
		if (queue != NULL)
			cr_assert_eq(queue->number, i);
	}
	queue_table_release(&table);
}

Test(queue_table, a_number_is_not_given_twice)
{
	struct queue_table table;
	size_t state = 0;

	queue_table_init(&table);
	struct queue *queue = queue_table_add(&table, SLICE("A"), 0, 41);
	queue_table_remove(&table, queue);
	cr_assert_null(queue_table_each(&table, &state));
	cr_assert_eq(queue_table_add(&table, SLICE("A"), 0, -1)->number, 42);
	queue_table_release(&table);
}
