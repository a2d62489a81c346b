#include "config.h"

#include "common/daemon/daemon_host.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "common/base/buf.h"
#include "common/base/clock.h"
#include "common/base/path.h"
#include "common/json/json_body.h"
#include "common/protocol/codes.h"
#include "common/protocol/headers.h"

#define HOSTS_FILE "/etc/hosts"
#define FILE_MAX_BYTES 262144 /* of a file that is read whole; more is not looked at */
#define ADDRESSES_MAX 8       /* of one name */
#define GROUP_DEPTH_MAX 32

/* ---- the abort mark --------------------------------------------------- */

static void
mark_path(const char *directory, char *path, size_t size)
{
	snprintf(path, size, "%s/abort", directory);
}

bool
daemon_mark_start(const char *directory)
{
	char path[4096];
	int fd;

	mark_path(directory, path, sizeof path);
	bool unclean = access(path, F_OK) == 0;
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0640);
	if (fd != -1)
		close(fd); /* without it, the next start does not know */
	return unclean;
}

void
daemon_mark_stop(const char *directory)
{
	char path[4096];

	mark_path(directory, path, sizeof path);
	unlink(path);
}

/* ---- the hosts file --------------------------------------------------- */

static struct slice
read_whole(struct arena *arena, const char *path)
{
	struct buf text = { 0 };
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd == -1)
		return SLICE_NONE;
	while (text.len < FILE_MAX_BYTES && (n = read(fd, buf_reserve(&text, 4096), 4096)) > 0)
		text.len += (size_t)n;
	close(fd);
	struct slice copy = arena_copy(arena, buf_slice(&text));
	buf_release(&text);
	return copy;
}

/* Splits off the first word; false when there is none. */
static bool
next_word(struct slice *line, struct slice *word)
{
	size_t n = 0;

	*line = slice_trim(*line);
	while (n < line->len && line->data[n] != ' ' && line->data[n] != '\t')
		n++;
	*word = (struct slice){ line->data, n };
	line->data += n;
	line->len -= n;
	return n != 0;
}

void
host_entry_find(
    struct arena *arena, struct slice hosts, struct slice name, struct host_entry *entry)
{
	struct slice *addresses = arena_alloc(arena, ADDRESSES_MAX * sizeof *addresses);
	struct slice line, address, word;

	*entry = (struct host_entry){ .name = name, .addresses = addresses };
	while (hosts.len != 0 && slice_next(&hosts, '\n', &line)) {
		const char *comment = memchr(line.data, '#', line.len);

		if (comment != NULL)
			line.len = (size_t)(comment - line.data);
		if (!next_word(&line, &address))
			continue;
		while (entry->n_addresses < ADDRESSES_MAX && next_word(&line, &word))
			if (slice_equal_nocase(word, name)) {
				addresses[entry->n_addresses++] = address;
				break;
			}
	}
}

/* ---- limits ----------------------------------------------------------- */

static int64_t
read_limit(const char *path)
{
	char text[32] = "";
	int64_t value;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd != -1 ? read(fd, text, sizeof text - 1) : -1;

	if (fd != -1)
		close(fd);
	if (n <= 0 || slice_to_int64(slice_trim((struct slice){ text, (size_t)n }), &value) == -1)
		return -1; /* "max" */
	return value;
}

/* The lowest memory.max of our control group and of those above it, as far as we see them. */
static int64_t
memory_limit(struct arena *arena)
{
	struct slice rest = read_whole(arena, "/proc/self/cgroup"), line, group = SLICE_NONE;
	int64_t least = -1;

	while (rest.len != 0 && slice_next(&rest, '\n', &line))
		if (slice_starts(line, "0::"))
			group = (struct slice){ line.data + 3, line.len - 3 };
	for (int depth = 0; group.data != NULL && depth < GROUP_DEPTH_MAX; depth++) {
		int64_t limit = read_limit(arena_printf(
		    arena, "/sys/fs/cgroup%.*s/memory.max%c", (int)group.len, group.data, '\0')
					       .data);

		if (limit != -1 && (least == -1 || limit < least))
			least = limit;
		if (group.len <= 1)
			break;
		while (group.len > 1 && group.data[group.len - 1] != '/')
			group.len--;
		if (group.len > 1)
			group.len--;
	}
	return least;
}

/* ---- the disk --------------------------------------------------------- */

static const struct {
	unsigned long magic;
	const char *name;
} file_systems[] = {
	{ 0xEF53, "ext4" },
	{ 0x58465342, "xfs" },
	{ 0x9123683E, "btrfs" },
	{ 0x2FC12FC1, "zfs" },
	{ 0x794C7630, "overlay" },
	{ 0x01021994, "tmpfs" },
	{ 0x858458F6, "ramfs" },
	{ 0x6969, "nfs" },
	{ 0xFF534D42, "cifs" },
	{ 0xFE534D42, "smb2" },
	{ 0x517B, "smb" },
	{ 0x65735546, "fuse" },
	{ 0x01021997, "9p" },
	{ 0x00C36400, "ceph" },
	{ 0x5346414F, "afs" },
	{ 0x0BD00BD0, "lustre" },
	{ 0x01161970, "gfs2" },
	{ 0x7461636F, "ocfs2" },
	{ 0xF2F52010, "f2fs" },
};

static struct slice
file_system_name(struct arena *arena, const char *directory)
{
	struct statfs stat;

	if (statfs(directory, &stat) == -1)
		return SLICE("unknown");
	unsigned long magic = (unsigned long)stat.f_type & 0xFFFFFFFFUL;
	for (size_t i = 0; i < sizeof file_systems / sizeof *file_systems; i++)
		if (file_systems[i].magic == magic)
			return slice_of(file_systems[i].name);
	return arena_printf(arena, "0x%lx", magic);
}

void
daemon_host_view(
    struct arena *arena, const char *directory, struct slice names, struct host_view *view)
{
	struct slice hosts = read_whole(arena, HOSTS_FILE), name;
	struct host_entry *entries = arena_alloc(arena, HOST_VIEW_NAMES_MAX * sizeof *entries);
	struct rlimit limit;
	char host[256] = "";

	gethostname(host, sizeof host - 1);
	view->host = arena_copy(arena, slice_of(host));
	view->file_limit = getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY
	                       ? (int64_t)limit.rlim_cur
	                       : -1;
	view->memory_limit = memory_limit(arena);
	view->store = slice_of(directory);
	view->file_system = file_system_name(arena, directory);
	path_disk_space(directory, &view->disk_total, &view->disk_free);
	view->names = entries;
	while (
	    names.len != 0 && view->n_names < HOST_VIEW_NAMES_MAX && slice_next(&names, ';', &name))
		if (name.len != 0)
			host_entry_find(arena, hosts, name, &entries[view->n_names++]);
}

/* ---- 7020 ------------------------------------------------------------- */

enum verdict
daemon_get_host_view(struct request *request)
{
	const struct host_view_header *header = request->header;
	const struct daemon *daemon = server_context(request->server);
	struct host_view view = {
		.program = slice_of(daemon->program->name),
		.version = SLICE(PACKAGE_VERSION),
		.started_ms = daemon->started_ms,
		.unclean = daemon->unclean,
	};
	struct buf text = { 0 };
	struct json_out out;

	daemon_host_view(
	    request->arena, daemon->program->directory(daemon->settings), header->names, &view);
	view.now_ms = clock_wall_ms(); /* last, as the peer compares it with its own */
	json_out_init(&out, &text);
	host_view_write(&out, &view);
	return request_reply_body(request, json_finish(&out, request->arena));
}
