#include "config.h"

#include <locale.h>
#include <signal.h>

#include "admin/admin.h"

int
main(int argc, char **argv)
{
	setlocale(LC_CTYPE, "");
	signal(SIGPIPE, SIG_IGN);
	return admin_main(argc, argv);
}
