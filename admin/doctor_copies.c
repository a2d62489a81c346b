#include "config.h"

/* Checks of slaves and their masters. */

#include <inttypes.h>
#include <string.h>

#include "admin/copies.h"
#include "admin/doctor.h"

#define BEHIND_MS 60000

/* A view for each of doctor->brokers; the masters are asked once. */
static const struct copy_view *
views_of(struct doctor *doctor)
{
	struct arena *arena = &doctor->admin->arena;
	struct target *list = arena_zalloc(arena, (doctor->n_brokers + 1) * sizeof *list);

	if (doctor->copies != NULL)
		return doctor->copies;
	for (size_t i = 0; i < doctor->n_brokers; i++) {
		const struct doctor_broker *broker = &doctor->brokers[i];

		list[i] = (struct target){ slice_of(broker->cluster), slice_of(broker->name),
			broker->id, slice_of(broker->daemon.address) };
	}
	doctor->copies = copies_survey(doctor->admin, &(struct targets){ list, doctor->n_brokers });
	return doctor->copies;
}

/* The registered master of the slave's name; NULL: none. */
static const struct doctor_broker *
master_of(const struct doctor *doctor, const struct doctor_broker *slave)
{
	for (size_t i = 0; i < doctor->n_brokers; i++)
		if (doctor->brokers[i].id == MASTER_ID &&
		    strcmp(doctor->brokers[i].name, slave->name) == 0)
			return &doctor->brokers[i];
	return NULL;
}

static bool
is_sync_master(struct doctor *doctor, const struct doctor_broker *broker)
{
	const char *role = doctor_setting(doctor, &broker->daemon, "brokerRole");

	return role != NULL && strcmp(role, "SYNC_MASTER") == 0;
}

static void
master_missing(struct doctor *doctor)
{
	for (size_t i = 0; i < doctor->n_brokers; i++) {
		const struct doctor_broker *slave = &doctor->brokers[i];

		if (slave->id == MASTER_ID || master_of(doctor, slave) != NULL)
			continue;
		doctor_find(doctor, slave->daemon.title,
		    doctor_text(doctor,
			"%s has no master: its messages can be read from the slave, and none can "
			"be sent to it.",
			slave->name),
		    doctor_text(doctor, "registered of %s: %s with brokerId %lld", slave->name,
			slave->daemon.address, (long long)slave->id),
		    "start the master, or see its log for why it cannot register");
	}
}

static void
slave_missing(struct doctor *doctor)
{
	const struct copy_view *views = views_of(doctor);

	for (size_t i = 0; i < doctor->n_brokers; i++) {
		const struct doctor_broker *master = &doctor->brokers[i];

		if (master->id != MASTER_ID || views[i].n_listed != 0 ||
		    !is_sync_master(doctor, master))
			continue;
		doctor_find(doctor, master->daemon.title,
		    doctor_text(doctor,
			"%s is a SYNC_MASTER without a slave: nobody else has its messages.",
			master->daemon.title),
		    "no slave of its name is registered",
		    "start a slave: brokerRole=SLAVE, brokerId=1 and the same brokerName, see "
		    "mqcopies(7)");
	}
}

static void
slave_not_copying(struct doctor *doctor)
{
	const struct copy_view *views = views_of(doctor);

	for (size_t i = 0; i < doctor->n_brokers; i++) {
		const struct doctor_broker *slave = &doctor->brokers[i];

		if (slave->id == MASTER_ID || !views[i].known || views[i].linked)
			continue;
		doctor_find(doctor, slave->daemon.title,
		    doctor_text(doctor, "%s does not copy its master.", slave->daemon.title),
		    doctor_text(doctor, "%s has no replication link from it",
			master_of(doctor, slave)->daemon.title),
		    "see the slave's log: it says why its master does not let it in, or whether "
		    "the master's port listenPort+1 cannot be reached");
	}
}

