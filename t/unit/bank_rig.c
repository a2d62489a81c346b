#include "config.h"

#include "t/unit/bank_rig.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/base/log.h"

void
bank_rig_init(struct bank_rig *rig)
{
	snprintf(rig->directory, sizeof rig->directory, "/tmp/twinmq-bank.XXXXXX");
	if (mkdtemp(rig->directory) == NULL)
		fatal("no temporary directory");
	book_a_create(rig->directory, SLICE(RIG_LEDGER));
	book_b_create(rig->directory, SLICE(RIG_LEDGER));
	rig->a = books_open(rig->directory, BOOKS_A, NULL);
	rig->b = books_open(rig->directory, BOOKS_B, NULL);
	books_script(rig->a, "PRAGMA synchronous = OFF");
	books_script(rig->b, "PRAGMA synchronous = OFF");
}

void
bank_rig_release(struct bank_rig *rig)
{
	static const char *const files[] = { BOOKS_A, BOOKS_B };
	char path[128];

	books_close(rig->a);
	books_close(rig->b);
	for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
		snprintf(path, sizeof path, "%s/%s", rig->directory, files[i]);
		unlink(path);
	}
	if (rmdir(rig->directory) == -1)
		fatal("%s is not empty", rig->directory);
}

struct transaction_half
bank_rig_half(int64_t number)
{
	struct transaction_half half = { .address = "127.0.0.1:1", .position = number };

	snprintf(half.unique_id, sizeof half.unique_id, "%" PRId64, number);
	return half;
}

enum transaction_decision
bank_rig_book(struct bank_rig *rig, int64_t id, int64_t now_ms)
{
	struct transfer transfer = { .id = id, .from = 1, .to = 2, .amount = 1 };
	struct transaction_half half = bank_rig_half(id);

	return book_a_transfer(rig->a, &transfer, &half, now_ms);
}

void
bank_rig_credit(struct bank_rig *rig, int64_t id, int64_t amount, int64_t now_ms)
{
	struct transfer transfer = { .id = id, .from = 1, .to = 2, .amount = amount };

	books_begin(rig->b);
	book_b_credit(rig->b, &transfer, now_ms);
	books_commit(rig->b);
}
