#include "config.h"

#include "common/base/path.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "common/base/buf.h"
#include "common/base/mem.h"

static int
fail(char **why, const char *path, const char *what, const char *advice)
{
	int error = errno;
	struct buf text = { 0 };

	buf_printf(&text, "directory %s cannot be %s: %s%s", path, what, strerror(error), advice);
	*why = buf_take(&text);
	return -1;
}

/* Each parent in turn, then the directory itself; `path` is as it was in the end. */
static int
make_each(char *path, char **why)
{
	for (char *at = path + 1;; at++) {
		char end = *at;

		if (end != '/' && end != '\0')
			continue;
		*at = '\0';
		if (mkdir(path, 0750) == -1 && errno != EEXIST)
			return fail(why, path, "made", "");
		*at = end;
		if (end == '\0')
			return 0;
	}
}

int
path_make_directory(const char *path, char **why)
{
	char *copy = mem_strdup(path);
	int result = make_each(copy, why);

	free(copy);
	if (result == 0 && access(path, R_OK | W_OK | X_OK) == -1)
		result = fail(why, path, "written", "; give it to the user who runs this");
	return result;
}

char *
path_at_home(const char *name)
{
	const char *home = getenv("HOME");
	struct buf path = { 0 };

	if (home != NULL && home[0] == '/')
		buf_printf(&path, "%s/", home);
	buf_append_text(&path, name);
	return buf_take(&path);
}

int
path_disk_space(const char *path, int64_t *total, int64_t *available)
{
	struct statvfs fs;

	if (statvfs(path, &fs) == -1)
		return -1;
	/* Blocks kept for root, or beyond a quota, are neither used nor available. */
	*available = (int64_t)(fs.f_bavail * fs.f_frsize);
	*total = (int64_t)((fs.f_blocks - fs.f_bfree) * fs.f_frsize) + *available;
	return 0;
}
