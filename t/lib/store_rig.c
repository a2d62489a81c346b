#include "config.h"

#include "t/lib/store_rig.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/base/buf.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/mem.h"

void
rig_init(struct rig *rig)
{
	char template[] = "/tmp/store-test.XXXXXX";

	if (mkdtemp(template) == NULL)
		fatal("no temporary directory");
	*rig = (struct rig){ .directory = mem_strdup(template) };
	rig->options = (struct store_options){
		.path = rig->directory,
		.flush = STORE_FLUSH_ASYNC,
		.flush_interval_ms = 100,
		.segment_bytes = 64 << 20,
		.tail_bytes = 4 << 20,
		.queued_bytes = 64 << 20,
		.n_readers = 2,
		.store_host = { .ip = { 127, 0, 0, 1 }, .ip_len = 4, .port = 10911 },
	};
	loop_init(&rig->loop, 0);
}

void
rig_open(struct rig *rig)
{
	char *why;

	rig->store = store_open(&rig->options, &why);
	if (rig->store == NULL)
		fatal("store does not open why=\"%s\"", why);
	rig->tail = tail_new(rig->store);
	if (rig->listener != NULL)
		store_listen(rig->store, rig->listener);
	if (rig->copies)
		store_wait_for_copies(rig->store, rig->copy_timeout_ms);
	if (rig->hides)
		store_hide_uncopied(rig->store);
	store_start(rig->store, &rig->loop, &rig->tail, 1);
}

char *
rig_refusal(struct rig *rig)
{
	char *why;
	struct store *store = store_open(&rig->options, &why);

	if (store != NULL)
		store_close(store);
	return why;
}

void
rig_close(struct rig *rig)
{
	store_stop(rig->store);
	loop_drain(&rig->loop);
	tail_free(rig->tail);
	store_close(rig->store);
	rig->store = NULL;
}

static int
remove_one(const char *path, const struct stat *st, int kind, struct FTW *where)
{
	(void)st;
	(void)kind;
	(void)where;
	return remove(path);
}

