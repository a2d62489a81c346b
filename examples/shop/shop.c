#include "config.h"

#include "examples/shop/shop.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/container_of.h"
#include "common/base/log.h"
#include "common/base/mem.h"
#include "common/json/json.h"

#define TICK_MS 20
#define BODY_MAX 1024
#define REPLY_LOST 101 /* for shop_happens: which chance */
#define DIES 102

static const char create_common[] =
    "CREATE TABLE shop (ledger TEXT NOT NULL);"
    "CREATE TABLE outbox (id INTEGER PRIMARY KEY, topic TEXT NOT NULL, kind TEXT NOT NULL,"
    "	orderId INTEGER NOT NULL, customer INTEGER, item INTEGER, quantity INTEGER,"
    "	amount INTEGER, tries INTEGER NOT NULL DEFAULT 0, sent INTEGER NOT NULL DEFAULT 0);"
    "CREATE INDEX outbox_unsent ON outbox (id) WHERE sent = 0;"
    "CREATE TABLE counters (name TEXT PRIMARY KEY, n INTEGER NOT NULL);";

/* ---- events ---- */

struct slice
shop_event_body(struct arena *arena, const struct shop_event *event)
{
	return arena_printf(arena,
	    "{\"order\":%" PRId64 ",\"customer\":%" PRId64 ",\"item\":%" PRId64
	    ",\"quantity\":%" PRId64 ",\"amount\":%" PRId64 "}",
	    event->order, event->customer, event->item, event->quantity, event->amount);
}

int
shop_event_read(
    const struct record *record, struct slice ledger, struct arena *arena, struct shop_event *event)
{
	struct slice key = property_find(record->properties, "KEYS"), body;

	if (ledger_id_of_key(key, ledger) == -1 ||
	    record_plain_body(record, BODY_MAX, arena, &body) == -1)
		return -1;
	const struct json *json = json_parse(arena, body);
	*event = (struct shop_event){
		.order = json_member_int64(json, "order", -1),
		.customer = json_member_int64(json, "customer", -1),
		.item = json_member_int64(json, "item", -1),
		.quantity = json_member_int64(json, "quantity", -1),
		.amount = json_member_int64(json, "amount", -1),
		.kind = property_find(record->properties, "TAGS"),
	};
	return event->order == ledger_id_of_key(key, ledger) ? 0 : -1;
}

void
shop_tell(struct shop *shop, const char *topic, const char *kind, const struct shop_event *event)
{
	sqlite3_stmt *row = books_prepare(shop->books,
	    "INSERT INTO outbox (topic, kind, orderId, customer, item, quantity, amount) "
	    "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)");

	books_bind_text(row, 1, slice_of(topic));
	books_bind_text(row, 2, slice_of(kind));
	sqlite3_bind_int64(row, 3, event->order);
	sqlite3_bind_int64(row, 4, event->customer);
	sqlite3_bind_int64(row, 5, event->item);
	sqlite3_bind_int64(row, 6, event->quantity);
	sqlite3_bind_int64(row, 7, event->amount);
	books_step(row);
	sqlite3_finalize(row);
}

void
shop_count(sqlite3 *books, const char *name)
{
	sqlite3_stmt *row = books_prepare(
	    books, "INSERT INTO counters VALUES (?1, 1) ON CONFLICT DO UPDATE SET n = n + 1");

	books_bind_text(row, 1, slice_of(name));
	books_step(row);
	sqlite3_finalize(row);
}

bool
shop_happens(const struct shop *shop, int64_t id, int64_t which, int64_t percent)
{
	return program_random(shop->flags->seed, id, which, 100) < percent;
}

void
shop_may_die(struct shop *shop, int64_t id)
{
	/* Not at the same event each time it comes. */
	if (shop_happens(shop, id + clock_wall_ms(), DIES, shop->flags->die))
		kill(getpid(), SIGKILL);
}

/* ---- the outbox ---- */

