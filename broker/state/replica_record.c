#include "config.h"

#include "broker/state/replica_record.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/arena.h"
#include "common/base/buf.h"
#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/mem.h"
#include "common/json/json_body.h"

#define FILE_NAME "replica.json"
#define FILE_BYTES_MAX (1 << 20)

static const char *const roles[] = { "configured", "master", "slave" };
static const char *const moves[] = { "none", "begun", "done" };
static const char *const causes[] = { "configured", "lost", "gaveWay", "replaced" };

const char *
replica_cause_name(enum replica_cause cause)
{
	return causes[cause];
}

struct content {
	int64_t id;
	enum replica_role role;
	int64_t promoted;
	char check_code[128];
	int64_t cut_at;
	bool forgot_epochs;
	struct replica_moved moved;
	int64_t began_ms;
	struct replica_change change;
	size_t n;
	struct replica_epoch epochs[REPLICA_EPOCHS_MAX];
};

struct replica_record {
	pthread_mutex_t lock;
	char *directory;
	struct content now;
};

/* ---- The file ---- */

static void
content_write(struct json_out *out, const struct content *content)
{
	json_open_object(out);
	json_member_put_int(out, "id", content->id);
	json_member_put_text(out, "role", roles[content->role]);
	json_member_put_int(out, "promoted", content->promoted);
	json_member_put_text(out, "checkCode", content->check_code);
	json_member_put_int(out, "cutAt", content->cut_at);
	json_member_put_bool(out, "forgotEpochs", content->forgot_epochs);
	if (content->moved.state != REPLICA_MOVE_NONE) {
		json_member_put_text(out, "move", moves[content->moved.state]);
		json_member_put_bool(out, "moveSync", content->moved.sync);
		json_member_put_text(out, "moveFrom", content->moved.from);
	}
	json_member_put_int(out, "began", content->began_ms);
	json_member_put_int(out, "changed", content->change.at_ms);
	json_member_put_int(out, "changedEpoch", content->change.epoch);
	json_member_put_text(out, "cause", causes[content->change.cause]);
	json_member_put_text(out, "peer", content->change.peer);
	json_key(out, "epochs");
	json_open_array(out);
	for (size_t i = 0; i < content->n; i++) {
		json_open_array(out);
		json_put_int(out, content->epochs[i].epoch);
		json_put_int(out, content->epochs[i].position);
		json_close_array(out);
	}
	json_close_array(out);
	json_close_object(out);
}

static int
read_epoch(struct arena *arena, const struct json *json, void *item)
{
	struct replica_epoch *epoch = item;

	(void)arena;
	if (json == NULL || json->type != JSON_ARRAY || json->n_children != 2)
		return -1;
	return json_int64(json->first, &epoch->epoch) == 0 &&
	               json_int64(json->first->next, &epoch->position) == 0
	           ? 0
	           : -1;
}

static int
content_read(struct arena *arena, struct slice text, struct content *content)
{
	const struct json *json = json_parse(arena, text);
	const struct replica_epoch *epochs;
	struct slice code = json_member_text(json, "checkCode");
	struct slice from = json_member_text(json, "moveFrom");
	struct slice peer = json_member_text(json, "peer");

	if (!json_is_object(json) || code.len >= sizeof content->check_code ||
	    from.len >= sizeof content->moved.from || peer.len >= sizeof content->change.peer)
		return -1;
	*content = (struct content){
		.id = json_member_int64(json, "id", 0),
		.promoted = json_member_int64(json, "promoted", 0),
		.cut_at = json_member_int64(json, "cutAt", -1),
		.forgot_epochs = json_member_bool(json, "forgotEpochs", false),
		.role = (enum replica_role)json_enum(json_member(json, "role"), roles, 3, 0),
		.began_ms = json_member_int64(json, "began", 0),
		.change = { .at_ms = json_member_int64(json, "changed", 0),
		    .epoch = json_member_int64(json, "changedEpoch", 0),
		    .cause =
			(enum replica_cause)json_enum(json_member(json, "cause"), causes, 4, 0) },
	};
	if (code.len > 0)
		memcpy(content->check_code, code.data, code.len);
	content->moved.state =
	    (enum replica_move)json_enum(json_member(json, "move"), moves, 3, REPLICA_MOVE_NONE);
	content->moved.sync = json_member_bool(json, "moveSync", false);
	if (from.len > 0)
		memcpy(content->moved.from, from.data, from.len);
	if (peer.len > 0)
		memcpy(content->change.peer, peer.data, peer.len);
	epochs = json_items(arena, json_member(json, "epochs"), JSON_ARRAY, sizeof *epochs,
	    read_epoch, &content->n);
	if (epochs == NULL || content->n > REPLICA_EPOCHS_MAX)
		return -1;
	/* Of a version that did not say so. */
	content->forgot_epochs |= content->n == REPLICA_EPOCHS_MAX;
	for (size_t i = 0; i < content->n; i++)
		content->epochs[i] = epochs[i];
	return 0;
}

