#ifndef T_LIB_STORE_RIG_H
#define T_LIB_STORE_RIG_H

/*
 * A store in a temporary directory with one loop, which the test itself runs
 * while it waits: calls here look synchronous. Criterion's assertions are the
 * callers'; the rig ends the process when a promise of the store breaks.
 */

#include "broker/store/store.h"
#include "broker/store/tail/tail.h"

struct rig {
	char *directory;
	struct store_options options;
	struct store *store;
	struct loop loop;
	struct tail *tail;
	int outstanding; /* jobs without reply */
	int64_t born_ms; /* of the records made */
	/* Before rig_open: */
	struct store_listener *listener; /* NULL: none */
	bool copies;                     /* appends wait for slaves */
	bool hides;                      /* tails too */
	int copy_timeout_ms;
};

/* What a test record looks like; the zero value is fine for all but topic. */
struct sample {
	const char *topic;
	int32_t queue_id;
	const char *keys, *unique_key, *tags;
	size_t body_len; /* 0: 10 */
	size_t n;        /* records in one append; 0: 1 */
	unsigned seed;   /* of the body */
};

/* What came of an append. */
struct outcome {
	enum append_status status;
	enum append_copy copy;
	int64_t queue_offset;
	int64_t position;
	int64_t store_timestamp;
	uint32_t size;
	char *records; /* as submitted; the caller frees it */
};

void rig_init(struct rig *rig); /* makes the directory; fills options */
void rig_open(struct rig *rig);
/* NULL when it opens (and is closed again), else why not; the caller frees it. */
char *rig_refusal(struct rig *rig);
void rig_close(struct rig *rig);
void rig_release(struct rig *rig); /* and removes the directory */

struct append *rig_submit(struct rig *rig, const struct sample *sample, struct outcome *outcome);
/* Until all that was submitted was replied to. */
void rig_wait(struct rig *rig);
struct outcome rig_append(struct rig *rig, const struct sample *sample);
/* n appends at once, all OK. */
void rig_fill(struct rig *rig, const struct sample *sample, size_t n);

/* The job comes back with its answer; the caller frees it. */
struct read_job *rig_read(struct rig *rig, struct read_job *job);
struct read_job *rig_pull(struct rig *rig, int32_t queue, int64_t offset, int32_t max_messages);
struct read_job *rig_find_key(struct rig *rig, const char *topic, const char *key);
int rig_meta(struct rig *rig, struct meta_job *job);
int32_t rig_queue(struct rig *rig, const char *topic, int32_t queue_id);

/*
 * Reads all of a queue cold, and checks that its offsets have no gap, its
 * bodies their CRC and what their seed says. How many there were.
 */
int64_t rig_check_queue(struct rig *rig, const char *topic, int32_t queue_id);
void rig_remove_tree(const char *path);
/* Lets closed segments be sealed and tasks of the store's threads run: until the condition holds,
 * or dies. */
void rig_until(struct rig *rig, bool (*holds)(struct rig *rig));
/* For rig_until: the segment at position 0 can be removed, or damaged, now. */
bool rig_first_is_sealed(struct rig *rig);

#endif