struct outbox_send {
	struct shop *shop;
	int64_t id;
	int64_t tries;
};

static int64_t *
find_place(struct shop *shop, int64_t id)
{
	for (size_t i = 0; i < OUTBOX_WINDOW; i++)
		if (shop->in_flight[i] == id)
			return &shop->in_flight[i];
	return NULL;
}

/* A reply that is "lost" leaves the event unsent, so that it is sent once more. */
static void
on_sent(void *arg, const struct twinmq_error *error, const struct send_result *result)
{
	struct outbox_send *send = arg;
	struct shop *shop = send->shop;
	bool lost = shop_happens(shop, send->id * 64 + send->tries, REPLY_LOST, shop->flags->drop);

	(void)result;
	*find_place(shop, send->id) = 0;
	if (!shop->closing && books_begin(shop->books)) {
		if (error == NULL && lost)
			shop_count(shop->books, "replies lost");
		books_run_with(shop->books,
		    "UPDATE outbox SET tries = tries + 1, sent = ?2 WHERE id = ?1",
		    BOOKS_NUMBERS(send->id, error == NULL && !lost));
		books_commit(shop->books);
	}
	free(send);
}

static void
send_row(struct shop *shop, sqlite3_stmt *row, int64_t *place)
{
	struct outbox_send *send = mem_zalloc(sizeof *send);
	struct arena arena = { 0 };
	struct shop_event event = {
		.order = sqlite3_column_int64(row, 3),
		.customer = sqlite3_column_int64(row, 4),
		.item = sqlite3_column_int64(row, 5),
		.quantity = sqlite3_column_int64(row, 6),
		.amount = sqlite3_column_int64(row, 7),
	};
	struct message message = {
		.topic = arena_copy(&arena, books_text(row, 1)),
		.tags = arena_copy(&arena, books_text(row, 2)),
		.keys = ledger_key(&arena, shop->ledger, event.order),
		.sharding_key = arena_printf(&arena, "%" PRId64, event.order),
		.body = shop_event_body(&arena, &event),
		.queue_id = MESSAGE_ANY_QUEUE,
	};

	*send = (struct outbox_send){ shop, sqlite3_column_int64(row, 0),
		sqlite3_column_int64(row, 8) };
	*place = send->id;
	producer_send_async(shop->producer, &message, on_sent, send);
	arena_release(&arena);
}

static void
send_outbox(struct shop *shop)
{
	sqlite3_stmt *row = books_prepare(shop->books,
	    "SELECT id, topic, kind, orderId, customer, item, quantity, amount, tries "
	    "FROM outbox WHERE sent = 0 ORDER BY id LIMIT 32");
	int64_t *place = find_place(shop, 0);

	while (place != NULL && books_step(row))
		if (find_place(shop, sqlite3_column_int64(row, 0)) == NULL) {
			send_row(shop, row, place);
			place = find_place(shop, 0);
		}
	sqlite3_finalize(row);
}

/* ---- desks ---- */

struct open_desk {
	struct shop *shop;
	const struct shop_desk *desk;
	struct push_consumer *consumer;
};

static enum consume_outcome
on_message(void *context, const struct message_delivery *delivery)
{
	struct open_desk *open = context;
	struct shop *shop = open->shop;
	struct arena arena = { 0 };
	struct shop_event event;
	enum handled handled = HANDLED_BEFORE;

	if (shop_event_read(delivery->record, shop->ledger, &arena, &event) == -1) {
		arena_release(&arena);
		return CONSUME_DONE; /* of other books */
	}
	if (!books_begin(shop->books)) {
		arena_release(&arena);
		return CONSUME_LATER;
	}
	handled = open->desk->handle(shop, &event);
	if (handled == HANDLED_BEFORE)
		shop_count(shop->books, "came again");
	if (handled == NOT_NOW)
		shop_count(shop->books, "put off");
	books_commit(shop->books);
	/* Done, but no broker knows it: the event comes again. */
	shop_may_die(shop, event.order);
	arena_release(&arena);
	return handled == NOT_NOW ? CONSUME_LATER : CONSUME_DONE;
}