static int
sync_directory(const char *directory)
{
	int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC), status;

	if (fd == -1)
		return -1;
	status = fsync(fd);
	close(fd);
	return status;
}

static int
write_synced(const char *path, const struct buf *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
	bool whole;

	if (fd == -1)
		return -1;
	whole = write(fd, text->data, text->len) == (ssize_t)text->len && fsync(fd) == 0;
	return close(fd) == 0 && whole ? 0 : -1;
}

/* Replaces the file, then the content in memory. Under the lock. */
static int
save(struct replica_record *record, const struct content *content)
{
	struct buf text = { 0 }, path = { 0 }, fresh = { 0 };
	struct json_out out;
	int status = 0;

	json_out_init(&out, &text);
	content_write(&out, content);
	buf_printf(&path, "%s/" FILE_NAME, record->directory);
	buf_printf(&fresh, "%s/" FILE_NAME ".new", record->directory);
	if (write_synced(buf_text(&fresh), &text) == -1 ||
	    rename(buf_text(&fresh), buf_text(&path)) == -1 ||
	    sync_directory(record->directory) == -1) {
		log_error("cannot write what this replica knows about itself path=%s error=\"%s\"",
		    buf_text(&path), strerror(errno));
		status = -1;
	} else {
		record->now = *content;
	}
	buf_release(&text);
	buf_release(&path);
	buf_release(&fresh);
	return status;
}

static int
load(struct replica_record *record)
{
	struct buf path = { 0 }, text = { 0 };
	struct arena arena = { 0 };
	int fd, status = 0;
	ssize_t n;

	buf_printf(&path, "%s/" FILE_NAME, record->directory);
	fd = open(buf_text(&path), O_RDONLY | O_CLOEXEC);
	if (fd != -1) {
		while (
		    text.len < FILE_BYTES_MAX && (n = read(fd, buf_reserve(&text, 4096), 4096)) > 0)
			text.len += (size_t)n;
		close(fd);
		status = content_read(&arena, buf_slice(&text), &record->now);
	} else if (errno != ENOENT) {
		status = -1;
	}
	if (status == -1)
		log_error("cannot read what this replica knows about itself path=%s: without it "
			  "its log cannot be compared with others'; if it is lost, begin with an "
			  "empty store",
		    buf_text(&path));
	arena_release(&arena);
	buf_release(&path);
	buf_release(&text);
	return status;
}

struct replica_record *
replica_record_open(const char *directory)
{
	struct replica_record *record = mem_zalloc(sizeof *record);

	pthread_mutex_init(&record->lock, NULL);
	record->directory = mem_strdup(directory);
	record->now.cut_at = -1;
	if (load(record) == 0)
		return record;
	replica_record_free(record);
	return NULL;
}

void
replica_record_free(struct replica_record *record)
{
	if (record == NULL)
		return;
	pthread_mutex_destroy(&record->lock);
	free(record->directory);
	free(record);
}

/* ---- Reading ---- */

int64_t
replica_record_id(struct replica_record *record)
{
	pthread_mutex_lock(&record->lock);
	int64_t id = record->now.id;
	pthread_mutex_unlock(&record->lock);
	return id;
}

enum replica_role
replica_record_role(struct replica_record *record)
{
	pthread_mutex_lock(&record->lock);
	enum replica_role role = record->now.role;
	pthread_mutex_unlock(&record->lock);
	return role;
}

int64_t
replica_record_promoted(struct replica_record *record)
{
	pthread_mutex_lock(&record->lock);
	int64_t epoch = record->now.promoted;
	pthread_mutex_unlock(&record->lock);
	return epoch;
}

int64_t
replica_record_last_epoch(struct replica_record *record)
{
	pthread_mutex_lock(&record->lock);
	int64_t epoch = record->now.n > 0 ? record->now.epochs[record->now.n - 1].epoch : 0;
	pthread_mutex_unlock(&record->lock);
	return epoch;
}

int64_t
replica_record_began_ms(struct replica_record *record)
{
	pthread_mutex_lock(&record->lock);
	int64_t began_ms = record->now.began_ms;
	pthread_mutex_unlock(&record->lock);
	return began_ms;
}

void
replica_record_change(struct replica_record *record, struct replica_change *change)
{
	pthread_mutex_lock(&record->lock);
	*change = record->now.change;
	pthread_mutex_unlock(&record->lock);
}

size_t
replica_record_epochs(
    struct replica_record *record, struct replica_epoch epochs[static REPLICA_EPOCHS_MAX])
{
	size_t n;

	pthread_mutex_lock(&record->lock);
	n = record->now.n;
	memcpy(epochs, record->now.epochs, n * sizeof *epochs);
	pthread_mutex_unlock(&record->lock);
	return n;
}

bool
replica_record_forgot_epochs(struct replica_record *record)
{
	pthread_mutex_lock(&record->lock);
	bool forgot = record->now.forgot_epochs;
	pthread_mutex_unlock(&record->lock);
	return forgot;
}

