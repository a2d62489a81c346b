#include "config.h"

#include "broker/context.h"

int
main(int argc, char **argv)
{
	return daemon_main(&broker_program, argc, argv);
}
