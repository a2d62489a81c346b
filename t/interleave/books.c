#include "config.h"

#include "t/interleave/books.h"

#include <inttypes.h>
#include <stdlib.h>

#include "common/base/mem.h"
#include "common/base/strmap.h"
#include "common/protocol/codes.h"
#include "common/protocol/headers.h"
#include "common/protocol/transaction_body.h"

#define AT_ONCE 500

/* A list's element, held against the trial it belongs to. */
typedef void book_fn(struct book *book, const struct transaction_info *info);

static void
book_state(struct book *book, const struct transaction_info *info)
{
	static const enum told_state states[N_TRANSACTION_STATES] = {
		[TRANSACTION_OPEN] = TOLD_OPEN,
		[TRANSACTION_PARKED] = TOLD_PARKED,
		[TRANSACTION_REVOCABLE] = TOLD_REVOCABLE,
		[TRANSACTION_COMMITTED] = TOLD_COMMITTED,
		[TRANSACTION_ROLLED_BACK] = TOLD_ROLLED_BACK,
	};

	book->state = states[info->state];
}

static void
book_contradictions(struct book *book, const struct transaction_info *info)
{
	for (size_t i = 0; i < info->n_events; i++)
		book->contradictions += slice_is(info->events[i].what, "contradict");
}

/* Where the trial of a transaction id is, or NULL. */
static struct strmap
trials_by_id(struct play *play)
{
	struct strmap table = { 0 };

	for (uint32_t i = 0; i < play->n_begun; i++)
		if (play->trials[i].half.unique_id[0] != '\0')
			strmap_put(
			    &table, slice_of(play->trials[i].half.unique_id), &play->trials[i]);
	return table;
}

/* One page; *cursor goes on, absent after the last. 0 or -1. */
static int
read_page(struct play *play, struct list_transactions_header *header, struct arena *arena,
    struct transaction_list *list)
{
	struct command request = { .code = REQUEST_LIST_TRANSACTIONS };
	struct twinmq_reply reply;

	fields_encode(list_transactions_header_fields, header, arena, &request);
	if (twinmq_call(play->reader.mq, slice_of(play->settings.broker), &request, SLICE(""),
		arena, &reply) == -1) {
		fprintf(stderr, "interleave: %s\n", twinmq_error(play->reader.mq)->text);
		return -1;
	}
	return transaction_list_read(arena, reply.body, list);
}

static int
read_list(struct play *play, const struct strmap *trials, const char *state, struct book *books,
    book_fn *each)
{
	struct list_transactions_header header = { .state = slice_of(state), .limit = AT_ONCE };
	struct arena arena = { 0 };
	struct transaction_list list;
	int status;

	do {
		status = read_page(play, &header, &arena, &list);
		for (size_t i = 0; status == 0 && i < list.n; i++) {
			const struct trial *trial = strmap_find(trials, list.list[i].id);

			if (trial != NULL)
				each(&books[trial->plan.number], &list.list[i]);
		}
		header.cursor = status == 0 ? list.cursor : SLICE_NONE;
	} while (header.cursor.data != NULL);
	arena_release(&arena);
	return status;
}

int64_t
books_open(struct play *play)
{
	struct list_transactions_header header = { .state = SLICE("open"), .limit = 1 };
	struct arena arena = { 0 };
	struct transaction_list list;
	int64_t n = -1;

	if (read_page(play, &header, &arena, &list) == 0)
		n = list.counts[COUNT_OPEN];
	arena_release(&arena);
	return n;
}

struct book *
books_read(struct play *play)
{
	struct book *books = mem_zalloc((play->n_begun + 1) * sizeof *books);
	struct strmap trials = trials_by_id(play);
	int status = read_list(play, &trials, "all", books, book_state);

	if (status == 0)
		status = read_list(play, &trials, "contradiction", books, book_contradictions);
	strmap_release(&trials, NULL);
	if (status == 0)
		return books;
	free(books);
	return NULL;
}

void
books_print(struct play *play, const struct trial *trial, FILE *to)
{
	struct transaction_header header = { .id = slice_of(trial->half.unique_id) };
	struct command request = { .code = REQUEST_SHOW_TRANSACTION };
	struct arena arena = { 0 };
	struct twinmq_reply reply;

	fields_encode(transaction_header_fields, &header, &arena, &request);
	if (twinmq_call(play->reader.mq, slice_of(play->settings.broker), &request, SLICE(""),
		&arena, &reply) == -1)
		fprintf(to, "  broker: %s\n", twinmq_error(play->reader.mq)->text);
	else
		fprintf(to, "  broker: %.*s\n", (int)reply.body.len, reply.body.data);
	arena_release(&arena);
}
