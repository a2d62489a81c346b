#include "config.h"

#include "admin/process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/base/clock.h"

#define STOP_POLL_MS 20
#define END_POLL_MS 5
#define EXIT_CANNOT_RUN 127

void
process_sleep_ms(int ms)
{
	struct timespec wait = { ms / 1000, ms % 1000 * 1000000L };

	nanosleep(&wait, NULL);
}

/* ---- what /proc says ---- */

enum image {
	IMAGE_OURS,
	IMAGE_OTHER,
	IMAGE_NONE, /* it has given back its memory: it is ending, or a zombie */
};

static enum image
image_of(pid_t pid, const char *program)
{
	char link[64], path[4096];

	snprintf(link, sizeof link, "/proc/%d/exe", (int)pid);
	ssize_t len = readlink(link, path, sizeof path - 1);
	if (len == -1)
		return errno == ENOENT ? IMAGE_NONE : IMAGE_OTHER;
	path[len] = '\0';
	char *deleted = strstr(path, " (deleted)"); /* it was built or installed anew meanwhile */
	if (deleted != NULL)
		*deleted = '\0';
	return strcmp(path, program) == 0 ? IMAGE_OURS : IMAGE_OTHER;
}

/*
 * Ticks after boot at which it began (field 22 of /proc/PID/stat); -1 when it is gone, or a zombie
 * that its parent has not asked about. A killed process is a zombie, too, while another thread of
 * it waits for the disk, and holds all that the process had.
 */
static int64_t
begin_ticks(pid_t pid)
{
	char path[64], line[1024];
	long long ticks, n_threads;
	char state;

	snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
	FILE *file = fopen(path, "re");
	if (file == NULL)
		return -1;
	size_t len = fread(line, 1, sizeof line - 1, file);
	fclose(file);
	line[len] = '\0';
	const char *after_name = strrchr(line, ')');
	if (after_name == NULL ||
	    sscanf(after_name + 1,
		" %c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %lld %*d %lld",
		&state, &n_threads, &ticks) != 3 ||
	    ((state == 'Z' || state == 'X') && n_threads <= 1))
		return -1;
	return ticks;
}

static void
read_memory(struct process *process)
{
	char path[64], line[256];
	long long kb;

	snprintf(path, sizeof path, "/proc/%d/status", (int)process->pid);
	FILE *file = fopen(path, "re");
	if (file == NULL)
		return;
	while (fgets(line, sizeof line, file) != NULL) {
		if (sscanf(line, "RssAnon: %lld", &kb) == 1)
			process->anonymous_kb = kb;
		if (sscanf(line, "VmRSS: %lld", &kb) == 1)
			process->resident_kb = kb;
	}
	fclose(file);
}

void
process_find(const char *pid_file, const char *program, struct process *process)
{
	int pid = 0;
	long long begin = 0;
	struct timespec now;
	FILE *file = fopen(pid_file, "re");

	*process = (struct process){ 0 };
	if (file == NULL)
		return;
	int n = fscanf(file, "%d %lld", &pid, &begin);
	fclose(file);
	if (n != 2 || pid <= 1)
		return;
	enum image image = image_of(pid, program);
	if (image == IMAGE_OTHER || begin_ticks(pid) != begin)
		return;
	process->ending = image == IMAGE_NONE;
	if (process->ending)
		return;
	clock_gettime(CLOCK_BOOTTIME, &now);
	process->pid = pid;
	process->up_ms =
	    now.tv_sec * 1000 + now.tv_nsec / 1000000 - begin * 1000 / sysconf(_SC_CLK_TCK);
	read_memory(process);
}

void
process_find_settled(
    const char *pid_file, const char *program, int64_t timeout_ms, struct process *process)
{
	int64_t deadline_ms = clock_mono_ms() + timeout_ms;

	process_find(pid_file, program, process);
	while (process->ending && clock_mono_ms() < deadline_ms) {
		process_sleep_ms(END_POLL_MS);
		process_find(pid_file, program, process);
	}
}

int
process_write_pid_file(const char *pid_file, pid_t pid)
{
	char next[4096], text[64];

	snprintf(next, sizeof next, "%s.new", pid_file);
	int len = snprintf(text, sizeof text, "%d\n%lld\n", (int)pid, (long long)begin_ticks(pid));
	int fd = open(next, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd == -1)
		return -1;
	bool written = write(fd, text, (size_t)len) == len;
	if (close(fd) == -1 || !written)
		return -1;
	return rename(next, pid_file);
}

