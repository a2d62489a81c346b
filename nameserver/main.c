#include "config.h"

#include "nameserver/namesrv.h"

int
main(int argc, char **argv)
{
	return daemon_main(&namesrv_program, argc, argv);
}
