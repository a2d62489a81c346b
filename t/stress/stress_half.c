#include "config.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/mem.h"
#include "t/lib/half_rig.h"

/*
 * What a mass of open half messages costs: memory and disk beyond their records, the rate of
 * commits beside them, a start with them. Prints figures; asserts only that none is lost.
 *
 *   stress_half [N]     open half messages; else 200,000, with sanitizers 50,000
 */

#define WAVE 1000 /* submitted before they are waited for */
#define PAIRS 50000
#define LONG_MS 3600000

static struct half_outcome outcomes[WAVE];

/* Anonymous memory of this process, kB. */
static long
anonymous_kb(void)
{
	FILE *file = fopen("/proc/self/status", "r");
	char line[200];
	long kb = 0;

	while (file != NULL && fgets(line, sizeof line, file) != NULL)
		if (sscanf(line, "RssAnon: %ld", &kb) == 1)
			break;
	if (file != NULL)
		fclose(file);
	return kb;
}

static long
size_kb(const struct rig *rig, const char *suffix)
{
	char path[256];
	struct stat st = { 0 };

	snprintf(path, sizeof path, "%s/meta.db%s", rig->directory, suffix);
	return stat(path, &st) == 0 ? (long)(st.st_size / 1024) : 0;
}

static void
wave(struct rig *rig, enum half_op op, const int64_t *positions, int n)
{
	for (int i = 0; i < n; i++) {
		struct half_change change = { .op = op, .due_in_ms = LONG_MS };

		if (positions != NULL)
			change.position = positions[i];
		half_submit(rig, &change, 0, &outcomes[i]);
	}
	rig_wait(rig);
	for (int i = 0; i < n; i++)
		if (outcomes[i].status != APPEND_OK)
			fatal("an append failed status=%d", outcomes[i].status);
}

static void
open_many(struct rig *rig, int n)
{
	for (; n > 0; n -= WAVE)
		wave(rig, HALF_STORE, NULL, n < WAVE ? n : WAVE);
}

/* What the processors gave this process, us: others on the machine do not count. */
static int64_t
cpu_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

struct pace {
	double per_s, cpu_us;
};

/* Half messages that are committed at once: how many a second, and what each costs. */
static struct pace
commit_rate(struct rig *rig)
{
	static int64_t positions[WAVE];
	int64_t begin = clock_mono_us(), cpu_begin = cpu_us();

	for (int n = 0; n < PAIRS; n += WAVE) {
		wave(rig, HALF_STORE, NULL, WAVE);
		for (int i = 0; i < WAVE; i++)
			positions[i] = outcomes[i].position;
		wave(rig, HALF_COMMIT, positions, WAVE);
	}
	return (struct pace){
		PAIRS * 1e6 / (double)(clock_mono_us() - begin),
		(double)(cpu_us() - cpu_begin) / PAIRS,
	};
}

static bool
rows_are_written(struct rig *rig)
{
	static long was;
	long now = size_kb(rig, "") + size_kb(rig, "-wal");
	bool same = now == was;

	/* Nothing is written any more when a second and a half did not change it. */
	was = now;
	usleep(1500000);
	loop_drain(&rig->loop);
	return same;
}

static int64_t
n_open(const struct rig *rig)
{
	struct half_counts counts;

	store_half_counts(rig->store, &counts);
	return counts.n_open;
}

static double
reopen(struct rig *rig)
{
	rig_close(rig);
	int64_t begin = clock_mono_us();
	rig_open(rig);
	return (double)(clock_mono_us() - begin) / 1e6;
}

int
main(int argc, char **argv)
{
	int n = argc > 1 ? atoi(argv[1]) : getenv("SANITIZERS") != NULL ? 50000 : 200000;
	struct rig rig;
	struct pace none, many;

	rig_init(&rig);
	rig_open(&rig);
	commit_rate(&rig); /* caches are warm then */
	none = commit_rate(&rig);
	rig_until(&rig, rows_are_written);
	long memory = anonymous_kb(), disk = size_kb(&rig, "") + size_kb(&rig, "-wal");
	int64_t begin = clock_mono_us();
	open_many(&rig, n);
	printf(
	    "# %d half messages stored: %.0f/s\n", n, n * 1e6 / (double)(clock_mono_us() - begin));
	rig_until(&rig, rows_are_written);
	memory = anonymous_kb() - memory;
	disk = size_kb(&rig, "") + size_kb(&rig, "-wal") - disk;
	printf("# beyond their records: memory %.1f MB, disk %.1f MB, %.0f bytes each\n",
	    (double)memory / 1024, (double)disk / 1024, (double)(memory + disk) * 1024 / n);
	many = commit_rate(&rig);
	printf("# committed: %.0f/s with none open, %.0f/s with %d open; processor time %.1f and "
	       "%.1f us each\n",
	    none.per_s, many.per_s, n, none.cpu_us, many.cpu_us);
	printf("# start with them: %.2f s\n", reopen(&rig));
	bool all = n_open(&rig) == n;
	printf("1..1\n%sok 1 - %d open half messages outlive a restart\n", all ? "" : "not ", n);
	rig_release(&rig);
	return !all;
}
