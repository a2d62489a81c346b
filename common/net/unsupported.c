#include "config.h"

#include "common/net/unsupported.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "common/base/buf.h"
#include "common/base/clock.h"
#include "common/base/hash.h"
#include "common/base/log.h"
#include "common/base/mem.h"
#include "common/protocol/codes.h"
#include "common/protocol/name.h"

#define N_PLACES (2 * UNSUPPORTED_KEPT) /* a power of two */
#define MINUTE_MS 60000

struct unsupported {
	pthread_mutex_t lock;
	uint64_t *seen; /* N_PLACES hashes, 0: none; NULL before the first */
	size_t n_seen;
	bool told_full;
	int64_t minute_ms; /* when the minute of n_lines began */
	int n_lines;
	_Atomic uint64_t n_requests;
};

struct unsupported *
unsupported_new(void)
{
	struct unsupported *unsupported = mem_zalloc(sizeof *unsupported);

	pthread_mutex_init(&unsupported->lock, NULL);
	return unsupported;
}

void
unsupported_free(struct unsupported *unsupported)
{
	pthread_mutex_destroy(&unsupported->lock);
	free(unsupported->seen);
	free(unsupported);
}

/* The group that the header names; absent: none, or it is no name. */
static struct slice
group_of(const struct command *command)
{
	static const char *const keys[] = { "consumerGroup", "group", "producerGroup" };

	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
		for (size_t j = 0; j < command->n_ext; j++) {
			if (slice_is(command->ext[j].key, keys[i]) &&
			    name_fault(NAME_GROUP, command->ext[j].value) == NULL)
				return command->ext[j].value;
		}
	}
	return SLICE_NONE;
}

static uint64_t
key_of(struct conn *conn, const struct command *command, struct slice group)
{
	struct host host = conn_peer_host(conn);
	struct buf key = { 0 };

	buf_append(&key, (const char *)&command->code, sizeof command->code);
	if (group.data != NULL)
		buf_append_slice(&key, group);
	else
		buf_append(&key, (const char *)host.ip, host.ip_len);
	uint64_t hash = hash_wide(buf_slice(&key));

	buf_release(&key);
	return hash != 0 ? hash : 1;
}

/* Its place, or the free one where it belongs. */
static uint64_t *
place_of(struct unsupported *unsupported, uint64_t hash)
{
	size_t at = hash & (N_PLACES - 1);

	while (unsupported->seen[at] != 0 && unsupported->seen[at] != hash)
		at = (at + 1) & (N_PLACES - 1);
	return &unsupported->seen[at];
}

enum note {
	NOTE_NOTHING,
	NOTE_REQUEST,
	NOTE_FULL,
};

/* Below the lock. */
static enum note
decide(struct unsupported *unsupported, uint64_t hash, int64_t now_ms)
{
	if (unsupported->seen == NULL)
		unsupported->seen = mem_zalloc(N_PLACES * sizeof *unsupported->seen);
	uint64_t *place = place_of(unsupported, hash);

	if (*place == hash || unsupported->told_full)
		return NOTE_NOTHING;
	if (unsupported->n_lines == 0 || now_ms - unsupported->minute_ms >= MINUTE_MS) {
		unsupported->minute_ms = now_ms;
		unsupported->n_lines = 0;
	}
	if (unsupported->n_lines == UNSUPPORTED_LINES_PER_MINUTE)
		return NOTE_NOTHING;
	unsupported->n_lines++;
	if (unsupported->n_seen == UNSUPPORTED_KEPT) {
		unsupported->told_full = true;
		return NOTE_FULL;
	}
	*place = hash;
	unsupported->n_seen++;
	return NOTE_REQUEST;
}

void
unsupported_note(struct unsupported *unsupported, struct conn *conn, const struct command *command)
{
	struct slice group = group_of(command);
	uint64_t hash = key_of(conn, command, group);

	atomic_fetch_add_explicit(&unsupported->n_requests, 1, memory_order_relaxed);
	pthread_mutex_lock(&unsupported->lock);
	enum note note = decide(unsupported, hash, clock_mono_ms());

	pthread_mutex_unlock(&unsupported->lock);
	if (note == NOTE_REQUEST)
		log_warn("a request is not supported, the client gets code 3 code=%d name=%s "
			 "client=%s language=%s version=%d group=%.*s",
		    command->code, request_code_name(command->code), conn_peer_text(conn),
		    command_language_name(command->language), command->version, (int)group.len,
		    group.data != NULL ? group.data : "");
	if (note == NOTE_FULL)
		log_warn("further requests that are not supported are only counted n=%d",
		    UNSUPPORTED_KEPT);
}

uint64_t
unsupported_count(const struct unsupported *unsupported)
{
	return atomic_load_explicit(&unsupported->n_requests, memory_order_relaxed);
}
