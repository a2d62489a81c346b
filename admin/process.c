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
#define KILL_TIMEOUT_MS 5000
#define EXIT_CANNOT_RUN 127

void
process_sleep_ms(int ms)
{
	struct timespec wait = { ms / 1000, ms % 1000 * 1000000L };

	nanosleep(&wait, NULL);
}

/* ---- the lock on a pid file ---- */

/* Locks the whole file. A record lock outlives exec and ends with the last thread. */
static const struct flock whole_file = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

/*
 * The holder of the lock; 0: none, -1: in another pid namespace. The query is for a read lock, so
 * that it does not see read locks. A user with no right to write the file can take a read lock, and
 * must not have us stop a process.
 */
static pid_t
lock_holder(const char *pid_file)
{
	struct flock lock = whole_file;
	int fd = open(pid_file, O_RDONLY | O_CLOEXEC);

	if (fd == -1)
		return 0;
	lock.l_type = F_RDLCK;
	int result = fcntl(fd, F_GETLK, &lock);
	close(fd);
	if (result == -1 || lock.l_type == F_UNLCK)
		return 0;
	return lock.l_pid > 0 ? lock.l_pid : -1;
}

/*
 * Ticks after boot at which the process began (field 22 of /proc/PID/stat), or -1 when /proc does
 * not say. The main thread of a killed process is a zombie while another thread waits for the disk.
 */
static int64_t
begin_ticks(pid_t pid, bool *zombie)
{
	char path[64], line[1024];
	long long ticks;
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
		" %c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %lld",
		&state, &ticks) != 2)
		return -1;
	*zombie = state == 'Z' || state == 'X';
	return ticks;
}

/* A process that ends frees its memory, and with it the program, before it closes its files. */
static bool
has_no_program(pid_t pid)
{
	char link[64], path[8];

	snprintf(link, sizeof link, "/proc/%d/exe", (int)pid);
	return readlink(link, path, sizeof path) == -1 && errno == ENOENT;
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
process_find(const char *pid_file, struct process *process)
{
	struct timespec now;
	bool zombie = false;
	pid_t pid = lock_holder(pid_file);

	*process = (struct process){ .state = PROCESS_NONE };
	if (pid == 0)
		return;
	if (pid == -1) {
		process->state = PROCESS_HIDDEN;
		return;
	}
	int64_t begin = begin_ticks(pid, &zombie);
	process->state = PROCESS_RUNS;
	process->pid = pid;
	if (begin == -1)
		return;
	if (zombie || has_no_program(pid))
		process->state = PROCESS_ENDING;
	clock_gettime(CLOCK_BOOTTIME, &now);
	process->up_ms =
	    now.tv_sec * 1000 + now.tv_nsec / 1000000 - begin * 1000 / sysconf(_SC_CLK_TCK);
	read_memory(process);
}

void
process_find_settled(const char *pid_file, int64_t timeout_ms, struct process *process)
{
	int64_t deadline_ms = clock_mono_ms() + timeout_ms;

	process_find(pid_file, process);
	while (process->state == PROCESS_ENDING && clock_mono_ms() < deadline_ms) {
		process_sleep_ms(END_POLL_MS);
		process_find(pid_file, process);
	}
}

/* In the child. The open file keeps the lock. 0, or -1 with errno. */
static int
hold_pid_file(const char *pid_file)
{
	struct flock lock = whole_file;
	char text[32];
	int len = snprintf(text, sizeof text, "%d\n", (int)getpid());
	/* NOLINTNEXTLINE(android-cloexec-open): exec must not close it */
	int fd = open(pid_file, O_RDWR | O_CREAT, 0644);

	if (fd == -1 || fcntl(fd, F_SETLK, &lock) == -1 || ftruncate(fd, 0) == -1)
		return -1;
	return pwrite(fd, text, (size_t)len, 0) == len ? 0 : -1;
}

/* ---- starting ---- */

/* In the child. The daemon gets the three standard descriptors and its pid file, nothing else. */
static void __attribute__((noreturn)) become(const struct launch *launch, int output)
{
	sigset_t none;
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	if (null == -1 || dup2(null, STDIN_FILENO) == -1 || dup2(output, STDOUT_FILENO) == -1 ||
	    dup2(output, STDERR_FILENO) == -1 ||
	    (launch->directory != NULL && chdir(launch->directory) == -1))
		_exit(EXIT_CANNOT_RUN);
	if (launch->pid_file != NULL && hold_pid_file(launch->pid_file) == -1) {
		dprintf(STDERR_FILENO, "error: pid file %s cannot be written and locked: %s\n",
		    launch->pid_file, strerror(errno));
		_exit(EXIT_CANNOT_RUN);
	}
	execv(launch->arguments[0], launch->arguments);
	dprintf(
	    STDERR_FILENO, "error: %s cannot be run: %s\n", launch->arguments[0], strerror(errno));
	_exit(EXIT_CANNOT_RUN);
}

pid_t
process_start(const struct launch *launch, const char *log_file)
{
	int log = open(log_file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);

	if (log == -1)
		return -1;
	pid_t pid = fork();
	if (pid == 0) {
		setsid();
		become(launch, log);
	}
	close(log);
	return pid;
}

pid_t
process_start_attached(const struct launch *launch, int *output)
{
	int ends[2];
	pid_t us = getpid();

	if (pipe2(ends, O_CLOEXEC) == -1)
		return -1;
	pid_t pid = fork();
	if (pid == 0) {
		setpgid(0, 0); /* a ^C at the terminal reaches us, and we pass it on */
		prctl(PR_SET_PDEATHSIG, SIGTERM);
		if (getppid() != us)
			_exit(EXIT_CANNOT_RUN);
		become(launch, ends[1]);
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
	pid_t pid = process_start_attached(&(struct launch){ .arguments = arguments }, &fd);

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
wait_gone(const char *pid_file, pid_t pid, int timeout_ms)
{
	int64_t deadline_ms = clock_mono_ms() + timeout_ms;

	for (;;) {
		waitpid(pid, NULL, WNOHANG); /* it may be our own child */
		if (lock_holder(pid_file) != pid)
			return true;
		if (clock_mono_ms() >= deadline_ms)
			return false;
		process_sleep_ms(STOP_POLL_MS);
	}
}

enum process_stop
process_stop(const char *pid_file, int timeout_ms)
{
	pid_t pid = lock_holder(pid_file);

	if (pid == 0)
		return PROCESS_STOPPED;
	if (pid == -1) {
		errno = ESRCH;
		return PROCESS_STOP_FAILED;
	}
	if (kill(pid, SIGTERM) == -1 && errno != ESRCH)
		return PROCESS_STOP_FAILED;
	if (wait_gone(pid_file, pid, timeout_ms))
		return PROCESS_STOPPED;
	kill(pid, SIGKILL);
	if (wait_gone(pid_file, pid, KILL_TIMEOUT_MS))
		return PROCESS_KILLED;
	errno = ETIMEDOUT;
	return PROCESS_STOP_FAILED;
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
