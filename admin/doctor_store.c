#include "config.h"

/* Checks of disks, memory and descriptors. */

#include <stdio.h>
#include <stdlib.h>

#include "admin/doctor.h"

#define FREE_LEAST_PERCENT 5
#define OWN_FILES 256 /* descriptors that a daemon needs beside its connections */
#define MEMORY_LEAST (INT64_C(64) << 20) /* beside the tail cache */
#define MIB (1 << 20)

/* The share of the disk that is used, in percent; -1: not known. */
static int64_t
percent_used(const struct doctor_daemon *daemon)
{
	struct slice text = SLICE_NONE;
	double ratio;

	if (daemon->has_view && daemon->view.disk_total > 0)
		return 100 - daemon->view.disk_free * 100 / daemon->view.disk_total;
	for (size_t i = 0; i < daemon->n_counters; i++)
		if (slice_is(daemon->counters[i].key, "commitLogDiskRatio"))
			text = slice_trim(daemon->counters[i].value);
	return text.data != NULL && slice_to_double(text, &ratio) == 0 ? (int64_t)(ratio * 100)
	                                                               : -1;
}

static int64_t
setting_number(
    struct doctor *doctor, const struct doctor_daemon *daemon, const char *name, int64_t absent)
{
	int64_t value = absent;

	slice_to_int64(slice_of(doctor_setting(doctor, daemon, name)), &value);
	return value;
}

static const char *
disk_text(struct doctor *doctor, const struct doctor_daemon *daemon)
{
	if (!daemon->has_view)
		return doctor_text(
		    doctor, "%lld %% of the disk is used", (long long)percent_used(daemon));
	return doctor_text(doctor, "%lld %% of the disk of %.*s is used, %lld MiB are free",
	    (long long)percent_used(daemon), (int)daemon->view.store.len, daemon->view.store.data,
	    (long long)(daemon->view.disk_free / MIB));
}

static bool
is_nearly_full(const struct doctor_daemon *daemon)
{
	return percent_used(daemon) > 100 - FREE_LEAST_PERCENT;
}

static void
disk_nearly_full(struct doctor *doctor)
{
	const struct doctor_daemon *daemon;

	for (size_t i = 0; (daemon = doctor_daemon_at(doctor, i)) != NULL; i++)
		if (is_nearly_full(daemon))
			doctor_find(doctor, daemon->title,
			    doctor_text(doctor, "The disk of %s is nearly full.", daemon->title),
			    disk_text(doctor, daemon),
			    "free space on it, or lower fileReservedTime: mqadmin "
			    "updateBrokerConfig -k fileReservedTime -v HOURS");
}

static void
disk_above_ratio(struct doctor *doctor)
{
	for (size_t i = 0; i < doctor->n_brokers; i++) {
		const struct doctor_daemon *daemon = &doctor->brokers[i].daemon;
		int64_t limit = setting_number(doctor, daemon, "diskMaxUsedSpaceRatio", 100);

		if (is_nearly_full(daemon) || percent_used(daemon) < limit)
			continue;
		doctor_find(doctor, daemon->title,
		    doctor_text(doctor,
			"The disk of %s is fuller than diskMaxUsedSpaceRatio: messages are deleted "
			"before their time.",
			daemon->title),
		    doctor_text(doctor, "%s; diskMaxUsedSpaceRatio=%lld", disk_text(doctor, daemon),
			(long long)limit),
		    "free space, use a larger disk, or lower fileReservedTime");
	}
}

static bool
is_one_of(struct slice text, const char *const *names)
{
	for (; *names != NULL; names++)
		if (slice_is(text, *names))
			return true;
	return false;
}

static void
find_file_system(
    struct doctor *doctor, const char *const *kinds, const char *what, const char *advice)
{
	const struct doctor_daemon *daemon;

