#include "config.h"

#include "broker/store/log/disk.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define FREE_STEP_BYTES (16 << 20)
#define FREE_PAUSE_US 10000

static int
sync_path(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC);

	if (fd == -1)
		return -1;
	int status = fsync(fd);
	close(fd);
	return status;
}

int
disk_sync_file(const char *path)
{
	return sync_path(path, O_RDWR);
}

int
disk_sync_directory(const char *path)
{
	return sync_path(path, O_RDONLY | O_DIRECTORY);
}

int
disk_write_back(int fd)
{
	return sync_file_range(fd, 0, 0,
	    SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER);
}

void
disk_free_slowly(int fd)
{
	struct stat file;

	if (fd == -1)
		return;
	/* The lease is given only where nobody else has the file open or mapped. */
	if (fstat(fd, &file) == 0 && file.st_nlink == 0 && fcntl(fd, F_SETLEASE, F_WRLCK) == 0)
		while (file.st_size > FREE_STEP_BYTES) {
			file.st_size -= FREE_STEP_BYTES;
			if (ftruncate(fd, file.st_size) == -1)
				break;
			usleep(FREE_PAUSE_US);
		}
	close(fd);
}
