#include "config.h"

#include "broker/state/replica_record.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

TestSuite(replica_record, .timeout = 60);

static char directory[] = "/tmp/twinmq-record.XXXXXX";

static struct replica_record *
again(struct replica_record *record)
{
	replica_record_free(record);
	record = replica_record_open(directory);
	cr_assert_not_null(record);
	return record;
}

static void
clean(void)
{
	char path[128];

	snprintf(path, sizeof path, "%s/replica.json", directory);
	unlink(path);
	rmdir(directory);
}

Test(replica_record, what_was_changed_is_there_after_a_restart, .fini = clean)
{
	struct replica_record *record;
	struct replica_epoch epochs[REPLICA_EPOCHS_MAX];
	struct replica_change change;
	char code[128], same[128];

	cr_assert_not_null(mkdtemp(directory));
	record = again(NULL);
	cr_assert_eq(replica_record_id(record), 0);
	cr_assert_eq(replica_record_role(record), REPLICA_ROLE_CONFIGURED);
	cr_assert_eq(replica_record_last_epoch(record), 0);
	replica_record_check_code(record, SLICE("10.0.0.1:10911"), code);
	cr_assert_eq(strncmp(code, "10.0.0.1:10911;", 15), 0);
	record = again(record);
	replica_record_check_code(record, SLICE("10.0.0.2:10911"), same);
	cr_assert_str_eq(same, code);
	cr_assert_eq(replica_record_set_id(record, 2), 0);
	cr_assert_eq(
	    replica_record_set_role(record, REPLICA_ROLE_MASTER, 7,
		&(struct replica_change){ 99, 7, REPLICA_CAUSE_GAVE_WAY, "10.0.0.2:10911" }),
	    0);
	record = again(record);
	replica_record_change(record, &change);
	cr_assert(change.at_ms == 99 && change.epoch == 7);
	cr_assert_eq(change.cause, REPLICA_CAUSE_GAVE_WAY);
	cr_assert_str_eq(change.peer, "10.0.0.2:10911");
	cr_assert_eq(replica_record_began_ms(record), 0);
	cr_assert_eq(replica_record_id(record), 2);
	cr_assert_eq(replica_record_promoted(record), 7);
	cr_assert_eq(replica_record_begin_epoch(record, 7, 100), 0);
	cr_assert_eq(replica_record_promoted(record), 0, "it has begun");
	cr_assert_gt(replica_record_began_ms(record), 0);
	cr_assert_eq(replica_record_begin_epoch(record, 8, 200), 0);
	record = again(record);
	cr_assert_eq(replica_record_epochs(record, epochs), 2);
	cr_assert(epochs[0].epoch == 7 && epochs[0].position == 100);
	cr_assert(epochs[1].epoch == 8 && epochs[1].position == 200);
	struct replica_moved moved = { REPLICA_MOVE_BEGUN, true, "10.0.0.9:10912" };

	cr_assert_eq(replica_record_set_moved(record, &moved), 0);
	record = again(record);
	memset(&moved, 0, sizeof moved);
	replica_record_moved(record, &moved);
	cr_assert(moved.state == REPLICA_MOVE_BEGUN && moved.sync);
	cr_assert_str_eq(moved.from, "10.0.0.9:10912");
	/* Nothing was written in epoch 8, so 9 takes its place; a log that was cut loses epochs. */
	cr_assert_eq(replica_record_begin_epoch(record, 9, 200), 0);
	cr_assert_eq(replica_record_epochs(record, epochs), 2);
	cr_assert_eq(replica_record_last_epoch(record), 9);
	cr_assert_eq(replica_record_begin_epoch(record, 10, 50), 0);
	cr_assert_eq(replica_record_epochs(record, epochs), 1);
	replica_record_free(record);
}

Test(replica_record, a_slave_has_the_epochs_that_its_log_reaches, .fini = clean)
{
	enum { N_LONG = REPLICA_EPOCHS_MAX + 10 };
	static struct replica_epoch long_log[N_LONG];
	static const struct replica_epoch master[] = { { 1, 0 }, { 4, 1000 }, { 5, 2000 } };
	struct replica_record *record;

	cr_assert_not_null(mkdtemp(directory));
	record = again(NULL);
	cr_assert_eq(replica_record_take_epochs(record, master, 3, false, 1500), 0);
	cr_assert_eq(replica_record_last_epoch(record), 4);
	cr_assert_eq(replica_record_take_epochs(record, master, 3, true, 2000), 0);
	record = again(record);
	cr_assert(replica_record_forgot_epochs(record));
	cr_assert_eq(replica_record_take_epochs(record, master, 3, false, 2000), 0);
	cr_assert_not(replica_record_forgot_epochs(record));
	cr_assert_eq(replica_record_last_epoch(record), 5);
	for (int64_t i = 0; i < N_LONG; i++)
		long_log[i] = (struct replica_epoch){ i + 1, 1000 * i };
	cr_assert_eq(replica_record_take_epochs(record, long_log, N_LONG, false, INT64_MAX), 0);
	record = again(record);
	cr_assert(replica_record_forgot_epochs(record));
	cr_assert_eq(replica_record_last_epoch(record), N_LONG);
	replica_record_free(record);
}

Test(replica_record, what_cannot_be_read_is_no_record, .fini = clean)
{
	char path[128];
	FILE *file;

	cr_assert_not_null(mkdtemp(directory));
	snprintf(path, sizeof path, "%s/replica.json", directory);
	file = fopen(path, "w");
	cr_assert_not_null(file);
	fputs("{\"id\":1", file);
	fclose(file);
	cr_assert_null(replica_record_open(directory));
}

Test(replica_record, a_log_that_is_cut_loses_epochs, .fini = clean)
{
	struct replica_record *record;

	cr_assert_not_null(mkdtemp(directory));
	record = replica_record_open(directory);
	cr_assert_not_null(record);
	cr_assert_eq(replica_record_cut_at(record), -1);
	cr_assert_eq(replica_record_begin_epoch(record, 3, 100), 0);
	cr_assert_eq(replica_record_begin_epoch(record, 4, 200), 0);
	cr_assert_eq(replica_record_begin_epoch(record, 5, 300), 0);
	cr_assert_eq(replica_record_cut(record, 0), 0);
	record = again(record);
	cr_expect_eq(replica_record_cut_at(record), 0);
	cr_assert_eq(replica_record_cut(record, 250), 0);
	record = again(record);
	cr_expect_eq(replica_record_cut_at(record), 250);
	cr_expect_eq(replica_record_last_epoch(record), 5, "until the log is cut");
	cr_assert_eq(replica_record_was_cut(record, 200), 0);
	record = again(record);
	cr_expect_eq(replica_record_cut_at(record), -1);
	cr_expect_eq(replica_record_last_epoch(record), 4);
	cr_assert_eq(replica_record_was_cut(record, -1), 0);
	cr_expect_eq(replica_record_last_epoch(record), 0);
	replica_record_free(record);
}
