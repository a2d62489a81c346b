#include "config.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/mem.h"
#include "common/base/wire.h"
#include "t/lib/half_rig.h"
#include "t/lib/vfs_fault.h"

/* The log of one store, the master, is applied to another, the slave. */
TestSuite(apply, .timeout = 240);

static unsigned
next_random(unsigned *seed)
{
	*seed = *seed * 1103515245 + 12345;
	return *seed >> 16;
}

/* ---- a master ----------------------------------------------------------- */

#define LEVELS "SCHEDULE_TOPIC_XXXX"

static void
on_done(struct append *append, struct loop *loop)
{
	struct rig *rig = append->context;

	cr_assert_eq(append->status, APPEND_OK);
	append_free(append);
	if (--rig->outstanding == 0)
		loop_stop(loop);
}

/* An append with a change of the timed messages; where it is. */
static int64_t
timed_append(struct rig *rig, struct record *record, const struct timed_change *change)
{
	record->born_host = rig->options.store_host;
	struct append *append = append_new(rig->store, record, 1);
	struct store_stats stats;

	append->timed = *change;
	append->reply_loop = &rig->loop;
	append->done = on_done;
	append->context = rig;
	if (slice_is(record->topic, LEVELS))
		append_set_tag_hash(append, 1234567);
	rig->outstanding++;
	store_append(rig->store, append);
	rig_wait(rig);
	store_get_stats(rig->store, &stats);
	return stats.max_position - (int64_t)record_size(record);
}

static int64_t
store_timed_message(struct rig *rig, int64_t due_ms)
{
	char properties[64];

	snprintf(properties, sizeof properties, "TIMER_OUT_MS\001%lld\002", (long long)due_ms);
	return timed_append(rig,
	    &(struct record){ .topic = SLICE(TIMED_TOPIC),
		.body = SLICE("later"),
		.properties = slice_of(properties) },
	    &(struct timed_change){ .op = TIMED_STORE, .clock = TIMED_WALL, .due_ms = due_ms });
}

static void
carry_timed_message(struct rig *rig, int64_t position, int64_t due_ms)
{
	char properties[64];

	snprintf(properties, sizeof properties, "TIMER_OUT_MS\001%lld\002", (long long)due_ms);
	timed_append(rig,
	    &(struct record){ .topic = SLICE(TIMED_TOPIC),
		.body = SLICE("later"),
		.prepared_offset = timed_mark(position),
		.properties = slice_of(properties) },
	    &(struct timed_change){
		.op = TIMED_CARRY, .clock = TIMED_WALL, .due_ms = due_ms, .position = position });
}

static void
deliver_timed_message(struct rig *rig, int64_t position)
{
	timed_append(rig,
	    &(struct record){ .topic = SLICE("M"),
		.body = SLICE("now"),
		.prepared_offset = timed_mark(position) },
	    &(struct timed_change){ .op = TIMED_DONE, .position = position });
}

static void
act_on_timed(struct rig *rig, int64_t round)
{
	int64_t soon = clock_wall_ms() + 100000;

	store_timed_message(rig, soon);
	deliver_timed_message(rig, store_timed_message(rig, soon + 1));
	carry_timed_message(rig, store_timed_message(rig, soon + 2), soon + 2);
	timed_append(rig, &(struct record){ .topic = SLICE(LEVELS), .queue_id = 3 },
	    &(struct timed_change){ 0 });
	timed_append(rig,
	    &(struct record){
		.topic = SLICE("M"), .prepared_offset = timed_level_mark(3, round + 1) },
	    &(struct timed_change){
		.op = TIMED_LEVEL, .queue = 3, .from = round, .to = round + 1 });
}

static void
act_on_halves(struct rig *rig)
{
	half_store(rig, 60000);
	half_op(rig, HALF_COMMIT, half_store(rig, 60000));
	half_op(rig, HALF_ASK, half_store(rig, 60000));
	half_op(rig, HALF_PARK, half_store(rig, 60000));
	half_op(rig, HALF_ROLLBACK, half_store(rig, 60000));
}

static void
remake_topic(struct rig *rig, const char *topic)
{
	struct meta_job *job = meta_job_new();

	job->drop_topic = mem_strdup(topic);
	cr_assert_eq(rig_meta(rig, job), 0);
	rig_fill(rig, &(struct sample){ .topic = topic, .keys = "again" }, 3);
}

