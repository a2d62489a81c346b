#include "config.h"

/* What a broker cut off its log and kept beside its store: messages that its master does not have.
 */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "admin/cmd.h"
#include "common/base/mem.h"
#include "common/protocol/record.h"

#define ROWS_MAX 10000

/* cut-EPOCH-POSITION.log: records back to back, from this position of the log on. */
struct cut_file {
	int64_t epoch, position;
	char name[64];
};

struct cut_list {
	struct cut_file *files;
	size_t n, cap;
};

struct lost_listing {
	struct admin *admin;
	struct grid grid;
	const struct cut_file *file;
	int64_t max, n_messages, n_bytes;
};

static const struct flag lost_messages_flags[] = {
	{ 'd', "storePath", FLAG_TEXT, "FOLDER", FLAG_REQUIRED | FLAG_LOCAL, 0, 0,
	    "the storePathRootDir of the broker, on this machine" },
	{ 'm', "maxNum", FLAG_INT, "N", 0, 1, INT32_MAX, "list at most N messages; default 10000" },
	{ 0 },
};

static const struct column lost_columns[] = {
	{ "epoch", "Epoch", COLUMN_INT },
	{ "position", "Position", COLUMN_INT },
	{ "topic", "Topic", COLUMN_TEXT },
	{ "queueId", "Queue", COLUMN_INT },
	{ "queueOffset", "Offset", COLUMN_INT },
	{ "storeTime", "Stored", COLUMN_TIME },
	{ "bytes", "Bytes", COLUMN_INT },
	{ "uniqueKey", "Unique key", COLUMN_TEXT },
	{ "keys", "Keys", COLUMN_TEXT },
	{ NULL },
};

static void
put_record(struct lost_listing *listing, const struct record *record)
{
	struct grid *grid = &listing->grid;

	listing->n_messages++;
	listing->n_bytes += record->size;
	if (listing->n_messages > listing->max)
		return;
	grid_int(grid, listing->file->epoch);
	grid_int(grid, record->position);
	grid_text(grid, record->topic);
	grid_int(grid, record->queue_id);
	grid_int(grid, record->queue_offset);
	grid_int(grid, record->store_timestamp);
	grid_int(grid, (int64_t)record->size);
	grid_text(grid, property_find(record->properties, "UNIQ_KEY"));
	grid_text(grid, property_find(record->properties, "KEYS"));
}

/* -1 after admin_fail: what came before it is listed. */
static int
put_records(struct lost_listing *listing, const char *data, size_t len)
{
	struct record record;
	size_t at = 0;

	while (at < len) {
		if (len - at >= RECORD_BLANK_BYTES && record_blank(data + at, len - at) != 0) {
			at += RECORD_BLANK_BYTES; /* the end of a file of RocketMQ's log */
			continue;
		}
		if (record_decode(data + at, len - at, &record) == -1)
			return admin_fail(listing->admin, "%s is damaged at byte %zu of %zu",
			    listing->file->name, at, len);
		put_record(listing, &record);
		at += record.size;
	}
	return 0;
}

static int
list_file(struct lost_listing *listing, int directory)
{
	const char *name = listing->file->name;
	int fd = openat(directory, name, O_RDONLY | O_CLOEXEC), status;
	struct stat stat;

	if (fd == -1 || fstat(fd, &stat) == -1) {
		if (fd != -1)
			close(fd);
		return admin_fail(listing->admin, "%s cannot be read: %s", name, strerror(errno));
	}
	size_t len = (size_t)stat.st_size;
	void *data = len != 0 ? mmap(NULL, len, PROT_READ, MAP_PRIVATE, fd, 0) : NULL;

	close(fd);
	if (data == MAP_FAILED)
		return admin_fail(listing->admin, "%s cannot be read: %s", name, strerror(errno));
	status = put_records(listing, data, len);
	if (len != 0)
		munmap(data, len);
	return status;
}

static int
by_position(const void *a, const void *b)
{
	const struct cut_file *left = a, *right = b;

	if (left->position != right->position)
		return left->position < right->position ? -1 : 1;
	return (left->epoch > right->epoch) - (left->epoch < right->epoch);
}

static void
note_file(struct cut_list *list, const char *name)
{
	struct cut_file file = { 0 };
	int end = 0;

	if (strlen(name) >= sizeof file.name ||
	    sscanf(name, "cut-%" SCNd64 "-%" SCNd64 ".log%n", &file.epoch, &file.position, &end) !=
		2 ||
	    end == 0 || name[end] != '\0')
		return;
	snprintf(file.name, sizeof file.name, "%s", name);
	if (list->n == list->cap) {
		list->cap = list->cap != 0 ? 2 * list->cap : 16;
		list->files = mem_realloc(list->files, list->cap * sizeof *list->files);
	}
	list->files[list->n++] = file;
}

static int
lost_messages_run(struct admin *admin)
{
	const char *path = args_text(&admin->args, 'd');
	struct lost_listing listing = { .admin = admin,
		.max = args_number(&admin->args, 'm', ROWS_MAX) };
	struct cut_list list = { 0 };
	DIR *directory = opendir(path);
	size_t failed = 0;

	if (directory == NULL)
		return admin_fail(admin, "%s cannot be read: %s", path, strerror(errno));
	for (const struct dirent *one; (one = readdir(directory)) != NULL;)
		note_file(&list, one->d_name);
	if (list.n != 0)
		qsort(list.files, list.n, sizeof list.files[0], by_position);
	grid_open(&listing.grid, &admin->report, "messages", lost_columns);
	for (size_t i = 0; i < list.n; i++) {
		listing.file = &list.files[i];
		failed += list_file(&listing, dirfd(directory)) == -1;
	}
	grid_close(&listing.grid);
	report_int(&admin->report, "lostFiles", "Files", (int64_t)list.n);
	report_int(&admin->report, "lostMessages", "Messages", listing.n_messages);
	report_int(&admin->report, "lostBytes", "Bytes", listing.n_bytes);
	closedir(directory);
	free(list.files);
	return failed == 0 || listing.n_messages != 0 ? 0 : -1;
}

const struct subcommand lost_commands[] = {
	{ "lostMessages", lost_messages_flags, lost_messages_run,
	    "list the messages that a broker cut off its log, as its master lacks them",
	    HTTP_MAY_ADMIN },
	{ NULL },
};
