/* mqbroker on a VFS that fails when the environment variable FAULT says so; see vfs_fault.h. */

#include "config.h"

#include "broker/context.h"
#include "t/lib/vfs_fault.h"

int
main(int argc, char **argv)
{
	vfs_fault_register();
	vfs_fault_plan_from_environment();
	broker_use_vfs("fault");
	return daemon_main(&broker_program, argc, argv);
}