/* Some of everything. */
static void
fill_master(struct rig *master)
{
	rig_init(master);
	master->options.kept_topic = LEVELS;
	master->options.segment_bytes = 300000;
	rig_open(master);
	for (unsigned round = 0; round < 5; round++) {
		char key[32];

		snprintf(key, sizeof key, "key%u", round);
		rig_fill(master,
		    &(struct sample){ .topic = "M",
			.keys = key,
			.unique_key = "unique",
			.tags = "A",
			.body_len = 700,
			.seed = round },
		    100);
		rig_fill(master, &(struct sample){ .topic = "G", .n = 7, .keys = key }, 3);
		rig_fill(master, &(struct sample){ .topic = "M", .queue_id = 1 }, 4);
		act_on_halves(master);
		act_on_timed(master, round);
		if (round % 2 == 1)
			remake_topic(master, "G");
	}
}

/* ---- its bytes ---------------------------------------------------------- */

struct log_bytes {
	int64_t first;
	struct buf bytes;
	struct ha_tag tags[64];
	size_t n_tags;
};

static int
compare_names(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int
is_segment(const struct dirent *entry)
{
	return strlen(entry->d_name) == 23 && strcmp(entry->d_name + 20, ".db") == 0;
}

static void
add_rows(struct log_bytes *log, sqlite3 *db)
{
	sqlite3_stmt *row;

	sqlite3_prepare_v2(db, "SELECT pos, records FROM log ORDER BY pos", -1, &row, NULL);
	while (sqlite3_step(row) == SQLITE_ROW)
		buf_append(
		    &log->bytes, sqlite3_column_blob(row, 1), (size_t)sqlite3_column_bytes(row, 1));
	sqlite3_finalize(row);
	sqlite3_prepare_v2(db, "SELECT pos, hash FROM tag ORDER BY pos", -1, &row, NULL);
	while (sqlite3_step(row) == SQLITE_ROW)
		log->tags[log->n_tags++] =
		    (struct ha_tag){ sqlite3_column_int64(row, 0), sqlite3_column_int64(row, 1) };
	sqlite3_finalize(row);
}

/* Of a store that is closed. */
static void
read_log(const struct rig *rig, struct log_bytes *log)
{
	char path[512];
	struct dirent **names;

	snprintf(path, sizeof path, "%s/log", rig->directory);
	int n = scandir(path, &names, is_segment, compare_names);

	*log = (struct log_bytes){ 0 };
	cr_assert_gt(n, 0);
	log->first = strtoll(names[0]->d_name, NULL, 10);
	for (int i = 0; i < n; i++) {
		sqlite3 *db;

		snprintf(path, sizeof path, "%s/log/%s", rig->directory, names[i]->d_name);
		cr_assert_eq(sqlite3_open(path, &db), SQLITE_OK);
		sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
		add_rows(log, db);
		sqlite3_close(db);
		free(names[i]);
	}
	free(names);
}

/* ---- a slave ------------------------------------------------------------ */

static void
on_applied(struct apply_job *job, struct loop *loop)
{
	struct rig *rig = job->context;

	if (--rig->outstanding == 0)
		loop_stop(loop);
}

static enum apply_status
apply_tagged(
    struct rig *rig, int64_t position, struct slice bytes, const struct ha_tag *tags, size_t n_tags)
{
	struct chunk *chunk = chunk_new(position, bytes.len);
	struct ha_tag *copy = n_tags != 0 ? mem_alloc(n_tags * sizeof tags[0]) : NULL;

	if (bytes.len != 0)
		memcpy(chunk->data, bytes.data, bytes.len);
	if (n_tags != 0)
		memcpy(copy, tags, n_tags * sizeof tags[0]);
	struct apply_job *job = apply_job_new(chunk, copy, n_tags);

	job->reply_loop = &rig->loop;
	job->done = on_applied;
	job->context = rig;
	rig->outstanding++;
	store_apply(rig->store, job);
	rig_wait(rig);
	enum apply_status status = job->status;

	apply_job_free(job);
	return status;
}

static enum apply_status
apply(struct rig *rig, int64_t position, struct slice bytes)
{
	return apply_tagged(rig, position, bytes, NULL, 0);
}

static int64_t
end_of(const struct rig *rig)
{
	struct store_stats stats;

	store_get_stats(rig->store, &stats);
	return stats.max_position;
}

/* The length of some whole records. */
static size_t
some_records(struct slice bytes, unsigned *seed)
{
	size_t len = 0, n = 1 + next_random(seed) % 40;

	for (size_t i = 0; i < n && len < bytes.len; i++)
		len += be32_get(bytes.data + len);
	return len;
}

/* All of the log from the slave's end on, in blocks of random size; `most`: no more than those. */
static void
apply_log(struct rig *slave, const struct log_bytes *log, unsigned seed, size_t most)
{
	struct slice bytes = { log->bytes.data, log->bytes.len };
	size_t at = (size_t)(end_of(slave) - log->first);
	size_t tag = 0;

	while (at < bytes.len && most-- > 0) {
		size_t len = some_records((struct slice){ bytes.data + at, bytes.len - at }, &seed);
		int64_t position = log->first + (int64_t)at;

		while (tag < log->n_tags && log->tags[tag].position < position)
			tag++;
		size_t n_tags = 0;

		while (tag + n_tags < log->n_tags &&
		       log->tags[tag + n_tags].position < position + (int64_t)len)
			n_tags++;
		cr_assert_eq(apply_tagged(slave, position, (struct slice){ bytes.data + at, len },
				 log->tags + tag, n_tags),
		    APPLY_OK);
		at += len;
	}
}

static void
init_slave(struct rig *slave, const struct rig *master)
{
	rig_init(slave);
	slave->options.kept_topic = LEVELS;
	slave->options.segment_bytes = 200000; /* its own */
	slave->options.flush = master->options.flush;
}

/* ---- the same in both --------------------------------------------------- */

static void
describe_records(struct rig *rig, const struct tail_queue *queue, struct buf *text)
{
	uint64_t sum = 0;

	for (int64_t offset = queue->min_offset; offset < queue->max_offset;) {
		struct read_job *job = rig_pull(rig, queue->number, offset, 64);

		cr_assert_eq(job->status, READ_FOUND);
		for (size_t at = 0; at < job->chunk->len; at += be32_get(job->chunk->data + at))
			sum = 31 * sum + be64_get(job->chunk->data + at + RECORD_AT_POSITION);
		offset = job->in_queue.next_offset;
		read_job_free(job);
	}
	buf_printf(text, " positions %llx\n", (unsigned long long)sum);
}

static char *
describe_queues(struct rig *rig)
{
	struct buf text = { 0 };
	static const char *const topics[] = { "M", "T", "G", HALF_TOPIC, HALF_EVENT_TOPIC,
		HALF_PARKED_TOPIC, TIMED_TOPIC, LEVELS };

	for (size_t i = 0; i < sizeof topics / sizeof topics[0]; i++)
		for (int32_t id = 0; id < 4; id++) {
			struct tail_queue *queue = tail_find(rig->tail, slice_of(topics[i]), id);

			if (queue == NULL)
				continue;
			buf_printf(&text, "%s-%d %lld..%lld", topics[i], id,
			    (long long)queue->min_offset, (long long)queue->max_offset);
			describe_records(rig, queue, &text);
		}
	return buf_take(&text);
}

static char *
describe_halves(struct rig *rig)
{
	struct buf text = { 0 };
	size_t n;
	struct half *halves = half_list(rig, &n);

	for (size_t i = 0; i < n; i++)
		buf_printf(&text, "half %lld state %d copy %lld asked %d\n",
		    (long long)halves[i].position, halves[i].state, (long long)halves[i].copy,
		    halves[i].n_asked);
	free(halves);
	return buf_take(&text);
}

static void
on_timed(struct timed_job *job, struct loop *loop)
{
	struct rig *rig = job->context;

	if (--rig->outstanding == 0)
		loop_stop(loop);
}

/* The rows of timer.db, so all of them are there only after a start. */
static char *
describe_timed(struct rig *rig)
{
	struct buf text = { 0 };
	struct timed_job *job = timed_job_new(TIMED_LIST, 100);
	struct timed_counts counts;

	job->reply_loop = &rig->loop;
	job->done = on_timed;
	job->context = rig;
	job->after = (struct timed){ .position = -1, .due_ms = -1, .clock = TIMED_STEADY };
	rig->outstanding++;
	store_timed(rig->store, job);
	rig_wait(rig);
	store_timed_counts(rig->store, &counts);
	buf_printf(&text, "waiting %lld, level 3 at %lld\n", (long long)counts.n_pending,
	    (long long)store_level(rig->store, 3));
	for (size_t i = 0; i < job->n; i++)
		buf_printf(&text, "timed %lld due %lld\n", (long long)job->found[i].position,
		    (long long)job->found[i].due_ms);
	timed_job_free(job);
	return buf_take(&text);
}

static char *
describe_keys(struct rig *rig)
{
	static const char *const keys[][2] = { { "M", "key0" }, { "M", "key4" }, { "M", "unique" },
		{ "G", "again" }, { "G", "key0" } };
	struct buf text = { 0 };

	for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
		struct read_job *job = rig_find_key(rig, keys[i][0], keys[i][1]);

		buf_printf(&text, "%s of %s: %d, %d records\n", keys[i][1], keys[i][0], job->status,
		    job->n_records);
		read_job_free(job);
	}
	return buf_take(&text);
}

