#include "config.h"

#include "common/base/mailbox.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <stdlib.h>

#include "common/base/mem.h"

TestSuite(mailbox, .timeout = 30);

struct numbered {
	struct task task;
	int sender;
	int number;
};

#define N_TASKS 20000

struct sender {
	struct mailbox *to;
	int id;
};

static void *
send_all(void *arg)
{
	struct sender *sender = arg;

	for (int i = 0; i < N_TASKS; i++) {
		struct numbered *one = mem_zalloc(sizeof *one);

		one->sender = sender->id;
		one->number = i;
		mailbox_post(sender->to, &one->task);
	}
	return NULL;
}

Test(mailbox, each_sender_keeps_its_order)
{
	struct mailbox box;
	struct sender senders[3];
	pthread_t threads[3];
	int next[3] = { 0 };
	int left = 3 * N_TASKS;

	mailbox_init(&box);
	for (int i = 0; i < 3; i++) {
		senders[i] = (struct sender){ &box, i };
		pthread_create(&threads[i], NULL, send_all, &senders[i]);
	}
	while (left > 0) {
		mailbox_wait(&box, -1);
		for (struct task *task = mailbox_take(&box), *after; task != NULL; task = after) {
			struct numbered *one = (struct numbered *)task;

			after = task->next;
			cr_assert_eq(one->number, next[one->sender]++);
			free(one);
			left--;
		}
	}
	for (int i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	cr_assert_null(mailbox_take(&box));
	mailbox_release(&box);
}

Test(mailbox, a_chain_arrives_in_order)
{
	struct mailbox box;
	struct numbered tasks[3] = { { .number = 0 }, { .number = 1 }, { .number = 2 } };
	struct task_chain chain = { 0 };
	int expected = 0;

	mailbox_init(&box);
	for (int i = 0; i < 3; i++)
		task_chain_add(&chain, &tasks[i].task);
	mailbox_post_chain(&box, chain.first, chain.last);
	for (struct task *task = mailbox_take(&box); task != NULL; task = task->next)
		cr_assert_eq(((struct numbered *)task)->number, expected++);
	cr_assert_eq(expected, 3);
	mailbox_release(&box);
}

/* A checkpoint that pauses between its steps leaves the tasks to the loop around it. */
Test(mailbox, a_wait_sees_tasks_that_an_earlier_wait_left)
{
	struct mailbox box;
	struct task first = { 0 }, second = { 0 };

	mailbox_init(&box);
	mailbox_post(&box, &first);
	mailbox_wait(&box, -1);
	mailbox_post(&box, &second);
	mailbox_wait(&box, -1); /* for ever, were it to wait for the eventfd alone */
	cr_assert_eq(mailbox_take(&box), &first);
	cr_assert_eq(first.next, &second);
	mailbox_release(&box);
}
