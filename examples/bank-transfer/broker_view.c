#include "config.h"

#include "examples/bank-transfer/broker_view.h"

#include "common/protocol/codes.h"
#include "common/protocol/headers.h"
#include "common/protocol/transaction_body.h"
#include "examples/bank-transfer/by_sequence.h"

#define PAGE 1000

static bool
is_by_check(const struct transaction_info *info)
{
	for (size_t i = 0; i < info->n_events; i++)
		if (slice_is(info->events[i].via, "check"))
			return true;
	return false;
}

static void
take_list(
    sqlite3 *books, struct slice broker, struct slice ledger, const struct transaction_list *list)
{
	for (size_t i = 0; i < list->n; i++) {
		const struct transaction_info *info = &list->list[i];
		struct known_half half = {
			.broker = broker,
			.position = info->position,
			.transaction_id = info->id,
			.id = ledger_id_of_key(info->keys, ledger),
			.state = slice_of(transaction_state_name(info->state)),
			.by_check = is_by_check(info),
		};

		by_sequence_half(books, &half);
	}
}

/* Reads page by page. */
static int
read_list(struct twinmq *mq, sqlite3 *books, const struct broker_data *broker, struct slice ledger)
{
	struct arena arena = { 0 };
	struct list_transactions_header header = {
		.state = SLICE("all"),
		.group = bank_group(&arena, ledger),
		.limit = PAGE,
	};
	struct transaction_list list = { 0 };
	struct twinmq_reply reply;
	int result = 0;

	do {
		struct command request = { .code = REQUEST_LIST_TRANSACTIONS };

		fields_encode(list_transactions_header_fields, &header, &arena, &request);
		result = twinmq_call(
		    mq, broker_data_address(broker), &request, SLICE_NONE, &arena, &reply);
		if (result == 0)
			result = transaction_list_read(&arena, reply.body, &list);
		if (result == 0)
			take_list(books, broker->name, ledger, &list);
		header.cursor = list.cursor;
	} while (result == 0 && list.cursor.data != NULL);
	arena_release(&arena);
	return result;
}

int
broker_view_halves(struct twinmq *mq, sqlite3 *books)
{
	struct arena arena = { 0 };
	struct slice ledger = bank_ledger(books, &arena);
	struct route route;
	int result = twinmq_route(mq, SLICE(BANK_TOPIC), &arena, &route);

	for (size_t i = 0; result == 0 && i < route.n_brokers; i++)
		result = read_list(mq, books, &route.brokers[i], ledger);
	arena_release(&arena);
	return result;
}

static void
take_records(
    sqlite3 *books, const struct message_queue *queue, struct slice ledger, struct slice records)
{
	struct arena arena = { 0 };
	struct transfer transfer;
	struct record record;

	while (pulled_next(&records, SLICE_NONE, &record))
		if (transfer_of_record(&record, ledger, &arena, &transfer) == 0)
			by_sequence_message(
			    books, queue, record.queue_offset, record.prepared_offset, transfer.id);
	arena_release(&arena);
}

static int
read_queue(struct twinmq *mq, sqlite3 *books, const struct queue_place *place, struct slice ledger)
{
	struct pull_spec pull = { .queue = place->queue, .offset = place->opened };
	struct pull_result pulled;
	struct arena arena = { 0 };
	int result;

	while ((result = twinmq_pull(mq, &pull, &arena, &pulled)) == 0 &&
	       pulled.next_offset > pull.offset) {
		if (pulled.status == PULL_FOUND)
			take_records(books, &place->queue, ledger, pulled.records);
		pull.offset = pulled.next_offset;
		arena_reset(&arena);
	}
	arena_release(&arena);
	return result;
}

int
broker_view_messages(struct twinmq *mq, sqlite3 *books)
{
	const struct queue_place *places;
	struct arena arena = { 0 };
	struct slice ledger = bank_ledger(books, &arena);
	size_t n = book_b_queues(books, &arena, &places);
	int result = 0;

	for (size_t i = 0; result == 0 && i < n; i++)
		result = read_queue(mq, books, &places[i], ledger);
	arena_release(&arena);
	return result;
}