static void
expect_same(struct rig *master, struct rig *slave)
{
	char *(*const views[])(
	    struct rig *) = { describe_queues, describe_halves, describe_timed, describe_keys };

	for (size_t i = 0; i < sizeof views / sizeof views[0]; i++) {
		char *left = views[i](master), *right = views[i](slave);

		cr_assert_str_eq(left, right);
		free(left);
		free(right);
	}
	char *why = half_check(slave);

	cr_assert_null(why, "%s", why);
	cr_assert_eq(end_of(master), end_of(slave));
}

static void
reopen(struct rig *rig)
{
	rig_close(rig);
	rig_open(rig);
}

/* A run in a process of its own, that ends as kill -9 would end it. */
static void
killed_apply(struct rig *slave, const struct log_bytes *log, unsigned seed, size_t most)
{
	int status;
	pid_t child = fork();

	if (child == 0) {
		loop_init(&slave->loop, 0);
		rig_open(slave);
		apply_log(slave, log, seed, most);
		_exit(0);
	}
	waitpid(child, &status, 0);
	cr_assert_eq(status, 0);
}

Test(apply, a_slave_is_what_its_master_is)
{
	struct rig master, slave;
	struct log_bytes log;

	fill_master(&master);
	rig_close(&master);
	read_log(&master, &log);
	rig_open(&master);
	for (unsigned seed = 1; seed < 4; seed++) {
		init_slave(&slave, &master);
		rig_open(&slave);
		apply_log(&slave, &log, seed, SIZE_MAX);
		if (seed == 1)
			reopen(&slave);
		/* Rows of timer.db come by the clock. */
		char *left = describe_queues(&master), *right = describe_queues(&slave);

		cr_assert_str_eq(left, right);
		free(left);
		free(right);
		reopen(&slave);
		expect_same(&master, &slave);
		rig_release(&slave);
	}
	buf_release(&log.bytes);
	rig_release(&master);
}

