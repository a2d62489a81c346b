/*
 * sql: executes SQL on a database and prints the rows, values separated by "|".
 *
 *   sql FILE STATEMENTS
 *   sql -w FILE STATEMENTS     stays connected until the end of its standard input
 *
 * Exit status: 0 done, 1 SQLite refused it, 2 wrong arguments.
 */

#include "config.h"

#include <sqlite3.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define BUSY_MS 10000

static int
print_row(void *arg, int n_values, char **values, char **names)
{
	(void)arg;
	(void)names;
	for (int i = 0; i < n_values; i++)
		printf("%s%s", i > 0 ? "|" : "", values[i] != NULL ? values[i] : "");
	putchar('\n');
	return 0;
}

int
main(int argc, char **argv)
{
	sqlite3 *db = NULL;
	bool stays = argc == 4 && strcmp(argv[1], "-w") == 0;
	int rc;

	if (stays)
		argv++;
	else if (argc != 3) {
		fputs("usage: sql [-w] FILE STATEMENTS\n", stderr);
		return 2;
	}
	rc = sqlite3_open_v2(argv[1], &db, SQLITE_OPEN_READWRITE, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_busy_timeout(db, BUSY_MS);
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(db, argv[2], print_row, NULL, NULL);
	if (rc != SQLITE_OK)
		fprintf(stderr, "sql: %s: %s\n", argv[1], sqlite3_errmsg(db));
	fflush(stdout);
	while (stays && getchar() != EOF)
		;
	sqlite3_close(db);
	return rc == SQLITE_OK ? 0 : 1;
}
