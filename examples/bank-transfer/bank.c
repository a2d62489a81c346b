#include "config.h"

#include "examples/bank-transfer/bank.h"

#include <inttypes.h>
#include "common/base/log.h"
#include "common/json/json.h"

#define BODY_MAX 1024

struct slice
transfer_body(struct arena *arena, const struct transfer *transfer)
{
	return arena_printf(arena,
	    "{\"id\":%" PRId64 ",\"from\":%" PRId64 ",\"to\":%" PRId64 ",\"amount\":%" PRId64 "}",
	    transfer->id, transfer->from, transfer->to, transfer->amount);
}

int
transfer_of_record(const struct record *record, struct slice ledger, struct arena *arena,
    struct transfer *transfer)
{
	struct slice key = property_find(record->properties, "KEYS"), body;

	if (ledger_id_of_key(key, ledger) == -1 ||
	    record_plain_body(record, BODY_MAX, arena, &body) == -1)
		return -1;
	const struct json *json = json_parse(arena, body);
	transfer->id = json_member_int64(json, "id", -1);
	transfer->from = json_member_int64(json, "from", -1);
	transfer->to = json_member_int64(json, "to", -1);
	transfer->amount = json_member_int64(json, "amount", -1);
	return transfer->id == ledger_id_of_key(key, ledger) && transfer->amount > 0 ? 0 : -1;
}

struct slice
bank_group(struct arena *arena, struct slice ledger)
{
	return arena_printf(arena, "bank-a-%.*s", (int)ledger.len, ledger.data);
}

struct slice
bank_ledger(sqlite3 *books, struct arena *arena)
{
	sqlite3_stmt *statement = books_prepare(books, "SELECT ledger FROM bank");

	if (!books_step(statement))
		fatal("the books have no ledger");
	struct slice ledger = arena_copy(arena, books_text(statement, 0));
	sqlite3_finalize(statement);
	return ledger;
}