	for (size_t i = 0; (daemon = doctor_daemon_at(doctor, i)) != NULL; i++)
		if (daemon->has_view && is_one_of(daemon->view.file_system, kinds))
			doctor_find(doctor, daemon->title,
			    doctor_text(doctor, "%s %s", daemon->title, what),
			    doctor_text(doctor, "%.*s is on %.*s", (int)daemon->view.store.len,
				daemon->view.store.data, (int)daemon->view.file_system.len,
				daemon->view.file_system.data),
			    advice);
}

static void
store_in_memory(struct doctor *doctor)
{
	static const char *const kinds[] = { "tmpfs", "ramfs", NULL };

	find_file_system(doctor, kinds,
	    "keeps its data in memory: it is gone when the host restarts.",
	    "move the store to a disk: set storePathRootDir (storePath of a name server), or "
	    "directory in cluster.ini");
}

static void
store_on_network(struct doctor *doctor)
{
	static const char *const kinds[] = { "nfs", "cifs", "smb", "smb2", "9p", "ceph", "afs",
		"lustre", "gfs2", "ocfs2", NULL };

	find_file_system(doctor, kinds,
	    "keeps its data on a network file system, whose locks and syncs SQLite cannot trust.",
	    "move the store to a local disk: set storePathRootDir");
}

static void
file_limit_low(struct doctor *doctor)
{
	const struct doctor_daemon *daemon;

	for (size_t i = 0; (daemon = doctor_daemon_at(doctor, i)) != NULL; i++) {
		int64_t wanted = setting_number(doctor, daemon, "maxConnections", 0) + OWN_FILES;

		if (!daemon->has_view || daemon->view.file_limit == -1 ||
		    daemon->view.file_limit >= wanted - OWN_FILES)
			continue;
		doctor_find(doctor, daemon->title,
		    doctor_text(doctor, "%s may open too few files for as many connections.",
			daemon->title),
		    doctor_text(doctor,
			"the limit is %lld descriptors; maxConnections=%lld needs %lld",
			(long long)daemon->view.file_limit, (long long)(wanted - OWN_FILES),
			(long long)wanted),
		    doctor_text(doctor,
			"raise the hard limit (LimitNOFILE=%lld in its systemd unit, or ulimit "
			"-Hn), "
			"or lower maxConnections, and restart it",
			(long long)wanted));
	}
}

static void
memory_limit_low(struct doctor *doctor)
{
	for (size_t i = 0; i < doctor->n_brokers; i++) {
		const struct doctor_daemon *daemon = &doctor->brokers[i].daemon;
		int64_t cache = setting_number(doctor, daemon, "tailCacheSize", 0);

		if (!daemon->has_view || daemon->view.memory_limit == -1 ||
		    daemon->view.memory_limit >= cache + MEMORY_LEAST)
			continue;
		doctor_find(doctor, daemon->title,
		    doctor_text(doctor, "The memory limit of %s is too low.", daemon->title),
		    doctor_text(doctor,
			"its control group allows %lld MiB; tailCacheSize=%lld MiB and %lld MiB "
			"beside it are needed",
			(long long)(daemon->view.memory_limit / MIB), (long long)(cache / MIB),
			(long long)(MEMORY_LEAST / MIB)),
		    "raise memory.max (MemoryMax= of its unit, or the limit of its container), or "
		    "lower tailCacheSize");
	}
}

const struct doctor_check doctor_store_checks[] = {
	{ "disk-nearly-full", "a disk is nearly full", DOCTOR_ERROR, disk_nearly_full },
	{ "disk-above-ratio", "a disk is fuller than diskMaxUsedSpaceRatio", DOCTOR_WARNING,
	    disk_above_ratio },
	{ "store-in-memory", "data is kept in memory only", DOCTOR_ERROR, store_in_memory },
	{ "store-on-network", "data is on a network file system", DOCTOR_WARNING,
	    store_on_network },
	{ "file-limit-low", "a daemon may open too few files", DOCTOR_WARNING, file_limit_low },
	{ "memory-limit-low", "a memory limit is too low", DOCTOR_WARNING, memory_limit_low },
	{ NULL },
};
