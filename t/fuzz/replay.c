#include "config.h"

/*
 * main() of the fuzz targets in builds without libFuzzer: each file of
 * $SRCDIR/t/fuzz/corpus/NAME (the program is fuzz_NAME), or each file named as an
 * argument, is one case of TAP.
 */

#include <glob.h>
#include <stdio.h>
#include <string.h>

#include "t/fuzz/fuzz.h"

/* In memory of just its size, so that AddressSanitizer sees a read behind the end. */
static int
replay(const char *path)
{
	FILE *file = fopen(path, "rb");
	uint8_t *data;
	long size;
	size_t got;

	if (file == NULL)
		return -1;
	fseek(file, 0, SEEK_END);
	size = ftell(file);
	rewind(file);
	data = malloc(size > 0 ? (size_t)size : 1);
	got = data != NULL && size > 0 ? fread(data, 1, (size_t)size, file) : 0;
	fclose(file);
	if (data == NULL || (long)got != size)
		return -1;
	LLVMFuzzerTestOneInput(data, got);
	free(data);
	return 0;
}

static void
report(size_t number, const char *path)
{
	const char *name = strrchr(path, '/');

	printf("%s %zu - %s\n", replay(path) == 0 ? "ok" : "not ok", number,
	    name != NULL ? name + 1 : path);
	fflush(stdout); /* a crash must not take the cases before it along */
}

int
main(int argc, char **argv)
{
	const char *program = strrchr(argv[0], '/');
	const char *folder = getenv("SRCDIR");
	char pattern[4096];
	glob_t files;

	if (argc > 1) {
		printf("1..%d\n", argc - 1);
		for (int i = 1; i < argc; i++)
			report((size_t)i, argv[i]);
		return 0;
	}
	program = program != NULL ? program + 1 : argv[0];
	snprintf(pattern, sizeof pattern, "%s/t/fuzz/corpus/%s/*", folder != NULL ? folder : ".",
	    strncmp(program, "fuzz_", 5) == 0 ? program + 5 : program);
	if (glob(pattern, 0, NULL, &files) != 0) {
		printf("Bail out! no files: %s\n", pattern);
		return 1;
	}
	printf("1..%zu\n", files.gl_pathc);
	for (size_t i = 0; i < files.gl_pathc; i++)
		report(i + 1, files.gl_pathv[i]);
	globfree(&files);
	return 0;
}