Test(apply, a_slave_that_is_killed_goes_on_where_it_was)
{
	struct rig master, slave;
	struct log_bytes log;

	fill_master(&master);
	rig_close(&master);
	read_log(&master, &log);
	/* No other thread is there when the process forks: it may hold a lock. */
	init_slave(&slave, &master);
	for (unsigned seed = 1; seed < 8; seed++)
		killed_apply(&slave, &log, seed, 9);
	killed_apply(&slave, &log, 9, SIZE_MAX);
	rig_open(&master);
	rig_open(&slave);
	expect_same(&master, &slave);
	buf_release(&log.bytes);
	rig_release(&slave);
	rig_release(&master);
}

Test(apply, a_slave_goes_on_as_a_master)
{
	struct rig master, slave;
	struct log_bytes log;

	fill_master(&master);
	rig_close(&master);
	read_log(&master, &log);
	init_slave(&slave, &master);
	rig_open(&slave);
	apply_log(&slave, &log, 5, SIZE_MAX);
	reopen(&slave);
	rig_open(&master);
	struct outcome ours = rig_append(&slave, &(struct sample){ .topic = "M", .seed = 7 });
	struct outcome other = rig_append(&master, &(struct sample){ .topic = "M", .seed = 7 });

	cr_assert_eq(ours.queue_offset, other.queue_offset);
	cr_assert_eq(ours.position, other.position);
	free(ours.records);
	free(other.records);
	size_t n;
	struct half *halves = half_list(&slave, &n);

	for (size_t i = 0; i < n; i++)
		if (halves[i].state != HALF_REVOCABLE)
			cr_assert_eq(
			    half_op(&slave, HALF_COMMIT, halves[i].position).status, APPEND_OK);
	free(halves);
	char *why = half_check(&slave);

	cr_assert_null(why, "%s", why);
	buf_release(&log.bytes);
	rig_release(&slave);
	rig_release(&master);
}

/* ---- bad blocks, bad disks ---------------------------------------------- */

/* A master with n messages of T; the slave is open and empty. */
static void
small_pair(struct rig *slave, struct log_bytes *log, size_t n)
{
	struct rig master;

	rig_init(&master);
	rig_open(&master);
	rig_fill(&master, &(struct sample){ .topic = "T", .keys = "k" }, n);
	rig_close(&master);
	read_log(&master, log);
	rig_release(&master);
	rig_init(slave);
}