/* ---- starting ---- */

/* In the child: nothing of ours but the outputs goes over. */
static void __attribute__((noreturn))
become(char *const *arguments, const char *directory, int output)
{
	sigset_t none;
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	if (null == -1 || dup2(null, STDIN_FILENO) == -1 || dup2(output, STDOUT_FILENO) == -1 ||
	    dup2(output, STDERR_FILENO) == -1 || (directory != NULL && chdir(directory) == -1))
		_exit(EXIT_CANNOT_RUN);
	execv(arguments[0], arguments);
	dprintf(STDERR_FILENO, "error: %s cannot be run: %s\n", arguments[0], strerror(errno));
	_exit(EXIT_CANNOT_RUN);
}

pid_t
process_start(char *const *arguments, const char *directory, const char *log_file)
{
	int log = open(log_file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);

	if (log == -1)
		return -1;
	pid_t pid = fork();
	if (pid == 0) {
		setsid();
		become(arguments, directory, log);
	}
	close(log);
	return pid;
}

pid_t
process_start_attached(char *const *arguments, const char *directory, int *output)
{
	int ends[2];
	pid_t us = getpid();

	if (pipe2(ends, O_CLOEXEC) == -1)
		return -1;
	pid_t pid = fork();
	if (pid == 0) {
		setpgid(0, 0); /* a ^C at the terminal is ours to pass on */
		prctl(PR_SET_PDEATHSIG, SIGTERM);
		if (getppid() != us)
			_exit(EXIT_CANNOT_RUN);
		become(arguments, directory, ends[1]);
	}
	close(ends[1]);
	if (pid == -1)
		close(ends[0]);
	else
		*output = ends[0];
	return pid;
}

int
process_capture(char *const *arguments, struct buf *output)
{
	int fd, status;
	ssize_t n;
	pid_t pid = process_start_attached(arguments, NULL, &fd);

	if (pid == -1)
		return EXIT_CANNOT_RUN;
	while ((n = read(fd, buf_reserve(output, 4096), 4096)) > 0 || (n == -1 && errno == EINTR))
		output->len += n > 0 ? (size_t)n : 0;
	close(fd);
	while (waitpid(pid, &status, 0) == -1)
		if (errno != EINTR)
			return EXIT_CANNOT_RUN;
	return WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_CANNOT_RUN;
}

/* ---- ending ---- */

bool
process_ended(pid_t pid, int *status)
{
	return waitpid(pid, status, WNOHANG) == pid;
}

static bool
is_gone(const char *pid_file, const char *program, pid_t pid)
{
	struct process process;

	waitpid(pid, NULL, WNOHANG); /* it may be our own child */
	process_find(pid_file, program, &process);
	return process.pid != pid && !process.ending;
}

static bool
wait_gone(const char *pid_file, const char *program, pid_t pid, int timeout_ms)
{
	int64_t deadline_ms = clock_mono_ms() + timeout_ms;

	while (!is_gone(pid_file, program, pid)) {
		if (clock_mono_ms() >= deadline_ms)
			return false;
		process_sleep_ms(STOP_POLL_MS);
	}
	return true;
}

int
process_stop(const char *pid_file, const char *program, int timeout_ms)
{
	struct process process;

	process_find(pid_file, program, &process);
	if (process.pid == 0)
		return process.ending ? -1 : 0;
	if (kill(process.pid, SIGTERM) == -1 && errno != ESRCH)
		return -1;
	if (wait_gone(pid_file, program, process.pid, timeout_ms))
		return 0;
	kill(process.pid, SIGKILL);
	return wait_gone(pid_file, program, process.pid, 5000) ? 1 : -1;
}

/* ---- what a log says ---- */

int64_t
process_log_size(const char *log_file)
{
	struct stat stat_of;

	return stat(log_file, &stat_of) == 0 ? stat_of.st_size : 0;
}

void
process_last_words(const char *log_file, int64_t from, char *line, size_t size)
{
	char one[2048];
	bool is_error = false;
	FILE *file = fopen(log_file, "re");

	line[0] = '\0';
	if (file == NULL)
		return;
	fseek(file, (long)from, SEEK_SET);
	while (fgets(one, sizeof one, file) != NULL) {
		bool error = strstr(one, "error: ") != NULL;

		one[strcspn(one, "\n")] = '\0';
		if (one[0] == '\0' || (is_error && !error))
			continue;
		is_error = error;
		snprintf(line, size, "%s", one);
	}
	fclose(file);
}