static void
slave_not_in_sync(struct doctor *doctor)
{
	const struct copy_view *views = views_of(doctor);

	for (size_t i = 0; i < doctor->n_brokers; i++) {
		const struct doctor_broker *slave = &doctor->brokers[i];

		if (slave->id == MASTER_ID || !views[i].linked || views[i].in_sync ||
		    !is_sync_master(doctor, master_of(doctor, slave)))
			continue;
		doctor_find(doctor, slave->daemon.title,
		    doctor_text(doctor,
			"%s is not in sync with its SYNC_MASTER: messages are confirmed without "
			"it.",
			slave->daemon.title),
		    doctor_text(doctor, "it is %" PRId64 " bytes behind", views[i].lag_bytes),
		    "wait until it has caught up; if it does not, look at its disk and at the "
		    "network");
	}
}

static void
slave_behind(struct doctor *doctor)
{
	const struct copy_view *views = views_of(doctor);

	for (size_t i = 0; i < doctor->n_brokers; i++) {
		const struct doctor_broker *slave = &doctor->brokers[i];

		if (slave->id == MASTER_ID || !views[i].linked || views[i].lag_ms < BEHIND_MS)
			continue;
		doctor_find(doctor, slave->daemon.title,
		    doctor_text(doctor, "%s is far behind its master.", slave->daemon.title),
		    doctor_text(doctor, "%" PRId64 " bytes, for %" PRId64 " s", views[i].lag_bytes,
			views[i].lag_ms / 1000),
		    "if the master dies now, the rest is lost with its disk; look at the slave's "
		    "disk and at the network");
	}
}

static bool
share_host(struct doctor *doctor, const struct doctor_broker *a, const struct doctor_broker *b)
{
	return !doctor_is_loopback(a->daemon.address) &&
	       strcmp(doctor_host_of(doctor, a->daemon.address),
		   doctor_host_of(doctor, b->daemon.address)) == 0;
}

static void
copies_on_one_host(struct doctor *doctor)
{
	for (size_t i = 0; i < doctor->n_brokers; i++) {
		const struct doctor_broker *slave = &doctor->brokers[i];
		const struct doctor_broker *master =
		    slave->id != MASTER_ID ? master_of(doctor, slave) : NULL;

		if (master == NULL || !share_host(doctor, slave, master))
			continue;
		doctor_find(doctor, slave->daemon.title,
		    doctor_text(doctor,
			"%s is on the host of its master: both are gone when it dies.",
			slave->daemon.title),
		    doctor_text(doctor, "%s and %s", master->daemon.address, slave->daemon.address),
		    "run the slave on another host, as etc/2m-2s-sync/cluster.ini does");
	}
}

/* Masters that have a slave elsewhere: one host less would leave both names without a master. */
static void
masters_on_one_host(struct doctor *doctor)
{
	const struct copy_view *views = views_of(doctor);

	for (size_t i = 0; i < doctor->n_brokers; i++)
		for (size_t j = 0; j < i; j++) {
			const struct doctor_broker *a = &doctor->brokers[j],
						   *b = &doctor->brokers[i];

			if (a->id != MASTER_ID || b->id != MASTER_ID || views[i].n_listed == 0 ||
			    views[j].n_listed == 0 || !share_host(doctor, a, b))
				continue;
			doctor_find(doctor, b->daemon.title,
			    doctor_text(doctor,
				"%s and %s are masters on one host: nothing can be sent when it "
				"dies.",
				a->name, b->name),
			    doctor_text(doctor, "%s and %s", a->daemon.address, b->daemon.address),
			    "run each master on a host of its own, and its slave on the other's");
		}
}

const struct doctor_check doctor_copy_checks[] = {
	{ "master-missing", "a slave is there without its master", DOCTOR_ERROR, master_missing },
	{ "slave-missing", "a SYNC_MASTER has no slave", DOCTOR_WARNING, slave_missing },
	{ "slave-not-copying", "a slave does not copy its master", DOCTOR_ERROR,
	    slave_not_copying },
	{ "slave-not-in-sync", "a slave of a SYNC_MASTER is not in sync", DOCTOR_WARNING,
	    slave_not_in_sync },
	{ "slave-behind", "a slave is far behind", DOCTOR_WARNING, slave_behind },
	{ "copies-on-one-host", "a slave is on its master's host", DOCTOR_WARNING,
	    copies_on_one_host },
	{ "masters-on-one-host", "masters with slaves are on one host", DOCTOR_WARNING,
	    masters_on_one_host },
	{ NULL },
};