static size_t
length_of(const struct log_bytes *log, size_t n_records)
{
	size_t len = 0;

	for (size_t i = 0; i < n_records; i++)
		len += be32_get(log->bytes.data + len);
	return len;
}

static struct slice
part(const struct log_bytes *log, size_t from, size_t to)
{
	return (struct slice){ log->bytes.data + from, to - from };
}

Test(apply, what_does_not_fit_is_refused)
{
	struct rig slave;
	struct log_bytes log;

	small_pair(&slave, &log, 10);
	size_t two = length_of(&log, 2), three = length_of(&log, 3);

	rig_open(&slave);
	cr_assert_eq(apply(&slave, 0, part(&log, 0, two - 1)), APPLY_CORRUPT, "torn");
	cr_assert_eq(apply(&slave, 0, part(&log, two, three)), APPLY_CORRUPT, "of another place");
	cr_assert_eq(apply(&slave, 0, (struct slice){ 0 }), APPLY_CORRUPT, "of nothing");
	log.bytes.data[three - 20] ^= 1; /* some of its properties, or its topic */
	log.bytes.data[two + 95] ^= 1;   /* its body */
	cr_assert_eq(apply(&slave, 0, part(&log, 0, three)), APPLY_CORRUPT, "a wrong CRC");
	cr_assert_eq(end_of(&slave), 0);
	cr_assert_eq(apply(&slave, 0, part(&log, 0, two)), APPLY_OK);
	cr_assert_eq(apply(&slave, 0, part(&log, 0, two)), APPLY_MISPLACED, "once more");
	cr_assert_eq(rig_check_queue(&slave, "T", 0), 2);
	buf_release(&log.bytes);
	rig_release(&slave);
}

Test(apply, a_log_may_begin_anywhere)
{
	struct rig slave;
	struct log_bytes log;

	small_pair(&slave, &log, 10);
	size_t four = length_of(&log, 4), seven = length_of(&log, 7);

	slave.options.segment_bytes = 100; /* each commit has a segment of its own */
	for (int flush = 0; flush < 2; flush++) {
		slave.options.flush = flush == 0 ? STORE_FLUSH_ASYNC : STORE_FLUSH_SYNC;
		rig_open(&slave);
		cr_assert_eq(apply(&slave, (int64_t)four, part(&log, four, seven)), APPLY_OK);
		cr_assert_eq(
		    apply(&slave, (int64_t)seven, part(&log, seven, log.bytes.len)), APPLY_OK);
		for (int round = 0; round < 2; round++) {
			struct tail_queue *queue = tail_find(slave.tail, SLICE("T"), 0);
			struct store_stats stats;

			cr_assert_eq(queue->min_offset, 4);
			cr_assert_eq(rig_check_queue(&slave, "T", 0), 6);
			store_get_stats(slave.store, &stats);
			cr_assert_eq(stats.min_position, (int64_t)four);
			reopen(&slave);
		}
		rig_close(&slave);
		rig_remove_tree(slave.directory);
	}
	buf_release(&log.bytes);
	rig_release(&slave);
}

/* ... and a queue whose first record is in a later segment has its own first offset. */
Test(apply, a_queue_may_begin_anywhere)
{
	struct rig master, slave;
	struct log_bytes log;

	rig_init(&master);
	rig_open(&master);
	rig_fill(&master, &(struct sample){ .topic = "U" }, 5);
	rig_fill(&master, &(struct sample){ .topic = "T" }, 5);
	rig_fill(&master, &(struct sample){ .topic = "U" }, 5);
	rig_fill(&master, &(struct sample){ .topic = "T" }, 5);
	rig_close(&master);
	read_log(&master, &log);
	rig_init(&slave);
	slave.options.segment_bytes = 100;
	rig_open(&slave);
	size_t at = length_of(&log, 5);

	for (size_t to; at < log.bytes.len; at = to) {
		to = at + be32_get(log.bytes.data + at);
		cr_assert_eq(apply(&slave, (int64_t)at, part(&log, at, to)), APPLY_OK);
	}
	for (int round = 0; round < 3; round++) {
		cr_assert_eq(tail_find(slave.tail, SLICE("U"), 0)->min_offset, 5);
		cr_assert_eq(rig_check_queue(&slave, "U", 0), 5);
		cr_assert_eq(tail_find(slave.tail, SLICE("T"), 0)->min_offset, 0);
		cr_assert_eq(rig_check_queue(&slave, "T", 0), 10);
		reopen(&slave);
	}
	buf_release(&log.bytes);
	rig_release(&slave);
	rig_release(&master);
}