void
rig_remove_tree(const char *path)
{
	nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

void
rig_release(struct rig *rig)
{
	if (rig->store != NULL)
		rig_close(rig);
	loop_release(&rig->loop);
	rig_remove_tree(rig->directory);
	free(rig->directory);
}

/* ---- jobs ------------------------------------------------------------ */

static void
came_home(struct rig *rig)
{
	if (--rig->outstanding == 0)
		loop_stop(&rig->loop);
}

void
rig_wait(struct rig *rig)
{
	if (rig->outstanding > 0)
		loop_run(&rig->loop);
}

static void
fill_body(char *body, size_t len, unsigned seed)
{
	for (size_t i = 0; i < len; i++) {
		seed = seed * 1103515245 + 12345;
		body[i] = (char)('a' + (seed >> 16) % 26);
	}
}

struct submitted {
	struct rig *rig;
	struct outcome *outcome;
};

static void
on_appended(struct append *append, struct loop *reply_loop)
{
	struct submitted *submitted = append->context;

	(void)reply_loop;
	*submitted->outcome = (struct outcome){
		.status = append->status,
		.copy = append->copy,
		.queue_offset = append->queue_offset,
		.position = append->position,
		.store_timestamp = append->store_timestamp,
		.size = append->size,
		.records = mem_alloc(append->size),
	};
	memcpy(submitted->outcome->records, append->records, append->size);
	came_home(submitted->rig);
	free(submitted);
	append_free(append);
}

static void
put_property(struct buf *buf, const char *name, const char *value)
{
	if (value != NULL)
		property_append(buf, slice_of(name), slice_of(value));
}

struct append *
rig_submit(struct rig *rig, const struct sample *sample, struct outcome *outcome)
{
	size_t n = sample->n != 0 ? sample->n : 1;
	size_t len = sample->body_len != 0 ? sample->body_len : 10;
	struct record *records = mem_zalloc(n * sizeof records[0]);
	char *bodies = mem_alloc(n * len);
	struct buf properties = { 0 };
	struct submitted *submitted = mem_alloc(sizeof *submitted);

	put_property(&properties, "KEYS", sample->keys);
	put_property(&properties, "UNIQ_KEY", sample->unique_key);
	put_property(&properties, "TAGS", sample->tags);
	for (size_t i = 0; i < n; i++) {
		fill_body(bodies + i * len, len, sample->seed + (unsigned)i);
		records[i] = (struct record){
			.queue_id = sample->queue_id,
			.flag = (int32_t)(sample->seed + i),
			.born_timestamp = clock_wall_ms(),
			.born_host = rig->options.store_host,
			.body = { bodies + i * len, len },
			.topic = slice_of(sample->topic),
			.properties = buf_slice(&properties),
		};
	}
	struct append *append = append_new(rig->store, records, n);

	*submitted = (struct submitted){ rig, outcome };
	append->reply_loop = &rig->loop;
	append->done = on_appended;
	append->context = submitted;
	rig->outstanding++;
	store_append(rig->store, append);
	buf_release(&properties);
	free(bodies);
	free(records);
	return append;
}

struct outcome
rig_append(struct rig *rig, const struct sample *sample)
{
	struct outcome outcome;

	rig_submit(rig, sample, &outcome);
	rig_wait(rig);
	return outcome;
}

void
rig_fill(struct rig *rig, const struct sample *sample, size_t n)
{
	struct outcome *outcomes = mem_alloc(n * sizeof outcomes[0]);
	struct sample one = *sample;

	for (size_t i = 0; i < n; i++) {
		rig_submit(rig, &one, &outcomes[i]);
		one.seed += (unsigned)(one.n != 0 ? one.n : 1);
	}
	rig_wait(rig);
	for (size_t i = 0; i < n; i++) {
		if (outcomes[i].status != APPEND_OK)
			fatal("append failed status=%d", outcomes[i].status);
		free(outcomes[i].records);
	}
	free(outcomes);
}

static void
on_read(struct read_job *job, struct loop *reply_loop)
{
	(void)reply_loop;
	came_home(job->context);
}

struct read_job *
rig_read(struct rig *rig, struct read_job *job)
{
	job->reply_loop = &rig->loop;
	job->done = on_read;
	job->context = rig;
	rig->outstanding++;
	store_read(rig->store, job);
	rig_wait(rig);
	return job;
}

struct read_job *
rig_pull(struct rig *rig, int32_t queue, int64_t offset, int32_t max_messages)
{
	struct pull_limits limits = { .max_messages = max_messages, .max_bytes = 1 << 20 };

	return rig_read(rig, read_queue_new(queue, offset, &limits));
}

struct read_job *
rig_find_key(struct rig *rig, const char *topic, const char *key)
{
	return rig_read(rig, read_key_new(slice_of(topic), slice_of(key), 32));
}

static void
on_meta(struct meta_job *job, struct loop *reply_loop)
{
	(void)reply_loop;
	came_home(job->context);
}

int
rig_meta(struct rig *rig, struct meta_job *job)
{
	job->reply_loop = &rig->loop;
	job->done = on_meta;
	job->context = rig;
	rig->outstanding++;
	store_meta(rig->store, job);
	rig_wait(rig);
	int status = job->status;
	meta_job_free(job);
	return status;
}

int32_t
rig_queue(struct rig *rig, const char *topic, int32_t queue_id)
{
	struct tail_queue *queue = tail_find(rig->tail, slice_of(topic), queue_id);

	return queue != NULL ? queue->number : -1;
}

/* ---- checks ---------------------------------------------------------- */

static void
check_record(const struct record *record, int64_t offset, struct slice topic, int32_t queue_id)
{
	char *expected = mem_alloc(record->body.len);

	fill_body(expected, record->body.len, (unsigned)record->flag);
	if (record->queue_offset != offset || record->queue_id != queue_id ||
	    !slice_equal(record->topic, topic) || !record_check(record) ||
	    memcmp(expected, record->body.data, record->body.len) != 0)
		fatal("wrong record offset=%lld found=%lld", (long long)offset,
		    (long long)record->queue_offset);
	free(expected);
}

int64_t
rig_check_queue(struct rig *rig, const char *topic, int32_t queue_id)
{
	struct tail_queue *queue = tail_find(rig->tail, slice_of(topic), queue_id);
	int64_t offset = queue != NULL ? queue->min_offset : 0;
	int64_t first = offset;

	while (queue != NULL && offset < queue->max_offset) {
		struct read_job *job = rig_pull(rig, queue->number, offset, 1000);
		struct record record;

		if (job->status != READ_FOUND)
			fatal("queue has a gap topic=%s queue=%d offset=%lld status=%d", topic,
			    queue_id, (long long)offset, job->status);
		for (size_t at = 0; at < job->chunk->len; at += record.size) {
			if (record_decode(job->chunk->data + at, job->chunk->len - at, &record) ==
			    -1)
				fatal("not a record at=%zu", at);
			check_record(&record, offset++, slice_of(topic), queue_id);
		}
		if (offset != job->in_queue.next_offset)
			fatal("next offset does not follow offset=%lld next=%lld",
			    (long long)offset, (long long)job->in_queue.next_offset);
		read_job_free(job);
	}
	return offset - first;
}

void
rig_until(struct rig *rig, bool (*holds)(struct rig *rig))
{
	for (int i = 0; !holds(rig); i++) {
		if (i == 2000)
			fatal("what was waited for does not come");
		usleep(5000);
		loop_drain(&rig->loop);
	}
}

bool
rig_first_is_sealed(struct rig *rig)
{
	char wal[256];

	snprintf(wal, sizeof wal, "%s/log/%020d.db-wal", rig->options.path, 0);
	return access(wal, F_OK) == -1;
}
