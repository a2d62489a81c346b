/*
 * mqbroker for tests and measurements. The environment variable FAULT puts the store on a VFS that
 * fails as it says (vfs_fault.h); TWINMQ_WITHOUT turns off tricks of broker/store/sqlite/README, as
 * in TWINMQ_WITHOUT=map,recycle.
 */

#include "config.h"

#include <stdlib.h>

#include "broker/context.h"
#include "broker/store/sqlite/trick.h"
#include "common/base/log.h"
#include "t/lib/vfs_fault.h"

int
main(int argc, char **argv)
{
	const char *without = getenv("TWINMQ_WITHOUT");
	unsigned tricks = 0;

	if (without != NULL && tricks_parse(without, &tricks) == -1)
		fatal("TWINMQ_WITHOUT names a trick that is not in broker/store/sqlite/README");
	broker_without_tricks(tricks);
	if (getenv("FAULT") != NULL) {
		vfs_fault_register();
		vfs_fault_plan_from_environment();
		broker_use_vfs("fault");
	}
	return daemon_main(&broker_program, argc, argv);
}