/* As Apache's broker ends its files: the next record begins behind the blank. */
static void
make_blank(char *at, uint32_t size)
{
	be32_put(at, size);
	be32_put(at + 4, RECORD_BLANK_MAGIC);
	memset(at + 8, 0x55, size - 8);
}

Test(apply, blanks_take_their_place)
{
	enum { BLANK = 60 };
	struct rig slave;
	struct log_bytes log;
	struct buf bytes = { 0 };
	char blank[BLANK];

	small_pair(&slave, &log, 6);
	size_t two = length_of(&log, 2), four = length_of(&log, 4);

	make_blank(blank, BLANK);
	buf_append(&bytes, log.bytes.data, two);
	buf_append(&bytes, blank, BLANK);
	buf_append(&bytes, log.bytes.data + two, log.bytes.len - two);
	for (size_t i = 2, at = two + BLANK; i < 6; i++, at += be32_get(bytes.data + at))
		be64_put(bytes.data + at + RECORD_AT_POSITION, at);
	rig_open(&slave);
	/* In the middle of a block, ... */
	cr_assert_eq(apply(&slave, 0, (struct slice){ bytes.data, four + BLANK }), APPLY_OK);
	int64_t end = (int64_t)four + BLANK;

	/* ... at its end, cut off, with a start behind it, ... */
	cr_assert_eq(apply(&slave, end, (struct slice){ blank, 8 }), APPLY_OK);
	cr_assert_eq(end_of(&slave), end + BLANK);
	reopen(&slave);
	cr_assert_eq(end_of(&slave), end + BLANK);
	cr_assert_eq(rig_check_queue(&slave, "T", 0), 4);
	/* ... and torn otherwise. */
	cr_assert_eq(apply(&slave, end + BLANK, (struct slice){ blank, 9 }), APPLY_CORRUPT);
	slave.options.segment_bytes = 100;
	reopen(&slave);
	cr_assert_eq(apply(&slave, end + BLANK, (struct slice){ blank, BLANK }), APPLY_OK);
	char *record = bytes.data + four + BLANK;

	be64_put(record + RECORD_AT_POSITION, (uint64_t)end + 2 * BLANK);
	cr_assert_eq(
	    apply(&slave, end + 2 * BLANK, (struct slice){ record, be32_get(record) }), APPLY_OK);
	reopen(&slave);
	cr_assert_eq(rig_check_queue(&slave, "T", 0), 5);
	buf_release(&bytes);
	buf_release(&log.bytes);
	rig_release(&slave);
}

Test(apply, a_disk_that_fails_stores_nothing_and_the_rest_comes_later)
{
	struct rig slave;
	struct log_bytes log;

	vfs_fault_register();
	small_pair(&slave, &log, 10);
	size_t four = length_of(&log, 4);

	slave.options.vfs = "fault";
	rig_open(&slave);
	cr_assert_eq(apply(&slave, 0, part(&log, 0, four)), APPLY_OK);
	vfs_fault_plan(FAULT_WRITE, 1, true, SQLITE_FULL);
	cr_assert_eq(
	    apply(&slave, (int64_t)four, part(&log, four, log.bytes.len)), APPLY_DISK_FULL);
	cr_assert_eq(
	    apply(&slave, (int64_t)four, part(&log, four, log.bytes.len)), APPLY_DISK_FULL);
	cr_assert_eq(end_of(&slave), (int64_t)four);
	cr_assert_eq(rig_check_queue(&slave, "T", 0), 4);
	vfs_fault_plan(FAULT_WRITE, 0, false, SQLITE_OK);
	for (int i = 0; i < 300; i++) { /* it asks the disk once a second */
		if (apply(&slave, (int64_t)four, part(&log, four, log.bytes.len)) == APPLY_OK)
			break;
		usleep(20000);
	}
	cr_assert_eq(rig_check_queue(&slave, "T", 0), 10);
	buf_release(&log.bytes);
	rig_release(&slave);
}

/* ---- a log that is cut --------------------------------------------------- */

static void
open_cut(struct rig *rig, int64_t position)
{
	rig->options.cuts = true;
	rig->options.cut_at = position;
	rig_open(rig);
	rig->options.cuts = false;
}

/* A slave that has the log up to a position, as it is after a start. */
static void
slave_up_to(
    struct rig *slave, const struct rig *master, const struct log_bytes *log, int64_t position)
{
	struct log_bytes begin = *log;

	begin.bytes.len = (size_t)(position - log->first);
	init_slave(slave, master);
	rig_open(slave);
	apply_log(slave, &begin, 3, SIZE_MAX);
	reopen(slave);
}