int64_t
replica_record_cut_at(struct replica_record *record)
{
	pthread_mutex_lock(&record->lock);
	int64_t position = record->now.cut_at;
	pthread_mutex_unlock(&record->lock);
	return position;
}

void
replica_record_moved(struct replica_record *record, struct replica_moved *moved)
{
	pthread_mutex_lock(&record->lock);
	*moved = record->now.moved;
	pthread_mutex_unlock(&record->lock);
}

/* ---- Changes ---- */

int
replica_record_set_moved(struct replica_record *record, const struct replica_moved *moved)
{
	struct content fresh;
	int status;

	pthread_mutex_lock(&record->lock);
	fresh = record->now;
	fresh.moved = *moved;
	status = save(record, &fresh);
	pthread_mutex_unlock(&record->lock);
	return status;
}

void
replica_record_check_code(
    struct replica_record *record, struct slice address, char code[static 128])
{
	struct content fresh;
	uint64_t number = 0;

	pthread_mutex_lock(&record->lock);
	fresh = record->now;
	if (fresh.check_code[0] == '\0') {
		if (getrandom(&number, sizeof number, 0) != sizeof number)
			fatal("no random numbers");
		snprintf(fresh.check_code, sizeof fresh.check_code, "%.*s;%016llx",
		    (int)(address.len < 100 ? address.len : 100), address.data,
		    (unsigned long long)number);
		/* Unsaved, the next application has another code, and gets another id. */
		if (save(record, &fresh) == -1)
			record->now = fresh;
	}
	memcpy(code, record->now.check_code, sizeof fresh.check_code);
	pthread_mutex_unlock(&record->lock);
}

int
replica_record_set_id(struct replica_record *record, int64_t id)
{
	struct content fresh;
	int status;

	pthread_mutex_lock(&record->lock);
	fresh = record->now;
	fresh.id = id;
	if (id == 0)
		fresh.check_code[0] = '\0';
	status = save(record, &fresh);
	pthread_mutex_unlock(&record->lock);
	return status;
}

int
replica_record_set_role(struct replica_record *record, enum replica_role role, int64_t promoted,
    const struct replica_change *change)
{
	struct content fresh;
	int status;

	pthread_mutex_lock(&record->lock);
	fresh = record->now;
	fresh.role = role;
	fresh.promoted = promoted;
	fresh.change = *change;
	status = save(record, &fresh);
	pthread_mutex_unlock(&record->lock);
	return status;
}

static void
add_epoch(struct content *content, struct replica_epoch epoch)
{
	while (content->n > 0 && (content->epochs[content->n - 1].position >= epoch.position ||
				     content->epochs[content->n - 1].epoch >= epoch.epoch))
		content->n--;
	if (content->n == REPLICA_EPOCHS_MAX) {
		memmove(&content->epochs[0], &content->epochs[1],
		    --content->n * sizeof content->epochs[0]);
		content->forgot_epochs = true;
	}
	content->epochs[content->n++] = epoch;
}

int
replica_record_begin_epoch(struct replica_record *record, int64_t epoch, int64_t position)
{
	struct content fresh;
	int status;

	pthread_mutex_lock(&record->lock);
	fresh = record->now;
	add_epoch(&fresh, (struct replica_epoch){ epoch, position });
	fresh.began_ms = clock_wall_ms();
	if (fresh.promoted <= epoch)
		fresh.promoted = 0;
	status = save(record, &fresh);
	pthread_mutex_unlock(&record->lock);
	return status;
}

int
replica_record_take_epochs(struct replica_record *record, const struct replica_epoch *epochs,
    size_t n, bool forgot, int64_t max_position)
{
	struct content fresh;
	int status = 0;

	pthread_mutex_lock(&record->lock);
	fresh = record->now;
	fresh.n = 0;
	fresh.forgot_epochs = forgot;
	for (size_t i = 0; i < n && epochs[i].position <= max_position; i++)
		add_epoch(&fresh, epochs[i]);
	if (fresh.n != record->now.n || fresh.forgot_epochs != record->now.forgot_epochs ||
	    memcmp(fresh.epochs, record->now.epochs, fresh.n * sizeof fresh.epochs[0]) != 0)
		status = save(record, &fresh);
	pthread_mutex_unlock(&record->lock);
	return status;
}

int
replica_record_cut(struct replica_record *record, int64_t position)
{
	struct content fresh;

	pthread_mutex_lock(&record->lock);
	fresh = record->now;
	fresh.cut_at = position;
	int status = save(record, &fresh);
	pthread_mutex_unlock(&record->lock);
	return status;
}

int
replica_record_was_cut(struct replica_record *record, int64_t end)
{
	struct content fresh;

	pthread_mutex_lock(&record->lock);
	fresh = record->now;
	fresh.cut_at = -1;
	while (fresh.n > 0 && fresh.epochs[fresh.n - 1].position > end)
		fresh.n--;
	if (fresh.n == 0 && end == -1)
		fresh.forgot_epochs = false;
	int status = save(record, &fresh);
	pthread_mutex_unlock(&record->lock);
	return status;
}