static struct push_consumer *
open_desk(struct open_desk *open)
{
	struct consumer_subscription subscriptions[2] = { { open->desk->topics[0] },
		{ open->desk->topics[1] } };
	struct consumer_options options = {
		.group = open->desk->group,
		.subscriptions = subscriptions,
		.n_subscriptions = open->desk->topics[1] != NULL ? 2 : 1,
		.on_message = on_message,
		.context = open,
		.ordered = open->desk->ordered,
		.max_attempts = open->desk->max_attempts,
		.suspend_ms = 200,
		.from = CONSUME_FROM_FIRST_OFFSET,
	};
	struct twinmq_error error;
	struct push_consumer *consumer = push_consumer_new(open->shop->mq, &options, &error);

	if (consumer == NULL)
		fatal("%s", error.text);
	return consumer;
}

/* ---- the program ---- */

static void
on_tick(struct timer *timer)
{
	struct shop *shop = container_of(timer, struct shop, tick);

	if (shop->role->tick != NULL)
		shop->role->tick(shop);
	send_outbox(shop);
	loop_set_timer(twinmq_loop(shop->mq), &shop->tick, clock_mono_ms() + TICK_MS);
}

static int
open_run(const struct program_flags *flags)
{
	struct shop of = { .flags = flags, .role = flags->context }, *shop = &of;
	struct slice ledger = slice_of(flags->ledger);

	shop->books = books_open(shop->flags->directory, shop->role->file, create_common);
	sqlite3_stmt *row = books_prepare(shop->books, "INSERT INTO shop VALUES (?1)");
	books_script(shop->books, shop->role->create);
	books_begin(shop->books);
	books_bind_text(row, 1, ledger);
	books_step(row);
	sqlite3_finalize(row);
	if (shop->role->open != NULL)
		shop->role->open(shop);
	books_commit(shop->books);
	books_close(shop->books);
	return EXIT_SUCCESS;
}

static void
read_ledger(struct shop *shop)
{
	sqlite3_stmt *row = books_prepare(shop->books, "SELECT ledger FROM shop");

	if (books_step(row))
		shop->ledger = arena_copy(&shop->arena, books_text(row, 0));
	sqlite3_finalize(row);
}

static int
serve_run(const struct program_flags *flags)
{
	struct shop of = { .flags = flags, .role = flags->context }, *shop = &of;
	struct open_desk desks[2] = { { 0 } };
	size_t n = 0;

	shop->books = books_open(shop->flags->directory, shop->role->file, NULL);
	read_ledger(shop);
	shop->mq = program_connect(shop->flags);
	shop->producer = producer_new(shop->mq, &(struct producer_options){ .group = "shop" });
	if (shop->role->begin != NULL)
		shop->role->begin(shop);
	for (; n < 2 && shop->role->desks[n].group != NULL; n++) {
		desks[n] = (struct open_desk){ .shop = shop, .desk = &shop->role->desks[n] };
		desks[n].consumer = open_desk(&desks[n]);
	}
	shop->tick.due = on_tick;
	on_tick(&shop->tick);
	program_run(twinmq_loop(shop->mq));
	shop->closing = true;
	loop_drop_timer(twinmq_loop(shop->mq), &shop->tick);
	for (size_t i = 0; i < n; i++)
		push_consumer_free(desks[i].consumer);
	twinmq_close(shop->mq);
	producer_free(shop->producer);
	if (shop->role->end != NULL)
		shop->role->end(shop);
	books_close(shop->books);
	arena_release(&shop->arena);
	return EXIT_SUCCESS;
}

int
shop_main(const struct shop_role *role, int argc, char **argv)
{
	static const struct program_command commands[] = {
		{ "open", open_run },
		{ "serve", serve_run },
		{ NULL },
	};

	return program_main(commands, role, argc, argv);
}