/* Cut at `position`, the log has to end at `end`. */
static void
cut_and_go_on(struct rig *master, const struct log_bytes *log, int64_t position, int64_t end)
{
	struct rig cut, same;

	init_slave(&cut, master);
	rig_open(&cut);
	apply_log(&cut, log, 7, SIZE_MAX);
	rig_close(&cut);
	open_cut(&cut, position);
	slave_up_to(&same, master, log, end);
	expect_same(&same, &cut);
	rig_release(&same);
	reopen(&cut);
	apply_log(&cut, log, 11, SIZE_MAX);
	reopen(&cut);
	expect_same(master, &cut);
	rig_release(&cut);
}

static void
master_and_log(struct rig *master, struct log_bytes *log)
{
	fill_master(master);
	rig_close(master);
	read_log(master, log);
	rig_open(master);
}

static size_t
count_records(const struct log_bytes *log)
{
	size_t n = 0;

	for (size_t at = 0; at < log->bytes.len; at += be32_get(log->bytes.data + at))
		n++;
	return n;
}

Test(apply, a_log_that_is_cut_is_what_it_was_before)
{
	enum { N_CUTS = 14 };
	struct rig master;
	struct log_bytes log;

	master_and_log(&master, &log);
	size_t n_records = count_records(&log);

	for (size_t i = 0; i < N_CUTS; i++) {
		int64_t end = (int64_t)length_of(&log, 1 + n_records * i / N_CUTS);

		cut_and_go_on(&master, &log, end, end);
	}
	buf_release(&log.bytes);
	rig_release(&master);
}

Test(apply, a_log_is_cut_at_the_begin_of_a_record)
{
	struct rig master;
	struct log_bytes log;

	master_and_log(&master, &log);
	int64_t end = (int64_t)length_of(&log, 200), all = (int64_t)log.bytes.len;

	cut_and_go_on(&master, &log, end + 7, end);
	cut_and_go_on(&master, &log, 7, 0);
	cut_and_go_on(&master, &log, 0, 0);
	cut_and_go_on(&master, &log, all, all);
	cut_and_go_on(&master, &log, all + 99, all);
	buf_release(&log.bytes);
	rig_release(&master);
}

Test(apply, a_log_is_cut_where_a_segment_begins)
{
	struct rig master, slave;
	struct log_bytes log;
	struct dirent **names;
	char path[512];

	master_and_log(&master, &log);
	init_slave(&slave, &master);
	rig_open(&slave);
	apply_log(&slave, &log, 7, SIZE_MAX);
	rig_close(&slave);
	snprintf(path, sizeof path, "%s/log", slave.directory);
	int n = scandir(path, &names, is_segment, compare_names);

	cr_assert_gt(n, 2);
	for (int i = 0; i < n; i++) {
		int64_t first = strtoll(names[i]->d_name, NULL, 10);

		cut_and_go_on(&master, &log, first, first);
		free(names[i]);
	}
	free(names);
	buf_release(&log.bytes);
	rig_release(&slave);
	rig_release(&master);
}

/* A master that was replaced: its topic was deleted, and made again, in the end that goes. */
Test(apply, a_topic_that_was_deleted_behind_the_cut_is_back)
{
	struct rig rig;

	rig_init(&rig);
	rig_open(&rig);
	rig_fill(&rig, &(struct sample){ .topic = "G", .keys = "old" }, 5);
	rig_fill(&rig, &(struct sample){ .topic = "T" }, 5);
	int64_t position = end_of(&rig);

	rig_fill(&rig, &(struct sample){ .topic = "T" }, 1);
	int64_t deleted = end_of(&rig);

	remake_topic(&rig, "G");
	rig_fill(&rig, &(struct sample){ .topic = "New" }, 1);
	rig_close(&rig);
	open_cut(&rig, deleted);
	cr_assert_null(
	    tail_find(rig.tail, SLICE("G"), 0), "it was deleted when the log ended there");
	cr_assert_null(tail_find(rig.tail, SLICE("New"), 0));
	rig_close(&rig);
	rig_remove_tree(rig.directory);

	rig_open(&rig);
	rig_fill(&rig, &(struct sample){ .topic = "G", .keys = "old" }, 5);
	rig_fill(&rig, &(struct sample){ .topic = "T" }, 5);
	rig_fill(&rig, &(struct sample){ .topic = "T" }, 1);
	remake_topic(&rig, "G");
	remake_topic(&rig, "G");
	rig_close(&rig);
	open_cut(&rig, position);
	for (int round = 0; round < 2; round++) {
		cr_assert_eq(rig_check_queue(&rig, "G", 0), 5);
		cr_assert_eq(rig_check_queue(&rig, "T", 0), 5);
		struct read_job *job = rig_find_key(&rig, "G", "again");

		cr_assert_eq(job->status, READ_NOTHING);
		read_job_free(job);
		job = rig_find_key(&rig, "G", "old");
		cr_assert_eq(job->n_records, 5);
		read_job_free(job);
		reopen(&rig);
	}
	rig_fill(&rig, &(struct sample){ .topic = "G", .keys = "old" }, 1);
	cr_assert_eq(rig_check_queue(&rig, "G", 0), 6);
	rig_release(&rig);
}

