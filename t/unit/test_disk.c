#include "config.h"

#include "broker/store/log/disk.h"

#include <criterion/criterion.h>
#include <sys/statvfs.h>

#include "common/base/path.h"
#include "t/lib/store_rig.h"

/* Stands for the C library's: a partition of 1000 blocks, of which root keeps 100. */
static _Atomic unsigned n_free;

int
statvfs(const char *restrict path, struct statvfs *restrict fs)
{
	(void)path;
	*fs = (struct statvfs){
		.f_frsize = 4096,
		.f_blocks = 1000,
		.f_bfree = n_free + 100,
		.f_bavail = n_free,
	};
	return 0;
}

TestSuite(disk, .timeout = 30);

Test(disk, space_is_counted_as_df_does)
{
	int64_t total, available;

	n_free = 300;
	cr_assert_eq(path_disk_space("/", &total, &available), 0);
	cr_assert_eq(available, 300 * 4096);
	cr_assert_eq(total, 900 * 4096);
}

/* A refusal quotes the figure: one of a second ago may say the opposite. */
Test(disk, the_figure_is_of_now)
{
	struct store_stats stats;
	struct rig rig;

	n_free = 10;
	rig_init(&rig);
	rig_open(&rig);
	store_get_stats(rig.store, &stats);
	cr_assert_eq(stats.disk_free, 10 * 4096);
	n_free = 800;
	store_get_stats(rig.store, &stats);
	cr_assert_eq(stats.disk_free, 800 * 4096);
	cr_assert_eq(stats.disk_total, 900 * 4096);
	rig_release(&rig);
}
