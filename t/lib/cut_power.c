/*
 * cut_power DIRECTORY: the file system of the directory, ext4, is cut off from its disk as by a
 * power cut. What was not synced is lost with the next umount; until then all I/O there fails.
 * Exit status: 0 done, 1 it cannot be done here.
 */

#include "config.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* From the kernel's fs/ext4/ext4.h; xfs has the same. */
#define FS_IOC_SHUTDOWN _IOR('X', 125, uint32_t)
#define GOING_DOWN_WITHOUT_LOG_FLUSH 2

int
main(int argc, char **argv)
{
	uint32_t how = GOING_DOWN_WITHOUT_LOG_FLUSH;
	int fd = argc == 2 ? open(argv[1], O_RDONLY | O_CLOEXEC) : -1;

	if (fd == -1 || ioctl(fd, FS_IOC_SHUTDOWN, &how) == -1) {
		perror("cut_power");
		return 1;
	}
	close(fd);
	return 0;
}