/* Instead of the C library's. */
static atomic_long unlinks_until_death;

int
unlink(const char *path)
{
	if (atomic_load(&unlinks_until_death) != 0 &&
	    atomic_fetch_sub(&unlinks_until_death, 1) == 1)
		raise(SIGKILL);
	return (int)syscall(SYS_unlinkat, AT_FDCWD, path, 0);
}

static void
copy_tree(const char *from, const char *to)
{
	int status;
	pid_t child = fork();

	if (child == 0) {
		execlp("cp", "cp", "-a", from, to, (char *)NULL);
		_exit(99);
	}
	waitpid(child, &status, 0);
	cr_assert_eq(status, 0);
}

/* False: it was not killed. */
static bool
killed_cut(struct rig *rig, int64_t position, long n_writes, long n_unlinks)
{
	int status;
	pid_t child = fork();

	if (child == 0) {
		loop_init(&rig->loop, 0);
		vfs_fault_plan(FAULT_WRITE, n_writes, true, FAULT_KILL);
		atomic_store(&unlinks_until_death, n_unlinks);
		open_cut(rig, position);
		_exit(0);
	}
	waitpid(child, &status, 0);
	if (WIFEXITED(status))
		cr_assert_eq(WEXITSTATUS(status), 0);
	else
		cr_assert_eq(WTERMSIG(status), SIGKILL);
	return WIFSIGNALED(status);
}

static char *
describe(struct rig *rig)
{
	char *(*const views[])(
	    struct rig *) = { describe_queues, describe_halves, describe_timed, describe_keys };
	struct buf text = { 0 };

	for (size_t i = 0; i < sizeof views / sizeof views[0]; i++) {
		char *view = views[i](rig);

		buf_append_text(&text, view);
		free(view);
	}
	return buf_take(&text);
}

/* Whether there was such a moment. */
static bool
die_and_cut_again(
    const struct rig *full, const char *same, int64_t position, long n_writes, long n_unlinks)
{
	struct rig rig = *full;
	char directory[256];

	snprintf(directory, sizeof directory, "%s.killed", full->directory);
	copy_tree(full->directory, directory);
	rig.directory = directory;
	rig.options.path = directory;
	bool killed = killed_cut(&rig, position, n_writes, n_unlinks);

	loop_init(&rig.loop, 0);
	open_cut(&rig, position);
	char *view = describe(&rig), *why = half_check(&rig);

	cr_assert_str_eq(view, same);
	cr_assert_null(why, "%s", why);
	cr_assert_eq(end_of(&rig), position);
	free(view);
	rig_close(&rig);
	loop_release(&rig.loop);
	rig_remove_tree(directory);
	return killed;
}

Test(apply, a_cut_that_is_killed_is_made_by_the_next_start)
{
	struct rig master, full, same;
	struct log_bytes log;

	vfs_fault_register();
	master_and_log(&master, &log);
	int64_t position = (int64_t)length_of(&log, count_records(&log) / 3);

	init_slave(&full, &master);
	full.options.vfs = "fault";
	rig_open(&full);
	apply_log(&full, &log, 7, SIZE_MAX);
	rig_close(&full);
	slave_up_to(&same, &master, &log, position);
	char *view = describe(&same);
	long n_unlinks = 1, n_writes = 1;

	/* No store is open when the process forks. */
	rig_close(&same);
	rig_close(&master);
	while (die_and_cut_again(&full, view, position, 0, n_unlinks))
		n_unlinks++;
	cr_assert_gt(n_unlinks, 4);
	while (die_and_cut_again(&full, view, position, n_writes, 0))
		n_writes += 1 + n_writes / 6;
	cr_assert_gt(n_writes, 10);
	free(view);
	buf_release(&log.bytes);
	rig_release(&same);
	rig_release(&full);
	rig_release(&master);
}
