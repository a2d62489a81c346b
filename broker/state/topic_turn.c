#include "config.h"

#include "broker/state/topic_turn.h"

#include <pthread.h>
#include <stdlib.h>

#include "common/base/container_of.h"
#include "common/base/mem.h"
#include "common/base/strmap.h"
#include "common/net/loop.h"

STAILQ_HEAD(turn_line, topic_turn);

struct topic_turns {
	pthread_mutex_t lock;
	struct strmap lines; /* name -> struct turn_line: who waits for the one that has it */
};

struct topic_turns *
topic_turns_new(void)
{
	struct topic_turns *turns = mem_zalloc(sizeof *turns);

	pthread_mutex_init(&turns->lock, NULL);
	return turns;
}

void
topic_turns_free(struct topic_turns *turns)
{
	if (turns == NULL)
		return;
	strmap_release(&turns->lines, free);
	pthread_mutex_destroy(&turns->lock);
	free(turns);
}

static int
by_name(const void *a, const void *b)
{
	const struct slice *left = a, *right = b;

	return slice_compare(*left, *right);
}

static void
sort_names(struct topic_turn *turn)
{
	size_t n = 0;

	if (turn->n > 1)
		qsort(turn->names, turn->n, sizeof turn->names[0], by_name);
	for (size_t i = 0; i < turn->n; i++) {
		if (n == 0 || !slice_equal(turn->names[n - 1], turn->names[i]))
			turn->names[n++] = turn->names[i];
	}
	turn->n = n;
}

/* Takes the next ones; false: it stands in the line of one. */
static bool
go_on(struct topic_turns *turns, struct topic_turn *turn)
{
	pthread_mutex_lock(&turns->lock);
	while (turn->n_had < turn->n) {
		struct strmap_entry *entry = strmap_get(&turns->lines, turn->names[turn->n_had]);
		struct turn_line *line = entry->value;

		if (line != NULL) {
			STAILQ_INSERT_TAIL(line, turn, in_line);
			break;
		}
		line = mem_alloc(sizeof *line);
		STAILQ_INIT(line);
		entry->value = line;
		turn->n_had++;
	}
	bool all = turn->n_had == turn->n;

	pthread_mutex_unlock(&turns->lock);
	return all;
}

static void
run_turn(struct task *task, void *loop)
{
	struct topic_turn *turn = container_of(task, struct topic_turn, task);

	if (go_on(turn->turns, turn))
		turn->ready(turn, loop);
}

void
topic_turns_take(struct topic_turns *turns, struct topic_turn *turn)
{
	turn->turns = turns;
	turn->task.run = run_turn;
	turn->n_had = 0;
	sort_names(turn);
	run_turn(&turn->task, turn->loop);
}

void
topic_turns_give_back(struct topic_turn *turn)
{
	struct topic_turns *turns = turn->turns;
	struct turn_line next = STAILQ_HEAD_INITIALIZER(next);
	struct topic_turn *first;

	pthread_mutex_lock(&turns->lock);
	for (size_t i = 0; i < turn->n_had; i++) {
		struct turn_line *line = strmap_find(&turns->lines, turn->names[i]);

		first = STAILQ_FIRST(line);
		if (first == NULL) {
			free(strmap_take(&turns->lines, turn->names[i]));
			continue;
		}
		STAILQ_REMOVE_HEAD(line, in_line);
		first->n_had++;
		STAILQ_INSERT_TAIL(&next, first, in_line);
	}
	pthread_mutex_unlock(&turns->lock);
	while ((first = STAILQ_FIRST(&next)) != NULL) {
		STAILQ_REMOVE_HEAD(&next, in_line);
		loop_post(first->loop, &first->task);
	}
}
